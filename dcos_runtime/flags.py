"""Daemon flags as the original's daemons take them: ``--name=value``, ``--[no-]name``, environment, ``file://`` values.

The command line wins over the environment. An unknown flag, a repeated one, a missing required one and a value that
does not parse are all reported at once.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class FlagError(ValueError):
    """The command line cannot be used. ``problems`` lists every reason, a sentence each."""

    def __init__(self, program: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{program}: {problem}" for problem in problems))


@dataclass(frozen=True)
class Flag:
    """One flag. ``parse`` turns the text into the value and raises ``ValueError`` with a reason.

    ``secret`` values are never shown by `Flags.shown`. The value of a ``path`` is a file's name: the original's way to
    write it, ``file://`` in front, does not stand for what the file holds.
    """

    name: str
    help: str
    default: Any = None
    parse: Callable[[str], Any] = str
    required: bool = False
    secret: bool = False
    path: bool = False

    @property
    def boolean(self) -> bool:
        return self.parse is boolean


class Flags:
    """Parsed flags, by attribute: ``flags.work_dir``."""

    def __init__(self, declared: Sequence[Flag], values: Mapping[str, Any]) -> None:
        self._declared = tuple(declared)
        self._values = dict(values)

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(f"no flag is named {name}") from None

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def shown(self) -> dict[str, str]:
        """Every flag with its value as text, as `/flags` tells them; secrets are masked."""
        return {
            flag.name: "[secret]" if flag.secret else _text(self._values[flag.name])
            for flag in self._declared
            if self._values[flag.name] is not None
        }


def boolean(text: str) -> bool:
    if text in ("true", "1"):
        return True
    if text in ("false", "0"):
        return False
    raise ValueError("expected true or false")


_UNITS = {
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "secs": 1.0,
    "mins": 60.0,
    "hrs": 3600.0,
    "days": 86400.0,
    "weeks": 604800.0,
}
_BYTES = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30, "TB": 1 << 40}


def duration(text: str) -> float:
    """A Mesos duration (``10secs``, ``1.5mins``) in seconds."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([a-z]+)", text)
    if not match or match[2] not in _UNITS:
        raise ValueError(f"expected a number with one of {', '.join(_UNITS)}, such as 10secs")
    return float(match[1]) * _UNITS[match[2]]


def size(text: str) -> int:
    """A Mesos size (``2GB``) in bytes."""
    match = re.fullmatch(r"(\d+)([A-Z]+)", text)
    if not match or match[2] not in _BYTES:
        raise ValueError(f"expected a whole number with one of {', '.join(_BYTES)}, such as 2GB")
    return int(match[1]) * _BYTES[match[2]]


def port(text: str) -> int:
    if not text.isdigit() or not 0 <= int(text) <= 65535:
        raise ValueError("expected a port, 0 to 65535")
    return int(text)


def number(low: float, high: float) -> Callable[[str], float]:
    """A parser for a number between ``low`` and ``high``, both included."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError("expected a number") from None
        if not low <= value <= high:
            raise ValueError(f"expected a number from {low:g} to {high:g}")
        return value

    return parse


def choice(*allowed: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"expected one of {', '.join(allowed)}")
        return text

    return parse


def parse(
    program: str,
    declared: Sequence[Flag],
    argv: Sequence[str],
    environ: Mapping[str, str] | None = None,
    prefix: str = "MESOS_",
) -> Flags:
    """The flags' values. Variables with ``prefix`` that name no flag are left alone, as the original does.

    Raises `FlagError`, and ``SystemExit(0)`` never: ``--help`` is the caller's (see `help_text`).
    """
    environ = os.environ if environ is None else environ
    known = {flag.name: flag for flag in declared}
    texts: dict[str, tuple[str, str]] = {}
    problems: list[str] = []
    for flag in declared:
        variable = prefix + flag.name.upper()
        if variable in environ:
            texts[flag.name] = (environ[variable], variable)
    given: set[str] = set()
    for argument in argv:
        match = re.fullmatch(r"--([a-zA-Z][\w-]*)(?:=(.*))?", argument, re.DOTALL)
        if not match:
            problems.append(f"unexpected argument {argument!r}; flags are written --name=value")
            continue
        name, value = match[1], match[2]
        if (
            name not in known
            and name.startswith("no-")
            and name[3:] in known
            and known[name[3:]].boolean
            and value is None
        ):
            name, value = name[3:], "false"
        if name not in known:
            problems.append(f"unknown flag --{name}{_nearest(name, known)}")
            continue
        if name in given:
            problems.append(f"--{name} is given twice")
            continue
        given.add(name)
        if value is None:
            if not known[name].boolean:
                problems.append(f"--{name} wants a value: --{name}=…")
                continue
            value = "true"
        texts[name] = (value, f"--{name}")
    values: dict[str, Any] = {flag.name: flag.default for flag in declared}
    for name, (text, source) in texts.items():
        try:
            values[name] = known[name].parse(text.removeprefix("file://") if known[name].path else _content(text))
        except (ValueError, OSError) as error:
            shown = "" if known[name].secret else f" {text!r}"
            problems.append(f"{source}{shown}: {error}")
    problems += [
        f"--{flag.name} is required: {flag.help}" for flag in declared if flag.required and flag.name not in texts
    ]
    if problems:
        raise FlagError(program, problems)
    return Flags(declared, values)


def help_text(program: str, summary: str, declared: Sequence[Flag]) -> str:
    lines = [f"Usage: {program} [--flag=value …]", "", summary, ""]
    for flag in sorted(declared, key=lambda flag: flag.name):
        lines.append(f"  --[no-]{flag.name}" if flag.boolean else f"  --{flag.name}=VALUE")
        default = "" if flag.default in (None, ()) or flag.secret else f" (default: {_text(flag.default)})"
        lines.append(f"      {flag.help}{' (required)' if flag.required else default}")
    return "\n".join(lines)


def _content(text: str) -> str:
    if text.startswith("file://"):
        return Path(text.removeprefix("file://")).read_text().rstrip("\n")
    return text


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)


def _nearest(name: str, known: Mapping[str, Flag]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean --{close[0]}?" if close else "; --help lists all"
