"""Answers nginx' ``auth_request`` for each client's request: who sends it, and where it is passed on to.

The response is in headers, which nginx puts into its variables. 200: pass on; 401: the sender is not known; 403:
whatever ``X-Dcos-Status`` and ``X-Dcos-Reason`` say, since nginx's auth_request knows no other way to refuse.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from multidict import MultiMapping

from dcos_runtime.gateway import request_credentials, routing
from dcos_runtime.gateway.auth_request import Answer, Headers, refusal
from dcos_runtime.gateway.backends import NoAnswer
from dcos_runtime.gateway.responses import ErrorResponse, unauthorized
from dcos_runtime.gateway.routing import Destination, NoRoute
from dcos_runtime.guard.tokens import Claims, TokenRefused
from dcos_runtime.guard.users import UsersUnreachable

if TYPE_CHECKING:
    from dcos_runtime.gateway.backends import Upstream
    from dcos_runtime.gateway.targets import AgentAddresses, Services
    from dcos_runtime.wire.cluster_services import Routed

T = TypeVar("T")

URI, ROUTE, HOST = "X-Dcos-Uri", "X-Dcos-Route", "X-Dcos-Host"
WANTED = (URI, ROUTE, HOST, "Authorization", "Cookie", *request_credentials.PAGE_HEADERS)
"""The headers of nginx' request that are read."""


class TokenCheck(Protocol):
    """Checks the cluster's tokens. Both methods raise `TokenRefused` and `UsersUnreachable`."""

    def claims(self, token: str) -> Claims:
        """The claims of a valid token."""
        ...

    def still(self, claims: Claims) -> None:
        """Checks again, some time later, that the token of these claims is valid."""
        ...


class Authorizer:
    """``upstreams``: by the name of each of ``routes`` that leads to a leader."""

    def __init__(
        self,
        tokens: TokenCheck,
        agents: AgentAddresses,
        services: Services,
        routes: Sequence[Routed],
        upstreams: Mapping[str, Upstream],
    ) -> None:
        self._tokens = tokens
        self._agents = agents
        self._services = services
        self._routes = routes
        self._upstreams = upstreams
        self._machines = {routed.name: routed for routed in routes if routed.leads_to == "machine"}

    def caller(self, headers: MultiMapping[str]) -> Claims:
        """Whose token a request carries: in ``Authorization``, or else in the cookie. A browser adds that to what
        another site's page sends, too: from there it counts as absent. ``headers``: names in any case, each as often as
        it came. Raises `ErrorResponse`.
        """
        authorization = _authorization(headers)
        token = request_credentials.token_in(authorization) if authorization else None
        if token is None and (cookies := headers.getall("Cookie", [])):
            token, _ = request_credentials.split_cookies(cookies)
            if token and (says := request_credentials.foreign_page(headers, headers.get(HOST, ""))):
                raise unauthorized(
                    f"{says} says that another site's page sends this: from there the cookie does not count, the "
                    "header Authorization does",
                    "ERR_FOREIGN_PAGE",
                )
        if not token:
            raise unauthorized("log in first: the request carries no token", "ERR_NO_TOKEN")
        return _checked(lambda: self._tokens.claims(token))

    def still(self, caller: Claims) -> None:
        """Checks again that a `caller` may be answered, because making the response may have taken long. Raises
        `ErrorResponse`.
        """
        _checked(lambda: self._tokens.still(caller))

    def decide(self, headers: Headers) -> Answer | Awaitable[Answer]:
        try:
            claims = self.caller(headers)
            route = routing.route_of(headers.get(URI, ""), headers.get(ROUTE, ""), self._routes)
        except ErrorResponse as error:
            return refusal(error)
        except NoRoute as error:
            return _no_route(error)
        if upstream := self._upstreams.get(route.kind):
            return 200, _variables(claims, f"the {upstream.noun}", upstream.now, "", route.rest)
        return self._looked_up(claims, route, headers)

    async def _looked_up(self, claims: Claims, route: Destination, headers: Headers) -> Answer:
        answer = await self._look_up(claims, route, headers)
        try:
            self.still(claims)
        except ErrorResponse as error:
            return refusal(error)
        return answer

    async def _look_up(self, claims: Claims, route: Destination, headers: Headers) -> Answer:
        try:
            if routed := self._machines.get(route.kind):
                target, name = await self._agents.target(route.agent, routed.kind, routed.port)
                variables = _variables(claims, f"the {routed.kind} {route.agent}", target, route.prefix, route.rest)
                return 200, {**variables, "X-Dcos-Name": name}
            names = list(route.service_names())
            index, target = await self._services.find([name for name, _, _ in names])
        except NoRoute as error:
            return _no_route(error)
        except NoAnswer as error:
            return refusal(ErrorResponse(503, f"where this leads is not known now: {error}"))
        name, prefix, rest = names[index]
        if not rest.startswith("/"):
            return _no_route(NoRoute(308, f"{prefix}/{rest}"))
        return 200, _variables(claims, f"the service {name}", target, prefix, rest) | _not_ours(headers)


def _authorization(headers: MultiMapping[str]) -> str:
    """Raises `ErrorResponse` when there are several: a program behind the gateway might use another than the one that
    was checked here.
    """
    values = headers.getall("Authorization", [])
    if len(values) > 1:
        raise ErrorResponse(400, f"the header Authorization is there {len(values)} times; send one")
    return values[0] if values else ""


def _checked(check: Callable[[], T]) -> T:
    """The result of a `TokenCheck`. Raises `ErrorResponse`."""
    try:
        return check()
    except TokenRefused as error:
        raise unauthorized(str(error), "ERR_INVALID_TOKEN") from error
    except UsersUnreachable as error:
        raise ErrorResponse(503, str(error)) from error


def _variables(claims: Claims, who: str, target: str, prefix: str, rest: str) -> dict[str, str]:
    """The headers from which nginx learns how to pass the request on."""
    return {
        "X-Dcos-User": claims.uid,
        "X-Dcos-Path": rest,
        "X-Dcos-Who": who,
        "X-Dcos-Target": target,
        "X-Dcos-Prefix": prefix,
    }


def _not_ours(headers: Headers) -> dict[str, str]:
    """The ``Authorization`` and ``Cookie`` that a service gets: all of them except the user's credentials for the
    gateway.
    """
    passed = {}
    authorization = _authorization(headers)
    if authorization and request_credentials.token_in(authorization) is None:
        passed["X-Dcos-Authorization"] = authorization
    if others := request_credentials.split_cookies(headers.getall("Cookie", []))[1]:
        passed["X-Dcos-Cookie"] = others
    return passed


def _no_route(error: NoRoute) -> Answer:
    if error.status == 308:
        return 403, {"X-Dcos-Status": "308", "X-Dcos-Reason": error.text}
    return refusal(ErrorResponse(error.status, error.text))
