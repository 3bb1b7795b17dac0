"""Writes files into a machine's root directory from the host, without following any link that the machine may have
made.

A machine's root may be under an attacker's control: a path is walked one folder at a time, links are refused, and each
file is replaced by a rename, so the machine reads the old content or the new one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from dcos_installer.providers.base import MachineFile, ProviderError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def inject(root: Path, files: Sequence[MachineFile]) -> None:
    """Writes ``files``, owned by root, into ``root``. An equal file that exists is not written: its disk may be full.

    Raises `ProviderError` when one cannot be written, or a link is on its path.
    """
    top = os.open(root, _FOLDER)
    try:
        for file in files:
            try:
                _lay(top, file)
            except OSError as error:
                raise ProviderError(
                    f"cannot write {file.path} in the machine",
                    why=_reason(error),
                    hint="make room on its disk, or destroy the machine and deploy again",
                ) from error
    finally:
        os.close(top)


def _lay(top: int, file: MachineFile) -> None:
    *folders, name = file.path.strip("/").split("/")
    at = os.dup(top)
    try:
        for folder in folders:
            made = False
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, file.folder_mode, dir_fd=at)
                made = True
            below = os.open(folder, _FOLDER, dir_fd=at)
            if made:
                os.fchmod(below, file.folder_mode)  # independent of the umask
            os.close(at)
            at = below
        if _is_so(at, name, file):
            return
        temporary = f".{name}.dcos-new"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=at)
        new = os.open(
            temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, file.mode, dir_fd=at
        )
        with os.fdopen(new, "wb") as out:
            os.fchmod(new, file.mode)
            out.write(file.content)
        os.rename(temporary, name, src_dir_fd=at, dst_dir_fd=at)
    finally:
        os.close(at)


def _is_so(at: int, name: str, file: MachineFile) -> bool:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
    except OSError:
        return False
    with os.fdopen(descriptor, "rb") as there:
        entry = os.fstat(descriptor)
        right = stat.S_ISREG(entry.st_mode) and stat.S_IMODE(entry.st_mode) == file.mode and entry.st_uid == 0
        return right and entry.st_size == len(file.content) and there.read() == file.content


def _reason(error: OSError) -> str:
    if error.errno in (errno.ELOOP, errno.ENOTDIR):
        return f"{error.strerror}: a folder on its way is a link, or none"
    return str(error.strerror)
