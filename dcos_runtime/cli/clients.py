"""The clients of one cluster: its master, its agents and its init, behind its gateway or at their own addresses."""

from __future__ import annotations

from collections.abc import Mapping

from dcos_runtime import urls
from dcos_runtime.cli.clusters.target import Target
from dcos_runtime.cli.connection.gateway import Gateways
from dcos_runtime.cli.connection.http import Http
from dcos_runtime.cli.kernel.master import Agents, DirectRoute, GatewayRoute, Master
from dcos_runtime.cli.marathon.client import Marathon, find_marathon
from dcos_runtime.cli.packages.client import CosmosClient

COSMOS_PORT = 7070
COSMOS_VARIABLE = "DCOS_PACKAGE_COSMOS_URL"


def master(http: Http | Gateways, target: Target) -> Master:
    return Master(http, target.beneath("/mesos") if target.is_gateway else target)


def agents(http: Http | Gateways, target: Target) -> Agents:
    return Agents(http, GatewayRoute(target.url) if target.is_gateway else DirectRoute())


def marathon(http: Http | Gateways, target: Target, known_to: Master) -> Marathon:
    if target.is_gateway:
        return Marathon(http, f"{target.url}/service/marathon", address_source="the gateway leads there")
    return Marathon(
        http,
        find_marathon(known_to),
        address_source="the master reported this address (webui_url of the framework named marathon)",
    )


def cosmos(http: Http | Gateways, target: Target, environment: Mapping[str, str]) -> CosmosClient:
    """A token is sent to gateways only, so a separate address is used only when the target is a master's own port."""
    if target.is_gateway:
        return CosmosClient(http, target.url, services="/cosmos", address_source="the gateway leads there")
    address = environment.get(COSMOS_VARIABLE)
    if not address and target.cluster is not None:
        address = target.cluster.text("package", "cosmos_url")
    if address:
        return CosmosClient(
            http, address.rstrip("/"), address_source=f"set by {COSMOS_VARIABLE}, or package.cosmos_url"
        )
    host = urls.parse(target.url).hostname or ""
    where = f"http://{f'[{host}]' if ':' in host else host}:{COSMOS_PORT}"
    return CosmosClient(
        http, where, address_source=f"beside the master, unless {COSMOS_VARIABLE} names another address"
    )
