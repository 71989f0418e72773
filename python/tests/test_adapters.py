"""decode and adecode over what the real HTTP libraries give, from a server of plain sockets."""

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aiohttp
import httpx
import pytest
import requests
from eventwire import Comment, DecodeError, Event, adecode, decode
from scripted import holds, resets_after, sends

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n%s\r\n"
TEXT = (
    "\ufeffevent: gruß\r\ndata: zwölf\r\ndata: 🎈\r\n\r\n: hi\r\n\r\nid: 7\r\ndata: two\r\n\r\ndata: cut off\r\n"
).encode()
EVENTS = [Event("zwölf\n🎈", event="gruß"), Event("two", id="7")]


def chunked(data: bytes, size: int = 1) -> bytes:
    pieces = (data[at : at + size] for at in range(0, len(data), size))
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)


END = b"0\r\n\r\n"


def by_httpx(url: str, seen: list[Any], **options: Any) -> None:
    with httpx.stream("GET", url) as response:
        seen.extend(decode(response.iter_bytes(), **options))


def by_requests(url: str, seen: list[Any], **options: Any) -> None:
    with requests.get(url, stream=True) as response:
        seen.extend(decode(response.iter_content(chunk_size=None), **options))


def by_httpx_async(url: str, seen: list[Any], **options: Any) -> None:
    async def main() -> None:
        async with httpx.AsyncClient() as client, client.stream("GET", url) as response:
            async for event in adecode(response.aiter_bytes(), **options):
                seen.append(event)

    asyncio.run(main())


def by_aiohttp(url: str, seen: list[Any], **options: Any) -> None:
    async def main() -> None:
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            async for event in adecode(response.content.iter_any(), **options):
                seen.append(event)

    asyncio.run(main())


READERS = [by_httpx, by_requests, by_httpx_async, by_aiohttp]


# `extend` and `append` keep what came before an error: that is what some of these tests look at.
@pytest.fixture(params=READERS, ids=lambda reader: reader.__name__)
def read(request: pytest.FixtureRequest) -> Any:
    return request.param


def test_requests_gives_a_body_that_is_not_chunked_in_pieces_of_one_byte(scripted):
    # With chunk_size=None it would wait for the end, as docs/decoding.md says.
    server = scripted(holds(b"data: 1\n\n"))
    with requests.get(server.url, stream=True) as response:
        assert next(decode(response.iter_content(chunk_size=1))) == Event("1")


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_chunks_may_end_inside_a_character_and_a_crlf(read, scripted, size: int):
    server = scripted(sends(HEAD % b"", chunked(TEXT, size), END, head=b""))
    seen: list[Event] = []
    read(server.url, seen)
    assert seen == EVENTS


def test_what_the_library_decompresses_is_decoded(read, scripted):
    body = chunked(gzip.compress(TEXT), 5)
    server = scripted(sends(HEAD % b"Content-Encoding: gzip\r\n", body, END, head=b""))
    seen: list[Event] = []
    read(server.url, seen)
    assert seen == EVENTS


@pytest.mark.parametrize("way", ["cut", "reset"])
def test_a_connection_that_breaks_is_the_librarys_own_error(read, scripted, way: str):
    own = {
        by_httpx: httpx.TransportError,
        by_httpx_async: httpx.TransportError,
        by_requests: requests.RequestException,
        by_aiohttp: aiohttp.ClientError,
    }
    script = (
        sends(HEAD % b"", chunked(TEXT, 1000), head=b"")
        if way == "cut"
        else resets_after(chunked(TEXT, 1000), head=HEAD % b"")
    )
    server = scripted(script)
    seen: list[Event] = []
    with pytest.raises(own[read]):
        read(server.url, seen)
    # A reset may overtake what was sent before it; what came is whole, and a cut loses nothing.
    assert seen == EVENTS[: len(seen)]
    assert way == "reset" or seen == EVENTS


def test_a_limit_comes_after_the_events_before_it(read, scripted):
    body = chunked(b"data: one\n\ndata: " + b"x" * 200 + b"\n\n", 50)
    server = scripted(sends(HEAD % b"", body, END, head=b""))
    seen: list[Event] = []
    with pytest.raises(DecodeError, match="max_line = 100"):
        read(server.url, seen, max_line=100)
    assert seen == [Event("one")]


def test_the_options_are_the_decoders(read, scripted):
    server = scripted(sends(HEAD % b"", chunked(TEXT), END, head=b""))
    seen: list[Event | Comment] = []
    read(server.url, seen, comments=True, last_event_id="6", max_event=100)
    assert seen == [Event("zwölf\n🎈", event="gruß", id="6"), Comment("hi"), EVENTS[1]]


def test_lines_and_text_are_refused_with_what_to_pass_instead(scripted):
    server = scripted(sends(TEXT))
    with requests.get(server.url, stream=True) as response:
        response.encoding = "utf-8"
        with pytest.raises(TypeError, match=r"iter_content\(chunk_size=None\)"):
            list(decode(response.iter_content(chunk_size=None, decode_unicode=True)))
    for wrong in ("iter_lines", "iter_text"):
        with httpx.stream("GET", server.url) as response, pytest.raises(TypeError) as caught:
            list(decode(getattr(response, wrong)()))
        assert "response.iter_bytes()" in str(caught.value)
    # These are bytes, but without their ends: no event would ever come of them.
    with (
        requests.get(server.url, stream=True) as response,
        pytest.raises(TypeError, match="takes the line ends away"),
    ):
        decode(response.iter_lines())


def test_async_lines_and_text_are_refused_too(scripted):
    server = scripted(sends(TEXT))

    async def main() -> None:
        async with httpx.AsyncClient() as client:
            for wrong in ("aiter_lines", "aiter_text"):
                async with client.stream("GET", server.url) as response:
                    with pytest.raises(TypeError, match=r"response\.aiter_bytes\(\)"):
                        async for _ in adecode(getattr(response, wrong)()):
                            pass

    asyncio.run(main())


def test_a_response_is_no_chunks(scripted):
    server = scripted(sends(TEXT))
    with httpx.stream("GET", server.url) as response:
        with pytest.raises(TypeError, match=r"response\.iter_bytes\(\)"):
            decode(response)
        with pytest.raises(TypeError, match=r"response\.aiter_bytes\(\)"):
            adecode(response)
    with pytest.raises(TypeError, match=r"adecode\(\) takes an async iterable"):
        decode(by_async())


async def by_async() -> AsyncIterator[bytes]:
    yield b"data: x\n\n"


@pytest.mark.parametrize("chunk", ["data: x\n\n", None, 5])
def test_a_chunk_that_is_no_bytes_comes_after_the_events_before_it(chunk: object):
    events = decode([b"data: 1\n\n", chunk])
    assert next(events) == Event("1")
    with pytest.raises(TypeError, match=type(chunk).__name__):
        next(events)


class Chunks:
    """Makes a generator for each loop, and tells how each has ended."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    def __iter__(self) -> Iterator[bytes]:
        try:
            while True:
                yield b"data: x\n\ndata: y\n\n"
        finally:
            self.ended.append("sync")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"data: x\n\ndata: y\n\n"
        finally:
            await asyncio.sleep(0)
            self.ended.append("async")


def test_what_decode_has_opened_is_closed_with_it():
    chunks = Chunks()
    events = decode(chunks)
    assert next(events) == Event("x")
    assert chunks.ended == []
    events.close()
    assert chunks.ended == ["sync"]

    async def main() -> None:
        async with contextlib.aclosing(adecode(chunks)) as events:
            async for event in events:
                assert event == Event("x")
                break
        assert chunks.ended == ["sync", "async"]

    asyncio.run(main())


def test_what_was_given_stays_open_to_be_read_on():
    given = iter([b"data: 1\n\ndata: 2\n\n", b"data: 3\n\n"])
    generator = (chunk for chunk in given)
    for event in decode(generator):
        assert event == Event("1")
        break
    assert list(decode(generator)) == [Event("3")]

    async def main() -> None:
        chunks = by_async()
        events = adecode(chunks)
        assert await anext(events) == Event("x")
        await events.aclose()
        await chunks.aclose()

    asyncio.run(main())


def test_leaving_the_loop_and_the_with_closes_the_connection(scripted):
    server = scripted(holds(chunked(b"data: 1\n\n"), head=HEAD % b""))
    with httpx.stream("GET", server.url) as response:
        for event in decode(response.iter_bytes()):
            assert event == Event("1")
            break
        assert not response.is_closed, "that is for its owner to do"
    with requests.get(server.url, stream=True) as response:
        for _ in decode(response.iter_content(chunk_size=None)):
            break

    async def main() -> None:
        async with httpx.AsyncClient() as client, client.stream("GET", server.url) as response:
            async for _ in adecode(response.aiter_bytes()):
                break
        async with aiohttp.ClientSession() as session, session.get(server.url) as response:
            async for _ in adecode(response.content.iter_any()):
                break

    asyncio.run(main())
    for _ in range(4):
        assert server.ended.acquire(timeout=30), "a connection was left open"
