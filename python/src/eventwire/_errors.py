"""The errors.

::

    EventwireError
    ├── DecodeError          a line or an event of a stream is larger than the limit
    ├── EncodeError          a value would break out of its field
    ├── ConnectError         no connection, or one that broke and is not to be made again
    ├── StatusError          an answer whose status says that there is no stream
    ├── ContentTypeError     an answer that is no event stream
    ├── StreamTimeoutError   a clock ran out (also a builtin TimeoutError)
    ├── ClosedError          the handle is closed, or was opened before a fork
    ├── StoreError           the hub could not keep the event
    ├── PublishError         the hub did not take the event
    └── ServeError           the hub cannot be served like that

A wrong argument is a ValueError or a TypeError, as everywhere in Python.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from eventwire._headers import Headers


class EventwireError(Exception):
    """Any error of eventwire.

    Its text is for people. For programs there are the class and these attributes, None where nothing is known:

    Example:
        >>> try:
        ...     encode(event="no\\ndata", data="")
        ... except EventwireError as error:
        ...     print(type(error).__name__, error.field)
        EncodeError event
    """

    #: The address that was asked.
    url: str | None = None
    #: The status of the answer.
    status: int | None = None
    #: Which attempt in a row it was.
    attempt: int | None = None
    #: How long the server asked to wait, in seconds.
    retry_after: float | None = None
    #: The headers of the answer.
    headers: Headers = Headers()
    #: The beginning of the answer's body, where it was no stream.
    body: str | None = None

    def __init__(self, message: str = "") -> None:
        super().__init__(message)

    @property
    def kind(self) -> str:
        """The name of the error, the same in every language.

        Example:
            >>> ConnectError().kind
            'ConnectError'
        """
        return type(self).__name__


class DecodeError(EventwireError):
    """A line or an event is larger than the limit that was set."""

    #: Which limit it was.
    limit: Literal["line", "event"] | None = None
    #: The limit, in bytes.
    max: int | None = None


class EncodeError(EventwireError):
    """A value would break out of its field, or there is nothing to be encoded."""

    #: The field that is wrong.
    field: str | None = None


class ConnectError(EventwireError):
    """No connection, or one that broke and is not to be made again."""


class StatusError(EventwireError):
    """The answer's status says that there is no stream."""


class ContentTypeError(EventwireError):
    """The answer is no event stream."""


class StreamTimeoutError(EventwireError, TimeoutError):
    """A clock ran out."""

    #: Which one.
    clock: Literal["connect", "idle", "event"] | None = None


class ClosedError(EventwireError):
    """The handle is closed, or was opened in another process, before a fork."""

    #: For an event that was being published: whether it was stored.
    outcome: Literal["not_stored", "unknown"] | None = None


class StoreError(EventwireError):
    """The hub could not keep the event."""

    #: Whether it was stored.
    outcome: Literal["not_stored", "unknown"] | None = None


class PublishError(EventwireError):
    """The hub did not take the event."""

    #: Whether it was stored.
    outcome: Literal["not_stored", "unknown"] | None = None


class ServeError(EventwireError):
    """The hub cannot be served like that."""


_BY_KIND: dict[str, type[EventwireError]] = {
    cls.__name__: cls for cls in EventwireError.__subclasses__()
}


def from_json(text: str) -> Exception:
    """The exception for a failure of the core; the native half calls it."""
    return from_details(json.loads(text))


def from_details(details: dict[str, Any]) -> Exception:
    """The same for a failure that is part of a larger JSON value."""
    kind, message = details.pop("kind"), details.pop("message")
    if kind == "ArgumentError":
        return ValueError(message)
    error = _BY_KIND.get(kind, EventwireError)(message)
    if "headers" in details:
        details["headers"] = Headers(details["headers"])
    for name, value in details.items():
        setattr(error, name, value)
    return error
