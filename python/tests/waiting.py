"""Waiting for what somebody else makes true; the bound is that of every test."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object]) -> None:
    while not condition():
        time.sleep(0.005)
