"""Calls that change something without the allocator."""

from __future__ import annotations

from dcos_runtime.master.core.events import TeardownAsked
from dcos_runtime.master.operator_api.asked import Answer, Calls, OperatorCall
from dcos_runtime.wire.master import Call


async def _teardown(asked: OperatorCall) -> Answer:
    framework_id = asked.wants(Call.Teardown).framework_id.value
    return await asked.change(lambda number: TeardownAsked(number, framework_id, asked.by, asked.principal))


CALLS: Calls = {Call.Type.TEARDOWN: _teardown}
