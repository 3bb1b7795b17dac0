"""Real daemons beside those of the former version, and above what those wrote: tasks run on, and nothing is guessed."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from dcos_runtime.agent.core import stored
from dcos_runtime.agent.core.stored import FormerTask
from dcos_runtime.store.sqlite import SqliteStore
from dcos_runtime.wire import codec
from dcos_runtime.wire.internal import VERSION
from tests.support.daemons.agents import WAIT, Agent, PretendedMaster
from tests.support.daemons.byhand import free_port, wait_for
from tests.support.mesos.rawclient import Agent as RawAgent
from tests.support.mesos.rawclient import Master, get


def as_the_former_version_wrote(meta: Path) -> None:
    """The agent's checkpoints, of which none told a version then."""
    for path in meta.rglob("*.json"):
        value = path.read_bytes()
        if path.parent.name == "tasks":
            run = stored.read_run(value)
            (task,) = run.tasks
            names = ("framework_id", "task_id", "task", "state", "status", "history", "pending", "kill")
            former: dict[str, Any] = {name: getattr(task, name) for name in names}
            former |= {name: getattr(run.container, name) for name in ("container_id", "launcher", "stage", "pid")}
            value = codec.encode(FormerTask(**former, started=run.container.started))
        else:
            (value,) = (codec.encode(item) for name, item in json.loads(value).items() if name != "version")
        assert b'"version"' not in value
        path.write_bytes(value)


def registry(work_dir: Path, entries: dict[str, bytes] | None = None) -> dict[str, Any]:
    """What the registry holds; with ``entries`` one is made."""
    path = work_dir / "registry.sqlite"
    if entries is not None:

        async def write() -> None:
            store = SqliteStore(path)
            await store.load()
            await store.write(dict(entries))
            await store.close()

        asyncio.run(write())
    with sqlite3.connect(path) as connection:
        found = {key: json.loads(value) for key, value in connection.execute("SELECT key, value FROM entries")}
    connection.close()
    return found


def test_a_task_outlives_the_upgrade_of_its_agent_of_the_registry_and_of_the_master(tmp_path: Path) -> None:
    former = PretendedMaster(spoken=[1], port=free_port())
    agent = Agent(tmp_path, former.port, "posix")
    master = Master(tmp_path / "master", port=former.port)
    try:
        agent.start()
        former.until(lambda: former.connected, "the agent")
        former.run("agent-1", "stays", "exec sleep 3000")
        former.status("stays", "RUNNING")
        (pid,) = wait_for(lambda: agent.pids("MESOS_TASK_ID=stays"), WAIT, "its process")
        agent.kill()
        as_the_former_version_wrote(agent.work_dir / "meta")
        connects = len(former.connects)
        agent.start()
        former.until(lambda: len(former.connects) > connects, "the agent again")
        call = former.connects[-1]
        assert [(reported.framework_id, reported.state.value) for reported in call.tasks] == [
            ("framework-1", "TASK_RUNNING")
        ]
        assert "in version 1 of the agent protocol" in agent.log.read_text()
        former.close()
        kept = {"info": json.loads(codec.encode(call.agent))}
        assert registry(master.work_dir, {"agents/agent-1": codec.encode(kept)}) == {"agents/agent-1": kept}
        master.start().leads()
        (task,) = wait_for(lambda: get(master.port, "/tasks")["tasks"], WAIT, "the task, told by its agent")
        assert (task["id"], task["state"], task["slave_id"]) == ("stays", "TASK_RUNNING", "agent-1")
        (shown,) = get(master.port, "/slaves")["slaves"]
        assert (shown["id"], shown["active"]) == ("agent-1", True)
        assert agent.pids("MESOS_TASK_ID=stays") == [pid]
        assert master.stop() == 0
        assert registry(master.work_dir) == {"agents/agent-1": {**kept, "version": 2}}
    finally:
        agent.clean()
        if master.process is not None:
            master.stop()


def test_a_registry_of_a_version_that_is_not_known_is_not_touched(tmp_path: Path) -> None:
    work_dir = tmp_path / "master"
    before = registry(work_dir, {"agents/s1": b'{"version":4,"agent":"of another form"}'})
    program = str(Path(sys.executable).with_name("dcos-master"))
    ended = subprocess.run(
        [program, f"--port={free_port()}", f"--work_dir={work_dir}"],
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )
    assert ended.returncode == 1
    assert "the registry's entry agents/s1 is of version 4, and this master reads 1, 2 and 3; nothing" in ended.stderr
    assert "Traceback" not in ended.stderr and registry(work_dir) == before


def test_an_agent_leaves_a_master_of_a_version_that_is_not_known_alone(tmp_path: Path) -> None:
    newer = PretendedMaster(spoken=[5, 6])
    agent = Agent(tmp_path, newer.port, "posix")
    try:
        agent.start()
        text = "the master speaks versions 5 and 6 of the agent protocol, this agent versions 1, 2, 3 and 4; upgrade"
        wait_for(lambda: text in agent.log.read_text(), WAIT, "why it does not register")
        assert not newer.connects
    finally:
        agent.clean()
        newer.close()


def test_agents_of_both_versions_are_members(tmp_path: Path) -> None:
    master = Master(tmp_path / "master").start().leads()
    try:
        former = RawAgent(master.port, hostname="former")
        present = RawAgent(master.port, hostname="present", versions=[1, 2])
        newer = RawAgent(master.port, hostname="newer", version=VERSION, versions=[VERSION, VERSION + 1])
        assert [one.connected["version"] for one in (former, present, newer)] == [1, 2, VERSION]
        shown = get(master.port, "/slaves")["slaves"]
        assert sorted(one["hostname"] for one in shown if one["active"]) == ["former", "newer", "present"]
        for one in (former, present, newer):
            one.close()
    finally:
        assert master.stop() == 0
    assert "Traceback" not in master.log.read_text()
