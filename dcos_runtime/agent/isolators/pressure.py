"""How long processes of a container waited for a processor, for memory, for the disk (PSI). It limits nothing.

Contract: the files ``*.pressure`` of a cgroup, Documentation/accounting/psi.rst of Linux. Only where control groups are
unified: version 1 has none.
"""

from __future__ import annotations

import dataclasses
import re

from dcos_runtime.agent.containers.base import ContainerPlace, Pressure, Usage
from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.isolators.base import Isolator

_TOTALS = re.compile(r"^(some|full) .*total=([0-9]+)$", re.MULTILINE)


class PressureIsolator(Isolator):
    """What a container waits for, where the kernel says it."""

    def __init__(self, cgroups: Cgroups) -> None:
        self._cgroups = cgroups

    def usage(self, place: ContainerPlace, usage: Usage) -> Usage | None:
        if not self._cgroups.unified:
            return usage
        cpu, memory, io = (
            totals(self._cgroups.text(name, place.cgroup, f"{name}.pressure")) for name in ("cpu", "memory", "io")
        )
        if not cpu:
            return usage
        pressure = Pressure(
            cpu_some_secs=cpu.get("some", 0.0),
            memory_some_secs=memory.get("some", 0.0),
            memory_full_secs=memory.get("full", 0.0),
            io_some_secs=io.get("some", 0.0),
            io_full_secs=io.get("full", 0.0),
        )
        return dataclasses.replace(usage, pressure=pressure)


def totals(text: str) -> dict[str, float]:
    """Seconds since the cgroup was made in which ``some`` of its processes waited, and all of them (``full``)."""
    return {kind: int(microseconds) / 1e6 for kind, microseconds in _TOTALS.findall(text)}
