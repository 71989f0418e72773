"""100 MB through a connection that is cut ten times: the same bytes, and neither side holds more than a little of them."""

import hashlib
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

SIZE = 100 << 20
CUTS = 10
#: What a side may hold beyond what the interpreter and its libraries take: far less than the payload.
ALLOWANCE = 40 << 20

#: Prints how much the process had held at most before it began, and in all; in bytes.
MEMORY = """
import re
def held(name):
    status = open("/proc/self/status").read()
    return int(re.search(rf"^{name}:\\s+(\\d+) kB", status, re.M)[1]) * 1024
"""

#: An endpoint of one's own: reads the next slice when the socket has taken the one before.
ENDPOINT = (
    MEMORY
    + """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import eventwire

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        last_event_id = self.headers.get("Last-Event-ID", "")
        with eventwire.slices(sys.argv[1], last_event_id=last_event_id) as events:
            try:
                for event in events:
                    self.wfile.write(event.encode())
            except OSError:
                pass  # The connection was cut.
    def log_message(self, *args):
        pass

before = held("VmRSS")
server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
import threading
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
print(before, held("VmHWM"), flush=True)
"""
)

#: A hub whose log holds far less than the payload; the sender goes on when the receiver says how far it is.
HUB = (
    MEMORY
    + """
import sys
import eventwire

hub = eventwire.Hub(max_bytes=16 << 20)
server = hub.serve("127.0.0.1:0")
before = held("VmRSS")
print(server.url.rpartition(":")[2], flush=True)
for event in hub.subscribe("ready", start="earliest"):
    break
class Paced:
    '''Ten slices ahead of the receiver at most: what it is behind is then within the log.'''
    sent = received = 0
    heard = hub.subscribe("received", start="earliest")
    def publish(self, *args, **kwargs):
        hub.publish(*args, **kwargs)
        self.sent += 1
        if self.sent % 10 == 0:
            while self.received < self.sent - 10:
                self.received = int(next(self.heard).data)
eventwire.send_file(Paced(), "files", sys.argv[1])
sys.stdin.read()
print(before, held("VmHWM"), flush=True)
"""
)

RECEIVER = (
    MEMORY
    + """
import sys
import eventwire

url, target, hub = sys.argv[1:]
quick = eventwire.RetryPolicy(base=0.001, min=0.001, max=0.01, stable_after=0)
lost = 0

def events(stream):
    global lost
    publisher = eventwire.Publisher(hub) if hub else None
    if publisher: publisher.publish("ready", "")
    count = 0
    for item in stream.items():
        if isinstance(item, eventwire.Reconnecting):
            lost += 1
        elif isinstance(item, eventwire.Reset):
            yield item.event
        elif isinstance(item, eventwire.Event):
            yield item
            count += 1
            if publisher and count % 10 == 0: publisher.publish("received", str(count))

before = held("VmRSS")
with eventwire.connect(url, retry=quick) as stream:
    eventwire.receive_file(events(stream), target)
print(before, held("VmHWM"), lost, flush=True)
"""
)


class Cutter:
    """A proxy that resets its connections: each, but the last, after so many bytes of the answer."""

    def __init__(self, port: int, budget: int) -> None:
        self.upstream, self.budget, self.left = port, budget, CUTS
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.forward, args=[client], daemon=True).start()

    def forward(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.upstream)) as server:
            server.sendall(client.recv(65536))
            budget = self.budget if self.left else None
            try:
                while data := server.recv(65536):
                    client.sendall(data if budget is None else data[:budget])
                    if budget is not None and (budget := budget - len(data)) <= 0:
                        self.left -= 1
                        # An end without a farewell: a reset, wherever in an event that is.
                        linger = struct.pack("ii", 1, 0)
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                        return
            except OSError:
                pass  # One of the two went away.

    def close(self) -> None:
        self.listener.close()


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("large") / "large.bin"
    block = bytes(range(251)) * 4178  # Of no power of two, so that slices differ.
    with path.open("wb") as file:
        for number in range(100):
            file.write((number.to_bytes(8, "big") + block)[: 1 << 20])
        assert file.tell() == SIZE
    yield path
    path.unlink()


@pytest.mark.parametrize("kind", ["endpoint", "hub"])
def test_a_large_file_through_a_connection_that_is_cut(kind: str, large: Path, tmp_path: Path):
    source = {"endpoint": ENDPOINT, "hub": HUB}[kind]
    with subprocess.Popen(
        [sys.executable, "-c", source, str(large)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as sender:
        try:
            assert sender.stdout
            assert sender.stdin
            port = int(sender.stdout.readline())
            cutter = Cutter(port, budget=12_000_000)
            target = tmp_path / "received.bin"
            url = f"http://127.0.0.1:{cutter.port}/events?topic=files&start=earliest"
            hub = f"http://127.0.0.1:{port}" if kind == "hub" else ""
            receiver = subprocess.run(
                [sys.executable, "-c", RECEIVER, url, str(target), hub],
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
            assert receiver.stderr == ""
            cutter.close()
            sender.stdin.close()
            figures = {"sender": sender.stdout.readline(), "receiver": receiver.stdout}
        finally:
            sender.kill()
    *_, lost = map(int, figures["receiver"].split())
    assert cutter.left == 0
    assert lost >= CUTS
    assert digest(target) == digest(large)
    for side, line in figures.items():
        before, most, *_ = map(int, line.split())
        assert most - before < ALLOWANCE, f"the {side} held {(most - before) >> 20} MiB"


def digest(path: Path) -> str:
    with path.open("rb") as file:
        hasher = hashlib.sha256()
        while block := file.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()
