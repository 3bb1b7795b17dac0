"""One digest for a whole tree: two trees with equal digests are the same image."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_CHUNK = 1 << 20


def tree_digest(root: Path) -> str:
    """The sha256 of everything in ``root``: names, types, modes, owners, contents, links, times, attributes.

    Two names of one inode differ from two equal copies. Only the root's own name does not count.
    """
    digest = hashlib.sha256()
    for line in tree_lines(root):
        digest.update(line)
    return digest.hexdigest()


def tree_outline(root: Path) -> str:
    """The sha256 of everything in `tree_digest` except contents and attributes: quick, and different after any usual
    change.

    A change of a file sets a new time; only a change that resets the time is not seen.
    """
    digest = hashlib.sha256()
    _outline(root, b"", digest)
    return digest.hexdigest()


def _outline(folder: Path | str, prefix: bytes, digest: hashlib._Hash) -> None:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: os.fsencode(entry.name))
    for entry in found:
        name, status = prefix + os.fsencode(entry.name), entry.stat(follow_symlinks=False)
        folder_like = stat.S_ISDIR(status.st_mode)
        size = 0 if folder_like else status.st_size  # the size of a folder depends on the file system
        facts = (status.st_mode, status.st_uid, status.st_gid, size, status.st_mtime_ns)
        digest.update(name + b"\0%d %d %d %d %d\n" % facts)
        if folder_like:
            _outline(entry.path, name + b"/", digest)


def tree_lines(root: Path) -> Iterator[bytes]:
    """The input of `tree_digest`: a line for each entry, in the order of the paths' bytes."""
    seen: dict[tuple[int, int], bytes] = {}
    for path in _walk(root):
        entry = path.lstat()
        name = os.fsencode(path.relative_to(root))
        fields = [name, oct(entry.st_mode).encode(), b"%d:%d" % (entry.st_uid, entry.st_gid)]
        fields.append(b"%d" % entry.st_mtime_ns)
        if stat.S_ISREG(entry.st_mode):
            first = seen.setdefault((entry.st_dev, entry.st_ino), name)
            fields.append(b"same as " + first if first != name else _content(path))
        elif stat.S_ISLNK(entry.st_mode):
            fields.append(os.fsencode(path.readlink()))
        elif stat.S_ISCHR(entry.st_mode) or stat.S_ISBLK(entry.st_mode):
            fields.append(b"%d:%d" % (os.major(entry.st_rdev), os.minor(entry.st_rdev)))
        for attribute in sorted(os.listxattr(path, follow_symlinks=False)):
            value = os.getxattr(path, attribute, follow_symlinks=False)
            fields.append(attribute.encode() + b"=" + value.hex().encode())
        yield b"\0".join(fields) + b"\n"


def _walk(top: Path) -> Iterator[Path]:
    yield top
    for path in sorted(top.iterdir(), key=os.fsencode):
        if stat.S_ISDIR(path.lstat().st_mode):
            yield from _walk(path)
        else:
            yield path


def _content(path: Path) -> bytes:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest().encode()
