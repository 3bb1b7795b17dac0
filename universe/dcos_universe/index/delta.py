"""The difference between two indexes (repository files), and applying it; results are compared with digests. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from dcos_universe.errors import UniverseError
from dcos_universe.index.files import encode
from dcos_universe.model import Json

FORMAT = 1
STEPS = 32
"""A head lists this many steps at most."""

_FULL = "take the whole index instead"

Key = tuple[str, int]
"""Name and number of a revision."""


def rows_digest(digests: Iterable[str]) -> str:
    """The digest of an index: SHA-256 of lines, one digest of an entry in each, in the order of the index."""
    return sha256("".join([f"{one}\n" for one in digests]).encode("ascii")).hexdigest()


@dataclass(frozen=True)
class Held:
    """An index with the digest of each entry, so that after a step only entries that changed are hashed."""

    entries: Mapping[Key, Json]
    digests: Mapping[Key, str]
    others: tuple[Any, ...] = ()
    """Entries that no valid index has: without name and number, with those of another, or of values beyond JSON."""

    @classmethod
    def of(cls, index: Json) -> Held:
        """Made of a decoded repository file, whose entries may be in any order. Raises `UniverseError` if it has no
        list of entries.
        """
        entries: dict[Key, Json] = {}
        digests: dict[Key, str] = {}
        others: list[Any] = []
        for entry in _list(index, "packages", "an index"):
            try:
                key = _key(entry)
                if key in entries:
                    raise _twice(key)
                digests[key] = _entry_digest(entry)
                entries[key] = entry
            except UniverseError:
                others.append(entry)
        return cls(entries, digests, tuple(others))

    @property
    def digest(self) -> str:
        """None that a publisher names, if there are `others`: no step begins or ends at such an index."""
        if self.others:
            return "none"
        return rows_digest(self.digests[key] for key in sorted(self.digests))

    @property
    def index(self) -> Json:
        """The decoded repository file, its entries in order of name and number, and then those that have no place in
        that order.
        """
        return {"packages": [*(self.entries[key] for key in sorted(self.entries)), *self.others]}

    def stepped(self, step: Json) -> Held:
        """The index that the step leads to. Raises `UniverseError` unless the step begins at this index, and the result
        has the digest that it names.
        """
        if step.get("format") != FORMAT:
            raise _unusable(f"its format is {step.get('format')!r}")
        if self.others or step.get("from") != self.digest:
            raise _unusable("it does not begin at the index that is here")
        entries, digests = dict(self.entries), dict(self.digests)
        for gone in _list(step, "remove", "a delta"):
            key = _removed(gone)
            if key not in entries:
                raise _unusable(f"it removes {key[0]} {key[1]}, which is not in the index")
            del entries[key], digests[key]
        for key, entry in _keyed(_list(step, "put", "a delta")).items():
            entries[key], digests[key] = entry, _entry_digest(entry)
        made = Held(entries, digests)
        if made.digest != step.get("to"):
            raise UniverseError(
                "a delta of the index does not lead where it says",
                why="the digest of the result is another",
                hint=_FULL,
            )
        return made


def changed(before: Mapping[Key, str], after: Mapping[Key, str]) -> list[Key]:
    """The revisions that are new in ``after`` or differ from ``before``, in order."""
    return sorted(key for key, value in after.items() if before.get(key) != value)


def steps(head: Json, have: str) -> list[Json] | None:
    """The steps from the index whose digest is ``have`` to that of the head, in order, each with ``file``, ``bytes``
    and ``sha256``. Empty if the two are the same; None if the head has no such steps, or they are larger than the
    index.
    """
    if head.get("format") != FORMAT or not isinstance(head.get("steps"), list):
        return None
    if have == head.get("digest"):
        return []
    by_start = {step.get("from"): step for step in head["steps"] if isinstance(step, dict)}
    way: list[Json] = []
    while have != head["digest"]:
        step = by_start.pop(have, None)
        if step is None or not isinstance(step.get("to"), str):
            return None
        way.append(step)
        have = step["to"]
    total = head.get("bytes")
    if isinstance(total, int) and sum(step.get("bytes", 0) for step in way) >= total:
        return None
    return way


def _entry_digest(entry: Json) -> str:
    return sha256(encode(entry)).hexdigest()


def _list(of: Json, key: str, what: str) -> list[Any]:
    found = of.get(key) if isinstance(of, dict) else None
    if not isinstance(found, list):
        raise UniverseError(
            f"{what} is not understood",
            why=f"it has no list {key}",
            hint="ask its publisher to build the repository again",
        )
    return found


def _keyed(entries: list[Any]) -> dict[Key, Json]:
    made: dict[Key, Json] = {}
    for entry in entries:
        key = _key(entry)
        if key in made:
            raise _twice(key)
        made[key] = entry
    return made


def _key(entry: Any) -> Key:
    name = entry.get("name") if isinstance(entry, dict) else None
    number = entry.get("releaseVersion") if isinstance(entry, dict) else None
    if not isinstance(name, str) or not isinstance(number, int) or isinstance(number, bool):
        raise UniverseError(
            "an index is not understood",
            why="an entry of it has no name and releaseVersion",
            hint="have its publisher check it",
        )
    return name, number


def _twice(key: Key) -> UniverseError:
    return UniverseError(
        "an index is not understood",
        why=f"revision {key[1]} of {key[0]} is in it twice",
        hint="have its publisher check it",
    )


def _unusable(why: str) -> UniverseError:
    return UniverseError("a delta of the index cannot be used", why=why, hint=_FULL)


def _removed(gone: Any) -> Key:
    match gone:
        case [str(name), int(number)] if not isinstance(number, bool):
            return name, number
    raise _unusable("it removes something that is not a revision")
