"""Whom a container's process runs as."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ContainerUser:
    """Whom a container's process runs as."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]
    home: str
