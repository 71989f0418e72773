"""What is given for an argument, checked where it is given: the error names the argument, what it is, and what to give.

Only types are checked here. What a value may be is a rule of the core, the same in every language.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, cast

#: As many as the native side can be told.
_MOST = (1 << 63) - 1


def wrong(name: str, value: object, give: str) -> NoReturn:
    """A value of the wrong type. A text of it is not shown: it may be a secret."""
    raise TypeError(f"{name} is {_described(value)}: give {give}")


def _described(value: object) -> str:
    if value is None or isinstance(value, (bool, int, float)):
        return repr(value) if len(repr(value)) <= 20 else f"{type(value).__name__} {value!r:.20}..."
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiouAEIOU' else 'a'} {kind}"


def is_a(value: object, *kinds: type) -> bool:
    """`isinstance`, of which a type checker concludes nothing: what callers give need not be what they were told."""
    return isinstance(value, kinds)


def text(name: str, value: object, give: str = "a str") -> None:
    if not isinstance(value, str):
        wrong(name, value, give)


def text_or_none(name: str, value: object) -> None:
    if value is not None and not isinstance(value, str):
        wrong(name, value, "a str or None")


def flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        wrong(name, value, "True or False")


def whole(name: str, value: object, give: str = "a whole number (int)") -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        wrong(name, value, give)
    if not -_MOST <= value <= _MOST:
        raise ValueError(f"{name} has {value.bit_length()} bits: give at most 2**63 - 1")


def whole_or_none(name: str, value: object) -> None:
    if value is not None:
        whole(name, value, "a whole number (int) or None")


def time(name: str, value: object, give: str = "seconds (a float or an int)") -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        wrong(name, value, give)
    if isinstance(value, int):
        whole(name, value)


def time_or_none(name: str, value: object) -> None:
    if value is not None:
        time(name, value, "seconds (a float or an int) or None")


def texts(name: str, value: Any, give: str = "a str or an iterable of str") -> list[str]:
    """One text or several."""
    if isinstance(value, str):
        return [value]
    if not is_a(value, Iterable) or is_a(value, bytes, bytearray, Mapping):
        wrong(name, value, give)
    listed: list[Any] = list(value)
    for index, one in enumerate(listed):
        text(f"{name}[{index}]", one)
    return listed


def pairs(
    name: str, value: Any, give: str = "a mapping or an iterable of pairs"
) -> list[tuple[str, Any]]:
    """Names and values."""
    if is_a(value, Mapping):
        listed: list[Any] = list(value.items())
    elif is_a(value, Iterable) and not is_a(value, str, bytes, bytearray):
        listed = list(value)
    else:
        wrong(name, value, give)
    for index, pair in enumerate(listed):
        if not is_a(pair, tuple, list) or len(pair) != 2:
            wrong(f"{name}[{index}]", pair, "a pair of a name and a value")
        text(f"a name in {name}", pair[0])
    return [(given, one) for given, one in listed]


def path(name: str, value: object) -> None:
    if value is not None and not isinstance(value, (str, os.PathLike)):
        wrong(name, value, "a path (a str or a PathLike) or None")


def span(name: str, value: object) -> None:
    """Seconds that pass."""
    time(name, value)
    if not 0 <= cast("float", value) < math.inf:
        raise ValueError(f"{name} is {value}: give seconds, zero or more")


def called(name: str, value: Any) -> None:
    if value is not None and not callable(value):
        wrong(name, value, "a function or None")


Check = Callable[[str, Any], object]


def each(checks: Mapping[str, Check], given: Mapping[str, Any]) -> None:
    """Checks those of `given` that there is a check for."""
    for name, check in checks.items():
        check(name, given[name])
