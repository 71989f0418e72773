from typing import Any, Generic, Literal, TypeAlias, TypeVar, final, overload

from eventwire._items import Comment, StreamItem
from eventwire._policy import RetryPolicy
from eventwire._slices import Transfer
from eventwire._transport import Transport

__all__ = [
    "Assembly",
    "Decoder",
    "Event",
    "FileReceiver",
    "Hub",
    "Notifier",
    "Publisher",
    "Server",
    "Slices",
    "Stream",
    "Subscription",
    "Task",
    "encode",
    "run",
    "several_processes",
    "shutdown",
]

_T = TypeVar("_T")
# In a class that has a method of that name.
_Bytes: TypeAlias = bytes
_Item_co = TypeVar("_Item_co", bound=Event | Comment, covariant=True)

@final
class Event:
    def __new__(
        cls, data: str = "", *, event: str = "message", id: str = "", retry: int | None = None
    ) -> Event: ...
    @property
    def event(self) -> str: ...
    @property
    def data(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def retry(self) -> int | None: ...
    @staticmethod
    def binary(
        data: _Bytes | bytearray | memoryview,
        *,
        event: str = "message",
        id: str = "",
        retry: int | None = None,
    ) -> Event: ...
    def bytes(self) -> _Bytes: ...
    def json(self) -> Any: ...
    def encode(self) -> _Bytes: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Decoder(Generic[_Item_co]):
    @overload
    def __new__(
        cls,
        *,
        last_event_id: str = "",
        max_line: int = 16777216,
        max_event: int = 16777216,
        comments: Literal[False] = False,
    ) -> Decoder[Event]: ...
    @overload
    def __new__(
        cls,
        *,
        last_event_id: str = "",
        max_line: int = 16777216,
        max_event: int = 16777216,
        comments: bool,
    ) -> Decoder[Event | Comment]: ...
    def feed(self, chunk: bytes | bytearray | memoryview, /) -> list[_Item_co]: ...
    @property
    def last_event_id(self) -> str: ...
    @property
    def reconnection_time(self) -> int | None: ...
    def reset(self) -> None: ...

def encode(
    data: str | None = None,
    *,
    event: str | None = None,
    id: str | None = None,
    retry: int | None = None,
    comment: str | None = None,
) -> bytes: ...

@final
class Notifier:
    def __new__(cls) -> Notifier: ...
    def fileno(self) -> int: ...
    def take(self) -> list[int]: ...

@final
class Task(Generic[_T]):
    def take(self) -> _T | None: ...
    def result(self) -> _T: ...
    def listen(self, notifier: Notifier, token: int) -> None: ...

@final
class Stream:
    def __new__(
        cls,
        url: str,
        *,
        method: str,
        headers: list[tuple[str, str]],
        body: bytes | None,
        last_event_id: str,
        retry: RetryPolicy | None,
        connect_timeout: float,
        idle_timeout: float | None,
        event_timeout: float | None,
        max_line: int,
        max_event: int,
        mailbox: int,
        follow_redirects: bool,
        transport: Transport,
    ) -> Stream: ...
    def open(self) -> None: ...
    def listen(self, notifier: Notifier, token: int) -> None: ...
    def wait(self) -> None: ...
    def drain(self) -> tuple[list[StreamItem], bool | Exception]: ...
    def close(self) -> None: ...
    def restart(self) -> None: ...
    def stats(self) -> tuple[int, int, int, int, float | None, float | None]: ...
    @property
    def state(self) -> Literal["connecting", "open", "closed"]: ...
    @property
    def reconnection_time(self) -> int | None: ...
    @property
    def last_event_id(self) -> str: ...
    @property
    def url(self) -> str: ...

@final
class Hub:
    def __new__(
        cls,
        store: str,
        *,
        max_events: int,
        max_bytes: int,
        max_age: float | None,
        max_topics: int,
        retained: list[tuple[str, int]],
        max_retained_bytes: int,
        heartbeat: float | None,
        retry: int | None,
        slow: str,
    ) -> Hub: ...
    def publish(
        self, topics: list[str], data: str, event: str | None, key: str | None
    ) -> Task[str]: ...
    def publish_many(
        self, messages: list[tuple[list[str], str, str | None, str | None]]
    ) -> Task[list[str]]: ...
    def subscribe(
        self, topics: list[str], last_event_id: str | None, start: str, mailbox: int
    ) -> Subscription: ...
    def serve(
        self,
        address: str,
        *,
        cors: list[str],
        open_publish: bool,
        max_connections: int | None,
        max_body: int | None,
        threads: int | None,
        write_timeout: float,
        peer_timeout: float,
        send_buffer: int,
    ) -> Task[Server]: ...
    def stats(self) -> str: ...
    def close(self) -> None: ...

@final
class Subscription:
    def open(self, frames: bool) -> None: ...
    def listen(self, notifier: Notifier, token: int) -> None: ...
    def wait(self) -> None: ...
    def drain(self) -> tuple[list[Any], bool | Exception]: ...
    def close(self) -> None: ...

@final
class Server:
    @property
    def url(self) -> str: ...
    @property
    def connections(self) -> int: ...
    @property
    def sharded(self) -> int: ...
    @property
    def refused(self) -> int: ...
    def drain(self, timeout: float) -> Task[bool]: ...
    def close(self) -> None: ...

@final
class Publisher:
    def __new__(
        cls,
        url: str,
        *,
        headers: list[tuple[str, str]],
        retry: RetryPolicy | None,
        transport: Transport,
    ) -> Publisher: ...
    def publish(
        self, topics: list[str], data: str, event: str | None, key: str | None
    ) -> Task[str]: ...
    def publish_many(
        self, messages: list[tuple[list[str], str, str | None, str | None]]
    ) -> Task[list[str]]: ...
    def flush(self) -> Task[bool]: ...
    def close(self, timeout: float) -> Task[bool]: ...

@final
class Slices:
    def __new__(
        cls,
        path: str | None,
        content: bytes | bytearray | memoryview | None,
        name: str | None,
        slice_size: int,
        event: str,
        last_event_id: str,
    ) -> Slices: ...
    def advance(self) -> Task[bool]: ...
    def current(self) -> tuple[Event, str] | None: ...
    @property
    def transfer(self) -> Transfer | None: ...
    def close(self) -> None: ...

@final
class Assembly:
    def __new__(
        cls, *, name: str | None = None, max_size: int = 1073741824, event: str = "slice"
    ) -> Assembly: ...
    def take(self, event: Event, /) -> bytes | None: ...
    @property
    def transfer(self) -> Transfer | None: ...
    @property
    def next_index(self) -> int: ...
    @property
    def complete(self) -> bool: ...
    def finish(self) -> Transfer: ...

@final
class FileReceiver:
    def __new__(cls, path: str, name: str | None, max_size: int, event: str) -> FileReceiver: ...
    def open(self) -> Task[bool]: ...
    def take(self, event: Event) -> Task[bool]: ...
    def finish(self) -> Transfer: ...
    def close(self) -> None: ...

def several_processes(evidence: str) -> str | None: ...
def run(arguments: list[str], /) -> int: ...
def shutdown() -> None: ...
