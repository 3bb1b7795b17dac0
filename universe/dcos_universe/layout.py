"""Names in a built tree, and which of them never change their content."""

from __future__ import annotations

import re
from pathlib import Path

_VERSIONED = re.compile(r"metadata/[0-9]+\.[\w-]+\.json", re.ASCII)
_BY_DIGEST = re.compile(r"(?:[0-9a-f]{64}|[0-9a-f]{128})(?:\.[\x21-\x2e\x30-\x7e]+)?")
_NAMED = re.compile(r"(?:blobs|images/blobs/sha256)/([0-9a-f]{64})(?:/[^/]+)?")
_STEP = re.compile(r"delta/[^/]+/[0-9a-f]{64}\.json(?:\.gz|\.zst)?")


def tree_in(place: Path) -> Path:
    """The tree that a folder means: the folder itself; or, if `publish` writes to it, the tree in it that is
    current."""
    current = place / "current"
    return current if current.is_symlink() or (place / "trees").is_dir() else place


def versioned(path: str) -> bool:
    """Whether this is TUF metadata of one version: ``metadata/7.snapshot.json``."""
    return bool(_VERSIONED.fullmatch(path))


def named_digest(path: str) -> str | None:
    """The SHA-256 that the name of an artifact or of an image's blob in a mirror says of its content; None for other
    names.
    """
    found = _NAMED.fullmatch(path)
    return None if found is None else found[1]


def immutable(path: str) -> bool:
    """Whether the name contains a version or a digest of its content: TUF's metadata and targets, artifacts, layers of
    images, steps from one index to the next.
    """
    if versioned(path) or _STEP.fullmatch(path):
        return True
    first, *rest = path.split("/")
    return first in ("targets", "blobs", "images") and any(_BY_DIGEST.fullmatch(part) for part in rest)
