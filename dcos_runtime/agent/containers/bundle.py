"""The OCI runtime configuration of a task's container. Pure: from a specification to the document."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_runtime.agent.containers.base import Spec

SANDBOX = "/mnt/mesos/sandbox"
CPU_PERIOD = 100_000  # microseconds
MIN_CPU_QUOTA = 1_000
SHARES_PER_CPU = 1024
MIN_SHARES = 2

CAPABILITIES = (
    "CAP_AUDIT_WRITE",
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_MKNOD",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_RAW",
    "CAP_SETFCAP",
    "CAP_SETGID",
    "CAP_SETPCAP",
    "CAP_SETUID",
    "CAP_SYS_CHROOT",
)
"""Docker's default set."""

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

INIT = """exec 9>&2 2>/dev/null
trap 'dcos_asked=1; kill -TERM -1' TERM
/usr/bin/env --default-signal=INT,QUIT /usr/bin/setsid "$@" <&0 2>&9 9>&- &
dcos_child=$! dcos_status= dcos_asked=1
while [ "$dcos_asked" ]; do
    dcos_asked=
    wait "$dcos_child"
    dcos_found=$?
    [ "$dcos_found" = 127 ] && [ "$dcos_status" ] || dcos_status=$dcos_found
done
exit "$dcos_status"
"""
"""The container's first process: a shell that hands SIGTERM on to all others (the kernel delivers none to a first
process that does not ask for it), reaps orphans, and ends as the task's does. It keeps its own words out of stderr.

A signal interrupts ``wait``, which then tells the signal and not the child's end: it is asked again, and answers 127
only when the child's end was told already."""


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


def configuration(spec: Spec, around: Surroundings) -> dict[str, Any]:
    """The document ``config.json`` of the bundle (OCI runtime specification 1.0)."""
    root = spec.user.uid == 0
    held = list(CAPABILITIES) if root else []
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
            "args": ["/bin/sh", "-c", INIT, "init", *spec.argv],
            "env": [f"{name}={value}" for name, value in spec.environment.items()],
            "cwd": SANDBOX,
            "capabilities": {"bounding": list(CAPABILITIES), "effective": held, "permitted": held},
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
        },
    }


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
