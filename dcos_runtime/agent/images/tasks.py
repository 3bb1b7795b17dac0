"""Images as tasks ask for them: from a ContainerInfo to a leased image, and what a task of one is run as."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec

from dcos_runtime.agent import pools
from dcos_runtime.agent.command import Command
from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.containers.spec import ContainerSpec, ImageRoot
from dcos_runtime.agent.images import appc, reference, running, sources, users
from dcos_runtime.agent.images.documents import ImageConfig
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.images.sources import Registry
from dcos_runtime.agent.images.store import ImageStore, StoredImage, Wanted
from dcos_runtime.wire.common import CommandInfo
from dcos_runtime.wire.containers import ContainerInfo, Image


@dataclass(frozen=True)
class TaskImage:
    """``docker``: its container is a ``ContainerInfo.DOCKER``."""

    stored: StoredImage
    docker: bool

    @property
    def config(self) -> ImageConfig:
        return self.stored.config

    def command(self, command: CommandInfo) -> Command:
        """Raises `ImageError`."""
        return running.command_in(self.config, command, self.docker)

    def rooted(self, spec: ContainerSpec, sandbox: str) -> ContainerSpec:
        """The container in this image. ``sandbox``: as the task sees it."""
        cwd = running.working_directory(self.config, sandbox, self.docker)
        root = ImageRoot(self.stored.id, self.stored.layers)
        process = msgspec.structs.replace(spec.process, cwd=cwd)
        return msgspec.structs.replace(spec, root=root, process=process)

    async def user(self) -> ContainerUser | None:
        """Whom the image names, by its own /etc/passwd; ``None``: nobody. Raises `ImageError` and ``OSError``."""
        if not self.config.user:
            return None
        return await pools.run(pools.LAUNCHES, partial(users.resolve, self.stored.layers, self.config.user))


@dataclass(frozen=True)
class Images:
    """The images of an agent. ``appc_prefix``: where those of appc are; ``machine``: its kind in appc's words."""

    store: ImageStore
    registry: Registry | None
    appc_prefix: str
    machine: str

    @contextlib.asynccontextmanager
    async def lease(self, container: ContainerInfo | None) -> AsyncIterator[TaskImage | None]:
        """The image of a container; ``None``: it has none. Raises `ImageError`."""
        wanted = self.wanted(container) if container is not None else None
        if container is None or wanted is None:
            yield None
            return
        async with self.store.lease(wanted) as stored:
            yield TaskImage(stored, container.type is ContainerInfo.Type.DOCKER)

    def wanted(self, container: ContainerInfo) -> Wanted | None:
        """Raises `ImageError`."""
        if container.type is ContainerInfo.Type.DOCKER and container.docker is not None:
            return self._docker(container.docker.image, bool(container.docker.force_pull_image))
        image = container.mesos.image if container.mesos is not None else None
        if image is None:
            return None
        if image.type is Image.Type.DOCKER and image.docker is not None:
            return self._docker(image.docker.name, image.cached is False)
        assert image.appc is not None  # the core refuses others
        labels = {label.key: label.value or "" for label in image.appc.labels.labels} if image.appc.labels else {}
        source = appc.source_of(image.appc.name, labels, self.machine, self.appc_prefix)
        return Wanted(f"appc:{source.archive.name}", source, image.cached is False)

    def names(self, images: Sequence[Image]) -> frozenset[str]:
        """What the store remembers these images by; those that have no good name are none of them."""
        found = set()
        for image in images:
            container = ContainerInfo(type=ContainerInfo.Type.MESOS, mesos=ContainerInfo.MesosInfo(image=image))
            with contextlib.suppress(ImageError):
                if image.docker is not None or image.appc is not None:
                    found.add(self._named(container))
        return frozenset(found)

    def _named(self, container: ContainerInfo) -> str:
        wanted = self.wanted(container)
        return wanted.name if wanted is not None else ""

    def _docker(self, name: str, again: bool) -> Wanted:
        parsed = reference.parse(name)
        return Wanted(str(parsed), sources.source_of(parsed, self.registry), again)
