"""How plain processes are found, stopped and killed: in whatever groups and sessions, and nobody else."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcos_runtime.agent.launchers import supervisor
from tests.support.daemons.byhand import wait_for

LISTED = Path("/proc/thread-self/children").exists()
lists_children = pytest.mark.skipif(not LISTED, reason="this kernel lists no children (CONFIG_PROC_CHILDREN)")

TREE = """
import os, sys, time
{how}
print(flush=True)
time.sleep(1000)
"""


@contextlib.contextmanager
def family(how: str, group: int | None = 0) -> Iterator[subprocess.Popen[bytes]]:
    """A process that has made what ``how`` says, in a group of its own."""
    made = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", TREE.format(how=how)], stdout=subprocess.PIPE, process_group=group
    )
    assert made.stdout is not None
    try:
        assert made.stdout.readline() == b"\n"
        yield made
    finally:
        made.kill()
        made.wait()


def states(pids: list[int]) -> set[str]:
    return {fields[0] for pid in pids if (fields := supervisor.stat(pid))}


def below(pid: int) -> list[int]:
    found = supervisor.children_listed(pid) if LISTED else supervisor.children_scanned()(pid)
    return found + [other for child in found for other in below(child)]


FORKS = {
    "one group": "for _ in range(20):\n if not os.fork(): time.sleep(1000)",
    "a session each": "for _ in range(20):\n if not os.fork(): os.setsid(); time.sleep(1000)",
}


@pytest.mark.parametrize("how", ["one group", "a session each"])
def test_all_that_came_from_a_process_is_killed_and_it_itself_is_not(how: str) -> None:
    with family(FORKS[how]) as root:
        wait_for(lambda: len(below(root.pid)) == 20, what="twenty children")
        pids = below(root.pid)
        # The root is in the group of its children: it is kept out of what is done to the group.
        assert supervisor.stop_and_kill(root.pid) == 20
        wait_for(lambda: states(pids) <= {"Z"}, what="their ends")
        wait_for(lambda: states([root.pid]) == {"S"}, what="its sleep")  # it may have to get a processor first
        assert root.poll() is None


def test_of_one_that_has_ended_nobody_is_killed() -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    assert supervisor.stop_and_kill(ended.pid) == 0


def test_a_group_is_stopped_in_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int, int]] = []
    monkeypatch.setattr(supervisor, "send_group", lambda group, number: told.append(("group", group, number)))
    monkeypatch.setattr(supervisor, "send", lambda pid, number: not told.append(("process", pid, number)))  # type: ignore[func-returns-value]  # None: it worked
    made = {1: [10], 10: [11, 12], 12: [13]}
    monkeypatch.setattr(supervisor, "children_listed", lambda pid: made.get(pid, []))
    monkeypatch.setattr(supervisor, "children_scanned", lambda: lambda pid: made.get(pid, []))
    monkeypatch.setattr(os, "getpgid", lambda pid: {11: 11, 13: 1}.get(pid, 10))
    known: set[int] = set()
    groups: set[int] = set()
    assert supervisor.stop_new(1, known, groups, {1})
    assert known == {10, 11, 12, 13} and groups == {10, 11}
    assert [who for kind, who, _ in told if kind == "group"] == [10, 11]
    assert ("process", 13, signal.SIGSTOP) in told  # its group is one that is kept
    assert not supervisor.stop_new(1, known, groups, {1})


def test_of_those_in_a_group_each_all_are_stopped_before_anything_else_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, int]] = []
    monkeypatch.setattr(supervisor, "send_group", lambda group, number: told.append(("group", group)))

    def send(pid: int, number: int) -> bool:
        told.append(("process", pid))
        return True

    monkeypatch.setattr(supervisor, "send", send)
    monkeypatch.setattr(os, "getpgid", lambda pid: pid)
    groups: set[int] = set()
    supervisor.stop([5, 6, 7], groups, set())
    assert told[:3] == [("process", 5), ("process", 6), ("process", 7)] and groups == {5, 6, 7}
    assert sorted(told[3:]) == [("group", 5), ("group", 6), ("group", 7)]


@lists_children
def test_children_of_every_thread_are_told() -> None:
    ready, end = threading.Event(), threading.Event()
    made: list[subprocess.Popen[bytes]] = []

    def work() -> None:
        made.append(subprocess.Popen(["sleep", "1000"]))
        ready.set()
        end.wait()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        assert ready.wait(240)
        assert made[0].pid in supervisor.children_listed(os.getpid())
    finally:
        made[0].kill()
        made[0].wait()
        end.set()
        thread.join()


@lists_children
def test_more_children_than_one_read_holds_are_told() -> None:
    with family("for _ in range(20):\n if not os.fork(): time.sleep(1000)") as root:
        wait_for(lambda: len(supervisor.children_listed(root.pid)) == 20, what="twenty children")
        assert supervisor.content(f"/proc/{root.pid}/task/{root.pid}/children").split() == [
            str(pid).encode() for pid in supervisor.children_listed(root.pid)
        ]
        supervisor.stop_and_kill(root.pid)
    assert supervisor.children_listed(root.pid) == []


def test_who_kills_goes_before_others_and_is_as_usual_afterwards() -> None:
    before = os.getpriority(os.PRIO_PROCESS, 0)
    session = session_nice()
    with supervisor.thread_first():
        seen = os.getpriority(os.PRIO_PROCESS, threading.get_native_id()), session_nice()
    assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == before
    assert seen == (-20 if os.geteuid() == 0 else before, session)


ALONE = """
import os, sys
sys.path.insert(0, {folder!r})
import supervisor
os.setsid()
before = supervisor.session_nice()
with supervisor.session_first():
    first = supervisor.session_nice()
print(before.decode(), first.decode(), supervisor.session_nice().decode())
"""


def test_a_session_goes_before_others_and_is_as_usual_afterwards() -> None:
    code = ALONE.format(folder=str(Path(supervisor.__file__).parent))
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, timeout=240, check=True)
    usual = done.stdout.split()[:1]
    first = ["-20"] if os.geteuid() == 0 else usual
    assert done.stdout.split() == (usual + first + usual if usual else [])


def session_nice() -> str:
    """Empty where the kernel shares processors by something else, or does not count this session."""
    try:
        return "".join(Path(supervisor.AUTOGROUP).read_text().split()[-1:])
    except OSError:
        return ""


@pytest.mark.parametrize("told", ["", "\n", None])
def test_who_kills_does_so_where_sessions_are_not_shared_by(
    told: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file is empty in a session without a group, as under an init that began while the kernel did not share so."""
    file = tmp_path / "autogroup"
    if told is not None:
        file.write_text(told)
    monkeypatch.setattr(supervisor, "AUTOGROUP", str(file))
    with supervisor.session_first():
        pass
    assert not file.exists() or file.read_text() == told
