"""The pages about the cluster, as DC/OS has them: its id, what is installed, its names, its machines' health."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from urllib.parse import unquote

from aiohttp import web

from dcos_runtime.gateway import responses
from dcos_runtime.gateway.cluster_info import ClusterInfo
from dcos_runtime.gateway.health import ClusterHealth
from dcos_runtime.gateway.pages import READ, Page, PageRequest, PageTable, awaited_json_of, json_of, one_name, read
from dcos_runtime.gateway.responses import ErrorResponse
from dcos_runtime.gateway.targets import Names

_DNS = "/mesos_dns/v1/"
_HOSTS, _SERVICES = f"{_DNS}hosts/", f"{_DNS}services/"
_HEALTH = "/system/health/v1"
_CAPABILITIES = "application/vnd.dcos.capabilities+json;charset=utf-8;version=v1"

_WELCOME = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>DC/OS</title></head>
<body><p>This is the gateway of a DC/OS cluster. Log in with <code>dcos cluster setup</code>.</p></body></html>
"""


def cluster_pages(
    check_users: Callable[[], None], info: ClusterInfo, names: Names, health: ClusterHealth, leaders: Iterable[str]
) -> PageTable:
    """``check_users`` raises `UsersUnreachable` while the users are not known: then the gateway is not healthy.
    ``leaders``: paths below which requests are passed on to the leader.
    """

    async def slash(asked: PageRequest) -> web.Response:
        return web.Response(status=308, headers={"Location": f"{asked.path}/"})

    async def own_health(asked: PageRequest) -> web.Response:
        check_users()
        return responses.json({"healthy": True})

    async def welcome(asked: PageRequest) -> web.Response:
        return web.Response(body=_WELCOME, content_type="text/html", charset="utf-8")

    async def ca(asked: PageRequest) -> web.Response:
        certificate = info.ca()
        if certificate is None:
            raise ErrorResponse(404, "this cluster was started without a certificate authority")
        return web.Response(body=certificate, content_type="application/x-x509-ca-cert")

    async def hosts(asked: PageRequest) -> web.Response:
        return responses.json(await names.hosts(one_name(asked.path, _HOSTS)))

    async def services(asked: PageRequest) -> web.Response:
        return responses.json(await names.service(one_name(asked.path, _SERVICES)))

    async def health_below(asked: PageRequest) -> web.Response:
        parts = asked.path[len(_HEALTH) + 1 :].split("/")
        return responses.json(await health.page([unquote(part) for part in parts]))

    return PageTable(
        at={
            "/": read(welcome, open_to_all=True),
            "/health": read(own_health, open_to_all=True),
            "/ca/dcos-ca.crt": read(ca, open_to_all=True),
            "/metadata": read(json_of(info.metadata), open_to_all=True),
            "/dcos-metadata/dcos-version.json": read(json_of(info.version), open_to_all=True),
            "/dcos-metadata/ui-config.json": read(json_of(info.ui_config), open_to_all=True),
            "/pkgpanda/active.buildinfo.full.json": read(json_of(info.packages)),
            "/exhibitor/exhibitor/v1/cluster/status": read(awaited_json_of(info.exhibitor_status)),
            "/exhibitor/exhibitor/v1/cluster/list": read(json_of(info.exhibitor_list)),
            "/capabilities": read(json_of(info.capabilities, _CAPABILITIES)),
            "/cluster/v1/links": read(json_of(info.links)),
            f"{_DNS}version": read(json_of(info.dns_version)),
            f"{_DNS}config": read(json_of(info.dns_config)),
            f"{_DNS}enumerate": read(awaited_json_of(names.enumerate)),
            f"{_DNS}axfr": read(awaited_json_of(names.zone)),
            _HEALTH: read(awaited_json_of(lambda: health.page(()))),
            **{path: read(slash) for path in leaders},
        },
        below={
            _HOSTS: Page(dict.fromkeys(READ, hosts)),
            _SERVICES: Page(dict.fromkeys(READ, services)),
            f"{_HEALTH}/": Page(dict.fromkeys(READ, health_below)),
        },
    )
