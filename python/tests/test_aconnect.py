"""Subscribing on an event loop."""

import asyncio
import gc
import random
import threading
import weakref

import eventwire
import pytest
from eventwire import Event, RetryPolicy, aconnect
from eventwire._loop import _notifiers
from scripted import holds, sends


def test_events_come_in_order(run, hub, news):
    ids = [hub.publish("news", str(number)) for number in range(500)]

    async def main():
        async with aconnect(news) as stream:
            got = [await anext(stream) for _ in ids]
            assert got == [Event(str(number), id=id) for number, id in enumerate(ids)]
            assert stream.response.status == 200

    run(main())


def test_events_that_come_later_wake_the_loop(run, hub, news):
    async def main():
        async with aconnect(news) as stream:
            for number in range(100):
                waiting = asyncio.create_task(anext(stream))
                await asyncio.sleep(0)
                await hub.apublish("news", str(number))
                assert (await waiting).data == str(number)

    run(main())


def test_restart_by_another_task_connects_again_after_the_last_event(run, scripted):
    server = scripted(holds(b"id: 1\ndata: one\n\n"), holds(b"id: 2\ndata: two\n\n"))

    async def main():
        async with aconnect(server.url, retry=RetryPolicy(min=3600, max=3600)) as stream:
            assert (await anext(stream)).data == "one"
            waiting = asyncio.create_task(anext(stream))
            await asyncio.sleep(0)
            stream.restart()
            assert (await waiting).data == "two"
        server.ended.acquire()
        assert "last-event-id: 1" in server.requests[1].lower()

    run(main())


def test_many_streams_share_one_loop(run, hub, news):
    async def main():
        streams = [aconnect(news) for _ in range(20)]
        tasks = [asyncio.create_task(anext(stream)) for stream in streams]
        await asyncio.sleep(0)
        await hub.apublish("news", "x")
        assert {event.data for event in await asyncio.gather(*tasks)} == {"x"}
        for stream in streams:
            stream.close()

    run(main())


@pytest.mark.parametrize("source", ["http", "hub"])
def test_cancelled_waits_lose_nothing(run, hub, news, source):
    async def main():
        stream = aconnect(news) if source == "http" else hub.subscribe("news")
        async with stream:
            rounds, cancelled, got = 800, 0, []
            for number in range(rounds):
                waiting = asyncio.create_task(anext(stream))
                await asyncio.sleep(0)
                # A different number of turns each time, so that the cancellation meets every stage of the wait; and every
                # eighth comes before there is anything to get.
                turns = number % 8
                if turns == 7:
                    waiting.cancel()
                await hub.apublish("news", str(number))
                for _ in range(turns):
                    await asyncio.sleep(0)
                waiting.cancel()
                try:
                    got.append((await waiting).data)
                except asyncio.CancelledError:
                    cancelled += 1
                # What is left over would be there at once for the next wait, which could not be cancelled then.
                while len(got) <= number:
                    got.append((await anext(stream)).data)
            assert cancelled >= rounds // 8
            assert got == [str(number) for number in range(rounds)]

    run(main())


def test_a_thousand_waits_that_time_out_lose_nothing(run, hub, news):
    async def main():
        async with aconnect(news) as stream:
            got = []
            published = cancelled = 0

            async def publish():
                nonlocal published
                while cancelled < 1000:
                    await hub.apublish("news", str(published))
                    published += 1
                    # Now and then longer than a wait, so that all of them time out in the end.
                    await asyncio.sleep(0.002 * random.random())

            publishing = asyncio.create_task(publish())
            while not publishing.done() or len(got) < published:
                try:
                    got.append((await asyncio.wait_for(anext(stream), 0.0005)).data)
                except asyncio.TimeoutError:
                    cancelled += 1
            await publishing
            assert got == [str(number) for number in range(published)]

    run(main())


def test_a_second_reader_is_refused(run, news):
    async def main():
        async with aconnect(news) as stream:
            first = asyncio.create_task(anext(stream))
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="one task"):
                await anext(stream)
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first

    run(main())


def test_close_ends_a_waiting_reader(run, news):
    async def main():
        stream = aconnect(news)
        task = asyncio.create_task(anext(stream, None))
        await asyncio.sleep(0)
        await stream.aclose()
        assert await task is None
        assert [event async for event in stream] == []

    run(main())


def test_close_in_another_thread_ends_a_waiting_reader(run, scripted):
    server = scripted(holds(b": here\n\n"))

    async def main():
        stream = aconnect(server.url)
        async for item in stream.items():
            if isinstance(item, eventwire.Comment):
                threading.Thread(target=stream.close).start()
        assert stream.state == "closed"

    run(main())
    server.ended.acquire()


def test_a_stream_may_move_to_another_loop(hub, news):
    stream = aconnect(news)

    async def read():
        return (await anext(stream)).data

    async def read_while_it_is_published():
        reading = asyncio.create_task(read())
        await asyncio.sleep(0)
        await hub.apublish("news", "two")
        return await reading

    hub.publish("news", "one")
    assert asyncio.run(read()) == "one"
    assert asyncio.run(read_while_it_is_published()) == "two"
    stream.close()


def test_loops_in_several_threads(hub, news):
    got = []

    async def read():
        async with aconnect(news) as stream:
            return [(await anext(stream)).data for _ in range(100)]

    threads = [threading.Thread(target=lambda: got.append(asyncio.run(read()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for number in range(100):
        hub.publish("news", str(number))
    for thread in threads:
        thread.join()
    assert got == [[str(number) for number in range(100)]] * 4


def test_nothing_is_left_of_a_loop(run, hub, news):
    hub.publish("news", "x")
    loops = []

    async def main():
        loops.append(weakref.ref(asyncio.get_running_loop()))
        async with aconnect(news) as stream:
            assert (await anext(stream)).data == "x"
            waiting = asyncio.create_task(anext(stream))
            await asyncio.sleep(0)
            waiting.cancel()

    gc.collect()
    before = len(_notifiers)
    run(main())
    gc.collect()
    assert loops[0]() is None
    assert len(_notifiers) <= before


def test_a_stream_that_is_given_up_is_closed(scripted):
    server = scripted(holds(b"data: x\n\n"))

    async def main():
        stream = aconnect(server.url)
        assert (await anext(stream)).data == "x"

    asyncio.run(main())
    gc.collect()
    server.ended.acquire()


def test_items_and_the_end(run, scripted):
    server = scripted(sends(b": hi\n\ndata: x\n\n"))

    async def main():
        kinds = [type(item).__name__ async for item in aconnect(server.url, retry=None).items()]
        assert kinds == ["Opened", "Comment", "Event", "Closed"]

    run(main())


def test_publishing_from_several_tasks_keeps_each_ones_order(run, hub):
    async def main():
        async with hub.subscribe("a", "b") as subscription:

            async def publish(topic):
                for number in range(50):
                    await hub.apublish(topic, f"{topic}{number}")

            await asyncio.gather(publish("a"), publish("b"))
            got = [(await anext(subscription)).data for _ in range(100)]
            for topic in "ab":
                assert [data for data in got if data[0] == topic] == [
                    f"{topic}{number}" for number in range(50)
                ]

    run(main())
