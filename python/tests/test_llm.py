"""Runs tests/fixtures/llm: streams of language models, in every chunking."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
from eventwire import Event, adecode, decode

FOLDER = Path(__file__).resolve().parents[2] / "tests/fixtures/llm"
NAMES = sorted(path.stem for path in FOLDER.glob("*.txt"))


class Answer:
    """What a reader makes of a stream, in the fixtures' words."""

    def __init__(self, shape: str) -> None:
        self.take = {"openai": self.openai, "anthropic": self.anthropic}[shape]
        self.told: dict[str, Any] = {
            "text": "",
            "arguments": "",
            "stop": None,
            "output_tokens": None,
            "end": "cut",
            "error": None,
        }

    def read(self, events: Iterable[Event]) -> dict[str, Any]:
        for event in events:
            self.take(event)
            if self.told["end"] != "cut":
                break
        return self.told

    def openai(self, event: Event) -> None:
        if event.data == "[DONE]":
            self.told["end"] = "done"
            return
        data = event.json()
        if "error" in data:
            self.fail(data["error"])
            return
        for choice in data["choices"]:
            self.told["text"] += choice["delta"].get("content") or ""
            for call in choice["delta"].get("tool_calls", []):
                self.told["arguments"] += call["function"]["arguments"]
            self.told["stop"] = choice["finish_reason"] or self.told["stop"]
        if usage := data.get("usage"):
            self.told["output_tokens"] = usage["completion_tokens"]

    def anthropic(self, event: Event) -> None:
        data = event.json()
        assert data["type"] == event.event, "the type is said twice"
        match event.event:
            case "content_block_delta":
                self.told["text"] += data["delta"].get("text", "")
                self.told["arguments"] += data["delta"].get("partial_json", "")
            case "message_delta":
                self.told["stop"] = data["delta"]["stop_reason"]
                self.told["output_tokens"] = data["usage"]["output_tokens"]
            case "message_stop":
                self.told["end"] = "done"
            case "error":
                self.fail(data["error"])

    def fail(self, error: dict[str, str]) -> None:
        self.told |= {"end": "error", "error": f"{error['type']}: {error['message']}"}


def fixture(name: str) -> tuple[str, bytes, dict[str, Any]]:
    expect = json.loads((FOLDER / f"{name}.json").read_text())
    assert expect.pop("why"), "a fixture says why it is there"
    return expect.pop("shape"), (FOLDER / f"{name}.txt").read_bytes(), expect


@pytest.mark.parametrize("name", NAMES)
def test_every_chunking(name: str):
    shape, data, expect = fixture(name)
    single = [data[at : at + 1] for at in range(len(data))]
    assert Answer(shape).read(decode([data])) == expect
    assert Answer(shape).read(decode(single)) == expect
    assert Answer(shape).read(decode(part for byte in single for part in (byte, b""))) == expect
    for split in range(len(data) + 1):
        told = Answer(shape).read(decode([data[:split], data[split:]]))
        assert told == expect, f"split at {split}"


@pytest.mark.parametrize("name", NAMES)
def test_the_same_asynchronously(name: str):
    shape, data, expect = fixture(name)

    async def bytes_of() -> AsyncIterator[bytes]:
        for at in range(len(data)):
            yield data[at : at + 1]

    async def main() -> None:
        events = [event async for event in adecode(bytes_of())]
        assert Answer(shape).read(events) == expect

    asyncio.run(main())


def test_both_shapes_are_there():
    shapes = [fixture(name)[0] for name in NAMES]
    assert shapes.count("openai") >= 3
    assert shapes.count("anthropic") >= 3
