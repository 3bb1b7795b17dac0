"""Which namespaces a container has for itself, and which it shares with the one that it is within. Those of its network
and its name are `network`'s.

Who shares the IPC namespace of another shares its /dev/shm: that of a container in which others are made is mounted in
its folder, so that they can have it too.
"""

from __future__ import annotations

from pathlib import Path

from dcos_runtime.agent.containers import binding
from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.spec import ContainerSpec, Namespace
from dcos_runtime.agent.core import container_ids
from dcos_runtime.agent.isolators.base import Document, Isolator
from dcos_runtime.agent.isolators.mounts import bind

SHARED_MEMORY = "shm"
"""The mount in the container's folder."""


class NamespacesIsolator(Isolator):
    """The namespaces that a container has of its own. Comes after `RootIsolator`, which mounts /dev/shm."""

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        namespaces = [{"type": kind.value} for kind in spec.namespaces]
        namespaces += [{"type": one.kind.value, "path": str(one.path)} for one in spec.shared]
        if spec.holds:
            binding.memory(place.folder / SHARED_MEMORY, spec.limits.shared_memory)
            _share(document, place.folder)
        elif any(one.kind is Namespace.IPC for one in spec.shared):
            _share(document, place.folder.parent / container_ids.parent_of(place.container_id))
        document["linux"]["namespaces"] = namespaces

    def cleanup(self, place: ContainerPlace) -> None:
        binding.unbind(place.folder / SHARED_MEMORY)


def _share(document: Document, folder: Path) -> None:
    """/dev/shm is that of the container with this folder."""
    kept = [mount for mount in document["mounts"] if mount["destination"] != "/dev/shm"]
    shared = bind(str(folder.resolve() / SHARED_MEMORY), "/dev/shm", "rw", "noexec")
    after = next(index for index, mount in enumerate(kept) if mount["destination"] == "/dev") + 1
    document["mounts"] = [*kept[:after], shared, *kept[after:]]
