"""Health checks of apps that the agent makes: what the kernel is asked for, and what the init counts of statuses."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from dcos_runtime.marathon import views
from dcos_runtime.marathon.core.definition import DefinitionRules, complete
from dcos_runtime.marathon.core.fields import Invalid
from dcos_runtime.marathon.core.taskinfo import NEVER
from dcos_runtime.wire import codec
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.tasks import CheckInfo, CheckStatusInfo, TaskState, TaskStatus
from tests.support.cores.marathon_cluster import WALL, Cluster
from tests.support.cores.marathon_steps import create, kinds, running, sent

Reason = TaskStatus.Reason


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster()
    made.connect()
    return made


def launched(cluster: Cluster, *checks: dict[str, Any]) -> str:
    create(cluster, healthChecks=list(checks))
    cluster.run(rounds=2)
    (task_id,) = cluster.tasks
    return task_id


def says(
    cluster: Cluster, task_id: str, healthy: bool, state: TaskState = TaskState.TASK_RUNNING, said_again: bool = False
) -> None:
    """The agent tells a result, or the master says it again when it is asked."""
    cluster._agent_status(task_id, state, "gone" if task_id not in cluster.tasks else cluster.tasks[task_id].agent)
    status = cluster.unacknowledged[task_id]
    cluster.events.clear()
    reason = Reason.REASON_RECONCILIATION if said_again else Reason.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED
    cluster.update(msgspec.structs.replace(status, healthy=healthy, reason=reason, timestamp=WALL + cluster.mono))
    cluster.commit()


def failures(cluster: Cluster) -> int:
    ((record,),) = [health.checks for health in cluster.core.state.apps["/web"].health.values()]
    return record.consecutive_failures


FIVE = {"delaySeconds": 1, "intervalSeconds": 2, "timeoutSeconds": 3, "gracePeriodSeconds": 4}


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ({"protocol": "MESOS_HTTP", "path": "/h"}, {"type": "HTTP", "http": {"scheme": "http", "path": "/h"}}),
        ({"protocol": "MESOS_HTTPS"}, {"type": "HTTP", "http": {"scheme": "https", "path": "/"}}),
        ({"protocol": "MESOS_TCP"}, {"type": "TCP", "tcp": {}}),
        ({"protocol": "COMMAND", "command": {"value": "test -e up"}}, {"type": "COMMAND"}),
    ],
)
def test_a_check_of_the_agent_is_handed_to_the_kernel_and_not_made_by_the_init(
    cluster: Cluster, check: dict[str, Any], expected: dict[str, Any]
) -> None:
    task = cluster.tasks[launched(cluster, {**check, **FIVE, "maxConsecutiveFailures": 5})]
    (port,) = next(iter(cluster.core.state.all_instances()))[1].host_ports
    found = msgspec.to_builtins(task.info.health_check)
    seconds = {"delay_seconds": 1.0, "interval_seconds": 2.0, "timeout_seconds": 3.0, "grace_period_seconds": 4.0}
    assert found.items() >= {**seconds, "consecutive_failures": 5, "type": expected["type"]}.items()
    for kind in ("http", "tcp"):
        if kind in expected:
            assert found[kind].items() >= {**expected[kind], "port": port}.items()
    command = task.info.health_check.command if task.info.health_check is not None else None
    assert (command.value if command is not None else None) == check.get("command", {}).get("value")
    cluster.advance(100.0)
    assert not cluster.probes and cluster.core.state.deployments


def test_what_the_agent_says_is_what_counts(cluster: Cluster) -> None:
    task_id = launched(cluster, {"protocol": "MESOS_HTTP", "maxConsecutiveFailures": 1})
    assert cluster.core.state.deployments
    says(cluster, task_id, True)
    assert not cluster.core.state.deployments
    assert kinds(cluster)[-4:-2] == ["health_status_changed_event", "instance_health_changed_event"]
    cluster.advance(1.0)
    says(cluster, task_id, False)
    assert failures(cluster) == 1 and "failed_health_check_event" in kinds(cluster)
    says(cluster, task_id, False)
    assert failures(cluster) == 1, "the same one, sent again"
    cluster.advance(1.0)
    says(cluster, task_id, False, said_again=True)
    assert failures(cluster) == 1
    says(cluster, task_id, False)
    assert failures(cluster) == 2
    assert not sent(cluster, Call.Type.KILL), "the agent kills"
    says(cluster, task_id, False, TaskState.TASK_KILLED)
    assert "unhealthy_instance_kill_event" in kinds(cluster)
    assert cluster.core.state.apps["/web"].delay is not None, "an unhealthy task adds to the backoff"


def test_after_a_restart_the_init_learns_the_health_of_tasks_by_asking(cluster: Cluster) -> None:
    task_id = launched(cluster, {"protocol": "COMMAND", "command": {"value": "true"}})
    says(cluster, task_id, True)
    cluster.crash()
    cluster.start()
    cluster.connect()
    state = cluster.core.state.apps["/web"]
    ((_, instance),) = cluster.core.state.all_instances()
    assert not state.healthy(instance)
    says(cluster, task_id, True, said_again=True)
    assert state.healthy(instance) and running(cluster)


def test_a_task_of_a_former_init_has_no_check_at_its_agent_and_is_probed(cluster: Cluster) -> None:
    launched(cluster, {"protocol": "MESOS_TCP", "delaySeconds": 0})
    ((app_state, instance),) = cluster.core.state.all_instances()
    instance.tasks[0].checked = False
    cluster.core.tasks.start_probing(app_state, instance, cluster.now)
    cluster.advance(1.0)
    assert [probe.protocol for probe in cluster.probes[:1]] == ["TCP"]


def test_no_failures_in_a_row_never_kill_at_the_agent_either(cluster: Cluster) -> None:
    info = cluster.tasks[launched(cluster, {"protocol": "MESOS_TCP", "maxConsecutiveFailures": 0})].info
    assert info.health_check is not None and info.health_check.consecutive_failures == NEVER
    current = cluster.core.state.apps["/web"].current
    assert current is not None
    assert views.app_info(cluster.core.state, current, set(), cluster.now)["healthChecks"][0]["protocol"] == "MESOS_TCP"


# --- the app's check, whose results are only shown ---


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ({"http": {"path": "/c"}}, {"type": "HTTP", "http": {"port": 80, "path": "/c"}}),
        ({"tcp": {"portIndex": 1}}, {"type": "TCP", "tcp": {"port": 90}}),
        ({"exec": {"command": {"shell": "a b"}}}, {"type": "COMMAND", "command": {"command": {"value": "a b"}}}),
        (
            {"exec": {"command": {"argv": ["a", "b"]}}},
            {"type": "COMMAND", "command": {"command": {"shell": False, "value": "a", "arguments": ["a", "b"]}}},
        ),
    ],
)
def test_a_check_is_handed_to_the_kernel_and_shown_as_it_was_given(
    cluster: Cluster, check: dict[str, Any], expected: dict[str, Any]
) -> None:
    mappings = [{"containerPort": 80}, {"containerPort": 90}]
    given = {**check, "intervalSeconds": 0, "timeoutSeconds": 3}
    create(cluster, check=given, networks=[{"mode": "container/bridge"}], container={"portMappings": mappings})
    cluster.run(rounds=2)
    (task,) = cluster.tasks.values()
    found = json.loads(codec.encode(task.info.check))
    assert found == {**expected, "delay_seconds": 15.0, "interval_seconds": 1.0, "timeout_seconds": 3.0}
    current = cluster.core.state.apps["/web"].current
    assert current is not None
    shown = views.app_info(cluster.core.state, current, set(), cluster.now)["check"]
    with_defaults = {"http": {"portIndex": 0, "path": "/c", "scheme": "HTTP"}, "tcp": {"portIndex": 1}}
    kind = next(iter(check))
    assert shown == {**given, "delaySeconds": 15, kind: with_defaults.get(kind, check[kind])}
    cluster.crash()
    cluster.start()
    assert cluster.core.state.apps["/web"].current == current


def test_the_last_result_of_a_check_is_shown_with_its_task_and_survives_a_restart(cluster: Cluster) -> None:
    create(cluster, check={"http": {}})
    cluster.run(rounds=2)
    (task_id,) = cluster.tasks

    def result(status: CheckStatusInfo | None) -> Any:
        cluster._agent_status(task_id, TaskState.TASK_RUNNING, cluster.tasks[task_id].agent)
        update = msgspec.structs.replace(cluster.unacknowledged[task_id], check_status=status)
        cluster.update(update)
        cluster.commit()
        return shown_result()

    def shown_result() -> Any:
        (task,) = views.tasks(cluster.core.state.apps["/web"])
        return task.get("checkResult")

    http = CheckStatusInfo.Http
    assert result(CheckStatusInfo(type=CheckInfo.Type.HTTP, http=http())) is None
    assert result(CheckStatusInfo(type=CheckInfo.Type.HTTP, http=http(status_code=503))) == {
        "http": {"statusCode": 503}
    }
    assert result(None) == {"http": {"statusCode": 503}}
    cluster.crash()
    cluster.start()
    assert shown_result() == {"http": {"statusCode": 503}} and not cluster.core.state.deployments
    cluster.connect()
    assert result(CheckStatusInfo(type=CheckInfo.Type.HTTP, http=http())) is None


@pytest.mark.parametrize(
    ("check", "path"),
    [
        ({}, "/check"),
        ({"http": {}, "tcp": {}}, "/check"),
        ({"http": {"portIndex": 1}}, "/check/http/portIndex"),
        ({"http": {"scheme": "HTTPS"}}, "/check/http/scheme"),
        ({"http": {"port": 5}}, "/check/http/port"),
        ({"exec": {}}, "/check/exec/command"),
        ({"exec": {"command": {}}}, "/check/exec/command"),
        ({"exec": {"command": {"shell": "a", "argv": ["b"]}}}, "/check/exec/command"),
        ({"exec": {"command": {"argv": ["a", "x" * 131_072]}}}, "/check/exec/command/argv(1)"),
        ({"tcp": {}, "delaySeconds": -1}, "/check/delaySeconds"),
        ({"tcp": {}, "gracePeriodSeconds": 1}, "/check/gracePeriodSeconds"),
    ],
)
def test_a_check_that_nobody_makes_is_refused_where_it_stands(check: dict[str, Any], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        complete({"id": "/a", "cmd": "x", "check": check}, None, DefinitionRules())
    assert list(refused.value.details) == [path]
