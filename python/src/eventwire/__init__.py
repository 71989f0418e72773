"""Server-Sent Events: subscribe, publish, encode and decode.

Subscribe::

    with eventwire.connect("http://127.0.0.1:8844/events?topic=news") as stream:
        for event in stream:
            print(event.event, event.data)

Publish::

    hub = eventwire.Hub()
    server = hub.serve("127.0.0.1:8844")
    hub.publish("news", "hello")

Everything has an async twin: ``aconnect``, ``adecode``, ``Hub.apublish``, ``APublisher``; a subscription can be iterated
both ways. asyncio is supported, with uvloop too.
"""

import atexit as _atexit

from eventwire._codec import adecode, decode
from eventwire._connect import AsyncEventStream, EventStream, aconnect, connect
from eventwire._errors import (
    ClosedError,
    ConnectError,
    ContentTypeError,
    DecodeError,
    EncodeError,
    EventwireError,
    PublishError,
    ServeError,
    StatusError,
    StoreError,
    StreamTimeoutError,
)
from eventwire._headers import Headers
from eventwire._hub import Hub, Server, Stats
from eventwire._items import (
    Closed,
    Comment,
    Opened,
    Reconnecting,
    Reset,
    Response,
    StreamItem,
)
from eventwire._native import Decoder, Event, encode
from eventwire._native import shutdown as _shutdown
from eventwire._policy import RetryPolicy
from eventwire._publisher import APublisher, Publisher
from eventwire._subscription import Frames, Subscription

__all__ = [
    "APublisher",
    "AsyncEventStream",
    "Closed",
    "ClosedError",
    "Comment",
    "ConnectError",
    "ContentTypeError",
    "DecodeError",
    "Decoder",
    "EncodeError",
    "Event",
    "EventStream",
    "EventwireError",
    "Frames",
    "Headers",
    "Hub",
    "Opened",
    "PublishError",
    "Publisher",
    "Reconnecting",
    "Reset",
    "Response",
    "RetryPolicy",
    "ServeError",
    "Server",
    "Stats",
    "StatusError",
    "StoreError",
    "StreamItem",
    "StreamTimeoutError",
    "Subscription",
    "aconnect",
    "adecode",
    "connect",
    "decode",
    "encode",
]

# Sockets are closed before the interpreter goes, in a bounded time; where nothing was used, it does nothing.
_atexit.register(_shutdown)
