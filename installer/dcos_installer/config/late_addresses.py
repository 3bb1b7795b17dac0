"""Hosts whose addresses the provider tells after creation: filled in once they are known, stood in for in a plan."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import IPv4Address

from dcos_installer.config.model import ClusterSpec, HostSpec

KNOWN_LATER = "known after creation"
"""What a plan shows in place of an address that is not known yet."""

_STAND_INS = IPv4Address("0.0.0.0")
"""No host can have an address that begins with 0, so no inventory and no provider has one."""


def unknown(spec: ClusterSpec) -> tuple[str, ...]:
    """The hosts whose addresses nobody knows yet."""
    return tuple(host.name for host in spec.hosts if not host.address or is_stand_in(host.address))


def learned(spec: ClusterSpec, addresses: Mapping[str, str]) -> ClusterSpec:
    """``spec`` with the addresses that a provider has told. What the inventory says stays as it says it."""
    return spec.model_copy(
        update={
            "hosts": tuple(
                _at(host, addresses[host.name]) if host.late and addresses.get(host.name) else host
                for host in spec.hosts
            )
        }
    )


def stood_in_for(spec: ClusterSpec) -> ClusterSpec:
    """``spec`` with an address for every host, so that a plan can be made of it: what it shows of them is no address of
    anybody, and changes with the real one.
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
