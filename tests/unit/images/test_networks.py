"""cloud-init's network configuration as files of networkd; what is not understood is told."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from dcos_images.machine.networks import Networks, networks

MAC = "52:54:00:aa:bb:01"


def told(text: str) -> Networks:
    return networks(yaml.safe_load(text))


def test_dhcp_and_fixed_addresses_in_both_versions_come_to_the_same() -> None:
    first = told(f"""
version: 1
config:
- type: physical
  name: eth0
  mac_address: '{MAC}'
  mtu: 9000
  subnets:
  - {{type: static, address: 198.18.1.5, netmask: 255.255.255.0, gateway: 198.18.1.1,
     dns_nameservers: [198.18.1.2], dns_search: [lab.example],
     routes: [{{network: 198.19.0.0, netmask: 255.255.0.0, gateway: 198.18.1.9, metric: 5}}]}}
- {{type: physical, name: eth1, subnets: [{{type: dhcp4}}]}}
""")
    second = told(f"""
version: 2
ethernets:
  eth0:
    match: {{macaddress: '{MAC}'}}
    mtu: 9000
    addresses: [198.18.1.5/24]
    gateway4: 198.18.1.1
    nameservers: {{addresses: [198.18.1.2], search: [lab.example]}}
    routes: [{{to: 198.19.0.0/16, via: 198.18.1.9, metric: 5}}]
  eth1: {{dhcp4: true}}
""")
    assert first == second
    assert first.complaints == []
    assert (first.servers, first.search) == (["198.18.1.2"], ["lab.example"])
    assert first.files["10-seed-eth0.network"] == (
        f"[Match]\nPermanentMACAddress={MAC}\nType=ether\n\n[Link]\nMTUBytes=9000\n\n[Network]\nDHCP=no\n"
        "IPv6AcceptRA=no\nAddress=198.18.1.5/24\n\n[Route]\nDestination=0.0.0.0/0\nGateway=198.18.1.1\n\n"
        "[Route]\nDestination=198.19.0.0/16\nGateway=198.18.1.9\nMetric=5\n"
    )
    assert "[Match]\nName=eth1\nType=ether\n\n[Network]\nDHCP=ipv4\n" in first.files["10-seed-eth1.network"]


def test_bonds_and_vlans_in_both_versions_come_to_the_same() -> None:
    first = told("""
version: 1
config:
- {type: physical, name: eno1}
- {type: bond, name: bond0, bond_interfaces: [eno1, eno2],
   params: {bond-mode: 4, bond_miimon: 100, bond-xmit-hash-policy: layer3+4, bond-lacp-rate: fast}}
- {type: vlan, name: vlan7, vlan_link: bond0, vlan_id: 7, subnets: [{type: dhcp4}]}
""")
    second = told("""
network:
  version: 2
  renderer: networkd
  ethernets: {eno1: {}}
  bonds:
    bond0:
      interfaces: [eno1, eno2]
      parameters: {mode: 802.3ad, mii-monitor-interval: 100, transmit-hash-policy: layer3+4, lacp-rate: fast}
  vlans:
    vlan7: {id: 7, link: bond0, dhcp4: true}
""")
    assert first == second and first.complaints == []
    files = first.files
    assert files["10-seed-bond0.netdev"] == (
        "[NetDev]\nName=bond0\nKind=bond\n\n[Bond]\nLACPTransmitRate=fast\nMIIMonitorSec=100ms\nMode=802.3ad\n"
        "TransmitHashPolicy=layer3+4\n"
    )
    for member in ("eno1", "eno2"):
        assert "[Network]\nBond=bond0\n" in files[f"10-seed-{member}.network"]
    assert "VLAN=vlan7\n" in files["10-seed-bond0.network"]
    assert files["10-seed-vlan7.netdev"] == "[NetDev]\nName=vlan7\nKind=vlan\n\n[VLAN]\nId=7\n"
    assert "[Match]\nName=vlan7\n\n[Network]\nDHCP=ipv4\n" in files["10-seed-vlan7.network"]


def test_the_primary_of_a_bond_is_told_to_it() -> None:
    found = told("""
version: 2
bonds: {bond0: {interfaces: [eno1, eno2], parameters: {mode: active-backup, primary: eno2}}}
""")
    assert "PrimarySlave=yes" in found.files["10-seed-eno2.network"]
    assert "PrimarySlave" not in found.files["10-seed-eno1.network"]
    assert found.complaints == []


def test_a_route_of_its_own_goes_to_the_interface_that_reaches_its_gateway() -> None:
    found = told("""
version: 1
config:
- {type: physical, name: eth0, subnets: [{type: static, address: 198.18.1.5/24}]}
- {type: route, destination: 198.19.0.0/16, gateway: 198.18.1.9}
- {type: route, destination: 198.19.0.0/16, gateway: 198.18.9.9}
- {type: nameserver, address: [198.18.1.2], search: [lab.example]}
""")
    assert "Gateway=198.18.1.9" in found.files["10-seed-eth0.network"]
    assert found.complaints == ["network-config: route 198.19.0.0/16: no interface reaches 198.18.9.9; left out"]
    assert found.servers == ["198.18.1.2"]


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ("version: 3", "neither version 1 nor version 2"),
        ("[]", "neither version 1 nor version 2"),
        ("{version: 2, bridges: {br0: {}}}", "bridges is not understood"),
        ("{version: 2, renderer: NetworkManager}", "the renderer is networkd"),
        ("{version: 2, ethernets: {eth0: {wakeonlan: true}}}", "wakeonlan is not understood"),
        ("{version: 2, ethernets: {eth0: {match: {macaddress: 'x'}}}}", "no hardware address; this interface is left"),
        ("{version: 2, ethernets: {eth0: {addresses: [198.18.1.5]}}}", "no address with the length of its network"),
        ("{version: 2, ethernets: {eth0: {dhcp4: maybe}}}", "neither true nor false"),
        ("{version: 2, ethernets: {'a b': {}}}", "no name of an interface"),
        ('{version: 2, ethernets: {"eth0\\nDHCP=yes": {}}}', "no name of an interface"),
        ("{version: 2, ethernets: {eth0: {routes: [{to: nowhere, via: 198.18.1.1}]}}}", "is no network"),
        ("{version: 2, ethernets: {eth0: {set-name: lan}}}", "set-name is not understood"),
        ("{version: 2, bonds: {bond0: {parameters: {speed: 9}}}}", "the parameter speed is not understood"),
        ("{version: 2, vlans: {v: {id: 4095, link: eth0}}}", "no number from 1 to 4094"),
        ("{version: 1, config: [{type: bridge, name: br0}]}", "the type 'bridge' is not understood"),
        ("{version: 1, config: [{type: physical, name: eth0, subnets: [{type: magic}]}]}", "type 'magic' is not"),
        ("{version: 1, config: [{type: physical, name: eth0, subnets: [{type: dhcp, control: manual}]}]}", "comes up"),
        ("{version: 1, config: [3]}", "3 is no table"),
    ],
)
def test_what_is_not_understood_is_told(config: str, complaint: str) -> None:
    found = told(config)
    assert len(found.complaints) == 1, found.complaints
    assert complaint in found.complaints[0]


def test_what_is_wrong_with_one_interface_leaves_the_others() -> None:
    found = told("{version: 2, ethernets: {eth0: {mtu: many}, eth1: {dhcp4: true}}}")
    assert list(found.files) == ["10-seed-eth1.network"]


@pytest.mark.parametrize(
    "config", [None, 3, "text", {"version": 2, "ethernets": [1]}, {"version": 1, "config": {"a": 1}}]
)
def test_nothing_that_yaml_can_tell_makes_it_fail(config: Any) -> None:
    assert networks(config).complaints
