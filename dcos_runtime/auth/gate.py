"""What nginx asks about each request that it is to pass on: who sends it, and where does it go?

The answer is in headers, which nginx puts into its variables. 200: pass on; 401: nobody we know; 403: whatever
``X-Dcos-Status`` and ``X-Dcos-Reason`` say, since nginx's auth_request knows no other way to refuse.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from multidict import MultiMapping

from dcos_runtime.auth import routing
from dcos_runtime.auth.answers import CHALLENGE, Refused, unauthorized
from dcos_runtime.auth.backends import NoAnswer
from dcos_runtime.auth.directory import Unavailable
from dcos_runtime.auth.questions import Answer, Headers
from dcos_runtime.auth.routing import Astray, Way
from dcos_runtime.auth.tokens import Claims, TokenRefused

if TYPE_CHECKING:
    from dcos_runtime.auth.backends import Group
    from dcos_runtime.auth.logins import Tokens
    from dcos_runtime.auth.places import Agents, Services

T = TypeVar("T")

URI, DOOR, HOST = "X-Dcos-Uri", "X-Dcos-Door", "X-Dcos-Host"
WANTED = (URI, DOOR, HOST, "Authorization", "Cookie", *routing.PAGE_HEADERS)
"""What is looked at of a question."""
_WHO = {routing.MESOS: "the master", routing.INIT: "the init"}


class Gate:
    def __init__(self, tokens: Tokens, agents: Agents, services: Services, master: Group, init: Group) -> None:
        self._tokens = tokens
        self._agents = agents
        self._services = services
        self._groups = {routing.MESOS: master, routing.INIT: init}

    def caller(self, headers: MultiMapping[str]) -> Claims:
        """Whose token a request carries: in ``Authorization``, or else in the cookie. A browser adds that to what
        another site's page sends, too: from there it counts as absent. ``headers``: whatever the case of their names,
        each as often as it came. Raises `Refused`.
        """
        authorization = _authorization(headers)
        token = routing.token_in(authorization) if authorization else None
        if token is None and (cookies := headers.getall("Cookie", [])):
            token, _ = routing.split_cookies(cookies)
            if token and (says := routing.foreign_page(headers, headers.get(HOST, ""))):
                raise unauthorized(
                    f"{says} says that another site's page sends this: from there the cookie does not count, the "
                    "header Authorization does",
                    "ERR_FOREIGN_PAGE",
                )
        if not token:
            raise unauthorized("log in first: the request carries no token", "ERR_NO_TOKEN")
        return _asked(lambda: self._tokens.claims(token))

    def still(self, caller: Claims) -> None:
        """Whether a `caller` is one yet, before he is answered. Raises `Refused`."""
        _asked(lambda: self._tokens.still(caller))

    def decide(self, headers: Headers) -> Answer | Awaitable[Answer]:
        try:
            claims = self.caller(headers)
            way = routing.way(headers.get(URI, ""), headers.get(DOOR, ""))
        except Refused as refused:
            return _refused(refused)
        except Astray as astray:
            return _astray(astray)
        if way.door in self._groups:
            return 200, _told(claims, _WHO[way.door], self._groups[way.door].now, "", way.rest)
        return self._looked_up(claims, way, headers)

    async def _looked_up(self, claims: Claims, way: Way, headers: Headers) -> Answer:
        answer = await self._look_up(claims, way, headers)
        try:
            self.still(claims)  # it may have taken long
        except Refused as refused:
            return _refused(refused)
        return answer

    async def _look_up(self, claims: Claims, way: Way, headers: Headers) -> Answer:
        try:
            if way.door == routing.AGENT:
                target, name = await self._agents.target(way.agent)
                told = _told(claims, f"the agent {way.agent}", target, way.prefix, way.rest)
                return 200, {**told, "X-Dcos-Name": name}
            names = list(way.service_names())
            index, target = await self._services.find([name for name, _, _ in names])
        except Astray as astray:
            return _astray(astray)
        except NoAnswer as error:
            return _refused(Refused(503, f"where this leads is not known now: {error}"))
        name, prefix, rest = names[index]
        if not rest.startswith("/"):
            return _astray(Astray(308, f"{prefix}/{rest}"))
        return 200, _told(claims, f"the service {name}", target, prefix, rest) | _of_the_users_own(headers)


def _authorization(headers: MultiMapping[str]) -> str:
    """Raises `Refused` when there are several: somebody behind might go by another than was checked here."""
    values = headers.getall("Authorization", [])
    if len(values) > 1:
        raise Refused(400, f"the header Authorization is there {len(values)} times; send one")
    return values[0] if values else ""


def _asked(question: Callable[[], T]) -> T:
    """Raises `Refused`."""
    try:
        return question()
    except TokenRefused as error:
        raise unauthorized(str(error), "ERR_INVALID_TOKEN") from error
    except Unavailable as error:
        raise Refused(503, str(error)) from error


def _told(claims: Claims, who: str, target: str, prefix: str, rest: str) -> dict[str, str]:
    return {
        "X-Dcos-User": claims.uid,
        "X-Dcos-Path": rest,
        "X-Dcos-Who": who,
        "X-Dcos-Target": target,
        "X-Dcos-Prefix": prefix,
    }


def _of_the_users_own(headers: Headers) -> dict[str, str]:
    """What a service gets of ``Authorization`` and ``Cookie``: all but what the user is known by here."""
    told = {}
    authorization = _authorization(headers)
    if authorization and routing.token_in(authorization) is None:
        told["X-Dcos-Authorization"] = authorization
    if others := routing.split_cookies(headers.getall("Cookie", []))[1]:
        told["X-Dcos-Cookie"] = others
    return told


def _refused(refused: Refused) -> Answer:
    told = {"X-Dcos-Status": str(refused.status), "X-Dcos-Reason": refused.body().decode("ascii")}
    if refused.status == 401:
        return 401, {**told, "WWW-Authenticate": CHALLENGE}
    return 403, told


def _astray(astray: Astray) -> Answer:
    if astray.status == 308:
        return 403, {"X-Dcos-Status": "308", "X-Dcos-Reason": astray.text}
    return _refused(Refused(astray.status, astray.text))
