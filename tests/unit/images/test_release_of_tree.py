"""What a tree is, held against what its definition says of its release."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dcos_images import packages
from dcos_images.errors import ImageError
from dcos_images.trees import ImageTree


def job(root: Path, **release: str) -> Any:
    said = {"codename": "bookworm", "os_id": "debian", "os_version": "12", "python": "cp311", "libc": "glibc-2.36"}
    return SimpleNamespace(tree=ImageTree(root, 0), release=SimpleNamespace(**said, **release))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "etc/os-release").write_text('ID=debian\nVERSION_ID="12"\n')
    monkeypatch.setattr(packages, "package_versions", lambda root: {"libc6": "2.36-9"})
    return tmp_path


def test_a_tree_of_its_release_is_taken(root: Path) -> None:
    (root / "usr/bin/python3").symlink_to("python3.11")
    packages.check_release(job(root))


def test_another_python_is_told(root: Path) -> None:
    (root / "usr/bin/python3").symlink_to("python3.13")
    with pytest.raises(ImageError, match="the image's python is not what") as caught:
        packages.check_release(job(root))
    assert caught.value.why == "it is 'cp313', not 'cp311'"


@pytest.mark.parametrize("plain", [False, True], ids=["none", "a plain file"])
def test_a_tree_without_python_is_told(root: Path, plain: bool) -> None:
    if plain:
        (root / "usr/bin/python3").write_text("")
    with pytest.raises(ImageError, match="the image's python is not what") as caught:
        packages.check_release(job(root))
    assert caught.value.why == "it has none, and is to have 'cp311'"
