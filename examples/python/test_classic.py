"""The classic example, run as a user runs it."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import eventwire
import pytest

HERE = Path(__file__).parent
#: Longer than any test: a producer that waits for its timer is not seen to stop.
NEVER_MS = 3_600_000


@contextmanager
def server(tick_ms: int) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    command = [
        sys.executable,
        str(HERE / "classic_server.py"),
        "--listen",
        "127.0.0.1:0",
        "--tick-ms",
        str(tick_ms),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            first = process.stdout.readline()
            assert first.startswith("listening on "), first
            yield first.removeprefix("listening on ").strip(), process
        finally:
            process.terminate()


def client(*arguments: str) -> list[str]:
    command = [sys.executable, str(HERE / "classic_client.py"), *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.parametrize("way", [[], ["--decode"]], ids=["connect", "decode"])
def test_a_client_reads_to_the_end(way: list[str]):
    with server(tick_ms=1) as (url, process):
        lines = client(*way, url)
        assert [line.split(":")[0] for line in lines] == [
            "connecttime",
            "message",
            "message",
            "message",
            "end",
        ]
        assert all(line.endswith(" GMT") for line in lines[:-1])
        assert process.stdout.readline() == "producer starts\n"
        assert process.stdout.readline() == "producer stops after 5 of 5 blocks\n"


def test_the_stream_is_as_it_was_asked_for():
    with (
        server(tick_ms=1) as (url, _),
        urlopen(Request(url, headers={"Origin": "https://a.example"})) as response,
    ):
        assert response.headers["Content-Type"] == "text/event-stream"
        assert response.headers["Access-Control-Allow-Origin"] == "https://a.example"
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        body = response.read()
    assert body.startswith(b"retry: 10000\nevent: connecttime\ndata: ")
    assert body.endswith(b"event: end\ndata: bye\n\n")


@pytest.mark.parametrize("end", ["close", "reset"])
def test_the_producer_stops_when_the_client_goes_away(end: str):
    with server(tick_ms=NEVER_MS) as (url, process):
        place = urlsplit(url)
        with socket.create_connection((place.hostname, place.port)) as connection:
            connection.sendall(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
            received = b""
            while b"\n\ndata" not in received and b"connecttime" not in received:
                received += connection.recv(4096)
            if end == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        assert process.stdout.readline() == "producer starts\n"
        assert process.stdout.readline() == "producer stops after 1 of 5 blocks\n"


def test_the_producer_stops_when_eventwires_client_closes():
    with server(tick_ms=NEVER_MS) as (url, process):
        with eventwire.connect(url) as stream:
            assert next(stream).event == "connecttime"
        assert process.stdout.readline() == "producer starts\n"
        assert process.stdout.readline() == "producer stops after 1 of 5 blocks\n"


def test_chunks_may_end_anywhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(HERE)
    import classic_client

    stream = (
        'event: connecttime\ndata: {"date":\ndata: "März 🎈"}\n\nevent: end\ndata: bye\n\n'.encode()
    )
    for size in range(1, len(stream) + 1):
        chunks = (stream[at : at + size] for at in range(0, len(stream), size))
        lines = list(classic_client.lines(eventwire.decode(chunks)))
        assert lines == ["connecttime: März 🎈", "end: bye"], f"in chunks of {size}"


def test_a_stream_that_ends_early_is_told():
    with server(tick_ms=NEVER_MS) as (url, process):
        command = [sys.executable, str(HERE / "classic_client.py"), url]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as reader:
            assert reader.stdout.readline().startswith("connecttime: ")
            process.kill()
            _, error = reader.communicate()
    assert reader.returncode == 1
    assert "Traceback" not in error
