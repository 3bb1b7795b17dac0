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

MECHANISMS = {"Admission", "Asked", "Contender", "Leader", "Life", "Order", "Place", "Refused", "Session", "Standby"}
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
    r"|\bbut for\b|\bbe it\b|\banyhow\b"
    # Nobody in particular who does it; now; incomplete; ends; started; is released; instead of; shows; corrects.
    r"|\bwhoever\b|\bsomebody else\b|\banybody's\b|\bfor nobody\b|\bby now\b|\bgoes by\b|\blet go\b|\bcut short\b"
    r"|\bcomes? to (?:its|their) (?:end|rest)\b|\b(?:is|was|are|were) begun\b|\bof no (?:more )?use\b|\bworth while\b"
    r"|\bin the place of\b|\btells (?:what|how)\b|\bmend (?:it|that|the|what)\b|\bby halves\b|\blets? go of\b",
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


def test_files_of_tests_are_called_after_what_they_test() -> None:
    tests = ROOT / "tests"
    there = [
        path.relative_to(tests) for path in tests.rglob("*") if path.is_file() and path.parent.name != "__pycache__"
    ]
    words = {word for path in there for part in (*path.parent.parts, path.stem) for word in part.split("_")}
    assert not words & {"door", "doors", "goodbyes", "pass"}


def test_the_name_of_a_mechanism_is_that_of_one_class() -> None:
    found = defaultdict(list)
    for path in sources(RUNTIME, INSTALLER):
        if "sim" not in path.relative_to(ROOT).parts:  # models these very things
            for name in classes(path):
                found[name].append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in found.items() if name in MECHANISMS and len(where) > 1} == {}


TWINS = {
    # Things of the kernel that several daemons, and the command line, hold a record of.
    **dict.fromkeys(("Agent", "Executor", "Framework", "Task"), "what Mesos calls so, as each daemon knows it"),
    # Each pure core has one of each; the kit (`dcos_runtime.core`) gives the form.
    **dict.fromkeys(("Settings", "Snapshot", "State", "Veil", "Recovered"), "one in each core, for the same use"),
    # Events and effects are the words of one core, and are never seen by another.
    **dict.fromkeys(("Close", "EndProcess", "Received", "Send", "Subscribe"), "of a core"),
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


UNTELLING = {"told", "former", "door", "doors"}
"""Names that say how a value came, or what it is like, and not what it is."""


def untelling(source: str) -> set[tuple[int, str]]:
    """Functions, classes, parameters, fields, and variables of functions with such a name, by line. A field may be
    called ``former``: it holds the frameworks or processes that were there before.
    """
    found: set[tuple[int, str]] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add((node.lineno, node.name))
        elif isinstance(node, ast.arg):
            found.add((node.lineno, node.arg))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id != "former":
            found.add((node.lineno, node.target.id))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr != "former":
            found.add((node.lineno, node.attr))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.comprehension):
            inside = [one for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]
            found.update((one.lineno, one.id) for one in inside)
    return {(line, name) for line, name in found if name.strip("_").lower() in UNTELLING}


def test_a_value_is_named_by_what_it_is() -> None:
    """`told` was the text of an error, a response, a record, a context manager: each is named by what it is."""
    found = {
        str(path.relative_to(ROOT)): names for path in sources(*PACKAGES) if (names := untelling(path.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("def told(): ...", 1),
        ("class Door: ...", 1),
        ("async def f(former): ...", 1),
        ("f = lambda told: 0", 1),
        ("def f():\n    told = 1", 1),
        ("def f():\n    for _told, x in ():\n        pass", 1),
        ("def f():\n    return [1 for told in ()]", 1),
        ("def f():\n    if told := 1:\n        pass", 1),
        ("class A:\n    told: int", 1),
        ("def f(self):\n    self._told = 1", 1),
        ("def f(record):\n    return record['told']", 0),
    ],
)
def test_a_name_that_says_little_is_found(source: str, count: int) -> None:
    assert len(untelling(source)) == count


SPOKEN = re.compile(
    r"\b(?:anew|meanwhile|nobody|somebody|whom|for ever|goes on|tells|is none of|(?:bytes|nothing|part|parts) came)\b",
    re.IGNORECASE,
)
"""What a message says in plain words: again, in between, no user, reports, continues, arrived."""

SHOWN = {"what", "why", "hint", "hints", "help"}
LOGGED = {"debug", "info", "warning", "error", "exception", "log", "note"}


def messages(source: str) -> Iterator[tuple[int, str]]:
    """What a user may read, with its lines: the texts of errors, hints, help and log lines; values stand as braces."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for keyword in node.keywords:
                if keyword.arg in SHOWN:
                    yield from _texts(keyword.value)
            if name in LOGGED or name.endswith(("Error", "Failed", "Refused")):
                for argument in node.args:
                    yield from _texts(argument)
        elif isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            for argument in node.exc.args:
                yield from _texts(argument)


def _texts(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.JoinedStr):
        pieces = [one.value if isinstance(one, ast.Constant) else "{}" for one in node.values]
        yield node.lineno, "".join(map(str, pieces))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.lineno, node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from _texts(child)


def spoken(source: str) -> set[tuple[int, str]]:
    return {(line, match[0]) for line, text in messages(source) for match in SPOKEN.finditer(text)}


def test_messages_are_in_plain_words() -> None:
    """Left out: what the simulated cluster reports of broken promises, to the developers of its cores alone."""
    found = {
        str(path.relative_to(ROOT)): words
        for path in sources(*PACKAGES)
        if path.relative_to(ROOT).parts[:2] != ("dcos_runtime", "sim") and (words := spoken(path.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    "source",
    [
        "raise Wrong('build it anew')",
        "error('x', hint='build it anew')",
        "error('x', hints=['look', f'{x}: build it anew'])",
        "log.warning('contending at %s anew', path)",
        "fail = ImageError(f'{x} ' if x else 'nobody signs')",
        "click.option('--user', help='As whom to log in.')",
    ],
)
def test_a_message_in_spoken_words_is_found(source: str) -> None:
    assert len(spoken(source)) == 1


def test_what_is_no_message_is_left_alone() -> None:
    assert spoken("x = {'anew': 1}\nf('anew')\nlog.info('made again')") == set()


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
