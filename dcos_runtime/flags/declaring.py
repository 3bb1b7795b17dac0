"""A daemon's flags as the fields of a class: each is declared once, and read, shown, documented and written from there.

They are given as Mesos' daemons take theirs: ``--name=value``, ``--[no-]name``, in the environment, a value out of a
file by ``file://``. The command line wins over the environment. An unknown flag, a repeated one, a missing required one
and a value that cannot be read are all reported at once.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, TypeVar, cast, overload

from dcos_runtime.flags.values import ValueType, utf8, without_credentials

T = TypeVar("T")
F = TypeVar("F", bound="Flags")
_KEY = "flag"
Check = Callable[[str], object]


class FlagError(ValueError):
    """The command line cannot be used. ``problems`` lists every reason, a sentence each."""

    def __init__(self, program: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{program}: {problem}" for problem in problems))


@dataclass(frozen=True)
class Flag:
    """One flag as it is declared. ``default`` is None where it has none.

    ``instead``: in words, the behaviour without the flag, when that is not a fixed value. A ``secret`` value is never
    shown. ``ours``: neither Mesos nor Marathon has it. ``on_clusters``: the values that an inventory may set, where
    these are fewer than those that the daemon takes.
    """

    name: str
    kind: ValueType[object]
    help: str
    default: object = None
    instead: str = ""
    required: bool = False
    secret: bool = False
    ours: bool = False
    on_clusters: ValueType[object] | None = None

    @property
    def default_text(self) -> str:
        """The default in help and docs; "" when there is none."""
        if self.required:
            return "required"
        if self.instead or self.default is None:
            return self.instead
        return self.kind.text(self.default)


@overload
def flag(
    kind: ValueType[T],
    help: str,
    *,
    default: T,
    instead: str = "",
    secret: bool = False,
    ours: bool = False,
    on_clusters: ValueType[T] | None = None,
) -> T: ...
@overload
def flag(kind: ValueType[T], help: str, *, required: Literal[True], secret: bool = False, ours: bool = False) -> T: ...
@overload
def flag(kind: ValueType[T], help: str, *, instead: str = "", secret: bool = False, ours: bool = False) -> T | None: ...
def flag(
    kind: ValueType[T],
    help: str,
    *,
    default: T | None = None,
    instead: str = "",
    required: bool = False,
    secret: bool = False,
    ours: bool = False,
    on_clusters: ValueType[T] | None = None,
) -> T | None:
    """Declares a flag as a field of a subclass of `Flags`: ``port: int = flag(PORT, "…", default=5050)``."""
    narrower = cast("ValueType[object] | None", on_clusters)
    made = Flag("", cast("ValueType[object]", kind), help, default, instead, required, secret, ours, narrower)
    if required:
        return cast(T, dataclasses.field(metadata={_KEY: made}))
    return cast(T, dataclasses.field(default_factory=lambda: default, metadata={_KEY: made}))


def varied(
    group: type[Flags],
    name: str,
    *,
    kind: ValueType[T] | None = None,
    default: T | None = None,
    instead: str = "",
    required: bool = False,
    more: str = "",
) -> T:
    """The flag ``name`` of a group, in a daemon that has another default or another kind of value, or needs it.
    ``more`` is added to the help.
    """
    declared = group.find(name)
    made = dataclasses.replace(
        declared,
        name="",
        kind=declared.kind if kind is None else cast("ValueType[object]", kind),
        default=declared.default if default is None else default,
        instead=instead or declared.instead,
        required=required or declared.required,
        help=f"{declared.help}{more and f'; {more}'}",
    )
    if made.required:
        return cast(T, dataclasses.field(metadata={_KEY: made}))
    return cast(T, dataclasses.field(default_factory=lambda: made.default, metadata={_KEY: made}))


_KNOWN: dict[type[Flags], Mapping[str, Flag]] = {}


def _by_name(cls: type[Flags]) -> Mapping[str, Flag]:
    """The flags of a class, in the order of `Flags.declared`; a plan of 100 hosts asks for one 2,500 times."""
    if cls not in _KNOWN:
        assert dataclasses.is_dataclass(cls)
        fields = dataclasses.fields(cls)
        groups = [base for base in cls.__bases__ if dataclasses.is_dataclass(base)]
        shared = {field.name for group in groups for field in dataclasses.fields(group)}
        found = sorted(fields, key=lambda field: field.name in shared)
        _KNOWN[cls] = {field.name: dataclasses.replace(field.metadata[_KEY], name=field.name) for field in found}
    return _KNOWN[cls]


class Flags:
    """The flags of a daemon. Subclasses are frozen dataclasses, by keyword only, whose fields are made by `flag`."""

    program: ClassVar[str] = ""
    prefix: ClassVar[str] = "MESOS_"
    """In front of a flag's name in the environment."""

    @classmethod
    def declared(cls) -> tuple[Flag, ...]:
        """All flags: those of the class itself before those it shares with others."""
        return tuple(_by_name(cls).values())

    @classmethod
    def find(cls, name: str) -> Flag:
        """Raises ``KeyError``."""
        if found := _by_name(cls).get(name):
            return found
        raise KeyError(f"{cls.program} has no flag {name}")

    @classmethod
    def variable(cls, name: str) -> str:
        """The flag's name in the environment. Raises ``KeyError``."""
        return cls.prefix + cls.find(name).name.upper()

    @classmethod
    def written(cls, name: str, value: object) -> str:
        """The value as a text for the environment or a command line. A text is returned unchanged if it can be read, or
        if it names the file that holds the value. Raises ``KeyError`` and ``ValueError``.
        """
        one = cls.find(name)
        text = value if isinstance(value, str) else one.kind.text(value)
        if not text.startswith("file://"):
            try:
                one.kind.parse(text)
            except ValueError as error:
                raise ValueError(f"{cls.program}: {_problem(one, f'--{name}', text, text, error)}") from error
        return text

    @classmethod
    def with_defaults(cls: type[F], program: str, **defaults: object) -> type[F]:
        """The same flags of another program, some of them with other defaults. Raises ``KeyError``."""
        fields = [
            (
                name,
                object,
                dataclasses.field(
                    default=value, metadata={_KEY: dataclasses.replace(cls.find(name), name="", default=value)}
                ),
            )
            for name, value in defaults.items()
        ]
        made = dataclasses.make_dataclass(
            cls.__name__, fields, bases=(cls,), namespace={"program": program}, frozen=True, kw_only=True
        )
        return cast("type[F]", made)

    def __contains__(self, name: str) -> bool:
        return any(one.name == name for one in self.declared())

    def shown(self) -> dict[str, str]:
        """Every flag that has a value, as text, for `/flags`; secrets are masked."""
        found = {}
        for one in self.declared():
            value: object = getattr(self, one.name)
            if value is not None:
                found[one.name] = _shown(one, value)
        return found


def parse(
    wanted: type[F],
    argv: Sequence[str],
    environ: Mapping[str, str] | None = None,
    checks: Mapping[str, Check] | None = None,
) -> F:
    """The flags' values. Variables of the environment that name no flag are ignored, as in Mesos. ``checks``: further
    parsers of texts, by the flag's name, that only the daemon itself has; they raise ``ValueError``. Raises
    `FlagError`; ``--help`` is the caller's (see `help_text`).
    """
    environ = os.environ if environ is None else environ
    declared = wanted.declared()
    known = {one.name: one for one in declared}
    texts: dict[str, tuple[str, str]] = {}
    problems: list[str] = []
    for one in declared:
        variable = wanted.prefix + one.name.upper()
        if variable in environ:
            texts[one.name] = (environ[variable], variable)
    problems += _read_arguments(argv, known, texts)
    values: dict[str, object] = {one.name: one.default for one in declared}
    for name, (text, source) in texts.items():
        kind = known[name].kind
        try:
            content = text
            content = text.removeprefix("file://") if kind.path else _content(text)
            values[name] = kind.parse(utf8(content))
            if checks is not None and name in checks:
                checks[name](content)
        except (ValueError, OSError) as error:
            problems.append(_problem(known[name], source, text, content, error))
    missing = [one for one in declared if one.required and one.name not in texts]
    problems += [f"--{one.name} is required: {_plain(one.help)}" for one in missing]
    if problems:
        raise FlagError(wanted.program, problems)
    return cast("Callable[..., F]", wanted)(**values)


def _read_arguments(argv: Sequence[str], known: Mapping[str, Flag], texts: dict[str, tuple[str, str]]) -> list[str]:
    """Adds the flags of the command line to ``texts``, by flag: the value and where it comes from. Returns the
    problems.
    """
    problems = []
    given: set[str] = set()
    after_secret = False  # a value with an unquoted blank goes on in the next words
    for argument in argv:
        match = re.fullmatch(r"--([a-zA-Z][\w-]*)(?:=(.*))?", argument, re.DOTALL)
        if not match:
            shown = "" if after_secret or "@" in argument else f" {argument!r}"
            problems.append(f"unexpected argument{shown}; flags are written --name=value")
            continue
        name, value = match[1], match[2]
        after_secret = name in known and known[name].secret
        positive = name.removeprefix("no-")
        if name not in known and positive in known and known[positive].kind.switch and value is None:
            name, value = positive, "false"
        if name not in known:
            problems.append(f"unknown flag --{name}{_nearest(name, known)}")
            continue
        if name in given:
            problems.append(f"--{name} is given twice")
            continue
        given.add(name)
        if value is None:
            if not known[name].kind.switch:
                problems.append(f"--{name} wants a value: --{name}=…")
                continue
            value = "true"
        texts[name] = (value, f"--{name}")
    return problems


def help_text(wanted: type[Flags], summary: str) -> str:
    lines = [f"Usage: {wanted.program} [--flag=value …]", "", summary, ""]
    lines += [
        f"A flag can also be set in the environment: --flag as {wanted.prefix}FLAG. The command line wins. The value",
        "file:///PATH is what that file holds; a flag that takes a file's name takes it for the name.",
        "",
    ]
    for one in sorted(wanted.declared(), key=lambda one: one.name):
        lines.append(f"  --[no-]{one.name}" if one.kind.switch else f"  --{one.name}=VALUE")
        default = "(required)" if one.required else f"(default: {one.default_text})" if one.default_text else ""
        lines.append(f"      {' '.join(filter(None, (_plain(one.help), default.replace('`', ''))))}")
    return "\n".join(lines)


def table(wanted: type[Flags]) -> str:
    """All flags as a Markdown table for the daemon's page in docs/, which `tests.support.generated` writes."""
    lines = ["| flag | value | default | what it says |", "| --- | --- | --- | --- |"]
    for one in wanted.declared():
        default = one.default_text
        if default and not one.required and not one.instead:
            default = f"`{default}`"
        cells = (f"`{one.name}`", one.kind.name, default, f"{'*ours*; ' if one.ours else ''}{one.help}")
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """The text without Markdown's marks and links."""
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", text).replace("`", "").replace("*", "")


def _shown(one: Flag, value: object) -> str:
    if one.secret and value != one.default:
        return one.kind.shown(value) if one.kind.shown is not None else "[secret]"
    return without_credentials(one.kind.text(value))


def _problem(one: Flag, source: str, text: str, content: str, error: Exception) -> str:
    """What is wrong with the value from ``source``; ``content`` is the content of the file that the value names. Kinds
    and checks of secret flags quote nothing of a credential. Others may quote any part of the value.
    """
    if one.secret:
        return f"{source}: {error}"
    why = str(error)
    if without_credentials(content) != content:
        why = "it holds what looks like a user and a password, which this flag does not take"
    return f"{source} {without_credentials(text)!r}: {why}"


def _content(text: str) -> str:
    if text.startswith("file://"):
        try:
            return Path(text.removeprefix("file://")).read_text(encoding="utf-8").rstrip("\n")
        except UnicodeDecodeError:
            raise ValueError("the content of this file is not UTF-8; convert it to UTF-8") from None
    return text


def _nearest(name: str, known: Mapping[str, Flag]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean --{close[0]}?" if close else "; --help lists all"
