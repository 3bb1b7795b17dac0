"""Small files that are whole or not there: whoever reads one never meets half of it, nor an empty one after a crash.

This is the one way of `dcos_images` to replace such a file. (It imports nothing of `dcos_runtime`, which has its own.)
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

PART = ".part"
"""The end of the names of files that are not whole yet; one stays where a process was killed."""


def write_whole(path: Path, content: str | bytes, mode: int = 0o644) -> None:
    """The file with this content, in place of what is there. Raises `OSError`; then nothing has changed."""
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
