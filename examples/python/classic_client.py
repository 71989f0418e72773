"""The classic example: a client that reads a stream to its event `end`. The dates come as JSON.

    python classic_client.py http://127.0.0.1:8080/stream
    python classic_client.py --decode http://127.0.0.1:8080/stream

The first way connects by eventwire. The second one reads the body of a response that something else has fetched (here the
standard library's urllib, it could be httpx or requests) and decodes it: whatever way the bytes are cut into chunks, also
inside a line or a character.
"""

import argparse
import sys
import urllib.request
from collections.abc import Iterable, Iterator

import eventwire


def connected(url: str) -> Iterator[eventwire.Event]:
    # This stream has an end, and is not to be asked for again after it.
    with eventwire.connect(url, retry=None) as stream:
        yield from stream


def fetched(url: str) -> Iterator[eventwire.Event]:
    with urllib.request.urlopen(url) as response:
        # read1 gives what has come, and does not wait until a chunk is full.
        yield from eventwire.decode(iter(lambda: response.read1(65536), b""))


def lines(events: Iterable[eventwire.Event]) -> Iterator[str]:
    """What is printed: a line for each event, up to the event `end`."""
    for event in events:
        if event.event == "end":
            yield f"end: {event.data}"
            return
        yield f"{event.event}: {event.json()['date']}"
    raise SystemExit("the stream was over before its event `end`")


def main() -> None:
    parser = argparse.ArgumentParser(
        description="A client of the classic example of Server-Sent Events."
    )
    parser.add_argument("url", nargs="?", default="http://127.0.0.1:8080/stream")
    parser.add_argument(
        "--decode", action="store_true", help="decode a body that urllib has fetched"
    )
    options = parser.parse_args()
    read = fetched if options.decode else connected
    try:
        for line in lines(read(f"{options.url}?json")):
            print(line, flush=True)
    except eventwire.EventwireError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
