"""When to try again."""

from __future__ import annotations

from dataclasses import dataclass


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
    #: The longest delay.
    max: float = 30.0
    #: The shortest delay.
    min: float = 0.5
    #: How many times in a row it is tried again before it is given up; None for no limit.
    attempts: int | None = None
    #: How long after the first failure in a row it is still tried; None for no limit.
    deadline: float | None = None
    #: Whether a request with a body is sent again. It may do twice what was wanted once.
    resend_body: bool = False
    #: How long a connection must stand, and have delivered an event, before the delays begin anew.
    stable_after: float = 10.0
