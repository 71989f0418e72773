"""The event as a value."""

import copy
import json
import pickle

import pytest
from eventwire import EncodeError, Event


def test_an_event_has_four_fields_with_defaults():
    event = Event()
    assert (event.event, event.data, event.id, event.retry) == ("message", "", "", None)
    event = Event("d", event="e", id="i", retry=5)
    assert (event.event, event.data, event.id, event.retry) == ("e", "d", "i", 5)


def test_an_empty_type_is_message():
    assert Event("x", event="") == Event("x")


def test_events_compare_and_hash_by_all_fields():
    event = Event("d", event="e", id="i", retry=5)
    same = Event("d", event="e", id="i", retry=5)
    others = [Event("d"), Event("x", event="e", id="i", retry=5), Event("d", event="e", id="i")]
    assert event == same
    assert hash(event) == hash(same)
    assert all(event != other for other in others)
    assert event != ("e", "d", "i", 5)
    assert len({event, same, *others}) == 4


def test_an_event_cannot_be_changed():
    event = Event("d")
    with pytest.raises(AttributeError):
        event.data = "x"
    with pytest.raises(AttributeError):
        event.more = "x"


def test_repr_is_the_call_that_makes_it():
    for event in (Event(), Event("a'b\n"), Event("d", event="e", id="ü", retry=0)):
        assert eval(repr(event)) == event


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_events_pickle(protocol: int):
    event = Event("d\0ü", event="e", id="i", retry=5)
    assert pickle.loads(pickle.dumps(event, protocol)) == event


def test_events_copy():
    event = Event("d", event="e")
    assert copy.copy(event) == copy.deepcopy(event) == event


def test_json_parses_the_data():
    assert Event('{"a": [1, null]}').json() == {"a": [1, None]}
    with pytest.raises(json.JSONDecodeError):
        Event("no json").json()


def test_encode_writes_what_is_set():
    assert Event("d").encode() == b"data: d\n\n"
    assert (
        Event("d", event="e", id="i", retry=5).encode() == b"retry: 5\nid: i\nevent: e\ndata: d\n\n"
    )


@pytest.mark.parametrize("end", ["\r", "\n", "\0"])
def test_nothing_can_be_injected(end: str):
    with pytest.raises(EncodeError) as caught:
        Event("d", id=f"1{end}data: x").encode()
    assert caught.value.field == "id"


@pytest.mark.parametrize(
    "wrong", [{"data": b"x"}, {"data": None}, {"event": 1}, {"id": 1}, {"retry": "5"}]
)
def test_a_wrong_type_is_a_type_error(wrong: dict):
    with pytest.raises(TypeError):
        Event(**wrong)


def test_a_negative_retry_is_a_value_error():
    with pytest.raises(ValueError, match="retry is -1"):
        Event("d", retry=-1)


def test_a_subclass_of_str_is_taken_as_its_text():
    class Text(str):
        pass

    event = Event(Text("d"))
    assert type(event.data) is str
    assert event == Event("d")
