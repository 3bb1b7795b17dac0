"""Reads one TOML file of an image definition key by key, and collects its problems: file, key, reason."""

from __future__ import annotations

import os
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Check = Callable[[str], str]
"""Returns the problem of a text; empty: none."""

_DEEPEST = 32
MOST_TOML = 1 << 20
"""The most bytes of one file of a definition."""
_MOST_SHOWN = 100
_MOST_PROBLEMS = 1000
_MOST_NAME, _MOST_PATH, _MOST_UNIT, _MOST_ARGUMENT = 255, 4095, 255, 255
# Debian's rule, and no name that apt would read as another word: a minus at the end removes, a dot is a pattern.
_PACKAGE_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*[a-z0-9+]")
_UNIT_NAME = re.compile(r"[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\-]*)?\.(service|socket|target|timer|mount|path|slice)")
_CODENAME = re.compile(r"[a-z][a-z0-9-]*")
_PART = r"""(?:(?<![A-Za-z0-9_-])[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_LONG_KEY = re.compile(rf"(?:{_PART}[ \t]*\.[ \t]*){{32}}")
"""A key of more parts than any definition has: tomllib takes time by the square of their number."""
_OWN_ARGUMENTS = re.compile(r"(root|rootfstype|rootflags|ro|rw|boot|initrd|dcos\..*)(=.*)?")
"""Arguments that the image sets by itself: they name its root, and how it is mounted."""
_OPENING_ARGUMENTS = re.compile(r"--|(init|rdinit|systemd\.set_credential(_binary)?|systemd\.debug[-_]shell)(=.*)?")
"""Arguments by which a machine does not start as its image is made, or lets somebody in: `--` ends the kernel's own."""
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
        if len(self._problems) < _MOST_PROBLEMS:
            self._problems.append(f"{self._file}: {self._where}{key[:_MOST_SHOWN]}{problem}")

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
        for value, count in sorted(Counter(values).items()):
            if count > 1:
                self.wrong(key, f" names {shown(value)} twice")
        return tuple(values)

    def flag(self, key: str) -> bool:
        """A boolean; false if missing."""
        value = self._table.pop(key, False)
        if not isinstance(value, bool):
            self.wrong(key, f" must be true or false, not {shown(value)}")
            return False
        return value

    def number(self, key: str, least: int, most: int, what: str) -> int:
        """A whole number between two bounds, which must exist; ``what`` names it in the problem."""
        value = self._table.pop(key, None)
        if value is None:
            self.wrong(key, " is missing")
        elif isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(key, f" must be {what} between {least} and {most}, not {shown(value)}")
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
        text = bounded(path, MOST_TOML).decode("utf-8-sig")
        if _LONG_KEY.search(text):
            raise TooLargeError("a key has more than 32 parts")
        table = tomllib.loads(text)
        if _deeper_than(table, _DEEPEST):
            raise RecursionError
    except OSError as error:
        problems.append(f"{file}: it cannot be read: {error.strerror}")
    except TooLargeError as error:
        problems.append(f"{file}: it is not used: {error}")
    except RecursionError:
        problems.append(f"{file}: it is not used: its lists or tables are nested too deeply")
    except UnicodeDecodeError as error:
        problems.append(f"{file}: it is not TOML: it is not UTF-8, at byte {error.start}")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{file}: it is not TOML: {error}")
    except ValueError:  # of Python itself, for a number of thousands of digits
        problems.append(f"{file}: it is not used: a number has too many digits")
    else:
        return TableReader(table, file, problems)
    return None


def _deeper_than(table: Mapping[str, Any], most: int) -> bool:
    """Whether lists and tables are nested more than ``most`` deep. Without recursion: Python's limit may be any."""
    level: list[Any] = [table]
    for _ in range(most):
        level = [
            inner
            for one in level
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


class TooLargeError(Exception):
    """A file that is larger than a definition may have."""


def bounded(path: Path, most: int) -> bytes:
    """The content of a file. Raises `TooLargeError` when it has more than ``most`` bytes, and ``OSError``."""
    with path.open("rb") as file:
        # Not by its size alone: it may be growing.
        content = b"" if os.fstat(file.fileno()).st_size > most else file.read(most + 1)
        if len(content) > most or os.fstat(file.fileno()).st_size > most:
            raise TooLargeError(f"it is larger than {most >> 20} MiB")
    return content


def beside(folder: Path, name: str, within: Path) -> Path | None:
    """The file called ``name`` relative to ``folder``, its links followed; None: it is no file within ``within``."""
    try:
        found = (folder / name).resolve()
        return found if found.is_relative_to(within) and found.is_file() else None
    except (OSError, RuntimeError, ValueError):  # links in a circle, names too long or with a zero byte
        return None


def shown(value: object) -> str:
    """A value of a definition, for a message: the beginning of a long one."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return "a number of too many digits" if isinstance(value, int) else "what is nested too deeply"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}…"


def check_package(value: str) -> str:
    return "" if _PACKAGE_NAME.fullmatch(value) else f"{shown(value)} is not the name of a Debian package"


def check_codename(value: str) -> str:
    return "" if _CODENAME.fullmatch(value) else f"{shown(value)} is not the name of a release of Debian"


def check_unit(value: str) -> str:
    if _UNIT_NAME.fullmatch(value) and len(value) <= _MOST_UNIT:
        return ""
    return f"{shown(value)} is not the name of a systemd unit"


def check_user(value: str) -> str:
    return "" if _USER_NAME.fullmatch(value) else f"{shown(value)} is not the name of a user"


def check_argument(value: str) -> str:
    if not _ARGUMENT.fullmatch(value) or re.search(r"[\"'\\]", value):
        return f"{shown(value)} is not one kernel argument: it has no spaces and no quotes"
    if len(value) > _MOST_ARGUMENT:
        return f"{shown(value)} is longer than {_MOST_ARGUMENT} characters"
    if "${" in value or value in ("||", "&&"):
        return f"{shown(value)} means something else to iPXE"
    if _OPENING_ARGUMENTS.fullmatch(value):
        return f"{shown(value)} would have the machine start something else, or open it"
    return f"{shown(value)} is set by the image itself" if _OWN_ARGUMENTS.fullmatch(value) else ""


def check_absolute(value: str) -> str:
    """Of a path that is written in one way only, so that two texts are two paths."""
    parts = value.split("/")[1:]
    if not value.startswith("/") or ".." in parts or not value.isprintable():
        return f"{shown(value)} is not an absolute path within the image"
    if value == "/" or "" in parts or "." in parts:
        return f"{shown(value)} is not written as a path: /folder/name, without further slashes and dots"
    if len(value.encode()) > _MOST_PATH or any(len(part.encode()) > _MOST_NAME for part in parts):
        return f"{shown(value)} is longer than a path can be"
    return ""


def check_pattern(value: str) -> str:
    """Of a path with wildcards."""
    if problem := check_absolute(value):
        return problem
    parts = value.split("/")[1:]
    if any("**" in part and part != "**" for part in parts):
        return f"{shown(value)} has ** beside other characters: it stands for whole folders"
    return f"{shown(value)} is the whole image" if set(parts) == {"**"} else ""


def check_target(value: str) -> str:
    """Of a symbolic link."""
    if not value.isprintable():
        return f"{shown(value)} has characters that cannot be shown"
    if len(value.encode()) > _MOST_PATH or any(len(part.encode()) > _MOST_NAME for part in value.split("/")):
        return f"{shown(value)} is longer than a path can be"
    return ""


def one_of(known: tuple[str, ...]) -> Check:
    return lambda value: "" if value in known else f"{shown(value)} is not one of {', '.join(known)}"
