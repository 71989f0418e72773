"""The test kit, as users of the package use it."""

import asyncio
import threading
from typing import Any

import eventwire
import pytest
from eventwire import (
    Closed,
    ConnectError,
    ContentTypeError,
    Event,
    Opened,
    Reconnecting,
    RetryPolicy,
    StatusError,
    StreamTimeoutError,
)
from eventwire.testing import Script, ScriptedServer


def told(script: Script, **options: Any) -> list[str]:
    """What happens to a stream, in a word or two each."""
    seen = []
    try:
        for item in ScriptedServer(script).connect("http://test/events", **options).items():
            match item:
                case Event(data=data):
                    seen.append(data)
                case Opened():
                    seen.append("opened")
                case Reconnecting(reason=reason):
                    seen.append(f"again {type(reason).__name__}")
                case Closed(reason=reason):
                    seen.append(f"closed {reason}")
                case other:
                    seen.append(repr(other))
    except eventwire.EventwireError as error:
        seen.append(type(error).__name__)
    return seen


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (Script(), []),
        (Script().event("a").event("b"), ["opened", "a", "b", "again ConnectError"]),
        (Script().respond(200).send("data: x\n\n").end(), ["opened", "x", "again ConnectError"]),
        (Script().send(b"data: y\n\n"), ["opened", "y", "again ConnectError"]),
        (Script().event("a").reset(), ["opened", "a", "again ConnectError"]),
        (Script().event("a").reset_mid_event(), ["opened", "a", "again ConnectError"]),
        (Script().reset(), ["again ConnectError"]),
        (Script().refuse(), ["again ConnectError"]),
        (Script().tls_failure(), ["again ConnectError"]),
        (Script().unreachable(), ["again StreamTimeoutError"]),
        (Script().respond(103).event("a"), ["opened", "a", "again ConnectError"]),
        (Script().respond(503), ["again StatusError"]),
    ],
    ids=repr,
)
def test_each_word_of_a_script_does_what_it_says(script: Script, expected: list[str]):
    assert told(script) == [*expected, "closed no_content"]


def test_what_another_attempt_would_not_mend_is_an_error():
    for script, error in [
        (Script().respond(404), StatusError),
        (Script().respond(200, {"content-type": "text/html"}), ContentTypeError),
        (Script().respond(200).header("content-type", ""), ContentTypeError),
    ]:
        assert told(script) == ["closed failed", error.__name__]
    assert told(Script().refuse().repeat(), retry=RetryPolicy(attempts=3))[-1] == "ConnectError"


def test_the_clock_goes_by_itself_and_what_it_would_have_waited_is_told():
    script = (
        Script().event("a", event="tick", id="7", retry=2000).respond(503, {"retry-after": "1800"})
    )
    script = script.event("busy").drip(1).event("b")
    delays = []
    for _ in range(2):
        server = ScriptedServer(script)
        stream = server.connect("http://test/events", params={"topic": "x"}, headers={"x-y": "z"})
        assert [(event.event, event.data) for event in stream] == [("tick", "a")]
        assert [request.last_event_id for request in server.requests] == [None, "7", "7"]
        assert server.requests[0].url == "http://test/events?topic=x"
        assert server.requests[0].headers["x-y"] == "z"
        assert server.now >= 1800
        delays.append(server.delays)
    # The same in every run.
    assert delays[0] == delays[1]
    assert 0.5 <= delays[0][0] <= 2
    assert delays[0][1] == 1800


def test_a_body_is_recorded():
    server = ScriptedServer(Script())
    assert list(server.connect("http://test/", method="POST", json={"a": 1}, retry=None)) == []
    (request,) = server.requests
    assert (request.method, request.body, request.at) == ("POST", b'{"a":1}', 0)


@pytest.mark.parametrize(
    ("script", "clock", "time"),
    [
        (Script().event("a").half_open(), "idle", 30),
        (Script().event("a").wait(20).comment("1").wait(20).comment("2").wait(25), "event", 60),
    ],
)
def test_silence_and_a_stalled_producer_are_each_noticed_by_their_clock(
    script: Script, clock: str, time: float
):
    server = ScriptedServer(script)
    stream = server.connect("http://test/", retry=None, idle_timeout=30, event_timeout=60)
    assert next(stream).data == "a"
    with pytest.raises(StreamTimeoutError) as caught:
        next(stream)
    assert caught.value.clock == clock
    assert server.now == time


def test_one_byte_a_second_is_alive():
    server = ScriptedServer(Script().drip(1).event("slow"))
    stream = server.connect("http://test/", idle_timeout=2, retry=None)
    assert [event.data for event in stream] == ["slow"]
    assert server.now == len("data: slow\n\n")


def test_a_stream_to_which_nothing_more_happens_waits_until_it_is_closed():
    stream = ScriptedServer(Script().event("a").half_open()).connect("http://test/")
    assert next(stream).data == "a"
    threading.Timer(0.05, stream.close).start()
    assert next(stream, None) is None


def test_a_paused_clock_stands_until_it_is_advanced():
    async def main() -> None:
        server = ScriptedServer(Script().event("a").wait(60).event("b"), paused=True)
        async with server.aconnect("http://test/") as stream:
            assert (await anext(stream)).data == "a"
            server.advance(59)
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(stream), 0.02)
            server.advance(1)
            assert (await anext(stream)).data == "b"
            assert server.now == 60

    asyncio.run(main())


def test_the_streams_are_the_ones_that_users_have():
    server = ScriptedServer(Script())
    assert isinstance(server.connect("http://test/"), eventwire.EventStream)
    assert isinstance(server.aconnect("http://test/"), eventwire.AsyncEventStream)


def test_what_is_wrong_is_said_where_it_is_given():
    with pytest.raises(TypeError, match="a Script, not str"):
        ScriptedServer("refuse")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"respond\(42\)"):
        ScriptedServer(Script().respond(42))
    with pytest.raises(ValueError, match="line"):
        ScriptedServer(Script().event("x", id="a\nb"))
    with pytest.raises(ValueError, match="zero or more"):
        ScriptedServer(Script().wait(-1))
    with pytest.raises(ValueError, match="the time is -1"):
        ScriptedServer(Script()).advance(-1)
    with pytest.raises(ValueError, match="scheme"):
        ScriptedServer(Script()).connect("ftp://test/")
    assert repr(Script().refuse().wait(1)) == "Script().refuse().wait(1)"


def test_a_script_can_be_the_beginning_of_several():
    start = Script().event("a")
    assert told(start.respond(404))[1:] == [
        "a",
        "again ConnectError",
        "closed failed",
        "StatusError",
    ]
    assert told(start)[1:] == ["a", "again ConnectError", "closed no_content"]


def test_a_refused_server_is_given_up():
    stream = ScriptedServer(Script().refuse()).connect("http://test/", retry=None)
    with pytest.raises(ConnectError, match="refused"):
        next(stream)


def test_what_prepares_an_attempt_takes_none_of_the_scripts_time():
    script = Script().event("a", id="1").reset().event("b", id="2")
    asked: list[int] = []

    def prepare(attempt: eventwire.Attempt) -> None:
        asked.append(attempt.attempt)
        attempt.headers["token"] = f"fresh {len(asked)}"

    server = ScriptedServer(script)
    events = list(server.connect("http://test/", prepare=prepare))
    assert [event.data for event in events] == ["a", "b"]
    # Had the clock gone on meanwhile, there would have been no answer in time.
    assert max(server.delays) < 30
    assert asked[0] == 1
    assert len(asked) == len(server.requests) == 3
    assert [request.headers["token"] for request in server.requests] == [
        f"fresh {number}" for number in (1, 2, 3)
    ]
