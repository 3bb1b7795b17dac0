"""The root of trust of package repositories (TUF), a file on the operator's machine."""

from __future__ import annotations

import json
from pathlib import Path

_LARGEST = 1 << 20


def root_metadata(path: Path) -> str:
    """The file's text, which hosts get as it is. Whether its keys have signed it, the package manager checks when it
    starts. Raises ``ValueError`` with what is wrong with the file.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    try:
        text = content.decode("ascii")
        found = json.loads(text)
        is_root = len(content) <= _LARGEST and found["signed"]["_type"] == "root" and bool(found["signatures"])
    except (ValueError, KeyError, TypeError, RecursionError):
        is_root = False
    if not is_root:
        raise ValueError(f"{path} is no signed root metadata of TUF (JSON)")
    return text
