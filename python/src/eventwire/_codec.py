"""Decoding what comes from elsewhere: a file, httpx, aiohttp, urllib."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import TypeAlias

from eventwire._native import Decoder, Event

Chunk: TypeAlias = bytes | bytearray | memoryview


def decode(chunks: Iterable[Chunk]) -> Iterator[Event]:
    r"""The events of an event stream that comes in chunks of any size.

    An event that the end of the chunks cuts off is dropped, as the standard says.

    Example:
        >>> list(decode([b"data: on", b"e\n\ndata: two\n\n"]))
        [Event('one'), Event('two')]
    """
    if isinstance(chunks, (bytes, bytearray, memoryview, str)):
        raise TypeError(
            f"decode() takes an iterable of bytes, not {type(chunks).__name__}: put a single chunk into a list"
        )
    return _decode(chunks)


def _decode(chunks: Iterable[Chunk]) -> Iterator[Event]:
    decoder = Decoder()
    for chunk in chunks:
        yield from decoder.feed(chunk)
    # An error that came after events of the same chunk is raised by the next call.
    yield from decoder.feed(b"")


def adecode(chunks: AsyncIterable[Chunk]) -> AsyncIterator[Event]:
    """The same for chunks that come asynchronously.

    Example:
        >>> async def read(response):
        ...     async for event in adecode(response.aiter_bytes()):
        ...         print(event.data)
    """
    if not hasattr(chunks, "__aiter__"):
        raise TypeError(
            f"adecode() takes an async iterable of bytes, not {type(chunks).__name__}: decode() takes an iterable"
        )
    return _adecode(chunks)


async def _adecode(chunks: AsyncIterable[Chunk]) -> AsyncIterator[Event]:
    decoder = Decoder()
    async for chunk in chunks:
        for event in decoder.feed(chunk):
            yield event
    for event in decoder.feed(b""):
        yield event
