"""Drives the init's real core through random lives of a cluster: nothing may be lost, doubled or left behind."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dcos_runtime.marathon.core.changes import Conflict, Locked, NotFound
from dcos_runtime.marathon.core.state import Settings, State
from dcos_runtime.wire.tasks import TaskState
from tests.support.cores.marathon_cluster import Asking, Cluster

APPS = ("/web", "/a/b")
Strategy = str | tuple[int, int]


class Storm(RuleBasedStateMachine):
    """Rules are what clients, agents, the network and the operating system do; the init only reacts."""

    @initialize(
        over=st.sampled_from([0, 0.5, 1]),
        least=st.sampled_from([0, 0.5, 1]),
        strategy=st.sampled_from(["disabled", (0, 0), (5, 30)]),
    )
    def begin(self, over: float, least: float, strategy: Strategy) -> None:
        """Two apps that run, so that there is something to lose from the first step on."""
        made = Settings(launch_timeout=60.0, kill_retry_timeout=5.0, write_bytes=500)
        self.cluster = Cluster(agents=3, settings=made)
        self.mixed: set[str] = set()
        self.launches_seen = 0
        self.cluster.connect()
        for app in APPS:
            self.create(app, 3, over, least, strategy)
        self.cluster.run(rounds=5)

    def alive(self) -> bool:
        return self.cluster.core is not None

    @property
    def state(self) -> State:
        assert self.cluster.core is not None
        return self.cluster.core.state

    def commit(self) -> None:
        self.cluster.commit()

    def request(self, work: Callable[[Asking], object]) -> None:
        with contextlib.suppress(Conflict, Locked, NotFound):
            self.cluster.change(work)

    # --- clients ---

    @precondition(alive)
    @rule(
        app=st.sampled_from(APPS),
        instances=st.integers(0, 4),
        over=st.sampled_from([0, 0.5, 1]),
        least=st.sampled_from([0, 0.5, 1]),
        strategy=st.sampled_from(["disabled", (0, 0), (5, 30)]),
    )
    def create(self, app: str, instances: int, over: float, least: float, strategy: Strategy) -> None:
        unreachable: object = strategy
        if not isinstance(strategy, str):
            unreachable = {"inactiveAfterSeconds": strategy[0], "expungeAfterSeconds": strategy[1]}
        data = {
            "id": app,
            "cmd": "v1",
            "cpus": 0.5,
            "mem": 32,
            "instances": instances,
            "upgradeStrategy": {"maximumOverCapacity": over, "minimumHealthCapacity": least},
            "unreachableStrategy": unreachable,
        }
        self.request(lambda changes: changes.create(data, False))
        self.commit()

    @precondition(alive)
    @rule(app=st.sampled_from(APPS), instances=st.integers(0, 4), force=st.booleans())
    def scale(self, app: str, instances: int, force: bool) -> None:
        self._update(app, {"instances": instances}, force)

    @precondition(alive)
    @rule(app=st.sampled_from(APPS), cmd=st.sampled_from(["v1", "v2", "v3"]), force=st.booleans())
    def upgrade(self, app: str, cmd: str, force: bool) -> None:
        self._update(app, {"cmd": cmd}, force)

    def _update(self, app: str, data: dict[str, Any], force: bool) -> None:
        if self.state.deployment_of(app) is not None and force:
            self.mixed.add(app)  # a scaling that cuts an upgrade short leaves two configurations, as in Marathon
        self.request(lambda changes: changes.update(app, data, partial=True, may_create=False, force=force))
        self.commit()

    @precondition(alive)
    @rule(app=st.sampled_from(APPS))
    def restart(self, app: str) -> None:
        self.request(lambda changes: changes.restart(app, False))
        self.commit()

    @precondition(alive)
    @rule(app=st.sampled_from(APPS))
    def remove(self, app: str) -> None:
        self.request(lambda changes: changes.delete(app, True))
        self.mixed.discard(app)
        self.commit()

    @precondition(alive)
    @rule(force=st.booleans())
    def cancel(self, force: bool) -> None:
        deployment = next(iter(self.state.deployments.values()), None)
        if deployment is not None:
            self.mixed.update(deployment.apps)
            self.request(lambda changes: changes.cancel(deployment.id, force))
        self.commit()

    @precondition(alive)
    @rule(app=st.sampled_from(APPS), wipe=st.booleans(), scale=st.booleans())
    def kill_through_the_api(self, app: str, wipe: bool, scale: bool) -> None:
        app_state = self.state.apps.get(app)
        chosen = [instance for instance in app_state.instances.values() if instance.has_task][:1] if app_state else []
        if scale:
            self.request(lambda changes: changes.kill_and_scale(chosen, False))
        else:
            self.request(lambda changes: changes.kill(chosen, wipe))
        self.commit()

    # --- the cluster ---

    @rule()
    def offer(self) -> None:
        self.cluster.offer()

    @precondition(alive)
    @rule(offered=st.booleans())
    def deliver(self, offered: bool) -> None:
        if offered:
            self.cluster.offer()
        while self.cluster.deliver():
            self.commit()

    @precondition(alive)
    @rule()
    def deliver_one(self) -> None:
        if self.cluster.deliver():
            self.commit()

    @rule(share=st.sampled_from([1, 2, 3]))
    def tasks_run(self, share: int) -> None:
        for task_id in sorted(self.cluster.tasks)[::share]:
            self.cluster.run_task(task_id)

    @rule(data=st.data(), state=st.sampled_from([TaskState.TASK_FAILED, TaskState.TASK_FINISHED]))
    def task_ends(self, data: st.DataObject, state: TaskState) -> None:
        reachable = [
            task_id for task_id, task in sorted(self.cluster.tasks.items()) if self.cluster.agents[task.agent].reachable
        ]
        if reachable:
            self.cluster.end(data.draw(st.sampled_from(reachable)), state)

    @rule(agent=st.sampled_from(["a0", "a1", "a2"]))
    def agent_goes_or_comes(self, agent: str) -> None:
        if self.cluster.agents[agent].reachable:
            self.cluster.lose_agent(agent)
        else:
            self.cluster.return_agent(agent)

    @rule(agent=st.sampled_from(["a0", "a1", "a2"]))
    def agent_is_replaced(self, agent: str) -> None:
        self.cluster.replace_agent(agent)

    @rule(seconds=st.sampled_from([0.2, 1.0, 7.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self.cluster.advance(seconds)

    # --- the init itself ---

    @precondition(alive)
    @rule(parts=st.sampled_from([0, 1, 2, None]), instances=st.none() | st.integers(0, 4))
    def init_is_killed_in_the_middle(self, parts: int | None, instances: int | None) -> None:
        """Dies after it decided on an event: before that was stored, half-way, or before anything was sent."""
        self.cluster.deliver()
        if instances is not None:
            self.request(
                lambda changes: changes.update(
                    APPS[0], {"instances": instances}, partial=True, may_create=False, force=True
                )
            )
        self.cluster.crash(parts=parts)

    @precondition(lambda self: not self.alive())
    @rule()
    def init_starts(self) -> None:
        self.cluster.start()
        self.cluster.connect()

    @precondition(alive)
    @rule()
    def connection_breaks(self) -> None:
        if self.cluster.connected:
            self.cluster.disconnect()
        else:
            self.cluster.connect()

    # --- what must hold ---

    @invariant()
    def never_more_launched_than_the_strategy_allows(self) -> None:
        if not hasattr(self, "cluster") or not self.alive():
            return
        state = self.state
        fresh, self.launches_seen = self.cluster.launched[self.launches_seen :], len(self.cluster.launched)
        for app_id in {info.task_id.value.split(".")[0] for info in fresh}:
            app_state = state.apps.get("/" + app_id.replace("_", "/"))
            app = state.active(app_state) if app_state else None
            if app_state is None or app is None:
                continue
            most = math.floor(app.instances * (1 + app.upgrade_strategy.maximum_over_capacity)) + 1
            with_task = [one for one in app_state.instances.values() if one.has_task and one.wanted]
            assert len(with_task) <= max(most, app.instances)

    @invariant()
    def an_instance_has_one_task_within_reach(self) -> None:
        if not hasattr(self, "cluster"):
            return
        reachable = [
            task_id.rpartition("._app.")[0]
            for task_id, task in self.cluster.tasks.items()
            if self.cluster.agents[task.agent].reachable
        ]
        core = self.cluster.core
        quiet = core is not None and self.cluster.connected and not self.cluster.events
        if quiet:
            assert len(reachable) == len(set(reachable)), "two tasks of one instance"

    def teardown(self) -> None:
        """Once all is well again, exactly what is wanted runs, and the store holds exactly that."""
        if not hasattr(self, "cluster"):
            return
        cluster = self.cluster
        if cluster.core is None:
            cluster.start()
        for agent in cluster.agents.values():
            if not agent.reachable:
                cluster.return_agent(agent.id)
        if not cluster.connected:
            cluster.connect()
        cluster.run(rounds=150, step=5.0)
        state = self.state
        assert not state.deployments, "a deployment never ends"
        wanted = {app_id: state.apps[app_id].current for app_id in APPS if app_id in state.apps}
        for app_id in APPS:
            app = wanted.get(app_id)
            running = cluster.of(app_id)
            assert len(running) == (app.instances if app else 0), f"{app_id} has {len(running)} tasks"
            assert all(task.state is TaskState.TASK_RUNNING for task in running)
            if app is not None and app_id not in self.mixed:
                assert {task.info.command.value for task in running} <= {app.cmd}
        known = {instance.task_id for _, instance in state.all_instances()}
        assert known == set(cluster.tasks)
        stored = {key for key in cluster.store if key.startswith("instances/")}
        assert stored == {f"instances/{instance.id}" for _, instance in state.all_instances()}
        assert not [key for key in cluster.store if key.startswith("deployments/")]


TestStorm = pytest.mark.soak(Storm.TestCase)  # every `make test` has those of tests/unit/sim
TestStorm.settings = settings(
    max_examples=120, stateful_step_count=60, deadline=None, suppress_health_check=list(HealthCheck)
)
