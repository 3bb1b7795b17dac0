"""Disks of local machines: all of them fit what is free."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.nspawn import disk as nspawn_disk


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


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> None:
    """100,000 MiB are free, whatever else this host does meanwhile."""
    monkeypatch.setattr(os, "statvfs", lambda _: SimpleNamespace(f_bavail=100_000 << 8, f_frsize=4096))


def disk(machines: Path, cluster: str, name: str, mb: int) -> None:
    folder = machines / cluster / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "disk.img").open("wb") as image:
        image.truncate(mb << 20)


@pytest.mark.usefixtures("free")
def test_what_disks_may_still_take_is_not_free(tmp_path: Path) -> None:
    assert nspawn_disk.room(tmp_path / "not/there/yet").left_mb == 80_000
    disk(tmp_path, "cluster", "m1", 2048)
    assert nspawn_disk.room(tmp_path) == nspawn_disk.Room(100_000, {"cluster": 2048})
    assert nspawn_disk.room(tmp_path).left_mb == 80_000 - 2048
    disk(tmp_path, "cluster", "m1", 1 << 23)
    assert nspawn_disk.room(tmp_path).left_mb == 0


@pytest.mark.usefixtures("free")
def test_a_refusal_for_want_of_room_has_the_figures_and_what_would_help(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nspawn_disk, "loop_devices", lambda: True)
    nspawn_disk.refuse_without_room(tmp_path, {"m1": 40_000, "a1": 40_000})
    disk(tmp_path, "0f8fad5b", "m1", 30_000)
    disk(tmp_path, "0f8fad5b", "a1", 20_000)
    disk(tmp_path, "deadbeef", "m1", 25_000)
    nspawn_disk.refuse_without_room(tmp_path, {})  # what is there stays
    with pytest.raises(ProviderError) as caught:
        nspawn_disk.refuse_without_room(tmp_path, {"m1": 4_000, "a1": 4_000, "a2": None})
    error = caught.value
    assert "no room for the disks of m1, a1, a2" in error.what
    assert "take up to 10048 MiB" in error.why and f"100000 MiB are free at {tmp_path}" in error.why
    assert "may still take 75000 MiB (0f8fad5b 50000 MiB, deadbeef 25000 MiB): 5000 MiB are left" in error.why
    for remedy in ("destroy a cluster", f"free space at {tmp_path}", "dcos_disk=1666 would fit"):
        assert remedy in error.hint
    assert "make setup" not in str(error)
    nspawn_disk.refuse_without_room(tmp_path, dict.fromkeys(["m1", "a1", "a2"], 1666))


def test_a_size_that_cannot_be_enforced_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nspawn_disk, "loop_devices", lambda: False)
    with pytest.raises(ProviderError, match="loop devices"):
        nspawn_disk.refuse_without_room(tmp_path, {"m1": 256})
