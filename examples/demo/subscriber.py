"""The subscriber of the demo in Python.

    python subscriber.py "http://127.0.0.1:8844/events?topic=demo"

It prints what it gets, as JSON lines with --json, and closes when its standard input ends.
"""

import argparse
import json
import os
import sys
import threading
from typing import Any

import eventwire


def main() -> int:
    parser = argparse.ArgumentParser(description="Prints an event stream.")
    parser.add_argument("url", help="the stream, complete: http://host:port/events?topic=...")
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    options = parser.parse_args()

    def show(text: str, **line: Any) -> None:
        print(json.dumps(line) if options.json else text, flush=True)

    stream = eventwire.connect(options.url)

    def close_at_end_of_input() -> None:
        # Not by sys.stdin: its lock, held here, would stand in the way of the interpreter's end.
        while os.read(0, 1024):
            pass
        stream.close()

    threading.Thread(target=close_at_end_of_input, daemon=True).start()
    try:
        with stream:
            for item in stream.items():
                match item:
                    case eventwire.Opened():
                        show("open", kind="opened")
                    case eventwire.Event(event=event, data=data, id=id):
                        show(f"{id} {event}: {data}", kind="event", event=event, data=data, id=id)
                    case eventwire.Reset():
                        show(
                            f"reset ({item.reason}): some events are gone",
                            kind="reset",
                            requested=item.requested,
                            reason=item.reason,
                            first=item.first,
                        )
                    case eventwire.Reconnecting():
                        show(
                            f"reconnecting: {item.reason}",
                            kind="reconnecting",
                            error=str(item.reason),
                        )
    except eventwire.EventwireError as error:
        show(f"error: {error}", kind="error", error=str(error))
        return 1
    show("closed", kind="closed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
