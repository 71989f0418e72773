"""Context managers for what has a `close()` that never waits, or, where it is sync, for a bounded time."""

from __future__ import annotations

from types import TracebackType
from typing import TypeVar

T = TypeVar("T")


class Managed:
    """`with`: closed at the end of the block."""

    def close(self) -> object:
        raise NotImplementedError

    def __enter__(self: T) -> T:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self.close()


class AsyncManaged:
    """`async with`: closed at the end of the block."""

    def close(self) -> None:
        raise NotImplementedError

    async def aclose(self) -> None:
        """`close()`, for `contextlib.aclosing`; it does not wait either."""
        self.close()

    async def __aenter__(self: T) -> T:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        self.close()
