"""The publisher of the demo: numbered events, at a steady rate, to a hub that runs elsewhere.

    python publisher.py http://127.0.0.1:8844 --topic demo --rate 2

With --count it ends after so many. It prints what it published, as JSON lines with --json, and
ends when its standard input does.
"""

import argparse
import itertools
import json
import os
import sys
import threading
import time
from typing import Any

import eventwire


def main() -> int:
    parser = argparse.ArgumentParser(description="Publishes numbered events at a steady rate.")
    parser.add_argument("url", help="where the hub is: http://host:port")
    parser.add_argument("--topic", default="demo")
    parser.add_argument("--rate", type=float, default=2.0, help="events per second")
    parser.add_argument(
        "--count", type=int, help="end after so many; without it, go on until standard input ends"
    )
    parser.add_argument("--json", action="store_true", help="print JSON lines")
    options = parser.parse_args()

    threading.Thread(target=exit_at_end_of_input, daemon=True).start()
    publisher = eventwire.Publisher(options.url)
    begun = time.monotonic()
    numbers = itertools.count() if options.count is None else range(options.count)
    try:
        for n in numbers:
            # By the schedule, not after the last: a slow answer does not lower the rate.
            time.sleep(max(0.0, begun + n / options.rate - time.monotonic()))
            id = publisher.publish(
                options.topic, json={"n": n, "at": time.strftime("%H:%M:%S")}, event="tick"
            )
            show(options.json, f"published {n} as {id}", kind="published", n=n, id=id)
    except eventwire.EventwireError as error:
        show(options.json, f"error: {error}", kind="error", error=str(error))
        return 1
    show(options.json, f"done after {options.count}", kind="done")
    return 0


def show(as_json: bool, text: str, **line: Any) -> None:
    print(json.dumps(line) if as_json else text, flush=True)


def exit_at_end_of_input() -> None:
    # Not by sys.stdin: its lock, held here, would stand in the way of the interpreter's end.
    while os.read(0, 1024):
        pass
    # Whatever the main thread waits for: this is to end now.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
