"""The real core under generated events: crashes at every step, lost connections, full disks, deaths of all kinds.

After each step the world itself checks that nothing is sent without a connection, out of sequence, or before the update
ahead of it was acknowledged. The end of every storm is a calm, in which everything must have ended.
"""

from __future__ import annotations

import signal

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dcos_runtime.agent.core import events, stored
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.core.task_states import TERMINAL
from tests.support.cores.agent_world import World

ENDS = st.sampled_from(
    [Exit(code=0), Exit(code=1), Exit(signal=signal.SIGKILL), Exit(signal=signal.SIGTERM), Exit(signal=9, oom=True)]
)
CHECK = {"type": "TCP", "tcp": {"port": 80}, "delay_seconds": 1, "interval_seconds": 1}
RANK = {"TASK_STARTING": 1, "TASK_RUNNING": 2, "TASK_KILLING": 3}


class Storm(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.count = 0
        self.accepted: dict[str, str] = {}  # task -> container, of every task the agent took
        self.ends: dict[str, Exit] = {}  # container -> how its process really ended
        self.shut: set[str] = set()  # tasks of which no word is expected any more
        self.killed: set[str] = set()

    @initialize()
    def begin(self) -> None:
        self.world.connect()

    # --- what may happen ---

    @precondition(lambda self: not self.world.connected)
    @rule()
    def connect(self) -> None:
        self.world.connect()

    @precondition(lambda self: self.world.connected)
    @rule()
    def disconnect(self) -> None:
        self.world.disconnect()

    @precondition(lambda self: self.world.connected)
    @rule()
    def run(self) -> None:
        self.count += 1
        task = f"t{self.count}"
        self.world.run(task, health_check=CHECK, check=CHECK) if self.count % 2 else self.world.run(task)
        self.accepted[task] = self.world.container_of(task)

    @precondition(lambda self: self.world.checks)
    @rule(data=st.data(), value=st.sampled_from([None, 0, 1]))
    def check_ends(self, data: st.DataObject, value: int | None) -> None:
        container, kind = data.draw(st.sampled_from(sorted(self.world.checks, key=str)))
        self.world.answer_check(container, kind, value)

    @precondition(lambda self: self.world.connected)
    @rule(steps=st.integers(0, 2))
    def run_and_write_and_work(self, steps: int) -> None:
        self.run()
        container = self.accepted[f"t{self.count}"]
        self.world.persist()
        for _ in range(steps):
            if self.world.containers[container].ops:
                self.world.work(container)
            if steps == 2 and self.world.containers[container].state == "created":
                self.world.persist()

    @precondition(lambda self: self.world.connected and self.world.core.tasks)
    @rule(data=st.data())
    def run_again(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(sorted(self.world.core.tasks)))[1]
        self.world.run(task)

    @precondition(lambda self: self.world.connected and self.accepted)
    @rule(data=st.data(), grace=st.sampled_from([None, 0, 3, 60]))
    def kill(self, data: st.DataObject, grace: float | None) -> None:
        task = data.draw(st.sampled_from(sorted(self.accepted)))
        self.world.kill(task, grace)
        self.killed.add(task)

    @precondition(lambda self: self.world.connected and self.world.in_flight)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        self.world.acknowledge(data.draw(st.sampled_from(sorted(self.world.in_flight))))

    @precondition(lambda self: self.world.connected and self.world.updates)
    @rule(data=st.data())
    def acknowledge_an_old_one(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(sorted(self.world.updates)))
        status = data.draw(st.sampled_from(self.world.updates[task]))
        if self.world.in_flight.get(task) != status.uuid:
            assert status.uuid is not None
            self.world.acknowledge(task, status.uuid)

    @precondition(lambda self: self.world.connected)
    @rule()
    def shut_framework_down(self) -> None:
        self.world.shutdown_framework()
        self.shut |= set(self.accepted)

    @precondition(lambda self: self.world.persists)
    @rule(count=st.integers(1, 5))
    def write(self, count: int) -> None:
        self.world.persist(count)

    @precondition(lambda self: self.world.persists)
    @rule()
    def disk_is_full(self) -> None:
        self.world.persist_fails()

    @precondition(lambda self: any(container.ops for container in self.world.containers.values()))
    @rule(data=st.data(), fails=st.booleans())
    def container_works(self, data: st.DataObject, fails: bool) -> None:
        busy = sorted(name for name, container in self.world.containers.items() if container.ops)
        self.world.work(data.draw(st.sampled_from(busy)), fails)

    @precondition(lambda self: self._running())
    @rule(data=st.data(), end=ENDS)
    def process_ends(self, data: st.DataObject, end: Exit) -> None:
        container = data.draw(st.sampled_from(self._running()))
        self.ends[container] = end
        self.world.exit(container, end)

    @precondition(lambda self: self._running())
    @rule(data=st.data())
    def supervisor_dies(self, data: st.DataObject) -> None:
        self.world.supervisor_dies(data.draw(st.sampled_from(self._running())))

    @rule(data=st.data())
    def takes_too_much_disk(self, data: st.DataObject) -> None:
        if self.world.containers:
            container = data.draw(st.sampled_from(sorted(self.world.containers)))
            self.world.feed(events.DiskExceeded(container, 2, 1))

    @rule(data=st.data())
    def listens_where_it_may_not(self, data: st.DataObject) -> None:
        if self.world.containers:
            container = data.draw(st.sampled_from(sorted(self.world.containers)))
            self.world.feed(events.PortsUnallocated(container, ((8000, 8000),)))

    @rule(seconds=st.sampled_from([0.5, 5, 15, 100, 700]))
    def time_passes(self, seconds: float) -> None:
        self.world.advance(seconds)

    @rule(written=st.integers(0, 3), reboot=st.sampled_from([False, False, False, True]))
    def crash(self, written: int, reboot: bool) -> None:
        self.world.crash(reboot, written)

    def _running(self) -> list[str]:
        return sorted(name for name, container in self.world.containers.items() if container.state == "running")

    # --- what must hold always ---

    @invariant()
    def no_task_is_started_twice(self) -> None:
        assert all(container.starts <= 1 for container in self.world.containers.values())
        assert len(self.world.containers) <= self.count

    @invariant()
    def states_never_go_back_and_a_task_ends_once(self) -> None:
        for task, statuses in self.world.updates.items():
            ranks = [RANK.get(status.state.value, 4) for status in statuses]
            assert ranks == sorted(ranks), f"{task}: {self.world.states(task)}"
            assert ranks.count(4) <= 1, f"{task} ended twice: {self.world.states(task)}"

    @invariant()
    def what_is_in_flight_is_on_the_disk_unless_nothing_can_be_written(self) -> None:
        for task, uuid in self.world.in_flight.items():
            living = self.world.core.tasks.get(("fw", task))
            if living is None or living.volatile:
                continue
            value = self.world.disk.get(f"tasks/{living.record.container_id}")
            assert value is not None, f"{task} is told of, and not written down"
            assert uuid in [status.uuid for status in stored.read_run(value).tasks[0].pending]

    # --- the calm after the storm ---

    def teardown(self) -> None:
        world = self.world
        for _ in range(200):
            world.connect()
            world.run_until_idle()
            for container in self._running():
                end = Exit(signal=signal.SIGKILL) if world.containers[container].signals else Exit(code=0)
                self.ends[container] = end
                world.exit(container, end)
            world.run_until_idle()
            for task in sorted(world.in_flight):
                world.acknowledge(task)
            world.run_until_idle()
            world.advance(10)
            if not world.core.tasks and not world.persists:
                break
        assert not world.core.tasks, "tasks never end"
        assert set(world.disk) == {"agent"}, "checkpoints are left behind"
        assert all(container.state == "absent" for container in world.containers.values())
        self._every_accepted_task_ended_truly()

    def _every_accepted_task_ended_truly(self) -> None:
        world = self.world
        for task, container in self.accepted.items():
            statuses = world.updates.get(task, [])
            if task in self.shut or container not in world.containers:
                continue  # nobody waits for it; or its intent was never written: the agent then never told of it
            if not statuses and world.containers[container].starts == 0:
                continue
            assert statuses and statuses[-1].state in TERMINAL, f"{task} never ended: {world.states(task)}"
            state, end = statuses[-1].state.value, self.ends.get(container)
            if state == "TASK_FINISHED":
                assert end is not None and end.code == 0
            if state == "TASK_KILLED":
                assert task in self.killed or statuses[-1].healthy is False


TestStorm = pytest.mark.soak(Storm.TestCase)  # every `make test` has those of tests/unit/sim
TestStorm.settings = settings(
    max_examples=200, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
