"""Hosts whose addresses are known after creation: filled in once they are known, with placeholders in a plan."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address

from dcos_installer.config.model import ClusterSpec, HostSpec

KNOWN_LATER = "known after creation"
"""The text that a plan shows instead of an address that is not known yet."""

_STAND_INS = IPv4Address("0.0.0.0")
"""The network of placeholders: no host can have an address that begins with 0."""


def unknown(spec: ClusterSpec) -> tuple[str, ...]:
    """The hosts whose addresses are not known yet."""
    return tuple(host.name for host in spec.hosts if not host.address or is_stand_in(host.address))


def learned(spec: ClusterSpec, addresses: Mapping[str, str]) -> ClusterSpec:
    """``spec`` with the addresses that a provider has reported. Addresses in the inventory stay."""
    return spec.model_copy(
        update={
            "hosts": tuple(
                _at(host, addresses[host.name]) if host.late and addresses.get(host.name) else host
                for host in spec.hosts
            )
        }
    )


def stood_in_for(spec: ClusterSpec) -> ClusterSpec:
    """``spec`` with an address for every host, so that a plan can be made. Placeholders are no real addresses, and are
    replaced later.
    """
    return spec.model_copy(
        update={
            "hosts": tuple(
                host if host.address else _at(host, str(_STAND_INS + number))
                for number, host in enumerate(spec.hosts, start=1)
            )
        }
    )


def is_stand_in(address: str) -> bool:
    """Whether the address is a placeholder for one that is known after creation."""
    return address.startswith("0.")


def _at(host: HostSpec, address: str) -> HostSpec:
    ssh = host.ssh.model_copy(update={"address": address})
    return host.model_copy(update={"address": address, "ssh": ssh})
