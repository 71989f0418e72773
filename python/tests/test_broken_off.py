"""Waits that are broken off, by a cancellation or out of a signal handler: what is read goes on after them."""

import asyncio
import contextlib
import os
import signal
import threading

import pytest
from eventwire import Closed, Comment, Event, Opened, aconnect, adecode, connect
from scripted import holds


class Interrupted(Exception):
    """Raised by a signal handler."""


@pytest.fixture
def interrupt():
    """Sends this process a signal whose handler raises `Interrupted`, from another thread."""

    def handle(*_):
        raise Interrupted

    before = signal.signal(signal.SIGUSR1, handle)
    timers = []

    def soon():
        timers.append(threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1)))
        timers[-1].start()

    yield soon
    for timer in timers:
        timer.join()
    signal.signal(signal.SIGUSR1, before)


def test_a_cancelled_wait_for_an_item_loses_nothing(run, hub, news):
    async def main():
        async with aconnect(news) as stream:
            items, got = stream.items(), []
            for number in range(100):
                waiting = asyncio.create_task(anext(items))
                # A different number of turns each time, so that the cancellation meets every stage of the wait.
                for _ in range(number % 5):
                    await asyncio.sleep(0)
                waiting.cancel()
                await hub.apublish("news", str(number))
                with contextlib.suppress(asyncio.CancelledError):
                    got.append(await waiting)
            while len(got) < 101:
                got.append(await anext(items))
            assert isinstance(got[0], Opened)
            assert [item.data for item in got[1:]] == [str(number) for number in range(100)]
            stream.close()
            with pytest.raises(StopAsyncIteration):
                await anext(items)

    run(main())


def test_items_go_on_after_an_exception_out_of_a_signal_handler(interrupt, hub, news):
    with connect(news) as stream:
        items = stream.items()
        assert isinstance(next(items), Opened)
        interrupt()
        with pytest.raises(Interrupted):
            next(items)
        id = hub.publish("news", "after")
        assert next(items) == Event("after", id=id)
        stream.close()
        assert list(items) == []


def test_items_end_after_the_last_one(run, scripted):
    server = scripted(holds(head=b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"))
    items = connect(server.url).items()
    assert isinstance(list(items)[-1], Closed)
    assert list(items) == []

    async def main():
        items = aconnect(server.url).items()
        assert isinstance([item async for item in items][-1], Closed)
        assert [item async for item in items] == []

    run(main())


class Patient:
    """Chunks that bear a cancelled wait, as those of aiohttp do."""

    def __init__(self):
        self.queue = asyncio.Queue()

    def __aiter__(self):
        return self

    async def __anext__(self):
        chunk = await self.queue.get()
        if chunk is None:
            raise StopAsyncIteration
        return chunk


def test_a_cancelled_wait_for_what_is_decoded_loses_nothing(run):
    async def main():
        chunks = Patient()
        items = adecode(chunks, comments=True)
        chunks.queue.put_nowait(b"data: one\n\n: hi\ndata: tw")
        assert await anext(items) == Event("one")
        assert await anext(items) == Comment("hi")
        for _ in range(3):
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(anext(items), 0.01)
        chunks.queue.put_nowait(b"o\n\ndata: three\n\n")
        chunks.queue.put_nowait(None)
        assert [item async for item in items] == [Event("two"), Event("three")]

    run(main())


def test_a_generator_that_a_cancelled_wait_has_ended_is_an_error_and_no_end(run):
    async def chunks():
        yield b"data: one\n\n"
        await asyncio.Event().wait()

    async def main():
        events = adecode(chunks())
        assert await anext(events) == Event("one")
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(anext(events), 0.01)
        with pytest.raises(RuntimeError, match=r"CancelledError .* events are missing"):
            await anext(events)
        assert [event async for event in events] == []

    run(main())


def test_a_second_task_that_waits_for_what_is_decoded_is_refused(run):
    async def main():
        chunks = Patient()
        events = adecode(chunks)
        first = asyncio.create_task(anext(events))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="another task"):
            await anext(events)
        chunks.queue.put_nowait(b"data: one\n\n")
        assert await first == Event("one")

    run(main())


def test_what_is_closed_or_thrown_into_ends(run):
    async def main():
        for end in (lambda events: events.aclose(), lambda events: events.athrow(KeyError("x"))):
            chunks = Patient()
            events = adecode(chunks)
            chunks.queue.put_nowait(b"data: one\n\ndata: two\n\n")
            assert await events.asend(None) == Event("one")
            with contextlib.suppress(KeyError):
                await end(events)
            assert [event async for event in events] == []

    run(main())
