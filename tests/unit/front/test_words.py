"""Names and sentences: one name for one thing, the same layout in every daemon, and plain sentences."""

from __future__ import annotations

import ast
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.documented import ROOT

RUNTIME = ROOT / "dcos_runtime"
INSTALLER = ROOT / "installer" / "dcos_installer"
IMAGES, UNIVERSE = ROOT / "images", ROOT / "universe"

PACKAGES = (RUNTIME, INSTALLER, IMAGES / "dcos_images", UNIVERSE / "dcos_universe")

VAGUE = {
    "about",
    "answers",
    "brake",
    "door",
    "front",
    "gate",
    "helpers",
    "misc",
    "places",
    "questions",
    "told",
    "utils",
}
"""Names of modules that say nothing of what is in them."""

MECHANISMS = {"Asked", "Contender", "Door", "Leader", "Life", "Order", "Place", "Refused", "Session", "Standby"}
"""Names that many parts could have: each of them is one thing, in one place."""

HARD = re.compile(
    r"\bbe it (?:that|our|on)\b|\bis nobody's\b|\bby now anyhow\b|\bthat is none of\b|\bof whoever\b"
    r"|\bwas refused, if\b|«|\bbelieve nobody's word\b|\bnobody is vouched for\b|\bis its no more\b"
    r"|\ba request that is none\b"
    # Spoken turns, and pictures for what has a plain word: no concern of, no effect, whose, a warning, the gateway, the
    # guard, and so on, bound (of a port), if at the end of a sentence.
    r"|\b(?:is|are) nobody's\b|\bown affair\b|\b(?:has|have|had) (?:no|a) say\b|\bwhosever\b|\bworth a word\b"
    r"|\bthe front door\b|\bwho may pass\b|\band kin\b|\b(?:is|are|not) had\b|, if\."
    # "Who" without the person, "none" without the thing, "had" without the deed (bound, fetched, made).
    r"|\b(?:for|to|from|by) who\b|\bnobody's\b|\b(?:that|which|what|who) (?:is|are|was|were) (?-i:none)\b(?! of)"
    r"|\b(?:is|are|was|were) no more[.,;:]|\bbe had\b|\bwhat is for\b|\b(?:what|all) there is of\b"
    r"|\bwhere the one that told\b|\bas this one would\b|\bempty: (?:it|they) (?:does|do|can)\b"
    # Old turns for except, even if, in any case.
    r"|\bbut for\b|\bbe it\b|\banyhow\b",
    re.IGNORECASE,
)
"""Turns of phrase that have to be read twice."""

PLACES = (
    *(RUNTIME, INSTALLER, IMAGES, UNIVERSE, ROOT / "docs", ROOT / "roles"),
    *(ROOT / "tests" / "support", ROOT / "README.md"),
)
BREAK = re.compile(r"""[ "]*\n[ \t]*(?:#+|>+|//)?[ ]*(?:f?")?""")
"""The end of a line, and what stands before the words of the next one."""
WRITTEN = {".py", ".md", ".j2", ".yml", ".toml"}


def sources(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in sorted(folder.rglob("*.py"))]


def classes(path: Path) -> list[str]:
    return [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.ClassDef)]


def test_modules_say_what_is_in_them() -> None:
    assert [path for path in sources(*PACKAGES, UNIVERSE / "programs") if path.stem in VAGUE] == []


def test_the_name_of_a_mechanism_is_that_of_one_class() -> None:
    found = defaultdict(list)
    for path in sources(RUNTIME, INSTALLER):
        if "sim" not in path.relative_to(ROOT).parts:  # models these very things
            for name in classes(path):
                found[name].append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in found.items() if name in MECHANISMS and len(where) > 1} == {}


TWINS = {
    # Things of the kernel that several daemons, and the command line, hold a record of.
    **dict.fromkeys(("Agent", "Framework", "Task"), "what Mesos calls so, as each daemon knows it"),
    # Each pure core has one of each; the kit (`dcos_runtime.core`) gives the form.
    **dict.fromkeys(("Settings", "Snapshot", "Veil", "Recovered"), "one in each core, for the same use"),
    # Events and effects are the words of one core, and are never seen by another.
    **dict.fromkeys(("Close", "EndProcess", "Received", "Send", "Subscribe", "Tell"), "of a core"),
    # What a descriptor declares, and what of it becomes a part of a host's manifest, are named apart (`ServiceFile`).
}
"""Names that several public classes of one import package have, and why."""


def public_classes(package: Path) -> dict[str, list[str]]:
    """Where each public class of a package is defined.

    Left out: the messages of the wire, whose names are Mesos' (its generator is not left out), and the simulated
    cluster, which has a model of every thing.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for path in sources(package):
        rooms = path.relative_to(package).parts
        messages = rooms[0] == "wire" and "generator" not in rooms
        if messages or rooms[0] == "sim" or any(room.startswith("_") and room != "__init__.py" for room in rooms):
            continue
        for name in classes(path):
            if not name.startswith("_"):
                found[name].append(str(path.relative_to(ROOT)))
    return found


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_a_name_is_that_of_one_class_in_its_package(package: Path) -> None:
    found = public_classes(package)
    assert {name: where for name, where in found.items() if len(where) > 1 and name not in TWINS} == {}


def test_each_twin_that_is_allowed_exists() -> None:
    twins = {name for package in PACKAGES for name, where in public_classes(package).items() if len(where) > 1}
    assert set(TWINS) - twins == set()


@pytest.mark.parametrize("daemon", ["agent", "auth", "cosmos", "marathon", "master"])
def test_every_daemon_has_the_same_rooms(daemon: str) -> None:
    folder = RUNTIME / daemon
    for room in ("shell", "http", "main", *(() if daemon == "auth" else ("core",))):
        assert (folder / f"{room}.py").is_file() or (folder / room / "__init__.py").is_file(), room
    assert not {"process.py", "server.py", "daemon.py", "engine.py", "api.py"} & {
        path.name for path in folder.glob("*")
    }
    assert "no `core/`" in (ROOT / "docs" / "architecture.md").read_text(), "it says why dcos-auth has none"


def test_a_function_is_named_by_its_result() -> None:
    """`told` was the text of an error, a response, a record, a context manager: each is named by what it is."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sources(RUNTIME, INSTALLER)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name.strip("_") == "told"
    ]
    assert found == []


def test_no_line_needs_a_second_reading() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {phrase}"
        for place in PLACES
        for path in ([place] if place.is_file() else sorted(place.rglob("*")))
        if path.suffix in WRITTEN and path.is_file()
        for number, phrase in hard_phrases(path.read_text())
    ]
    assert found == []


def hard_phrases(text: str) -> Iterator[tuple[int, str]]:
    """The turns of phrase in a file with their lines, also those that go on in the next line: of a sentence, of a
    comment, of a text in quotes.
    """
    joined = BREAK.sub(lambda match: " " + "\0" * (len(match[0]) - 1), text)
    for match in HARD.finditer(joined.replace("\0", "")):
        yield text[: _place(joined, match.start())].count("\n") + 1, match[0]


def _place(joined: str, wanted: int) -> int:
    """Where the character of that number is when `\0` does not count."""
    return next(itertools.islice((place for place, sign in enumerate(joined) if sign != "\0"), wanted, None))


@pytest.mark.parametrize(
    "text",
    [
        "a\nIt leads around the question who may pass.",
        "a\n    so that it leads around the question who\n    may pass.",
        "a\n    # the question who\n    # may pass",
        'a\nprint("the question who "\n    "may pass")',
        "a\n> the question who\n> may pass",
    ],
)
def test_a_phrase_is_found_across_lines(text: str) -> None:
    assert list(hard_phrases(text)) == [(2, "who may pass")]
