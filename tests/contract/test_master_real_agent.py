"""dcos-master, the real dcos-agent and a raw-socket scheduler: tasks outlive both daemons."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.byhand import processes_with
from tests.support.mesos.operator_ladder import operate
from tests.support.mesos.pair import Pair
from tests.support.mesos.rawclient import WAIT, Scheduler, get, scalar, task, until

LASTING: dict[str, Any] = {"failover_timeout": 600.0, "capabilities": [{"type": "PARTITION_AWARE"}]}


@pytest.fixture
def pair(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pair]:
    pair = Pair(tmp_path, *getattr(request, "param", ()))
    yield pair
    pair.agent.stop()
    pair.master.stop()
    for pid in processes_with(f"MESOS_SANDBOX={tmp_path}"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert "Traceback" not in pair.master.log.read_text()


def launch(scheduler: Scheduler, task_id: str, command: str) -> Any:
    (offer,) = scheduler.offers()
    assert scheduler.accept([offer], [task(task_id, offer, command=command)]).status == 202
    return offer


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def test_a_command_runs_and_its_end_is_told(pair: Pair) -> None:
    scheduler = Scheduler(pair.master.port)
    launch(scheduler, "good", "true")
    assert scheduler.update("TASK_FINISHED")["source"] in ("SOURCE_EXECUTOR", "SOURCE_AGENT")
    launch(scheduler, "bad", "exit 7")
    assert "7" in scheduler.update("TASK_FAILED")["message"]
    until(lambda: not get(pair.master.port, "/frameworks")["frameworks"][0]["tasks"], "all is acknowledged")
    ended = get(pair.master.port, "/frameworks")["frameworks"][0]["completed_tasks"]
    assert {one["id"]: one["state"] for one in ended} == {"good": "TASK_FINISHED", "bad": "TASK_FAILED"}
    scheduler.close()


def test_a_task_outlives_restarts_of_master_and_agent_under_the_same_pid(pair: Pair) -> None:
    scheduler = Scheduler(pair.master.port, **LASTING)
    launch(scheduler, "stays", "echo $$; exec sleep 3000")
    scheduler.update("TASK_RUNNING")
    pid = pair.pid("stays")
    pair.restart_master()
    again = Scheduler(pair.master.port, framework_id=scheduler.id, **LASTING)
    until(lambda: get(pair.master.port, "/tasks")["tasks"], "the task is known again")
    again.call("RECONCILE", tasks=[{"task_id": {"value": "stays"}}])
    assert again.update()["state"] == "TASK_RUNNING"
    assert alive(pid)
    pair.agent.kill()
    until(lambda: not get(pair.master.port, "/slaves")["slaves"][0]["active"], "the agent is missed")
    pair.agent.start()
    until(lambda: get(pair.master.port, "/slaves")["slaves"][0]["active"], "the agent is back")
    assert alive(pid)
    again.call("KILL", task_id={"value": "stays"})
    assert again.update("TASK_KILLED")["task_id"] == {"value": "stays"}
    until(lambda: not alive(pid), "the process ends")
    again.close()


def test_a_task_that_ends_while_nobody_leads_is_told_afterwards(pair: Pair, tmp_path: Path) -> None:
    scheduler = Scheduler(pair.master.port, **LASTING)
    mark = tmp_path / "go"
    launch(scheduler, "ends", f"echo $$; while [ ! -e {mark} ]; do sleep 0.05; done; exit 3")
    scheduler.update("TASK_RUNNING")
    pid = pair.pid("ends")
    pair.master.kill()
    mark.touch()
    until(lambda: not alive(pid), "the process ends")
    pair.master.start().leads()
    again = Scheduler(pair.master.port, framework_id=scheduler.id, **LASTING)
    assert "3" in again.update("TASK_FAILED")["message"]
    until(lambda: not get(pair.master.port, "/frameworks")["frameworks"][0]["tasks"], "it is acknowledged")
    again.close()


def test_an_agent_full_of_the_largest_tasks_comes_back_to_another_master(pair: Pair) -> None:
    """What an agent may be given is so much that it can still tell all of it in one body."""
    scheduler = Scheduler(pair.master.port, **LASTING)
    large = {"labels": {"labels": [{"key": "a", "value": "é" * 340_000}]}}  # 2,040,000 bytes on the wire
    cpus = scalar("cpus", 0.01)
    over = {"labels": {"labels": [{"key": "a", "value": "é" * 350_000}]}}
    wanted = {**{f"t{number:02}": large for number in range(20)}, "over": over}
    for first in range(0, len(wanted), 7):  # a call holds eight of the largest at most
        (offer,) = scheduler.offers()
        tasks = [task(name, offer, cpus, **wanted[name]) for name in list(wanted)[first : first + 7]]
        assert scheduler.accept([offer], tasks, refuse_seconds=0.0).status == 202
    states: dict[str, str] = {}
    texts: dict[str, str] = {}
    while len(states) < len(wanted):
        status = scheduler.update()
        name = status["task_id"]["value"]
        if status["state"] in ("TASK_RUNNING", "TASK_ERROR"):
            states[name], texts[name] = status["state"], status.get("message", "")
        else:
            assert status["state"] in ("TASK_STARTING", "TASK_STAGING"), status
    running = {name for name, state in states.items() if state == "TASK_RUNNING"}
    assert running == {f"t{number:02}" for number in range(16)}, states
    assert "33554432" in texts["t16"] and "2097152" in texts["over"] and "'TaskInfo.labels'" in texts["over"]
    pair.restart_master()
    again = Scheduler(pair.master.port, framework_id=scheduler.id, **LASTING)

    def known() -> set[str]:
        return {one["id"] for one in get(pair.master.port, "/tasks?limit=100")["tasks"]}

    until(lambda: known() == running, "all that runs is known again")
    for name in sorted(running):
        again.call("KILL", task_id={"value": name})
    killed = {again.update("TASK_KILLED")["task_id"]["value"] for _ in running}
    assert killed == running
    assert "dropping agent" not in pair.master.log.read_text()
    again.close()


def test_the_end_of_a_framework_ends_its_tasks(pair: Pair) -> None:
    scheduler = Scheduler(pair.master.port)
    launch(scheduler, "goes", "echo $$; exec sleep 3000")
    scheduler.update("TASK_RUNNING")
    pid = pair.pid("goes")
    os.kill(pid, 0)
    scheduler.close()
    until(lambda: not alive(pid), "the process ends with its framework")


@pytest.mark.parametrize("pair", [("cpus:1;cpus(web):2;mem:512;disk:64;ports:[31000-31009]",)], indirect=True)
def test_a_task_runs_on_resources_that_its_agent_reserves_for_the_role(pair: Pair) -> None:
    refined = [{"type": "MULTI_ROLE"}, {"type": "RESERVATION_REFINEMENT"}]
    scheduler = Scheduler(pair.master.port, roles=["web"], capabilities=refined)
    (offer,) = scheduler.offers()
    reserved = {"reservations": [{"type": "STATIC", "role": "web"}]}
    wanted = [scalar("cpus", 1.5, **reserved), scalar("cpus", 0.5), scalar("mem", 32)]
    assert scheduler.accept([offer], [task("one", offer, *wanted)]).status == 202
    scheduler.update("TASK_RUNNING")
    (agent,) = get(pair.master.port, "/slaves")["slaves"]
    assert agent["reserved_resources"]["web"]["cpus"] == 2.0 and agent["unreserved_resources"]["cpus"] == 1.0
    assert agent["used_resources"]["cpus"] == 2.0
    own = get(pair.port, "/state")
    assert own["reserved_resources"] == agent["reserved_resources"]
    assert own["reserved_resources_full"] == agent["reserved_resources_full"]
    assert own["reserved_resources_allocated"]["web"]["cpus"] == 1.5
    assert own["unreserved_resources_allocated"]["cpus"] == 0.5
    pair.restart_master()
    until(lambda: get(pair.master.port, "/slaves")["slaves"], "the agent is back")
    (agent,) = get(pair.master.port, "/slaves")["slaves"]
    assert agent["used_resources"]["cpus"] == 2.0
    scheduler.close()


def test_an_agent_is_drained_through_restarts_of_both_daemons_offered_again_and_gone(
    pair: Pair, tmp_path: Path
) -> None:
    scheduler = Scheduler(pair.master.port, **LASTING)
    mark = tmp_path / "go"
    stubborn = f"echo $$; trap '' TERM; while [ ! -e {mark} ]; do sleep 0.05; done; kill -9 $$"
    (offer,) = scheduler.offers()
    agent_id = offer["agent_id"]
    patient = {"kill_policy": {"grace_period": {"nanoseconds": 10**15}}}
    tasks = [task("stays", offer, command=stubborn, **patient), task("goes", offer)]
    assert scheduler.accept([offer], tasks).status == 202
    for _ in tasks:
        scheduler.update("TASK_RUNNING")
    pid = pair.pid("stays")

    def shown() -> Any:
        (agent,) = get(pair.master.port, "/slaves")["slaves"]
        return agent.get("drain_info", {}).get("state"), agent["deactivated"], agent["active"]

    until(lambda: scheduler.standing_offers(), "what is left is offered")
    drain = {"agent_id": agent_id, "max_grace_period": {"seconds": 100_000}}
    assert operate(pair.master.port, "DRAIN_AGENT", **drain).status == 200
    assert scheduler.update("TASK_KILLED")["reason"] == "REASON_AGENT_DRAINING"
    until(lambda: not scheduler.standing_offers(), "it is not offered any more")
    assert operate(pair.master.port, "REACTIVATE_AGENT", agent_id=agent_id).status == 400
    pair.agent.kill()
    pair.restart_master()
    pair.agent.start()
    again = Scheduler(pair.master.port, framework_id=scheduler.id, **LASTING)
    until(lambda: get(pair.master.port, "/slaves")["slaves"], "the agent is back")
    assert shown() == ("DRAINING", True, False) and get(pair.port, "/state")["drain_config"]["mark_gone"] is False
    assert alive(pid), "its grace is not over"
    mark.touch()
    ends: dict[str, Any] = {}

    def over() -> bool:
        """Of the other task, too, the end may be told again: the agent was killed."""
        while not again.stream.events.empty():
            event = again.stream.events.get()
            if event["type"] != "UPDATE":
                again.skipped.append(event)
                continue
            status = event["update"]["status"]
            again.acknowledge(status)
            ends[status["task_id"]["value"]] = status["state"], status["reason"]
        return bool(shown() == ("DRAINED", True, False))

    until(over, "it is drained")
    assert ends["stays"] == ("TASK_KILLED", "REASON_AGENT_DRAINING")
    until(lambda: "drain_config" not in get(pair.port, "/state"), "the agent knows it, too")
    assert operate(pair.master.port, "REACTIVATE_AGENT", agent_id=agent_id).status == 200
    assert shown() == (None, False, True)
    (offer,) = again.offers()
    assert again.accept([offer], [task("last", offer)], refuse_seconds=3600).status == 202
    again.update("TASK_RUNNING")
    assert operate(pair.master.port, "DRAIN_AGENT", **drain, mark_gone=True).status == 200
    assert again.update("TASK_GONE_BY_OPERATOR")["reason"] == "REASON_AGENT_DRAINING"
    until(lambda: not get(pair.master.port, "/slaves")["slaves"], "the agent is gone")
    assert pair.agent.process is not None and pair.agent.process.wait(WAIT) is not None
    again.close()


def test_an_agent_ends_with_its_tasks_when_its_machine_is_down_and_comes_back_when_it_is_up(pair: Pair) -> None:
    scheduler = Scheduler(pair.master.port, **LASTING)
    (offer,) = scheduler.offers()
    assert scheduler.accept([offer], [task("stays", offer, command="echo $$; exec sleep 1000")]).status == 202
    scheduler.update("TASK_RUNNING")
    pid = pair.pid("stays")
    machine = {"hostname": offer["hostname"].upper(), "ip": "127.0.0.1"}
    window = {"machine_ids": [machine], "unavailability": {"start": {"nanoseconds": 1}}}
    assert operate(pair.master.port, "UPDATE_MAINTENANCE_SCHEDULE", schedule={"windows": [window]}).status == 200
    (asked,) = scheduler.event("INVERSE_OFFERS")["inverse_offers"]["inverse_offers"]
    assert asked["agent_id"] == offer["agent_id"]
    assert operate(pair.master.port, "START_MAINTENANCE", machines=[machine]).status == 200
    assert scheduler.update("TASK_LOST")["message"].endswith("Operator initiated 'Machine DOWN'")
    assert pair.agent.process is not None and pair.agent.process.wait(WAIT) == 1
    until(lambda: not alive(pid), "nothing runs there")
    pair.restart_master()
    pair.agent.start()
    assert pair.agent.process.wait(WAIT) == 1, "it is sent away by the next master, too"
    assert operate(pair.master.port, "STOP_MAINTENANCE", machines=[machine]).status == 200
    pair.agent.start()
    until(lambda: get(pair.master.port, "/slaves")["slaves"], "the agent is back")
    assert get(pair.master.port, "/slaves")["slaves"][0]["id"] != offer["agent_id"]["value"]
    scheduler.close()
