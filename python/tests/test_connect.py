"""Subscribing without an event loop."""

import threading

import eventwire
import pytest
from eventwire import Closed, Comment, Event, Opened, Reconnecting, Reset, RetryPolicy, connect
from scripted import HEAD, holds, resets_after, sends

AT_ONCE = RetryPolicy(base=0, min=0)
NEVER_BY_ITSELF = RetryPolicy(min=3600, max=3600)


def test_events_come_in_order(hub, news):
    ids = [hub.publish("news", str(number), event="tick") for number in range(500)]
    with connect(news) as stream:
        got = [next(stream) for _ in ids]
    assert got == [Event(str(number), event="tick", id=id) for number, id in enumerate(ids)]


def test_a_stream_is_its_own_iterator_and_opens_at_the_first_next(hub, news):
    hub.publish("news", "x")
    stream = connect(news)
    assert iter(stream) is stream
    assert (stream.state, stream.response, stream.url) == ("connecting", None, news)
    assert hub.stats().subscribers == 0
    assert next(stream).data == "x"
    assert stream.state == "open"
    assert stream.response.status == 200
    assert stream.response.headers["Content-Type"] == "text/event-stream"
    stream.close()
    assert stream.state == "closed"
    assert list(stream) == []


def test_close_in_another_thread_ends_a_waiting_reader(scripted):
    server = scripted(holds(b": here\n\n"))
    stream = connect(server.url)
    waits = threading.Event()

    def close():
        waits.wait()
        stream.close()

    closer = threading.Thread(target=close)
    closer.start()
    for item in stream.items():
        if item == Comment("here"):
            waits.set()
    closer.join()
    assert stream.state == "closed"
    # The connection is given up too.
    server.ended.acquire()


def test_restart_in_another_thread_connects_again_after_the_last_event(scripted):
    server = scripted(holds(b"id: 1\ndata: one\n\n"), holds(b"id: 2\ndata: two\n\n"))
    stream = connect(server.url, retry=NEVER_BY_ITSELF)
    stream.restart()
    waits = threading.Event()

    def restart():
        waits.wait()
        stream.restart()

    restarter = threading.Thread(target=restart)
    restarter.start()
    told = []
    for item in stream.items():
        told.append(item.data if isinstance(item, Event) else type(item))
        if told[-1] == "one":
            # Not before: what has not come when the connection is dropped comes never.
            waits.set()
        if len(told) == 4:
            break
    restarter.join()
    # The connection before is given up, not left to the server.
    server.ended.acquire()
    stream.close()
    stream.restart()
    assert told == [Opened, "one", Opened, "two"]
    assert "last-event-id: 1" in server.requests[1].lower()
    assert stream.state == "closed"


def test_nothing_is_delivered_after_close(hub, news):
    for number in range(100):
        hub.publish("news", str(number))
    stream = connect(news)
    for event in stream:
        if event.data == "9":
            stream.close()
    assert event.data == "9"


def test_close_before_the_first_event_sends_nothing(scripted):
    server = scripted(sends(b"data: x\n\n"))
    stream = connect(server.url)
    stream.close()
    assert list(stream) == []
    assert server.requests == []


def test_a_connection_that_is_cut_inside_a_frame_resumes(scripted):
    server = scripted(
        resets_after(b"id: 1\ndata: one\n\nid: 2\ndata: tw"),
        sends(b"id: 2\ndata: two\n\n"),
        sends(b"", head=b"HTTP/1.1 204 No Content\r\n\r\n"),
    )
    with connect(server.url, retry=AT_ONCE) as stream:
        items = list(stream.items())
    events = [item for item in items if isinstance(item, Event)]
    assert events == [Event("one", id="1"), Event("two", id="2")]
    assert ["last-event-id: 1" in head.lower() for head in server.requests] == [False, True, False]
    assert [type(item) for item in items if not isinstance(item, Event)] == [
        Opened,
        Reconnecting,
        Opened,
        Reconnecting,
        Closed,
    ]
    lost = next(item for item in items if isinstance(item, Reconnecting))
    assert isinstance(lost.reason, eventwire.ConnectError)


def test_iteration_ends_after_a_clean_end_without_retry(scripted):
    server = scripted(sends(b"data: one\n\ndata: two\n\ndata: cut off"))
    assert list(connect(server.url, retry=None)) == [Event("one"), Event("two")]


def test_items_tell_all_that_happens(scripted):
    server = scripted(sends(b": hi\n\ndata: x\n\n"))
    items = list(connect(server.url, retry=None).items())
    assert isinstance(items[0], Opened)
    assert items[0].status == 200
    assert items[0].headers["content-type"] == "text/event-stream"
    assert items[1:3] == [Comment("hi"), Event("x")]
    assert isinstance(items[-1], Closed)
    assert items[-1].error is None


def test_a_reset_is_an_event_in_plain_iteration_and_a_reset_in_items(hub, news):
    hub.publish("news", "x")
    with connect(news, last_event_id="elsewhere-5") as stream:
        event = next(stream)
        assert event.event == "eventwire.reset"
        assert event.json()["requested"] == "elsewhere-5"
        assert next(stream).data == "x"
    with connect(news, last_event_id="elsewhere-5") as stream:
        reset = next(item for item in stream.items() if not isinstance(item, Opened))
        assert isinstance(reset, Reset)
        assert reset.event == event
        assert reset.requested == "elsewhere-5"
        assert reset.reason == event.json()["reason"]
        assert (stream.last_event_id, reset.id) == (event.id, event.id)


def test_last_event_id_is_that_of_what_was_handed_out(hub, news):
    ids = [hub.publish("news", str(number)) for number in range(3)]
    with connect(news) as stream:
        for id in ids:
            next(stream)
            assert stream.last_event_id == id
    assert connect(news, last_event_id="x-1").last_event_id == "x-1"


def test_what_the_request_is_made_of(scripted):
    server = scripted(sends(b"data: x\n\n"))
    url = server.url + "?a=1#fragment"
    headers = [("X-One", "1"), ("X-One", "2")]
    stream = connect(
        url,
        method="POST",
        headers=headers,
        params={"b": ["2", "ü"]},
        json={"q": "ü"},
        last_event_id="ü",
        retry=None,
    )
    assert next(stream).data == "x"
    head, _, body = server.requests[0].partition("\r\n\r\n")
    assert head.startswith("POST /stream?a=1&b=2&b=%C3%BC HTTP/1.1\r\n")
    lines = head.lower().split("\r\n")
    assert {"x-one: 1", "x-one: 2", "content-type: application/json", "last-event-id: ü"} <= set(
        lines
    )
    assert {"accept: text/event-stream", "cache-control: no-cache"} <= set(lines)
    assert body == '{"q":"ü"}'


@pytest.mark.parametrize(
    ("given", "content_type", "body"),
    [
        ({"data": {"a": "1", "b": "x y"}}, "application/x-www-form-urlencoded", "a=1&b=x+y"),
        ({"content": "ü"}, None, "ü"),
        ({"content": b"raw", "headers": {"content-type": "text/x"}}, "text/x", "raw"),
        ({"json": [], "headers": {"Content-Type": "text/json"}}, "text/json", "[]"),
    ],
)
def test_bodies(scripted, given, content_type, body):
    server = scripted(sends(b"data: x\n\n"))
    next(connect(server.url, method="POST", retry=None, **given))
    head, _, sent = server.requests[0].partition("\r\n\r\n")
    found = [
        line.split(": ")[1]
        for line in head.split("\r\n")
        if line.lower().startswith("content-type")
    ]
    assert (found, sent) == ([content_type] if content_type else [], body)


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "nonsense"},
        {"url": "ftp://x/"},
        {"method": "NO METHOD"},
        {"headers": {"a b": "c"}},
        {"headers": {"a": "b\r\nc: d"}},
        {"connect_timeout": -1},
        {"idle_timeout": float("nan")},
        {"max_event": -1},
        {"retry": RetryPolicy(base=-1)},
    ],
)
def test_a_wrong_argument_is_a_value_error(wrong):
    with pytest.raises(ValueError, match=r".+"):
        connect(**{"url": "http://127.0.0.1:1/", **wrong})


@pytest.mark.parametrize(
    "wrong",
    [{"url": 1}, {"retry": 5}, {"json": 1, "content": "x"}, {"headers": {"a": 1}}, {"cookies": 5}],
)
def test_an_argument_of_a_wrong_type_is_a_type_error(wrong):
    with pytest.raises((TypeError, AttributeError)):
        connect(**{"url": "http://127.0.0.1:1/", **wrong})


def test_a_small_mailbox_loses_nothing(hub, news):
    data = "x" * 10_000
    for _ in range(200):
        hub.publish("news", data)
    with connect(news, mailbox=1000) as stream:
        assert [next(stream).data for _ in range(200)] == [data] * 200


def test_an_event_larger_than_the_mailbox_arrives(scripted):
    server = scripted(sends(b"data: " + b"x" * 3_000_000 + b"\n\n"))
    assert len(next(connect(server.url, retry=None)).data) == 3_000_000


def test_redirects_are_followed_unless_told_otherwise(scripted):
    target = scripted(sends(b"data: x\n\n"))
    away = scripted(
        sends(
            head=f"HTTP/1.1 307 Elsewhere\r\nLocation: {target.url}\r\nContent-Length: 0\r\n\r\n".encode()
        )
    )
    assert next(connect(away.url, retry=None)).data == "x"
    with pytest.raises(eventwire.StatusError) as caught:
        next(connect(away.url, retry=None, follow_redirects=False))
    assert caught.value.status == 307


def test_bytes_in_any_pieces(scripted):
    text = HEAD + "data: zwölf\ndata: 🎈\n\n".encode()
    server = scripted(sends(*(text[at : at + 1] for at in range(len(text))), head=b""))
    assert list(connect(server.url, retry=None)) == [Event("zwölf\n🎈")]
