"""What a container is: its root, mounts, namespaces, network, limits and process. Pure values.

This is the one language in which a container is described: the code that makes one (for a task, for a trial) writes
it, the launchers take it, and images, volumes and networks say in it what they add.
"""

from __future__ import annotations

import enum
from pathlib import Path

import msgspec

from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.containers.sessions import TerminalSize
from dcos_runtime.agent.core import volume_refusal
from dcos_runtime.agent.core.capabilities import NONE, Held
from dcos_runtime.agent.core.rlimits import ResourceLimit
from dcos_runtime.wire.containers import NetworkInfo

SANDBOX = volume_refusal.SANDBOX
"""Where a container with a root of its own sees its sandbox."""


class HostRoot(msgspec.Struct, frozen=True, tag="host"):
    """The machine's own folders of programs and an allowlist of its /etc, read-only (`isolators.root`)."""


class ImageRoot(msgspec.Struct, frozen=True, tag="image"):
    """An image, by its id, the digest of its configuration: ``sha256:`` and 64 hexadecimal digits. ``layers``: where
    they are on the machine in the form of overlayfs, topmost first and all in one folder. What the container writes is
    its own; unless it is ``writable`` it cannot.
    """

    digest: str
    layers: tuple[Path, ...]
    writable: bool = True


class Mount(msgspec.Struct, frozen=True, kw_only=True):
    """A folder or a file of the machine that the container sees.

    ``source``: where it is on the machine, absolute. ``target``: where the container sees it, absolute. File systems
    that are mounted below ``source`` are not seen, and device files and setuid bits in it do nothing.
    """

    source: Path
    target: str
    writable: bool = False


class MemoryMount(msgspec.Struct, frozen=True):
    """A file system in the container's memory (tmpfs), at ``target`` (absolute). ``options``: of its mount."""

    target: str
    options: tuple[str, ...]


class PathSource(msgspec.Struct, frozen=True, tag="path"):
    """``parts`` below ``root``, which the operator allows: no link is followed there. ``propagated``: with what is
    mounted below, now and later.
    """

    root: Path
    parts: tuple[str, ...]
    propagated: bool = False


class MadeSource(msgspec.Struct, frozen=True, tag="made"):
    """A folder of the agent's own, ``parts`` below ``root``, which is made for the container's user. ``owned``: it
    is given to this user if it has another owner.
    """

    root: Path
    parts: tuple[str, ...]
    owned: bool = False


class ImageSource(msgspec.Struct, frozen=True, tag="image"):
    """Layers of an image as in `ImageRoot`; what is written to it is the container's own."""

    layers: tuple[Path, ...]


class SecretSource(msgspec.Struct, frozen=True, tag="secret"):
    """A file with this content, for the container's user alone."""

    content: bytes


class VolumeMount(msgspec.Struct, frozen=True, kw_only=True):
    """``target``: where the container sees it, absolute. ``size``: bytes that may be in it, which only a `MadeSource`
    has; ``None``: it is not held to a size of its own.
    """

    source: PathSource | MadeSource | ImageSource | SecretSource
    target: str
    writable: bool
    size: int | None = None


class Namespace(enum.Enum):
    """A kind of namespace (namespaces(7)), by the name that OCI runtimes know it by."""

    PID = "pid"
    IPC = "ipc"
    MOUNT = "mount"
    CGROUP = "cgroup"


class SharedNamespace(msgspec.Struct, frozen=True):
    """A namespace of another container that this one is in, too. ``path``: the file by which it is joined."""

    kind: Namespace
    path: Path


class HostNetwork(msgspec.Struct, frozen=True, tag="host"):
    """The machine's own network and host name."""


class JoinedNetwork(msgspec.Struct, frozen=True, tag="joined"):
    """The network of another container: ``path`` is the file that its namespace is bound to, ``etc`` the folder with
    its hosts, hostname and resolv.conf, ``hostname`` what it is called.
    """

    path: Path
    etc: Path
    hostname: str


class OwnNetwork(msgspec.Struct, frozen=True, tag="own"):
    """A network namespace and a host name of its own. ``networks``: what it joins, an interface each, with the ports of
    the machine that lead there; without any it has a loopback interface only.
    """

    hostname: str
    networks: tuple[NetworkInfo, ...] = ()


SHARED_MEMORY = 64 << 20
"""Bytes that /dev/shm holds unless a container is told otherwise: what container engines give."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The most that a container may take. ``None``: no limit.

    ``cpus``: its share beside others, in processors. ``cpu_quota``: the most of the processors' time, in processors.
    ``memory``: the most, in bytes, with swap where the kernel accounts for that. ``memory_soft``: what is left to it
    when memory is short, in bytes. ``processes``: how many processes and threads. ``disk``: what its sandbox and its
    private folders take, in bytes. ``outputs``: how much of ``stdout`` and ``stderr`` is kept, in bytes by name.
    ``shared_memory``: what /dev/shm holds, in bytes; it is a part of ``memory``. ``ports``: those it was offered, as
    sorted ranges with both ends included. ``gpus``: how many it has.
    """

    cpus: float
    cpu_quota: float | None = None
    memory: int | None = None
    memory_soft: int | None = None
    processes: int | None = None
    disk: int | None = None
    outputs: dict[str, int] = {}
    shared_memory: int = SHARED_MEMORY
    ports: tuple[tuple[int, int], ...] = ()
    gpus: int = 0


class FirstProcess(msgspec.Struct, frozen=True, kw_only=True):
    """The first process of a container.

    ``program`` is what is executed when it is not ``argv[0]``; ``cwd``: its working directory, absolute, ``None`` for
    the sandbox. ``environment`` is all of it, without what a launcher needs for itself and takes away again.
    ``rlimits``: those that differ from the agent's own. ``terminal``: its streams are a terminal of that size.
    """

    argv: tuple[str, ...]
    environment: dict[str, str]
    user: ContainerUser
    program: str | None = None
    cwd: str | None = None
    capabilities: Held = NONE
    rlimits: tuple[ResourceLimit, ...] = ()
    terminal: TerminalSize | None = None


OWN = (Namespace.PID, Namespace.IPC, Namespace.MOUNT, Namespace.CGROUP)
"""The namespaces that a container has for itself unless it is told otherwise."""


class ContainerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """All that a launcher needs to make a container.

    ``sandbox``: the container's writable folder on the machine, absolute, with the files ``stdout`` and ``stderr``. It
    is the working directory unless the process has another. ``mounts``: what is seen beside it. ``namespaces``: those
    it has for itself. ``shared``: those of a container that it is within. ``holds``: others are made within it, and may
    share its namespaces. ``privileged``: it is held to limits, and apart from nothing else of the machine.
    """

    container_id: str
    sandbox: Path
    limits: Limits
    process: FirstProcess
    root: HostRoot | ImageRoot = HostRoot()
    mounts: tuple[Mount, ...] = ()
    volumes: tuple[VolumeMount, ...] = ()
    memory_mounts: tuple[MemoryMount, ...] = ()
    privileged: bool = False
    namespaces: tuple[Namespace, ...] = OWN
    shared: tuple[SharedNamespace, ...] = ()
    holds: bool = False
    network: HostNetwork | JoinedNetwork | OwnNetwork = HostNetwork()
