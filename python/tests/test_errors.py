"""Each way of failing is one clear error, in both kinds of stream, and never a hang."""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys

import eventwire
import pytest
from eventwire import (
    ConnectError,
    ContentTypeError,
    DecodeError,
    EventwireError,
    RetryPolicy,
    StatusError,
    StreamTimeoutError,
)
from scripted import HEAD, holds, resets_after, sends

ONCE = RetryPolicy(base=0, min=0, attempts=1)


def by_sync(url, **options):
    with eventwire.connect(url, **options) as stream:
        return list(stream)


def by_async(url, **options):
    async def main():
        async with eventwire.aconnect(url, **options) as stream:
            return [event async for event in stream]

    return asyncio.run(main())


@pytest.fixture(params=[by_sync, by_async], ids=["sync", "async"])
def read(request):
    return request.param


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_a_refused_port(read):
    url = f"http://127.0.0.1:{free_port()}/stream"
    with pytest.raises(ConnectError, match="refused") as caught:
        read(url, retry=ONCE)
    assert caught.value.url == url
    assert caught.value.attempt >= 1


def test_a_name_that_does_not_exist(read):
    with pytest.raises(ConnectError, match="no-such-host"):
        read("http://no-such-host.invalid/stream", retry=None)


def test_a_404_says_what_the_server_said(read, scripted):
    head = b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nX-Why: gone\r\nContent-Length: 7\r\n\r\nno such"
    server = scripted(sends(head=head))
    with pytest.raises(StatusError, match="404") as caught:
        read(server.url)
    error = caught.value
    assert (error.status, error.headers["x-why"], error.body) == (404, "gone", "no such")
    assert len(server.requests) == 1, "a 404 is not tried again"


def test_a_wrong_content_type(read, scripted):
    server = scripted(
        sends(head=b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n")
    )
    with pytest.raises(ContentTypeError, match="text/html"):
        read(server.url)
    assert len(server.requests) == 1


def test_a_server_that_speaks_no_http(read, scripted):
    server = scripted(sends(head=b"SSH-2.0-OpenSSH_9.2\r\n\x00\x01\x02"))
    with pytest.raises(ConnectError) as caught:
        read(server.url, retry=ONCE)
    assert server.url in str(caught.value)


def test_bytes_that_are_no_event_stream_give_no_event_and_an_end(read, scripted):
    server = scripted(sends(bytes(range(256)) * 100))
    assert read(server.url, retry=None) == []


def test_a_line_without_end_is_stopped_at_its_limit(read, scripted):
    server = scripted(holds(b"data: " + b"x" * 2000))
    with pytest.raises(DecodeError, match="max_line = 1000") as caught:
        read(server.url, max_line=1000)
    assert (caught.value.limit, caught.value.max) == ("line", 1000)


def test_an_event_before_the_error_is_delivered(scripted):
    server = scripted(sends(b"data: one\n\ndata: " + b"x" * 2000))
    stream = eventwire.connect(server.url, max_line=1000, retry=None)
    assert next(stream).data == "one"
    with pytest.raises(DecodeError):
        next(stream)
    assert list(stream) == [], "an error is told once, and then it is over"


def test_a_connection_that_breaks_and_is_not_to_be_made_again(read, scripted):
    server = scripted(resets_after(b"data: one\n\n"))
    with pytest.raises(ConnectError):
        read(server.url, retry=None)


def test_a_server_that_is_killed(read):
    code = (
        "import eventwire, time\n"
        "hub = eventwire.Hub()\n"
        "server = hub.serve('127.0.0.1:0')\n"
        "hub.publish('news', 'x')\n"
        "print(server.url, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as process:
        url = process.stdout.readline().strip()
        with eventwire.connect(f"{url}/events?topic=news&start=earliest", retry=ONCE) as stream:
            assert next(stream).data == "x"
            process.send_signal(signal.SIGKILL)
            process.wait()
            with pytest.raises(ConnectError):
                next(stream)
    with pytest.raises(ConnectError, match="refused"):
        read(f"{url}/events?topic=news", retry=ONCE)


@pytest.mark.parametrize("clock", ["idle", "event"])
def test_a_stream_that_falls_silent(read, scripted, clock):
    server = scripted(holds(b": here\n\n"))
    with pytest.raises(StreamTimeoutError) as caught:
        read(server.url, retry=None, **{f"{clock}_timeout": 0.2})
    assert caught.value.clock == clock
    assert isinstance(caught.value, TimeoutError)


def test_a_connection_that_does_not_come_about(read):
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        # Nobody accepts: these fill the queue, and who comes later is kept waiting.
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/stream"
        with pytest.raises(StreamTimeoutError) as caught:
            read(url, retry=None, connect_timeout=0.2)
    assert caught.value.clock == "connect"


def test_the_last_item_says_how_it_ended(scripted):
    server = scripted(sends(head=b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n"))
    items = []
    with pytest.raises(StatusError) as caught:
        items.extend(eventwire.connect(server.url, retry=None).items())
    stream = eventwire.connect(server.url, retry=None)
    items = stream.items()
    closed = next(item for item in items if isinstance(item, eventwire.Closed))
    assert isinstance(closed.error, StatusError)
    assert str(closed.error) == str(caught.value)
    with pytest.raises(StatusError):
        next(items)


def test_server_errors_are_tried_again(scripted):
    server = scripted(
        sends(head=b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n"),
        sends(b"data: x\n\n", head=HEAD),
    )
    with eventwire.connect(server.url, retry=RetryPolicy(base=0, min=0)) as stream:
        items = stream.items()
        lost = next(items)
        assert isinstance(lost, eventwire.Reconnecting)
        assert lost.reason.status == 503
        assert next(stream).data == "x"


def test_no_error_but_ours():
    assert all(
        issubclass(getattr(eventwire, name), EventwireError)
        for name in eventwire.__all__
        if name.endswith("Error")
    )
