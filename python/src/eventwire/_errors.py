"""The errors.

::

    EventwireError
    ├── DecodeError          a line or an event of a stream is larger than the limit
    ├── EncodeError          a value would break out of its field
    ├── DataError            the data of an event is not what it was read as
    ├── SliceError           a payload in slices cannot be sent, or put together
    ├── ConnectError         no connection, or one that broke and is not to be made again
    ├── StatusError          an answer whose status says that there is no stream
    ├── ContentTypeError     an answer that is no event stream
    ├── StreamTimeoutError   a clock ran out (also a builtin TimeoutError)
    ├── PrepareError         an attempt that `prepare` could not prepare
    ├── CursorError          a cursor file that cannot be used, or could not be written
    ├── ClosedError          the handle is closed, or was opened before a fork
    ├── StoreError           the hub could not keep the event
    ├── PublishError         the hub did not take the event
    └── ServeError           the hub cannot be served like that

A wrong argument is a ValueError or a TypeError, and a file that cannot be read or written an OSError, as everywhere in Python.
"""

from __future__ import annotations

import json
import os
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
    #: For an event that was being published: whether it was stored.
    outcome: Literal["not_stored", "unknown"] | None = None
    #: Of several events that were published in one go: which one was refused.
    index: int | None = None

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


class DataError(EventwireError):
    """The data of an event is not what it was read as, which is base64."""

    #: Where it is wrong, in characters from the start.
    position: int | None = None


class SliceError(EventwireError):
    """A payload in slices cannot be sent, or cannot be put together."""

    #: What is wrong: "malformed" (the data is no slice), "inconsistent" (it contradicts itself), "too_large", "foreign" (of
    #: another payload), "missing" (slices before it, or at the end), "data" (no base64), "length", "hash" (all came, and are not
    #: what was sent), "changed" (the source, while it was sent).
    reason: (
        Literal[
            "malformed",
            "inconsistent",
            "too_large",
            "foreign",
            "missing",
            "data",
            "length",
            "hash",
            "changed",
        ]
        | None
    ) = None
    #: The index of the slice that is at fault.
    index: int | None = None
    #: The index of the slice that was due.
    expected: int | None = None
    #: Where the base64 is wrong, in characters from the start.
    position: int | None = None


class ConnectError(EventwireError):
    """No connection, or one that broke and is not to be made again."""


class StatusError(EventwireError):
    """The answer's status says that there is no stream."""


class ContentTypeError(EventwireError):
    """The answer is no event stream, or is encoded in a way that nobody knows."""


class StreamTimeoutError(EventwireError, TimeoutError):
    """A clock ran out."""

    #: Which one.
    clock: Literal["connect", "idle", "event", "deadline"] | None = None


class PrepareError(EventwireError):
    """`prepare` failed, or gave no answer in time: nothing was sent. Its cause is what `prepare` raised."""


class CursorError(EventwireError):
    """A cursor file cannot be used, or could not be written."""

    #: The path of the file.
    path: str | None = None


class ClosedError(EventwireError):
    """The handle is closed, or was opened in another process, before a fork."""


class StoreError(EventwireError):
    """The hub could not keep the event."""


class PublishError(EventwireError):
    """The hub did not take the event."""


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
    if kind == "FileError":
        number = details.get("errno")
        if number is None:
            return OSError(message)
        return OSError(number, os.strerror(number), details.get("path"))
    error = _BY_KIND.get(kind, EventwireError)(message)
    if "headers" in details:
        details["headers"] = Headers(details["headers"])
    for name, value in details.items():
        setattr(error, name, value)
    return error
