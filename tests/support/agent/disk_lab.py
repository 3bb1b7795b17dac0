"""Helpers for tests of disks: files that are surely on the disk, and counts of them."""

from __future__ import annotations

import os
from pathlib import Path

from dcos_runtime.agent.disk.usage import DiskUsage, counting
from dcos_runtime.agent.disk.watcher import Watched

MB = 1 << 20


def counted(*roots: Path) -> DiskUsage:
    count = DiskUsage()
    for _ in counting(roots, count):
        pass
    return count


def written(path: Path, size: int, seek: int = 0) -> Path:
    with path.open("ab") as file:
        file.truncate(seek)
        file.seek(seek)
        file.write(os.urandom(size))
        file.flush()
        os.fsync(file.fileno())
    return path


def watched(name: str, sandbox: Path, limit: int | None, *private: Path, cap: int = 100 * MB) -> Watched:
    return Watched(name, sandbox, private, limit, {"stdout": cap}, list)
