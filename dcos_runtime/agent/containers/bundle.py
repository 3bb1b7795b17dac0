"""The OCI runtime configuration of a task's container. Pure: from a specification to the document."""

from __future__ import annotations

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

EXECUTE_AS = """import os, signal, sys
for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT):
    signal.signal(number, signal.SIG_DFL)
with open('/proc/self/environ', 'rb') as file:
    given = dict(entry.split(b'=', 1) for entry in file.read().split(bytes(1)) if entry)
program, arguments = sys.argv[1], sys.argv[2:]
try:
    os.execvpe(os.fsencode(program), [os.fsencode(text) for text in arguments], given)
except OSError as error:
    sys.exit(f'cannot run {program}: {error.strerror}')
"""
"""Becomes a program whose argument 0 is not how it is found: an init does not know of that, a shell would alter the
environment."""

PYTHON = "/usr/bin/python3"


@dataclass(frozen=True)
class Surroundings:
    """Where the pieces of this container are on the host, and what the host can do."""

    rootfs: Path
    etc: Path
    bound: tuple[str, ...]
    private: Path  # holds the container's own tmp and var
    cgroup: str
    swap_accounted: bool
    pids_limit: int
    machine: str  # its kind, as uname(2) names it
    init: str  # tini: it reaps orphans and ends as its child does, and neither reads nor changes what that is given


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
            "args": [around.init, "--", *_command(spec)],
            "env": [f"{name}={value}" for name, value in spec.environment.items()],
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
            "seccomp": seccomp.profile(around.machine, held.bounding),
        },
    }


def _command(spec: Spec) -> list[str]:
    if spec.program is None:
        return list(spec.argv)
    return [PYTHON, "-I", "-S", "-c", EXECUTE_AS, spec.program, *spec.argv]


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
    """Never recursive: what is mounted below on the host stays there."""
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
