"""The same tasks on our agent and on a real Mesos: its reads look alike, except for what is documented.

Needs the oracle, a real Mesos 1.11.0 (`tests.support.mesos.oracle`).
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from tests.support.daemons.byhand import processes_with
from tests.support.mesos.oracle import Oracle
from tests.support.mesos.pair import Pair
from tests.support.mesos.rawclient import Scheduler, get, ports, request, scalar, task, until
from tests.support.mesos.sides import shape

pytestmark = pytest.mark.oracle


class Side(NamedTuple):
    master: int
    agent: int


@pytest.fixture(scope="module")
def theirs() -> Iterator[Side]:
    oracle = Oracle(agents=1, allocation_interval="100ms")
    yield Side(oracle.port, oracle.port + 1)
    oracle.stop()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Side]:
    folder = tmp_path_factory.mktemp("ours")
    pair = Pair(folder)
    (agent,) = until(lambda: get(pair.master.port, "/slaves")["slaves"], "the agent is there")
    yield Side(pair.master.port, agent["port"])
    pair.agent.stop()
    pair.master.stop()
    for pid in processes_with(f"MESOS_SANDBOX={folder}"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


LABELS = {"labels": [{"key": "k", "value": "v"}, {"key": "only"}]}
DISCOVERY = {"visibility": "CLUSTER", "name": "d", "ports": {"ports": [{"number": 1, "protocol": "tcp"}]}}
RESOURCES = (scalar("cpus", 0.5), scalar("mem", 32))


@pytest.fixture(scope="module", params=["theirs", "ours"])
def played(request: pytest.FixtureRequest) -> Iterator[tuple[str, Side, Any, Scheduler]]:
    """With one task that runs and one that has ended, and the agent's state."""
    side = request.getfixturevalue(request.param)
    scheduler = Scheduler(side.master, role="web", hostname="h", failover_timeout=60.0)
    (offer,) = scheduler.offers()
    common = {"labels": LABELS, "discovery": DISCOVERY}
    tasks = [
        task("runs", offer, *RESOURCES, ports((31003, 31004)), **common),
        task("ended", offer, *RESOURCES, ports((31005, 31005)), command="true", **common),
    ]
    scheduler.accept([offer], tasks, refuse_seconds=3600)
    states: dict[str, str] = {}
    while (states.get("runs"), states.get("ended")) != ("TASK_RUNNING", "TASK_FINISHED"):
        status = scheduler.update()
        states[status["task_id"]["value"]] = status["state"]

    def settled() -> Any:
        state = get(side.agent, "/state")
        (framework,) = state["frameworks"]
        return state if len(framework["executors"]) == len(framework["completed_executors"]) == 1 else None

    yield request.param, side, until(settled, "one executor is left"), scheduler
    scheduler.call("TEARDOWN")
    scheduler.close()


READS = ("/state", "/slave(1)/state", "/version", "/containers", "/monitor/statistics", "/flags", "/metrics/snapshot")


@pytest.mark.parametrize("path", [*READS, "/system/stats.json", "/files/browse?path=SANDBOX"])
def test_reads_are_plain_json(played: Any, path: str) -> None:
    _, side, state, _ = played
    path = path.replace("SANDBOX", state["frameworks"][0]["executors"][0]["directory"])
    answer = request(side.agent, "GET", path)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    called = request(side.agent, "GET", f"{path}{'&' if '?' in path else '?'}jsonp=f")
    assert called.headers["content-type"] == "text/javascript"
    assert called.text.startswith("f(")
    assert called.text.endswith(")")


def test_the_state_has_labels_as_lists_and_an_ended_executor_no_ports(played: Any) -> None:
    _, _, state, _ = played
    (framework,) = state["frameworks"]
    (running,), (ended,) = framework["executors"], framework["completed_executors"]
    assert running["resources"]["ports"] == "[31003-31004]"
    assert "ports" not in ended["resources"]
    for executor, tasks in ((running, running["tasks"]), (ended, ended["completed_tasks"])):
        (one,) = tasks
        assert executor["labels"] == one["labels"] == LABELS["labels"]
        assert one["discovery"] == DISCOVERY
        assert one["resources"]["ports"]
        assert not [status for status in one["statuses"] if "executor_pid" in status["container_status"]]


_SHAPES: dict[str, Any] = {}
_OVER: dict[str, Any] = {}
"""By side."""


def test_the_state_and_the_version_have_the_same_shape(played: Any) -> None:
    name, side, state, _ = played
    for left_out in ("flags", "capabilities", "dcos_version", "unreserved_resources_full"):
        state.pop(left_out, None)
    state["version of it"] = {key: value for key, value in get(side.agent, "/version").items() if key != "dcos_version"}
    for framework in state["frameworks"]:
        for executor in [*framework["executors"], *framework["completed_executors"]]:
            for one in [*executor["tasks"], *executor["completed_tasks"]]:
                one["statuses"] = [one["statuses"][-1]]
    _SHAPES[name] = shape(state)
    if len(_SHAPES) == 2:
        assert _SHAPES["ours"] == _SHAPES["theirs"]


def test_a_framework_that_is_over_is_told_as_it_was(played: Any) -> None:
    """Ends what the tests above look at."""
    name, side, _, scheduler = played
    scheduler.call("TEARDOWN")

    def over() -> Any:
        found = get(side.agent, "/state")["completed_frameworks"]
        return next((one for one in found if len(one["completed_executors"]) == 2), None)

    found = until(over, "the framework is over")
    assert (found["id"], found["role"]) == (scheduler.id, "web")
    assert (found["name"], found["hostname"], found["failover_timeout"]) == ("raw", "h", 60.0)
    _OVER[name] = shape({key: value for key, value in found.items() if key != "completed_executors"})
    if len(_OVER) == 2:
        assert _OVER["ours"] == _OVER["theirs"]
