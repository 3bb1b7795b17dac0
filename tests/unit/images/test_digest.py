"""One digest for a tree: it follows everything that makes an image differ, and nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dcos_images.digest import tree_digest


def tree(root: Path) -> Path:
    (root / "etc").mkdir(parents=True)
    (root / "etc" / "hosts").write_text("localhost\n")
    (root / "etc" / "copy").write_text("localhost\n")
    (root / "link").symlink_to("etc/hosts")
    for path in (root / "etc" / "hosts", root / "etc" / "copy", root / "link", root / "etc", root):
        os.utime(path, ns=(5, 5), follow_symlinks=False)
    return root


def still(root: Path, change: Callable[[], object]) -> None:
    """Makes a change without leaving a trace of it in the folders' times."""
    change()
    for path in (root / "etc", root, root / "link"):
        os.utime(path, ns=(5, 5), follow_symlinks=False)


def test_equal_trees_in_different_places_have_equal_digests(tmp_path: Path) -> None:
    assert tree_digest(tree(tmp_path / "one")) == tree_digest(tree(tmp_path / "two"))


def rewrite(root: Path) -> None:
    (root / "etc" / "hosts").write_text("localhosT\n")
    os.utime(root / "etc" / "hosts", ns=(5, 5))


def relink(root: Path) -> None:
    (root / "link").unlink()
    (root / "link").symlink_to("etc/copy")


def join(root: Path) -> None:
    (root / "etc" / "copy").unlink()
    (root / "etc" / "copy").hardlink_to(root / "etc" / "hosts")


@pytest.mark.parametrize(
    "change",
    [
        rewrite,
        relink,
        join,
        lambda root: (root / "etc" / "hosts").chmod(0o600),
        lambda root: os.utime(root / "etc" / "hosts", ns=(6, 6)),
        lambda root: (root / "etc" / "hosts").rename(root / "etc" / "hostz"),
        lambda root: (root / "etc" / "new").touch(),
        lambda root: (root / "etc" / "copy").unlink(),
        lambda root: (root / "etc" / "empty").mkdir(),
    ],
    ids=["content", "link", "hard link", "mode", "time", "name", "one more", "one less", "empty folder"],
)
def test_any_difference_makes_another_digest(change: Callable[[Path], object], tmp_path: Path) -> None:
    root = tree(tmp_path / "tree")
    before = tree_digest(root)
    still(root, lambda: change(root))
    assert tree_digest(root) != before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owners_count(tmp_path: Path) -> None:
    root = tree(tmp_path / "tree")
    before = tree_digest(root)
    os.chown(root / "etc" / "hosts", 1, 0)
    assert tree_digest(root) != before
