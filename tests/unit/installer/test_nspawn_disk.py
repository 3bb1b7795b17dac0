"""Disks of local machines: all of them fit what is free."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from dcos_installer.providers import nspawn_disk


def test_a_default_disk_shares_what_is_left_evenly_and_is_never_more_than_the_default() -> None:
    assert nspawn_disk.default_mb(1_000_000, [], 4) == nspawn_disk.DEFAULT_MB
    assert nspawn_disk.default_mb(30_000, [6_000], 3) == 4_000
    for room in range(8_192, 200_000, 7_000):
        each = nspawn_disk.default_mb(room, [600], 3)
        assert 3 * each + 600 <= room


def test_default_disks_leave_a_half_to_other_clusters_while_there_is_enough() -> None:
    room, clusters = 60_000, 0
    while (each := nspawn_disk.default_mb(room, [], 4)) >= nspawn_disk.LEAST_MB:
        assert 4 * each <= room // 2 or each == nspawn_disk.LEAST_MB
        room, clusters = room - 4 * each, clusters + 1
    assert clusters == 3


def test_what_disks_may_still_take_is_not_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = SimpleNamespace(f_bavail=100_000 << 8, f_frsize=4096)  # 100,000 MB, whatever else this host does meanwhile
    monkeypatch.setattr(os, "statvfs", lambda _: free)
    before = nspawn_disk.room_mb(tmp_path / "not/there/yet")
    assert before == 80_000
    machine = tmp_path / "cluster" / "m1"
    machine.mkdir(parents=True)
    with (machine / "disk.img").open("wb") as image:
        image.truncate(2048 << 20)
    assert nspawn_disk.room_mb(tmp_path) == before - 2048
    with (machine / "disk.img").open("wb") as image:
        image.truncate(1 << 43)
    assert nspawn_disk.room_mb(tmp_path) == 0
