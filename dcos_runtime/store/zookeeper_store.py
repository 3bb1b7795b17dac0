"""The store of an installed cluster: ZooKeeper, every write one transaction that also checks who leads.

Layout: ``<path>/epoch`` changes its version whenever another process takes over; ``<path>/<folder>/<rest, quoted>``
is the key ``folder/rest``. A write is ``check(epoch) + set/create/delete``, so a leader that was paused and comes back
too late writes nothing. A write that does not fit into one transaction is staged (`staging`); each of its steps is a
transaction of that form.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from dcos_runtime.store import PAGE, Fenced, StoreError, access, check, staging
from dcos_runtime.store.layout import Layout
from dcos_runtime.store.lease import Lease
from dcos_runtime.store.watch import StoreWatch
from dcos_runtime.store.zookeeper import ZooKeeperSession, fault
from dcos_runtime.store.zookeeper_watch import PIPELINE, ZooKeeperWatch

T = TypeVar("T")

log = logging.getLogger(__name__)

MAX_TRANSACTION = 640 * 1024  # ZooKeeper refuses requests of 1 MB by closing the connection
_OPERATION = 256  # bytes of an operation in a transaction beside path and value, permissions included
_REMEMBERED = 500
"""ZooKeeper keeps so many of the newest transactions in memory, each about three times; it cannot keep fewer."""
_AT_A_TIME = 50  # empty transactions sent at once; a leader's confirmations wait behind them
_ROOM = 6_000_000
"""How many bytes our transactions may have among those that ZooKeeper keeps: its heap is small
(roles/zookeeper)."""
_EPOCH = "epoch"


class ZooKeeperStore:
    """A `Store` below ``path``. It can be written only after `take_over`; a process that does not lead may read and
    watch.
    """

    def __init__(
        self, session: ZooKeeperSession, path: str, patience: float | None = None, lease: Lease | None = None
    ) -> None:
        """While ZooKeeper is silent, calls wait until the ``lease`` is over; without one, ``patience`` seconds."""
        self._session = session
        self._path = path.rstrip("/")
        self._layout = Layout(self._path, loose="_", own=frozenset((_EPOCH,)))
        self._public_layout = Layout(self._path, loose="_", own=frozenset((_EPOCH, staging.FOLDER)))
        self._patience = session.seconds if patience is None else patience
        self._lease = lease
        self._epoch: int | None = None
        self._known: set[str] = set()
        self._lock = asyncio.Lock()
        # The sizes of our newest transactions. It begins with a guess: those of the leader before us may be large.
        self._written: deque[int] = deque([_ROOM * 3 // 4], maxlen=_REMEMBERED)

    @property
    def fence(self) -> tuple[str, int]:
        """The node whose version changes when another process takes over, and its version now."""
        if self._epoch is None:
            raise StoreError(f"{self._path}: there is no epoch before take_over()")
        return f"{self._path}/{_EPOCH}", self._epoch

    async def take_over(self, holder: str, standing: str | None = None) -> int:
        """Makes the caller, named ``holder``, the only writer from now on, and returns the new epoch. Raises
        `StoreError`.

        ``standing`` is its node in the election. If that node is gone, for example because the process was paused,
        nothing is taken from its successor (`Fenced`).
        """
        async with self._lock:
            self._epoch = await self._patiently(lambda: self._take_over(holder, standing), "take over")
            return self._epoch

    async def load(self) -> dict[str, bytes]:
        async with self._lock:
            entries: dict[str, bytes] = {}
            keys = await self._patiently(lambda: self._keys(self._layout, ""), "read")
            for start in range(0, len(keys), PAGE):
                entries |= await self._patiently(partial(self._values, keys[start : start + PAGE]), "read")
            self._known = set(entries)
            left = staging.remains(entries)
            for key, part in left.take.items():
                await self._step({**part, key: None})
            for key in left.drop:
                await self._step({key: None})
            return entries

    async def pages(self, prefix: str = "", size: int = PAGE) -> AsyncIterator[dict[str, bytes]]:
        keys = await self._patiently(lambda: self._keys(self._public_layout, prefix), "read")
        for start in range(0, len(keys), size):
            if page := await self._patiently(partial(self._values, keys[start : start + size]), "read"):
                yield page

    async def watch(self, prefix: str = "") -> StoreWatch:
        """See `Store`. It waits until a leader has taken over the store. A staged write is reported in parts."""
        watch = ZooKeeperWatch(self._session, self._public_layout, (prefix,), sign=f"{self._path}/{_EPOCH}")
        watch.start()
        try:
            await watch.begun()
        except BaseException:
            await watch.close()
            raise
        return watch

    async def write(self, changes: Mapping[str, bytes | None]) -> None:
        frozen = dict(changes)
        check(frozen)
        if any(key.startswith(f"{staging.FOLDER}/") for key in frozen):
            raise StoreError(f"{staging.FOLDER}/ is not for keys")
        parts = staging.cut(frozen, self._size, MAX_TRANSACTION)
        async with self._lock:
            if len(parts) == 1:
                await self._step(parts[0])
                return
            for number, part in enumerate(parts):
                await self._step({staging.part_key(number): staging.pack(part)})
            await self._step({staging.WHOLE: b"%d" % len(parts)})
            for number, part in enumerate(parts):
                await self._step({**part, staging.part_key(number): None})
            await self._step({staging.WHOLE: None})

    async def _step(self, changes: Mapping[str, bytes | None]) -> None:
        """Does one transaction. If ZooKeeper would then have to keep too many bytes, many empty ones are done first."""
        size = sum(self._size(key, value) for key, value in changes.items())
        if sum(self._written) + size > _ROOM and self._written:
            await self._patiently(self._make_room, "write")
            self._written.clear()
        await self._patiently(lambda: self._write(changes), "write")
        self._written.append(size)

    def _size(self, key: str, value: bytes | None) -> int:
        return len(self._layout.node(key)) + len(value or b"") + _OPERATION

    async def close(self) -> None:
        """Does nothing: the session is closed by its owner."""

    async def _patiently(self, work: Callable[[], T], what: str) -> T:
        """Tries again through connection losses, for as long as the lease or the patience lasts.

        kazoo keeps a call while there is no connection, so a write that is given up here may still be done later.
        Therefore the caller's process has to end, as `StoreError` says.
        """
        from kazoo.exceptions import AuthFailedError, KazooException, NoAuthError, SessionExpiredError

        doing = asyncio.create_task(self._until_done(work, what), name=f"{what} {self._path}")
        ends = [asyncio.create_task(self._lease.over.wait(), name="the lease")] if self._lease is not None else []
        try:
            await asyncio.wait(
                (doing, *ends),
                timeout=self._patience if self._lease is None else None,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if doing.done():
                return doing.result()
        except SessionExpiredError as error:
            raise StoreError(f"{self._path}: the ZooKeeper session expired") from error
        except (NoAuthError, AuthFailedError) as error:
            raise self._session.denied(error, self._path) from error
        except KazooException as error:
            raise StoreError(f"{self._path}: could not {what}: {type(error).__name__} {error}") from error
        finally:
            for task in (doing, *ends):
                task.cancel()
        if self._lease is not None:
            raise StoreError(f"{self._path}: could not {what}: {self._lease.why}")
        raise StoreError(f"{self._path}: ZooKeeper could not be reached for {self._patience:g} s")

    async def _until_done(self, work: Callable[[], T], what: str) -> T:
        from kazoo.exceptions import ConnectionLoss, OperationTimeoutError

        while True:
            await self._session.connected()
            try:
                return await self._session.call(work)
            except (ConnectionLoss, OperationTimeoutError) as error:
                log.warning("%s: could not %s (%s)", self._session.url, what, type(error).__name__)
            await asyncio.sleep(0.1)

    # What follows runs in the session's threads, one call at a time.

    def _take_over(self, holder: str, standing: str | None) -> int:
        from kazoo.exceptions import NodeExistsError, NoNodeError

        client, acls = self._session.client, self._session.acls
        path = f"{self._path}/{_EPOCH}"
        while True:
            try:
                if not access.is_closed(client, path, acls):
                    # Made when ZooKeeper was open to all. The epoch is closed last: if it is closed, all else is, too.
                    access.make_folder(client, self._path, acls)
                    for folder in client.get_children(self._path):
                        if folder != _EPOCH:
                            access.close_tree(client, f"{self._path}/{folder}", acls)
                    access.close_tree(client, path, acls)
                return self._next_epoch(holder, standing)
            except NoNodeError:
                access.close_system(client, acls)
                access.make_folder(client, self._path, acls)
                with contextlib.suppress(NodeExistsError):
                    client.create(path, b"", acl=acls.private)

    def _next_epoch(self, holder: str, standing: str | None) -> int:
        from kazoo.exceptions import NoNodeError

        transaction = self._session.client.transaction()
        if standing is not None:
            transaction.check(standing, version=-1)
        transaction.set_data(f"{self._path}/{_EPOCH}", holder.encode())
        results = transaction.commit()
        if standing is not None and isinstance(results[0], NoNodeError):
            raise Fenced(f"{self._path}: our node {standing} is gone; another may lead, and nothing was taken from it")
        if (why := fault(results)) is not None:
            raise why
        return int(results[-1].version)

    def _keys(self, layout: Layout, prefix: str) -> list[str]:
        """The keys that begin with ``prefix``, sorted."""
        from kazoo.exceptions import NoNodeError

        client, found = self._session.client, []
        for folder in client.get_children(self._path):
            if not layout.may_hold(folder, (prefix,)):
                continue
            with contextlib.suppress(NoNodeError):
                found += [layout.key(folder, name) for name in client.get_children(layout.folder(folder))]
        return sorted(key for key in found if key.startswith(prefix))

    def _values(self, keys: Sequence[str]) -> dict[str, bytes]:
        from kazoo.exceptions import NoNodeError

        client, entries = self._session.client, {}
        for start in range(0, len(keys), PIPELINE):
            slice_ = keys[start : start + PIPELINE]
            reads = [client.get_async(self._layout.node(key)) for key in slice_]
            for key, read in zip(slice_, reads, strict=True):
                try:
                    entries[key] = read.get()[0]
                except NoNodeError:  # it was removed since it was listed, perhaps by a last write of the former leader
                    continue
        return entries

    def _make_room(self) -> None:
        """Makes ZooKeeper forget our large transactions. It keeps a number of the newest ones, whatever their size."""
        client, path = self._session.client, f"{self._path}/{_EPOCH}"
        for _ in range(0, _REMEMBERED, _AT_A_TIME):
            asked = []
            for _ in range(_AT_A_TIME):
                transaction = client.transaction()
                transaction.check(path, version=-1)
                asked.append(transaction.commit_async())
            for answer in asked:
                answer.get()

    def _write(self, changes: Mapping[str, bytes | None]) -> None:
        from kazoo.exceptions import (
            BadVersionError,
            NodeExistsError,
            NoNodeError,
            RolledBackError,
            RuntimeInconsistency,
        )

        if self._epoch is None:
            raise StoreError(f"{self._path}: written before take_over()")
        client = self._session.client
        for _ in range(3):
            transaction = client.transaction()
            transaction.check(f"{self._path}/{_EPOCH}", version=self._epoch)
            for key, value in changes.items():
                node = self._layout.node(key)
                if value is None:
                    if key in self._known:
                        transaction.delete(node)
                elif key in self._known:
                    transaction.set_data(node, value)
                else:
                    transaction.create(node, value, acl=self._session.acls.private)
            # When the connection is lost here, it may have been done: the next attempt then meets NodeExists or NoNode.
            results: list[Any] = transaction.commit()
            faults = [
                result
                for result in results
                if isinstance(result, Exception) and not isinstance(result, RolledBackError | RuntimeInconsistency)
            ]
            if isinstance(results[0], BadVersionError | NoNodeError):
                raise Fenced(f"{self._path}: another leader has taken over; nothing was written")
            if not faults and not any(isinstance(result, Exception) for result in results):
                self._known.update(key for key, value in changes.items() if value is not None)
                self._known.difference_update(key for key, value in changes.items() if value is None)
                return
            if not all(isinstance(fault, NoNodeError | NodeExistsError) for fault in faults):
                raise StoreError(f"{self._path}: ZooKeeper refused the write: {faults or results!r}")
            self._look_again(changes)
        raise StoreError(f"{self._path}: another process writes the same keys")

    def _look_again(self, changes: Mapping[str, bytes | None]) -> None:
        client = self._session.client
        for key in changes:
            node = self._layout.node(key)
            client.ensure_path(node.rpartition("/")[0], acl=self._session.acls.private)
            (self._known.add if client.exists(node) else self._known.discard)(key)
