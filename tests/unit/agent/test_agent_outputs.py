"""Outputs are held to their caps; old sandboxes go; nothing waits for a task's file."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dcos_runtime.agent import gc, pools
from dcos_runtime.agent.disk import logs
from dcos_runtime.agent.files import Busy, SandboxFiles
from dcos_runtime.agent.sandbox import Sandboxes, open_output
from tests.support.agent.disk_lab import MB, written
from tests.support.daemons.byhand import PATIENCE

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
    files = SandboxFiles(Sandboxes(tmp_path / "work"))
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
    files = SandboxFiles(Sandboxes(tmp_path / "work"))
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
    files = SandboxFiles(Sandboxes(tmp_path / "work"))
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


def test_kills_and_checkpoints_have_all_their_threads_before_they_are_wanted() -> None:
    """A user's limit on processes is the tasks' and the agent's together: a fork bomb leaves none to be started."""
    code = """
import asyncio, threading
from dcos_runtime.agent import pools
async def main():
    pools.begin()
    def refuse(*_, **__): raise RuntimeError("can't start new thread")
    threading.Thread.start = refuse
    both = [pools.run(pools.KILLS, lambda: 1) for _ in range(40)] + [asyncio.to_thread(lambda: 1) for _ in range(40)]
    print(sum(await asyncio.gather(*both)))
    threading.Thread.start = start
start = threading.Thread.start
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240 * PATIENCE)
    assert done.stdout.strip() == "80", done.stderr


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
            assert await asyncio.wait_for(pools.run(pool, lambda: "done"), 300) == "done"
            assert await asyncio.wait_for(asyncio.to_thread(lambda: "checkpoint"), 300) == "checkpoint"
        finally:
            released.set()
            await asyncio.gather(*stuck)

    for pool in every:
        asyncio.run(works(pool))
