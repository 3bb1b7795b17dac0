"""The size of the operator's own machine: no machine that is made on it can be larger."""

from __future__ import annotations

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class HostLimits:
    """The processors and the memory of the operator's machine."""

    cpus: int
    mem_mb: int


def host_limits() -> HostLimits:
    """The limits of this machine."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return HostLimits(cpus=os.cpu_count() or 1, mem_mb=memory >> 20)
