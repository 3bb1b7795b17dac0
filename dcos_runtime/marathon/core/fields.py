"""Reads a JSON object field by field and collects every problem with its path, so that all are reported at once."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

from dcos_runtime.wire.quoting import bounded, shown

T = TypeVar("T")

LARGEST = 2**31 - 1
"""The default limit of a number, as in Marathon's integers."""


MOST_PROBLEMS = 100
"""The most places with problems that are reported of one object."""
_LONGEST_GUESS = 64
_MORE = "there are more errors than are listed here"

NOT_HERE = "not supported in this version"
NUL = "must not contain the character NUL: no command, argument or variable can hold it"


class Invalid(Exception):
    """The object is invalid. ``details``: problems by path (``/healthChecks(0)/path``)."""

    def __init__(self, details: Mapping[str, list[str]]) -> None:
        self.details = {path: list(errors) for path, errors in details.items()}
        super().__init__("; ".join(f"{path}: {', '.join(errors)}" for path, errors in self.details.items()))


class Fields:
    """One object. ``null`` counts as absent. Readers return the default for an absent or invalid field."""

    def __init__(self, data: Mapping[str, Any], path: str = "", problems: dict[str, list[str]] | None = None) -> None:
        self._data = {key: value for key, value in data.items() if value is not None}
        self._path = path
        self._known: dict[str, None] = {}
        self.problems: dict[str, list[str]] = {} if problems is None else problems

    def problem(self, key: str, text: str) -> None:
        path = f"{self._path}/{shown(key, 200)}" if key else self._path or "/"
        if path in self.problems or not self._full:
            self.problems.setdefault(path, []).append(text)
        elif _MORE not in (others := self.problems.setdefault("/", [])):
            others.append(_MORE)

    @property
    def _full(self) -> bool:
        return len(self.problems) >= MOST_PROBLEMS

    def has(self, key: str) -> bool:
        return key in self._data

    def raw(self, key: str) -> Any:
        self._known[key] = None
        return self._data.get(key)

    def ignore(self, keys: Iterable[str]) -> None:
        self._known.update(dict.fromkeys(keys))

    def refuse(self, key: str, empty: Collection[Any], why: str) -> None:
        """A field that this version does not support: only values without effect are allowed."""
        value = self.raw(key)
        if value is not None and value not in empty:
            self.problem(key, why)

    def number(self, key: str, default: float, low: float, high: float | None = None) -> float:
        value = self.raw(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.problem(key, "error.expected.jsnumber")
        elif not value >= low:
            self.problem(key, f"got {_short(value)}, expected {_short(low)} or more")
        elif value > (LARGEST if high is None else high):
            self.problem(key, f"got {_short(value)}, expected {_short(LARGEST if high is None else high)} or less")
        else:
            return float(value)
        return default

    def integer(self, key: str, default: int, low: int, high: int | None = None) -> int:
        value = self.number(key, default, low, high)
        if value != int(value):
            self.problem(key, f"got {_short(value)}, expected a whole number")
            return default
        return int(value)

    def optional_integer(self, key: str, low: int, high: int | None = None) -> int | None:
        return self.integer(key, low, low, high) if self.has(key) else self.raw(key)

    def flag(self, key: str, default: bool) -> bool:
        return bool(self._typed(key, bool, "error.expected.jsboolean", default))

    def text(self, key: str, *, least: int = 0) -> str | None:
        value: str | None = self._typed(key, str, "error.expected.jsstring", None)
        if value is not None and len(value) < least:
            self.problem(key, "must not be empty")
            return None
        if value is not None and "\0" in value:
            self.problem(key, NUL)
        return value

    def one_of(self, key: str, allowed: Collection[str], default: str) -> str:
        value = self.text(key)
        if value is not None and value not in allowed:
            self.problem(key, f"got '{shown(value)}', expected one of {', '.join(allowed)}")
            return default
        return default if value is None else value

    def texts(self, key: str, most: int | None = None) -> list[str]:
        return self.items(key, _as_text, most)

    def text_map(self, key: str, most: int) -> dict[str, str]:
        value: dict[str, Any] = self._typed(key, dict, "error.expected.jsobject", {})
        if len(value) > most:
            self.problem(key, f"has {len(value)} entries, and may have {most}")
            return {}
        for name, item in value.items():
            if not isinstance(item, str):
                self.problem(f"{key}/{name}", "error.expected.jsstring")
            elif "\0" in name or "\0" in item:
                self.problem(f"{key}/{name}", NUL)
        return {name: item for name, item in value.items() if isinstance(item, str)}

    def object(self, key: str) -> Fields | None:
        """The object in this field, whose problems are collected with ours."""
        value = self._typed(key, dict, "error.expected.jsobject", None)
        return None if value is None else Fields(value, f"{self._path}/{key}", self.problems)

    def items(self, key: str, read: Callable[[Any, str], T], most: int | None = None) -> list[T]:
        """Each element by ``read(value, path)``, which raises ``ValueError`` with the reason; ``most`` of them."""
        value: list[Any] = self._typed(key, list, "error.expected.jsarray", [])
        if most is not None and len(value) > most:
            self.problem(key, f"has {len(value)} elements, and may have {most}")
            return []
        found = []
        for index, item in enumerate(value):
            try:
                found.append(read(item, f"{self._path}/{key}({index})"))
            except ValueError as error:
                self.problem(f"{key}({index})", bounded(str(error)))
        return found

    def objects(self, key: str, read: Callable[[Fields], T], most: int | None = None) -> list[T]:
        def inner(value: Any, path: str) -> T:
            if not isinstance(value, dict):
                raise ValueError("error.expected.jsobject")
            fields = Fields(value, path, self.problems)
            result = read(fields)
            fields.unknown()
            return result

        return self.items(key, inner, most)

    def unknown(self) -> None:
        """Adds a problem for every field that no reader asked for."""
        for key in [key for key in self._data if key not in self._known]:
            if self._full:
                self.problem("", _MORE)
                break
            close = difflib.get_close_matches(key, self._known, n=1) if len(key) <= _LONGEST_GUESS else None
            self.problem(key, "unknown field" + (f"; did you mean {close[0]}?" if close else ""))

    def _typed(self, key: str, kind: type, error: str, default: Any) -> Any:
        value = self.raw(key)
        if value is None:
            return default
        if not isinstance(value, kind):
            self.problem(key, error)
            return default
        return value


def _as_text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise ValueError("error.expected.jsstring")
    if "\0" in value:
        raise ValueError(NUL)
    return value


def _short(value: float) -> str:
    """A number for a message. Python refuses to print integers of thousands of digits."""
    if isinstance(value, int):
        return str(value) if abs(value) < 10**20 else "an integer of more than 20 digits"
    return f"{value:.15g}"
