"""Calls about agents: not offered, drained, and offered again; gone for good."""

from __future__ import annotations

from dcos_runtime.master.core.events import DeactivateAsked, DrainAsked, GoneAsked, ReactivateAsked
from dcos_runtime.master.operator_api.asked import Answer, Calls, OperatorCall
from dcos_runtime.operating import NotPossible
from dcos_runtime.wire.common import DurationInfo
from dcos_runtime.wire.duration import Duration
from dcos_runtime.wire.master import Call
from dcos_runtime.wire.operators import DrainConfig


async def _mark_gone(asked: OperatorCall) -> Answer:
    agent_id = asked.wants(Call.MarkAgentGone).agent_id.value
    return await asked.change(lambda number: GoneAsked(number, agent_id, asked.by))


async def _deactivate(asked: OperatorCall) -> Answer:
    agent_id = asked.wants(Call.DeactivateAgent).agent_id.value
    return await asked.change(lambda number: DeactivateAsked(number, agent_id, asked.by))


async def _reactivate(asked: OperatorCall) -> Answer:
    agent_id = asked.wants(Call.ReactivateAgent).agent_id.value
    return await asked.change(lambda number: ReactivateAsked(number, agent_id, asked.by))


async def _drain(asked: OperatorCall) -> Answer:
    wanted = asked.wants(Call.DrainAgent)
    config = DrainConfig(max_grace_period=_span(wanted.max_grace_period), mark_gone=bool(wanted.mark_gone))
    return await asked.change(lambda number: DrainAsked(number, wanted.agent_id.value, config, asked.by))


def _span(asked: Duration | None) -> DurationInfo | None:
    """Raises `NotPossible`."""
    if asked is None:
        return None
    nanoseconds = (asked.seconds or 0) * 10**9 + (asked.nanos or 0)
    if not 0 <= nanoseconds < 2**63:
        raise NotPossible(400, f"'drain_agent.max_grace_period' has to be 0 to {2**63 // 10**9} seconds")
    return DurationInfo(nanoseconds=nanoseconds)


CALLS: Calls = {
    Call.Type.DRAIN_AGENT: _drain,
    Call.Type.DEACTIVATE_AGENT: _deactivate,
    Call.Type.REACTIVATE_AGENT: _reactivate,
    Call.Type.MARK_AGENT_GONE: _mark_gone,
}
