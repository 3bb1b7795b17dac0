"""Which namespaces a container has for itself, and which network it is in."""

from __future__ import annotations

from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.spec import ContainerSpec, JoinedNetwork
from dcos_runtime.agent.isolators.base import Document, Isolator


class NamespacesIsolator(Isolator):
    """The namespaces that a container has of its own."""

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        namespaces = [{"type": kind.value} for kind in spec.namespaces]
        if isinstance(spec.network, JoinedNetwork):
            namespaces.append({"type": "network", "path": str(spec.network.path)})
        document["linux"]["namespaces"] = namespaces
