"""Asking the application before every attempt."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import (
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    MutableMapping,
)
from typing import TypeAlias

from eventwire import _native
from eventwire._arguments import Pairs, pairs
from eventwire._errors import EventwireError, PrepareError
from eventwire._items import Closed, Question, Reconnecting


class RequestHeaders(MutableMapping[str, str]):
    """The headers of a request: a mapping that ignores case. Setting one replaces all by that name.

    Example:
        >>> headers = RequestHeaders([("X-Key", "1")])
        >>> headers["x-key"] = "2"
        >>> headers.pairs
        [('x-key', '2')]
    """

    __slots__ = ("pairs",)

    #: Names and values, in order.
    pairs: list[tuple[str, str]]

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.pairs = [(name, value) for name, value in pairs]

    def __getitem__(self, name: str) -> str:
        values = [value for key, value in self.pairs if key.lower() == name.lower()]
        if not values:
            raise KeyError(name)
        return ", ".join(values)

    def __setitem__(self, name: str, value: str) -> None:
        self.pairs = [pair for pair in self.pairs if pair[0].lower() != name.lower()]
        self.pairs.append((name, value))

    def __delitem__(self, name: str) -> None:
        kept = [pair for pair in self.pairs if pair[0].lower() != name.lower()]
        if len(kept) == len(self.pairs):
            raise KeyError(name)
        self.pairs = kept

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name.lower() for name, _ in self.pairs))

    def __len__(self) -> int:
        return len({name.lower() for name, _ in self.pairs})

    def __repr__(self) -> str:
        # Values are most often secrets.
        return f"<RequestHeaders {list(self)}>"


class Attempt:
    """An attempt that is about to be made: what `prepare` gets, and may change.

    It begins with what was given to `connect` each time; what is changed holds for this attempt and its redirects.

    Example:
        >>> def prepare(attempt: Attempt) -> None:
        ...     attempt.headers["Authorization"] = f"Bearer {fresh_token()}"
        >>> stream = connect("https://api.example.com/events", prepare=prepare)
    """

    __slots__ = ("_attempt", "_error", "_headers", "_last_event_id", "content", "url")

    #: Where to.
    url: str
    #: The body.
    content: bytes | str | None

    def __init__(self, question: Question, content: bytes | None) -> None:
        self.url = question.url
        self.content = content
        self._headers = RequestHeaders(question.headers)
        self._attempt = question.attempt
        self._last_event_id = question.last_event_id
        self._error = question.error

    @property
    def headers(self) -> RequestHeaders:
        """The headers beyond the usual ones: a mapping that ignores case, to change or to replace."""
        return self._headers

    @headers.setter
    def headers(self, headers: Pairs) -> None:
        self._headers = RequestHeaders(pairs(headers))

    @property
    def attempt(self) -> int:
        """Which attempt in a row it is, from 1: what its error would say.

        A connection that was stable begins a new row, so the attempt after it is the second.
        """
        return self._attempt

    @property
    def last_event_id(self) -> str:
        """Where it will go on; "" for live."""
        return self._last_event_id

    @property
    def error(self) -> EventwireError | None:
        """Why the connection before ended, or was not made; its `status` is that of the answer, where there was one."""
        return self._error

    def __repr__(self) -> str:
        return f"<Attempt {self.attempt} last_event_id={self.last_event_id!r} error={self.error!r}>"


Prepare: TypeAlias = Callable[[Attempt], None]
AsyncPrepare: TypeAlias = Callable[[Attempt], Awaitable[None] | None]


def without_a_loop(prepare: object) -> None:
    """Refuses what only an event loop could call."""
    if inspect.iscoroutinefunction(prepare):
        raise TypeError(
            "prepare is a coroutine function, and connect has no event loop: use aconnect, or a plain function"
        )


class Preparing:
    """Asks the application, and answers the core by number."""

    def __init__(
        self, native: _native.Stream, prepare: AsyncPrepare | None, content: bytes | None
    ) -> None:
        self._native = native
        self._prepare = prepare
        self._content = content
        #: What the application raised last.
        self._cause: BaseException | None = None
        self._task: asyncio.Task[None] | None = None

    def inline(self, question: Question) -> None:
        """Asks in the thread of the caller."""
        with self._answering(question) as attempt:
            result = self._call(attempt)
            if result is not None:
                if inspect.iscoroutine(result):
                    result.close()
                raise TypeError(
                    "prepare returned an awaitable, and connect has no event loop: use aconnect, or a plain function"
                )
            self._answer(question, attempt)

    def on_loop(self, question: Question) -> None:
        """Asks on the running loop. What is awaited goes on where the reader's wait is cancelled."""
        self.cancel()
        with self._answering(question) as attempt:
            result = self._call(attempt)
            if result is None:
                self._answer(question, attempt)
            else:
                self._task = asyncio.ensure_future(self._awaited(question, attempt, result))

    async def _awaited(self, question: Question, attempt: Attempt, result: Awaitable[None]) -> None:
        try:
            await result
            self._answer(question, attempt)
        except asyncio.CancelledError:
            self._native.fail(question.question, "it was cancelled")
            raise
        except Exception as error:
            self._failed(question, error)

    def _call(self, attempt: Attempt) -> Awaitable[None] | None:
        assert self._prepare is not None, "nobody asks where nobody prepares"
        result = self._prepare(attempt)
        if result is not None and not inspect.isawaitable(result):
            raise TypeError(
                f"prepare returned {type(result).__name__}: change the attempt that it gets, and return nothing"
            )
        return result

    @contextlib.contextmanager
    def _answering(self, question: Question) -> Generator[Attempt, None, None]:
        self._native.asked(question.question)
        self._cause = None
        try:
            yield Attempt(question, self._content)
        except Exception as error:
            self._failed(question, error)
        except BaseException as error:
            # Ctrl-C is not an answer, but leaves none to wait for.
            self._failed(question, error)
            raise

    def _answer(self, question: Question, attempt: Attempt) -> None:
        content = attempt.content
        body = content.encode() if isinstance(content, str) else content
        self._native.answer(question.question, str(attempt.url), attempt.headers.pairs, body)

    def _failed(self, question: Question, error: BaseException) -> None:
        self._cause = error
        name, text = type(error).__name__, str(error)
        self._native.fail(question.question, f"{name}: {text}" if text else name)

    def explain(self, error: object) -> None:
        """Gives the error that `prepare` failed with what that raised, as its cause."""
        if isinstance(error, (Reconnecting, Closed)):
            error = error.reason if isinstance(error, Reconnecting) else error.error
        if isinstance(error, PrepareError):
            error.__cause__ = self._cause

    def cancel(self) -> None:
        """Nobody waits for the answer any more. From any thread."""
        task, self._task = self._task, None
        if task is not None and not task.done():
            # A loop that is closed has cancelled it already.
            with contextlib.suppress(RuntimeError):
                task.get_loop().call_soon_threadsafe(task.cancel)
