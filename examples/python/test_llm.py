"""The examples for language models, run as a user runs them, against a server that has the streams of tests/fixtures/llm."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / "tests/fixtures/llm"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


class Handler(BaseHTTPRequestHandler):
    """Answers `POST /NAME` with that stream, in small pieces."""

    asked: dict[str, Any]

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        type(self).asked = json.loads(self.rfile.read(length)) | {"headers": dict(self.headers)}
        path = FOLDER / f"{self.path[1:]}.txt"
        if not path.exists():
            self.send_response(429)
            self.end_headers()
            self.wfile.write(b"slow down")
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        data = path.read_bytes()
        for at in range(0, len(data), 7):
            self.wfile.write(data[at : at + 7])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield "http://{}:{}".format(*server.server_address)
        server.shutdown()
        thread.join()


def run(name: str, url: str) -> "subprocess.CompletedProcess[str]":
    shape = name.partition("-")[0]
    command = [sys.executable, str(HERE / f"llm_{shape}.py"), f"{url}/{name}", "tern", "Why?"]
    environment = {"OPENAI_API_KEY": "key", "ANTHROPIC_API_KEY": "key"}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env=environment
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_printed(name: str, url: str):
    expect = json.loads((FOLDER / f"{name}.json").read_text())
    done = run(name, url)
    tokens = expect["output_tokens"]
    assert done.stdout == expect["text"] + (f"\n[{tokens} tokens]\n" if tokens else "")
    error = {
        "done": "",
        "error": f"\nerror: {expect['error']}\n",
        "cut": "\nerror: the stream was over before its message_stop\n",
    }[expect["end"]]
    assert (done.stderr, done.returncode) == (error, int(expect["end"] != "done"))
    asked = Handler.asked
    assert asked["stream"] is True
    assert asked["messages"] == [{"role": "user", "content": "Why?"}]
    names = {"openai": "Authorization", "anthropic": "X-Api-Key"}
    key = {header.title(): value for header, value in asked["headers"].items()}
    assert key[names[expect["shape"]]].endswith("key")


@pytest.mark.parametrize("shape", ["openai", "anthropic"])
def test_what_the_service_says_is_shown(shape: str, url: str):
    done = run(f"{shape}-none", url)
    assert done.returncode == 1
    assert done.stderr == f"error: {url}/{shape}-none answered 429: slow down\n"


@pytest.mark.parametrize("shape", ["openai", "anthropic"])
def test_no_service_is_an_error_without_a_traceback(shape: str):
    done = run(f"{shape}-none", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
