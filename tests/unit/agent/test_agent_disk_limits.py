"""What a task may take of the disk, and who is told of when it takes more."""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import os
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from dcos_runtime.agent.disk import logs
from dcos_runtime.agent.disk import watcher as watcher_module
from dcos_runtime.agent.disk.rules import DiskRules
from dcos_runtime.agent.disk.usage import DiskUsage, counting
from dcos_runtime.agent.disk.watcher import DiskWatcher, Watched
from dcos_runtime.wire import codec
from dcos_runtime.wire.tasks import TaskInfo
from tests.support.agent.disk_lab import MB, watched, written
from tests.support.daemons.byhand import wait_for

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
    received: list[tuple[str, int, int]] = []
    made = DiskWatcher(0.05, lambda container, used, limit, _: received.append((container, used, limit)))
    made.start()
    yield made, received
    made.stop()


def test_who_takes_too_much_is_told_of_once_and_nobody_else(
    watcher: tuple[DiskWatcher, list[tuple[str, int, int]]], tmp_path: Path
) -> None:
    watching, found = watcher
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
    wait_for(lambda: {name for name, _, _ in found} == {"large", "both"}, what="both to be told of")
    wait_for(lambda: watching.used("huge"), what="a count of huge")
    time.sleep(0.3)
    assert sorted(name for name, _, _ in found) == ["both", "large"]
    assert all(used > limit == 5 * MB for _, used, limit in found)
    used, limit = watching.used("free") or (0, 0)
    assert used >= 6 * MB and limit is None
    watching.forget("large")
    assert watching.used("large") is None


def test_a_volume_is_held_to_its_own_size_and_the_container_to_the_rest(tmp_path: Path) -> None:
    for name in ("sandbox", "db", "other"):
        (tmp_path / name).mkdir()
    received: list[tuple[str, int, int, str]] = []
    watching = DiskWatcher(0.02, lambda *over: received.append(over))
    watching.watch(watched("one", tmp_path / "sandbox", 5 * MB))
    for name in ("db", "other"):
        watching.watch(dataclasses.replace(watched("one", tmp_path / name, 8 * MB), volume=f"/{name}"))
    written(tmp_path / "other/x", 7 * MB)  # more than the sandbox may take
    written(tmp_path / "db/x", 9 * MB)
    watching.start()
    try:
        wait_for(lambda: received and watching.used("one"), what="the volume to be told of")
        watching.change("one", 6 * MB, {})
        assert [(name, limit, volume) for name, _, limit, volume in received] == [("one", 8 * MB, "/db")]
        used, limit = watching.used("one") or (0, 0)
        assert used < MB and limit == 6 * MB
        watching.forget("one")
        assert watching.used("one") is None
    finally:
        watching.stop()


def test_a_container_whose_names_never_rest_is_held_for_a_short_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What hides big files by moving them about is found; who only makes and removes files is held seldom."""
    resting = threading.Event()
    resting.set()
    ended = threading.Event()
    holds: list[tuple[float, float]] = []
    # Not what this is about: who fills this disk meanwhile.
    monkeypatch.setattr(watcher_module, "free_bytes", lambda _: 1 << 40)
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
            holds.append((began, time.monotonic()))
            resting.set()

    received: list[tuple[str, int, int]] = []
    watching = DiskWatcher(0.01, lambda *over: received.append(over))
    churning = threading.Thread(target=churn)
    churning.start()
    watching.start()
    try:
        watching.watch(Watched("busy", tmp_path, (), 5 * MB, {}, list, held))
        wait_for(lambda: len(holds) > 1, what="two held counts")
        assert not received and watching.used("busy")
        (first, until), (second, _) = holds[:2]
        assert second - until >= (until - first) / watcher_module.PAUSED_SHARE
    finally:
        ended.set()
        churning.join()
        watching.stop()


def test_a_held_count_tells_of_who_takes_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hidden").mkdir()
    written(tmp_path / "hidden/big", 6 * MB)
    for index in range(300):
        (tmp_path / f"{index}").touch()
    away = tmp_path.parent / f"{tmp_path.name} away"
    (tmp_path / "hidden").rename(away)
    received: list[tuple[str, int, int]] = []
    watching = DiskWatcher(0.01, lambda *over: received.append(over))

    @contextlib.contextmanager
    def held() -> Iterator[bool]:
        # What every unheld count misses, because it is elsewhere just then.
        away.rename(tmp_path / "hidden")
        yield True
        (tmp_path / "hidden").rename(away)

    real = counting

    def moving(roots: Iterable[Path], count: DiskUsage) -> Iterator[None]:
        (tmp_path / "mark").touch()
        (tmp_path / "mark").unlink()
        yield from real(roots, count)

    monkeypatch.setattr(watcher_module, "counting", moving)
    # Not what this is about: how long a count may hold a container, which on a busy host is too short for any.
    monkeypatch.setattr(watcher_module, "PAUSED_SECONDS", 60.0)
    watching.start()
    try:
        watching.watch(Watched("sly", tmp_path, (), 5 * MB, {}, list, held))
        wait_for(lambda: received, what="the sly one to be told of")
        assert received[0][0] == "sly" and received[0][1] >= 6 * MB
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
    received: list[object] = []
    deep: list[tuple[str, int]] = []
    watching = DiskWatcher(0.01, lambda *over: received.append(over), lambda *which: deep.append(which))
    watching.start()
    try:
        watching.watch(watched("deep", tmp_path, 50 * MB))
        wait_for(lambda: deep, what="the deep one to be told of")
        assert deep == [("deep", 50 * MB)] and not received
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
    monkeypatch.setattr(watcher_module, "free_bytes", lambda _: next(free))

    def pauses(share: float) -> list[float]:
        """Those between the steps of a count that ended, in seconds."""
        found: list[float] = []
        monkeypatch.setattr(watcher_module, "HURRIED_SHARE", share)
        monkeypatch.setattr(DiskWatcher, "_pause", lambda _, seconds: found.append(seconds))
        watching = DiskWatcher(0.0, lambda *_: None)
        watching.watch(watched("busy", tmp_path, None))
        watching.start()
        wait_for(lambda: watching.used("busy"), what="a whole count")
        watching.stop()
        return found

    assert min(pauses(1.0)) == 0 < min(pauses(0.01))
