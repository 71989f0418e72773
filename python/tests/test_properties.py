"""The codec against the oracle, on random streams in random chunks; and the encoder against the decoder."""

import asyncio
import os
from collections.abc import Iterator

import pytest
from eventwire import Comment, DecodeError, Decoder, EncodeError, Event, adecode, decode, encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import BOM, MAX_RETRY, Told, oracle

UNLIMITED = 16 * 1024 * 1024
# More of them for who wants more, as in Rust.
STREAMS = int(os.environ.get("EVENTWIRE_STREAMS", "200"))

# The same examples in every run, nothing written beside the tests, and no clock: so none of them can flake.
codec = settings(
    max_examples=STREAMS,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
# A test of many examples may take longer than a test may usually take.
pytestmark = pytest.mark.timeout(120 + STREAMS // 5)

# What streams are made of, so that random ones say something: whole lines, and pieces of lines.
ENDS = st.sampled_from([b"\n", b"\r", b"\r\n", b"\n\n", b"\r\r", b"\n\r", b"\r\n\r\n"])
NAMES = st.sampled_from(
    [b"data", b"id", b"event", b"retry", b"data", b"id", b"", b"foo", b"dat", b"DATA"]
)
COLONS = st.sampled_from([b":", b": ", b":  ", b":\t", b""])
TEXTS = st.sampled_from(
    ["é", "€", "😀", "\u2028", "\x85", "\x0b", "\x1c", "\0", "\0", "5", "+5", "a"]
)
INVALID = st.sampled_from([BOM, b"\xef\xbb", b"\xf0\x9f", b"\xe2", b"\xc0\xaf", b"\xed\xa0\x80"])
NUMBERS = st.integers(0, 10**25).map(lambda number: b"%d" % number)
VALUES = st.lists(TEXTS.map(str.encode) | INVALID | NUMBERS, max_size=3).map(b"".join)
RETRIES = st.sampled_from(["5", "+5", "\u0665", "5x", "", " 5", "0x5", "1_0"]).map(
    lambda value: f"\nretry: {value}\n".encode()
)
LINES = st.tuples(NAMES, COLONS, VALUES, ENDS).map(b"".join) | RETRIES
STREAM = st.tuples(
    st.sampled_from([b"", b"", BOM, BOM + BOM, b"\xef\xbb"]),
    st.lists(LINES | LINES | NAMES | COLONS | VALUES | ENDS | st.binary(max_size=5), max_size=16),
).map(lambda parts: parts[0] + b"".join(parts[1]))
# Where to cut, as parts of the whole.
CUTS = st.lists(st.floats(0, 1), max_size=8)
LIMIT = st.integers(1, 40)

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
# Line ends, fields and whole events, to be smuggled in.
HOSTILE = st.lists(
    st.sampled_from(
        ["\n", "\r", "\r\n", "data: x", "id: 9", "event: e", "retry: 9", ":", " ", "a", "\0"]
    )
    | st.sampled_from(["\u2028", "\x85", "\x0b", "\ufeff", "é", "\n\ndata: y\n\n"]),
    max_size=6,
).map("".join)


@codec
@given(STREAM, CUTS, st.sampled_from(["", "41", "…"]))
def test_the_decoder_does_what_the_standard_says(stream: bytes, cuts: list[float], seed: str):
    expected = oracle(stream, last_event_id=seed, max_line=UNLIMITED, max_event=UNLIMITED)
    decoder = Decoder(comments=True, last_event_id=seed)
    assert told(decoder, chunks(stream, cuts)) == expected


@codec
@given(STREAM, CUTS, LIMIT, LIMIT)
def test_limits_are_hit_at_the_same_byte_for_every_chunking(
    stream: bytes, cuts: list[float], max_line: int, max_event: int
):
    expected = oracle(stream, max_line=max_line, max_event=max_event)
    decoder = Decoder(comments=True, max_line=max_line, max_event=max_event)
    assert told(decoder, chunks(stream, cuts)) == expected


@codec
@given(st.lists(STREAM, min_size=2, max_size=4), CUTS, LIMIT)
def test_a_reset_keeps_the_id_and_the_reconnection_time_alone(
    streams: list[bytes], cuts: list[float], max_event: int
):
    decoder = Decoder(comments=True, max_event=max_event)
    last_event_id, reconnection_time = "", None
    for stream in streams:
        decoder.reset()
        expected = oracle(
            stream, last_event_id=last_event_id, max_line=UNLIMITED, max_event=max_event
        )
        if expected.reconnection_time is None:
            expected.reconnection_time = reconnection_time
        assert told(decoder, chunks(stream, cuts)) == expected
        last_event_id, reconnection_time = expected.last_event_id, expected.reconnection_time


@codec
@given(STREAM, CUTS)
def test_decode_and_adecode_are_the_same(stream: bytes, cuts: list[float]):
    items = oracle(stream, max_line=UNLIMITED, max_event=UNLIMITED).items
    expected = [Event(data, event=event, id=id) for event, data, id in of_length(items, 3)]
    assert list(decode(chunks(stream, cuts))) == expected

    async def read() -> list[Event]:
        async def source():
            for chunk in chunks(stream, cuts):
                yield chunk

        return [event async for event in adecode(source())]

    assert asyncio.run(read()) == expected


@codec
@given(st.binary(max_size=300), CUTS, st.sampled_from([1, 7, UNLIMITED]))
def test_no_bytes_do_any_harm(stream: bytes, cuts: list[float], limit: int):
    decoder = Decoder(comments=True, max_line=limit, max_event=limit)
    got = told(decoder, chunks(stream, cuts))
    assert got == oracle(stream, max_line=limit, max_event=limit)


@codec
@given(
    st.lists(st.tuples(TEXT, TEXT, TEXT, st.none() | st.integers(0, MAX_RETRY)), max_size=5), CUTS
)
def test_what_is_encoded_comes_back(
    sent: list[tuple[str, str, str, int | None]], cuts: list[float]
):
    stream = b""
    expected = Told()
    for data, event, id, retry in sent:
        event, id = (
            value.translate({0: None, 10: None, 13: None})  # what is refused: see below
            for value in (event, id)
        )
        stream += Event(data, event=event or "message", id=id, retry=retry).encode()
        # An id that an event does not have is not written, so it is the one before.
        expected.last_event_id = id or expected.last_event_id
        expected.items.append((event or "message", lines(data), expected.last_event_id))
        expected.reconnection_time = expected.reconnection_time if retry is None else retry
    assert told(Decoder(comments=True), chunks(stream, cuts)) == expected


@codec
@given(
    st.fixed_dictionaries(
        {}, optional={name: HOSTILE for name in ("data", "event", "id", "comment")}
    )
)
def test_nothing_can_be_injected(block: dict[str, str]):
    bad = [name for name in ("id", "event") if set(block.get(name, "")) & set("\0\r\n")]
    if bad or not block or ("event" in block and "data" not in block):
        with pytest.raises(EncodeError) as caught:
            encode(**block)
        assert caught.value.field == (bad[0] if bad else "event" if block else "block")
        return
    # Exactly the block, whatever is in it: one event where there is data, one comment for each line of it.
    expected = Told(last_event_id=block.get("id", ""))
    if "comment" in block:
        expected.items += [(line,) for line in lines(block["comment"]).split("\n")]
    if "data" in block:
        event = block.get("event") or "message"
        expected.items.append((event, lines(block["data"]), expected.last_event_id))
    assert told(Decoder(comments=True), [encode(**block)]) == expected


def lines(text: str) -> str:
    """Line ends as they come back."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def chunks(stream: bytes, cuts: list[float]) -> Iterator[bytes]:
    ends = [*sorted(round(cut * len(stream)) for cut in cuts), len(stream)]
    for start, end in zip([0, *ends], ends, strict=False):
        yield stream[start:end]


def told(decoder: Decoder, chunks: Iterator[bytes] | list[bytes]) -> Told:
    got = Told()
    try:
        for chunk in [*chunks, b""]:
            for item in decoder.feed(chunk):
                if isinstance(item, Comment):
                    got.items.append((item.text,))
                else:
                    got.items.append((item.event, item.data, item.id))
    except DecodeError as error:
        got.limit = error.limit
    got.last_event_id = decoder.last_event_id
    got.reconnection_time = decoder.reconnection_time
    return got


def of_length(items: list[tuple[str, ...]], length: int) -> list[tuple[str, ...]]:
    return [item for item in items if len(item) == length]
