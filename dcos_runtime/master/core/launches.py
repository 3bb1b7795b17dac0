"""Tasks launched from accepted offers: one by one (LAUNCH), or as a group, of which all are launched or none."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.resources import Format, Resources
from dcos_runtime.master.core import acls, executors, tasks, validate, watchers
from dcos_runtime.master.core.records import Agent, Executor, Framework, Task
from dcos_runtime.master.core.state import State
from dcos_runtime.wire import codec, internal, limits
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.common import FrameworkID
from dcos_runtime.wire.tasks import ExecutorInfo, HealthCheck, TaskInfo, TaskState, TaskStatus

Reason = TaskStatus.Reason
Operation = Offer.Operation
Type = Operation.Type


class OfferBudget:
    """What is left of accepted offers."""

    def __init__(self, left: Resources) -> None:
        self.left = left


def tasks_of(operation: Operation) -> Sequence[TaskInfo]:
    if operation.type is Type.LAUNCH:
        return operation.launch.task_infos if operation.launch else ()
    return operation.launch_group.task_group.tasks if operation.launch_group else ()


def refuse(
    state: State,
    framework: Framework,
    infos: Iterable[TaskInfo],
    outcome: TaskState,
    text: str,
    reason: TaskStatus.Reason,
    now: Now,
) -> None:
    for info in infos:
        update = tasks.status(info.task_id.value, info.agent_id.value, outcome, text, reason, now)
        tasks.own_update(state, framework, update)


def passes(state: State, framework: Framework, operation: Operation, now: Now) -> bool:
    """Checks a LAUNCH or LAUNCH_GROUP by itself; a wrong one ends all its tasks."""
    infos = tasks_of(operation)
    grouped = operation.type is Type.LAUNCH_GROUP
    error = next((error for info in infos if (error := _invalid_resources(info, info.executor))), None)
    if grouped and error is None and operation.launch_group is not None:
        error = _invalid_executor(operation.launch_group.executor)
    if error is None and operation.id is not None:
        error = f"The `id` field cannot be set on {'LAUNCH_GROUP' if grouped else 'LAUNCH'} operations"
    if error is None:
        return True
    reason = Reason.REASON_TASK_GROUP_INVALID if grouped else Reason.REASON_TASK_INVALID
    refuse(state, framework, infos, TaskState.TASK_ERROR, error, reason, now)
    return False


def _invalid_resources(info: TaskInfo, executor: ExecutorInfo | None) -> str | None:
    return amounts.invalid(info.resources) or (_invalid_executor(executor) if executor is not None else None)


def _invalid_executor(info: ExecutorInfo) -> str | None:
    error = amounts.invalid(info.resources)
    return f"Executor uses invalid resources: {error}" if error else None


def perform(
    state: State, framework: Framework, agent: Agent, role: str, operation: Operation, budget: OfferBudget, now: Now
) -> None:
    """Launches the tasks that can be; the others get TASK_ERROR. `passes` let the operation in."""
    if operation.type is not Type.LAUNCH_GROUP:
        for info in tasks_of(operation):
            _launch(state, framework, agent, role, info, budget, now)
    elif operation.launch_group is not None:
        _launch_group(state, framework, agent, role, operation.launch_group, budget, now)


# --- one task --------------------------------------------------------------------------------------------------------


def _launch(
    state: State, framework: Framework, agent: Agent, role: str, info: TaskInfo, budget: OfferBudget, now: Now
) -> None:
    taken = amounts.parse(info.resources)
    kind = ExecutorInfo.Type.CUSTOM
    wanted = _executor_of(framework, agent, role, info.executor, kind) if info.executor is not None else None
    running = agent.executor(framework.id, wanted.id) if wanted is not None else None
    new = wanted if running is None else None
    if error := _unauthorized(state, framework, info):
        refuse(state, framework, [info], TaskState.TASK_ERROR, error, Reason.REASON_TASK_UNAUTHORIZED, now)
        return
    error = validate.task(
        info,
        agent_id=agent.id,
        known=framework.tasks,
        unreachable=framework.unreachable,
        role=role,
        asked=taken if new is None else taken + new.resources,
        available=budget.left,
        framework_id=framework.id,
        version=agent.version,
    )
    if error is None and wanted is not None and running is not None:
        error = _unlike(running, wanted)
    if error is not None:
        refuse(state, framework, [info], TaskState.TASK_ERROR, error, Reason.REASON_TASK_INVALID, now)
        return
    task = _task_of(framework, agent, role, info, wanted)
    if error := _too_large(framework, agent, [task], new):
        refuse(state, framework, [info], TaskState.TASK_ERROR, error, Reason.REASON_TASK_INVALID, now)
        return
    _take(state, framework, agent, [task], new, budget)
    raw = msgspec.Raw(task.info)
    state.send_to_agent(agent, internal.RunTask, framework=framework.info, task=raw, launch_executor=new is not None)


def _executor_of(
    framework: Framework, agent: Agent, role: str, info: ExecutorInfo, kind: ExecutorInfo.Type
) -> Executor:
    """The record of the executor that a task names, in one form: with all that Mesos' master fills in."""
    resources = amounts.parse(info.resources)
    whole = msgspec.structs.replace(
        info,
        type=kind,
        framework_id=FrameworkID(value=framework.id),
        resources=amounts.wire(resources, Format.STACK, allocated_to=role),
    )
    encoded = codec.encode(whole)
    return Executor(info.executor_id.value, framework.id, agent.id, role, resources, encoded, len(encoded))


def _unauthorized(state: State, framework: Framework, info: TaskInfo) -> str | None:
    """The texts are Mesos', with their slips."""
    principal = framework.info.principal
    if acls.permits(state.settings.acls, "run_tasks", principal, acls.user_of(info, framework.info)):
        return None
    return f"{acls.shown(principal)} no authorized to {_launching(framework, info)}"


def _launching(framework: Framework, info: TaskInfo) -> str:
    user = acls.user_of(info, framework.info)
    return f"launch task {info.task_id.value} of framework {framework.id} under user '{user}'"


def _unlike(executor: Executor, wanted: Executor) -> str | None:
    """Why a task cannot have the executor that runs."""
    if executor.role == wanted.role and executor.info == wanted.info:
        return None
    return (
        f"ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID ({wanted.id}): an executor"
        " that runs cannot be changed; use another id"
    )


def _task_of(framework: Framework, agent: Agent, role: str, info: TaskInfo, executor: Executor | None) -> Task:
    """The record of a task that is launched. Every resource carries the role, so that the agent can report it to the
    next master.
    """
    taken = amounts.parse(info.resources)
    wired = amounts.wire(taken, Format.STACK, allocated_to=role)
    info = msgspec.structs.replace(info, resources=wired, health_check=_typed(info.health_check))
    if executor is not None:
        info = msgspec.structs.replace(info, executor=codec.decode(executor.info, ExecutorInfo))
    encoded = codec.encode(info)
    weight = tasks.weight(framework, encoded)
    task_id, staging = info.task_id.value, TaskState.TASK_STAGING
    task = Task(task_id, framework.id, agent.id, role, taken, encoded, staging, weight=weight)
    if executor is not None:
        task.executor_id = executor.id
    return task


def _take(
    state: State,
    framework: Framework,
    agent: Agent,
    launched: Sequence[Task],
    new: Executor | None,
    budget: OfferBudget,
) -> None:
    """Takes what they hold out of the offers. ``new``: their executor, if it is not there yet."""
    if new is not None:
        executors.add(state, framework, agent, new)
        budget.left = budget.left - new.resources
    for task in launched:
        state.hold(framework, agent, task.resources)
        tasks.add(agent, framework, task)
        watchers.task_added(state, task)
        budget.left = budget.left - task.resources


def _typed(check: HealthCheck | None) -> HealthCheck | None:
    """Sets ``type``, which older clients leave out."""
    if check is None or check.type is not None:
        return check
    kind = HealthCheck.Type.COMMAND if check.command is not None else HealthCheck.Type.HTTP
    return msgspec.structs.replace(check, type=kind)


def _too_large(framework: Framework, agent: Agent, launched: Sequence[Task], new: Executor | None) -> str | None:
    for task in launched:
        if error := limits.too_large("TaskInfo", task.info, limits.MAX_TASK_INFO):
            return error
    weight = sum(task.weight for task in launched) + (new.weight if new is not None else 0)
    if agent.weight + weight <= limits.MAX_AGENT_TASKS:
        return None
    these = "this task" if len(launched) == 1 else "this task group"
    return (
        f"Agent {agent.id} cannot keep {these}: the TaskInfos of all its tasks, and with each its FrameworkInfo, may "
        f"have {limits.MAX_AGENT_TASKS} bytes as ASCII JSON; they have {agent.weight}, and this one would add "
        f"{sum(len(task.info) for task in launched)} and {len(launched) * framework.size}"
    )


# --- a group ---------------------------------------------------------------------------------------------------------


def _launch_group(
    state: State,
    framework: Framework,
    agent: Agent,
    role: str,
    group: Operation.LaunchGroup,
    budget: OfferBudget,
    now: Now,
) -> None:
    infos = group.task_group.tasks
    for info in infos:
        if _unauthorized(state, framework, info):
            wrong = f"Task '{info.task_id.value}' is not authorized to{_launching(framework, info)}"
            reason = Reason.REASON_TASK_GROUP_UNAUTHORIZED
            refuse(state, framework, infos, TaskState.TASK_ERROR, wrong, reason, now)
            return
    wanted = _executor_of(framework, agent, role, group.executor, group.executor.type or ExecutorInfo.Type.DEFAULT)
    running = agent.executor(framework.id, wanted.id)
    new = wanted if running is None else None
    taken = amounts.total(amounts.parse(info.resources) for info in infos)
    error = validate.group(
        infos,
        group.executor,
        agent_id=agent.id,
        known=framework.tasks,
        unreachable=framework.unreachable,
        role=role,
        asked=taken if new is None else taken + new.resources,
        available=budget.left,
        framework_id=framework.id,
        version=agent.version,
    )
    if error is None and running is not None:
        error = _unlike(running, wanted)
    launched: list[Task] = []
    if error is None:
        launched = [_task_of(framework, agent, role, info, wanted) for info in infos]
        error = _too_large(framework, agent, launched, new)
    if error is not None:
        refuse(state, framework, infos, TaskState.TASK_ERROR, error, Reason.REASON_TASK_GROUP_INVALID, now)
        return
    if not launched:
        return
    _take(state, framework, agent, launched, new, budget)
    raw = [msgspec.Raw(task.info) for task in launched]
    state.send_to_agent(agent, internal.RunGroup, framework=framework.info, tasks=raw, launch_executor=new is not None)
