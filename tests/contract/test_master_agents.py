"""Agents of a real dcos-master, and what becomes of their tasks: silence, return, restarts of the master, elections."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.byhand import free_port
from tests.support.daemons.zookeeper_server import ZooKeeperServer
from tests.support.mesos.rawclient import JSON, Agent, Master, Scheduler, get, request, scalar, task, until

QUICK = "--allocation_interval=50ms"
# Long enough that no test is taken for silent while it is only slow; some wait for it.
PINGS = ("--agent_ping_timeout=1secs", "--max_agent_ping_timeouts=16")
SILENCE = 16.0
AWARE: dict[str, Any] = {"capabilities": [{"type": "PARTITION_AWARE"}], "failover_timeout": 60.0}

Starter = Callable[..., Master]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Starter]:
    masters: list[Master] = []

    def start(*flags: str, name: str = "work", port: int = 0) -> Master:
        masters.append(Master(tmp_path / name, *flags, port=port).start())
        return masters[-1]

    yield start
    for master in masters:
        master.stop()
        assert "Traceback" not in master.log.read_text()


def launch(scheduler: Scheduler, agent: Agent, task_id: str) -> Any:
    (offer,) = scheduler.offers()
    assert scheduler.accept([offer], [task(task_id, offer)]).status == 202
    return agent.message("RUN_TASK")


def agents_in(master: Master) -> dict[str, Any]:
    return {agent["id"]: agent for agent in get(master.port, "/slaves")["slaves"]}


def test_an_agent_is_admitted_and_shown_with_all_it_has(start: Starter) -> None:
    master = start().leads()
    rack = {"name": "rack", "type": "TEXT", "text": {"value": "r1"}}
    agent = Agent(master.port, hostname="h1", info={"port": 5151, "attributes": [rack]})
    shown = agents_in(master)[agent.id]
    assert agent.id.endswith("-S0")
    assert agent.connected["ping_seconds"] == 15.0
    assert (shown["hostname"], shown["port"], shown["pid"]) == ("h1", 5151, "slave(1)@127.0.0.1:5151")
    assert shown["attributes"] == {"rack": "r1"}
    assert shown["resources"] == {"cpus": 4.0, "mem": 4096.0, "disk": 10240.0, "gpus": 0.0, "ports": "[31000-32000]"}
    assert (shown["active"], shown["version"]) == (True, "1.11.0")
    agent.close()


@pytest.mark.parametrize(
    ("connect", "status", "text"),
    [
        ({"version": 5}, 400, "version 5 of the agent protocol, this master versions 1, 2, 3 and 4; upgrade this"),
        ({"info": {"resources": [scalar("cpus", -1)]}}, 400, "value <= 0"),
        ({"tasks": [{"framework_id": "f", "task": {"name": "x"}, "state": "TASK_RUNNING"}]}, 400, "cannot be read"),
        ({"tasks": 7}, 400, "Expected `object`"),
    ],
)
def test_an_agent_that_cannot_be_understood_is_refused(start: Starter, connect: Any, status: int, text: str) -> None:
    master = start().leads()
    agent = Agent(master.port, **connect)
    assert agent.stream.status == status
    assert text in agent.stream.body.decode()
    assert agents_in(master) == {}


def test_messages_out_of_turn_are_refused_and_repeated_ones_are_taken_once(start: Starter) -> None:
    master = start(QUICK).leads()
    agent, scheduler = Agent(master.port), Scheduler(master.port)
    run = launch(scheduler, agent, "one")
    assert agent.update(run, "TASK_RUNNING", 1).json() == {"seq": agent.sent}
    scheduler.update("TASK_RUNNING")
    agent.sent -= 1
    assert agent.update(run, "TASK_RUNNING", 1).json() == {"seq": agent.sent}
    agent.sent += 5
    assert agent.post({"type": "PONG"}).status == 409
    assert agent.post({"type": "PONG"}, epoch=1).status == 409
    body = b'{"agent_id":"nobody","epoch":1,"messages":[]}'
    assert request(agent.port, "POST", "/internal/agent/v1/messages", JSON, body).status == 409
    assert request(agent.port, "POST", "/internal/agent/v1/messages", JSON, b"{}").status == 400
    scheduler.quiet("UPDATE", 0.3)
    scheduler.close()
    agent.close()


def test_a_second_connection_of_an_agent_ends_the_first(start: Starter) -> None:
    master = start().leads()
    first = Agent(master.port)
    second = Agent(master.port, agent_id=first.id)
    first.stream.over()
    assert second.id == first.id
    assert second.epoch > first.epoch
    assert first.post({"type": "PONG"}).status == 409
    assert second.post({"type": "PONG"}).status == 200
    second.close()


@pytest.mark.parametrize(("info", "state"), [(AWARE, "TASK_UNREACHABLE"), ({"failover_timeout": 60.0}, "TASK_LOST")])
def test_a_silent_agent_becomes_unreachable_and_its_tasks_are_known_again_when_it_returns(
    start: Starter, info: Any, state: str
) -> None:
    master = start(QUICK, *PINGS).leads()
    agent, scheduler = Agent(master.port), Scheduler(master.port, **info)
    run = launch(scheduler, agent, "one")
    agent.update(run, "TASK_RUNNING", 1)
    scheduler.update("TASK_RUNNING")
    (offer,) = scheduler.offers()
    lost = scheduler.update()
    assert (lost["state"], lost["reason"], lost["source"]) == (state, "REASON_AGENT_REMOVED", "SOURCE_MASTER")
    assert "unreachable" in lost["message"]
    assert lost["unreachable_time"]["nanoseconds"] > 0
    assert scheduler.event("FAILURE")["failure"] == {"agent_id": {"value": agent.id}}
    assert scheduler.event("RESCIND")["rescind"]["offer_id"] == offer["id"]
    agent.stream.over()
    assert agents_in(master) == {}
    (framework,) = get(master.port, "/frameworks")["frameworks"]
    assert [one["id"] for one in framework["unreachable_tasks"]] == ["one"]
    assert framework["used_resources"]["cpus"] == 0.0
    assert (
        scheduler.call("RECONCILE", tasks=[{"task_id": {"value": "x"}, "agent_id": {"value": agent.id}}]).status == 202
    )
    assert scheduler.update()["state"] == state
    back = Agent(master.port, agent_id=agent.id, tasks=[agent.running(run)], frameworks=[run["framework"]])
    again = scheduler.update()
    assert (again["state"], again["reason"]) == ("TASK_RUNNING", "REASON_AGENT_REREGISTERED")
    (framework,) = get(master.port, "/frameworks")["frameworks"]
    assert [one["state"] for one in framework["tasks"]] == ["TASK_RUNNING"]
    assert framework["unreachable_tasks"] == []
    assert framework["used_resources"]["cpus"] == 0.1
    scheduler.close()
    back.close()


def test_an_agent_that_answers_pings_stays(start: Starter) -> None:
    master = start(QUICK, *PINGS).leads()
    agent, scheduler = Agent(master.port), Scheduler(master.port)
    deadline = time.monotonic() + SILENCE + 1.0
    while time.monotonic() < deadline:
        agent.message("PING")
        assert agent.post({"type": "PONG"}).status == 200
    assert agents_in(master)[agent.id]["active"]
    scheduler.quiet("FAILURE", 0.05)
    scheduler.close()
    agent.close()


def test_a_disconnected_agent_gets_no_offers_and_loses_nothing_when_it_is_back_in_time(start: Starter) -> None:
    master = start("--allocation_interval=50ms").leads()
    agent, scheduler = Agent(master.port), Scheduler(master.port, **AWARE)
    run = launch(scheduler, agent, "one")
    (offer,) = scheduler.offers()
    agent.close()
    assert scheduler.event("RESCIND")["rescind"]["offer_id"] == offer["id"]
    assert scheduler.call("KILL", task_id={"value": "one"}).status == 202
    assert not agents_in(master)[agent.id]["active"]
    scheduler.quiet("UPDATE", 0.2)
    back = Agent(master.port, agent_id=agent.id, tasks=[agent.running(run)], frameworks=[run["framework"]])
    assert back.message("KILL_TASK")["task_id"] == {"value": "one"}
    scheduler.quiet("UPDATE", 0.05)
    (offer,) = scheduler.offers()
    assert {item["name"]: item["scalar"]["value"] for item in offer["resources"] if "scalar" in item}["cpus"] == 3.9
    scheduler.close()
    back.close()


@pytest.mark.parametrize(("info", "state"), [(AWARE, "TASK_DROPPED"), ({"failover_timeout": 60.0}, "TASK_LOST")])
def test_a_task_that_its_agent_never_got_is_told_lost(start: Starter, info: Any, state: str) -> None:
    master = start("--allocation_interval=50ms").leads()
    agent, scheduler = Agent(master.port), Scheduler(master.port, **info)
    launch(scheduler, agent, "one")
    back = Agent(master.port, agent_id=agent.id)
    status = scheduler.update()
    assert (status["state"], status["reason"]) == (state, "REASON_RECONCILIATION")
    # In one offer, or in two when the first was made before the task was known to be lost.
    until(lambda: scheduler.standing("cpus") == 4, "all is offered again")
    scheduler.close()
    back.close()


def test_an_agent_that_lost_its_id_replaces_the_silent_one_at_its_address(start: Starter) -> None:
    master = start("--allocation_interval=50ms").leads()
    old, scheduler = Agent(master.port), Scheduler(master.port, **AWARE)
    launch(scheduler, old, "one")
    old.close()
    until(lambda: not agents_in(master)[old.id]["active"], "the old one is known to be gone")
    new = Agent(master.port)
    assert new.id != old.id
    status = scheduler.update()
    assert (status["state"], status["task_id"]) == ("TASK_UNREACHABLE", {"value": "one"})
    assert "registered at the same address" in status["message"]
    until(lambda: set(agents_in(master)) == {new.id}, "only the new one is left")
    scheduler.close()
    new.close()


def test_a_restart_of_the_master_loses_nothing(start: Starter) -> None:
    master = start("--allocation_interval=50ms").leads()
    agent, scheduler = Agent(master.port), Scheduler(master.port, **AWARE)
    run = launch(scheduler, agent, "one")
    agent.update(run, "TASK_RUNNING", 1)
    scheduler.update("TASK_RUNNING")
    master.kill()
    master = start("--allocation_interval=50ms", port=master.port).leads()
    assert [one["id"] for one in get(master.port, "/state")["recovered_slaves"]] == [agent.id]
    early = Scheduler(master.port, framework_id=scheduler.id, **AWARE)
    assert early.id == scheduler.id
    asked = [{"task_id": {"value": "one"}}, {"task_id": {"value": "one"}, "agent_id": {"value": agent.id}}]
    assert early.call("RECONCILE", tasks=asked).status == 202
    early.quiet("UPDATE", 0.3)
    assert early.call("KILL", task_id={"value": "one"}).status == 202
    early.quiet("UPDATE", 0.1)
    back = Agent(master.port, agent_id=agent.id, tasks=[agent.running(run)], frameworks=[run["framework"]])
    assert back.id == agent.id
    early.quiet("UPDATE", 0.2)
    assert early.call("RECONCILE", tasks=asked[:1]).status == 202
    assert early.update()["state"] == "TASK_RUNNING"
    (offer,) = early.offers()
    assert {item["name"]: item["scalar"]["value"] for item in offer["resources"] if "scalar" in item}["cpus"] == 3.9
    early.close()
    back.close()


def test_a_framework_is_known_from_its_tasks_until_it_subscribes_again(start: Starter) -> None:
    master = start("--allocation_interval=50ms").leads()
    agent, scheduler = Agent(master.port), Scheduler(master.port, roles=["r"], name="app", **_multi_role())
    run = launch(scheduler, agent, "one")
    master.kill()
    master = start("--allocation_interval=50ms", port=master.port).leads()
    back = Agent(master.port, agent_id=agent.id, tasks=[agent.running(run)], frameworks=[run["framework"]])
    (framework,) = get(master.port, "/frameworks")["frameworks"]
    assert (framework["name"], framework["recovered"], framework["active"]) == ("app", True, False)
    assert [(one["id"], one["role"]) for one in framework["tasks"]] == [("one", "r")]
    again = Scheduler(master.port, framework_id=scheduler.id, roles=["r"], name="app", **_multi_role())
    (framework,) = get(master.port, "/frameworks")["frameworks"]
    assert (framework["recovered"], framework["active"]) == (False, True)
    assert again.call("KILL", task_id={"value": "one"}).status == 202
    assert back.message("KILL_TASK")
    again.close()
    back.close()


def _multi_role() -> Any:
    return {"failover_timeout": 60.0, "capabilities": [{"type": "MULTI_ROLE"}]}


def test_an_agent_that_does_not_come_back_to_a_new_master_in_time_is_unreachable(start: Starter) -> None:
    master = start().leads()
    agent = Agent(master.port)
    master.kill()
    master = start("--agent_reregister_timeout=20secs", port=master.port).leads()  # the scheduler is there before that
    scheduler = Scheduler(master.port, **AWARE)
    assert scheduler.event("FAILURE")["failure"] == {"agent_id": {"value": agent.id}}
    assert get(master.port, "/state")["recovered_slaves"] == []
    assert (
        scheduler.call("RECONCILE", tasks=[{"task_id": {"value": "x"}, "agent_id": {"value": agent.id}}]).status == 202
    )
    assert scheduler.update()["state"] == "TASK_UNREACHABLE"
    master.kill()
    master = start(port=master.port).leads()
    assert get(master.port, "/state")["unreachable_slaves"] == 1.0
    back = Agent(master.port, agent_id=agent.id)
    assert back.id == agent.id
    assert get(master.port, "/state")["unreachable_slaves"] == 0.0
    back.close()


def test_two_masters_cannot_share_a_work_directory(start: Starter, tmp_path: Path) -> None:
    master = start().leads()
    program = [str(Path(sys.executable).with_name("dcos-master")), "--port=0", f"--work_dir={master.work_dir}"]
    second = subprocess.run(program, capture_output=True, text=True, timeout=240, check=False)
    assert (second.returncode, second.stdout) == (1, "")
    assert "another process has this store open" in second.stderr


# --- with ZooKeeper --------------------------------------------------------------------------------------------------


def test_a_standby_redirects_takes_over_and_knows_the_agents(start: Starter, tmp_path: Path) -> None:
    server = ZooKeeperServer(tmp_path / "zookeeper")
    server.start()
    try:
        flags = (f"--zk=zk://{server.hosts}/mesos", "--zk_session_timeout=10secs", "--hostname=127.0.0.1", QUICK)
        leader = start(*flags, name="one").leads()
        standby = start(*flags, name="two")
        assert request(standby.port, "GET", "/health").status == 200
        until(lambda: request(standby.port, "GET", "/state").status == 307, "the standby knows the leader")
        for method, path, location in (
            ("GET", "/master/state?x=1", f"//127.0.0.1:{leader.port}/master/state?x=1"),
            ("POST", "/api/v1/scheduler", f"//127.0.0.1:{leader.port}/api/v1/scheduler"),
            ("GET", "/internal/agent/v1", f"//127.0.0.1:{leader.port}/internal/agent/v1"),
            ("GET", "/redirect", f"//127.0.0.1:{leader.port}"),
        ):
            answer = request(standby.port, method, path)
            assert (answer.status, answer.headers["location"]) == (307, location)
        assert get(standby.port, "/metrics/snapshot")["master/elected"] == 0.0
        agent, scheduler = Agent(leader.port), Scheduler(leader.port, **AWARE)
        run = launch(scheduler, agent, "one")
        leader.kill()
        standby.leads()
        assert [one["id"] for one in get(standby.port, "/state")["recovered_slaves"]] == [agent.id]
        back = Agent(standby.port, agent_id=agent.id, tasks=[agent.running(run)], frameworks=[run["framework"]])
        again = Scheduler(standby.port, framework_id=scheduler.id, **AWARE)
        assert again.call("RECONCILE", tasks=[]).status == 202
        assert again.update()["task_id"] == {"value": "one"}
        again.close()
        back.close()
        server.kill()
        # Nobody can have taken over meanwhile: it is suspended, and leads on when its session is there again.
        until(lambda: request(standby.port, "GET", "/state").status == 503, "it answers nothing as the leader")
        assert standby.process is not None and standby.process.poll() is None
    finally:
        server.kill()


def test_without_zookeeper_a_master_is_healthy_and_says_that_nobody_leads(start: Starter) -> None:
    master = start(f"--zk=zk://127.0.0.1:{free_port()}/mesos")
    assert request(master.port, "GET", "/health").status == 200
    for path in ("/state", "/redirect", "/api/v1/scheduler"):
        answer = request(master.port, "GET", path)
        assert (answer.status, answer.text) == (503, "No leader elected")


def test_what_a_master_decided_on_is_recorded_without_secrets_and_runs_again(start: Starter, tmp_path: Path) -> None:
    """Through a kill -9: the recordings of both lives are run through the core that is here."""
    folder = tmp_path / "recordings"
    master = start(QUICK, f"--record={folder}").leads()
    agent, scheduler = Agent(master.port), Scheduler(master.port, **AWARE)
    (offer,) = scheduler.offers()
    variables = [{"name": "PASSWORD", "value": "correct-horse-battery"}]
    secret = task("secretive", offer)
    secret["command"] = {"value": "exec sleep 3000", "environment": {"variables": variables}}
    assert scheduler.accept([offer], [secret]).status == 202
    run = agent.message("RUN_TASK")
    agent.update(run, "TASK_RUNNING", 1)
    scheduler.update("TASK_RUNNING")
    master.kill()
    master = start(QUICK, f"--record={folder}").leads()
    again = Agent(master.port, agent_id=agent.id, tasks=[agent.running(run)], frameworks=[run["framework"]])
    until(lambda: agents_in(master).get(agent.id, {}).get("active"), "the agent is back")
    again.close()
    master.stop()
    scheduler.close()
    found = sorted(folder.iterdir())
    assert len(found) == 2 and all(path.stat().st_mode & 0o077 == 0 for path in found)
    assert b"PASSWORD" in b"".join(path.read_bytes() for path in found)
    assert not any(b"correct-horse" in path.read_bytes() for path in found)
    replay = [sys.executable, "-m", "dcos_runtime.replay", *map(str, found)]
    done = subprocess.run(replay, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the effects are the same") == 2
