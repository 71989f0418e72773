"""The client of the matrix in Python, without asyncio: sync_client.py URL.

../README.md has its protocol.
"""

import os
import sys
import threading

import eventwire
from reports import closed, failed, report


def main() -> int:
    stream = eventwire.connect(sys.argv[1])

    def close_at_end() -> None:
        # Not by sys.stdin: its lock, held here, would stand in the way of the interpreter's end.
        while os.read(0, 1024):
            pass
        stream.close()

    threading.Thread(target=close_at_end, daemon=True).start()
    try:
        with stream:
            for item in stream.items():
                report(item)
    except eventwire.EventwireError as error:
        failed(error)
        return 1
    closed()
    return 0


if __name__ == "__main__":
    sys.exit(main())
