"""The packet filter between machines and this host: tables of this host's nftables, one for each machine's port, one
for each bridge.

A port's table accepts only packets from the hardware address and the address of its machine, so that no machine can use
another's address, towards its neighbours or this host; everything other than IPv4 and ARP is dropped. The bridge's
table accepts the machines' answers to this host's requests, and nothing else. Tables of other owners are not changed.
"""

from __future__ import annotations

import shutil
from ipaddress import IPv4Address

from dcos_installer.errors import InstallerError
from dcos_installer.process import run
from dcos_installer.providers.base import ProviderError

_DEADLINE = 30.0


def port_rules(device: str, mac: str, address: IPv4Address) -> str:
    """The rules for the host's end of a machine's cable. It must exist already, and not be on the bridge yet."""
    return _table(
        "netdev",
        device,
        f"""\
	chain from_machine {{
		type filter hook ingress device "{device}" priority filter; policy drop;
		ether saddr {mac} ether type ip ip saddr {address} accept
		ether saddr {mac} ether type arp arp saddr ether {mac} arp saddr ip {address} accept
		counter
	}}
""",
    )


def bridge_rules(bridge: str) -> str:
    """The rules for all packets that come to this host over a bridge, for any of the host's addresses."""
    return _table(
        "inet",
        bridge,
        f"""\
	chain between_machines {{
		# Where br_netfilter shows this host what machines say to each other, it keeps no book of it.
		type filter hook prerouting priority raw; policy accept;
		iifname "{bridge}" fib daddr type != local notrack
	}}
	chain to_host {{
		type filter hook input priority filter; policy accept;
		iifname "{bridge}" ct state established,related accept
		iifname "{bridge}" counter drop
	}}
	chain through_host {{
		type filter hook forward priority filter; policy accept;
		iifname "{bridge}" oifname != "{bridge}" counter drop
	}}
""",
    )


def guard_port(device: str, mac: str, address: IPv4Address) -> None:
    """Raises `ProviderError` when this host cannot."""
    _load(port_rules(device, mac, address), f"hold {device} to its machine's addresses")


def guard_bridge(bridge: str) -> None:
    """Raises `ProviderError` when this host cannot."""
    _load(bridge_rules(bridge), f"keep machines on {bridge} from this host")


def forget(name: str) -> None:
    """Removes an interface's rules, whether the interface exists or not."""
    if shutil.which("nft") is None:
        return  # without nft there are none
    for family in ("netdev", "inet"):
        run(
            ["nft", "delete", "table", family, name],
            deadline=_DEADLINE,
            what=f"remove the firewall's table {family} {name}",
            check=False,
        )


def tables() -> list[str]:
    """All tables of this host's firewall, as ``family name``."""
    listed = run(["nft", "list", "tables"], deadline=_DEADLINE, what="read this host's firewall").stdout
    return [line.removeprefix("table ").strip() for line in listed.splitlines()]


def _table(family: str, name: str, chains: str) -> str:
    """Replaces the table as a whole, in one transaction."""
    return f"table {family} {name}\ndelete table {family} {name}\ntable {family} {name} {{\n{chains}}}\n"


def _load(rules: str, what: str) -> None:
    try:
        run(["nft", "-f", "-"], stdin=rules, deadline=_DEADLINE, what=what)
    except InstallerError as error:
        raise ProviderError(
            f"could not {what}",
            why=error.why or error.what,
            hint="machines are not started without it: this host needs nftables and a kernel that has it",
            evidence=error.evidence,
        ) from error
