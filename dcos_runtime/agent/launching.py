"""From a TaskInfo to a container that is ready to start: user, sandbox, URIs, environment, limits."""

from __future__ import annotations

import resource
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from dcos_runtime.agent import pools
from dcos_runtime.agent.command import Command, ExecLimits, command_of, not_executable
from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.containers.base import Lasting, Launcher, LaunchError
from dcos_runtime.agent.containers.sessions import window_of
from dcos_runtime.agent.containers.spec import (
    SHARED_MEMORY,
    ContainerSpec,
    FirstProcess,
    HostNetwork,
    Limits,
    Namespace,
    OwnNetwork,
    SharedNamespace,
)
from dcos_runtime.agent.core import container_ids, network_request
from dcos_runtime.agent.core.capabilities import USUALLY, Policy
from dcos_runtime.agent.core.effects import Prepare, WatchContainer
from dcos_runtime.agent.core.rlimits import limits_of
from dcos_runtime.agent.disk.rules import DiskRules
from dcos_runtime.agent.environment import Origin, environment
from dcos_runtime.agent.fetcher import Fetcher
from dcos_runtime.agent.images import running
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.images.tasks import Images, TaskImage
from dcos_runtime.agent.resources import MB, scalar
from dcos_runtime.agent.sandbox import NoSuchUser, Sandboxes, own_user, resolve_user
from dcos_runtime.agent.volumes import Volumes
from dcos_runtime.core import resources as amounts
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.containers import ContainerInfo, LinuxInfo
from dcos_runtime.wire.tasks import TaskInfo

MIN_CPUS = 0.01
MIN_MEMORY = 32 * MB
"""Mesos' smallest memory limit: less does not even start a shell."""
MAX_CPUS = 1_000_000.0
MAX_MEMORY = float(2**60)
"""A larger limit, such as infinity, counts as none."""


OPEN = 0o755
"""The mode of a sandbox that tasks pass through on the way to their own."""


class TaskUserUnknown(Exception):
    """The sandbox could not be made for the task's user; the text is Mesos'."""


@dataclass(frozen=True)
class Launching:
    """``framework`` finds a framework by its id; ``limit_cpus``: tasks get no more cpu than they asked for;
    ``processes``: how many processes and threads a container may have; ``volumes`` finds a task's volumes;
    ``images``: tasks may have images.
    """

    sandboxes: Sandboxes
    fetcher: Fetcher
    launcher: Launcher
    origin: Callable[[], Origin]
    framework: Callable[[str], FrameworkInfo | None]
    switch_user: bool
    limit_cpus: bool
    disk: DiskRules
    processes: int
    volumes: Volumes
    capabilities: Policy = USUALLY
    images: Images | None = None

    async def prepare(self, effect: Prepare, task: TaskInfo) -> int:
        """Makes the container of a `Prepare`, whose TaskInfo is ``task``; its process waits. Returns its pid.

        Raises `TaskUserUnknown`, `fetcher.FetchFailed`, `base.LaunchError`, ``OSError``.
        """
        if self.images is None:
            return await self._prepare(effect, task, None)
        try:
            async with self.images.lease(task.container) as image:
                return await self._prepare(effect, task, image)
        except ImageError as error:
            raise LaunchError(str(error)) from error

    async def _prepare(self, effect: Prepare, task: TaskInfo, image: TaskImage | None) -> int:
        assert task.command is not None  # the core refuses tasks without one
        command = task.command
        origin = self.origin()
        executor_id = effect.within or task.task_id.value
        sandbox = self._sandbox(origin.agent_id, effect, executor_id)
        nested = bool(container_ids.parent_of(effect.container_id))
        try:
            user = await self._user(command.user, effect.user if effect.framework_id else None, image)
        except NoSuchUser as error:
            name = effect.user if command.user is None else command.user
            raise TaskUserUnknown(
                f"Failed to create executor directory '{sandbox}': Failed to chown directory to '{name}': {error}"
            ) from error
        inside = self.launcher.sandbox_inside(sandbox)
        found = environment(
            origin,
            effect.framework_id,
            self.framework(effect.framework_id),
            task,
            effect.container_id,
            str(sandbox),
            inside,
            user,
            running.variables(image.config) if image is not None else {},
            executor=effect.executor,
            alone=network_request.networks(_surroundings(task, nested)) is not None,
            within=effect.within,
            apart=effect.apart,
        )
        executed = command_of(command) if image is None else image.command(command)
        if (why := not_executable(executed, found, room())) is not None:
            raise LaunchError(why)
        if effect.apart:
            make = partial(self.sandboxes.make, sandbox, user, latest=False)
        elif nested:
            make = partial(self.sandboxes.make_within, sandbox, user, task.task_id.value)
        elif effect.within:  # in the sandbox of a default executor are those of its tasks: it is the agent's own
            make = partial(self.sandboxes.make, sandbox, own_user(), OPEN)
        else:
            make = partial(self.sandboxes.make, sandbox, user)
        await pools.run(pools.LAUNCHES, make)
        spec = self._spec(effect.container_id, task, executed, found, user, sandbox=sandbox)
        if nested:
            spec = self._joined(within(spec, task.container, effect.parent_pid), _surroundings(task, nested))
        elif effect.within and not effect.apart:
            spec = msgspec.structs.replace(spec, holds=True)
        if image is not None:
            linux = task.container.linux_info if task.container else None
            spec = image.rooted(spec, inside, self.capabilities, linux)
        above = self._above(origin.agent_id, effect, executor_id, sandbox)
        async with self.volumes.lease(task, sandbox, above) as mounted:
            await self.launcher.prepare(msgspec.structs.replace(spec, volumes=mounted))
        await self.fetcher.fetch(effect.container_id, command.uris, sandbox, user, spec.limits.disk)
        return await self.launcher.create(spec)

    def _joined(self, spec: ContainerSpec, surroundings: ContainerInfo | None) -> ContainerSpec:
        """The same container in the network of the outermost one that it is within."""
        if network_request.networks(surroundings) is None:
            return spec
        root = container_ids.root_of(spec.container_id)
        network = self.launcher.network_of(root, network_request.hostname(surroundings, root))
        return msgspec.structs.replace(spec, network=network)

    def _sandbox(self, agent_id: str, effect: Prepare | WatchContainer, executor_id: str) -> Path:
        """One that a call launched has its own beside that of the outermost: what is in that one belongs to a task."""
        place = self.sandboxes.path if effect.apart else self.sandboxes.place
        return place(agent_id, effect.framework_id, executor_id, effect.container_id)

    def _above(self, agent_id: str, effect: Prepare, executor_id: str, sandbox: Path) -> Path | None:
        """The sandbox of the container that it is within."""
        parent = container_ids.parent_of(effect.container_id)
        if not parent:
            return None
        if not effect.apart:
            return sandbox.parent.parent
        apart = self.sandboxes.path(agent_id, effect.framework_id, executor_id, parent)
        if apart.is_dir():
            return apart
        return self.sandboxes.place(agent_id, effect.framework_id, executor_id, parent)

    def lasting(self, effect: WatchContainer, task: TaskInfo) -> Lasting:
        """What a container of a former agent was made with. Raises ``ValueError`` and `LaunchError`."""
        executor_id, container_id = effect.within or task.task_id.value, effect.container_id
        sandbox = self._sandbox(effect.agent_id, effect, executor_id)
        nested = bool(container_ids.parent_of(container_id))
        host_network = network_request.networks(_surroundings(task, nested)) is None
        held = tuple(self.volumes.persistent(task))
        holds = bool(effect.within) and not nested and not effect.apart
        return Lasting(sandbox, self.limits(task), host_network, holds=holds, volumes=held)

    async def _user(self, named: str | None, framework: str | None, image: TaskImage | None) -> ContainerUser:
        """Whom the command names, else the image, else the framework. Raises `NoSuchUser` and `ImageError`."""
        own = await image.user() if image is not None and named is None and self.switch_user else None
        if own is not None:
            return own
        return await pools.run(pools.LAUNCHES, partial(resolve_user, named, framework, self.switch_user))

    def _spec(
        self,
        container_id: str,
        task: TaskInfo,
        command: Command,
        found: dict[str, str],
        user: ContainerUser,
        *,
        sandbox: Path,
    ) -> ContainerSpec:
        linux = task.container.linux_info if task.container else None
        return ContainerSpec(
            container_id=container_id,
            sandbox=sandbox,
            limits=self.limits(task),
            network=_network(container_id, task.container),
            process=FirstProcess(
                argv=command.argv,
                program=command.program,
                environment=found,
                user=user,
                capabilities=self.capabilities.held(linux, user.uid == 0),
                rlimits=limits_of(task.container.rlimit_info if task.container else None),
                terminal=window_of(task.container),
            ),
        )

    def limits(self, task: TaskInfo) -> Limits:
        """Raises ``ValueError`` for a label or variable that is not a size."""
        linux = task.container.linux_info if task.container else None
        shared = linux.shm_size if linux else None
        cpus = max(MIN_CPUS, scalar(task.resources, "cpus"))
        cpu_limit = task.limits["cpus"].value if "cpus" in task.limits else cpus
        memory = max(MIN_MEMORY, int(scalar(task.resources, "mem") * MB))
        memory_limit = task.limits["mem"].value * MB if "mem" in task.limits else memory
        return Limits(
            cpus=cpus,
            cpu_quota=max(MIN_CPUS, cpu_limit) if self.limit_cpus and cpu_limit <= MAX_CPUS else None,
            memory=max(MIN_MEMORY, int(memory_limit)) if memory_limit <= MAX_MEMORY else None,
            memory_soft=memory,
            processes=self.processes,
            disk=self.disk.limit(task),
            outputs=self.disk.caps_of(task),
            shared_memory=SHARED_MEMORY if shared is None else shared * MB,
            ports=amounts.parse(task.resources).intervals("ports"),
            gpus=int(scalar(task.resources, "gpus")),
        )


def _surroundings(task: TaskInfo, nested: bool) -> ContainerInfo | None:
    """The container that says which networks a task is in: a task of a group is in those of its executor."""
    return task.executor.container if nested and task.executor is not None else task.container


def _network(container_id: str, container: ContainerInfo | None) -> HostNetwork | OwnNetwork:
    joined = network_request.networks(container)
    if joined is None:
        return HostNetwork()
    return OwnNetwork(network_request.hostname(container, container_id), joined)


def within(spec: ContainerSpec, info: ContainerInfo | None, parent_pid: int) -> ContainerSpec:
    """The same container within another, of which ``parent_pid`` is a process: it is in those of its namespaces that
    it asks for.
    """
    linux = info.linux_info if info is not None else None
    kinds = {
        Namespace.PID: linux is not None and linux.share_pid_namespace is True,
        Namespace.IPC: linux is not None and linux.ipc_mode is LinuxInfo.IpcMode.SHARE_PARENT,
    }
    shared = [kind for kind, asked in kinds.items() if asked]
    return msgspec.structs.replace(
        spec,
        namespaces=tuple(kind for kind in spec.namespaces if kind not in shared),
        shared=tuple(SharedNamespace(kind, Path(f"/proc/{parent_pid}/ns/{kind.value}")) for kind in shared),
    )


def room() -> ExecLimits:
    """The limits of one execve(2) on this machine: the task inherits ours."""
    return ExecLimits.here(resource.getpagesize(), resource.getrlimit(resource.RLIMIT_STACK)[0])
