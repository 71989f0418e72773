"""Tests of what handles events: servers that play a script, by a virtual clock, without a network.

The streams are those that `connect` and `aconnect` make, with all of their rules: only the bytes come from the script,
and the time is the server's. So a wait of half an hour takes no time, and every run is the same, the random waits included.

Example:
    >>> from eventwire.testing import Script, ScriptedServer
    >>> server = ScriptedServer(Script().event("one").refuse().event("two"))
    >>> [event.data for event in server.connect("http://test/events")]
    ['one', 'two']
    >>> len(server.requests)
    4
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from eventwire import _checks, _native
from eventwire._connect import aconnect, connect
from eventwire._headers import Headers
from eventwire._stream import AsyncEventStream, EventStream

__all__ = ["RecordedRequest", "Script", "ScriptedServer"]


class Script:
    """What a server does with the attempts of a stream: each method says what comes next, and gives a new script.

    An answer begins with `respond`; where there is none, one of 200 with `Content-Type: text/event-stream` begins by
    itself. It ends with `end`, `reset`, `reset_mid_event` or `half_open`; where there is none of these, it ends cleanly.
    The first call after its end is about the next attempt. Once the script is over, attempts are answered with 204, which
    ends a stream without an error.

    Example:
        >>> script = Script().event("one").reset_mid_event().refuse()
        >>> script = script.respond(503, {"retry-after": "7"}).wait(3).event("two")
    """

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps: tuple[tuple[Any, ...], ...] = ()

    def _then(self, *step: Any) -> Script:
        script = Script()
        script._steps = (*self._steps, step)
        return script

    def respond(self, status: int, headers: Mapping[str, str] | None = None) -> Script:
        """The next attempt is answered with this status.

        After an interim one (1xx but 101), what follows belongs to the same attempt.

        Example:
            >>> script = Script().respond(429, {"retry-after": "30"})
        """
        _checks.whole("status", status)
        script = self._then("respond", status)
        for name, value in (headers or {}).items():
            script = script.header(name, value)
        return script

    def header(self, name: str, value: str) -> Script:
        """Sets a header of the answer; an empty value leaves out what it would have had by itself.

        Example:
            >>> script = Script().respond(200).header("content-type", "text/html")
        """
        _checks.text("name", name)
        _checks.text(f"the header {name!r}", value)
        return self._then("header", name, value)

    def event(
        self,
        data: str,
        *,
        event: str | None = None,
        id: str | None = None,
        retry: int | None = None,
    ) -> Script:
        """Sends an event; `retry` is in milliseconds, as on the wire.

        Example:
            >>> script = Script().event("42", event="tick", id="7")
        """
        _checks.text("data", data)
        _checks.text_or_none("event", event)
        _checks.text_or_none("id", id)
        _checks.whole_or_none("retry", retry)
        return self._then("event", data, event, id, retry)

    def comment(self, text: str) -> Script:
        """Sends a comment: a sign of life, and no event.

        Example:
            >>> script = Script().wait(15).comment("still here")
        """
        _checks.text("text", text)
        return self._then("comment", text)

    def send(self, content: bytes | str) -> Script:
        """Sends text or bytes as they are.

        Example:
            >>> script = Script().respond(500).send("out of order")
        """
        if not _checks.is_a(content, str, bytes, bytearray, memoryview):
            _checks.wrong("content", content, "bytes or a str")
        return self._then("send", content if isinstance(content, str) else list(content))

    def drip(self, every: float) -> Script:
        """What this answer sends from here on comes one byte at a time, each so many seconds after the one before.

        Example:
            >>> script = Script().drip(1).event("slow")
        """
        _checks.span("every", every)
        return self._then("drip", every)

    def wait(self, time: float) -> Script:
        """Nothing happens for so many seconds.

        Example:
            >>> script = Script().event("now").wait(60).event("later")
        """
        _checks.span("the time", time)
        return self._then("wait", time)

    def end(self) -> Script:
        """The answer ends as it should.

        Example:
            >>> script = Script().event("all there is").end()
        """
        return self._then("end")

    def reset(self) -> Script:
        """The connection breaks: before it is answered, where no answer has begun.

        Example:
            >>> script = Script().event("one").reset()
        """
        return self._then("reset")

    def reset_mid_event(self) -> Script:
        """The connection breaks in the middle of an event.

        Example:
            >>> script = Script().event("one").reset_mid_event().event("two")
        """
        return self._then("reset_mid_event")

    def half_open(self) -> Script:
        """The connection stands, and nothing comes any more: how a peer looks that has vanished.

        Example:
            >>> script = Script().event("one").half_open()
        """
        return self._then("half_open")

    def refuse(self) -> Script:
        """Nobody listens at the address.

        Example:
            >>> script = Script().refuse().refuse().event("back again")
        """
        return self._then("refuse")

    def tls_failure(self) -> Script:
        """The server's certificate is none to trust.

        Example:
            >>> script = Script().tls_failure()
        """
        return self._then("tls_failure")

    def unreachable(self) -> Script:
        """The address does not react, so that the connect timeout runs out.

        Example:
            >>> script = Script().unreachable()
        """
        return self._then("unreachable")

    def repeat(self) -> Script:
        """Once over, the script begins anew, for ever.

        Example:
            >>> script = Script().respond(503).repeat()
        """
        return self._then("repeat")

    def to_json(self) -> str:
        """The steps as JSON, which is what the core plays.

        Example:
            >>> Script().event("a").wait(1.5).refuse().to_json()
            '[["event", "a", null, null, null], ["wait", 1.5], ["refuse"]]'
        """
        return json.dumps(self._steps)

    def __repr__(self) -> str:
        calls = (
            f".{step[0]}({', '.join(repr(part) for part in step[1:])})" for step in self._steps
        )
        return "Script()" + "".join(calls)


@dataclass(frozen=True)
class RecordedRequest:
    """A request that a `ScriptedServer` was sent.

    Example:
        >>> server = ScriptedServer(Script())
        >>> list(server.connect("http://test/events", last_event_id="7"))
        []
        >>> server.requests[0].last_event_id
        '7'
    """

    #: When it came, in seconds of the server's clock.
    at: float
    method: str
    url: str
    headers: Headers
    body: bytes | None

    @property
    def last_event_id(self) -> str | None:
        """The `Last-Event-ID`, None where there was none.

        Example:
            >>> RecordedRequest(0, "GET", "http://test/", Headers(), None).last_event_id
        """
        return self.headers.get("last-event-id")


class ScriptedServer:
    """Plays a script to the streams that it opens, in the order of their attempts, and is their clock.

    The clock goes by itself to whatever happens next, so that nothing is ever waited for; `paused`, it stands until
    `advance`. Either way, a stream to which nothing more will happen (half open, with no timeout set) waits until it is
    closed, as it would with a real server.

    Example:
        >>> server = ScriptedServer(Script().event("a").half_open())
        >>> stream = server.connect("http://test/events", idle_timeout=45, retry=None)
        >>> try:
        ...     for event in stream:
        ...         print(event.data)
        ... except StreamTimeoutError:
        ...     print("silence after", server.now)
        a
        silence after 45.0
    """

    def __init__(self, script: Script, *, paused: bool = False) -> None:
        to_json = getattr(script, "to_json", None)
        if to_json is None:
            raise TypeError(f"a ScriptedServer plays a Script, not {type(script).__name__}")
        self._native = _native.ScriptedServer(to_json(), paused)

    def connect(self, url: str, **options: Any) -> EventStream:
        """As `eventwire.connect`, to this server instead of the one that the URL names.

        Example:
            >>> stream = ScriptedServer(Script().event("a")).connect("http://test/events")
            >>> next(stream).data
            'a'
            >>> stream.close()
        """
        stream = connect(url, **options)
        self._attach(stream)
        return stream

    def aconnect(self, url: str, **options: Any) -> AsyncEventStream:
        """As `eventwire.aconnect`, to this server instead of the one that the URL names.

        Example:
            >>> stream = ScriptedServer(Script().event("a")).aconnect("http://test/events")
            >>> await anext(stream)  # doctest: +SKIP
            Event(data='a')
        """
        stream = aconnect(url, **options)
        self._attach(stream)
        return stream

    def _attach(self, stream: EventStream | AsyncEventStream) -> None:
        # The one who may: what a stream stands on is no user's business.
        self._native.attach(stream._native)  # pyright: ignore[reportPrivateUsage]

    def advance(self, time: float) -> None:
        """Lets seconds pass. Streams see all that happens meanwhile, each thing at its time.

        Example:
            >>> server = ScriptedServer(Script(), paused=True)
            >>> server.advance(60)
            >>> server.now
            60.0
        """
        _checks.span("the time", time)
        self._native.advance(time)

    @property
    def now(self) -> float:
        """How many seconds have passed. A stream is read ahead, so it may have been given out less than has happened.

        Example:
            >>> ScriptedServer(Script()).now
            0.0
        """
        return self._native.now

    @property
    def delays(self) -> list[float]:
        """How many seconds were waited before each attempt but the first, from the end of the one before; 0 for a redirect.

        Example:
            >>> server = ScriptedServer(Script().respond(503, {"retry-after": "1800"}))
            >>> list(server.connect("http://test/events"))
            []
            >>> server.delays
            [1800.0]
        """
        return self._native.delays

    @property
    def requests(self) -> list[RecordedRequest]:
        """All requests so far.

        Example:
            >>> ScriptedServer(Script()).requests
            []
        """
        return [
            RecordedRequest(
                at=one["at"],
                method=one["method"],
                url=one["url"],
                headers=Headers(one["headers"]),
                body=None if one["body"] is None else bytes(one["body"]),
            )
            for one in json.loads(self._native.requests)
        ]
