"""The library's cost of validating a value by a schema, counted before the library is called."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from dcos_universe.model import Json
from dcos_universe.schema_walk import encoded, resolve

MAX_STEPS = 100_000
"""Validation steps, roughly; an option of a real package costs one, a character of a pattern's text 1 to 128, by the
pattern's size.
"""
MAX_FRAMES = 300
"""Depth of schemas, with references resolved: each level uses the library's stack."""
MAX_PATTERN = 1000
"""Characters of a pattern; the longest of the Universe has 129."""

BACKTRACKS = 2000
SIZES = (1 << 14, 1 << 16, 1 << 18, 1 << 20)
"""The largest compiled size of a pattern in bytes, and classes of its cost: each character of a text passes all of
them.
"""


@functools.lru_cache(1024)
def size_of_pattern(pattern: str) -> int:
    """The class in `SIZES` of a pattern; 0 if it is invalid."""
    for size in SIZES:
        try:
            options = jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACKS, size_limit=size)
            jsonschema_rs.Draft4Validator({"pattern": pattern}, pattern_options=options)
        except ValueError:
            continue
        return size
    return 0


_LOOKING = re.compile(r"\(\?(?!:|<[A-Za-z_])|\\[1-9kKG]|[+*?}]\+")
"""The parts of a pattern that do not take linear time: look-around, back references, and the like."""


def steps(pattern: str, length: int) -> int:
    """The cost of matching a pattern with a text at worst; measured, with patterns made for it."""
    if len(pattern) > MAX_PATTERN:
        return MAX_STEPS + 1
    unit = max(1, (size_of_pattern(pattern) or SIZES[-1]) >> 13)
    quadratic = length * length * unit // 20 if _LOOKING.search(pattern) else 0
    return 1 + length * unit + quadratic


class TooMuch(Exception):
    """Validating this value would cost too much. The text names the part that does."""


class SchemaCost:
    """Walks a schema and a value as the library does at worst, and counts instead of comparing."""

    def __init__(self, root: Json) -> None:
        self._root = root
        self._spent = 0
        self._active: set[tuple[int, int]] = set()
        self._meant: dict[str, Any] = {}

    def of(self, schema: Any, value: Any, depth: int) -> None:
        if not isinstance(schema, Mapping):
            return
        if depth > MAX_FRAMES:
            raise TooMuch(f"more than {MAX_FRAMES} schemas in each other")
        pair = (id(schema), id(value))
        if pair in self._active:
            return
        self._spend(1)
        self._active.add(pair)
        try:
            self._inside(schema, value, depth + 1)
        finally:
            self._active.discard(pair)

    def _spend(self, more: int) -> None:
        self._spent += more
        if self._spent > MAX_STEPS:
            raise TooMuch(f"more than {MAX_STEPS} steps")

    def _inside(self, schema: Mapping[str, Any], value: Any, depth: int) -> None:
        reference = schema.get("$ref")
        if isinstance(reference, str):
            if reference not in self._meant:
                self._meant[reference] = resolve(self._root, reference)[1]
            self.of(self._meant[reference], value, depth)
            return
        for keyword, rule in schema.items():
            if keyword in ("allOf", "anyOf", "oneOf"):
                for inner in rule if isinstance(rule, list) else ():
                    self.of(inner, value, depth)
            elif keyword == "not":
                self.of(rule, value, depth)
            elif keyword == "enum":
                self._spend(_size(rule) // 8)
            elif keyword == "pattern" and isinstance(value, str) and isinstance(rule, str):
                self._spend(steps(rule, len(value)))
            elif isinstance(value, Mapping):
                self._object(keyword, rule, value, depth)
            elif isinstance(value, list):
                self._list(keyword, rule, value, depth)

    def _object(self, keyword: str, rule: Any, value: Mapping[str, Any], depth: int) -> None:
        if keyword == "properties" and isinstance(rule, Mapping):
            for name in rule.keys() & value.keys():
                self.of(rule[name], value[name], depth)
            self._spend(min(len(rule), len(value)) // 8)
        elif keyword == "patternProperties" and isinstance(rule, Mapping):
            for pattern, inner in rule.items():
                for name, item in value.items():
                    self._spend(steps(pattern, len(name)))
                    self.of(inner, item, depth)
        elif keyword == "additionalProperties":
            self._spend(len(value) // 8)
            for item in value.values() if isinstance(rule, Mapping) else ():
                self.of(rule, item, depth)
        elif keyword == "dependencies" and isinstance(rule, Mapping):
            for name, inner in rule.items():
                self._spend(1)
                if name in value:
                    self._spend(len(inner) if isinstance(inner, list) else 0)
                    self.of(inner, value, depth)
        elif keyword == "required" and isinstance(rule, list):
            self._spend(len(rule))

    def _list(self, keyword: str, rule: Any, value: list[Any], depth: int) -> None:
        if keyword in ("items", "additionalItems"):
            for inner in rule if isinstance(rule, list) else (rule,):
                for item in value:
                    self.of(inner, item, depth)
        elif keyword == "uniqueItems":
            self._spend(len(value) + _size(value) // 8)


def _size(value: Any) -> int:
    return len(encoded(value) or b"")
