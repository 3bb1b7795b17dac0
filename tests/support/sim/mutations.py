"""Thirty planted bugs, one line each, which the simulation must find. Chosen before its observers were written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """In ``function`` (module:qualified name) the text ``old``, which occurs exactly once, becomes ``new``."""

    name: str
    what: str
    function: str
    old: str
    new: str


BOOK = "dcos_runtime.agent.core.book:Book"
LIFE = "dcos_runtime.agent.core.task_life:TaskLife"
MEMBERSHIP = "dcos_runtime.agent.core.membership:Membership"
CORE = "dcos_runtime.agent.core.core:AgentCore"

AGENT = [
    Mutation(
        "agent-no-resend",
        "an update that nobody acknowledges is not sent again",
        f"{BOOK}._send_head",
        "self.timers.set(Resend(task.handle), now.mono + task.resend_wait)",
        "pass",
    ),
    Mutation(
        "agent-told-before-stored",
        "an update goes out before its checkpoint is durable",
        f"{BOOK}._send_head",
        "if not task.on_disk(head) and not task.volatile:",
        "if False:",
    ),
    Mutation(
        "agent-destroyed-before-stored",
        "what is left of a container goes before the terminal update is durable",
        f"{LIFE}._persisted",
        "and not task.destroyed and id == task.written:",
        "and not task.destroyed:",
    ),
    Mutation(
        "agent-no-rekill",
        "SIGKILL is sent once only",
        f"{LIFE}._escalate",
        "self.timers.set(Escalate(task.record.container_id), now.mono + self.settings.rekill)",
        "pass",
    ),
    Mutation(
        "agent-no-escalation",
        "SIGTERM is never followed by SIGKILL",
        f"{LIFE}._begin_kill",
        "self.timers.set(Escalate(task.record.container_id), now.mono + kill.grace)",
        "pass",
    ),
    Mutation(
        "agent-no-reconnect",
        "a connection that broke is not made again",
        f"{MEMBERSHIP}._again",
        "self._timers.set(_DUE, now.mono + wait)",
        "pass",
    ),
    Mutation(
        "agent-silence-unnoticed",
        "a master that says nothing any more is waited for without end",
        f"{MEMBERSHIP}.heard",
        "self._timers.set(_DUE, now.mono + at.silence)",
        "self._timers.cancel(_DUE)",
    ),
    Mutation(
        "agent-no-resend-when-admitted",
        "what was in flight on an older connection is not sent on the new one",
        f"{CORE}._first",
        "self.quiet(task)",
        "pass",
    ),
    Mutation(
        "agent-stale-acknowledgement",
        "the acknowledgement of another update is taken for that of the one in flight",
        f"{BOOK}._acknowledged",
        "if task is None or task.head is None or task.head.uuid != message.uuid:",
        "if task is None or task.head is None:",
    ),
    Mutation(
        "agent-id-not-kept",
        "the id a master gave is not written down",
        f"{CORE}._first",
        "self._persist_agent()",
        "pass",
    ),
    Mutation(
        "agent-not-watched",
        "a container that ran on while the agent was away is not waited for",
        "dcos_runtime.agent.core.recovery:resume",
        "core.emit(WatchContainer(record.container_id, container.launcher, agent_id, framework_id, info, within))",
        "pass",
    ),
    Mutation(
        "agent-no-rewrite",
        "a checkpoint that could not be written is not tried again",
        f"{LIFE}._persist_failed",
        "self.timers.set(Rewrite(task.handle), now.mono + self.settings.persist_retry)",
        "pass",
    ),
    Mutation(
        "agent-checkpoint-left",
        "the checkpoint of a task that is over stays",
        f"{BOOK}._remove",
        'self._persist(f"assigned/{handle}" if task.custom else f"tasks/{handle}", None)',
        "pass",
    ),
]

AGENTS = "dcos_runtime.master.core.agents"
TASKS = "dcos_runtime.master.core.tasks"
SILENCE = "dcos_runtime.master.core.silence"

MASTER = [
    Mutation(
        "master-no-reconcile",
        "tasks that an agent does not tell of when it registers again are not reported as lost",
        f"{AGENTS}:_reconnected",
        "_missing(state, agent, task, now)",
        "pass",
    ),
    Mutation(
        "master-recovered-twice",
        "the resources of a task are free twice when it has ended",
        f"{TASKS}:apply",
        "if not was_over and (task.terminal or task.state is TaskState.TASK_UNREACHABLE):",
        "if task.terminal or task.state is TaskState.TASK_UNREACHABLE:",
    ),
    Mutation(
        "master-not-recovered",
        "the resources of a task that ended stay taken",
        "dcos_runtime.master.core.state:State.release",
        "self.allocator.recover(one.framework_id, one.role, agent.id, resources)",
        "pass",
    ),
    Mutation(
        "master-offer-kept",
        "the offers of an agent that is not connected any more stand",
        f"{SILENCE}:disconnected",
        "offers.give_back_all(state, agent.offers, rescind=True)",
        "pass",
    ),
    Mutation(
        "master-epoch-unchecked",
        "messages of an agent's older connection are taken",
        f"{AGENTS}:_messages",
        "if batch.epoch != agent.epoch:",
        "if False:",
    ),
    Mutation(
        "master-acknowledgement-kept",
        "an acknowledgement is not passed on to the agent",
        f"{TASKS}:acknowledge",
        "state.send_to_agent("
        "agent, internal.Acknowledge, framework_id=framework_id, task_id=call.task_id, uuid=call.uuid)",
        "pass",
    ),
    Mutation(
        "master-kill-not-again",
        "a kill is not said again to an agent that comes back and still runs the task",
        f"{AGENTS}:_reconnected",
        "tasks.send_kill(state, agent, *key)",
        "pass",
    ),
    Mutation(
        "master-silence-unnoticed",
        "an agent that answers no pings stays",
        f"{SILENCE}:ping",
        "if agent.missed_pings >= state.settings.max_agent_ping_timeouts:",
        "if False:",
    ),
    Mutation(
        "master-removed-before-stored",
        "an agent is given up before the registry has it",
        f"{SILENCE}:mark_unreachable",
        "standing.write(state, agent.id, AbsentAgent(agent.info, now.wall), then)",
        "removed(state, then, now)",
    ),
    Mutation(
        "master-answers-early",
        "a task of an agent that has yet to come back is told unknown",
        f"{TASKS}:_reconciled",
        "if agent_id in state.recovering if agent_id is not None else state.recovering:",
        "if False:",
    ),
]

INSTANCES = "dcos_runtime.marathon.core.tasks:Tasks"

INIT = [
    Mutation(
        "init-no-confirmation",
        "a launch that nothing was heard of is not asked about",
        f"{INSTANCES}.launch_due",
        "state.send(calls.reconcile([(instance.task_id, instance.agent_id)]))",
        "pass",
    ),
    Mutation(
        "init-no-kill-retry",
        "a kill that nothing came of is not said again",
        f"{INSTANCES}._kill_now",
        "state.timers.set(KillAgain(instance.id), now.mono + state.settings.kill_retry_timeout)",
        "pass",
    ),
    Mutation(
        "init-no-reconcile",
        "after a new subscription nobody is asked for the state of tasks",
        "dcos_runtime.marathon.core.core:InitCore._subscribed",
        "self._reconcile(now)",
        "pass",
    ),
    Mutation(
        "init-acknowledged-before-stored",
        "an update is acknowledged, and all else told, before what it changed is stored",
        "dcos_runtime.marathon.core.outbox:Outbox._next",
        "yield self.writes.begin(parts[0], Writing(tuple(parts[1:]), effects))",
        "yield from (*effects, self.writes.begin(parts[0], Writing(tuple(parts[1:]), ())))",
    ),
    Mutation(
        "init-stray-lives",
        "a task that no instance has is let run",
        f"{INSTANCES}._stray",
        "self._state.send(calls.kill(task_id, status.agent_id.value if status.agent_id else None))",
        "pass",
    ),
    Mutation(
        "init-launch-unstored",
        "the first launch of an instance is not stored",
        "dcos_runtime.marathon.core.state:State.save_instance",
        "if instance.incarnation:",
        "if instance.incarnation > 1:",
    ),
    Mutation(
        "init-bound-broken",
        "an upgrade starts more instances than maximumOverCapacity allows",
        "dcos_runtime.marathon.core.decide:_replace",
        "start = max(0, min(app.instances - len(new), most - there))",
        "start = max(0, app.instances - len(new))",
    ),
]

ALL = [*AGENT, *MASTER, *INIT]

CHECKING = "dcos_runtime.agent.core.checking:Checking"

CHECKS = [
    Mutation(
        "agent-unhealthy-lives",
        "a task whose health check fails again and again is not killed",
        f"{LIFE}._checked",
        "self._kill_unhealthy(task, now)",
        "pass",
    ),
    Mutation(
        "agent-check-not-repeated",
        "a health check is made once only",
        f"{CHECKING}.take_result",
        "self.timers.set(NextCheck(container_id, event.kind), now.mono + terms.interval)",
        "pass",
    ),
    Mutation(
        "agent-check-endless",
        "a health check that does not end is waited for without end",
        f"{CHECKING}.check_due",
        "self.timers.set(CheckOverdue(key.container_id, key.kind), until)",
        "pass",
    ),
    Mutation(
        "agent-checks-not-resumed",
        "a task that ran on while the agent was away is not checked any more",
        "dcos_runtime.agent.core.recovery:resume",
        "core.resume_checks(task, now)",
        "pass",
    ),
    Mutation(
        "agent-checked-while-killed",
        "health checks go on while the task is being killed",
        f"{LIFE}._begin_kill",
        "self.stop_checks(task)",
        "pass",
    ),
    Mutation(
        "agent-old-check-counts",
        "the result of a health check that was given up counts as that of the next one",
        f"{CHECKING}.take_result",
        "if run is None or run.number != event.number or task",
        "if run is None or task",
    ),
    Mutation(
        "agent-grace-ignored",
        "failures count from the start of a task on",
        f"{CHECKING}._judge",
        "if not health.passed and terms.grace > 0 and now.mono <= task.grace_until:",
        "if False:",
    ),
    Mutation(
        "agent-grace-without-end",
        "failures do not count until a health check has succeeded",
        f"{CHECKING}._judge",
        "and now.mono <= task.grace_until:",
        "and True:",
    ),
    Mutation(
        "agent-failures-added-up",
        "failures count although others succeeded between them",
        f"{CHECKING}._judge",
        "record.health = TaskHealth(passed=True)",
        "record.health = TaskHealth(True, health.failures)",
    ),
    Mutation(
        "agent-recovery-untold",
        "that a task is healthy again is not reported",
        f"{CHECKING}._judge",
        "if not health.passed or health.failures:",
        "if not health.passed:",
    ),
]
"""Planted when the simulation got health checks."""

LATER = [
    Mutation(
        "master-stream-unchecked",
        "a call is taken on whatever stream of the framework it came",
        "dcos_runtime.master.core.calls:call",
        "if event.stream_id != framework.stream_id:",
        "if False:",
    ),
    Mutation(
        "master-failover-untold",
        "the older process of a framework is not told that another took its place",
        "dcos_runtime.master.core.frameworks:_connect",
        "state.send(framework, failed_over)",
        "pass",
    ),
    Mutation(
        "master-removed-comes-back",
        "a framework that was ended may subscribe again",
        "dcos_runtime.master.core.frameworks:_refusal",
        "if info.id is not None and info.id.value in state.completed:",
        "if False:",
    ),
    Mutation(
        "master-shutdown-untold",
        "agents are not told that a framework is over",
        "dcos_runtime.master.core.frameworks:remove",
        "send_shutdown(state, agent, framework.id)",
        "pass",
    ),
    Mutation(
        "master-shutdown-not-again",
        "an agent that was away is not told that a framework is over",
        f"{AGENTS}:_learn_frameworks",
        "frameworks.send_shutdown(state, agent, framework_id)",
        "pass",
    ),
    Mutation(
        "agent-shutdown-ignored",
        "tasks of a framework that is over run on",
        f"{LIFE}._shutdown_framework",
        "self._forget(task, now)",
        "pass",
    ),
]
"""Planted when the simulation got second processes of one scheduler, and frameworks that are removed."""

EXECUTOR = "dcos_runtime.agent.core.executor_life:ExecutorLife"
MASTERS_EXECUTORS = "dcos_runtime.master.core.executors"

EXECUTORS = [
    Mutation(
        "agent-executor-not-given-its-tasks",
        "an executor that subscribes does not get the tasks that wait for it",
        f"{EXECUTOR}._catch_up",
        "task.deliver = 0 if known else task.written",
        "task.deliver = 0",
    ),
    Mutation(
        "agent-update-unconfirmed",
        "an update of an executor is not acknowledged to it",
        f"{EXECUTOR}._updated",
        "task.confirmations[uuid] = task.written",
        "pass",
    ),
    Mutation(
        "agent-update-taken-twice",
        "an update that an executor says again counts as another one",
        f"{EXECUTOR}._updated",
        "if record.state in TERMINAL or uuid in record.known:",
        "if record.state in TERMINAL:",
    ),
    Mutation(
        "agent-tasks-outlive-executor",
        "tasks of an executor that is gone go on",
        f"{EXECUTOR}.executor_destroyed",
        "self.end_task(task, verdict, now)",
        "pass",
    ),
    Mutation(
        "agent-executor-gone-untold",
        "the master is not told that an executor is gone",
        f"{EXECUTOR}.executor_destroyed",
        "self._tell_gone(record.framework_id, record.executor_id, executor.status)",
        "pass",
    ),
    Mutation(
        "agent-executor-ended-while-connecting",
        "the master is not told of an executor that ended while it admitted the agent",
        f"{CORE}._first",
        "self.tell_unsaid()",
        "pass",
    ),
    Mutation(
        "agent-executor-outlives-its-grace",
        "an executor that does not end when it is told to goes on",
        f"{EXECUTOR}.end_executor",
        "self.timers.set(ShutDown(container.container_id), now.mono + seconds)",
        "pass",
    ),
    Mutation(
        "agent-executor-grace-not-resumed",
        "an executor that is to end goes on when its agent is restarted meanwhile",
        f"{EXECUTOR}.resume_executor",
        "self.timers.set(ShutDown(container.container_id), now.mono + min(left, record.ending.grace))",
        "pass",
    ),
    Mutation(
        "agent-executor-never-registers",
        "an executor that never subscribes goes on",
        f"{EXECUTOR}.executor_started",
        "self.timers.set(RegistrationDue(container.container_id), now.mono + self.settings.registration_timeout)",
        "pass",
    ),
    Mutation(
        "agent-running-task-dropped",
        "a task that runs is reported as never launched when the disk is full after a restart of the agent",
        f"{LIFE}._persist_failed",
        "if task.custom and not task.recovered and",
        "if task.custom and",
    ),
    Mutation(
        "agent-power-off-ignored",
        "tasks go on when the machine is shut down",
        f"{LIFE}._power_off",
        "self._kill(task, KillReason.POWER_OFF, min(longest, self._grace(task, None)), now)",
        "pass",
    ),
    Mutation(
        "agent-history-not-written",
        "a task that is over is not remembered",
        f"{BOOK}._remove",
        "self.history.task_over(task.executor, record, lives=container_id in self._executor_in)",
        "pass",
    ),
    Mutation(
        "master-executor-kept",
        "the resources of an executor that is gone stay taken",
        f"{MASTERS_EXECUTORS}:gone",
        "remove(state, agent, executor)",
        "pass",
    ),
    Mutation(
        "master-failure-untold",
        "a framework is not told that its executor is gone",
        f"{MASTERS_EXECUTORS}:gone",
        "state.send(framework, Event(type=Event.Type.FAILURE, failure=failure))",
        "pass",
    ),
    Mutation(
        "master-executor-uncounted",
        "the resources of a new executor are not taken",
        f"{MASTERS_EXECUTORS}:add",
        "state.hold(framework, agent, executor.resources)",
        "pass",
    ),
]
"""Planted when the simulation got custom executors, machines that are shut down, and the agent's history."""
