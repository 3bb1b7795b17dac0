"""From the volumes that a task names to what its container mounts (`isolators.volumes`)."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from dcos_runtime.agent.containers import binding
from dcos_runtime.agent.containers.base import LaunchError
from dcos_runtime.agent.containers.spec import ImageSource, MadeSource, PathSource, SecretSource, VolumeMount
from dcos_runtime.agent.core import volume_refusal
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.images.tasks import Images
from dcos_runtime.agent.removal import empty, remove
from dcos_runtime.agent.resources import MB, scalar
from dcos_runtime.wire import codec
from dcos_runtime.wire.containers import ContainerInfo, MountPropagation, Volume
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import TaskInfo

Disk = Resource.DiskInfo.Source.Type


@dataclass(frozen=True)
class Volumes:
    """``allowed``: the folders of the machine that tasks may have, absolute. ``disks``: roots of the disks that the
    agent offers, as its resources name them. ``work_dir``: the agent's, absolute. ``held``: persistent volumes are held
    to their sizes.
    """

    work_dir: Path
    allowed: tuple[str, ...] = ()
    disks: frozenset[str] = frozenset()
    images: Images | None = None
    held: bool = True

    @contextlib.asynccontextmanager
    async def lease(
        self, task: TaskInfo, sandbox: Path, parent: Path | None = None
    ) -> AsyncIterator[tuple[VolumeMount, ...]]:
        """All volumes of a task that the core accepted. ``parent``: the sandbox of the container that it is within.
        Their images stay at least while the context is open.

        Raises `LaunchError`.
        """
        found: list[VolumeMount] = []
        async with contextlib.AsyncExitStack() as stack:
            found += self.persistent(task)
            for volume in task.container.volumes if task.container is not None else ():
                source = self._source(volume, sandbox, parent) or await self._image(volume, stack)
                target = volume_refusal.target_of(volume.container_path)
                found.append(VolumeMount(source=source, target=target, writable=volume.mode is Volume.Mode.RW))
            yield tuple(sorted(found, key=lambda one: one.target.count("/")))  # the outer one first

    def persistent(self, task: TaskInfo) -> list[VolumeMount]:
        """The persistent volumes of a task, with their sizes. Raises `LaunchError`."""
        return [
            self._persistent(resource, resource.disk, resource.disk.volume)
            for resource in task.resources
            if resource.disk is not None and resource.disk.volume is not None
        ]

    def _source(
        self, volume: Volume, sandbox: Path, parent: Path | None
    ) -> PathSource | MadeSource | SecretSource | None:
        """``None``: an image."""
        if (inside := volume_refusal.sandbox_path(volume)) is not None:
            of_parent = parent is not None and volume_refusal.of_parent(volume)
            return MadeSource(parent if of_parent and parent is not None else sandbox, _parts(inside))
        source = volume.source
        if (path := volume_refusal.host_path(volume)) is not None:
            root = volume_refusal.holder(path, self.allowed)
            assert root is not None  # the core refuses others
            given = source.host_path.mount_propagation if source is not None and source.host_path is not None else None
            propagated = given is not None and given.mode is MountPropagation.Mode.HOST_TO_CONTAINER
            return PathSource(Path(root), _parts(path)[len(_parts(root)) :], propagated)
        if source is not None and source.secret is not None and source.secret.value is not None:
            return SecretSource(source.secret.value.data)
        return None

    async def _image(self, volume: Volume, stack: contextlib.AsyncExitStack) -> ImageSource:
        if self.images is None or volume.image is None:
            raise LaunchError(f"the volume at {volume.container_path} is an image, and this agent has none")
        container = ContainerInfo(type=ContainerInfo.Type.MESOS, mesos=ContainerInfo.MesosInfo(image=volume.image))
        try:
            image = await stack.enter_async_context(self.images.lease(container))
        except ImageError as error:
            raise LaunchError(str(error)) from error
        assert image is not None
        return ImageSource(image.stored.layers)

    def change(self, made: bytes, removed: bytes) -> None:
        """Makes the folders of persistent volumes, lists of Resources in JSON, and destroys others with all that is in
        them. Blocks. Raises ``LaunchError``, ``OSError``.
        """
        for resource in codec.decode(made, list[Resource]):
            at = self._folder(resource)
            os.close(binding.pinned(at.root, at.parts, (os.geteuid(), os.getegid())))
        for resource in codec.decode(removed, list[Resource]):
            at = self._folder(resource)
            folder = at.root.joinpath(*at.parts)
            try:
                os.close(binding.pinned(at.root, at.parts))  # no link is on the path
            except FileNotFoundError:
                continue  # destroyed before the agent was restarted
            if at.parts:
                remove(folder)
            else:
                empty(folder)

    def _folder(self, resource: Resource) -> MadeSource:
        disk = resource.disk
        if disk is None or disk.volume is None:
            raise LaunchError("it is no persistent volume")
        source = self._persistent(resource, disk, disk.volume).source
        assert isinstance(source, MadeSource)
        return source

    def _persistent(self, resource: Resource, disk: Resource.DiskInfo, volume: Volume) -> VolumeMount:
        """Where Mesos keeps it: of a disk that is mounted for one volume, all of it."""
        if disk.persistence is None:
            raise LaunchError(f"the volume at {volume.container_path} has no persistence")
        role = resource.reservations[-1].role if resource.reservations else resource.role
        parts: tuple[str, ...] = ("volumes", "roles", (role or "*").replace("/", " "), disk.persistence.id)
        if any(part in ("", ".", "..") or "/" in part or "\0" in part for part in parts):
            raise LaunchError(f"the id {disk.persistence.id[:80]!r} cannot be the name of a volume")
        root, given = self.work_dir, disk.source
        if given is not None:
            of_kind = given.path if given.type is Disk.PATH else given.mount if given.type is Disk.MOUNT else None
            if of_kind is None or of_kind.root is None or of_kind.root not in self.disks:
                raise LaunchError(f"the volume at {volume.container_path} is on no disk of this agent")
            root = self.work_dir / of_kind.root  # one that is not absolute begins there
            parts = parts if given.type is Disk.PATH else ()
        source = MadeSource(root, parts, owned=resource.shared is None)
        target = volume_refusal.target_of(volume.container_path)
        size = int(scalar([resource], resource.name) * MB) if self.held else None
        return VolumeMount(source=source, target=target, writable=volume.mode is Volume.Mode.RW, size=size)


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part not in ("", "."))
