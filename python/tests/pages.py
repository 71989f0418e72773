"""The programs of the pages in docs/. CONTRIBUTING.md says how a page is written.

The same reading of pages, for their other languages, is in `node/test/pages.mjs` and `tests/rust/src/pages.rs`.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"
#: What is shown and not run.
SHOWN = {"console"}
#: What is run; each runner takes those of its own language.
LANGUAGES = {"python", "js", "rust"}


@dataclass
class Program:
    """A block in one of the languages, with the stream that it reads and the output that it is to have."""

    page: str
    line: int
    language: str
    source: str
    stream: str | None
    output: str | None


def programs(language: str) -> Iterator[Program]:
    for path in sorted(DOCS.glob("*.md")):
        for program in of_page(path.name, path.read_text()):
            if program.language == language:
                yield program


def of_page(page: str, text: str) -> Iterator[Program]:
    stream = output = None
    lines = enumerate(text.splitlines(), 1)
    for number, line in lines:
        if not line.lstrip().startswith("```"):
            continue
        kind = line.strip().removeprefix("```")
        block = []
        for _, inner in lines:
            if inner.strip() == "```":
                break
            block.append(inner + "\n")
        else:
            raise ValueError(f"{page}:{number}: the block has no end")
        source = "".join(block)
        if kind == "event-stream":
            stream = source
        elif kind == "output":
            output = source
        elif kind in LANGUAGES:
            yield Program(page, number, kind, source, stream, output)
        elif kind not in SHOWN:
            raise ValueError(f"{page}:{number}: no test runs a block of `{kind}`")


def differences(page: str, other: str) -> list[tuple[list[bytes], Any, Any]]:
    """The rows of a page's table of streams: the chunks, what the other library makes of them, and what eventwire does."""
    rows = []
    lines = iter((DOCS / page).read_text().splitlines())
    for line in lines:
        if line.startswith(f"| chunks | {other} | eventwire |"):
            break
    for line in lines:
        cells = re.findall(r"`([^`]*)`", line)
        if line.startswith("| `") and len(cells) >= 3:
            chunks, theirs, ours = (json.loads(cell) for cell in cells[:3])
            rows.append(([as_bytes(chunk) for chunk in chunks], theirs, ours))
        elif rows:
            break
    return rows


def as_bytes(chunk: str) -> bytes:
    return bytes.fromhex(chunk[4:]) if chunk.startswith("hex:") else chunk.encode()
