"""Publishing to a hub that runs elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from eventwire import _native
from eventwire._arguments import Pairs, event_data, pairs, topics
from eventwire._loop import answer
from eventwire._managing import AsyncManaged, Managed
from eventwire._policy import RetryPolicy
from eventwire._transport import Auth, Cert, Cookies, Proxy, Verify, transport


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
        verify: Verify = True,
        cert: Cert | None = None,
        proxy: Proxy | None = None,
    ) -> None:
        way = transport(url, verify=verify, cert=cert, proxy=proxy, cookies=cookies, auth=auth)
        self._native = _native.Publisher(url, headers=pairs(headers), retry=retry, transport=way)

    def close(self) -> None:
        """Closes it, from any thread; what was not answered fails."""
        self._native.close()


class Publisher(_Publisher, Managed):
    """Publishes to a hub that runs elsewhere, by HTTP.

    A publish that fails on the way is tried again as `retry` says. It carries a key, so the event is stored once.

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
        return self._native.publish(topics(topic), event_data(data, json), event, key).result()


class APublisher(_Publisher, AsyncManaged):
    """`Publisher` for async code. The events are sent in the order of the calls.

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
        """Publishes, waits until the hub has stored the event, and returns its id. Cancelled, it is sent anyway.

        The arguments are those of `Hub.publish`.

        Example:
            >>> await publisher.publish("news", "hello")  # doctest: +SKIP
        """
        return await answer(self._native.publish(topics(topic), event_data(data, json), event, key))
