"""A request that the application prepares, with and without an event loop."""

import asyncio
import threading

import eventwire
import pytest
from eventwire import (
    Attempt,
    Closed,
    Opened,
    PrepareError,
    Reconnecting,
    RetryPolicy,
    aconnect,
    connect,
)
from scripted import holds, sends

AT_ONCE = RetryPolicy(base=0, min=0)


def test_every_attempt_is_prepared_anew(scripted):
    server = scripted(
        sends(head=b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
        sends(b"id: 1\ndata: one\n\n"),
        holds(b"id: 2\ndata: two\n\n"),
    )
    seen: list[tuple[int, str, object]] = []

    def prepare(attempt: Attempt) -> None:
        assert threading.current_thread() is reader
        error = attempt.error
        seen.append((attempt.attempt, attempt.last_event_id, error and (error.kind, error.status)))
        assert attempt.headers == {"x-kept": "k"}
        attempt.headers["Authorization"] = f"Bearer {len(seen)}"
        attempt.url += f"?n={len(seen)}"

    reader = threading.current_thread()
    with connect(server.url, headers={"X-Kept": "k"}, retry=AT_ONCE, prepare=prepare) as stream:
        assert [next(stream).data for _ in range(2)] == ["one", "two"]
    assert [number for number, _, _ in seen] == [1, 2, 3]
    assert [(last, error) for _, last, error in seen] == [
        ("", None),
        ("", ("StatusError", 503)),
        ("1", ("ConnectError", None)),
    ]
    for number, request in enumerate(server.requests, 1):
        assert request.startswith(f"GET /stream?n={number} ")
        assert f"authorization: bearer {number}\r\n" in request.lower()
        assert "x-kept: k\r\n" in request.lower()


def test_url_headers_and_body_can_be_replaced(scripted):
    server = scripted(holds(b"data: here\n\n"))

    def prepare(attempt: Attempt) -> None:
        assert (attempt.url, attempt.content) == ("http://127.0.0.1:9/", b"old")
        attempt.url = server.url
        attempt.headers = {"X-New": "ä"}
        attempt.content = "new"

    with connect("http://127.0.0.1:9/", method="POST", content="old", prepare=prepare) as stream:
        assert next(stream).data == "here"
    [request] = server.requests
    assert request.startswith("POST /stream ")
    assert "x-new: ä\r\n" in request.lower()
    assert "content-length: 3\r\n" in request.lower()


def test_what_it_raises_is_told_with_its_cause_and_tried_again(scripted):
    server = scripted(holds())
    wrong = LookupError("no token")

    def prepare(attempt: Attempt) -> None:
        if attempt.attempt == 1:
            raise wrong

    stream = connect(server.url, retry=AT_ONCE, prepare=prepare)
    items = stream.items()
    again, opened = next(items), next(items)
    assert isinstance(again, Reconnecting)
    assert isinstance(again.reason, PrepareError)
    assert (again.reason.kind, again.reason.attempt) == ("PrepareError", 1)
    assert "LookupError: no token" in str(again.reason)
    assert again.reason.__cause__ is wrong
    assert isinstance(opened, Opened)
    stream.close()


def test_where_nothing_is_tried_again_it_ends_the_stream(scripted):
    def prepare(attempt: Attempt) -> None:
        raise LookupError

    items = connect(scripted().url, retry=None, prepare=prepare).items()
    closed = next(items)
    assert isinstance(closed, Closed)
    assert isinstance(closed.error, PrepareError)
    with pytest.raises(PrepareError, match="LookupError") as caught:
        next(items)
    assert isinstance(caught.value.__cause__, LookupError)


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda attempt: setattr(attempt, "url", "nonsense"), "is no URL"),
        (lambda attempt: attempt.headers.update({"a b": "c"}), "cannot be sent"),
        (lambda attempt: attempt.headers.update({"a": 1}), "TypeError"),
        (lambda attempt: setattr(attempt, "content", 1), "TypeError"),
        (lambda attempt: attempt, "prepare returned Attempt"),
        (lambda attempt: asyncio.sleep(0), "use aconnect"),
    ],
)
def test_what_cannot_be_asked_says_so(scripted, change, text):
    with pytest.raises(PrepareError, match=text):
        next(connect(scripted().url, retry=None, prepare=change))


def test_a_coroutine_function_is_refused_at_once_where_there_is_no_loop():
    async def prepare(attempt: Attempt) -> None: ...

    with pytest.raises(TypeError, match="aconnect"):
        connect("http://127.0.0.1:9/", prepare=prepare)


def test_a_close_while_it_is_asked_ends_the_stream(scripted):
    stream: eventwire.EventStream

    def prepare(attempt: Attempt) -> None:
        stream.close()

    stream = connect(scripted().url, prepare=prepare)
    assert list(stream) == []


def test_ctrl_c_while_it_is_asked_is_an_answer(scripted):
    server = scripted(holds(b"data: here\n\n"))
    interrupts = [KeyboardInterrupt()]

    def prepare(attempt: Attempt) -> None:
        while interrupts:
            raise interrupts.pop()

    with connect(server.url, retry=AT_ONCE, prepare=prepare) as stream:
        with pytest.raises(KeyboardInterrupt):
            next(stream)
        assert next(stream).data == "here"


@pytest.mark.parametrize("coroutine", [False, True], ids=["function", "coroutine"])
def test_on_a_loop_it_runs_on_that_loop(run, scripted, coroutine):
    server = scripted(sends(b"data: one\n\n"), holds(b"data: two\n\n"))
    loops = []

    def plain(attempt: Attempt) -> None:
        loops.append(asyncio.get_running_loop())
        attempt.headers["X-N"] = str(len(loops))

    async def awaited(attempt: Attempt) -> None:
        await asyncio.sleep(0)
        plain(attempt)

    async def main():
        prepare = awaited if coroutine else plain
        async with aconnect(server.url, retry=AT_ONCE, prepare=prepare) as stream:
            assert [(await anext(stream)).data for _ in range(2)] == ["one", "two"]
        assert set(loops) == {asyncio.get_running_loop()}

    run(main())
    for number, request in enumerate(server.requests, 1):
        assert f"x-n: {number}\r\n" in request.lower()


def test_on_a_loop_what_it_raises_is_the_cause(run, scripted):
    async def prepare(attempt: Attempt) -> None:
        await asyncio.sleep(0)
        raise LookupError("no token")

    async def main():
        with pytest.raises(PrepareError, match="LookupError: no token") as caught:
            await anext(aconnect(scripted().url, retry=None, prepare=prepare))
        assert isinstance(caught.value.__cause__, LookupError)

    run(main())


def test_a_wait_that_is_cancelled_while_it_is_asked_lets_it_go_on(run, scripted):
    server = scripted(holds(b"data: here\n\n"))

    async def main():
        asked, go = asyncio.Event(), asyncio.Event()
        calls = []

        async def prepare(attempt: Attempt) -> None:
            calls.append(attempt)
            asked.set()
            await go.wait()

        async with aconnect(server.url, prepare=prepare) as stream:
            for _ in range(10):
                waiting = asyncio.create_task(anext(stream))
                await asyncio.sleep(0)
                await asked.wait()
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(stream), 0.01)
            go.set()
            assert (await anext(stream)).data == "here"
        assert len(calls) == 1

    run(main())


def test_a_close_while_it_is_awaited_cancels_it(run, scripted):
    async def main():
        asked, cancelled = asyncio.Event(), asyncio.Event()

        async def prepare(attempt: Attempt) -> None:
            asked.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                cancelled.set()
                raise

        stream = aconnect(scripted().url, prepare=prepare)
        waiting = asyncio.create_task(anext(stream, None))
        await asked.wait()
        stream.close()
        assert await waiting is None
        await cancelled.wait()

    run(main())


def test_what_a_loop_left_unanswered_is_asked_again_on_the_next(scripted):
    server = scripted(holds(b"data: here\n\n"))
    calls = []

    async def prepare(attempt: Attempt) -> None:
        calls.append(attempt.error and attempt.error.kind)
        if len(calls) == 1:
            asked.set()
            await asyncio.Event().wait()

    asked = asyncio.Event()
    stream = aconnect(server.url, retry=AT_ONCE, prepare=prepare)

    async def gives_up():
        waiting = asyncio.create_task(anext(stream))
        await asked.wait()
        waiting.cancel()

    async def reads():
        async with stream:
            assert (await anext(stream)).data == "here"

    asyncio.run(gives_up())
    asyncio.run(reads())
    assert calls == [None, "PrepareError"]
