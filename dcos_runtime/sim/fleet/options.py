"""What a fleet is: how many agents and frameworks, and what the frameworks want."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class FleetOptions:
    """``master``: as a --master flag takes it. Times are seconds; ``mem`` is in MiB. ``rate``: agents that start in a
    second; 0: all at once. ``tasks``: of all frameworks together. ``per_accept``: the most tasks in one ACCEPT.
    ``lasting``: how long a task runs. ``roles``: among how many the frameworks are spread. ``stay``: how long the fleet
    lives on after all tasks were launched and, if they end, have ended. ``backoff``: the first wait of an agent that
    has lost its master, at most.
    """

    master: str
    agents: int
    frameworks: int = 0
    tasks: int = 0
    per_accept: int = 10
    lasting: float = float("inf")
    cpus: float = 4.0
    mem: float = 4096.0
    ports: int = 1000
    task_cpus: float = 0.1
    task_mem: float = 32.0
    roles: int = 1
    rate: float = 0.0
    stay: float = 0.0
    backoff: float = 1.0
    deadline: float = 600.0
    """The longest time that may pass without anything of all this happening."""
    seed: str = "0"

    def tasks_of(self, framework: int) -> int:
        return self.tasks // self.frameworks + (1 if framework < self.tasks % self.frameworks else 0)
