"""The cluster's users and the tokens that were revoked: what is known of them, and how it is changed.

Reading asks a cache and waits for nothing, since it is done for every request. A change is durable, and in this
daemon's cache, when it returns; where several daemons share the users, the others follow by watches.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import quote

import msgspec

from dcos_runtime.auth import passwords
from dcos_runtime.errors import Explained
from dcos_runtime.guard import tokens
from dcos_runtime.guard.tokens import Claims, TokenRefused
from dcos_runtime.guard.users import UsersUnreachable
from dcos_runtime.store import StoreError, TooLarge
from dcos_runtime.store.sqlite import SqliteStore


class UsersUnavailable(UsersUnreachable):
    """The users cannot be read or changed at the moment."""


class UserExists(Exception):
    """A user of that name exists already."""


class UserUnknown(Exception):
    """There is no user of that name."""


class LastUser(Exception):
    """Without this one nobody could log in any more."""


class AdministratorUnusable(Explained):
    """The file of --administrator cannot be used. The text quotes nothing of the file."""

    usual_hint = "give another file with --administrator, or none where there is a user already"


class User(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """A user who may log in. Tokens issued before ``since`` (seconds since the epoch) are no longer accepted."""

    uid: str
    hash: str
    description: str = ""
    since: float = 0.0

    def __repr__(self) -> str:
        return f"User({self.uid!r})"


Change = Callable[[User], User]


class Directory(ABC):
    """Users by name and revoked tokens by id, as a cache. Subclasses store the changes."""

    def __init__(self) -> None:
        self._users: dict[str, User] = {}
        self._revoked: dict[str, float] = {}

    @abstractmethod
    def check(self) -> None:
        """Raises `UsersUnavailable` while what is known may be out of date."""

    def user(self, uid: str) -> User | None:
        """Raises `UsersUnavailable`."""
        self.check()
        return self._users.get(uid)

    def users(self) -> list[User]:
        """In the order of their names. Raises `UsersUnavailable`."""
        self.check()
        return [self._users[uid] for uid in sorted(self._users)]

    def is_revoked(self, token_id: str) -> bool:
        """Raises `UsersUnavailable`."""
        self.check()
        return token_id in self._revoked

    def vouch(self, claims: Claims) -> None:
        """Checks that a valid token still belongs to its user. Raises `TokenRefused`, `UsersUnavailable`."""
        if self.is_revoked(claims.id):
            raise TokenRefused(REVOKED)
        judge(self.user(claims.uid), claims)

    def expired(self, now: float) -> list[str]:
        """Revoked tokens that have expired since: they can be forgotten."""
        return [token_id for token_id, expires in self._revoked.items() if expires < now - tokens.SKEW]

    # ``by``: the user who asks for a change. The store checks that user once more in the same transaction, because the
    # cache that the request was checked against may be some seconds old. Each method raises `TokenRefused` when that
    # check fails.

    @abstractmethod
    async def add(self, user: User, by: Claims | None = None) -> None:
        """Raises `UserExists`, `UsersUnavailable`."""

    @abstractmethod
    async def change(self, uid: str, change: Change, by: Claims | None = None) -> None:
        """``change`` may be called more than once, when others change the same user. Raises `UserUnknown`,
        `UsersUnavailable`.
        """

    @abstractmethod
    async def remove(self, uid: str, by: Claims | None = None) -> None:
        """Raises `UserUnknown`, `LastUser`, `UsersUnavailable`."""

    @abstractmethod
    async def revoke(self, token_id: str, expires: float) -> None:
        """Revokes the token with this id. That is remembered until the token expires. Raises `UsersUnavailable`."""

    @abstractmethod
    async def forget(self, token_ids: list[str]) -> None:
        """Removes revoked tokens that have expired. Raises `UsersUnavailable`."""


REVOKED = "the token was revoked"


def judge(user: User | None, claims: Claims) -> None:
    """Raises `TokenRefused` when a token with these claims does not belong to its user any more."""
    if user is None:
        raise TokenRefused("the token's user does not exist")
    if claims.issued < user.since:
        raise TokenRefused("the token is older than its user's password")


def encode(user: User) -> bytes:
    return msgspec.json.encode(user)


def decode(data: bytes) -> User:
    """Raises ``ValueError``, which quotes nothing of the data."""
    try:
        return msgspec.json.decode(data, type=User)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise ValueError("a user's record cannot be read") from None


def node_name(text: str) -> str:
    """``text`` as one name in a path."""
    name = quote(text, safe="@+")
    return name.replace(".", "%2E") if name in (".", "..") else name


def administrator(path: Path) -> User:
    """From the file of --administrator, ``{"uid", "hash"}``. Raises `AdministratorUnusable`."""
    try:
        user = decode(path.read_bytes())
    except OSError as error:
        raise AdministratorUnusable(f"{path} cannot be read: {error.strerror}") from error
    except ValueError:
        raise AdministratorUnusable(f'{path} is not of the form {{"uid": "…", "hash": "…"}}') from None
    if not tokens.UID.fullmatch(user.uid) or not passwords.is_hash(user.hash):
        raise AdministratorUnusable(f"{path}: the uid or the hash is not of the form that is wanted")
    return User(user.uid, user.hash, user.description or "Administrator, made when the cluster was")


_INITIALIZED = "initialized"


class LocalDirectory(Directory):
    """For a daemon started by hand: everything in one SQLite file, which only one process may open."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._store = SqliteStore(path)
        self._changing = asyncio.Lock()

    async def open(self, first: User | None) -> None:
        """Reads what is there; the very first time, ``first`` becomes the first user. Raises ``StoreError``."""
        entries = await self._store.load()
        if _INITIALIZED not in entries and first is not None:
            added: dict[str, bytes | None] = {_INITIALIZED: b"", _user_key(first.uid): encode(first)}
            await self._store.write(added)
            entries |= {key: value for key, value in added.items() if value is not None}
        for key, value in entries.items():
            if key.startswith("users/"):
                user = decode(value)
                self._users[user.uid] = user
            elif key.startswith("revoked/"):
                revoked = msgspec.json.decode(value, type=tuple[str, float])
                self._revoked[revoked[0]] = revoked[1]

    async def close(self) -> None:
        await self._store.close()

    def check(self) -> None:
        return

    # One change at a time: written first, then in the cache. One that cannot be written changes neither.

    async def add(self, user: User, by: Claims | None = None) -> None:
        async with self._changing:
            self._vouch(by)
            if user.uid in self._users:
                raise UserExists(user.uid)
            await self._write({_user_key(user.uid): encode(user)})
            self._users[user.uid] = user

    async def change(self, uid: str, change: Change, by: Claims | None = None) -> None:
        async with self._changing:
            self._vouch(by)
            if uid not in self._users:
                raise UserUnknown(uid)
            changed = change(self._users[uid])
            await self._write({_user_key(uid): encode(changed)})
            self._users[uid] = changed

    async def remove(self, uid: str, by: Claims | None = None) -> None:
        async with self._changing:
            self._vouch(by)
            if uid not in self._users:
                raise UserUnknown(uid)
            if len(self._users) == 1:
                raise LastUser(uid)
            await self._write({_user_key(uid): None})
            del self._users[uid]

    async def revoke(self, token_id: str, expires: float) -> None:
        async with self._changing:
            await self._write({_revoked_key(token_id): msgspec.json.encode((token_id, expires))})
            self._revoked[token_id] = expires

    async def forget(self, token_ids: list[str]) -> None:
        async with self._changing:
            await self._write({_revoked_key(token_id): None for token_id in token_ids})
            for token_id in token_ids:
                self._revoked.pop(token_id, None)

    def _vouch(self, by: Claims | None) -> None:
        if by is not None:
            self.vouch(by)

    async def _write(self, changes: Mapping[str, bytes | None]) -> None:
        try:
            await self._store.write(changes)
        except (StoreError, TooLarge) as error:
            raise UsersUnavailable(f"nothing was changed: {error}") from error


def _user_key(uid: str) -> str:
    return f"users/{node_name(uid)}"


def _revoked_key(token_id: str) -> str:
    return f"revoked/{node_name(token_id)}"
