"""Task statuses as Mesos' agent and command executor word them."""

from __future__ import annotations

import signal
from collections.abc import Sequence

from dcos_runtime.agent.core import container_ids
from dcos_runtime.agent.core.model import Exit
from dcos_runtime.agent.core.records import ContainerRecord, TaskRecord
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.resources import intervals
from dcos_runtime.wire.common import AgentID, ExecutorID, TaskID, Value
from dcos_runtime.wire.containers import ContainerStatus, NetworkInfo
from dcos_runtime.wire.quoting import bounded
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import CheckInfo, CheckStatusInfo, TaskResourceLimitation, TaskState, TaskStatus

MB = 1 << 20

Source = TaskStatus.Source


def compose(
    record: TaskRecord,
    within: ContainerRecord,
    state: TaskState,
    now: Now,
    *,
    uuid: bytes,
    agent_id: str,
    ip: str,
    source: TaskStatus.Source = Source.SOURCE_EXECUTOR,
    reason: TaskStatus.Reason | None = None,
    message: str | None = None,
    limitation: TaskResourceLimitation | None = None,
    healthy: bool | None = None,
    check_status: CheckStatusInfo | None = None,
) -> TaskStatus:
    """An update of the task. It includes the status of its container, ``within``, once that exists. ``ip``: the
    machine's.
    """
    container = None
    if (pid := within.pid) is not None:
        address = NetworkInfo.IPAddress(protocol=NetworkInfo.Protocol.IPv4, ip_address=ip)
        container = ContainerStatus(
            container_id=container_ids.message(record.container_id),
            network_infos=list(within.networks) or [NetworkInfo(ip_addresses=[address])],
            executor_pid=pid,
        )
    return TaskStatus(
        task_id=TaskID(value=record.task_id),
        state=state,
        message=None if message is None else bounded(message),
        source=source,
        reason=reason,
        agent_id=AgentID(value=agent_id),
        executor_id=ExecutorID(value=record.executor_id),
        timestamp=now.wall,
        uuid=uuid,
        container_status=container,
        limitation=limitation,
        healthy=healthy,
        check_status=check_status,
    )


def check_text(type: CheckInfo.Type, value: int | None) -> str:
    """Why a result of a health check is not healthy."""
    match type:
        case CheckInfo.Type.COMMAND:
            return f"Command exited with status {value}"
        case CheckInfo.Type.HTTP:
            return f"Unexpected HTTP response code: {value}"
        case _:
            return "TCP connection failed"


def exit_text(exit: Exit) -> str:
    """``Command exited with status 3``, ``Command terminated with signal Killed``."""
    if exit.signal is not None:
        return f"Command terminated with signal {signal_name(exit.signal)}"
    return f"Command exited with status {exit.code}"


def signal_name(number: int) -> str:
    try:
        return signal.strsignal(number) or f"Unknown signal {number}"
    except ValueError:
        return f"Unknown signal {number}"


def memory_text(exit: Exit) -> str:
    limit = "unknown" if exit.memory_limit is None else _size(exit.memory_limit)
    peak = "" if exit.memory_peak is None else f" Maximum Used: {_size(exit.memory_peak)}"
    return f"Memory limit exceeded: Requested: {limit}{peak}; {exit_text(exit)}"


def memory_limitation(exit: Exit) -> TaskResourceLimitation:
    used = (exit.memory_peak or exit.memory_limit or 0) / MB
    memory = Resource(name="mem", type=Value.Type.SCALAR, scalar=Value.Scalar(value=used), role="*")
    return TaskResourceLimitation(resources=[memory])


def disk_text(used: int, limit: int, volume: str = "") -> str:
    """Mesos' words; it does not say of which volume that is so."""
    return f"Disk usage ({_size(used)}) exceeds quota ({_size(limit)})" + (
        f" of the volume at {volume}" if volume else ""
    )


def disk_too_deep_text(deepest: int, limit: int) -> str:
    return (
        f"Disk usage cannot be counted against the quota ({_size(limit)}): folders are nested deeper than the {deepest}"
        " levels that a task may have; nest them less deeply"
    )


def disk_limitation(limit: int) -> TaskResourceLimitation:
    disk = Resource(name="disk", type=Value.Type.SCALAR, scalar=Value.Scalar(value=limit / MB), role="*")
    return TaskResourceLimitation(resources=[disk])


def ports_text(container_id: str, ports: Sequence[tuple[int, int]]) -> str:
    return f"Container {container_id} is listening on unallocated port(s): {intervals.text(ports)}"


def ports_limitation(ports: Sequence[tuple[int, int]]) -> TaskResourceLimitation:
    ranges = Value.Ranges(range=[Value.Range(begin=low, end=high) for low, high in ports])
    return TaskResourceLimitation(resources=[Resource(name="ports", type=Value.Type.RANGES, ranges=ranges, role="*")])


def _size(count: int) -> str:
    """Bytes in the largest unit that divides them, as Mesos prints sizes."""
    for unit, name in ((1 << 40, "TB"), (1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "KB")):
        if count >= unit and count % unit == 0:
            return f"{count // unit}{name}"
    return f"{count}B"
