"""Which namespaces a container has for itself. Those of its network and its name are `network`'s."""

from __future__ import annotations

from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.spec import ContainerSpec
from dcos_runtime.agent.isolators.base import Document, Isolator


class NamespacesIsolator(Isolator):
    """The namespaces that a container has of its own."""

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        document["linux"]["namespaces"] = [{"type": kind.value} for kind in spec.namespaces]
