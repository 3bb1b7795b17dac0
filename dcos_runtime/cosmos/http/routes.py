"""Cosmos' endpoints: the body that each reads, the versions of its response, its realm."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from aiohttp import web

from dcos_runtime import bodies, tls
from dcos_runtime.cosmos import asking
from dcos_runtime.cosmos.asking import Asked
from dcos_runtime.cosmos.core import errors, media
from dcos_runtime.cosmos.core.media import Media
from dcos_runtime.cosmos.http.dialect import MAX_BODY, encoded
from dcos_runtime.cosmos.http.resource import PackageResources
from dcos_runtime.cosmos.packages import Packages
from dcos_runtime.cosmos.shell import CosmosShell
from dcos_runtime.guard.admission import Realm
from dcos_runtime.leading.position import Position
from dcos_runtime.leading.routes import Parts, Pattern, route
from dcos_runtime.stalls import Stalls
from dcos_runtime.wire import codec
from dcos_runtime.wire.quoting import shown
from dcos_universe.render import loads
from dcos_universe.schema_walk import halves, pointer

CAPABILITIES = ("PACKAGE_MANAGEMENT",)
_CAPABILITIES_TYPE = Media("capabilities", 1)

Work = Callable[[CosmosShell, dict[str, Any], Asked], Awaitable[dict[str, Any] | bytes]]


@dataclass(frozen=True)
class Endpoint:
    """``name`` is the one in its media types; ``versions`` are those of its response, the preferred one first.
    ``fields``: those of its request; others are ignored, as Cosmos does.
    """

    path: str
    name: str
    work: Work
    fields: tuple[str, ...]
    versions: tuple[int, ...] = (1,)
    writes: bool = False


_REVISION = ("packageName", "packageVersion")
_WISHED = (*_REVISION, "options", "appId")
_SERVICE = ("appId", "managerId", "packageName")
_CHANGE = (*_SERVICE, "packageVersion", "currentPackageVersion", "options", "replace", "force")


def endpoints(packages: Packages) -> list[Endpoint]:
    listed = ("packageName", "includePackageVersions")
    uninstalled = (*_REVISION, "appId", "all", "managerId")
    installed = (*_WISHED, "managerId")
    added = ("name", "uri", "index")
    return [
        Endpoint("/package/search", "package.search", packages.search, ("query",)),
        Endpoint("/package/describe", "package.describe", packages.describe, _REVISION, (3, 2, 1)),
        Endpoint("/package/list-versions", "package.list-versions", packages.list_versions, listed),
        Endpoint("/package/render", "package.render", packages.render, _WISHED),
        Endpoint("/package/list", "package.list", packages.installed, ("packageName", "appId"), (1, 2)),
        Endpoint("/package/install", "package.install", packages.install, installed, (2, 1), writes=True),
        Endpoint("/package/uninstall", "package.uninstall", packages.uninstall, uninstalled, writes=True),
        Endpoint("/package/repository/list", "package.repository.list", packages.repositories, ()),
        Endpoint("/package/repository/add", "package.repository.add", packages.add_repository, added, writes=True),
        Endpoint(
            "/package/repository/delete",
            "package.repository.delete",
            packages.delete_repository,
            ("name", "uri"),
            writes=True,
        ),
        Endpoint("/service/describe", "service.describe", packages.service, (*_SERVICE, "packageVersion")),
        Endpoint("/service/update", "service.update", packages.update, _CHANGE, writes=True),
        Endpoint("/service/plan", "service.plan", packages.plan, _CHANGE),
    ]


class Routes:
    """``stalls``: those of this process's loop, for the metrics."""

    def __init__(
        self, position: Position[CosmosShell], packages: Packages, resources: PackageResources, stalls: Stalls
    ) -> None:
        self._position, self._packages, self._resources, self._stalls = position, packages, resources, stalls

    def patterns(self) -> list[Pattern]:
        async def capabilities(request: web.Request, parts: Parts) -> web.StreamResponse:
            _, said = media.choose(request.headers.get("Accept", "*/*"), [_CAPABILITIES_TYPE])
            return _answer({"capabilities": [{"name": name} for name in CAPABILITIES]}, said)

        async def ping(request: web.Request, parts: Parts) -> web.StreamResponse:
            return web.Response(text="pong")

        async def metrics(request: web.Request, parts: Parts) -> web.StreamResponse:
            return _answer(self._measured(), "application/json")

        async def resource(request: web.Request, parts: Parts) -> web.StreamResponse:
            return await self._resources.answer(request, self._position.leading_shell)

        found = [self._pattern(endpoint) for endpoint in endpoints(self._packages)]
        return [
            *found,
            route("GET", "/package/resource", resource),
            # The gateway's path /package leads here.
            *(self._pattern(replace(one, path=shorter)) for one, shorter in _shorter(endpoints(self._packages))),
            route("GET", "/resource", resource),
            route("GET", "/capabilities", capabilities, everywhere=True),
            route("GET", "/ping", ping, everywhere=True, realm=Realm.OPEN),
            route("GET", "/metrics/snapshot", metrics, everywhere=True),
        ]

    def _pattern(self, endpoint: Endpoint) -> Pattern:
        asked_for = Media(f"{endpoint.name}-request", 1)
        possible = [Media(f"{endpoint.name}-response", version) for version in endpoint.versions]

        async def handle(request: web.Request, parts: Parts) -> web.StreamResponse:
            chosen, said = media.choose(request.headers.get("Accept"), possible)
            media.expect(request.headers.get("Content-Type"), asked_for)
            body = _object(await bodies.read(request, MAX_BODY))
            asking.check_types(body, endpoint.fields)
            asked = Asked(chosen.version, origin(request), who(request))
            return _answer(await endpoint.work(self._position.leading_shell, body, asked), said)

        # These change nothing, in spite of their method.
        return route("POST", endpoint.path, handle, realm=Realm.WRITE if endpoint.writes else Realm.READ)

    def _measured(self) -> dict[str, float]:
        shell = self._position.shell
        found = {"cosmos/elected": float(shell is not None), **self._stalls.shown()}
        if shell is not None:
            catalog = shell.repositories.now
            found["cosmos/repositories"] = float(len(shell.core.repositories))
            found["cosmos/repositories_unreachable"] = float(len(shell.repositories.troubles()))
            found["cosmos/revisions"] = float(len(catalog))
            found["cosmos/uninstalls"] = float(len(shell.core.uninstalls))
        return found


def _shorter(found: list[Endpoint]) -> Iterator[tuple[Endpoint, str]]:
    return ((one, one.path.removeprefix("/package")) for one in found if one.path.startswith("/package/"))


def _answer(value: Any, said: str) -> web.Response:
    """``value``: plain data, or JSON."""
    response = web.Response(body=value if isinstance(value, bytes) else encoded(value))
    response.headers["Content-Type"] = said
    return response


def _object(data: bytes) -> dict[str, Any]:
    """The body, every text of which is whole Unicode. Raises `CosmosError`."""
    if not data.strip():
        raise errors.not_present("body", "")
    try:
        body = loads(text := data.decode(json.detect_encoding(data)))
    except UnicodeDecodeError as fault:
        raise errors.not_valid("body", "", f"byte {fault.start} is not {fault.encoding.upper()} text") from None
    except (ValueError, RecursionError) as fault:
        said = str(fault) if isinstance(fault, json.JSONDecodeError) else "it is no JSON"
        raise errors.not_valid("body", "", said) from None
    if not isinstance(body, dict):
        raise errors.not_valid("body", "", "it is no JSON object")
    if "\\u" in text:
        _check_pairs(text, body)
    return body


def _check_pairs(text: str, body: dict[str, Any]) -> None:
    """Refuses half of a surrogate pair, which Python's parser takes, and nothing can write."""
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError) as fault:
        for place, half in halves(body):
            said = f"'{shown(half)}' has half of a surrogate pair, and that is no character"
            raise errors.not_valid("body", shown(pointer(place)[1:]), said) from None
        raise errors.not_valid("body", "", codec.why_no_json(fault, text.encode())) from None


def origin(request: web.Request) -> str:
    """How the client reached us: at the gateway, or here."""
    behind = tls.is_tls(request)
    scheme = request.headers.get("X-Forwarded-Proto", "https" if behind else "http").lower()
    host = request.headers.get("X-Forwarded-Host") if behind else None
    return f"{scheme if scheme in ('http', 'https') else 'http'}://{host or request.headers.get('Host', '')}"


def who(request: web.Request) -> str:
    """The sender, for the log: the user that the gateway names, else the daemon or the address."""
    spoken_for = request.headers.get(tls.SPOKEN_FOR) if tls.is_tls(request) else None
    peer = tls.peer(request)
    return spoken_for or (peer.principal if peer is not None else None) or request.remote or "somebody"
