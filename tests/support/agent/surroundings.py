"""The surroundings of a container in tests of its configuration."""

from __future__ import annotations

from pathlib import Path

from dcos_runtime.agent.containers import bundle

AROUND = bundle.Surroundings(
    rootfs=Path("/r"),
    etc=Path("/e"),
    bound=("/usr", "/opt"),
    private=Path("/p"),
    cgroup="/mesos/c1",
    swap_accounted=True,
    machine="x86_64",
    fixed_projects=False,
    tini="/usr/bin/tini-static",
)
