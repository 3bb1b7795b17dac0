"""The machine tree, built for real: twice the same bytes, nothing secret in it, untouched by what ran over it."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcos_images.digest import tree_digest, tree_lines
from dcos_images.images import Image, ImageBuilder
from dcos_installer.ansible.host.facts import altered_package
from dcos_installer.ansible.host.machine import SEEDS, Machine
from dcos_installer.bundle.images import Runtime, ensured
from dcos_installer.providers.image_builder import image_builder
from tests.support.images.workshop import no_trees
from tests.support.machines.nspawn_lab import needs_machines

pytestmark = [pytest.mark.machines, needs_machines]


@pytest.fixture(scope="module")
def golden() -> Iterator[Image]:
    """The tree that machines of this host boot from; built now when it is not in the cache."""
    with ensured(image_builder(lambda text: None), "machine") as image:
        yield image


def test_the_golden_tree_is_as_it_was_built_whatever_ran_over_it(golden: Image) -> None:
    assert tree_digest(golden.tree) == golden.digest


def built_in(cache: Path) -> Image:
    with ensured(ImageBuilder(trees_in_use=no_trees, cache=cache, runtime=Runtime()), "machine") as image:
        return image


@pytest.mark.soak  # two minutes of processor time
def test_the_golden_tree_built_again_has_identical_bytes(golden: Image, tmp_path: Path) -> None:
    again = built_in(tmp_path / "again")
    first = golden
    if again.packages != golden.packages:
        # The distribution moved on since the cached tree was built: that one is no longer the same question.
        first = built_in(tmp_path / "first")
    assert again.key == golden.key
    if again.digest != first.digest:
        differing = set(tree_lines(first.tree)) ^ set(tree_lines(again.tree))
        pytest.fail("\n".join(sorted(repr(line) for line in differing)[:20]))


def test_the_golden_tree_holds_no_keys_no_passwords_and_no_machines_name(golden: Image) -> None:
    root = golden.tree
    assert list((root / "etc/ssh").glob("ssh_host_*")) == []
    assert list((root / "root").glob(".ssh/*")) == []
    assert (root / "etc/machine-id").read_bytes() == b""
    assert not (root / "etc/hostname").exists()
    passwords = {line.split(":")[1] for line in (root / "etc/shadow").read_text().splitlines()}
    assert passwords <= {"*", "!", "!*"}
    assert stat.S_IMODE((root / "etc/shadow").stat().st_mode) & 0o007 == 0


def test_the_golden_tree_does_not_tell_where_it_came_from(golden: Image) -> None:
    root = golden.tree
    assert list((root / "etc/apt/sources.list.d").iterdir()) == []
    assert not (root / "etc/apt/sources.list").exists()
    assert [path for path in (root / "var/lib/apt/lists").iterdir() if path.is_file()] == []
    assert {"systemd", "openssh-server", "runc", "conmon", "tini", "libzookeeper-java"} <= set(golden.packages)


def test_the_golden_tree_has_the_daemons_their_users_and_the_command(golden: Image) -> None:
    (seed,) = (golden.tree / "usr/lib/dcos/packages").iterdir()
    assert altered_package(Machine(str(golden.tree)), seed.name, SEEDS) == ""
    assert (seed / "bin/dcos-agent").stat().st_mode & 0o111
    passwd = (golden.tree / "etc/passwd").read_text()
    assert "\ndcos-master:" in passwd and "\ndcos-zookeeper:" in passwd
    assert str((golden.tree / "usr/local/bin/dcos").readlink()) == "/opt/dcos/active/bin/dcos"
