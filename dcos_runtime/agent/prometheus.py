"""`/metrics`: the agent's metrics and each container's, as Prometheus reads them (text format 0.0.4). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dcos_runtime.agent.containers.base import Usage

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_UNFIT = re.compile(r"[^a-zA-Z0-9_]")


@dataclass(frozen=True)
class Shown:
    """A container with its last sample. ``unallocated``: how many ports it listens on that it was not offered."""

    container_id: str
    framework_id: str
    task_id: str
    usage: Usage
    cpus: float
    memory: int
    unallocated: int


@dataclass(frozen=True)
class _Family:
    name: str
    kind: str
    help: str


_CPU = _Family("cpu_seconds_total", "counter", "processor time used")
_PERIODS = _Family("cpu_periods_total", "counter", "periods of the processor quota")
_THROTTLED = _Family("cpu_throttled_periods_total", "counter", "periods in which the quota was used up")
_THROTTLED_SECONDS = _Family("cpu_throttled_seconds_total", "counter", "time for which the quota held it up")
_CPUS = _Family("cpus_requested", "gauge", "processors that it asked for")
_RSS = _Family("memory_rss_bytes", "gauge", "memory that is not of files")
_MEMORY = _Family("memory_bytes", "gauge", "memory, with what is cached of files")
_REQUESTED = _Family("memory_requested_bytes", "gauge", "memory that it asked for")
_PROCESSES = _Family("processes", "gauge", "processes")
_DISK = _Family("disk_used_bytes", "gauge", "disk used, as of the last whole count")
_DISK_LIMIT = _Family("disk_limit_bytes", "gauge", "disk that it may use")
_PRESSURE = _Family("pressure_seconds_total", "counter", "time in which some or all of its processes waited (PSI)")
_PORTS = _Family("unallocated_ports", "gauge", "ports that it listens on and was not offered")


def text(metrics: Mapping[str, float], containers: Iterable[Shown]) -> str:
    """All metrics. ``metrics`` are those of `/metrics/snapshot`: ``slave/x`` becomes ``dcos_agent_x``, and ``a/b``
    ``dcos_agent_a_b``.
    """
    lines = []
    for name, value in metrics.items():
        own = f"dcos_agent_{_UNFIT.sub('_', name.removeprefix('slave/'))}"
        lines += [f"# TYPE {own} untyped", f"{own} {value!r}"]
    series: dict[_Family, list[str]] = {}
    for one in containers:
        labels = _labels(container_id=one.container_id, framework_id=one.framework_id, task_id=one.task_id)
        for family, more, number in _series(one):
            if number is not None:
                series.setdefault(family, []).append(f"dcos_container_{family.name}{{{labels}{more}}} {number!r}")
    for family, shown in series.items():
        name = f"dcos_container_{family.name}"
        lines += [f"# HELP {name} {family.help}", f"# TYPE {name} {family.kind}", *shown]
    return "\n".join(lines) + "\n"


def _series(one: Shown) -> list[tuple[_Family, str, float | None]]:
    usage, pressure = one.usage, one.usage.pressure
    found = [
        (_CPU, ',mode="user"', usage.cpus_user_time_secs),
        (_CPU, ',mode="system"', usage.cpus_system_time_secs),
        (_PERIODS, "", usage.cpus_nr_periods),
        (_THROTTLED, "", usage.cpus_nr_throttled),
        (_THROTTLED_SECONDS, "", usage.cpus_throttled_time_secs),
        (_CPUS, "", one.cpus),
        (_RSS, "", usage.mem_rss_bytes),
        (_MEMORY, "", usage.mem_total_bytes),
        (_REQUESTED, "", one.memory),
        (_PROCESSES, "", usage.processes),
        (_DISK, "", usage.disk_used_bytes),
        (_DISK_LIMIT, "", usage.disk_limit_bytes),
        (_PORTS, "", one.unallocated),
    ]
    if pressure is not None:
        for name, seconds in vars(pressure).items():
            resource, kind, _ = name.split("_")
            found.append((_PRESSURE, f',resource="{resource}",waiting="{kind}"', seconds))
    return found


def _labels(**values: str) -> str:
    """Ids are a framework's to choose: any text."""
    return ",".join(f'{name}="{_escaped(value)}"' for name, value in values.items())


def _escaped(value: str) -> str:
    value = value.encode(errors="replace").decode()
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
