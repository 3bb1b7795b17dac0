"""Selects hosts of a deployed cluster by words: groups are its roles as deployed, and the inventory's other groups."""

from __future__ import annotations

from collections.abc import Sequence

from dcos_installer.config import inventory
from dcos_installer.config.model import ClusterSpec, HostSpec, Role
from dcos_installer.config.problems import InventoryInvalid
from dcos_installer.hosts.patterns import chosen

_ROLES: dict[str, Role] = {"masters": "master", "agents": "agent", "public_agents": "public_agent"}


def hosts_of(spec: ClusterSpec, words: Sequence[str]) -> list[HostSpec]:
    """The hosts that ``words`` name; all, without words. Raises `patterns.NobodyNamed`."""
    names = [host.name for host in spec.hosts]
    return [spec.host(name) for name in chosen(words, groups_of(spec), names)]


def groups_of(spec: ClusterSpec) -> dict[str, list[str]]:
    """Every group with its deployed hosts: other hosts of the inventory do not exist yet."""
    names = [host.name for host in spec.hosts]
    found = {"all": names}
    for group, role in _ROLES.items():
        found[group] = [host.name for host in spec.hosts if role in host.roles]
    try:
        written = inventory.read(spec.inventory_path)
    except InventoryInvalid:
        return found  # the cluster exists without its inventory, too
    for group in written.groups:
        members = written.members(group)
        if group not in found:
            found[group] = [name for name in names if name in members]
    return found
