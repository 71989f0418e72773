"""The quick starts, run as a user runs them."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def start(name: str, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, str(HERE / name), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("subscriber", ["subscribe.py", "subscribe_async.py"])
def test_serve_publish_and_subscribe(subscriber: str):
    with start("serve.py", "127.0.0.1:0") as server:
        url = server.stdout.readline().split()[-1]
        base = url.partition("/events")[0]
        with start(subscriber, url.replace("numbers", "lines&start=earliest")) as reader:
            with start("publish.py", base, "lines", "one more") as publisher:
                id, error = publisher.communicate()
            assert (publisher.returncode, error) == (0, "")
            assert reader.stdout.readline() == f"{id.strip()} message one more\n"
            reader.send_signal(signal.SIGINT)
            _, error = reader.communicate()
            assert (reader.returncode, error) == (0, "")
        server.send_signal(signal.SIGINT)
        _, error = server.communicate()
        assert (server.returncode, error) == (0, "")
