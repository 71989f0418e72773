"""The fixtures of the hub, which every language runs: here against a hub that this process serves."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from eventwire import Hub
from waiting import until

FOLDER = Path(__file__).resolve().parents[2] / "tests/fixtures/server"
FILES = sorted(path for path in FOLDER.glob("*.json") if path.name != "schema.json")
CASES = [(path.stem, case) for path in FILES for case in json.loads(path.read_text())["cases"]]
NAMES = [case["name"] for _, case in CASES]
# By a thread that owns the sockets, and by those that answer requests.
THREADS = [1, 0]

ran: set[tuple[str, int]] = set()


@pytest.mark.parametrize("threads", THREADS)
@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{file}: {case['name']}") for file, case in CASES]
)
def test_the_answer(case: dict[str, Any], threads: int):
    ran.add((case["name"], threads))
    if "python" in case.get("skip", {}):
        pytest.skip(case["skip"]["python"])
    assert case.keys() <= {
        "name", "why", "skip", "hub", "publish", "request", "then", "expect"
    }  # fmt: skip
    with (
        Hub(heartbeat=None, **case.get("hub", {})) as hub,
        hub.serve("127.0.0.1:0", threads=threads) as server,
        closing(HTTPConnection(server.url.removeprefix("http://"))) as connection,
        ThreadPoolExecutor(1) as other,
    ):
        epoch = hub.stats().last_event_id.partition("-")[0]
        other_epoch = next(name for name in ("aaaaaaaa", "bbbbbbbb") if name != epoch)

        def filled(text: str) -> str:
            return text.replace("{epoch}", epoch).replace("{other}", other_epoch)

        def publish(events: list[dict[str, Any]]) -> None:
            for event in events:
                hub.publish(event.pop("topic"), event.pop("data"), **event)

        publish([dict(event) for event in case["publish"]])
        ask(connection, filled, **case["request"])
        response = connection.getresponse()
        if response.status == 200 and case["request"].get("method", "GET") == "GET":
            until(lambda: server.sharded == threads)
        publish([dict(event) for event in case.get("then", [])])
        # Streams give what was published before, and end.
        drained = other.submit(server.drain, 60)
        body = response.read()
        assert drained.result()

        expect = case["expect"]
        assert response.status == expect["status"]
        for name, value in expect.get("headers", {}).items():
            assert response.headers.get_all(name) == [value]
        assert body.decode() == filled("".join(expect["body"]))
        assert expect.keys() <= {"status", "headers", "body"}


def ask(
    connection: HTTPConnection,
    filled: Any,
    *,
    query: str,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: str = "",
) -> None:
    query = filled(query)
    content = filled(body).encode()
    connection.putrequest(
        method, f"/events?{query}" if query else "/events", skip_accept_encoding=True
    )
    for name, value in (headers or {}).items():
        connection.putheader(name, filled(value).encode())
    if content:
        connection.putheader("Content-Length", str(len(content)))
    connection.endheaders(content)


def test_every_case_ran(request: pytest.FixtureRequest):
    # Only where the whole file was asked for: with -k, this would be no news.
    here = [item for item in request.session.items if item.path == request.path]
    if len(here) == len(NAMES) * len(THREADS) + 1:
        assert ran == set(every_run())
    assert len(NAMES) == len(set(NAMES)), "two cases have one name"
    assert "resume" in {path.stem for path in FILES}, f"fixtures are missing in {FOLDER}"


def every_run() -> Iterator[tuple[str, int]]:
    return ((name, threads) for name in NAMES for threads in THREADS)
