"""What callers may write, as what the core takes."""

from __future__ import annotations

import json as _json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, TypedDict
from urllib.parse import urlencode

from eventwire import _checks

Pairs: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]
Params: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]


def pairs(headers: Pairs | None) -> list[tuple[str, str]]:
    """Headers as a list."""
    if headers is None:
        return []
    listed = _checks.pairs("headers", headers)
    for name, value in listed:
        # Its type alone: a number may be a secret too.
        if not isinstance(value, str):
            raise TypeError(f"headers[{name!r}] is of type {type(value).__name__}: give a str")
    return listed


def with_params(url: str, params: Params | None) -> str:
    """The URL with `params` added to its query."""
    query = "" if params is None else _form(_checks.pairs("params", params))
    if not query:
        return url
    base, mark, fragment = url.partition("#")
    return f"{base}{'&' if '?' in base else '?'}{query}{mark}{fragment}"


def body(
    headers: list[tuple[str, str]], content: bytes | str | None, data: Params | None, json: Any
) -> bytes | None:
    """The body of a request; its content type is added to `headers` where none is there."""
    if sum(given is not None for given in (content, data, json)) > 1:
        raise TypeError("a request has one body: give one of content, data and json")
    if content is not None:
        return _content(content)
    if data is not None:
        form = _checks.pairs(
            "data",
            data,
            "a mapping or an iterable of pairs, which become a form; the body as it is is content",
        )
        made, content_type = _form(form).encode(), "application/x-www-form-urlencoded"
    elif json is not None:
        made, content_type = compact_json(json).encode(), "application/json"
    else:
        return None
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", content_type))
    return made


def _content(content: Any) -> bytes:
    if isinstance(content, str):
        return content.encode()
    # bytes() would make as many NUL of a number, and take a list for bytes.
    if not _checks.is_a(content, bytes, bytearray, memoryview):
        _checks.wrong("content", content, "bytes or a str; other values as data (a form) or json")
    return bytes(content)


def topics(given: object, name: str = "topic") -> list[str]:
    """One topic or several."""
    return _checks.texts(name, given)


Fields: TypeAlias = tuple[list[str], str, str | None, str | None]


def publication(topic: object, data: object, json: Any, event: Any, key: Any) -> Fields:
    """What `publish` was given, as the core takes it."""
    _checks.text_or_none("event", event)
    _checks.text_or_none("key", key)
    return topics(topic), event_data(data, json), event, key


def event_data(data: object, json: Any) -> str:
    """The data of an event that is to be published."""
    if data is None and json is None:
        raise TypeError("there is nothing to publish: give data (a str) or json")
    if data is None:
        return compact_json(json)
    if json is not None:
        raise TypeError("an event has one data: give either data or json")
    if not isinstance(data, str):
        raise TypeError(
            f"data must be str, not {type(data).__name__}: decode bytes; give other values as json="
        )
    return data


class _Named(TypedDict):
    topic: str | Iterable[str]


class Publication(_Named, total=False):
    """What `publish_many` publishes: a topic or several, `data` or `json`, and `event` and `key` where wanted.

    Example:
        >>> publication: Publication = {"topic": "prices", "json": {"gold": 3}, "event": "tick"}
    """

    #: The data.
    data: str
    #: The data, as a value that becomes JSON.
    json: Any
    #: The type.
    event: str | None
    #: A name for this publish: repeated with the same key, it is stored once.
    key: str | None


def messages(publications: Iterable[Publication]) -> list[Fields]:
    """Publications as the core takes them."""
    if not _checks.is_a(publications, Iterable) or _checks.is_a(publications, str, bytes, Mapping):
        _checks.wrong(
            "publications", publications, "an iterable of dictionaries with topic and data or json"
        )
    return [_message(index, publication) for index, publication in enumerate(publications)]


_FIELDS = ("topic", "data", "json", "event", "key")


def _message(index: int, given: Publication) -> Fields:
    where = f"the publication at index {index}"
    _check_mapping(where, given)
    for name in given:
        if name not in _FIELDS:
            raise TypeError(f"{where} has no {name!r}: there are {', '.join(_FIELDS)}")
    if "topic" not in given:
        raise TypeError(f"{where} has no topic")
    try:
        return publication(*(given.get(name) for name in _FIELDS))
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from error


def _check_mapping(where: str, given: object) -> None:
    if not isinstance(given, Mapping):
        raise TypeError(
            f"{where} must be a dictionary with topic and data or json, not {type(given).__name__}"
        )


def compact_json(value: Any) -> str:
    """JSON as other languages take it: no NaN."""
    return _json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _form(values: list[tuple[str, Any]]) -> str:
    """What is None is left out."""
    return urlencode([pair for pair in values if pair[1] is not None], doseq=True)
