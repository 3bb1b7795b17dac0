"""Clusters of local machines that are made and destroyed beside each other on one host: what vanishes fails nothing."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcos_installer.providers.nspawn import cgroups, disk, remains
from dcos_installer.providers.nspawn.cgroups import ControlGroup, Hierarchy
from dcos_installer.providers.nspawn.machine import MachineFolder, NspawnRecord
from tests.support.installer.nspawn_parts import RECORD


@pytest.fixture
def others(tmp_path: Path) -> Iterator[Path]:
    """The folder of all clusters' machines, in which another cluster comes and goes, and all of it with that."""
    machines, over = tmp_path / "machines", threading.Event()

    def come_and_go() -> None:
        while not over.is_set():
            (machines / "other" / "m1").mkdir(parents=True)
            (machines / "other" / "m1" / "disk.img").touch()
            shutil.rmtree(machines)

    thread = threading.Thread(target=come_and_go)
    thread.start()
    yield machines
    over.set()
    thread.join()


def test_the_room_for_disks_is_told_while_another_cluster_goes(others: Path) -> None:
    for _ in range(500):
        assert disk.room(others).free_mb > 0


def test_trees_in_use_are_told_while_a_machine_gets_its_first_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = MachineFolder(tmp_path / "cluster" / "m1")
    folder.path.mkdir(parents=True)
    read = MachineFolder.record

    def read_and_write(self: MachineFolder) -> NspawnRecord | None:
        found = read(self)
        self.write_record(RECORD)
        return found

    monkeypatch.setattr(MachineFolder, "record", read_and_write)
    assert remains.trees_in_use(tmp_path) == []
    assert remains.trees_in_use(tmp_path) == [Path(RECORD.tree)]


def test_a_control_group_that_goes_is_no_error_and_one_that_refuses_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "cpu.max"
    file.touch()
    gone = [True]

    def write(self: Path, text: str) -> int:
        if gone[0]:
            self.unlink()
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", write)
        cgroups._write_if_there(file, "max")
        file.touch()
        gone[0] = False
        with pytest.raises(OSError, match="Invalid argument"):
            cgroups._write_if_there(file, "max")


@pytest.mark.parametrize("number", [errno.ENOENT, errno.ENODEV, errno.EEXIST])
def test_groups_are_made_again_when_those_above_are_removed_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    hierarchy = Hierarchy(tmp_path, frozenset({"cpu"}))
    group = ControlGroup("/dcos-machines/cluster/m1", [hierarchy])
    make, left = ControlGroup._create, [2]

    def hindered(self: ControlGroup) -> None:
        if left[0]:
            left[0] -= 1
            raise OSError(number, os.strerror(number))
        make(self)

    monkeypatch.setattr(ControlGroup, "_create", hindered)
    group.create()
    assert (tmp_path / "dcos-machines/cluster/m1").is_dir()
    left[0] = 99
    with pytest.raises(OSError, match=os.strerror(number)):
        group.create()
