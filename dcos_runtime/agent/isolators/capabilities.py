"""Which capabilities a container's processes hold; none gains more by what it executes (no_new_privileges)."""

from __future__ import annotations

from pathlib import Path

from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.spec import ContainerSpec
from dcos_runtime.agent.core.capabilities import Held, of_mask
from dcos_runtime.agent.isolators.base import Document, Isolator


class CapabilitiesIsolator(Isolator):
    """The capabilities of a container's first process."""

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        held = spec.process.capabilities
        if spec.privileged:
            own = own_capabilities()
            held = Held(own.bounding, own.effective if spec.process.user.uid == 0 else ())
        document["process"]["noNewPrivileges"] = not spec.privileged
        document["process"]["capabilities"] = {
            "bounding": list(held.bounding),
            "effective": list(held.effective),
            "permitted": list(held.effective),
            "inheritable": list(held.ambient),
            "ambient": list(held.ambient),
        }


def own_capabilities() -> Held:
    """The most that this process could give: its bounding set."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return of_mask(next(int(line.split()[1], 16) for line in lines if line.startswith("CapBnd:")))
