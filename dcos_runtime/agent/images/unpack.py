"""Unpacks one layer (a tar) into a folder in the form of overlayfs, as the OCI image specification's *layer* says.

Owners, modes (with setuid and setgid), times and file capabilities are kept. Devices are left out: a container has its
own ``/dev``. Whatever leads out of the tree, or is more than is allowed, ends it with an `ImageError`.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import stat
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from dcos_runtime.agent.fetching.archives import AtEnd, TarMember
from dcos_runtime.agent.fetching.errors import CHUNK
from dcos_runtime.agent.images import tree as trees
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.images.tree import Parts, Tree, parts_of, shown

WHITEOUT = ".wh."
OPAQUE_MARK = ".wh..wh..opq"
AUFS = ".wh..wh."
MOST_ENTRIES = 2_000_000
LAST_ID = (1 << 32) - 2
LAST_TIME = 1 << 33
"""Seconds since 1970: the year 2242."""
LONGEST_LINK = 4095
_XATTR = "SCHILY.xattr."


@dataclass
class Unpacked:
    """``size``: bytes of files; ``left_out``: devices; ``kept``: the file that `unpack` was asked to keep."""

    diff_id: str = ""
    size: int = 0
    entries: int = 0
    left_out: int = 0
    kept: bytes | None = None


@dataclass
class Measured:
    """Reads a stream, takes its SHA-256, and ends it when it is longer than ``limit`` bytes."""

    stream: IO[bytes]
    limit: int
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)
    count: int = 0

    def read(self, size: int = -1) -> bytes:
        data = self.stream.read(size)
        self.count += len(data)
        if self.count > self.limit:
            raise too_large(self.limit)
        self.digest.update(data)
        return data


def too_large(limit: int) -> ImageError:
    return ImageError(f"the image takes more than {limit} bytes unpacked (--fetcher_max_size)")


def unpack(
    stream: IO[bytes], tree: Tree, limit: int, *, below: str = "", keep: str = "", largest_kept: int = 0
) -> Unpacked:
    """Unpacks all of ``stream`` into ``tree``. With ``below`` only what is in that folder of the archive (an ACI's
    ``rootfs``); the content of the file ``keep`` is returned. Raises `ImageError`, ``OSError`` and `tarfile.TarError`.
    """
    measured = Measured(stream, limit)
    unpacking = _Unpacking(tree, limit, tuple(parts_of(below)), keep, largest_kept)
    source = cast("IO[bytes]", measured)  # it is only read
    with tarfile.open(fileobj=source, mode="r|", tarinfo=TarMember, encoding="utf-8") as archive:
        while (member := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # a million of them would fill the memory
            unpacking.add(archive, member)
    if not isinstance(TarMember.end, AtEnd):
        raise ImageError("a layer is damaged: the header of a member cannot be read, or its end is cut off")
    while measured.read(CHUNK):
        pass
    unpacking.finish()
    done = unpacking.done
    done.diff_id = f"sha256:{measured.digest.hexdigest()}"
    return done


class _Unpacking:
    def __init__(self, tree: Tree, limit: int, below: Parts, keep: str, largest_kept: int) -> None:
        self.tree = tree
        self.done = Unpacked()
        self._limit = limit
        self._below = below
        self._keep = parts_of(keep)
        self._largest_kept = largest_kept
        self._times: dict[Parts, float] = {}
        self._kinds: dict[bytes, Callable[[tarfile.TarFile, tarfile.TarInfo, Parts], None]] = {
            tarfile.DIRTYPE: self._folder,
            tarfile.SYMTYPE: self._symbolic,
            tarfile.LNKTYPE: self._hard,
            tarfile.FIFOTYPE: self._pipe,
            tarfile.REGTYPE: self._file,
            tarfile.AREGTYPE: self._file,
            tarfile.CONTTYPE: self._file,
            tarfile.GNUTYPE_SPARSE: self._file,
        }

    def add(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        self.done.entries += 1
        if self.done.entries > MOST_ENTRIES:
            raise ImageError(f"the image has a layer of more than {MOST_ENTRIES} entries")
        parts = parts_of(member.name)
        if self._keep and parts == self._keep and member.isreg():
            self._kept(archive, member)
            return
        if self._below:
            if parts[: len(self._below)] != self._below:
                return
            parts = parts[len(self._below) :]
        if not parts:
            if member.isdir():
                self._state(member, self.tree.path(()), ())
            return
        if not 0 <= member.uid <= LAST_ID or not 0 <= member.gid <= LAST_ID:
            raise ImageError(f"{shown(member.name)} in a layer belongs to a user or group that cannot be")
        if not abs(member.mtime) < LAST_TIME:  # also what is no number
            raise ImageError(f"{shown(member.name)} in a layer has a time that cannot be")
        *above, name = parts
        folder = self.tree.folder(tuple(above))
        if name.startswith(WHITEOUT) and not self._below:
            self._white_out(folder, name, member.name)
            return
        if member.ischr() or member.isblk():
            self.done.left_out += 1
            return
        kind = self._kinds.get(member.type)
        if kind is None:
            raise ImageError(f"{shown(member.name)} in a layer is of a kind that images have not: {member.type!r}")
        kind(archive, member, (*folder, name))

    def finish(self) -> None:
        """Folders get their times last: what is made in them changes these."""
        for parts, mtime in self._times.items():
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                os.utime(self.tree.path(parts), (mtime, mtime), follow_symlinks=False)

    def _kept(self, archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        file = archive.extractfile(member)
        if member.size > self._largest_kept or file is None:
            raise ImageError(f"{shown(member.name)} of the image has more than {self._largest_kept} bytes")
        self.done.kept = file.read()

    # --- kinds --------------------------------------------------------------------------------------------------------

    def _white_out(self, folder: Parts, name: str, whole: str) -> None:
        if name == OPAQUE_MARK:
            if folder:  # the root of a layer cannot hide those below from overlayfs
                trees.hide(self.tree.path(folder))
            else:
                raise ImageError("a layer hides all those below it; build the image without them")
            return
        if name.startswith(AUFS):
            return
        hidden = name[len(WHITEOUT) :]
        if hidden in ("", ".", ".."):
            raise ImageError(f"{shown(whole)} in a layer is a whiteout of nothing")
        path = self.tree.path((*folder, hidden))
        try:
            state = path.lstat()
        except FileNotFoundError:
            trees.white_out(path)
            return
        if stat.S_ISDIR(state.st_mode):  # whiteouts are for the layers below only: what this one has stays
            trees.hide(path)

    def _folder(self, archive: tarfile.TarFile, member: tarfile.TarInfo, parts: Parts) -> None:
        path = self.tree.path(parts)
        with contextlib.suppress(FileNotFoundError):
            state = path.lstat()
            if not stat.S_ISDIR(state.st_mode) and not trees.is_whiteout(state):
                path.unlink()
        if not path.is_dir() or path.is_symlink():
            trees.make_folder(path)
        self._state(member, path, parts)

    def _file(self, archive: tarfile.TarFile, member: tarfile.TarInfo, parts: Parts) -> None:
        source = archive.extractfile(member)
        if source is None:
            raise ImageError(f"{shown(member.name)} in a layer cannot be read")
        path = self._place(parts)
        with path.open("xb") as file:
            while chunk := source.read(CHUNK):
                self.done.size += len(chunk)
                if self.done.size > self._limit:
                    raise too_large(self._limit)
                file.write(chunk)
        self._state(member, path, parts)

    def _symbolic(self, archive: tarfile.TarFile, member: tarfile.TarInfo, parts: Parts) -> None:
        if not 0 < len(os.fsencode(member.linkname)) <= LONGEST_LINK or "\0" in member.linkname:
            raise ImageError(f"{shown(member.name)} in a layer is a link to nothing that could be")
        path = self._place(parts)
        path.symlink_to(member.linkname)
        os.lchown(path, member.uid, member.gid)
        with contextlib.suppress(OSError):
            os.utime(path, (member.mtime, member.mtime), follow_symlinks=False)

    def _hard(self, archive: tarfile.TarFile, member: tarfile.TarInfo, parts: Parts) -> None:
        target = parts_of(member.linkname)
        if self._below:
            target = target[len(self._below) :] if target[: len(self._below)] == self._below else ()
        found = self.tree.find(target) if target else None
        if found is None or stat.S_ISDIR(found.lstat().st_mode):
            raise ImageError(
                f"{shown(member.name)} in a layer is a hard link to {shown(member.linkname)}, which is no file there"
            )
        real = (*self.tree.folder(target[:-1]), target[-1])
        there = self.tree.path(real)
        if found != there:  # of a layer below: both names are of this layer, then
            if not stat.S_ISREG(found.lstat().st_mode):
                raise ImageError(f"{shown(member.name)} in a layer is a hard link to something that is no file")
            self.done.size += found.lstat().st_size
            if self.done.size > self._limit:
                raise too_large(self._limit)
            trees.copy_up(found, there)
        if real != parts:
            os.link(there, self._place(parts), follow_symlinks=False)

    def _pipe(self, archive: tarfile.TarFile, member: tarfile.TarInfo, parts: Parts) -> None:
        path = self._place(parts)
        os.mkfifo(path, 0o600)
        self._state(member, path, parts)

    # --- pieces -------------------------------------------------------------------------------------------------------

    def _place(self, parts: Parts) -> Path:
        """The free place of a new entry: the last of several of one name counts."""
        path = self.tree.path(parts)
        if os.path.lexists(path):
            self.tree.drop(parts)
        return path

    def _state(self, member: tarfile.TarInfo, path: Path, parts: Parts) -> None:
        os.chown(path, member.uid, member.gid)
        path.chmod(member.mode & 0o7777)  # after the owner, whose change takes setuid away
        for key, value in member.pax_headers.items():
            name = key.removeprefix(_XATTR)
            if key.startswith(_XATTR) and trees.kept(name) and "\0" not in name:
                self._attribute(path, name, value.encode("utf-8", "surrogateescape"))
        if member.isdir():
            self._times[parts] = member.mtime
        else:
            os.utime(path, (member.mtime, member.mtime), follow_symlinks=False)

    def _attribute(self, path: Path, name: str, value: bytes) -> None:
        try:
            os.setxattr(path, name, value, follow_symlinks=False)
        except OSError as error:
            if error.errno not in (errno.ENOTSUP, errno.EPERM, errno.EINVAL):
                raise
