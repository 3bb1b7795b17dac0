"""Calls that reserve resources of an agent, make volumes of them, and the reverse."""

from __future__ import annotations

from dcos_runtime.core import resources as amounts
from dcos_runtime.master.core.events import OperationAsked
from dcos_runtime.master.operator_api.asked import Answer, Calls, OperatorCall
from dcos_runtime.operating import NotPossible
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.common import AgentID
from dcos_runtime.wire.master import Call
from dcos_runtime.wire.resources import Resource

Operation = Offer.Operation
_NOT_VALID = "Failed to validate master::Call: "


async def _reserve(asked: OperatorCall) -> Answer:
    part = asked.wants(Call.ReserveResources)
    _check(part.resources)
    reserve = Operation.Reserve(source=part.source, resources=part.resources)
    return await _perform(asked, part.agent_id, Operation(type=Operation.Type.RESERVE, reserve=reserve))


async def _unreserve(asked: OperatorCall) -> Answer:
    part = asked.wants(Call.UnreserveResources)
    _check(part.resources)
    unreserve = Operation.Unreserve(resources=part.resources)
    return await _perform(asked, part.agent_id, Operation(type=Operation.Type.UNRESERVE, unreserve=unreserve))


async def _create(asked: OperatorCall) -> Answer:
    part = asked.wants(Call.CreateVolumes)
    create = Operation.Create(volumes=part.volumes)
    return await _perform(asked, part.agent_id, Operation(type=Operation.Type.CREATE, create=create))


async def _destroy(asked: OperatorCall) -> Answer:
    part = asked.wants(Call.DestroyVolumes)
    destroy = Operation.Destroy(volumes=part.volumes)
    return await _perform(asked, part.agent_id, Operation(type=Operation.Type.DESTROY, destroy=destroy))


async def _grow(asked: OperatorCall) -> Answer:
    part = asked.wants(Call.GrowVolume)
    grow = Operation.GrowVolume(volume=part.volume, addition=part.addition)
    return await _perform(asked, part.agent_id, Operation(type=Operation.Type.GROW_VOLUME, grow_volume=grow))


async def _shrink(asked: OperatorCall) -> Answer:
    part = asked.wants(Call.ShrinkVolume)
    shrink = Operation.ShrinkVolume(volume=part.volume, subtract=part.subtract)
    return await _perform(asked, part.agent_id, Operation(type=Operation.Type.SHRINK_VOLUME, shrink_volume=shrink))


def _check(resources: list[Resource]) -> None:
    """Mesos checks those of two calls with the call, before it looks for the agent."""
    if error := amounts.invalid(resources):
        raise NotPossible(400, _NOT_VALID + error)


async def _perform(asked: OperatorCall, agent_id: AgentID | None, operation: Operation) -> Answer:
    if agent_id is None:
        text = "Expecting 'agent_id' to be present; only agent default resources are supported right now"
        raise NotPossible(400, _NOT_VALID + text)
    return await asked.change(
        lambda number: OperationAsked(number, agent_id.value, operation, asked.principal, asked.by)
    )


CALLS: Calls = {
    Call.Type.RESERVE_RESOURCES: _reserve,
    Call.Type.UNRESERVE_RESOURCES: _unreserve,
    Call.Type.CREATE_VOLUMES: _create,
    Call.Type.DESTROY_VOLUMES: _destroy,
    Call.Type.GROW_VOLUME: _grow,
    Call.Type.SHRINK_VOLUME: _shrink,
}
