"""Signals, forks, the end of the interpreter, and the command line: in processes of their own."""

import signal
import subprocess
import sys
import threading

import pytest
from scripted import holds

READ = """
import eventwire, sys
for event in eventwire.connect(sys.argv[1]):
    print(event.data, flush=True)
"""

READ_AND_CATCH = """
import eventwire, sys
try:
    for event in eventwire.connect(sys.argv[1]):
        print(event.data, flush=True)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""

READ_ON_A_LOOP = """
import asyncio, eventwire, sys
async def main():
    async for event in eventwire.aconnect(sys.argv[1]):
        print(event.data, flush=True)
asyncio.run(main())
"""


def python(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-X", "dev", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def runs(code: str, *arguments: str) -> str:
    """What a script printed; it must end well and say nothing on standard error."""
    with python("-W", "ignore::DeprecationWarning", "-c", code, *arguments) as process:
        out, err = process.communicate()
    assert (process.returncode, err) == (0, ""), err
    return out


@pytest.mark.parametrize("script", [READ, READ_ON_A_LOOP], ids=["sync", "async"])
def test_ctrl_c_ends_a_subscriber(hub, news, script):
    hub.publish("news", "x")
    with python("-c", script, news) as process:
        assert process.stdout.readline() == "x\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")


def test_ctrl_c_is_a_keyboard_interrupt_inside_the_loop(hub, news):
    hub.publish("news", "x")
    with python("-c", READ_AND_CATCH, news) as process:
        assert process.stdout.readline() == "x\n"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (0, "stopped\n", "")


def test_a_signal_handler_runs_while_a_subscriber_waits(hub, news):
    code = """
import eventwire, signal, sys
stream = eventwire.connect(sys.argv[1])
signal.signal(signal.SIGUSR1, lambda *_: (print("handled", flush=True), stream.close()))
for event in stream:
    print(event.data, flush=True)
"""
    hub.publish("news", "x")
    with python("-c", code, news) as process:
        assert process.stdout.readline() == "x\n"
        process.send_signal(signal.SIGUSR1)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (0, "handled\n", "")


def test_handles_that_were_not_used_before_a_fork_work_in_the_child(hub, news):
    hub.publish("news", "x")
    code = """
import os, sys, eventwire
stream, hub = eventwire.connect(sys.argv[1]), eventwire.Hub()
assert next(eventwire.connect(sys.argv[1])).data == "x"  # the core runs already, by another handle
child = os.fork()
assert next(stream).data == "x"
with hub.subscribe("t") as subscription:
    hub.publish("t", "y")
    assert next(subscription).data == "y"
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
print("both", end="")
"""
    assert runs(code, news) == "both"


def test_handles_that_were_used_raise_in_the_child_and_go_on_in_the_parent(hub, news):
    hub.publish("news", "x")
    hub.publish("news", "y")
    code = """
import asyncio, os, sys, eventwire
stream, astream, hub = eventwire.connect(sys.argv[1]), eventwire.aconnect(sys.argv[1]), eventwire.Hub()
async def first(stream):
    return await anext(stream)
assert next(stream).data == asyncio.run(first(astream)).data == "x"
stream2 = eventwire.connect(sys.argv[1].replace("news", "quiet"))
items = stream2.items()
assert isinstance(next(items), eventwire.Opened)
hub.publish("t", "z")
child = os.fork()
if child == 0:
    code = 0
    for use in (lambda: next(stream2), stream2.restart, lambda: hub.publish("t", "z")):
        try:
            use()
            code = 1
        except eventwire.ClosedError as error:
            if "fork" not in str(error):
                code = 2
    # A new one works, and so does the end of the child.
    assert next(eventwire.connect(sys.argv[1])).data == "x"
    sys.exit(code)
assert os.waitpid(child, 0)[1] == 0
assert next(stream).data == asyncio.run(first(astream)).data == "y"
hub.publish("t", "z")
print("both", end="")
"""
    assert runs(code, news) == "both"


def test_a_child_that_closes_the_hub_of_its_parent_does_not_hang():
    code = """
import os, signal, threading, eventwire
hub = eventwire.Hub()
server = hub.serve("127.0.0.1:0")
over = threading.Event()
def publish():
    while not over.is_set():
        hub.publish("t", "x")
# Some of the forks come while one of these holds a lock of the hub's.
threads = [threading.Thread(target=publish) for _ in range(2)]
for thread in threads:
    thread.start()
ends = []
for _ in range(100):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        server.close()
        hub.close()
        os._exit(0)
    ends.append(os.waitpid(child, 0)[1])
over.set()
for thread in threads:
    thread.join()
with hub.subscribe("t") as subscription:
    id = hub.publish("t", "y")
    assert next(subscription).id == id, "the parent's is closed"
print(set(ends), end="")
"""
    assert runs(code) == "{0}"


def test_multiprocessing_by_fork(hub, news):
    hub.publish("news", "x")
    code = """
import multiprocessing, sys, eventwire
def read(url):
    return next(eventwire.connect(url)).data
if __name__ == "__main__":
    print(read(sys.argv[1]), end="")
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(*pool.map(read, [sys.argv[1]] * 4), end="")
"""
    assert runs(code, news) == "xx x x x"


def test_the_interpreter_ends_while_threads_read(hub, news):
    hub.publish("news", "x")
    code = """
import asyncio, sys, threading, eventwire
url = sys.argv[1]
ready = threading.Barrier(9)
def read():
    stream = eventwire.connect(url)
    next(stream)
    ready.wait()
    next(stream)
def read_on_a_loop():
    async def main():
        stream = eventwire.aconnect(url)
        await anext(stream)
        ready.wait()
        await anext(stream)
    asyncio.run(main())
def publish():
    hub = eventwire.Hub()
    hub.publish("t", "x")
    ready.wait()
    while True:
        hub.publish("t", "x")
for target in (read, read_on_a_loop, publish, read) * 2:
    threading.Thread(target=target, daemon=True).start()
ready.wait()
print("end", end="", flush=True)
"""
    for _ in range(3):
        assert runs(code, news) == "end"


def test_the_interpreter_ends_with_streams_that_nobody_closed(hub, news):
    hub.publish("news", "x")
    code = """
import sys, eventwire
hub = eventwire.Hub()
server = hub.serve("127.0.0.1:0")
subscription = hub.subscribe("t")
stream = eventwire.connect(sys.argv[1])
print(next(stream).data, end="")
sys.stream = stream
"""
    assert runs(code, news) == "x"


def test_importing_starts_nothing():
    code = """
import os
before = os.listdir("/proc/self/task")
import eventwire
hub, stream = eventwire.Hub(), eventwire.connect("http://127.0.0.1:1/")
assert before == os.listdir("/proc/self/task")
print("nothing", end="")
"""
    assert runs(code) == "nothing"


def test_the_command_publishes_and_tails(hub, server):
    with python(
        "-m", "eventwire", "tail", f"{server.url}/events", "--topic", "news", "--json"
    ) as tail:
        while hub.stats().subscribers == 0:
            assert tail.poll() is None
        with python(
            "-m", "eventwire", "publish", server.url, "--topic", "news", "hello"
        ) as publish:
            out, err = publish.communicate()
        assert publish.returncode == 0, err
        assert "-1" in out
        assert "hello" in tail.stdout.readline()
        tail.send_signal(signal.SIGINT)
        _, err = tail.communicate()
    # As a shell sees it, both are 130.
    assert tail.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in err


def test_the_command_passes_its_exit_code_on():
    with python("-m", "eventwire", "no-such-command") as process:
        _, err = process.communicate()
    assert process.returncode == 2
    assert "no-such-command" in err
    with python("-m", "eventwire", "--help") as process:
        out, _ = process.communicate()
    assert process.returncode == 0
    assert {"serve", "tail", "publish"} <= set(out.split())


def test_a_publisher_works_in_the_child_where_it_was_not_used_before_a_fork(hub, server):
    code = """
import os, sys, eventwire
used, unused = eventwire.Publisher(sys.argv[1]), eventwire.Publisher(sys.argv[1])
used.publish("t", "before")
child = os.fork()
unused.publish("t", "unused")
if child == 0:
    code = 0
    for use in (lambda: used.publish("t", "x"), used.flush, lambda: used.publish_many([])):
        try:
            use()
            code = 1
        except eventwire.ClosedError as error:
            if "fork" not in str(error):
                code = 2
    # Closing it, and forgetting it, does nothing to the parent's.
    used.close()
    del used
    sys.exit(code)
assert os.waitpid(child, 0)[1] == 0
used.publish("t", "after")
used.close()
print("both", end="")
"""
    assert runs(code, server.url) == "both"
    assert hub.stats().published == 4


def test_ctrl_c_ends_a_publish_that_waits(scripted):
    server = scripted(holds(head=b""))
    code = """
import eventwire, sys
with eventwire.Publisher(sys.argv[1]) as publisher:
    try:
        publisher.publish("t", "x")
    finally:
        publisher.close(timeout=0)
"""
    with python("-c", code, server.url) as process:
        while not server.requests:
            threading.Event().wait(0.005)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert process.returncode == -signal.SIGINT
    assert err.rstrip().endswith("KeyboardInterrupt")


def test_children_of_a_fork_have_logs_and_keys_of_their_own(hub, server):
    code = """
import os, sys, eventwire
own, publisher = eventwire.Hub(), eventwire.Publisher(sys.argv[1])
eventwire.Publisher(sys.argv[1]).publish("t", "before")
for _ in range(2):
    if os.fork() == 0:
        break
publisher.publish("t", "x")
# In one piece: three processes write.
os.write(1, (own.publish("t", "x") + "\\n").encode())
try:
    while True:
        os.wait()
except ChildProcessError:
    pass
"""
    ids = runs(code, server.url).split()
    assert len(set(ids)) == 3
    assert hub.stats().published == 4
