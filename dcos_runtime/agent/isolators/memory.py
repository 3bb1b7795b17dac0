"""How much memory a container may use, with swap where the kernel accounts for it, and what is left to it when memory
is short.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from dcos_runtime.agent.containers.base import ContainerPlace, Usage
from dcos_runtime.agent.containers.cgroups import Cgroups, pairs
from dcos_runtime.agent.containers.spec import ContainerSpec, Limits
from dcos_runtime.agent.isolators.base import Document, Isolator

DIVIDED = {
    "mem_anon_bytes": "total_rss",
    "mem_file_bytes": "total_cache",
    "mem_cache_bytes": "total_cache",
    "mem_mapped_file_bytes": "total_mapped_file",
    "mem_swap_bytes": "total_swap",
    "mem_unevictable_bytes": "total_unevictable",
}
"""Where the fields of Mesos' ResourceStatistics are in ``memory.stat``, as in Mesos: with what is in cgroups below."""

UNIFIED = {
    "mem_anon_bytes": "anon",
    "mem_file_bytes": "file",
    "mem_cache_bytes": "file",
    "mem_mapped_file_bytes": "file_mapped",
    "mem_unevictable_bytes": "unevictable",
}
"""The same where control groups are unified; there it does not hold what is swapped out."""


class MemoryIsolator(Isolator):
    """A container's limit of memory, and how much it has used."""

    def __init__(self, cgroups: Cgroups) -> None:
        self._cgroups = cgroups

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        limits = spec.limits
        if limits.memory is None:
            return
        memory = {"limit": limits.memory}
        if self._cgroups.swap_accounted:
            memory["swap"] = limits.memory
        if (soft := _soft(limits)) is not None:
            memory["reservation"] = soft
        document["linux"]["resources"]["memory"] = memory

    def update(self, place: ContainerPlace, limits: Limits) -> None:
        soft = _soft(limits)
        if self._cgroups.unified:
            self._write(place, "memory.max", "max" if limits.memory is None else str(limits.memory))
            self._write(place, "memory.low", str(soft or 0))
            return
        self._write(place, "memory.soft_limit_in_bytes", str(-1 if soft is None else soft))
        most = str(-1 if limits.memory is None else limits.memory)
        names = ["memory.limit_in_bytes"]
        if self._cgroups.swap_accounted:
            names.append("memory.memsw.limit_in_bytes")
        now = self._cgroups.memory_limit(place.cgroup)
        if limits.memory is None or (now is not None and now < limits.memory):
            names.reverse()  # the second may never be less than the first
        for name in names:
            self._write(place, name, most)

    def usage(self, place: ContainerPlace, usage: Usage) -> Usage | None:
        unified = self._cgroups.unified
        memory = pairs(self._cgroups.text("memory", place.cgroup, "memory.stat"))
        total = self._cgroups.text("memory", place.cgroup, "memory.current" if unified else "memory.usage_in_bytes")
        known: dict[str, Any] = {field: memory.get(name) for field, name in (UNIFIED if unified else DIVIDED).items()}
        rss = known["mem_anon_bytes"] or 0
        return dataclasses.replace(usage, mem_rss_bytes=rss, mem_total_bytes=int(total or 0), **known)

    def _write(self, place: ContainerPlace, name: str, text: str) -> None:
        self._cgroups.write("memory", place.cgroup, name, text)


def _soft(limits: Limits) -> int | None:
    """Only what is less than the limit is a limit of its own."""
    if limits.memory is None or limits.memory_soft is None or limits.memory_soft >= limits.memory:
        return None
    return limits.memory_soft
