"""Decoder, decode, adecode and encode, beyond what the fixtures say."""

import asyncio
import threading

import eventwire
import pytest
from eventwire import Comment, DecodeError, Decoder, EncodeError, Event, adecode, decode, encode


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview], ids=lambda kind: kind.__name__)
def test_any_buffer_can_be_fed(kind: type):
    assert Decoder().feed(kind(b"data: x\n\n")) == [Event("x")]


def test_a_strided_view_can_be_fed():
    assert Decoder().feed(memoryview(b"d.a.t.a.:.x.\n.\n.")[::2]) == [Event("x")]


@pytest.mark.parametrize("wrong", ["data: x\n\n", None, 5, [100]])
def test_what_is_no_buffer_is_a_type_error(wrong: object):
    with pytest.raises(TypeError, match="bytes, bytearray or memoryview"):
        Decoder().feed(wrong)


def test_one_decoder_may_be_fed_from_several_threads():
    decoder = Decoder()
    # Large enough that other threads run meanwhile.
    chunk = b"data: " + b"x" * 100_000 + b"\n\n"
    counts: list[int] = []

    def feed():
        counts.append(sum(len(decoder.feed(chunk)) for _ in range(50)))

    threads = [threading.Thread(target=feed) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(counts) == 200


def test_comments_come_where_they_are_asked_for():
    assert Decoder().feed(b": hi\ndata: x\n\n") == [Event("x")]
    assert Decoder(comments=True).feed(b": hi\ndata: x\n\n") == [Comment("hi"), Event("x")]


def test_strings_that_repeat_are_shared():
    first, second = Decoder().feed(b"event: tick\nid: 7\ndata: a\n\nevent: tick\ndata: b\n\n")
    assert first.event is second.event
    assert first.id is second.id


def test_a_limit_is_an_error_that_says_which_and_comes_after_the_events_before_it():
    decoder = Decoder(max_line=8)
    assert decoder.feed(b"data: a\n\ndata: too long") == [Event("a")]
    for _ in range(2):
        with pytest.raises(DecodeError, match="max_line = 8") as caught:
            decoder.feed(b"")
        assert (caught.value.limit, caught.value.max) == ("line", 8)
    decoder.reset()
    assert decoder.feed(b"data: b\n\n") == [Event("b")]


def test_decode_takes_chunks_and_gives_events():
    text = "data: é\n\nid: 7\ndata: two\n\ndata: cut off".encode()
    for size in (1, 2, 3, 7, len(text)):
        chunks = [text[at : at + size] for at in range(0, len(text), size)]
        assert list(decode(chunks)) == [Event("é"), Event("two", id="7")]


def test_decode_raises_after_the_events_before_it():
    line = b"data: " + b"x" * (16 * 1024 * 1024)
    events = decode([b"data: a\n\n" + line])
    assert next(events) == Event("a")
    with pytest.raises(DecodeError):
        next(events)


@pytest.mark.parametrize("single", [b"data: x\n\n", "data: x\n\n", bytearray(b"x")])
def test_a_single_chunk_is_not_taken_for_chunks(single: object):
    with pytest.raises(TypeError, match="list"):
        decode(single)


def test_adecode_is_the_same_for_async_chunks():
    async def chunks():
        for byte in "data: é\n\n".encode():
            await asyncio.sleep(0)
            yield bytes([byte])

    async def main():
        assert [event async for event in adecode(chunks())] == [Event("é")]

    asyncio.run(main())
    with pytest.raises(TypeError, match=r"decode\(\)"):
        adecode([b"data: x\n\n"])


def test_encode_makes_one_block():
    assert encode("a\nb", event="e", id="1", retry=2, comment="c") == (
        b": c\nretry: 2\nid: 1\nevent: e\ndata: a\ndata: b\n\n"
    )


@pytest.mark.parametrize("block", [{}, {"event": "e"}])
def test_what_no_reader_would_see_is_an_error(block: dict):
    with pytest.raises(EncodeError):
        encode(**block)


def test_every_error_is_an_eventwire_error_with_a_name_for_programs():
    with pytest.raises(eventwire.EventwireError) as caught:
        encode("x", id="\n")
    assert caught.value.kind == "EncodeError"
    assert issubclass(eventwire.StreamTimeoutError, TimeoutError)


def test_a_lone_surrogate_is_a_value_error():
    with pytest.raises(ValueError, match="surrogates not allowed"):
        encode("\ud800")


def test_wrong_limits_are_value_errors():
    with pytest.raises(ValueError, match="max_line is -1"):
        Decoder(max_line=-1)
