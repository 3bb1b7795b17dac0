"""The init's core on a small model of a cluster: one thing that happens at a time, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from dcos_runtime.marathon.core.changes import Conflict, Locked, NotFound, TooManyDeployments
from dcos_runtime.marathon.core.fields import Invalid
from dcos_runtime.marathon.core.instance import Condition
from dcos_runtime.marathon.core.world import Settings
from dcos_runtime.wire.common import AgentID, TaskID
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.tasks import TaskState, TaskStatus
from tests.unit.marathon.cluster import Cluster


def definition(app_id: str = "/web", **data: Any) -> dict[str, Any]:
    return {"id": app_id, "cmd": "v1", "cpus": 0.5, "mem": 32, **data}


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster(settings=Settings(kill_retry_timeout=5.0))
    made.connect()
    return made


def create(cluster: Cluster, app_id: str = "/web", **data: Any):
    _, deployment = cluster.change(lambda changes: changes.create(definition(app_id, **data), False))
    cluster.commit()
    return deployment


def update(cluster: Cluster, data: dict[str, Any], app_id: str = "/web", *, force: bool = False, partial: bool = True):
    deployment, _ = cluster.change(
        lambda changes: changes.update(app_id, data, partial=partial, may_create=True, force=force)
    )
    cluster.commit()
    return deployment


def running(cluster: Cluster, app_id: str = "/web") -> list[str]:
    return sorted(task.info.task_id.value for task in cluster.of(app_id) if task.state is TaskState.TASK_RUNNING)


def kinds(cluster: Cluster) -> list[str]:
    return [event.kind for event in cluster.published]


def sent(cluster: Cluster, kind: Call.Type) -> list[Call]:
    return [call for call in cluster.calls if call.type is kind]


# --- apps and deployments ---------------------------------------------------------------------------------------------


def test_an_app_is_started_and_its_deployment_ends(cluster: Cluster) -> None:
    deployment = create(cluster, instances=3)
    assert [[(action.action, action.app) for action in step] for step in deployment.steps] == [
        [("StartApplication", "/web")],
        [("ScaleApplication", "/web")],
    ]
    assert deployment.id in cluster.core.world.deployments
    cluster.settle(rounds=3)
    assert len(running(cluster)) == 3 and not cluster.core.world.deployments
    assert kinds(cluster).count("deployment_success") == 1


def test_instances_are_spread_over_agents(cluster: Cluster) -> None:
    create(cluster, instances=3)
    cluster.settle(rounds=3)
    assert {task.agent for task in cluster.tasks.values()} == {"a0", "a1", "a2"}


def test_an_identical_put_replaces_nothing_and_is_never_locked(cluster: Cluster) -> None:
    create(cluster)
    before = cluster.core.changes.app("/web")
    deployment = update(cluster, definition(), partial=False)
    assert deployment.steps == [] and cluster.core.changes.app("/web") is before
    assert deployment.id not in cluster.core.world.deployments


def test_a_second_change_is_locked_out_until_forced(cluster: Cluster) -> None:
    first = create(cluster, instances=3)
    with pytest.raises(Locked) as caught:
        update(cluster, {"cmd": "v2"})
    assert caught.value.deployment_ids == [first.id]
    update(cluster, {"cmd": "v2"}, force=True)
    assert first.id not in cluster.core.world.deployments
    failed = next(event for event in cluster.published if event.kind == "deployment_failed")
    assert failed.fields["id"] == first.id
    cluster.settle(rounds=10)
    assert {task.info.command.value for task in cluster.of("/web")} == {"v2"} and len(running(cluster)) == 3


def test_an_app_cannot_be_made_twice(cluster: Cluster) -> None:
    create(cluster)
    with pytest.raises(Conflict, match=r"An app with id \[/web\] already exists."):
        create(cluster)


def test_scaling_keeps_the_running_tasks_and_their_configurations_version(cluster: Cluster) -> None:
    create(cluster)
    cluster.settle(rounds=3)
    before = running(cluster)
    deployment = update(cluster, {"instances": 3})
    assert [action.action for action in deployment.steps[0]] == ["ScaleApplication"]
    cluster.settle(rounds=3)
    assert set(before) < set(running(cluster)) and len(running(cluster)) == 3
    app = cluster.core.changes.app("/web")
    assert app.config_version < app.version == app.version_info.last_scaling_at


def test_scaling_down_ends_the_youngest_or_the_oldest_as_told(cluster: Cluster) -> None:
    for app_id, selection in (("/young", "YOUNGEST_FIRST"), ("/old", "OLDEST_FIRST")):
        create(cluster, app_id, killSelection=selection)
        cluster.settle(rounds=3)
        first = running(cluster, app_id)
        update(cluster, {"instances": 2}, app_id)
        cluster.settle(rounds=3)
        second = set(running(cluster, app_id)) - set(first)
        update(cluster, {"instances": 1}, app_id)
        cluster.settle(rounds=3)
        assert running(cluster, app_id) == (first if selection == "YOUNGEST_FIRST" else sorted(second))


def test_an_upgrade_to_a_broken_version_keeps_the_minimum_running_and_can_be_undone(cluster: Cluster) -> None:
    create(cluster, instances=4, upgradeStrategy={"minimumHealthCapacity": 0.5, "maximumOverCapacity": 0})
    cluster.settle(rounds=4)
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
    cluster.settle(rounds=80, step=5.0)
    assert set(kept) < set(running(cluster)) and len(running(cluster)) == 4, "untouched instances are left alone"
    assert {task.info.command.value for task in cluster.of("/web")} == {"v1"}
    assert not cluster.core.world.deployments


def test_undoing_a_creation_removes_the_app_and_undoing_a_removal_brings_it_back(cluster: Cluster) -> None:
    first = create(cluster, instances=2)
    cluster.change(lambda changes: changes.cancel(first.id, False))
    cluster.settle(rounds=3)
    with pytest.raises(NotFound):
        cluster.core.changes.app("/web")
    create(cluster, instances=2)
    cluster.settle(rounds=3)
    removal = cluster.change(lambda changes: changes.delete("/web", True))
    assert removal.id in cluster.core.world.deployments
    cluster.change(lambda changes: changes.cancel(removal.id, False))
    cluster.commit()
    cluster.settle(rounds=5)
    assert len(running(cluster)) == 2 and not cluster.core.world.deployments


def test_a_deployment_dropped_by_force_leaves_things_as_they_are(cluster: Cluster) -> None:
    create(cluster, instances=2, upgradeStrategy={"minimumHealthCapacity": 1, "maximumOverCapacity": 0.5})
    cluster.settle(rounds=3)
    deployment = update(cluster, {"cmd": "v2"})
    assert cluster.change(lambda changes: changes.cancel(deployment.id, True)) is None
    cluster.commit()
    cluster.settle(rounds=5)
    assert len(running(cluster)) == 2 and not cluster.core.world.deployments
    assert cluster.core.changes.app("/web").cmd == "v2"


def test_removing_an_app_ends_its_tasks_and_leaves_no_key(cluster: Cluster) -> None:
    create(cluster, instances=3)
    cluster.settle(rounds=3)
    cluster.end(running(cluster)[0], TaskState.TASK_FAILED)
    cluster.settle(rounds=1)
    cluster.change(lambda changes: changes.delete("/web", True))
    cluster.settle(rounds=3)
    assert not cluster.tasks and set(cluster.store) == {"framework/id"}
    assert "/web" not in cluster.core.world.apps and "app_terminated_event" in kinds(cluster)


def test_restart_replaces_every_instance_within_the_strategy(cluster: Cluster) -> None:
    create(cluster, instances=3)
    cluster.settle(rounds=3)
    before = set(running(cluster))
    deployment = cluster.change(lambda changes: changes.restart("/web", False))
    assert [action.action for action in deployment.steps[0]] == ["RestartApplication"]
    cluster.commit()
    cluster.settle(rounds=10)
    assert len(running(cluster)) == 3 and not before & set(running(cluster))


def test_a_former_version_can_be_brought_back_by_its_name(cluster: Cluster) -> None:
    create(cluster)
    first = cluster.core.changes.app("/web").version
    cluster.settle(rounds=3)
    update(cluster, {"cmd": "v2"})
    cluster.settle(rounds=5)
    update(cluster, {"version": first})
    cluster.settle(rounds=5)
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
    cluster.settle(rounds=5)
    assert running(cluster, "/front") and not cluster.core.world.deployments


def test_too_many_deployments_at_a_time_are_refused() -> None:
    cluster = Cluster(settings=Settings(max_running_deployments=1))
    create(cluster, "/a")
    with pytest.raises(TooManyDeployments):
        create(cluster, "/b")


def test_killing_with_scale_ends_exactly_those_and_lowers_the_count(cluster: Cluster) -> None:
    create(cluster, instances=3, killSelection="OLDEST_FIRST")
    cluster.settle(rounds=3)
    victim = list(cluster.core.world.apps["/web"].instances.values())[-1]
    cluster.change(lambda changes: changes.kill_and_scale([victim], False))
    cluster.commit()
    cluster.settle(rounds=3)
    assert victim.task_id not in cluster.tasks and len(running(cluster)) == 2
    assert cluster.core.changes.app("/web").instances == 2 and not cluster.core.world.deployments


# --- tasks that end ---------------------------------------------------------------------------------------------------


def test_a_failed_task_is_replaced_in_its_place_after_the_backoff(cluster: Cluster) -> None:
    create(cluster, backoffSeconds=10)
    cluster.settle(rounds=2)
    (first,) = running(cluster)
    cluster.end(first, TaskState.TASK_FAILED)
    cluster.settle(rounds=2)
    assert not cluster.tasks and cluster.core.world.apps["/web"].failure.state == "TASK_FAILED"
    cluster.settle(rounds=12)
    assert running(cluster) == [first.removesuffix("1") + "2"]


def test_the_backoff_grows_by_its_factor_to_its_limit_and_is_forgotten_once_a_task_stays(cluster: Cluster) -> None:
    create(cluster, backoffSeconds=2, backoffFactor=3, maxLaunchDelaySeconds=10)
    state = cluster.core.world.apps["/web"]
    seen = []
    for _ in range(4):
        cluster.settle(rounds=3 + int(seen[-1] if seen else 0))
        cluster.end(running(cluster)[0], TaskState.TASK_FAILED)
        while cluster.deliver():
            cluster.commit()
        seen.append(state.delay.seconds)
    assert seen == [2.0, 6.0, 10.0, 10.0]
    cluster.settle(rounds=25)
    cluster.advance(61.0)
    cluster.end(running(cluster)[0], TaskState.TASK_FAILED)
    while cluster.deliver():
        cluster.commit()
    assert state.delay.seconds == 2.0


def test_many_tasks_lost_at_once_are_one_failure_and_not_a_backoff_of_minutes(cluster: Cluster) -> None:
    create(cluster, instances=6)
    cluster.settle(rounds=4)
    for task_id in running(cluster):
        cluster.end(task_id, TaskState.TASK_FAILED)
    while cluster.deliver():
        cluster.commit()
    assert cluster.core.world.apps["/web"].delay.seconds == 1.0


def test_a_task_killed_on_request_is_replaced_without_backoff(cluster: Cluster) -> None:
    create(cluster)
    cluster.settle(rounds=3)
    instances = list(cluster.core.world.apps["/web"].instances.values())
    cluster.change(lambda changes: changes.kill(instances, False))
    cluster.commit()
    while cluster.deliver():
        cluster.commit()
    assert cluster.core.world.apps["/web"].delay is None
    cluster.settle(rounds=1)
    assert running(cluster) == [f"{instances[0].id}._app.2"]


def test_an_offer_gone_in_between_is_nobodys_failure(cluster: Cluster) -> None:
    create(cluster)
    cluster.offer()
    cluster.deliver()
    cluster.commit()
    (task_id,) = cluster.tasks
    del cluster.tasks[task_id]
    status = TaskStatus(
        task_id=TaskID(value=task_id), state=TaskState.TASK_DROPPED, reason=TaskStatus.Reason.REASON_INVALID_OFFERS
    )
    cluster.core.update(cluster.now, status)
    cluster.commit()
    assert cluster.core.world.apps["/web"].delay is None
    cluster.settle(rounds=2)
    assert len(running(cluster)) == 1


def test_resetting_the_delay_launches_at_once(cluster: Cluster) -> None:
    create(cluster, backoffSeconds=300)
    cluster.settle(rounds=2)
    cluster.end(running(cluster)[0], TaskState.TASK_FAILED)
    cluster.settle(rounds=2)
    assert not cluster.tasks
    cluster.change(lambda changes: changes.reset_delay("/web"))
    cluster.commit()
    cluster.settle(rounds=2)
    assert running(cluster)
    with pytest.raises(NotFound, match="not found in tasks queue"):
        cluster.core.changes.reset_delay("/web")


def test_a_kill_is_sent_again_until_the_task_ends(cluster: Cluster) -> None:
    create(cluster)
    cluster.settle(rounds=3)
    cluster._kill = lambda task_id: None  # type: ignore[method-assign]  # the agent does not obey
    cluster.change(lambda changes: changes.delete("/web", True))
    cluster.commit()
    cluster.settle(rounds=16, step=1.0)
    assert len(sent(cluster, Call.Type.KILL)) >= 3
    assert cluster.core.world.deployments
    cluster.end(next(iter(cluster.tasks)), TaskState.TASK_KILLED)
    cluster.settle(rounds=1)
    assert not cluster.core.world.deployments


def test_a_launch_that_nothing_is_heard_of_is_asked_about_and_tried_again(cluster: Cluster) -> None:
    create(cluster)
    cluster.offer()
    cluster.deliver()
    cluster.core.take()  # decided, and lost before it was stored or sent
    cluster._offers.clear()
    cluster.settle(rounds=40, step=1.0)
    assert len(running(cluster)) == 1


def test_a_task_that_never_gets_to_run_is_ended_and_tried_again() -> None:
    cluster = Cluster(settings=Settings(launch_timeout=60.0))
    cluster.connect()
    create(cluster)
    cluster.offer()
    cluster.deliver()
    cluster.commit()
    (stuck,) = cluster.tasks
    for _ in range(90):
        cluster.advance(1.0)
        while cluster.deliver():
            cluster.commit()
    assert stuck not in cluster.tasks
    cluster.settle(rounds=5)
    assert running(cluster) == [stuck.removesuffix("1") + "2"]


# --- offers -----------------------------------------------------------------------------------------------------------


def test_offers_are_asked_for_exactly_while_something_waits(cluster: Cluster) -> None:
    assert cluster.suppressed
    create(cluster)
    assert not cluster.suppressed
    cluster.settle(rounds=3)
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
    assert cluster.core.world.apps["/big"].statistics.rejected == {"InsufficientCpus": 3}


def test_an_app_that_fits_nowhere_does_not_stop_another(cluster: Cluster) -> None:
    create(cluster, "/big", cpus=100)
    create(cluster, "/small", instances=2)
    cluster.settle(rounds=8)
    assert len(running(cluster, "/small")) == 2 and not running(cluster, "/big")


def test_one_offer_takes_only_so_many_instances_at_a_time() -> None:
    cluster = Cluster(agents=1, cpus=16.0, settings=Settings(max_instances_per_offer=2))
    cluster.connect()
    create(cluster, instances=6)
    cluster.offer()
    cluster.deliver()
    cluster.commit()
    assert len(cluster.tasks) == 2
    cluster.settle(rounds=40)
    assert len(running(cluster)) == 6


def test_a_replacement_may_go_where_the_one_it_replaces_is(cluster: Cluster) -> None:
    create(cluster, instances=3, constraints=[["hostname", "UNIQUE"]])
    cluster.settle(rounds=3)
    update(cluster, {"cmd": "v2"})
    cluster.settle(rounds=10)
    assert len({task.agent for task in cluster.of("/web")}) == 3
    assert {task.info.command.value for task in cluster.of("/web")} == {"v2"}


# --- agents out of reach ----------------------------------------------------------------------------------------------


def test_an_unreachable_task_is_replaced_at_once_and_killed_when_it_returns(cluster: Cluster) -> None:
    create(cluster, instances=3)
    cluster.settle(rounds=3)
    lost = {task.info.task_id.value for task in cluster.tasks.values() if task.agent == "a1"}
    cluster.lose_agent("a1")
    cluster.settle(rounds=3)
    assert len(running(cluster)) == 4 and lost < set(running(cluster)), "the model's agent still runs it"
    assert len(cluster.core.world.apps["/web"].instances) == 3
    cluster.return_agent("a1")
    cluster.settle(rounds=2)
    assert len(running(cluster)) == 3 and not lost & set(cluster.tasks)


def test_inactive_after_and_expunge_after_are_kept_to(cluster: Cluster) -> None:
    strategy = {"inactiveAfterSeconds": 20, "expungeAfterSeconds": 60}
    create(cluster, instances=3, unreachableStrategy=strategy)
    cluster.settle(rounds=3)
    state = cluster.core.world.apps["/web"]
    (lost,) = [instance for instance in state.instances.values() if instance.agent_id == "a1"]
    cluster.lose_agent("a1")
    cluster.settle(rounds=10)
    assert lost.condition is Condition.UNREACHABLE and len(state.instances) == 3
    cluster.settle(rounds=15)
    assert lost.condition is Condition.UNREACHABLE_INACTIVE and len(state.instances) == 4
    cluster.settle(rounds=40)
    assert lost.id not in state.instances and len(state.instances) == 3


def test_one_that_returns_while_inactive_makes_a_surplus_that_is_ended(cluster: Cluster) -> None:
    create(cluster, instances=3, unreachableStrategy={"inactiveAfterSeconds": 5, "expungeAfterSeconds": 500})
    cluster.settle(rounds=3)
    old = set(running(cluster))
    cluster.lose_agent("a1")
    cluster.settle(rounds=10)
    cluster.return_agent("a1")
    cluster.settle(rounds=3)
    assert set(running(cluster)) == old, "the youngest goes: the stand-in"


def test_with_the_strategy_disabled_an_unreachable_task_is_waited_for(cluster: Cluster) -> None:
    create(cluster, instances=2, unreachableStrategy="disabled")
    cluster.settle(rounds=3)
    before = set(running(cluster))
    for agent in cluster.agents.values():
        cluster.lose_agent(agent.id)
    cluster.settle(rounds=100, step=60.0)
    assert set(cluster.tasks) == before
    for agent in list(cluster.agents):
        cluster.return_agent(agent)
    cluster.settle(rounds=2)
    assert set(running(cluster)) == before


# --- the master and the init's own life -------------------------------------------------------------------------------


def test_a_master_that_fails_over_costs_no_task(cluster: Cluster) -> None:
    create(cluster, instances=3)
    cluster.settle(rounds=3)
    before = running(cluster)
    for _ in range(3):
        cluster.disconnect()
        cluster.settle(rounds=5)
        cluster.connect()
        cluster.settle(rounds=5)
    assert running(cluster) == before and not sent(cluster, Call.Type.KILL)
    assert kinds(cluster).count("scheduler_reregistered_event") == 3


def test_every_subscription_reconciles_first_what_is_known_then_everything(cluster: Cluster) -> None:
    create(cluster, instances=2)
    cluster.settle(rounds=3)
    cluster.disconnect()
    cluster.calls.clear()
    cluster.connect()
    explicit, implicit = sent(cluster, Call.Type.RECONCILE)
    assert {item.task_id.value for item in explicit.reconcile.tasks} == set(running(cluster))
    assert {item.agent_id.value for item in explicit.reconcile.tasks} == {task.agent for task in cluster.tasks.values()}
    assert implicit.reconcile.tasks == []


def test_an_update_is_acknowledged_in_the_same_outcome_that_stores_it(cluster: Cluster) -> None:
    create(cluster)
    cluster.offer()
    cluster.deliver()
    cluster.commit()
    (task_id,) = cluster.tasks
    cluster.run_task(task_id)
    cluster.deliver()
    outcome = cluster.commit()
    assert next(effect.call.type for effect in outcome.effects if hasattr(effect, "call")) is Call.Type.ACKNOWLEDGE
    assert any(b"Running" in (value or b"") for value in outcome.changes.values())


def test_a_task_of_ours_that_nobody_knows_is_killed_and_its_update_acknowledged(cluster: Cluster) -> None:
    for task_id in ("gone.instance-x._app.1", "not-even-one-of-ours"):
        status = TaskStatus(
            task_id=TaskID(value=task_id), state=TaskState.TASK_RUNNING, uuid=b"u", agent_id=AgentID(value="a0")
        )
        cluster.core.update(cluster.now, status)
        outcome = cluster.core.take()
        assert [effect.call.type for effect in outcome.effects] == [Call.Type.KILL, Call.Type.ACKNOWLEDGE]


def test_the_state_comes_back_from_the_store_as_it_was(cluster: Cluster) -> None:
    create(cluster, instances=3)
    create(cluster, "/other", instances=2)
    cluster.settle(rounds=3)
    update(cluster, {"cmd": "v2"})
    before = cluster.core.world
    cluster.crash()
    cluster.start()
    after = cluster.core.world
    assert {one.id: one.current for one in after.apps.values()} == {one.id: one.current for one in before.apps.values()}
    assert list(after.deployments) == list(before.deployments) and after.framework_id == "fw"
    cluster.connect()
    cluster.settle(rounds=10)
    assert {task.info.command.value for task in cluster.of("/web")} == {"v2"} and len(running(cluster, "/other")) == 2


def test_a_key_that_cannot_be_read_is_named(cluster: Cluster) -> None:
    create(cluster)
    cluster.crash()
    cluster.store["instances/x"] = b"{"
    with pytest.raises(ValueError, match="instances/x"):
        cluster.start()


def test_a_framework_the_master_removed_begins_anew_with_all_its_apps(cluster: Cluster) -> None:
    create(cluster, instances=2)
    cluster.settle(rounds=3)
    cluster.tasks.clear()
    cluster.core.framework_removed(cluster.now)
    cluster.commit()
    assert cluster.core.framework_id is None and "framework/id" not in cluster.store
    cluster.connected = False
    cluster.events.clear()
    cluster.connect()
    cluster.settle(rounds=3)
    assert len(running(cluster)) == 2


def test_a_launch_the_master_refused_is_asked_about(cluster: Cluster) -> None:
    create(cluster)
    cluster.offer()
    cluster.deliver()
    outcome = cluster.core.take()
    cluster._store(outcome)
    accept = next(effect.call for effect in outcome.effects if effect.call.type is Call.Type.ACCEPT)
    cluster._offers.clear()
    cluster.core.refused(cluster.now, accept)
    cluster.commit()
    cluster.settle(rounds=5)
    assert len(running(cluster)) == 1


# --- health -----------------------------------------------------------------------------------------------------------


def healthy_app(cluster: Cluster, **check: Any) -> None:
    create(cluster, healthChecks=[{"protocol": "HTTP", "path": "/h", "gracePeriodSeconds": 10, "intervalSeconds": 2,
                                   "maxConsecutiveFailures": 2, **check}])  # fmt: skip
    cluster.settle(rounds=2)


def answer(cluster: Cluster, ok: bool | None, cause: str = "HTTP 500") -> None:
    probe = cluster.probes.pop()
    cluster.probes.clear()
    cluster.core.probed(cluster.now, probe.task_id, probe.index, ok, cause)
    cluster.commit()


def test_a_deployment_waits_until_the_task_is_healthy(cluster: Cluster) -> None:
    healthy_app(cluster)
    assert running(cluster) and cluster.core.world.deployments
    probe = cluster.probes[-1]
    assert (probe.protocol, probe.host, probe.path) == (
        "HTTP",
        f"host-{next(iter(cluster.tasks.values())).agent}",
        "/h",
    )
    answer(cluster, True)
    assert not cluster.core.world.deployments
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
    assert cluster.core.world.apps["/web"].delay is not None, "an unhealthy task adds to the backoff"
    cluster.settle(rounds=6)
    assert running(cluster) == [task_id.removesuffix("1") + "2"]


def test_zero_consecutive_failures_never_kill(cluster: Cluster) -> None:
    healthy_app(cluster, maxConsecutiveFailures=0, gracePeriodSeconds=0)
    for _ in range(10):
        answer(cluster, False)
        cluster.advance(2.0)
    assert not sent(cluster, Call.Type.KILL)
    state = cluster.core.world.apps["/web"]
    assert next(iter(state.health.values())).alive is False


def test_a_probe_of_a_former_task_counts_for_nothing(cluster: Cluster) -> None:
    healthy_app(cluster)
    (task_id,) = cluster.tasks
    cluster.core.probed(cluster.now, task_id.removesuffix("1") + "9", 0, True)
    cluster.core.probed(cluster.now, "no.instance-x._app.1", 0, True)
    assert cluster.core.world.deployments
