"""The machines' network: names that fit, addresses that do not change, and clashes that are told."""

from __future__ import annotations

from ipaddress import IPv4Network

from dcos_installer.providers.nspawn import filter as nspawn_filter
from dcos_installer.providers.nspawn.network import address_problems, bridge_for, clashes, dropping_chains, port_for

CLUSTER = "0f8fad5b-d9cb-469f-a165-70867728950e"
NETWORK = IPv4Network("198.18.7.0/24")
BRIDGE = bridge_for(CLUSTER, "lab", NETWORK)


def test_the_bridge_is_named_after_its_cluster_and_has_the_first_address() -> None:
    assert BRIDGE.name == "dcos-0f8fad5b"
    assert len(BRIDGE.name) <= 15
    assert str(BRIDGE.address) == "198.18.7.1/24"
    assert "lab" in BRIDGE.alias


def test_rules_replace_what_there_is_of_a_table_in_one_transaction() -> None:
    port = port_for(CLUSTER, "h1", "198.18.7.11", NETWORK)
    for family, name, rules in (
        ("netdev", port.host_side, nspawn_filter.port_rules(port.host_side, port.mac, port.address.ip)),
        ("inet", BRIDGE.name, nspawn_filter.bridge_rules(BRIDGE.name)),
    ):
        start = [f"table {family} {name}", f"delete table {family} {name}", f"table {family} {name} {{"]
        assert rules.splitlines()[:3] == start
        assert rules.count("table ") == 3, "no table of others is named"


def test_a_port_lets_through_what_names_its_machine_and_nothing_by_default() -> None:
    port = port_for(CLUSTER, "h1", "198.18.7.11", NETWORK)
    rules = nspawn_filter.port_rules(port.host_side, port.mac, port.address.ip)
    assert "policy drop;" in rules
    accepted = [line for line in rules.splitlines() if "accept" in line]
    assert len(accepted) == 2
    assert all(f"ether saddr {port.mac} " in line and "saddr" in line and "198.18.7.11" in line for line in accepted)


def test_a_machine_has_the_same_names_each_time_and_no_other_has_them() -> None:
    ports = {name: port_for(CLUSTER, name, "198.18.7.11", NETWORK) for name in ("h1", "h2", "h1.example")}
    other = port_for("1" + CLUSTER[1:], "h1", "198.18.7.11", NETWORK)
    assert ports["h1"] == port_for(CLUSTER, "h1", "198.18.7.11", NETWORK)
    assert len({port.mac for port in (*ports.values(), other)}) == 4
    assert len({port.host_side for port in (*ports.values(), other)}) == 4
    assert all(len(port.host_side) <= 15 for port in ports.values())
    assert all(port.mac.startswith("02:") and len(port.mac) == 17 for port in ports.values())
    assert str(ports["h1"].address) == "198.18.7.11/24"


def test_every_address_that_cannot_be_is_told() -> None:
    problems = address_problems(
        NETWORK, {"a": "198.18.7.11", "b": "198.18.7.11", "c": "198.18.7.1", "d": "198.18.8.4", "e": "198.18.7.255"}
    )
    assert problems == [
        "b has 198.18.7.11, which a has too",
        "c has 198.18.7.1, which is this host's own in 198.18.7.0/24",
        "d has 198.18.8.4, which is no host's address in 198.18.7.0/24",
        "e has 198.18.7.255, which is no host's address in 198.18.7.0/24",
    ]
    assert address_problems(NETWORK, {"a": "198.18.7.11"}) == []


def addresses(**devices: str) -> list[object]:
    return [
        {"ifname": name, "addr_info": [{"family": "inet", "local": text.split("/")[0], "prefixlen": int(text[-2:])}]}
        for name, text in devices.items()
    ]


def test_a_network_in_use_is_told_with_its_user() -> None:
    links = [{"ifname": "dcos-11111111", "ifalias": "dcos cluster other (1111)"}, {"ifname": "eth0"}]
    found = clashes(BRIDGE, links, addresses(**{"dcos-11111111": "198.18.7.1/24", "eth0": "192.0.2.2/24"}), [])
    assert found == ["dcos-11111111 has 198.18.7.0/24: it belongs to dcos cluster other (1111)"]


def test_a_route_into_the_network_is_a_clash_but_a_default_route_is_not() -> None:
    routes = [
        {"dst": "default", "dev": "eth0"},
        {"dst": "192.0.2.0/24", "dev": "eth0"},
        {"dst": "198.18.0.0/15", "dev": "tun0"},
    ]
    assert clashes(BRIDGE, [], [], routes) == ["tun0 has 198.18.0.0/15"]
    assert clashes(BRIDGE, [], [], routes[:2]) == []


def test_the_clusters_own_bridge_is_no_clash() -> None:
    own = addresses(**{BRIDGE.name: "198.18.7.1/24"})
    assert clashes(BRIDGE, [], own, [{"dst": "198.18.7.0/24", "dev": BRIDGE.name}]) == []


def test_a_firewall_that_keeps_machines_from_each_other_is_named() -> None:
    def chain(family: str, **more: str) -> dict[str, dict[str, str]]:
        return {"chain": {"family": family, "table": "filter", "name": "FORWARD", **more}}

    said = {
        "nftables": [
            {"metainfo": {"version": "1.0.6"}},
            chain("ip", hook="forward", policy="drop"),
            chain("inet", hook="forward", policy="accept"),
            chain("ip6", hook="forward", policy="drop"),
            chain("ip", hook="input", policy="drop"),
            chain("ip"),
        ]
    }
    assert dropping_chains(said) == ["ip filter FORWARD"]
    assert dropping_chains({"nftables": []}) == []
