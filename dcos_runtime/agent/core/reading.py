"""How the core reads what a master sends. A veil reads it in the same way, and records what is wrong with it."""

from __future__ import annotations

import msgspec

from dcos_runtime.agent.core.events import BadMessage, BadTask
from dcos_runtime.agent.core.task_request import NONE, TaskRequest, Terms
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.common import TaskID
from dcos_runtime.wire.tasks import ExecutorInfo


class _Named(msgspec.Struct):
    task_id: TaskID


def message(data: bytes) -> internal.Down | BadMessage:
    try:
        found: internal.Down = codec.decode(data, internal.Down)  # type: ignore[arg-type]  # a union, which a class is not
    except codec.DecodeError as error:
        return BadMessage(str(error))
    return found


def task(data: bytes | msgspec.Raw) -> TaskRequest | BadTask:
    """A TaskInfo in JSON, decoded once."""
    try:
        return codec.decode(data, TaskRequest)
    except codec.DecodeError as error:
        try:
            return BadTask(str(error), codec.decode(data, _Named).task_id.value)
        except codec.DecodeError:
            return BadTask(str(error), None)


def terms_of(data: bytes | msgspec.Raw) -> Terms:
    """The terms of a task that came before; empty ones when it cannot be read, then as now."""
    found = task(data)
    return NONE if isinstance(found, BadTask) else found.terms


def executor(data: bytes | msgspec.Raw) -> ExecutorInfo | BadMessage:
    """An ExecutorInfo in JSON."""
    try:
        return codec.decode(data, ExecutorInfo)
    except codec.DecodeError as error:
        return BadMessage(f"its executor: {error}")


def fault(data: bytes) -> BadMessage | BadTask | None:
    """What is wrong with a message, or with the first TaskInfo in it of which something is."""
    found = message(data)
    if isinstance(found, internal.RunTask | internal.RunGroup):
        tasks = [found.task] if isinstance(found, internal.RunTask) else found.tasks
        return next((asked for each in tasks if isinstance(asked := task(each), BadTask)), None)
    return found if isinstance(found, BadMessage) else None
