"""What the commands of one `dcos` call share: the global options, and clients for the cluster they name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from dcos_runtime.cli.clusters.known import Clusters
    from dcos_runtime.cli.clusters.target import Target
    from dcos_runtime.cli.connection.gateway import Gateways
    from dcos_runtime.cli.connection.http import Http
    from dcos_runtime.cli.kernel.master import Agents, Master
    from dcos_runtime.cli.marathon.client import Marathon
    from dcos_runtime.cli.packages.client import CosmosClient

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")


@dataclass
class Invocation:
    """The state of one command line. Clients import their modules late: `dcos --help` needs none of them."""

    address: str | None = None

    @cached_property
    def clusters(self) -> Clusters:
        """The clusters this user knows."""
        from dcos_runtime.cli.clusters.known import Clusters, dcos_dir
        from dcos_runtime.cli.clusters.target import environment

        return Clusters(dcos_dir(environment()))

    @cached_property
    def target(self) -> Target:
        """The cluster that is named or attached. Raises `CliError` when none is."""
        from dcos_runtime.cli.clusters.target import environment, find_target

        return find_target(self.address, environment())

    @cached_property
    def http(self) -> Http | Gateways:
        """How it is asked: through its gateways, or its daemons one by one. Raises `CliError`."""
        from dcos_runtime.cli.clusters.access import connect
        from dcos_runtime.cli.clusters.target import environment

        return connect(self.target, environment())

    @cached_property
    def master(self) -> Master:
        """The kernel's master. Raises `CliError` when no cluster is named."""
        from dcos_runtime.cli.clients import master

        return master(self.http, self.target)

    @cached_property
    def agents(self) -> Agents:
        """The agents, for sandboxes and processes."""
        from dcos_runtime.cli.clients import agents

        return agents(self.http, self.target)

    @cached_property
    def marathon(self) -> Marathon:
        """The init: behind the gateway, or where the master says it is. Raises `CliError`."""
        from dcos_runtime.cli.clients import marathon

        return marathon(self.http, self.target, self.master)

    @cached_property
    def cosmos(self) -> CosmosClient:
        """The package manager: behind the gateway, or beside the master. Raises `CliError`."""
        from dcos_runtime.cli.clients import cosmos
        from dcos_runtime.cli.clusters.target import environment

        return cosmos(self.http, self.target, environment())


pass_invocation = click.make_pass_decorator(Invocation, ensure=True)


def global_options(*, hidden: bool) -> list[click.Option]:
    """The options every level takes, shown in the help of `dcos` itself and accepted after any subcommand as well."""
    return [
        click.Option(
            ["--master", "--url", "master_address"],
            metavar="ADDRESS",
            help="The gateway (https://HOST) or a master (HOST:PORT). Wins over DCOS_URL and the attached cluster.",
            expose_value=False,
            hidden=hidden,
            callback=_set_address,
        ),
        click.Option(
            ["--log-level"],
            type=click.Choice(LOG_LEVELS, case_sensitive=False),
            help="Log to stderr; debug shows every request.",
            expose_value=False,
            hidden=hidden,
            callback=_set_log_level,
        ),
    ]


def _set_address(context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Invocation).address = value


def _set_log_level(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        import logging

        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        logger = logging.getLogger("dcos")
        logger.handlers = [handler]
        logger.setLevel(value.upper())
