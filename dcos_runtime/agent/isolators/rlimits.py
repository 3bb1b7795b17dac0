"""Which resource limits (setrlimit(2)) a container's processes begin with. One that is not asked for is the agent's."""

from __future__ import annotations

import re
import resource
from pathlib import Path

from dcos_runtime.agent.containers.base import ContainerPlace, LaunchError
from dcos_runtime.agent.containers.spec import ContainerSpec
from dcos_runtime.agent.core.rlimits import INFINITY, ResourceLimit
from dcos_runtime.agent.isolators.base import Document, Isolator

_SYS_RESOURCE = 24


class RlimitsIsolator(Isolator):
    """For OCI containers."""

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        document["process"]["rlimits"] = [
            {"type": limit.name, "soft": limit.soft, "hard": limit.hard} for limit in _grantable(spec)
        ]


class PlainRlimitsIsolator(Isolator):
    """For plain processes, whose supervisor sets them."""

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        document["rlimits"] = [
            [limit.number, *(-1 if most == INFINITY else most for most in (limit.soft, limit.hard))]
            for limit in _grantable(spec)
        ]


def _grantable(spec: ContainerSpec) -> tuple[ResourceLimit, ...]:
    """Raises `LaunchError` when this agent may not give so much: only a process with SYS_RESOURCE may."""
    for limit in spec.process.rlimits:
        most = resource.getrlimit(limit.number)[1]
        if most != resource.RLIM_INFINITY and limit.hard > most and not may_raise():
            asked = "no limit" if limit.hard == INFINITY else str(limit.hard)
            raise LaunchError(
                f"the task asks for {limit.name} of {asked}, and this agent may give {most} at most; ask for less, or"
                " start the agent with the capability SYS_RESOURCE"
            )
    return spec.process.rlimits


def may_raise(status: str | None = None) -> bool:
    """Whether this process may give more than it has itself. ``status``: the text of /proc/self/status."""
    text = Path("/proc/self/status").read_text() if status is None else status
    found = re.search(r"^CapEff:\s+([0-9a-f]+)$", text, re.MULTILINE)
    return found is not None and bool(int(found[1], 16) >> _SYS_RESOURCE & 1)
