"""Keeps a second agent out of a folder that is one agent's alone. The claim ends with the process that has it."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from dcos_runtime.durable import private_folder
from dcos_runtime.errors import Unstartable


def claim(descriptor: int, folder: Path, use: str, hint: str) -> int:
    """Locks the open file and returns its descriptor: the claim lasts as long as it is open. Raises `Unstartable`, and
    closes it, when another process has the lock. ``use``: what the folder is for, such as ``for images``.
    """
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Unstartable(f"{folder} cannot be used {use}".rstrip(), why="another agent uses it", hint=hint) from None
    return descriptor


def claim_folder(folder: Path, use: str, hint: str) -> int:
    """As `claim`, by a lock on the folder itself, which is made for this user only if it is missing. Raises ``OSError``
    as well.
    """
    private_folder(folder)
    return claim(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC), folder, use, hint)
