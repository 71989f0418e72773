"""Subscribing to a URL."""

from __future__ import annotations

from os import PathLike
from typing import Any, Literal

from eventwire import _checks, _native
from eventwire._arguments import Pairs, Params, body, pairs, with_params
from eventwire._options import STREAM
from eventwire._policy import RetryPolicy
from eventwire._prepare import AsyncPrepare, Prepare, Preparing, without_a_loop
from eventwire._stream import AsyncEventStream, EventStream
from eventwire._transport import Auth, Cert, Cookies, Proxy, Verify, transport

MIB = 1 << 20


def connect(
    url: str,
    *,
    method: str = "GET",
    headers: Pairs | None = None,
    params: Params | None = None,
    cookies: Cookies | None = None,
    auth: Auth | None = None,
    content: bytes | str | None = None,
    data: Params | None = None,
    json: Any = None,
    last_event_id: str = "",
    retry: RetryPolicy | None = RetryPolicy(),
    connect_timeout: float = 10.0,
    idle_timeout: float | None = None,
    event_timeout: float | None = None,
    max_line: int = 16 * MIB,
    max_event: int = 16 * MIB,
    mailbox: int = MIB,
    follow_redirects: bool = True,
    verify: Verify = True,
    cert: Cert | None = None,
    proxy: Proxy | None = None,
    prepare: Prepare | None = None,
    ack: Literal["auto", "manual"] = "auto",
    cursor_file: str | PathLike[str] | None = None,
) -> EventStream:
    """Subscribes to a URL.

    Args:
        url: The address, http or https.
        method: The method of the request.
        headers: Headers beyond the usual ones.
        params: What is added to the URL's query; a list gives a name several times, and None leaves it out.
        cookies: Cookies to begin with, for this host: a mapping, or the `CookieJar` of `http.cookiejar`, httpx or requests. What
            servers set is kept for this stream and sent again where it belongs; None keeps none.
        auth: A name and a password (RFC 7617), in place of an `Authorization` among the headers.
        content: The body, as it is.
        data: The body, as a form.
        json: The body, as JSON.
        last_event_id: Where to resume from.
        retry: When to connect again; None for never.
        connect_timeout: How many seconds making a connection (name, TCP, TLS) may take. It does not bound the wait for the
            answer, since many servers send no byte before their first event: for that, set `idle_timeout`, or the
            `deadline` of `retry`.
        idle_timeout: After how many seconds without a byte, from the request on, a connection counts as lost.
        event_timeout: After how many seconds without an event a connection counts as lost.
        max_line: The longest line, in bytes.
        max_event: The largest event, in bytes; above 16 MiB it raises the default of `max_line` too.
        mailbox: How many bytes may wait to be read; beyond that the server has to wait.
        follow_redirects: Whether redirects are followed.
        verify: Whom to trust: True is whom the system trusts; else the certificates of authorities, in PEM, as a path, a text
            or bytes. False trusts anybody, with a RuntimeWarning.
        cert: Who to be for servers that ask: certificate and key in PEM, in one file or in a pair of files.
        proxy: A proxy's URL (http, https, socks5, socks5h); False for none; None for what `HTTP_PROXY`, `HTTPS_PROXY`,
            `ALL_PROXY` and `NO_PROXY` say.
        prepare: Called before every attempt with an `Attempt`, whose URL, headers and body it may change; in the thread
            that reads. What it raises is the reason of a failed attempt, as is no answer within 30 seconds.
        ack: When an event is dealt with: "auto", when it is handed out, or "manual", when `ack()` says so.
        cursor_file: Where the place is kept, so that a process that is started again goes on there. It comes before
            `last_event_id`; where there is none yet, it is made.

    Example:
        >>> with connect(
        ...     "https://api.example.com/chat", method="POST", json={"q": "hi"}, retry=None
        ... ) as stream:
        ...     for event in stream:  # doctest: +SKIP
        ...         print(event.json()["token"])
    """
    without_a_loop(prepare)
    native, content = _native_stream(**locals())
    preparing = Preparing(native, prepare, content)
    return EventStream(native, last_event_id, preparing, saves=cursor_file is not None)


def aconnect(
    url: str,
    *,
    method: str = "GET",
    headers: Pairs | None = None,
    params: Params | None = None,
    cookies: Cookies | None = None,
    auth: Auth | None = None,
    content: bytes | str | None = None,
    data: Params | None = None,
    json: Any = None,
    last_event_id: str = "",
    retry: RetryPolicy | None = RetryPolicy(),
    connect_timeout: float = 10.0,
    idle_timeout: float | None = None,
    event_timeout: float | None = None,
    max_line: int = 16 * MIB,
    max_event: int = 16 * MIB,
    mailbox: int = MIB,
    follow_redirects: bool = True,
    verify: Verify = True,
    cert: Cert | None = None,
    proxy: Proxy | None = None,
    prepare: AsyncPrepare | None = None,
    ack: Literal["auto", "manual"] = "auto",
    cursor_file: str | PathLike[str] | None = None,
) -> AsyncEventStream:
    """Subscribes to a URL, for async code. It is no coroutine: there is nothing to await before the first event.

    The arguments are those of `connect`; `prepare` may be a coroutine function, and runs on the loop that reads. Where a wait
    for an event is cancelled meanwhile, it goes on.

    Example:
        >>> async with aconnect(
        ...     "http://127.0.0.1:8844/events", params={"topic": "news"}
        ... ) as stream:  # doctest: +SKIP
        ...     event = await anext(stream)
    """
    native, content = _native_stream(**locals())
    preparing = Preparing(native, prepare, content)
    return AsyncEventStream(native, last_event_id, preparing, saves=cursor_file is not None)


def _native_stream(
    *,
    url: str,
    headers: Pairs | None,
    params: Params | None,
    content: bytes | str | None,
    data: Params | None,
    json: Any,
    cookies: Cookies | None,
    auth: Auth | None,
    verify: Verify,
    cert: Cert | None,
    proxy: Proxy | None,
    prepare: AsyncPrepare | None,
    **options: Any,
) -> tuple[_native.Stream, bytes | None]:
    """The native half, and the body that was made."""
    _checks.each(STREAM, {"url": url, "prepare": prepare, **options})
    listed = pairs(headers)
    made = body(listed, content, data, json)
    way = transport(url, verify=verify, cert=cert, proxy=proxy, cookies=cookies, auth=auth)
    native = _native.Stream(
        with_params(url, params),
        headers=listed,
        body=made,
        transport=way,
        prepare=prepare is not None,
        **options,
    )
    return native, made
