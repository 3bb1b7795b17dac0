"""Broken definitions: each is refused by file and key, in little time and memory, before anything is built."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dcos_images.errors import ImageError
from dcos_images.including import load_definition, names
from tests.support.images.small_definition import DISK, GOOD, refused, written

TOP = 'name = "small"\n'


def nothing(folder: Path) -> None:
    pass


def chain(folder: Path) -> None:
    for number in range(1200):
        (folder / f"{number}.toml").write_text(f'include = ["{number + 1}.toml"]\n')
    (folder / "1200.toml").write_text("")


def sparse(folder: Path) -> None:
    with (folder / "big").open("wb") as file:
        os.truncate(file.fileno(), 20 << 30)


def loop(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")


HOSTILE: dict[str, tuple[str, str, str, Callable[[Path], None]]] = {
    "deep lists": ("", f"a = {'[' * 3000}{']' * 3000}", "image.toml: it is not used: its lists or tables", nothing),
    "deep tables": ("", "a = " + "{a = " * 3000 + "1" + "}" * 3000, "it is not used: its lists or tables", nothing),
    "a key of many parts": ("", "a" + ".a" * 20_000 + " = 1", "it is not used: a key has more than 32 parts", nothing),
    "the same, quoted": ("", '"a"' + ' . "a"' * 20_000 + " = 1", "a key has more than 32 parts", nothing),
    "a file of many bytes": ("", "# " + "x" * (1 << 20), "it is not used: it is larger than 1 MiB", nothing),
    "a number of many digits": ("epoch = 1000", f"epoch = {'1' * 5000}", "a number has too many digits", nothing),
    "the same, hexadecimal": ("epoch = 1000", f"epoch = 0x{'f' * 5000}", "not a number of too many digits", nothing),
    "a chain of includes": ("", 'include = ["0.toml"]', "small/30.toml: include: more than 32 files", chain),
    "an include with a zero byte": ("", 'include = ["a\\u0000b"]', "include: 'a\\x00b' is not a file", nothing),
    "an include that is a circle": ("", 'include = ["loop"]', "include: 'loop' is not a file", loop),
    "an include of a long name": (
        "",
        f'include = ["{"a" * 300}"]',
        "is not a file of the",
        nothing,
    ),
    "a source with a zero byte": ('"motd"', '"a\\u0000b"', "file[0].source: 'a\\x00b' is not a file", nothing),
    "a source that is a circle": ('"motd"', '"loop"', "file[0].source: 'loop' is not a file beside it", loop),
    "a source of 20 GiB": ('"motd"', '"big"', "file[0].source: all files of an image together have at most", sparse),
    "a target with a zero byte": ('"/dev/null"', '"a\\u0000"', "link[0].target: 'a\\x00' has characters", nothing),
    "a target of a long name": ('"/dev/null"', f'"{"a" * 300}"', "is longer than a path can be", nothing),
    "a path of a long name": ('"/etc/motd"', f'"/{"a" * 300}"', "is longer than a path can be", nothing),
    "one path in two ways": ('"/etc/motd"', '"//etc/motd"', "file[0].path: '//etc/motd' is not written as", nothing),
    "a removal of everything": ('"/var/log/*.log"', '"/"', "remove: '/' is not written as a path", nothing),
    "the same with a dot": ('"/var/log/*.log"', '"/."', "remove: '/.' is not written as a path", nothing),
    "the same as a pattern": ('"/var/log/*.log"', '"/**"', "remove: '/**' is the whole image", nothing),
    "stars beside letters": ('"/var/log/*.log"', '"/usr/a**"', "remove: '/usr/a**' has ** beside other", nothing),
    "a removal in another way": ('"/var/log/*.log"', '"//etc"', "remove: '//etc' is not written as a path", nothing),
    "a unit of a long name": ('"one.service"', f'"{"a" * 300}.service"', "is not the name of a systemd unit", nothing),
    "a file in a file": (
        "[[link]]\npath =",
        '[[file]]\npath = "/etc/motd/b"\nsource = "motd"\nmode = "0644"\n[[link]]\npath =',
        "'/etc/motd/b' cannot lie in '/etc/motd'",
        nothing,
    ),
    "a folder in a file": ("epoch = 1000", 'epoch = 1000\nfolders = ["/etc/motd/b"]', "cannot lie in", nothing),
    "an own passwd": ('"/etc/motd"', '"/etc/passwd"', "file[0].path: /etc/passwd holds the image's accounts", nothing),
    "an own shadow": ('"/etc/motd"', '"/etc/shadow"', "file[0].path: /etc/shadow holds the image's", nothing),
    "a link for accounts": (
        '"/etc/systemd/system/getty.target"',
        '"/etc/group"',
        "link[0].path: /etc/group holds",
        nothing,
    ),
    "a package as a pattern": ('"python3"', '"system."', "packages: 'system.' is not the name of a Debian", nothing),
    "a package as a removal": ('"python3"', '"nano-"', "packages: 'nano-' is not the name of a Debian", nothing),
    "a root of 1 TiB": ("root_mb = 1024", "root_mb = 1048576", "partitions.root_mb must be a number of MiB", nothing),
    "another root": ('"quiet"', '"root=/dev/sda"', "kernel.arguments: 'root=/dev/sda' is set by the image", nothing),
    "another boot": ('"quiet"', '"boot=nfs"', "kernel.arguments: 'boot=nfs' is set by the image", nothing),
    "a long argument": ('"quiet"', f'"{"a" * 100_000}"', "is longer than 255 characters", nothing),
    "many arguments": (
        '"quiet"',
        ", ".join(f'"a{number:03}={"b" * 200}"' for number in range(6)),
        "kernel.arguments: all together have more than 1024 characters",
        nothing,
    ),
    "a variable of iPXE": ('"quiet"', '"${net0/mac}"', "means something else to iPXE", nothing),
    "a word of iPXE": ('"quiet"', '"||"', "'||' means something else to iPXE", nothing),
    "a release of no name": ("[release.bookworm]", '[release."../x y"]', "release: '../x y' is not the name", nothing),
    "a comment in two lines": ('"the first"', '"a\\u0085b"', "user[0].comment: 'a\\x85b' cannot stand", nothing),
}


@pytest.mark.parametrize(("was", "broken", "expected", "also"), HOSTILE.values(), ids=list(HOSTILE))
def test_a_hostile_definition_is_refused_by_file_and_key(
    tmp_path: Path, was: str, broken: str, expected: str, also: Callable[[Path], None]
) -> None:
    assert was in GOOD
    written(tmp_path, GOOD.replace(was, broken, 1) if was else f"{broken}\n{GOOD}")
    also(tmp_path / "small")
    said = refused(tmp_path)
    assert expected in said and "small/" in said
    assert len(said) < 5000


def test_an_update_needs_partitions_as_a_disk_does(tmp_path: Path) -> None:
    text = DISK.replace('"raw"', '"update"')
    text = text.replace("[partitions]\nesp_mb = 256\nroot_mb = 1024\nstate_min_mb = 512\n", "")
    assert "small/image.toml: [partitions] is missing" in refused(written(tmp_path, text))


def test_nothing_is_missed_in_a_file_that_could_not_be_read(tmp_path: Path) -> None:
    for text in ("name = ", 'include = ["none.toml"]'):
        assert "is missing" not in refused(written(tmp_path, text))
    (tmp_path / "small" / "image.toml").write_bytes(GOOD.encode("utf-16"))
    assert "small/image.toml: it is not TOML: it is not UTF-8" in refused(tmp_path)


def test_a_byte_order_mark_is_passed_over(tmp_path: Path) -> None:
    written(tmp_path, GOOD)
    (tmp_path / "small" / "image.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load_definition("small", tmp_path).packages == ("systemd", "python3")


def test_a_long_list_takes_time_by_its_length(tmp_path: Path) -> None:
    many = ", ".join(f'"p{number}"' for number in range(100_000))
    assert len(load_definition("small", written(tmp_path, GOOD.replace('"python3"', many))).packages) == 100_001
    twice = ", ".join(['"pp"'] * 100_000)
    assert "packages names 'pp' twice" in refused(written(tmp_path, GOOD.replace('"python3"', twice)))


@pytest.mark.parametrize("name", ["a\nb", "../esc", "-x", "", "a" * 65, "a\0b", "a:b"])
def test_a_name_that_is_none_is_no_image(tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageError, match="a name has up to 64"):
        load_definition(name, written(tmp_path, GOOD))


def test_a_folder_whose_name_is_none_is_not_listed(tmp_path: Path) -> None:
    written(written(tmp_path, GOOD), GOOD, "a\nb")
    assert names(tmp_path) == ["small"]
