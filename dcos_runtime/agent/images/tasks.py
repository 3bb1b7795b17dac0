"""Images as tasks ask for them: from a ContainerInfo to a leased image, and what a task of one is run as."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import msgspec

from dcos_runtime.agent import pools
from dcos_runtime.agent.command import Command
from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.containers.spec import ContainerSpec, FirstProcess, ImageRoot, MemoryMount
from dcos_runtime.agent.core import docker_parameters
from dcos_runtime.agent.core.capabilities import Held, Policy
from dcos_runtime.agent.core.docker_parameters import NO_OPTIONS, DockerOptions
from dcos_runtime.agent.images import appc, credentials, reference, running, sources, users
from dcos_runtime.agent.images.documents import ImageConfig
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.images.sources import Registry, RegistrySource, Source
from dcos_runtime.agent.images.store import ImageStore, StoredImage, Wanted
from dcos_runtime.wire.common import CommandInfo
from dcos_runtime.wire.containers import ContainerInfo, Image, LinuxInfo


@dataclass(frozen=True)
class DockerWishes:
    """What a ``ContainerInfo.DOCKER`` asks for beside its image."""

    options: DockerOptions = NO_OPTIONS
    privileged: bool = False


@dataclass(frozen=True)
class TaskImage:
    """``docker``: what a ``ContainerInfo.DOCKER`` asks for; ``None``: the container is of ``MESOS``."""

    stored: StoredImage
    docker: DockerWishes | None

    @property
    def config(self) -> ImageConfig:
        """The image's, with what the task's parameters put in its place."""
        config = self.stored.config
        return config if self.docker is None else running.configured(config, self.docker.options)

    def _capabilities(self, policy: Policy, linux: LinuxInfo | None, process: FirstProcess) -> Held:
        """Raises `ImageError`."""
        options = self.docker.options if self.docker is not None else NO_OPTIONS
        if not options.added and not options.dropped:
            return process.capabilities
        if linux is not None and linux != LinuxInfo():
            raise ImageError("capabilities are in container.docker.parameters and in container.linux_info; give one")
        try:
            return policy.of_docker(options.added, options.dropped, process.user.uid == 0)
        except ValueError as error:
            raise ImageError(str(error)) from error

    def command(self, command: CommandInfo) -> Command:
        """Raises `ImageError`."""
        return running.command_in(self.config, command, self.docker is not None)

    def rooted(self, spec: ContainerSpec, sandbox: str, policy: Policy, linux: LinuxInfo | None) -> ContainerSpec:
        """The container in this image. ``sandbox``: as the task sees it; ``policy``: of capabilities, with ``linux``
        what the task asks for of them beside its parameters. Raises `ImageError`.
        """
        wishes = self.docker or DockerWishes()
        cwd = running.working_directory(self.config, sandbox, self.docker is not None)
        root = ImageRoot(self.stored.id, self.stored.layers, writable=not wishes.options.read_only)
        held = self._capabilities(policy, linux, spec.process)
        process = msgspec.structs.replace(spec.process, cwd=cwd, capabilities=held)
        memory = tuple(MemoryMount(target, options) for target, options in wishes.options.tmpfs.items())
        return msgspec.structs.replace(
            spec, root=root, process=process, memory_mounts=memory, privileged=wishes.privileged
        )

    async def user(self) -> ContainerUser | None:
        """Whom the image names, by its own /etc/passwd; ``None``: nobody. Raises `ImageError` and ``OSError``."""
        if not self.config.user:
            return None
        return await pools.run(pools.LAUNCHES, partial(users.resolve, self.stored.layers, self.config.user))


@dataclass(frozen=True)
class Images:
    """The images of an agent. ``appc_prefix``: where those of appc are; ``machine``: its kind in appc's words;
    ``kept``: images that stay for good.
    """

    store: ImageStore
    registry: Registry | None
    appc_prefix: str
    machine: str
    kept: Sequence[Image] = ()

    @contextlib.asynccontextmanager
    async def lease(self, container: ContainerInfo | None) -> AsyncIterator[TaskImage | None]:
        """The image of a container; ``None``: it has none. Raises `ImageError`."""
        wanted = self.wanted(container) if container is not None else None
        if container is None or wanted is None:
            yield None
            return
        wishes = wishes_of(container)
        async with self.store.lease(wanted) as stored:
            yield TaskImage(stored, wishes)

    def wanted(self, container: ContainerInfo) -> Wanted | None:
        """Raises `ImageError`."""
        if container.type is ContainerInfo.Type.DOCKER and container.docker is not None:
            return self._docker(container.docker.image, bool(container.docker.force_pull_image))
        image = container.mesos.image if container.mesos is not None else None
        if image is None:
            return None
        if image.type is Image.Type.DOCKER and image.docker is not None:
            found = self._docker(image.docker.name, image.cached is False)
            return replace(found, credentials=_credentials(image.docker, found.source))
        assert image.appc is not None  # the core refuses others
        labels = {label.key: label.value or "" for label in image.appc.labels.labels} if image.appc.labels else {}
        source = appc.source_of(image.appc.name, labels, self.machine, self.appc_prefix)
        return Wanted(f"appc:{source.archive.name}", source, image.cached is False)

    async def prune(self, excluded: Sequence[Image]) -> int:
        """PRUNE_IMAGES: removes all images that no container has, but ``excluded`` ones; those that the operator
        excluded for good (``--image_gc_config``) when none are given. Returns how many bytes they took.
        """
        return await self.store.prune(self.names(excluded or self.kept))

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


def wishes_of(container: ContainerInfo) -> DockerWishes | None:
    """Raises `ImageError`."""
    if container.type is not ContainerInfo.Type.DOCKER or container.docker is None:
        return None
    try:
        options = docker_parameters.read(container.docker.parameters)
    except ValueError as error:
        raise ImageError(str(error)) from error
    return DockerWishes(options, bool(container.docker.privileged))


def _credentials(docker: Image.Docker, source: Source) -> bytes | None:
    """Raises `ImageError`."""
    if not isinstance(source, RegistrySource):
        return None
    if docker.config is not None and docker.config.value is not None:
        return credentials.of_config(docker.config.value.data)
    if docker.credential is not None:
        return credentials.of_principal(source.host, docker.credential)
    return None
