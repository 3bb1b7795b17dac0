"""The init's core on a small model of a cluster: what becomes of tasks when they, agents, masters or inits end."""

from __future__ import annotations

import pytest

from dcos_runtime.marathon.core import events, ids
from dcos_runtime.marathon.core.changes import NotFound
from dcos_runtime.marathon.core.instance import Condition
from dcos_runtime.marathon.core.limits import ASKED_AT_ONCE
from dcos_runtime.marathon.core.state import Settings
from dcos_runtime.wire import calls, codec
from dcos_runtime.wire.common import AgentID, TaskID
from dcos_runtime.wire.limits import MAX_CALL
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.tasks import TaskState, TaskStatus
from tests.support.cores.marathon_cluster import Cluster
from tests.support.cores.marathon_steps import create, kinds, running, sent, update


@pytest.fixture
def cluster() -> Cluster:
    made = Cluster(settings=Settings(kill_retry_timeout=5.0))
    made.connect()
    return made


# --- tasks that end ---------------------------------------------------------------------------------------------------


def test_a_failed_task_is_replaced_in_its_place_after_the_backoff(cluster: Cluster) -> None:
    create(cluster, backoffSeconds=10)
    cluster.run(rounds=2)
    (first,) = running(cluster)
    cluster.end(first, TaskState.TASK_FAILED)
    cluster.run(rounds=2)
    assert not cluster.tasks and cluster.core.state.apps["/web"].failure.state == "TASK_FAILED"
    cluster.run(rounds=12)
    assert running(cluster) == [first.removesuffix("1") + "2"]


def test_the_backoff_grows_by_its_factor_to_its_limit_and_is_forgotten_once_a_task_stays(cluster: Cluster) -> None:
    create(cluster, backoffSeconds=2, backoffFactor=3, maxLaunchDelaySeconds=10)
    state = cluster.core.state.apps["/web"]
    seen: list[float] = []
    for _ in range(4):
        cluster.run(rounds=3 + int(seen[-1] if seen else 0))
        cluster.end(running(cluster)[0], TaskState.TASK_FAILED)
        while cluster.deliver():
            cluster.commit()
        seen.append(state.delay.seconds)
    assert seen == [2.0, 6.0, 10.0, 10.0]
    cluster.run(rounds=25)
    cluster.advance(61.0)
    cluster.end(running(cluster)[0], TaskState.TASK_FAILED)
    while cluster.deliver():
        cluster.commit()
    assert state.delay.seconds == 2.0


def test_many_tasks_lost_at_once_are_one_failure_and_not_a_backoff_of_minutes(cluster: Cluster) -> None:
    create(cluster, instances=6)
    cluster.run(rounds=4)
    for task_id in running(cluster):
        cluster.end(task_id, TaskState.TASK_FAILED)
    while cluster.deliver():
        cluster.commit()
    assert cluster.core.state.apps["/web"].delay.seconds == 1.0


def test_a_task_killed_on_request_is_replaced_without_backoff(cluster: Cluster) -> None:
    create(cluster)
    cluster.run(rounds=3)
    instances = list(cluster.core.state.apps["/web"].instances.values())
    cluster.change(lambda changes: changes.kill(instances, False))
    cluster.commit()
    while cluster.deliver():
        cluster.commit()
    assert cluster.core.state.apps["/web"].delay is None
    cluster.run(rounds=1)
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
    cluster.update(status)
    cluster.commit()
    assert cluster.core.state.apps["/web"].delay is None
    cluster.run(rounds=2)
    assert len(running(cluster)) == 1


def test_resetting_the_delay_launches_at_once(cluster: Cluster) -> None:
    create(cluster, backoffSeconds=300)
    cluster.run(rounds=2)
    cluster.end(running(cluster)[0], TaskState.TASK_FAILED)
    cluster.run(rounds=2)
    assert not cluster.tasks
    cluster.change(lambda changes: changes.reset_delay("/web"))
    cluster.commit()
    cluster.run(rounds=2)
    assert running(cluster)
    with pytest.raises(NotFound, match="not found in tasks queue"):
        cluster.change(lambda changes: changes.reset_delay("/web"))


def test_a_kill_is_sent_again_until_the_task_ends(cluster: Cluster) -> None:
    create(cluster)
    cluster.run(rounds=3)
    cluster._kill = lambda task_id: None  # type: ignore[method-assign]  # the agent does not obey
    cluster.change(lambda changes: changes.delete("/web", True))
    cluster.commit()
    cluster.run(rounds=16, step=1.0)
    assert len(sent(cluster, Call.Type.KILL)) >= 3
    assert cluster.core.state.deployments
    cluster.end(next(iter(cluster.tasks)), TaskState.TASK_KILLED)
    cluster.run(rounds=1)
    assert not cluster.core.state.deployments


def test_a_launch_that_nothing_is_heard_of_is_asked_about_and_tried_again(cluster: Cluster) -> None:
    create(cluster)
    cluster.offer()
    cluster.deliver()
    cluster.commit(sent=False)  # decided and stored, and lost before it was sent
    cluster._offers.clear()
    cluster.run(rounds=40, step=1.0)
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
    cluster.run(rounds=5)
    assert running(cluster) == [stuck.removesuffix("1") + "2"]


# --- agents out of reach ----------------------------------------------------------------------------------------------


def test_an_unreachable_task_is_replaced_at_once_and_killed_when_it_returns(cluster: Cluster) -> None:
    create(cluster, instances=3)
    cluster.run(rounds=3)
    lost = {task.info.task_id.value for task in cluster.tasks.values() if task.agent == "a1"}
    cluster.lose_agent("a1")
    cluster.run(rounds=3)
    assert len(running(cluster)) == 4 and lost < set(running(cluster)), "the model's agent still runs it"
    assert len(cluster.core.state.apps["/web"].instances) == 3
    cluster.return_agent("a1")
    cluster.run(rounds=2)
    assert len(running(cluster)) == 3 and not lost & set(cluster.tasks)


def test_inactive_after_and_expunge_after_are_kept_to(cluster: Cluster) -> None:
    strategy = {"inactiveAfterSeconds": 20, "expungeAfterSeconds": 60}
    create(cluster, instances=3, unreachableStrategy=strategy)
    cluster.run(rounds=3)
    state = cluster.core.state.apps["/web"]
    (lost,) = [instance for instance in state.instances.values() if instance.agent_id == "a1"]
    cluster.lose_agent("a1")
    cluster.run(rounds=10)

    def condition() -> Condition:
        return lost.condition

    assert condition() is Condition.UNREACHABLE and len(state.instances) == 3
    cluster.run(rounds=15)
    assert condition() is Condition.UNREACHABLE_INACTIVE and len(state.instances) == 4
    cluster.run(rounds=40)
    assert lost.id not in state.instances and len(state.instances) == 3


def test_one_that_returns_while_inactive_makes_a_surplus_that_is_ended(cluster: Cluster) -> None:
    create(cluster, instances=3, unreachableStrategy={"inactiveAfterSeconds": 5, "expungeAfterSeconds": 500})
    cluster.run(rounds=3)
    old = set(running(cluster))
    cluster.lose_agent("a1")
    cluster.run(rounds=10)
    cluster.return_agent("a1")
    cluster.run(rounds=3)
    assert set(running(cluster)) == old, "the youngest goes: the stand-in"


def test_with_the_strategy_disabled_an_unreachable_task_is_waited_for(cluster: Cluster) -> None:
    create(cluster, instances=2, unreachableStrategy="disabled")
    cluster.run(rounds=3)
    before = set(running(cluster))
    for agent in cluster.agents.values():
        cluster.lose_agent(agent.id)
    cluster.run(rounds=100, step=60.0)
    assert set(cluster.tasks) == before
    for agent_id in list(cluster.agents):
        cluster.return_agent(agent_id)
    cluster.run(rounds=2)
    assert set(running(cluster)) == before


# --- the master and the init's own life -------------------------------------------------------------------------------


def test_a_master_that_fails_over_costs_no_task(cluster: Cluster) -> None:
    create(cluster, instances=3)
    cluster.run(rounds=3)
    before = running(cluster)
    for _ in range(3):
        cluster.disconnect()
        cluster.run(rounds=5)
        cluster.connect()
        cluster.run(rounds=5)
    assert running(cluster) == before and not sent(cluster, Call.Type.KILL)
    assert kinds(cluster).count("scheduler_reregistered_event") == 3


def test_tasks_of_an_agent_that_a_new_master_gives_up_are_asked_about_and_replaced(cluster: Cluster) -> None:
    """It went together with the old master's machine: nobody tells of its tasks unasked."""
    create(cluster, instances=3)
    cluster.run(rounds=4)
    (lost, *_) = {task.agent for task in cluster.tasks.values()}
    theirs = {task.info.task_id.value for task in cluster.tasks.values() if task.agent == lost}
    cluster.agents[lost].reachable = False
    cluster.calls.clear()
    cluster.lost(lost)
    cluster.commit()
    (asked,) = sent(cluster, Call.Type.RECONCILE)
    assert {item.task_id.value for item in asked.reconcile.tasks} == theirs
    cluster.run(rounds=4)
    now = {task_id for task_id in running(cluster) if cluster.tasks[task_id].agent != lost}
    assert len(now) == 3 and not now & theirs


def test_an_agent_is_not_asked_about_when_its_tasks_were_told_of_already(cluster: Cluster) -> None:
    create(cluster, instances=3, unreachableStrategy="disabled")
    cluster.run(rounds=4)
    (lost, *_) = {task.agent for task in cluster.tasks.values()}
    cluster.lose_agent(lost)
    cluster.run(rounds=1)
    cluster.calls.clear()
    cluster.lost(lost)
    cluster.commit()
    assert sent(cluster, Call.Type.RECONCILE) == []


def test_every_subscription_reconciles_first_what_is_known_then_everything(cluster: Cluster) -> None:
    create(cluster, instances=2)
    cluster.run(rounds=3)
    cluster.disconnect()
    cluster.calls.clear()
    cluster.connect()
    explicit, implicit = sent(cluster, Call.Type.RECONCILE)
    assert {item.task_id.value for item in explicit.reconcile.tasks} == set(running(cluster))
    assert {item.agent_id.value for item in explicit.reconcile.tasks} == {task.agent for task in cluster.tasks.values()}
    assert implicit.reconcile.tasks == []


def test_so_many_tasks_are_asked_about_at_once_that_the_master_takes_the_call(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    longest = "x" * ids.MAX_TASK, f"{'x' * 36}-S100000"
    assert len(codec.encode(calls.reconcile([longest] * ASKED_AT_ONCE))) < MAX_CALL
    create(cluster, instances=5)
    cluster.run(rounds=6)
    monkeypatch.setattr("dcos_runtime.marathon.core.core.ASKED_AT_ONCE", 2)
    cluster.disconnect()
    cluster.calls.clear()
    cluster.connect()
    *explicit, implicit = (call.reconcile.tasks for call in sent(cluster, Call.Type.RECONCILE))
    assert [len(tasks) for tasks in explicit] == [2, 2, 1] and implicit == []
    assert {item.task_id.value for tasks in explicit for item in tasks} == set(running(cluster))


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
        effects = cluster.update(status)
        assert [effect.call.type for effect in effects] == [Call.Type.KILL, Call.Type.ACKNOWLEDGE]


def test_the_state_comes_back_from_the_store_as_it_was(cluster: Cluster) -> None:
    create(cluster, instances=3)
    create(cluster, "/other", instances=2)
    cluster.run(rounds=3)
    update(cluster, {"cmd": "v2"})
    before = cluster.core.state
    cluster.crash()
    cluster.start()
    after = cluster.core.state
    assert {one.id: one.current for one in after.apps.values()} == {one.id: one.current for one in before.apps.values()}
    assert list(after.deployments) == list(before.deployments) and after.framework_id == "fw"
    cluster.connect()
    cluster.run(rounds=10)
    assert {task.info.command.value for task in cluster.of("/web")} == {"v2"} and len(running(cluster, "/other")) == 2


def test_a_key_that_cannot_be_read_is_named(cluster: Cluster) -> None:
    create(cluster)
    cluster.crash()
    cluster.store["instances/x"] = b"{"
    with pytest.raises(ValueError, match="instances/x"):
        cluster.start()


def test_a_framework_the_master_removed_begins_anew_with_all_its_apps(cluster: Cluster) -> None:
    create(cluster, instances=2)
    cluster.run(rounds=3)
    cluster.tasks.clear()
    cluster.error("Framework has been removed")
    cluster.commit()
    assert cluster.core.framework_id is None and "framework/id" not in cluster.store
    cluster.connected = False
    cluster.events.clear()
    cluster.connect()
    cluster.run(rounds=3)
    assert len(running(cluster)) == 2


def test_a_launch_the_master_refused_is_asked_about(cluster: Cluster) -> None:
    create(cluster)
    cluster.offer()
    cluster.deliver()
    outcome = cluster.commit(sent=False)
    accept = next(effect.call for effect in outcome.effects if effect.call.type is Call.Type.ACCEPT)
    cluster._offers.clear()
    cluster.receive(events.CallRefused(accept, 400, "no"))
    cluster.commit()
    cluster.run(rounds=5)
    assert len(running(cluster)) == 1
