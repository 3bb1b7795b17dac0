"""The real core with custom executors under generated events: crashes, lost connections, full disks, executors that go
away, come back and end at any moment.

After each step: what was told or acknowledged is on the disk, a launch is delivered once, and no task ends twice. In
the end everything has ended, and nothing is left.
"""

from __future__ import annotations

import signal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from dcos_runtime.agent.core import stored
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.wire import internal
from tests.support.cores.agent_executor import PretendedExecutor
from tests.support.cores.agent_world import FRAMEWORK, World

NAMES = st.sampled_from(["e", "f"])
STATES = st.sampled_from(["TASK_RUNNING", "TASK_RUNNING", "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED"])


class ExecutorStorm(RuleBasedStateMachine):
    """``processes`` are the executors that run, by container; ``launched``: the tasks that each was given."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.count = 0
        self.processes: dict[str, PretendedExecutor] = {}
        self.launched: dict[str, list[str]] = {}
        self.shut: set[str] = set()

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
    @rule(name=NAMES, mistaken=st.sampled_from([False, False, False, True]))
    def assign(self, name: str, mistaken: bool) -> None:
        """``mistaken``: what the master knows of the executor is not true any more."""
        self.count += 1
        here = (FRAMEWORK, name) in self.world.core.executors
        self.world.run_in(name, f"t{self.count}", starts=here is mistaken)

    @precondition(lambda self: self.world.connected)
    @rule(name=NAMES, delivered=st.booleans())
    def assign_and_go_on(self, name: str, delivered: bool) -> None:
        """Until the executor is subscribed, and perhaps has the task."""
        self.assign(name, False)
        self.world.run_until_idle()
        for container in self.running():
            if container not in self.subscribed():
                self.process(container).subscribe()
        if delivered:
            self.world.run_until_idle()
        self.listen()

    @precondition(lambda self: self.world.connected and self.count)
    @rule(data=st.data())
    def kill(self, data: st.DataObject) -> None:
        self.world.kill(f"t{data.draw(st.integers(1, self.count))}")

    @precondition(lambda self: self.world.connected and self.world.in_flight)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        self.world.acknowledge(data.draw(st.sampled_from(sorted(self.world.in_flight))))

    @precondition(lambda self: self.world.connected)
    @rule(name=NAMES)
    def shut_executor_down(self, name: str) -> None:
        self.world.down(internal.ShutdownExecutor, framework_id=FRAMEWORK, executor_id=name)

    @precondition(lambda self: self.world.connected)
    @rule()
    def shut_framework_down(self) -> None:
        self.world.shutdown_framework()
        self.shut |= {f"t{number}" for number in range(1, self.count + 1)}

    @precondition(lambda self: self.world.persists)
    @rule(count=st.integers(1, 5))
    def write(self, count: int) -> None:
        self.world.persist(count)

    @precondition(lambda self: self.world.persists)
    @rule()
    def disk_is_full(self) -> None:
        self.world.persist_fails()

    @precondition(lambda self: any(container.ops for container in self.world.containers.values()))
    @rule(data=st.data(), fails=st.sampled_from([False, False, True]))
    def container_works(self, data: st.DataObject, fails: bool) -> None:
        busy = sorted(name for name, container in self.world.containers.items() if container.ops)
        self.world.work(data.draw(st.sampled_from(busy)), fails)

    @precondition(lambda self: self.running())
    @rule(data=st.data())
    def subscribe(self, data: st.DataObject) -> None:
        """An executor subscribes, perhaps again. The HTTP side lets only those in that are here."""
        self.process(data.draw(st.sampled_from(self.running()))).subscribe()

    @precondition(lambda self: self.subscribed())
    @rule(data=st.data())
    def hang_up(self, data: st.DataObject) -> None:
        self.process(data.draw(st.sampled_from(self.subscribed()))).hang_up()

    @precondition(lambda self: self.subscribed())
    @rule(data=st.data(), state=STATES)
    def say(self, data: st.DataObject, state: str) -> None:
        container = data.draw(st.sampled_from(self.subscribed()))
        if tasks := self.launched.get(container):
            self.process(container).update(data.draw(st.sampled_from(tasks)), state)

    @precondition(lambda self: self.subscribed())
    @rule(data=st.data(), states=st.lists(STATES, min_size=2, max_size=4), written=st.integers(0, 3))
    def say_more(self, data: st.DataObject, states: list[str], written: int) -> None:
        """Several updates, of which some are written meanwhile."""
        container = data.draw(st.sampled_from(self.subscribed()))
        for state in states if self.launched.get(container) else ():
            self.process(container).update(data.draw(st.sampled_from(self.launched[container])), state)
        self.world.persist(written)

    @precondition(lambda self: self.running())
    @rule(data=st.data(), code=st.sampled_from([0, 1]))
    def process_ends(self, data: st.DataObject, code: int) -> None:
        self.world.exit(data.draw(st.sampled_from(self.running())), Exit(code=code))

    @precondition(lambda self: self.running())
    @rule(data=st.data())
    def supervisor_dies(self, data: st.DataObject) -> None:
        self.world.supervisor_dies(data.draw(st.sampled_from(self.running())))

    @rule(seconds=st.sampled_from([0.5, 5, 20, 70, 700]))
    def time_passes(self, seconds: float) -> None:
        self.world.advance(seconds)

    @rule(written=st.integers(0, 3), reboot=st.sampled_from([False, False, False, True]))
    def crash(self, written: int, reboot: bool) -> None:
        self.listen()
        self.world.crash(reboot, written)

    # --- the executors ---

    def running(self) -> list[str]:
        """Containers in which an executor runs that the agent knows."""
        known = {executor.record.container_id for executor in self.world.core.executors.values()}
        found = self.world.containers.items()
        return sorted(name for name, container in found if container.state == "running" and name in known)

    def subscribed(self) -> list[str]:
        return [name for name in self.running() if self.process(name).stream in self.world.streams]

    def process(self, container: str) -> PretendedExecutor:
        executors = self.world.core.executors.values()
        (name,) = [one.record.executor_id for one in executors if one.record.container_id == container]
        return self.processes.setdefault(container, PretendedExecutor(self.world, name))

    def listen(self) -> None:
        """Each executor reads what came; what it hears has to be on the disk."""
        disk = [stored.read_assigned(value).task for key, value in self.world.disk.items() if "assigned/" in key]
        kept = {record.task_id: record for record in disk}
        for container, process in self.processes.items():
            for event in process.heard():
                if event.launch is not None:
                    task = event.launch.task.task_id.value
                    assert kept[task].delivered, f"{task} is delivered, and that is not on the disk"
                    assert task not in self.launched.setdefault(container, []), f"{task} is delivered twice"
                    self.launched[container].append(task)
                if event.acknowledged is not None:
                    name = event.acknowledged.task_id.value
                    record, forgotten = kept.get(name), (FRAMEWORK, name) not in self.world.core.tasks
                    done = record is None or record.state in TERMINAL or event.acknowledged.uuid in record.known
                    assert done or forgotten, "an update is acknowledged that is not on the disk"

    # --- what must hold always ---

    @invariant()
    def what_executors_hear_is_on_the_disk(self) -> None:
        self.listen()

    @invariant()
    def a_task_ends_once(self) -> None:
        for task, statuses in self.world.updates.items():
            ends = [status.state.value for status in statuses if status.state in TERMINAL]
            assert len(ends) <= 1, f"{task} ended twice: {ends}"
            assert not ends or statuses[-1].state in TERMINAL, f"{task} lives on: {self.world.states(task)}"

    @invariant()
    def what_has_ended_stays_so(self) -> None:
        for task in self.world.core.tasks.values():
            if any(status.state in TERMINAL for status in task.record.history):
                assert task.record.state in TERMINAL, f"{task.record.task_id} lives on"

    @invariant()
    def executors_and_their_tasks_know_each_other(self) -> None:
        core = self.world.core
        for executor in core.executors.values():
            for task in executor.tasks.values():
                assert core.tasks[task.key] is task and task.executor is executor.record
        streams = {executor.stream for executor in core.executors.values()} - {None}
        assert streams <= set(self.world.streams), "the agent sends to a stream that is closed"

    # --- the calm after the storm ---

    def calm(self) -> None:
        """Nobody does anything for a while: who is to end has ended, and who is subscribed has its tasks."""
        world = self.world
        for _ in range(4):
            world.connect()
            world.run_until_idle()
            self.listen()
            world.advance(20)
        world.connect()
        world.run_until_idle()
        self.listen()
        for executor in world.core.executors.values():
            container = executor.record.container_id
            assert executor.record.ending is None, "an executor that is to end goes on"
            assert executor.record.subscribed, "an executor that never subscribed goes on"
            for name, task in executor.tasks.items() if container in self.subscribed() else ():
                ended = task.record.state in TERMINAL
                assert ended or name in self.launched.get(container, []), f"{name} is never delivered"

    def teardown(self) -> None:
        world = self.world
        self.calm()
        for _ in range(200):
            world.connect()
            world.run_until_idle()
            for container in self.running():
                world.exit(container, Exit(signal=signal.SIGKILL))
            world.run_until_idle()
            for task in sorted(world.in_flight):
                world.acknowledge(task)
            world.run_until_idle()
            world.advance(10)
            if not world.core.tasks and not world.core.executors and not world.persists:
                break
        assert not world.core.tasks and not world.core.executors, "something never ends"
        assert set(world.disk) == {"agent"}, "checkpoints are left behind"
        assert all(container.state == "absent" for container in world.containers.values())
        for task, statuses in world.updates.items():
            assert task in self.shut or statuses[-1].state in TERMINAL, f"{task} never ended"
