"""docs/architecture.md answers what newcomers ask: each path of its tables exists, and each name is in one of them.

The modules that docs/agent.md and docs/kernel.md list exist, too.

And docs/decisions: each has a number of its own, and headings of one form.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.documented import ROOT

TEXT = (ROOT / "docs" / "architecture.md").read_text()
ANSWERS, _, STEPS = TEXT.partition("| question | answer |")[2].partition("| | where | what happens |")
ROWS = dict(row for row in re.findall(r"^\| (.+?) \| (.+) \|$", ANSWERS, re.MULTILINE) if row[0] != "---")
TO_THE_INIT = re.findall(r"^\| (\d+) \| (.+?) \| (.+) \|$", STEPS, re.MULTILINE)
"""The steps of a request at the gateway: number, where, what happens."""
ASKED = (
    "Where is a flag of the master declared?",
    "Where does a unit file come from?",
    "What decides that an agent is unreachable?",
    "How does a request at the gateway reach the init?",
    "Where does a new provider go?",
)


def named(answer: str) -> tuple[list[str], list[str]]:
    """The paths and the names that an answer marks as code."""
    marked = re.findall(r"`([^`]+)`", answer)
    return [one for one in marked if "/" in one], [one for one in marked if "/" not in one]


def files(path: str) -> list[Path]:
    found = sorted(ROOT.glob(re.sub(r"<[a-z]+>", "*", path).rstrip("/")))
    return [file for one in found for file in ([one] if one.is_file() else sorted(one.glob("**/*.py")))]


MODULES = {"agent.md": ("How it is built", "agent"), "kernel.md": ("Inside", "master")}
"""Documents with a list of a daemon's modules, in the first paragraph or table below a heading; the daemon's folder."""


@pytest.mark.parametrize("document", MODULES)
def test_each_module_that_a_document_lists_exists(document: str) -> None:
    heading, daemon = MODULES[document]
    section = (ROOT / "docs" / document).read_text().partition(f"\n## {heading}\n")[2]
    listed = next(part for part in section.split("\n\n") if part.strip())
    names = {one.partition(".")[0] for one in re.findall(r"`([a-z_.]+)/?`", listed)}
    there = {
        path.stem for path in (ROOT / "dcos_runtime" / daemon).glob("**/*") if path.is_dir() or path.suffix == ".py"
    }
    assert len(names) > 20
    assert names - there == set()


def test_each_question_is_answered() -> None:
    assert tuple(ROWS) == ASKED


@pytest.mark.parametrize("question", ASKED)
def test_each_path_and_name_of_an_answer_exists(question: str) -> None:
    assert_found(ROWS[question])


def assert_found(answer: str) -> None:
    paths, names = named(answer)
    assert paths
    every = [file for path in paths for file in files(path)]
    for path in paths:
        assert files(path), f"docs/architecture.md names {path}, and there is nothing"
    for name in names:
        defined = re.compile(rf"^(?:async )?(?:class|def) {re.escape(name)}\b", re.MULTILINE)
        assert any(name in (file.name, file.stem) or defined.search(file.read_text()) for file in every), (
            f"docs/architecture.md names {name}, and none of {paths} has it"
        )


def test_each_step_from_the_gateway_to_the_init_is_there() -> None:
    assert [int(number) for number, _, _ in TO_THE_INIT] == list(range(1, len(TO_THE_INIT) + 1))
    assert len(TO_THE_INIT) > 9
    for _, where, happens in TO_THE_INIT:
        assert_found(where)
        paths, names = named(where)
        code = "\n".join(file.read_text() for path in paths for file in files(path) if path.endswith(".py"))
        for method in re.findall(r"`(_?[a-z]+)`", happens) if names else ():
            assert re.search(rf"\bdef {method}\(", code), f"{method} is in none of {paths}"


def test_decisions_have_headings_of_one_form() -> None:
    numbers = []
    for path in sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md")):
        number = int(path.name.partition("-")[0])
        assert re.match(rf"# {number}\. \S", path.read_text()), f"{path.name} has to begin with '# {number}. '"
        numbers.append(number)
    assert numbers == list(range(1, len(numbers) + 1)), "each decision has the next free number"


def test_what_is_said_of_an_agent_and_of_the_route_to_the_init_holds() -> None:
    core = ROOT / "dcos_runtime" / "master" / "core"
    callers = {path.name for path in core.rglob("*.py") if re.search(r"\bmark_unreachable\(", path.read_text())}
    assert "silence.py" in callers
    assert "paths: [/marathon" in (ROOT / "roles" / "marathon" / "service.yml").read_text()
    assert "route_of(" in (ROOT / "dcos_runtime" / "gateway" / "authorizer.py").read_text()


def test_no_document_holds_a_conflict() -> None:
    """Markers of a merge that nobody resolved: they look like a heading and a quotation."""
    marker = re.compile(r"^(<{7} |={7}$|>{7} )", re.MULTILINE)
    kinds = ("*.md", "*.py", "*.j2", "*.yml", "*.toml", "*.ini", "Makefile")
    folders = ("dcos_runtime", "docs", "images", "installer", "roles", "tests", "universe")
    places = [ROOT / name for name in folders]
    paths = [
        *ROOT.glob("*.md"),
        *ROOT.glob("Makefile"),
        *(p for one in places for kind in kinds for p in one.rglob(kind)),
    ]
    assert len(paths) > 900
    assert [path for path in paths if marker.search(path.read_text(errors="replace"))] == []


def test_each_daemon_with_a_core_has_the_same_modules() -> None:
    """What docs/architecture.md says of the daemons' folders, so that a reader of one finds the way in all."""
    rooms = [path.parent for path in sorted((ROOT / "dcos_runtime").glob("*/core/__init__.py"))]
    daemons = [core for core in rooms if (core.parent / "main.py").exists()]
    assert {core.parent.name for core in daemons} >= {"agent", "cosmos", "marathon", "master"}
    for core in daemons:
        for name in ("core.py", "events.py", "effects.py", "recorded.py"):
            assert (core / name).is_file(), core / name
        assert (core.parent / "shell.py").is_file(), core
        assert (core.parent / "http.py").is_file() or (core.parent / "http").is_dir(), core
