"""Project quotas: which container has which id, and what the kernel is told."""

from __future__ import annotations

import contextlib
import struct
import sys
from pathlib import Path
from typing import cast

import pytest

from dcos_runtime.agent.disk import projects as projects_module
from dcos_runtime.agent.disk import quota as quota_module
from dcos_runtime.agent.disk.projects import HEADROOM, Projects
from dcos_runtime.agent.disk.quota import ProjectQuota, QuotaUnusable, packed_limit
from dcos_runtime.agent.disk.watcher import DiskWatcher, Watched
from dcos_runtime.flags.values import project_range
from tests.support.agent.disk_lab import MB, written
from tests.support.daemons.byhand import wait_for

# --- project quotas ---------------------------------------------------------------------------------------------------


class PretendedQuota:
    """Counts for each project what a test says; marks are remembered by folder."""

    def __init__(self) -> None:
        self.marks: dict[Path, int] = {}
        self.limits: dict[int, int | None] = {}
        self.usages: dict[int, int] = {}
        self.preallocated: dict[int, int] = {}
        self.broken = ""

    def _check(self, what: str) -> None:
        if self.broken == what:
            raise OSError(1, f"cannot {what}")

    def mark(self, folder: Path, project: int) -> None:
        self._check("mark")
        self.marks[folder] = project

    def project_of(self, folder: Path) -> int:
        return self.marks.get(folder, 0)

    def set_limit(self, project: int, limit: int | None) -> None:
        self._check("limit")
        self.limits[project] = limit

    def usage(self, project: int) -> int:
        self._check("usage")
        return self.usages.get(project, 0) + self.preallocated.get(project, 0)

    def free_preallocated(self, project: int) -> None:
        self.preallocated.pop(project, None)


@pytest.fixture
def quota(monkeypatch: pytest.MonkeyPatch) -> PretendedQuota:
    monkeypatch.setattr(projects_module, "prove", lambda *_: None)
    return PretendedQuota()


def projects_of(quota: PretendedQuota, root: Path, first: int = 7, last: int = 9) -> Projects:
    made = Projects(cast(ProjectQuota, quota), first, last, root)
    made.begin(root)
    return made


def box(root: Path, name: str) -> Path:
    made = root / "agent/frameworks/framework/executors/task/runs" / name
    made.mkdir(parents=True, exist_ok=True)
    return made


def test_each_container_has_an_id_that_nobody_else_has_or_had_without_being_gone(
    quota: PretendedQuota, tmp_path: Path
) -> None:
    quota.usages[8] = 4096  # somebody else's, or what a sandbox left
    projects = projects_of(quota, tmp_path)
    one, two, three = (box(tmp_path, name) for name in ("one", "two", "three"))
    projects.give("one", one, 10 * MB)
    projects.give("two", two, None)
    assert {quota.marks[one], quota.marks[two]} == {7, 9}
    assert quota.limits[quota.marks[one]] == 10 * MB + HEADROOM and quota.limits[quota.marks[two]] is None
    projects.give("three", three, MB)
    assert projects.used("three") is None and three not in quota.marks
    projects.forget("one")
    projects.tidy()
    projects.give("three", three, MB)
    assert projects.used("three") is None, "the sandbox of one is still kept"
    one.rmdir()
    projects.tidy()
    freed = quota.marks.pop(one)
    assert quota.limits[freed] is None
    projects.give("three", three, MB)
    assert quota.marks[three] == freed and projects.used("three") == 0


def test_ids_are_found_again_by_what_sandboxes_carry(quota: PretendedQuota, tmp_path: Path) -> None:
    one, copied, old, private = box(tmp_path, "one"), box(tmp_path, "copied"), box(tmp_path, "old"), tmp_path / "tmp"
    quota.marks = {one: 7, private: 7, copied: 8, box(tmp_path, "copy"): 8, old: 500}
    projects = projects_of(quota, tmp_path)
    projects.resume("one", one, [private], 3 * MB)
    assert projects.used("one") == 0 and quota.limits == {7: 3 * MB + HEADROOM}
    for name, path in (("copied", copied), ("old", old), ("never", box(tmp_path, "never"))):
        projects.resume(name, path, [], MB)
        assert projects.used(name) is None
    projects.give("new", box(tmp_path, "new"), MB)
    assert quota.marks[box(tmp_path, "new")] == 9


def test_folders_without_the_containers_project_are_counted_instead(quota: PretendedQuota, tmp_path: Path) -> None:
    one = box(tmp_path, "one")
    quota.marks = {one: 7}
    projects = projects_of(quota, tmp_path)
    projects.resume("one", one, [tmp_path / "private"], MB)
    assert projects.used("one") is None


@pytest.mark.parametrize("broken", ["mark", "limit", "usage"])
def test_what_the_kernel_refuses_costs_one_container_its_quota_and_is_said(
    quota: PretendedQuota, tmp_path: Path, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    projects = projects_of(quota, tmp_path)
    one, two = box(tmp_path, "one"), box(tmp_path, "two")
    projects.give("two", two, MB)
    quota.broken = broken
    projects.give("one", one, MB)
    assert projects.used("one") is None and "container one has no quota of the file system" in caplog.text
    quota.broken = ""
    assert projects.used("two") == 0


def test_private_folders_that_cannot_be_marked_lift_the_limit_of_the_rest(
    quota: PretendedQuota, tmp_path: Path
) -> None:
    projects = projects_of(quota, tmp_path)
    projects.give("one", box(tmp_path, "one"), MB)
    quota.broken = "mark"
    projects.extend("one", [tmp_path / "private"])
    assert projects.used("one") is None and list(quota.limits.values()) == [None]


def test_what_is_put_aside_for_growing_files_ends_no_task(quota: PretendedQuota, tmp_path: Path) -> None:
    projects = projects_of(quota, tmp_path)
    projects.give("one", box(tmp_path, "one"), 10 * MB)
    (project,) = quota.limits
    quota.usages[project], quota.preallocated[project] = 6 * MB, 2 * MB
    assert projects.used("one") == 8 * MB
    quota.preallocated[project] = 5 * MB
    assert projects.used("one") == 6 * MB


def test_the_watcher_asks_the_file_system_first_and_counts_when_it_does_not_know(tmp_path: Path) -> None:
    written(tmp_path / "big", 3 * MB)
    known: list[int | None] = [5 * MB]
    received: list[tuple[str, int, int]] = []
    made = DiskWatcher(0.02, lambda container, used, limit, _: received.append((container, used, limit)))
    made.watch(Watched("c", tmp_path, (), 6 * MB, {}, list, known=lambda: known[0]))
    made.start()
    try:
        wait_for(lambda: made.used("c") == (5 * MB, 6 * MB), what="what the file system knows")
        known[0] = None
        wait_for(lambda: (made.used("c") or (0, 0))[0] in range(3 * MB, 4 * MB), what="a count")
        assert not received
        assert made.over("c") is None
        known[0] = 6 * MB + 1
        wait_for(lambda: received == [("c", 6 * MB + 1, 6 * MB)], what="the end of the container")
    finally:
        made.stop()


def test_what_the_file_system_knows_of_a_task_that_just_ended_is_told(tmp_path: Path) -> None:
    known: list[int | None] = [None]
    made = DiskWatcher(3600, lambda *_: None)
    made.watch(Watched("c", tmp_path, (), 6 * MB, {}, list, known=lambda: known[0]))
    made.watch(Watched("free", tmp_path, (), None, {}, list, known=lambda: 2**50))
    assert made.over("c") is None and made.over("free") is None and made.over("unknown") is None
    known[0] = 6 * MB
    assert made.over("c") is None
    known[0] = 7 * MB
    assert made.over("c") == (7 * MB, 6 * MB)


def test_what_is_told_to_the_kernel_has_its_form() -> None:
    assert packed_limit(10 * MB) == struct.pack("=QQQQQQQQI4x", 10 * 1024, 0, 0, 0, 0, 0, 0, 0, 1)
    assert len(packed_limit(None)) == 72 and packed_limit(None)[:8] == bytes(8)
    assert int.from_bytes(packed_limit(1025)[:8], sys.byteorder) == 2
    assert any(packed_limit(0)[:8]), "0 bytes are not no limit"
    # _IOC(direction, type, number, size) of what the headers say.
    found = {
        (2, "X", 31, 28): quota_module.GET_ATTRIBUTES,
        (1, "X", 32, 28): quota_module.SET_ATTRIBUTES,
        (1, "f", 2, 8): quota_module.SET_FLAGS,
        (1, "f", 2, 4): quota_module.SET_FLAGS_32,
        (2, "X", 58, 128): quota_module.FREE_PREALLOCATED,
    }
    for (direction, kind, number, length), value in found.items():
        assert value == direction << 30 | length << 16 | ord(kind) << 8 | number


def test_where_there_are_no_project_quotas_it_is_said_why_and_nothing_stays(tmp_path: Path) -> None:
    (tmp_path / quota_module.TRIAL).mkdir()
    quota = ProjectQuota(tmp_path)
    try:
        with contextlib.suppress(QuotaUnusable):  # where there are, it passes
            quota_module.prove(tmp_path, quota, 4_000_000)
        assert not (tmp_path / quota_module.TRIAL).exists()
    finally:
        quota.close()


@pytest.mark.parametrize("text", ["100-200", "[100-200]", " 100 - 200 "])
def test_a_range_of_projects_is_read(text: str) -> None:
    assert project_range(text) == (100, 200)


@pytest.mark.parametrize("text", ["", "5", "0-5", "9-5", "1-4294967295", "a-b", "1-2,4-5"])
def test_what_is_no_range_of_projects_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected two numbers"):
        project_range(text)
