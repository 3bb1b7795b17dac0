"""The glossary: complete, in order, linked; and the docs use its words, not other words for the same things."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.documented import DOCUMENTS, ROOT

TEXT = (ROOT / "docs" / "glossary.md").read_text()
ENTRIES = [line for line in TEXT.splitlines() if line.startswith("**")]

WANTED = {
    "agent",
    "allocator",
    "attribute",
    "checkpoint",
    "container",
    "core",
    "daemon",
    "descriptor",
    "deployment",
    "effect",
    "epoch",
    "event",
    "executor",
    "fragment",
    "framework",
    "gateway",
    "generation",
    "init",
    "instance",
    "inventory",
    "kernel",
    "kind",
    "lease",
    "machine",
    "manifest",
    "master",
    "offer",
    "package",
    "principal",
    "probe",
    "provider",
    "proxy",
    "quorum",
    "request",
    "reservation",
    "response",
    "role",
    "sandbox",
    "scheduler",
    "standby",
    "store",
    "task",
    "universe",
    "run specification",
}

TOP = {"dcos_runtime", "docs", "images", "installer", "inventories", "roles", "tests", "universe"}

RIVALS = re.compile(r"\b(slaves?|workers?|minions?|workloads?|jobs?|boxe?s?|(?-i:VMs?)|cronjobs?)\b", re.IGNORECASE)
"""Other words for agent, machine, app and task. In code they may stand: old paths and fields have them. An image is
called `vm`.
"""


def words() -> list[str]:
    return [name for line in ENTRIES for name in re.findall(r"\*\*([^*]+)\*\*", line)]


def test_every_word_is_there_once_in_alphabetical_order() -> None:
    assert WANTED - set(words()) == set()
    assert len(words()) == len(set(words()))
    first = [line.split("**")[1].lower() for line in ENTRIES]
    assert first == sorted(first)


def test_an_entry_is_short() -> None:
    for line in ENTRIES:
        assert len(line) <= 260, line
        assert line.rstrip().endswith((".", ")")), line


def test_it_is_found_from_the_front_page() -> None:
    assert "docs/glossary.md" in (ROOT / "README.md").read_text()
    assert "glossary.md" in (ROOT / "docs" / "architecture.md").read_text()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_docs_use_these_words_and_no_rivals(path: Path) -> None:
    text = path.read_text()
    prose = re.sub(r"^ *```.*?^ *```|`[^`\n]+`|\]\([^)]*\)", "", text, flags=re.MULTILINE | re.DOTALL)
    found = RIVALS.findall(prose)
    assert found == (["slave"] if path.name == "glossary.md" else [])


def test_the_paths_that_the_architecture_names_are_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = {path for path in re.findall(r"`([a-z_]+/[\w./{},<>-]+)`", text) if path.split("/")[0] in TOP}
    assert len(named) > 20
    for path in sorted(named):
        options = re.fullmatch(r"(.*)\{(.*)\}(.*)", path)
        every = [f"{options[1]}{one}{options[3]}" for one in options[2].split(",")] if options else [path]
        for one in every:
            pattern = re.sub(r"<[a-z]+>", "*", one).rstrip("/")
            assert list(ROOT.glob(pattern)), f"docs/architecture.md names {path}, and there is no {pattern}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_the_docs_lead_somewhere(path: Path) -> None:
    text = path.read_text()
    for target in re.findall(r"\]\(([^)]+)\)", text):
        file, _, heading = target.partition("#")
        if "://" in target:
            continue
        there = path.parent / file if file else path
        assert there.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.*)$", there.read_text(), re.MULTILINE)
            slugs = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
            assert heading in slugs, target


def test_what_this_speaks_like_is_called_by_its_name() -> None:
    """Mesos, Marathon or DC/OS: a reader of one page does not know which of them "the original" is."""
    places = ("dcos_runtime", "docs", "images", "installer", "roles", "tests", "universe/dcos_universe")
    sources = [path for place in places for path in (ROOT / place).rglob("*") if path != Path(__file__)]
    texts = [path for path in sources if path.suffix in (".py", ".md", ".j2", ".yml") and path.is_file()]
    assert len(texts) > 700
    found = [path for path in texts if re.search(r"\bthe original('s|s|\b)", path.read_text(), re.IGNORECASE)]
    assert found == []
