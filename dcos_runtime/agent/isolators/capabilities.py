"""Which capabilities a container's processes hold; none gains more by what it executes (no_new_privileges)."""

from __future__ import annotations

from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.spec import ContainerSpec
from dcos_runtime.agent.isolators.base import Document, Isolator


class CapabilitiesIsolator(Isolator):
    """The capabilities of a container's first process."""

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        held = spec.process.capabilities
        document["process"]["noNewPrivileges"] = True
        document["process"]["capabilities"] = {
            "bounding": list(held.bounding),
            "effective": list(held.effective),
            "permitted": list(held.effective),
            "inheritable": list(held.ambient),
            "ambient": list(held.ambient),
        }
