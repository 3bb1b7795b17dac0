"""Keys in ZooKeeper that several processes without a leader write: each change says on which versions it is based.

If one of these versions is no longer the current one, nothing is changed (`WriteConflict`), and the caller starts over.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from dcos_runtime.store import StoreError, access, check
from dcos_runtime.store.layout import Layout
from dcos_runtime.store.lease import boottime
from dcos_runtime.store.watch import Changes
from dcos_runtime.store.zookeeper import ZooKeeperSession, fault
from dcos_runtime.store.zookeeper_watch import PIPELINE, ZooKeeperWatch

T = TypeVar("T")

log = logging.getLogger(__name__)

_BEGUN = "initialized"


class WriteConflict(Exception):
    """Another process came first: a version is not the one that the change names. Nothing of the change was done."""


class Lost(StoreError):
    """The connection was lost before the response: it is unknown whether the change was done."""


@dataclass(frozen=True)
class Versioned:
    """A value with the version that a change of it has to name."""

    value: bytes
    version: int


@dataclass(frozen=True)
class Folder:
    """The keys in a folder, and how often `Count` was done there."""

    keys: frozenset[str]
    version: int


@dataclass(frozen=True)
class Check:
    """Holds if the key is there, and has this version if one is given."""

    key: str
    version: int = -1


@dataclass(frozen=True)
class Create:
    """Adds the key, which must not be there."""

    key: str
    value: bytes


@dataclass(frozen=True)
class Set:
    """Sets the key, which must be there with this version."""

    key: str
    value: bytes
    version: int


@dataclass(frozen=True)
class Delete:
    """Removes the key, which must be there."""

    key: str


@dataclass(frozen=True)
class Count:
    """Holds if no other change has counted in this folder since it had this version, and counts. So of two changes that
    count at the same time one fails.
    """

    folder: str
    version: int


Step = Check | Create | Set | Delete | Count


class SharedStore:
    """All keys are in ``folders``. ``first`` is written once, into a new tree: removed entries of it stay removed. All
    methods raise ``StoreError``; `AccessDenied` is one.
    """

    def __init__(
        self, session: ZooKeeperSession, path: str, folders: Sequence[str], first: Mapping[str, bytes] | None = None
    ) -> None:
        self._session = session
        self._folders = tuple(folders)
        self._first = dict(first or {})
        self._layout = Layout(path.rstrip("/"), own=frozenset((_BEGUN,)), safe="@+")

    def watch(
        self,
        *,
        every: float,
        constant: Sequence[str] = (),
        listener: Callable[[Changes], None],
        clock: Callable[[], float] = boottime,
    ) -> ZooKeeperWatch:
        """A watch of all keys. Nothing is known before its `run` runs. See `ZooKeeperWatch`."""
        return ZooKeeperWatch(
            self._session,
            self._layout,
            tuple(f"{folder}/" for folder in self._folders),
            sign=self._layout.folder(self._folders[0]),
            every=every,
            constant=tuple(constant),
            prepare=self._prepare,
            listener=listener,
            clock=clock,
        )

    async def sync(self) -> None:
        """Brings the member that we are connected to up to date: it may lag behind the others."""
        await self._call(lambda: self._session.client.sync(self._layout.path))

    async def get(self, key: str) -> Versioned | None:
        return await self._call(lambda: self._get(key))

    async def folder(self, name: str) -> Folder:
        return await self._call(lambda: self._folder(name))

    async def commit(self, *steps: Step) -> None:
        """Does all of these steps or none. Raises `WriteConflict`, and `Lost`."""
        check({step.key: step.value for step in steps if isinstance(step, Create | Set)})
        await self._call(lambda: self._commit(steps))

    async def remove(self, keys: Sequence[str]) -> None:
        """Removes those of these keys that exist, one by one."""
        await self._call(lambda: self._remove(keys))

    async def _call(self, work: Callable[[], T]) -> T:
        from kazoo.exceptions import (
            AuthFailedError,
            ConnectionLoss,
            KazooException,
            NoAuthError,
            OperationTimeoutError,
            SessionExpiredError,
        )

        await self._session.connected()
        try:
            return await self._session.call(work)
        except (ConnectionLoss, OperationTimeoutError, SessionExpiredError) as error:
            raise Lost(f"{self._layout.path}: the connection to ZooKeeper was lost ({type(error).__name__})") from error
        except (NoAuthError, AuthFailedError) as error:
            raise self._session.denied(error, self._layout.path) from error
        except KazooException as error:
            raise StoreError(f"{self._layout.path}: {error or type(error).__name__}") from error

    # What follows blocks, and runs in the session's threads.

    def _get(self, key: str) -> Versioned | None:
        from kazoo.exceptions import NoNodeError

        try:
            value, stat = self._session.client.get(self._layout.node(key))
        except NoNodeError:
            return None
        return Versioned(bytes(value), int(stat.version))

    def _folder(self, name: str) -> Folder:
        client, node = self._session.client, self._layout.folder(name)
        version = int(client.get(node)[1].version)  # before the list: a count between the two makes a change fail
        return Folder(frozenset(self._layout.key(name, child) for child in client.get_children(node)), version)

    def _commit(self, steps: Sequence[Step]) -> None:
        from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError

        transaction = self._session.client.transaction()
        for step in steps:
            self._add(transaction, step)
        why = fault(transaction.commit())
        if isinstance(why, BadVersionError | NodeExistsError | NoNodeError):
            raise WriteConflict(f"{self._layout.path}: another process has changed the same ({type(why).__name__})")
        if why is not None:
            raise why

    def _add(self, transaction: Any, step: Step) -> None:
        node = self._layout.node
        match step:
            case Check():
                transaction.check(node(step.key), version=step.version)
            case Create():
                transaction.create(node(step.key), step.value, acl=self._session.acls.private)
            case Set():
                transaction.set_data(node(step.key), step.value, version=step.version)
            case Delete():
                transaction.delete(node(step.key))
            case Count():
                transaction.set_data(self._layout.folder(step.folder), b"", version=step.version)

    def _remove(self, keys: Sequence[str]) -> None:
        from kazoo.exceptions import NoNodeError

        client = self._session.client
        for start in range(0, len(keys), PIPELINE):
            part = keys[start : start + PIPELINE]
            for asked in [client.delete_async(self._layout.node(key)) for key in part]:
                try:
                    asked.get()
                except NoNodeError:
                    continue

    def _prepare(self) -> None:
        """Makes the folders, and in a new tree writes ``first``: exactly once, however many processes do this."""
        from kazoo.exceptions import NodeExistsError

        client, acls = self._session.client, self._session.acls
        begun = f"{self._layout.path}/{_BEGUN}"
        if client.exists(begun):
            return
        access.close_system(client, acls)
        for folder in self._folders:
            access.make_folder(client, self._layout.folder(folder), acls)
        if not self._first:
            return
        transaction = client.transaction()
        transaction.create(begun, b"", acl=acls.private)
        for key, value in self._first.items():
            transaction.create(self._layout.node(key), value, acl=acls.private)
        why = fault(transaction.commit())
        if why is None:
            log.info("%s begins with %s", self._layout.path, ", ".join(self._first))
        elif not isinstance(why, NodeExistsError):
            raise why
        elif not client.exists(begun):  # a key of ``first`` is there, as after a restore of parts
            client.ensure_path(begun, acl=acls.private)
