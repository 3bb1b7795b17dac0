"""A container's volumes: folders of the machine, of its sandbox and of persistent volumes, images, secrets.

What is mounted is pinned first (`containers.binding`), below the container's folder: so it goes with the container, and
an agent that was killed in between finds it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dcos_runtime.agent import pools
from dcos_runtime.agent.containers import binding, overlay
from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.spec import (
    SANDBOX,
    ContainerSpec,
    HostRoot,
    ImageSource,
    MadeSource,
    PathSource,
    SecretSource,
    VolumeMount,
)
from dcos_runtime.agent.isolators.base import Document, Isolator
from dcos_runtime.agent.isolators.image import LAYERS
from dcos_runtime.agent.isolators.mounts import bind
from dcos_runtime.agent.isolators.root import RootFilesystem
from dcos_runtime.agent.removal import remove

PINNED, WRITTEN, SECRETS, SKELETON = "volumes", "volumes-written", "secrets", "rootfs"
"""What is in the container's folder: sources of mounts, what is written into images, secrets, mount points."""


class VolumesIsolator(Isolator):
    """Comes after `MountsIsolator`: volumes may lie in the sandbox."""

    pool = pools.REMOVALS  # a task may leave a million files

    def __init__(self, root: RootFilesystem) -> None:
        self._root = root

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        if not spec.volumes:
            return
        for name in (PINNED, WRITTEN, SECRETS):
            (place.folder / name).mkdir(mode=0o700)
        if isinstance(spec.root, HostRoot) and any(not _inside(volume.target) for volume in spec.volumes):
            # Mount points are made in it, and the usual one is for all containers.
            skeleton = place.folder.resolve() / SKELETON
            shutil.copytree(self._root.skeleton, skeleton, symlinks=True)
            document["root"]["path"] = str(skeleton)
        for number, volume in enumerate(spec.volumes):
            source = self._source(spec, place, volume, str(number))
            if (parts := _inside(volume.target)) is not None:
                owner = spec.process.user.uid, spec.process.user.gid
                os.close(binding.pinned(spec.sandbox, parts, owner, file=not source.is_dir()))
            access = "rw" if volume.writable else "ro"
            mount = bind(str(source), volume.target, access)
            if isinstance(volume.source, PathSource) and volume.source.propagated:
                mount["options"] = ["rbind", "rslave", "nosuid", "nodev", access]
            document["mounts"].append(mount)

    def _source(self, spec: ContainerSpec, place: ContainerPlace, volume: VolumeMount, name: str) -> Path:
        folder = place.folder.resolve()
        target = folder / PINNED / name
        user = spec.process.user
        match volume.source:
            case SecretSource(content):
                path = folder / SECRETS / name
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                    os.fchown(descriptor, user.uid, user.gid)
                return path
            case ImageSource(layers):
                with (place.folder / LAYERS).open("a") as file:  # whatever happens now, the store knows of them
                    file.write("".join(f"\n{layer.name}" for layer in layers))
                overlay.mount(layers, folder / WRITTEN / name, target)
                return target
            case MadeSource(root, parts, owned):
                descriptor = binding.pinned(root, parts, (user.uid, user.gid))
                propagated = False
                if owned:
                    os.chown(f"/proc/self/fd/{descriptor}", user.uid, user.gid)
            case PathSource(root, parts, propagated):
                descriptor = binding.pinned(root, parts)
        try:
            binding.bind(descriptor, target, propagated=propagated)
        finally:
            os.close(descriptor)
        return target

    def cleanup(self, place: ContainerPlace) -> None:
        pinned = place.folder / PINNED
        for target in pinned.iterdir() if pinned.is_dir() else ():
            binding.unbind(target)
        for name in (PINNED, WRITTEN, SECRETS, SKELETON):
            if (place.folder / name).exists():
                remove(place.folder / name)


def folders(place: ContainerPlace) -> tuple[Path, ...]:
    """The folder on the disk that holds what is written into volumes that are images."""
    return (place.folder / WRITTEN,)


def _inside(target: str) -> tuple[str, ...] | None:
    """The parts of a target below the sandbox; ``None``: it is not there."""
    return tuple(target[len(SANDBOX) + 1 :].split("/")) if target.startswith(f"{SANDBOX}/") else None
