"""Publishing into a folder that others can write to as well: links, strange records, other bytes under our names."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest

from dcos_images.errors import ImageError
from dcos_images.publishing import folder as folder_module
from dcos_images.publishing.folder import Published, check_folder, publish_to_folder
from dcos_images.publishing.publication import Publication, files_of, publication
from tests.support.images.published import a_netboot, an_image, no_progress

OWN = f"vm.update-{'a' * 16}/root.erofs"


@pytest.fixture
def prepared(tmp_path: Path) -> Publication:
    return publication("rack", a_netboot(tmp_path / "one", "one"))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    made = tmp_path / "www/rack"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/root.erofs").write_text("precious")
    return tmp_path / "outside/root.erofs"


def published(prepared: Publication, place: Path, keep: int = 0) -> Published:
    return publish_to_folder(prepared, place.parent, keep=keep, progress=no_progress)


def a_record(*names: str) -> str:
    return json.dumps({"files": {name: {"sha256": "0" * 64, "size": 1} for name in names}})


@pytest.mark.parametrize("name", [".lock", "published.json", ".earlier.json"])
def test_no_file_of_ours_is_reached_through_a_link(name: str, prepared: Publication, place: Path, victim: Path) -> None:
    (place / name).symlink_to(victim)
    with pytest.raises(ImageError, match="is not a file") as caught:
        published(prepared, place)
    assert victim.read_text() == "precious" and str(place / name) in str(caught.value)


@pytest.mark.parametrize("name", [".lock", "published.json"])
def test_a_fifo_is_not_waited_for(name: str, prepared: Publication, place: Path) -> None:
    os.mkfifo(place / name)
    with pytest.raises(ImageError, match="is not a file"):
        published(prepared, place)


def test_links_under_names_that_are_written_are_replaced(prepared: Publication, place: Path, victim: Path) -> None:
    for name in (prepared.kept[0].name, "boot.efi", "manifest.json"):
        (place / name).symlink_to(victim)
    published(prepared, place)
    assert victim.read_text() == "precious" and not any(path.is_symlink() for path in place.iterdir())


def test_the_image_s_own_folder_is_no_link(prepared: Publication, place: Path, victim: Path) -> None:
    place.rmdir()
    place.symlink_to(victim.parent)
    with pytest.raises(ImageError, match="cannot be published to"):
        published(prepared, place)
    assert [path.name for path in victim.parent.iterdir()] == ["root.erofs"]


def test_nothing_is_brought_through_a_link(tmp_path: Path, place: Path, victim: Path) -> None:
    update = tmp_path / "vm.update"
    update.mkdir()
    (update / "root.erofs").write_text("root")
    prepared = publication("rack", an_image(tmp_path, "one", {"update": update}))
    (place / prepared.kept[0].name).parent.symlink_to(victim.parent)
    with pytest.raises(ImageError, match="cannot be published to"):
        published(prepared, place)
    assert victim.read_text() == "precious"


def test_nothing_is_removed_through_a_link(prepared: Publication, place: Path, victim: Path) -> None:
    (place / "published.json").write_text(a_record(OWN))
    (place / OWN).parent.symlink_to(victim.parent)
    assert published(prepared, place).removed == (OWN,)
    assert victim.read_text() == "precious"


def test_a_folder_in_the_place_of_an_old_file_stays(prepared: Publication, place: Path) -> None:
    (place / "published.json").write_text(a_record(OWN))
    (place / OWN).mkdir(parents=True)
    published(prepared, place)
    assert (place / OWN).is_dir()


@pytest.mark.parametrize(
    "name",
    [
        *("boot.efi", "boot.ipxe", "manifest.json", "published.json", ".lock", ".earlier.json", "other.txt", "sub"),
        *("lnk/victim", f"../x-{'a' * 16}", f"/x-{'a' * 16}", f"x-{'a' * 16}/../y", f"x-{'a' * 16}/y/z"),
        *(f"x-{'a' * 16}\0", f"x-{'a' * 16}\n", f".x-{'a' * 16}", f"x-{'a' * 16}/.y", f"\u00fc-{'a' * 16}", ""),
    ],
)
@pytest.mark.parametrize("where", ["published.json", ".earlier.json"])
def test_a_record_with_names_that_are_not_ours_is_refused(
    name: str, where: str, prepared: Publication, place: Path
) -> None:
    record = a_record(name)
    (place / where).write_text(record if where == "published.json" else json.dumps([record]))
    with pytest.raises(ImageError, match="does not say what is published there"):
        published(prepared, place)
    assert {path.name for path in place.iterdir()} == {".lock", where}


@pytest.mark.parametrize(
    "text",
    [
        *(b"[1]", b"{}", b"not ours", b"\xff", b"", b"[" * 100_000, a_record().encode("utf-16")),
        *(b'{"files": {"x-%s": %s}}' % (b"a" * 64, one) for one in (b"1", b"{}", b'{"sha256": "x", "size": 1}')),
        b'{"files": {"x-%s": {"sha256": "%s", "size": true}}}' % (b"a" * 64, b"0" * 64),
    ],
)
def test_a_record_of_somebody_else_is_refused(text: bytes, prepared: Publication, place: Path) -> None:
    (place / "published.json").write_bytes(text)
    with pytest.raises(ImageError, match="does not say what is published there"):
        published(prepared, place)


def test_our_own_records_are_read(prepared: Publication) -> None:
    record = dict(prepared.fixed)["published.json"]
    assert files_of(record, "it") == tuple(sorted(item.name for item in prepared.kept))


def test_other_bytes_of_the_same_size_under_our_name_are_replaced(prepared: Publication, place: Path) -> None:
    item = prepared.kept[0]
    (place / item.name).write_bytes(b"A" * item.size)
    published(prepared, place)
    assert (place / item.name).read_bytes() == item.source.read_bytes()
    assert published(prepared, place).brought == 0


def test_a_full_disk_names_the_folder_and_no_cache(
    prepared: Publication, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*words: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder_module, "write_whole", full)
    with pytest.raises(ImageError, match="there is no room for the image in") as caught:
        published(prepared, place)
    assert "publish again" in caught.value.hint and "gc" not in caught.value.hint


def test_a_place_is_looked_at_before(tmp_path: Path, place: Path) -> None:
    check_folder("rack", place.parent)
    check_folder("rack", tmp_path / "not/yet/there")
    (tmp_path / "file").write_text("")
    (tmp_path / "www/link").symlink_to(place)
    for name, folder in (("rack", tmp_path / "file"), ("rack", tmp_path / "file/below"), ("link", place.parent)):
        with pytest.raises(ImageError, match="cannot be published to"):
            check_folder(name, folder)
