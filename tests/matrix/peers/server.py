"""The server of the matrix in Python: server.py [--max-events N] [--retry-ms N].

../README.md has its protocol.
"""

import argparse
import json
import sys
from typing import Any

import eventwire


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--max-events", type=int, default=100_000)
    parser.add_argument("--retry-ms", type=int, default=1000)
    options = parser.parse_args()

    hub = eventwire.Hub(max_events=options.max_events, retry=options.retry_ms)
    with hub.serve("127.0.0.1:0", cors=["*"]) as server:
        say(kind="listening", url=f"{server.url}/events")
        for line in sys.stdin:
            try:
                obey(hub, json.loads(line))
            except eventwire.EventwireError as error:
                say(kind="error", error=str(error))


def obey(hub: eventwire.Hub, command: dict[str, Any]) -> None:
    if command["cmd"] == "publish":
        say(
            kind="published",
            id=hub.publish(command["topic"], command["data"], event=command.get("event")),
        )
    elif command["cmd"] == "stats":
        say(kind="stats", subscribers=hub.stats().subscribers)
    else:
        say(kind="error", error=f"{command['cmd']} is not known here")


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
