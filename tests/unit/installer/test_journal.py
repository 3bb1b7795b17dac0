"""The journal survives whatever cuts a run off."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dcos_installer.plan.journal import Journal, JournalDamaged, read, set_aside, under_way
from tests.support.installer.journals import cut_off


def _journal(path: Path, run: str = "r1") -> Journal:
    ticks = count(1)
    return Journal(path, run, lambda: float(next(ticks)))


def test_what_is_written_is_read_back_in_order(tmp_path: Path) -> None:
    with _journal(tmp_path / "j") as journal:
        journal.begin("deploy")
        journal.intent("Change agents", "a1", "apply")
        journal.observed("Change agents", "a1", "apply", "abc")
        journal.intent("Change agents", "a2", "apply")
        journal.failed("Change agents", "a2", "apply", "no space")
        journal.end("failed: a2")
    records = read(tmp_path / "j")
    assert [record.kind for record in records] == ["run", "intent", "observed", "intent", "failed", "end"]
    assert [record.time for record in records] == [1, 2, 3, 4, 5, 6]
    assert (records[2].digest, records[4].detail) == ("abc", "no space")
    assert under_way(records) == [] and not cut_off(records)


def test_a_run_that_was_cut_off_tells_what_it_was_doing(tmp_path: Path) -> None:
    with _journal(tmp_path / "j") as journal:
        journal.begin("deploy")
        journal.intent("Make machines", "a1", "create")
        journal.intent("Make machines", "a2", "create")
        journal.observed("Make machines", "a1", "create", "")
    records = read(tmp_path / "j")
    assert [(record.phase, record.host, record.step) for record in under_way(records)] == [
        ("Make machines", "a2", "create")
    ]
    assert cut_off(records)
    with _journal(tmp_path / "j", "r2") as journal:
        journal.begin("deploy")
    assert under_way(read(tmp_path / "j")) == []


def test_a_torn_last_line_never_counts_and_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with _journal(path) as journal:
        journal.begin("deploy")
        journal.intent("p", "a1", "s")
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        before = read(path)
        assert len(before) == whole[:length].count(b"\n")
        with _journal(path, "r2") as journal:
            journal.begin("again")
        assert read(path)[:-1] == before
        assert read(path)[-1].detail == "again"


def test_a_damaged_line_in_the_middle_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    path = tmp_path / "j"
    with _journal(path) as journal:
        journal.begin("deploy")
        journal.end("done")
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join([b"\x00" * 20, *lines]))
    with pytest.raises(JournalDamaged, match="damaged in line 1") as caught:
        read(path)
    assert "move the file away" in caught.value.hint
    assert [record.kind for record in caught.value.readable] == ["run", "end"]


def test_journals_that_are_set_aside_never_replace_each_other(tmp_path: Path) -> None:
    aside = []
    for content in (b"\xff\n", b"\xfe\n", b"\xfd\n"):
        (tmp_path / "j").write_bytes(content)
        with pytest.raises(JournalDamaged):
            read(tmp_path / "j")
        aside.append(set_aside(tmp_path / "j", 0.0))
    assert [path.name for path in aside] == [f"j.damaged-19700101T000000Z{rest}" for rest in ("", "-2", "-3")]
    assert [path.read_bytes() for path in aside] == [b"\xff\n", b"\xfe\n", b"\xfd\n"]
    assert not (tmp_path / "j").exists()


def test_a_journal_that_is_not_there_is_empty_and_nobody_else_can_read_it(tmp_path: Path) -> None:
    assert read(tmp_path / "j") == []
    with _journal(tmp_path / "j") as journal:
        journal.end("never begun")
        assert not (tmp_path / "j").exists()
        journal.begin("deploy")
    assert (tmp_path / "j").stat().st_mode & 0o777 == 0o600


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=6))
def test_any_names_come_back_as_they_went_in(
    tmp_path_factory: pytest.TempPathFactory, names: list[tuple[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("journal") / "j"
    with _journal(path) as journal:
        for host, step in names:
            journal.intent("phase", host, step)
    assert [(record.host, record.step) for record in read(path)] == names
