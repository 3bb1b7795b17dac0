"""Image definitions: what is read and included, and that everything wrong is said at once, by file and key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dcos_images.definition import ImageFile, ImageUser, Partitions
from dcos_images.errors import ImageError
from dcos_images.including import load_definition, names
from tests.support.images.small_definition import DISK, GOOD, refused, written


def test_a_definition_is_read_with_its_files(tmp_path: Path) -> None:
    definition = load_definition("small", written(tmp_path, GOOD))
    assert definition.packages == ("systemd", "python3")
    assert definition.files == (ImageFile("/etc/motd", 0o644, b"hello\n"),)
    assert definition.links[0].target == "/dev/null"
    assert definition.release("bookworm").python == "cp311"
    assert definition.users == (ImageUser("dcos-one", 900, "the first", "/nonexistent"),)
    assert (definition.enable, definition.mask) == (("one.service",), ("two.timer",))
    assert definition.partitions == Partitions(256, 1024, 512)
    assert definition.components == ("main",)


BROKEN = {
    "another name": ('name = "small"', 'name = "big"', "small/image.toml: name is 'big', but the folder is"),
    "no name": ('name = "small"', "", "small/image.toml: name is missing"),
    "an unknown key": ('name = "small"', 'name = "small"\ncolour = "red"', "small/image.toml: colour is not a key"),
    "an unknown output": ('["tree"]', '["floppy"]', "small/image.toml: outputs: 'floppy' is not one of tree, tar,"),
    "an output twice": ('["tree"]', '["tree", "tree"]', "small/image.toml: outputs names 'tree' twice"),
    "outputs as a text": ('["tree"]', '"tree"', "small/image.toml: outputs must be a list of texts"),
    "no epoch": ("epoch = 1000", "", "small/image.toml: epoch is missing"),
    "an epoch in words": ("epoch = 1000", 'epoch = "then"', "small/image.toml: epoch must be a number of seconds"),
    "an epoch before all": ("epoch = 1000", "epoch = -1", "small/image.toml: epoch must be a number of seconds"),
    "a runtime in words": ("epoch = 1000", 'epoch = 1000\nruntime = "yes"', "small/image.toml: runtime must be true"),
    "a comment with a quote": ('"the first"', "'a \"b\"'", "cannot stand in /etc/passwd"),
    "an epoch that is true": ("epoch = 1000", "epoch = true", "small/image.toml: epoch must be a number of seconds"),
    "no package's name": ('"python3"', '"Python 3"', "small/image.toml: packages: 'Python 3' is not the name"),
    "a package that is an option": ('"python3"', '"-oX=y"', "small/image.toml: packages: '-oX=y' is not the name"),
    "a package twice": ('"python3"', '"systemd"', "small/image.toml: packages names 'systemd' twice"),
    "no packages": ('packages = ["systemd", "python3"]', "", "small/image.toml: packages is missing"),
    "packages as a table": ('packages = ["systemd", "python3"]', "[packages]\nx=1", "packages must be a list"),
    "a path out of the image": ('"/var/log/*.log"', '"/../host"', "small/image.toml: remove: '/../host' is not an"),
    "a path from nowhere": ('"/var/log/*.log"', '"var"', "small/image.toml: remove: 'var' is not an absolute path"),
    "no libc": ('libc = "glibc-2.36"', "", "small/image.toml: release.bookworm.libc is missing"),
    "a release's package with no name": (
        'python = "cp311"',
        'python = "cp311"\npackages = ["Big One"]',
        "release.bookworm.packages: 'Big One' is not the name",
    ),
    "an unknown word of a release": (
        'python = "cp311"',
        'python = "cp311"\nyear = 2023',
        "release.bookworm.year is not",
    ),
    "a release as a text": ("[release.bookworm]", '[release]\nsid = "new"\n[other]', "release must be written as"),
    "a source elsewhere": (
        'source = "motd"',
        'source = "../../../etc/passwd"',
        "file[0].source: '../../../etc/passwd'",
    ),
    "a source that is missing": ('source = "motd"', 'source = "none"', "small/image.toml: file[0].source: 'none' is"),
    "a mode in letters": ('"0644"', '"rw"', "small/image.toml: file[0].mode: it must be octal"),
    "a file without path": ('path = "/etc/motd"', "", "small/image.toml: file[0].path is missing"),
    "files as a table": ("[[file]]", "[file]", "small/image.toml: file must be written as [[file]]"),
    "a link to nothing": ('target = "/dev/null"', "", "small/image.toml: link[0].target is missing"),
    "a path laid down twice": ('path = "/etc/systemd/system/getty.target"', 'path = "/etc/motd"', "/etc/motd is laid"),
    "no unit's name": ('"one.service"', '"one"', "small/image.toml: units.enable: 'one' is not the name of a systemd"),
    "a unit on and masked": ('"two.timer"', '"one.service"', "units: one.service is both enabled and masked"),
    "a kernel argument that mounts the root otherwise": ('"quiet"', '"rw"', "'rw' is set by the image itself"),
    "an argument that ends the kernel's own": ('"quiet"', '"--"', "'--' would have the machine start something else"),
    "another init": ('"quiet"', '"init=/bin/sh"', "'init=/bin/sh' would have the machine start something else"),
    "a password": (
        '"quiet"',
        '"systemd.set_credential=passwd.plaintext-password.root:x"',
        "would have the machine start something else, or open it",
    ),
    "two kernel arguments in one": ('"quiet"', '"quiet splash"', "small/image.toml: kernel.arguments: 'quiet splash'"),
    "a partition of no size": ("root_mb = 1024", "root_mb = 0", "small/image.toml: partitions.root_mb must be"),
    "a partition without size": ("root_mb = 1024", "", "small/image.toml: partitions.root_mb is missing"),
    "a partition too many": ("root_mb = 1024", "root_mb = 1024\nswap_mb = 1", "partitions.swap_mb is not a key"),
    "no user's name": ('name = "dcos-one"', 'name = "Dcos"', "small/image.toml: user[0].name: 'Dcos' is not the name"),
    "root as a user": ("uid = 900", "uid = 0", "small/image.toml: user[0].uid must be a number of a user between 100"),
    "a user's comment that is a field": ('"the first"', '"a:b"', "small/image.toml: user[0].comment: 'a:b' cannot"),
    "an include that is missing": (
        'name = "small"',
        'name = "small"\ninclude = ["x.toml"]',
        "include: 'x.toml' is not",
    ),
    "an include elsewhere": (
        'name = "small"',
        'name = "small"\ninclude = ["/etc/passwd"]',
        "include: '/etc/passwd' is",
    ),
    "without what is not there": (
        "[units]",
        '[without]\npackages = ["nginx"]\n[units]',
        "without.packages: 'nginx' is",
    ),
    "an unknown component": (
        "epoch = 1000",
        'epoch = 1000\ncomponents = ["universe"]',
        "components: 'universe' is not one of main",
    ),
    "no TOML": ('name = "small"', "name = ", "small/image.toml: it is not TOML"),
}


@pytest.mark.parametrize(("was", "broken", "expected"), BROKEN.values(), ids=list(BROKEN))
def test_a_broken_definition_is_refused_naming_file_and_key(
    tmp_path: Path, was: str, broken: str, expected: str
) -> None:
    assert was in GOOD
    assert expected in refused(written(tmp_path, GOOD.replace(was, broken, 1)))


@pytest.mark.parametrize(
    ("was", "broken", "expected"),
    [
        ('architectures = ["amd64"]', "", 'architectures must be ["amd64"]'),
        (', "linux-image-amd64"', "", "packages: an image that boots needs a kernel"),
        ("[partitions]\nesp_mb = 256\nroot_mb = 1024\nstate_min_mb = 512\n", "", "[partitions] is missing"),
    ],
)
def test_an_image_that_boots_has_all_that_this_takes(tmp_path: Path, was: str, broken: str, expected: str) -> None:
    assert load_definition("small", written(tmp_path, DISK)).bootable
    assert was in DISK
    assert f"small/image.toml: {expected}" in refused(written(tmp_path, DISK.replace(was, broken)))


def test_everything_wrong_with_a_definition_is_said_at_once(tmp_path: Path) -> None:
    text = GOOD
    expected: list[str] = []
    for name in ("an unknown output", "an epoch in words", "no libc", "a mode in letters", "a link to nothing"):
        was, broken, found = BROKEN[name]
        text = text.replace(was, broken, 1)
        expected.append(found)
    said = refused(written(tmp_path, text))
    assert [found for found in expected if found not in said] == []


def test_an_included_file_comes_first_and_is_added_to_or_overridden(tmp_path: Path) -> None:
    written(tmp_path, GOOD.replace('name = "small"', ""), "base")
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "mine").write_bytes(b"mine\n")
    (tmp_path / "small" / "image.toml").write_text("""
name = "small"
outputs = ["tree", "tar"]
include = ["../base/image.toml"]
packages = ["nginx", "systemd"]
[without]
packages = ["python3"]
paths = ["/etc/systemd/system/getty.target"]
units = ["two.timer"]
users = ["dcos-one"]
[[file]]
path = "/etc/motd"
source = "mine"
mode = "0600"
""")
    definition = load_definition("small", tmp_path)
    assert definition.description == "a test"
    assert definition.outputs == ("tree", "tar")
    assert definition.packages == ("systemd", "nginx")
    assert definition.files == (ImageFile("/etc/motd", 0o600, b"mine\n"),)
    assert (definition.links, definition.mask, definition.users) == ((), (), ())
    assert definition.epoch == 1000


def test_what_is_wrong_with_an_included_file_names_that_file(tmp_path: Path) -> None:
    written(tmp_path, GOOD.replace("epoch = 1000", 'epoch = "then"').replace('name = "small"', ""), "base")
    written(tmp_path, 'name = "small"\ninclude = ["../base/image.toml"]')
    assert "base/image.toml: epoch must be a number" in refused(tmp_path)


def test_files_that_include_each_other_are_refused(tmp_path: Path) -> None:
    written(tmp_path, 'include = ["../small/image.toml"]', "base")
    written(tmp_path, GOOD.replace('name = "small"', 'name = "small"\ninclude = ["../base/image.toml"]'))
    assert "base/image.toml: include: '../small/image.toml' includes this file" in refused(tmp_path)


def test_what_two_files_include_is_read_once(tmp_path: Path) -> None:
    written(tmp_path, GOOD.replace('name = "small"', ""), "base")
    written(tmp_path, 'include = ["../base/image.toml"]\npackages = ["nginx"]', "one")
    text = 'name = "small"\ninclude = ["../one/image.toml", "../base/image.toml"]\n[without]\npackages = ["python3"]'
    assert load_definition("small", written(tmp_path, text)).packages == ("systemd", "nginx")


def test_an_unknown_image_names_the_known_ones(tmp_path: Path) -> None:
    assert "choose one of: small" in refused(written(tmp_path, GOOD), "smaller")


def test_an_unknown_release_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="its definition knows: bookworm"):
        load_definition("small", written(tmp_path, GOOD)).release("sid")


def test_the_digest_follows_every_part_of_a_definition(tmp_path: Path) -> None:
    definition = load_definition("small", written(tmp_path, GOOD))
    changed = [
        replace(definition, packages=("systemd",)),
        replace(definition, epoch=1001),
        replace(definition, files=(ImageFile("/etc/motd", 0o644, b"hullo\n"),)),
        replace(definition, files=(ImageFile("/etc/motd", 0o600, b"hello\n"),)),
        replace(definition, links=()),
        replace(definition, folders=("/new",)),
        replace(definition, remove=()),
        replace(definition, users=()),
        replace(definition, enable=()),
        replace(definition, arguments=()),
        replace(definition, partitions=None),
    ]
    digests = {definition.digest(), *(other.digest() for other in changed)}
    assert len(digests) == 1 + len(changed)
    assert replace(definition).digest() == definition.digest()


def test_the_images_that_ship_are_defined() -> None:
    assert names() == ["ec2", "machine", "rack", "vm"]
    for name in names():
        definition = load_definition(name)
        assert {"systemd", "openssh-server", "python3", "runc", "conmon", "tini", "libzookeeper-java"} <= set(
            definition.packages
        )
        assert {release.codename for release in definition.releases} == {"bookworm", "trixie"}
        # The distribution's own nginx would take the gateway's ports; its haproxy is for tasks.
        assert {"nginx-light", "haproxy"} <= set(definition.packages)
        assert {"nginx.service", "haproxy.service"} <= set(definition.mask)
        sshd = next(file for file in definition.files if file.path.startswith("/etc/ssh/"))
        assert b"PasswordAuthentication no" in sshd.content
        assert b"UseDNS no" in sshd.content
    assert load_definition("machine").outputs == ("tree",)
    assert "non-free-firmware" in load_definition("rack").components


def test_a_release_may_want_packages_of_its_own_and_only_its_image_has_them(tmp_path: Path) -> None:
    written(tmp_path, GOOD.replace('name = "small"', ""), "base")
    written(
        tmp_path,
        'name = "small"\ninclude = ["../base/image.toml"]\n'
        '[release.bookworm]\nlibc = "glibc-2.40"\npackages = ["nginx", "systemd"]\n'
        '[release.trixie]\nos_id = "debian"\nos_version = "13"\npython = "cp313"\nlibc = "glibc-2.41"\n'
        'packages = ["systemd-repart"]\n',
    )
    definition = load_definition("small", tmp_path)
    assert definition.packages == ("systemd", "python3")
    bookworm, trixie = definition.for_release("bookworm"), definition.for_release("trixie")
    assert bookworm.packages == ("systemd", "python3", "nginx")
    assert trixie.packages == ("systemd", "python3", "systemd-repart")
    found = bookworm.release("bookworm")
    assert (found.os_version, found.libc, found.packages) == ("12", "glibc-2.40", ())  # what is not said is as included
    # Another release's packages make no image of this one anew.
    assert bookworm.releases == (found,)
    with pytest.raises(ImageError, match="cannot be made of the release 'sid'"):
        definition.for_release("sid")


def test_what_makes_partitions_in_the_initrd_is_in_the_image_of_every_release() -> None:
    for name in ("ec2", "rack", "vm"):
        definition = load_definition(name)
        assert "systemd-repart" in definition.for_release("trixie").packages
        assert "systemd-repart" not in definition.for_release("bookworm").packages  # there it is in systemd


def test_lists_are_added_to_and_what_a_file_says_of_outputs_and_architectures_stands_alone(tmp_path: Path) -> None:
    written(tmp_path, DISK.replace('name = "small"', "").replace('["raw"]', '["raw", "qcow2"]'), "base")
    written(tmp_path, 'name = "small"\ninclude = ["../base/image.toml"]\n')
    assert load_definition("small", tmp_path).outputs == ("raw", "qcow2")
    written(
        tmp_path,
        'name = "small"\ninclude = ["../base/image.toml"]\noutputs = ["tar"]\narchitectures = ["arm64"]\n'
        'components = ["contrib"]\n[kernel]\narguments = ["debug"]\n',
    )
    definition = load_definition("small", tmp_path)
    assert (definition.outputs, definition.architectures) == (("tar",), ("arm64",))
    assert (definition.components, definition.arguments) == (("contrib",), ("quiet", "debug"))
