"""What a stream yields besides events."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TypeAlias

from eventwire._errors import EventwireError, from_details
from eventwire._headers import Headers
from eventwire._native import Event


@dataclass(frozen=True)
class Comment:
    """A comment: most often a sign of life.

    Example:
        >>> Decoder(comments=True).feed(b": hi\\n")
        [Comment(text='hi')]
    """

    text: str


@dataclass(frozen=True)
class Opened:
    """A connection stands: the first one, or another one after it was lost.

    Example:
        >>> for item in stream.items():  # doctest: +SKIP
        ...     match item:
        ...         case Opened(status=status, headers=headers):
        ...             print(status, headers["content-type"])
    """

    status: int
    url: str
    headers: Headers


@dataclass(frozen=True)
class Response:
    """What the server answered when the connection was opened.

    Example:
        >>> stream.response.headers["content-type"]  # doctest: +SKIP
        'text/event-stream'
    """

    status: int
    headers: Headers


@dataclass(frozen=True)
class StreamStats:
    """What a stream has done so far; `stream.stats` makes one.

    Example:
        >>> stream.stats.reconnects  # doctest: +SKIP
        0
    """

    #: Bytes of event streams that were received, decompressed.
    bytes: int
    #: Events that were decoded, resets among them. Some may wait to be read.
    events: int
    #: Comments that were decoded, as heartbeats are.
    comments: int
    #: Attempts to connect after the first, those that failed too.
    reconnects: int
    #: Seconds since the last byte came; None before the first.
    since_byte: float | None
    #: Seconds since the last event came; None before the first.
    since_event: float | None


@dataclass(frozen=True)
class Reset:
    """Something was missed that the hub does not hold any more; what it still holds follows.

    Example:
        >>> for item in stream.items():  # doctest: +SKIP
        ...     match item:
        ...         case Reset(reason=reason):
        ...             reload_everything(because=reason)
    """

    #: The last event ID that was asked for.
    requested: str
    #: "evicted", "ahead", "epoch" or "malformed".
    reason: str
    #: The id of the first event that follows; "" where none is held.
    first: str
    #: The position just before what follows.
    id: str
    #: The event that announced it, of type "eventwire.reset": plain iteration yields this.
    event: Event = field(repr=False, compare=False)


@dataclass(frozen=True)
class Reconnecting:
    """The connection was lost or not made; it will be tried again.

    Example:
        >>> for item in stream.items():  # doctest: +SKIP
        ...     match item:
        ...         case Reconnecting(reason=why, delay=seconds):
        ...             print(f"{why}; again in {seconds} s")
    """

    reason: EventwireError
    #: How many attempts in a row have failed.
    attempt: int
    #: How long it will wait, in seconds.
    delay: float


@dataclass(frozen=True)
class Closed:
    """The stream has ended; it is the last item. Where an error ended it, that is raised next.

    Example:
        >>> for item in stream.items():  # doctest: +SKIP
        ...     match item:
        ...         case Closed(reason=reason, error=None):
        ...             print("ended:", reason)
    """

    reason: str
    error: EventwireError | None


#: All that `items()` yields.
StreamItem: TypeAlias = Event | Comment | Opened | Reset | Reconnecting | Closed


@dataclass(frozen=True)
class Mark:
    """The last event ID moved without an event; no stream hands it out."""

    id: str


@dataclass(frozen=True)
class Question:
    """An attempt is to be prepared; no stream hands it out."""

    #: The number to answer it by.
    question: int
    url: str
    headers: list[tuple[str, str]]
    attempt: int
    last_event_id: str
    error: EventwireError | None


def build(kind: str, event: str, id: str, data: str) -> StreamItem | Mark | Question:
    """An item that is no event, from what the core says of it; the native half calls it."""
    if kind == "Comment":
        return Comment(data)
    if kind == "Mark":
        return Mark(data)
    values = json.loads(data)
    if kind == "Opened":
        return Opened(values["status"], values["url"], Headers(values["headers"]))
    if kind == "Reset":
        text = {name: str(values.get(name) or "") for name in ("requested", "reason", "first")}
        return Reset(**text, id=id, event=Event(data, event=event, id=id))
    if kind == "Reconnecting":
        return Reconnecting(_error(values["reason"]), values["attempt"], values["delay"] / 1000)
    if kind == "Closed":
        return Closed(values["reason"], values["error"] and _error(values["error"]))
    if kind == "Prepare":
        return Question(
            values["question"],
            values["url"],
            [(name, value) for name, value in values["headers"]],
            values["attempt"],
            values["last_event_id"],
            values["error"] and _error(values["error"]),
        )
    raise AssertionError(f"the native half made an item of the unknown kind {kind!r}")


def _error(details: dict[str, object]) -> EventwireError:
    error = from_details(details)
    return error if isinstance(error, EventwireError) else EventwireError(str(error))
