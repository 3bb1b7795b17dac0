"""Users and revoked tokens in ZooKeeper, shared by the dcos-auth of every master.

``<path>/users/<uid>`` and ``<path>/revoked/<token id>`` are a node each. The folder of the users counts every user that
is added or removed, in the same transaction, so that of two daemons that remove the last two users one fails.
``<path>/initialized`` is made together with the administrator: once removed, that one does not come back.

One reader keeps the cache, by watches and again after every reconnection; whoever changes something waits until the
reader has seen it. A daemon that was paused, or that ZooKeeper does not reach, knows nothing of what the others revoke.
So the reader asks for a sign several times a session, by which all that happened before has arrived. What is known is
as old as the asking for the last sign that was answered; once that is too old, nobody is vouched for.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote

import msgspec

from dcos_runtime.auth.directory import (
    REVOKED,
    Change,
    Directory,
    LastUser,
    Unavailable,
    User,
    UserExists,
    UserUnknown,
    decode,
    encode,
    judge,
    node_name,
)
from dcos_runtime.guard.tokens import Claims, TokenRefused
from dcos_runtime.store import access
from dcos_runtime.store.access import AccessDenied
from dcos_runtime.store.lease import boottime
from dcos_runtime.store.zookeeper import Session, fault

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that a change may take."""

SIGN = 1 / 4
"""How often a sign is asked for, as a share of the time that the cache is good for."""
_SILENCE = 0.3
"""How long a member of ZooKeeper may take for one, as a share of the session's timeout."""
_CONTENDED = 20


class _Read(msgspec.Struct):
    """What one look at ZooKeeper found: the names there are now, and what those hold that were read anew."""

    users: dict[str, User | None]
    user_names: frozenset[str] | None
    revoked: dict[str, float]
    revoked_names: frozenset[str] | None


class SharedDirectory(Directory):
    """``first`` becomes the first user of a cluster that has never had one. ``trusted``: seconds that the cache is
    good for without ZooKeeper, by a ``clock`` that goes on while the process or its machine is paused. `run` has to run
    for anything to work.
    """

    def __init__(
        self, session: Session, path: str, first: User | None, trusted: float, clock: Callable[[], float] = boottime
    ) -> None:
        super().__init__()
        self._session = session
        self._path = path.rstrip("/")
        self._first = first
        self._trusted = trusted
        self._loop = asyncio.get_running_loop()
        self._clock = clock
        self._as_of: float | None = None
        # What the reader is to look at: everything, the lists, or single users by their nodes' names.
        self._all_stale = True
        self._lists_stale = True
        self._stale: set[str] = set()
        self._wake = asyncio.Event()
        self._asked = 0
        self._seen = 0
        self._progress = asyncio.Condition()
        self._ids: dict[str, str] = {}
        session.listen(self._state)

    def check(self) -> None:
        if self._as_of is None:
            raise Unavailable("the users have not been read from ZooKeeper yet")
        if self._clock() - self._as_of > self._trusted:
            self._wake.set()
            raise Unavailable(
                f"what is known of the users is older than {self._trusted:g} s: ZooKeeper does not answer, or this "
                "process was paused"
            )

    # --- the reader ---

    async def run(self) -> None:
        """Keeps the cache. Ends only by being cancelled, or with `AccessDenied`."""
        from kazoo.exceptions import AuthFailedError, KazooException, NoAuthError

        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._until_sign()):
                    await self._wake.wait()
            await self._session.connected()
            self._wake.clear()
            try:
                sign = await self._sign()
                asked, everything, lists, users = self._asked, self._all_stale, self._lists_stale, set(self._stale)
                self._all_stale = self._lists_stale = False
                self._stale.clear()
                read = await self._session.call(partial(self._read, everything, lists or everything, users))
            except (NoAuthError, AuthFailedError) as error:
                raise self._session.denied(error, self._path) from error
            except (KazooException, ValueError) as error:
                log.warning("could not read the users (%s); again in a moment", error or type(error).__name__)
                self._all_stale = True
                self._wake.set()
                await asyncio.sleep(0.5)
                continue
            self._take(read)
            if sign is not None and self._session.client.connected and not self._all_stale:
                self._as_of = sign
            async with self._progress:
                self._seen = asked
                self._progress.notify_all()

    def _until_sign(self) -> float:
        """Seconds. Whatever is to be read anew waits for a sign as well: the watches are gone."""
        if self._as_of is None or self._all_stale:
            return 0.0
        return max(0.0, self._as_of + self._trusted * SIGN - self._clock())

    async def _sign(self) -> float | None:
        """When the sign that has come now was asked for; None when it is not time for one.

        It is a transaction that only checks: the member that we are connected to answers it when it has done, and told
        us of, all that came before.
        """
        if self._until_sign() > 0:
            return None
        asked = self._clock()
        if self._all_stale:
            await self._session.call(self._prepare)
        sign = self._session.confirm([(f"{self._path}/users", -1)])
        while not (await asyncio.wait((sign,), timeout=self._session.timeout * _SILENCE))[0]:
            log.warning("ZooKeeper does not answer; trying another of its members")
            self._session.reconnect()
        await sign
        return asked

    def _take(self, read: _Read) -> None:
        for name, user in read.users.items():
            if user is None:
                self._users.pop(_uid(name), None)
            else:
                self._users[user.uid] = user
        if read.user_names is not None:
            wanted = {_uid(name) for name in read.user_names}
            for uid in [uid for uid in self._users if uid not in wanted]:
                del self._users[uid]
        for name, expires in read.revoked.items():
            self._ids[name] = _uid(name)
            self._revoked[_uid(name)] = expires
        if read.revoked_names is not None:
            for name in [name for name in self._ids if name not in read.revoked_names]:
                self._revoked.pop(self._ids.pop(name), None)

    async def _refreshed(self) -> None:
        """Until a look that began after this call is in the cache."""
        self._asked += 1
        self._lists_stale = True
        wanted = self._asked
        self._wake.set()
        async with self._progress:
            await self._progress.wait_for(lambda: self._seen >= wanted)

    def _state(self, state: str) -> None:
        if state == "CONNECTED":
            self._all_stale = True
            self._wake.set()

    def _fired(self, event: Any) -> None:
        """A watch, in one of kazoo's threads."""
        folder, _, name = str(event.path or "").removeprefix(f"{self._path}/").partition("/")
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._changed, folder, name)

    def _changed(self, folder: str, name: str) -> None:
        if folder == "users" and name:
            self._stale.add(name)
        else:
            self._lists_stale = True
        self._wake.set()

    # --- changes ---

    async def add(self, user: User, by: Claims | None = None) -> None:
        await self._change(lambda again: self._add(user, by, again), f"add the user {user.uid}", stale=user.uid)

    async def change(self, uid: str, change: Change, by: Claims | None = None) -> None:
        await self._change(lambda again: self._alter(uid, change, by), f"change the user {uid}", stale=uid)

    async def remove(self, uid: str, by: Claims | None = None) -> None:
        await self._change(lambda again: self._remove(uid, by, again), f"remove the user {uid}")

    async def revoke(self, token_id: str, expires: float) -> None:
        await self._change(lambda again: self._revoke(token_id, expires), "revoke a token")

    async def forget(self, token_ids: list[str]) -> None:
        if token_ids:
            await self._change(lambda again: self._forget(token_ids), "forget revoked tokens that expired")

    async def _change(self, work: Callable[[bool], None], what: str, stale: str | None = None) -> None:
        """``work`` is told whether an earlier try may have been done already; ``stale`` is the user it changes."""
        from kazoo.exceptions import (
            AuthFailedError,
            ConnectionLoss,
            KazooException,
            NoAuthError,
            OperationTimeoutError,
            SessionExpiredError,
        )

        again = False
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    await self._session.connected()
                    try:
                        await self._session.call(partial(self._synced, work, again))
                        break
                    except (ConnectionLoss, OperationTimeoutError, SessionExpiredError):
                        again = True
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise Unavailable(f"could not {what}: ZooKeeper could not be reached for {PATIENCE:g} s") from error
        except (NoAuthError, AuthFailedError) as error:
            raise Unavailable(str(self._session.denied(error, self._path))) from error
        except (AccessDenied, KazooException) as error:
            raise Unavailable(f"could not {what}: {error or type(error).__name__}") from error
        if stale is not None:
            self._stale.add(node_name(stale))
        await self._seen_in_time()

    async def _seen_in_time(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._refreshed()
        except TimeoutError as error:
            raise Unavailable("it is done, but ZooKeeper does not tell so yet") from error

    # What follows blocks, and runs in the session's threads.

    def _node(self, folder: str, name: str) -> str:
        return f"{self._path}/{folder}/{node_name(name)}"

    def _synced(self, work: Callable[[bool], None], again: bool) -> None:
        """With the member we are connected to brought up to date first: it may lag behind what others did."""
        self._session.client.sync(self._path)
        try:
            work(again)
        except TokenRefused as error:
            if again:  # it may have been done, and be the very reason
                raise Unavailable(
                    f"ZooKeeper was away meanwhile; whether it is done is not known, but {error}"
                ) from error
            raise

    def _backing(self, by: Claims | None) -> tuple[str, int] | None:
        """The node of who wants a change, and its version: whoever removes or changes that user comes before the change
        or makes it fail. Raises `TokenRefused`.
        """
        from kazoo.exceptions import NoNodeError

        if by is None:
            return None
        client, node = self._session.client, self._node("users", by.uid)
        if client.exists(self._node("revoked", by.id)) is not None:
            raise TokenRefused(REVOKED)
        try:
            data, stat = client.get(node)
        except NoNodeError:
            raise TokenRefused("the token's user does not exist") from None
        judge(self._user_in(node_name(by.uid), data), by)
        return node, int(stat.version)

    def _read(self, everything: bool, lists: bool, stale: set[str]) -> _Read:
        client = self._session.client
        users, revoked = f"{self._path}/users", f"{self._path}/revoked"
        user_names = revoked_names = None
        if lists:
            user_names = frozenset(client.get_children(users, watch=self._fired))
            known = set() if everything else {node_name(uid) for uid in self._users}
            stale = (stale | user_names) - (known - stale)
            revoked_names = frozenset(client.get_children(revoked, watch=self._fired))
        new = [] if revoked_names is None else [name for name in revoked_names if name not in self._ids]
        found_users = self._values(users, sorted(stale), watched=True)
        found_revoked = self._values(revoked, new, watched=False)
        return _Read(
            {name: self._user_in(name, data) for name, data in found_users.items()},
            user_names,
            {name: float(data or b"0") for name, data in found_revoked.items()},
            revoked_names,
        )

    def _user_in(self, name: str, data: bytes | None) -> User | None:
        try:
            return None if data is None else decode(data)
        except ValueError as error:
            log.error("%s/users/%s: %s; this user cannot log in", self._path, name, error)
            return None

    def _values(self, folder: str, names: list[str], *, watched: bool) -> dict[str, bytes | None]:
        from kazoo.exceptions import NoNodeError

        client = self._session.client
        watch = self._fired if watched else None
        asked = [(name, client.get_async(f"{folder}/{name}", watch=watch)) for name in names]
        found: dict[str, bytes | None] = {}
        for name, answer in asked:
            try:
                found[name] = bytes(answer.get()[0])
            except NoNodeError:  # gone since the list was made
                found[name] = None
        return found

    def _prepare(self) -> None:
        """The folders, and on a cluster that has never had a user its administrator: exactly once, whoever is first."""
        from kazoo.exceptions import NodeExistsError

        client, acls = self._session.client, self._session.acls
        marker = f"{self._path}/initialized"
        if client.exists(marker):
            return
        access.close_system(client, acls)
        for folder in ("users", "revoked"):
            access.make_folder(client, f"{self._path}/{folder}", acls)
        if self._first is None:
            return
        transaction = client.transaction()
        transaction.create(marker, b"", acl=acls.private)
        transaction.create(self._node("users", self._first.uid), encode(self._first), acl=acls.private)
        faults = [result for result in transaction.commit() if isinstance(result, Exception)]
        if not faults:
            log.info("this cluster has its first user: %s", self._first.uid)
        elif not any(isinstance(fault, NodeExistsError) for fault in faults):
            raise faults[0]
        elif not client.exists(marker):  # the user is there, as after a restore of parts
            client.ensure_path(marker, acl=acls.private)

    def _add(self, user: User, by: Claims | None, again: bool) -> None:
        from kazoo.exceptions import NoNodeError

        client, node = self._session.client, self._node("users", user.uid)

        def change(transaction: Any, names: list[str]) -> None:
            if node_name(user.uid) in names:
                raise UserExists(user.uid)
            transaction.create(node, encode(user), acl=self._session.acls.private)

        try:
            self._counted(change, by)
        except UserExists:
            try:
                if again and client.get(node)[0] == encode(user):
                    return  # our own, of a try whose answer was lost
            except NoNodeError:
                pass
            raise

    def _remove(self, uid: str, by: Claims | None, again: bool) -> None:
        def change(transaction: Any, names: list[str]) -> None:
            if node_name(uid) not in names:
                raise UserUnknown(uid)
            if len(names) == 1:
                raise LastUser(uid)
            transaction.delete(self._node("users", uid))

        try:
            self._counted(change, by)
        except UserUnknown:
            if not again:
                raise

    def _counted(self, change: Callable[[Any, list[str]], None], by: Claims | None) -> None:
        """A transaction that nobody else's adding or removing comes between."""
        from kazoo.exceptions import BadVersionError, NodeExistsError, NoNodeError

        client, folder = self._session.client, f"{self._path}/users"
        for _ in range(_CONTENDED):
            version = client.get(folder)[1].version
            transaction = self._backed(by)
            transaction.set_data(folder, b"", version=version)
            change(transaction, client.get_children(folder))
            failure = fault(transaction.commit())
            if failure is None:
                return
            if not isinstance(failure, BadVersionError | NodeExistsError | NoNodeError):
                raise failure
            time.sleep(0.02)
        raise Unavailable("too many change the users at the same time")

    def _backed(self, by: Claims | None) -> Any:
        """A transaction that is done only if ``by`` still may want it. Raises `TokenRefused`."""
        backing = self._backing(by)
        transaction = self._session.client.transaction()
        if backing is not None:
            transaction.check(backing[0], version=backing[1])
        return transaction

    def _alter(self, uid: str, change: Change, by: Claims | None) -> None:
        from kazoo.exceptions import BadVersionError, NoNodeError

        client, node = self._session.client, self._node("users", uid)
        for _ in range(_CONTENDED):
            transaction = self._backed(by)
            try:
                data, stat = client.get(node)
            except NoNodeError:
                raise UserUnknown(uid) from None
            transaction.set_data(node, encode(change(decode(data))), version=stat.version)
            failure = fault(transaction.commit())
            if failure is None:
                return
            if not isinstance(failure, BadVersionError | NoNodeError):
                raise failure
        raise Unavailable(f"too many change the user {uid} at the same time")

    def _revoke(self, token_id: str, expires: float) -> None:
        from kazoo.exceptions import NodeExistsError

        try:
            self._session.client.create(
                self._node("revoked", token_id), repr(expires).encode(), acl=self._session.acls.private
            )
        except NodeExistsError:
            return

    def _forget(self, token_ids: list[str]) -> None:
        from kazoo.exceptions import NoNodeError

        client = self._session.client
        for asked in [client.delete_async(self._node("revoked", token_id)) for token_id in token_ids]:
            try:
                asked.get()
            except NoNodeError:
                continue


def _uid(name: str) -> str:
    return unquote(name)
