"""The program that plays the client fixtures: `tests/rust/src/bin/fixture-server.rs` describes what is said to it."""

import contextlib
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(os.environ.get("EVENTWIRE_FIXTURE_SERVER", ROOT / "target/debug/fixture-server"))


class FixtureServer:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lock = threading.Lock()

    def play(self, name: str) -> dict[str, Any]:
        return self._ask({"play": name})

    def judge(self, play: int, runner: str, told: dict[str, Any]) -> str | None:
        """What is wrong with what came of it."""
        wrong: str | None = self._ask({"judge": play, "runner": runner, "told": told})["wrong"]
        return wrong

    def _ask(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "failed" not in answer, answer["failed"]
        return answer


@contextlib.contextmanager
def running() -> Iterator[FixtureServer]:
    if not PROGRAM.is_file():
        raise RuntimeError(
            f"{PROGRAM} is not built: cargo build -p eventwire-tests --bin fixture-server"
        )
    with subprocess.Popen(
        [PROGRAM],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    ) as process:
        try:
            yield FixtureServer(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
