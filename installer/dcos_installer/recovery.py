"""Rebuilds the cluster's specification when its snapshot is lost or damaged: from its machines or its inventory."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

from dcos_installer.config.model import ClusterSpec, HostSpec, SshSpec
from dcos_installer.config.problems import InventoryInvalid
from dcos_installer.errors import StateError
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.declaration import Declaration, Remains
from dcos_installer.providers.registry import declaration, declarations
from dcos_installer.spec import load_spec
from dcos_installer.state import ClusterState


def what_is_left(state: ClusterState, inventory: Path) -> ClusterSpec | None:
    """As much of the cluster as is needed to remove it. None: nothing of it is left.

    Raises `StateError` when something was deployed, and neither its machines nor the inventory shows where.
    """
    described: ClusterSpec | None = None
    # The machines' limits do not matter for a cluster that is only removed.
    with contextlib.suppress(InventoryInvalid):
        described = load_spec(inventory, state.cluster_id)
    planned_at_most = not state.journal.exists() and not state.spec.exists()
    for kind in declarations().values():
        try:
            left = kind.remains(state.cluster_id, described)
        except ProviderError:
            # A user who may not look cannot have made machines either: so there are none.
            if not planned_at_most and (described is None or described.provider == kind.name):
                raise
            continue
        if left:
            return _of_remains(kind, state, inventory, left, described.name if described else inventory.stem)
    if planned_at_most:
        return None
    if described is None:
        raise StateError(
            f"what was deployed from {inventory} is not known",
            why=f"the snapshot {state.spec} cannot be read, the inventory is not valid, and no provider finds a machine"
            " of the cluster",
            hint=f"put the inventory back and run again; if nothing of it is left anywhere: rm -r {state.root}",
        )
    return None if declaration(described.provider).makes_machines else described


def mismatch(state: ClusterState, spec: ClusterSpec) -> str:
    """Why ``spec`` cannot be what was deployed, as a sentence; empty: the existing machines are those of ``spec``."""
    kind = declaration(spec.provider)
    if not kind.makes_machines:
        return "it cannot be found out from here whether the existing hosts are those of the deploy"
    there = kind.remains(state.cluster_id, spec).machines
    wanted = {host.name: kind.recorded_as(spec, host) for host in spec.hosts}
    if not there or _agree(there, wanted):
        return ""
    return f"the machines that exist ({_listed(there)}) are not those of the inventory ({_listed(wanted)})"


def _agree(there: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether both have the same machines at the same addresses. A machine without an address in the inventory may have
    any.
    """
    return there.keys() == wanted.keys() and all(not wanted[name] or wanted[name] == there[name] for name in there)


def _of_remains(kind: Declaration, state: ClusterState, inventory: Path, left: Remains, name: str) -> ClusterSpec:
    # Roles are not in the records, and are not needed: without masters there is no remote lock.
    hosts = []
    for machine, recorded in left.machines.items():
        address = recorded.partition("/")[0]
        hosts.append(
            HostSpec(
                name=machine,
                address=address,
                roles=frozenset({"agent"}),
                ssh=SshSpec(address=address or machine),
                late=kind.gives_addresses,
            )
        )
    return ClusterSpec(
        name=name,
        cluster_id=state.cluster_id,
        provider=kind.name,
        hosts=tuple(hosts),
        options=dict(left.options),
        inventory_path=inventory.resolve(),
    )


def _listed(machines: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {address or '(its record is damaged)'}" for name, address in sorted(machines.items()))
