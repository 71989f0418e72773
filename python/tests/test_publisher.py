"""Publishing to a hub that runs elsewhere."""

import asyncio
import json
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import eventwire
import pytest
from eventwire import (
    APublisher,
    ClosedError,
    ConnectError,
    Event,
    EventwireError,
    Publisher,
    PublishError,
    RetryPolicy,
    StatusError,
    StreamTimeoutError,
)
from scripted import holds, resets_after, sends

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


def test_several_are_published_in_one_go(hub, server):
    with hub.subscribe("a", "b") as subscription, Publisher(server.url) as publisher:
        ids = publisher.publish_many(
            [
                {"topic": "a", "data": "x", "event": "e", "key": "k"},
                {"topic": ["a", "b"], "json": {"n": 1}},
            ]
        )
        assert next(subscription) == Event("x", event="e", id=ids[0])
        assert next(subscription) == Event('{"n":1}', id=ids[1])
        assert publisher.publish_many([]) == []
        with pytest.raises(StatusError, match="index 1") as refused:
            publisher.publish_many({"topic": topic, "data": "x"} for topic in ("a", "*", "b"))
    assert (refused.value.status, refused.value.index) == (400, 1)
    assert refused.value.outcome == "not_stored"
    assert hub.stats().published == 2


def test_what_is_no_publication_is_named(server):
    with Publisher(server.url) as publisher:
        for wrong, says in [
            ({"topic": "a"}, "index 1: there is nothing to publish"),
            ({"topic": "a", "data": b"x"}, "index 1: data must be str, not bytes"),
            ({"data": "x"}, "index 1 has no topic"),
            ({"topic": "a", "data": "x", "id": "1"}, "index 1 has no 'id'"),
            ("a", "index 1 must be a dictionary"),
        ]:
            with pytest.raises(TypeError, match=says):
                publisher.publish_many([{"topic": "a", "data": "x"}, wrong])  # type: ignore[list-item]


def test_threads_share_requests_and_each_has_its_own_answer(hub, server):
    with Publisher(server.url) as publisher, ThreadPoolExecutor(16) as threads:
        publisher.publish("news", "0", key="k")

        def publish(number):
            try:
                return publisher.publish("news", str(number), key="k" if number % 10 == 0 else None)
            except StatusError as error:
                return error.status

        answers = list(threads.map(publish, range(200)))
    assert answers.count(409) == 19
    ids = {answer for answer in answers if answer != 409}
    assert len(ids) == 181
    assert hub.stats().published == 181


def test_calls_of_one_batch_have_their_own_errors(run, hub, server):
    async def main():
        async with APublisher(server.url) as publisher:
            topics = ["a", "b", "*", "c", "", "d"]
            answers = await asyncio.gather(
                *(publisher.publish(topic, "x") for topic in topics), return_exceptions=True
            )
            failed = [isinstance(answer, StatusError) for answer in answers]
            assert failed == [False, False, True, False, True, False]
            ids = await publisher.publish_many({"topic": "a", "data": str(n)} for n in range(3))
            assert [id.rsplit("-")[-1] for id in ids] == ["5", "6", "7"]

    run(main())


class Gateway(BaseHTTPRequestHandler):
    """What stands before a hub, and refuses every request in which it finds something that it dislikes."""

    def do_POST(self):
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        events = given if isinstance(given, list) else [given]
        self.server.counts.append(len(events))
        if any(event["data"] == "disliked" for event in events):
            self.answer(403, b"<html>")
        else:
            ids = [event["data"] for event in events]
            answer = {"ids": ids} if isinstance(given, list) else {"id": ids[0]}
            self.answer(200, json.dumps(answer).encode())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_refusal_that_names_nobody_is_only_for_the_call_that_is_refused_alone(run):
    async def main(url):
        async with APublisher(url) as publisher:
            datas = [str(number) if number != 17 else "disliked" for number in range(40)]
            publishing = (publisher.publish("a", data) for data in datas)
            return datas, await asyncio.gather(*publishing, return_exceptions=True)

    with ThreadingHTTPServer(("127.0.0.1", 0), Gateway) as gateway:
        gateway.counts = []
        thread = threading.Thread(target=gateway.serve_forever)
        thread.start()
        try:
            datas, answers = run(main(f"http://127.0.0.1:{gateway.server_port}"))
        finally:
            gateway.shutdown()
            thread.join()
    refused = answers.pop(17)
    assert isinstance(refused, StatusError)
    assert (refused.status, refused.outcome) == (403, "not_stored")
    assert answers == [data for data in datas if data != "disliked"]
    assert max(gateway.counts) > 1


def test_an_error_says_whether_the_event_was_stored(scripted):
    server = scripted(resets_after(head=b""))
    with Publisher(server.url, retry=NEVER) as publisher:
        with pytest.raises(ConnectError) as error:
            publisher.publish("news", "x")
        assert error.value.outcome == "unknown"
    with Publisher("http://127.0.0.1:1", retry=NEVER) as publisher:
        with pytest.raises(ConnectError) as error:
            publisher.publish("news", "x")
        assert error.value.outcome == "not_stored"


def test_flush_and_close_wait_for_what_other_threads_publish(hub, server):
    publisher = Publisher(server.url)
    publisher.flush()
    with ThreadPoolExecutor(8) as threads:
        publishing = [threads.submit(publisher.publish, "news", str(n)) for n in range(100)]
        for one in publishing[:50]:
            one.result()
        publisher.flush()
        assert publisher.close() is True
        stored = [one for one in publishing if one.exception() is None]
    # What came after the end was not sent, and says so.
    for one in publishing:
        error = one.exception()
        assert error is None or error.outcome == "not_stored"
    assert hub.stats().published == len(stored) >= 50
    assert publisher.close() is True


def test_close_gives_up_after_its_time(scripted):
    server = scripted(holds(head=b""))
    publisher = Publisher(server.url)
    with ThreadPoolExecutor(1) as threads:
        publishing = threads.submit(publisher.publish, "news", "x")
        while not server.requests:
            threading.Event().wait(0.005)
        assert publisher.close(timeout=0) is False
        with pytest.raises(ClosedError) as error:
            publishing.result()
    assert error.value.outcome == "unknown"


def test_closed_on_a_loop_what_was_published_goes_out(run, hub, server):
    async def main():
        publisher = APublisher(server.url)
        publishing = [asyncio.ensure_future(publisher.publish("x", str(n))) for n in range(100)]
        await asyncio.sleep(0)
        assert await publisher.aclose() is True
        assert len(set(await asyncio.gather(*publishing))) == 100
        with pytest.raises(ClosedError):
            await publisher.publish("x", "x")
        await publisher.flush()

    before = hub.stats().published
    run(main())
    assert hub.stats().published == before + 100


def test_cancelled_it_is_sent_anyway(run, hub, server):
    async def main():
        async with APublisher(server.url) as publisher:
            publishing = [asyncio.ensure_future(publisher.publish("x", "x")) for _ in range(50)]
            await asyncio.sleep(0)
            for one in publishing:
                one.cancel()
            await publisher.flush()
            assert hub.stats().published % 50 == 0

    run(main())
    assert hub.stats().published == 50


def test_how_long_an_attempt_may_take_is_said():
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with (
        listener,
        Publisher(url, retry=None, timeout=0.05, connect_timeout=5.0) as publisher,
        pytest.raises(StreamTimeoutError, match="within 50ms") as caught,
    ):
        publisher.publish("news", "x")
    assert caught.value.outcome == "unknown"
    for wrong in ("timeout", "connect_timeout"):
        with pytest.raises(ValueError, match=f"{wrong} is -1"):
            Publisher(url, **{wrong: -1.0})


def test_a_deadline_is_kept_by_a_hub_that_is_silent():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with (
            Publisher(url, retry=RetryPolicy(deadline=0.1), timeout=3600.0) as publisher,
            pytest.raises(StreamTimeoutError, match="100ms after the call") as caught,
        ):
            publisher.publish("news", "x")
    assert caught.value.outcome == "unknown"


def test_an_event_that_is_too_large_is_refused_with_both_figures():
    with eventwire.Hub(max_event=100) as hub, hub.serve("127.0.0.1:0") as server:
        with pytest.raises(PublishError, match=r"has 233 bytes.*100 .*max_event"):
            hub.publish("news", "x" * 200)
        with (
            Publisher(server.url) as publisher,
            pytest.raises(StatusError, match=r"has 233 bytes.*100 .*max_event") as caught,
        ):
            publisher.publish("news", "x" * 200)
        assert (caught.value.status, caught.value.outcome) == (413, "not_stored")


def test_a_body_that_is_too_large_is_refused_at_the_first_attempt(server):
    with Publisher(server.url) as publisher:
        for size in (17_000_000, 40_000_000):
            with pytest.raises(StatusError) as caught:
                publisher.publish("news", "x" * size)
            assert (caught.value.status, caught.value.outcome) == (413, "not_stored")
            assert caught.value.attempt == 1
