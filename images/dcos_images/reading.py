"""Reads one TOML file of an image definition key by key, and collects its problems: file, key, reason."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Check = Callable[[str], str]
"""Returns the problem of a text; empty: none."""

_PACKAGE_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")
_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\-]*)?\.(service|socket|target|timer|mount|path|slice)")
_USER_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
_ARGUMENT = re.compile(r"[!-~]+")


class TableReader:
    """One table of a file. ``where`` is put before its keys in problems; all tables of a file share a list."""

    def __init__(self, table: Mapping[str, Any], file: str, problems: list[str], where: str = "") -> None:
        self._table = dict(table)
        self._file = file
        self._problems = problems
        self._where = where

    def wrong(self, key: str, problem: str) -> None:
        self._problems.append(f"{self._file}: {self._where}{key}{problem}")

    def has(self, key: str) -> bool:
        return key in self._table

    def text(self, key: str, check: Check = lambda value: "", *, default: str | None = None) -> str:
        """A text that is not empty. Without ``default`` it must exist."""
        value = self._table.pop(key, None)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not value:
            self.wrong(key, " must be a text" if value is not None else " is missing")
            return default or ""
        if problem := check(value):
            self.wrong(key, f": {problem}")
            return default or ""
        return value

    def texts(self, key: str, check: Check = lambda value: "") -> tuple[str, ...]:
        """A list of texts, none of them twice; empty if missing."""
        values = self._table.pop(key, [])
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            self.wrong(key, " must be a list of texts")
            return ()
        for value in values:
            if problem := check(value):
                self.wrong(key, f": {problem}")
        for value in sorted({value for value in values if values.count(value) > 1}):
            self.wrong(key, f" names {value!r} twice")
        return tuple(values)

    def flag(self, key: str) -> bool:
        """A boolean; false if missing."""
        value = self._table.pop(key, False)
        if not isinstance(value, bool):
            self.wrong(key, f" must be true or false, not {value!r}")
            return False
        return value

    def number(self, key: str, least: int, most: int, what: str) -> int:
        """A whole number between two bounds, which must exist; ``what`` names it in the problem."""
        value = self._table.pop(key, None)
        if value is None:
            self.wrong(key, " is missing")
        elif isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(key, f" must be {what} between {least} and {most}, not {value!r}")
        else:
            return value
        return least

    def table(self, key: str) -> TableReader:
        """A table within this one; empty if missing."""
        value = self._table.pop(key, {})
        if not isinstance(value, dict):
            self.wrong(key, f" must be written as [{self._where}{key}]")
            value = {}
        return TableReader(value, self._file, self._problems, f"{self._where}{key}.")

    def named_tables(self, key: str) -> dict[str, TableReader]:
        """The tables within a table, by their names."""
        value = self._table.pop(key, {})
        if not isinstance(value, dict) or not all(isinstance(one, dict) for one in value.values()):
            self.wrong(key, f" must be written as [{key}.<name>]")
            return {}
        return {
            name: TableReader(one, self._file, self._problems, f"{self._where}{key}.{name}.")
            for name, one in value.items()
        }

    def tables(self, key: str) -> list[TableReader]:
        """An array of tables; empty if missing."""
        value = self._table.pop(key, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.wrong(key, f" must be written as [[{key}]]")
            return []
        return [
            TableReader(one, self._file, self._problems, f"{self._where}{key}[{index}].")
            for index, one in enumerate(value)
        ]

    def nothing_left(self) -> None:
        """Reports keys that no method has read: they are unknown."""
        for key in self._table:
            self.wrong(key, " is not a key of an image definition")


def read_toml(path: Path, file: str, problems: list[str]) -> TableReader | None:
    """The file's root table. None: it is missing or not TOML, which is one of the problems then."""
    try:
        table = tomllib.loads(path.read_text())
    except OSError as error:
        problems.append(f"{file}: it cannot be read: {error.strerror}")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(f"{file}: it is not TOML: {error}")
    else:
        return TableReader(table, file, problems)
    return None


def check_package(value: str) -> str:
    return "" if _PACKAGE_NAME.fullmatch(value) else f"{value!r} is not the name of a Debian package"


def check_unit(value: str) -> str:
    return "" if _UNIT_NAME.fullmatch(value) else f"{value!r} is not the name of a systemd unit"


def check_user(value: str) -> str:
    return "" if _USER_NAME.fullmatch(value) else f"{value!r} is not the name of a user"


def check_argument(value: str) -> str:
    if _ARGUMENT.fullmatch(value) and '"' not in value:
        return ""
    return f"{value!r} is not one kernel argument: it has no spaces and no quotes"


def check_absolute(value: str) -> str:
    if value.startswith("/") and ".." not in value.split("/") and "\0" not in value and "\n" not in value:
        return ""
    return f"{value!r} is not an absolute path within the image"


def one_of(known: tuple[str, ...]) -> Check:
    return lambda value: "" if value in known else f"{value!r} is not one of {', '.join(known)}"
