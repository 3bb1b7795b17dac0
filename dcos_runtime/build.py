"""Which code this is: the fields by which Mesos' `/version` and `/state` tell a build.

Two builds of the same source are equal to the byte. The id is computed from the files that run; the times are those of
the version, because any other time would differ between builds.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dcos_runtime import __version__

DATE = "2026-11-23 15:22:00"
"""When work on this version began, in UTC. Changed with ``__version__``."""

USER = "dcos"

WORKSHOP = frozenset({"sim", "wire/generator", "wire/proto"})
"""Folders of this package that are used only in a checkout: no program reads them, the bundle leaves them out, and they
do not count for the id.
"""


@functools.cache
def info() -> dict[str, Any]:
    """``git_sha`` is the id that git gives to the folder ``dcos_runtime`` without `WORKSHOP`, for the commits that hold
    this code.
    """
    return {
        "build_date": DATE,
        "build_time": datetime.strptime(DATE, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp(),
        "build_user": USER,
        "git_sha": tree_id(Path(__file__).parent, WORKSHOP).hex(),
        "git_tag": __version__,
    }


def tree_id(folder: Path, without: Collection[str] = ()) -> bytes:
    """The id that git gives to a folder of plain files. Generated and hidden files do not count, and neither do those
    below the folders ``without`` (paths in ``folder``).
    """
    entries: list[tuple[bytes, bytes]] = []
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name == "__pycache__" or path.suffix == ".pyc" or path.name in without:
            continue
        name = path.name.encode()
        if path.is_dir():
            below = [one.removeprefix(f"{path.name}/") for one in without if one.startswith(f"{path.name}/")]
            # Git sorts a folder as if its name ended with a slash.
            entries.append((name + b"/", b"40000 %b\0%b" % (name, tree_id(path, below))))
        else:
            entries.append((name, b"100644 %b\0%b" % (name, _object_id(b"blob", path.read_bytes()))))
    return _object_id(b"tree", b"".join(entry for _, entry in sorted(entries)))


def _object_id(kind: bytes, data: bytes) -> bytes:
    return hashlib.sha1(b"%b %d\0" % (kind, len(data)) + data, usedforsecurity=False).digest()
