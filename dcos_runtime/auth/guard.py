"""The one place that answers: which principal does this request come from?

On a plain port that is HTTP Basic or the cluster's token; on a port with mutual TLS it is the certificate, and the user
for whom a gateway (or a standby that passes requests on) speaks. Without any flag there is nobody to tell apart: every
request is answered, as daemons started by hand do on loopback.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from collections import Counter, OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dcos_runtime import tls
from dcos_runtime.auth import credentials as credential_files
from dcos_runtime.auth import tokens
from dcos_runtime.flags import Flag
from dcos_runtime.store.lease import boottime

if TYPE_CHECKING:
    from aiohttp import ClientSession, web

    from dcos_runtime.auth.credentials import Credentials
    from dcos_runtime.auth.tokens import Verifier

_REMEMBERED = 1024
_REMEMBERED_SECONDS = 2.0
_NO_SECONDS = 2.0
_TOKEN_SECONDS = 5.0
_PASSWORD_SECONDS = 15.0
"""A password stands in line at dcos-auth, and is then hashed behind others."""

MOST_QUESTIONS = 16
"""Passwords that one daemon has checked at a time; more are turned away."""
MOST_QUESTIONS_OF_ONE = 2
"""Of one client's address."""


def paths(text: str) -> tuple[str, ...]:
    """``/state,/metrics/snapshot`` as a flag's value. Raises ``ValueError``."""
    found = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
    if not all(part.startswith("/") and len(part) > 1 for part in found):
        raise ValueError("expected paths with a slash in front, separated by commas, such as /state,/metrics/snapshot")
    return found


FLAGS: Sequence[Flag] = (
    Flag(
        "token_key", "file with the public key (PEM) of the cluster's tokens: they are accepted from clients", path=True
    ),
    Flag("token_issuer", "id of the cluster whose tokens are accepted; needed with --token_key"),
    Flag("anonymous_reads", "paths that anybody may read: /state,/metrics/snapshot", (), paths),
)

SOCKET_FLAG = Flag(
    "auth_socket", "UNIX socket of dcos-auth on this machine: users' passwords and revoked tokens", path=True
)


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


class GuardUnusable(Exception):
    """The flags name something that cannot be used. The text holds no secret."""


class UsersUnreachable(Exception):
    """Who keeps the users cannot be asked now."""


class TooManyQuestions(Exception):
    """A password is not looked at now, since there were too many. ``seconds``: when to come back."""

    def __init__(self, seconds: int = 1) -> None:
        super().__init__(f"too many passwords are being checked, or were wrong; try again in {seconds} s")
        self.seconds = seconds


class Users(Protocol):
    """The cluster's users, whoever keeps them. Both raise `UsersUnreachable`."""

    async def password_is(self, uid: str, password: str, address: str) -> bool:
        """``address`` is the client's. Raises `TooManyQuestions`, too."""
        ...

    async def token_lives(self, token: str) -> bool:
        """Whether a token that is good by itself was not revoked, and its user is still there."""
        ...


class AskedUsers:
    """Users of whom another process knows. Its answers are remembered for some seconds, under a keyed digest.

    They count from when it was asked, by a clock that goes on while this process or its machine is paused.
    """

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._yes: OrderedDict[bytes, float] = OrderedDict()
        self._no: OrderedDict[bytes, float] = OrderedDict()
        self._asking: dict[tuple[bytes, str], tuple[float, asyncio.Task[bool]]] = {}
        self._under_way: Counter[str] = Counter()

    async def password_is(self, uid: str, password: str, address: str) -> bool:
        known = self._digest(f"{uid}\0{password}")
        # Only a password that is wrong stays wrong: a token may be too new for whoever is asked.
        if self._no.get(known, 0.0) > boottime():
            return False
        question = {"uid": uid, "password": password, "address": address}
        answer = await self._ask(question, known, address)
        if not answer:
            _remember(self._no, known, boottime() + _NO_SECONDS)
        return answer

    async def token_lives(self, token: str) -> bool:
        return await self._ask({"token": token}, self._digest(token), None)

    async def _request(self, question: dict[str, str]) -> bool:
        """Asks with uid and password, or with a token. Raises `UsersUnreachable`, `TooManyQuestions`."""
        raise NotImplementedError

    def _digest(self, text: str) -> bytes:
        return hmac.digest(self._key, text.encode("utf-8", "surrogatepass"), hashlib.sha256)

    async def _ask(self, question: dict[str, str], known: bytes, address: str | None) -> bool:
        if self._yes.get(known, 0.0) > boottime():
            return True
        # Requests that come together with the same credentials ask once; those of other addresses have their own line.
        same = (known, address or "")
        if same not in self._asking:
            work = self._request(question) if address is None else self._in_bounds(question, address)
            task = asyncio.create_task(work, name="ask dcos-auth")
            self._asking[same] = boottime(), task
            task.add_done_callback(lambda _: self._asking.pop(same, None))
        asked, asking = self._asking[same]
        answer = await asyncio.shield(asking)
        self._yes.pop(known, None)
        if answer:
            if boottime() - asked > (_TOKEN_SECONDS if address is None else _PASSWORD_SECONDS):
                raise UsersUnreachable("what dcos-auth answered is too old: this process was paused meanwhile")
            _remember(self._yes, known, asked + _REMEMBERED_SECONDS)
        return answer

    async def _in_bounds(self, question: dict[str, str], address: str) -> bool:
        """A flood of passwords is turned away here: each of them costs dcos-auth a hash."""
        if self._under_way.total() >= MOST_QUESTIONS or self._under_way[address] >= MOST_QUESTIONS_OF_ONE:
            raise TooManyQuestions
        self._under_way[address] += 1
        try:
            return await self._request(question)
        finally:
            self._under_way[address] -= 1
            if not self._under_way[address]:
                del self._under_way[address]


def _remember(answers: OrderedDict[bytes, float], known: bytes, until: float) -> None:
    answers[known] = until
    answers.move_to_end(known)
    if len(answers) > _REMEMBERED:
        answers.popitem(last=False)


class SocketUsers(AskedUsers):
    """Asks the dcos-auth of this machine: ``POST /internal/verify``, answered with 200 for yes and 401 for no."""

    def __init__(self, socket: Path) -> None:
        super().__init__()
        self._socket = socket
        self._sessions: dict[bool, ClientSession] = {}

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()

    async def _request(self, question: dict[str, str]) -> bool:
        import aiohttp

        # Tokens have connections of their own: they are answered at once, and wait behind no password.
        is_token = "token" in question
        if is_token not in self._sessions:
            self._sessions[is_token] = aiohttp.ClientSession(
                connector=aiohttp.UnixConnector(str(self._socket), limit=8 if is_token else MOST_QUESTIONS),
                timeout=aiohttp.ClientTimeout(total=_TOKEN_SECONDS if is_token else _PASSWORD_SECONDS),
            )
        try:
            async with self._sessions[is_token].post("http://dcos-auth/internal/verify", json=question) as answer:
                if answer.status in (200, 401):
                    return answer.status == 200
                if answer.status == 429:
                    seconds = answer.headers.get("Retry-After", "")
                    raise TooManyQuestions(int(seconds) if seconds.isdecimal() else 1)
                raise UsersUnreachable(f"dcos-auth answered {answer.status}")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise UsersUnreachable("dcos-auth does not answer") from error


@dataclass(frozen=True)
class Guard:
    """Everything a daemon needs to know its callers. ``realm`` is told in challenges.

    ``tls_kinds``: the kinds of identity that are let in on a port with mutual TLS.
    """

    realm: str = "mesos"
    credentials: Credentials | None = None
    verifier: Verifier | None = None
    users: Users | None = None
    anonymous_reads: frozenset[str] = frozenset()
    tls_kinds: frozenset[str] = frozenset()

    @property
    def knows_anybody(self) -> bool:
        return self.credentials is not None or self.verifier is not None or self.users is not None

    async def close(self) -> None:
        """Lets go of whoever keeps the users."""
        if isinstance(self.users, SocketUsers):
            await self.users.close()

    def is_open(self, method: str, path: str) -> bool:
        """Whether the inventory opened this path (without prefix and slash at its end) to anonymous readers."""
        return method in ("GET", "HEAD") and path in self.anonymous_reads

    async def principal(self, request: web.Request, *, required: bool, realm: str | None = None) -> str | None:
        """Who sends this; None when that need not be known. Raises `Denied`.

        Wrong credentials are refused even where none are wanted, so that nobody mistakes them for good ones.
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
        if spoken_for and identity.kind in tls.SPEAKERS:
            if len(spoken_for) > 1 or not tokens.UID.fullmatch(spoken_for[0]):
                raise Denied(400, f"{tls.SPOKEN_FOR} names no user")
            if identity.kind == "gateway" and tokens.is_daemons(spoken_for[0]):
                raise Denied(403, "a gateway speaks for users, and none of them is called like a daemon")
            return spoken_for[0]
        return identity.principal

    async def knows_token(self, token: str) -> bool:
        """Whether it is good, and not revoked. Raises `UsersUnreachable`."""
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
        # Whoever is in the file is nobody else's to know.
        known = self.credentials is not None and principal in self.credentials
        may_be_user = colon and not known and tokens.UID.fullmatch(principal) and not tokens.is_daemons(principal)
        if may_be_user and self.users is not None and await self.users.password_is(principal, secret, address):
            return principal
        raise self._unknown("these credentials are not known", realm)

    def _unknown(self, text: str, realm: str | None) -> Denied:
        return Denied(401, text, f'Basic realm="{realm or self.realm}"')


OPEN = Guard()
"""For daemons started by hand: asks nobody for anything."""


def guard(
    realm: str,
    *,
    credentials: str | None = None,
    token_key: str | None = None,
    token_issuer: str | None = None,
    auth_socket: str | None = None,
    users: Users | None = None,
    anonymous_reads: Collection[str] = (),
    tls_kinds: Collection[str] = (),
) -> Guard:
    """From a daemon's flags; ``users``: other than those of --auth_socket. Raises `GuardUnusable`."""
    if bool(token_key) != bool(token_issuer):
        raise GuardUnusable("--token_key and --token_issuer go together")
    try:
        return Guard(
            realm=realm,
            credentials=credential_files.read(Path(credentials)) if credentials else None,
            verifier=tokens.verifier(Path(token_key), token_issuer) if token_key and token_issuer else None,
            users=SocketUsers(Path(auth_socket)) if auth_socket else users,
            anonymous_reads=frozenset(anonymous_reads),
            tls_kinds=frozenset(tls_kinds),
        )
    except (credential_files.CredentialsUnusable, tokens.KeyUnusable) as error:
        raise GuardUnusable(str(error)) from error
