"""The disk of a local machine as it is mounted: of fixed size, kept over a restart, giving back what is deleted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dcos_installer.providers.nspawn.disk import loop_devices
from dcos_installer.providers.nspawn.machine import MachineFolder, NspawnRecord
from dcos_installer.providers.nspawn.mounts import mount_disk, mount_root, unmount_all
from tests.support.daemons.byhand import wait_for

MB = 1 << 20
RECORD = NspawnRecord(
    cluster_id="00000000-0000-4000-8000-000000000000",
    name="m",
    unique_name="dcos-test-disk",
    uuid="0" * 32,
    address="198.18.153.2",
    prefix_length=24,
    mac="",
    host_side="",
    bridge="",
    tree="",
    image_key="",
    cpus=None,
    mem_mb=None,
    disk_mb=64,
)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[tuple[MachineFolder, NspawnRecord]]:
    if os.geteuid() != 0 or not loop_devices():
        pytest.skip("disks of machines want root and loop devices")
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "golden").write_text("golden\n")
    folder = MachineFolder(tmp_path / "machine")
    folder.path.mkdir()
    record = replace(RECORD, tree=str(tree))
    yield folder, record
    unmount_all(folder, record.unique_name, keep_disk=False)


def test_a_disk_holds_what_it_may_and_no_more(machine: tuple[MachineFolder, NspawnRecord]) -> None:
    folder, record = machine
    mount_disk(folder, record)
    mount_root(folder, record)
    assert (folder.root / "golden").read_text() == "golden\n"
    (folder.root / "own").write_text("own\n")
    full = subprocess.run(["head", "-c", "100M", "/dev/zero"], stdout=(folder.root / "big").open("wb"), check=False)
    assert full.returncode != 0
    assert 40 * MB < (folder.root / "big").stat().st_size < 64 * MB
    os.sync()
    assert 40 * MB < folder.disk_image.stat().st_blocks * 512 <= 65 * MB
    # Again while it is mounted: nothing changes.
    mount_disk(folder, record)
    unmount_all(folder, record.unique_name, keep_disk=True)
    assert folder.mounts() == [str(folder.disk)]
    mount_disk(folder, record)
    mount_root(folder, record)
    (folder.root / "big").unlink()
    os.sync()
    wait_for(lambda: folder.disk_image.stat().st_blocks * 512 < 20 * MB, what="the room to be given back")
    # As after a restart of the host.
    unmount_all(folder, record.unique_name, keep_disk=False)
    assert folder.mounts() == []
    mount_disk(folder, record)
    mount_root(folder, record)
    assert (folder.root / "own").read_text() == "own\n"


def test_a_machines_state_is_a_folder_of_its_disk(machine: tuple[MachineFolder, NspawnRecord]) -> None:
    """With what the golden tree has there, and made once."""
    folder, record = machine
    golden = Path(record.tree) / "var/lib/dcos/auth"
    golden.mkdir(parents=True, mode=0o750)
    os.chown(golden, 901, 901)
    mount_disk(folder, record)
    assert not folder.plain.exists(), "machines of earlier versions have it in their layer"
    mount_disk(folder, replace(record, plain_state=True))
    state = (folder.plain / "auth").stat()
    assert (state.st_uid, state.st_mode & 0o777) == (901, 0o750) and folder.plain.stat().st_mode & 0o777 == 0o755
    (folder.plain / "own").write_text("own\n")
    mount_disk(folder, replace(record, plain_state=True))
    assert (folder.plain / "own").read_text() == "own\n"


def test_a_machine_without_a_limit_is_on_a_folder(machine: tuple[MachineFolder, NspawnRecord]) -> None:
    folder, record = machine
    mount_disk(folder, replace(record, disk_mb=None))
    assert folder.mounts() == [] and not folder.disk_image.exists()
