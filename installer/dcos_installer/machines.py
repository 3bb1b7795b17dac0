"""What is known of a machine, however it was made: what it has from the start, and how SSH reaches it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

THIS_RUNTIME = "the runtime of this installation"


@dataclass(frozen=True)
class Carried:
    """Our files on a machine before anything is deployed to it, because its image contains them."""

    runtime: str = ""
    """The folder of the runtime package; `THIS_RUNTIME`: that of this deploy; empty: none."""
    users: frozenset[str] = frozenset()
    links: tuple[tuple[str, str], ...] = ()
    """Path and target."""


@dataclass(frozen=True)
class DeclaredFacts:
    """The facts of a machine once the provider has created it: a plan may assume them for a host that does not exist
    yet.

    Once the machine is created its real facts are read, and must agree with these.
    """

    os_id: str
    """``ID`` of os-release: ``debian``."""
    os_version: str
    """``VERSION_ID`` of os-release: ``12``."""
    arch: str
    """As `uname -m` prints it: ``x86_64``."""
    python: str
    """The tag of /usr/bin/python3: ``cp311``."""
    libc: str
    """Family and version: ``glibc-2.36``."""
    cgroups: str
    """``v1`` (controllers in hierarchies of their own, with or without a unified one beside them) or ``v2``."""
    container_runtime: str
    """The OCI runtime that works there: ``runc`` or ``crun``; empty if there is none."""
    cpus: float
    mem_mb: int
    os_packages: frozenset[str] = frozenset()
    """Names of the operating system's packages that it contains from the start."""
    carried: Carried = Carried()


@dataclass(frozen=True)
class SshTarget:
    """How to reach a machine. Host keys are always checked, against ``known_hosts_file``.

    ``identity_file`` and ``known_hosts_file`` are None if the operator's own SSH configuration applies.
    """

    address: str
    port: int
    user: str
    identity_file: Path | None
    known_hosts_file: Path | None
    jump: str = ""
    """The hosts before it, as ``ssh -J`` takes them; empty: those of the operator's own SSH configuration, if any."""
