"""What an installation reaches: the cluster's clients, each made when it is first asked for."""

from __future__ import annotations

from typing import Protocol

from dcos_runtime.cli.clusters.target import Target
from dcos_runtime.cli.connection.gateway import Gateways
from dcos_runtime.cli.connection.http import Http
from dcos_runtime.cli.kernel.master import Master
from dcos_runtime.cli.marathon.client import Marathon
from dcos_runtime.cli.packages.client import CosmosClient


class Reach(Protocol):
    """As the state of a command line has them. Each raises `CliError` when there is no such client."""

    @property
    def target(self) -> Target: ...

    @property
    def http(self) -> Http | Gateways: ...

    @property
    def master(self) -> Master: ...

    @property
    def marathon(self) -> Marathon: ...

    @property
    def cosmos(self) -> CosmosClient: ...
