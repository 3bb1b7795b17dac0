"""What is done to a tree: nothing outside of it, nothing to the packages it is linked to, no time after the epoch."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dcos_images.definition import ImageFile, ImageLink, ImageUser
from dcos_images.errors import ImageError
from dcos_images.trees import ImageTree, copy_linked
from tests.support.images.workshop import UNIT

EPOCH = 1000


@pytest.fixture
def tree(tmp_path: Path) -> ImageTree:
    (tmp_path / "tree" / "etc").mkdir(parents=True)
    return ImageTree(tmp_path / "tree", EPOCH)


def test_leftovers_are_removed_but_nothing_outside_of_the_image(tree: ImageTree, tmp_path: Path) -> None:
    precious = tmp_path / "host"
    precious.mkdir()
    (precious / "keep").touch()
    (tree.root / "log" / "deep").mkdir(parents=True)
    (tree.root / "log" / "one").touch()
    (tree.root / "out").symlink_to(precious)
    with pytest.raises(ImageError, match="lies outside of the image"):
        tree.remove(("/log/*", "/out/*"))
    assert (precious / "keep").exists()
    assert list((tree.root / "log").iterdir()) == []


def test_nothing_is_written_through_a_link_that_leads_out(tree: ImageTree, tmp_path: Path) -> None:
    (tree.root / "out").symlink_to(tmp_path)
    with pytest.raises(ImageError, match="lies outside of the image"):
        tree.write("/out/file", b"", 0o644)
    (tree.root / "etc/motd").symlink_to(tmp_path / "precious")
    tree.write("/etc/motd", b"mine", 0o600)
    assert not (tmp_path / "precious").exists()
    assert (tree.root / "etc/motd").read_bytes() == b"mine"


def test_no_file_is_younger_than_the_definition_says(tree: ImageTree) -> None:
    (tree.root / "old").touch()
    (tree.root / "new").touch()
    (tree.root / "link").symlink_to("nowhere")
    os.utime(tree.root / "old", (10, 10))
    tree.clamp_times()
    assert (tree.root / "old").stat().st_mtime == 10
    assert (tree.root / "new").stat().st_mtime == EPOCH
    assert (tree.root / "link").lstat().st_mtime == EPOCH
    assert (tree.root / "etc").stat().st_mtime == EPOCH


def test_what_is_changed_in_a_linked_copy_is_not_changed_in_what_it_was_copied_from(
    tree: ImageTree, tmp_path: Path
) -> None:
    for name, content in (("passwd", "root:x:0:0::/:/sh\n"), ("group", "root:x:0:\n"), ("shadow", "root:*:1:\n")):
        (tree.root / "etc" / name).write_text(content)
    (tree.root / "etc/gshadow").write_text("root:*::\n")
    (tree.root / "etc/motd").write_text("theirs\n")
    tree.clamp_times()
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tree.root / "etc").iterdir()}
    copy = ImageTree(tmp_path / "copy", EPOCH)
    copy_linked(tree.root, copy.root, tmp_path / "log")
    assert (copy.root / "etc/motd").stat().st_ino == (tree.root / "etc/motd").stat().st_ino
    copy.lay_down([ImageFile("/etc/motd", 0o755, b"ours\n")], [ImageLink("/etc/group.link", "group")])
    copy.add_users([ImageUser("dcos-one", 900, "one", "/nonexistent")])
    copy.remove(["/etc/gshadow"])
    copy.clamp_times()
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tree.root / "etc").iterdir()}
    assert after == before
    assert (copy.root / "etc/passwd").read_text().endswith("dcos-one:x:900:900:one:/nonexistent:/usr/sbin/nologin\n")
    text = (copy.root / "usr/lib/sysusers.d/dcos.conf").read_text()
    assert text == 'u dcos-one 900 "one" /nonexistent /usr/sbin/nologin\n'
    assert (copy.root / "etc/shadow").read_text().endswith("dcos-one:!*:::::::\n")
    copy.check_no_passwords()


def test_a_user_that_is_there_already_is_refused(tree: ImageTree) -> None:
    for name in ("passwd", "group", "shadow", "gshadow"):
        (tree.root / "etc" / name).write_text("www:x:33:33::/:/sh\n")
    for user in (ImageUser("www", 900, "x", "/x"), ImageUser("other", 33, "x", "/x")):
        with pytest.raises(ImageError, match="has that name or number already"):
            tree.add_users([user])


@pytest.mark.parametrize("password", ["", "$y$j9T$x"])
def test_an_account_with_a_password_or_without_need_of_one_is_refused(tree: ImageTree, password: str) -> None:
    (tree.root / "etc/passwd").write_text("daemon:x:1:1::/:/sh\nroot:x:0:0::/:/sh\n")
    (tree.root / "etc/shadow").write_text(f"daemon:*:1:\nroot:{password}:1:\n")
    with pytest.raises(ImageError, match="'root' can log in by password"):
        tree.check_no_passwords()


def test_units_are_switched_on_as_they_say_themselves(tree: ImageTree) -> None:
    tree.write("/usr/lib/systemd/system/one.service", f"{UNIT}Alias=uno.service\n".encode(), 0o644)
    tree.write("/etc/systemd/system/many@.service", b"[Install]\nRequiredBy=a.target b.target\n", 0o644)
    tree.enable("one.service")
    tree.enable("many@1.service")
    tree.mask("two.timer")
    folder = tree.root / "etc/systemd/system"
    assert str((folder / "multi-user.target.wants/one.service").readlink()) == "/usr/lib/systemd/system/one.service"
    assert (folder / "uno.service").is_symlink()
    assert (folder / "b.target.requires/many@1.service").is_symlink()
    assert str((folder / "two.timer").readlink()) == "/dev/null"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"[Service]\nExecStart=/bin/true\n", "its [Install] has none of WantedBy, RequiredBy, Alias"),
        (b"[Install]\nAlso=two.service\n", "its [Install] has none of WantedBy, RequiredBy, Alias"),
        (None, "no package and no file"),
    ],
)
def test_a_unit_that_cannot_be_switched_on_is_refused(tree: ImageTree, text: bytes | None, why: str) -> None:
    if text is not None:
        tree.write("/etc/systemd/system/one.service", text, 0o644)
    with pytest.raises(ImageError, match=r"the unit one\.service cannot be enabled") as caught:
        tree.enable("one.service")
    assert why in caught.value.why


def test_a_file_over_a_folder_is_refused(tree: ImageTree) -> None:
    with pytest.raises(ImageError, match=r"(?s)/etc cannot be laid down.*the image has a folder there"):
        tree.write("/etc", b"", 0o644)


def test_modes_are_those_of_the_definition_whatever_the_umask(tree: ImageTree) -> None:
    before = os.umask(0o077)
    try:
        tree.write("/deep/er/file", b"", 0o755)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tree.root / "deep/er/file").stat().st_mode) == 0o755
    assert stat.S_IMODE((tree.root / "deep/er").stat().st_mode) == 0o755


def test_links_are_read_as_the_image_reads_them_and_never_lead_to_the_host(tree: ImageTree, tmp_path: Path) -> None:
    host = tmp_path / "host"
    host.mkdir()
    (host / "one.service").write_text("[Install]\nWantedBy=host.target\n")
    units = tree.root / "usr/lib/systemd/system"
    units.mkdir(parents=True)
    (units / "one.service").symlink_to(host / "one.service")
    with pytest.raises(ImageError, match=r"the unit one\.service cannot be enabled") as caught:
        tree.enable("one.service")
    assert "no package and no file" in caught.value.why
    (units / "real.service").write_text(UNIT)
    (units / "alias.service").symlink_to("/usr/lib/systemd/system/real.service")
    (units / "up.service").symlink_to("../../../../../../../../usr/lib/systemd/system/real.service")
    for name in ("alias.service", "up.service"):
        tree.enable(name)
        assert (tree.root / "etc/systemd/system/multi-user.target.wants" / name).is_symlink()

    (host / "shadow").write_text("root::1:\n")
    (tree.root / "etc/shadow").symlink_to(host / "shadow")
    with pytest.raises(FileNotFoundError):  # not the host's
        tree.check_no_passwords()


def test_links_in_a_circle_are_told(tree: ImageTree) -> None:
    (tree.root / "etc/one").symlink_to("/etc/two")
    (tree.root / "etc/two").symlink_to("one")
    with pytest.raises(ImageError, match="/etc/one leads nowhere"):
        tree.followed("/etc/one")


def test_every_link_that_leads_out_is_held_at_the_root(tree: ImageTree, tmp_path: Path) -> None:
    (tree.root / "out").symlink_to(tmp_path)
    (tree.root / "up").symlink_to("../..")
    assert tree.followed("/out/file") == tree.root / str(tmp_path).lstrip("/") / "file"
    assert tree.followed("/up/etc") == tree.root / "etc"
    assert tree.followed("/etc/../../etc/./x") == tree.root / "etc/x"


def test_a_pattern_removes_folders_and_all_in_them_in_any_order(tree: ImageTree) -> None:
    for path in ("usr/share/doc/a/b/c", "usr/share/doc/d", "usr/share/man"):
        (tree.root / path).mkdir(parents=True)
        (tree.root / path / "file").touch()
    (tree.root / "usr/share/doc/a/link").symlink_to("/usr/share/man")
    tree.remove(("/usr/share/doc/**", "/usr/share/none/**"))
    assert [path.name for path in (tree.root / "usr/share").iterdir()] == ["man"]
    assert (tree.root / "usr/share/man/file").exists()


@pytest.mark.parametrize("path", ["/etc/motd", "/etc/motd/a/b", "/etc/dangling/x"])
def test_a_folder_where_a_file_is_is_refused(tree: ImageTree, path: str) -> None:
    tree.write("/etc/motd", b"", 0o644)
    tree.link("/etc/dangling", "nowhere")
    with pytest.raises(ImageError, match=r"the folder /etc/(motd|dangling) cannot be made in the image"):
        tree.make_folder(path)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "%i.target", "a" * 300 + ".target", "\ufffd.target"])
@pytest.mark.parametrize("key", ["Alias", "WantedBy"])
def test_a_unit_that_names_no_unit_is_refused(tree: ImageTree, key: str, name: str) -> None:
    tree.write("/etc/systemd/system/one.service", f"[Install]\n{key}={name}\n".encode(), 0o644)
    with pytest.raises(ImageError, match=r"(?s)one\.service cannot be enabled.*which is not a unit"):
        tree.enable("one.service")


def test_a_unit_that_is_not_utf_8_is_read_as_systemd_reads_it(tree: ImageTree) -> None:
    tree.write("/etc/systemd/system/one.service", b"# \xff\xfe\n[Install]\nWantedBy=a.target\n", 0o644)
    tree.enable("one.service")
    assert (tree.root / "etc/systemd/system/a.target.wants/one.service").is_symlink()


@pytest.mark.parametrize(
    ("passwd", "shadow", "expected"),
    [
        ("root::0:0::/root:/bin/sh", "root:*:1:", r"'root' can log in by password"),
        ("root:x:0:0::/root:/bin/sh", "root::1:", r"'root' can log in by password"),
        ("root:x:0:0::/root:/bin/sh", "root", r"/etc/shadow of the image has a line that is not an account"),
        ("", "root:*:1:", r"/etc/passwd of the image has a line that is not an account"),
    ],
)
def test_no_account_lets_anybody_in(tree: ImageTree, passwd: str, shadow: str, expected: str) -> None:
    (tree.root / "etc/passwd").write_text(f"{passwd}\n")
    (tree.root / "etc/shadow").write_text(f"{shadow}\n")
    with pytest.raises(ImageError, match=expected):
        tree.check_no_passwords()
