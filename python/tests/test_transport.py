"""How a server is reached: whom to trust, who to be, by which way; and what a stream tells of itself."""

import json
import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.cookiejar import Cookie, CookieJar
from pathlib import Path

import httpx
import pytest
import requests
from eventwire import ConnectError, Event, Publisher, RetryPolicy, StatusError, connect
from scripted import HEAD, holds, resets_after, sends

ROOT = Path(__file__).parents[2]
FIXTURE_SERVER = Path(
    os.environ.get("EVENTWIRE_FIXTURE_SERVER", ROOT / "target/debug/fixture-server")
)
ONCE = RetryPolicy(attempts=0)
QUICK = RetryPolicy(base=0.001, min=0.001, max=0.01)


@pytest.fixture(scope="module")
def tls() -> Iterator[dict[str, str]]:
    """A server over TLS, with an authority of its own; it says whether a client has shown a certificate."""
    program = subprocess.Popen(
        [FIXTURE_SERVER.with_name("tls-server")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with program:
        yield json.loads(program.stdout.readline())
        program.stdin.close()


def test_a_server_that_nobody_vouches_for_is_refused(tls):
    with (
        pytest.raises(ConnectError, match="certificate"),
        connect(tls["url"], retry=ONCE) as stream,
    ):
        next(stream)


@pytest.mark.parametrize("form", [str, str.encode, "path"], ids=["text", "bytes", "path"])
def test_verify_takes_an_authority(tls, tmp_path, form):
    if form == "path":
        (tmp_path / "ca.pem").write_text(tls["ca"])
        authority = tmp_path / "ca.pem"
    else:
        authority = form(tls["ca"])
    with connect(tls["url"], verify=authority) as stream:
        assert next(stream).data == "unknown"


def test_verify_false_is_said_out_loud_where_it_is_written(tls, caplog):
    for make in (connect, Publisher):
        with pytest.warns(RuntimeWarning, match="verify=False") as told:
            made = make(tls["url"], verify=False)
        assert told[0].filename == __file__
        if make is connect:
            assert next(made).data == "unknown"
        made.close()
    assert [record.message for record in caplog.records if "verify" in record.message] == [
        "verify=False: localhost is not verified"
    ] * 2


@pytest.mark.parametrize("parts", [1, 2])
def test_cert_says_who_one_is(tls, tmp_path, parts):
    certificate, key = tls["client"].split("-----BEGIN PRIVATE", 1)
    if parts == 1:
        (tmp_path / "me.pem").write_text(tls["client"])
        cert = tmp_path / "me.pem"
    else:
        # Attributes above, as some programs write them.
        cert = (certificate, "Bag Attributes\n-----BEGIN PRIVATE" + key)
    with connect(tls["url"], verify=tls["ca"], cert=cert) as stream:
        assert next(stream).data == "known"


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"verify": 5}, TypeError, "verify must be the path"),
        ({"verify": "/no/such.pem"}, ValueError, "verify cannot be read from /no/such.pem"),
        ({"verify": b"nothing"}, ValueError, "no certificate"),
        ({"cert": ()}, TypeError, "pair of files"),
        ({"cert": "secret\nkey"}, ValueError, "neither a path nor PEM"),
        ({"proxy": {"https": "http://me:secret@proxy"}}, TypeError, "URL, None or False"),
        ({"proxy": "proxy:3128"}, ValueError, "scheme"),
        ({"cookies": "a=b"}, TypeError, "mapping or a CookieJar"),
        ({"cookies": {"a=b": "c"}}, ValueError, "a=b"),
        ({"auth": "me:secret"}, TypeError, "pair of a name and a password"),
        ({"auth": ("a:b", "secret")}, ValueError, "no colon"),
    ],
)
def test_what_is_wrong_is_said_and_no_secret_with_it(options, error, match):
    for make in (connect, Publisher):
        with pytest.raises(error, match=match) as raised:
            make("http://127.0.0.1:1/", **options)
        assert "secret" not in str(raised.value)


def test_secrets_follow_redirects_over_tls_within_an_origin_only(tls):
    headers = {"Authorization": "Bearer secret", "Cookie": "a=secret", "X-Own": "kept"}
    for to, told in [
        ("/told", "authorization cookie x-own"),
        (f"{tls['other']}told", "x-own"),
    ]:
        options = {"verify": tls["ca"], "headers": headers, "retry": ONCE}
        with connect(f"{tls['url']}to/{to}", **options) as stream:
            assert next(stream).data == told


def test_nobody_is_led_from_https_to_http(tls, scripted):
    plain = scripted(sends(b"data: never\n\n"))
    says = "from https to http, which is not followed"
    with (
        connect(f"{tls['url']}to/{plain.url}", verify=tls["ca"], retry=ONCE) as stream,
        pytest.raises(StatusError, match=says) as error,
    ):
        next(stream)
    assert error.value.status == 307
    assert f"redirects to {plain.url}" in str(error.value)
    assert plain.requests == []


def test_a_proxy_over_http_is_asked_with_the_whole_address(scripted):
    proxy = scripted(sends(b"data: by proxy\n\n"))
    way = proxy.url.replace("http://", "http://me:secret@").removesuffix("/stream")
    with connect("http://events.invalid/orders", proxy=way, retry=ONCE) as stream:
        assert next(stream).data == "by proxy"
    assert proxy.requests[0].startswith("GET http://events.invalid/orders HTTP/1.1\r\n")
    # "me:secret" in base64.
    assert "proxy-authorization: basic bwu6c2vjcmv0" in proxy.requests[0].lower()


def test_a_proxy_over_socks_5_carries_the_connection():
    listener = socket.create_server(("127.0.0.1", 0))
    asked = []

    def serve() -> None:
        with listener, listener.accept()[0] as client:
            # RFC 1928: the methods that the client knows, and the one that is taken; then whereto.
            client.recv(client.recv(2)[1])
            client.sendall(b"\x05\x00")
            client.recv(4)
            asked.append(client.recv(client.recv(1)[0]))
            client.recv(2)
            client.sendall(b"\x05\x00\x00\x01" + bytes(6))
            client.recv(4096)
            client.sendall(HEAD + b"data: by socks\n\n")

    server = threading.Thread(target=serve)
    server.start()
    port = listener.getsockname()[1]
    url = "http://events.invalid/orders"
    with connect(url, proxy=f"socks5h://127.0.0.1:{port}", retry=ONCE) as stream:
        assert next(stream).data == "by socks"
    server.join()
    assert asked == [b"events.invalid"]


def test_false_is_no_proxy_whatever_the_environment_says(scripted, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    server = scripted(sends(b"data: direct\n\n"))
    with connect(server.url, proxy=False, retry=ONCE) as stream:
        assert next(stream).data == "direct"
    with pytest.raises(ConnectError), connect(server.url, retry=ONCE) as stream:
        next(stream)


def cookie(name: str, value: str, domain: str) -> Cookie:
    return Cookie(
        0,
        name,
        value,
        None,
        False,
        domain,
        True,
        False,
        "/",
        True,
        False,
        None,
        True,
        None,
        None,
        {},
    )


def jars() -> list[object]:
    plain = CookieJar()
    for jar in (plain, of_requests := requests.cookies.RequestsCookieJar()):
        jar.set_cookie(cookie("session", "31d4", "127.0.0.1"))
        jar.set_cookie(cookie("other", "secret", "other.example"))
    of_httpx = httpx.Cookies()
    of_httpx.jar.set_cookie(cookie("session", "31d4", "127.0.0.1"))
    of_httpx.jar.set_cookie(cookie("other", "secret", "other.example"))
    return [{"session": "31d4"}, plain, of_requests, of_httpx]


@pytest.mark.parametrize("cookies", jars(), ids=["mapping", "CookieJar", "requests", "httpx"])
def test_cookies_are_of_this_host_and_what_the_server_sets_comes_back(scripted, cookies):
    head = HEAD.replace(b"\r\n\r\n", b"\r\nSet-Cookie: node=b\r\n\r\n")
    server = scripted(resets_after(b"data: 1\n\n", head=head), holds(b"data: 2\n\n"))
    with connect(server.url, cookies=cookies, retry=QUICK) as stream:
        assert [next(stream).data, next(stream).data] == ["1", "2"]
    sent = [
        sorted(line[8:].split("; "))
        for request in server.requests
        for line in request.splitlines()
        if line.lower().startswith("cookie: ")
    ]
    assert sent == [["session=31d4"], ["node=b", "session=31d4"]]


def test_auth_is_a_name_and_a_password(scripted):
    server = scripted(sends(b"data: x\n\n"))
    with connect(server.url, auth=("Aladdin", "open sesame")) as stream:
        next(stream)
    # The example of RFC 7617, section 2.
    assert "authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==" in server.requests[0]


def test_stats_count_what_came(scripted):
    body = b": hi\n\nid: 1\ndata: a\n\ndata: b\n\n"
    server = scripted(resets_after(body), holds(b": again\n\ndata: c\n\n"))
    stream = connect(server.url, retry=QUICK)
    before = stream.stats
    assert (before.bytes, before.events, before.since_byte, before.since_event) == (
        0,
        0,
        None,
        None,
    )
    assert [next(stream).data for _ in range(3)] == ["a", "b", "c"]
    stats = stream.stats
    assert stats.bytes == len(body) + len(b": again\n\ndata: c\n\n")
    assert (stats.events, stats.comments, stats.reconnects) == (3, 2, 1)
    assert 0 <= stats.since_byte <= stats.since_event
    stream.close()


def test_what_happens_is_logged_and_nothing_that_is_secret(scripted, caplog):
    caplog.set_level(logging.DEBUG, "eventwire")
    server = scripted(resets_after(b"data: 1\n\n"), sends(b"", head=b"HTTP/1.1 204 No\r\n\r\n"))
    url = server.url.replace("http://", "http://me:secret@")
    events = [event for event in connect(url, retry=QUICK) if type(event) is Event]
    assert len(events) == 1
    told = [(record.levelname, record.message.split()[0]) for record in caplog.records]
    assert told == [("DEBUG", "open:"), ("WARNING", "connecting"), ("INFO", "closed:")]
    assert "secret" not in caplog.text


def test_nothing_is_printed_where_logging_is_not_set_up(scripted):
    server = scripted(resets_after(b"data: 1\n\n"), sends(b"", head=b"HTTP/1.1 204 No\r\n\r\n"))
    code = (
        "import eventwire, sys\n"
        "policy = eventwire.RetryPolicy(base=0.001, min=0.001, max=0.01)\n"
        "print([event.data for event in eventwire.connect(sys.argv[1], retry=policy)])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, server.url], capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("['1']\n", "")
