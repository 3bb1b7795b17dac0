"""Receives packages from a stream: each is verified by its digest while it is unpacked, and renamed when complete."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zlib

from .errors import HostError
from .facts import altered_package, package_paths
from .machine import ACTIVE, PACKAGE_NAMES, PACKAGE_TIME, PACKAGES, SEEDS, STATE, Machine
from .observe import MENDED, folder_of, manifest_of
from .quick import dumps, loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import IO, Any

_CHUNK = 1 << 18
_MOST = 1 << 30
_ANEW = "remove the operator's bundle cache, run again"
_PIECE = 1 << 20
"""The size of pieces of an unpacked package; larger than most results of decompressing a `_CHUNK`."""


def receive(machine: Machine, packages: list[dict[str, Any]], stream: IO[bytes]) -> list[str]:
    """Unpacks each of ``packages``, whose gzipped tars (``size`` bytes each) follow one another in ``stream``.

    ``folder`` names it, ``sha256`` and ``unpacked`` are digest and size of its tar.

    Returns the new folders. A package that exists and is intact is skipped. Raises `HostError`: complete packages stay
    then, and the others are removed.
    """
    machine.folder(PACKAGES)
    needed = _needed(machine)
    brought = []
    for package in packages:
        tar = _Tar(stream, package["size"], package["unpacked"])
        folder = PACKAGES + "/" + package["folder"]
        there = machine.lstat(folder) is not None
        altered = altered_package(machine, package["folder"]) if there else ""
        if there and not altered:
            tar.drain()
            continue
        incoming = f"{PACKAGES}/.new-{package['folder']}"
        machine.remove(incoming)
        try:
            _need_space(machine, package["unpacked"])
            machine.step("unpack " + package["folder"])
            _lay_out(tar, package, machine.at(incoming))
            _to_disk(machine.at(incoming))
            if there or package["folder"] in needed:
                _note_mended(machine, package["folder"], altered)
            _put_in_place(machine, package["folder"])
        except BaseException:
            machine.remove(incoming)
            raise
        brought.append(package["folder"])
    return brought


def unpack(package: dict[str, Any], stream: IO[bytes], home: str) -> None:
    """Makes the folder ``home`` of one package as `receive` makes it; ``stream`` holds its gzipped tar."""
    _lay_out(_Tar(stream, package["size"], package["unpacked"]), package, home)


def take_seed(machine: Machine, package: str) -> None:
    """Copies a package (its folder's name) from the machine's image, with its times, and replaces the existing one.

    No generation leads into the image, because an update replaces the image.
    """
    machine.folder(PACKAGES)
    incoming, seed = f"{PACKAGES}/.new-{package}", SEEDS + "/" + package
    machine.remove(incoming)
    machine.step("copy " + seed)
    _copy(machine.at(seed), machine.at(incoming))
    _to_disk(machine.at(incoming))
    _put_in_place(machine, package)


def _copy(source: str, target: str) -> None:
    os.mkdir(target, 0o755)
    os.chmod(target, 0o755)
    with os.scandir(source) as entries:
        for entry in entries:
            path = target + "/" + entry.name
            if entry.is_dir(follow_symlinks=False):
                _copy(entry.path, path)
                continue
            with open(entry.path, "rb") as reading, open(path, "xb") as writing:
                while os.sendfile(writing.fileno(), reading.fileno(), None, _MOST):
                    pass
                os.fchmod(writing.fileno(), entry.stat(follow_symlinks=False).st_mode & 0o755)
            os.utime(path, (PACKAGE_TIME, PACKAGE_TIME))


def _put_in_place(machine: Machine, package: str) -> None:
    folder = PACKAGES + "/" + package
    if machine.lstat(folder) is not None:
        machine.rename(folder, f"{PACKAGES}/.old-{package}")
    machine.rename(f"{PACKAGES}/.new-{package}", folder)
    machine.remove(f"{PACKAGES}/.old-{package}")


class _Tar:
    """The next ``size`` bytes of a stream, a gzip, read as the tar in it, which is hashed at the same time."""

    def __init__(self, stream: IO[bytes], size: int, unpacked: int) -> None:
        self._stream = stream
        self._left = size
        self._room = unpacked
        self._hash = hashlib.sha256()
        self._inflate = zlib.decompressobj(wbits=31)
        self._ready = b""
        self._at = 0

    def read(self, count: int = _CHUNK) -> bytes:
        """Up to ``count`` bytes; none at the end."""
        if self._at == len(self._ready):
            self._ready, self._at = self._next(), 0
        data = self._ready[self._at : self._at + count]
        self._at += len(data)
        return data

    def _next(self) -> bytes:
        """A whole piece at once: small reads would copy the compressed rest each time."""
        data = b""
        while not data and not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._take()
            data = self._inflate.decompress(packed, _PIECE)
        self._room -= len(data)
        if self._room < 0:
            raise HostError("a package is larger than it says", "it may be another one, or damaged", _ANEW)
        self._hash.update(data)
        return data

    def drain(self) -> None:
        """Reads this package to its end without unpacking it."""
        while self._left:
            self._take()

    def digest(self) -> str:
        """sha256 of the whole tar."""
        while self.read():
            pass
        self.drain()
        return self._hash.hexdigest()

    def _take(self) -> bytes:
        data = self._stream.read(min(_CHUNK, self._left))
        if not data:
            raise HostError(
                "the connection ended within a package",
                "what sends it stopped, or the network did",
                "run again: what arrived completely is kept",
            )
        self._left -= len(data)
        return data


def _lay_out(tar: _Tar, package: dict[str, Any], home: str) -> None:
    _unpack(tar, home)
    digest = tar.digest()
    if digest != package["sha256"]:
        raise HostError(
            f"the package {package['folder']} arrived damaged",
            f"its sha256 is {digest}, not {package['sha256']}",
            "run again; if it stays so, remove the operator's bundle cache",
        )
    note_names(home)


def _unpack(tar: _Tar, home: str) -> None:
    os.mkdir(home, 0o755)
    os.chmod(home, 0o755)  # independent of the umask
    with tarfile.open(fileobj=tar, mode="r|") as archive:  # type: ignore[call-overload]  # reads on, which is all that a stream has to do
        for member in archive:
            if member.name.startswith("/") or ".." in member.name.split("/"):
                raise HostError(
                    f"the package holds a path that leads outside: {member.name}",
                    "packages stay in their folder",
                    _ANEW,
                )
            path = home + "/" + member.name
            if member.isdir():
                os.makedirs(path, 0o755, exist_ok=True)
                os.chmod(path, 0o755)
            elif member.isreg():
                _write(archive, member, path)
            else:
                raise HostError(
                    f"the package holds something that is neither file nor folder: {member.name}",
                    "packages hold nothing else",
                    _ANEW,
                )


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
    source = archive.extractfile(member)
    assert source is not None
    with open(path, "xb") as file:
        while True:
            data = source.read(_CHUNK)
            if not data:
                break
            file.write(data)
        os.fchmod(file.fileno(), member.mode & 0o755)
    os.utime(path, (PACKAGE_TIME, PACKAGE_TIME))


def note_names(home: str) -> None:
    """Notes what a package that was just unpacked at ``home`` holds; see `altered_package`."""
    paths, _ = package_paths(home)
    path = home + "/" + PACKAGE_NAMES
    with open(path, "xb") as file:
        file.write(b"\n".join(paths))
        os.fchmod(file.fileno(), 0o644)
    os.utime(path, (PACKAGE_TIME, PACKAGE_TIME))


def _needed(machine: Machine) -> set[str]:
    """The packages of the active generation: a running unit may need one that is missing."""
    try:
        active = os.path.basename(machine.link(ACTIVE) or "")
        return {folder_of(package) for package in manifest_of(machine, int(active))[0]["packages"]}
    except ValueError:
        return set()  # nothing is active, or its manifest cannot be read: then everything counts as new


def _to_disk(path: str) -> None:
    """Syncs a whole tree to the disk: one call for its file system instead of one a file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        import ctypes

        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor) == 0:
            return
    except (ImportError, OSError, AttributeError):
        pass
    finally:
        os.close(descriptor)
    os.sync()


def _need_space(machine: Machine, size: int) -> None:
    free = machine.free_bytes(PACKAGES)
    # A file takes whole blocks: an unpacked package is a little larger than its tar.
    if free < size + size // 4:
        raise HostError(
            f"no space left on the file system of {PACKAGES}",
            f"{free >> 20} MiB are free, the package takes {(size + size // 4) >> 20} MiB",
            "free space there and run again",
        )


def _note_mended(machine: Machine, folder: str, altered: str) -> None:
    noted = dict(loads(machine.read(MENDED) or b"{}"))
    noted[folder] = altered
    machine.folder(STATE)
    machine.replace(MENDED, dumps(noted).encode(), 0o600)
