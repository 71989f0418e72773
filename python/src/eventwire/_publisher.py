"""Publishing to a hub that runs elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Any, TypeVar

from eventwire import _checks, _native
from eventwire._arguments import Pairs, Publication, messages, pairs, publication
from eventwire._loop import answer
from eventwire._managing import Managed
from eventwire._policy import RetryPolicy, policy
from eventwire._transport import Auth, Cert, Cookies, Proxy, Verify, transport

T = TypeVar("T")

_PATIENCE = 10.0


class _Publisher:
    """What both kinds of publisher have in common."""

    def __init__(
        self,
        url: str,
        *,
        headers: Pairs | None = None,
        cookies: Cookies | None = None,
        auth: Auth | None = None,
        retry: RetryPolicy | None = RetryPolicy(),
        timeout: float = 10.0,
        connect_timeout: float = 10.0,
        verify: Verify = True,
        cert: Cert | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        _checks.text("url", url)
        policy("retry", retry)
        _checks.time("timeout", timeout)
        _checks.time("connect_timeout", connect_timeout)
        way = transport(
            url, verify=verify, cert=cert, proxy=proxy, cookies=cookies, auth=auth, caller=3
        )
        self._native = _native.Publisher(
            url,
            headers=pairs(headers),
            retry=retry,
            timeout=timeout,
            connect_timeout=connect_timeout,
            transport=way,
        )


class Publisher(_Publisher, Managed):
    """Publishes to a hub that runs elsewhere, by HTTP. Any thread may use it.

    Calls of several threads at the same time share requests, in the order of the calls, and each has its own answer. A publish
    that fails on the way is tried again as `retry` says, whose deadline counts from the call on and is 30 s where it is None. Each
    event has a key, so it is stored once. Errors say by `outcome` whether it may have been stored. One attempt takes at most `timeout`
    seconds, and making a connection `connect_timeout`.

    Example:
        >>> with Publisher("http://127.0.0.1:8844") as publisher:  # doctest: +SKIP
        ...     publisher.publish("news", "hello")
    """

    def publish(
        self,
        topic: str | Iterable[str],
        data: str | None = None,
        *,
        json: Any = None,
        event: str | None = None,
        key: str | None = None,
    ) -> str:
        """Publishes, waits until the hub has stored the event, and returns its id.

        The arguments are those of `Hub.publish`.

        Example:
            >>> publisher.publish(["news", "sport"], json={"score": "1:0"})  # doctest: +SKIP
        """
        return self._native.publish(*publication(topic, data, json, event, key)).result()

    def publish_many(self, publications: Iterable[Publication]) -> list[str]:
        """Publishes several events in one request, at most 1000: all of them or none. Returns their ids, in their order.

        The argument is that of `Hub.publish_many`. Where one is refused, the error's `index` says which.

        Example:
            >>> publisher.publish_many(  # doctest: +SKIP
            ...     {"topic": "news", "data": text} for text in ("one", "two")
            ... )
        """
        return self._native.publish_many(messages(publications)).result()

    def flush(self) -> None:
        """Waits until all that any thread has published before has its answer.

        Example:
            >>> publisher.flush()  # doctest: +SKIP
        """
        self._native.flush().result()

    def close(self, timeout: float = _PATIENCE) -> bool:
        """Takes nothing more, from any thread, and waits at most `timeout` seconds until what other threads publish has gone out.

        Returns whether all of it has its answer; what has none then fails with a `ClosedError`.

        Example:
            >>> publisher.close(timeout=1.0)  # doctest: +SKIP
            True
        """
        _checks.time("timeout", timeout)
        return self._native.close(timeout).result()


class APublisher(_Publisher):
    """`Publisher` for async code. The events are sent in the order of the calls, those of one time together in one request.

    At most 4,096 events or 16 MiB queue; beyond that a publish waits for room. A program that does not await its publishes gets a
    `PublishError` where 64 MiB wait.

    Example:
        >>> async with APublisher("http://127.0.0.1:8844") as publisher:  # doctest: +SKIP
        ...     await publisher.publish("news", "hello")
    """

    async def publish(
        self,
        topic: str | Iterable[str],
        data: str | None = None,
        *,
        json: Any = None,
        event: str | None = None,
        key: str | None = None,
    ) -> str:
        """Publishes, waits until the hub has stored the event, and returns its id.

        Cancelled, it is sent anyway.

        The arguments are those of `Hub.publish`.

        Example:
            >>> await publisher.publish("news", "hello")  # doctest: +SKIP
        """
        return await answer(self._native.publish(*publication(topic, data, json, event, key)))

    async def publish_many(self, publications: Iterable[Publication]) -> list[str]:
        """Publishes several events in one request, at most 1000: all of them or none. Returns their ids, in their order.

        The argument is that of `Hub.publish_many`. Where one is refused, the error's `index` says which.

        Example:
            >>> await publisher.publish_many([{"topic": "news", "data": "hello"}])  # doctest: +SKIP
        """
        return await answer(self._native.publish_many(messages(publications)))

    async def flush(self) -> None:
        """Waits until all that was published before has its answer.

        Example:
            >>> await publisher.flush()  # doctest: +SKIP
        """
        await answer(self._native.flush())

    async def aclose(self, timeout: float = _PATIENCE) -> bool:
        """Takes nothing more, and waits at most `timeout` seconds until what was published has gone out.

        Returns whether all of it has its answer; what has none then fails with a `ClosedError`. `async with` does this too.

        Example:
            >>> await publisher.aclose(timeout=1.0)  # doctest: +SKIP
            True
        """
        _checks.time("timeout", timeout)
        return await answer(self._native.close(timeout))

    def close(self) -> None:
        """The same without waiting, from any thread: what was published goes out meanwhile."""
        self._native.close(_PATIENCE)

    async def __aenter__(self: T) -> T:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        await self.aclose()
