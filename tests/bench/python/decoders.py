"""Ours and each peer, in the order of a round."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import anthropic._streaming
import eventwire
import httpx
import httpx_sse
import openai._streaming
import sseclient

Chunks = list[bytes]


@dataclass(frozen=True)
class Decoder:
    """One way from chunks to events."""

    name: str
    events: Callable[[Chunks], Iterator[Any]]
    """What a stream holds, one by one."""
    run: Callable[[Chunks], int]
    """Reads the data of every event, as a program would, and counts the events."""


def _found(event: Any) -> tuple[str, str, str]:
    return event.event or "message", event.data, event.id or ""


def found(events: Iterator[Any]) -> dict[str, int]:
    """What a stream held, in bytes of UTF-8."""
    counts = {"events": 0, "data": 0, "types": 0, "ids": 0}
    for event in events:
        kind, data, id_ = _found(event)
        counts["events"] += 1
        counts["data"] += len(data.encode())
        counts["types"] += len(kind.encode())
        counts["ids"] += len(id_.encode())
    return counts


def _iterated(name: str, events: Callable[[Chunks], Iterator[Any]]) -> Decoder:
    def run(chunks: Chunks) -> int:
        count = 0
        for event in events(chunks):
            _ = event.data
            count += 1
        return count

    return Decoder(name, events, run)


def _feed_events(chunks: Chunks) -> Iterator[eventwire.Event]:
    decoder = eventwire.Decoder()
    for chunk in chunks:
        yield from decoder.feed(chunk)


def _feed(chunks: Chunks) -> int:
    decoder = eventwire.Decoder()
    count = 0
    for chunk in chunks:
        for event in decoder.feed(chunk):
            _ = event.data
            count += 1
    return count


def _httpx_sse(chunks: Chunks) -> Iterator[Any]:
    """Its own class over a real response, whose body is there already."""
    headers = {"content-type": "text/event-stream"}
    response = httpx.Response(200, headers=headers, content=iter(chunks))
    return httpx_sse.EventSource(response).iter_sse()


def _sseclient(chunks: Chunks) -> Iterator[Any]:
    return sseclient.SSEClient(iter(chunks)).events()


def _anthropic(chunks: Chunks) -> Iterator[Any]:
    return anthropic._streaming.SSEDecoder().iter_bytes(iter(chunks))


def _openai(chunks: Chunks) -> Iterator[Any]:
    return openai._streaming.SSEDecoder().iter_bytes(iter(chunks))


ALL = [
    Decoder("eventwire, feed", _feed_events, _feed),
    _iterated("eventwire, decode()", eventwire.decode),
    _iterated("httpx-sse", _httpx_sse),
    _iterated("sseclient-py", _sseclient),
    _iterated("anthropic", _anthropic),
    _iterated("openai", _openai),
]
