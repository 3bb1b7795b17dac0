"""The changes of each host: manifests compared with hosts. `phases.converge` executes exactly these.

The last plan is also written to a file, for people only.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from dcos_installer.plan.manifest import Manifest


class Change(msgspec.Struct, frozen=True):
    """One thing that will change (or was changed) on a host."""

    kind: str
    """``package``, ``file``, ``link``, ``user``, ``secret``, ``setting``, ``unit``, ``manifest``."""
    name: str
    action: str
    """``add``, ``change``, ``remove``, ``mend``, ``set``, ``start``, ``restart``, ``reload``, ``stop``."""
    why: str = ""

    def __str__(self) -> str:
        subject = self.name if self.kind in ("unit", "link", "setting") else f"{self.kind} {self.name}"
        return f"{self.action} {subject}" + (f" ({self.why})" if self.why else "")


class HostPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One host's part. ``seen`` is the host's state; an apply is refused when that is another by then."""

    manifest: Manifest
    changes: tuple[Change, ...] = ()
    problems: tuple[str, ...] = ()
    """Why an apply would refuse now."""
    missing_packages: tuple[str, ...] = ()
    """Folders of packages that must be uploaded first."""
    seen: dict[str, str] = {}
    digest: str = ""
    """The digest of ``seen``; empty for a machine that does not exist yet."""
    facts: str = ""
    """Digest of the host's facts (`Facts.digest`); empty for a machine that does not exist yet."""
    generation: int = 0
    """The active one."""

    @property
    def absent(self) -> bool:
        """Whether the machine does not exist yet."""
        return not self.digest


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The plan of the whole cluster."""

    cluster: str
    """The cluster's id."""
    hosts: dict[str, HostPlan]
    format: int = 1
    """The version of the file's format."""

    @property
    def changed(self) -> tuple[str, ...]:
        return tuple(name for name, host in self.hosts.items() if host.changes)

    def encode(self) -> bytes:
        return msgspec.json.encode(self, order="deterministic")


def summary(changes: tuple[Change, ...], *, every_change: bool = False) -> Iterator[str]:
    """A host's changes as sentences; new files, links and users are counted together unless ``every_change``."""
    counted: dict[tuple[str, str], int] = {}
    for change in changes:
        if not every_change and change.action == "add" and change.kind in ("file", "link", "user"):
            counted[change.action, change.kind] = counted.get((change.action, change.kind), 0) + 1
        else:
            yield str(change)
    for (action, kind), count in counted.items():
        yield f"{action} {count} {kind}{'s' * (count > 1)}"
