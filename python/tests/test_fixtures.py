"""The fixtures of the codec, which every language runs."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from eventwire import Comment, DecodeError, Decoder, EncodeError, Event, encode

FOLDER = Path(__file__).resolve().parents[2] / "tests/fixtures/codec"
FILES = sorted(path for path in FOLDER.glob("*.json") if path.name != "schema.json")
CASES = [(path.stem, case) for path in FILES for case in json.loads(path.read_text())["cases"]]
DECODING = [
    pytest.param(case, id=f"{file}: {case['name']}") for file, case in CASES if "encode" not in case
]
ENCODING = [
    pytest.param(case, id=f"{file}: {case['name']}") for file, case in CASES if "encode" in case
]

ran: set[str] = set()


@pytest.mark.parametrize("case", DECODING)
def test_decoding(case: dict[str, Any]):
    streams = [as_bytes(stream) for stream in [*case.get("before", []), case["input"]]]
    expected = expectation(case["expect"])
    for name, connections in chunkings(streams):
        assert decoded(case, connections) == expected, f"{case['name']}, {name}"
    ran.add(case["name"])


@pytest.mark.parametrize("case", ENCODING)
def test_encoding(case: dict[str, Any]):
    block = {
        name: as_text(value) if name != "retry" else value for name, value in case["encode"].items()
    }
    expect = case["expect"]
    if "text" in expect:
        assert encode(**block) == as_bytes(expect["text"])
    else:
        with pytest.raises(EncodeError) as caught:
            encode(**block)
        assert caught.value.field == expect["error"]["field"]
    ran.add(case["name"])


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_files_follow_their_schema(file: Path):
    schema = json.loads((FOLDER / "schema.json").read_text())
    jsonschema.validate(json.loads(file.read_text()), schema)


def test_the_fixtures_of_the_server_follow_their_schema():
    folder = FOLDER.parent / "server"
    files = sorted(path for path in folder.glob("*.json") if path.name != "schema.json")
    assert {"resume", "patterns", "retained", "limits"} <= {path.stem for path in files}
    schema = json.loads((folder / "schema.json").read_text())
    for file in files:
        jsonschema.validate(json.loads(file.read_text()), schema)


def test_every_case_ran(request: pytest.FixtureRequest):
    # Only where the whole file was asked for: with -k, this would be no news.
    names = [case["name"] for _, case in CASES]
    here = [item for item in request.session.items if item.path == request.path]
    if len(here) == len(names) + len(FILES) + 3:
        assert ran == set(names)
    assert len(names) == len(set(names)), "two cases have one name"
    assert {"bom", "fields", "limits", "encode"} <= {path.stem for path in FILES}, (
        f"fixtures are missing in {FOLDER}"
    )


def test_every_rule_has_a_case():
    rules = {
        int(line.split("|")[1])
        for line in (FOLDER / "README.md").read_text().splitlines()
        if line.startswith("| ") and line.split("|")[1].strip().isdigit()
    }
    assert rules == {row for _, case in CASES for row in case["rows"]}


def decoded(case: dict[str, Any], connections: list[list[bytes]]) -> tuple[Any, ...]:
    decoder = Decoder(**{name: as_text(value) for name, value in case.get("options", {}).items()})
    items: list[Event | Comment] = []
    error = None
    for number, chunks in enumerate(connections):
        if number > 0:
            decoder.reset()
            error = None
        try:
            # The last call raises an error that came after events of the same chunk.
            for chunk in [*chunks, b""]:
                items += decoder.feed(chunk)
        except DecodeError as failed:
            error = (failed.limit, failed.max)
    return items, decoder.last_event_id, decoder.reconnection_time, error


def expectation(expect: dict[str, Any]) -> tuple[Any, ...]:
    items: list[Event | Comment] = []
    for item in expect["items"]:
        if "comment" in item:
            items.append(Comment(as_text(item["comment"])))
        else:
            items.append(Event(**{name: as_text(value) for name, value in item.items()}))
    error = expect.get("error")
    limit = error and (error["limit"], error["max"])
    return items, as_text(expect.get("last_event_id", "")), expect.get("reconnection_time"), limit


def chunkings(streams: list[bytes]) -> Iterator[tuple[str, list[list[bytes]]]]:
    single = [[stream[at : at + 1] for at in range(len(stream))] for stream in streams]
    yield "whole", [[stream] for stream in streams]
    yield "byte by byte", single
    yield (
        "with an empty chunk after every byte",
        [[chunk for byte in stream for chunk in (byte, b"")] for stream in single],
    )
    for number, stream in enumerate(streams):
        for at in range(1, len(stream)):
            connections = [[stream] for stream in streams]
            connections[number] = [stream[:at], stream[at:]]
            yield f"stream {number} split at {at}", connections


def as_bytes(parts: Any) -> bytes:
    if isinstance(parts, list):
        return b"".join(map(as_bytes, parts))
    if isinstance(parts, dict):
        if "hex" in parts:
            return bytes.fromhex(parts["hex"])
        return as_bytes(parts["repeat"]) * parts["times"]
    return parts.encode()


def as_text(value: Any) -> Any:
    return as_bytes(value).decode() if isinstance(value, (str, list, dict)) else value
