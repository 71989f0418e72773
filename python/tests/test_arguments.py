"""What is wrong with an argument is said at once: which, what it is, and what to give."""

import math
import re

import pytest
from eventwire import APublisher, Event, Hub, Publisher, RetryPolicy, aconnect, connect
from eventwire.testing import Script, ScriptedServer

URL = "http://127.0.0.1:9/"

WRONG_OPTIONS = [
    ({"method": None}, "method is None: give a str"),
    ({"headers": {"a": 5}}, "headers['a'] is of type int: give a str"),
    ({"headers": [("a",)]}, "headers[0] is a tuple: give a pair"),
    ({"headers": "a: b"}, "headers is a str: give a mapping or an iterable of pairs"),
    ({"params": 5}, "params is 5: give a mapping or an iterable of pairs"),
    ({"params": "a=b"}, "params is a str: give a mapping"),
    ({"last_event_id": 5}, "last_event_id is 5: give a str"),
    ({"last_event_id": None}, 'last_event_id is None: give a str, "" for none'),
    ({"retry": 5}, "retry is 5: give a RetryPolicy, or None for never"),
    ({"connect_timeout": "5"}, "connect_timeout is a str: give seconds"),
    ({"connect_timeout": None}, "connect_timeout is None: give seconds"),
    ({"idle_timeout": "5"}, "idle_timeout is a str: give seconds (a float or an int) or None"),
    ({"max_event": 1.5}, "max_event is 1.5: give a whole number"),
    ({"mailbox": True}, "mailbox is True: give a whole number"),
    ({"follow_redirects": "no"}, "follow_redirects is a str: give True or False"),
    ({"prepare": 5}, "prepare is 5: give a function or None"),
    ({"ack": None}, "ack is None: give a str"),
    ({"cursor_file": 5}, "cursor_file is 5: give a path"),
    ({"content": 5}, "content is 5: give bytes or a str"),
    ({"content": 10**10}, "content is 10000000000: give bytes"),
    ({"content": [1, 2, 65]}, "content is a list: give bytes or a str"),
    ({"content": {"a": 1}}, "content is a dict: give bytes or a str; other values as data"),
    ({"data": "a=b"}, "data is a str: give a mapping or an iterable of pairs"),
    ({"data": 5}, "data is 5: give a mapping"),
    ({"data": {"a": 1}, "json": 1}, "a request has one body"),
    ({"content": b"", "data": {}}, "a request has one body"),
]


@pytest.mark.parametrize("opens", [connect, aconnect])
@pytest.mark.parametrize(("options", "says"), WRONG_OPTIONS, ids=lambda one: str(one)[:40])
def test_a_wrong_option_of_a_stream_is_a_type_error_that_names_it(opens, options, says):
    with pytest.raises(TypeError, match=re.escape(says)):
        opens(URL, **options)


@pytest.mark.parametrize("opens", [connect, aconnect, Publisher, APublisher])
@pytest.mark.parametrize("url", [5, None, b"http://127.0.0.1/"])
def test_a_url_is_a_text(opens, url):
    with pytest.raises(TypeError, match=r"^url is .*: give a str$"):
        opens(url)


@pytest.mark.parametrize("content", [b"x", bytearray(b"x"), memoryview(b"x"), "x", b""])
def test_bytes_and_texts_are_a_body(content):
    server = ScriptedServer(Script().respond(204))
    assert list(server.connect("http://test/", method="POST", content=content)) == []
    assert server.requests[0].body == (b"" if content == b"" else b"x")


def test_parameters_that_are_none_are_left_out():
    server = ScriptedServer(Script().respond(204))
    params = {"a": None, "b": [1, 2], "c": "", "d": None}
    assert list(server.connect("http://test/", params=params)) == []
    assert server.requests[0].url == "http://test/?b=1&b=2&c="


def test_a_number_that_no_machine_has_room_for_is_named():
    with pytest.raises(ValueError, match=r"^max_event has 71 bits: give at most 2\*\*63 - 1$"):
        connect(URL, max_event=2**70)
    with pytest.raises(ValueError, match="max_events has 71 bits"):
        Hub(max_events=2**70)
    with pytest.raises(ValueError, match="connect_timeout has"):
        connect(URL, connect_timeout=10**400)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"base": "1"}, "base of RetryPolicy is a str: give seconds"),
        ({"max": None}, "max of RetryPolicy is None"),
        ({"attempts": 1.5}, "attempts of RetryPolicy is 1.5: give a whole number (int) or None"),
        ({"deadline": "x"}, "deadline of RetryPolicy is a str"),
        ({"resend_body": "no"}, "resend_body of RetryPolicy is a str: give True or False"),
    ],
)
def test_a_policy_names_what_is_wrong_where_it_is_made(options, says):
    with pytest.raises(TypeError, match=re.escape(says)):
        RetryPolicy(**options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"store": None}, "store is None: give a str"),
        ({"max_events": 1.5}, "max_events is 1.5: give a whole number"),
        ({"max_age": "1"}, "max_age is a str: give seconds (a float or an int) or None"),
        ({"retained": ["a"]}, "retained is a list: give a mapping of topics and numbers"),
        ({"retained": {"a": "1"}}, "retained['a'] is a str: give a whole number"),
        ({"retained": {5: 1}}, "a name in retained is 5: give a str"),
        ({"retry": 1.5}, "retry is 1.5: give a whole number (int) or None"),
        ({"slow": None}, "slow is None: give a str"),
    ],
)
def test_a_wrong_option_of_a_hub_is_a_type_error_that_names_it(options, says):
    with pytest.raises(TypeError, match=re.escape(says)):
        Hub(**options)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda hub: hub.publish(5, "x"), "topic is 5: give a str or an iterable of str"),
        (lambda hub: hub.publish([5], "x"), "topic[0] is 5: give a str"),
        (lambda hub: hub.publish("a", "x", key=5), "key is 5: give a str or None"),
        (lambda hub: hub.publish("a", "x", event=5), "event is 5: give a str or None"),
        (lambda hub: hub.publish_many(5), "publications is 5: give an iterable of dictionaries"),
        (
            lambda hub: hub.publish_many([{"topic": "a", "data": "x", "key": 5}]),
            "the publication at index 0: key is 5: give a str or None",
        ),
        (lambda hub: hub.subscribe(["a"]), "a topic is a list: give a str"),
        (lambda hub: hub.subscribe("a", last_event_id=5), "last_event_id is 5"),
        (lambda hub: hub.subscribe("a", start=None), "start is None"),
        (lambda hub: hub.serve(("127.0.0.1", 0)), "address is a tuple: give a str, such as"),
        (lambda hub: hub.serve("127.0.0.1:0", cors=5), "cors is 5: give a str or an iterable"),
        (lambda hub: hub.serve("127.0.0.1:0", open_publish="no"), "open_publish is a str"),
        (lambda hub: hub.serve("127.0.0.1:0", write_timeout=None), "write_timeout is None"),
        (lambda hub: hub.serve("127.0.0.1:0", threads=1.5), "threads is 1.5"),
    ],
)
def test_what_a_hub_is_asked_with_a_wrong_argument_names_it(hub, call, says):
    with pytest.raises(TypeError, match=re.escape(says)):
        call(hub)
    assert hub.stats().published == 0


def test_what_is_acknowledged_is_an_event():
    with connect(URL, ack="manual") as stream:
        for wrong in (None, 5, "7"):
            with pytest.raises(TypeError, match=r"what ack\(\) takes is .*: give the Event"):
                stream.ack(wrong)
        stream.ack(Event("x", id="7"))
        assert stream.last_event_id == "7"


@pytest.mark.parametrize(
    ("call", "kind", "says"),
    [
        (lambda script: script.event(b"x"), TypeError, "data is a bytes: give a str"),
        (lambda script: script.event("x", retry=1.5), TypeError, "retry is 1.5"),
        (lambda script: script.respond("200"), TypeError, "status is a str"),
        (lambda script: script.header("a", 5), TypeError, "the header 'a' is 5"),
        (lambda script: script.comment(None), TypeError, "text is None"),
        (lambda script: script.send(5), TypeError, "content is 5: give bytes or a str"),
        (lambda script: script.wait(math.nan), ValueError, "the time is nan: give seconds"),
        (lambda script: script.wait(-1), ValueError, "the time is -1: give seconds"),
        (lambda script: script.drip("1"), TypeError, "every is a str: give seconds"),
        (lambda script: ScriptedServer(script).advance(math.inf), ValueError, "the time is inf"),
    ],
)
def test_the_test_kit_names_what_is_wrong_too(call, kind, says):
    with pytest.raises(kind, match=re.escape(says)):
        call(Script())
