"""The ``parameters`` of ``ContainerInfo.DOCKER``: options of `docker run`, by their long names. Pure.

Their names decide whether a task is refused; their values are read when it is launched, since they may hold secrets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from dcos_runtime.agent.core.capabilities import EVERY, Capability
from dcos_runtime.wire.common import Parameter

HONOURED = ("cap-add", "cap-drop", "entrypoint", "env", "init", "read-only", "rm", "tmpfs", "user", "workdir")
"""What a task may give; everything else is TASK_ERROR."""

_SIZE = re.compile(r"([0-9]{1,15})([bkmg]?)", re.IGNORECASE)
_UNITS = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30}
_TMPFS_FLAGS = frozenset({"rw", "ro", "exec", "noexec", "nosuid", "nodev"})
_MODE = re.compile(r"[0-7]{3,4}")


@dataclass(frozen=True)
class DockerOptions:
    """``None``, or empty: as the image says. ``added`` and ``dropped``: capabilities; ``tmpfs``: options of mounts, by
    where they are.
    """

    entrypoint: str | None = None
    environment: tuple[str, ...] = ()
    user: str | None = None
    workdir: str | None = None
    added: frozenset[Capability] = frozenset()
    dropped: frozenset[Capability] = frozenset()
    read_only: bool = False
    tmpfs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


NO_OPTIONS = DockerOptions()


def unknown(parameters: Iterable[Parameter]) -> list[str]:
    """The names that are not honoured."""
    return sorted({parameter.key for parameter in parameters} - set(HONOURED))


def read(parameters: Iterable[Parameter]) -> DockerOptions:
    """Raises ``ValueError``, without the values of variables."""
    found = NO_OPTIONS
    for parameter in parameters:
        found = _with(found, parameter.key, parameter.value)
    return found


def _with(options: DockerOptions, key: str, value: str) -> DockerOptions:
    if "\0" in value:
        raise ValueError(f"the parameter {key} holds a NUL character")
    match key:
        case "cap-add":
            return replace(options, added=options.added | _capabilities(key, value))
        case "cap-drop":
            return replace(options, dropped=options.dropped | _capabilities(key, value))
        case "entrypoint":
            return replace(options, entrypoint=value)
        case "env":
            if "=" not in value[1:]:
                raise ValueError("the parameter env is NAME=VALUE; no variable is taken from this machine")
            return replace(options, environment=(*options.environment, value))
        case "read-only":
            return replace(options, read_only=_yes(key, value))
        case "init" | "rm":
            if not _yes(key, value):
                raise ValueError(f"the parameter {key} is always true here")
            return options
        case "tmpfs":
            target, flags = _tmpfs(value)
            return replace(options, tmpfs={**options.tmpfs, target: flags})
        case "user":
            return replace(options, user=value)
        case "workdir":
            if not value.startswith("/"):
                raise ValueError("the parameter workdir is an absolute path")
            return replace(options, workdir=value)
    raise ValueError(f"the parameter {key} is not honoured")


def _yes(key: str, value: str) -> bool:
    if value.lower() not in ("", "true", "1", "false", "0"):
        raise ValueError(f"the parameter {key} is true or false")
    return value.lower() in ("", "true", "1")


def _capabilities(key: str, value: str) -> frozenset[Capability]:
    name = value.upper().removeprefix("CAP_")
    if name == "ALL":
        return EVERY
    found = next((one for one in EVERY if one.value == name), None)
    if found is None:
        raise ValueError(f"the parameter {key} names {value[:40]!r}, which is no capability")
    return frozenset({found})


def _tmpfs(value: str) -> tuple[str, tuple[str, ...]]:
    """``/path[:option,option]`` with the options of docker run: rw, ro, exec, noexec, nosuid, nodev, size=, mode=."""
    target, _, given = value.partition(":")
    parts = target.split("/")
    if not target.startswith("/") or ".." in parts or not any(parts):
        raise ValueError("the parameter tmpfs begins with an absolute path")
    options = ["nosuid", "nodev"]
    for option in filter(None, given.split(",")):
        name, _, text = option.partition("=")
        size = _SIZE.fullmatch(text)
        if name == "size" and size is not None:
            options.append(f"size={int(size[1]) << _UNITS[size[2].lower()]}")
        elif (name == "mode" and _MODE.fullmatch(text)) or option in _TMPFS_FLAGS:
            options.append(option)
        else:
            raise ValueError(f"the parameter tmpfs has the option {option[:40]!r}, which is not honoured")
    return target, tuple(dict.fromkeys(options))
