"""The changes of a deploy on a machine that does not exist yet: the host's own code, run on an empty machine."""

from __future__ import annotations

import msgspec

from dcos_installer.ansible.host.observe import unseen
from dcos_installer.ansible.host.work import work_for
from dcos_installer.machines import THIS_RUNTIME, Carried
from dcos_installer.plan.manifest import Manifest
from dcos_installer.plan.plan import Change, HostPlan


def assumed(manifest: Manifest, carried: Carried) -> HostPlan:
    """The plan for such a machine: everything that its image does not have is new."""
    wanted = msgspec.json.decode(manifest.encode())
    packages = {carried.runtime}
    if carried.runtime == THIS_RUNTIME:
        packages = {package.folder for package in manifest.packages}
    seen = unseen(wanted, carried.users, dict(carried.links), packages)
    changes = work_for(wanted, manifest.digest, seen).changes
    return HostPlan(
        manifest=manifest,
        changes=msgspec.convert(changes, tuple[Change, ...]),
        missing_packages=tuple(seen.missing_packages),
    )
