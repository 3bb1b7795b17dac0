"""Finds out who sends a request. Passwords take long, and only a few are checked at a time; tokens are checked at
once.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from dcos_runtime.auth import passwords
from dcos_runtime.auth.directory import Directory, User
from dcos_runtime.auth.signing import Signer
from dcos_runtime.auth.throttle import ADDRESS, LONGEST_WAIT, USER, Rule, Throttle, TooMany
from dcos_runtime.guard import tokens
from dcos_runtime.guard.tokens import LIFETIME, Claims, TokenRefused, Verifier

T = TypeVar("T")

WAITING = 64
"""The most attempts that wait for their turn or for their hash; further ones are refused."""

DAEMONS_WAIT = 3.0
"""Seconds that an attempt at a daemon waits for its turn: much less than the daemon waits for the response."""

_REMEMBERED = 256
_REMEMBERED_SECONDS = 60.0


@dataclass(frozen=True)
class Reserved:
    """Names that no user may have: those that our daemons act under, and ``names``, principals with secrets of their
    own. A user with such a name could do what the daemon or that framework may do.
    """

    names: frozenset[str] = frozenset()

    def __contains__(self, uid: str) -> bool:
        return tokens.is_daemons(uid) or uid in self.names


NOBODY = Reserved()


class Rejected(Exception):
    """Unknown user or wrong password: the response does not say which."""


class Hasher:
    """Computes password hashes in threads of its own, few at a time, so that a flood of logins leaves processors
    free.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = ThreadPoolExecutor(threads or max(1, (os.cpu_count() or 1) // 2), thread_name_prefix="password")

    async def matches(self, password: str, kept: str) -> bool:
        return await self._run(lambda: passwords.matches(password, kept))

    async def hashed(self, password: str) -> str:
        return await self._run(lambda: passwords.hashed(password))

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class Logins:
    """Checks passwords against the directory."""

    def __init__(
        self, directory: Directory, hasher: Hasher, throttle: Throttle | None = None, reserved: Reserved = NOBODY
    ) -> None:
        self._directory = directory
        self._reserved = reserved
        self._hasher = hasher
        self._throttle = throttle or Throttle()
        self._waiting = 0
        # A hash whose password nobody knows: so an unknown user takes as long as a wrong password.
        self._nobody = passwords.hashed(secrets.token_hex(16))
        self._key = secrets.token_bytes(32)
        self._known: OrderedDict[bytes, float] = OrderedDict()

    async def log_in(self, uid: str, password: str, source: str) -> User:
        """``source`` is where the attempt comes from. Raises `Rejected`, `TooMany`, ``Unavailable``."""
        keys = [(f"user {uid}", USER), (f"address {source}", ADDRESS)]
        return await self._attempt(uid, password, keys)

    async def recognise(self, uid: str, password: str, source: str = "") -> User:
        """For daemons that are asked with HTTP Basic, request after request: a valid password is remembered for a
        while, under a keyed digest, until it is changed. ``source`` is the client's address: guesses from one address
        do not delay users at another. Raises as `log_in` does.
        """
        user = self._user(uid)
        digest = b""
        if user is not None:
            text = f"{uid}\0{user.hash}\0{password}".encode("utf-8", "surrogatepass")
            digest = hmac.digest(self._key, text, hashlib.sha256)
            if self._known.get(digest, 0.0) > time.monotonic():
                return user
        keys = [(f"daemons' user {uid} at {source}", USER)]
        if source:
            keys.append((f"address {source}", ADDRESS))
        found = await self._attempt(uid, password, keys, DAEMONS_WAIT)
        if user is not None and found.hash == user.hash:
            self._known[digest] = time.monotonic() + _REMEMBERED_SECONDS
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _user(self, uid: str) -> User | None:
        """A record that was made before its name became reserved is ignored. Raises ``Unavailable``."""
        user = self._directory.user(uid)
        return None if uid in self._reserved else user

    async def _attempt(
        self, uid: str, password: str, keys: list[tuple[str, Rule]], longest: float = LONGEST_WAIT
    ) -> User:
        self._directory.user(uid)
        if self._waiting >= WAITING:
            raise TooMany(2.0)
        self._waiting += 1
        try:
            if wait := self._throttle.wait(keys, time.monotonic(), longest):
                await asyncio.sleep(wait)
            user = self._user(uid)
            good = await self._hasher.matches(password, user.hash if user else self._nobody)
            # The user may have been changed or removed while the hash was computed.
            if good and user is not None and self._directory.user(uid) == user:
                self._throttle.succeeded(keys)
                return user
        finally:
            self._waiting -= 1
        self._throttle.failed(keys, time.monotonic())
        raise Rejected(uid)


class Tokens:
    """Checks tokens against the directory: valid, not revoked, and their user still exists."""

    def __init__(self, directory: Directory, signer: Signer, verifier: Verifier, reserved: Reserved = NOBODY) -> None:
        self._directory = directory
        self._reserved = reserved
        self._signer = signer
        self._verifier = verifier

    @property
    def key(self) -> dict[str, str]:
        """The public key as a JWK."""
        return dict(self._verifier.jwk)

    def issue(self, user: User) -> str:
        return self._signer.issue(user.uid, LIFETIME, user.since)

    def claims(self, token: str) -> Claims:
        """Raises `TokenRefused`, ``Unavailable``."""
        claims = self._verifier.verify(token)
        if claims.uid in self._reserved:
            raise TokenRefused("the token's user does not exist")
        self._directory.vouch(claims)
        return claims

    def still(self, claims: Claims) -> None:
        """Checks again, some time later, what `claims` has checked. Raises the same errors."""
        self._directory.vouch(claims)

    async def revoke(self, claims: Claims) -> None:
        """Raises ``Unavailable``."""
        await self._directory.revoke(claims.id, claims.expires)
