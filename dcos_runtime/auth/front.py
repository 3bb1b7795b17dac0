"""Requests on the socket: what daemons ask, and the pages that the gateway passes on to here.

``/internal/…`` is for the daemons of this machine; ``/gateway`` is what nginx puts before the target of a client's
request, which follows as it was sent. Pages are found by comparing exactly: nothing is decoded or tidied. They look at
tokens themselves and believe nobody's word on who is asking, so that whoever reaches the socket gains nothing by it.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from aiohttp import web

from dcos_runtime.auth import answers, routing
from dcos_runtime.auth.about import About
from dcos_runtime.auth.accounts import ROOT, Accounts
from dcos_runtime.auth.answers import Refused
from dcos_runtime.auth.backends import NoAnswer
from dcos_runtime.auth.directory import Directory, Unavailable
from dcos_runtime.auth.gate import Gate
from dcos_runtime.auth.health import Health
from dcos_runtime.auth.places import Names
from dcos_runtime.auth.tokens import Claims, TokenRefused

log = logging.getLogger(__name__)

_GATEWAY = "/gateway"
_LOGOUT = f"{ROOT}/auth/logout"
_USERS = f"{ROOT}/users/"
_DNS = "/mesos_dns/v1/"
_HOSTS, _SERVICES = f"{_DNS}hosts/", f"{_DNS}services/"
_HEALTH = "/system/health/v1"
_CAPABILITIES = "application/vnd.dcos.capabilities+json;charset=utf-8;version=v1"
_READ = ("GET", "HEAD")
_LONGEST_NAME = 2048

_WELCOME = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>DC/OS</title></head>
<body><p>This is the gateway of a DC/OS cluster. Log in with <code>dcos cluster setup</code>.</p></body></html>
"""


@dataclass(frozen=True)
class Asked:
    """One request for a page. ``caller`` is known unless the page is open to all."""

    request: web.BaseRequest
    path: str
    caller: Claims | None


Page = Callable[[Asked], Awaitable[web.Response]]


@dataclass(frozen=True)
class _Door:
    methods: Mapping[str, Page]
    open_to_all: bool = False


class Front:
    def __init__(
        self, directory: Directory, gate: Gate, accounts: Accounts, about: About, names: Names, health: Health
    ) -> None:
        self._directory = directory
        self._gate = gate
        self._accounts = accounts
        self._about = about
        self._names = names
        self._health = health
        self._doors = self._pages()
        self._below = self._trees()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        target = request.raw_path
        try:
            if target == "/internal/verify" and request.method == "POST":
                return await self._accounts.verify(request)
            if target.startswith(_GATEWAY + "/"):
                return await self._page(request, target[len(_GATEWAY) :])
            raise Refused(404, "no such page")
        except Refused as refused:
            return refused.response()
        except TokenRefused as error:
            return answers.unauthorized(str(error), "ERR_INVALID_TOKEN").response()
        except Unavailable as error:
            return Refused(503, str(error)).response()
        except NoAnswer as error:
            return Refused(502, str(error)).response()

    async def _page(self, request: web.BaseRequest, target: str) -> web.Response:
        path = routing.plain(target).partition("?")[0]
        door = self._doors.get(path)
        if door is None:
            door = next((door for start, door in self._below.items() if path.startswith(start)), None)
        open_to_all = door is not None and door.open_to_all
        caller = None if open_to_all else self._gate.caller(request.headers)
        if door is None:
            raise Refused(404, f"{path[:1024]}: no such page")
        page = door.methods.get(request.method)
        if page is None:
            allowed = ", ".join(sorted(door.methods))
            raise Refused(405, f"{request.method} is not for this page; {allowed} is", headers={"Allow": allowed})
        answer = await page(Asked(request, path, caller))
        if caller is not None and request.method in _READ and path != _LOGOUT:
            self._gate.still(caller)  # the page may have taken long: was its reader removed meanwhile?
        return answer

    def _pages(self) -> dict[str, _Door]:
        accounts, about = self._accounts, self._about

        def read(page: Page, *, open_to_all: bool = False) -> _Door:
            return _Door(dict.fromkeys(_READ, page), open_to_all)

        async def log_out(asked: Asked) -> web.Response:
            assert asked.caller is not None
            return await accounts.log_out(asked.request, asked.caller)

        async def slash(asked: Asked) -> web.Response:
            return web.Response(status=308, headers={"Location": f"{asked.path}/"})

        async def health(asked: Asked) -> web.Response:
            self._directory.check()
            return answers.json({"healthy": True})

        async def welcome(asked: Asked) -> web.Response:
            return web.Response(body=_WELCOME, content_type="text/html", charset="utf-8")

        async def ca(asked: Asked) -> web.Response:
            certificate = about.ca()
            if certificate is None:
                raise Refused(404, "this cluster was started without a certificate authority")
            return web.Response(body=certificate, content_type="application/x-x509-ca-cert")

        async def status(asked: Asked) -> web.Response:
            return answers.json(await about.exhibitor_status())

        return {
            f"{ROOT}/auth/login": _Door({"POST": lambda asked: accounts.log_in(asked.request)}, open_to_all=True),
            _LOGOUT: _Door(dict.fromkeys(("GET", "POST"), log_out)),
            f"{ROOT}/auth/providers": read(lambda asked: accounts.providers(asked.request), open_to_all=True),
            f"{ROOT}/auth/jwks": read(lambda asked: accounts.jwks(asked.request), open_to_all=True),
            f"{ROOT}/users": read(lambda asked: accounts.users(asked.request)),
            "/": read(welcome, open_to_all=True),
            "/health": read(health, open_to_all=True),
            "/ca/dcos-ca.crt": read(ca, open_to_all=True),
            "/metadata": read(_told(about.metadata), open_to_all=True),
            "/dcos-metadata/dcos-version.json": read(_told(about.version), open_to_all=True),
            "/dcos-metadata/ui-config.json": read(_told(about.ui_config), open_to_all=True),
            "/pkgpanda/active.buildinfo.full.json": read(_told(about.packages)),
            "/exhibitor/exhibitor/v1/cluster/status": read(status),
            "/exhibitor/exhibitor/v1/cluster/list": read(_told(about.exhibitor_list)),
            "/capabilities": read(_told(about.capabilities, kind=_CAPABILITIES)),
            "/cluster/v1/links": read(_told(about.links)),
            f"{_DNS}version": read(_told(about.dns_version)),
            f"{_DNS}config": read(_told(about.dns_config)),
            f"{_DNS}enumerate": read(_awaited(self._names.enumerate)),
            f"{_DNS}axfr": read(_awaited(self._names.zone)),
            _HEALTH: read(_awaited(lambda: self._health.page(()))),
            "/mesos": read(slash),
            "/marathon": read(slash),
            "/service/marathon": read(slash),
        }

    def _trees(self) -> dict[str, _Door]:
        """Doors to all that is below a path."""
        accounts = self._accounts

        async def hosts(asked: Asked) -> web.Response:
            return answers.json(await self._names.hosts(_one_name(asked.path.removesuffix("/"), _HOSTS)))

        async def services(asked: Asked) -> web.Response:
            return answers.json(await self._names.service(_one_name(asked.path.removesuffix("/"), _SERVICES)))

        async def health(asked: Asked) -> web.Response:
            rest = asked.path[len(_HEALTH) + 1 :].removesuffix("/")
            return answers.json(await self._health.page([unquote(part) for part in rest.split("/")] if rest else []))

        return {
            _USERS: _Door(
                {
                    **{method: lambda asked: accounts.user(asked.request, _uid(asked)) for method in _READ},
                    "PUT": lambda asked: accounts.create(asked.request, _uid(asked), asked.caller),
                    "PATCH": lambda asked: accounts.change(asked.request, _uid(asked), asked.caller),
                    "DELETE": lambda asked: accounts.remove(asked.request, _uid(asked), asked.caller),
                }
            ),
            _HOSTS: _Door(dict.fromkeys(_READ, hosts)),
            _SERVICES: _Door(dict.fromkeys(_READ, services)),
            f"{_HEALTH}/": _Door(dict.fromkeys(_READ, health)),
        }


def _told(value: Callable[[], object], kind: str | None = None) -> Page:
    async def page(asked: Asked) -> web.Response:
        return answers.json(value(), headers={"Content-Type": kind} if kind else None)

    return page


def _awaited(value: Callable[[], Awaitable[object]]) -> Page:
    async def page(asked: Asked) -> web.Response:
        return answers.json(await value())

    return page


def _uid(asked: Asked) -> str:
    return _one_name(asked.path, _USERS)


def _one_name(path: str, start: str) -> str:
    """What follows ``start``. Raises `Refused` when that is nothing, or more than one part."""
    name = path[len(start) :]
    if not name or "/" in name or len(name) > _LONGEST_NAME:
        raise Refused(404, f"{path[:1024]}: no such page")
    return unquote(name)
