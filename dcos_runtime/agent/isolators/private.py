"""A container's own /tmp and /var: on the disk, in the container's folder, and gone with it."""

from __future__ import annotations

from pathlib import Path

from dcos_runtime.agent import pools
from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.spec import ContainerSpec, HostRoot
from dcos_runtime.agent.isolators.base import Document, Isolator
from dcos_runtime.agent.isolators.mounts import bind
from dcos_runtime.agent.removal import remove

NAMES = ("tmp", "var")


class PrivateIsolator(Isolator):
    """The folders /tmp and /var of a container without an image."""

    pool = pools.REMOVALS  # a task may leave a million files

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        if not isinstance(spec.root, HostRoot):  # an image has its own
            return
        for folder in folders(place):
            folder.mkdir()
        var = place.folder / "var"
        for name in ("cache", "lib", "local", "log", "opt", "spool", "tmp"):
            (var / name).mkdir()
        for path in (place.folder / "tmp", var / "tmp"):
            path.chmod(0o1777)
        (var / "run").symlink_to("/run")
        (var / "lock").symlink_to("/run/lock")
        document["mounts"] += [bind(str(folder), f"/{folder.name}", "rw") for folder in folders(place)]

    def cleanup(self, place: ContainerPlace) -> None:
        for folder in folders(place):
            if folder.exists():
                remove(folder)


def folders(place: ContainerPlace) -> tuple[Path, ...]:
    """The folders on the disk that a container writes to beside its sandbox."""
    return tuple(place.folder / name for name in NAMES)
