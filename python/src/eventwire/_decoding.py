"""Reading the chunks that somebody else has opened."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any, NoReturn, TypeVar

from eventwire._checks import is_a
from eventwire._native import Decoder

T = TypeVar("T")


class Decoding(AsyncGenerator[T, None]):
    """What `adecode` returns: the items of chunks that come asynchronously.

    It behaves as an async generator does, but that a cancelled wait does not end it.
    """

    def __init__(self, chunks: AsyncIterable[Any], decoder: Decoder[Any]) -> None:
        self._chunks = chunks
        self._iterator = chunks.__aiter__()
        self._decoder = decoder
        self._items: deque[T] = deque()
        self._ended = False
        self._busy = False
        #: What broke off a wait and ended the chunks by that.
        self._cut: BaseException | None = None

    async def __anext__(self) -> T:
        items = self._items
        while not items:
            if self._ended:
                raise StopAsyncIteration
            await self._fetch()
        return items.popleft()

    async def _fetch(self) -> None:
        if self._busy:
            raise RuntimeError(
                "another task waits for the next event already: one task reads what adecode() returns"
            )
        self._busy = True
        try:
            self._items.extend(await self._decoded())
        except Exception:
            await self._end()
            raise
        finally:
            self._busy = False

    async def _decoded(self) -> list[T]:
        try:
            chunk = await self._iterator.__anext__()
        except StopAsyncIteration:
            self._check_whole()
            # An error that came after events of the same chunk is raised by the next call.
            items: list[T] = self._decoder.feed(b"")
            await self._end()
            return items
        except Exception:
            raise
        except BaseException as broken_off:
            # It has no frame any more once an exception has gone through it.
            if getattr(self._iterator, "ag_frame", self) is None:
                self._cut = broken_off
            raise
        try:
            return self._decoder.feed(chunk)
        except TypeError:
            refuse("adecode", chunk)

    def _check_whole(self) -> None:
        if self._cut is not None:
            raise RuntimeError(
                f"{type(self._cut).__name__} in an earlier wait has ended the async generator that adecode() reads, so that "
                "events are missing: give it chunks that bear a cancelled wait, or wait for a task by asyncio.wait()"
            ) from self._cut

    async def _end(self) -> None:
        """What was made here is closed here; a generator that was given is its owner's."""
        self._ended = True
        iterator: Any = self._iterator
        if iterator is not self._chunks and is_a(iterator, AsyncGenerator):
            await iterator.aclose()

    async def aclose(self) -> None:
        self._items.clear()
        await self._end()

    async def asend(self, value: None, /) -> T:
        return await self.__anext__()

    async def athrow(self, kind: Any, value: Any = None, trace: Any = None, /) -> T:
        await self.aclose()
        error = kind if value is None else value
        raise (error if isinstance(error, BaseException) else kind()).with_traceback(trace)


#: For each function what to pass to it, in the words of those libraries that people come with.
_INSTEAD = {
    "decode": "response.iter_bytes() (httpx) or response.iter_content(chunk_size=None) (requests)",
    "adecode": "response.aiter_bytes() (httpx) or response.content.iter_any() (aiohttp)",
}


def check(function: str, chunks: object, needed: str) -> None:
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


def refuse(function: str, chunk: object) -> NoReturn:
    raise TypeError(
        f"{function}() takes chunks of bytes, bytearray or memoryview, and got {type(chunk).__name__}: "
        f"pass {_INSTEAD[function]}, neither lines nor decoded text"
    ) from None
