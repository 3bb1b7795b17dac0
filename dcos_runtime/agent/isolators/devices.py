"""Which devices a container may open: those that an OCI runtime always gives (null, zero, random, tty), no others."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.spec import ContainerSpec
from dcos_runtime.agent.isolators.base import Document, Isolator

OF_EACH = frozenset(
    ("pts", "shm", "fd", "mqueue", "console", "full", "null", "ptmx", "random", "tty", "urandom", "zero")
)
"""What every container has of its own in /dev."""


class DevicesIsolator(Isolator):
    """No device, but those that every container has; all of the machine for a privileged one."""

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        document["linux"]["resources"]["devices"] = [{"allow": spec.privileged, "access": "rwm"}]
        if spec.privileged:
            document["linux"]["devices"] = list(devices(Path("/dev")))


def devices(folder: Path) -> Iterator[dict[str, Any]]:
    """The machine's devices below a folder of /dev, as OCI runtimes make them."""
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            if entry.name in OF_EACH and folder == Path("/dev"):
                continue
            try:
                state = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if stat.S_ISDIR(state.st_mode):
                yield from devices(folder / entry.name)
            elif stat.S_ISCHR(state.st_mode) or stat.S_ISBLK(state.st_mode):
                yield {
                    "path": entry.path,
                    "type": "c" if stat.S_ISCHR(state.st_mode) else "b",
                    "major": os.major(state.st_rdev),
                    "minor": os.minor(state.st_rdev),
                    "fileMode": stat.S_IMODE(state.st_mode),
                    "uid": state.st_uid,
                    "gid": state.st_gid,
                }
