"""Going on in another stream, by what was acknowledged, and by a cursor file."""

import contextlib
import json
import shutil
import signal
import subprocess
import sys
import threading

import pytest
from eventwire import (
    AsyncEventStream,
    ClosedError,
    CursorError,
    Event,
    EventStream,
    Opened,
    RetryPolicy,
    aconnect,
    connect,
)
from scripted import holds, sends
from waiting import until

THREE = b"id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n"


def saved(path):
    return json.loads(path.read_text())["last_event_id"]


def test_by_hand_the_place_is_what_was_acknowledged_last(scripted):
    with connect(scripted(holds(THREE)).url, ack="manual", last_event_id="0") as stream:
        a, b = next(stream), next(stream)
        assert stream.last_event_id == "0"
        stream.ack(b)
        assert stream.last_event_id == "2"
        stream.ack(a)
        assert stream.last_event_id == "1"
        thread = threading.Thread(target=stream.ack, args=(b,))
        thread.start()
        thread.join()
        assert stream.last_event_id == "2"


def test_a_stream_that_acknowledges_by_itself_cannot_be_told(scripted):
    with connect(scripted(holds(THREE)).url) as stream:
        event = next(stream)
        with pytest.raises(ValueError, match="ack=manual"):
            stream.ack(event)
    with pytest.raises(ValueError, match='give "auto" or "manual"'):
        connect("http://127.0.0.1:9/", ack="never")


def test_a_reset_can_be_acknowledged(scripted):
    reset = b'id: e-4\nevent: eventwire.reset\ndata: {"reason": "evicted"}\n\n'
    with connect(scripted(holds(reset)).url, ack="manual") as stream:
        items = stream.items()
        next(items)
        stream.ack(next(items))
        assert stream.last_event_id == "e-4"


def test_a_reconnect_goes_on_after_what_was_received_whatever_was_acknowledged(scripted):
    server = scripted(sends(b"id: 1\ndata: a\n\n"), holds(b"id: 2\ndata: b\n\n"))
    retry = RetryPolicy(base=0, min=0)
    with connect(server.url, retry=retry, ack="manual") as stream:
        assert [next(stream).data for _ in range(2)] == ["a", "b"]
        assert stream.last_event_id == ""
    assert "last-event-id: 1\r\n" in server.requests[1].lower()


def test_another_stream_goes_on_after_what_was_handed_out(scripted, tmp_path):
    path = tmp_path / "place.cursor"
    server = scripted(holds(THREE), holds(b"id: 3\ndata: c\n\n"))
    with connect(server.url, cursor_file=path) as stream:
        assert [next(stream).data for _ in range(2)] == ["a", "b"]
        assert stream.last_event_id == "2"
    assert saved(path) == "2"
    with connect(server.url, cursor_file=str(path), last_event_id="x") as stream:
        assert stream.last_event_id == "2"
        assert next(stream).data == "c"
    assert "last-event-id: 2\r\n" in server.requests[1].lower()
    assert saved(path) == "3"


def test_on_a_loop_too(run, scripted, tmp_path):
    path = tmp_path / "place.cursor"
    server = scripted(holds(THREE), holds(b"id: 2\ndata: b\n\n"))

    async def main():
        async with aconnect(server.url, ack="manual", cursor_file=path) as stream:
            a, _ = await anext(stream), await anext(stream)
            stream.ack(a)
            assert stream.last_event_id == "1"
        assert saved(path) == "1"
        async with aconnect(server.url, ack="manual", cursor_file=path) as stream:
            assert (await anext(stream)).data == "b"
        assert "last-event-id: 1\r\n" in server.requests[1].lower()

    run(main())


@pytest.mark.parametrize("make", [connect, aconnect])
def test_the_file_is_up_to_date_when_the_stream_has_ended(run, scripted, tmp_path, make):
    path = tmp_path / "place.cursor"
    sent = b"".join(b"id: %d\ndata: x\n\n" % number for number in range(5000))
    stream = make(scripted(sends(sent)).url, retry=None, cursor_file=path)

    async def main():
        count = len(list(stream)) if isinstance(stream, EventStream) else 0
        if isinstance(stream, AsyncEventStream):
            count = len([event async for event in stream])
        assert (count, saved(path)) == (5000, "4999")

    run(main())


def test_where_the_stream_begins_is_a_place_too(hub, news, tmp_path):
    path = tmp_path / "place.cursor"
    start = hub.stats().last_event_id
    hub.publish("news", "x")
    with connect(news, ack="manual", cursor_file=path) as stream:
        assert next(stream).data == "x"
        assert stream.last_event_id == start
    assert saved(path) == start


def test_a_file_that_cannot_be_used_says_what_to_do(tmp_path):
    path = tmp_path / "place.cursor"
    path.write_text("hello")
    with pytest.raises(CursorError, match="delete it to begin anew") as caught:
        connect("http://127.0.0.1:9/", cursor_file=path)
    assert (caught.value.kind, caught.value.path) == ("CursorError", str(path))
    path.unlink()
    first = connect("http://127.0.0.1:9/", cursor_file=path)
    with pytest.raises(CursorError, match="in use by another stream"):
        connect("http://127.0.0.1:9/", cursor_file=path)
    first.close()
    connect("http://127.0.0.1:9/", cursor_file=path).close()


@pytest.mark.parametrize("ack", ["auto", "manual"])
def test_a_place_that_cannot_be_written_is_not_passed_over(scripted, tmp_path, ack):
    folder = tmp_path / "gone"
    folder.mkdir()
    server = scripted(holds(THREE))
    stream = connect(server.url, ack=ack, cursor_file=folder / "place.cursor")

    def read():
        for item in stream.items():
            if isinstance(item, Opened):
                shutil.rmtree(folder)
            elif ack == "manual" and isinstance(item, Event):
                stream.ack(item)

    with pytest.raises(CursorError, match="cannot write the cursor file"):
        read()
    assert list(stream) == []
    # It was said once.
    stream.close()


def test_a_close_says_that_the_place_could_not_be_written(scripted, tmp_path):
    folder = tmp_path / "gone"
    folder.mkdir()
    stream = connect(scripted(holds(THREE)).url, ack="manual", cursor_file=folder / "place")
    event = next(stream)
    shutil.rmtree(folder)

    def acknowledge_and_close():
        # It may be known at once, or not before the close.
        stream.ack(event)
        stream.close()

    with pytest.raises(CursorError, match="cannot write the cursor file"):
        acknowledge_and_close()
    stream.close()
    with pytest.raises(ClosedError, match="acknowledge before"):
        stream.ack(event)


FULL = """
import os, resource, sys, time, eventwire
url, path = sys.argv[1:]
stream = eventwire.connect(url, cursor_file=path)
assert next(stream).data == "a"
while not os.path.exists(path):
    time.sleep(0.001)
# No file of this process may grow beyond this, as on a full disk; Python ignores the signal.
room = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (40, room[1]))
try:
    for event in stream:
        pass
except eventwire.CursorError as error:
    assert error.path == path, error.path
    print(error)
assert list(stream) == []
stream.close()
assert sorted(os.listdir(os.path.dirname(path))) == ["place.cursor", "place.cursor.lock"]
resource.setrlimit(resource.RLIMIT_FSIZE, room)
with eventwire.connect(url, cursor_file=path) as stream:
    assert stream.last_event_id == "1"
    assert next(stream).data == "b"
"""


def test_on_a_full_disk_the_place_before_stays_and_it_goes_on_when_there_is_room(
    scripted, tmp_path
):
    path = tmp_path / "place.cursor"
    server = scripted(holds(THREE), holds(b"id: 2\ndata: b\n\n"))
    done = subprocess.run(
        [sys.executable, "-c", FULL, server.url, path],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert f"cannot write the cursor file {path}" in done.stdout
    assert "make room, and connect again" in done.stdout
    assert "last-event-id: 1\r\n" in server.requests[1].lower()
    assert saved(path) == "2"


WORKER = """
import sys, eventwire
url, cursor, done = sys.argv[1:]
with open(done, "a") as done:
    stream = eventwire.connect(url, ack="manual", cursor_file=cursor)
    for event in stream:
        print(event.data, file=done, flush=True)
        stream.ack(event)
        print(event.data, flush=True)
"""


@contextlib.contextmanager
def worker(*arguments):
    command = [sys.executable, "-c", WORKER, *map(str, arguments)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            # Also where the test has failed: it would never end by itself.
            process.kill()


def test_no_event_is_lost_over_processes_that_are_killed(hub, news, tmp_path):
    cursor, done = tmp_path / "cursor", tmp_path / "done"

    def place():
        return cursor.read_text() if cursor.exists() else None

    for life in range(10):
        for number in range(20):
            hub.publish("news", str(20 * life + number))
        before = place()
        with worker(news, cursor, done) as process:
            until(lambda before=before: place() != before)
        # In the middle of what it did, and not at an end of its own.
        assert process.returncode == -signal.SIGKILL
    # The last one may have dealt with all that there was before it was killed.
    hub.publish("news", "200")
    with worker(news, cursor, done) as process:
        until(lambda: process.stdout.readline() == "200\n")
    numbers = [int(line) for line in done.read_text().split()]
    assert list(dict.fromkeys(numbers)) == list(range(201))
    # Each went on where the one before was: the first may have saved only where the stream begins.
    assert numbers.count(0) <= 2


def test_the_end_of_a_process_saves_the_place(scripted, tmp_path):
    path = tmp_path / "place.cursor"
    code = """
import sys, eventwire
stream = eventwire.connect(sys.argv[1], cursor_file=sys.argv[2])
for event in stream:
    if event.data == "c":
        sys.exit()
"""
    subprocess.run([sys.executable, "-c", code, scripted(holds(THREE)).url, path], check=True)
    assert saved(path) == "3"


def test_a_fork_leaves_the_file_to_the_process_that_opened_it(scripted, tmp_path):
    path = tmp_path / "place.cursor"
    code = """
import os, sys, eventwire
stream = eventwire.connect(sys.argv[1], cursor_file=sys.argv[2])
assert next(stream).data == "a"
child = os.fork()
if child == 0:
    try:
        next(stream)
    except (eventwire.ClosedError, eventwire.CursorError):
        sys.exit(0)
    sys.exit(1)
assert os.waitpid(child, 0)[1] == 0
assert [next(stream).data for _ in range(2)] == ["b", "c"]
stream.close()
"""
    arguments = ["-W", "ignore::DeprecationWarning", "-c", code, scripted(holds(THREE)).url, path]
    subprocess.run([sys.executable, *arguments], check=True)
    assert saved(path) == "3"
