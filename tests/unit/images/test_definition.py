"""Image definitions: what is read, and that everything wrong with one is said at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dcos_images.definition import ImageFile, load_definition
from dcos_images.errors import ImageError

GOOD = """
name = "small"
description = "a test"
output = "tree"
epoch = 1000
packages = ["systemd", "python3"]
remove = ["/var/log/*.log"]

[release.bookworm]
os_id = "debian"
os_version = "12"
python = "cp311"
libc = "glibc-2.36"

[[file]]
path = "/etc/motd"
source = "motd"
mode = "0644"

[[link]]
path = "/etc/systemd/system/getty.target"
target = "/dev/null"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "small").mkdir()
    (folder / "small" / "image.toml").write_text(text)
    (folder / "small" / "motd").write_bytes(b"hello\n")
    return folder


def test_a_definition_is_read_with_its_files(tmp_path: Path) -> None:
    definition = load_definition("small", written(tmp_path, GOOD))
    assert definition.packages == ("systemd", "python3")
    assert definition.files == (ImageFile("/etc/motd", 0o644, b"hello\n"),)
    assert definition.links[0].target == "/dev/null"
    assert definition.release("bookworm").python == "cp311"


def test_everything_wrong_with_a_definition_is_said_at_once(tmp_path: Path) -> None:
    broken = (
        GOOD.replace('name = "small"', 'name = "big"\ncolour = "red"')
        .replace('"tree"', '"floppy"')
        .replace("epoch = 1000", 'epoch = "then"')
        .replace('"python3"', '"Python 3"')
        .replace('"/var/log/*.log"', '"../host"')
        .replace('libc = "glibc-2.36"', "")
        .replace('source = "motd"', 'source = "../../../etc/passwd"')
        .replace('"0644"', '"rw"')
        .replace('target = "/dev/null"', "")
    )
    with pytest.raises(ImageError) as caught:
        load_definition("small", written(tmp_path, broken))
    for part in (
        "name is 'big'",
        "colour is not a key",
        "output must be one of tree, not 'floppy'",
        "epoch must be a number",
        "'Python 3' is not the name of a Debian package",
        "'../host' is not an absolute path",
        "release.bookworm.libc is missing",
        "is not a file beside image.toml",
        "file[0].mode must be octal",
        "link[0].target is missing",
    ):
        assert part in str(caught.value)


def test_one_path_is_laid_down_once(tmp_path: Path) -> None:
    twice = GOOD + '\n[[link]]\npath = "/etc/motd"\ntarget = "/dev/null"\n'
    with pytest.raises(ImageError, match="/etc/motd is laid down twice"):
        load_definition("small", written(tmp_path, twice))


def test_an_unknown_image_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        load_definition("smaller", written(tmp_path, GOOD))
    assert "choose one of: small" in str(caught.value)


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
        replace(definition, remove=()),
    ]
    digests = {definition.digest(), *(other.digest() for other in changed)}
    assert len(digests) == 1 + len(changed)
    assert replace(definition).digest() == definition.digest()


def test_the_machine_image_is_defined() -> None:
    definition = load_definition("machine")
    assert {"systemd", "openssh-server", "python3", "runc", "conmon", "tini", "libzookeeper-java"} <= set(
        definition.packages
    )
    assert {release.codename for release in definition.releases} == {"bookworm", "trixie"}
    # The distribution's own nginx would take the gateway's ports.
    assert "nginx-light" in definition.packages
    masked = {link.path for link in definition.links if link.target == "/dev/null"}
    assert "/etc/systemd/system/nginx.service" in masked
    sshd = next(file for file in definition.files if file.path.startswith("/etc/ssh/"))
    assert b"PasswordAuthentication no" in sshd.content
    assert b"UseDNS no" in sshd.content
