"""A framework in the master's world that keeps what it hears, and what its agents hold."""

from __future__ import annotations

from typing import Any

from tests.support.cores.master_framework import WorldFramework
from tests.support.cores.master_world import World


class Heard(WorldFramework):
    """Keeps every event that it got."""

    def __init__(self, world: World) -> None:
        super().__init__(world, "heard", aware=True)
        self.heard: list[Any] = []

    def receive(self, event: Any) -> None:
        self.heard.append(event)
        super().receive(event)

    def of(self, kind: str) -> list[Any]:
        return [event[kind.lower()] for event in self.heard if event["type"] == kind]

    def accept(self, *tasks: dict[str, Any]) -> None:
        """Tasks on the first offer that there is, each of half a cpu."""
        self.call("REVIVE")
        self.world.live(3.0)
        offer = self.offers.pop(min(self.offers))
        cpus = {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.5}}
        infos = [
            {
                "name": "t",
                "agent_id": offer["agent_id"],
                "resources": [cpus],
                **task,
                "task_id": {"value": task["name"]},
            }
            for task in tasks
        ]
        self.call("ACCEPT", offer_ids=[offer["id"]], operations=[{"type": "LAUNCH", "launch": {"task_infos": infos}}])


def used(world: World) -> float:
    world.check()
    return sum(agent.used.scalar("cpus") for agent in world.core.state.agents.values()) / 1000
