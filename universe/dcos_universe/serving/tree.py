"""The tree that is served. Only files within it are found, and each is served whole, however often it is switched."""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from dcos_universe.serving.negotiation import REPOSITORY_TYPE, http_date

ENCODINGS = {"gzip": ".gz", "zstd": ".zst"}
"""Coding -> the suffix of its twin."""

CACHED_FILE = 4 << 20
"""The largest file that is kept in memory, in bytes; of a larger one only the digest is kept."""

_BLOCK = 1 << 20
_YOUNG = 2.0
"""For so many seconds after a change, a further change may leave the date as it is; so the file is told without one."""

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".md": "text/plain; charset=utf-8",
    ".content_type": "text/plain; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".ico": "image/x-icon",
    ".gz": "application/gzip",
    ".tgz": "application/gzip",
    ".zst": "application/zstd",
    ".zip": "application/zip",
    ".tar": "application/x-tar",
}
_REPOSITORY = re.compile(r"(universe|repo-empty-v3|repo-up-to-[0-9.]+)\.json")
_OF_A_RELEASE = re.compile(r"[0-9.]+")
Identity: TypeAlias = "tuple[int, int, int, int, int]"
"""Device, inode, time of modification, size, and time of change (ctime), which nobody can set. Files of the same
identity have the same bytes. (To link a file changes its ctime: then it is read again.)"""


class Nothing(Exception):
    """There is no such file in the tree."""


class NoTree(Exception):
    """There is no tree (yet)."""


@dataclass(frozen=True, slots=True)
class Content:
    """A file's content: ``held`` has its bytes, or None if they have to be read. ``digest`` is their SHA-256, ``tag`` a
    strong ETag made of it.
    """

    size: int
    digest: str
    tag: str
    held: bytes | None


@dataclass(frozen=True, slots=True)
class Served:
    """One file as it was found: ``name`` is its path in the tree, ``identity`` is the key of its content."""

    tree: Snapshot
    name: str
    identity: Identity
    content_type: str
    encoding: str | None
    twins: bool

    @property
    def size(self) -> int:
        return self.identity[3]

    @property
    def modified(self) -> str | None:
        """When the file was changed last; None while it could be changed again within the same second."""
        seconds = self.identity[2] / 1e9
        return http_date(int(seconds)) if abs(time.time() - seconds) > _YOUNG else None

    def open(self) -> int:
        """A descriptor of the file; the caller closes it. Raises `Nothing` if another file is there now."""
        descriptor = self.tree.open(self.name if self.encoding is None else self.name + ENCODINGS[self.encoding])
        if _identity(os.fstat(descriptor)) != self.identity:
            os.close(descriptor)
            raise Nothing(self.name)
        return descriptor


class Snapshot:
    """The tree as it was after one switch. Its folder is held open, so this stays that tree after another switch."""

    def __init__(self, root: Path) -> None:
        """Raises `NoTree`."""
        try:
            self._folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise NoTree(f"{root}: {error.strerror}") from error
        about = os.fstat(self._folder)
        self.identity = (about.st_dev, about.st_ino)
        self._verified: dict[str, Identity] = {}
        self._types: dict[str, str] = {}

    def __del__(self) -> None:
        if hasattr(self, "_folder"):
            os.close(self._folder)

    def open(self, name: str) -> int:
        """A descriptor of a regular file that is reached through folders of the tree alone: no link is followed, and no
        name leads up. Raises `Nothing`."""
        *folders, last = name.split("/")
        at, ours = self._folder, False
        try:
            for folder in folders:
                deeper = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
                if ours:
                    os.close(at)
                at, ours = deeper, True
            descriptor = os.open(last, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EIO):
                raise
            raise Nothing(name) from error
        finally:
            if ours:
                os.close(at)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Nothing(name)
        return descriptor

    def identity_of(self, name: str) -> Identity:
        """The identity of a file. It takes one system call if the file was looked at before and is the same. Raises
        `Nothing`."""
        known = self._verified.get(name)
        if known is not None:
            try:
                if _identity(os.stat(name, dir_fd=self._folder, follow_symlinks=False)) == known:
                    return known
            except OSError:
                pass
        descriptor = self.open(name)
        try:
            found = _identity(os.fstat(descriptor))
        finally:
            os.close(descriptor)
        if len(self._verified) > 50_000:
            self._verified.clear()
        self._verified[name] = found
        return found

    def content_type(self, name: str) -> str:
        """The content type of a file. That of a repository file is in its ``.content_type``."""
        first, _, rest = name.partition("/")
        stem = ""
        if _REPOSITORY.fullmatch(name):
            stem = name.removesuffix(".json")
        elif rest.startswith("package/") and _OF_A_RELEASE.fullmatch(first):
            stem = f"repo-up-to-{first}"
        if stem:
            return self._type_of(stem)
        return _TYPES.get("." + name.rpartition("/")[2].rpartition(".")[2].lower(), "application/octet-stream")

    def _type_of(self, stem: str) -> str:
        if stem not in self._types:
            content_type = f"{REPOSITORY_TYPE};charset=utf-8;version=v5"
            try:
                descriptor = self.open(f"{stem}.content_type")
            except Nothing:
                pass
            else:
                try:
                    text = os.read(descriptor, 300).decode("ascii", "replace").strip()
                finally:
                    os.close(descriptor)
                if re.fullmatch(r"[\w.+-]+/[\w.+-]+(?:; ?[\w-]+=[\w.-]+)*", text, re.ASCII):
                    content_type = text
            self._types[stem] = content_type
        return self._types[stem]

    def find(self, name: str, encodings: Sequence[str] = ()) -> Served:
        """The file of this name, or its twin in the first of the encodings that has one. Raises `Nothing`."""
        plain = self.identity_of(name)
        content_type = self.content_type(name)
        if name.endswith((".gz", ".zst")):
            return Served(self, name, plain, content_type, None, False)
        for coding in encodings:
            try:
                twin = self.identity_of(name + ENCODINGS[coding])
            except Nothing:
                continue
            return Served(self, name, twin, content_type, coding, True)
        return Served(self, name, plain, content_type, None, self._has_twins(name))

    def _has_twins(self, name: str) -> bool:
        for suffix in ENCODINGS.values():
            try:
                self.identity_of(name + suffix)
            except Nothing:
                continue
            return True
        return False


class ServedTree:
    """The tree at a path. The path may be a folder or a link to one, and may be switched at any time."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._now: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """The tree as it is now. Raises `NoTree`."""
        try:
            about = self.root.stat()
        except OSError as error:
            self._now = None
            raise NoTree(f"{self.root}: {error.strerror}") from error
        if self._now is None or self._now.identity != (about.st_dev, about.st_ino):
            self._now = Snapshot(self.root)
        return self._now

    def find(self, name: str, encodings: Sequence[str] = ()) -> Served:
        """The file of this name. If the tree is switched meanwhile, it looks in the new one. Raises `Nothing` and
        `NoTree`."""
        for _ in range(5):
            snapshot = self.snapshot()
            try:
                return snapshot.find(name, encodings)
            except Nothing:
                if self.snapshot() is snapshot:
                    raise
        raise Nothing(name)


class Contents:
    """Contents by identity: digests, and the bytes of files that are asked for often, within ``room`` bytes. For any
    thread.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._taken = 0
        self._kept: OrderedDict[Identity, Content] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, identity: Identity) -> Content | None:
        """The content, if it is kept."""
        with self._lock:
            found = self._kept.get(identity)
            if found is not None:
                self._kept.move_to_end(identity)
            return found

    def read(self, served: Served) -> Content:
        """Reads the whole file. Raises `Nothing` if another file is there now, and `OSError`."""
        descriptor = served.open()
        try:
            digest = hashlib.sha256()
            keep = served.size <= min(CACHED_FILE, self._room // 2)
            parts, position = [], 0
            while block := os.pread(descriptor, _BLOCK, position):
                digest.update(block)
                position += len(block)
                if keep:
                    parts.append(block)
        finally:
            os.close(descriptor)
        if position != served.size:
            raise Nothing(served.name)
        content = Content(
            position, digest.hexdigest(), f'"{digest.hexdigest()[:40]}"', b"".join(parts) if keep else None
        )
        self._keep(served.identity, content)
        return content

    def _keep(self, identity: Identity, content: Content) -> None:
        weight = 400 + len(content.held or b"")
        with self._lock:
            if identity in self._kept:
                return
            self._kept[identity] = content
            self._taken += weight
            while self._taken > self._room and len(self._kept) > 1:
                _, gone = self._kept.popitem(last=False)
                self._taken -= 400 + len(gone.held or b"")


def _identity(about: os.stat_result) -> Identity:
    return (about.st_dev, about.st_ino, about.st_mtime_ns, about.st_size, about.st_ctime_ns)
