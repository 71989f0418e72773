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

from eventwire._arguments import Publication
from eventwire._codec import adecode, decode
from eventwire._connect import aconnect, connect
from eventwire._errors import (
    ClosedError,
    ConnectError,
    ContentTypeError,
    CursorError,
    DataError,
    DecodeError,
    EncodeError,
    EventwireError,
    PrepareError,
    PublishError,
    ServeError,
    SliceError,
    StatusError,
    StoreError,
    StreamTimeoutError,
)
from eventwire._headers import Headers
from eventwire._hub import Ended, Hub, Server, Stats
from eventwire._items import (
    Closed,
    Comment,
    Opened,
    Reconnecting,
    Reset,
    Response,
    StreamItem,
    StreamStats,
)
from eventwire._native import Assembly, Decoder, Event, encode
from eventwire._native import shutdown as _shutdown
from eventwire._policy import RetryPolicy
from eventwire._prepare import Attempt
from eventwire._processes import SeveralProcessesWarning
from eventwire._publisher import APublisher, Publisher
from eventwire._slices import (
    Slices,
    Transfer,
    areceive_file,
    asend_file,
    receive_file,
    send_file,
    slices,
)
from eventwire._stream import AsyncEventStream, EventStream
from eventwire._subscription import Frames, Subscription

__all__ = [
    "APublisher",
    "Assembly",
    "AsyncEventStream",
    "Attempt",
    "Closed",
    "ClosedError",
    "Comment",
    "ConnectError",
    "ContentTypeError",
    "CursorError",
    "DataError",
    "DecodeError",
    "Decoder",
    "EncodeError",
    "Ended",
    "Event",
    "EventStream",
    "EventwireError",
    "Frames",
    "Headers",
    "Hub",
    "Opened",
    "PrepareError",
    "Publication",
    "PublishError",
    "Publisher",
    "Reconnecting",
    "Reset",
    "Response",
    "RetryPolicy",
    "ServeError",
    "Server",
    "SeveralProcessesWarning",
    "SliceError",
    "Slices",
    "Stats",
    "StatusError",
    "StoreError",
    "StreamItem",
    "StreamStats",
    "StreamTimeoutError",
    "Subscription",
    "Transfer",
    "aconnect",
    "adecode",
    "areceive_file",
    "asend_file",
    "connect",
    "decode",
    "encode",
    "receive_file",
    "send_file",
    "slices",
]

# Sockets are closed before the interpreter goes, in a bounded time; where nothing was used, it does nothing.
_atexit.register(_shutdown)
