"""Files as a stream (tar): packed at the source, and unpacked at the target completely or not at all.

Runs here and, sent as source, on machines: Python 3.9 or newer, standard library only.
"""

from __future__ import annotations

import bisect
import contextlib
import errno
import io
import itertools
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
"""The name of the last member of a stream, a pipe (a copy has none): without it, the stream is incomplete."""
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
        yield from _members(path, name)
    end = tarfile.TarInfo(END)
    end.type = tarfile.FIFOTYPE
    yield from _header(end)
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
                total += sum(os.lstat(one).st_size for one, is_folder in _below(path) if not is_folder)
    return total


def _below(folder: str) -> Iterator[tuple[str, bool]]:
    """Every path below a folder, and whether it is a folder; folders before what they contain.

    However deep it is: `os.walk` and `shutil.rmtree` of older Pythons call themselves for each level.
    """
    ahead = [folder]
    while ahead:
        with os.scandir(ahead.pop()) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder:
                    ahead.append(entry.path)
                yield entry.path, is_folder


def _remove(folder: str) -> None:
    """Removes a folder with everything in it, as far as that is possible."""
    try:
        found = list(_below(folder))
    except OSError:
        found = []
    for path, is_folder in [*reversed(found), (folder, True)]:
        with contextlib.suppress(OSError):
            (os.rmdir if is_folder else os.unlink)(path)


def _members(path: str, name: str) -> Iterator[bytes]:
    """A file or folder, and everything below it, in order of the names. A link is followed only at the top."""
    ahead = [(path, name)]
    while ahead:
        path, name = ahead.pop()
        with _reading(path):
            info = os.lstat(path) if "/" in name else os.stat(path)
            member = tarfile.TarInfo(name)
            member.mode, member.mtime = stat.S_IMODE(info.st_mode), int(info.st_mtime)
            if stat.S_ISDIR(info.st_mode):
                member.type = tarfile.DIRTYPE
                children = sorted(os.listdir(path), reverse=True)
                ahead += [(os.path.join(path, child), f"{name}/{child}") for child in children]
            elif stat.S_ISLNK(info.st_mode):
                member.type, member.linkname = tarfile.SYMTYPE, os.readlink(path)
            elif not stat.S_ISREG(info.st_mode):
                raise CopyRefused(
                    f"{path} is not a file that can be copied", "it is a device, a pipe or a socket", "copy without it"
                )
        yield from _file(path, member) if stat.S_ISREG(info.st_mode) else _header(member)


def _file(path: str, member: tarfile.TarInfo) -> Iterator[bytes]:
    with _reading(path), open(path, "rb") as opened:
        file: IO[bytes] = opened
        member.size = os.fstat(opened.fileno()).st_size
        if member.size <= _CHUNK:
            # Files of /proc show no size, those of /sys a page: their end is where reading ends.
            text = opened.read(member.size) if member.size else opened.read()
            if len(text) == member.size or os.fstat(opened.fileno()).st_size == member.size or not member.size:
                file, member.size = io.BytesIO(text), len(text)
            else:
                file = io.BytesIO(text)  # a process has made it shorter
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
            _remove(stage)


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
                    if member.isfifo() and member.name == END:
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
        tops = self._pairs("", base)
        if name:
            tops = [(top, os.path.join(base, name)) for top, _ in tops]
        ahead, steps = tops, []
        while ahead:
            top, final = ahead.pop()
            if self._look(top, final):
                ahead += self._pairs(top, final)
            else:
                steps.append((top, final))
        if not os.path.isdir(base):
            os.mkdir(base)
        self.placing = True
        folders = sorted(f"{folder}/" for folder in self._folders)  # each before those in it, which are beside it
        for top, final in steps:
            self._place(top, final, folders)

    def _keep(self) -> None:
        """Syncs the content to the disk before it replaces files, in case the power fails."""
        if self.files > _SYNCED_ALONE:
            os.sync()
            return
        for path, is_folder in _below(self._stage):
            if not is_folder and not os.path.islink(path):
                with open(path, "rb") as file:
                    os.fsync(file.fileno())

    def _pairs(self, name: str, final: str) -> list[tuple[str, str]]:
        """The children of a received folder: their names in the stage, and their places."""
        children = sorted(os.listdir(os.path.join(self._stage, name)), reverse=True)
        return [(f"{name}/{child}" if name else child, os.path.join(final, child)) for child in children]

    def _look(self, name: str, final: str) -> bool:
        """Checks, before anything is renamed, that nothing replaces something of another kind. True: a folder that
        joins one that is there.
        """
        there = os.path.lexists(final)
        if name not in self._folders:
            if there and os.path.isdir(final) and not os.path.islink(final):
                raise CopyRefused(
                    f"{final} is a folder", "a file would take its place", "move it away, or name another"
                )
            return False
        if there and (os.path.islink(final) or not os.path.isdir(final)):
            raise CopyRefused(f"{final} is no folder", "a folder would take its place", "move it away, or name another")
        if there and os.stat(final).st_dev != os.stat(self._stage).st_dev:
            raise CopyRefused(
                f"{final} is another file system", "files are renamed into place within one", "copy to it by itself"
            )
        return there

    def _place(self, name: str, final: str, folders: list[str]) -> None:
        new = os.path.join(self._stage, name)
        if name not in self._folders:
            self._take_owner(new, final)
        os.replace(new, final)
        if name not in self._folders:
            return
        first = bisect.bisect_left(folders, f"{name}/")
        later = (folders[number] for number in range(first, len(folders)))
        below = itertools.takewhile(lambda one: one.startswith(f"{name}/"), later)
        for folder in reversed([one[:-1] for one in below]):
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
