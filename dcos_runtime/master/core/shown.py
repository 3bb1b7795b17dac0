"""Tasks, executors, frameworks and agents in the messages of the operator API."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import EMPTY, Format, Resources
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.master.core import encoded, inverse, offers
from dcos_runtime.master.core.effects import Tell
from dcos_runtime.master.core.records import Agent, Executor, Framework, Task
from dcos_runtime.master.core.state import State, task_info
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire import tasks as wire
from dcos_runtime.wire.cluster import AgentInfo, Offer
from dcos_runtime.wire.common import AgentID, ExecutorID, FrameworkID, TaskID, TimeInfo
from dcos_runtime.wire.master import Event, Response
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.scheduler import OfferConstraints
from dcos_runtime.wire.tasks import ExecutorInfo, TaskStatus
from dcos_runtime.wire.withheld import check_without_secrets, without_secrets

replace = msgspec.structs.replace

VERSION = "1.11.0"
"""The version of Mesos whose interfaces these are; clients compare it, so it is dotted integers only."""


def capabilities(record: Agent) -> list[str]:
    """By the version of the protocol that it speaks."""
    draining = ["AGENT_DRAINING"] if record.version >= internal.WITH_DRAINING else []
    return ["MULTI_ROLE", "HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT", *draining]


def task(record: Task) -> wire.Task:
    """Raises `codec.DecodeError`: what agents report is kept unchecked."""
    info = task_info(record)
    return wire.Task(
        name=info.name,
        task_id=TaskID(value=record.id),
        framework_id=FrameworkID(value=record.framework_id),
        executor_id=ExecutorID(value=record.executor_id) if record.executor_id else None,
        agent_id=AgentID(value=record.agent_id),
        state=record.state,
        resources=info.resources,
        statuses=[codec.decode(status, TaskStatus) for status in record.statuses],
        status_update_state=record.status_state,
        status_update_uuid=record.status_uuid,
        labels=info.labels,
        discovery=info.discovery,
        container=without_secrets(info.container) if info.container is not None else None,
        health_check=check_without_secrets(info.health_check) if info.health_check is not None else None,
        kill_policy=info.kill_policy,
        user=info.command.user if info.command is not None else None,
        limits=info.limits,
    )


def executor(record: Executor) -> Response.GetExecutors.Executor:
    """Without its command, whose variables may be secrets, and its data. Raises `codec.DecodeError`."""
    info = codec.decode(record.info, ExecutorInfo)
    container = without_secrets(info.container) if info.container is not None else None
    return Response.GetExecutors.Executor(
        executor_info=replace(info, type=None, command=None, data=None, container=container),
        agent_id=AgentID(value=record.agent_id),
    )


def framework(state: State, record: Framework, *, whole: bool = True) -> Response.GetFrameworks.Framework:
    """``whole``: with its offers, and what it has; events tell less."""
    message = Response.GetFrameworks.Framework(
        framework_info=record.info,
        active=record.connected,
        connected=record.connected,
        recovered=record.recovered,
        registered_time=_time(record.registered_at),
        reregistered_time=_time(record.reregistered_at),
        unregistered_time=_time(record.unregistered_at) if record.unregistered_at or not whole else None,
    )
    if not whole:
        return message
    its = [state.offers[offer_id] for offer_id in sorted(record.offers)]
    return replace(
        message,
        offers=[_offer(state, offer.id) for offer in its],
        inverse_offers=[
            inverse.message(state, state.maintenance.inverse[one]) for one in sorted(record.inverse_offers)
        ],
        allocated_resources=_held(record),
        offered_resources=by_role((offer.role, offer.resources) for offer in its),
        offer_constraints=OfferConstraints(),
    )


def _held(record: Framework) -> list[Resource]:
    """By role. Its holdings are summed already, so its tasks are looked through only if it has several roles."""
    roles = {one.role for one in record.tasks.values()}
    if len(roles) <= 1 and len(record.roles) == 1 and roles <= record.roles:
        (role,) = record.roles
        return by_role((role, part) for part in record.used.parts())
    return by_role((one.role, one.resources) for one in record.tasks.values() if one.state not in TERMINAL)


def _offer(state: State, offer_id: str) -> Offer:
    offer = state.offers[offer_id]
    agent = state.agents[offer.agent_id]
    fragments = offers.fragments(state, agent)
    return encoded.message(
        fragments, offer.id, offer.framework_id, offer.agent_id, offer.resources, Format.STACK, offer.role
    )


def agent(state: State, record: Agent) -> Response.GetAgents.Agent:
    its = [state.offers[offer_id] for offer_id in sorted(record.offers)]
    again, draining = record.reregistered_at, state.draining.get(record.id)
    return Response.GetAgents.Agent(
        agent_info=known_agent(record.id, record.info),
        active=state.active(record),
        deactivated=record.id in state.deactivated,
        version=VERSION,
        pid=f"slave(1)@{record.address}:{record.info.port or 5051}",
        registered_time=_time(record.registered_at),
        reregistered_time=_time(again) if again is not None else None,
        total_resources=whole_resources(record.total),
        allocated_resources=by_role(
            [(one.role, one.resources) for one in record.all_executors()]
            + [(one.role, one.resources) for one in record.all_tasks() if not one.terminal]
        ),
        offered_resources=by_role((offer.role, offer.resources) for offer in its),
        capabilities=[AgentInfo.Capability(type=AgentInfo.Capability.Type[name]) for name in capabilities(record)],
        drain_info=draining.info if draining is not None else None,
        estimated_drain_start_time=_time(int(draining.since)) if draining is not None else None,
    )


def known_agent(agent_id: str, info: AgentInfo) -> AgentInfo:
    return info if info.id is not None else replace(info, id=AgentID(value=agent_id))


def whole_resources(resources: Resources, allocated_to: str | None = None) -> list[Resource]:
    return amounts.wire(resources, Format.BOTH, allocated_to)


def by_role(parts: Iterable[tuple[str, Resources]]) -> list[Resource]:
    """The sums of each role, allocated to it."""
    sums: dict[str, Resources] = {}
    for role, resources in parts:
        sums[role] = sums.get(role, EMPTY) + resources
    return [item for role in sorted(sums) for item in whole_resources(sums[role], role)]


def event(state: State, effect: Tell) -> Event | None:
    """For operators who watch; None if there is no such record any more. Raises `codec.DecodeError`."""
    framework_id = FrameworkID(value=effect.framework_id)
    match effect.kind:
        case Event.Type.TASK_ADDED:
            holder = state.agents.get(effect.agent_id)
            record = holder.task(effect.framework_id, effect.task_id) if holder is not None else None
            return (
                Event(type=effect.kind, task_added=Event.TaskAdded(task=task(record))) if record is not None else None
            )
        case Event.Type.TASK_UPDATED:
            assert effect.status is not None and effect.state is not None
            update = Event.TaskUpdated(framework_id=framework_id, status=effect.status, state=effect.state)
            return Event(type=effect.kind, task_updated=update)
        case Event.Type.FRAMEWORK_REMOVED:
            assert effect.framework is not None
            removed = Event.FrameworkRemoved(framework_info=effect.framework)
            return Event(type=effect.kind, framework_removed=removed)
        case Event.Type.AGENT_REMOVED:
            return Event(type=effect.kind, agent_removed=Event.AgentRemoved(agent_id=AgentID(value=effect.agent_id)))
        case Event.Type.AGENT_ADDED:
            known = state.agents.get(effect.agent_id)
            added = Event.AgentAdded(agent=agent(state, known)) if known is not None else None
            return Event(type=effect.kind, agent_added=added) if added is not None else None
    known_framework = state.frameworks.get(effect.framework_id)
    if known_framework is None:
        return None
    message = framework(state, known_framework, whole=False)
    if effect.kind is Event.Type.FRAMEWORK_ADDED:
        return Event(type=effect.kind, framework_added=Event.FrameworkAdded(framework=message))
    return Event(type=effect.kind, framework_updated=Event.FrameworkUpdated(framework=message))


def _time(seconds: float) -> TimeInfo:
    return TimeInfo(nanoseconds=int(seconds * 1e9))
