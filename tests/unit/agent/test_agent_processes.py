"""What the agent tells of processes: read of real ones, which the tests start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from dcos_runtime.agent import pools, processes
from dcos_runtime.agent.containers import base
from dcos_runtime.agent.containers.base import Process
from tests.support.daemons.byhand import wait_for

Told = dict[str, Any]


@contextmanager
def program(text: str, *arguments: bytes | str) -> Iterator[subprocess.Popen[bytes]]:
    """A Python program that has said something, in a session of its own, all of which is killed afterwards."""
    argv = [sys.executable, "-IS", "-c", text, *arguments]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True) as made:
        try:
            assert made.stdout is not None and made.stdout.readline()
            yield made
        finally:
            os.killpg(made.pid, signal.SIGKILL)


def family(root: int) -> list[Process]:
    return base.with_descendants(base.processes(), {root})


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy host may keep a reader from the processors for long."""
    for name in ("READ_SECONDS", "SHARED_SECONDS", "LOOK_SECONDS"):
        monkeypatch.setattr(processes, name, 600.0)


async def told(root: int, *, threads: bool = False, interval: float = 0.0) -> Told:
    data = await processes.answer(lambda: family(root), {"source": "t"}, threads=threads, interval=interval)
    found: Told = json.loads(data)
    return found


FORKS = """
import os, time
def fork(depth):
    for _ in range(2):
        if not os.fork():
            if depth: fork(depth - 1)
            time.sleep(1000)
fork(2)
print("ready", flush=True)
time.sleep(1000)
"""


async def test_a_tree_of_forks_is_told_whole_parents_first() -> None:
    with program(FORKS) as made:
        wait_for(lambda: len(family(made.pid)) == 15, what="all forks")
        found = (await told(made.pid))["processes"]
        place = {one["pid"]: number for number, one in enumerate(found)}
        assert len(place) == 15 and place[made.pid] == 0
        assert all(place[one["ppid"]] < place[one["pid"]] for one in found if one["pid"] != made.pid)
        for one in found:
            assert (one["uid"], one["threads"], one["cpus"]) == (os.geteuid(), 1, None)
            assert one["pid_inside"] == one["pid"] and one["mem_rss_bytes"] > 0 and "thread_list" not in one
            assert one["command"][:3] == [sys.executable, "-IS", "-c"] and not one["command_cut"]


async def test_who_uses_a_processor_and_who_does_not() -> None:
    text = "import os, time\nif not os.fork():\n    while 1: pass\nprint('ready', flush=True); time.sleep(1000)"
    with program(text) as made:
        wait_for(lambda: len(family(made.pid)) == 2, what="the fork")
        for _ in range(1000):  # on a busy host it may get no tick of a processor between two readings
            parent, busy = (await told(made.pid, threads=True, interval=0.3))["processes"]
            if busy["cpus"] > 0 and busy["thread_list"][0]["cpus"] > 0:
                break
        assert parent["cpus"] <= busy["cpus"] and busy["cpus"] > 0
        assert busy["thread_list"][0]["tid"] == busy["pid"] and busy["thread_list"][0]["cpus"] > 0
        assert parent["state"] in "RSD" and busy["state"] in "RSD"  # it says that it is ready just before it sleeps
        assert 0 <= busy["start_time"] - parent["start_time"] < 600


async def test_what_has_ended_and_is_waited_for_by_nobody_is_told() -> None:
    text = "import os, time\nif not os.fork(): os._exit(0)\nprint('ready', flush=True); time.sleep(1000)"
    with program(text) as made:
        wait_for(lambda: [one.state for one in family(made.pid)][1:] == ["Z"], what="the zombie")
        _, zombie = (await told(made.pid, threads=True))["processes"]
        assert (zombie["state"], zombie["command"], zombie["mem_rss_bytes"]) == ("Z", [], 0)
        assert zombie["mem_pss_bytes"] is None and zombie["name"].startswith("python")


NAMES = """
import sys, time
open("/proc/self/comm", "wb").write(b"a) R 1\\n(\\xff")
print("ready", flush=True)
time.sleep(1000)
"""


async def test_names_and_command_lines_may_hold_anything() -> None:
    with program(NAMES, b"line\none) (", b"\xff\xfe", "ü", "", " ", "last") as made:
        wait_for(lambda: [one.state for one in family(made.pid)] == ["S"], what="its sleep")
        (one,) = (await told(made.pid, threads=True))["processes"]
        assert one["name"] == "a) R 1\n(\udcff" == one["thread_list"][0]["name"]
        assert one["state"] == "S" and one["ppid"] == os.getpid()
        assert one["command"][-6:] == ["line\none) (", "\udcff\udcfe", "ü", "", " ", "last"]


async def test_the_environment_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_A_TASK", "geheim")
    with program("print('ready', flush=True); import time; time.sleep(1000)") as made:
        assert "geheim" not in json.dumps(await told(made.pid, threads=True, interval=0.05))


async def test_a_long_command_line_is_cut_and_all_together_have_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    with program(FORKS, "x" * 100_000) as made:
        wait_for(lambda: len(family(made.pid)) == 15, what="all forks")
        monkeypatch.setattr(processes, "MOST_COMMANDS", 3 * processes.MOST_COMMAND)
        found = (await told(made.pid))["processes"]
        assert all(one["command_cut"] for one in found)
        sizes = [len("\0".join(one["command"])) for one in found]
        assert sizes == [processes.MOST_COMMAND] * 3 + [0] * 12


THREADS = """
import threading, time
for number in range(int(__import__("sys").argv[1])): threading.Thread(target=time.sleep, args=(1000,)).start()
print("ready", flush=True)
"""


async def test_thousands_of_threads_are_told_up_to_a_bound() -> None:
    with program(THREADS, str(processes.MOST_THREADS + 50)) as made:
        found = await told(made.pid, threads=True, interval=0.05)
        (one,) = found["processes"]
        assert one["threads"] == processes.MOST_THREADS + 51
        assert len({thread["tid"] for thread in one["thread_list"]}) == processes.MOST_THREADS
        assert found["threads_left_out"] == 51 and found["processes_left_out"] == 0
        assert one["thread_list"][-1]["cpus"] is not None


async def test_more_processes_than_are_told_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MOST_PROCESSES", 4)
    with program(FORKS) as made:
        wait_for(lambda: len(family(made.pid)) == 15, what="all forks")
        found = await told(made.pid)
        assert found["processes"][0]["pid"] == made.pid
        assert (len(found["processes"]), found["processes_left_out"]) == (4, 11)


async def test_a_reading_that_takes_long_ends_with_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "READ_SECONDS", -1.0)
    with program(FORKS) as made:
        wait_for(lambda: len(family(made.pid)) == 15, what="all forks")
        found = await told(made.pid, threads=True)
        assert (found["processes"], found["processes_left_out"]) == ([], 15)


def ended() -> int:
    """The pid of a process that is gone."""
    with subprocess.Popen([sys.executable, "-c", ""]) as one:
        return one.pid


async def test_what_vanishes_and_a_pid_that_is_anothers_are_left_out() -> None:
    with program("print('ready', flush=True); import time; time.sleep(1000)") as made:
        (alive,) = family(made.pid)
        gone = ended()
        former = Process(os.getpid(), 1, 1, "S", 0, 0, 1, 1)  # whose pid this process has now
        vanished = Process(gone, 1, 1, "S", 0, 0, 1, 1)
        data = await processes.answer(lambda: [former, vanished, alive], {}, threads=True, interval=0.01)
        found = json.loads(data)
        assert [one["pid"] for one in found["processes"]] == [made.pid]
        assert found["processes_left_out"] == found["threads_left_out"] == 0


async def test_a_reader_that_is_held_up_is_given_up_and_holds_up_no_other_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "LOOK_SECONDS", 0.05)
    held = threading.Event()

    def members() -> Sequence[Process]:
        held.wait(240)
        return []

    try:
        for _ in range(20):
            with pytest.raises(processes.TooSlow, match="could not be read"):
                await processes.answer(lambda: list(members()), {}, threads=False, interval=0.0)
        assert await pools.run(pools.READS, lambda: "read") == "read"
    finally:
        held.set()
    monkeypatch.setattr(processes, "LOOK_SECONDS", 60.0)
    assert json.loads(await processes.answer(list, {}, threads=False, interval=0.0))["processes"] == []


@pytest.mark.parametrize("data", [b"", b"7", b"7 (a) S 1 2"])
def test_what_is_no_line_of_stat_is_no_process(data: bytes) -> None:
    with pytest.raises(OSError):
        processes.parse(data)


def test_descendants_of_a_chain_of_thousands_are_found_at_once() -> None:
    chain = [Process(pid, pid - 1, 1, "S", 0, 0, 1, 1) for pid in range(2, 100_000)]
    assert [one.pid for one in base.with_descendants(chain[::-1], {2})] == list(range(99_999, 1, -1))
    assert base.with_descendants(chain, {99_999}) == chain[-1:]
    circle = [Process(5, 6, 1, "S", 0, 0, 1, 1), Process(6, 5, 1, "S", 0, 0, 1, 1)]
    assert [one.pid for one in base.with_descendants(circle, {5})] == [5, 6]
