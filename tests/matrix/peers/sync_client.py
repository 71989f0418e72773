"""The client of the matrix in Python, without asyncio: sync_client.py URL. ../README.md has its protocol."""

import sys
import threading

import eventwire
from reports import failed, report


def main() -> int:
    stream = eventwire.connect(sys.argv[1])

    def close_at_end() -> None:
        sys.stdin.buffer.read()
        stream.close()

    threading.Thread(target=close_at_end, daemon=True).start()
    try:
        with stream:
            for item in stream.items():
                report(item)
    except eventwire.EventwireError as error:
        failed(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
