"""The classic example: a server whose stream tells the time, three times, and ends.

    python classic_server.py
    python classic_client.py http://127.0.0.1:8080/stream

`GET /stream` sends `retry: 10000`, an event `connecttime` with the date, then the date every second, then an event `end`,
and closes. `GET /stream?json` sends the dates as JSON: `{"date": "..."}`.

The server is the standard library's, and eventwire only encodes. Every connection has a thread, and so a producer, of its
own, which stops as soon as the client is gone.
"""

import argparse
import contextlib
import json
import select
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import eventwire

DATES = 3


class Handler(BaseHTTPRequestHandler):
    #: Seconds between two dates.
    tick = 1.0

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path != "/stream":
            self.send_error(404, "there is only /stream")
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Cache-Control", "no-cache, no-transform")
        self.allow_any_origin()
        self.end_headers()
        print("producer starts", flush=True)
        sent = 0
        try:
            for block in self.blocks(query == "json"):
                self.wfile.write(block)
                sent += 1
        except ConnectionError:
            pass  # The client left while we wrote.
        print(f"producer stops after {sent} of {DATES + 2} blocks", flush=True)

    def blocks(self, as_json: bool):
        """What one connection is sent, bit by bit."""

        def date() -> str:
            text = formatdate(usegmt=True)
            return json.dumps({"date": text}) if as_json else text

        yield eventwire.encode(date(), event="connecttime", retry=10_000)
        for _ in range(DATES):
            if self.client_leaves_within(self.tick):
                return
            yield eventwire.encode(date())
        yield eventwire.encode("bye", event="end")

    def client_leaves_within(self, seconds: float) -> bool:
        """Waits; a client has nothing more to send, so what can be read of it is its end."""
        readable, _, _ = select.select([self.connection], [], [], seconds)
        return bool(readable)

    def allow_any_origin(self) -> None:
        origin = self.headers.get("Origin")
        # A page that asks `withCredentials` must be named: `*` does not do for it.
        self.send_header("Access-Control-Allow-Origin", origin or "*")
        self.send_header("Vary", "Origin")
        if origin:
            self.send_header("Access-Control-Allow-Credentials", "true")

    def log_message(self, format: str, *args: object) -> None:
        """What the producers print says enough."""


def main() -> None:
    parser = argparse.ArgumentParser(
        description="A server of the classic example of Server-Sent Events."
    )
    parser.add_argument(
        "--listen", default="127.0.0.1:8080", help="where to listen; port 0 is any free one"
    )
    parser.add_argument("--tick-ms", type=int, default=1000, help="how long between two dates")
    options = parser.parse_args()
    Handler.tick = options.tick_ms / 1000
    host, _, port = options.listen.rpartition(":")
    with ThreadingHTTPServer((host, int(port)), Handler) as server:
        print("listening on http://{}:{}/stream".format(*server.server_address), flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


if __name__ == "__main__":
    main()
