"""The hub: publishing to many, from one application."""

from __future__ import annotations

import json as _json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from eventwire import _checks, _native
from eventwire._arguments import Publication, messages, publication
from eventwire._loop import answer
from eventwire._managing import AsyncManaged, Managed
from eventwire._options import HUB, SERVE
from eventwire._processes import warn_of_several
from eventwire._subscription import Subscription

_MAILBOX = 1 << 20


@dataclass(frozen=True)
class Ended:
    """How many subscriptions have ended, by reason.

    Example:
        >>> hub = Hub()
        >>> subscription = hub.subscribe("news")
        >>> subscription.close()
        >>> hub.stats().ended.gone
        1
    """

    #: The reader went away.
    gone: int
    #: Its peer had vanished: it acknowledged nothing in time, no probe either.
    vanished: int
    #: The log's tail had passed it.
    slow: int
    #: It had taken nothing for the server's `write_timeout`.
    stalled: int
    #: What it had missed could not be read from the store.
    failed: int
    #: What it was allowed had expired.
    expired: int
    #: Its server was drained.
    drained: int
    #: It, its server or the hub was closed.
    closed: int


@dataclass(frozen=True)
class Stats:
    """What a hub holds and does.

    Example:
        >>> Hub().stats().events
        0
    """

    #: How many read along now.
    subscribers: int
    #: How many topics are known.
    topics: int
    #: How many events were published.
    published: int
    #: How many events the log holds.
    events: int
    #: How many bytes the log holds.
    bytes: int
    #: How many events are retained for those who come new.
    retained: int
    #: The bytes of those events.
    retained_bytes: int
    #: How many events were given to subscribers.
    delivered: int
    #: The bytes of those events, without what HTTP puts around them.
    delivered_bytes: int
    #: By how many events the slowest subscriber is behind the log's end.
    lag: int
    #: How many subscribers were told of a gap.
    resets: int
    #: The position of the log's end.
    last_event_id: str
    #: How many subscriptions have ended, by reason.
    ended: Ended


class Hub(Managed, AsyncManaged):
    """Topics, a log of what was published, and its subscribers.

    Times are seconds, but `retry` is milliseconds, as on the wire. The log holds the newest events within `max_events`, `max_bytes` and `max_age`; who was away
    for longer is told so by a reset.

    An event has at most `max_event` bytes (data, type and id), as many as clients take if they are not told otherwise.

    `retained` keeps the last events of topics, or of the topics of patterns, for those who come new: they get them first, without
    ids. `{"prices/*": 1}` keeps the last one of each topic that begins with `prices/`, and `max_retained_bytes` bounds all of them.

    A store has `store_timeout` seconds for each answer. A publish that it does not answer in time raises a `StoreError`, whose `outcome`
    says whether the event may have been stored; so no publish blocks for longer than twice this time. None is for no limit. A hub in
    memory answers at once.

    A hub in memory is of one process. Where gunicorn, uvicorn or WEB_CONCURRENCY show several, the first one made gives a
    `SeveralProcessesWarning`, which says what to do instead.

    Example:
        >>> with Hub() as hub, hub.serve("127.0.0.1:0") as server:
        ...     id = hub.publish("news", "hello")
        ...     with connect(
        ...         server.url + "/events", params={"topic": "news", "start": "earliest"}
        ...     ) as stream:
        ...         print(next(stream).data)
        hello
    """

    def __init__(
        self,
        store: str = "memory:",
        *,
        max_events: int = 100_000,
        max_bytes: int = 64 * 1024 * 1024,
        max_age: float | None = None,
        max_event: int = 16 * 1024 * 1024,
        max_topics: int = 1_000_000,
        retained: Mapping[str, int] | None = None,
        max_retained_bytes: int = 16 * 1024 * 1024,
        heartbeat: float | None = 15.0,
        retry: int | None = None,
        slow: Literal["disconnect", "skip"] = "disconnect",
        store_timeout: float | None = 10.0,
    ) -> None:
        _checks.each(HUB, locals())
        self._native = _native.Hub(
            store,
            max_events=max_events,
            max_bytes=max_bytes,
            max_age=max_age,
            max_event=max_event,
            max_topics=max_topics,
            retained=list((retained or {}).items()),
            max_retained_bytes=max_retained_bytes,
            heartbeat=heartbeat,
            retry=retry,
            slow=slow,
            store_timeout=store_timeout,
        )
        if store == "memory:":
            warn_of_several(stacklevel=2)
        # A server lives as long as its hub, also where nobody keeps what serve() returned.
        self._servers: list[Server] = []

    def publish(
        self,
        topic: str | Iterable[str],
        data: str | None = None,
        *,
        json: Any = None,
        event: str | None = None,
        key: str | None = None,
    ) -> str:
        """Publishes an event to one topic or several, and returns its id. It may block for the store, within `store_timeout`.

        Args:
            topic: The topic, or several of them.
            data: The data.
            json: The data, as a value that becomes JSON.
            event: The type.
            key: A name for this publish: repeated with the same key, it is stored once.

        Example:
            >>> hub = Hub()
            >>> hub.publish("prices", json={"gold": 3}, event="tick")  # doctest: +ELLIPSIS
            '...-1'
        """
        return self._native.publish(*publication(topic, data, json, event, key)).result()

    async def apublish(
        self,
        topic: str | Iterable[str],
        data: str | None = None,
        *,
        json: Any = None,
        event: str | None = None,
        key: str | None = None,
    ) -> str:
        """The same for async code.

        Example:
            >>> async def tell(hub):
            ...     await hub.apublish("news", "hello")
        """
        return await answer(self._native.publish(*publication(topic, data, json, event, key)))

    def publish_many(self, publications: Iterable[Publication]) -> list[str]:
        """Publishes several events in one go, at most 1000: all of them or none. Returns their ids, in their order.

        It costs less than one by one, and nobody's event comes between them.

        Args:
            publications: Each a dictionary of what `publish` takes: `topic`, `data` or `json`, and `event` and `key` where wanted.

        Raises:
            ValueError, EncodeError, PublishError: An event is refused; the text names its index. None was stored.

        Example:
            >>> hub = Hub()
            >>> len(hub.publish_many({"topic": "news", "data": text} for text in ("one", "two")))
            2
        """
        return self._native.publish_many(messages(publications)).result()

    async def apublish_many(self, publications: Iterable[Publication]) -> list[str]:
        """The same for async code.

        Example:
            >>> async def tell(hub):
            ...     await hub.apublish_many([{"topic": "news", "data": "hello"}])
        """
        return await answer(self._native.publish_many(messages(publications)))

    def subscribe(
        self, *topics: str, last_event_id: str | None = None, start: str = "live"
    ) -> Subscription:
        """Subscribes, in this process, to one topic or several.

        Args:
            topics: The topics. `orders/*` is every topic that begins with `orders/`, and `*` every topic, also those that come later.
            last_event_id: Where to resume from; goes before `start`.
            start: "live", "earliest" (all that the log holds) or "last:N".

        Example:
            >>> hub = Hub()
            >>> ids = [hub.publish("news", text) for text in ("one", "two")]
            >>> with hub.subscribe("news", start="last:1") as subscription:
            ...     print(next(subscription).data)
            two
        """
        for one in topics:
            _checks.text("a topic", one)
        _checks.text_or_none("last_event_id", last_event_id)
        _checks.text("start", start, 'a str: "live", "earliest" or "last:N"')
        return Subscription(self._native.subscribe(list(topics), last_event_id, start, _MAILBOX))

    def serve(
        self,
        address: str = "127.0.0.1:8844",
        *,
        cors: str | Iterable[str] = (),
        open_publish: bool = False,
        max_connections: int | None = None,
        max_body: int | None = None,
        threads: int | None = None,
        write_timeout: float = 30.0,
        peer_timeout: float = 60.0,
        send_buffer: int = 256 * 1024,
    ) -> Server:
        """Serves the hub over HTTP, from threads of its own, until it or the hub is closed.

        Args:
            address: Host and port; port 0 takes a free one.
            cors: The origins whose pages may subscribe, and publish too where they are named; "*" lets any subscribe.
            open_publish: Whether anyone may publish. On a loopback address they may anyway.
            max_connections: How many connections are served at a time; where it is None, as many as this process may open
                files, less a few. One more is answered 503.
            max_body: The largest body of a publish, in bytes; 16 MiB where it is None.
            threads: How many threads write events to subscribers, 0 to 256; one for each processor where it is None. They
                need no GIL. With 0, the threads that answer requests do it, which costs more for each subscriber.
            write_timeout: How many seconds a subscriber may take nothing of what is sent to it before it is dropped.
            peer_timeout: How many seconds a subscriber's machine may acknowledge nothing, no probe either, before it counts
                as vanished and is dropped; 4 at least.
            send_buffer: How many bytes may wait in the operating system for one subscriber, 4 KiB at least; what is more
                waits in the log.

        Raises:
            ValueError: An option is beyond its bounds.
            ServeError: The address is taken, or anyone could publish from elsewhere.
            ClosedError: The hub was closed.

        Example:
            >>> with Hub() as hub, hub.serve("127.0.0.1:0") as server:
            ...     print(server.url)  # doctest: +ELLIPSIS
            http://127.0.0.1:...
        """
        _checks.each(SERVE, locals())
        origins = _checks.texts("cors", cors)
        native = self._native.serve(
            address,
            cors=origins,
            open_publish=open_publish,
            max_connections=max_connections,
            max_body=max_body,
            threads=threads,
            write_timeout=write_timeout,
            peer_timeout=peer_timeout,
            send_buffer=send_buffer,
        ).result()
        server = Server(native, self._servers)
        self._servers.append(server)
        return server

    def stats(self) -> Stats:
        """What the hub holds and does.

        Example:
            >>> hub = Hub()
            >>> id = hub.publish("news", "hello")
            >>> hub.stats().published
            1
        """
        values = _json.loads(self._native.stats())
        return Stats(ended=Ended(**values.pop("ended")), **values)

    def close(self) -> None:
        """Ends all subscriptions, and its servers."""
        for server in list(self._servers):
            server.close()
        self._native.close()


class Server(Managed, AsyncManaged):
    """A hub that is served; `Hub.serve` makes one.

    Example:
        >>> with Hub() as hub, hub.serve("127.0.0.1:0") as server:
        ...     server.drain(timeout=5)
        True
    """

    def __init__(self, native: _native.Server, siblings: list[Server]) -> None:
        self._native = native
        self._siblings = siblings

    @property
    def url(self) -> str:
        """Where it listens: "http://host:port"."""
        return self._native.url

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return self._native.connections

    @property
    def sharded(self) -> int:
        """How many of them are streams that threads of their own write (`threads` of `Hub.serve`)."""
        return self._native.sharded

    @property
    def refused(self) -> int:
        """How many connections were refused because there were `max_connections`."""
        return self._native.refused

    def drain(self, timeout: float = 10.0) -> bool:
        """Takes no new connections, ends the streams, and waits at most `timeout` seconds; True if all ended in time."""
        _checks.time("timeout", timeout)
        return self._native.drain(timeout).result()

    async def adrain(self, timeout: float = 10.0) -> bool:
        """The same for async code."""
        _checks.time("timeout", timeout)
        return await answer(self._native.drain(timeout))

    def close(self) -> None:
        """Ends it at once, from any thread. It does not wait."""
        self._native.close()
        if self in self._siblings:
            self._siblings.remove(self)

    def __repr__(self) -> str:
        return f"<Server {self.url!r}>"
