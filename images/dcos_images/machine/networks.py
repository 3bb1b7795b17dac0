"""Converts cloud-init's network configuration, versions 1 and 2, to files of systemd-networkd.

A subset: physical interfaces, bonds and VLANs; DHCP and fixed addresses, routes, name servers, MTU. Other settings are
reported and left out; the rest applies. Pure; runs on machines, unchanged.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}")
_PATTERN = re.compile(r"[A-Za-z0-9._*?\[\]-]{1,64}")
_MAC = re.compile(r"([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}")
_DOMAIN = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})?")
_WORD = re.compile(r"[A-Za-z0-9.+_-]{1,32}")
_MODES = ("balance-rr", "active-backup", "balance-xor", "broadcast", "802.3ad", "balance-tlb", "balance-alb")
_BOND = {
    "ad-select": "AdSelect",
    "arp-interval": "ARPIntervalSec",
    "down-delay": "DownDelaySec",
    "fail-over-mac-policy": "FailOverMACPolicy",
    "gratuitous-arp": "GratuitousARP",
    "lacp-rate": "LACPTransmitRate",
    "mii-monitor-interval": "MIIMonitorSec",
    "min-links": "MinLinks",
    "mode": "Mode",
    "primary-reselect-policy": "PrimaryReselectPolicy",
    "transmit-hash-policy": "TransmitHashPolicy",
    "up-delay": "UpDelaySec",
}
"""A bond's parameters in version 2, and in a file of networkd."""
_BOND_V1 = {
    "ad-select": "ad-select",
    "arp-interval": "arp-interval",
    "downdelay": "down-delay",
    "fail-over-mac": "fail-over-mac-policy",
    "lacp-rate": "lacp-rate",
    "miimon": "mii-monitor-interval",
    "min-links": "min-links",
    "mode": "mode",
    "num-grat-arp": "gratuitous-arp",
    "primary": "primary",
    "primary-reselect": "primary-reselect-policy",
    "updelay": "up-delay",
    "xmit-hash-policy": "transmit-hash-policy",
}
"""The same parameters in version 1, after ``bond-``."""


@dataclass(frozen=True)
class Route:
    """A static route."""

    to: str
    via: str
    metric: int | None = None


@dataclass
class Interface:
    """One interface, of either version. ``kind``: physical, bond, vlan."""

    name: str
    kind: str
    match: dict[str, str] = field(default_factory=dict)
    dhcp4: bool = False
    dhcp6: bool = False
    accept_ra: bool | None = None
    addresses: list[str] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    mtu: int | None = None
    vlan_id: int = 0
    bond: str = ""
    """The bond that it is a member of."""
    primary: bool = False
    vlans: list[str] = field(default_factory=list)
    """The VLANs on it."""
    parameters: dict[str, str] = field(default_factory=dict)
    mac: str = ""


@dataclass
class Networks:
    """``files``: by name, for /etc/systemd/network. ``servers`` and ``search``: for resolv.conf."""

    files: dict[str, str] = field(default_factory=dict)
    servers: list[str] = field(default_factory=list)
    search: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


class _Bad(Exception):
    """A value that cannot be used."""


def networks(config: Any) -> Networks:
    """The networks that ``config``, read from YAML, describes."""
    found = Networks()
    reader = _Reader(found)
    if isinstance(config, Mapping) and isinstance(config.get("network"), Mapping):
        config = config["network"]
    if not isinstance(config, Mapping) or str(config.get("version")) not in ("1", "2"):
        found.complaints.append("network-config: it is neither version 1 nor version 2")
        return found
    if str(config["version"]) == "2":
        reader.version_2(config)
    else:
        reader.version_1(config)
    reader.join()
    for one in reader.interfaces.values():
        found.files.update(_files(one))
    return found


class _Reader:
    def __init__(self, found: Networks) -> None:
        self._found = found
        self.interfaces: dict[str, Interface] = {}
        self._members: list[tuple[str, str, bool]] = []
        self._links: list[tuple[str, str]] = []

    def _complain(self, where: str, what: str) -> None:
        self._found.complaints.append(f"network-config: {where}: {what}")

    def _rest(self, where: str, table: Mapping[str, Any], known: Sequence[str]) -> None:
        for key in table:
            if key not in known:
                self._complain(where, f"{key} is not understood, and left out")

    def _tables(self, where: str, value: Any) -> list[Mapping[str, Any]]:
        good = []
        for one in _list(value):
            if isinstance(one, Mapping):
                good.append(one)
            else:
                self._complain(where, f"{one!r} is no table, and left out")
        return good

    # Version 2

    def version_2(self, config: Mapping[str, Any]) -> None:
        self._rest("version 2", config, ("version", "renderer", "ethernets", "bonds", "vlans"))
        if config.get("renderer", "networkd") != "networkd":
            self._complain("version 2", f"the renderer is networkd, not {config['renderer']!r}")
        for key, kind in (("ethernets", "physical"), ("bonds", "bond"), ("vlans", "vlan")):
            tables = config.get(key) or {}
            if not isinstance(tables, Mapping):
                self._complain(key, "it is no table, and left out")
                continue
            for name, table in tables.items():
                self._guarded(f"{key}.{name}", lambda n=str(name), t=table, k=kind: self._one_2(n, t or {}, k))

    def _guarded(self, where: str, read: Any) -> None:
        try:
            read()
        except _Bad as error:
            self._complain(where, f"{error}; this interface is left out")

    def _one_2(self, name: str, table: Any, kind: str) -> None:
        if not isinstance(table, Mapping):
            raise _Bad("it is no table")
        where = f"{kind} {name}"
        one = Interface(_checked(name, _NAME, "no name of an interface"), kind)
        known = ["dhcp4", "dhcp6", "accept-ra", "addresses", "gateway4", "gateway6", "nameservers", "mtu", "routes"]
        known += ["optional", "dhcp-identifier", "link-local", "macaddress"]
        one.dhcp4, one.dhcp6 = _flag(table.get("dhcp4", False)), _flag(table.get("dhcp6", False))
        one.accept_ra = _flag(table["accept-ra"]) if "accept-ra" in table else None
        one.addresses = [_address(value) for value in _list(table.get("addresses"))]
        one.mtu = _number(table["mtu"], 68, 65535) if table.get("mtu") is not None else None
        for key, to in (("gateway4", "0.0.0.0/0"), ("gateway6", "::/0")):
            if table.get(key):
                one.routes.append(Route(to, _ip(table[key])))
        for route in self._tables(where, table.get("routes")):
            self._rest(f"{where}: routes", route, ("to", "via", "metric"))
            one.routes.append(_route(route.get("to"), route.get("via"), route.get("metric")))
        servers = table.get("nameservers") or {}
        if not isinstance(servers, Mapping):
            raise _Bad("nameservers is no table")
        self._rest(f"{where}: nameservers", servers, ("addresses", "search"))
        self._resolve(servers.get("addresses"), servers.get("search"))
        if table.get("macaddress"):
            one.mac = _checked(table["macaddress"], _MAC, "no hardware address").lower()
        if kind == "physical":
            known += ["match"]
            one.match = self._match(where, table.get("match") or {})
        elif kind == "bond":
            known += ["interfaces", "parameters"]
            parameters = table.get("parameters") or {}
            if not isinstance(parameters, Mapping):
                raise _Bad("parameters is no table")
            self._bond(where, one, _list(table.get("interfaces")), parameters)
        else:
            known += ["id", "link"]
            self._vlan(one, table.get("id"), table.get("link"))
        self._rest(where, table, known)
        self.interfaces[one.name] = one

    def _match(self, where: str, table: Any) -> dict[str, str]:
        if not isinstance(table, Mapping):
            raise _Bad("match is no table")
        self._rest(f"{where}: match", table, ("macaddress", "name", "driver"))
        found = {}
        if table.get("macaddress"):
            found["PermanentMACAddress"] = _checked(table["macaddress"], _MAC, "no hardware address").lower()
        if table.get("name"):
            found["Name"] = _checked(table["name"], _PATTERN, "no name of an interface")
        if table.get("driver"):
            found["Driver"] = " ".join(_checked(one, _PATTERN, "no name of a driver") for one in _list(table["driver"]))
        return found

    def _bond(self, where: str, one: Interface, members: Sequence[Any], parameters: Mapping[str, Any]) -> None:
        primary = str(parameters.get("primary", ""))
        for member in members:
            self._members.append((str(member), one.name, str(member) == primary))
        for key, value in parameters.items():
            if key == "primary":
                continue
            if key not in _BOND:
                self._complain(where, f"the parameter {key} is not understood, and left out")
                continue
            text = _checked(value, _WORD, f"no value of {key}")
            if key == "mode" and text.isdecimal() and int(text) < len(_MODES):
                text = _MODES[int(text)]
            if _BOND[key].endswith("Sec") and text.isdecimal():
                text += "ms"
            if key == "lacp-rate":
                text = {"0": "slow", "1": "fast"}.get(text, text)
            one.parameters[_BOND[key]] = text

    def _vlan(self, one: Interface, number: Any, link: Any) -> None:
        one.vlan_id = _number(number, 1, 4094)
        self._links.append((_checked(link, _NAME, "no name of the interface below"), one.name))

    def _resolve(self, servers: Any, search: Any) -> None:
        for server in _list(servers):
            if (text := _ip(server)) not in self._found.servers:
                self._found.servers.append(text)
        for domain in _list(search):
            if (text := _checked(domain, _DOMAIN, "no domain")) not in self._found.search:
                self._found.search.append(text)

    # Version 1

    def version_1(self, config: Mapping[str, Any]) -> None:
        self._rest("version 1", config, ("version", "config"))
        routes: list[Route] = []
        for table in self._tables("config", config.get("config")):
            kind = table.get("type")
            where = f"{kind} {table.get('name', '')}".rstrip()
            if kind in ("physical", "bond", "vlan"):
                self._guarded(where, lambda t=table, k=kind, w=where: self._one_1(w, t, k))
            elif kind == "nameserver":
                self._rest(where, table, ("type", "address", "search", "interface"))
                self._guarded(where, lambda t=table: self._resolve(t.get("address"), t.get("search")))
            elif kind == "route":
                self._rest(where, table, ("type", "destination", "netmask", "gateway", "metric", "id"))
                self._guarded(where, lambda t=table: routes.append(_route_1(t)))
            else:
                self._complain("config", f"the type {kind!r} is not understood, and left out")
        for route in routes:
            via = ipaddress.ip_address(route.via)
            for one in self.interfaces.values():
                if any(via in ipaddress.ip_interface(address).network for address in one.addresses):
                    one.routes.append(route)
                    break
            else:
                self._complain(f"route {route.to}", f"no interface reaches {route.via}; left out")

    def _one_1(self, where: str, table: Mapping[str, Any], kind: str) -> None:
        one = Interface(_checked(table.get("name"), _NAME, "no name of an interface"), kind)
        known = ["type", "name", "mac_address", "mtu", "subnets"]
        one.mtu = _number(table["mtu"], 68, 65535) if table.get("mtu") is not None else None
        for subnet in self._tables(where, table.get("subnets")):
            self._subnet(where, one, subnet)
        if table.get("mac_address"):
            mac = _checked(table["mac_address"], _MAC, "no hardware address").lower()
            if kind == "physical":
                one.match = {"PermanentMACAddress": mac}
            else:
                one.mac = mac
        if kind == "bond":
            known += ["bond_interfaces", "params"]
            parameters = {}
            settings = table.get("params") or {}
            if not isinstance(settings, Mapping):
                raise _Bad("params is no table")
            for key, value in settings.items():
                plain = str(key).replace("_", "-").removeprefix("bond-")
                parameters[_BOND_V1.get(plain, str(key))] = value
            self._bond(where, one, _list(table.get("bond_interfaces")), parameters)
        elif kind == "vlan":
            known += ["vlan_link", "vlan_id"]
            self._vlan(one, table.get("vlan_id"), table.get("vlan_link"))
        self._rest(where, table, known)
        self.interfaces[one.name] = one

    def _subnet(self, where: str, one: Interface, subnet: Mapping[str, Any]) -> None:
        kind = subnet.get("type")
        known = ["type", "control"]
        if subnet.get("control", "auto") != "auto":
            self._complain(where, f"control {subnet['control']!r} is not understood: the interface comes up by itself")
        if kind in ("dhcp", "dhcp4"):
            one.dhcp4 = True
        elif kind in ("dhcp6", "ipv6_dhcpv6-stateful"):
            one.dhcp6 = True
        elif kind in ("ipv6_slaac", "ipv6_dhcpv6-stateless"):
            one.accept_ra = True
        elif kind in ("static", "static6"):
            known += ["address", "netmask", "gateway", "dns_nameservers", "dns_search", "routes"]
            address = _with_mask(subnet.get("address"), subnet.get("netmask"))
            one.addresses.append(address)
            if subnet.get("gateway"):
                via = _ip(subnet["gateway"])
                one.routes.append(Route("::/0" if ":" in via else "0.0.0.0/0", via))
            for route in self._tables(where, subnet.get("routes")):
                self._rest(
                    f"{where}: routes", route, ("network", "destination", "netmask", "prefix", "gateway", "metric")
                )
                one.routes.append(_route_1(route))
            self._resolve(subnet.get("dns_nameservers"), subnet.get("dns_search"))
        elif kind != "manual":
            self._complain(where, f"the subnet's type {kind!r} is not understood, and left out")
        self._rest(f"{where}: subnets", subnet, known)

    # Both

    def join(self) -> None:
        """Adds bonds and VLANs to the files of the interfaces below them."""
        for member, bond, primary in self._members:
            if bond not in self.interfaces:
                continue
            if member not in self.interfaces:
                if not _NAME.fullmatch(member):
                    self._complain(f"bond {bond}", f"{member!r} is no name of an interface, and left out")
                    continue
                self.interfaces[member] = Interface(member, "physical")
            self.interfaces[member].bond, self.interfaces[member].primary = bond, primary
        for link, vlan in self._links:
            if vlan not in self.interfaces:
                continue
            self.interfaces.setdefault(link, Interface(link, "physical")).vlans.append(vlan)


def _files(one: Interface) -> dict[str, str]:
    """The files of one interface, by name. Their names sort before the image's own file, which uses DHCP."""
    found = {}
    if one.kind != "physical":
        lines = ["[NetDev]", f"Name={one.name}", f"Kind={one.kind}"]
        lines += [f"MTUBytes={one.mtu}"] if one.mtu else []
        lines += [f"MACAddress={one.mac}"] if one.mac else []
        lines += ["", "[VLAN]", f"Id={one.vlan_id}"] if one.kind == "vlan" else []
        if one.parameters:
            lines += ["", "[Bond]", *(f"{key}={value}" for key, value in sorted(one.parameters.items()))]
        found[f"10-seed-{one.name}.netdev"] = "\n".join(lines) + "\n"
    match = dict(one.match) or {"Name": one.name}
    if one.kind == "physical":
        match["Type"] = "ether"  # bonds and VLANs above have the same hardware address
    lines = ["[Match]", *(f"{key}={value}" for key, value in match.items())]
    if one.mtu or one.mac:
        lines += ["", "[Link]"]
        lines += [f"MTUBytes={one.mtu}"] if one.mtu else []
        lines += [f"MACAddress={one.mac}"] if one.mac and one.kind == "physical" else []
    lines += ["", "[Network]"]
    if one.bond:
        lines += [f"Bond={one.bond}"] + (["PrimarySlave=yes"] if one.primary else [])
    else:
        dhcp = {(True, True): "yes", (True, False): "ipv4", (False, True): "ipv6"}.get((one.dhcp4, one.dhcp6), "no")
        lines += [f"DHCP={dhcp}"]
        accept = one.dhcp6 if one.accept_ra is None else one.accept_ra
        lines += ["IPv6AcceptRA=yes"] if accept else ["IPv6AcceptRA=no"]
    lines += [f"Address={address}" for address in one.addresses]
    lines += [f"VLAN={vlan}" for vlan in one.vlans]
    for route in one.routes:
        lines += ["", "[Route]", f"Destination={route.to}", f"Gateway={route.via}"]
        lines += [f"Metric={route.metric}"] if route.metric is not None else []
    if one.dhcp4:
        lines += ["", "[DHCPv4]", "ClientIdentifier=mac"]
    found[f"10-seed-{one.name}.network"] = "\n".join(lines) + "\n"
    return found


# --- values ---


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _checked(value: Any, form: re.Pattern[str], why: str) -> str:
    text = str(value)
    if isinstance(value, (bool, Mapping)) or value is None or not form.fullmatch(text):
        raise _Bad(f"{value!r} is {why}")
    return text


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Bad(f"{value!r} is neither true nor false")
    return value


def _number(value: Any, least: int, most: int) -> int:
    text = str(value)
    if isinstance(value, bool) or not text.isascii() or not text.isdecimal() or not least <= int(text) <= most:
        raise _Bad(f"{value!r} is no number from {least} to {most}")
    return int(text)


def _ip(value: Any) -> str:
    try:
        return str(ipaddress.ip_address(str(value)))
    except ValueError:
        raise _Bad(f"{value!r} is no address") from None


def _address(value: Any) -> str:
    text = str(value)
    try:
        if "/" not in text:
            raise ValueError
        return str(ipaddress.ip_interface(text))
    except ValueError:
        raise _Bad(f"{value!r} is no address with the length of its network") from None


def _with_mask(address: Any, mask: Any) -> str:
    text = str(address)
    return _address(text if "/" in text or mask is None else f"{text}/{mask}")


def _route(to: Any, via: Any, metric: Any) -> Route:
    gateway = _ip(via)
    if to == "default":
        to = "::/0" if ":" in gateway else "0.0.0.0/0"
    try:
        network = str(ipaddress.ip_network(str(to), strict=False))
    except ValueError:
        raise _Bad(f"{to!r} is no network") from None
    return Route(network, gateway, None if metric is None else _number(metric, 0, 2**32 - 1))


def _route_1(table: Mapping[str, Any]) -> Route:
    to = str(table.get("destination", table.get("network")))
    mask = table.get("netmask", table.get("prefix"))
    return _route(to if "/" in to or mask is None else f"{to}/{mask}", table.get("gateway"), table.get("metric"))
