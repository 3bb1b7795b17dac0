"""Files laid into a machine's root: exact, in one step, and never outside of it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dcos_installer.providers.base import MachineFile, ProviderError
from dcos_installer.providers.nspawn.inject import inject


def test_files_and_missing_folders_are_made_with_their_modes(tmp_path: Path) -> None:
    inject(tmp_path, [MachineFile("/root/.ssh/authorized_keys", b"key\n", mode=0o600, folder_mode=0o700)])
    path = tmp_path / "root/.ssh/authorized_keys"
    assert path.read_bytes() == b"key\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/hosts").write_text("old")
    inject(tmp_path, [MachineFile("/etc/hosts", b"new")])
    assert [path.name for path in (tmp_path / "etc").iterdir()] == ["hosts"]
    assert (tmp_path / "etc/hosts").read_text() == "new"


@pytest.mark.skipif(os.geteuid() != 0, reason="injected files belong to root")
def test_a_file_that_is_right_already_is_not_written(tmp_path: Path) -> None:
    files = [MachineFile("/etc/hosts", b"same", mode=0o644)]
    inject(tmp_path, files)
    before = (tmp_path / "etc/hosts").stat()
    inject(tmp_path, files)
    assert (tmp_path / "etc/hosts").stat().st_ino == before.st_ino
    inject(tmp_path, [MachineFile("/etc/hosts", b"same", mode=0o600)])
    assert (tmp_path / "etc/hosts").stat().st_ino != before.st_ino


def test_a_link_on_the_way_is_refused(tmp_path: Path) -> None:
    host, machine = tmp_path / "host", tmp_path / "machine"
    (host / "etc").mkdir(parents=True)
    machine.mkdir()
    (machine / "etc").symlink_to(host / "etc")
    with pytest.raises(ProviderError, match="cannot write /etc/shadow") as caught:
        inject(machine, [MachineFile("/etc/shadow", b"mine")])
    assert "is a link" in str(caught.value)
    assert list((host / "etc").iterdir()) == []


def test_a_link_in_the_files_place_is_replaced_not_followed(tmp_path: Path) -> None:
    host, machine = tmp_path / "shadow", tmp_path / "machine"
    host.write_text("host's own")
    (machine / "etc").mkdir(parents=True)
    (machine / "etc/hosts").symlink_to(host)
    inject(machine, [MachineFile("/etc/hosts", b"machine's")])
    assert host.read_text() == "host's own"
    assert not (machine / "etc/hosts").is_symlink()
