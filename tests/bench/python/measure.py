"""What all measurements share."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
A = TypeVar("A")


def timed(run: Callable[[A], T], argument: A) -> tuple[T, int]:
    """What a function returns, and the nanoseconds of CPU time that it took.

    The time in which the thread had to wait for a processor does not count.
    """
    # What the last one left behind is not this one's.
    gc.collect()
    start = time.thread_time_ns()
    returned = run(argument)
    return returned, time.thread_time_ns() - start


def cut(stream: bytes, size: int) -> list[bytes]:
    """The chunks of a stream, cut beforehand: to copy one costs as much as to decode an event."""
    return [stream[at : at + size] for at in range(0, len(stream), size)]
