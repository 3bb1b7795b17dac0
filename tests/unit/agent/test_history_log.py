"""The file of what is over: what a crash, a full disk or a damage leaves of it, and how large it becomes."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest

from dcos_runtime import durable
from dcos_runtime.agent import history_log
from dcos_runtime.agent.history_log import HistoryLog


def nothing(value: bytes) -> None:
    """Every value is good."""


@pytest.fixture
def made(tmp_path: Path) -> HistoryLog:
    found = HistoryLog(tmp_path / "log")
    found.read(nothing)
    for name in ("a", "b", "c"):
        found.write(name, f'"{name}"'.encode())
    return found


def read(made: HistoryLog) -> list[bytes]:
    return HistoryLog(made.path).read(nothing)[0]


def test_the_newest_value_of_a_key_counts_and_its_place_is_the_last(made: HistoryLog) -> None:
    made.write("a", b'"new"')
    made.write("b", None)
    made.write("odd name/é", b"1")
    assert read(made) == [b'"c"', b'"new"', b"1"]
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    made.sync()
    made.sync()


@pytest.mark.parametrize("length", range(1, 14))
def test_a_torn_tail_costs_the_last_line_only_and_the_next_one_is_whole(made: HistoryLog, length: int) -> None:
    content = made.path.read_bytes()
    made.path.write_bytes(content[:-length])
    again = HistoryLog(made.path)
    assert again.read(nothing) == ([b'"a"', b'"b"'], 0)
    again.write("d", b'"d"')
    assert read(made) == [b'"a"', b'"b"', b'"d"']
    assert [path.name for path in made.path.parent.iterdir()] == ["log"]


def test_a_damage_is_kept_aside_and_costs_its_line_only(made: HistoryLog) -> None:
    damaged = made.path.read_bytes().replace(b'"b"', b'"B"')
    made.path.write_bytes(damaged)
    again = HistoryLog(made.path)
    assert again.read(nothing) == ([b'"a"', b'"c"'], 1)
    assert made.path.with_name("log.corrupt").read_bytes() == damaged
    again.write("b", b'"again"')
    assert HistoryLog(made.path).read(nothing) == ([b'"a"', b'"c"', b'"again"'], 0)


def test_a_value_that_cannot_be_read_counts_as_damaged(made: HistoryLog) -> None:
    def check(value: bytes) -> None:
        if value == b'"a"':
            raise ValueError("no")

    assert HistoryLog(made.path).read(check) == ([b'"b"', b'"c"'], 1)


@pytest.mark.parametrize("taken", [0, 3])
def test_a_full_disk_leaves_what_was_there(made: HistoryLog, monkeypatch: pytest.MonkeyPatch, taken: int) -> None:
    """``taken``: so many bytes of the line are still written."""
    real = os.write

    def full(descriptor: int, content: bytes) -> int:
        if taken and len(content) > 8:
            return real(descriptor, bytes(content)[:taken])
        raise OSError(errno.ENOSPC, "No space left on device")

    before = made.path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        with pytest.raises(OSError, match="No space"):
            made.write("d", b'"d"')
    assert made.path.read_bytes() == before
    made.write("d", b'"d"')
    assert read(made) == [b'"a"', b'"b"', b'"c"', b'"d"']


def test_a_torn_line_that_cannot_be_cut_off_ends_where_the_next_begins(
    made: HistoryLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write

    def full(descriptor: int, content: bytes) -> int:
        if len(content) < 8:
            raise OSError(errno.EIO, "Input/output error")
        return real(descriptor, bytes(content)[:5])

    def never(descriptor: int, length: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", full)
        patched.setattr(os, "ftruncate", never)
        with pytest.raises(OSError, match="Input/output"):
            made.write("d", b'"d"')
    made.write("d", b'"d"')
    assert read(made) == [b'"a"', b'"b"', b'"c"', b'"d"']


def test_it_is_written_anew_when_most_of_it_is_of_no_use(made: HistoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "_worth", 2000)
    monkeypatch.setattr(history_log, "WORTH_IT", 2000)
    for number in range(500):
        made.write(f"k{number}", b'"%d"' % number)
        if number >= 10:
            made.write(f"k{number - 10}", None)
        assert made.path.stat().st_size < 3000
    assert read(made) == [b'"a"', b'"b"', b'"c"', *(b'"%d"' % number for number in range(490, 500))]
    made.sync()


def test_where_it_cannot_be_written_anew_it_is_appended_to(made: HistoryLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(made, "_worth", 100)

    def never(*anything: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(durable, "replaced", never)
    for number in range(20):
        made.write("k", b'"%d"' % number)
    assert read(made) == [b'"a"', b'"b"', b'"c"', b'"19"']
