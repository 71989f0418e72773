"""A server of plain sockets, that does to each connection what a test wants."""

import contextlib
import socket
import struct
import threading
from collections.abc import Callable

Script = Callable[[socket.socket], None]

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def sends(*parts: bytes, head: bytes = HEAD) -> Script:
    """Sends these bytes and closes."""

    def script(connection: socket.socket) -> None:
        for part in (head, *parts):
            connection.sendall(part)

    return script


def resets_after(*parts: bytes, head: bytes = HEAD) -> Script:
    """Sends these bytes and resets the connection."""

    def script(connection: socket.socket) -> None:
        for part in (head, *parts):
            connection.sendall(part)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return script


def holds(*parts: bytes, head: bytes = HEAD) -> Script:
    """Sends these bytes, and keeps the connection open until the client ends it."""

    def script(connection: socket.socket) -> None:
        for part in (head, *parts):
            connection.sendall(part)
        while connection.recv(1024):
            pass

    return script


class ScriptedServer:
    """The n-th connection is treated by the n-th script, the rest by the last one."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        #: The heads of the requests, in the order of the connections.
        self.requests: list[str] = []
        #: Released once for each connection that the client has ended, or the script.
        self.ended = threading.Semaphore(0)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/stream"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def _accept(self) -> None:
        workers = []
        number = 0
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                break
            self._open.append(connection)
            script = self._scripts[min(number, len(self._scripts) - 1)]
            number += 1
            worker = threading.Thread(target=self._serve, args=(connection, script), daemon=True)
            worker.start()
            workers.append(worker)
        for worker in workers:
            worker.join()

    def _serve(self, connection: socket.socket, script: Script) -> None:
        with connection:
            try:
                head = b""
                while b"\r\n\r\n" not in head:
                    more = connection.recv(65536)
                    if not more:
                        return
                    head += more
                self.requests.append(head.decode())
                script(connection)
            except OSError:
                pass
            finally:
                self.ended.release()

    def close(self) -> None:
        # Closing alone does not wake a thread that accepts.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join()
