"""Users and revoked tokens in ZooKeeper, shared by the dcos-auth of every master.

``users/<uid>`` and ``revoked/<token id>`` are keys of a `SharedStore`. The folder of the users counts every user that
is added or removed, in the same change, so that of two daemons that remove the last two users one fails. The
administrator is written only when the store is created: once removed, it does not come back.

A watch keeps the cache; a change waits until the watch has seen it. A daemon that was paused, or that
does not reach ZooKeeper, misses what the others revoke. So the watch asks ZooKeeper for a sign of freshness several
times a session. What is known is as old as the last request for a sign that was answered. Once that is too old, no
token and no password is accepted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from dcos_runtime.auth.directory import (
    REVOKED,
    Change,
    Directory,
    LastUser,
    User,
    UserExists,
    UsersUnavailable,
    UserUnknown,
    decode,
    encode,
    judge,
)
from dcos_runtime.guard.tokens import Claims, TokenRefused
from dcos_runtime.store import StoreError, TooLarge
from dcos_runtime.store.lease import boottime
from dcos_runtime.store.shared_store import (
    Check,
    Count,
    Create,
    Delete,
    Lost,
    SharedStore,
    Step,
    Versioned,
    WriteConflict,
)
from dcos_runtime.store.shared_store import Set as Put
from dcos_runtime.store.watch import Changes
from dcos_runtime.store.zookeeper import ZooKeeperSession

log = logging.getLogger(__name__)

PATIENCE = 5.0
"""Seconds that a change may take."""

SIGN = 1 / 4
"""How often a sign is asked for, as a share of the time that the cache is good for."""
_CONTENDED = 20

_USERS, _REVOKED = "users", "revoked"


class SharedDirectory(Directory):
    """``first`` becomes the first user of a cluster that has never had one. ``trusted``: seconds for which the cache is
    valid without ZooKeeper, by a ``clock`` that does not stop while the process or its machine is paused. Nothing works
    unless `run` runs.
    """

    def __init__(
        self,
        session: ZooKeeperSession,
        path: str,
        first: User | None,
        trusted: float,
        clock: Callable[[], float] = boottime,
    ) -> None:
        super().__init__()
        begins_with = {} if first is None else {_user_key(first.uid): encode(first)}
        self._store = SharedStore(session, path, (_USERS, _REVOKED), begins_with)
        self._trusted = trusted
        self._clock = clock
        self._watch = self._store.watch(
            every=trusted * SIGN, constant=(f"{_REVOKED}/",), listener=self._take, clock=clock
        )

    @property
    def as_of(self) -> float | None:
        """The time up to which the cache holds every change."""
        return self._watch.as_of

    def check(self) -> None:
        as_of = self._watch.as_of
        if as_of is None:
            raise UsersUnavailable("the users have not been read from ZooKeeper yet")
        if self._clock() - as_of > self._trusted:
            self._watch.look()
            raise UsersUnavailable(
                f"what is known of the users is older than {self._trusted:g} s: ZooKeeper does not answer, or this "
                "process was paused"
            )

    async def run(self) -> None:
        """Keeps the cache. Ends only by being cancelled, or with `AccessDenied`."""
        await self._watch.run()

    def _take(self, changes: Changes) -> None:
        for key, value in changes.items():
            folder, _, name = key.partition("/")
            if folder == _REVOKED:
                if value is None:
                    self._revoked.pop(name, None)
                else:
                    self._revoked[name] = float(value or b"0")
            elif (user := _user_in(key, value)) is None:
                self._users.pop(name, None)
            else:
                self._users[name] = user

    # --- changes ---

    async def add(self, user: User, by: Claims | None = None) -> None:
        await self._change(lambda again: self._add(user, by, again), f"add the user {user.uid}")

    async def change(self, uid: str, change: Change, by: Claims | None = None) -> None:
        await self._change(lambda again: self._alter(uid, change, by), f"change the user {uid}")

    async def remove(self, uid: str, by: Claims | None = None) -> None:
        await self._change(lambda again: self._remove(uid, by, again), f"remove the user {uid}")

    async def revoke(self, token_id: str, expires: float) -> None:
        await self._change(lambda again: self._revoke(token_id, expires), "revoke a token")

    async def forget(self, token_ids: list[str]) -> None:
        if token_ids:
            keys = [_revoked_key(token_id) for token_id in token_ids]
            await self._change(lambda again: self._store.remove(keys), "forget revoked tokens that expired")

    async def _change(self, work: Callable[[bool], Awaitable[None]], what: str) -> None:
        """``work`` gets whether an earlier try may have succeeded."""
        again = False
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        await self._synced(work, again)
                        break
                    except Lost:
                        again = True
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise UsersUnavailable(f"could not {what}: ZooKeeper could not be reached for {PATIENCE:g} s") from error
        except (StoreError, TooLarge) as error:
            raise UsersUnavailable(f"could not {what}: {error}") from error
        try:
            async with asyncio.timeout(PATIENCE):
                await self._watch.seen()
        except TimeoutError as error:
            raise UsersUnavailable("it is done, but ZooKeeper does not show it yet") from error

    async def _synced(self, work: Callable[[bool], Awaitable[None]], again: bool) -> None:
        await self._store.sync()
        try:
            await work(again)
        except TokenRefused as error:
            if again:  # an earlier try may have succeeded, and be the reason
                raise UsersUnavailable(
                    f"the connection to ZooKeeper was lost in between; whether it is done is not known, but {error}"
                ) from error
            raise

    async def _backing(self, by: Claims | None) -> list[Step]:
        """A condition of the change: the user who asks for it was neither removed nor changed meanwhile. Raises
        `TokenRefused`.
        """
        if by is None:
            return []
        if await self._store.get(_revoked_key(by.id)) is not None:
            raise TokenRefused(REVOKED)
        key = _user_key(by.uid)
        found = await self._store.get(key)
        if found is None:
            raise TokenRefused("the token's user does not exist")
        judge(_user_in(key, found.value), by)
        return [Check(key, found.version)]

    async def _add(self, user: User, by: Claims | None, again: bool) -> None:
        key = _user_key(user.uid)

        async def change(keys: frozenset[str]) -> Step:
            if key not in keys:
                return Create(key, encode(user))
            raise UserExists(user.uid)

        try:
            await self._counted(change, by)
        except UserExists:
            found = await self._store.get(key)
            if not (again and found is not None and found.value == encode(user)):
                raise  # else it is our own, of a try whose answer was lost

    async def _remove(self, uid: str, by: Claims | None, again: bool) -> None:
        key = _user_key(uid)

        async def change(keys: frozenset[str]) -> Step:
            if key not in keys:
                raise UserUnknown(uid)
            if len(keys) == 1:
                raise LastUser(uid)
            return Delete(key)

        try:
            await self._counted(change, by)
        except UserUnknown:
            if not again:
                raise

    async def _counted(self, change: Callable[[frozenset[str]], Awaitable[Step]], by: Claims | None) -> None:
        """A change that fails when another daemon adds or removes a user at the same time."""

        async def steps() -> list[Step]:
            folder = await self._store.folder(_USERS)
            return [*await self._backing(by), Count(_USERS, folder.version), await change(folder.keys)]

        await self._contended(steps, "too many change the users at the same time")

    async def _alter(self, uid: str, change: Change, by: Claims | None) -> None:
        key = _user_key(uid)

        async def steps() -> list[Step]:
            backing = await self._backing(by)
            found: Versioned | None = await self._store.get(key)
            if found is None:
                raise UserUnknown(uid)
            return [*backing, Put(key, encode(change(decode(found.value))), found.version)]

        await self._contended(steps, f"too many change the user {uid} at the same time")

    async def _contended(self, steps: Callable[[], Awaitable[list[Step]]], otherwise: str) -> None:
        """Tries a change again until no other daemon changes the same keys in between."""
        for _ in range(_CONTENDED):
            try:
                await self._store.commit(*await steps())
                return
            except WriteConflict:
                await asyncio.sleep(0.02)
        raise UsersUnavailable(otherwise)

    async def _revoke(self, token_id: str, expires: float) -> None:
        try:
            await self._store.commit(Create(_revoked_key(token_id), repr(expires).encode()))
        except WriteConflict:
            return  # already revoked


def _user_key(uid: str) -> str:
    return f"{_USERS}/{uid}"


def _revoked_key(token_id: str) -> str:
    return f"{_REVOKED}/{token_id}"


def _user_in(key: str, value: bytes | None) -> User | None:
    try:
        return None if value is None else decode(value)
    except ValueError as error:
        log.error("%s: %s; this user cannot log in", key, error)
        return None
