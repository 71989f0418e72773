"""What `connect` and `aconnect` give: the iterators over the events of a URL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Literal

from eventwire import _checks, _native
from eventwire._errors import CursorError, EventwireError
from eventwire._items import Mark, Opened, Question, Reset, Response, StreamItem, StreamStats
from eventwire._log import note
from eventwire._managing import AsyncManaged, Managed
from eventwire._native import Event
from eventwire._prepare import Preparing
from eventwire._reading import AsyncItems, Reader


class _Stream:
    """What both kinds of stream have in common."""

    def __init__(
        self, native: _native.Stream, last_event_id: str, preparing: Preparing, *, saves: bool
    ) -> None:
        self._native = native
        self._reader: Reader[StreamItem | Mark | Question] = Reader(native, start=native.open)
        self._response: Response | None = None
        #: The id of the last event that was handed out, None before the first.
        self._handed_out: str | None = None
        self._requested = last_event_id
        self._preparing = preparing
        #: Whether the native half must be told what is handed out.
        self._has_place = native.has_place
        #: Whether there is a file to wait for.
        self._saves = saves

    @property
    def url(self) -> str:
        """The URL that was asked for."""
        return self._native.url

    @property
    def state(self) -> Literal["connecting", "open", "closed"]:
        """ "connecting", "open" or "closed"."""
        # A reader that another thread's close() wakes must not find it open still.
        return "closed" if self._reader.closed else self._native.state

    @property
    def reconnection_time(self) -> int | None:
        """What `retry:` last said, in milliseconds; None where it said nothing."""
        return self._native.reconnection_time

    @property
    def stats(self) -> StreamStats:
        """What the stream has done so far: bytes, events, comments, reconnects, and since when it is quiet."""
        return StreamStats(*self._native.stats())

    @property
    def response(self) -> Response | None:
        """What the server answered to the connection that the last item came from; None before the first answer."""
        return self._response

    @property
    def last_event_id(self) -> str:
        """The last event ID of what was handed out: whoever connects again with it misses nothing.

        With `ack="manual"` it is that of what was acknowledged. Before the first event it is where the stream begins, as
        the server has said.
        """
        place = self._native.place
        if place is not None:
            return place
        if self._handed_out is not None:
            return self._handed_out
        return self._native.last_event_id or self._requested

    def close(self) -> None:
        """Closes the stream, from any thread: a reader that waits ends at once, and nothing is delivered after that.

        Where there is a cursor file, it is up to date then, and given up; `CursorError` where it could not be written.

        Example:
            >>> threading.Timer(60, stream.close).start()  # doctest: +SKIP
        """
        self._preparing.cancel()
        self._reader.close()

    def ack(self, event: Event | Reset) -> None:
        """Says that an event is dealt with, in a stream with `ack="manual"`; from any thread.

        The place is that of the event that was acknowledged last, and everything before it counts as dealt with too: ids
        have no order that a client knows, so acknowledge in the order of the stream. A ValueError where events are
        acknowledged by themselves, or for an id with a line end or a NUL; `CursorError` where the cursor file could not be
        written, `ClosedError` after `close()`.

        Example:
            >>> for event in stream:  # doctest: +SKIP
            ...     store(event)
            ...     stream.ack(event)
        """
        id = getattr(event, "id", None)
        if not isinstance(id, str):
            _checks.wrong("what ack() takes", event, "the Event or Reset that is dealt with")
        self._native.ack(id)

    def restart(self) -> None:
        """Drops the connection and connects again at once, from any thread, going on after the last event.

        For when one knows better than any timeout that the connection is worth nothing, as after the network has
        changed. It is no failure: there is no wait, no `Reconnecting`, and no attempt is counted. It is done whatever
        `retry` says, and a body is sent again. What has arrived is still given out. Before the first event is asked
        for, and at the end, it does nothing.

        Example:
            >>> stream.restart()  # doctest: +SKIP
        """
        self._native.restart()

    def _ask(self, question: Question) -> None:
        """Lets the application prepare an attempt."""
        raise NotImplementedError

    def _pass(self, item: StreamItem | Mark | Question) -> StreamItem | None:
        """Remembers what the properties tell, and logs it; the item, where it is to be handed out."""
        if isinstance(item, Question):
            self._ask(item)
            return None
        if isinstance(item, Mark):
            self._native.marked(item.id)
            return None
        if type(item) is Event or type(item) is Reset:
            self._handed_out = item.id
            if self._has_place:
                self._deliver(item.id)
        elif type(item) is Opened:
            self._response = Response(item.status, item.headers)
        else:
            self._preparing.explain(item)
        if type(item) is not Event:
            note(item)
        return item

    def _deliver(self, id: str) -> None:
        """Moves the place, where that is not only what was handed out."""
        try:
            self._native.delivered(id)
        except EventwireError:
            # What is not remembered is not handed out: it comes again to who resumes.
            self._reader.close()
            raise

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._native.shown_url!r} {self.state}>"


class EventStream(_Stream, Managed):
    """A subscription to a URL; an iterator over its events. `connect` makes one.

    Nothing is sent before the first event is asked for. The iteration goes on over lost connections, and resumes
    where it was. It ends after `close()`, after the server's 204, and after an end that `retry` does not want to go
    beyond; every other end raises its error.

    Example:
        >>> with connect("http://127.0.0.1:8844/events?topic=news") as stream:  # doctest: +SKIP
        ...     for event in stream:
        ...         print(event.data)
    """

    def __iter__(self) -> EventStream:
        return self

    def __next__(self) -> Event:
        try:
            while (item := self._reader.next()) is not None:
                # Most are, and each call costs.
                if type(item) is Event and not self._has_place:
                    self._handed_out = item.id
                    return item
                handed_out = self._pass(item)
                if type(handed_out) is Event:
                    return handed_out
                if type(handed_out) is Reset:
                    return handed_out.event
        except EventwireError as error:
            self._end(error)
            raise
        self._end(None)
        raise StopIteration

    def _ask(self, question: Question) -> None:
        self._preparing.inline(question)

    def _end(self, error: EventwireError | None) -> None:
        """Waits until the cursor file is up to date."""
        self._preparing.explain(error)
        if self._saves and not isinstance(error, CursorError):
            self._native.save()

    def items(self) -> Iterator[StreamItem]:
        """All that happens: events, and also comments, connections opened and lost, resets, and the end.

        Example:
            >>> for item in stream.items():  # doctest: +SKIP
            ...     if isinstance(item, Reconnecting):
            ...         print("lost:", item.reason)
        """
        # No generator: an exception, as out of a signal handler, would end it.
        return iter(self._next_item, None)

    def _next_item(self) -> StreamItem | None:
        try:
            while (item := self._reader.next()) is not None:
                handed_out = self._pass(item)
                if handed_out is not None:
                    return handed_out
        except EventwireError as error:
            self._end(error)
            raise
        self._end(None)
        return None


class AsyncEventStream(_Stream, AsyncManaged):
    """A subscription to a URL; an async iterator over its events. `aconnect` makes one.

    It does what `EventStream` does. One task reads it at a time. A wait for the next event can be cancelled, by
    `asyncio.wait_for` for one, without losing any.

    Example:
        >>> async with aconnect(
        ...     "http://127.0.0.1:8844/events?topic=news"
        ... ) as stream:  # doctest: +SKIP
        ...     async for event in stream:
        ...         print(event.data)
    """

    def __aiter__(self) -> AsyncEventStream:
        return self

    async def __anext__(self) -> Event:
        try:
            while (item := await self._reader.anext()) is not None:
                # Most are, and each call costs.
                if type(item) is Event and not self._has_place:
                    self._handed_out = item.id
                    return item
                handed_out = self._pass(item)
                if type(handed_out) is Event:
                    return handed_out
                if type(handed_out) is Reset:
                    return handed_out.event
        except EventwireError as error:
            await self._end(error)
            raise
        await self._end(None)
        raise StopAsyncIteration

    def _ask(self, question: Question) -> None:
        self._preparing.on_loop(question)

    async def _end(self, error: EventwireError | None) -> None:
        """Waits until the cursor file is up to date."""
        self._preparing.explain(error)
        if self._saves and not isinstance(error, CursorError):
            await asyncio.to_thread(self._native.save)

    async def aclose(self) -> None:
        """As `close()`; but the disk, where there is a cursor file, is waited for in another thread.

        Example:
            >>> await stream.aclose()  # doctest: +SKIP
        """
        if self._saves:
            await asyncio.to_thread(self.close)
        else:
            self.close()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def items(self) -> AsyncIterator[StreamItem]:
        """All that happens: events, and also comments, connections opened and lost, resets, and the end.

        Example:
            >>> async for item in stream.items():  # doctest: +SKIP
            ...     print(item)
        """
        return AsyncItems(self._next_item)

    async def _next_item(self) -> StreamItem | None:
        try:
            while (item := await self._reader.anext()) is not None:
                handed_out = self._pass(item)
                if handed_out is not None:
                    return handed_out
        except EventwireError as error:
            await self._end(error)
            raise
        await self._end(None)
        return None
