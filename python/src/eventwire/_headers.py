"""Headers of a response."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping


class Headers(Mapping[str, str]):
    """The headers of a response: a mapping that ignores case; what was sent several times is joined by ", ".

    Example:
        >>> headers = Headers([("Vary", "Origin"), ("vary", "Accept")])
        >>> headers["VARY"]
        'Origin, Accept'
        >>> headers.pairs
        (('Vary', 'Origin'), ('vary', 'Accept'))
    """

    __slots__ = ("_joined", "pairs")

    #: Names and values just as they came.
    pairs: tuple[tuple[str, str], ...]

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.pairs = tuple((name, value) for name, value in pairs)
        self._joined: dict[str, str] = {}
        for name, value in self.pairs:
            known = self._joined.get(name.lower())
            self._joined[name.lower()] = value if known is None else f"{known}, {value}"

    def __getitem__(self, name: str) -> str:
        return self._joined[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._joined)

    def __len__(self) -> int:
        return len(self._joined)

    def __hash__(self) -> int:
        return hash(frozenset(self._joined.items()))

    def __repr__(self) -> str:
        return f"Headers({self._joined!r})"
