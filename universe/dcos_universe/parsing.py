"""JSON in packages: ASCII, numbers without exotic forms, of bounded depth; each fault with its place."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from dcos_universe.schema_walk import Place, halves, walk

MAX_DEPTH = 64
"""Depth of objects and lists."""
MAX_VALUES = 20_000
"""Values of one file; the most of the Universe are 2,334. The time for a file grows with their number."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something cannot be read. ``file`` is relative to the folder; ``""`` is the folder itself."""

    rule: str
    file: str
    path: Place
    what: str
    remedy: str


_NOT_ASCII = re.compile(rb"[^\x00-\x7f]{1,8}")


def beyond_ascii(name: str, data: bytes) -> list[Fault]:
    if data.isascii():
        return []
    found = _NOT_ASCII.search(data)
    assert found is not None
    line = data.count(b"\n", 0, found.start()) + 1
    what = f"line {line} has bytes that are no ASCII: {found[0].hex(' ')}"
    return [Fault("ascii", name, (), what, "write other characters as \\uXXXX")]


def parse(name: str, data: bytes, documents: dict[str, Any], texts: dict[str, str]) -> list[Fault]:
    """Puts the document into ``documents``, or returns the faults."""
    if wrong := beyond_ascii(name, data):
        return wrong
    text = data.decode("ascii")
    if _many(text):
        what = f"it has more than {MAX_VALUES} values, objects and lists"
        return [Fault("huge", name, (), what, "make it smaller")]
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as fault:
        where = f"line {fault.lineno}, column {fault.colno}"
        return [Fault("json", name, (), f"it is not JSON: {where}: {fault.msg}", "correct it there")]
    except _NoNumber as fault:
        return _no_numbers(name, text, str(fault))
    except RecursionError:
        return [_too_deep(name)]
    if text.count("{") + text.count("[") > MAX_DEPTH and _deep(value):
        return [_too_deep(name)]
    faults: list[Fault] = []
    if "\\u" in text:
        faults.extend(
            Fault("surrogate", name, path, "it holds half of a pair of \\u escapes", "write both halves, or none")
            for path, _ in halves(value)
        )
    if not isinstance(value, dict) and value != []:
        faults.append(Fault("type", name, (), f"it is {_said(value)}, not an object", "put an object there"))
    if not faults:
        documents[name] = value
        texts[name] = text
    return faults


_TEXT = re.compile(r'(?s)"(?:[^"\\]++|\\.?)*+"?')


def _many(text: str) -> bool:
    """Whether a text has too many values. Each value except the first comes after a comma, or first in its object or
    list: counted before the text is parsed.
    """

    def counted(some: str) -> int:
        return some.count(",") + some.count("{") + some.count("[")

    return counted(text) > MAX_VALUES and counted(_TEXT.sub("", text)) > MAX_VALUES


class _NoNumber(Exception):
    pass


def _constant(text: str) -> float:
    raise _NoNumber(text)


def _float(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _NoNumber(text)
    return value


def _int(text: str) -> int:
    if len(text) < 19:
        return int(text)
    if len(text) > 20 or not _LEAST <= int(text) <= _MOST:
        raise _NoNumber(text)
    return int(text)


_LEAST, _MOST = -(2**63), 2**64 - 1
"""The bounds of whole numbers for readers in other languages."""

_DECODER = json.JSONDecoder(parse_constant=_constant, parse_float=_float, parse_int=_int)


def _no_numbers(name: str, text: str, first: str) -> list[Fault]:
    remedy = "use a number of ordinary size"
    try:
        found = list(_odd_numbers(json.loads(text)))
    except (ValueError, RecursionError):
        found = [((), first[:40])]
    return [Fault("number", name, path, f"{shown} is no number that others can read", remedy) for path, shown in found]


def _too_deep(name: str) -> Fault:
    return Fault("depth", name, (), f"it has more than {MAX_DEPTH} objects and lists in each other", "make it flatter")


def _deep(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            inner
            for one in level
            for inner in (one.values() if type(one) is dict else one)
            if type(inner) is dict or type(inner) is list
        ]
        if not level:
            return False
    return True


def _odd_numbers(value: Any) -> Iterator[tuple[Place, str]]:
    """Numbers that JSON lacks (NaN), and those that others cannot read: whole ones beyond 64 bits, infinite ones."""
    for path, here in walk(value):
        if isinstance(here, float) and (here != here or here in (float("inf"), float("-inf"))):
            yield path, "NaN" if here != here else "an infinite number"
        elif isinstance(here, int) and not _LEAST <= here <= _MOST:
            shown = str(here)
            yield path, shown if len(shown) <= 24 else f"{shown[:20]}… ({len(shown)} digits)"


def _said(value: Any) -> str:
    if isinstance(value, list):
        return "a list"
    shown = json.dumps(value)
    return shown if len(shown) <= 40 else shown[:37] + "..."


_KEY = re.compile(r'"[ \t\r\n]*:')


def repeated_keys(text: str, value: Any) -> list[tuple[Place, str]]:
    """The keys that an object has more than once, of a text and its parsed value; the last one counts.

    A parser that looks for them takes five times as long, so keys are counted first: in the text and in the value.
    """
    if "\\u" not in text:
        left = msgspec.json.encode(value)
        spaced = any(mark in text for mark in (" :", "\n:", "\t:", "\r:"))
        if (len(_KEY.findall(text)) if spaced else text.count('":')) == left.count(b'":'):
            return []
    noted = json.loads(text, object_pairs_hook=_Noted)
    return [(path, key) for path, here in walk(noted) if isinstance(here, _Noted) for key in here.repeated]


class _Noted(dict[str, Any]):
    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated: list[str] = []
        if len(self) < len(pairs):
            counted = Counter(key for key, _ in pairs)
            self.repeated = [key for key, times in counted.items() if times > 1]
