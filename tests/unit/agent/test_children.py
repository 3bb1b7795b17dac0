"""Child processes of the agent: their streams, their end, and none that stays."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import uvloop

from dcos_runtime.agent.containers import children
from dcos_runtime.agent.containers.base import alive, process_ended, start_time


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110  (no event tells it)
        await asyncio.sleep(0.01)


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_what_it_is_given_comes_back_with_its_status() -> None:
    argv = ("/bin/sh", "-c", "cat; echo bad >&2; exit 3")
    child = children.spawn(*argv, stdin=children.PIPE, stdout=children.PIPE, stderr=children.PIPE)
    assert await child.communicate(b"x" * 200_000) == (b"x" * 200_000, b"bad\n")
    assert (await child.wait(), child.returncode) == (3, 3)
    child.kill()  # whoever has its pid now


async def test_nobody_waits_for_it_and_it_is_no_zombie() -> None:
    child = children.spawn("/bin/true")
    await process_ended(child.pid, start_time(child.pid) or 0)
    await until(lambda: not Path(f"/proc/{child.pid}").exists())
    assert child.returncode == 0


async def test_a_wait_that_is_given_up_ends_nothing() -> None:
    child = children.spawn("/bin/sleep", "1000")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(child.wait(), 0.01)
    assert alive(child.pid, start_time(child.pid)) and child.returncode is None
    child.kill()
    assert await child.wait() == -signal.SIGKILL


async def test_it_has_no_descriptors_but_those_that_it_is_passed() -> None:
    read, write = os.pipe()
    child = children.spawn("/bin/ls", "/proc/self/fd", stdout=children.PIPE, pass_fds=(write,))
    found = {int(text) for text in (await child.communicate())[0].split()}
    assert found == {0, 1, 2, write, *(found - {0, 1, 2, write})} and read not in found and len(found) <= 5
    os.close(read)
    os.close(write)


async def test_a_program_that_is_not_there_says_so_and_nothing_stays_open() -> None:
    before = descriptors()
    for _ in range(3):
        with pytest.raises(FileNotFoundError):
            children.spawn("/nonexistent", stdin=children.PIPE, stdout=children.PIPE)
    assert descriptors() == before
    child = children.spawn("/bin/sleep", "1000", stdout=children.PIPE, stderr=children.PIPE)
    child.kill()
    await until(lambda: descriptors() == before)


def test_no_descriptor_of_another_thread_is_closed_by_the_loop_that_daemons_have() -> None:
    """One that is closed twice may be another's by then."""
    over = threading.Event()
    broken: list[OSError] = []

    def opens() -> None:
        while not over.is_set() and not broken:
            opened = [os.open("/dev/null", os.O_RDONLY) for _ in range(20)]
            for descriptor in opened:
                try:
                    os.fstat(descriptor)
                    os.close(descriptor)
                except OSError as error:
                    broken.append(error)

    async def many() -> None:
        for _ in range(100):
            child = children.spawn("/bin/cat", stdin=children.PIPE, stdout=children.PIPE, stderr=children.PIPE)
            assert await child.communicate(b"x") == (b"x", b"")

    other = threading.Thread(target=opens)
    other.start()
    try:
        uvloop.run(many())
    finally:
        over.set()
        other.join()
    assert not broken
