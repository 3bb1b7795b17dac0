"""The installer's knowledge of a machine: `Facts`, read in one round trip, or assumed for a machine that does not exist
yet.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from dcos_installer.machines import DeclaredFacts


class Target(msgspec.Struct, frozen=True, order=True):
    """The kind of machine that a runtime package is built for: ``cp311``, ``x86_64``, ``glibc-2.36``."""

    python: str
    arch: str
    libc: str

    def __str__(self) -> str:
        return f"{self.python}-{self.arch}-{self.libc}"


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """One machine, as `dcos_host` reads it there (`host.facts.gather`, same names) or as its provider declares it."""

    os_id: str
    """``ID`` of os-release: ``debian``."""
    os_version: str
    """``VERSION_ID`` of os-release: ``12``."""
    arch: str
    """As `uname -m` says it: ``x86_64``."""
    libc: str
    """Family and version: ``glibc-2.36``."""
    python: str
    """Tag of our daemons' interpreter (/usr/bin, 3.11 or newer): ``cp311``; empty if there is none."""
    cgroups: str
    """``v1`` or ``v2``."""
    container_runtime: str
    """``crun`` or ``runc``, depending on the cgroups; empty if there is none."""
    cpus: float
    """Within the machine's cgroup limit."""
    mem_mb: int
    """Within the machine's cgroup limit."""
    pythons: tuple[str, ...] = ()
    """Every interpreter in /usr/bin."""
    init: str = "systemd"
    """``systemd``, else the name of process 1."""
    disk_free_mb: int = 0
    """Free space on the file system of /opt/dcos."""
    machine_id: str = ""
    addresses: tuple[str, ...] = ()
    """IPv4, without loopback."""
    listening: tuple[str, ...] = ()
    """``address:port`` of listening TCP sockets, ``*`` for every address; only of a machine without a generation."""
    packages: tuple[str, ...] = ()
    """Folders of /opt/dcos/packages whose content is complete."""
    generation: int = 0
    """The active one; 0: none."""
    manifest: str = ""
    """sha256 of the active generation's manifest; empty: none."""

    @property
    def target(self) -> Target:
        return Target(python=self.python, arch=self.arch, libc=self.libc)

    @property
    def planned(self) -> dict[str, str]:
        """The facts from which a manifest is computed; a plan is valid only while they stay the same."""
        return {
            "arch": self.arch,
            "cgroups": self.cgroups,
            "container_runtime": self.container_runtime,
            "libc": self.libc,
            "python": self.python,
        }

    @property
    def digest(self) -> str:
        """sha256 over `planned`."""
        return hashlib.sha256(msgspec.json.encode(self.planned, order="sorted")).hexdigest()


def assumed(declared: DeclaredFacts) -> Facts:
    """The facts that a plan assumes for a machine that its provider has yet to create."""
    return Facts(
        os_id=declared.os_id,
        os_version=declared.os_version,
        arch=declared.arch,
        libc=declared.libc,
        python=declared.python,
        cgroups=declared.cgroups,
        container_runtime=declared.container_runtime,
        cpus=declared.cpus,
        mem_mb=declared.mem_mb,
    )
