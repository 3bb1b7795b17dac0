"""What tasks use of the disk: counted whatever they do to hide it, in steps."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from dcos_runtime.agent.disk.usage import DiskUsage, _tables, counting, counting_deleted
from tests.support.agent.disk_lab import MB, counted, written

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
    output = subprocess.run(["du", "-s", "-B1", "-c", one, two], capture_output=True, text=True, check=True).stdout
    assert counted(one, two).used == int(output.splitlines()[-1].split()[0])
    assert counted(tmp_path / "nothing").used == 0


def test_counting_pauses_and_survives_what_changes_meanwhile(tmp_path: Path) -> None:
    for index in range(40):
        folder = tmp_path / f"d{index}"
        folder.mkdir()
        for number in range(50):
            (folder / f"{number}").touch()
    count = DiskUsage()
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
    os.ftruncate(file, 5 << 20)  # XFS would put blocks aside for a file that grows
    os.write(file, os.urandom(5 << 20))
    os.fsync(file)  # some file systems tell blocks only then, and none for zeros
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
        count = DiskUsage()
        for at, _ in enumerate(counting([root], count)):
            if at == step:
                (root / source).rename(root / target)
        assert count.used >= 6 * MB or count.moved
        if at < step:
            assert not count.moved and count.used >= 6 * MB
            break
    assert step >= 3
