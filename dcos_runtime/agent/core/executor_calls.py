"""Whether a custom executor's call is valid, and from an executor that is here. Pure; the texts are Mesos'."""

from __future__ import annotations

from collections.abc import Mapping

from dcos_runtime.agent.core.executor import Executor
from dcos_runtime.agent.core.records import Stage
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.executor import Call
from dcos_runtime.wire.tasks import TaskState, TaskStatus

Answer = tuple[int, str]
"""The status, and a plain text."""

_PARTS = {Call.Type.SUBSCRIBE: "subscribe", Call.Type.UPDATE: "update", Call.Type.MESSAGE: "message"}


def invalid(call: Call) -> str | None:
    """Why the call is refused, by itself."""
    if call.type is None:
        return "Expecting 'type' to be present"
    part = _PARTS.get(call.type)
    if part is not None and getattr(call, part) is None:
        return f"Expecting '{part}' to be present"
    if call.type is Call.Type.UPDATE and call.update is not None:
        return _status(call, call.update.status)
    if call.subscribe is not None:
        for update in call.subscribe.unacknowledged_updates:
            if error := _status(call, update.status):
                return error
    return None


def _status(call: Call, status: TaskStatus) -> str | None:
    name, framework = call.executor_id.value, call.framework_id.value
    if status.uuid is None:
        return "Expecting 'uuid' to be present"
    if len(status.uuid) != 16:
        return "Not a valid UUID"
    if status.executor_id is not None and status.executor_id.value != name:
        return f"ExecutorID in Call: {name} does not match ExecutorID in TaskStatus: {status.executor_id.value}"
    if status.source is not TaskStatus.Source.SOURCE_EXECUTOR:
        return (
            f"Received Call from executor {name} of framework {framework} with invalid source, expecting"
            " 'SOURCE_EXECUTOR'"
        )
    if status.state is TaskState.TASK_STAGING:
        return f"Received TASK_STAGING from executor {name} of framework {framework} which is not allowed"
    return None


def refused(
    call: Call, frameworks: Mapping[str, FrameworkInfo], executors: Mapping[tuple[str, str], Executor]
) -> Answer | None:
    """Why a valid call is not taken, or ``None``."""
    framework_id, executor_id = call.framework_id.value, call.executor_id.value
    if framework_id not in frameworks:
        return 400, "Framework cannot be found"
    executor = executors.get((framework_id, executor_id))
    if executor is None or executor.default or executor.container.stage not in (Stage.STARTING, Stage.RUNNING):
        return 400, "Executor cannot be found"
    if call.type is not Call.Type.SUBSCRIBE and not executor.record.subscribed:
        return 403, "Executor is not subscribed"
    return None
