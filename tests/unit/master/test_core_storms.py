"""Storms: agents die and return, masters restart, frameworks fail over, writes lag — and the books stay right.

After every step the invariants of `World.check` hold; at the end everybody connects, and then no task is lost, no
resource is offered twice, and no status update waits for ever.
"""

from __future__ import annotations

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dcos_runtime.master.core import events
from dcos_runtime.wire.common import TimeInfo, Unavailability
from dcos_runtime.wire.maintenance import Schedule, Window
from dcos_runtime.wire.operators import DrainConfig, MachineID
from tests.support.cores.master_world import COME_BACK, World

WHO = st.integers(0, 1)
SIZES = st.lists(st.tuples(st.sampled_from([0.1, 1.0, 3.0]), st.integers(0, 3)), min_size=1, max_size=3)


def _machine(who: int) -> MachineID:
    return MachineID(hostname=f"host{who}", ip="127.0.0.1")


EXECUTORS = st.sampled_from(["", "", "e1", "e2"])
"""Of no executor: command tasks."""


class Storm(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World(agents=2, frameworks=2)
        self.world.run_until_idle()
        self.down: set[int] = set()

    def rests(self) -> None:
        """All come back, are drained and reactivated, and work until nothing more happens."""
        if self.down:
            self.machines_come_up()
        self.world.run_until_idle()
        deactivated = sorted(self.world.core.state.deactivated)
        for agent_id in deactivated:
            self.world.feed(events.ReactivateAsked(1, agent_id))
        if deactivated:
            self.world.run_until_idle()

    @rule(who=WHO)
    def agent_connects(self, who: int) -> None:
        self.world.agents[who].connect()

    @rule(who=WHO)
    def agent_loses_its_connection(self, who: int) -> None:
        self.world.agents[who].break_off()

    @rule(who=WHO, count=st.integers(1, 6))
    def agent_reads(self, who: int, count: int) -> None:
        for _ in range(count):
            self.world.agents[who].read()

    @rule(who=WHO)
    def agent_sends_again(self, who: int) -> None:
        self.world.agents[who].resend()

    @rule(who=WHO, data=st.data(), state=st.sampled_from(["TASK_FINISHED", "TASK_FAILED", "TASK_RUNNING"]))
    def task_says(self, who: int, data: Any, state: str) -> None:
        agent = self.world.agents[who]
        if agent.tasks:
            agent.say(agent.tasks[data.draw(st.sampled_from(sorted(agent.tasks)))], state)

    @rule(who=WHO)
    def agent_forgets_everything(self, who: int) -> None:
        """Its work directory is gone: a new agent at the same address."""
        agent = self.world.agents[who]
        agent.break_off()
        agent.id = None
        agent.tasks.clear()
        agent.executors.clear()

    @rule(who=WHO)
    def agent_unregisters(self, who: int) -> None:
        agent = self.world.agents[who]
        if not agent.former:
            agent.unregister()

    @rule(who=WHO)
    def framework_subscribes(self, who: int) -> None:
        framework = self.world.frameworks[who]
        if not framework.removed:
            framework.subscribe()

    @rule(who=WHO)
    def framework_disconnects(self, who: int) -> None:
        self.world.frameworks[who].disconnect()

    @rule(who=WHO)
    def framework_acknowledges(self, who: int) -> None:
        self.world.frameworks[who].acknowledge()

    @rule(who=WHO, data=st.data(), sizes=SIZES, executor=EXECUTORS)
    def framework_launches(self, who: int, data: Any, sizes: list[tuple[float, int]], executor: str) -> None:
        framework = self.world.frameworks[who]
        self.world.pass_time(1.0)
        if framework.offers:
            some = data.draw(st.lists(st.sampled_from(sorted(framework.offers)), min_size=1, max_size=2, unique=True))
            framework.launch(some, sizes, executor)

    @rule(who=WHO, data=st.data())
    def executor_ends(self, who: int, data: Any) -> None:
        agent = self.world.agents[who]
        if agent.executors:
            agent.end_executor(*data.draw(st.sampled_from(sorted(agent.executors))))

    @rule(who=WHO, on=WHO, executor=EXECUTORS, kind=st.sampled_from(["MESSAGE", "SHUTDOWN"]))
    def framework_speaks_to_an_executor(self, who: int, on: int, executor: str, kind: str) -> None:
        agent_id = {"value": self.world.agents[on].id or "none"}
        data = {"data": "aGk="} if kind == "MESSAGE" else {}
        self.world.frameworks[who].call(kind, agent_id=agent_id, executor_id={"value": executor or "none"}, **data)

    @rule(who=WHO, sizes=SIZES, lost=st.booleans(), executor=EXECUTORS)
    def framework_runs_tasks(self, who: int, sizes: list[tuple[float, int]], lost: bool, executor: str) -> None:
        """All the way to running, or until the launch is lost on its way."""
        framework = self.world.frameworks[who]
        if not any(framework.removed for framework in self.world.frameworks):
            self.rests()
            framework.call("REVIVE")
            self.world.live(2.0)
            if framework.offers:
                framework.launch(sorted(framework.offers)[:1], sizes, executor)
                for agent in self.world.agents if lost else ():
                    agent.break_off()
                self.rests()

    @rule(who=WHO, data=st.data(), seconds=st.sampled_from([0.0, 1.0, 30.0]))
    def framework_declines(self, who: int, data: Any, seconds: float) -> None:
        framework = self.world.frameworks[who]
        if framework.offers:
            framework.decline(data.draw(st.sampled_from(sorted(framework.offers))), seconds)

    @rule(who=WHO, data=st.data(), lost=st.booleans())
    def framework_kills(self, who: int, data: Any, lost: bool) -> None:
        framework = self.world.frameworks[who]
        for agent in self.world.agents if lost else ():
            agent.break_off()
        if framework.launched:
            framework.kill(data.draw(st.sampled_from(sorted(framework.launched))))

    @rule(who=WHO)
    def framework_reconciles(self, who: int) -> None:
        self.world.frameworks[who].call("RECONCILE", tasks=[])

    @rule(who=WHO, what=st.sampled_from(["REVIVE", "SUPPRESS"]))
    def framework_wants_or_not(self, who: int, what: str) -> None:
        self.world.frameworks[who].call(what)

    @rule(who=WHO)
    def framework_is_torn_down(self, who: int) -> None:
        framework = self.world.frameworks[who]
        if framework.stream is not None and len(framework.launched) > 3:
            framework.call("TEARDOWN")
            framework.removed = True

    @rule(who=st.sets(WHO), start=st.integers(1, 2))
    def maintenance_is_scheduled(self, who: set[int], start: int) -> None:
        """Of some machines, those that are down among them."""
        ids = [_machine(one) for one in sorted(who | self.down)]
        at = Unavailability(start=TimeInfo(nanoseconds=start))
        windows = [Window(machine_ids=ids, unavailability=at)] if ids else []
        self.world.feed(events.ScheduleAsked(1, Schedule(windows=windows)))

    @rule(who=WHO)
    def a_machine_goes_down(self, who: int) -> None:
        newest = self.world.core.state.maintenance.newest
        if who not in self.down and (f"host{who}", "127.0.0.1") in newest.machines():
            self.world.feed(events.MachinesAsked(1, (_machine(who),), True))
            self.down.add(who)

    @rule()
    def machines_come_up(self) -> None:
        if self.down:
            self.world.feed(events.MachinesAsked(1, tuple(map(_machine, sorted(self.down))), False))
            self.down.clear()

    @rule(who=WHO, data=st.data(), answer=st.sampled_from(["ACCEPT", "DECLINE"]), seconds=st.sampled_from([0.0, 9.0]))
    def framework_answers_inverse_offers(self, who: int, data: Any, answer: str, seconds: float) -> None:
        framework = self.world.frameworks[who]
        if framework.inverse:
            one = data.draw(st.sampled_from(sorted(framework.inverse)))
            del framework.inverse[one]
            filters = {"refuse_seconds": seconds}
            framework.call(f"{answer}_INVERSE_OFFERS", inverse_offer_ids=[{"value": one}], filters=filters)

    @rule(who=WHO, gone=st.booleans(), written=st.booleans(), restarts=st.booleans())
    def an_agent_is_drained(self, who: int, gone: bool, written: bool, restarts: bool) -> None:
        self.world.feed(events.DrainAsked(1, self.world.agents[who].id or "", DrainConfig(mark_gone=gone)))
        while written and self.world.write():
            pass
        if restarts:
            self.master_restarts()

    @rule(who=WHO)
    def an_agent_is_deactivated(self, who: int) -> None:
        self.world.feed(events.DeactivateAsked(1, self.world.agents[who].id or ""))

    @rule(who=WHO)
    def an_agent_is_reactivated(self, who: int) -> None:
        self.world.feed(events.ReactivateAsked(1, self.world.agents[who].id or ""))

    @rule(who=WHO)
    def an_agent_is_marked_gone(self, who: int) -> None:
        self.world.feed(events.GoneAsked(1, self.world.agents[who].id or ""))

    @rule(seconds=st.sampled_from([0.1, 1.0, 9.0, 45.0, 130.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule()
    def registry_writes(self) -> None:
        self.world.write()

    @rule()
    def everything_runs_until_idle(self) -> None:
        if not any(framework.removed for framework in self.world.frameworks):
            self.rests()

    @rule()
    def master_restarts(self) -> None:
        # What was removed is forgotten with the master that knew it: as in Mesos, its tasks would come back.
        if not any(framework.removed for framework in self.world.frameworks):
            self.world.restart()
            state = self.world.core.state
            entries = {key: json.loads(value) for key, value in self.world.registry.items() if key[:7] == "agents/"}
            for name, known in (
                ("draining", state.draining),
                ("deactivated", state.deactivated),
                ("gone_since", state.gone),
            ):
                assert {key[7:] for key, entry in entries.items() if name in entry} == set(known), name
            at = self.world.core.state.maintenance.plan.down
            self.down = {who for who in range(2) if (f"host{who}", "127.0.0.1") in at}

    @invariant()
    def the_books_are_right(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        for framework in self.world.frameworks:
            if not framework.removed:
                framework.call("REVIVE")
        self.rests()
        self.world.live(COME_BACK)  # agents that lost their id are given up
        self.world.run_until_idle()
        self.world.check()
        self.world.check_rest()


TestStorms = pytest.mark.soak(Storm.TestCase)  # every `make test` has those of tests/unit/sim
TestStorms.settings = settings(
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)
