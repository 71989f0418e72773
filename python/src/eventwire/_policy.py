"""When to try again."""

from __future__ import annotations

from dataclasses import dataclass

from eventwire import _checks

_CHECKS: dict[str, _checks.Check] = {
    "base": _checks.time,
    "max": _checks.time,
    "min": _checks.time,
    "attempts": _checks.whole_or_none,
    "deadline": _checks.time_or_none,
    "resend_body": _checks.flag,
    "stable_after": _checks.time,
}


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """When a lost connection is made again. Times are seconds.

    The delays grow from `base` to `max` and are spread at random, so that many clients do not come back at once.

    Example:
        >>> RetryPolicy(attempts=5, base=0.2)
        RetryPolicy(base=0.2, max=30.0, min=0.5, attempts=5, deadline=None, resend_body=False, stable_after=10.0)
    """

    #: The delay before the first new attempt, until the server's `retry:` says otherwise.
    base: float = 1.0
    #: The longest delay, but for what a server asks for by Retry-After, which counts up to a day.
    max: float = 30.0
    #: The shortest delay.
    min: float = 0.5
    #: How many times in a row it is tried again before it is given up; None for no limit.
    attempts: int | None = None
    #: How long it may take until a connection stands again, from the first failure in a row on, or from the first attempt
    #: on: no attempt begins later, and one that still waits for its answer is given up. None for no limit.
    deadline: float | None = None
    #: Whether a request with a body is sent again. It may do twice what was wanted once.
    resend_body: bool = False
    #: How long a connection must stand, and have delivered an event, before the delays begin anew.
    stable_after: float = 10.0

    def __post_init__(self) -> None:
        for name, check in _CHECKS.items():
            check(f"{name} of RetryPolicy", getattr(self, name))


def policy(name: str, value: object) -> None:
    """A policy or None."""
    if value is not None and not isinstance(value, RetryPolicy):
        _checks.wrong(name, value, "a RetryPolicy, or None for never")
