"""The hub, in its own process and served."""

import asyncio
import json
import threading
import time
import urllib.request

import eventwire
import pytest
from eventwire import (
    ConnectError,
    EncodeError,
    Event,
    Hub,
    Publisher,
    PublishError,
    ServeError,
    StatusError,
    connect,
)


def test_what_is_published_is_received_here_and_over_http(hub, news):
    with hub.subscribe("news") as here, connect(news) as there:
        id = hub.publish("news", "hello", event="greeting")
        assert next(here) == next(there) == Event("hello", event="greeting", id=id)


def test_a_subscription_has_what_is_published_before_it_is_read(hub):
    subscription = hub.subscribe("news")
    for number in range(1000):
        hub.publish("news", str(number))
    assert [next(subscription).data for _ in range(1000)] == [str(number) for number in range(1000)]
    subscription.close()
    assert list(subscription) == []


def test_several_topics_in_one_call(hub):
    with hub.subscribe("a", "b") as subscription:
        id = hub.publish(["a", "b"], "once")
        hub.publish("c", "not for us")
        hub.publish("b", "after")
        assert next(subscription) == Event("once", id=id)
        assert next(subscription).data == "after"


@pytest.mark.parametrize(("start", "expected"), [("earliest", "0"), ("last:2", "3"), ("live", "5")])
def test_where_a_subscription_starts(hub, start, expected):
    for number in range(5):
        hub.publish("news", str(number))
    with hub.subscribe("news", start=start) as subscription:
        hub.publish("news", "5")
        assert next(subscription).data == expected


def test_a_subscription_resumes(hub):
    ids = [hub.publish("news", str(number)) for number in range(5)]
    with hub.subscribe("news", last_event_id=ids[2], start="earliest") as subscription:
        assert next(subscription).data == "3"


def test_a_subscription_that_the_log_has_left_behind_is_told_and_goes_on():
    with eventwire.Hub(max_events=3) as hub, hub.subscribe("news") as subscription:
        ids = [hub.publish("news", "x" * 10_000 + str(number)) for number in range(1000)]
        hub.publish("news", "last")
        events = []
        while not events or events[-1].data != "last":
            events.append(next(subscription))
        resets = [event for event in events if event.event == "eventwire.reset"]
        assert resets
        assert resets[0].json()["reason"] == "evicted"
        # What was not held any more is all that lacks.
        assert [event.id for event in events[-3:-1]] == ids[-2:]


def test_frames_are_the_bytes_that_a_server_would_send(hub):
    hub.publish("news", "one")
    with hub.subscribe("news", start="earliest") as subscription:
        frames = subscription.frames()
        decoder = eventwire.Decoder()
        events = []
        while not events:
            events += decoder.feed(next(frames))
        assert events[0].data == "one"
        with pytest.raises(RuntimeError, match="frames"):
            next(subscription)
    with hub.subscribe("news", start="earliest") as subscription:
        next(subscription)
        with pytest.raises(RuntimeError, match="events"):
            subscription.frames()


def test_frames_and_events_on_a_loop(run, hub):
    async def main():
        async with hub.subscribe("news") as events, hub.subscribe("news") as other:
            frames = other.frames()
            mark = await anext(frames)
            assert mark.startswith(b"id: ")
            await hub.apublish("news", "x")
            assert (await anext(events)).data == "x"
            assert b"data: x\n\n" in await anext(frames)

    run(main())


def test_json_is_compact_and_any_language_can_read_it(hub):
    with hub.subscribe("news") as subscription:
        hub.publish("news", json={"a": [1, "ü"]})
        event = next(subscription)
    assert event.data == '{"a":[1,"ü"]}'
    assert event.json() == {"a": [1, "ü"]}
    with pytest.raises(ValueError, match="JSON"):
        hub.publish("news", json=float("nan"))


@pytest.mark.parametrize(
    "wrong", [{}, {"data": "x", "json": 1}, {"data": b"x"}, {"data": 5}, {"json": object()}]
)
def test_what_cannot_be_published_is_a_type_error(hub, wrong):
    with pytest.raises(TypeError, match=r"."):
        hub.publish("news", **wrong)
    assert hub.stats().published == 0


def test_what_the_hub_refuses(hub):
    with pytest.raises(ValueError, match="topic"):
        hub.publish([], "x")
    with pytest.raises(ValueError, match=r"eventwire\."):
        hub.publish("news", "x", event="eventwire.reset")
    with pytest.raises(EncodeError):
        hub.publish("news", "x", event="a\nb")
    with pytest.raises(ValueError, match="start"):
        hub.subscribe("news", start="sometime")
    with pytest.raises(ValueError, match="topic"):
        hub.subscribe()


@pytest.mark.parametrize(
    "wrong",
    [
        {"store": "nowhere:"},
        {"slow": "wait"},
        {"max_events": -1},
        {"heartbeat": -1.0},
        {"max_age": float("nan")},
        {"store_timeout": -1.0},
        {"store_timeout": 0.0},
    ],
)
def test_wrong_options_are_value_errors(wrong):
    with pytest.raises(ValueError, match=r"."):
        Hub(**wrong)


@pytest.mark.parametrize("store_timeout", [0.001, 10.0, 1e9, None])
def test_a_hub_in_memory_answers_within_any_store_timeout(store_timeout):
    with Hub(store_timeout=store_timeout) as hub:
        ids = [hub.publish("news", str(number)) for number in range(1000)]
        assert len(set(ids)) == 1000


def test_what_was_evicted_is_announced():
    with Hub(max_events=10) as hub:
        first = hub.publish("news", "0")
        for number in range(1, 100):
            hub.publish("news", str(number))
        with hub.subscribe("news", last_event_id=first) as subscription:
            reset = next(subscription)
            assert reset.event == "eventwire.reset"
            assert reset.json()["reason"] == "evicted"
            assert [next(subscription).data for _ in range(10)] == [
                str(number) for number in range(90, 100)
            ]


def test_heartbeats_are_frames(hub):
    with Hub(heartbeat=0.05) as hub, hub.subscribe("news") as subscription:
        frames = subscription.frames()
        assert any(b"\n:" in b"\n" + next(frames) for _ in range(10))


def test_stats(hub, server):
    hub.publish("news", "x")
    with hub.subscribe("news"):
        stats = hub.stats()
    assert (stats.subscribers, stats.topics, stats.published, stats.events) == (1, 1, 1, 1)
    assert stats.bytes > 0


def test_closing_the_hub_ends_its_subscriptions_and_servers(hub, server, news):
    hub.publish("news", "x")
    subscription = hub.subscribe("news", start="earliest")
    stream = connect(news, retry=eventwire.RetryPolicy(base=0, min=0, attempts=1))
    assert next(subscription) == next(stream)
    hub.close()
    assert list(subscription) == []
    # Refused; or, where it came back just before the server was gone, turned away.
    with pytest.raises((ConnectError, StatusError)):
        next(stream)


def test_close_in_another_thread_ends_a_waiting_subscription(hub):
    subscription = hub.subscribe("news")
    hub.publish("news", "x")
    next(subscription)
    closer = threading.Thread(target=subscription.close)
    closer.start()
    assert list(subscription) == []
    closer.join()


def test_a_server_goes_on_where_nobody_keeps_it(hub):
    url = hub.serve("127.0.0.1:0").url
    hub.publish("news", "x")
    with connect(f"{url}/events?topic=news&start=earliest") as stream:
        assert next(stream).data == "x"


def test_a_closed_server_takes_no_more_connections(hub):
    with hub.serve("127.0.0.1:0") as server:
        url = server.url
    with pytest.raises(ConnectError):
        next(connect(f"{url}/events?topic=news", retry=None))


def test_drain_ends_the_streams(hub, server, news):
    hub.publish("news", "x")
    stream = connect(news, retry=None)
    assert next(stream).data == "x"
    server.drain(timeout=30)
    assert list(stream) == []


def test_drain_on_a_loop(run):
    async def main():
        async with Hub() as hub, hub.serve("127.0.0.1:0") as server:
            await hub.apublish("news", "x")
            async with eventwire.aconnect(
                f"{server.url}/events", params={"topic": "news", "start": "earliest"}, retry=None
            ) as stream:
                assert (await anext(stream)).data == "x"
                await server.adrain(timeout=30)
                assert [event async for event in stream] == []

    run(main())


def test_an_address_that_is_taken(hub, server):
    address = server.url.removeprefix("http://")
    with pytest.raises(ServeError, match=address):
        hub.serve(address)


def test_an_address_that_is_none(hub):
    with pytest.raises(eventwire.EventwireError):
        hub.serve("no address")


def test_off_loopback_publishing_must_be_allowed(hub):
    with pytest.raises(ServeError):
        hub.serve("0.0.0.0:0")
    hub.serve("0.0.0.0:0", open_publish=True).close()


def test_publishing_over_http(hub, server):
    with hub.subscribe("news") as subscription:
        request = urllib.request.Request(f"{server.url}/events", data=b"topic=news&data=x&event=e")
        with urllib.request.urlopen(request) as response:
            id = json.load(response)["id"]
        assert next(subscription) == Event("x", event="e", id=id)


def test_cors(hub):
    server = hub.serve("127.0.0.1:0", cors="https://example.com")
    hub.publish("news", "x")
    headers = {"Origin": "https://example.com"}
    with connect(f"{server.url}/events?topic=news&start=earliest", headers=headers) as stream:
        next(stream)
        assert stream.response.headers["access-control-allow-origin"] == "https://example.com"
    with pytest.raises(ValueError, match="no origin"):
        hub.serve("127.0.0.1:0", cors=["no origin"])


def test_many_threads_publish_and_all_is_received_in_one_order(hub):
    subscriptions = [hub.subscribe("news") for _ in range(3)]
    threads = [
        threading.Thread(target=lambda: [hub.publish("news", str(number)) for number in range(200)])
        for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    seen = [[next(subscription).id for _ in range(1000)] for subscription in subscriptions]
    for thread in threads:
        thread.join()
    assert seen[0] == seen[1] == seen[2]
    assert len(set(seen[0])) == 1000


def test_a_cancelled_publish_goes_on(run, hub):
    async def main():
        task = asyncio.create_task(hub.apublish("news", "x"))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        async with hub.subscribe("news", start="earliest") as subscription:
            assert (await anext(subscription)).data == "x"

    run(main())


def test_stats_say_what_was_delivered_and_how_subscriptions_ended():
    hub = Hub()
    with hub.subscribe("news") as subscription:
        event_id = hub.publish("news", "hello")
        assert next(subscription).data == "hello"
        assert hub.stats().last_event_id == event_id
        # The mark at the beginning is a frame as well.
        assert hub.stats().delivered >= 1
    for _ in range(10_000):
        if hub.stats().subscribers == 0:
            break
        time.sleep(0.001)
    assert hub.stats().ended.gone == 1


def test_a_body_beyond_the_limit_is_refused():
    with Hub() as hub, hub.serve("127.0.0.1:0", max_body=100) as server:
        with pytest.raises(eventwire.EventwireError, match="100"):
            Publisher(server.url).publish("news", "x" * 200)
        assert hub.stats().published == 0


def test_a_newcomer_gets_what_is_retained_and_one_that_resumes_does_not():
    hub = Hub(retained={"prices/*": 1, "news": 2}, max_events=1)
    first = hub.publish("prices/tea", "3.20")
    last = hub.publish("prices/tea", "3.40")
    for number in "123":
        hub.publish("news", number)
    with hub.subscribe("prices/tea", "news") as subscription:
        events = [next(subscription) for _ in range(3)]
        assert [(event.data, event.id) for event in events] == [("3.40", ""), ("2", ""), ("3", "")]
        id = hub.publish("news", "4")
        assert next(subscription) == Event("4", id=id)
    with hub.subscribe("prices/tea", last_event_id=last) as subscription:
        hub.publish("prices/tea", "3.60")
        assert next(subscription).data == "3.60"
    assert first.endswith("-1")


def test_patterns_are_for_topics_that_come_later_too(hub):
    with hub.subscribe("orders/*") as subscription:
        hub.publish("news", "not for it")
        hub.publish(["orders/1", "orders/eu/2"], "once")
        hub.publish("orders/new", "more")
        assert [next(subscription).data for _ in range(2)] == ["once", "more"]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"retained": {"a*": 1}}, 'retained values: the topic "a\\*"'),
        ({"retained": {"a": -1}}, 'retained\\["a"\\] is -1: give zero or more'),
        ({"max_retained_bytes": -1}, "max_retained_bytes is -1"),
    ],
)
def test_what_cannot_be_retained_is_a_value_error(options, says):
    with pytest.raises(ValueError, match=says):
        Hub(**options)


def test_several_are_published_in_one_go_or_none(run, hub):
    with hub.subscribe("a", "b") as subscription:
        ids = hub.publish_many(
            [
                {"topic": "a", "data": "1"},
                {"topic": ["a", "b"], "json": [2], "event": "e", "key": "k"},
            ]
        )
        assert next(subscription) == Event("1", id=ids[0])
        assert next(subscription) == Event("[2]", event="e", id=ids[1])
    with pytest.raises(
        PublishError, match=r"the event at index 1 of 3: .*; none was stored"
    ) as refused:
        hub.publish_many(
            {"topic": "a", "data": str(n), "key": "k" if n == 1 else None} for n in range(3)
        )
    assert (refused.value.index, refused.value.outcome) == (1, "not_stored")
    with pytest.raises(ValueError, match="index 0 of 1"):
        hub.publish_many([{"topic": "*", "data": "x"}])
    with pytest.raises(PublishError, match="1001 events at once"):
        hub.publish_many({"topic": "a", "data": "x"} for _ in range(1001))
    assert hub.stats().published == 2

    async def main():
        assert len(await hub.apublish_many([{"topic": "a", "data": "x"}] * 3)) == 3

    run(main())
    assert hub.stats().published == 5


@pytest.mark.parametrize("use", [lambda hub: None, lambda hub: hub.publish("a", "x")])
def test_a_hub_that_was_closed_takes_nothing_also_one_that_was_never_used(use):
    hub = Hub()
    use(hub)
    hub.close()
    for ask in (
        lambda: hub.publish("a", "x"),
        lambda: hub.publish_many([{"topic": "a", "data": "x"}]),
        lambda: hub.subscribe("a"),
        lambda: hub.serve("127.0.0.1:0"),
    ):
        with pytest.raises(eventwire.ClosedError):
            ask()
    assert hub.stats().subscribers == 0
