"""What numbers may be: one rule for every language. `node/test/arguments.test.mjs` has the same for Node."""

import math
import re

import pytest
from eventwire import Decoder, Hub, Publisher, RetryPolicy, connect

URL = "http://127.0.0.1:9/"


@pytest.mark.parametrize("value", [0, 0.0, -1, math.inf, math.nan, 1e300])
@pytest.mark.parametrize("name", ["idle_timeout", "event_timeout"])
def test_a_timeout_of_a_stream_is_a_time_or_none(name, value):
    with pytest.raises(ValueError, match=rf"^{name} is .*or None for no limit$") as caught:
        connect(URL, **{name: value})
    assert len(str(caught.value)) < 120
    connect(URL, **{name: None}).close()


@pytest.mark.parametrize("value", [0, -1, math.inf, math.nan, 1e300])
def test_a_connect_timeout_is_a_time(value):
    with pytest.raises(ValueError, match=r"^connect_timeout is .*more than zero$"):
        connect(URL, connect_timeout=value)


@pytest.mark.parametrize("value", [0, -1])
@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("max_line", lambda **one: connect(URL, **one)),
        ("max_event", lambda **one: connect(URL, **one)),
        ("mailbox", lambda **one: connect(URL, **one)),
        ("max_line", Decoder),
        ("max_event", Decoder),
        ("max_events", Hub),
        ("max_bytes", Hub),
        ("max_topics", Hub),
        ("max_body", lambda **one: Hub().serve("127.0.0.1:0", **one)),
        ("max_connections", lambda **one: Hub().serve("127.0.0.1:0", **one)),
    ],
)
def test_what_must_hold_something_is_one_or_more(name, make, value):
    with pytest.raises(ValueError, match=rf"^{name} is {value}: give at least 1$"):
        make(**{name: value})


@pytest.mark.parametrize("value", [0, -1, math.inf])
@pytest.mark.parametrize("name", ["max_age", "heartbeat"])
def test_a_time_of_a_hub_is_a_time_or_none(name, value):
    with pytest.raises(ValueError, match=rf"^{name} is .*more than zero, or None for no limit$"):
        Hub(**{name: value})
    Hub(**{name: None}).close()


@pytest.mark.parametrize("value", [0, -1, math.inf])
def test_a_timeout_of_a_server_is_a_time(hub, value):
    with pytest.raises(ValueError, match=r"^write_timeout is .*: give seconds, more than zero$"):
        hub.serve("127.0.0.1:0", write_timeout=value)


@pytest.mark.parametrize("name", ["base", "max", "min", "stable_after"])
def test_a_delay_may_be_none_at_all(name):
    connect(URL, retry=RetryPolicy(**{name: 0})).close()
    for value in (-1, math.inf, math.nan):
        with pytest.raises(ValueError, match=rf"^{name} is .*: give seconds, zero or more$"):
            connect(URL, retry=RetryPolicy(**{name: value}))


def test_who_waits_for_an_end_waits_a_bounded_time(server):
    with pytest.raises(ValueError, match=r"^timeout is infinite: give seconds, zero or more$"):
        server.drain(math.inf)
    with pytest.raises(ValueError, match=r"^timeout is -1: give seconds, zero or more$"):
        Publisher(URL).close(timeout=-1)


@pytest.mark.parametrize("option", ["verify", "cert"])
def test_certificates_that_are_none_are_named_with_their_file(tmp_path, option):
    path = tmp_path / "none.pem"
    path.write_text("nothing")
    for opens in (connect, Publisher):
        with pytest.raises(ValueError, match=re.escape(f"{option} ({path}) has no certificate")):
            opens(URL, **{option: path})
        with pytest.raises(ValueError, match=f"^{option} has no certificate"):
            opens(URL, **{option: b"nothing"})
