"""Finds out which principal a request comes from. Nothing else does. On a plain port, HTTP Basic or the cluster's token
says it. On a port with mutual TLS, the certificate says it, and a gateway (or a standby that passes a request on) names
the user. Without any of these flags every request is answered, as by daemons started by hand on loopback.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_runtime import tls
from dcos_runtime.errors import Explained
from dcos_runtime.flags.groups import GuardFlags, UserFlags
from dcos_runtime.guard import credentials as credential_files
from dcos_runtime.guard import tokens
from dcos_runtime.guard.users import SocketUsers, TooManyQuestions, Users, UsersUnreachable

if TYPE_CHECKING:
    from aiohttp import web

    from dcos_runtime.guard.credentials import Credentials
    from dcos_runtime.guard.tokens import Verifier


class Denied(Exception):
    """The request is not answered. ``challenge`` is the value of ``WWW-Authenticate`` of a 401; 429 and 503 say after
    how many seconds to come back.
    """

    def __init__(self, status: int, text: str, challenge: str = "", seconds: int = 1) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.challenge = challenge
        self.seconds = seconds

    @property
    def headers(self) -> dict[str, str]:
        found = {"WWW-Authenticate": self.challenge} if self.challenge else {}
        if self.status in (429, 503):
            found["Retry-After"] = str(self.seconds)
        return found

    def response(self) -> web.Response:
        """As the kernel's APIs write errors: ``text/plain; charset=utf-8``."""
        from aiohttp import web

        return web.Response(text=self.text, status=self.status, headers=self.headers)


class GuardUnusable(Explained):
    """The flags name something that cannot be used. The text holds no secret."""

    usual_hint = "correct the file that the flag names, or start without it"


@dataclass(frozen=True)
class Guard:
    """All that a daemon needs to identify its clients. ``realm`` stands in challenges.

    ``tls_kinds``: the kinds of identity that are let in on a port with mutual TLS. ``kind``: that of the daemon itself.
    Only two speak for users: ``speakers`` (kinds, such as a gateway's), which pass requests on to every daemon, and
    standbys, which pass them on to the leader among daemons of their own kind. Each has found out first who sends the
    request.
    """

    realm: str = "mesos"
    credentials: Credentials | None = None
    verifier: Verifier | None = None
    users: Users | None = None
    anonymous_reads: frozenset[str] = frozenset()
    tls_kinds: frozenset[str] = frozenset()
    speakers: frozenset[str] = frozenset()
    kind: str = ""

    @property
    def knows_anybody(self) -> bool:
        return self.credentials is not None or self.verifier is not None or self.users is not None

    async def close(self) -> None:
        """Closes the connections to the daemon that keeps the users."""
        if isinstance(self.users, SocketUsers):
            await self.users.close()

    def is_open(self, method: str, path: str) -> bool:
        """Whether the inventory opened this path (without prefix and slash at its end) to anonymous readers."""
        return method in ("GET", "HEAD") and path in self.anonymous_reads

    async def principal(self, request: web.Request, *, required: bool, realm: str | None = None) -> str | None:
        """Who sends this; None when that need not be known. Raises `Denied`.

        Wrong credentials are refused even where none are wanted, so that nobody believes that they are valid.
        """
        if tls.is_tls(request):
            return self._of_certificate(request)
        given = request.headers.getall("Authorization", [])
        if not self.knows_anybody or (not given and not required):
            if required:
                raise self._unknown("no credentials are accepted here", realm)
            return None
        if not given:
            raise self._unknown("credentials are wanted: HTTP Basic or the cluster's token", realm)
        if len(given) > 1:
            raise self._unknown("one Authorization header is enough", realm)
        try:
            return await self._of_header(given[0], realm, request.remote or "")
        except TooManyQuestions as error:
            raise Denied(429, str(error), seconds=error.seconds) from error
        except UsersUnreachable as error:
            raise Denied(503, f"the credentials cannot be checked now: {error}") from error

    def _of_certificate(self, request: web.Request) -> str:
        identity = tls.peer(request)
        if identity is None or identity.kind not in self.tls_kinds:
            raise Denied(403, f"{identity or 'this certificate'} has no business here")
        spoken_for = request.headers.getall(tls.SPOKEN_FOR, [])
        is_own = identity.kind == self.kind
        if spoken_for and (is_own or identity.kind in self.speakers):
            if len(spoken_for) > 1 or not tokens.UID.fullmatch(spoken_for[0]):
                raise Denied(400, f"{tls.SPOKEN_FOR} names no user")
            if not is_own and tokens.is_daemons(spoken_for[0]):
                raise Denied(403, f"a {identity.kind} speaks for users, and none of them is called like a daemon")
            return spoken_for[0]
        return identity.principal

    async def knows_token(self, token: str) -> bool:
        """Whether the token is valid and not revoked. Raises `UsersUnreachable`."""
        try:
            return self.verifier is not None and bool(self.verifier.verify(token)) and await self._lives(token)
        except tokens.TokenRefused:
            return False

    async def _lives(self, token: str) -> bool:
        return self.users is None or await self.users.token_lives(token)

    async def _of_header(self, header: str, realm: str | None, address: str) -> str:
        scheme, _, rest = header.partition(" ")
        if scheme.lower() == "basic":
            return await self._of_basic(rest.strip(), realm, address)
        token = rest.strip() if scheme.lower() == "bearer" else ""
        if header.lower().startswith("token="):
            token = header[len("token=") :].strip().strip('"')
        if not token:
            raise self._unknown("the Authorization header is neither Basic nor a token", realm)
        if self.verifier is None:
            raise self._unknown("tokens are not accepted here", realm)
        try:
            claims = self.verifier.verify(token)
        except tokens.TokenRefused as error:
            raise self._unknown(str(error), realm) from error
        if not await self._lives(token):
            raise self._unknown("the token was revoked", realm)
        return claims.uid

    async def _of_basic(self, encoded: str, realm: str | None, address: str) -> str:
        try:
            principal, colon, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            raise self._unknown("the Basic credentials cannot be read", realm) from None
        if colon and self.credentials is not None and self.credentials.match(principal, secret):
            return principal
        # A principal of the credentials file is never looked for among the users.
        known = self.credentials is not None and principal in self.credentials
        may_be_user = colon and not known and tokens.UID.fullmatch(principal) and not tokens.is_daemons(principal)
        if may_be_user and self.users is not None and await self.users.password_is(principal, secret, address):
            return principal
        raise self._unknown("these credentials are not known", realm)

    def _unknown(self, text: str, realm: str | None) -> Denied:
        return Denied(401, text, f'Basic realm="{realm or self.realm}"')


OPERATOR = "operator"
"""The kind of the operator's certificate: no service has it, and every service lets it in."""

OPEN = Guard()
"""The guard of daemons started by hand: every request is answered."""


def guard(
    realm: str,
    flags: GuardFlags,
    *,
    credentials: str | None = None,
    users: Users | None = None,
    tls_kinds: Collection[str] = (),
    kind: str = "",
) -> Guard:
    """The guard of a daemon of that ``kind`` with these flags, which `admission.problems` has passed. Raises
    `GuardUnusable`.

    ``tls_kinds``: kinds to let in besides the operator's and those of --tls_clients. ``credentials``: the file that the
    daemon's own flag names. ``users``: who is asked about users where there is no
    --auth_socket.
    """
    token_key, token_issuer = flags.token_key, flags.token_issuer
    auth_socket = flags.auth_socket if isinstance(flags, UserFlags) else None
    try:
        return Guard(
            realm=realm,
            credentials=credential_files.read(Path(credentials)) if credentials else None,
            verifier=tokens.verifier(Path(token_key), token_issuer) if token_key and token_issuer else None,
            users=SocketUsers(Path(auth_socket)) if auth_socket else users,
            anonymous_reads=frozenset(flags.anonymous_reads),
            tls_kinds=frozenset({OPERATOR, *tls_kinds, *flags.tls_clients}),
            speakers=frozenset(flags.tls_speakers),
            kind=kind,
        )
    except (credential_files.CredentialsUnusable, tokens.KeyUnusable) as error:
        raise GuardUnusable(str(error)) from error
