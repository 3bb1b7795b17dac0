"""The store of an installed cluster: ZooKeeper, every write one transaction that also checks who leads.

Layout: ``<path>/epoch`` changes its version whenever another process takes over; ``<path>/<folder>/<rest, quoted>``
is the key ``folder/rest``. A write is ``check(epoch) + set/create/delete``, so a leader that was paused and came back
too late writes nothing. One that does not fit into a transaction is staged (`staging`), each step in a transaction of
that kind.
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
from dcos_runtime.store.watch import Watch
from dcos_runtime.store.zookeeper import ZooKeeperSession, fault
from dcos_runtime.store.zookeeper_watch import PIPELINE, ZooKeeperWatch

T = TypeVar("T")

log = logging.getLogger(__name__)

MAX_TRANSACTION = 640 * 1024  # ZooKeeper refuses requests of 1 MB by closing the connection
_OPERATION = 256  # what an operation takes in it beside path and value, permissions included
_REMEMBERED = 500
"""ZooKeeper keeps so many of the newest ones in memory, each about three times, and cannot be told to keep less."""
_AT_A_TIME = 50  # a leader's confirmations wait behind these
_ROOM = 6_000_000
"""How many bytes of ours may be among those: a member's heap is small (roles/zookeeper)."""
_EPOCH = "epoch"


class ZooKeeperStore:
    """A `Store` under ``path``. Nothing can be written before `take_over`; who does not lead may read and watch."""

    def __init__(
        self, session: ZooKeeperSession, path: str, patience: float | None = None, lease: Lease | None = None
    ) -> None:
        """What ZooKeeper does not answer waits until the ``lease`` is over; without one, for ``patience`` seconds."""
        self._session = session
        self._path = path.rstrip("/")
        self._layout = Layout(self._path, loose="_", own=frozenset((_EPOCH,)))
        self._told = Layout(self._path, loose="_", own=frozenset((_EPOCH, staging.FOLDER)))
        self._patience = session.seconds if patience is None else patience
        self._lease = lease
        self._epoch: int | None = None
        self._known: set[str] = set()
        self._lock = asyncio.Lock()
        # The size of our newest transactions; the leader before us may have left some that are not small.
        self._written: deque[int] = deque([_ROOM * 3 // 4], maxlen=_REMEMBERED)

    @property
    def fence(self) -> tuple[str, int]:
        """The node and its version that tell that nobody has taken over since."""
        if self._epoch is None:
            raise StoreError(f"{self._path}: there is no epoch before take_over()")
        return f"{self._path}/{_EPOCH}", self._epoch

    async def take_over(self, holder: str, standing: str | None = None) -> int:
        """Makes the caller, named ``holder``, the one writer from now on. The new epoch. Raises `StoreError`.

        ``standing`` is its node in the election. A process whose node is gone, because it was paused for example, takes
        nothing from its successor (`Fenced`).
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
        keys = await self._patiently(lambda: self._keys(self._told, prefix), "read")
        for start in range(0, len(keys), size):
            if page := await self._patiently(partial(self._values, keys[start : start + size]), "read"):
                yield page

    async def watch(self, prefix: str = "") -> Watch:
        """Waits for a store that nobody has taken over yet. A write that is staged is told in parts."""
        watch = ZooKeeperWatch(self._session, self._told, (prefix,), sign=f"{self._path}/{_EPOCH}")
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
        """One transaction, and before it, when ZooKeeper would have to remember too much, many that hold nothing."""
        size = sum(self._size(key, value) for key, value in changes.items())
        if sum(self._written) + size > _ROOM and self._written:
            await self._patiently(self._make_room, "write")
            self._written.clear()
        await self._patiently(lambda: self._write(changes), "write")
        self._written.append(size)

    def _size(self, key: str, value: bytes | None) -> int:
        return len(self._layout.node(key)) + len(value or b"") + _OPERATION

    async def close(self) -> None:
        """The session is its owner's to close."""

    async def _patiently(self, work: Callable[[], T], what: str) -> T:
        """Tries again through connection losses, for as long as the lease or the patience lasts.

        kazoo holds a call back while there is no connection, so a write given up here may still be done later: the
        caller's process has to end, as `StoreError` says.
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
                    # Made when ZooKeeper was open to all. The epoch is closed last: once it is, all else is.
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
        """In order."""
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
                except NoNodeError:  # it was removed since; of a former leader, by the last write that it made
                    continue
        return entries

    def _make_room(self) -> None:
        """Has ZooKeeper forget our large transactions: it remembers the newest ones, however large they are."""
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
