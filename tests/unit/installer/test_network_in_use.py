"""A network in use, and disks without room, are told at once, and what is refused leaves nothing behind."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from dcos_installer.cli import cli
from dcos_installer.commands import check_inventory
from dcos_installer.providers.base import Order, ProviderError
from dcos_installer.providers.nspawn import disk as nspawn_disk
from dcos_installer.providers.nspawn import network as nspawn_network
from dcos_installer.providers.nspawn.network import bridge_name
from dcos_installer.providers.nspawn.provider import NspawnProvider
from dcos_installer.state import known_id, open_state
from tests.support.installer.nspawn_parts import host, spec

INVENTORY = """\
[masters]
m1 ansible_host=198.18.7.11
[agents]
a1 ansible_host=198.18.7.21
[all:vars]
dcos_cluster_name=lab
dcos_provider=nspawn
dcos_network=198.18.7.0/24
dcos_cpus=1
dcos_mem=1024
"""


def in_use_by(monkeypatch: pytest.MonkeyPatch, device: str) -> None:
    """This host has the network at that device, as ``ip`` tells it."""
    entry = {"ifname": device, "addr_info": [{"family": "inet", "local": "198.18.7.1", "prefixlen": 24}]}

    def told(*arguments: str) -> list[Any]:
        return [entry] if "address" in arguments else []

    monkeypatch.setattr(nspawn_network, "_ip_json", told)
    monkeypatch.setattr("dcos_installer.providers.nspawn.preflight.shutil.which", lambda name: f"/sbin/{name}")


def has_room_mb(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """This host has as much free space for machines, and no machines."""
    monkeypatch.setattr(nspawn_disk, "room", lambda _: nspawn_disk.Room(free))


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    has_room_mb(monkeypatch, 1 << 20)
    path = tmp_path / "lab.ini"
    path.write_text(INVENTORY)
    return path


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_a_network_in_use_is_told_at_once_and_no_state_is_left_behind(
    inventory: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    in_use_by(monkeypatch, "eth7")
    done = CliRunner().invoke(cli, [command, str(inventory)])
    assert done.exit_code == 1
    assert "the network 198.18.7.0/24 is in use on this host" in done.output and "eth7 has" in done.output
    assert not (inventory.parent / "state").exists()


@pytest.mark.parametrize("command", ["plan", "deploy"])
def test_disks_without_room_are_told_at_once_and_no_state_is_left_behind(
    inventory: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(nspawn_network, "_ip_json", lambda *_: [])
    monkeypatch.setattr("dcos_installer.providers.nspawn.preflight.shutil.which", lambda name: f"/sbin/{name}")
    has_room_mb(monkeypatch, 5_000)
    done = CliRunner().invoke(cli, [command, str(inventory)])
    assert done.exit_code == 1
    assert "no room for the disks of m1, a1" in done.output and "5000 MiB are free" in done.output
    assert "dcos_disk=2000 would fit" in done.output and "make setup" not in done.output
    assert not (inventory.parent / "state").exists()


def test_the_bridge_of_the_cluster_itself_is_no_reason_to_refuse_it(
    inventory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert known_id(inventory) is None
    state = open_state(inventory)
    assert known_id(inventory) == state.cluster_id
    in_use_by(monkeypatch, bridge_name(state.cluster_id))
    check_inventory(inventory)
    in_use_by(monkeypatch, bridge_name("another"))
    with pytest.raises(ProviderError, match="in use on this host"):
        check_inventory(inventory)


@pytest.mark.skipif(os.geteuid() != 0, reason="asks as root")
def test_machines_refused_for_their_network_leave_no_folder_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_use_by(monkeypatch, "eth7")
    has_room_mb(monkeypatch, 1 << 20)
    monkeypatch.setattr("dcos_installer.providers.nspawn.provider.shutil.which", lambda name: f"/sbin/{name}")
    cluster = spec(host("h1", "198.18.7.11"))
    provider = NspawnProvider(cluster, tmp_path / "state", machines_dir=tmp_path / "machines")
    with pytest.raises(ProviderError, match="in use on this host"):
        provider.create([Order(one, "t") for one in cluster.hosts])
    assert list(tmp_path.iterdir()) == []
