"""The event stream format once more, read slowly from the standard: decode, split, interpret.

Nothing here is ours: what it says is held against what the decoder says.
"""

import re
from dataclasses import dataclass, field

BOM = b"\xef\xbb\xbf"
LINE_END = re.compile(r"\r\n|\r|\n")
MAX_RETRY = 2**53 - 1


@dataclass
class Told:
    """Everything that a decoder tells of a stream. Items are (event, data, id), and (comment,)."""

    items: list[tuple[str, ...]] = field(default_factory=list)
    last_event_id: str = ""
    reconnection_time: int | None = None
    limit: str | None = None


def oracle(stream: bytes, *, last_event_id: str = "", max_line: int, max_event: int) -> Told:
    """What a decoder has to tell of a whole stream; comments are among the items."""
    told = Told(last_event_id=last_event_id)
    beyond = first_beyond(stream, max_line, max_event)
    if beyond:
        # What follows the byte that hit the limit is not read, and its own line has no end then.
        at, told.limit = beyond
        stream = stream[:at]
    *lines, _unfinished = LINE_END.split(decoded(stream))
    data, event, id = "", "", last_event_id
    for line in lines:
        name, colon, value = line.partition(":")
        value = value.removeprefix(" ")
        if line == "":
            told.last_event_id = id
            if data:
                told.items.append((event or "message", data.removesuffix("\n"), id))
            data, event = "", ""
        elif name == "" and colon:
            told.items.append((value,))
        elif name == "data":
            data += value + "\n"
        elif name == "event":
            event = value
        elif name == "id" and "\0" not in value:
            id = value
        elif name == "retry" and re.fullmatch("[0-9]+", value):
            told.reconnection_time = min(int(value), MAX_RETRY)
    return told


def decoded(stream: bytes) -> str:
    return stream.removeprefix(BOM).decode("utf-8", "replace")


def first_beyond(stream: bytes, max_line: int, max_event: int) -> tuple[int, str] | None:
    """The first byte that makes a line or an event too large, by looking at the stream up to every byte."""
    if BOM.startswith(stream):
        return None
    skipped = len(BOM) if stream.startswith(BOM) else 0
    for at in range(skipped, len(stream)):
        line, event = sizes(stream[skipped : at + 1])
        if line > max_line:
            return at, "line"
        if event > max_event:
            return at, "event"
    return None


def sizes(stream: bytes) -> tuple[int, int]:
    """How many bytes the line and the event have that the stream, so far, ends in."""
    *lines, unfinished = re.split(rb"\r\n|\r|\n", stream)
    # The event has the lines behind the last blank one. The line that still arrives counts once its name is known.
    block: list[bytes] = []
    for line in lines:
        block = [*block, line] if line else []
    if b":" in unfinished:
        block.append(unfinished)
    data: list[bytes] = []
    last = {b"event": b"", b"id": b""}
    for line in block:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data.append(value)
        elif name == b"event" or (name == b"id" and (b"\0" not in value or line is unfinished)):
            last[name] = value
    return len(unfinished), len(b"\n".join(data)) + len(last[b"event"]) + len(last[b"id"])
