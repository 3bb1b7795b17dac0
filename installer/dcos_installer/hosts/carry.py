"""Files as a stream (tar): packed at the source, and unpacked at the target completely or not at all.

Runs here and, sent as source, on machines: Python 3.9 or newer, standard library only.
"""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import signal
import stat
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from typing import IO, Any

END = ".dcos-copy-whole"
"""The last member of a stream: without it, the stream is incomplete."""
STAGE = ".dcos-copy-"
"""The prefix of the folder, beside the target, that holds incomplete files."""

_CHUNK = 1 << 18
_BLOCK = 512
_SYNCED_ALONE = 100
"""More files than these are synced to the disk by one sync of the whole machine, because one sync for each takes
seconds.
"""


class CopyRefused(Exception):
    """Files cannot be read or unpacked."""

    def __init__(self, what: str, why: str = "", hint: str = "") -> None:
        self.what, self.why, self.hint = what, why, hint
        super().__init__(what)


# --- packing ---


def packed(paths: Sequence[str]) -> Iterator[bytes]:
    """The files and folders at ``paths``, each by its last name, as parts of a stream. Links within folders stay links.

    Raises `CopyRefused`.
    """
    seen: dict[str, str] = {}
    for path in paths:
        name = last_name(path)
        if name in seen:
            raise CopyRefused(
                "two of the files have one name", f"{seen[name]} and {path}", "copy them one after the other"
            )
        seen[name] = path
        yield from _member(path, name, follow=True)
    yield from _header(tarfile.TarInfo(END))
    yield b"\0" * (2 * _BLOCK)


def last_name(path: str) -> str:
    """The name of a copy of ``path``. Raises `CopyRefused` if it has none."""
    name = os.path.basename(os.path.normpath(path))
    if name in ("", ".", "..", "/"):
        raise CopyRefused(f"{path} has no name", "a copy is called by the last part of the path", "name it in full")
    return name


def size_of(paths: Sequence[str]) -> int:
    """How many bytes there are to copy, approximately. Raises `CopyRefused`."""
    total = 0
    for path in paths:
        last_name(path)
        with _reading(path):
            total += os.stat(path).st_size
            if os.path.isdir(path):
                for folder, _, names in os.walk(path):
                    total += sum(os.lstat(os.path.join(folder, name)).st_size for name in names)
    return total


def _member(path: str, name: str, follow: bool) -> Iterator[bytes]:
    with _reading(path):
        info = os.stat(path) if follow else os.lstat(path)
        member = tarfile.TarInfo(name)
        member.mode, member.mtime = stat.S_IMODE(info.st_mode), int(info.st_mtime)
        children: list[str] = []
        if stat.S_ISDIR(info.st_mode):
            member.type = tarfile.DIRTYPE
            children = sorted(os.listdir(path))
        elif stat.S_ISLNK(info.st_mode):
            member.type, member.linkname = tarfile.SYMTYPE, os.readlink(path)
        elif not stat.S_ISREG(info.st_mode):
            raise CopyRefused(
                f"{path} is not a file that can be copied", "it is a device, a pipe or a socket", "copy without it"
            )
    if stat.S_ISREG(info.st_mode):
        yield from _file(path, member)
        return
    yield from _header(member)
    for child in children:
        yield from _member(os.path.join(path, child), f"{name}/{child}", follow=False)


def _file(path: str, member: tarfile.TarInfo) -> Iterator[bytes]:
    with _reading(path), open(path, "rb") as opened:
        file: IO[bytes] = opened
        member.size = os.fstat(opened.fileno()).st_size
        if member.size == 0:  # files of /proc and /sys do not show their size
            text = opened.read()
            file, member.size = io.BytesIO(text), len(text)
        yield from _header(member)
        left = member.size
        while left:
            part = file.read(min(left, _CHUNK))
            if not part:
                raise CopyRefused(f"{path} became shorter while it was read", "a process writes it", "copy it again")
            left -= len(part)
            yield part
    yield b"\0" * (-member.size % _BLOCK)


def _header(member: tarfile.TarInfo) -> Iterator[bytes]:
    yield member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


class _reading:
    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, OSError) and not isinstance(error, BrokenPipeError):
            raise CopyRefused(
                f"{self._path} cannot be read", error.strerror or str(error), "check the name and its permissions"
            ) from None


# --- unpacking ---


def laid(stream: IO[bytes], target: str, into: bool, bits: int = 0o7777) -> dict[str, int]:
    """Unpacks ``stream``, and counts its files and their bytes.

    If the target is a folder, or is to become one (``into``), it gets each item under the item's own name; otherwise
    the target is the name of the single file or folder in the stream. Everything is received first, into a folder
    beside the target; then it is renamed: files replace files, folders are merged into folders. Only the ``bits`` of
    modes are kept. Raises `CopyRefused`, which says whether something was changed: only if a rename itself failed.
    """
    base, name = target, ""
    if not os.path.isdir(target) and not into:
        base, name = os.path.split(target.rstrip("/"))
        if not os.path.isdir(base):
            raise CopyRefused(f"{base} is no folder", f"{target} should lie in it", "make it first, or name another")
    beside = base if os.path.isdir(base) else os.path.dirname(base.rstrip("/")) or "."
    stage, coming = "", None
    try:
        stage = tempfile.mkdtemp(prefix=STAGE, dir=beside)
        coming = _Coming(stage, bits)
        coming.receive(stream)
        coming.place(base, name)
        return {"files": coming.files, "bytes": coming.bytes}
    except OSError as error:
        begun = coming is not None and coming.placing
        what = f"only a part was copied to {target}" if begun else f"nothing was changed at {target}"
        raise CopyRefused(what, _reason(error, beside), _remedy(error)) from None
    finally:
        if stage:
            shutil.rmtree(stage, ignore_errors=True)


class _Coming:
    def __init__(self, stage: str, bits: int) -> None:
        self._stage, self._bits = stage, bits
        self._folders: dict[str, tuple[int, float]] = {}
        """Mode and time of each folder, by its path in the stage: set once it is at its target."""
        self.files = self.bytes = 0
        self.placing = False

    def receive(self, stream: IO[bytes]) -> None:
        whole = False
        try:
            with tarfile.open(fileobj=stream, mode="r|", encoding="utf-8", errors="surrogateescape") as tar:
                for member in tar:
                    if member.name == END:
                        whole = True
                        break
                    self._receive(tar, member)
        except (tarfile.TarError, EOFError):
            whole = False
        if not whole:
            raise CopyRefused(
                "the copy did not arrive completely", "what sent it stopped in the middle", "copy it again"
            )

    def _receive(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        folder, within, last = member.name.rpartition("/")
        if last in ("", ".", "..") or (within and folder not in self._folders):
            raise CopyRefused(f"{member.name!r} is no name for a copy", "it leads out of the folder", "report this")
        path = os.path.join(self._stage, member.name)
        if member.isdir():
            os.mkdir(path, 0o700)
            self._folders[member.name] = (member.mode & self._bits, member.mtime)
        elif member.issym():
            os.symlink(member.linkname, path)
            self.files += 1
        elif member.isreg():
            source = tar.extractfile(member)
            assert source is not None
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                shutil.copyfileobj(source, file, _CHUNK)
                if file.tell() != member.size:
                    raise EOFError
            os.chmod(path, member.mode & self._bits)
            os.utime(path, (member.mtime, member.mtime))
            self.files += 1
            self.bytes += member.size
        else:
            raise CopyRefused(f"{member.name!r} is no file, folder or link", "only these are copied", "report this")

    def place(self, base: str, name: str) -> None:
        self._keep()
        tops = sorted(os.listdir(self._stage))
        pairs = [(top, os.path.join(base, name or top)) for top in tops]
        for top, final in pairs:
            self._look(top, final)
        if not os.path.isdir(base):
            os.mkdir(base)
        self.placing = True
        for top, final in pairs:
            self._place(top, final)

    def _keep(self) -> None:
        """Syncs the content to the disk before it replaces files, in case the power fails."""
        if self.files > _SYNCED_ALONE:
            os.sync()
            return
        for folder, _, names in os.walk(self._stage):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    with open(path, "rb") as file:
                        os.fsync(file.fileno())

    def _look(self, name: str, final: str) -> None:
        """Checks, before anything is renamed, that nothing replaces something of another kind."""
        there = os.path.lexists(final)
        if name not in self._folders:
            if there and os.path.isdir(final) and not os.path.islink(final):
                raise CopyRefused(
                    f"{final} is a folder", "a file would take its place", "move it away, or name another"
                )
            return
        if there and (os.path.islink(final) or not os.path.isdir(final)):
            raise CopyRefused(f"{final} is no folder", "a folder would take its place", "move it away, or name another")
        if there:
            if os.stat(final).st_dev != os.stat(self._stage).st_dev:
                raise CopyRefused(
                    f"{final} is another file system", "files are renamed into place within one", "copy to it by itself"
                )
            for child in os.listdir(os.path.join(self._stage, name)):
                self._look(f"{name}/{child}", os.path.join(final, child))

    def _place(self, name: str, final: str) -> None:
        new = os.path.join(self._stage, name)
        if name in self._folders and os.path.isdir(final):
            for child in sorted(os.listdir(new)):
                self._place(f"{name}/{child}", os.path.join(final, child))
            return
        if name not in self._folders:
            self._take_owner(new, final)
        os.replace(new, final)
        below = [one for one in self._folders if one == name or one.startswith(f"{name}/")]
        for folder in sorted(below, reverse=True):
            mode, time = self._folders[folder]
            os.chmod(final + folder[len(name) :], mode)
            os.utime(final + folder[len(name) :], (time, time))

    @staticmethod
    def _take_owner(new: str, final: str) -> None:
        """Gives a file the owner of the file that it replaces."""
        try:
            old = os.lstat(final)
        except FileNotFoundError:
            return
        mine = os.lstat(new)
        if (old.st_uid, old.st_gid) != (mine.st_uid, mine.st_gid):
            os.chown(new, old.st_uid, old.st_gid, follow_symlinks=False)
            if not stat.S_ISLNK(mine.st_mode):
                os.chmod(new, stat.S_IMODE(mine.st_mode))


def _reason(error: OSError, beside: str) -> str:
    reason = error.strerror or str(error)
    return f"{error.filename or beside}: {reason}"


def _remedy(error: OSError) -> str:
    if error.errno == errno.ENOENT:
        return "the folder that it goes into must be there"
    return "make room there" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "check where it goes"


# --- on a machine ---


def main() -> int:
    """Reads a request (a line of JSON) and its data from stdin; answers on stdout, errors on stderr."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))  # incomplete files are removed
    order = json.loads(sys.stdin.buffer.readline())
    try:
        if order["do"] == "send":
            for part in packed(order["paths"]):
                sys.stdout.buffer.write(part)
            sys.stdout.buffer.flush()
        else:
            counted = laid(sys.stdin.buffer, order["target"], order["into"])
            sys.stdout.write(json.dumps(counted) + "\n")
    except CopyRefused as error:
        sys.stderr.write(json.dumps({"what": error.what, "why": error.why, "hint": error.hint}) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
