"""The clients that an installation needs, each made when it is first used."""

from __future__ import annotations

from typing import Protocol

from dcos_runtime.cli.clusters.target import Target
from dcos_runtime.cli.connection.gateway import Gateways
from dcos_runtime.cli.connection.http import Http
from dcos_runtime.cli.kernel.master import Master
from dcos_runtime.cli.marathon.client import Marathon
from dcos_runtime.cli.packages.client import CosmosClient


class Reach(Protocol):
    """The interface of `Invocation` that is used here. Each property raises `CliError` when there is no such client."""

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
