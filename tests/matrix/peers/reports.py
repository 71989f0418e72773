"""What the two clients in Python print, one JSON object a line."""

import json
from typing import Any

import eventwire


def report(item: object) -> None:
    match item:
        case eventwire.Opened():
            say(kind="opened")
        case eventwire.Event():
            say(kind="event", event=item.event, data=item.data, id=item.id)
        case eventwire.Reset():
            say(kind="reset", requested=item.requested, reason=item.reason, first=item.first)
        case eventwire.Reconnecting():
            say(kind="reconnecting", error=str(item.reason))


def closed() -> None:
    say(kind="closed")


def failed(error: Exception) -> None:
    say(kind="error", error=f"{type(error).__name__}: {error}")


def say(**line: Any) -> None:
    print(json.dumps(line), flush=True)
