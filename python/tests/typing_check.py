"""What type checkers see of the package; mypy and pyright read this file, nobody runs it."""

from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterator
from pathlib import Path

import eventwire
import eventwire.testing
from eventwire import Comment, Decoder, Event, StreamItem
from typing_extensions import assert_type


def codec() -> None:
    event = Event("x", event="tick", id="1", retry=5)
    assert_type(event.event, str)
    assert_type(event.retry, int | None)
    assert_type(event.encode(), bytes)
    assert_type(Decoder().feed(b""), list[Event])
    assert_type(Decoder(comments=False).feed(bytearray()), list[Event])
    assert_type(Decoder(comments=True).feed(memoryview(b"")), list[Event | Comment])
    assert_type(Decoder().reconnection_time, int | None)
    assert_type(eventwire.encode("x", id="1"), bytes)
    assert_type(eventwire.decode([b""]), Generator[Event, None, None])
    assert_type(eventwire.decode([bytearray()], max_line=9), Generator[Event, None, None])
    assert_type(eventwire.decode([b""], comments=True), Generator[Event | Comment, None, None])


def async_codec(chunks: AsyncIterable[bytes]) -> None:
    assert_type(eventwire.adecode(chunks, last_event_id="7"), AsyncGenerator[Event, None])
    assert_type(eventwire.adecode(chunks, comments=True), AsyncGenerator[Event | Comment, None])


def streams() -> None:
    with eventwire.connect(
        "http://x/", retry=None, headers={"a": "b"}, params=[("a", "b")]
    ) as stream:
        assert_type(stream, eventwire.EventStream)
        assert_type(stream.last_event_id, str)
        assert_type(stream.response, eventwire.Response | None)
        for event in stream:
            assert_type(event, Event)
        assert_type(stream.items(), Iterator[StreamItem])
        for item in stream.items():
            match item:
                case eventwire.Opened(headers=headers):
                    assert_type(headers["a"], str)
                case eventwire.Reconnecting(reason=reason):
                    assert_type(reason.status, int | None)
                case eventwire.Reset() | eventwire.Closed() | Comment():
                    pass
                case _:
                    assert_type(item, Event)


def prepared(attempt: eventwire.Attempt) -> None:
    assert_type(attempt.attempt, int)
    assert_type(attempt.error, eventwire.EventwireError | None)
    attempt.headers["a"] = "b"
    attempt.headers = {"a": "b"}
    attempt.content = "x"


async def prepared_on_a_loop(attempt: eventwire.Attempt) -> None:
    attempt.url += "?a=b"


def places() -> None:
    with eventwire.connect(
        "http://x/", prepare=prepared, ack="manual", cursor_file=Path("a")
    ) as stream:
        for event in stream:
            stream.ack(event)
    eventwire.aconnect("http://x/", prepare=prepared_on_a_loop, cursor_file="a")
    eventwire.aconnect("http://x/", prepare=prepared, ack="auto")
    assert_type(eventwire.CursorError().path, str | None)


async def async_streams() -> None:
    async with eventwire.aconnect("http://x/") as stream:
        assert_type(stream, eventwire.AsyncEventStream)
        assert_type(await anext(stream), Event)
        assert_type(stream.items(), AsyncIterator[StreamItem])
        async for event in stream:
            assert_type(event, Event)


def hub() -> None:
    with (
        eventwire.Hub(max_events=10, max_event=1000) as hub,
        hub.serve("127.0.0.1:0", threads=2) as server,
    ):
        assert_type(hub.publish(["a", "b"], "x"), str)
        assert_type(server.url, str)
        assert_type(hub.stats().lag, int)
        assert_type(hub.stats().ended, eventwire.Ended)
        assert_type(hub.stats().ended.stalled, int)
        assert_type(server.sharded + server.refused, int)
        with hub.subscribe("a", "b", start="last:2") as subscription:
            assert_type(next(subscription), Event)
            assert_type(next(subscription.frames()), bytes)
    with eventwire.Publisher("http://x/") as publisher:
        assert_type(publisher.publish("a", json={}), str)
        assert_type(publisher.publish_many([{"topic": "a", "data": "x"}]), list[str])
        assert_type(publisher.flush(), None)
        assert_type(publisher.close(timeout=1.0), bool)


async def async_hub() -> None:
    async with eventwire.Hub() as hub, hub.serve("127.0.0.1:0"), hub.subscribe("a") as subscription:
        assert_type(await hub.apublish("a", "x"), str)
        assert_type(await anext(subscription), Event)
        assert_type(await anext(subscription.frames()), bytes)
    async with eventwire.APublisher("http://x/", timeout=1, connect_timeout=0.5) as publisher:
        assert_type(await publisher.publish("a", "x"), str)
        many: list[eventwire.Publication] = [{"topic": ["a"], "json": 1, "event": "e", "key": "k"}]
        assert_type(await publisher.publish_many(many), list[str])
        assert_type(await publisher.flush(), None)
        assert_type(await publisher.aclose(timeout=1.0), bool)


def slices() -> None:
    assert_type(Event.binary(b"x", event="chunk"), Event)
    assert_type(Event("").bytes(), bytes)
    assert_type(eventwire.slices("a", last_event_id="1"), eventwire.Slices)
    with eventwire.slices(b"x") as made:
        assert_type(next(made), Event)
        assert_type(made.transfer, eventwire.Transfer | None)
    hub = eventwire.Hub(store_timeout=None)
    assert_type(eventwire.send_file(hub, "a", Path("a"), slice_size=1), eventwire.Transfer)
    assert_type(eventwire.receive_file("http://x/", "a").sha256, str)
    eventwire.receive_file(eventwire.decode([b""]), Path("a"), name="a", max_size=1)
    eventwire.receive_file(hub.subscribe("a"), "a")
    assert_type(eventwire.Assembly(name="a").take(Event("")), bytes | None)


async def async_slices(stream: eventwire.AsyncEventStream) -> None:
    publisher = eventwire.APublisher("http://x/")
    assert_type(await eventwire.asend_file(publisher, ["a"], b"x"), eventwire.Transfer)
    assert_type(await eventwire.areceive_file(stream, "a"), eventwire.Transfer)
    async for event in eventwire.slices("a"):
        assert_type(event, Event)


def testing() -> None:
    script = eventwire.testing.Script().event("a", id="1").refuse().respond(503, {"a": "b"})
    server = eventwire.testing.ScriptedServer(script, paused=True)
    assert_type(server.connect("http://x/", retry=None), eventwire.EventStream)
    assert_type(server.aconnect("http://x/"), eventwire.AsyncEventStream)
    assert_type(server.delays, list[float])
    assert_type(server.requests[0].body, bytes | None)
    assert_type(server.requests[0].last_event_id, str | None)


def errors(error: eventwire.EventwireError) -> None:
    assert_type(error.url, str | None)
    if isinstance(error, eventwire.StreamTimeoutError):
        plain: TimeoutError = error
        print(plain, error.clock)
    if isinstance(error, eventwire.SliceError):
        assert_type(error.index, int | None)
        print(error.reason == "missing")
