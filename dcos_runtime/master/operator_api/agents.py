"""Calls about agents: not offered, and offered again; gone for good."""

from __future__ import annotations

from collections.abc import Callable

from dcos_runtime.master.core.events import DeactivateAsked, Event, GoneAsked, ReactivateAsked
from dcos_runtime.master.operator_api.asked import Answer, Calls, OperatorCall
from dcos_runtime.operating import NotPossible
from dcos_runtime.wire.master import Call


async def _done(asked: OperatorCall, event: Callable[[int], Event]) -> Answer:
    """The answer once it is durable."""
    reply = await asked.shell.ask(event)
    if reply.status >= 400:
        raise NotPossible(reply.status, reply.body.decode())
    return reply.status


async def _mark_gone(asked: OperatorCall) -> Answer:
    agent_id = asked.wants(Call.MarkAgentGone).agent_id.value
    return await _done(asked, lambda number: GoneAsked(number, agent_id, asked.by))


async def _deactivate(asked: OperatorCall) -> Answer:
    agent_id = asked.wants(Call.DeactivateAgent).agent_id.value
    return await _done(asked, lambda number: DeactivateAsked(number, agent_id, asked.by))


async def _reactivate(asked: OperatorCall) -> Answer:
    agent_id = asked.wants(Call.ReactivateAgent).agent_id.value
    return await _done(asked, lambda number: ReactivateAsked(number, agent_id, asked.by))


CALLS: Calls = {
    Call.Type.DEACTIVATE_AGENT: _deactivate,
    Call.Type.REACTIVATE_AGENT: _reactivate,
    Call.Type.MARK_AGENT_GONE: _mark_gone,
}
