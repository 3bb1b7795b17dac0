"""The file system that a folder lies on, or will lie on."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def file_system_of(folder: Path) -> os.statvfs_result:
    """That of the folder, or of the one above it that exists. Folders may vanish meanwhile."""
    for one in (folder, *folder.parents):
        with contextlib.suppress(FileNotFoundError):
            return os.statvfs(one)
    return os.statvfs("/")
