"""Payloads in slices: a file, or bytes, as a sequence of events, and back."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from eventwire import _native
from eventwire._connect import aconnect, connect
from eventwire._hub import Hub
from eventwire._loop import answer
from eventwire._managing import AsyncManaged, Managed
from eventwire._native import Event
from eventwire._publisher import APublisher, Publisher

#: A path, or the bytes themselves.
Payload: TypeAlias = str | os.PathLike[str] | bytes | bytearray | memoryview

_SLICE_SIZE = 256 * 1024
_MAX_SIZE = 1 << 30


@dataclass(frozen=True)
class Transfer:
    """What all slices of one payload say alike.

    Example:
        >>> hub = Hub()
        >>> send_file(hub, "files", b"hello", name="note.txt").size
        5
    """

    #: What its sender calls it. It may be any text, "../../etc/passwd" too: never use it as a path.
    name: str
    #: The size of the payload, in bytes.
    size: int
    #: How many slices it has; at least 1.
    count: int
    #: How many bytes each slice holds, but the last.
    slice_size: int
    #: The SHA-256 of the payload, in hex.
    sha256: str


class Slices(Managed, AsyncManaged):
    """The slices of a payload, as events: iterable in both ways. `slices` makes one.

    A wait for the next slice can be cancelled without losing any. Files are read by threads of the core, so an event loop
    goes on meanwhile.

    Example:
        >>> with slices(b"hello", name="note.txt", slice_size=3) as made:
        ...     [event.json()["index"] for event in made]
        [0, 1]
    """

    def __init__(self, native: _native.Slices) -> None:
        self._native = native

    @property
    def transfer(self) -> Transfer | None:
        """What is being sent; None until the first slice was read."""
        return self._native.transfer

    def __iter__(self) -> Slices:
        return self

    def __aiter__(self) -> Slices:
        return self

    def __next__(self) -> Event:
        sliced = _next(self._native)
        if sliced is None:
            raise StopIteration
        return sliced[0]

    async def __anext__(self) -> Event:
        sliced = await _anext(self._native)
        if sliced is None:
            raise StopAsyncIteration
        return sliced[0]

    def close(self) -> None:
        """Closes the file, from any thread; there are no more slices."""
        self._native.close()


def slices(
    source: Payload,
    *,
    name: str | None = None,
    slice_size: int = _SLICE_SIZE,
    event: str = "slice",
    last_event_id: str = "",
) -> Slices:
    """The slices of a file, or of bytes, as events: for an endpoint of your own, where the reader sets the pace.

    The source is read twice, once for its hash. Each event has an id, so that a client that was cut off goes on where it was:
    give its `Last-Event-ID`. `SliceError` is raised where the file changes meanwhile, `OSError` where it cannot be read.

    Args:
        source: A path, or the bytes themselves.
        name: The payload's name, a label of at most 1024 bytes; by default the last part of the path, "" for bytes.
        slice_size: How many bytes a slice holds, 1 to 8 MiB.
        event: The type of the events.
        last_event_id: The id of the last slice that the reader has. One that is of no slice of this payload begins anew.

    Example:
        >>> async def endpoint(request):  # Starlette, FastAPI
        ...     last_event_id = request.headers.get("last-event-id", "")
        ...     events = slices("backup.tar", last_event_id=last_event_id)
        ...     stream = (event.encode() async for event in events)
        ...     return StreamingResponse(stream, media_type="text/event-stream")
    """
    return Slices(_native_slices(source, name, slice_size, event, last_event_id))


def _check_target(takes: str, target: object) -> None:
    """By what it can do: a target of somebody's own may pace what it passes on to a hub."""
    if not callable(getattr(target, "publish", None)):
        raise TypeError(f"{takes}, not {type(target).__name__}")


def send_file(
    target: Hub | Publisher,
    topic: str | Iterable[str],
    source: Payload,
    *,
    name: str | None = None,
    slice_size: int = _SLICE_SIZE,
    event: str = "slice",
) -> Transfer:
    """Publishes a file, or bytes, slice by slice; returns what its receivers are told of it.

    The hub's log must hold what receivers may lag behind (`max_bytes`); for more, serve `slices` from an endpoint of your own.
    Each slice has a key that is of this call alone: retries are harmless, and sent again, the file goes out again.

    Args:
        target: A hub, or a publisher to one that runs elsewhere.
        topic: The topic, or several of them.
        source: A path, or the bytes themselves.
        name: As for `slices`.
        slice_size: As for `slices`.
        event: The type of the events.

    Example:
        >>> hub = Hub()
        >>> send_file(hub, "files", b"hello", name="note.txt")  # doctest: +ELLIPSIS
        Transfer(name='note.txt', size=5, count=1, slice_size=262144, sha256='2cf24dba5fb0a30e...')
    """
    if isinstance(target, APublisher):
        raise TypeError("send_file() takes a Hub or a Publisher: asend_file() takes an APublisher")
    _check_target("send_file() takes a Hub or a Publisher", target)
    topics = [topic] if isinstance(topic, str) else list(topic)
    native = _native_slices(source, name, slice_size, event)
    with contextlib.closing(native):
        while (sliced := _next(native)) is not None:
            slice_, key = sliced
            target.publish(topics, slice_.data, event=slice_.event, key=key)
        return _sent(native)


async def asend_file(
    target: Hub | APublisher,
    topic: str | Iterable[str],
    source: Payload,
    *,
    name: str | None = None,
    slice_size: int = _SLICE_SIZE,
    event: str = "slice",
) -> Transfer:
    """`send_file` for async code. Cancelled, it publishes no more slices.

    Example:
        >>> async def tell(hub):
        ...     await asend_file(hub, "files", "backup.tar")
    """
    if isinstance(target, Publisher):
        raise TypeError("asend_file() takes a Hub or an APublisher: send_file() takes a Publisher")
    _check_target("asend_file() takes a Hub or an APublisher", target)
    publish = target.apublish if isinstance(target, Hub) else target.publish
    topics = [topic] if isinstance(topic, str) else list(topic)
    native = _native_slices(source, name, slice_size, event)
    with contextlib.closing(native):
        while (sliced := await _anext(native)) is not None:
            slice_, key = sliced
            await publish(topics, slice_.data, event=slice_.event, key=key)
        return _sent(native)


def receive_file(
    source: str | Iterable[Event],
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    max_size: int = _MAX_SIZE,
    event: str = "slice",
) -> Transfer:
    """Receives a payload in slices into a file; returns what was said of it. Other events are passed over.

    It writes beside the target, and gives that its name when all is there and the hash is right: the target is what it was
    before, or all that was sent. Broken off by an error or by Ctrl-C, what was written is removed. Raises `SliceError` where
    slices are wrong or missing, `OSError` where the file cannot be written, and what the stream raises.

    Args:
        source: A URL, a stream, a subscription, or any iterable of events, such as `decode(response.iter_bytes())`. A stream
            that was given stays open. For a URL with options: `connect(url, event_timeout=60)`, which also bounds the wait.
        path: The file. What the sender calls it is never used for that.
        name: The name of the payload to receive; others are passed over. By default the first that comes.
        max_size: The largest payload that is taken, in bytes.
        event: The type of the events.

    Example:
        >>> url = "http://127.0.0.1:8844/events?topic=files&start=earliest"
        >>> receive_file(url, "backup.tar", name="backup.tar")  # doctest: +SKIP
    """
    with contextlib.ExitStack() as stack:
        receiver = _native.FileReceiver(os.fspath(path), name, max_size, event)
        stack.enter_context(contextlib.closing(receiver))
        receiver.open().result()
        events = stack.enter_context(connect(source)) if isinstance(source, str) else source
        if not hasattr(events, "__iter__"):
            raise TypeError(
                f"receive_file() takes a URL or an iterable of events, not {type(events).__name__}: "
                "areceive_file() takes an async one"
            )
        for item in events:
            if receiver.take(item).result():
                break
        return receiver.finish()


async def areceive_file(
    source: str | AsyncIterable[Event],
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    max_size: int = _MAX_SIZE,
    event: str = "slice",
) -> Transfer:
    """`receive_file` for async code. Cancelled, it removes what was written.

    Example:
        >>> async def fetch(url):
        ...     await areceive_file(url, "backup.tar")
    """
    async with contextlib.AsyncExitStack() as stack:
        receiver = _native.FileReceiver(os.fspath(path), name, max_size, event)
        stack.enter_context(contextlib.closing(receiver))
        await answer(receiver.open())
        events = (
            await stack.enter_async_context(aconnect(source)) if isinstance(source, str) else source
        )
        if not hasattr(events, "__aiter__"):
            raise TypeError(
                f"areceive_file() takes a URL or an async iterable of events, not {type(events).__name__}: "
                "receive_file() takes a plain one"
            )
        async for item in events:
            if await answer(receiver.take(item)):
                break
        return receiver.finish()


def _native_slices(
    source: Payload, name: str | None, slice_size: int, event: str, last_event_id: str = ""
) -> _native.Slices:
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _native.Slices(None, source, name, slice_size, event, last_event_id)
    return _native.Slices(os.fspath(source), None, name, slice_size, event, last_event_id)


# The next slice, and the key to publish it with. Another reader may have taken the one that was read: then it is looked for anew.
def _next(native: _native.Slices) -> tuple[Event, str] | None:
    while native.advance().result():
        if (sliced := native.current()) is not None:
            return sliced
    return None


async def _anext(native: _native.Slices) -> tuple[Event, str] | None:
    while await answer(native.advance()):
        if (sliced := native.current()) is not None:
            return sliced
    return None


def _sent(native: _native.Slices) -> Transfer:
    transfer = native.transfer
    assert transfer is not None, "all slices were read, so it was hashed"
    return transfer
