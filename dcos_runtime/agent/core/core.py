"""The agent's decisions: what each event of a master, of time, of containers and of the disk leads to. Pure."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import msgspec

from dcos_runtime.agent.core import effects, events, reading, recovery, snapshot, statuses, stored
from dcos_runtime.agent.core.draining import DrainLife
from dcos_runtime.agent.core.effects import Destroy, Effect, EndProcess
from dcos_runtime.agent.core.events import Event
from dcos_runtime.agent.core.executor import Executor
from dcos_runtime.agent.core.executor_life import TERMINATED
from dcos_runtime.agent.core.membership import GONE
from dcos_runtime.agent.core.model import Facts
from dcos_runtime.agent.core.operations import BEHIND
from dcos_runtime.agent.core.records import KillReason, Stage, TaskRecord
from dcos_runtime.agent.core.task import Task
from dcos_runtime.agent.core.task_request import TaskRequest
from dcos_runtime.agent.core.timing import (
    CheckOverdue,
    Complete,
    Escalate,
    NextCheck,
    NextConnection,
    RegistrationDue,
    Resend,
    ResendOperation,
    RetryResources,
    RetryWrites,
    Rewrite,
    ShutDown,
    Timer,
)
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Log, Now, Persisted, PersistFailed, Tick
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import AgentID
from dcos_runtime.wire.internal import RunningTask
from dcos_runtime.wire.tasks import TaskState, TaskStatus


class AgentCore(DrainLife):
    """Takes events and the time, returns effects in the order they are to be done.

    ``source`` is the only source of ids and jitter, so that a life can be run again from its events.
    """

    def receive(self, event: Event, now: Now) -> list[Effect]:
        """What is to be done because of the event. The only way to change what the core knows."""
        match event:
            case events.Received():
                self._received(event, now)
            case Persisted():
                self._persisted(event.id, now)
            case Tick():
                self._tick(now)
            case events.Created():
                self._created(event, now)
            case events.Started():
                self._started(event.container_id, now)
            case events.LaunchFailed():
                self._launch_failed(event.container_id, event.message, event.user_unknown, now)
            case events.Exited():
                self.exited(event.container_id, event.exit, now)
            case events.Checked():
                self._checked(event, now)
            case events.ExecutorSubscribed():
                self.executor_subscribed(event.stream, event.call, now)
            case events.ExecutorCalled():
                self.executor_called(event.call, now)
            case events.ExecutorClosed():
                self.executor_closed(event.stream)
            case events.Destroyed():
                self._destroyed(event.container_id, now)
                self.wait_for_containers()
            case events.LaunchNested():
                self.launch_nested(event)
            case events.RemoveNested():
                self.remove_nested(event.container_id)
            case events.VolumesChanged():
                self.volumes_changed(event.operation, event.why)
            case events.SupervisorLost():
                self._supervisor_lost(event.container_id)
            case events.DiskExceeded():
                self._end_for_disk(
                    event.container_id, statuses.disk_text(event.used, event.limit, event.volume), event.limit, now
                )
            case events.DiskTooDeep():
                text = statuses.disk_too_deep_text(event.deepest, event.limit)
                self._end_for_disk(event.container_id, text, event.limit, now)
            case events.PortsUnallocated():
                self._end_for_ports(event.container_id, event.ports, now)
            case PersistFailed():
                self._persist_failed(event.id, event.why, now)
            case events.MasterSeen():
                self._effects += self.membership.seen(event.identity, event.address, event.problem, now)
            case events.EndpointFound():
                self._found(event, now)
            case events.Closed():
                self._closed(event, now)
            case events.Recovered():
                self._recover(event, now)
            case events.PowerOff():
                self._power_off(event.longest, now)
            case events.CleanupAsked():
                self._shut_down(event.why, now, code=0)
            case events.UnregisterAsked():
                self._unregister(event.by, now)
        self._go_on(now)
        self.drained()
        return self.take_effects()

    def next_deadline(self) -> float | None:
        """The monotonic time of the earliest thing that is due."""
        return self.timers.next_deadline()

    # --- start and time -----------------------------------------------------------------------------------------------

    def _recover(self, left: events.Recovered, now: Now) -> None:
        for container_id, launcher in left.strangers:
            self.emit(Log(logging.WARNING, f"container {container_id} belongs to no task that is known; destroying it"))
            self.emit(Destroy(container_id, launcher))
        if left.agent is not None:
            self.agent = stored.read_agent(left.agent)
        rebooted = bool(self.agent.boot_id) and self.agent.boot_id != self.settings.boot_id
        self.agent.boot_id = self.settings.boot_id
        self._persist_agent()
        frameworks = [stored.read_framework(value) for value in left.frameworks]
        self.frameworks = {info.id.value: info for info in frameworks if info.id}
        self.history.fill(left.history)
        facts = dict(left.facts)
        self.recover_operations(left.resources)
        self._recover_executors(left, facts, rebooted, now)
        for value in left.runs:
            run = stored.read_run(value)
            for record in run.tasks:
                self._recover_task(run, record, facts.get(record.container_id), rebooted, now)
        for executor in [one for one in self.executors.values() if one.default]:
            self.resume_executor(executor, facts.get(executor.record.container_id), rebooted, now)
        self.resume_nested(left.nested, facts)
        for framework_id in [name for name in self.frameworks if not self._has_any(name)]:
            self._drop_framework(framework_id)
        living = [(task.record.framework_id, task.executor.container_id, task.handle) for task in self.tasks.values()]
        self.history.settle(self.frameworks, self._executor_in, living)
        if self.agent.drain is not None:
            self.kill_for_drain(now)
        if self.tasks:
            self.emit(Log(logging.INFO, f"recovered {len(self.tasks)} tasks"))

    def _recover_executors(self, left: events.Recovered, facts: Mapping[str, Facts], rebooted: bool, now: Now) -> None:
        for value in left.executors:
            found = stored.read_executor(value)
            info = reading.executor(found.executor.info)
            if isinstance(info, events.BadMessage):  # it could be read when it came
                raise AssertionError(info.why)
            self.take_up_executor(Executor(found.executor, found.container, info))
        for value in left.assigned:
            record = stored.read_assigned(value).task
            executor = self._executor_in.get(record.container_id)
            owner, container = (
                recovery.executor_that_is_gone(record) if executor is None else (executor.record, executor.container)
            )
            task = self.adopt(owner, container, record, reading.terms_of(record.task))
            task.destroyed = task.recovered = True
            if task.stage is Stage.ENDED and not record.pending:
                self._remove(task)
            elif executor is None:
                self.end_task(task, TERMINATED, now)
        for executor in [one for one in self.executors.values() if not one.default]:
            self.resume_executor(executor, facts.get(executor.record.container_id), rebooted, now)

    def _recover_task(self, run: stored.Run, record: TaskRecord, facts: Facts | None, rebooted: bool, now: Now) -> None:
        """A task with a container of its own. The executor of a group's is here, unless its checkpoint was lost."""
        executor = self._executor_in.get(run.executor.container_id)
        owner = run.executor if executor is None else executor.record
        task = self.adopt(owner, run.container, record, reading.terms_of(record.task))
        if task.grouped and executor is None and task.stage is not Stage.ENDED:
            self.resume_orphan(task)
        else:
            recovery.resume(self, task, facts, rebooted, now)

    def _tick(self, now: Now) -> None:
        """Time has passed."""
        for key in self.timers.fire(now.mono):
            self._due(key, now)

    def _due(self, key: Timer, now: Now) -> None:
        match key:
            case NextConnection() if self.membership.leaving:
                self._left("the master has not ended the connection in its time")
            case NextConnection():
                self._effects += self.membership.due(now)
            case RetryWrites():
                self._persist_again()
            case Rewrite():
                if (executor := self._executor_in.get(key.handle)) is not None:
                    self.checkpoint_executor(executor)
                else:
                    self.checkpoint(self._by_handle[key.handle])
            case Complete():
                self._kill(self._by_handle[key.container_id], KillReason.MAX_COMPLETION_TIME, 0.0, now)
            case Escalate():
                self._escalate(self._by_handle[key.container_id], now)
            case NextCheck():
                self.check_due(key, now)
            case CheckOverdue():
                self._check_late(key, now)
            case Resend():
                self._send_head(self._by_handle[key.handle], now, again=True)
            case ResendOperation():
                self.resend_operation(key.uuid, now)
            case RetryResources():
                self.write_resources_again()
            case RegistrationDue():
                self.not_registered(self._executor_in[key.container_id])
            case ShutDown():
                self.not_ended(self._executor_in[key.container_id])

    # --- the master ---------------------------------------------------------------------------------------------------

    def _found(self, event: events.EndpointFound, now: Now) -> None:
        needed = internal.WITH_OPERATIONS if self.kept or self.operations else 1
        refused = self.membership.found(event.connection, event.versions, now, needed)
        if refused is None:
            body = codec.encode(self._connect_message())
            self.emit(effects.Register(event.connection, event.host, event.port, body))
        else:
            self._effects += refused

    def _connect_message(self) -> internal.Connect:
        """The first message on a connection: this agent and all its tasks."""
        self.unsaid = {}
        info = msgspec.structs.replace(self.settings.info, id=AgentID(value=self.agent.id) if self.agent.id else None)
        asked: dict[bytes, int] = {}
        tasks = [
            _running_task(task, asked)
            for task in self.tasks.values()
            if not task.forgotten and not (task.stage is Stage.ENDED and not task.record.pending)
        ]
        executors = [
            internal.RunningExecutor(*executor.key, info=executor.record.info) for executor in self.executors.values()
        ]
        return internal.Connect(
            version=internal.SPOKEN[0],
            versions=list(internal.SPOKEN),
            agent=info,
            software=self.settings.software,
            boot_id=self.settings.boot_id,
            tasks=tasks,
            frameworks=list(self.frameworks.values()),
            life=self.membership.life,
            number=self.membership.at.connection,
            asked=[msgspec.Raw(resources) for resources in asked],
            executors=executors,
            total=amounts.wire(self.durable_total()),
            operations=self.known_operations(),
        )

    def _received(self, event: events.Received, now: Now) -> None:
        membership = self.membership
        if not membership.hears(event.connection):
            return
        message = event.fault if isinstance(event.fault, events.BadMessage) else reading.message(event.data)
        if isinstance(message, events.BadMessage):
            self._effects += membership.broken(message.why, now)
            return
        if not membership.member:
            self._first(message, now)
            return
        if self.source.unlucky("the agent breaks its connection off"):
            self._effects += membership.broken("bad luck", now)
            return
        broken = membership.heard(message.seq, now)
        if broken is not None:
            self._effects += broken
            return
        if self.under_way is not None and isinstance(message, BEHIND):
            self.behind.append(event)
            return
        self._take(message, event, now)

    def _go_on(self, now: Now) -> None:
        """Handles messages that waited for an operation, until the next one is under way."""
        while self.behind and self.under_way is None:
            event = self.behind.popleft()
            if not self.membership.member or not self.membership.hears(event.connection):
                continue  # its master knows of none of it, and lists what it wants when we are back
            message = reading.message(event.data)
            assert not isinstance(message, events.BadMessage)  # it could be read when it came
            self._take(message, event, now)

    def _take(self, message: internal.Down, event: events.Received, now: Now) -> None:
        membership = self.membership
        match message:
            case internal.Ping():
                self._up(internal.Pong(seq=membership.next_seq()))
            case internal.RunTask():
                bad = event.fault if isinstance(event.fault, events.BadTask) else None
                self._run(message, bad or reading.task(message.task), now)
            case internal.RunGroup():
                self._run_group(message, self._asked(message, event), now)
            case internal.KillTask():
                self._kill_asked(message, now)
            case internal.Acknowledge():
                self._acknowledged(message, now)
            case internal.UpdateFramework():
                self._framework_subscribed(message.framework, now)
            case internal.ShutdownFramework():
                self._shutdown_framework(message.framework_id.value, now)
            case internal.ToExecutor():
                self.to_executor(message)
            case internal.ShutdownExecutor():
                self.shut_executor_down(message, now)
            case internal.ApplyOperation():
                self.apply_operation(message)
            case internal.Drain():
                self.drain(message.config, now)
            case internal.AcknowledgeOperation():
                self.acknowledge_operation(message)
            case internal.Shutdown():
                self._shut_down(message.message, now)
            case internal.Connected():
                text = "the master admitted us twice on one connection; the second is ignored"
                self.emit(Log(logging.WARNING, text))

    def _asked(self, message: internal.RunGroup, event: events.Received) -> list[TaskRequest | events.BadTask]:
        """The tasks of a group. What is wrong with the first bad one may be known already."""
        asked = [reading.task(task) for task in message.tasks]
        for index, each in enumerate(asked):
            if isinstance(each, events.BadTask) and isinstance(event.fault, events.BadTask):
                asked[index] = event.fault
                break
        return asked

    def _first(self, message: internal.Down, now: Now) -> None:
        """The first message of a connection admits this agent."""
        if not isinstance(message, internal.Connected):
            text = f"the stream began with {type(message).__name__}, not with Connected"
            self._effects += self.membership.broken(text, now)
            return
        if message.version not in internal.SPOKEN:
            text = (
                f"the master goes on in {internal.named([message.version])} of the agent protocol, which this agent was"
            )
            self._effects += self.membership.broken(f"{text} not said to speak", now)
            return
        self.membership.opened(message, now)
        text = f"registered with master {message.master_id} as agent {message.agent_id}"
        if message.version != internal.VERSION:
            text += f", in version {message.version} of the agent protocol"
        self.emit(Log(logging.INFO, text))
        self.tell_unsaid()
        if self.agent.id != message.agent_id:
            self.agent.id = message.agent_id
            self._persist_agent()
        for task in self.tasks.values():
            self.quiet(task)  # what was in flight on an older connection may never have arrived
            self._send_head(task, now)
        self.tell_operations(now)

    def _closed(self, event: events.Closed, now: Now) -> None:
        if self.membership.leaving:
            if event.connection == self.membership.at.connection:
                self._left(event.why)
        elif event.status == GONE and event.connection == self.membership.at.connection:
            self._shut_down(event.why, now)
        else:
            self._effects += self.membership.closed(event.connection, event.why, now)

    def _framework_subscribed(self, info: FrameworkInfo, now: Now) -> None:
        """A framework subscribed, perhaps as another process: updates that it did not acknowledge are sent again at
        once.
        """
        self._learn_framework(info)
        for task in list(self.tasks.values()):
            if info.id is not None and task.record.framework_id == info.id.value:
                self.quiet(task)
                self._send_head(task, now)

    def _shut_down(self, why: str, now: Now, code: int = 1) -> None:
        """This agent is no member any more: every task is killed, the id forgotten, then the process ends."""
        self._effects += self.membership.dismissed()
        self.emit(Log(logging.ERROR, f"this agent is dismissed ({why}); killing all its tasks"))
        self._end_all(EndProcess(code, f"dismissed: {why}"), now)

    def _unregister(self, by: str, now: Now) -> None:
        """This agent tells its master that it leaves, kills every task meanwhile, forgets its id, and ends."""
        if self.ending is not None:
            return
        membership = self.membership
        how = "the master is told"
        if membership.member and membership.at.version >= internal.WITH_UNREGISTER:
            self._up(internal.Unregister(seq=membership.next_seq()))
            membership.leave(now)
        else:
            how = "the master cannot be told, and finds out when pings are missed"
            self._effects += membership.dismissed()
        self.emit(Log(logging.WARNING, f"{by}: this agent unregisters, {how}; killing all its tasks"))
        self._end_all(EndProcess(0, f"unregistered: {by}"), now)

    def _left(self, why: str) -> None:
        """The connection on which this agent said that it leaves is over."""
        self.emit(Log(logging.INFO, f"left the master: {why}"))
        self._effects += self.membership.dismissed()
        self._end_if_empty()

    def _end_all(self, then: EndProcess, now: Now) -> None:
        self.ending = then
        for executor in list(self.executors.values()):
            self.end_executor(executor, KillReason.FORGOTTEN, now)
        for task in list(self.tasks.values()):
            self._forget(task, now)
        self.end_standalone()
        self._end_if_empty()

    # --- recordings ---------------------------------------------------------------------------------------------------

    def snapshot(self) -> bytes:
        """All of the state; `recorded.restored` makes a core that continues from it."""
        return snapshot.take(self)


def _running_task(task: Task, asked: dict[bytes, int]) -> RunningTask:
    """A task as it is on the disk. A task that is not on the disk yet is left out: the master knows that it was
    launched. ``asked`` numbers the resources that tasks ask for, and gets those of this task.
    """
    head, newest = task.head, task.newest_on_disk
    if head is not None and not task.on_disk(head):
        head = None
    update = head or newest
    return RunningTask(
        framework_id=task.record.framework_id,
        task=task.record.task,
        state=newest.state if newest is not None else TaskState.TASK_STAGING,
        status=_encoded(newest),
        unacknowledged=_encoded(head),
        task_id=task.record.task_id,
        asked=asked.setdefault(codec.encode(task.terms.resources), len(asked)),
        status_state=update.state if update is not None else None,
        status_uuid=update.uuid if update is not None else None,
        executor_id=task.record.executor_id if task.custom or task.grouped else "",
    )


def _encoded(status: TaskStatus | None) -> msgspec.Raw:
    """Without ``data``, which only the executor and its framework need."""
    if status is None:
        return internal.NOTHING
    return msgspec.Raw(codec.encode(status if status.data is None else msgspec.structs.replace(status, data=None)))
