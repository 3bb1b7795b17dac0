"""The clients of one cluster: its master, its agents and its init, behind its gateway or at their own addresses."""

from __future__ import annotations

from dcos_runtime.cli.clusters.target import Target
from dcos_runtime.cli.connection.gateway import Gateways
from dcos_runtime.cli.connection.http import Http
from dcos_runtime.cli.kernel.master import Agents, DirectRoute, GatewayRoute, Master
from dcos_runtime.cli.marathon.client import Marathon, find_marathon


def master(http: Http | Gateways, target: Target) -> Master:
    return Master(http, target.beneath("/mesos") if target.is_gateway else target)


def agents(http: Http | Gateways, target: Target) -> Agents:
    return Agents(http, GatewayRoute(target.url) if target.is_gateway else DirectRoute())


def marathon(http: Http | Gateways, target: Target, known_to: Master) -> Marathon:
    if target.is_gateway:
        return Marathon(http, f"{target.url}/service/marathon", told_by="the gateway leads there")
    return Marathon(
        http,
        find_marathon(known_to),
        told_by="the master told this address (webui_url of the framework named marathon)",
    )
