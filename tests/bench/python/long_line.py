"""One line as large as a whole workload: its cost must not depend on its chunks, but for the calls."""

from __future__ import annotations

from typing import Any

import eventwire
from measure import cut, timed

SIZES = [64, 65536]


def long_line(plan: dict[str, int], rounds: int) -> dict[str, Any]:
    """Times the line in chunks of both sizes in turn, and calls that carry one byte each."""
    size, count = plan["bytes"], plan["calls"]
    print(f"one line of {size} bytes", flush=True)

    def decode(chunks: list[bytes]) -> int:
        decoder = eventwire.Decoder(max_line=size, max_event=size)
        return sum(len(event.data) for chunk in chunks for event in decoder.feed(chunk))

    content = size - len("data: \n\n")
    stream = b"data: " + b"x" * content + b"\n\n"
    lines: list[tuple[int, list[bytes], list[int]]] = [
        (chunk, cut(stream, chunk), []) for chunk in SIZES
    ]
    # Comment lines of 64 bytes, byte by byte: nearly every call ends within a line, as those of the long line do; but the lines
    # are short, so that nothing that grows with the length of a line can hide in the cost of a call.
    calls = cut((b":" + b"x" * 62 + b"\n") * (count // 64), 1)
    calls_took: list[int] = []
    for round_ in range(rounds + 1):
        for _, chunks, nanoseconds in lines:
            data, took = timed(decode, chunks)
            if data != content:
                raise AssertionError("the line is not whole")
            if round_ > 0:
                nanoseconds.append(took)
        _, took = timed(decode, calls)
        if round_ > 0:
            calls_took.append(took)
    return {
        "bytes": size,
        "lines": [{"chunk": chunk, "nanoseconds": took} for chunk, _, took in lines],
        "calls": {"count": count, "nanoseconds": calls_took},
    }
