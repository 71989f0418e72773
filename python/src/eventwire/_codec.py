"""Decoding what comes from elsewhere: httpx, requests, aiohttp, urllib, a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from typing import Any, Literal, TypeAlias, overload

from eventwire._decoding import Decoding, check, refuse
from eventwire._items import Comment
from eventwire._native import Decoder, Event

Chunk: TypeAlias = bytes | bytearray | memoryview

_LIMIT = 16 * 1024 * 1024


@overload
def decode(
    chunks: Iterable[Chunk],
    *,
    last_event_id: str = "",
    max_line: int = _LIMIT,
    max_event: int = _LIMIT,
    comments: Literal[False] = False,
) -> Generator[Event, None, None]: ...
@overload
def decode(
    chunks: Iterable[Chunk],
    *,
    last_event_id: str = "",
    max_line: int = _LIMIT,
    max_event: int = _LIMIT,
    comments: bool,
) -> Generator[Event | Comment, None, None]: ...
def decode(
    chunks: Iterable[Chunk],
    *,
    last_event_id: str = "",
    max_line: int = _LIMIT,
    max_event: int = _LIMIT,
    comments: bool = False,
) -> Generator[Any, None, None]:
    r"""The events of an event stream that comes in chunks of any size.

    The chunks are the bytes as they come, not lines and not text: ``response.iter_bytes()`` of httpx,
    ``response.iter_content(chunk_size=None)`` of requests. The options are those of :class:`Decoder`; sizes are in bytes. With
    ``comments``, Comment items come too.

    An event that the end of the chunks cuts off is dropped, as the standard says. An error of the chunks comes through as it is,
    after the events before it; a line or an event beyond its limit is a DecodeError; a chunk that is no bytes, a TypeError. To
    leave the loop leaves ``chunks`` as it is: whoever opened the response closes it, best by ``with``.

    Example:
        >>> list(decode([b"data: on", b"e\n\ndata: two\n\n"]))
        [Event('one'), Event('two')]
    """
    check("decode", chunks, "__iter__")
    return _decode(
        chunks,
        Decoder(
            last_event_id=last_event_id, max_line=max_line, max_event=max_event, comments=comments
        ),
    )


def _decode(chunks: Iterable[Chunk], decoder: Decoder[Any]) -> Generator[Any, None, None]:
    iterator = iter(chunks)
    try:
        for chunk in iterator:
            try:
                items = decoder.feed(chunk)
            except TypeError:
                refuse("decode", chunk)
            yield from items
        # An error that came after events of the same chunk is raised by the next call.
        yield from decoder.feed(b"")
    finally:
        # What was made here is closed here; a generator that was given is its owner's.
        if iterator is not chunks and isinstance(iterator, Generator):
            iterator.close()


@overload
def adecode(
    chunks: AsyncIterable[Chunk],
    *,
    last_event_id: str = "",
    max_line: int = _LIMIT,
    max_event: int = _LIMIT,
    comments: Literal[False] = False,
) -> AsyncGenerator[Event, None]: ...
@overload
def adecode(
    chunks: AsyncIterable[Chunk],
    *,
    last_event_id: str = "",
    max_line: int = _LIMIT,
    max_event: int = _LIMIT,
    comments: bool,
) -> AsyncGenerator[Event | Comment, None]: ...
def adecode(
    chunks: AsyncIterable[Chunk],
    *,
    last_event_id: str = "",
    max_line: int = _LIMIT,
    max_event: int = _LIMIT,
    comments: bool = False,
) -> AsyncGenerator[Any, None]:
    """The same for chunks that come asynchronously.

    That is ``response.aiter_bytes()`` of httpx, ``response.content.iter_any()`` of aiohttp. As with every async generator, a loop
    that is left early should be told so: ``async with contextlib.aclosing(adecode(chunks)) as events``.

    A wait for an event can be cancelled, by ``asyncio.wait_for`` for one, and nothing is lost where the chunks bear it, as those of
    aiohttp do. An async generator, as that of httpx, is ended by it: then the next event is a RuntimeError that says so.

    Example:
        >>> async def read(response):
        ...     async for event in adecode(response.aiter_bytes()):
        ...         print(event.data)
    """
    check("adecode", chunks, "__aiter__")
    return Decoding(
        chunks,
        Decoder(
            last_event_id=last_event_id, max_line=max_line, max_event=max_event, comments=comments
        ),
    )
