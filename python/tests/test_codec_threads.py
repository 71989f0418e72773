"""Decoders that many threads share, and what they hand out."""

import contextlib
import gc
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from eventwire import Comment, DecodeError, Decoder, Event, decode

THREADS = 8
ROUNDS = 200


@pytest.fixture(autouse=True)
def switching_often() -> Iterator[None]:
    """Lets threads take turns far more often than they would, so that what can come between does."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(interval)


def in_threads(*work: Callable[[], None]) -> None:
    """Runs all of it at once; what one raises is raised here."""
    raised: list[BaseException] = []
    start = threading.Barrier(len(work))

    def run(call: Callable[[], None]):
        start.wait()
        try:
            call()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]


@pytest.mark.parametrize(
    ("size", "rounds"),
    [
        pytest.param(10, 200, id="small chunks"),
        pytest.param(70_000, 20, id="chunks that let others run"),
    ],
)
def test_whole_blocks_from_many_threads_are_each_decoded_once(size: int, rounds: int):
    decoder = Decoder(comments=True)
    seen: Counter[str] = Counter()
    lock = threading.Lock()

    def feed(number: int) -> None:
        fill = "x" * size
        for turn in range(rounds):
            block = f": c\nid: {number}-{turn}\ndata: {number}-{turn} {fill}\n\n".encode()
            items = decoder.feed(block)
            assert items[0] == Comment("c")
            assert items[1] == Event(f"{number}-{turn} {fill}", id=f"{number}-{turn}")
            with lock:
                seen[items[1].id] += len(items)

    in_threads(*(lambda number=number: feed(number) for number in range(THREADS)))
    assert len(seen) == THREADS * rounds
    assert set(seen.values()) == {2}
    assert decoder.last_event_id in seen


def test_what_a_decoder_says_is_whole_while_others_feed_it():
    decoder = Decoder()
    ids = {"a" * 1000, "é" * 1000, "😀" * 1000}
    done = threading.Event()

    def feed(id: str, time: int) -> None:
        for _ in range(ROUNDS):
            decoder.feed(f"retry: {time}\nid: {id}\ndata: x\n\n".encode())

    def read() -> None:
        while not done.is_set():
            assert decoder.last_event_id in ids | {""}
            assert decoder.reconnection_time in (None, 1, 2, 3)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    in_threads(*(lambda id=id, n=n: feed(id, n) for n, id in enumerate(sorted(ids), start=1)))
    done.set()
    for reader in readers:
        reader.join()
    assert decoder.last_event_id in ids


def test_a_reset_from_another_thread_leaves_only_whole_events():
    decoder = Decoder(max_event=50)

    def feed() -> None:
        for _ in range(ROUNDS):
            for chunk in (b"data: ab", b"cd\n", b"\n", b"data: " + b"x" * 60 + b"\n\n"):
                # A block that others have cut into may be too large; that is the only error there is.
                with contextlib.suppress(DecodeError):
                    assert all(isinstance(event, Event) for event in decoder.feed(chunk))

    def reset() -> None:
        for _ in range(ROUNDS * 4):
            decoder.reset()

    in_threads(feed, feed, feed, reset)
    decoder.reset()
    assert decoder.feed(b"data: x\n\n") == [Event("x")]


def test_an_error_is_raised_in_every_thread_that_feeds():
    decoder = Decoder(max_line=8)
    assert decoder.feed(b"data: a\n\ndata: too long") == [Event("a")]

    def feed() -> None:
        for _ in range(ROUNDS):
            with pytest.raises(DecodeError, match="max_line = 8"):
                decoder.feed(b"data: b\n\n")

    in_threads(*[feed] * THREADS)


def test_a_bytearray_may_change_while_it_is_fed():
    buffer = bytearray(b"data: x\n\n" * 5_000)
    view = memoryview(buffer)
    done = threading.Event()

    def change() -> None:
        while not done.is_set():
            buffer[6::9] = b"y" * 5_000
            buffer[6::9] = "é".encode()[:1] * 5_000

    def feed() -> None:
        for _ in range(10):
            for chunk in (buffer, view):
                events = Decoder().feed(chunk)
                assert len(events) == 5_000
                assert {event.data for event in events} <= {"x", "y", "\ufffd"}

    changer = threading.Thread(target=change)
    changer.start()
    try:
        in_threads(feed, feed)
    finally:
        done.set()
        changer.join()


def test_decoders_of_several_threads_know_nothing_of_each_other():
    def read(number: int) -> None:
        chunks = [f"id: {number}\n", "data: o", f"ne\ndata: {number}\n", "\n"] * ROUNDS
        events = list(decode(chunk.encode() for chunk in chunks))
        assert events == [Event(f"one\n{number}", id=str(number))] * ROUNDS

    in_threads(*(lambda number=number: read(number) for number in range(THREADS)))


def test_events_outlive_their_chunk_and_their_decoder():
    chunk = bytearray("id: ï\nevent: é\ndata: €\n\n: ü\n".encode())
    decoder = Decoder(comments=True)
    event, comment = decoder.feed(chunk)
    decoder.feed(b"id: 2\nevent: f\ndata: x\n\n")
    chunk[:] = b"\0" * len(chunk)
    del decoder, chunk
    gc.collect()
    assert event == Event("€", event="é", id="ï")
    assert comment == Comment("ü")


def test_a_decoder_cannot_be_changed_but_by_its_methods():
    decoder = Decoder()
    for name in ("last_event_id", "reconnection_time", "feed", "more"):
        with pytest.raises(AttributeError):
            setattr(decoder, name, 1)


@pytest.mark.parametrize(
    ("options", "stream", "limit", "max"),
    [
        ({"max_line": 8}, b"data: too long", "line", 8),
        ({"max_line": 8}, b": a comment", "line", 8),
        ({"max_event": 3}, b"data: four", "event", 3),
        ({"max_event": 3}, b"data: 1\ndata: 2\ndata:", "event", 3),
        ({"max_event": 3}, b"id: 1234", "event", 3),
        ({}, b"data: " + b"x" * 16 * 1024 * 1024, "line", 16 * 1024 * 1024),
    ],
)
def test_a_limit_names_itself_and_its_size(options: dict, stream: bytes, limit: str, max: int):
    decoder = Decoder(**options)
    *chunks, last = [stream[at : at + (1 << 16)] for at in range(0, len(stream), 1 << 16)]
    assert [decoder.feed(chunk) for chunk in chunks] == [[]] * len(chunks)
    with pytest.raises(DecodeError, match=f"max_{limit} = {max} bytes") as caught:
        decoder.feed(last)
    assert (caught.value.limit, caught.value.max) == (limit, max)
