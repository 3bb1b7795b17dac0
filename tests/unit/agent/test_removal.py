"""Removing what a task shaped: any depth, width and kind goes, nothing outside; and no container ends the agent."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import socket
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dcos_runtime.agent import gc, removal, shell
from dcos_runtime.agent.containers.cgroups import tree
from dcos_runtime.agent.core.effects import Destroy, Retire, Signal, Start, WatchContainer
from dcos_runtime.agent.core.model import Exit, Found
from dcos_runtime.agent.removal import BATCH, DEEPEST, remove
from dcos_runtime.agent.sandbox import Sandboxes
from dcos_runtime.core.frozen import Now, Tick
from dcos_runtime.daemon import Life


def deepen(folder: Path, depth: int, name: str = "d") -> None:
    """Folders in folders, as a task makes them: step by step, for no path would do."""
    here = os.open(folder, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=here))
        os.close(here)
        here = below
    os.close(here)


@pytest.mark.parametrize("depth", [DEEPEST - 1, DEEPEST, DEEPEST + 1, 3 * DEEPEST + 5, 1500])
def test_any_depth_goes(tmp_path: Path, depth: int) -> None:
    (tmp_path / "gone").mkdir()
    deepen(tmp_path / "gone", depth)
    remove(tmp_path / "gone")
    assert not list(tmp_path.iterdir())


def test_long_names_make_paths_longer_than_any_call_takes(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    deepen(tmp_path / "gone", 300, "n" * 255)
    remove(tmp_path / "gone")
    assert not list(tmp_path.iterdir())


def test_few_folders_are_open_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    deepen(tmp_path / "gone", 300)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = max(int(entry.name) for entry in Path("/proc/self/fd").iterdir())
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + DEEPEST + 40, hard))
    try:
        remove(tmp_path / "gone")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert not list(tmp_path.iterdir())


def test_more_folders_than_are_remembered(tmp_path: Path) -> None:
    for number in range(BATCH + 20):
        (tmp_path / "gone" / str(number) / "x").mkdir(parents=True)
    remove(tmp_path / "gone")
    assert not list(tmp_path.iterdir())


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").write_text("x")
    gone = tmp_path / "gone"
    gone.mkdir()
    (gone / "folder").symlink_to(tmp_path / "kept")
    (gone / "file").symlink_to(tmp_path / "kept" / "file")
    (gone / "loop").symlink_to("loop")
    os.link(tmp_path / "kept" / "file", gone / "hard")
    remove(gone)
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept"]
    assert (tmp_path / "kept" / "file").read_text() == "x"
    (tmp_path / "link").symlink_to("kept")
    with pytest.raises(OSError, match="link"):
        remove(tmp_path / "link")
    assert (tmp_path / "kept" / "file").exists()


def test_files_of_any_kind_and_name_go(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    os.mkfifo(gone / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(gone / "socket"))
    (gone / os.fsdecode(b"\xff\n -rf")).touch()
    remove(gone)
    assert not gone.exists()


def test_what_is_not_there_is_removed(tmp_path: Path) -> None:
    remove(tmp_path / "never")
    remove(tmp_path / "never" / "below")


def as_nobody(work: Callable[[], None]) -> int:
    """The exit code of a process of another user that does ``work``."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            if os.geteuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            work()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_folders_without_permissions_go_for_their_owner() -> None:
    with tempfile.TemporaryDirectory() as made:
        top = Path(made)
        top.chmod(0o777)

        def work() -> None:
            for mode in (0o000, 0o100, 0o400, 0o500):
                folder = top / "gone" / f"{mode:o}"
                (folder / "below").mkdir(parents=True)
                (folder / "below" / "file").touch()
                deepen(folder, DEEPEST + 3)
                (folder / "below").chmod(mode)
                folder.chmod(mode)
            deep = os.open(top / "gone", os.O_RDONLY)
            for _ in range(DEEPEST):
                os.mkdir("d", dir_fd=deep)
                deep = os.open("d", os.O_RDONLY, dir_fd=deep)
            os.mkdir("shut", dir_fd=deep)
            os.mkdir("x", dir_fd=os.open("shut", os.O_RDONLY, dir_fd=deep))
            os.chmod("shut", 0, dir_fd=deep)  # too deep to be opened: it is moved up first
            remove(top / "gone")

        assert as_nobody(work) == 0
        assert not list(top.iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="mounts want root")
def test_what_is_mounted_stays_whole_and_the_rest_goes(tmp_path: Path) -> None:
    (tmp_path / "kept" / "folder").mkdir(parents=True)
    (tmp_path / "kept" / "folder" / "file").write_text("x")
    gone = tmp_path / "gone"
    for name in ("a/point", "b", "c"):
        (gone / name).mkdir(parents=True)
        (gone / name / "file").touch()
    subprocess.run(["mount", "--bind", str(tmp_path / "kept"), str(gone / "a" / "point")], check=True)
    try:
        with pytest.raises(OSError, match="busy"):
            remove(gone)
        assert (tmp_path / "kept" / "folder" / "file").read_text() == "x"
        assert [entry.name for entry in gone.iterdir()] == ["a"]
    finally:
        subprocess.run(["umount", str(gone / "a" / "point")], check=True)
    remove(gone)
    assert not gone.exists()


def test_entries_that_vanish_or_come_meanwhile(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    for number in range(200):
        (gone / str(number) / "x" / "y").mkdir(parents=True)

    def disturb() -> None:
        for number in range(200):
            for change in (lambda path: (path / "x" / "y").rmdir(), lambda path: (path / "new").mkdir()):
                with contextlib.suppress(OSError):
                    change(gone / str(number))

    thread = threading.Thread(target=disturb)
    thread.start()
    with contextlib.suppress(OSError):  # when it is filled faster than emptied: the caller tries again
        remove(gone)
    thread.join()
    remove(gone)
    assert not gone.exists()


def test_cgroups_of_any_depth_are_found(tmp_path: Path) -> None:
    top = here = tmp_path / "top"
    for _ in range(1200):
        here.mkdir()
        here = here / "d"
    found = tree(top)
    remove(top)  # pytest could not
    assert len(found) == 1200 and found[0] == top and found[-1] == here.parent


# --- nobody else suffers ----------------------------------------------------------------------------------------------


def test_a_sandbox_that_cannot_be_removed_costs_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = tmp_path / "agent" / "frameworks" / "f" / "executors"
    for name in ("a", "b", "c"):
        (runs / name / "runs" / "container").mkdir(parents=True)

    def removing(path: Path) -> None:
        if path.parent.parent.name == "b":
            raise RecursionError("unthought of")
        removal.remove(path)

    monkeypatch.setattr(gc, "remove", removing)
    assert gc.collect(tmp_path, set(), lambda: 0.0, 1e12) == 2
    assert [entry.name for entry in runs.iterdir()] == ["b"]


class Launcher:
    """Fails in ways that nobody thought of, then works."""

    name = "odd"

    def __init__(self, failures: int) -> None:
        self.left = failures

    def _fail(self) -> None:
        if self.left:
            self.left -= 1
            raise RecursionError("unthought of")

    async def start(self, container_id: str) -> None:
        self._fail()

    async def signal(self, container_id: str, number: int) -> None:
        self._fail()

    async def wait(self, container_id: str) -> Exit | None:
        self._fail()
        return Exit(code=0)

    async def destroy(self, container_id: str) -> None:
        self._fail()

    async def inspect(self, container_id: str) -> Any:
        self._fail()


class Core:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.tasks: dict[str, Any] = {}
        self.effects: list[list[Any]] = []

    def receive(self, event: Any, now: Now) -> list[Any]:
        self.told.append(type(event).__name__)
        return self.effects.pop() if self.effects else []

    def next_deadline(self) -> float | None:
        return None

    def task_in(self, container_id: str) -> bytes | None:
        return None


async def outcome(launcher: Launcher, effect: Any, reported: str | None) -> int:
    """The exit code the agent has when the effect is done and the core was told."""
    life, core = Life(), Core()
    launching = SimpleNamespace(launcher=launcher, sandboxes=Sandboxes(Path("/nowhere")), images=None)
    nothing: Any = None
    whole = shell.AgentShell(
        cast(Any, core),
        nothing,
        cast(Any, {"odd": launcher}),
        cast(Any, launching),
        disk=nothing,
        projects=None,
        listening=nothing,
        samples=nothing,
        life=life,
    )
    core.effects = [[effect]]
    whole.feed(Tick())
    for _ in range(6000):
        if reported is None or reported in core.told:
            break
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert reported is None or reported in core.told
    found = await whole._inspect(cast(Any, Launcher(1)), "c")
    assert found.found is Found.ORPHANED
    return life.code


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (Destroy("c", "odd"), "Destroyed"),
        (Start("c"), "LaunchFailed"),
        (WatchContainer("c", "odd"), "Exited"),
        (Signal("c", 15), None),
        (Retire("agent", "framework", "..", "c"), None),
    ],
)
def test_no_error_of_one_container_ends_the_agent(
    effect: Any, expected: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "FIRST_RETRY", 0.01)
    assert asyncio.run(outcome(Launcher(3), effect, expected)) == 0
