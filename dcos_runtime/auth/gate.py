"""What nginx asks about each request that it is to pass on: who sends it, and where does it go?

The answer is in headers, which nginx puts into its variables. 200: pass on; 401: nobody we know; 403: whatever
``X-Dcos-Status`` and ``X-Dcos-Reason`` say, since nginx's auth_request knows no other way to refuse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from dcos_runtime.auth import routing
from dcos_runtime.auth.answers import CHALLENGE, Refused, unauthorized
from dcos_runtime.auth.backends import NoAnswer
from dcos_runtime.auth.directory import Unavailable
from dcos_runtime.auth.routing import Astray, Way
from dcos_runtime.auth.tokens import Claims, TokenRefused

if TYPE_CHECKING:
    from multidict import CIMultiDictProxy

    from dcos_runtime.auth.logins import Tokens
    from dcos_runtime.auth.places import Agents, Services

URI, DOOR = "X-Dcos-Uri", "X-Dcos-Door"
_WHO = {routing.MESOS: "the master", routing.INIT: "the init"}


class Gate:
    def __init__(self, tokens: Tokens, agents: Agents, services: Services) -> None:
        self._tokens = tokens
        self._agents = agents
        self._services = services

    def caller(self, headers: CIMultiDictProxy[str]) -> Claims:
        """Whose token the request carries: in ``Authorization``, or else in the cookie. Raises `Refused`."""
        given = headers.get("Authorization", "")
        token = routing.token_in(given) if given else None
        if token is None:
            token, _ = routing.split_cookies(headers.get("Cookie", ""))
        if not token:
            raise unauthorized("log in first: the request carries no token", "ERR_NO_TOKEN")
        try:
            return self._tokens.claims(token)
        except TokenRefused as error:
            raise unauthorized(str(error), "ERR_INVALID_TOKEN") from error
        except Unavailable as error:
            raise Refused(503, str(error)) from error

    async def authorize(self, request: web.BaseRequest) -> web.Response:
        headers = request.headers
        try:
            claims = self.caller(headers)
            way = routing.way(headers.get(URI, ""), headers.get(DOOR, ""))
            if way.door in _WHO:
                return _passed(claims, way, _WHO[way.door], "", headers)
            return await self._onwards(claims, way, headers)
        except Refused as refused:
            return _refused(refused)
        except Astray as astray:
            return _astray(astray)
        except NoAnswer as error:
            return _refused(Refused(503, f"where this leads is not known now: {error}"))

    async def _onwards(self, claims: Claims, way: Way, headers: CIMultiDictProxy[str]) -> web.Response:
        if way.door == routing.AGENT:
            target = await self._agents.target(way.agent)
            return _passed(claims, way, f"the agent {way.agent}", target, headers)
        names = list(way.service_names())
        index, target = await self._services.find([name for name, _, _ in names])
        name, prefix, rest = names[index]
        if not rest.startswith("/"):
            raise Astray(308, f"{prefix}/{rest}")
        return _passed(claims, Way(way.door, prefix, rest), f"the service {name}", target, headers)


def _passed(claims: Claims, way: Way, who: str, target: str, headers: CIMultiDictProxy[str]) -> web.Response:
    told = {"X-Dcos-User": claims.uid, "X-Dcos-Path": way.rest, "X-Dcos-Who": who}
    if target:
        told["X-Dcos-Target"] = target
        told["X-Dcos-Prefix"] = way.prefix
    if way.door == routing.SERVICE:
        given = headers.get("Authorization", "")
        if given and routing.token_in(given) is None:
            told["X-Dcos-Authorization"] = given
        if others := routing.split_cookies(headers.get("Cookie", ""))[1]:
            told["X-Dcos-Cookie"] = others
    return web.Response(headers=told)


def _refused(refused: Refused) -> web.Response:
    told = {"X-Dcos-Status": str(refused.status), "X-Dcos-Reason": refused.body().decode("ascii")}
    if refused.status == 401:
        return web.Response(status=401, headers={**told, "WWW-Authenticate": CHALLENGE})
    return web.Response(status=403, headers=told)


def _astray(astray: Astray) -> web.Response:
    if astray.status == 308:
        return web.Response(status=403, headers={"X-Dcos-Status": "308", "X-Dcos-Reason": astray.text})
    return _refused(Refused(astray.status, astray.text))
