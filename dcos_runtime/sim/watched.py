"""The interface of the cluster and of the ledgers for each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from dcos_runtime.sim.agent import AgentProcess
from dcos_runtime.sim.framework import FrameworkProcess
from dcos_runtime.sim.master import MasterProcess
from dcos_runtime.sim.obligations import Obligations
from dcos_runtime.sim.options import Options


class WatchedCluster(Protocol):
    """The cluster as the ledgers see it."""

    @property
    def options(self) -> Options: ...

    @property
    def agents(self) -> Sequence[AgentProcess]: ...

    def framework(self, name: str) -> FrameworkProcess: ...

    @property
    def masters(self) -> Sequence[MasterProcess]: ...


class Watched(Protocol):
    """The observer as the ledgers see it."""

    @property
    def cluster(self) -> WatchedCluster: ...

    @property
    def obligations(self) -> Obligations: ...

    @property
    def now(self) -> float: ...

    @property
    def running(self) -> Mapping[tuple[str, str], set[str]]:
        """Which containers run a task: (framework, task) → container ids."""
        ...

    def aware(self, task_id: str) -> bool:
        """Whether the framework of this task knows TASK_UNREACHABLE."""
        ...
