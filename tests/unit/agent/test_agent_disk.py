"""What tasks use of the disk: counted whatever they do to hide it, in steps; outputs held to their caps."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import pytest

from dcos_runtime.agent import gc, pools
from dcos_runtime.agent.disk import logs
from dcos_runtime.agent.disk import projects as projects_module
from dcos_runtime.agent.disk import quota as quota_module
from dcos_runtime.agent.disk import watcher as watcher_module
from dcos_runtime.agent.disk.projects import HEADROOM, Projects
from dcos_runtime.agent.disk.quota import ProjectQuota, QuotaUnusable, packed_limit
from dcos_runtime.agent.disk.rules import DiskRules, project_range
from dcos_runtime.agent.disk.usage import Count, _tables, counting, counting_deleted
from dcos_runtime.agent.disk.watcher import DiskWatcher, Watched
from dcos_runtime.agent.files import Busy, Files
from dcos_runtime.agent.sandbox import Sandboxes, open_output
from dcos_runtime.wire import codec
from dcos_runtime.wire.tasks import TaskInfo
from tests.byhand import wait_for

MB = 1 << 20


def counted(*roots: Path) -> Count:
    count = Count()
    for _ in counting(roots, count):
        pass
    return count


def written(path: Path, size: int, seek: int = 0) -> Path:
    with path.open("ab") as file:
        file.truncate(seek)
        file.seek(seek)
        file.write(os.urandom(size))
        file.flush()
        os.fsync(file.fileno())
    return path


# --- counting ---------------------------------------------------------------------------------------------------------


def test_blocks_are_counted_as_du_counts_them(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one / "deep/er", two):
        folder.mkdir(parents=True)
    written(one / "a", MB)
    written(one / "sparse", 4096, seek=100 * MB)
    os.link(one / "a", one / "deep/again")
    os.link(one / "a", two / "and again")
    written(one / "deep/er/b", 3 * MB)
    (one / "out").symlink_to("/usr")
    (one / "deep/up").symlink_to("../..")
    told = subprocess.run(["du", "-s", "-B1", "-c", one, two], capture_output=True, text=True, check=True).stdout
    assert counted(one, two).used == int(told.splitlines()[-1].split()[0])
    assert counted(tmp_path / "nothing").used == 0


def test_counting_pauses_and_survives_what_changes_meanwhile(tmp_path: Path) -> None:
    for index in range(40):
        folder = tmp_path / f"d{index}"
        folder.mkdir()
        for number in range(50):
            (folder / f"{number}").touch()
    count = Count()
    steps = 0
    for _ in counting([tmp_path], count):
        steps += 1
        for folder in list(tmp_path.iterdir())[:2]:
            subprocess.run(["rm", "-rf", folder], check=True)
            folder.symlink_to("/usr")
    assert steps >= 2 and count.used < MB


def test_what_is_nested_too_deep_to_be_counted_is_not_overlooked(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("d", dir_fd=descriptor)
        deeper = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = deeper
    os.close(descriptor)
    before = len(list(Path("/proc/self/fd").iterdir()))
    assert counted(tmp_path).too_deep
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_file_that_was_deleted_and_is_still_open_counts(tmp_path: Path) -> None:
    count = counted(tmp_path)
    before = count.used
    with written(tmp_path / "hidden", 5 * MB).open("rb") as first, (tmp_path / "hidden").open("rb"):
        (tmp_path / "hidden").unlink()
        count = counted(tmp_path)
        assert count.used == before
        for _ in counting_deleted([os.getpid()], count):
            pass
        assert count.used >= before + 5 * MB and count.used < before + 6 * MB
        assert first.read(1)


def test_a_deleted_file_is_found_in_any_threads_table(tmp_path: Path) -> None:
    """The first thread may have ended, and another may have unshared its descriptors."""
    program = """
import ctypes, os, sys, threading
libc = ctypes.CDLL(None)
def work():
    if sys.argv[1] == "unshared":
        assert libc.unshare(0x400) == 0  # CLONE_FILES
    file = os.open("gone", os.O_RDWR | os.O_CREAT)
    os.unlink("gone")
    os.write(file, bytes(5 << 20))
    threading.Thread(target=threading.Event().wait).start()  # shares the second table
    print("ready", flush=True)
    threading.Event().wait()
threading.Thread(target=work).start()
if sys.argv[1] == "headless":
    libc.pthread_exit(None)
threading.Event().wait()
"""
    for way in ("unshared", "headless"):
        running = subprocess.Popen(
            [sys.executable, "-c", program, way], cwd=tmp_path, stdout=subprocess.PIPE, text=True
        )
        try:
            assert running.stdout is not None and running.stdout.readline() == "ready\n"
            count = counted(tmp_path)
            before = count.used
            for _ in counting_deleted([running.pid], count):
                pass
            assert 5 * MB <= count.used - before < 6 * MB, way
        finally:
            running.kill()
            running.wait()


def test_many_threads_with_one_table_cost_one_look() -> None:
    end = threading.Event()
    threads = [threading.Thread(target=end.wait) for _ in range(100)]
    for thread in threads:
        thread.start()
    try:
        assert list(filter(None, _tables(os.getpid()))) == [f"/proc/{os.getpid()}/fd"]
    finally:
        end.set()
        for thread in threads:
            thread.join()


MOVES = {
    "a file to a folder that was counted": ("b/big", "a/big"),
    "a folder to a folder that was counted": ("b/sub", "a/sub"),
    "a file to another name": ("b/big", "b/again"),
    "a folder into one that was counted, from below": ("b/sub/big", "a/big"),
}


@pytest.mark.parametrize("way", MOVES)
def test_what_is_moved_while_it_is_counted_is_counted_or_told(tmp_path: Path, way: str) -> None:
    """At whatever step it is moved: no count is whole and too low."""
    source, target = MOVES[way]
    for step in itertools.count():
        root = tmp_path / str(step)
        for name in ("a", "b/sub"):
            (root / name).mkdir(parents=True)
        for name in ("b/big", "b/sub/big"):
            written(root / name, 3 * MB)
        for folder in ("", "a", "b"):
            for index in range(300):
                (root / folder / f"{index}").touch()
        time.sleep(0.03)  # what was made before it began is not what changed
        count = Count()
        for at, _ in enumerate(counting([root], count)):
            if at == step:
                (root / source).rename(root / target)
        assert count.used > 6 * MB or count.moved
        if at < step:
            assert not count.moved and count.used > 6 * MB
            break
    assert step >= 3


# --- limits -----------------------------------------------------------------------------------------------------------


def rules(enforced: bool = True) -> DiskRules:
    return DiskRules(enforced, 2048 * MB, {"stdout": 100 * MB, "stderr": 50 * MB})


def task(disk: float | None, labels: dict[str, str] | None = None, variables: dict[str, str] | None = None) -> TaskInfo:
    document = {
        "name": "t",
        "task_id": {"value": "t"},
        "agent_id": {"value": "a"},
        "resources": [] if disk is None else [{"name": "disk", "type": "SCALAR", "scalar": {"value": disk}}],
        "labels": {"labels": [{"key": key, "value": value} for key, value in (labels or {}).items()]},
        "command": {
            "value": "true",
            "environment": {"variables": [{"name": key, "value": value} for key, value in (variables or {}).items()]},
        },
    }
    return codec.decode(json.dumps(document).encode(), TaskInfo)


def test_no_amount_of_disk_means_no_limit() -> None:
    assert rules().limit(task(10)) == 10 * MB
    assert rules().limit(task(0.001)) == MB
    assert rules().limit(task(0)) == rules().limit(task(None)) == 2048 * MB
    assert rules(enforced=False).limit(task(10)) is None


def test_caps_come_from_the_agent_then_labels_then_variables() -> None:
    stdout, stderr = logs.SETTINGS["stdout"], logs.SETTINGS["stderr"]
    assert rules().caps_of(task(1)) == {"stdout": 100 * MB, "stderr": 50 * MB}
    asked = task(1, {stdout: "1MB", stderr: "2MB"}, {stdout: "3MB"})
    assert rules().caps_of(asked) == {"stdout": 3 * MB, "stderr": 2 * MB}
    for bad in ("lots", "10", "1KB", "0B"):
        with pytest.raises(ValueError, match=stdout):
            rules().caps_of(task(1, {stdout: bad}))


@pytest.fixture
def watcher() -> Iterator[tuple[DiskWatcher, list[tuple[str, int, int]]]]:
    told: list[tuple[str, int, int]] = []
    made = DiskWatcher(0.05, lambda container, used, limit: told.append((container, used, limit)))
    made.start()
    yield made, told
    made.stop()


def watched(name: str, sandbox: Path, limit: int | None, *private: Path, cap: int = 100 * MB) -> Watched:
    return Watched(name, sandbox, private, limit, {"stdout": cap}, list)


def test_who_takes_too_much_is_told_of_once_and_nobody_else(
    watcher: tuple[DiskWatcher, list[tuple[str, int, int]]], tmp_path: Path
) -> None:
    watching, told = watcher
    for name in ("small", "large", "private", "free", "huge"):
        (tmp_path / name).mkdir()
    (tmp_path / "huge/many").mkdir()
    for index in range(20_000):
        (tmp_path / f"huge/many/{index}").touch()
    watching.watch(watched("huge", tmp_path / "huge", 100 * MB))
    watching.watch(watched("small", tmp_path / "small", 5 * MB))
    watching.watch(watched("large", tmp_path / "large", 5 * MB))
    watching.watch(watched("both", tmp_path / "nothing yet", 5 * MB, tmp_path / "private"))
    watching.watch(watched("free", tmp_path / "free", None))
    written(tmp_path / "small/x", 4 * MB)
    wait_for(lambda: watching.used("small"), what="a count of small")
    for name in ("large", "private", "free"):
        written(tmp_path / f"{name}/x", 6 * MB)
    wait_for(lambda: {name for name, _, _ in told} == {"large", "both"}, what="both to be told of")
    wait_for(lambda: watching.used("huge"), what="a count of huge")
    time.sleep(0.3)
    assert sorted(name for name, _, _ in told) == ["both", "large"]
    assert all(used > limit == 5 * MB for _, used, limit in told)
    used, limit = watching.used("free") or (0, 0)
    assert used > 6 * MB and limit is None
    watching.forget("large")
    assert watching.used("large") is None


def test_a_container_whose_names_never_rest_is_held_for_a_short_count(tmp_path: Path) -> None:
    """What hides big files by moving them about is found; who only makes and removes files is held seldom."""
    resting = threading.Event()
    resting.set()
    ended = threading.Event()
    holds: list[float] = []
    for index in range(2000):
        (tmp_path / f"{index}").touch()

    def churn() -> None:
        for number in itertools.count():
            if ended.is_set():
                return
            resting.wait()
            (tmp_path / f"new{number}").touch()
            (tmp_path / f"new{number}").unlink()
            time.sleep(0.001)

    @contextlib.contextmanager
    def held() -> Iterator[bool]:
        resting.clear()
        time.sleep(0.01)
        began = time.monotonic()
        try:
            yield True
        finally:
            holds.append(time.monotonic() - began)
            resting.set()

    told: list[tuple[str, int, int]] = []
    watching = DiskWatcher(0.01, lambda *over: told.append(over))
    churning = threading.Thread(target=churn)
    churning.start()
    watching.start()
    began = time.monotonic()
    try:
        watching.watch(Watched("busy", tmp_path, (), 5 * MB, {}, list, held))
        wait_for(lambda: holds, what="a held count")
        assert not told and watching.used("busy")
        time.sleep(1)
        assert sum(holds) < 0.1 * (time.monotonic() - began) + holds[0]
    finally:
        ended.set()
        churning.join()
        watching.stop()


def test_a_held_count_tells_of_who_takes_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hidden").mkdir()
    written(tmp_path / "hidden/big", 6 * MB)
    for index in range(3000):
        (tmp_path / f"{index}").touch()
    away = tmp_path.parent / f"{tmp_path.name} away"
    (tmp_path / "hidden").rename(away)
    told: list[tuple[str, int, int]] = []
    watching = DiskWatcher(0.01, lambda *over: told.append(over))

    @contextlib.contextmanager
    def held() -> Iterator[bool]:
        # What every unheld count misses, because it is elsewhere just then.
        away.rename(tmp_path / "hidden")
        yield True
        (tmp_path / "hidden").rename(away)

    real = watcher_module.counting

    def moving(roots: Iterable[Path], count: Count) -> Iterator[None]:
        (tmp_path / "mark").touch()
        (tmp_path / "mark").unlink()
        yield from real(roots, count)

    monkeypatch.setattr(watcher_module, "counting", moving)
    watching.start()
    try:
        watching.watch(Watched("sly", tmp_path, (), 5 * MB, {}, list, held))
        wait_for(lambda: told, what="the sly one to be told of")
        assert told[0][0] == "sly" and told[0][1] > 6 * MB
    finally:
        watching.stop()


def test_folders_nested_too_deep_are_told_as_such(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(600):
        os.mkdir("d", dir_fd=descriptor)
        deeper = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = deeper
    os.close(descriptor)
    told: list[object] = []
    deep: list[tuple[str, int]] = []
    watching = DiskWatcher(0.01, lambda *over: told.append(over), lambda *which: deep.append(which))
    watching.start()
    try:
        watching.watch(watched("deep", tmp_path, 50 * MB))
        wait_for(lambda: deep, what="the deep one to be told of")
        assert deep == [("deep", 50 * MB)] and not told
    finally:
        watching.stop()


def test_counting_takes_a_small_share_of_a_processor(tmp_path: Path) -> None:
    for index in range(5_000):
        (tmp_path / f"{index}").touch()
    watching = DiskWatcher(0.0, lambda *_: None)
    watching.watch(watched("busy", tmp_path, None))
    watching.start()
    wait_for(lambda: watching.used("busy"), what="a whole count")
    began = time.monotonic()
    thread = next(thread for thread in threading.enumerate() if thread.name == "disk watcher")
    clock = time.pthread_getcpuclockid(thread.ident or 0)
    before = time.clock_gettime(clock)
    time.sleep(2)
    share = (time.clock_gettime(clock) - before) / (time.monotonic() - began)
    watching.stop()
    assert share < 0.12


def test_a_long_count_hurries_while_the_disk_fills(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for index in range(3_000):
        (tmp_path / f"{index}").touch()
    free = itertools.count(1 << 40, -(1 << 30))

    def seconds(share: float) -> float:
        monkeypatch.setattr(watcher_module, "HURRIED_SHARE", share)
        watching = DiskWatcher(0.0, lambda *_: None)
        began = time.monotonic()
        watching.watch(watched("busy", tmp_path, None))
        watching.start()
        wait_for(lambda: watching.used("busy"), what="a whole count")
        watching.stop()
        return time.monotonic() - began

    monkeypatch.setattr(watcher_module, "free_bytes", lambda _: next(free))
    assert seconds(1.0) < seconds(0.01)


# --- outputs ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def sandbox(tmp_path: Path) -> Path:
    if not logs.possible(tmp_path):
        pytest.fail(f"{tmp_path} is on a file system without holes; set TMPDIR elsewhere")
    path = Sandboxes(tmp_path / "work").path("agent", "fw", "t", "run")
    path.mkdir(parents=True)
    return path


def lines(path: Path, begin: int, end: int, mode: str = "ab") -> None:
    with path.open(mode) as file:
        for number in range(begin, end):
            file.write(b"%099d\n" % number)


def test_an_output_keeps_its_end_and_every_offset(sandbox: Path, tmp_path: Path) -> None:
    output = sandbox / "stdout"
    lines(output, 0, 50_000)
    assert logs.shorten(output, MB) and not logs.shorten(output, MB)
    state = output.stat()
    assert state.st_size == 5_000_000 and state.st_blocks * 512 <= MB
    files = Files(Sandboxes(tmp_path / "work"))
    path = str(output)
    size, begin, data = files.read(path, 0, 100)
    assert size == 5_000_000 and begin > 4_000_000 and begin % logs.BLOCK == 0 and b"\0" not in data
    assert data == (b"%099d\n" % (begin // 100) + b"%099d\n" % (begin // 100 + 1))[begin % 100 :][:100]
    assert files.read(path, size - 100, None) == (size, size - 100, b"%099d\n" % 49_999)
    assert files.read(path, size + 5, None) == (size, size + 5, b"")
    descriptor, begin, size = files.copy_descriptor(path)
    os.close(descriptor)
    assert begin > 4_000_000 and size == 5_000_000
    # The task goes on, by whatever way it writes.
    lines(output, 50_000, 60_000)
    with output.open("r+b") as own:
        own.seek(6_000_000)
        own.write(b"x" * 100)
    assert logs.shorten(output, MB) and output.stat().st_size == 6_000_100
    assert files.read(path, 6_000_000, None)[2] == b"x" * 100
    output.write_bytes(b"new\n")
    assert not logs.shorten(output, MB) and files.read(path, 0, None) == (4, 0, b"new\n")


def test_whatever_a_task_makes_of_its_output_costs_nobody_anything(sandbox: Path, tmp_path: Path) -> None:
    output, other = sandbox / "stdout", written(tmp_path / "other", 2 * MB)
    before = other.stat().st_blocks
    output.symlink_to(other)
    assert not logs.shorten(output, MB)
    output.unlink()
    os.link(other, output)
    assert not logs.shorten(output, MB)
    output.unlink()
    os.mkfifo(output)
    assert not logs.shorten(output, MB)
    output.unlink()
    output.mkdir()
    assert not logs.shorten(output, MB)
    output.rmdir()
    logs.enforce(sandbox, {"stdout": MB, "stderr": MB})
    assert other.stat().st_blocks == before


def test_a_hole_of_another_file_is_read_as_it_is(sandbox: Path, tmp_path: Path) -> None:
    data = written(sandbox / "data", 10, seek=MB)
    files = Files(Sandboxes(tmp_path / "work"))
    assert files.read(str(data), 0, 10) == (MB + 10, 0, b"\0" * 10)


# --- old sandboxes ----------------------------------------------------------------------------------------------------


def test_a_full_disk_costs_the_oldest_sandboxes_and_no_more_than_needed(tmp_path: Path) -> None:
    sandboxes = Sandboxes(tmp_path)
    for age, name in enumerate(("new", "middle", "old", "living")):
        path = sandboxes.path("agent", "fw", name, name)
        path.mkdir(parents=True)
        os.utime(path, (1_000_000 - age * 100, 1_000_000 - age * 100))

    def allowed() -> float:  # full until two are gone
        return 0.0 if len(list(sandboxes.root.glob("*/*/*/*/*/*/*"))) > 2 else 1e9

    assert gc.collect(sandboxes.root, {"living"}, allowed, 1_000_001) == 2
    assert sorted(path.name for path in sandboxes.root.glob("*/*/*/*/*/*/*")) == ["living", "new"]


# --- what a task holds ------------------------------------------------------------------------------------------------

_LEASE = """
import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
held = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(held, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def leased(sandbox: Path) -> Iterator[Path]:
    """A file that another process has a lease on: who opens it waits, for 45 s by default."""
    path = written(sandbox / "stdout", 2 * MB)
    argv = [sys.executable, "-c", _LEASE, str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        yield path
        holder.kill()


def test_a_file_under_a_lease_is_waited_for_by_nobody(leased: Path, tmp_path: Path) -> None:
    files = Files(Sandboxes(tmp_path / "work"))
    with pytest.raises(Busy, match="held by its task"):
        files.read(str(leased), 0, 10)
    with pytest.raises(Busy, match="held by its task"):
        files.copy_descriptor(str(leased))
    with pytest.raises(BlockingIOError):
        logs.shorten(leased, MB)
    with pytest.raises(BlockingIOError):
        open_output(leased.parent, leased.name)
    logs.enforce(leased.parent, {"stdout": MB})  # passes over it
    assert files.browse(str(leased.parent))


def test_an_output_that_became_something_else_is_not_written_to(sandbox: Path, tmp_path: Path) -> None:
    output = sandbox / "stdout"
    output.touch()
    with os.fdopen(open_output(sandbox, "stdout"), "ab") as file:
        assert os.get_blocking(file.fileno())
        file.write(b"x")
    assert output.read_bytes() == b"x"
    other = tmp_path / "other"
    other.write_text("y")
    for make in (output.symlink_to, output.hardlink_to):
        output.unlink()
        make(other)
        with pytest.raises(OSError):
            open_output(sandbox, "stdout")
    output.unlink()
    os.mkfifo(output)
    with pytest.raises(OSError):
        open_output(sandbox, "stdout")
    assert other.read_text() == "y"


def test_each_kind_of_work_has_threads_of_its_own() -> None:
    """With all threads of any other kind stuck, each still works."""
    every = [pools.KILLS, pools.LAUNCHES, pools.READS, pools.REMOVALS, pools.DISK]

    async def works(pool: ThreadPoolExecutor) -> None:
        released = threading.Event()
        stuck = [
            asyncio.ensure_future(pools.run(other, released.wait))
            for other in every
            if other is not pool
            for _ in range(100)
        ]
        try:
            assert await asyncio.wait_for(pools.run(pool, lambda: "done"), 60) == "done"
            assert await asyncio.wait_for(asyncio.to_thread(lambda: "checkpoint"), 60) == "checkpoint"
        finally:
            released.set()
            await asyncio.gather(*stuck)

    for pool in every:
        asyncio.run(works(pool))


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
    told: list[tuple[str, int, int]] = []
    made = DiskWatcher(0.02, lambda container, used, limit: told.append((container, used, limit)))
    made.watch(Watched("c", tmp_path, (), 6 * MB, {}, list, known=lambda: known[0]))
    made.start()
    try:
        wait_for(lambda: made.used("c") == (5 * MB, 6 * MB), what="what the file system knows")
        known[0] = None
        wait_for(lambda: (made.used("c") or (0, 0))[0] in range(3 * MB, 4 * MB), what="a count")
        assert not told
        assert made.over("c") is None
        known[0] = 6 * MB + 1
        wait_for(lambda: told == [("c", 6 * MB + 1, 6 * MB)], what="the end of the container")
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
    told = {
        (2, "X", 31, 28): quota_module.GET_ATTRIBUTES,
        (1, "X", 32, 28): quota_module.SET_ATTRIBUTES,
        (1, "f", 2, 8): quota_module.SET_FLAGS,
        (1, "f", 2, 4): quota_module.SET_FLAGS_32,
        (2, "X", 58, 128): quota_module.FREE_PREALLOCATED,
    }
    for (direction, kind, number, length), value in told.items():
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
