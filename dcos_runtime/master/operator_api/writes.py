"""Calls that change something without the allocator."""

from __future__ import annotations

from dcos_runtime.master.core.events import TeardownAsked
from dcos_runtime.master.operator_api.asked import Answer, Calls, OperatorCall
from dcos_runtime.operating import NotPossible
from dcos_runtime.wire.master import Call


async def _teardown(asked: OperatorCall) -> Answer:
    framework_id = asked.wants(Call.Teardown).framework_id.value
    reply = await asked.shell.ask(lambda number: TeardownAsked(number, framework_id, asked.by, asked.principal))
    if reply.status >= 400:
        raise NotPossible(reply.status, reply.body.decode())
    return reply.status


CALLS: Calls = {Call.Type.TEARDOWN: _teardown}
