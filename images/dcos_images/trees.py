"""Operations on a tree: hard-linked copies, files, links and users added, leftovers removed, times clamped.

A tree is a hard-linked copy of the installed packages, which are kept. So no file is ever changed in place: a change is
a new file under the old name.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_images.definition import USERS
from dcos_images.errors import ImageError
from dcos_images.process import run

if TYPE_CHECKING:
    from dcos_images.definition import ImageFile, ImageLink, ImageUser

_COPY_DEADLINE = 600.0
_MOST_LINKS = 40
_INSTALL = {"wantedby": "WantedBy", "requiredby": "RequiredBy", "alias": "Alias"}
"""The keys of a unit's [Install] that are used: it cannot enable other units (Also), or instances (DefaultInstance)."""
_TARGET = re.compile(
    r"[A-Za-z0-9:_.\\-]+(@[A-Za-z0-9:_.\\-]*)?"
    r"\.(service|socket|target|timer|mount|path|slice|device|automount|swap|scope)"
)
_MOST_UNIT = 245
"""The longest name of a unit whose folder ``.requires`` is a name, too."""
_UNIT_FOLDERS = ("/etc/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system")


class ImageTree:
    """The root directory of an image being made. ``epoch``: seconds since 1970, the time of written files."""

    def __init__(self, root: Path, epoch: int) -> None:
        self.root = root
        self._epoch = epoch

    def inside(self, path: str) -> Path:
        """The path of an absolute path of the image. Raises `ImageError` when a link in the tree leads out of it."""
        found = self.root / path.lstrip("/")
        if not found.parent.resolve().is_relative_to(self.root.resolve()):
            raise ImageError(
                f"{path} lies outside of the image",
                why=f"a link on its way leads to {found.parent.resolve()}",
                hint="name the path that the link stands for",
            )
        return found

    def followed(self, path: str) -> Path:
        """The target of an absolute path of the image, with links resolved as in the image: never out of it.

        It need not exist. Raises `ImageError` for links that form a circle.
        """
        found, ahead, links = self.root, [part for part in path.split("/") if part], 0
        while ahead:
            part = ahead.pop(0)
            if part == "..":
                found = found if found == self.root else found.parent
            elif part != "." and (found / part).is_symlink():
                links += 1
                if links > _MOST_LINKS:
                    raise ImageError(
                        f"{path} leads nowhere in the image",
                        why="its links go round in a circle",
                        hint="correct the links",
                    )
                target = str((found / part).readlink())
                found = self.root if target.startswith("/") else found
                ahead = [one for one in target.split("/") if one] + ahead
            elif part != ".":
                found = found / part
        return found

    def write(self, path: str, content: bytes, mode: int) -> None:
        """Writes a new file, and replaces an existing one. Its owner is root."""
        where = self._cleared(path)
        where.write_bytes(content)
        where.chmod(mode)
        self._clamp(where)

    def link(self, path: str, target: str) -> None:
        where = self._cleared(path)
        where.symlink_to(target)
        self._clamp(where)

    def _cleared(self, path: str) -> Path:
        where = self.inside(path)
        self._make_folders(where.parent)
        if where.is_dir() and not where.is_symlink():
            raise ImageError(
                f"the file {path} cannot be laid down",
                why="the image has a folder there",
                hint="lay it down somewhere else",
            )
        where.unlink(missing_ok=True)
        return where

    def _clamp(self, path: Path) -> None:
        os.utime(path, (self._epoch, self._epoch), follow_symlinks=False)

    def add_users(self, users: Iterable[ImageUser]) -> None:
        """System users without a password, each with a group of its own."""
        users = tuple(users)
        if not users:
            return
        # With a password that matches nothing, and without the day of its change: no build shows its date.
        for path, mode, lines in (
            (
                "/etc/passwd",
                0o644,
                [f"{u.name}:x:{u.uid}:{u.uid}:{u.comment}:{u.home}:/usr/sbin/nologin" for u in users],
            ),
            ("/etc/group", 0o644, [f"{u.name}:x:{u.uid}:" for u in users]),
            ("/etc/shadow", 0o640, [f"{u.name}:!*:::::::" for u in users]),
            ("/etc/gshadow", 0o640, [f"{u.name}:!::" for u in users]),
        ):
            where = self.inside(path)
            known = self.followed(path).read_text()
            taken = {line.split(":")[0] for line in known.splitlines()}
            numbers = {line.split(":")[2] for line in known.splitlines() if mode == 0o644}
            for user in users:
                if user.name in taken or str(user.uid) in numbers:
                    raise ImageError(
                        f"the user {user.name} ({user.uid}) cannot be made in the image",
                        why=f"{path} has that name or number already",
                        hint="give it another name or number in image.toml",
                    )
            owner = self.followed(path).stat()
            self.write(path, (known + "".join(f"{line}\n" for line in lines)).encode(), mode)
            os.chown(where, owner.st_uid, owner.st_gid)
        accounts = [f'u {u.name} {u.uid} "{u.comment}" {u.home} /usr/sbin/nologin\n' for u in users]
        self.write(USERS, "".join(accounts).encode(), 0o644)

    def make_folder(self, path: str) -> None:
        """An empty folder, unless it exists."""
        self._make_folders(self.inside(path))

    def _make_folders(self, folder: Path) -> None:
        missing = [one for one in (folder, *folder.parents) if not one.is_dir()]
        for one in reversed(missing):
            if one.is_symlink() or one.exists():
                inside = one.relative_to(self.root)
                raise ImageError(
                    f"the folder /{inside} cannot be made in the image",
                    why=f"the image has a {'link to no folder' if one.is_symlink() else 'file'} there",
                    hint="correct folders, or the path of the file or link that is to lie in it, in image.toml",
                )
            one.mkdir()
            one.chmod(0o755)  # whatever the umask

    def lay_down(self, files: Iterable[ImageFile], links: Iterable[ImageLink]) -> None:
        for file in files:
            self.write(file.path, file.content, file.mode)
        for link in links:
            self.link(link.path, link.target)

    def enable(self, unit: str) -> None:
        """Links a unit as its own [Install] says."""
        found = self._unit(unit)
        sections = self._install(found) if found else {}
        if found is None or not sections:
            raise ImageError(
                f"the unit {unit} cannot be enabled in the image",
                why="no package and no file of the image contains it"
                if found is None
                else f"its [Install] has none of {', '.join(_INSTALL.values())}",
                hint="correct units.enable in image.toml",
            )
        for name in (one for names in sections.values() for one in names):
            if not _TARGET.fullmatch(name) or len(name) > _MOST_UNIT:
                raise ImageError(
                    f"the unit {unit} cannot be enabled in the image",
                    why=f"its [Install] names {name[:100]!r}, which is not a unit",
                    hint="correct the unit; specifiers such as %i are not supported there",
                )
        for key, suffix in (("wantedby", "wants"), ("requiredby", "requires")):
            for target in sections.get(key, []):
                self.link(f"/etc/systemd/system/{target}.{suffix}/{unit}", found)
        for alias in sections.get("alias", []):
            self.link(f"/etc/systemd/system/{alias}", found)

    def mask(self, unit: str) -> None:
        self.link(f"/etc/systemd/system/{unit}", "/dev/null")

    def _unit(self, name: str) -> str | None:
        stem, template, suffix = name.partition("@")
        names = [name, f"{stem}@.{suffix.rpartition('.')[2]}"] if template else [name]
        for folder in _UNIT_FOLDERS:
            for one in names:
                if self.followed(f"{folder}/{one}").is_file():
                    return f"{folder}/{one}"
        return None

    def _install(self, path: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        section = ""
        for line in self.followed(path).read_text(errors="replace").splitlines():
            line = line.strip()
            if line.startswith("["):
                section = line
            elif section == "[Install]" and "=" in line and not line.startswith(("#", ";")):
                key, _, value = line.partition("=")
                found.setdefault(key.strip().lower(), []).extend(value.split())
        return {key: values for key, values in found.items() if key in _INSTALL}

    def remove(self, patterns: Iterable[str]) -> None:
        """Removes the paths that match the glob patterns, with everything in them."""
        for pattern in patterns:
            # What lies in a folder goes before the folder, which may match, too.
            for path in sorted(set(self.root.glob(pattern.lstrip("/"))), reverse=True):
                inside = self.inside("/" + str(path.relative_to(self.root)))
                if inside.is_dir() and not inside.is_symlink():
                    shutil.rmtree(inside)
                else:
                    inside.unlink()

    def check_no_passwords(self) -> None:
        """Checks that no account of the image can log in with a password, or without one."""
        for path, elsewhere in (("/etc/passwd", ("x",)), ("/etc/shadow", ())):
            for line in self.followed(path).read_text(errors="replace").splitlines():
                name, colon, rest = line.partition(":")
                password = rest.partition(":")[0]
                if not colon:
                    raise ImageError(
                        f"{path} of the image has a line that is not an account",
                        why=f"it is {line[:100]!r}",
                        hint="remove what writes it from the image",
                    )
                if password not in elsewhere and not password.startswith(("!", "*")):
                    raise ImageError(
                        f"the image's account {name!r} can log in by password",
                        why=f"in {path} it has a password, or needs none",
                        hint="remove what sets it from the image",
                    )

    def clamp_times(self) -> None:
        """Makes no file younger than the epoch."""
        epoch = self._epoch * 1_000_000_000
        for folder, names, files in os.walk(self.root, topdown=False):
            for name in (*names, *files):
                _clamp(Path(folder, name), epoch)
        _clamp(self.root, epoch)


def _clamp(path: Path, epoch: int) -> None:
    entry = path.lstat()
    if entry.st_mtime_ns > epoch or (stat.S_ISDIR(entry.st_mode) and entry.st_mtime_ns != epoch):
        # A folder's time is that of the last change of its entries, which is the build.
        os.utime(path, ns=(epoch, epoch), follow_symlinks=False)


def copy_linked(source: Path, target: Path, log_file: Path) -> None:
    """Copies a tree quickly: folders are new, everything else is a second name of the same inode."""
    run(
        ["cp", "--archive", "--link", source, target],
        what="copy the tree of packages",
        log_file=log_file,
        deadline=_COPY_DEADLINE,
    )
