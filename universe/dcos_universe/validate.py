"""JSON Schemas, ours and those of packages: every mismatch with its place; nothing is ever fetched, and nothing hangs.

A package's config is a schema from an unknown author, and options are values from an unknown user. The library below is
fast and trusts both: it fetches the target of a ``$ref``, takes exponential time for references that fan out, and ends
the process when they nest too deep in its stack. So costly parts are walked here first, within a budget. Cosmos checks
options with `Schema`; `check_entry` checks the form of an object of a repository file.
"""

from __future__ import annotations

import functools
import itertools
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import jsonschema_rs

from dcos_universe.errors import UniverseError
from dcos_universe.model import Json
from dcos_universe.schema_cost import BACKTRACKS, MAX_PATTERN, SIZES, SchemaCost, TooMuch, size_of_pattern
from dcos_universe.schema_walk import Dangling, Place, applied, encoded, pointer, resolve, subschemas

DRAFT = 4
"""The draft of JSON Schema: the only one in the format."""

MAX_REFERENCES = 500
MAX_PATTERNS = 100
"""Depth of a schema; the deepest of the Universe has 5."""
MAX_COMPILED = 8 << 20
"""Bytes of all compiled patterns of a schema."""
MAX_WAY = 4000
"""Characters of all keys on the path to a place: they are part of each mismatch."""
SHOWN = 300
"""Characters of a message."""
LISTED = 200
"""Mismatches that are reported for one value."""

_EASY = 200_000_000
"""Bytes of the schema times bytes of the value, below which a schema without references is cheap in any form."""
_PATTERNS = jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACKS, size_limit=SIZES[-1])
"""The engine takes linear time, except for look-around and back references: their steps are counted."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A requirement of a schema that a value does not meet."""

    path: Place
    """The place in the value."""
    message: str
    keyword: str
    """The schema's keyword: ``type``, ``required``, ``additionalProperties``, …"""
    unwanted: tuple[str, ...] = ()
    """Keys that are not allowed."""
    missing: tuple[str, ...] = ()
    """Keys that are required and missing."""

    def __str__(self) -> str:
        return f"{pointer(self.path)}: {self.message}"


class SchemaError(UniverseError):
    """A schema cannot be used. ``mismatches``: its problems, each with its place in it."""

    def __init__(self, mismatches: list[Mismatch]) -> None:
        self.mismatches = mismatches
        more = f"; and {len(mismatches) - 3} more" if len(mismatches) > 3 else ""
        super().__init__(
            "this JSON Schema cannot be used",
            why="; ".join(str(one) for one in mismatches[:3]) + more,
            hint="dcos-universe check lists all problems of a package",
        )


class Schema:
    """A JSON Schema. Raises `SchemaError` if it is invalid, refers to anything outside itself, or costs too much."""

    def __init__(self, schema: Json, *, draft: int = DRAFT) -> None:
        if draft != DRAFT:
            raise ValueError(f"draft {draft}: packages have draft {DRAFT} of JSON Schema only")
        text = encoded(schema)
        if text is None:
            raise SchemaError([Mismatch((), "it holds what JSON cannot", "format")])
        self._schema = schema
        self._size = len(text)
        self._referring = b'"$ref"' in text
        self._matching = b'"pattern' in text
        if self._referring and (wrong := list(_misreferences(schema))):
            raise SchemaError(wrong)
        if wrong_pattern := mispatterned(schema):
            raise SchemaError([wrong_pattern])
        self._validator = _validator(schema)

    def errors(self, instance: Any) -> list[Mismatch]:
        """All mismatches; empty if the value matches. A value that would cost too much to check is a mismatch."""
        text = encoded(instance)
        if text is None:
            return [Mismatch((), "it holds what JSON cannot", "format")]
        simple = not self._referring and len(text) * self._size <= _EASY
        doubtful = not simple or self._matching
        if doubtful and (costly := self._costly(instance)):
            return [costly]
        try:
            if self._validator.is_valid(instance):
                return []
            # The library makes every message at once, with the whole schema's values in each.
            if _far(instance):
                return [_FAR]
            if simple and (costly := self._costly(instance)):
                return [costly]
            return _mismatches(self._validator.iter_errors(instance), instance)
        except BaseException as fault:
            return [_failed(fault)]

    def _costly(self, instance: Any) -> Mismatch | None:
        try:
            SchemaCost(self._schema).of(self._schema, instance, 0)
        except TooMuch as much:
            return Mismatch((), f"it cannot be held against its schema: {much}", "cost")
        return None


# --- our own schemas -------------------------------------------------------------------------------------------------

_FOLDER = Path(__file__).parent / "schemas"
_BASE = "dcos-universe:///schemas/"

FORMS: Mapping[str, tuple[str, ...]] = {
    "v3": ("2.0", "3.0"),
    "v4": ("2.0", "3.0", "4.0"),
    "v5": ("2.0", "3.0", "4.0", "5.0"),
}
"""The packaging versions that each form of a repository file may contain."""
PACKAGING = FORMS["v5"]


@functools.cache
def document(name: str) -> Json:
    """A file of ``schemas/``. Shared: do not change it."""
    loaded: Json = json.loads((_FOLDER / f"{name}.json").read_bytes())
    return loaded


@functools.cache
def _registry() -> Any:
    return jsonschema_rs.Registry(
        [(f"{_BASE}{path.name}", document(path.stem)) for path in sorted(_FOLDER.glob("*.json"))],
        draft=jsonschema_rs.Draft4,
        retriever=_refuse,
    )


@functools.cache
def _ours(name: str) -> Any:
    return jsonschema_rs.Draft4Validator(
        document(name),
        registry=_registry(),
        retriever=_refuse,
        base_uri=f"{_BASE}{name}.json",
        validate_formats=True,
        formats={"regex": _is_pattern},
        pattern_options=_PATTERNS,
    )


def check_file(name: str, instance: Any) -> list[Mismatch]:
    """The mismatches of a package's file with ``schemas/<name>.json``."""
    text = encoded(instance)
    if text is None:
        return [Mismatch((), "it holds what JSON cannot", "format")]
    validator = _ours(name)
    try:
        if validator.is_valid(instance):
            return []
        return [_FAR] if _far(instance) else _mismatches(validator.iter_errors(instance), instance)
    except BaseException as fault:
        return [_failed(fault)]


def check_entry(entry: Mapping[str, Any], form: str = "v5") -> list[Mismatch]:
    """The mismatches of an object of a repository file of this form; its config is not checked as a schema (see
    `Schema`).
    """
    packaging = entry.get("packagingVersion")
    if packaging is None:
        return [Mismatch((), "it has no packagingVersion", "required", missing=("packagingVersion",))]
    if packaging not in FORMS[form]:
        shown = encoded(packaging) or b"?"
        allowed = ", ".join(FORMS[form])
        what = f"{shown[:40].decode()} is not one of those that form {form} has: {allowed}"
        return [Mismatch(("packagingVersion",), what, "enum")]
    return check_file(f"entry-{packaging}", dict(entry))


# --- patterns --------------------------------------------------------------------------------------------------------


def mispatterned(schema: Json) -> Mismatch | None:
    """Why the patterns of a schema are not even compiled: there are too many, or they are too large."""
    if b'"pattern' not in (encoded(schema) or b""):
        return None
    found = list(itertools.islice(_patterns(schema), MAX_PATTERNS + 1))
    if len(found) > MAX_PATTERNS:
        return Mismatch((), f"it has more than {MAX_PATTERNS} patterns", "pattern")
    compiled = 0
    for path, pattern in found:
        if len(pattern) > MAX_PATTERN:
            return Mismatch(path, f"a pattern has more than {MAX_PATTERN} characters", "pattern")
        compiled += size_of_pattern(pattern) or SIZES[-2]
        if compiled > MAX_COMPILED:
            return Mismatch(path, "the patterns are too large together", "pattern")
    return None


def _patterns(schema: Json) -> Iterator[tuple[Place, str]]:
    waiting: list[tuple[Place, Any]] = [((), schema)]
    while waiting:
        path, here = waiting.pop()
        if isinstance(here, Mapping):
            if isinstance(pattern := here.get("pattern"), str):
                yield (*path, "pattern"), pattern
            if isinstance(named := here.get("patternProperties"), Mapping):
                yield from (((*path, "patternProperties", pattern), pattern) for pattern in named)
            waiting.extend(((*path, key), inner) for key, inner in here.items())
        elif isinstance(here, list):
            waiting.extend(((*path, at), inner) for at, inner in enumerate(here))


def _is_pattern(text: str) -> bool:
    return len(text) <= MAX_PATTERN and size_of_pattern(text) > 0


# --- the library -----------------------------------------------------------------------------------------------------


def _refuse(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is not fetched")


def _validator(schema: Json) -> Any:
    try:
        return jsonschema_rs.Draft4Validator(
            schema, retriever=_refuse, validate_formats=False, pattern_options=_PATTERNS
        )
    except jsonschema_rs.ValidationError as fault:
        raise SchemaError(_mismatches(iter([fault]), schema)) from None
    except BaseException as fault:
        raise SchemaError([_failed(fault)]) from None


def _failed(fault: BaseException) -> Mismatch:
    """The mismatch for a failure of the library; its panics are not an ``Exception``."""
    if not isinstance(fault, Exception) and type(fault).__name__ != "PanicException":
        raise fault
    return Mismatch((), f"it cannot be held against its schema: {_short(str(fault))}", "format")


_FAR = Mismatch((), f"the keys on the way to a value have more than {MAX_WAY} characters", "cost")


def _far(value: Any) -> bool:
    """Whether places in a value are so long that naming each would cost more than the value."""
    waiting: list[tuple[int, Any]] = [(0, value)]
    while waiting:
        way, here = waiting.pop()
        if way > MAX_WAY:
            return True
        if isinstance(here, Mapping):
            waiting.extend((way + len(key), inner) for key, inner in here.items() if isinstance(key, str))
        elif isinstance(here, list):
            waiting.extend((way, inner) for inner in here if isinstance(inner, Mapping | list))
    return False


def _mismatches(found: Iterator[Any], value: Any) -> list[Mismatch]:
    found_here: list[Mismatch] = []
    required: dict[Place, list[str]] = {}
    for error in _plain(found):
        path = tuple(error.instance_path)
        kind = error.kind
        name = kind.name
        if name == "required":
            if path not in required:
                required[path] = []
                found_here.append(Mismatch(path, "", name))
            required[path].append(kind.property)
        elif name == "additionalProperties":
            found_here.append(_unwanted(path, tuple(kind.unexpected)))
        elif name == "falseSchema" and error.schema_path[-1:] == ["additionalProperties"]:
            # The library's message for a schema without properties, with the first value and without its key.
            found_here.append(_unwanted(path, tuple(str(key) for key in _at(value, path))))
        else:
            found_here.append(Mismatch(path, _short(error.message), name))
        if len(found_here) >= LISTED:
            more = sum(1 for _ in found)
            found_here.extend([Mismatch((), f"and {more} more", "more")] if more else [])
            break
    # The library reports each key by itself.
    return [
        Mismatch(one.path, _lacks(missing), one.keyword, missing=missing) if missing else one
        for one in found_here
        for missing in [tuple(required.get(one.path, ())) if one.keyword == "required" else ()]
    ]


def _plain(found: Iterable[Any]) -> Iterator[Any]:
    """The same; if one of several schemas must match, and only one was meant, the mismatches with that one."""
    for error in found:
        branches = getattr(error.kind, "context", None) if error.kind.name in ("anyOf", "oneOf") else None
        meant = [
            branch
            for branch in branches or ()
            if branch and not any(e.kind.name == "type" and e.instance_path == error.instance_path for e in branch)
        ]
        if len(meant) == 1:
            yield from _plain(meant[0])
        else:
            yield error


def _at(value: Any, path: Place) -> Any:
    for part in path:
        value = value[part]
    return value


def _unwanted(path: Place, keys: tuple[str, ...]) -> Mismatch:
    shown = ", ".join(repr(key)[:80] for key in keys[:10])
    return Mismatch(path, f"it may not have {shown}", "additionalProperties", unwanted=keys)


def _lacks(missing: tuple[str, ...]) -> str:
    return f"it has no {', '.join(name[:80] for name in missing[:10])}"


def _short(message: str) -> str:
    first = message.partition("\n")[0]
    return first if len(first) <= SHOWN else f"{first[: SHOWN // 2]} … {first[-SHOWN // 2 :]}"


# --- references ------------------------------------------------------------------------------------------------------


def misreferences(root: Json) -> list[Mismatch]:
    """Every ``$ref`` without a target in the document, also in schemas that are only referred to, and every one that
    leads back to itself before any part of a value is looked at.
    """
    return list(_misreferences(root)) if b'"$ref"' in (encoded(root) or b"") else []


def _misreferences(root: Json) -> Iterator[Mismatch]:
    seen: dict[int, tuple[Place, Any]] = {}
    waiting: deque[tuple[Place, Any]] = deque([((), root)])
    count = 0
    while waiting:
        path, schema = waiting.popleft()
        if id(schema) in seen:
            continue
        seen[id(schema)] = path, schema
        waiting.extend((path + way, inner) for way, inner in subschemas(schema))
        if path and isinstance(schema.get("id"), str):
            yield Mismatch((*path, "id"), "an id inside a schema changes what $ref means", "$ref")
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            continue
        count += 1
        if count > MAX_REFERENCES:
            yield Mismatch((*path, "$ref"), f"there are more than {MAX_REFERENCES} references", "$ref")
            return
        try:
            waiting.append(resolve(root, reference))
        except Dangling as fault:
            yield Mismatch((*path, "$ref"), str(fault), "$ref")
    yield from _circles(root, seen)


def _circles(root: Json, schemas: Mapping[int, tuple[Place, Any]]) -> Iterator[Mismatch]:
    """``schemas``: all of them by identity, with their places."""
    over: set[int] = set()
    for first in schemas:
        if first in over:
            continue
        way = [(first, applied(root, schemas[first][1]))]
        on_way = {first}
        while way:
            here, further = way[-1]
            for place, inner in further:
                if id(inner) in on_way:
                    what = "it leads back to itself, and no value can be held against it"
                    yield Mismatch((*schemas[here][0], *place), what, "$ref")
                elif id(inner) not in over:
                    way.append((id(inner), applied(root, inner)))
                    on_way.add(id(inner))
                    break
            else:
                way.pop()
                on_way.discard(here)
                over.add(here)
