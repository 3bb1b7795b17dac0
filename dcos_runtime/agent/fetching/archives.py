"""Unpacks archives into a sandbox: a complete archive as a whole; a damaged one gives an error.

Links are made as they are, wherever they lead; nothing is written through one that leads outside. Names lose a leading
``/`` and may not hold ``..``. Owners, setuid bits, devices and pipes do not come out of an archive.
"""

from __future__ import annotations

import os
import stat
import tarfile
import zipfile
from typing import IO

from dcos_runtime.agent.fetching.errors import CHUNK, Budget, FetchError, copy, piece
from dcos_runtime.agent.fetching.sandbox_paths import Sandbox, SandboxPath
from dcos_runtime.agent.fetching.streams import tar_inside, unpacked
from dcos_runtime.wire import uris

MEMBER = 512
"""Bytes of the budget that a member costs beside its content: names and folders take space, too."""
LONGEST_LINK = 4095
STREAMS = (".gz", ".bz2", ".xz")
_ZIP_END = 22


def kind(name: str) -> str | None:
    """The kind of archive by the file's name: ``tar``, ``zip``, ``.gz``, …; ``None``: it is not unpacked."""
    lower = name.lower()
    if lower.endswith(uris.TARS):
        return "tar"
    if lower.endswith(uris.ZIP):
        return "zip"
    return next((ending for ending in STREAMS if lower.endswith(ending) and len(lower) > len(ending)), None)


def extract(archive: IO[bytes], name: str, sandbox: Sandbox, budget: Budget) -> None:
    """Unpacks ``archive``, whose kind follows from ``name``, into the sandbox."""
    found = kind(name)
    if found is None:
        return
    if os.fstat(archive.fileno()).st_size == 0:
        raise FetchError("the archive is damaged: it is empty")
    if found == "tar":
        _extract_tar(archive, sandbox, budget)
    elif found == "zip":
        _extract_zip(archive, sandbox, budget)
    else:
        place = sandbox.place(name.rpartition("/")[2][: -len(found)])
        assert place is not None
        with unpacked(archive, found) as stream, place.create() as file:
            copy(stream, file, budget)


# --- tar --------------------------------------------------------------------------------------------------------------


AtEnd, AtNothing = tarfile.EOFHeaderError, tarfile.EmptyHeaderError  # type: ignore[attr-defined]  # typeshed has neither
"""What tarfile finds at the mark of an archive's end, and where there is no further byte."""


class TarMember(tarfile.TarInfo):
    """Remembers at what reading ended: tarfile ends without an error at a damaged or missing header, too."""

    end: tarfile.HeaderError | None = None

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> TarMember:
        try:
            return super().fromtarfile(archive)
        except tarfile.HeaderError as error:
            TarMember.end = error
            raise


def _extract_tar(packed: IO[bytes], sandbox: Sandbox, budget: Budget) -> None:
    with tarfile.open(fileobj=tar_inside(packed), mode="r:", tarinfo=TarMember) as archive:
        while (member := archive.next()) is not None:
            archive.members.clear()  # type: ignore[attr-defined]  # a million of them would fill the memory
            budget.spend(MEMBER)
            try:
                _extract_member(archive, member, sandbox, budget)
            except OSError as error:
                if error.filename is None:
                    error.filename = member.name
                raise
        if isinstance(TarMember.end, AtNothing):
            raise FetchError("the archive is damaged: it was cut off between two members (its end mark is missing)")
        if not isinstance(TarMember.end, AtEnd):
            raise FetchError("the archive is damaged: the header of a member cannot be read")
        # Reads to the end of the compressed data, which has the checksum. A second archive after this one would be
        # lost.
        while archive.fileobj is not None and (rest := archive.fileobj.read(CHUNK)):
            if rest.count(0) != len(rest):
                raise FetchError("the archive is damaged: there is something behind its end")


def _extract_member(archive: tarfile.TarFile, member: tarfile.TarInfo, sandbox: Sandbox, budget: Budget) -> None:
    place = sandbox.place(member.name)
    if place is None:
        return
    mode = member.mode & 0o777
    if member.isdir():
        sandbox.make_folder(place, mode)
    elif member.issym():
        place.link_to(member.linkname)
        sandbox.forget()
    elif member.islnk():
        _link(member, sandbox)
    elif member.isreg():
        stream = archive.extractfile(member)
        if stream is None:
            raise FetchError(f"{piece(member.name)} cannot be read")
        with stream, place.create(mode) as file:
            copy(stream, file, budget)
            file.flush()
            os.utime(file.fileno(), (int(member.mtime), int(member.mtime)))
    else:
        raise FetchError(f"{piece(member.name)} is a device or pipe, which an archive for a sandbox may not hold")


def _link(member: tarfile.TarInfo, sandbox: Sandbox) -> None:
    problem = FetchError(
        f"{piece(member.name)} is a hard link to {piece(member.linkname)}, which is not a file of this archive"
    )
    try:
        there = sandbox.place(member.linkname, "hard link to", make=False)
    except FileNotFoundError:
        raise problem from None
    state = there.state() if there is not None else None
    if there is None or state is None or stat.S_ISDIR(state.st_mode):
        raise problem
    held = SandboxPath(os.dup(there.folder), there.name, there.shown)
    try:
        place = sandbox.place(member.name)
        assert place is not None
        own = place.state()
        if own is None or (own.st_dev, own.st_ino) != (state.st_dev, state.st_ino):
            place.be_same_as(held)
    finally:
        os.close(held.folder)
    sandbox.forget()


# --- zip --------------------------------------------------------------------------------------------------------------


def _extract_zip(packed: IO[bytes], sandbox: Sandbox, budget: Budget) -> None:
    with zipfile.ZipFile(packed) as zipped:
        # Finds the end of the archive: a reader would accept data after it.
        length = len(zipped.comment)
        end = os.pread(packed.fileno(), _ZIP_END, os.fstat(packed.fileno()).st_size - _ZIP_END - length)
        if not end.startswith(b"PK\5\6") or int.from_bytes(end[-2:], "little") != length:
            raise FetchError("the archive is damaged: there is something behind its end, or its end is cut off")
        for info in zipped.infolist():
            budget.spend(MEMBER)
            try:
                _extract_entry(zipped, info, sandbox, budget)
            except (RuntimeError, NotImplementedError) as error:
                raise FetchError(f"{piece(info.filename)} cannot be unpacked: {piece(error)}") from error


def _extract_entry(zipped: zipfile.ZipFile, info: zipfile.ZipInfo, sandbox: Sandbox, budget: Budget) -> None:
    place = sandbox.place(info.filename)
    if place is None:
        return
    mode = info.external_attr >> 16
    if info.is_dir():
        sandbox.make_folder(place, mode & 0o777 or 0o755)
    elif stat.S_ISLNK(mode):
        if not 0 < info.file_size <= LONGEST_LINK:
            raise FetchError(f"{piece(info.filename)} is a link of {info.file_size} bytes")
        place.link_to(os.fsdecode(zipped.read(info)))
        sandbox.forget()
    else:
        with zipped.open(info) as stream, place.create(mode & 0o777 or 0o644) as file:
            if copy(stream, file, budget) != info.file_size:
                raise FetchError(f"the archive is damaged: {piece(info.filename)} ends too early")
