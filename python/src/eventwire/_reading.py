"""How items leave the native half: batch by batch, with and without an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

from eventwire import _loop, _native

T = TypeVar("T")


class Source(Protocol):
    """What a native handle offers."""

    def drain(self) -> tuple[list[Any], bool | Exception]: ...
    def wait(self) -> None: ...
    def listen(self, notifier: _native.Notifier, token: int, /) -> None: ...
    def close(self) -> None: ...


class Reader(Generic[T]):
    """Takes items from a native handle.

    Items leave the native half only in `_fetch`, which never waits, and the only wait is for "there is something". So a
    wait that is cancelled, or broken off by Ctrl-C, loses nothing.
    """

    __slots__ = ("_busy", "_end", "_items", "_source", "_start", "_waiter", "closed")

    def __init__(
        self,
        source: Source,
        *,
        start: Callable[[], None] | None = None,
    ) -> None:
        self._source = source
        self._start = start
        self._items: deque[T] = deque()
        self._end: bool | Exception = False
        #: Whether `close` was called.
        self.closed = False
        self._busy = False
        self._waiter: _loop.Waiter | None = None

    def take(self) -> T | None:
        """The next item that is here. None where there is none now: ask `ended` whether there will be one."""
        items = self._items
        if not items:
            self._fetch()
        try:
            return items.popleft()
        except IndexError:
            pass
        if isinstance(self._end, Exception):
            error, self._end = self._end, True
            raise error
        return None

    @property
    def ended(self) -> bool:
        """Whether no item will follow those that are here."""
        return self._end is not False

    def _fetch(self) -> None:
        if self._end is not False:
            return
        if self._start is not None:
            # Every time: it is what notices that this process is a fork of the one that opened the stream.
            self._start()
        batch, end = self._source.drain()
        if batch:
            self._items.extend(batch)
        self._end = end
        if self.closed:
            # Closed by another thread while the batch was on its way: nothing is delivered after that.
            self._items.clear()

    def next(self) -> T | None:
        """The next item, waiting for it; None at the end."""
        while (item := self.take()) is None and not self.ended:
            self._source.wait()
        return item

    async def anext(self) -> T | None:
        """The next item, awaiting it; None at the end."""
        if self._busy:
            raise RuntimeError(
                "another task waits for this stream's next item already: one task reads a stream"
            )
        item = self.take()
        if item is not None or self.ended:
            return item
        self._busy = True
        try:
            waiter = self._waiter
            if waiter is None or waiter.loop is not asyncio.get_running_loop():
                waiter = self._waiter = _loop.waiter(self._source.listen)
            while (item := self.take()) is None and not self.ended:
                await waiter.wait()
            return item
        finally:
            self._busy = False

    def close(self) -> None:
        """Ends it, from any thread; nothing is delivered after that."""
        self.closed = True
        self._items.clear()
        try:
            self._source.close()
        finally:
            # What a reader has fetched in the meantime.
            self._items.clear()


class AsyncItems(Generic[T]):
    """An async iterator over what `upcoming` gives until None, as `iter(upcoming, None)` is without an event loop.

    An async generator would be ended by the first wait that is cancelled.
    """

    __slots__ = ("_upcoming",)

    def __init__(self, upcoming: Callable[[], Awaitable[T | None]]) -> None:
        self._upcoming = upcoming

    def __aiter__(self) -> AsyncItems[T]:
        return self

    async def __anext__(self) -> T:
        item = await self._upcoming()
        if item is None:
            raise StopAsyncIteration
        return item
