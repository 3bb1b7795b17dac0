"""Which volumes of a task this agent cannot give it. Pure."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence

from dcos_runtime.wire.common import Secret
from dcos_runtime.wire.containers import ContainerInfo, Volume
from dcos_runtime.wire.resources import Resource

Source = Volume.Source
Kind = Volume.Source.Type

SANDBOX = "/mnt/mesos/sandbox"
OF_CHILDREN = ("containers", "tasks")
"""In the sandbox of a container: folders of the sandboxes of those within it."""
_KERNELS = ("/proc", "/sys", "/dev")


def refused(
    container: ContainerInfo | None, resources: Iterable[Resource], allowed: Sequence[str], nested: bool = False
) -> str | None:
    """``allowed``: the folders of the machine that the operator lets tasks have, absolute. ``nested``: the container is
    within another, and may have volumes of that one's sandbox.
    """
    kept = [one.disk.volume for one in resources if one.disk is not None and one.disk.volume is not None]
    given = list(container.volumes) if container is not None else []
    targets: set[str] = set()
    for volume in (*given, *kept):
        if (why := _of_target(volume.container_path)) is not None:
            return why
        if (target := target_of(volume.container_path)) in targets:
            return f"two volumes are at {volume.container_path}"
        targets.add(target)
    return next((why for volume in given if (why := _of_source(volume, allowed, nested)) is not None), None)


def target_of(path: str) -> str:
    """Where the container sees it: paths that are not absolute begin in the sandbox."""
    return posixpath.normpath(posixpath.join(SANDBOX, path))


def host_path(volume: Volume) -> str | None:
    """The absolute path on the machine; ``None``: it is no such volume."""
    if volume.host_path is not None:
        return volume.host_path if volume.host_path.startswith("/") else None
    source = volume.source
    return source.host_path.path if source is not None and source.host_path is not None else None


def sandbox_path(volume: Volume) -> str | None:
    """The path in the task's own sandbox; ``None``: it is no such volume."""
    if volume.host_path is not None:
        return None if volume.host_path.startswith("/") else volume.host_path
    source = volume.source
    return source.sandbox_path.path if source is not None and source.sandbox_path is not None else None


def holder(path: str, allowed: Iterable[str]) -> str | None:
    """The innermost of ``allowed`` that the path is in, by its name."""
    whole = posixpath.normpath("/" + path.lstrip("/")).rstrip("/") + "/"
    found = [root for root in allowed if whole.startswith(root.rstrip("/") + "/")]
    return max(found, key=len) if found else None


def _of_target(path: str) -> str | None:
    if not path or "\0" in path or ".." in path.split("/"):
        return f"a volume cannot be at {path[:200]!r}"
    target = target_of(path)
    if target in ("/", SANDBOX) or SANDBOX.startswith(target + "/"):
        return f"a volume cannot be at {path[:200]!r}: the sandbox is there"
    if any(target == folder or target.startswith(folder + "/") for folder in _KERNELS):
        return f"a volume cannot be at {path[:200]!r}: that is the kernel's"
    return None


def of_parent(volume: Volume) -> bool:
    """Whether it is a folder of the sandbox of the container that this one is within."""
    path = volume.source.sandbox_path if volume.source is not None else None
    return path is not None and path.type is Source.SandboxPath.Type.PARENT


def _of_source(volume: Volume, allowed: Sequence[str], nested: bool) -> str | None:
    where = volume.container_path
    named = [volume.host_path, volume.image, volume.source]
    if sum(one is not None for one in named) != 1:
        return f"the volume at {where} has to name one of host_path, image and source"
    if (inside := sandbox_path(volume)) is not None:
        if not inside or inside.startswith("/") or "\0" in inside or ".." in inside.split("/"):
            return f"the path {inside[:200]!r} of the volume at {where} is none in a sandbox"
        if not [part for part in inside.split("/") if part not in ("", ".")]:
            return f"the volume at {where} would be the whole sandbox in itself"
    if (path := host_path(volume)) is not None:
        return _of_host_path(volume, path, allowed)
    source = volume.source
    if source is None:
        return None
    if source.type is Kind.SANDBOX_PATH:
        if source.sandbox_path is None:
            return f"the source of the volume at {where} has no sandbox_path"
        if of_parent(volume) and nested:
            first = next(part for part in source.sandbox_path.path.split("/") if part not in ("", "."))
            if first in OF_CHILDREN:
                return f"the volume at {where} would be of {first}/ in the parent's sandbox, where other tasks' are"
        elif of_parent(volume):
            return f"the volume at {where} is of a parent's sandbox, and a task has no parent; SELF is its own"
        return None
    if source.type is Kind.SECRET:
        if source.secret is None:
            return f"the source of the volume at {where} has no secret"
        if source.secret.type is Secret.Type.REFERENCE or source.secret.value is None:
            return f"this version of the agent resolves no secrets: give the value of the one at {where}"
        return None
    kind = source.type.value if source.type is not None else "none"
    return f"this version of the agent has no volumes of the kind {kind} ({where})"


def _of_host_path(volume: Volume, path: str, allowed: Sequence[str]) -> str | None:
    where = volume.container_path
    source = volume.source
    if not path.startswith("/") or "\0" in path or ".." in path.split("/"):
        return f"the host path {path[:200]!r} of the volume at {where} is no absolute path"
    if holder(path, allowed) is None:
        known = ", ".join(allowed) or "none"
        return (
            f"the host's {path[:200]} is not for tasks: its operator allows these folders: {known}"
            " (--allowed_host_paths)"
        )
    given = source.host_path.mount_propagation if source is not None and source.host_path is not None else None
    if given is None or given.mode is None:
        return None
    if given.mode.value == "BIDIRECTIONAL":
        return f"no mounts go from containers to the machine (BIDIRECTIONAL, the volume at {where})"
    if volume.mode is Volume.Mode.RO:
        return f"the volume at {where} is RO with mount propagation, and what is mounted later could be written to"
    return None
