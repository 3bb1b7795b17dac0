"""What a container sees of the machine's files beside its root: its sandbox, and what its specification mounts."""

from __future__ import annotations

from typing import Any

from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.spec import SANDBOX, ContainerSpec, Mount
from dcos_runtime.agent.isolators.base import Document, Isolator


class MountsIsolator(Isolator):
    """The mounts of a container's specification, and its sandbox."""

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        document["mounts"] += [mounted(one.target, "tmpfs", *one.options) for one in spec.memory_mounts]
        sandbox = Mount(source=spec.sandbox, target=SANDBOX, writable=True)
        for mount in (sandbox, *spec.mounts):
            document["mounts"].append(bind(str(mount.source), mount.target, "rw" if mount.writable else "ro"))


def mounted(where: str, kind: str, *options: str) -> dict[str, Any]:
    """A file system of the kernel's, as OCI runtimes mount it."""
    return {"destination": where, "type": kind, "source": kind, "options": list(options)}


def bind(source: str, where: str, *options: str) -> dict[str, Any]:
    """A bind mount that is never recursive: other file systems below the folder are not visible."""
    return {
        "destination": where,
        "type": "bind",
        "source": source,
        "options": ["bind", "private", "nosuid", "nodev", *options],
    }
