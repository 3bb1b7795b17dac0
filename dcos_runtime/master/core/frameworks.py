"""Frameworks: subscribing, failing over, updating, leaving."""

from __future__ import annotations

import itertools
import logging

import msgspec

from dcos_runtime.core.frozen import Now
from dcos_runtime.core.resources import fixed
from dcos_runtime.master.core import acls, executors, inverse, offers, operations, tasks, validate, watchers
from dcos_runtime.master.core.allocator import Wants
from dcos_runtime.master.core.effects import Send
from dcos_runtime.master.core.events import Subscribe
from dcos_runtime.master.core.records import Agent, Framework
from dcos_runtime.master.core.state import HEARTBEAT_SECONDS, State
from dcos_runtime.master.core.timing import Expire
from dcos_runtime.wire import codec, internal, limits
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import FrameworkID
from dcos_runtime.wire.quoting import bounded
from dcos_runtime.wire.scheduler import Call, Event
from dcos_runtime.wire.tasks import TaskState, TaskStatus

_HEARTBEAT = Event(type=Event.Type.HEARTBEAT)


# --- subscribing -----------------------------------------------------------------------------------------------------


def subscribe(state: State, event: Subscribe, call: Call.Subscribe, now: Now) -> None:
    """Subscribes the framework, or refuses it: ERROR is sent, and its stream closed. A framework without a principal
    gets that of its subscriber.
    """
    info, stream, principal = _owned(call.framework_info, event.principal), event.stream, event.principal
    known = bool(info.id and info.id.value)
    state.counters[f"master/messages_{'reregister' if known else 'register'}_framework"] += 1
    error = _refusal(state, info, call)
    framework = state.frameworks.get(info.id.value) if info.id is not None and known else None
    if error is None and framework is not None:
        info = msgspec.structs.replace(info, user=framework.info.user, checkpoint=framework.info.checkpoint)
        error = validate.update(framework.info, info, principal)
    who = f"framework {info.name!r} ({info.id.value if info.id else ''!r})"
    if error is not None:
        state.log(logging.INFO, f"refused {who}: {error}")
        state.effects.append(Send(stream, Event(type=Event.Type.ERROR, error=Event.Error(message=bounded(error)))))
        state.close(stream)
        return
    wants = _wants(info, call.suppressed_roles)
    if framework is None:
        framework = _new(state, info, wants, now)
        watchers.framework_added(state, framework)
    else:
        _update_info(state, framework, info, wants)
        if framework.recovered:
            framework.recovered = False
            framework.registered_at = framework.reregistered_at = now.wall
        else:
            framework.reregistered_at = now.wall
        watchers.framework_updated(state, framework)
    framework.accepted = event.accepted
    state.log(logging.INFO, f"framework {info.name!r} ({framework.id!r}) subscribed from {event.address}")
    _connect(state, framework, stream, event.stream_id, again=now.mono if known else None)
    if known:
        _broadcast(state, framework)


def _owned(info: FrameworkInfo, principal: str | None) -> FrameworkInfo:
    return info if info.principal or not principal else msgspec.structs.replace(info, principal=principal)


def _refusal(state: State, info: FrameworkInfo, call: Call.Subscribe) -> str | None:
    if error := validate.framework(info) or _too_large(info):
        return error
    if info.user == "root" and not state.settings.root_submissions:
        return "User 'root' is not allowed to run frameworks without --root_submissions set"
    if info.id is not None and info.id.value in state.completed:
        return "Framework has been removed"
    return validate.suppressed_roles(validate.roles_of(info), call.suppressed_roles) or _unauthorized(state, info)


def _unauthorized(state: State, info: FrameworkInfo) -> str | None:
    roles = validate.roles_of(info)
    if acls.registration(state.settings.acls, info, roles):
        return None
    known_as = info.id.value if info.id is not None else ""
    return f"Not authorized to register framework {known_as} with roles {validate.braces(set(roles))}"


def _too_large(info: FrameworkInfo) -> str | None:
    if len(info.roles) > limits.MAX_ROLES:
        return f"FrameworkInfo has {len(info.roles)} roles, and may have {limits.MAX_ROLES}; use several frameworks"
    components = sum(1 + name.count("/") for name in info.roles)
    if components > limits.MAX_ROLE_COMPONENTS:
        return (
            f"the roles of FrameworkInfo have {components} components together, and may have"
            f" {limits.MAX_ROLE_COMPONENTS}; use several frameworks"
        )
    return limits.too_large("FrameworkInfo", codec.encode(info), limits.MAX_FRAMEWORK_INFO)


def _wants(info: FrameworkInfo, suppressed: list[str]) -> Wants:
    minimums = {
        role: [
            {name: fixed(scalar.value) for name, scalar in option.quantities.items()}
            for option in filters.min_allocatable_resources.quantities
        ]
        for role, filters in info.offer_filters.items()
        if filters.min_allocatable_resources is not None
    }
    capabilities = validate.capabilities(info)
    gpus = "GPU_RESOURCES" in capabilities
    return Wants(
        validate.roles_of(info),
        frozenset(suppressed),
        gpus,
        minimums,
        revocable="REVOCABLE_RESOURCES" in capabilities,
        shared="SHARED_RESOURCES" in capabilities,
        refined="RESERVATION_REFINEMENT" in capabilities,
    )


def _new(state: State, info: FrameworkInfo, wants: Wants, now: Now, recovered: bool = False) -> Framework:
    framework_id = info.id.value if info.id is not None else ""
    if not framework_id:
        framework_id = state.new_framework_id()
        info = msgspec.structs.replace(info, id=FrameworkID(value=framework_id))
    framework = Framework(
        id=framework_id,
        info=info,
        capabilities=validate.capabilities(info),
        roles=wants.roles,
        registered_at=now.wall,
        reregistered_at=now.wall,
        completed_capacity=state.settings.max_completed_tasks_per_framework,
        size=len(codec.encode(info)),
        recovered=recovered,
    )
    state.frameworks[framework.id] = framework
    state.allocator.add_framework(framework.id, wants, active=False)
    # Agents may have reported its tasks before it subscribed.
    for agent in state.agents.values():
        for task in agent.tasks.get(framework.id, {}).values():
            framework.tasks[task.id] = task
            if not task.terminal:
                framework.used.add(agent.id, task.resources)
        for executor in agent.executors.get(framework.id, {}).values():
            framework.used.add(agent.id, executor.resources)
    return framework


def _update_info(state: State, framework: Framework, info: FrameworkInfo, wants: Wants) -> None:
    lost_roles = framework.roles - wants.roles
    framework.info = info
    framework.size = len(codec.encode(info))
    framework.capabilities = validate.capabilities(info)
    framework.roles = wants.roles
    state.allocator.update_framework(framework.id, wants)
    for offer_id in sorted(framework.offers):
        if state.offers[offer_id].role in lost_roles:
            offers.give_back(state, state.offers[offer_id], rescind=True)


def _connect(state: State, framework: Framework, stream: int, stream_id: str, again: float | None) -> None:
    if framework.stream is not None:
        failed_over = Event(type=Event.Type.ERROR, error=Event.Error(message="Framework failed over"))
        state.send(framework, failed_over)
        state.close(framework.stream)
        del state.subscribers[framework.stream]
    offers.give_back_all(state, framework.offers, rescind=False)
    inverse.disconnected(state, framework)
    framework.stream = stream
    framework.stream_id = stream_id
    state.timers.cancel(Expire(framework.id))
    state.subscribers[stream] = framework.id
    subscribed = Event.Subscribed(
        framework_id=FrameworkID(value=framework.id),
        heartbeat_interval_seconds=HEARTBEAT_SECONDS,
        master_info=state.settings.master,
    )
    state.send(framework, Event(type=Event.Type.SUBSCRIBED, subscribed=subscribed))
    state.send(framework, _HEARTBEAT)
    operations.subscribed(state, framework)
    state.allocator.activate_framework(framework.id, again)


def _broadcast(state: State, framework: Framework) -> None:
    """Sends it to every agent with tasks of the framework. An agent that is not connected gets it when it connects."""
    for agent in state.agents.values():
        if agent.runs(framework.id):
            send_info(state, agent, framework)


def send_info(state: State, agent: Agent, framework: Framework) -> None:
    state.send_to_agent(agent, internal.UpdateFramework, framework=framework.info)


# --- recovering ------------------------------------------------------------------------------------------------------


def recover(state: State, info: FrameworkInfo, now: Now) -> None:
    """Adds a framework that has tasks on an agent and has not subscribed since this master leads. It has to subscribe
    within its failover timeout, or the time that agents have to come back, if that is longer. In Mesos such tasks would
    run for ever.
    """
    framework = _new(state, info, _wants(info, []), now, recovered=True)
    watchers.framework_added(state, framework)
    patience = max(info.failover_timeout or 0.0, state.settings.agent_reregister_timeout)
    _expire(state, framework, now, patience)


# --- going -----------------------------------------------------------------------------------------------------------


def disconnected(state: State, stream: int, now: Now) -> None:
    """The subscriber's stream is over: it has its failover timeout to come back."""
    framework_id = state.subscribers.pop(stream, None)
    if framework_id is None:
        return
    framework = state.frameworks[framework_id]
    framework.stream = None
    state.allocator.deactivate_framework(framework.id)
    offers.give_back_all(state, framework.offers, rescind=False)
    inverse.disconnected(state, framework)
    _expire(state, framework, now, max(framework.info.failover_timeout or 0.0, 0.0))


def _expire(state: State, framework: Framework, now: Now, seconds: float) -> None:
    state.timers.set(Expire(framework.id), now.mono + seconds)


def remove(state: State, framework: Framework, now: Now) -> None:
    """Removes the framework. The caller calls `end_tasks` until no task is left."""
    stream, framework.stream = framework.stream, None
    if stream is not None:
        state.close(stream)
        del state.subscribers[stream]
    state.allocator.deactivate_framework(framework.id)
    offers.give_back_all(state, framework.offers, rescind=False)
    inverse.removed(state, framework)
    for agent in state.agents.values():
        if agent.runs(framework.id):
            send_shutdown(state, agent, framework.id)
            executors.remove_all(state, agent, framework.id)
    operations.removed(state, framework)
    for task in framework.unreachable.values():
        if not task.terminal:
            task.state = TaskState.TASK_KILLED
        state.retire(framework, task)
    framework.unreachable.clear()
    framework.unregistered_at = now.wall
    state.timers.cancel(Expire(framework.id))
    del state.frameworks[framework.id]
    state.allocator.remove_framework(framework.id)
    state.ending[framework.id] = framework
    state.close_history(framework)


def end_tasks(state: State, framework_id: str, count: int, now: Now) -> bool:
    """Ends ``count`` tasks of a removed framework. Returns whether there are more."""
    framework = state.ending[framework_id]
    text = f"Framework {framework_id} removed"
    for task in list(itertools.islice(framework.tasks.values(), count)):
        del framework.tasks[task.id]
        agent = state.agents.get(task.agent_id)
        if agent is None or agent.task(framework_id, task.id) is not task:
            continue  # its agent was removed meanwhile, with all its tasks
        if not task.terminal:
            killed = tasks.status(
                task.id, task.agent_id, TaskState.TASK_KILLED, text, TaskStatus.Reason.REASON_FRAMEWORK_REMOVED, now
            )
            tasks.apply(state, task, killed, TaskState.TASK_KILLED, now)
        tasks.remove(state, task)
        if framework_id in state.completed:
            state.retire(framework, task)
    if framework.tasks:
        return True
    del state.ending[framework_id]
    watchers.framework_removed(state, framework)
    return False


def send_shutdown(state: State, agent: Agent, framework_id: str) -> None:
    state.send_to_agent(agent, internal.ShutdownFramework, framework_id=FrameworkID(value=framework_id))


# --- updating --------------------------------------------------------------------------------------------------------


def update(
    state: State, framework: Framework, call: Call.UpdateFramework, principal: str | None = None
) -> tuple[int, str]:
    """Returns the status and text of the response."""
    info = _owned(call.framework_info, principal)
    if error := validate.framework(info) or _too_large(info):
        return 400, f"Supplied FrameworkInfo is not valid: {error}"
    if error := validate.not_yours(principal, info) or validate.update(framework.info, info, principal):
        return 400, f"FrameworkInfo update is not valid: {error}"
    if error := validate.suppressed_roles(validate.roles_of(info), call.suppressed_roles):
        return 400, f"'UpdateFramework' call is not valid: {error}"
    if error := _unauthorized(state, info):
        return 403, error
    changed = codec.encode(framework.info) != codec.encode(info)
    _update_info(state, framework, info, _wants(info, call.suppressed_roles))
    if changed:
        watchers.framework_updated(state, framework)
        _broadcast(state, framework)
    return 200, ""
