"""What a machine's image brings along: packages are copied from it and not brought, its users stay."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from dcos_images.including import load_definition, names
from dcos_installer.ansible.assumed import assumed
from dcos_installer.ansible.host.errors import HostError
from dcos_installer.ansible.host.facts import altered_package
from dcos_installer.ansible.host.machine import IMAGE_USERS, PACKAGES, SEEDS
from dcos_installer.ansible.host.packages import receive, unpack
from dcos_installer.bundle import Built
from dcos_installer.bundle.archive import keep, pack
from dcos_installer.bundle.images import carried
from dcos_installer.machines import THIS_RUNTIME, Carried
from dcos_installer.plan.manifest import Link, Manifest, User
from dcos_installer.services import installed
from tests.support.installer.folder_hosts import Host, a_manifest, shown
from tests.support.installer.targets import this_machine

DCOS = Link("/usr/local/bin/dcos", "/opt/dcos/active/bin/dcos")
MASTER, AGENT = (User(f"dcos-{name}", f"/var/lib/dcos/{name}") for name in ("master", "agent"))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Built:
    tree = tmp_path_factory.mktemp("small") / "tree"
    (tree / "lib/deep").mkdir(parents=True)
    (tree / "lib/deep/data").write_bytes(os.urandom(200_000))
    (tree / "run").write_text("#!/bin/sh\n")
    (tree / "run").chmod(0o755)
    home = tmp_path_factory.mktemp("cache")
    parts = {"name": "small", "version": "1", "programs": (), "target": this_machine(), "compiled": True}
    return keep(home, "inputs", pack(tree), **parts)  # type: ignore[arg-type]  # each part has its own type


def described(built: Built) -> dict[str, object]:
    return {
        "folder": built.folder,
        "sha256": built.package.sha256,
        "size": built.size,
        "unpacked": built.unpacked,
    }


def seeded(host: Host, built: Built) -> Path:
    """The package as the image of the host has it."""
    seed = host.path(f"{SEEDS}/{built.folder}")
    seed.parent.mkdir(parents=True, exist_ok=True)
    before = os.umask(0o077)  # an operator's umask is not the image's
    try:
        with Path(built.archive).open("rb") as stream:
            unpack(described(built), stream, str(seed))
    finally:
        os.umask(before)
    return seed


def wanted(built: Built) -> Manifest:
    return a_manifest({}, {"dcos-a.service": ("package:small",)}, [built.package])


def listing(folder: Path) -> dict[str, tuple[int, int, int]]:
    """Mode, time and size of everything; a folder's time and size say nothing."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.stat()
        result = (0, 0) if path.is_dir() else (int(status.st_mtime), status.st_size)
        found[str(path.relative_to(folder))] = (status.st_mode, *result)
    return found


def test_a_package_that_the_image_holds_is_copied_and_not_brought(small: Built, tmp_path: Path) -> None:
    host = Host(tmp_path / "h1")
    seed = seeded(host, small)
    manifest = wanted(small)
    assert host.observe(manifest).missing_packages == []
    planned = host.check(manifest)
    assert host.apply(manifest).changes == planned
    package = host.path(f"{PACKAGES}/{small.folder}")
    assert not package.is_symlink() and altered_package(host.machine, small.folder) == ""
    assert listing(package) == listing(seed)
    assert package.stat().st_mode & 0o777 == 0o755 == (package / "lib/deep").stat().st_mode & 0o777
    assert host.check(manifest) == []
    # As if it had been uploaded.
    other = Host(tmp_path / "h2")
    receive(other.machine, [described(small)], io.BytesIO(Path(small.archive).read_bytes()))
    assert listing(other.path(f"{PACKAGES}/{small.folder}")) == listing(package)


def test_an_altered_package_is_mended_from_the_image(small: Built, tmp_path: Path) -> None:
    host = Host(tmp_path / "h1")
    seeded(host, small)
    host.apply(wanted(small))
    file = host.path(f"{PACKAGES}/{small.folder}/lib/deep/data")
    file.write_bytes(b"edited")
    planned = host.check(wanted(small))
    assert shown(planned) == ["mend package small", "restart unit dcos-a.service"]
    assert "lib/deep/data" in planned[0]["why"]
    assert host.apply(wanted(small)).changes == planned
    assert file.stat().st_size == 200_000
    assert host.check(wanted(small)) == []


def test_what_was_altered_in_the_image_is_not_believed(small: Built, tmp_path: Path) -> None:
    host = Host(tmp_path / "h1")
    (seeded(host, small) / "run").write_text("#!/bin/false\n")
    assert host.observe(wanted(small)).missing_packages == [small.folder]
    with pytest.raises(HostError, match="cannot be applied"):
        host.apply(wanted(small))
    receive(host.machine, [described(small)], io.BytesIO(Path(small.archive).read_bytes()))
    host.apply(wanted(small))
    assert host.check(wanted(small)) == []


def with_image(host: Host) -> None:
    """A machine whose image has a user and the command's link."""
    for table, line in (
        ("/etc/passwd", "dcos-master:x:905:905:kernel:/var/lib/dcos/master:/usr/sbin/nologin\n"),
        ("/etc/group", "dcos-master:x:905:\n"),
        (IMAGE_USERS, 'u dcos-master 905 "kernel" /var/lib/dcos/master /usr/sbin/nologin\n'),
    ):
        host.path(table).parent.mkdir(parents=True, exist_ok=True)
        host.path(table).write_text(line)
    host.path(DCOS.path).parent.mkdir(parents=True)
    host.path(DCOS.path).symlink_to(DCOS.target)


def test_users_of_the_image_are_neither_added_nor_removed(tmp_path: Path) -> None:
    host = Host(tmp_path / "h1")
    with_image(host)
    before = host.path("/etc/passwd").stat()
    manifest = a_manifest({}, {"dcos-a.service": ()}, users=(MASTER,), links=(DCOS,))
    planned = assumed(manifest, Carried(users=frozenset({"dcos-master"}), links=((DCOS.path, DCOS.target),)))
    changes = host.apply(manifest).changes
    assert changes == [
        {"kind": one.kind, "name": one.name, "action": one.action, "why": one.why} for one in planned.changes
    ]
    assert not [change for change in changes if change["kind"] == "user" or change["name"] == DCOS.path]
    host.apply(a_manifest({}, {}, links=(DCOS,)))  # a host that is no master any more
    after = host.path("/etc/passwd").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    host.apply(a_manifest({}, {}, users=(AGENT,), links=(DCOS,)))
    host.apply(a_manifest({}, {}, links=(DCOS,)))
    assert host.path("/etc/passwd").read_text().startswith("dcos-master:")
    assert "dcos-agent" not in host.path("/etc/passwd").read_text()


def test_the_plan_for_a_machine_yet_to_be_made_brings_what_its_image_lacks(small: Built) -> None:
    assert assumed(wanted(small), Carried()).missing_packages == (small.folder,)
    assert assumed(wanted(small), Carried("small--0-of-an-older-image")).missing_packages == (small.folder,)
    assert assumed(wanted(small), Carried(small.folder)).missing_packages == ()
    assert assumed(wanted(small), Carried(THIS_RUNTIME)).missing_packages == ()


@pytest.mark.parametrize("name", names())
def test_images_have_the_users_of_all_services_and_the_command(name: str) -> None:
    definition = load_definition(name)
    known = {(user.name, user.home, user.comment) for user in definition.users}
    assert known == {(one.user_name, one.home, one.user.comment) for one in installed() if one.user}
    (everywhere,) = [service for service in installed() if service.package]
    assert {link.path: link.target for link in definition.links} == {
        path: f"/opt/dcos/active/{target}" for path, target in everywhere.links.items()
    }
    assert carried(definition).runtime == THIS_RUNTIME
