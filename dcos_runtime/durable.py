"""Files that are whole: after a crash of the process or the machine, a file has its old content or its new one.

This is the one way of `dcos_runtime` and `dcos_installer` to replace a file; a test looks for others.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

NEW = ".new"
"""The end of the names of files that are being written. Their names begin with a dot and the name of the file to be;
one stays where a process was killed meanwhile.
"""

_TRIES = 100
"""How often a folder is made again whose folders above were removed meanwhile."""


@contextmanager
def replaced(path: Path, mode: int = 0o600, *, lasting: bool = True) -> Iterator[IO[bytes]]:
    """A new file, which takes the place of ``path`` when the context has ended without an exception: it is on the disk
    then. Else the old file stays, and nothing is left of the new one. Several processes may do this at once; the last
    one wins. Raises ``OSError``.

    Without ``lasting``, a crash of the machine (not one of the process) may lose both. Many files are written faster
    so.
    """
    descriptor, name = tempfile.mkstemp(NEW, f".{path.name}.", path.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            yield file
            file.flush()
            if lasting:
                os.fsync(descriptor)
        new.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
    if lasting:
        sync(path.parent)


def write(path: Path, content: str | bytes, mode: int = 0o600, *, lasting: bool = True) -> None:
    """As `replaced`, with the whole content at once."""
    with replaced(path, mode, lasting=lasting) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def private_folder(path: Path) -> None:
    """Makes the folder, and those above it that are missing, for this user only, whatever the umask is; one that is
    there stays as it is. Those above may be removed meanwhile, by a process that finds them empty. Raises ``OSError``.
    """
    for attempt in range(_TRIES):
        try:
            for missing in reversed([one for one in (path, *path.parents) if not one.exists()]):
                missing.mkdir(mode=0o700, exist_ok=True)
            path.mkdir(mode=0o700, exist_ok=True)
            return
        except (FileNotFoundError, FileExistsError):  # the second: it was there, and was gone when it was looked at
            if attempt == _TRIES - 1:
                raise


def sync(folder: Path) -> None:
    """Waits until the names in the folder are on the disk. Raises ``OSError``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Removes what killed processes have left there. Only where nobody writes meanwhile. Raises ``OSError``."""
    for left in folder.glob(f".*{NEW}"):
        left.unlink(missing_ok=True)
