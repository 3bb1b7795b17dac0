"""Small files that are complete or missing: a reader never gets a part of one, nor an empty one after a crash.

This is the only way in `dcos_images` to replace such a file. (It imports nothing of `dcos_runtime`, which has its own.)
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

PART = ".part"
"""The end of the names of incomplete files; one stays if a process is killed."""


def write_whole(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """Replaces the file by one with this content. Raises `OSError`; then nothing has changed."""
    descriptor, name = tempfile.mkstemp(PART, f".{path.name}-", path.parent)
    new = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(descriptor)
        new.chmod(mode)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
