"""A `StoreWatch` in ZooKeeper: reads what changed, after each new connection everything, and asks for signs.

ZooKeeper's own watches fire once, do not say what has changed, and end with the connection. A member that is cut off
from the others answers reads for a while. So the reader asks for a *sign*: a transaction that only checks. The member
that answers it has applied all earlier transactions, and has called our watches. So `entries` are as old as the last
request for a sign that was answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dcos_runtime.store.layout import Layout
from dcos_runtime.store.lease import boottime
from dcos_runtime.store.watch import Changes, StoreWatch
from dcos_runtime.store.zookeeper import ZooKeeperSession

log = logging.getLogger(__name__)

_SILENCE = 0.3
"""How long a member may take for a sign, as a share of the session's timeout; then another is tried."""
PIPELINE = 32
"""Reads at a time: answers wait in ZooKeeper's memory, and some of them may be of half a megabyte."""


@dataclass
class _Read:
    """What was read at once: all keys, if they were listed, and the values of some keys (None: the key is gone)."""

    keys: frozenset[str] | None
    values: dict[str, bytes | None] = field(default_factory=dict)


class ZooKeeperWatch(StoreWatch):
    """A watch of all keys below some prefixes."""

    def __init__(
        self,
        session: ZooKeeperSession,
        layout: Layout,
        prefixes: tuple[str, ...],
        *,
        sign: str,
        every: float | None = None,
        constant: tuple[str, ...] = (),
        prepare: Callable[[], None] | None = None,
        listener: Callable[[Changes], None] | None = None,
        clock: Callable[[], float] = boottime,
    ) -> None:
        """``sign``: an existing node that signs check. A sign is asked for ``every`` so many seconds, and when somebody
        waits for one.

        Values below ``constant`` never change, so they are read once. ``prepare`` is called in a thread of the session
        after each new connection, before anything is read. ``clock``: that of `as_of`.
        """
        super().__init__(prefixes, listener)
        self._session = session
        self._layout = layout
        self._node = sign
        self._every = every
        self._constant = constant
        self._prepare = prepare
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._as_of: float | None = None
        # What the reader has to read anew: everything, the lists of keys, or single keys.
        self._all_stale = True
        self._lists_stale = True
        self._stale: set[str] = set()
        self._wake = asyncio.Event()
        self._wanted = 0
        self._seen = 0
        self._progress = asyncio.Condition()
        session.listen(self._state)

    @property
    def as_of(self) -> float | None:
        return self._as_of

    def look(self) -> None:
        """Wakes the reader, because what is known is too old."""
        self._wake.set()

    async def begun(self) -> None:
        """Waits until everything was read once, which `changed` does not tell. Raises what `run` raised."""
        assert self._reader is not None
        seen = asyncio.create_task(self.seen(), name="the first look")
        try:
            await asyncio.wait({seen, self._reader}, return_when=asyncio.FIRST_COMPLETED)
            if not seen.done():
                self._reader.result()
        finally:
            seen.cancel()
        self._untold.clear()

    async def seen(self) -> None:
        self._wanted += 1
        wanted = self._wanted
        self._wake.set()
        async with self._progress:
            await self._progress.wait_for(lambda: self._seen >= wanted)

    async def run(self) -> None:
        from kazoo.exceptions import AuthFailedError, KazooException, NoAuthError

        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._until_sign()):
                    await self._wake.wait()
            await self._session.connected()
            self._wake.clear()
            try:
                wanted = self._wanted
                sign = await self._sign()
                everything, lists, stale = self._all_stale, self._lists_stale, set(self._stale)
                self._all_stale = self._lists_stale = False
                self._stale.clear()
                known = set(self.entries)
                read = await self._session.call(partial(self._read, everything, everything or lists, stale, known))
            except (NoAuthError, AuthFailedError) as error:
                raise self._session.denied(error, self._layout.path) from error
            except (KazooException, ValueError) as error:
                log.warning(
                    "%s: could not be read (%s); again in a moment", self._layout.path, error or type(error).__name__
                )
                self._all_stale = True
                self._wake.set()
                await asyncio.sleep(0.5)
                continue
            self._take(read)
            if self._all_stale or not self._session.is_connected:
                continue  # the connection was lost meanwhile: the watches are gone, and not all was read
            if sign is not None:
                self._as_of = sign
            async with self._progress:
                self._seen = wanted
                self._progress.notify_all()

    def _until_sign(self) -> float | None:
        """Seconds until a sign is due; None: none is. One is due at once if all is read anew: the watches are gone."""
        if self._as_of is None or self._all_stale or self._wanted != self._seen:
            return 0.0
        return None if self._every is None else max(0.0, self._as_of + self._every - self._clock())

    async def _sign(self) -> float | None:
        """Asks for a sign if one is due, and waits for it. Returns when it was asked for; None: none was due."""
        due = self._until_sign()
        if due is None or due > 0:
            return None
        asked = self._clock()
        if self._all_stale and self._prepare is not None:
            await self._session.call(self._prepare)
        sign = self._session.confirm([(self._node, -1)])
        while not (await asyncio.wait((sign,), timeout=self._session.timeout * _SILENCE))[0]:
            log.warning("ZooKeeper does not answer; trying another of its members")
            self._session.reconnect()
        await sign
        return asked

    def _take(self, read: _Read) -> None:
        changes = dict(read.values)
        if read.keys is not None:
            changes |= {key: None for key in self.entries if key not in read.keys}
        self.take(changes)

    def _state(self, state: str) -> None:
        if state == "CONNECTED":
            self._all_stale = True
            self._wake.set()

    def _fired(self, event: Any) -> None:
        """Called by kazoo, in one of its threads, when a watch fires."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._changed, str(event.type), str(event.path or ""))

    def _changed(self, kind: str, node: str) -> None:
        key = self._layout.key_at(node)
        if key is not None and kind in ("CHANGED", "DELETED"):
            self._stale.add(key)
        else:
            self._lists_stale = True
        self._wake.set()

    # What follows blocks, and runs in the session's threads.

    def _read(self, everything: bool, lists: bool, stale: set[str], known: set[str]) -> _Read:
        keys = frozenset(self._listed()) if lists else None
        wanted = stale if keys is None else (stale & keys) | (keys - known)
        if everything and keys is not None:
            wanted = {key for key in keys if key not in known or not key.startswith(self._constant or ("\0",))}
        return _Read(keys, self._values(sorted(key for key in wanted if self.matches(key))))

    def _listed(self) -> list[str]:
        layout = self._layout
        folders = layout.only_folders(self.prefixes)
        if folders is None:
            children = self._children(layout.path)
            folders = [name for name in children if layout.may_hold(name, self.prefixes)]
        keys = [layout.key(folder, name) for folder in folders for name in self._children(layout.folder(folder))]
        return [key for key in keys if self.matches(key)]

    def _children(self, node: str) -> list[str]:
        """The names below a node; empty if it does not exist: ZooKeeper then tells when it is created."""
        from kazoo.exceptions import NoNodeError

        client = self._session.client
        while True:
            try:
                return list(client.get_children(node, watch=self._fired))
            except NoNodeError:
                if client.exists(node, watch=self._fired) is None:
                    return []

    def _values(self, keys: list[str]) -> dict[str, bytes | None]:
        from kazoo.exceptions import NoNodeError

        client = self._session.client
        found: dict[str, bytes | None] = {}
        for start in range(0, len(keys), PIPELINE):
            asked = []
            for key in keys[start : start + PIPELINE]:
                watch = None if self._constant and key.startswith(self._constant) else self._fired
                asked.append((key, client.get_async(self._layout.node(key), watch=watch)))
            for key, answer in asked:
                try:
                    found[key] = bytes(answer.get()[0])
                except NoNodeError:  # removed since it was listed
                    found[key] = None
        return found
