"""Which addresses the package manager may connect to on behalf of a user. Pure.

The URL of a repository, and its redirects, are data of a user. They must not lead to addresses that only our daemons
may reach.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import SplitResult

from dcos_runtime import urls

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

MAX_URL = 8192
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_PORTS = {"http": 80, "https": 443}


class NotAllowed(ValueError):
    """The text says which address is not allowed, and why."""


@dataclass(frozen=True)
class Allowed:
    """``cluster``: addresses of the cluster's machines, and ``ports`` those of their daemons."""

    networks: Sequence[Network] = ()
    cluster: Collection[str] = field(default_factory=frozenset)
    ports: Sequence[tuple[int, int]] = ()

    def check(self, address: str, port: int) -> None:
        """Whether a connection may be made there. Raises `NotAllowed`."""
        try:
            given = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            raise NotAllowed(f"{address} is no address") from None
        for one in _meant(given):
            if any(one.version == network.version and one in network for network in self.networks):
                continue
            if why := self._why_not(one, port):
                raise NotAllowed(f"{address} port {port} is {why}, which the administrator has not allowed")

    def _why_not(self, address: Address, port: int) -> str:
        if address.is_unspecified or address.is_loopback:
            return "this machine itself"
        if address.is_link_local:
            return "link-local"
        if address.is_multicast or str(address) == "255.255.255.255":
            return "no single machine"
        if isinstance(address, ipaddress.IPv4Address) and address in ipaddress.ip_network("0.0.0.0/8"):
            return "this network itself"
        if isinstance(address, ipaddress.IPv6Address) and address.is_site_local:
            return "link-local"
        if str(address) in self.cluster and any(low <= port <= high for low, high in self.ports):
            return "an endpoint of this cluster"
        return ""


def _meant(address: Address) -> list[Address]:
    """The address, and the IPv4 addresses that it stands for."""
    found: list[Address] = [address]
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return [address.ipv4_mapped]
        if address.sixtofour is not None:
            found.append(address.sixtofour)
        if address.teredo is not None:
            found.extend(address.teredo)
        if address in _NAT64 or (int(address) >> 32 == 0 and int(address) > 1):
            found.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return found


def parse_url(url: str) -> tuple[SplitResult, str, int]:
    """The URL, its host and port. Raises `NotAllowed` for a URL that may never be fetched."""
    if len(url) > MAX_URL:
        raise NotAllowed(f"it is longer than {MAX_URL} characters")
    try:
        parts = urls.parse_web(url)
    except urls.BadUrl as fault:
        raise NotAllowed(str(fault)) from None
    if parts.username is not None or parts.password is not None:
        raise NotAllowed("it holds a user or a password, which everybody could read who lists repositories")
    return parts, parts.hostname or "", parts.port or _PORTS[parts.scheme]
