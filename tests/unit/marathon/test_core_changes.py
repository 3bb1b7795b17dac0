"""The init's core on a small model of a cluster: what a change of apps leads to, with health and offers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from dcos_runtime.marathon import views
from dcos_runtime.marathon.core import events
from dcos_runtime.marathon.core.changes import Conflict, Locked, NotFound, TooManyDeployments
from dcos_runtime.marathon.core.fields import Invalid
from dcos_runtime.marathon.core.state import Settings
from dcos_runtime.wire import codec
from dcos_runtime.wire.limits import MAX_CALL
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.tasks import TaskState
from tests.support.cores.marathon_cluster import Cluster
from tests.support.cores.marathon_steps import create, definition, kinds, running, sent, update


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster(settings=Settings(kill_retry_timeout=5.0))
    made.connect()
    return made


# --- apps and deployments ---------------------------------------------------------------------------------------------


def test_an_app_is_started_and_its_deployment_ends(cluster: Cluster) -> None:
    deployment = create(cluster, instances=3)
    assert [[(action.action, action.app) for action in step] for step in deployment.steps] == [
        [("StartApplication", "/web")],
        [("ScaleApplication", "/web")],
    ]
    assert deployment.id in cluster.core.state.deployments
    cluster.run(rounds=3)
    assert len(running(cluster)) == 3 and not cluster.core.state.deployments
    assert kinds(cluster).count("deployment_success") == 1


def test_instances_are_spread_over_agents(cluster: Cluster) -> None:
    create(cluster, instances=3)
    cluster.run(rounds=3)
    assert {task.agent for task in cluster.tasks.values()} == {"a0", "a1", "a2"}


def test_an_identical_put_replaces_nothing_and_is_never_locked(cluster: Cluster) -> None:
    create(cluster)
    before = cluster.core.changes.app("/web")
    deployment = update(cluster, definition(), partial=False)
    assert deployment.steps == [] and cluster.core.changes.app("/web") is before
    assert deployment.id not in cluster.core.state.deployments


def test_a_second_change_is_locked_out_until_forced(cluster: Cluster) -> None:
    first = create(cluster, instances=3)
    with pytest.raises(Locked) as caught:
        update(cluster, {"cmd": "v2"})
    assert caught.value.deployment_ids == [first.id]
    update(cluster, {"cmd": "v2"}, force=True)
    assert first.id not in cluster.core.state.deployments
    failed = next(event for event in cluster.published if event.kind == "deployment_failed")
    assert msgspec.json.decode(failed.fields)["id"] == first.id
    cluster.run(rounds=10)
    assert {task.info.command.value for task in cluster.of("/web")} == {"v2"} and len(running(cluster)) == 3


def test_an_app_cannot_be_made_twice(cluster: Cluster) -> None:
    create(cluster)
    with pytest.raises(Conflict, match=r"An app with id \[/web\] already exists."):
        create(cluster)


def test_scaling_keeps_the_running_tasks_and_their_configurations_version(cluster: Cluster) -> None:
    create(cluster)
    cluster.run(rounds=3)
    before = running(cluster)
    deployment = update(cluster, {"instances": 3})
    assert [action.action for action in deployment.steps[0]] == ["ScaleApplication"]
    cluster.run(rounds=3)
    assert set(before) < set(running(cluster)) and len(running(cluster)) == 3
    app = cluster.core.changes.app("/web")
    assert app.config_version < app.version == app.version_info.last_scaling_at


def test_scaling_down_ends_the_youngest_or_the_oldest_as_told(cluster: Cluster) -> None:
    for app_id, selection in (("/young", "YOUNGEST_FIRST"), ("/old", "OLDEST_FIRST")):
        create(cluster, app_id, killSelection=selection)
        cluster.run(rounds=3)
        first = running(cluster, app_id)
        update(cluster, {"instances": 2}, app_id)
        cluster.run(rounds=3)
        second = set(running(cluster, app_id)) - set(first)
        update(cluster, {"instances": 1}, app_id)
        cluster.run(rounds=3)
        assert running(cluster, app_id) == (first if selection == "YOUNGEST_FIRST" else sorted(second))


def test_an_upgrade_to_a_broken_version_keeps_the_minimum_running_and_can_be_undone(cluster: Cluster) -> None:
    create(cluster, instances=4, upgradeStrategy={"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0})
    cluster.run(rounds=4)
    before = running(cluster)
    deployment = update(cluster, {"cmd": "broken"})
    for _ in range(20):
        cluster.offer()
        while cluster.deliver():
            cluster.commit()
        for task_id, task in list(cluster.tasks.items()):
            if task.info.command.value == "broken":
                cluster.end(task_id, TaskState.TASK_FAILED)
        while cluster.deliver():
            cluster.commit()
        assert len(running(cluster)) >= 2
        cluster.advance(2.0)
    kept = running(cluster)
    assert len(kept) == 2 and set(kept) < set(before)
    undo = cluster.change(lambda changes: changes.cancel(deployment.id, False))
    cluster.commit()
    assert undo.id != deployment.id
    cluster.run(rounds=80, step=5.0)
    assert set(kept) < set(running(cluster)) and len(running(cluster)) == 4, "untouched instances are left alone"
    assert {task.info.command.value for task in cluster.of("/web")} == {"v1"}
    assert not cluster.core.state.deployments


def test_undoing_a_creation_removes_the_app_and_undoing_a_removal_brings_it_back(cluster: Cluster) -> None:
    first = create(cluster, instances=2)
    cluster.change(lambda changes: changes.cancel(first.id, False))
    cluster.run(rounds=3)
    with pytest.raises(NotFound):
        cluster.core.changes.app("/web")
    create(cluster, instances=2)
    cluster.run(rounds=3)
    removal = cluster.change(lambda changes: changes.delete("/web", True))
    assert removal.id in cluster.core.state.deployments
    cluster.change(lambda changes: changes.cancel(removal.id, False))
    cluster.commit()
    cluster.run(rounds=5)
    assert len(running(cluster)) == 2 and not cluster.core.state.deployments


def test_a_deployment_dropped_by_force_leaves_things_as_they_are(cluster: Cluster) -> None:
    create(cluster, instances=2, upgradeStrategy={"minimumHealthCapacity": 1, "maximumOverCapacity": 0.5})
    cluster.run(rounds=3)
    deployment = update(cluster, {"cmd": "v2"})
    assert cluster.change(lambda changes: changes.cancel(deployment.id, True)) is None
    cluster.commit()
    cluster.run(rounds=5)
    assert len(running(cluster)) == 2 and not cluster.core.state.deployments
    assert cluster.core.changes.app("/web").cmd == "v2"


def test_removing_an_app_ends_its_tasks_and_leaves_no_key(cluster: Cluster) -> None:
    create(cluster, instances=3)
    cluster.run(rounds=3)
    cluster.end(running(cluster)[0], TaskState.TASK_FAILED)
    cluster.run(rounds=1)
    cluster.change(lambda changes: changes.delete("/web", True))
    cluster.run(rounds=3)
    assert not cluster.tasks and set(cluster.store) == {"framework/id"}
    assert "/web" not in cluster.core.state.apps and "app_terminated_event" in kinds(cluster)


def test_restart_replaces_every_instance_within_the_strategy(cluster: Cluster) -> None:
    create(cluster, instances=3)
    cluster.run(rounds=3)
    before = set(running(cluster))
    deployment = cluster.change(lambda changes: changes.restart("/web", False))
    assert [action.action for action in deployment.steps[0]] == ["RestartApplication"]
    cluster.commit()
    cluster.run(rounds=10)
    assert len(running(cluster)) == 3 and not before & set(running(cluster))


def test_a_former_version_can_be_brought_back_by_its_name(cluster: Cluster) -> None:
    create(cluster)
    first = cluster.core.changes.app("/web").version
    cluster.run(rounds=3)
    update(cluster, {"cmd": "v2"})
    cluster.run(rounds=5)
    update(cluster, {"version": first})
    cluster.run(rounds=5)
    assert {task.info.command.value for task in cluster.of("/web")} == {"v1"}
    assert cluster.core.changes.app("/web").version > first
    with pytest.raises(NotFound, match="in version nope"):
        update(cluster, {"version": "nope"})
    with pytest.raises(Invalid, match="may only be combined"):
        update(cluster, {"version": first, "cpus": 3})


def test_apps_changed_together_start_in_the_order_of_their_dependencies(cluster: Cluster) -> None:
    items = [definition("/front", dependencies=["/back"]), definition("/back"), definition("/alone")]
    deployment = cluster.change(lambda changes: changes.update_many(items, partial=True, may_create=True, force=False))
    cluster.commit()
    assert [{action.app for action in step} for step in deployment.steps] == [
        {"/front", "/back", "/alone"},
        {"/back", "/alone"},
        {"/front"},
    ]
    cluster.offer()
    while cluster.deliver():
        cluster.commit()
    assert not cluster.of("/front") and cluster.of("/back") and cluster.of("/alone")
    cluster.run(rounds=5)
    assert running(cluster, "/front") and not cluster.core.state.deployments


def test_too_many_deployments_at_a_time_are_refused() -> None:
    cluster = Cluster(settings=Settings(max_running_deployments=1))
    create(cluster, "/a")
    with pytest.raises(TooManyDeployments):
        create(cluster, "/b")


def test_killing_with_scale_ends_exactly_those_and_lowers_the_count(cluster: Cluster) -> None:
    create(cluster, instances=3, killSelection="OLDEST_FIRST")
    cluster.run(rounds=3)
    victim = list(cluster.core.state.apps["/web"].instances.values())[-1]
    cluster.change(lambda changes: changes.kill_and_scale([victim], False))
    cluster.commit()
    cluster.run(rounds=3)
    assert victim.task_id not in cluster.tasks and len(running(cluster)) == 2
    assert cluster.core.changes.app("/web").instances == 2 and not cluster.core.state.deployments


# --- offers -----------------------------------------------------------------------------------------------------------


def test_offers_are_asked_for_exactly_while_something_waits(cluster: Cluster) -> None:
    assert cluster.suppressed
    create(cluster)
    assert not cluster.suppressed
    cluster.run(rounds=3)
    assert cluster.suppressed
    cluster.end(running(cluster)[0], TaskState.TASK_FAILED)
    while cluster.deliver():
        cluster.commit()
    assert cluster.suppressed, "the backoff is not over"
    cluster.advance(1.1)
    assert not cluster.suppressed


def test_offers_nobody_wants_are_refused_for_long_and_others_shortly(cluster: Cluster) -> None:
    cluster.suppressed = False
    cluster.offer()
    cluster.deliver()
    cluster.commit()
    assert sent(cluster, Call.Type.DECLINE)[-1].decline.filters.refuse_seconds == 120.0
    create(cluster, "/big", cpus=100)
    cluster.filters.clear()
    cluster.offer()
    cluster.deliver()
    cluster.commit()
    assert sent(cluster, Call.Type.DECLINE)[-1].decline.filters.refuse_seconds == 5.0
    assert cluster.core.state.apps["/big"].statistics.rejected == {"InsufficientCpus": 3}


def test_an_app_that_fits_nowhere_does_not_stop_another(cluster: Cluster) -> None:
    create(cluster, "/big", cpus=100)
    create(cluster, "/small", instances=2)
    cluster.run(rounds=8)
    assert len(running(cluster, "/small")) == 2 and not running(cluster, "/big")


def test_one_offer_takes_only_so_many_instances_at_a_time() -> None:
    cluster = Cluster(agents=1, cpus=16.0, settings=Settings(max_instances_per_offer=2))
    cluster.connect()
    create(cluster, instances=6)
    cluster.offer()
    cluster.deliver()
    cluster.commit()
    assert len(cluster.tasks) == 2
    cluster.run(rounds=40)
    assert len(running(cluster)) == 6


def test_one_call_launches_only_so_much_that_the_master_takes_it() -> None:
    cluster = Cluster(agents=1, cpus=64.0, settings=Settings(max_instances_per_offer=60))
    cluster.connect()
    create(cluster, instances=16, env={f"V{number}": "x" * 100_000 for number in range(4)})
    cluster.calls.clear()
    cluster.offer()
    cluster.deliver()
    cluster.commit()
    (accept,) = (call for call in cluster.calls if call.type is Call.Type.ACCEPT)
    assert 2 << 20 < len(codec.encode(accept)) < MAX_CALL and 6 < len(cluster.tasks) < 16
    cluster.run(rounds=40)
    assert len(running(cluster)) == 16


def test_a_replacement_may_go_where_the_one_it_replaces_is(cluster: Cluster) -> None:
    create(cluster, instances=3, constraints=[["hostname", "UNIQUE"]])
    cluster.run(rounds=3)
    update(cluster, {"cmd": "v2"})
    cluster.run(rounds=10)
    assert len({task.agent for task in cluster.of("/web")}) == 3
    assert {task.info.command.value for task in cluster.of("/web")} == {"v2"}


# --- health -----------------------------------------------------------------------------------------------------------


def healthy_app(cluster: Cluster, **check: Any) -> None:
    create(cluster, healthChecks=[{"protocol": "HTTP", "path": "/h", "gracePeriodSeconds": 10, "intervalSeconds": 2,
                                   "maxConsecutiveFailures": 2, **check}])  # fmt: skip
    cluster.run(rounds=2)


def answer(cluster: Cluster, ok: bool | None, cause: str = "HTTP 500") -> None:
    probe = cluster.probes.pop()
    cluster.probes.clear()
    cluster.receive(events.Probed(probe.task_id, probe.index, ok, cause))
    cluster.commit()


def test_a_deployment_waits_until_the_task_is_healthy(cluster: Cluster) -> None:
    healthy_app(cluster)
    assert running(cluster) and cluster.core.state.deployments
    probe = cluster.probes[-1]
    assert (probe.protocol, probe.host, probe.path) == (
        "HTTP",
        f"host-{next(iter(cluster.tasks.values())).agent}",
        "/h",
    )
    answer(cluster, True)
    assert not cluster.core.state.deployments
    assert kinds(cluster)[-4:-2] == ["health_status_changed_event", "instance_health_changed_event"]


def test_failures_in_the_grace_period_count_only_after_a_first_success(cluster: Cluster) -> None:
    healthy_app(cluster)
    for _ in range(3):
        answer(cluster, False)
        cluster.advance(2.0)
    (task_id,) = cluster.tasks
    assert not sent(cluster, Call.Type.KILL)
    answer(cluster, True)
    cluster.advance(2.0)
    answer(cluster, False)
    cluster.advance(2.0)
    answer(cluster, False)
    assert [call.kill.task_id.value for call in sent(cluster, Call.Type.KILL)] == [task_id]
    assert "unhealthy_instance_kill_event" in kinds(cluster)
    assert cluster.core.state.apps["/web"].delay is not None, "an unhealthy task adds to the backoff"
    cluster.run(rounds=6)
    assert running(cluster) == [task_id.removesuffix("1") + "2"]


def test_a_failure_in_the_grace_period_shows_at_once_and_neither_kills_nor_is_an_event(cluster: Cluster) -> None:
    def counts() -> tuple[int, int, int]:
        state = cluster.core.state
        current = state.apps["/web"].current
        assert current is not None
        shown = views.app_info(state, current, {views.COUNTS}, cluster.now)
        return shown["tasksRunning"], shown["tasksHealthy"], shown["tasksUnhealthy"]

    healthy_app(cluster, maxConsecutiveFailures=1)
    assert counts() == (1, 0, 0)
    answer(cluster, False, "HTTP 503")
    assert counts() == (1, 0, 1)
    assert "HTTP 503" in str(views.tasks(cluster.core.state.apps["/web"]))
    assert not sent(cluster, Call.Type.KILL) and cluster.core.state.deployments
    assert not {"health_status_changed_event", "failed_health_check_event"} & set(kinds(cluster))
    cluster.advance(2.0)
    answer(cluster, True)
    assert counts() == (1, 1, 0) and not cluster.core.state.deployments
    cluster.advance(2.0)
    answer(cluster, False)
    assert kinds(cluster).count("health_status_changed_event") == 2 and sent(cluster, Call.Type.KILL)


def test_zero_consecutive_failures_never_kill(cluster: Cluster) -> None:
    healthy_app(cluster, maxConsecutiveFailures=0, gracePeriodSeconds=0)
    for _ in range(10):
        answer(cluster, False)
        cluster.advance(2.0)
    assert not sent(cluster, Call.Type.KILL)
    state = cluster.core.state.apps["/web"]
    assert next(iter(state.health.values())).alive is False


def test_a_probe_of_a_former_task_counts_for_nothing(cluster: Cluster) -> None:
    healthy_app(cluster)
    (task_id,) = cluster.tasks
    cluster.receive(events.Probed(task_id.removesuffix("1") + "9", 0, True))
    cluster.receive(events.Probed("no.instance-x._app.1", 0, True))
    assert cluster.core.state.deployments
