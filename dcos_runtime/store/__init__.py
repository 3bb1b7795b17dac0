"""Where daemons keep what must survive them: ZooKeeper on installed clusters, SQLite for daemons started by hand.

One interface for both, so that no daemon knows which one it has.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class StoreError(Exception):
    """A write or read did not happen. The daemon ends: what it holds may no longer be the truth."""


class Fenced(StoreError):
    """Another leader has taken over since; nothing of this write was done."""


class Store(Protocol):
    """Keys are relative paths (``agents/<id>``, ``apps/<quoted id>/<version>``), values bytes of at most 1 MB each."""

    async def load(self) -> dict[str, bytes]:
        """Everything in this store. Raises `StoreError`."""
        ...

    async def write(self, changes: Mapping[str, bytes | None]) -> None:
        """Sets (bytes) and removes (``None``) keys: all of them durably, or none. Raises `StoreError`."""
        ...

    async def close(self) -> None: ...
