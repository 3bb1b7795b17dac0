"""A snapshot that is lost or damaged keeps nobody from taking the cluster away, and tells plainly what to do."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dcos_installer import commands
from dcos_installer.errors import LockHeld, StateError
from dcos_installer.phases.manager import run_phases
from dcos_installer.plan import lock
from dcos_installer.providers.nspawn import remains
from dcos_installer.providers.nspawn.machine import MachineFolder, NspawnRecord
from dcos_installer.recovery import mismatch, what_is_left
from dcos_installer.snapshot import SnapshotDamaged, last_spec, remember_spec
from dcos_installer.spec import load_spec
from dcos_installer.state import ClusterState, find_state, open_state
from tests.support.installer.pretended import pretend

HOSTS = {"m1": "198.18.9.11", "a1": "198.18.9.21"}
INVENTORY = """\
[masters]
m1 ansible_host=198.18.9.11
[agents]
a1 ansible_host=198.18.9.21
[all:vars]
dcos_network=198.18.9.0/24
"""
STATIC = INVENTORY.replace("dcos_network=198.18.9.0/24", "dcos_provider=static\ndcos_operator_networks=198.18.9.0/24")
DAMAGED = [b"", b"{", b"\xff\xfe\x00garbage", b'{"name": "lab"}', b"[]"]


@pytest.fixture
def inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An inventory in a home of its own, where machines are looked for below ``machines``."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("DCOS_DIR", str(tmp_path / "dcos"))
    looked_for = remains.remains
    monkeypatch.setattr(remains, "remains", lambda cluster: looked_for(cluster, tmp_path / "machines"))
    path = tmp_path / "lab.ini"
    path.write_text(INVENTORY)
    return path


def _machine(state: ClusterState, folder: Path, name: str, address: str) -> None:
    there = MachineFolder(folder / "machines" / state.cluster_id[:8] / name)
    there.path.mkdir(parents=True)
    there.write_record(
        NspawnRecord(
            cluster_id=state.cluster_id,
            name=name,
            unique_name=f"dcos-{name}",
            uuid="0" * 32,
            address=address,
            prefix_length=24,
            mac="02:00:00:00:00:01",
            host_side=f"dm-no-such-{name}",
            bridge="dcos-no-such",
            tree="/no/such/tree",
            image_key="key",
            cpus=1.0,
            mem_mb=1024,
            disk_mb=None,
        )
    )


def _all_machines(state: ClusterState, folder: Path) -> None:
    for name, address in HOSTS.items():
        _machine(state, folder, name, address)


@pytest.mark.parametrize("snapshot", [None, *DAMAGED])
def test_machines_are_destroyed_by_their_own_records(inventory: Path, tmp_path: Path, snapshot: bytes | None) -> None:
    state = open_state(inventory)
    _all_machines(state, tmp_path)
    (tmp_path / "machines" / state.cluster_id[:8] / "torn").mkdir()
    if snapshot is not None:
        state.spec.write_bytes(snapshot)
    inventory.unlink()
    job = commands.open_destroy(inventory, lambda event: None)
    assert job is not None and job.notes
    assert {host.name: host.address for host in job.spec.hosts} == {**HOSTS, "torn": ""}
    assert (job.spec.provider, job.spec.options) == ("nspawn", {"dcos_network": "198.18.9.0/24"})
    assert state.root.is_dir()


def test_machines_that_outlived_the_whole_state_are_destroyed_too(inventory: Path, tmp_path: Path) -> None:
    state = open_state(inventory)
    _all_machines(state, tmp_path)
    subprocess.run(["rm", "-r", state.root], check=True)
    job = commands.open_destroy(inventory, lambda event: None)
    assert job is not None and {host.name for host in job.spec.hosts} == set(HOSTS)


def test_a_ruin_without_known_masters_is_taken_away_to_its_end(inventory: Path, tmp_path: Path) -> None:
    state = open_state(inventory)
    _machine(state, tmp_path, "m1", HOSTS["m1"])
    spec = what_is_left(state, inventory)
    assert spec is not None and not spec.masters
    (tmp_path / "hosts").mkdir()
    ctx = pretend(tmp_path / "hosts", spec, state=state)
    ctx.machines_disk.write("m1", condition="running")
    run_phases(ctx, commands.destroy_phases(purge=False))
    assert ctx.machines_disk.all() == {}
    assert not state.root.exists() and find_state(inventory) is None


def test_where_nothing_is_left_the_state_is_forgotten_but_not_under_somebody_at_work(inventory: Path) -> None:
    state = open_state(inventory)
    holder = lock.this_holder("r", state.cluster_id, "deploy", state.lock, 0.0)
    with lock.hold_here(state.lock, holder), pytest.raises(LockHeld):
        commands.open_destroy(inventory, lambda event: None)
    assert state.root.is_dir()
    assert commands.open_destroy(inventory, lambda event: None) is None
    assert find_state(inventory) is None and not state.root.exists()


def test_existing_hosts_are_cleared_by_the_inventory_or_not_forgotten(inventory: Path) -> None:
    inventory.write_text(STATIC)
    state = open_state(inventory)
    state.spec.write_bytes(b"{")
    job = commands.open_destroy(inventory, lambda event: None)
    assert job is not None and (job.spec.provider, len(job.spec.masters)) == ("static", 1)
    inventory.unlink()
    with pytest.raises(StateError) as caught:
        commands.open_destroy(inventory, lambda event: None)
    assert "put the inventory back" in caught.value.hint and str(state.root) in caught.value.hint
    assert state.spec.exists()


@pytest.mark.parametrize("snapshot", DAMAGED)
def test_a_damaged_snapshot_is_told_in_plain_words(inventory: Path, snapshot: bytes) -> None:
    state = open_state(inventory)
    state.spec.write_bytes(snapshot)
    with pytest.raises(SnapshotDamaged) as caught:
        last_spec(state)
    message = str(caught.value)
    assert str(state.spec) in message and "damaged" in message and "dcos-installer deploy" in message
    assert "http" not in message and "pydantic" not in message and "validation error" not in message


def test_a_deploy_writes_the_snapshot_anew_when_the_machines_are_the_inventorys(
    inventory: Path, tmp_path: Path
) -> None:
    state = open_state(inventory)
    state.spec.write_bytes(b"\xff{")
    _all_machines(state, tmp_path)
    job = commands.open_job("deploy", inventory, state, lambda event: None)
    assert str(state.spec) in job.notes[0]
    remember_spec(state, job.spec)
    assert last_spec(state) == job.spec


def test_a_deploy_is_refused_when_other_machines_exist(inventory: Path, tmp_path: Path) -> None:
    state = open_state(inventory)
    state.spec.write_bytes(b"{")
    _machine(state, tmp_path, "m1", "198.18.9.99")
    with pytest.raises(SnapshotDamaged) as caught:
        commands.open_job("deploy", inventory, state, lambda event: None)
    assert "m1 198.18.9.99/24" in caught.value.why and "m1 198.18.9.11/24" in caught.value.why
    assert f"mv {state.spec}" in caught.value.hint
    inventory.write_text(STATIC)
    assert "existing hosts" in mismatch(state, load_spec(inventory))


def test_a_log_is_written_though_its_folder_was_removed(tmp_path: Path) -> None:
    with commands._log_file(tmp_path / "gone" / "run.log"):
        commands.log.info("said")
    assert "said" in (tmp_path / "gone" / "run.log").read_text()
