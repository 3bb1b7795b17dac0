"""How many processes and threads a container may have."""

from __future__ import annotations

import dataclasses

from dcos_runtime.agent.containers.base import ContainerPlace, Usage
from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.containers.spec import ContainerSpec, Limits
from dcos_runtime.agent.isolators.base import Document, Isolator


class PidsIsolator(Isolator):
    """How many processes and threads a container may have."""

    def __init__(self, cgroups: Cgroups) -> None:
        self._cgroups = cgroups

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        if spec.limits.processes is not None:
            document["linux"]["resources"]["pids"] = {"limit": spec.limits.processes}

    def update(self, place: ContainerPlace, limits: Limits) -> None:
        most = "max" if limits.processes is None else str(limits.processes)
        self._cgroups.write("pids", place.cgroup, "pids.max", most)

    def usage(self, place: ContainerPlace, usage: Usage) -> Usage | None:
        return dataclasses.replace(usage, processes=len(self._cgroups.pids(place.cgroup)))
