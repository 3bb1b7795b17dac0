"""The stores of daemons' durable state: ZooKeeper on installed clusters, SQLite for daemons started by hand.

Both have one interface, so that no daemon knows which one it has, and the same limits.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Protocol

from dcos_runtime.errors import Explained

if TYPE_CHECKING:
    from dcos_runtime.store.watch import StoreWatch

MAX_VALUE = 512 * 1024
"""Bytes of one value. ZooKeeper refuses requests of 1 MiB by closing the connection, and keeps all values in memory."""

MAX_KEY = 1024
"""Bytes of one key."""


PAGE = 500
"""Entries of a page, unless another size is asked for."""


class StoreError(Explained):
    """A write or read did not happen, or it is not known whether it did. The daemon then ends, because what it holds in
    memory may no longer be the truth.
    """

    usual_hint = "look at the store, and start again"


class Fenced(StoreError):
    """Another leader has taken over the store since; nothing of this write was done."""


class TooLarge(Exception):
    """A key or value is over the store's limits: nothing of the write was done or tried, and the daemon goes on.

    A daemon checks the size of its input before it changes anything (`check`, `MAX_VALUE`).
    """


class Store(Protocol):
    """Keys are relative paths (``agents/<id>``, ``apps/<quoted id>/<version>``) of at most `MAX_KEY` bytes, values
    bytes of at most `MAX_VALUE` each. A write may hold any number of them.
    """

    async def load(self) -> dict[str, bytes]:
        """Everything in this store. Raises `StoreError`."""
        ...

    def pages(self, prefix: str = "", size: int = PAGE) -> AsyncIterator[dict[str, bytes]]:
        """The entries whose keys begin with ``prefix``, in the order of keys, ``size`` at a time. Raises `StoreError`.

        Each page is read when it is asked for. A key that exists during the whole reading comes once, with the value of
        that moment; one that is added or removed meanwhile may come or not. Between two pages only keys are kept.
        """
        ...

    async def watch(self, prefix: str = "") -> StoreWatch:
        """The entries whose keys begin with ``prefix``, kept up to date; see `StoreWatch` for what is reported of
        changes and what can be missed. The caller closes it. Raises `StoreError`.
        """
        ...

    async def write(self, changes: Mapping[str, bytes | None]) -> None:
        """Sets (bytes) and removes (``None``) keys: all of them durably, or none. Raises `StoreError`, `TooLarge`."""
        ...

    async def close(self) -> None: ...


def check(changes: Mapping[str, bytes | None]) -> None:
    """Raises `TooLarge` for a key or value over the limits of all stores."""
    for key, value in changes.items():
        if len(key.encode()) > MAX_KEY:
            raise TooLarge(f"the key {key[:64]}… is longer than {MAX_KEY} bytes")
        if value is not None and len(value) > MAX_VALUE:
            raise TooLarge(f"{key} has {len(value)} bytes; one value may have {MAX_VALUE} at most")
