"""The command line: `eventwire`, or `python -m eventwire`."""

from __future__ import annotations

import signal
import sys

from eventwire._native import run


def main() -> int:
    """Runs the command with the arguments of this process and returns its exit code."""
    # The command is native code, which Python's own handler could not interrupt: Ctrl-C ends it as it ends any program.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return run(["eventwire", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
