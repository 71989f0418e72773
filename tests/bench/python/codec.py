"""codec.py PLAN RESULTS: times what the plan says, with the eventwire that is on the path.

It judges nothing: medians, ratios and targets are xtask's, the same for three languages.
"""

from __future__ import annotations

import gc
import json
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from decoders import ALL, found
from long_line import long_line
from measure import cut, timed

PEERS = ["httpx-sse", "httpx", "openai", "anthropic", "sseclient-py"]


def in_turn(chunks: list[bytes], rounds: int) -> list[dict[str, Any]]:
    """One run that is checked, then rounds in which each decoder has its turn.

    So what slows the machine down for a while slows all of them.
    """
    runs = [
        {"decoder": decoder.name, "found": found(decoder.events(chunks)), "nanoseconds": []}
        for decoder in ALL
    ]
    for _ in range(rounds):
        for decoder, run in zip(ALL, runs, strict=True):
            events, took = timed(decoder.run, chunks)
            if events != run["found"]["events"]:
                raise AssertionError(f"{decoder.name} differs by itself")
            run["nanoseconds"].append(took)
    return runs


def ours() -> str:
    """The version of eventwire; a checkout has none."""
    try:
        return metadata.version("eventwire")
    except metadata.PackageNotFoundError:
        return "of the checkout"


def main(plan_file: str, results_file: str) -> None:
    # The peers bring tens of thousands of objects along, which every collection would look through.
    gc.freeze()
    plan = json.loads(Path(plan_file).read_text())
    series: list[dict[str, Any]] = []
    for workload in plan["workloads"]:
        stream = Path(workload["path"]).read_bytes()
        for chunk in workload["chunks"]:
            print(f"{workload['name']} in chunks of {chunk} bytes", flush=True)
            of = {"workload": workload["name"], "chunk": chunk, "bytes": len(stream)}
            series += [of | run for run in in_turn(cut(stream, chunk), plan["rounds"])]
    line = plan.get("long_line")
    results = {
        "versions": {
            "python": platform.python_version(),
            "eventwire": ours(),
            **{name: metadata.version(name) for name in PEERS},
        },
        "series": series,
        "long_line": long_line(line, plan["rounds"]) if line else None,
    }
    Path(results_file).write_text(json.dumps(results))


if __name__ == "__main__":
    main(*sys.argv[1:])
