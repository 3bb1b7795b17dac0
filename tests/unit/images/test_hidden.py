"""What a machine's own files in /etc hide of a new image: the overlay's upper layer held against two lower ones."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

import dcos_images.machine.hidden as module
from dcos_images.machine.hidden import Hidden, hidden

OLD = {"same": "1", "sshd": "old", "gone": "1", "apt/conf": "old", "apt/other": "1", "becomes-link": "1"}
NEW = {"same": "1", "sshd": "new", "added": "1", "apt/conf": "new", "apt/other": "1", "deep/new/file": "1"}


def tree(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def found(tmp_path: Path, upper: dict[str, str]) -> dict[str, str]:
    old, new = tree(tmp_path / "old", OLD), tree(tmp_path / "new", NEW)
    (new / "becomes-link").symlink_to("same")
    return {one.path: one.why for one in hidden(tree(tmp_path / "upper", upper), old, new)}


@pytest.mark.parametrize(
    ("upper", "expected"),
    [
        ({}, {}),
        ({"machine-id": "1", "same": "mine"}, {}),
        ({"sshd": "mine"}, {"sshd": "changed here, and in the new image"}),
        ({"sshd": "old"}, {"sshd": "copied here as the old image had it"}),
        ({"sshd": "new"}, {}),
        ({"added": "mine"}, {"added": "made here, and new there"}),
        ({"added": "1"}, {}),
        ({"gone": "mine"}, {}),
        ({"apt/conf": "mine", "apt/other": "mine"}, {"apt/conf": "changed here, and in the new image"}),
        ({"deep/new/file": "mine", "deep/mine": "1"}, {"deep/new/file": "made here, and new there"}),
        ({"becomes-link": "mine"}, {"becomes-link": "changed here, and in the new image"}),
        ({"sshd/folder": "mine"}, {"sshd": "a folder here, and no folder in the new image"}),
        ({"apt": "a file"}, {"apt": "changed here, and in the new image"}),
    ],
)
def test_only_what_the_new_image_changes_and_the_machine_has_otherwise_is_told(
    tmp_path: Path, upper: dict[str, str], expected: dict[str, str]
) -> None:
    assert found(tmp_path, upper) == expected


def test_modes_count_too(tmp_path: Path) -> None:
    upper = tree(tmp_path / "upper", {"same": "1"})
    old, new = tree(tmp_path / "old", OLD), tree(tmp_path / "new", NEW)
    (new / "same").chmod(0o600)
    assert hidden(upper, old, new) == [Hidden("same", "copied here as the old image had it")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_what_was_removed_here_is_told_when_the_image_changes_it(tmp_path: Path) -> None:
    upper = tree(tmp_path / "upper", {})
    for name in ("sshd", "same", "added"):
        os.mknod(upper / name, stat.S_IFCHR | 0o600, 0)  # a whiteout of overlayfs
    old, new = tree(tmp_path / "old", OLD), tree(tmp_path / "new", NEW)
    assert {one.path: one.why for one in hidden(upper, old, new)} == {
        "sshd": "removed here, and changed in the new image",
        "added": "removed here",
    }


def test_a_folder_that_hides_all_below_it_is_told_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_is_opaque", lambda path: path.name == "apt")
    assert found(tmp_path, {"apt/conf": "mine"}) == {"apt": "changed here, and in the new image"}
