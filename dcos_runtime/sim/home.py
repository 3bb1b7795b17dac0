"""What a simulated host's containers and executors ask of their agent's process."""

from __future__ import annotations

from random import Random
from typing import Any, Protocol

from dcos_runtime.sim.clock import Action
from dcos_runtime.sim.executors import Home as ExecutorsHome
from dcos_runtime.sim.world import World


class Home(ExecutorsHome, Protocol):
    """The agent's process."""

    cluster: World
    random: Random

    def later(self, seconds: float, action: Action) -> None: ...

    def feed(self, event: Any) -> None: ...
