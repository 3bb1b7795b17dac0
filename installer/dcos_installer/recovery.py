"""What a cluster is when its snapshot is lost or damaged: told by its machines' own records, else by the inventory."""

from __future__ import annotations

import contextlib
from ipaddress import IPv4Interface
from pathlib import Path

from dcos_installer.config.model import ClusterSpec, HostSpec, Settings, SshSpec
from dcos_installer.config.problems import InventoryInvalid
from dcos_installer.config.spec import load_spec
from dcos_installer.errors import StateError
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.nspawn_remains import MACHINES_DIR, Remains, remains
from dcos_installer.state import ClusterState


def what_is_left(state: ClusterState, inventory: Path, machines_dir: Path = MACHINES_DIR) -> ClusterSpec | None:
    """The cluster as far as it is needed to take it away. None: there is nothing of it.

    Raises `StateError` when something was deployed and neither machines on this host nor the inventory tell where.
    """
    described: ClusterSpec | None = None
    # The machines' limits do not matter to what is only taken away.
    with contextlib.suppress(InventoryInvalid):
        described = load_spec(inventory, state.cluster_id)
    planned_at_most = not state.journal.exists() and not state.spec.exists()
    try:
        left = remains(state.cluster_id, machines_dir)
    except ProviderError:
        # Only root may look, and only root makes machines: whoever made none need not become root to hear of none.
        if not planned_at_most and (described is None or described.provider == "nspawn"):
            raise
        left = Remains({}, bridge=False)
    if left:
        return _of_remains(state, inventory, left, described.name if described else inventory.stem)
    if planned_at_most:
        return None
    if described is None:
        raise StateError(
            f"nothing tells what was deployed from {inventory}",
            why=f"the snapshot {state.spec} cannot be read, the inventory is not valid, and there is no machine of the"
            " cluster on this host",
            hint=f"put the inventory back and run again; if nothing of it is left anywhere: rm -r {state.root}",
        )
    return described if described.provider == "static" else None


def mismatch(state: ClusterState, spec: ClusterSpec, machines_dir: Path = MACHINES_DIR) -> str:
    """Why ``spec`` cannot be taken for what was deployed, as a sentence; empty: the machines that exist are these."""
    if spec.provider != "nspawn":
        return "whether existing hosts are those that it was deployed on cannot be seen from here"
    left = remains(state.cluster_id, machines_dir)
    prefix = spec.settings.network.prefixlen
    wanted = {host.name: f"{host.address}/{prefix}" for host in spec.hosts}
    if not left.machines or left.addresses == wanted:
        return ""
    return (
        f"the machines that exist ({_told(left)}) are not those of the inventory"
        f" ({', '.join(f'{name} {address}' for name, address in sorted(wanted.items()))})"
    )


def _of_remains(state: ClusterState, inventory: Path, left: Remains, name: str) -> ClusterSpec:
    # Roles are not in the records, and nobody asks for them any more: without masters there is no remote lock.
    hosts = []
    for machine, record in left.machines.items():
        address = record.address if record is not None else ""
        hosts.append(
            HostSpec(name=machine, address=address, roles=frozenset({"agent"}), ssh=SshSpec(address=address or machine))
        )
    networks = [IPv4Interface(address).network for address in left.addresses.values()]
    return ClusterSpec(
        name=name,
        cluster_id=state.cluster_id,
        provider="nspawn",
        hosts=tuple(hosts),
        settings=Settings(network=networks[0]) if networks else Settings(),
        inventory_path=inventory.resolve(),
    )


def _told(left: Remains) -> str:
    addresses = left.addresses
    return ", ".join(f"{name} {addresses.get(name, '(its record is torn)')}" for name in left.machines)
