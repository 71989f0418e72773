"""What subscribers get does not depend on Python's threads, its event loops or its lock."""

import asyncio
import fcntl
import os
import select
import subprocess
import sys
import termios
import threading
import urllib.request
from collections import defaultdict

import pytest
from eventwire import Publisher, connect
from waiting import until

# A hub whose process then waits inside of a C function that was called with the lock held, until it has read two bytes.
HOLDS_THE_LOCK = """
import ctypes, os, sys, threading, eventwire
hub = eventwire.Hub(heartbeat=0.05)
server = hub.serve("127.0.0.1:0", threads=int(sys.argv[1]))
heard = threading.Event()
def answer():
    for line in sys.stdin:
        os.write(1, f"heard {line}".encode())
        heard.set()
threading.Thread(target=answer, daemon=True).start()
libc = ctypes.PyDLL(None)  # unlike CDLL, it does not let go of the lock
libc.fdopen.restype = ctypes.c_void_p
libc.fread.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_size_t, ctypes.c_void_p]
gate = libc.fdopen(int(sys.argv[2]), b"r")
buffer = ctypes.create_string_buffer(2)
print(server.url, flush=True)
heard.wait()
assert libc.fread(buffer, 1, 2, gate) == 2
os.write(1, b"released\\n")
assert hub.stats().published == 200
"""


@pytest.mark.parametrize("threads", [0, 1])
def test_a_process_that_holds_the_gil_goes_on_serving(threads):
    gate, opener = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDS_THE_LOCK, str(threads), str(gate)],
        pass_fds=[gate],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            url = process.stdout.readline().rstrip()
            tell(process, "before")
            assert process.stdout.readline() == "heard before\n"
            # Once it has taken the first byte it is in there, and comes out with the second.
            os.write(opener, b"1")
            until(lambda: unread(gate) == 0)
            tell(process, "meanwhile")

            exchange_events(url)
            see_heartbeats_and_leave(url)
            until(lambda: 'eventwire_ended_total{reason="gone"} 2\n' in metrics(url))

            ready, _, _ = select.select([process.stdout], [], [], 0)
            assert not ready, "a thread of Python ran: the lock was not held"
            os.write(opener, b"2")
            assert sorted(process.stdout.readline() for _ in range(2)) == [
                "heard meanwhile\n",
                "released\n",
            ]
            process.stdin.close()
        except BaseException:
            process.kill()
            raise
        finally:
            os.close(gate)
            os.close(opener)
    assert process.returncode == 0


def tell(process: "subprocess.Popen[str]", line: str) -> None:
    process.stdin.write(line + "\n")
    process.stdin.flush()


def unread(pipe: int) -> int:
    return int.from_bytes(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)), sys.byteorder)


def metrics(url: str) -> str:
    with urllib.request.urlopen(f"{url}/metrics") as response:
        return response.read().decode()


def exchange_events(url: str) -> None:
    with (
        connect(f"{url}/events?topic=ball&start=earliest") as stream,
        Publisher(url) as publisher,
    ):
        for number in range(200):
            id = publisher.publish("ball", str(number))
            event = next(stream)
            assert (event.id, event.data) == (id, str(number))


def see_heartbeats_and_leave(url: str) -> None:
    with urllib.request.urlopen(f"{url}/events?topic=quiet") as response:
        comments = 0
        while comments < 3:
            comments += response.readline().startswith(b":")


@pytest.mark.parametrize("threads", [0, 1])
def test_any_thread_and_any_task_may_publish(hub, threads):
    each = 100

    def by_calls(name: str) -> None:
        for number in range(each):
            hub.publish("all", str(number), event=name)

    async def by_awaits(name: str) -> None:
        for number in range(each):
            await hub.apublish("all", str(number), event=name)

    async def by_tasks(name: str) -> None:
        await asyncio.gather(*(by_awaits(f"{name}, task {number}") for number in range(3)))

    with hub.serve("127.0.0.1:0", threads=threads) as server:
        publishers = [
            *(threading.Thread(target=by_calls, args=(f"thread {number}",)) for number in range(3)),
            *(
                threading.Thread(target=asyncio.run, args=(by_tasks(f"loop {number}"),))
                for number in range(2)
            ),
        ]
        names = 3 + 2 * 3
        with connect(f"{server.url}/events?topic=all&start=earliest") as stream:
            for publisher in publishers:
                publisher.start()
            got = defaultdict(list)
            for _ in range(names * each):
                event = next(stream)
                got[event.event].append(event.data)
        for publisher in publishers:
            publisher.join()
    expected = [str(number) for number in range(each)]
    assert len(got) == names
    assert all(numbers == expected for numbers in got.values()), "each has an order of its own"
