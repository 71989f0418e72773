"""The types of options, by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventwire import _checks
from eventwire._policy import policy

#: Those of `connect`, but for those that `_arguments` converts.
STREAM: dict[str, _checks.Check] = {
    "url": _checks.text,
    "method": _checks.text,
    "last_event_id": lambda name, value: _checks.text(name, value, 'a str, "" for none'),
    "retry": policy,
    "connect_timeout": _checks.time,
    "idle_timeout": _checks.time_or_none,
    "event_timeout": _checks.time_or_none,
    "max_line": _checks.whole,
    "max_event": _checks.whole,
    "mailbox": _checks.whole,
    "follow_redirects": _checks.flag,
    "prepare": _checks.called,
    "ack": _checks.text,
    "cursor_file": _checks.path,
}


def _retained(name: str, value: Any) -> None:
    if value is None:
        return
    if not _checks.is_a(value, Mapping):
        _checks.wrong(name, value, 'a mapping of topics and numbers, such as {"prices/*": 1}')
    for topic, count in _checks.pairs(name, value):
        _checks.whole(f"{name}[{topic!r}]", count)


#: Those of `Hub`.
HUB: dict[str, _checks.Check] = {
    "store": _checks.text,
    "max_events": _checks.whole,
    "max_bytes": _checks.whole,
    "max_age": _checks.time_or_none,
    "max_event": _checks.whole,
    "max_topics": _checks.whole,
    "retained": _retained,
    "max_retained_bytes": _checks.whole,
    "heartbeat": _checks.time_or_none,
    "retry": _checks.whole_or_none,
    "slow": _checks.text,
    "store_timeout": _checks.time_or_none,
}

#: Those of `Hub.serve`.
SERVE: dict[str, _checks.Check] = {
    "address": lambda name, value: _checks.text(name, value, 'a str, such as "127.0.0.1:8844"'),
    "open_publish": _checks.flag,
    "max_connections": _checks.whole_or_none,
    "max_body": _checks.whole_or_none,
    "threads": _checks.whole_or_none,
    "write_timeout": _checks.time,
    "peer_timeout": _checks.time,
    "send_buffer": _checks.whole,
}
