"""Which devices a container may open: those that an OCI runtime always gives (null, zero, random, tty), no others."""

from __future__ import annotations

from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.spec import ContainerSpec
from dcos_runtime.agent.isolators.base import Document, Isolator


class DevicesIsolator(Isolator):
    """No device, but those that every container has."""

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        document["linux"]["resources"]["devices"] = [{"allow": False, "access": "rwm"}]
