"""Storms: hypothesis decides what befalls small clusters of real cores, and when, and shrinks what breaks them.

The simulation's plans are drawn at once and run for minutes; here each step is chosen after the one before, so that the
same thing comes twice, at once, at the worst time. What must hold is the simulation's: its ledgers watch every step,
after each rule the master's books are looked through, and in the end everything has to come right and nothing is left.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from dcos_runtime.sim import faults
from dcos_runtime.sim.cluster import Cluster
from dcos_runtime.sim.faults import INIT, LEADER, AnyFault
from dcos_runtime.sim.options import Options

SHORT = st.sampled_from([0.01, 0.2, 1.0, 7.0, 40.0])
LONG = st.sampled_from([1.0, 20.0, 100.0, 200.0])
PICK = st.integers(0, 5)
EFFECTS = st.integers(0, 8)
CALLS = st.sampled_from(["lose", "mute", "double", "replay", "swallow"])


class Storm(RuleBasedStateMachine):
    """``options`` of the cluster, which has settled when a storm begins."""

    options: ClassVar[Options]

    def __init__(self) -> None:
        super().__init__()
        self.cluster = Cluster("storm", self.options)
        self.cluster.start()
        self.begin()
        self.cluster.pass_time(8.0)

    def begin(self) -> None:
        pass

    def befalls(self, fault: Callable[..., AnyFault], **fields: Any) -> None:
        fault(at=self.cluster.clock.elapsed, **fields).befall(self.cluster)

    @rule(seconds=st.sampled_from([0.002, 0.01, 0.05, 0.3, 1.0, 9.0, 45.0, 130.0]))
    def time_passes(self, seconds: float) -> None:
        self.cluster.pass_time(seconds)

    @invariant()
    def the_books_are_right(self) -> None:
        self.cluster.watch.scan()

    def teardown(self) -> None:
        self.cluster.finish()


AGENT = st.sampled_from(["agent0", "agent1"])
FRAMEWORK = st.sampled_from(["framework0", "framework1"])
CLIENT = st.one_of(AGENT, FRAMEWORK)


class OfAgents(Storm):
    """Agents die at every step, their disks are full, their tasks end in all ways, their links break."""

    options = Options(agents=2, masters=1, frameworks=1, tasks=4, odd=0.3, lasting=(0.1, 20.0))

    @rule(agent=AGENT, effects=EFFECTS, down=SHORT)
    def agent_dies(self, agent: str, effects: int, down: float) -> None:
        self.befalls(faults.Crash, process=agent, effects=effects, down=down)

    @rule(agent=AGENT, down=LONG)
    def machine_loses_power(self, agent: str, down: float) -> None:
        self.befalls(faults.Crash, process=agent, down=down, silent=True)

    @rule(agent=AGENT, seconds=SHORT)
    def disk_is_full(self, agent: str, seconds: float) -> None:
        self.befalls(faults.DiskFull, agent=agent, seconds=seconds)

    @rule(agent=AGENT, pick=PICK)
    def supervisor_dies(self, agent: str, pick: int) -> None:
        self.befalls(faults.SupervisorDies, agent=agent, pick=pick)

    @rule(agent=AGENT, pick=PICK)
    def task_takes_too_much_disk(self, agent: str, pick: int) -> None:
        self.befalls(faults.TooMuchDisk, agent=agent, pick=pick)

    @rule(pick=PICK)
    def framework_kills(self, pick: int) -> None:
        self.befalls(faults.KillOne, framework="framework0", pick=pick)

    @rule(count=st.integers(0, 7))
    def framework_wants(self, count: int) -> None:
        self.befalls(faults.Want, framework="framework0", count=count)

    @rule(operator=st.booleans())
    def framework_is_ended(self, operator: bool) -> None:
        self.befalls(faults.Teardown, framework="framework0", operator=operator)

    @rule(agent=AGENT, master=st.booleans(), client=st.booleans())
    def connection_breaks(self, agent: str, master: bool, client: bool) -> None:
        self.befalls(faults.Cut, client=agent, master_notices=master, client_notices=client)

    @rule(client=st.sampled_from(["agent0", "agent1", "framework0"]), what=CALLS, count=st.integers(1, 3))
    def calls_go_astray(self, client: str, what: str, count: int) -> None:
        self.befalls(faults.Calls, client=client, what=what, count=count)

    @rule(agent=AGENT, seconds=LONG, both=st.booleans())
    def network_is_cut(self, agent: str, seconds: float, both: bool) -> None:
        self.befalls(faults.Partition, one=LEADER, other=agent, seconds=seconds, both=both)

    @rule(agent=AGENT, seconds=SHORT)
    def agent_is_stopped(self, agent: str, seconds: float) -> None:
        self.befalls(faults.Pause, process=agent, seconds=seconds)


class OfExecutors(Storm):
    """Custom executors in all moods, while their agents die at every step, their machines are shut down and their
    framework ends them.
    """

    options = Options(agents=2, masters=1, frameworks=1, tasks=5, odd=0.2, lasting=(0.1, 20.0), executors=0.8)

    @rule(agent=AGENT, effects=EFFECTS, down=SHORT)
    def agent_dies(self, agent: str, effects: int, down: float) -> None:
        self.befalls(faults.Crash, process=agent, effects=effects, down=down)

    @rule(agent=AGENT, seconds=st.sampled_from([0.1, 3.0, 20.0]), down=SHORT)
    def machine_is_shut_down(self, agent: str, seconds: float, down: float) -> None:
        self.befalls(faults.PowerOff, agent=agent, seconds=seconds, down=down)

    @rule(agent=AGENT, seconds=SHORT)
    def disk_is_full(self, agent: str, seconds: float) -> None:
        self.befalls(faults.DiskFull, agent=agent, seconds=seconds)

    @rule(agent=AGENT, pick=PICK)
    def supervisor_dies(self, agent: str, pick: int) -> None:
        self.befalls(faults.SupervisorDies, agent=agent, pick=pick)

    @rule(agent=AGENT, pick=PICK)
    def executor_hangs_up(self, agent: str, pick: int) -> None:
        self.befalls(faults.ExecutorHangsUp, agent=agent, pick=pick)

    @rule(pick=PICK)
    def framework_ends_an_executor(self, pick: int) -> None:
        self.befalls(faults.ShutExecutorDown, framework="framework0", pick=pick)

    @rule(pick=PICK)
    def framework_says_something(self, pick: int) -> None:
        self.befalls(faults.Say, framework="framework0", pick=pick)

    @rule(pick=PICK)
    def framework_kills(self, pick: int) -> None:
        self.befalls(faults.KillOne, framework="framework0", pick=pick)

    @rule(count=st.integers(0, 8))
    def framework_wants(self, count: int) -> None:
        self.befalls(faults.Want, framework="framework0", count=count)

    @rule(operator=st.booleans())
    def framework_is_ended(self, operator: bool) -> None:
        self.befalls(faults.Teardown, framework="framework0", operator=operator)

    @rule(agent=AGENT, master=st.booleans(), client=st.booleans())
    def connection_breaks(self, agent: str, master: bool, client: bool) -> None:
        self.befalls(faults.Cut, client=agent, master_notices=master, client_notices=client)

    @rule(agent=AGENT, seconds=LONG, lag=st.sampled_from([0.05, 5.0]))
    def network_is_slow(self, agent: str, seconds: float, lag: float) -> None:
        self.befalls(faults.Slow, one=agent, other=LEADER, seconds=seconds, lag=lag)

    @rule(agent=AGENT, seconds=SHORT)
    def agent_is_stopped(self, agent: str, seconds: float) -> None:
        self.befalls(faults.Pause, process=agent, seconds=seconds)


class OfMasters(Storm):
    """Agents go, return and burn, masters die, frameworks fail over, writes lag; of two frameworks one is not aware."""

    options = Options(agents=2, masters=2, frameworks=2, unaware=1, tasks=6, ping_seconds=10.0, pings=3,
                      reregister_seconds=120.0)  # fmt: skip

    @rule(effects=EFFECTS, down=SHORT)
    def master_dies(self, effects: int, down: float) -> None:
        self.befalls(faults.Crash, process=LEADER, effects=effects, down=down)

    @rule(seconds=LONG)
    def master_is_stopped(self, seconds: float) -> None:
        self.befalls(faults.Pause, process=LEADER, seconds=seconds)

    @rule(seconds=SHORT)
    def lease_is_lost(self, seconds: float) -> None:
        self.befalls(faults.LeaseLost, seconds=seconds)

    @rule(agent=AGENT, down=SHORT)
    def machine_burns(self, agent: str, down: float) -> None:
        self.befalls(faults.Wipe, agent=agent, down=down)

    @rule(agent=AGENT, seconds=LONG, both=st.booleans())
    def network_is_cut(self, agent: str, seconds: float, both: bool) -> None:
        self.befalls(faults.Partition, one=LEADER, other=agent, seconds=seconds, both=both)

    @rule(client=CLIENT, master=st.booleans(), other=st.booleans())
    def connection_breaks(self, client: str, master: bool, other: bool) -> None:
        self.befalls(faults.Cut, client=client, master_notices=master, client_notices=other)

    @rule(client=CLIENT, what=CALLS, count=st.integers(1, 3))
    def calls_go_astray(self, client: str, what: str, count: int) -> None:
        self.befalls(faults.Calls, client=client, what=what, count=count)

    @rule(client=CLIENT, seconds=LONG, lag=st.sampled_from([0.05, 5.0]))
    def network_is_slow(self, client: str, seconds: float, lag: float) -> None:
        self.befalls(faults.Slow, one=client, other=LEADER, seconds=seconds, lag=lag)

    @rule(framework=FRAMEWORK, pick=PICK)
    def framework_kills(self, framework: str, pick: int) -> None:
        self.befalls(faults.KillOne, framework=framework, pick=pick)

    @rule(framework=FRAMEWORK, count=st.integers(0, 6))
    def framework_wants(self, framework: str, count: int) -> None:
        self.befalls(faults.Want, framework=framework, count=count)

    @rule(framework=FRAMEWORK)
    def framework_subscribes_anew(self, framework: str) -> None:
        self.befalls(faults.HangUp, framework=framework)

    @rule(framework=FRAMEWORK)
    def framework_is_two_processes(self, framework: str) -> None:
        self.befalls(faults.Successor, framework=framework)

    @rule(process=st.one_of(st.just(LEADER), CLIENT), seconds=st.sampled_from([-3600.0, 5.0, 3600.0]))
    def clock_is_set(self, process: str, seconds: float) -> None:
        self.befalls(faults.ClockStep, process=process, seconds=seconds)


APPS = ("/web", "/a/b")
APP = st.sampled_from(APPS)
SHARE = st.sampled_from([0.0, 0.5, 1.0])
AWAY = st.sampled_from([None, "0 0", "5 30"])
HOST = st.sampled_from(["agent0", "agent1", "agent2"])


class OfInits(Storm):
    """Clients change apps at every moment, while the init, its store's leases, its calls and its agents come and go."""

    options = Options(agents=3, masters=1, frameworks=0, tasks=0, inits=1, ports=40, reregister_seconds=120.0,
                      init_kill_retry=5.0)  # fmt: skip

    def begin(self) -> None:
        """Two apps that run, so that there is something to lose from the first step on."""
        self.cluster.pass_time(8.0)
        for app in APPS:
            self.befalls(faults.App, app=app, instances=3)

    @rule(
        app=APP,
        instances=st.integers(0, 4),
        command=st.sampled_from(["run inf 0 v1", "run inf 0 v2", "run 20 1"]),
        over=SHARE,
        least=SHARE,
        away=AWAY,
        force=st.booleans(),
    )
    def app_is_changed(
        self, app: str, instances: int, command: str, over: float, least: float, away: str | None, force: bool
    ) -> None:
        self.befalls(
            faults.App,
            app=app,
            instances=instances,
            command=command,
            over=over,
            least=least,
            away=away,
            force=force,
        )

    @rule(app=APP, force=st.booleans())
    def app_is_deleted(self, app: str, force: bool) -> None:
        self.befalls(faults.App, app=app, instances=None, force=force)

    @rule(app=APP, force=st.booleans())
    def app_is_restarted(self, app: str, force: bool) -> None:
        self.befalls(faults.Restart, app=app, force=force)

    @rule(force=st.booleans())
    def deployment_is_cancelled(self, force: bool) -> None:
        self.befalls(faults.Cancel, force=force)

    @rule(app=APP, how=st.sampled_from(["", "scale", "wipe"]))
    def tasks_are_killed_through_the_api(self, app: str, how: str) -> None:
        self.befalls(faults.KillInstances, app=app, **({how: True} if how else {}))

    @rule(effects=st.integers(0, 20), down=SHORT)
    def init_dies(self, effects: int, down: float) -> None:
        """After it decided on an event: before that was stored, half-way, or before anything was sent."""
        self.befalls(faults.Crash, process=INIT, effects=effects, down=down)

    @rule(seconds=SHORT)
    def lease_is_lost(self, seconds: float) -> None:
        self.befalls(faults.LeaseLost, seconds=seconds, whose=INIT)

    @rule()
    def connection_breaks(self) -> None:
        self.befalls(faults.Cut, client=INIT)

    @rule(what=CALLS, count=st.integers(1, 4))
    def calls_go_astray(self, what: str, count: int) -> None:
        self.befalls(faults.Calls, client=INIT, what=what, count=count)

    @rule()
    def framework_is_ended(self) -> None:
        self.befalls(faults.Teardown, framework=INIT, operator=True)

    @rule(host=HOST, seconds=LONG)
    def agent_goes_and_comes(self, host: str, seconds: float) -> None:
        self.befalls(faults.Partition, one=LEADER, other=host, seconds=seconds)

    @rule(host=HOST, down=SHORT)
    def agent_is_replaced(self, host: str, down: float) -> None:
        self.befalls(faults.Wipe, agent=host, down=down)

    @rule(host=HOST, pick=PICK)
    def task_ends(self, host: str, pick: int) -> None:
        self.befalls(faults.SupervisorDies, agent=host, pick=pick)


STORMS = (OfAgents, OfExecutors, OfMasters, OfInits)
LONG_STORM = settings(stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("storm", STORMS, ids=lambda storm: storm.__name__)
def test_a_storm_breaks_nothing(storm: type[Storm]) -> None:
    """The same ones every time."""
    run_state_machine_as_test(storm, settings=settings(LONG_STORM, max_examples=25, derandomize=True))


@pytest.mark.soak
@pytest.mark.parametrize("storm", STORMS, ids=lambda storm: storm.__name__)
def test_no_storm_breaks_anything(storm: type[Storm]) -> None:
    run_state_machine_as_test(storm, settings=settings(LONG_STORM, max_examples=500))
