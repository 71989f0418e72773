"""What callers may write, as what the core takes."""

from __future__ import annotations

import json as _json
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias, TypedDict, TypeVar, cast
from urllib.parse import urlencode

V = TypeVar("V")

Pairs: TypeAlias = Mapping[str, str] | Iterable[tuple[str, str]]
Params: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]


def pairs(headers: Pairs | None) -> list[tuple[str, str]]:
    """Headers as a list."""
    return [] if headers is None else _listed(headers)


def with_params(url: str, params: Params | None) -> str:
    """The URL with `params` added to its query."""
    query = "" if params is None else _form(params)
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
        return content.encode() if isinstance(content, str) else bytes(content)
    if data is not None:
        made, content_type = _form(data).encode(), "application/x-www-form-urlencoded"
    elif json is not None:
        made, content_type = compact_json(json).encode(), "application/json"
    else:
        return None
    if not any(name.lower() == "content-type" for name, _ in headers):
        headers.append(("Content-Type", content_type))
    return made


def topics(given: str | Iterable[str]) -> list[str]:
    """One topic or several."""
    return [given] if isinstance(given, str) else list(given)


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


def messages(
    publications: Iterable[Publication],
) -> list[tuple[list[str], str, str | None, str | None]]:
    """Publications as the core takes them."""
    return [_message(index, publication) for index, publication in enumerate(publications)]


_FIELDS = ("topic", "data", "json", "event", "key")


def _message(index: int, publication: Publication) -> tuple[list[str], str, str | None, str | None]:
    where = f"the publication at index {index}"
    _check_mapping(where, publication)
    for name in publication:
        if name not in _FIELDS:
            raise TypeError(f"{where} has no {name!r}: there are {', '.join(_FIELDS)}")
    if "topic" not in publication:
        raise TypeError(f"{where} has no topic")
    try:
        data = event_data(publication.get("data"), publication.get("json"))
    except (TypeError, ValueError) as error:
        raise type(error)(f"{where}: {error}") from error
    return topics(publication["topic"]), data, publication.get("event"), publication.get("key")


def _check_mapping(where: str, given: object) -> None:
    if not isinstance(given, Mapping):
        raise TypeError(
            f"{where} must be a dictionary with topic and data or json, not {type(given).__name__}"
        )


def compact_json(value: Any) -> str:
    """JSON as other languages take it: no NaN."""
    return _json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _form(values: Params) -> str:
    return urlencode(_listed(values), doseq=True)


def _listed(values: Mapping[str, V] | Iterable[tuple[str, V]]) -> list[tuple[str, V]]:
    if isinstance(values, Mapping):
        return list(cast("Mapping[str, V]", values).items())
    return list(values)
