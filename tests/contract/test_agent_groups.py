"""Task groups on a real agent: containers within one, what they share, and that nothing is left of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.agent.clusters import by_both_launchers
from tests.support.daemons.agents import Agent, PretendedMaster
from tests.support.daemons.byhand import wait_for

ID = "agent-1"

both = by_both_launchers()


def held(cpus: float = 0.1) -> list[dict[str, Any]]:
    amounts = {"cpus": cpus, "mem": 64, "disk": 32}
    return [{"name": name, "type": "SCALAR", "scalar": {"value": amount}} for name, amount in amounts.items()]


def run(master: PretendedMaster, executor: str, commands: dict[str, str], container: Any = None) -> None:
    info = {"executor_id": {"value": executor}, "type": "DEFAULT", "resources": held()}
    tasks = [
        {
            "name": name,
            "task_id": {"value": name},
            "agent_id": {"value": ID},
            "command": {"value": command},
            "resources": held(),
            "executor": info,
            **({"container": container} if container is not None else {}),
        }
        for name, command in commands.items()
    ]
    master.run_group(ID, tasks)


def until(path: str) -> str:
    return f"until test -e {path}; do sleep 0.1; done"


def said(agent: Agent, executor: str, task: str) -> str:
    path: Path = agent.sandbox(executor) / "tasks" / task / "stdout"
    return path.read_text()


def test_a_group_outlives_its_agent_and_ends_together(master: PretendedMaster, agent: Agent) -> None:
    run(
        master,
        "pod",
        {"fails": f"echo $MESOS_TASK_ID of $MESOS_EXECUTOR_ID; {until('end')}; exit 3", "waits": "sleep 1000"},
    )
    first, second = (master.status(name, "RUNNING").container_status for name in ("fails", "waits"))
    assert first is not None and second is not None and first.container_id is not None
    assert second.container_id is not None and first.container_id.parent == second.container_id.parent is not None
    wait_for(lambda: said(agent, "pod", "fails"), 60.0, "an output")
    assert said(agent, "pod", "fails") == "fails of pod\n"
    status, shown = agent.get("/state")
    (executor,) = [one for framework in shown["frameworks"] for one in framework["executors"] if one["id"] == "pod"]
    assert status == 200 and executor["type"] == "DEFAULT" and executor["resources"]["cpus"] == 0.3
    agent.restart()
    (agent.sandbox("pod") / "tasks" / "fails" / "end").touch()
    assert master.status("fails").message == "Command exited with status 3"
    assert master.status("waits").state.value == "TASK_KILLED"
    wait_for(lambda: not agent.get("/containers")[1], 60.0, "the end of the executor's container")


def test_what_is_shared_is_asked_for(master: PretendedMaster, agent: Agent, request: pytest.FixtureRequest) -> None:
    if request.node.callspec.params["both"] != "linux":
        pytest.skip("plain processes share everything")
    parent = {"type": "SANDBOX_PATH", "sandbox_path": {"type": "PARENT", "path": "data"}}
    volume = {"container_path": "common", "mode": "RW", "source": parent}
    linux = {"share_pid_namespace": True, "ipc_mode": "SHARE_PARENT"}
    container = {"type": "MESOS", "volumes": [volume], "linux_info": linux}
    spaces = "readlink /proc/self/ns/pid /proc/self/ns/ipc"
    ready = f"{until('common/there')}; cat common/there /dev/shm/seen"
    commands = {
        "gives": f"{spaces}; echo memory > /dev/shm/seen; echo file > common/there; {until('common/end')}",
        "takes": f"{spaces}; {ready}; touch common/end",
    }
    run(master, "sharing", commands, container)
    for name in commands:
        assert master.status(name).state.value == "TASK_FINISHED"
    gave, took = (said(agent, "sharing", name).splitlines() for name in commands)
    assert took[:2] == gave[:2] and took[2:] == ["file", "memory"]
