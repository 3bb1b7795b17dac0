"""What a deploy would change on a machine that does not exist yet: the host's own code, run on an empty machine."""

from __future__ import annotations

import msgspec

from dcos_installer.ansible.host.observe import unseen
from dcos_installer.ansible.host.work import work_for
from dcos_installer.plan.manifest import Manifest
from dcos_installer.plan.plan import Change, HostPlan


def assumed(manifest: Manifest) -> HostPlan:
    """The plan for such a machine: everything is new there."""
    wanted = msgspec.json.decode(manifest.encode())
    seen = unseen(wanted)
    changes = work_for(wanted, manifest.digest, seen).changes
    return HostPlan(
        manifest=manifest,
        changes=msgspec.convert(changes, tuple[Change, ...]),
        missing_packages=tuple(seen.missing_packages),
    )
