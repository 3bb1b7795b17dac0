"""What a person reads of all programs: what a verb does is told in the imperative, and a noun fits its number."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from dcos_installer.cli import cli as installer
from dcos_runtime import replay
from dcos_runtime.cli.app import dcos
from dcos_runtime.counting import counted
from dcos_runtime.sim import cli as sim
from dcos_universe.cli import cli as universe

ROOT = Path(__file__).parents[3]
NO_VERBS = {"a", "all", "an", "as", "each", "every", "how", "its", "one", "the", "this", "what", "which", "who"}
COUNTED = re.compile(
    r" (more )?(agents|apps|artifacts|changes|digests|errors|files|findings|hosts|images|instances|keys|machines"
    r"|objects|packages|problems|revisions|signatures|steps|tasks|warnings)\b"
)


def _verbs(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    yield name, command.help or ""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for word in command.list_commands(context):
            verb = command.get_command(context, word)
            assert verb is not None
            yield from _verbs(verb, f"{name} {word}")


VERBS = [
    *_verbs(dcos, "dcos"),
    *_verbs(installer, "dcos-installer"),
    *_verbs(universe, "dcos-universe"),
    ("python -m dcos_runtime.sim", (sim.parser().description or "").partition(": ")[2].capitalize()),
    ("python -m dcos_runtime.replay", replay.parser().description or ""),
]


@pytest.mark.parametrize(("name", "expected"), VERBS, ids=[name for name, _ in VERBS])
def test_each_verb_says_what_to_do_as_an_imperative(name: str, expected: str) -> None:
    first = re.match(r"[A-Z][a-z]+(?=[ ,])", expected)
    assert first, expected
    word = first[0].lower()
    assert word not in NO_VERBS
    # Neither "makes" nor "packages": no imperative here ends so.
    assert not re.search("[^s]s$", word)


def test_all_verbs_are_looked_at() -> None:
    assert len(VERBS) > 70


SOURCES = [
    path
    for room in ("dcos_runtime/cli", "installer/dcos_installer", "universe/dcos_universe")
    for path in sorted((ROOT / room).rglob("*.py"))
]


def _wrong(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.JoinedStr):
            continue
        for value, after in zip(node.values, node.values[1:], strict=False):
            if not isinstance(value, ast.FormattedValue) or not isinstance(after, ast.Constant):
                continue
            # A bound by its name is a constant, and more than one.
            bound = isinstance(value.value, ast.Name) and value.value.id.isupper()
            # Another call than len() makes a text.
            text = isinstance(value.value, ast.Call) and ast.unparse(value.value.func) != "len"
            if not bound and not text and COUNTED.match(str(after.value)):
                yield f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(value.value)}{str(after.value)[:30]}"


def test_what_is_counted_goes_with_its_number() -> None:
    """A text that puts a number before a noun lets `counted` do it."""
    assert [wrong for path in SOURCES for wrong in _wrong(path)] == []


def test_one_is_no_plural() -> None:
    found = [counted(0, "app"), counted(1, "app"), counted(2, "app"), counted(1, "entry", "entries")]
    assert found == ["0 apps", "1 app", "2 apps", "1 entry"]
    assert counted(2, "entry", "entries") == "2 entries"
