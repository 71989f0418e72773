"""Subscribing to a URL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from os import PathLike
from typing import Any, Literal

from eventwire import _checks, _native
from eventwire._arguments import Pairs, Params, body, pairs, with_params
from eventwire._errors import CursorError, EventwireError
from eventwire._items import Mark, Opened, Question, Reset, Response, StreamItem, StreamStats
from eventwire._log import note
from eventwire._managing import AsyncManaged, Managed
from eventwire._native import Event
from eventwire._options import STREAM
from eventwire._policy import RetryPolicy
from eventwire._prepare import AsyncPrepare, Prepare, Preparing, without_a_loop
from eventwire._reading import AsyncItems, Reader
from eventwire._transport import Auth, Cert, Cookies, Proxy, Verify, transport

MIB = 1 << 20


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
        acknowledged by themselves, `CursorError` where the cursor file could not be written, `ClosedError` where it was
        closed.

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


def connect(
    url: str,
    *,
    method: str = "GET",
    headers: Pairs | None = None,
    params: Params | None = None,
    cookies: Cookies | None = None,
    auth: Auth | None = None,
    content: bytes | str | None = None,
    data: Params | None = None,
    json: Any = None,
    last_event_id: str = "",
    retry: RetryPolicy | None = RetryPolicy(),
    connect_timeout: float = 10.0,
    idle_timeout: float | None = None,
    event_timeout: float | None = None,
    max_line: int = 16 * MIB,
    max_event: int = 16 * MIB,
    mailbox: int = MIB,
    follow_redirects: bool = True,
    verify: Verify = True,
    cert: Cert | None = None,
    proxy: Proxy | None = None,
    prepare: Prepare | None = None,
    ack: Literal["auto", "manual"] = "auto",
    cursor_file: str | PathLike[str] | None = None,
) -> EventStream:
    """Subscribes to a URL.

    Args:
        url: The address, http or https.
        method: The method of the request.
        headers: Headers beyond the usual ones.
        params: What is added to the URL's query; a list gives a name several times, and None leaves it out.
        cookies: Cookies to begin with, for this host: a mapping, or the `CookieJar` of `http.cookiejar`, httpx or requests. What
            servers set is kept for this stream and sent again where it belongs; None keeps none.
        auth: A name and a password (RFC 7617).
        content: The body, as it is.
        data: The body, as a form.
        json: The body, as JSON.
        last_event_id: Where to resume from.
        retry: When to connect again; None for never.
        connect_timeout: How many seconds it may take until a connection stands.
        idle_timeout: After how many seconds without a byte a connection counts as lost.
        event_timeout: After how many seconds without an event a connection counts as lost.
        max_line: The longest line, in bytes.
        max_event: The largest event, in bytes.
        mailbox: How many bytes may wait to be read; beyond that the server has to wait.
        follow_redirects: Whether redirects are followed.
        verify: Whom to trust: True is whom the system trusts; else the certificates of authorities, in PEM, as a path, a text
            or bytes. False trusts anybody, with a RuntimeWarning.
        cert: Who to be for servers that ask: certificate and key in PEM, in one file or in a pair of files.
        proxy: A proxy's URL (http, https, socks5, socks5h); False for none; None for what `HTTP_PROXY`, `HTTPS_PROXY`,
            `ALL_PROXY` and `NO_PROXY` say.
        prepare: Called before every attempt with an `Attempt`, whose URL, headers and body it may change; in the thread
            that reads. What it raises is the reason of a failed attempt, as is no answer within 30 seconds.
        ack: When an event is dealt with: "auto", when it is handed out, or "manual", when `ack()` says so.
        cursor_file: Where the place is kept, so that a process that is started again goes on there. It comes before
            `last_event_id`; where there is none yet, it is made.

    Example:
        >>> with connect(
        ...     "https://api.example.com/chat", method="POST", json={"q": "hi"}, retry=None
        ... ) as stream:
        ...     for event in stream:  # doctest: +SKIP
        ...         print(event.json()["token"])
    """
    without_a_loop(prepare)
    native, content = _native_stream(**locals())
    preparing = Preparing(native, prepare, content)
    return EventStream(native, last_event_id, preparing, saves=cursor_file is not None)


def aconnect(
    url: str,
    *,
    method: str = "GET",
    headers: Pairs | None = None,
    params: Params | None = None,
    cookies: Cookies | None = None,
    auth: Auth | None = None,
    content: bytes | str | None = None,
    data: Params | None = None,
    json: Any = None,
    last_event_id: str = "",
    retry: RetryPolicy | None = RetryPolicy(),
    connect_timeout: float = 10.0,
    idle_timeout: float | None = None,
    event_timeout: float | None = None,
    max_line: int = 16 * MIB,
    max_event: int = 16 * MIB,
    mailbox: int = MIB,
    follow_redirects: bool = True,
    verify: Verify = True,
    cert: Cert | None = None,
    proxy: Proxy | None = None,
    prepare: AsyncPrepare | None = None,
    ack: Literal["auto", "manual"] = "auto",
    cursor_file: str | PathLike[str] | None = None,
) -> AsyncEventStream:
    """Subscribes to a URL, for async code. It is no coroutine: there is nothing to await before the first event.

    The arguments are those of `connect`; `prepare` may be a coroutine function, and runs on the loop that reads. Where a wait
    for an event is cancelled meanwhile, it goes on.

    Example:
        >>> async with aconnect(
        ...     "http://127.0.0.1:8844/events", params={"topic": "news"}
        ... ) as stream:  # doctest: +SKIP
        ...     event = await anext(stream)
    """
    native, content = _native_stream(**locals())
    preparing = Preparing(native, prepare, content)
    return AsyncEventStream(native, last_event_id, preparing, saves=cursor_file is not None)


def _native_stream(
    *,
    url: str,
    headers: Pairs | None,
    params: Params | None,
    content: bytes | str | None,
    data: Params | None,
    json: Any,
    cookies: Cookies | None,
    auth: Auth | None,
    verify: Verify,
    cert: Cert | None,
    proxy: Proxy | None,
    prepare: AsyncPrepare | None,
    **options: Any,
) -> tuple[_native.Stream, bytes | None]:
    """The native half, and the body that was made."""
    _checks.each(STREAM, {"url": url, "prepare": prepare, **options})
    listed = pairs(headers)
    made = body(listed, content, data, json)
    way = transport(url, verify=verify, cert=cert, proxy=proxy, cookies=cookies, auth=auth)
    native = _native.Stream(
        with_params(url, params),
        headers=listed,
        body=made,
        transport=way,
        prepare=prepare is not None,
        **options,
    )
    return native, made
