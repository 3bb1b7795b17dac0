"""Ports of the cluster's daemons: tasks cannot bind them, and an agent goes on when another process holds its port."""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dcos_runtime.agent.containers import bpf
from dcos_runtime.agent.containers.bpf import Hook
from dcos_runtime.agent.isolators import ports
from tests.support.agent.clusters import skip_without
from tests.support.daemons.agents import Agent, PretendedMaster, remove_cgroups
from tests.support.daemons.byhand import free_port, wait_for

TRY = """
import errno, json, socket, sys
families = {"4": socket.AF_INET, "6": socket.AF_INET6}
def tried(family, kind, address, port):
    with socket.socket(families[family], getattr(socket, "SOCK_" + kind)) as made:
        try:
            for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
                made.setsockopt(socket.SOL_SOCKET, option, 1)
            made.bind((address, port))
        except OSError as error:
            return errno.errorcode[error.errno]
    return "bound"
def here(family, address):
    # A machine may be without IPv6, or keep it apart from IPv4.
    try:
        with socket.socket(families[family]) as made:
            made.bind((address, 0))
    except OSError:
        return False
    return True
addresses = (("4", "0.0.0.0"), ("4", "127.0.0.1"), ("6", "::"), ("6", "::1"), ("6", "::ffff:0.0.0.0"))
addresses = [each for each in addresses if each[0] == "4" or here(*each)]
ports = [int(port) for port in sys.argv[1:]]
kinds = ("STREAM", "DGRAM")
found = {port: sorted({tried(f, kind, a, port) for f, a in addresses for kind in kinds}) for port in ports}
print(json.dumps(found), flush=True)
"""

LOOP = """
import collections, errno, socket, sys, time
seen = collections.Counter()
while True:
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind(("0.0.0.0", int(sys.argv[1])))
        made.listen()
        print("got it", flush=True)
        time.sleep(1000)
    except OSError as error:
        seen[errno.errorcode[error.errno]] += 1
        print(dict(seen), flush=True)
    made.close()
    time.sleep(0.02)
"""


def python(code: str, *arguments: object) -> dict[str, Any]:
    """A command that runs the code with the system's Python."""
    values = ["/usr/bin/python3", "-I", "-S", "-c", code, *(str(argument) for argument in arguments)]
    return {"shell": False, "value": values[0], "arguments": values}


@contextlib.contextmanager
def cluster(folder: Path, launcher: str, port: int, *flags: str, offered: str = "") -> Iterator[Any]:
    skip_without(launcher)
    master = PretendedMaster()
    agent = Agent(folder, master.port, launcher, *flags)
    agent.argv = [word for word in agent.argv if not word.startswith("--port=")] + [f"--port={port}"]
    if offered:
        agent.argv = [word for word in agent.argv if not word.startswith("--resources=")]
        agent.argv.append(f"--resources=cpus:4;mem:4096;disk:10240;ports:{offered}")
    try:
        yield master, agent
    finally:
        agent.clean()
        master.close()


def admitted(master: PretendedMaster, agent: Agent) -> str:
    agent.start()
    master.until(lambda: f"{agent.name}.test" in master.ids, "the agent")
    wait_for(lambda: (agent.work_dir / "meta" / "agent.json").exists(), 60, "the agent's memory of its id")
    return master.ids[f"{agent.name}.test"]


def programs(root: str) -> list[list[bytes]]:
    """The tags of our programs on the cgroup of all containers, by hook."""
    mount = next(path for path in (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup")) if path.is_dir())
    cgroup = os.open(mount / root, os.O_RDONLY)
    try:
        found = [bpf.attached(cgroup, hook) for hook in Hook]
        for program in [program for some in found for program in some]:
            os.close(program.fd)
        return [[program.tag for program in some if program.name == ports.NAME] for some in found]
    finally:
        os.close(cgroup)


def test_a_task_gets_no_port_of_a_daemon_and_none_below_1024_but_offered_ones_and_any_other(tmp_path: Path) -> None:
    own = free_port()
    closed = [1, 53, 443, 1023, 2181, 5049, 5050, 5051, 5052, 8080, 8443, own]
    with cluster(tmp_path, "linux", own, "--enforce_ports", offered=f"[81-82,{own}-{own},31000-32000]") as (
        master,
        agent,
    ):
        agent_id = admitted(master, agent)
        master.run(agent_id, "try", python(TRY, *closed, 81, 8081, 31999, 0))
        master.status("try", "FINISHED")
        found = json.loads(agent.text("try"))
        assert {int(port) for port, answers in found.items() if answers == ["EPERM"]} == set(closed)
        assert found["0"] == ["bound"]
        # Somebody else may hold one of these here; what counts is that nobody forbids it.
        assert all("EPERM" not in found[port] for port in ("81", "8081", "31999"))
        assert f"--resources offers port {own}, which is this agent's own" in agent.log.read_text()


def test_a_task_does_not_get_the_port_of_an_agent_that_died_and_the_agent_comes_back_to_it(tmp_path: Path) -> None:
    own = free_port()
    with cluster(tmp_path, "linux", own) as (master, agent):
        agent_id = admitted(master, agent)
        master.run(agent_id, "loop", python(LOOP, own))
        master.status("loop", "RUNNING")
        (pid,) = wait_for(lambda: agent.pids("SO_REUSEADDR"), 60, "the task's process")[-1:]
        lines = Path(f"/proc/{pid}/cgroup").read_text().splitlines()
        (cgroup,) = [line.removeprefix("0::") for line in lines if line.startswith("0::")]
        assert cgroup.startswith(f"/{agent.cgroups_root}")
        agent.kill()
        before = len(agent.text("loop").splitlines())
        wait_for(lambda: len(agent.text("loop").splitlines()) > before + 100, 60, "a hundred tries with a dead agent")
        said = agent.text("loop").splitlines()
        assert set(re.findall(r"'(\w+)'", said[-1])) == {"EPERM"}, said[-1]
        agent.start()
        assert agent.get("/health")[0] == 200
        master.kill(agent_id, "loop")
        master.status("loop", "KILLED")


def test_a_restarted_agent_has_one_program_a_hook_and_new_ports_replace_the_old_ones(tmp_path: Path) -> None:
    with cluster(tmp_path, "linux", free_port()) as (master, agent):
        admitted(master, agent)
        first = programs(agent.cgroups_root)
        assert [len(some) for some in first] == [1, 1]
        agent.restart()
        assert programs(agent.cgroups_root) == first
        agent.kill()
        agent.argv.append("--daemon_ports=5050-5060,5070")
        agent.start()
        assert [len(some) for some in programs(agent.cgroups_root)] == [1, 1]
        assert programs(agent.cgroups_root) != first


def test_a_container_that_was_made_before_ports_were_closed_is_taken_in(tmp_path: Path) -> None:
    outside = Path("/sys/fs/cgroup/unified/cgroup.procs")
    if not outside.exists():
        pytest.skip("where control groups are unified every container is below the cgroup, whatever made it")
    with cluster(tmp_path, "linux", free_port()) as (master, agent):
        agent_id = admitted(master, agent)
        mark = f"5088{os.getpid()}"
        master.run(agent_id, "old", f"sleep {mark} & wait")
        master.status("old", "RUNNING")
        pids = wait_for(lambda: agent.pids(mark), 60, "the task's processes")
        agent.kill()
        for pid in pids:
            outside.write_text(str(pid))
        agent.start()
        for pid in pids:
            assert f"\n0::/{agent.cgroups_root}/" in Path(f"/proc/{pid}/cgroup").read_text()
        master.kill(agent_id, "old")
        master.status("old", "KILLED")


def test_an_agent_whose_port_a_task_took_names_it_and_ends_it_and_has_its_port_back(tmp_path: Path) -> None:
    own = free_port()
    with cluster(tmp_path, "posix", own) as (master, agent):
        agent_id = admitted(master, agent)
        assert "ports: not enforced" in agent.log.read_text()
        master.run(agent_id, "thief", python(LOOP, own))
        master.status("thief", "RUNNING")
        agent.kill()
        wait_for(lambda: "got it" in agent.text("thief"), 60, "the theft")
        before = len(master.connects)
        starting = threading.Thread(target=agent.start)
        starting.start()
        master.until(lambda: len(master.connects) > before, "the agent without its port")
        named = rf"port {own} is taken by pid \d+ \('/usr/bin/python3 .*of the task thief of framework framework-1"
        wait_for(lambda: re.search(named, agent.log.read_text()), 60, "the thief's name in the log")
        master.kill(agent_id, "thief")
        master.status("thief", "KILLED")
        starting.join(240)
        assert agent.get("/health")[0] == 200


@pytest.mark.parametrize("listens", [True, False])
def test_an_agent_without_tasks_ends_when_its_port_is_taken_and_says_by_whom(tmp_path: Path, listens: bool) -> None:
    with socket.socket() as held, cluster(tmp_path, "posix", 0) as (_, agent):
        held.bind(("127.0.0.1", 0))
        if listens:
            held.listen()
        agent.argv[-1] = f"--port={held.getsockname()[1]}"
        done = subprocess.run(agent.argv, capture_output=True, text=True, timeout=240)
        assert done.returncode == 1
        assert f"port {held.getsockname()[1]} is taken by pid {os.getpid()} (" in done.stderr


def test_an_agent_that_is_told_to_enforce_ports_does_not_start_where_it_cannot(tmp_path: Path) -> None:
    with cluster(tmp_path, "posix", free_port(), "--enforce_ports") as (_, agent):
        done = subprocess.run(agent.argv, capture_output=True, text=True, timeout=240)
        assert done.returncode == 1
        assert "--launcher=posix does not keep tasks from the daemons' ports" in done.stderr
        assert "; start without --enforce_ports or use --launcher=linux" in done.stderr
        assert "or start with --launcher=posix" not in done.stderr


def test_where_ports_cannot_be_closed_containers_run_only_when_nobody_asked_for_that(tmp_path: Path) -> None:
    if not Path("/sys/fs/cgroup/unified").is_dir():
        pytest.skip("only divided control groups can be without version 2")
    with cluster(tmp_path, "linux", free_port()) as (master, agent):
        agent.argv = ["unshare", "--mount", "sh", "-c", 'umount /sys/fs/cgroup/unified && exec "$@"', "sh", *agent.argv]
        done = subprocess.run([*agent.argv, "--enforce_ports"], capture_output=True, text=True, timeout=240)
        assert done.returncode == 1
        assert "--launcher=linux does not keep tasks from the daemons' ports" in done.stderr
        assert "mount cgroup2 at /sys/fs/cgroup/unified" in done.stderr
        assert "or start with --launcher=posix" not in done.stderr
        agent_id = admitted(master, agent)
        assert "--launcher=linux: ports: not enforced" in agent.log.read_text()
        master.run(agent_id, "runs", "true")
        master.status("runs", "FINISHED")


GUARD = """
import asyncio, sys
from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.isolators.ports import PortGuard
guard = PortGuard()
asyncio.run(guard.begin(Cgroups.read(), sys.argv[1]))
print(guard.shortcoming)
"""


UNIFIED = 'umount -R /sys/fs/cgroup && mount -t cgroup2 none /sys/fs/cgroup && exec "$@"'


@pytest.mark.parametrize(
    ("before", "wrong"),
    [
        ([], ""),
        (["unshare", "--mount", "sh", "-c", UNIFIED, "sh"], ""),
        (["setpriv", "--bounding-set=-bpf,-sys_admin,-net_admin"], "bpf(2) wants CAP_BPF"),
    ],
    ids=["as they are", "unified", "without the capabilities"],
)
def test_ports_are_closed_in_either_kind_of_cgroups_and_a_kernel_that_refuses_is_told_with_what_it_wants(
    before: list[str], wrong: str
) -> None:
    skip_without("linux")
    root = f"dcos-test-{os.getpid()}-guard"
    try:
        argv = [*before, sys.executable, "-c", GUARD, root]
        said = subprocess.run(argv, capture_output=True, text=True, check=True).stdout
    finally:
        remove_cgroups(root)
    assert wrong in said if wrong else "not enforced" not in said


LISTENS = """
import socket, sys, time
made = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("listening", flush=True)
time.sleep(1000)
"""


@pytest.mark.parametrize("launcher", ["posix", "linux"])
def test_a_task_that_listens_where_it_was_not_offered_is_named_and_ended_where_that_is_asked(
    launcher: str, tmp_path: Path
) -> None:
    often = ("--container_ports_watch_interval=200ms", "--container_usage_interval=200ms")
    flags = ("--enforce_container_ports", *often)
    offered, other = free_port(), free_port()
    with cluster(tmp_path, launcher, free_port(), *flags, offered=f"[{offered}-{offered}]") as (master, agent):
        agent_id = admitted(master, agent)
        ports_of = {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": offered, "end": offered}]}}
        asked = [{"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}}, ports_of]
        master.run(agent_id, "good", python(LISTENS, offered), resources=asked)
        wait_for(lambda: agent.text("good") == "listening\n", 120, "the task that may listen")
        master.run(agent_id, "bad", python(LISTENS, other), resources=asked)
        ended = master.status("bad")
        assert (ended.state.value, ended.reason and ended.reason.value) == (
            "TASK_FAILED",
            "REASON_CONTAINER_LIMITATION",
        )
        assert ended.message is not None
        assert ended.message.endswith(f"is listening on unallocated port(s): [{other}-{other}]")
        assert ended.limitation is not None and ended.limitation.resources[0].name == "ports"
        assert ended.message in agent.log.read_text()
        (shown,) = agent.get("/containers")[1]
        place, labels = f"/containers/samples?container_id={shown['container_id']}", f'task_id="{shown["source"]}"'
        wait_for(lambda: len(agent.get(place)[1]["samples"]) > 1, 120, "two samples of what the task uses")
        assert f'{labels},mode="user"}}' in agent.get("/metrics")[1] and "unallocated_ports" not in shown
        assert agent.get("/containers/samples?container_id=other")[0] == 404
        master.kill(agent_id, "good")
        assert master.status("good").state.value == "TASK_KILLED"
