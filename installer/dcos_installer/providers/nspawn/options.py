"""The variables that only the provider nspawn has, and their values."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError

from dcos_installer.config.variables import Variable


def _private_network(text: str) -> IPv4Network:
    expected = "a private IPv4 network from /16 to /28, such as 198.18.0.0/24"
    try:
        network = IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError):
        raise ValueError(expected) from None
    usable = network.is_private and not (network.is_loopback or network.is_link_local or network.is_unspecified)
    if not usable or "/" not in text or not 16 <= network.prefixlen <= 28:
        raise ValueError(expected)
    return network


NETWORK = Variable(
    "dcos_network",
    "cluster",
    _private_network,
    "198.18.0.0/24",
    "The private network of the machines on this host; its first address is this host's own.",
    "dcos_network=198.18.7.0/24",
    fixed=True,
)


def network_of(options: Mapping[str, str]) -> IPv4Network:
    """The private network of the machines."""
    network: IPv4Network = NETWORK.parse(options.get(NETWORK.name, NETWORK.default))
    return network
