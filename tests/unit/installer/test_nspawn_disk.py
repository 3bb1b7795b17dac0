"""Disks of local machines: all of them fit what is free."""

from __future__ import annotations

from pathlib import Path

from dcos_installer.providers import nspawn_disk


def test_a_default_disk_shares_what_is_left_evenly_and_is_never_more_than_the_default() -> None:
    assert nspawn_disk.default_mb(1_000_000, [], 4) == nspawn_disk.DEFAULT_MB
    assert nspawn_disk.default_mb(30_000, [6_000], 3) == 8_000
    for room in range(8_192, 200_000, 7_000):
        each = nspawn_disk.default_mb(room, [600], 3)
        assert 3 * each + 600 <= room


def test_what_disks_may_still_take_is_not_free(tmp_path: Path) -> None:
    before = nspawn_disk.room_mb(tmp_path / "not/there/yet")
    machine = tmp_path / "cluster" / "m1"
    machine.mkdir(parents=True)
    with (machine / "disk.img").open("wb") as image:
        image.truncate(2048 << 20)
    assert before - 2048 - 512 <= nspawn_disk.room_mb(tmp_path) <= before - 2048 + 512
    with (machine / "disk.img").open("wb") as image:
        image.truncate(1 << 43)
    assert nspawn_disk.room_mb(tmp_path) == 0
