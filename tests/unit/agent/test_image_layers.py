"""Layers as overlayfs sees them, and hostile ones: nothing gets out of the tree, nothing takes more than it may."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dcos_runtime.agent.containers import overlay
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.images.tree import OPAQUE, Tree
from dcos_runtime.agent.images.unpack import Unpacked, unpack
from tests.support.agent.image_lab import Entry, folder, hard, link, tar

LIMIT = 1 << 20


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("layers have owners, which only root can give")
    if why := overlay.shortcoming(tmp_path):
        pytest.skip(why)
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("secret")
    yield tmp_path
    assert sorted(path.name for path in outside.iterdir()) == ["secret"], "something was written outside"
    assert (outside / "secret").read_text() == "secret" and (outside / "secret").stat().st_nlink == 1


def layer(place: Path, packed: bytes, *, limit: int = LIMIT) -> Unpacked:
    """Unpacks it over those that are there."""
    store = place / "layers"
    store.mkdir(exist_ok=True)
    below = sorted(store.iterdir(), key=lambda path: -int(path.name))
    top = store / str(len(below))
    top.mkdir()
    done = unpack(io.BytesIO(packed), Tree(top, below), limit)
    assert done.diff_id == "sha256:" + hashlib.sha256(packed).hexdigest()
    return done


def seen(place: Path) -> dict[str, str]:
    """What a container sees: paths, with the contents of files and the targets of links."""
    store = place / "layers"
    layers = sorted(store.iterdir(), key=lambda path: -int(path.name))
    root = place / "root"
    overlay.mount(layers, place / "own", root)
    try:
        found = {}
        for path in sorted(root.rglob("*")):
            name = str(path.relative_to(root))
            if path.is_symlink():
                found[name] = f"-> {path.readlink()}"
            else:
                found[name] = path.read_text() if path.is_file() else "/" if path.is_dir() else "special"
        return found
    finally:
        overlay.unmount(root)


# --- as the standard says ---------------------------------------------------------------------------------------------


def test_the_end_is_found_by_any_tarfile_of_the_standard_library(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of Debian's security updates calls no method that a subclass could have in place of ``frombuf``."""

    def newer(cls: type[tarfile.TarInfo], archive: tarfile.TarFile) -> tarfile.TarInfo:
        made: tarfile.TarInfo = before.__func__(type("Own", (tarfile.TarInfo,), {}), archive)
        return made

    before = tarfile.TarInfo.__dict__["fromtarfile"]
    monkeypatch.setattr(tarfile.TarInfo, "fromtarfile", classmethod(newer))
    packed = tar(Entry("a", b"1"), Entry("b", b"2"))
    assert layer(place, packed).size == 2
    with pytest.raises(ImageError, match="cut off"):
        layer(place, packed.rstrip(b"\0") + bytes(512 - len(packed.rstrip(b"\0")) % 512))


def test_layers_add_replace_and_hide(place: Path) -> None:
    layer(place, tar(folder("d"), Entry("d/kept", b"1"), Entry("d/gone", b"1"), folder("o"), Entry("o/old", b"1")))
    layer(place, tar(Entry("d/.wh.gone"), Entry("d/kept", b"2"), folder("o"), Entry("o/.wh..wh..opq"), Entry("o/new")))
    layer(place, tar(Entry(".wh.absent"), Entry("d/added", b"3")))
    assert seen(place) == {"d": "/", "d/added": "3", "d/kept": "2", "o": "/", "o/new": ""}


def test_a_whiteout_hides_only_what_is_below_whatever_its_place_in_the_layer(place: Path) -> None:
    layer(place, tar(folder("a"), Entry("a/old"), folder("b"), Entry("b/old"), Entry("f", b"old")))
    layer(place, tar(Entry(".wh.a"), folder("a"), Entry("a/new"), Entry("f", b"new"), Entry(".wh.f")))
    layer(place, tar(folder("b"), Entry("b/new"), Entry(".wh.b")))
    assert seen(place) == {"a": "/", "a/new": "", "b": "/", "b/new": "", "f": "new"}


def test_kinds_of_entries_change_from_layer_to_layer_and_within_one(place: Path) -> None:
    layer(place, tar(folder("x"), Entry("x/in"), Entry("y", b"file"), link("z", "x")))
    layer(place, tar(Entry("x", b"file now"), folder("y"), Entry("y/in", b"1"), folder("z"), Entry("z/own")))
    layer(place, tar(Entry("w", b"1"), folder("w"), Entry("w/in"), Entry("w", b"last")))
    assert seen(place) == {"w": "last", "x": "file now", "y": "/", "y/in": "1", "z": "/", "z/own": ""}


def test_folders_that_a_layer_does_not_name_are_as_those_below(place: Path) -> None:
    layer(place, tar(folder("home", 0o711, uid=1), folder("home/app", 0o1750, uid=7, gid=8)))
    layer(place, tar(Entry("home/app/new/deep"), link("way", "home/app")))
    layer(place, tar(Entry("way/through", b"1")))
    assert seen(place)["home/app/through"] == "1"
    for number in ("1", "2"):
        state = (place / "layers" / number / "home" / "app").stat()
        assert (stat.S_IMODE(state.st_mode), state.st_uid, state.st_gid) == (0o1750, 7, 8)
    assert stat.S_IMODE((place / "layers" / "1" / "home" / "app" / "new").stat().st_mode) == 0o755


def test_owners_modes_times_and_attributes_are_kept(place: Path) -> None:
    pax = {
        "SCHILY.xattr.user.mine": "value",
        "SCHILY.xattr.user.overlay.redirect": "/outside",
        "SCHILY.xattr.trusted.overlay.redirect": "/outside",
        "SCHILY.xattr.trusted.overlay.opaque": "y",
        "SCHILY.xattr.security.selinux": "x",
    }
    layer(place, tar(folder("d", 0o2755, pax=pax), Entry("d/setuid", b"x", mode=0o4755, uid=3, gid=4, pax=pax)))
    top = place / "layers" / "0" / "d"
    state = (top / "setuid").stat()
    assert (stat.S_IMODE(state.st_mode), state.st_uid, state.st_gid, state.st_mtime) == (0o4755, 3, 4, 1_000_000_000)
    assert top.stat().st_mtime == 1_000_000_000 and stat.S_IMODE(top.stat().st_mode) == 0o2755
    for path in (top, top / "setuid"):
        assert [name for name in os.listxattr(path) if not name.startswith("system.")] == ["user.mine"]


def test_hard_links_are_one_file_also_to_what_is_below(place: Path) -> None:
    layer(place, tar(folder("d"), Entry("d/old", b"old", uid=5)))
    layer(place, tar(Entry("a", b"1"), hard("b", "a"), hard("c", "./b"), hard("e/linked", "d/old"), hard("a", "a")))
    top = place / "layers" / "1"
    assert (top / "a").stat().st_nlink == 3 and (top / "e" / "linked").stat().st_uid == 5
    assert seen(place) == {"a": "1", "b": "1", "c": "1", "d": "/", "d/old": "old", "e": "/", "e/linked": "old"}


def test_long_and_odd_names(place: Path) -> None:
    names = ["ü/ß", "with space", "new\nline", "n" * 255, "/absolute", "./dot/./ted", "a" * 200 + "/" + "b" * 200]
    layer(place, tar(*(Entry(name, b"1") for name in names)))
    assert sum(1 for content in seen(place).values() if content == "1") == len(names)


def test_sparse_and_contiguous_files_and_pipes(place: Path) -> None:
    layer(place, tar(Entry("contiguous", b"1", kind=tarfile.CONTTYPE), Entry("pipe", kind=tarfile.FIFOTYPE)))
    assert seen(place) == {"contiguous": "1", "pipe": "special"}


# --- hostile ----------------------------------------------------------------------------------------------------------

DEVICE = Entry("dev/sda", kind=tarfile.BLKTYPE, device=(8, 0), mode=0o666)

HOSTILE = {
    "upwards": tar(Entry("../outside/own")),
    "upwards inside": tar(folder("a"), Entry("a/../../outside/own")),
    "upwards only": tar(folder("..")),
    "upwards by a link's folder": tar(hard("x", "../outside/secret")),
    "hard link to nothing": tar(hard("x", "absent")),
    "hard link to an absolute path outside": tar(hard("x", "/etc/shadow")),
    "hard link to a folder": tar(folder("d"), hard("x", "d")),
    "hard link through a link outside": tar(link("way", "../../../outside"), hard("x", "way/secret")),
    "hard link to the root": tar(hard("x", "/")),
    "through a file": tar(Entry("f"), Entry("f/x")),
    "through a link that turns": tar(link("a", "b"), link("b", "a"), Entry("a/x")),
    "whiteout of the folder above": tar(Entry(".wh...")),
    "whiteout of the folder itself": tar(Entry("d/.wh..")),
    "whiteout of nothing": tar(Entry(".wh.")),
    "opaque root": tar(Entry(".wh..wh..opq")),
    "endless name": tar(Entry("n" * 256)),
    "deep folders": tar(Entry("/".join(["d"] * 600))),
    "long path": tar(Entry("/".join(["d" * 200] * 20))),
    "unknown kind": tar(Entry("x", kind=b"V")),
    "user that cannot be": tar(Entry("x", uid=(1 << 32) - 1)),
    "negative group": tar(Entry("x", gid=-1)),
    "time that is none": tar(Entry("x", pax={"mtime": "nan"})),
    "time without end": tar(Entry("x", pax={"mtime": "inf"})),
    "far future": tar(Entry("x", mtime=float(1 << 40))),
    "link to nothing": tar(link("x", "")),
    "too large": tar(Entry("x", b"0" * (LIMIT + 1))),
    "too large together": tar(*(Entry(f"x{number}", b"0" * (LIMIT // 4)) for number in range(5))),
    "cut off": tar(Entry("x", b"1" * 2000))[:1500],
    "without an end": tar(Entry("x", b"1"))[:1024],
    "no tar at all": b"#!/bin/sh\n" * 1000,
    "empty": b"",
    "damaged header": tar(Entry("a")) [:512] + b"\x01" * 512 + bytes(1024),
}  # fmt: skip


@pytest.mark.parametrize("packed", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_layers_end_with_an_error(place: Path, packed: bytes) -> None:
    with pytest.raises((ImageError, tarfile.TarError, OSError, ValueError)):
        layer(place, packed)


@pytest.mark.parametrize("target", ["../../../outside", "../outside", "/outside", "{place}/outside", "../" * 30])
def test_links_lead_inside_the_image_only(place: Path, target: str) -> None:
    there = target.format(place=place)
    layer(place, tar(link("way", there), Entry("way/own", b"1"), folder("way/made")))
    layer(place, tar(Entry("way/more", b"2"), Entry("way/.wh.own"), folder("way/made/deep")))
    found = [name for name, content in seen(place).items() if content == "2"]
    assert len(found) == 1  # in the image, wherever that is: `place` says that nothing is outside


def test_devices_are_left_out_and_cannot_pass_for_whiteouts(place: Path) -> None:
    layer(place, tar(Entry("passwd", b"1"), folder("dev")))
    forged = replace(DEVICE, name="passwd", kind=tarfile.CHRTYPE, device=(0, 0))
    done = layer(place, tar(DEVICE, forged, replace(DEVICE, name="dev/null", kind=tarfile.CHRTYPE, device=(1, 3))))
    assert done.left_out == 3
    assert seen(place) == {"dev": "/", "passwd": "1"}


def test_a_layer_cannot_mark_folders_opaque_by_attributes(place: Path) -> None:
    layer(place, tar(folder("d"), Entry("d/old", b"1")))
    layer(place, tar(folder("d", pax={f"SCHILY.xattr.{OPAQUE}": "y"})))
    assert seen(place) == {"d": "/", "d/old": "1"}


def test_a_copy_of_a_large_file_below_counts(place: Path) -> None:
    layer(place, tar(Entry("big", b"0" * 60_000)))
    with pytest.raises(ImageError, match="takes more than"):
        layer(place, tar(*(hard(f"l{number}", "big") for number in range(2))), limit=50_000)


def test_an_archive_of_headers_without_end_is_ended(place: Path) -> None:
    with pytest.raises(ImageError, match="takes more than"):
        layer(place, tar(*(Entry(f"f{number}") for number in range(3000))))
