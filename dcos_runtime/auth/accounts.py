"""``/acs/api/v1``: logging in and out, how tokens are checked, and the users, as DC/OS has them."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable
from typing import Any

import msgspec
from aiohttp import web

from dcos_runtime import bodies
from dcos_runtime.auth import passwords
from dcos_runtime.auth.directory import Directory, LastUser, User, UserExists, UserUnknown
from dcos_runtime.auth.logins import Hasher, Logins, Rejected, Reserved, Tokens
from dcos_runtime.auth.throttle import TooMany
from dcos_runtime.gateway import request_credentials, responses
from dcos_runtime.gateway.responses import ErrorResponse
from dcos_runtime.guard import tokens
from dcos_runtime.guard.tokens import LIFETIME, Claims, TokenRefused
from dcos_runtime.wire.quoting import shown

ROOT = "/acs/api/v1"
SHORTEST_PASSWORD = 8
_LONGEST_DESCRIPTION = 1024
_MAX_BODY = 16 * 1024

PROVIDERS = {
    "dcos-users": {
        "authentication-type": "dcos-uid-password",
        "client-method": "dcos-usercredential-post-receive-authtoken",
        "config": {"start_flow_url": f"{ROOT}/auth/login"},
        "description": "Default DC/OS login provider",
    }
}


class _Credentials(msgspec.Struct):
    uid: str
    password: str


class _Question(msgspec.Struct):
    uid: str | None = None
    password: str | None = None
    token: str | None = None
    address: str = ""
    """The address of the daemon's client."""


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    password: str | None = None
    description: str | None = None


class Accounts:
    """The handlers of ``/acs/api/v1``."""

    def __init__(
        self, directory: Directory, logins: Logins, tokens_: Tokens, hasher: Hasher, reserved: Reserved
    ) -> None:
        self._reserved = reserved
        self._directory = directory
        self._logins = logins
        self._tokens = tokens_
        self._hasher = hasher

    # --- logging in and out ---

    async def log_in(self, request: web.BaseRequest) -> web.Response:
        if says := request_credentials.foreign_page(request.headers, request.headers.get("X-Dcos-Host", "")):
            # Or a page could log its reader in as another user, who then sees what the reader does.
            raise ErrorResponse(403, f"{says} says that another site's page sends this; log in at the gateway's own")
        given = await _read(request, _Credentials, 'the body is to be {"uid": "…", "password": "…"}')
        user = await self._checked(self._log_in(given, request.headers.get("X-Real-IP", "")))
        token = self._tokens.issue(user)
        return responses.json({"token": token}, headers={"Set-Cookie": _cookie(token, int(LIFETIME))})

    async def log_out(self, request: web.BaseRequest, caller: Claims) -> web.Response:
        """Revokes the caller's token, and that of the cookie if it is another one."""
        ended = {caller.id: caller}
        cookie, _ = request_credentials.split_cookies(request.headers.getall("Cookie", []))
        if cookie:
            try:
                other = self._tokens.claims(cookie)
                ended[other.id] = other
            except TokenRefused:
                pass
        await asyncio.gather(*(self._tokens.revoke(claims) for claims in ended.values()))
        return web.Response(headers={"Set-Cookie": _cookie("", 0), "Cache-Control": "no-store"})

    async def providers(self, request: web.BaseRequest) -> web.Response:
        return responses.json(PROVIDERS)

    async def jwks(self, request: web.BaseRequest) -> web.Response:
        return responses.json({"keys": [self._tokens.key]})

    async def verify(self, request: web.BaseRequest) -> web.Response:
        """For daemons on the socket: 200 with the uid when the password or token is valid, else 401."""
        given = await _read(request, _Question, 'the body is to be {"uid", "password"} or {"token"}')
        if given.token is not None:
            try:
                return responses.json({"uid": self._tokens.claims(given.token).uid})
            except TokenRefused as error:
                raise responses.unauthorized(str(error)) from error
        if given.uid is None or given.password is None:
            raise ErrorResponse(400, "a uid and a password are wanted, or a token")
        user = await self._checked(self._logins.recognise(given.uid[:256], given.password, given.address[:64]))
        return responses.json({"uid": user.uid})

    async def _log_in(self, given: _Credentials, source: str) -> User:
        return await self._logins.log_in(given.uid[:256], given.password, source)

    async def _checked(self, attempt: Awaitable[User]) -> User:
        try:
            return await attempt
        except Rejected:
            raise responses.unauthorized("the uid or the password is wrong", "ERR_INVALID_CREDENTIALS") from None
        except TooMany as error:
            raise ErrorResponse(
                429, str(error), "ERR_TOO_MANY_ATTEMPTS", {"Retry-After": str(math.ceil(error.seconds))}
            ) from None

    # --- users ---

    async def users(self, request: web.BaseRequest) -> web.Response:
        return responses.json({"array": [_shown(user) for user in self._directory.users()]})

    async def user(self, request: web.BaseRequest, uid: str) -> web.Response:
        user = self._directory.user(uid)
        if user is None:
            raise _unknown(uid)
        return responses.json(_shown(user))

    async def create(self, request: web.BaseRequest, uid: str, caller: Claims | None) -> web.Response:
        wanted = await _wanted(request)
        if not tokens.UID.fullmatch(uid):
            raise ErrorResponse(
                400,
                "a uid begins with a letter or a digit, holds letters, digits and ._@+- and is at most 96 long",
                "ERR_INVALID_USER_ID",
            )
        if uid in self._reserved:
            raise ErrorResponse(
                400,
                f"{uid} is taken by one of the cluster's daemons or frameworks; choose another uid",
                "ERR_INVALID_USER_ID",
            )
        if wanted.password is None:
            raise ErrorResponse(400, "a password is wanted", "ERR_INVALID_DATA")
        if self._directory.user(uid) is not None:
            raise _exists(uid)
        user = User(uid, await self._hasher.hashed(wanted.password), wanted.description or "", time.time())
        try:
            await self._directory.add(user, caller)
        except UserExists:
            raise _exists(uid) from None
        return web.Response(status=201)

    async def change(self, request: web.BaseRequest, uid: str, caller: Claims | None) -> web.Response:
        """A new password ends all tokens that the user has."""
        wanted = await _wanted(request)
        if wanted.password is None and wanted.description is None:
            raise ErrorResponse(400, "a password or a description is wanted", "ERR_INVALID_DATA")
        if self._directory.user(uid) is None:
            raise _unknown(uid)
        changes: dict[str, Any] = {}
        if wanted.password is not None:
            changes = {"hash": await self._hasher.hashed(wanted.password), "since": time.time()}
        if wanted.description is not None:
            changes["description"] = wanted.description
        try:
            await self._directory.change(uid, lambda user: msgspec.structs.replace(user, **changes), caller)
        except UserUnknown:
            raise _unknown(uid) from None
        return web.Response(status=204)

    async def remove(self, request: web.BaseRequest, uid: str, caller: Claims | None) -> web.Response:
        try:
            await self._directory.remove(uid, caller)
        except UserUnknown:
            raise _unknown(uid) from None
        except LastUser:
            raise ErrorResponse(
                409,
                f"{uid} is the last user: without it no login would be possible; add another first",
                "ERR_LAST_USER",
            ) from None
        return web.Response(status=204)


def _shown(user: User) -> dict[str, Any]:
    return {
        "uid": user.uid,
        "description": user.description,
        "url": f"{ROOT}/users/{user.uid}",
        "is_remote": False,
        "is_service": False,
        "provider_type": "internal",
    }


def _unknown(uid: str) -> ErrorResponse:
    return ErrorResponse(404, f"there is no user {shown(uid)}", "ERR_UNKNOWN_USER_ID")


def _exists(uid: str) -> ErrorResponse:
    return ErrorResponse(409, f"there is a user {uid} already", "ERR_USER_EXISTS")


def _cookie(token: str, seconds: int) -> str:
    return f"{request_credentials.COOKIE}={token}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict"


async def _wanted(request: web.BaseRequest) -> _Wanted:
    wanted: _Wanted = await _read(request, _Wanted, 'the body is to be {"password": "…", "description": "…"}')
    if wanted.password is not None and not SHORTEST_PASSWORD <= len(wanted.password) <= passwords.LONGEST:
        raise ErrorResponse(
            400, f"a password has {SHORTEST_PASSWORD} to {passwords.LONGEST} characters", "ERR_INVALID_DATA"
        )
    if wanted.description is not None and len(wanted.description) > _LONGEST_DESCRIPTION:
        raise ErrorResponse(400, f"a description has at most {_LONGEST_DESCRIPTION} characters", "ERR_INVALID_DATA")
    return wanted


async def _read(request: web.BaseRequest, form: type[Any], otherwise: str) -> Any:
    """The body as ``form``. Raises `ErrorResponse` with the text ``otherwise``, which never quotes the body."""
    try:
        body = await bodies.read(request, _MAX_BODY)
    except bodies.BodyRefused as refused:
        raise ErrorResponse(refused.status, refused.text, headers=refused.headers) from None
    try:
        body.decode()  # the decoder does not look at texts of fields that ``form`` lacks
        return msgspec.json.decode(body, type=form)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise ErrorResponse(400, otherwise, "ERR_INVALID_DATA") from None
