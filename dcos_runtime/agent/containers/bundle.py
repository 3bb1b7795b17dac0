"""The OCI runtime configuration of a task's container. Pure: from a specification to the document."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_runtime.agent.containers import seccomp
from dcos_runtime.agent.containers.spec import ContainerSpec, FirstProcess, JoinedNetwork, Limits, Mount

SANDBOX = "/mnt/mesos/sandbox"
CPU_PERIOD = 100_000  # microseconds
MIN_CPU_QUOTA = 1_000
SHARES_PER_CPU = 1024
MIN_SHARES = 2

MASKED = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/scsi",
    "/proc/sched_debug",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
)
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")

CARRIED = "_"
"""Prefix of every variable that the starter gets, so that the programs before it do not interpret the variable."""

STARTER = f"""import errno, os, signal, sys
for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
    signal.signal(number, signal.SIG_DFL)
with open('/proc/self/environ', 'rb') as file:
    entries = file.read().split(bytes(1))
given = dict(entry[1:].split(b'=', 1) for entry in entries if entry.startswith(b'{CARRIED}'))
program, *arguments = [os.fsencode(text) for text in sys.argv[1:]]
try:
    try:
        os.execvpe(program, arguments, given)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    folders = [b''] if b'/' in program else [folder + b'/' for folder in given.get(b'PATH', b'').split(b':')]
    script = next(folder + program for folder in folders if os.access(folder + program, os.X_OK))
    os.execve(b'/bin/sh', [b'/bin/sh', script, *arguments[1:]], given)
except OSError as error:
    print('cannot run', sys.argv[1] + ':', error.strerror, file=sys.stderr)
    sys.exit(127)
"""
"""The starter executes the task's program, as execvp(3) does, in cases that tini cannot handle: if argument 0 is not
the program's name, or if the runtime or tini would interpret or fill in a variable. A shell would alter them, too.
"""

PYTHON = "/usr/bin/python3"

LONGEST = 32 * os.sysconf("SC_PAGE_SIZE")
"""Bytes of one string that execve(2) takes, with its NUL."""


@dataclass(frozen=True)
class Surroundings:
    """Where the parts of this container are on the host, and what the host supports."""

    rootfs: Path
    etc: Path
    bound: tuple[str, ...]
    private: Path  # holds the container's own tmp and var
    cgroup: str
    swap_accounted: bool
    machine: str  # its kind, as uname(2) names it
    fixed_projects: bool  # the file system counts what its project takes: it may not leave that
    tini: str  # tini: it reaps orphans and ends as its child does, and neither reads nor changes what that is given


def configuration(spec: ContainerSpec, around: Surroundings) -> dict[str, Any]:
    """The document ``config.json`` of the bundle (OCI runtime specification 1.0)."""
    process = spec.process
    held = process.capabilities
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {
                "uid": process.user.uid,
                "gid": process.user.gid,
                "additionalGids": list(process.user.groups),
                "umask": 0o022,
            },
            "args": [around.tini, "--", *_command(process)],
            "env": _environment(process),
            "cwd": SANDBOX,
            "capabilities": {
                "bounding": list(held.bounding),
                "effective": list(held.effective),
                "permitted": list(held.effective),
                "inheritable": list(held.ambient),
                "ambient": list(held.ambient),
            },
            "noNewPrivileges": True,
        },
        "root": {"path": str(around.rootfs), "readonly": True},
        "mounts": _mounts(spec, around),
        "linux": {
            "namespaces": _namespaces(spec),
            "cgroupsPath": around.cgroup,
            "resources": _limits(spec.limits, around),
            "maskedPaths": list(MASKED),
            "readonlyPaths": list(READ_ONLY),
            "seccomp": seccomp.profile(around.machine, held.bounding, around.fixed_projects),
        },
    }


def _needs_starter(process: FirstProcess) -> bool:
    """Whether the runtime or tini would change the command: runc fills in an empty HOME, tini interprets some
    variables.
    """
    return (
        process.program is not None
        or process.environment.get("HOME") == ""
        or any(name.startswith("TINI_") for name in process.environment)
    )


def _command(process: FirstProcess) -> list[str]:
    if not _needs_starter(process):
        return list(process.argv)
    return [PYTHON, "-I", "-S", "-c", STARTER, process.program or process.argv[0], *process.argv]


def _environment(process: FirstProcess) -> list[str]:
    if not _needs_starter(process):
        return [f"{name}={value}" for name, value in process.environment.items()]
    entries = {name: f"{CARRIED}{name}={value}" for name, value in process.environment.items()}
    for name, entry in entries.items():
        if (size := len(os.fsencode(entry)) + 1) > LONGEST:
            raise ValueError(
                f"the environment variable {name} takes {size} bytes with the mark it is carried by, and the kernel"
                f" executes nothing with a string of more than {LONGEST}; put it into a file and have that fetched"
            )
    return list(entries.values())


def _namespaces(spec: ContainerSpec) -> list[dict[str, str]]:
    namespaces = [{"type": kind.value} for kind in spec.namespaces]
    if isinstance(spec.network, JoinedNetwork):
        namespaces.append({"type": "network", "path": str(spec.network.path)})
    return namespaces


def _mounts(spec: ContainerSpec, around: Surroundings) -> list[dict[str, Any]]:
    mounts = [
        _mount("/proc", "proc", "nosuid", "noexec", "nodev"),
        _mount("/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
        _mount("/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
        _mount("/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"),
        _mount("/dev/mqueue", "mqueue", "nosuid", "noexec", "nodev"),
        _mount("/sys", "sysfs", "nosuid", "noexec", "nodev", "ro"),
        _mount("/sys/fs/cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"),
        _mount("/run", "tmpfs", "nosuid", "nodev", "mode=755", "size=65536k"),
    ]
    mounts += [_bind(path, path, "ro") for path in around.bound]
    mounts.append(_bind(str(around.etc), "/etc", "ro", "noexec"))
    mounts += [_bind(str(around.private / name), f"/{name}", "rw") for name in ("tmp", "var")]
    sandbox = Mount(source=spec.sandbox, target=SANDBOX, writable=True)
    mounts += [
        _bind(str(mount.source), mount.target, "rw" if mount.writable else "ro") for mount in (sandbox, *spec.mounts)
    ]
    return mounts


def _mount(where: str, kind: str, *options: str) -> dict[str, Any]:
    return {"destination": where, "type": kind, "source": kind, "options": list(options)}


def _bind(source: str, where: str, *options: str) -> dict[str, Any]:
    """A bind mount that is never recursive: other file systems below the folder are not visible."""
    return {
        "destination": where,
        "type": "bind",
        "source": source,
        "options": ["bind", "private", "nosuid", "nodev", *options],
    }


def _limits(limits: Limits, around: Surroundings) -> dict[str, Any]:
    cpu: dict[str, int] = {"shares": max(MIN_SHARES, int(limits.cpus * SHARES_PER_CPU))}
    if limits.cpu_quota is not None:
        cpu["period"] = CPU_PERIOD
        cpu["quota"] = max(MIN_CPU_QUOTA, int(limits.cpu_quota * CPU_PERIOD))
    document: dict[str, Any] = {"devices": [{"allow": False, "access": "rwm"}], "cpu": cpu}
    if limits.processes is not None:
        document["pids"] = {"limit": limits.processes}
    if limits.memory is not None:
        memory = {"limit": limits.memory}
        if around.swap_accounted:
            memory["swap"] = limits.memory
        if limits.memory_soft is not None and limits.memory_soft < limits.memory:
            memory["reservation"] = limits.memory_soft
        document["memory"] = memory
    return document
