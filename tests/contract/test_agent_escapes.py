"""Tasks that try to get out, or to take the machine: each is held, and nothing is left of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.agent.agent_storm import AgentStorm
from tests.support.agent.clusters import skip_without
from tests.support.daemons.agents import (
    Agent,
    PretendedMaster,
    cgroups_of,
    mounts_below,
    pids_of,
    pretended_cluster,
)
from tests.support.daemons.byhand import wait_for

ID = "agent-1"
PYTHON = "exec /usr/bin/python3 -c '%s'"

DEVICES = """
import errno, json, os
found, there = {}, sorted(os.listdir("/dev"))
kinds = ((0o20000, 1, 1), (0o20000, 1, 2), (0o20000, 10, 237), (0o20000, 4, 64), (0o60000, 8, 0), (0o60000, 7, 0))
for folder in ("/tmp", "/dev"):
    for kind, major, minor in kinds:
        name = f"{folder}/{kind:o}-{major}-{minor}"
        try:
            os.mknod(name, kind | 0o666, os.makedev(major, minor))
            os.close(os.open(name, os.O_RDONLY | os.O_NONBLOCK))
            found.setdefault(folder, []).append("opened")
        except OSError as error:
            found.setdefault(folder, []).append(errno.errorcode[error.errno])
print(json.dumps(found))
print(json.dumps(there))
"""
"""The machine's memory, a loop device, a disk: none is opened, by the mount or by the control group of devices."""

ZOMBIES = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
for _ in range(150):
    if os.fork() == 0:
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                signal.pause()
        os._exit(0)
print("made", flush=True)
time.sleep(1000)
"""

BOMB = """
import os, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True:
    try:
        os.fork()
    except OSError:
        pass
"""

SHARED = """
with open("/dev/shm/bomb", "wb") as file:
    while True:
        file.write(bytes(1 << 20))
"""

LINKS = (
    "rm -f stdout; ln -s /etc/shadow stdout; ln -s / up; ln -s /proc/1/root root; ln -s ../../../.. above;"
    " echo ready >&2; sleep 1000"
)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PretendedMaster, Agent]]:
    skip_without("linux")
    with pretended_cluster(tmp_path_factory.mktemp("escapes"), "linux", "--container_pids_limit=400") as pair:
        yield pair


def left(agent: Agent) -> list[str]:
    """What is left of containers: processes, mounts, control groups, folders."""
    found = [str(path) for path in cgroups_of(agent.cgroups_root) if path.name != agent.cgroups_root]
    found += mounts_below(agent.work_dir)
    found += [str(path) for path in agent.work_dir.glob("containers/oci/*")]
    return found + [f"process {pid}" for pid in pids_of("", agent.work_dir)]


@pytest.mark.soak
def test_who_tries_to_take_the_machine_is_held_and_leaves_nothing(both: tuple[PretendedMaster, Agent]) -> None:
    """All at the same time, beside one that only works."""
    master, agent = both
    wild = {"zombies": ZOMBIES, "bomb": BOMB}
    master.run(ID, "works", "while [ ! -e go ]; do sleep 0.1; done; echo worked", cpus=0.5)
    for name, program in wild.items():
        master.run(ID, name, PYTHON % program.replace("'", '"'))
    master.run(ID, "devices", PYTHON % DEVICES)
    master.run(ID, "shared", PYTHON % SHARED, mem=48.0)
    master.run(ID, "links", LINKS)
    first, second = (json.loads(line) for line in _finished(master, agent, "devices").splitlines())
    assert (set(first["/tmp"]), set(first["/dev"])) == ({"EACCES"}, {"EPERM"}), first
    console = {"console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin"}
    assert set(second) <= {*console, "stdout", "tty", "urandom", "zero"}, second
    shared = master.status("shared")
    assert shared.state.value == "TASK_FAILED" and shared.reason is not None
    assert shared.reason.value in ("REASON_CONTAINER_LIMITATION_MEMORY", "REASON_COMMAND_EXECUTOR_FAILED"), shared
    wait_for(lambda: "made" in agent.text("zombies"), what="the zombies")
    wait_for(lambda: "ready" in agent.text("links", "stderr"), what="the links")
    for name in ("stdout", "up/etc/shadow", "root/etc/shadow", "above/meta/agent.json"):
        status, answer = agent.get(f"/files/read?path={agent.sandbox('links')}/{name}&offset=0")
        assert status in (400, 404), (name, status, answer)
    (agent.sandbox("works") / "go").touch()
    assert _finished(master, agent, "works") == "worked\n"
    for name in (*wild, "links"):
        master.kill(ID, name, 0.2)
    for name in (*wild, "links"):
        assert master.status(name).state.value == "TASK_KILLED"
        master.until_gone(name)
    for name in ("works", "devices", "shared"):
        master.until_gone(name)
    wait_for(lambda: not left(agent), 60, "the removal of all")
    assert os.path.lexists(agent.sandbox("links") / "stdout") and Path("/etc/shadow").exists()
    assert "Traceback" not in agent.log.read_text()


def _finished(master: PretendedMaster, agent: Agent, name: str) -> str:
    assert master.status(name).state.value == "TASK_FINISHED", agent.text(name, "stderr")
    return agent.text(name)


def test_an_agent_that_is_killed_while_tasks_come_and_go_loses_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    """A few moments of the storm of `tests/soak/test_agent_storm.py`."""
    skip_without("linux")
    storm = AgentStorm(tmp_path, "linux", 13)
    try:
        storm.begin()
        storm.rage(4)
        storm.calm()
        assert storm.untrue() == []
        wait_for(storm.nothing_left, 60, "the removal of all that belonged to tasks")
    finally:
        storm.close()
