"""The commands in README.md and docs/*.md, extracted and checked by the programs' real parsers."""

from __future__ import annotations

import argparse
import importlib
import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from dcos_installer.cli import cli as installer
from dcos_runtime import daemon
from dcos_runtime.agent import settings as agent
from dcos_runtime.auth import settings as auth
from dcos_runtime.cli.app import dcos
from dcos_runtime.cosmos.main import Cosmos
from dcos_runtime.flags import Flag, Flags
from dcos_runtime.flags.agent import AgentFlags
from dcos_runtime.flags.auth import AuthFlags
from dcos_runtime.flags.cosmos import CosmosFlags
from dcos_runtime.flags.declaring import Check
from dcos_runtime.flags.marathon import MarathonFlags
from dcos_runtime.flags.master import MasterFlags
from dcos_runtime.marathon.main import Init
from dcos_runtime.master import settings as master
from dcos_universe.cli import cli as universe

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

SHELLS = ("sh", "console")
LANGUAGES = (*SHELLS, "", "ini", "json", "python", "text", "toml", "yaml")

FOREIGN = frozenset({".", "cat", "cd", "curl", "echo", "eval", "export", "mkdir", "pip", "source"})
"""Other programs in the docs."""


@dataclass(frozen=True)
class Fence:
    document: str
    line: int
    language: str
    text: str

    @property
    def script(self) -> str:
        """The text for a shell."""
        if self.language == "console":
            return "".join(f"{line[2:]}\n" for line in self.text.splitlines() if line.startswith("$ "))
        return self.text


@dataclass(frozen=True)
class Command:
    """One simple command. ``words[0]`` is the program; variables before it are left out."""

    document: str
    line: int
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.document}:{self.line}: {shlex.join(self.words)}"


class Wrong(Exception):
    """A documented command is invalid."""


@dataclass(frozen=True)
class Daemon:
    """A program with flags of `dcos_runtime.flags`, and the document that lists all of them."""

    document: str
    flags: type[Flags]
    check: Callable[[Any], None]
    checks: Mapping[str, Check] = field(default_factory=dict)

    @property
    def declared(self) -> tuple[Flag, ...]:
        return self.flags.declared()


DAEMONS: Mapping[str, Daemon] = {
    "dcos-master": Daemon("docs/kernel.md", MasterFlags, master.check, master.CHECKS),
    "dcos-agent": Daemon("docs/agent.md", AgentFlags, agent.check, agent.CHECKS),
    "dcos-marathon": Daemon("docs/init.md", MarathonFlags, Init().check, Init.checks),
    "dcos-cosmos": Daemon("docs/packages.md", CosmosFlags, Cosmos().check, Cosmos.checks),
    "dcos-auth": Daemon("docs/gateway.md", AuthFlags, auth.check, auth.CHECKS),
}
TREES: Mapping[str, click.Group] = {"dcos": dcos, "dcos-installer": installer, "dcos-universe": universe}


def fences(text: str, document: str) -> Iterator[Fence]:
    """The fenced blocks, also those in lists."""
    inside: tuple[int, str, str] | None = None
    lines: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        found = re.fullmatch(r"( *)```(\S*) *", line)
        if inside is None:
            if found:
                inside, lines = (number, found[1], found[2]), []
        elif found and not found[2]:
            yield Fence(document, inside[0], inside[2], "".join(f"{one}\n" for one in lines))
            inside = None
        else:
            lines.append(line.removeprefix(inside[1]))
    if inside is not None:
        raise Wrong(f"{document}:{inside[0]}: a fence without end")


def all_fences() -> list[Fence]:
    return [fence for path in DOCUMENTS for fence in fences(path.read_text(), str(path.relative_to(ROOT)))]


def commands_of(fence: Fence) -> Iterator[Command]:
    """The simple commands of a shell's lines: parts of pipes and lists, and those in ``$(…)``."""
    if fence.language not in SHELLS:
        return
    for offset, line in enumerate(fence.text.splitlines(), 1):
        if fence.language == "console":
            if not line.startswith("$ "):
                continue
            line = line[2:]
        for inner in re.findall(r"\$\(([^()]*)\)", line):
            yield from _simple(fence, fence.line + offset, inner)
        yield from _simple(fence, fence.line + offset, line)


def _simple(fence: Fence, line: int, text: str) -> Iterator[Command]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars="&|;")
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words: list[str] = []
    for word in [*lexer, ";"]:
        if set(word) <= set("&|;"):
            while words and re.fullmatch(r"[A-Za-z_]\w*=.*", words[0], re.DOTALL):
                del words[0]
            if words:
                yield Command(fence.document, line, tuple(words))
            words = []
        elif not word.startswith(">"):  # redirections are the shell's
            words.append(word)


def all_commands() -> list[Command]:
    return [command for fence in all_fences() for command in commands_of(fence)]


# --- parsers ---------------------------------------------------------------------------------------------------------


def verbs(program: str, tree: click.Group) -> set[str]:
    """All commands: ``dcos marathon app add``."""

    def walk(command: click.Command, path: tuple[str, ...], parent: click.Context | None) -> Iterator[str]:
        if not isinstance(command, click.Group):
            yield " ".join(path)
            return
        context = click.Context(command, info_name=path[-1], parent=parent)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            if not found.hidden:
                yield from walk(found, (*path, name), context)

    return set(walk(tree, (program,), None))


def called(command: Command) -> str:
    """The verb of the command, as its program's own parser finds it. Raises `Wrong`."""
    program = command.words[0]
    try:
        if program in TREES:
            return _verb(TREES[program], command.words)
        if program in DAEMONS:
            known = DAEMONS[program]
            daemon.read_flags(known.flags, "", list(command.words[1:]), check=known.check, checks=known.checks)
            return program
        if program == "python":
            return _module(command.words)
        if program == "make":
            return _target(command.words)
        if program == "installer/setup-host":
            return _set_up(command.words)
    except daemon.Leave as leave:
        raise Wrong(f"{command}: {leave.text}") from None
    except click.ClickException as error:
        raise Wrong(f"{command}: {error.format_message()}") from None
    if program not in FOREIGN:
        raise Wrong(f"{command}: nobody knows the program {program}")
    return program


def _verb(tree: click.Group, words: Sequence[str]) -> str:
    command: click.Command | None = tree
    path, rest = [words[0]], list(words[1:])
    context: click.Context | None = None
    while True:
        assert command is not None
        context = command.make_context(path[-1], rest, parent=context)
        if not isinstance(command, click.Group):
            return " ".join(path)
        name, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert name is not None
        path.append(name)


def _module(words: Sequence[str]) -> str:
    if len(words) < 3 or words[1] != "-m":
        raise Wrong(f"{shlex.join(words)}: only python -m MODULE is told here")
    name = words[2]
    try:
        module = importlib.import_module(name)
        if hasattr(module, "__path__"):
            module = importlib.import_module(f"{name}.__main__")
    except ImportError as error:
        raise Wrong(f"python -m {name}: {error}") from None
    made: argparse.ArgumentParser = getattr(module, "parser", argparse.ArgumentParser)()

    def refuse(message: str) -> None:
        raise Wrong(f"{shlex.join(words)}: {message}")

    made.error = refuse  # type: ignore[method-assign, assignment]  # a double takes its place
    made.parse_args(list(words[3:]))
    return f"python -m {name}"


def _target(words: Sequence[str]) -> str:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for word in words[1:]:
        if "=" not in word and word not in targets:
            raise Wrong(f"make {word}: the Makefile has no such target")
    return "make"


def _set_up(words: Sequence[str]) -> str:
    own = re.findall(r"^([a-z]+)\)", (ROOT / "installer" / "setup-host").read_text(), re.MULTILINE)
    known = [*own, *(path.name for path in (ROOT / "installer/dcos_installer/providers").glob("*/setup/*"))]
    for word in words[1:]:
        if word not in known:
            raise Wrong(f"{shlex.join(words)}: setup-host knows {', '.join(known)}")
    return words[0]


def modules() -> set[str]:
    """``python -m …`` of every module of ours whose first line says that it is started in this way."""
    found = set()
    for package in (
        "dcos_runtime",
        "installer/dcos_installer",
        "images/dcos_images",
        "universe/dcos_universe",
    ):
        for path in (ROOT / package).rglob("*.py"):
            first = path.read_text().partition("\n")[0]
            found |= set(re.findall(r"python -m dcos_[\w.]+", first))
    return {name.rstrip(".") for name in found}


# --- flags in running text -------------------------------------------------------------------------------------------


def options(program: str) -> set[str]:
    """Every option of the program and its verbs, in its written form."""
    if program in DAEMONS:
        names = {flag.name for flag in DAEMONS[program].declared}
        return {f"--{name}" for name in names} | {f"--no-{name}" for name in names}

    def walk(command: click.Command) -> Iterator[str]:
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                yield from (*parameter.opts, *parameter.secondary_opts)
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                found = command.get_command(context, name)
                assert found is not None
                yield from walk(found)

    return {*walk(TREES[program]), "--help", "--version"}


def spans(text: str) -> list[str]:
    """Code in running text."""
    outside = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [found[1] for found in re.finditer(r"(?<!`)`([^`\n]+)`(?!`)", outside)]


def flags_in(text: str) -> set[str]:
    """``--flags`` in code of running text."""
    return {flag for span in spans(text) for flag in re.findall(r"(?<![\w-])--[a-zA-Z][\w-]*", span)}


def table_of_flags(text: str) -> set[str]:
    """The names in the first column of the tables whose head is ``| flag |``, without dashes."""
    names: set[str] = set()
    inside = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if not cells:
            inside = False
        elif cells[0] == "flag":
            inside = True
        elif inside:
            names |= {name.removeprefix("--") for name in re.findall(r"`([^`]+)`", cells[0])}
    return names
