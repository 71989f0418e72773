"""Publishing to a hub that runs elsewhere."""

import asyncio

import pytest
from eventwire import (
    APublisher,
    ClosedError,
    ConnectError,
    Event,
    EventwireError,
    Publisher,
    RetryPolicy,
)
from scripted import sends

NEVER = RetryPolicy(base=0, min=0, attempts=1)


def test_what_is_published_arrives(hub, server):
    with hub.subscribe("a", "b") as subscription, Publisher(server.url) as publisher:
        one = publisher.publish("a", "ü\nx", event="e")
        two = publisher.publish(["a", "b"], json={"n": 1})
        assert next(subscription) == Event("ü\nx", event="e", id=one)
        assert next(subscription) == Event('{"n":1}', id=two)


def test_the_address_may_be_that_of_the_events(hub, server):
    with Publisher(f"{server.url}/events") as publisher:
        publisher.publish("news", "x")
    assert hub.stats().published == 1


def test_a_key_makes_a_repeated_publish_harmless(hub, server):
    with Publisher(server.url) as publisher:
        assert publisher.publish("news", "x", key="k") == publisher.publish("news", "x", key="k")
        with pytest.raises(EventwireError, match="409"):
            publisher.publish("news", "other", key="k")
    assert hub.stats().published == 1


def test_publishing_on_a_loop_keeps_the_order_of_the_calls(run, hub, server):
    async def main():
        async with APublisher(server.url) as publisher, hub.subscribe("news") as subscription:
            await asyncio.gather(*(publisher.publish("news", str(number)) for number in range(50)))
            assert [(await anext(subscription)).data for _ in range(50)] == [
                str(number) for number in range(50)
            ]

    run(main())


def test_a_hub_that_is_not_there(run):
    with (
        Publisher("http://127.0.0.1:1", retry=NEVER) as publisher,
        pytest.raises(ConnectError, match="refused"),
    ):
        publisher.publish("news", "x")

    async def main():
        async with APublisher("http://127.0.0.1:1", retry=NEVER) as publisher:
            with pytest.raises(ConnectError, match="refused"):
                await publisher.publish("news", "x")

    run(main())


def test_a_server_that_fails_once(scripted):
    server = scripted(
        sends(head=b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
        sends(
            head=b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"id": "a-1"}'
        ),
    )
    with Publisher(server.url, retry=RetryPolicy(base=0, min=0)) as publisher:
        assert publisher.publish("news", "x") == "a-1"
    assert len(server.requests) == 2


def test_headers_are_sent(scripted):
    server = scripted(
        sends(
            head=b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"id": "a-1"}'
        ),
    )
    with Publisher(server.url, headers={"Authorization": "Bearer t"}) as publisher:
        publisher.publish("news", "x")
    assert "authorization: Bearer t" in server.requests[0]


def test_after_close_it_takes_nothing(server):
    publisher = Publisher(server.url)
    publisher.close()
    with pytest.raises(ClosedError):
        publisher.publish("news", "x")


def test_a_wrong_url_is_a_value_error():
    with pytest.raises(ValueError, match="nonsense"):
        Publisher("nonsense")
