"""What streams tell by `logging`: the logger `eventwire`."""

from __future__ import annotations

import logging

from eventwire._items import Closed, Opened, Reconnecting, Reset

_logger = logging.getLogger("eventwire")
# Who has not set up logging is told nothing; without this, Python would print warnings by itself.
_logger.addHandler(logging.NullHandler())


def note(item: object) -> None:
    """Logs what happened to a connection, in the thread of whoever reads the stream. Events are not logged."""
    if type(item) is Opened:
        _logger.debug("open: %s answered %s", item.url, item.status)
    elif type(item) is Reconnecting:
        _logger.warning(
            "connecting again in %.1f s (attempt %s): %s", item.delay, item.attempt, item.reason
        )
    elif type(item) is Reset:
        _logger.warning("reset: what followed %r is gone (%s)", item.requested, item.reason)
    elif type(item) is Closed:
        if item.error is None:
            _logger.info("closed: %s", item.reason)
        else:
            _logger.error("closed: %s: %s", item.reason, item.error)
