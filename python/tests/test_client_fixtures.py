"""The fixtures of the client, which every language runs: here by `connect`, and by `aconnect`."""

import asyncio
import contextlib
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from eventwire import (
    Closed,
    Comment,
    Event,
    EventwireError,
    Opened,
    Reconnecting,
    Reset,
    RetryPolicy,
    aconnect,
    connect,
)
from fixture_server import FixtureServer, running

FOLDER = Path(__file__).resolve().parents[2] / "tests/fixtures/client"
FILES = sorted(path for path in FOLDER.glob("*.json") if path.name != "schema.json")
CASES = [(path.stem, case) for path in FILES for case in json.loads(path.read_text())["cases"]]

#: How long a case may take; then what came until then is judged.
PATIENCE = 30

ERROR = ("status", "attempt", "retry_after", "body", "clock", "limit", "max")

ran: set[tuple[str, str]] = set()


def mine(runner: str) -> list[tuple[str, dict[str, Any]]]:
    """Those that are about the rules of `connect`, but what this runner skips."""
    return [
        (file, case)
        for file, case in CASES
        if "connect" in case.get("profiles", ["connect"]) and runner not in case.get("skip", {})
    ]


def params(runner: str) -> list[Any]:
    return [pytest.param(case, id=f"{file}: {case['name']}") for file, case in mine(runner)]


@pytest.fixture(scope="module")
def fixtures() -> Iterator[FixtureServer]:
    with running() as server:
        yield server


@pytest.mark.parametrize("case", params("python"))
def test_connect(fixtures: FixtureServer, case: dict[str, Any]):
    play = fixtures.play(case["name"])
    wrong = fixtures.judge(play["play"], "python", tell(play))
    assert wrong is None, f"{case['why']}: {wrong}"
    ran.add(("python", case["name"]))


@pytest.mark.parametrize("case", params("python_async"))
def test_aconnect(fixtures: FixtureServer, case: dict[str, Any]):
    play = fixtures.play(case["name"])
    wrong = fixtures.judge(play["play"], "python_async", asyncio.run(atell(play)))
    assert wrong is None, f"{case['why']}: {wrong}"
    ran.add(("python_async", case["name"]))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_files_follow_their_schema(file: Path):
    schema = json.loads((FOLDER / "schema.json").read_text())
    jsonschema.validate(json.loads(file.read_text()), schema)


def test_every_case_ran(request: pytest.FixtureRequest):
    # Only where the whole file was asked for: with -k, this would be no news.
    every = {(runner, case["name"]) for runner in RUNNERS for _, case in mine(runner)}
    here = [item for item in request.session.items if item.path == request.path]
    if len(here) == len(every) + len(FILES) + 1:
        assert ran == every
    names = [case["name"] for _, case in CASES]
    assert len(names) == len(set(names)), "two cases have one name"
    assert {"statuses", "resume", "storms"} <= {path.stem for path in FILES}, (
        f"fixtures are missing in {FOLDER}"
    )


RUNNERS = ("python", "python_async")


class Telling:
    """What a consumer sees, and when it has seen enough."""

    def __init__(self, play: dict[str, Any]) -> None:
        self._play = play
        self._events = 0
        self.items: list[dict[str, Any]] = []
        self.error: dict[str, Any] | None = None
        self.ended = False

    @property
    def complete(self) -> bool:
        return len(self.items) >= self._play["items"] and not self._play["ends"]

    def take(self, item: Any) -> bool:
        """Whether the consumer is to close the stream now."""
        self.items.append(item_of(item))
        if not isinstance(item, Event):
            return False
        self._events += 1
        return self._events == self._play["consumer"].get("close_after")

    def told(self, stream: Any) -> dict[str, Any]:
        return {
            "items": self.items,
            "error": self.error,
            "ended": self.ended,
            "last_event_id": stream.last_event_id,
            "reconnection_time": stream.reconnection_time,
        }


def tell(play: dict[str, Any]) -> dict[str, Any]:
    telling = Telling(play)
    with connect(**options(play)) as stream:
        # An item that is missing shows as a wait.
        hung = threading.Event()
        watchdog = threading.Timer(PATIENCE, lambda: (hung.set(), stream.close()))
        watchdog.start()
        try:
            for item in stream.items():
                if telling.take(item):
                    stream.close()
                if telling.complete:
                    break
            else:
                telling.ended = not hung.is_set()
        except EventwireError as error:
            telling.error = error_of(error)
            telling.ended = next(stream, None) is None
        finally:
            watchdog.cancel()
            watchdog.join()
        return telling.told(stream)


async def atell(play: dict[str, Any]) -> dict[str, Any]:
    telling = Telling(play)

    async def read(stream: Any) -> None:
        try:
            async for item in stream.items():
                if telling.take(item):
                    stream.close()
                if telling.complete:
                    return
            telling.ended = True
        except EventwireError as error:
            telling.error = error_of(error)
            telling.ended = await anext(stream, None) is None

    async with aconnect(**options(play)) as stream:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(read(stream), PATIENCE)
        return telling.told(stream)


def options(play: dict[str, Any]) -> dict[str, Any]:
    given = dict(play["options"])
    if "body" in given:
        given["content"] = given.pop("body")
    for name in ("idle_timeout", "event_timeout"):
        if name in given:
            given[name] /= 1000
    if given["retry"] is not None:
        times = ("base", "max", "min", "deadline", "stable_after")
        given["retry"] = RetryPolicy(
            **{
                name: value / 1000 if name in times else value
                for name, value in given["retry"].items()
            }
        )
    return given


def item_of(item: Any) -> dict[str, Any]:
    match item:
        case Event():
            return {"event": item.event, "data": item.data, "id": item.id}
        case Comment(text):
            return {"comment": text}
        case Opened(status=status, url=url):
            return {"opened": status, "url": url}
        case Reset():
            names = ("requested", "first", "id")
            return {"reset": item.reason, **{name: getattr(item, name) for name in names}}
        case Reconnecting(reason, attempt, delay):
            return {"reconnecting": error_of(reason), "attempt": attempt, "delay": delay * 1000}
        case Closed(reason, error):
            return {"closed": reason, "error": error and error_of(error)}
    raise AssertionError(f"{item!r} is new")


def error_of(error: EventwireError) -> dict[str, Any]:
    told = {"kind": error.kind, "message": str(error)}
    told |= {name: getattr(error, name, None) for name in ERROR}
    if error.retry_after is not None:
        told["retry_after"] = error.retry_after * 1000
    return told
