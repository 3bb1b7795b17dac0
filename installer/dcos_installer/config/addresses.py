"""Addresses of an inventory's hosts: which ones clash, and which are free for hosts that need one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from dcos_installer.config.inventory import Inventory, Value

_FIRST_OFFSET = 11
"""Of suggested addresses within the network: the first ones are the operator's."""
_MOST = 1 << 16


def is_address(text: str) -> bool:
    """Whether this is an IPv4 address as it is written in inventories."""
    try:
        IPv4Address(text)
    except ValueError:
        return False
    return True


class FreeAddresses:
    """Suggestions for hosts that need an address: a different one for each, and the same ones for the same
    inventory.
    """

    def __init__(self, inventory: Inventory, network: IPv4Network) -> None:
        taken = {value.text for host in inventory.hosts for value in _addresses(inventory, host)}
        self._candidates = (
            str(candidate)
            for offset in range(_FIRST_OFFSET, min(network.num_addresses - 1, _MOST))
            if str(candidate := network.network_address + offset) not in taken
        )
        self._fallback = str(network.network_address + 2)
        self._given: dict[str, str] = {}

    def of(self, host: str) -> str:
        """An address that no host of the inventory has, and that was not suggested before."""
        if host not in self._given:
            self._given[host] = next(self._candidates, self._fallback)
        return self._given[host]


def clashes(inventory: Inventory) -> Iterator[tuple[int, str, str]]:
    """Hosts that share an address, or whose name is an address of another host: line, problem, remedy. Pure."""
    owners: dict[str, str] = {}
    reached: dict[str, str] = {}
    for name, line in inventory.hosts.items():
        variables = inventory.variables(name)
        for value in _addresses(inventory, name):
            reached.setdefault(value.text, name)
        value = variables.get("dcos_address") or variables.get("ansible_host") or Value(name, line)
        if is_address(value.text) and owners.setdefault(value.text, name) != name:
            yield value.line, f"hosts {owners[value.text]} and {name} have the same address {value.text}", _OWN
    names = {name.lower(): name for name in inventory.hosts}
    for name, line in inventory.hosts.items():
        other = reached.get(_as_address(name), name)
        if other != name:
            yield line, f"host {name} is called by the address of {other}", "give it a name that is no address"
        connect = inventory.variables(name).get("ansible_host")
        if connect is None or is_address(connect.text):
            continue
        other = names.get(connect.text.lower(), name)
        if other != name:
            yield connect.line, f"host {name} is reached at {connect.text}, which is the name of another host", _OWN


_OWN = "give each its own"


def _addresses(inventory: Inventory, host: str) -> list[Value]:
    """The addresses by which a host is reached; by default its name, if that is an address."""
    variables = inventory.variables(host)
    said = [variables[key] for key in ("dcos_address", "ansible_host") if key in variables]
    return [value for value in said or [Value(host, inventory.hosts[host])] if is_address(value.text)]


def _as_address(name: str) -> str:
    """The address that programs read in the name, such as 198.18.0.11 in ``198.18.11``; the name itself if there is
    none.
    """
    try:
        return socket.inet_ntoa(socket.inet_aton(name))
    except (OSError, UnicodeError):
        return name
