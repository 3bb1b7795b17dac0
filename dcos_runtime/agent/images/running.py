"""What a task of an image executes: its CommandInfo and the image's configuration together. Pure.

For ``ContainerInfo.MESOS`` as Mesos' isolator docker/runtime does, for ``ContainerInfo.DOCKER`` as its Docker
containerizer with ``docker run`` does; the tables are in docs/agent.md, *Images*.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from dcos_runtime.agent.command import SHELL, Command, command_of
from dcos_runtime.agent.core.docker_parameters import DockerOptions
from dcos_runtime.agent.images.documents import ImageConfig
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.wire.common import CommandInfo


def command_in(config: ImageConfig, command: CommandInfo, docker: bool) -> Command:
    """``docker``: by the rules of ``ContainerInfo.DOCKER``. Raises `ImageError`."""
    entrypoint, cmd = tuple(config.entrypoint or ()), tuple(config.cmd or ())
    if command.shell is not False:
        if command.value is None:
            raise ImageError("the shell command is not specified; with shell=false the image's own is run")
        return Command((*SHELL, command.value))
    given = tuple(command.arguments)
    if docker:
        value = () if command.value is None else (command.value,)
        return _executed((*entrypoint, *(value + given or cmd)))
    if command.value is not None:
        return command_of(command)
    if entrypoint:
        return _executed((*entrypoint, *(given or cmd)))
    return _executed((cmd[0], *(given or cmd[1:])) if cmd else ())


def configured(config: ImageConfig, options: DockerOptions) -> ImageConfig:
    """With `docker run`'s options: another Entrypoint takes the image's Cmd away, too, and an empty one is none."""
    changed: dict[str, object] = {"env": [*(config.env or ()), *options.environment]}
    if options.entrypoint is not None:
        changed |= {"entrypoint": [options.entrypoint] if options.entrypoint else None, "cmd": None}
    if options.user is not None:
        changed["user"] = options.user
    if options.workdir is not None:
        changed["working_dir"] = options.workdir
    return msgspec.structs.replace(config, **changed)


def _executed(argv: Sequence[str]) -> Command:
    if not argv:
        raise ImageError("the image has neither Entrypoint nor Cmd, and the task has no command")
    return Command(tuple(argv))


def variables(config: ImageConfig) -> dict[str, str]:
    """The image's variables. Entries without a name or without ``=`` set nothing."""
    return dict(entry.split("=", 1) for entry in config.env or () if "=" in entry and not entry.startswith("="))


def working_directory(config: ImageConfig, sandbox: str, docker: bool) -> str:
    """The image's, else the sandbox as by Mesos' containerizer, or ``/`` as by Docker."""
    return config.working_dir or ("/" if docker else sandbox)
