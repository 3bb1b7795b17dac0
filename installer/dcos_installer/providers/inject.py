"""Files laid into a machine's root directory from the host, without following any link that the machine may have made.

A machine's root may belong to whoever broke into it: a path is walked one folder at a time, links are refused, and each
file is replaced by a rename, so the machine reads the old content or the new one.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dcos_installer.providers.base import ProviderError

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class Injected:
    """One file, owned by root. ``path`` is absolute within the machine; missing folders get ``folder_mode``."""

    path: str
    content: bytes
    mode: int = 0o644
    folder_mode: int = 0o755


def inject(root: Path, files: Sequence[Injected]) -> None:
    """Lays ``files`` into ``root``. Raises `ProviderError` when the way to one leads through a link."""
    top = os.open(root, _FOLDER)
    try:
        for file in files:
            try:
                _lay(top, file)
            except OSError as error:
                raise ProviderError(
                    f"cannot write {file.path} in the machine",
                    why=f"{error.strerror}: a folder on its way is a link, is missing or cannot be written",
                    hint="destroy the machine and deploy again",
                ) from error
    finally:
        os.close(top)


def _lay(top: int, file: Injected) -> None:
    *folders, name = file.path.strip("/").split("/")
    at = os.dup(top)
    try:
        for folder in folders:
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, file.folder_mode, dir_fd=at)
            below = os.open(folder, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
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
