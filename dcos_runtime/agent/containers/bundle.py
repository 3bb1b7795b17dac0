"""The OCI runtime configuration of a task's container. Pure: from a specification to the document."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_runtime.agent.containers import seccomp
from dcos_runtime.agent.containers.base import Spec

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
    pids_limit: int
    machine: str  # its kind, as uname(2) names it
    fixed_projects: bool  # the file system counts what its project takes: it may not leave that
    tini: str  # tini: it reaps orphans and ends as its child does, and neither reads nor changes what that is given


def configuration(spec: Spec, around: Surroundings) -> dict[str, Any]:
    """The document ``config.json`` of the bundle (OCI runtime specification 1.0)."""
    held = spec.capabilities
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {
                "uid": spec.user.uid,
                "gid": spec.user.gid,
                "additionalGids": list(spec.user.groups),
                "umask": 0o022,
            },
            "args": [around.tini, "--", *_command(spec)],
            "env": _environment(spec),
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
            "namespaces": [{"type": kind} for kind in ("pid", "ipc", "mount", "cgroup")],
            "cgroupsPath": around.cgroup,
            "resources": _limits(spec, around),
            "maskedPaths": list(MASKED),
            "readonlyPaths": list(READ_ONLY),
            "seccomp": seccomp.profile(around.machine, held.bounding, around.fixed_projects),
        },
    }


def _needs_starter(spec: Spec) -> bool:
    """Whether the runtime or tini would change the command: runc fills in an empty HOME, tini interprets some
    variables.
    """
    return (
        spec.program is not None
        or spec.environment.get("HOME") == ""
        or any(name.startswith("TINI_") for name in spec.environment)
    )


def _command(spec: Spec) -> list[str]:
    if not _needs_starter(spec):
        return list(spec.argv)
    return [PYTHON, "-I", "-S", "-c", STARTER, spec.program or spec.argv[0], *spec.argv]


def _environment(spec: Spec) -> list[str]:
    if not _needs_starter(spec):
        return [f"{name}={value}" for name, value in spec.environment.items()]
    entries = {name: f"{CARRIED}{name}={value}" for name, value in spec.environment.items()}
    for name, entry in entries.items():
        if (size := len(os.fsencode(entry)) + 1) > LONGEST:
            raise ValueError(
                f"the environment variable {name} takes {size} bytes with the mark it is carried by, and the kernel"
                f" executes nothing with a string of more than {LONGEST}; put it into a file and have that fetched"
            )
    return list(entries.values())


def _mounts(spec: Spec, around: Surroundings) -> list[dict[str, Any]]:
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
    mounts.append(_bind(str(spec.sandbox), SANDBOX, "rw"))
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


def _limits(spec: Spec, around: Surroundings) -> dict[str, Any]:
    cpu: dict[str, int] = {"shares": max(MIN_SHARES, int(spec.cpus * SHARES_PER_CPU))}
    if spec.cpu_limit is not None:
        cpu["period"] = CPU_PERIOD
        cpu["quota"] = max(MIN_CPU_QUOTA, int(spec.cpu_limit * CPU_PERIOD))
    limits: dict[str, Any] = {
        "devices": [{"allow": False, "access": "rwm"}],
        "cpu": cpu,
        "pids": {"limit": around.pids_limit},
    }
    if spec.memory_limit is not None:
        memory = {"limit": spec.memory_limit}
        if around.swap_accounted:
            memory["swap"] = spec.memory_limit
        if spec.memory_request is not None and spec.memory_request < spec.memory_limit:
            memory["reservation"] = spec.memory_request
        limits["memory"] = memory
    return limits
