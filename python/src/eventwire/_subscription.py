"""Subscribing to a hub of the same process."""

from __future__ import annotations

from typing import Any

from eventwire import _native
from eventwire._managing import AsyncManaged, Managed
from eventwire._native import Event
from eventwire._reading import Reader


class Subscription(Managed, AsyncManaged):
    """A subscription to topics of a hub; `Hub.subscribe` makes one.

    It has all that is published from the call on, also before the first event is asked for. It is iterable in both
    ways, and ends after `close()` and with the hub. Where it is so slow that the log's tail passes it, an event of the type
    `eventwire.reset` says what is gone, whatever the hub's `slow` is, which is for those who come back when they are disconnected.

    Example:
        >>> hub = Hub()
        >>> with hub.subscribe("news") as subscription:
        ...     id = hub.publish("news", "hello")
        ...     print(next(subscription).data)
        hello
    """

    def __init__(self, native: _native.Subscription) -> None:
        # Read as what is asked for first; until then everything waits in the log.
        self._reader: Reader[Any] = Reader(
            native, start=lambda: native.open(self._frames is not None)
        )
        self._frames: Frames | None = None
        self._reading = False

    def __iter__(self) -> Subscription:
        return self

    def __aiter__(self) -> Subscription:
        return self

    def __next__(self) -> Event:
        self._read_events()
        event: Event | None = self._reader.next()
        if event is None:
            raise StopIteration
        return event

    async def __anext__(self) -> Event:
        self._read_events()
        event: Event | None = await self._reader.anext()
        if event is None:
            raise StopAsyncIteration
        return event

    def frames(self) -> Frames:
        r"""The same as bytes, to be sent on: encoded events, marks and heartbeats, in chunks that end with a frame.

        Example:
            >>> hub = Hub()
            >>> subscription = hub.subscribe("news", start="earliest")
            >>> next(subscription.frames()).startswith(b"id: ")
            True
        """
        if self._reading:
            raise RuntimeError(
                "this subscription is read as events already: subscribe once more for its frames"
            )
        if self._frames is None:
            self._frames = Frames(self._reader)
        return self._frames

    def close(self) -> None:
        """Ends the subscription, from any thread: a reader that waits ends at once."""
        self._reader.close()

    def _read_events(self) -> None:
        if self._frames is not None:
            raise RuntimeError(
                "this subscription is read as frames already: subscribe once more for its events"
            )
        self._reading = True


class Frames:
    """The frames of a subscription: an iterator and an async iterator of bytes. `Subscription.frames` makes one."""

    def __init__(self, reader: Reader[bytes]) -> None:
        self._reader = reader

    def __iter__(self) -> Frames:
        return self

    def __aiter__(self) -> Frames:
        return self

    def __next__(self) -> bytes:
        frame = self._reader.next()
        if frame is None:
            raise StopIteration
        return frame

    async def __anext__(self) -> bytes:
        frame = await self._reader.anext()
        if frame is None:
            raise StopAsyncIteration
        return frame
