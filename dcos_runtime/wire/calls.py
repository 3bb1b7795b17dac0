"""Scheduler calls by name, so that callers write ``calls.decline(offers, 5.0)`` and not nested structs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dcos_runtime.wire.cluster import FrameworkInfo, Offer
from dcos_runtime.wire.common import AgentID, DurationInfo, Filters, OfferID, TaskID
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.tasks import KillPolicy, TaskInfo, TaskStatus


def subscribe(info: FrameworkInfo, suppressed_roles: Iterable[str] = ()) -> Call:
    """``info.id`` set means: the framework of that id, which may have been another process before (failover)."""
    return Call(
        type=Call.Type.SUBSCRIBE,
        framework_id=info.id,
        subscribe=Call.Subscribe(framework_info=info, suppressed_roles=list(suppressed_roles)),
    )


def update_framework(info: FrameworkInfo, suppressed_roles: Iterable[str] = ()) -> Call:
    """Of a framework that is subscribed."""
    return Call(
        type=Call.Type.UPDATE_FRAMEWORK,
        framework_id=info.id,
        update_framework=Call.UpdateFramework(framework_info=info, suppressed_roles=list(suppressed_roles)),
    )


def launch(offer_ids: Sequence[str], tasks: Sequence[TaskInfo], refuse_seconds: float) -> Call:
    """Launches ``tasks`` with the resources of offers of one agent; what is left is refused for so many seconds."""
    operation = Offer.Operation(type=Offer.Operation.Type.LAUNCH, launch=Offer.Operation.Launch(task_infos=list(tasks)))
    return Call(
        type=Call.Type.ACCEPT,
        accept=Call.Accept(
            offer_ids=[OfferID(value=offer_id) for offer_id in offer_ids],
            operations=[operation],
            filters=Filters(refuse_seconds=refuse_seconds),
        ),
    )


def decline(offer_ids: Sequence[str], refuse_seconds: float) -> Call:
    return Call(
        type=Call.Type.DECLINE,
        decline=Call.Decline(
            offer_ids=[OfferID(value=offer_id) for offer_id in offer_ids],
            filters=Filters(refuse_seconds=refuse_seconds),
        ),
    )


def kill(task_id: str, agent_id: str | None = None, grace_seconds: float | None = None) -> Call:
    """``grace_seconds`` overrides the kill policy that the task was launched with."""
    policy = None
    if grace_seconds is not None:
        policy = KillPolicy(grace_period=DurationInfo(nanoseconds=int(grace_seconds * 1e9)))
    return Call(
        type=Call.Type.KILL,
        kill=Call.Kill(task_id=TaskID(value=task_id), agent_id=_agent(agent_id), kill_policy=policy),
    )


def acknowledge(status: TaskStatus) -> Call | None:
    """The acknowledgement of an update, or ``None`` for one that wants none (the master's own carry no uuid)."""
    if status.uuid is None or status.agent_id is None:
        return None
    return Call(
        type=Call.Type.ACKNOWLEDGE,
        acknowledge=Call.Acknowledge(agent_id=status.agent_id, task_id=status.task_id, uuid=status.uuid),
    )


def reconcile(tasks: Iterable[tuple[str, str | None]] = ()) -> Call:
    """Asks for the state of these (task id, agent id); of all tasks the master knows when there are none."""
    return Call(
        type=Call.Type.RECONCILE,
        reconcile=Call.Reconcile(
            tasks=[
                Call.Reconcile.Task(task_id=TaskID(value=task_id), agent_id=_agent(agent_id))
                for task_id, agent_id in tasks
            ]
        ),
    )


def revive(roles: Sequence[str] = ()) -> Call:
    return Call(type=Call.Type.REVIVE, revive=Call.Revive(roles=list(roles)))


def suppress(roles: Sequence[str] = ()) -> Call:
    return Call(type=Call.Type.SUPPRESS, suppress=Call.Suppress(roles=list(roles)))


def teardown() -> Call:
    return Call(type=Call.Type.TEARDOWN)


def _agent(agent_id: str | None) -> AgentID | None:
    return None if agent_id is None else AgentID(value=agent_id)
