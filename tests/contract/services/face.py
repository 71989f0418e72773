"""The HTTP face that the two services in Python have in common; ../README.md says what it must do."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import urlsplit

import eventwire

#: So many seconds a callback may take: longer than the harness waits for one, so that it only ends a hang.
PATIENCE = 10

#: All but event-type-listeners: events of every type come without being asked for.
CAPABILITIES = [
    "bom",
    "comments",
    "headers",
    "last-event-id",
    "post",
    "read-timeout",
    "report",
    "restart",
    "server-directed-shutdown-request",
]


class Stream(Protocol):
    """What a service opens."""

    def restart(self) -> None: ...
    def close(self) -> None: ...


class Reporter:
    """Sends what one stream gave to where the harness wants it: one message after the other, each under its number."""

    def __init__(self, callback_url: str) -> None:
        target = urlsplit(callback_url)
        self._path = target.path
        self._numbers = itertools.count(1)
        self._connection = http.client.HTTPConnection(target.netloc, timeout=PATIENCE)

    def item(self, item: eventwire.StreamItem) -> None:
        """Reports an item of the stream, where it is one that the harness asks for."""
        match item:
            case eventwire.Event():
                self._send(event={"type": item.event, "data": item.data, "id": item.id})
            case eventwire.Comment():
                self._send(comment=item.text)
            case eventwire.Reconnecting():
                self._send(error=str(item.reason))

    def failed(self, error: Exception) -> None:
        """Reports the error that a stream ended with."""
        self._send(error=f"{type(error).__name__}: {error}")

    def _send(self, **message: Any) -> None:
        (kind,) = message
        body = json.dumps({"kind": kind, **message}).encode()
        path = f"{self._path}/{next(self._numbers)}"
        self._connection.request("POST", path, body, {"Content-Type": "application/json"})
        self._connection.getresponse().read()


def options(params: dict[str, Any]) -> dict[str, Any]:
    """The arguments of `connect` and `aconnect` for a stream that the harness asks for."""
    read_timeout = params.get("readTimeoutMs")
    return {
        "method": params.get("method") or "GET",
        "headers": params.get("headers"),
        "content": params.get("body") or None,
        "last_event_id": params.get("lastEventId") or "",
        "idle_timeout": None if read_timeout is None else read_timeout / 1000,
        "retry": eventwire.RetryPolicy(
            base=(params.get("initialDelayMs") or 0) / 1000, min=0, resend_body=True
        ),
    }


def serve(name: str, open_stream: Callable[[dict[str, Any], Reporter], Stream]) -> None:
    """Serves until the harness, or the end of standard input, says to stop."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        server: Face

        def do_GET(self) -> None:
            if self.path != "/":
                return self.answer(404)
            return self.answer(200, {"name": name, "capabilities": CAPABILITIES})

        def do_POST(self) -> None:
            try:
                body = json.loads(self.body())
                if self.path == "/":
                    stream = open_stream(body, Reporter(body["callbackUrl"]))
                    return self.answer(201, location=self.server.add(stream))
                command = body["command"]
            except (KeyError, TypeError, ValueError, eventwire.EventwireError) as error:
                return self.answer(400, {"error": f"{type(error).__name__}: {error}"})
            stream = self.server.streams.get(self.path)
            if stream is None:
                return self.answer(404)
            if command != "restart":
                return self.answer(400, {"error": f"{command} is not known here"})
            stream.restart()
            return self.answer(204)

        def do_DELETE(self) -> None:
            self.body()
            if self.path == "/":
                self.answer(204)
                self.server.stop()
                return
            stream = self.server.streams.pop(self.path, None)
            if stream is not None:
                stream.close()
            self.answer(404 if stream is None else 204)

        def body(self) -> bytes:
            # Always to its end: the next request of the connection begins after it.
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def answer(self, status: int, content: Any = None, *, location: str | None = None) -> None:
            body = b"" if content is None else json.dumps(content).encode()
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", str(len(body)))
            if body:
                self.send_header("Content-Type", "application/json")
            if location is not None:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """The harness logs better."""

    with Face(("127.0.0.1", 0), Handler) as face:
        print(json.dumps({"kind": "listening", "url": f"http://127.0.0.1:{face.server_port}"}))
        sys.stdout.flush()
        threading.Thread(target=face.stop_at_end_of_input, daemon=True).start()
        face.serve_forever()
        for stream in face.streams.values():
            stream.close()


class Face(ThreadingHTTPServer):
    """The server, with the streams that it has open, by their paths."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.streams: dict[str, Stream] = {}
        self._numbers = itertools.count(1)

    def add(self, stream: Stream) -> str:
        path = f"/streams/{next(self._numbers)}"
        self.streams[path] = stream
        return path

    def stop(self) -> None:
        """Ends `serve_forever`, from any thread but its own."""
        self.shutdown()

    def stop_at_end_of_input(self) -> None:
        # Not by sys.stdin: its lock, held here, would stand in the way of the interpreter's end.
        while os.read(0, 1024):
            pass
        self.stop()
