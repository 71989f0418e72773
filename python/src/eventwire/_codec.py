"""Decoding what comes from elsewhere: httpx, requests, aiohttp, urllib, a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable
from typing import Any, Literal, NoReturn, TypeAlias, overload

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
    _check("decode", chunks, "__iter__")
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
                _refuse("decode", chunk)
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

    Example:
        >>> async def read(response):
        ...     async for event in adecode(response.aiter_bytes()):
        ...         print(event.data)
    """
    _check("adecode", chunks, "__aiter__")
    return _adecode(
        chunks,
        Decoder(
            last_event_id=last_event_id, max_line=max_line, max_event=max_event, comments=comments
        ),
    )


async def _adecode(
    chunks: AsyncIterable[Chunk], decoder: Decoder[Any]
) -> AsyncGenerator[Any, None]:
    iterator = chunks.__aiter__()
    try:
        async for chunk in iterator:
            try:
                items = decoder.feed(chunk)
            except TypeError:
                _refuse("adecode", chunk)
            for item in items:
                yield item
        for item in decoder.feed(b""):
            yield item
    finally:
        if iterator is not chunks and isinstance(iterator, AsyncGenerator):
            await iterator.aclose()


#: For each function what to pass to it, in the words of those libraries that people come with.
_INSTEAD = {
    "decode": "response.iter_bytes() (httpx) or response.iter_content(chunk_size=None) (requests)",
    "adecode": "response.aiter_bytes() (httpx) or response.content.iter_any() (aiohttp)",
}


def _check(function: str, chunks: object, needed: str) -> None:
    given = type(chunks).__name__
    if isinstance(chunks, (bytes, bytearray, memoryview, str)):
        raise TypeError(
            f"{function}() takes an iterable of bytes, not {given}: put a single chunk into a list"
        )
    # Lines without their ends would be one endless line, and no event would ever come.
    name = getattr(chunks, "__name__", "")
    if name in ("iter_lines", "aiter_lines"):
        raise TypeError(
            f"{function}() takes the bytes as they come, and {name}() takes the line ends away: pass {_INSTEAD[function]}"
        )
    if hasattr(chunks, needed):
        return
    if hasattr(chunks, "__iter__"):
        raise TypeError(
            f"adecode() takes an async iterable of bytes, not {given}: decode() takes an iterable"
        )
    if hasattr(chunks, "__aiter__"):
        raise TypeError(
            f"decode() takes an iterable of bytes, not {given}: adecode() takes an async iterable"
        )
    raise TypeError(
        f"{function}() takes an iterable of bytes, not {given}: of a response, pass {_INSTEAD[function]}"
    )


def _refuse(function: str, chunk: object) -> NoReturn:
    raise TypeError(
        f"{function}() takes chunks of bytes, bytearray or memoryview, and got {type(chunk).__name__}: "
        f"pass {_INSTEAD[function]}, neither lines nor decoded text"
    ) from None
