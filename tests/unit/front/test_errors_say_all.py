"""What a person can see as an error says what happened, why (or what was seen), and what to do: at every place.

The daemons' and the command's errors (`Explained`, `CliError`) have a hint by their kind: see test_errors.py.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import pytest

from tests.support.documented import ROOT


@dataclass(frozen=True)
class Area:
    """A package and the base of its errors. ``left_out``: kinds that say all in another way, each with the reason."""

    folder: str
    base: str
    left_out: dict[str, str] = field(default_factory=dict)
    elsewhere: str = ""
    """A folder whose errors are its own."""

    @cached_property
    def sources(self) -> list[tuple[Path, ast.Module]]:
        paths = sorted((ROOT / self.folder).rglob("*.py"))
        return [(p, ast.parse(p.read_text())) for p in paths if not self.elsewhere or self.elsewhere not in str(p)]

    @cached_property
    def kinds(self) -> dict[str, ast.ClassDef]:
        """The base and all that are made of it, by name."""
        classes = {
            node.name: node for _, tree in self.sources for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
        }
        found = {self.base: classes[self.base]}
        while more := {
            name: node for name, node in classes.items() if bases(node) & found.keys() and name not in found
        }:
            found |= more
        return found

    def own_words(self, name: str) -> bool:
        """Whether the kind makes its words itself, of whatever it is given."""
        for above in self.above(name):
            if (init := initializer(self.kinds[above])) is not None:
                given = {one.arg for one in (*init.args.args, *init.args.kwonlyargs)}
                return init.args.kwarg is None and not {"why", "hint"} <= given
        return False

    def above(self, name: str) -> Iterator[str]:
        yield name
        for one in bases(self.kinds[name]) & self.kinds.keys():
            yield from self.above(one)


AREAS = (
    Area(
        "installer/dcos_installer",
        "InstallerError",
        dict.fromkeys(
            ("HostsFailed", "StepFailed", "InventoryInvalid", "PreflightFailed", "DescriptorsInvalid"),
            "puts together what others say; each of those says all",
        )
        | dict.fromkeys(
            ("NotWell", "Alone"), "what a daemon answered, once: `health.wait_until` says why that matters"
        ),
        elsewhere="ansible/host/",
    ),
    Area("images/dcos_images", "ImageError"),
    Area(
        "universe/dcos_universe", "UniverseError", {"TemplateError": "the first words say the line and what is wrong"}
    ),
)
ON_MACHINES = ("HostError", "CopyRefused", "UpdateRefused")
ORDER = ("what", "why", "hint")
EXITS = {
    "installer/dcos_installer/ansible/host/start.py": "an answer to the installer, in the oldest Python",
}
CAUGHT = {
    "dcos_runtime/agent/launchers/oci.py": "the agent tries again, and logs it",
    "dcos_runtime/agent/launchers/posix.py": "the same",
    "dcos_runtime/cosmos/main.py": "a step of an uninstall, which tells it and goes on later",
    "dcos_runtime/cosmos/packages.py": "a reply of its own core that is none: a fault of ours",
    "dcos_runtime/cosmos/refresher.py": "then the entries are fetched",
    "dcos_runtime/cosmos/tasks.py": "a step of an uninstall",
    "dcos_runtime/data.py": "of a broken installation, and says to install again",
    "dcos_runtime/shipped_services.py": "the same",
    "dcos_runtime/store/previous.py": "becomes a line of the log",
    "dcos_runtime/store/zookeeper.py": "a step of an uninstall",
    "images/dcos_images/data.py": "of a broken installation",
    "installer/dcos_installer/data.py": "of a broken installation",
    "installer/dcos_installer/plan/journal.py": "is told as a `StateError` there",
    "universe/dcos_universe/data.py": "of a broken installation",
    "roles/zookeeper/files/prepare.py": "becomes a `Problem` there",
}
"""Modules that raise ``OSError`` with a text alone, and what becomes of it."""


def bases(node: ast.ClassDef) -> set[str]:
    return {ast.unparse(base).rpartition(".")[2] for base in node.bases}


def initializer(node: ast.ClassDef) -> ast.FunctionDef | None:
    return next((one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None)


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def says_all(call: ast.Call) -> bool:
    said = {keyword.arg for keyword in call.keywords}
    return None in said or ("hint" in said and bool(said & {"why", "evidence"}))


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.base)
def test_every_error_is_made_with_a_reason_and_a_remedy(area: Area) -> None:
    silent, made = [], 0
    wanted = {name for name in area.kinds if name not in area.left_out and not area.own_words(name)}
    assert area.base in wanted and area.left_out.keys() <= area.kinds.keys()
    for path, tree in area.sources:
        for call in calls(tree):
            name = ast.unparse(call.func).rpartition(".")[2]
            if name in wanted:
                made += 1
                if not says_all(call):
                    silent.append(f"{path.relative_to(ROOT)}:{call.lineno}: {name}")
    assert silent == []
    assert made > 50, "this looks at calls, and there are many"


def test_errors_of_programs_that_are_sent_to_machines_say_all_too() -> None:
    """They are told by the installer; each takes what, why and hint in this order."""
    made = 0
    for path, tree in packages():
        for call in calls(tree):
            if ast.unparse(call.func) in ON_MACHINES:
                made += 1
                said = {*ORDER[: len(call.args)], *(keyword.arg for keyword in call.keywords)}
                assert said >= set(ORDER), f"{path}:{call.lineno}"
    assert made > 20


@pytest.mark.parametrize("area", AREAS, ids=lambda area: area.base)
def test_an_error_that_makes_its_own_words_says_all_of_them(area: Area) -> None:
    for name, node in area.kinds.items():
        init = initializer(node)
        if name in area.left_out or init is None or name == area.base:
            continue
        passed = [call for call in calls(init) if ast.unparse(call.func) == "super().__init__"]
        assert passed and all(map(says_all, passed)), f"{name} says not all"


def packages() -> Iterator[tuple[str, ast.Module]]:
    for folder in ("dcos_runtime", *(area.folder for area in AREAS), "roles"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text())


def test_nothing_ends_a_program_with_a_text_alone() -> None:
    """``sys.exit("text")`` and ``parser.error("text")`` pass by all that makes errors whole."""
    for path, tree in packages():
        for call in calls(tree):
            name = ast.unparse(call.func)
            if name in ("sys.exit", "SystemExit") and path not in EXITS:
                texts = [
                    one
                    for one in call.args
                    if isinstance(one, ast.JoinedStr | ast.BinOp)
                    or (isinstance(one, ast.Constant) and isinstance(one.value, str))
                ]
                assert not texts, f"{path}:{call.lineno}"
            assert not name.endswith("parser.error"), f"{path}:{call.lineno}"


def test_what_the_system_refuses_is_told_whole() -> None:
    """An ``OSError`` with a text of ours says neither why nor what to do: `errors.Unstartable` does, and is one."""
    found = set()
    for path, tree in packages():
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                name = ast.unparse(node.exc.func)
                if (
                    name in ("OSError", "FileNotFoundError", "PermissionError", "RuntimeError")
                    and len(node.exc.args) == 1
                ):
                    found.add(path)
    assert found == CAUGHT.keys()
