"""What this version of the agent cannot run: checked before anything is done, with messages for the framework's
author.
"""

from __future__ import annotations

from collections.abc import Sequence

from dcos_runtime.agent.core import docker_parameters, network_request, rlimits, volume_refusal
from dcos_runtime.agent.core.check_terms import odd_seconds
from dcos_runtime.agent.core.events import BadTask
from dcos_runtime.agent.core.model import Refusal, Settings
from dcos_runtime.agent.core.task_request import TaskRequest
from dcos_runtime.wire.common import CommandInfo, Environment, Secret
from dcos_runtime.wire.containers import ContainerInfo, Image, LinuxInfo
from dcos_runtime.wire.tasks import CheckInfo, ExecutorInfo, HealthCheck


def refused(asked: TaskRequest, settings: Settings, nested: bool = False) -> Refusal | None:
    """Why the task cannot run on this agent, or ``None``. ``nested``: its container is to be within another."""
    if (wrong := _invalid(asked.container)) is not None:
        return Refusal(f"Failed to launch container: {wrong}", invalid=True)
    if nested and network_request.networks(asked.container) is not None:
        text = "a task of a group is in the network of its executor: name networks in that one's container"
        return Refusal(f"Failed to launch container: {text}")
    if (without := network_request.refusal(asked.container, asked.resources, settings)) is not None:
        return without
    why = (
        (_of_command(asked.command, asked.container) if asked.command is not None else "the task has no command")
        or (_of_container(asked.container, settings, nested) if asked.container is not None else None)
        or (_of_check("check", asked.check) if asked.check is not None else None)
        or (_of_check("health check", asked.health_check) if asked.health_check is not None else None)
        or _of_volumes(asked, settings, nested)
    )
    return Refusal(f"Failed to launch container: {why}") if why else None


def group_refused(info: ExecutorInfo, group: Sequence[TaskRequest | BadTask], settings: Settings) -> Refusal | None:
    """Why a task group with its default executor cannot run on this agent, or ``None``."""
    if (wrong := _invalid(info.container)) is not None:
        return Refusal(f"Failed to launch container: {wrong}", invalid=True)
    container = info.container
    held = [*info.resources, *(one for asked in group if isinstance(asked, TaskRequest) for one in asked.resources)]
    if (without := network_request.refusal(container, held, settings)) is not None:
        return without
    why = (
        (_of_container(container, settings) if container is not None else None)
        or _of_volumes(info, settings)
        or _of_terminal(info)
    )
    if why:
        return Refusal(f"Failed to launch container: {why}")
    for asked in group:
        found = unreadable(asked.why) if isinstance(asked, BadTask) else refused(asked, settings, nested=True)
        if found is not None:
            return found
    return None


def executor_refused(info: ExecutorInfo, settings: Settings) -> Refusal | None:
    """Why a custom executor cannot run on this agent, or ``None``."""
    if (wrong := _invalid(info.container)) is not None:
        return Refusal(f"Failed to launch container: {wrong}", invalid=True)
    if (without := network_request.executor_refusal(info.container)) is not None:
        return without
    why = (
        (_of_command(info.command, info.container) if info.command is not None else "the executor has no command")
        or (_of_container(info.container, settings) if info.container is not None else None)
        or _of_volumes(info, settings)
    )
    return Refusal(f"Failed to launch container: {why}") if why else None


def unreadable(why: str) -> Refusal:
    return Refusal(f"Failed to launch container: the task cannot be read: {why}")


def _of_command(command: CommandInfo, container: ContainerInfo | None) -> str | None:
    # Without a value an image's own program is run.
    if command.value is None and not (command.shell is False and container is not None and _has_image(container)):
        kind = "Shell command" if command.shell is not False else "Executable"
        return f"{kind} of the task is not specified"
    return _of_texts("command", command)


def _of_texts(what: str, command: CommandInfo) -> str | None:
    texts = [command.value or "", *command.arguments]
    if any("\0" in text for text in texts):
        return f"the {what} holds a NUL character"
    for variable in command.environment.variables if command.environment else ():
        secret = variable.secret
        if variable.type is Environment.Variable.Type.SECRET and (secret is None or secret.value is None):
            return (
                f"the environment variable {variable.name} is the name of a secret; this version of the agent resolves"
                " none: give its value"
            )
        if not variable.name or "=" in variable.name or "\0" in variable.name + (variable.value or ""):
            return f"{variable.name!r} cannot be an environment variable"
    return None


def _of_container(container: ContainerInfo, settings: Settings, nested: bool = False) -> str | None:
    if _has_image(container) and (why := _of_image(container, settings)) is not None:
        return why
    for volume in container.volumes:
        if volume.image is not None and (why := _of_image(_of_volume(volume.image), settings)) is not None:
            return why
    if container.rlimit_info is not None and (why := rlimits.refusal(container.rlimit_info)) is not None:
        return why
    return _of_linux(container.linux_info, settings, nested) if container.linux_info is not None else None


def _of_check(kind: str, info: CheckInfo | HealthCheck) -> str | None:
    """Masters refuse most of this as well (`master.core.validate`)."""
    type = info.type.value if info.type is not None else "UNKNOWN"
    if type == "UNKNOWN":
        return f"the {kind} of the task has no type that is known here"
    if getattr(info, type.lower()) is None:
        return f"the {kind} of the task has the type {type} and no {type.lower()}"
    if (name := odd_seconds(info)) is not None:
        return f"the {kind} of the task has {name} that are no time that can be waited for"
    if type == "COMMAND" and info.command is not None:
        command = info.command.command if isinstance(info.command, CheckInfo.Command) else info.command
        return _of_check_command(kind, command)
    port = info.tcp.port if type == "TCP" and info.tcp is not None else info.http.port if info.http is not None else 0
    if not 0 < port < 1 << 16:
        return f"the {kind} of the task asks for port {port}; ports are from 1 to 65535"
    return None


def _of_terminal(info: ExecutorInfo) -> str | None:
    if info.container is not None and info.container.tty_info is not None:
        return "no program runs in the container of a default executor: give container.tty_info to its tasks"
    return None


def _of_volume(image: Image) -> ContainerInfo:
    return ContainerInfo(type=ContainerInfo.Type.MESOS, mesos=ContainerInfo.MesosInfo(image=image))


def _of_volumes(asked: TaskRequest | ExecutorInfo, settings: Settings, nested: bool = False) -> str | None:
    kept = any(one.disk is not None and one.disk.volume is not None for one in asked.resources)
    if settings.launcher == "posix" and (kept or (asked.container is not None and asked.container.volumes)):
        return "plain processes (--launcher=posix) have no volumes; they see the machine's files"
    return volume_refusal.refused(asked.container, asked.resources, settings.host_paths, nested)


def _of_check_command(kind: str, command: CommandInfo) -> str | None:
    if not command.value:
        return f"the {kind} of the task has no command"
    if command.user is not None or command.uris:
        name = "user" if command.user is not None else "uris"
        return f"the command of a {kind} runs as the task does, in its container; remove its {name}"
    return _of_texts(f"command of the {kind}", command)


def _has_image(container: ContainerInfo) -> bool:
    return container.type is ContainerInfo.Type.DOCKER or (
        container.mesos is not None and container.mesos.image is not None
    )


def _of_image(container: ContainerInfo, settings: Settings) -> str | None:
    image = container.mesos.image if container.mesos is not None else None
    appc = container.type is not ContainerInfo.Type.DOCKER and image is not None and image.type is Image.Type.APPC
    kind = "appc" if appc else "docker"
    if kind not in settings.image_providers:
        why = settings.without_images or f"--image_providers does not name {kind}"
        return f"this agent runs no images of {kind} ({why}); remove the image, the host's /usr is there"
    if container.type is ContainerInfo.Type.DOCKER:
        return _of_docker(container.docker, settings) if container.docker is not None else "container.docker is missing"
    assert image is not None
    if appc:
        return None if image.appc is not None else "the image has no appc"
    if image.docker is None:
        return "the image has no docker"
    config = image.docker.config
    if config is not None and (config.value is None or config.type is Secret.Type.REFERENCE):
        return "this version of the agent resolves no secrets: give the value of the image's docker.config"
    return None


def _invalid(container: ContainerInfo | None) -> str | None:
    """What no agent of this version runs."""
    docker = container.docker if container is not None and container.type is ContainerInfo.Type.DOCKER else None
    if docker is not None and (names := docker_parameters.unknown(docker.parameters)):
        return (
            f"the parameter {names[0][:80]!r} in container.docker.parameters is not honoured; these are:"
            f" {', '.join(docker_parameters.HONOURED)}"
        )
    return None


def _of_docker(docker: ContainerInfo.DockerInfo, settings: Settings) -> str | None:
    if docker.privileged and not settings.privileged:
        return (
            "this agent runs no privileged containers: who runs one has the machine, so its operator has to allow them"
            " (--allow_privileged); remove container.docker.privileged"
        )
    if docker.volume_driver:
        return "this version of the agent does not honour container.docker.volume_driver; remove it"
    return None


def _of_linux(linux: LinuxInfo, settings: Settings, nested: bool) -> str | None:
    if linux.seccomp is not None:
        return "this version of the agent does not honour container.linux_info.seccomp; remove it"
    if linux.share_cgroups is not None and not (nested and linux.share_cgroups is False):
        return (
            "each container has limits of its own here (as with container.linux_info.share_cgroups false, which only a"
            " task of a group may say); remove share_cgroups"
        )
    if linux == LinuxInfo():
        return None
    if not nested and (linux.share_pid_namespace or linux.ipc_mode is LinuxInfo.IpcMode.SHARE_PARENT):
        what = "pid" if linux.share_pid_namespace else "IPC"
        return f"a task has a {what} namespace of its own here; the machine's is not shared with tasks"
    if linux.shm_size == 0:
        return "container.linux_info.shm_size is 0; leave it out for 64 MiB, or give 1 MiB at least"
    if settings.launcher == "posix":
        return (
            "plain processes (--launcher=posix) get no capabilities, namespaces or /dev/shm of their own; remove"
            " container.linux_info"
        )
    return settings.capabilities.refusal(linux)
