"""What is explained is what happens: in random worlds, agent by agent, with filters that end and with quotas."""

from __future__ import annotations

import contextlib
from random import Random

import pytest

from dcos_runtime.core.resources import EMPTY, Resources, plain
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core.allocator import Allocation, Allocator, AllocatorSettings, Quota, Wants
from dcos_runtime.master.core.allocator.obstacles import Obstacle
from dcos_runtime.wire.explain import Why

ROLES = ["*", "a", "a/b", "b"]
TOTALS = [
    Resources({plain("cpus"): 4000, plain("mem"): 256_000}),
    Resources({plain("cpus"): 2000, plain("cpus", "a"): 2000, plain("mem"): 64_000}),
    Resources({plain("cpus"): 4000, plain("gpus"): 1000}),
    Resources({plain("cpus"): 100, plain("mem"): 16_000}),
]
MINIMUMS = ({"cpus": 200}, {"mem": 32_000})
Key = tuple[str, str, str]
"""A framework, a role, an agent."""


class Chances:
    """One allocator, and all that is held of its agents."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.one = Allocator(AllocatorSettings(minimums=MINIMUMS), SeededSource(bytes([seed])))
        self.now = 100.0
        self.held: list[Allocation] = []
        self.seen: set[Why] = set()
        self.agents = [f"a{number}" for number in range(5)]
        for agent_id in self.agents:
            self.one.add_agent(agent_id, self.chance.choice(TOTALS), self.chance.random() < 0.9)
        self.wants: dict[str, Wants] = {}
        for number in range(4):
            roles = frozenset(self.chance.sample(ROLES, 2))
            suppressed = frozenset({min(roles)}) if self.chance.random() < 0.2 else frozenset()
            self.wants[f"f{number}"] = Wants(roles, suppressed, gpus=self.chance.random() < 0.5)
            self.one.add_framework(f"f{number}", self.wants[f"f{number}"], self.chance.random() < 0.9)

    def comes_back(self) -> None:
        """Some of what is held; most of it is refused for a while."""
        for held in self.chance.sample(self.held, self.chance.randint(0, len(self.held))):
            self.held.remove(held)
            self.one.recover(*held)
            if self.chance.random() < 0.8:
                self.one.refuse(*held, self.now + self.chance.choice([0.5, 2.0, 5.0]))

    def quota_changes(self) -> None:
        amounts = [0, 300, 1000, 3000]
        limits = {"cpus": self.chance.choice(amounts), "mem": 0} if self.chance.random() < 0.5 else {}
        guarantees = {"cpus": self.chance.choice(amounts)} if self.chance.random() < 0.5 else {}
        with contextlib.suppress(ValueError):  # it may contradict another one
            self.one.set_quotas({self.chance.choice(ROLES): Quota(guarantees, limits)})

    def explained(self) -> dict[Key, Obstacle]:
        """Of frameworks that take part, on agents that do."""
        places, _ = self.one.turns()
        found = {}
        for framework_id, wants in self.wants.items():
            for role in wants.roles:
                seeker = self.one.seeker(framework_id, role)
                assert seeker is not None
                if self.one.turn(seeker, places).place is not None:
                    for agent_id in filter(self.one.is_active, self.agents):
                        found[framework_id, role, agent_id] = self.one.look(agent_id, seeker, EMPTY, self.now)
        self.seen.update(one.why for one in found.values())
        return found

    def run(self, whole: bool) -> None:
        """All slices that are due, each of one agent: what is said before each is what happens. ``whole``: a run that
        leaves nothing.
        """
        for _ in range(200):
            if self.one.due() > self.now:
                break
            before = self.explained()
            decisions = self.one.allocate(self.now, 1)
            for number, (framework_id, role, agent_id, resources) in enumerate(decisions):
                obstacle = before[framework_id, role, agent_id]
                assert obstacle.why is Why.AVAILABLE
                assert number or obstacle.part == resources
            self.held += decisions
        if whole:
            left = {key: one for key, one in self.explained().items() if one.why is Why.AVAILABLE}
            assert left == {}, "it was available, and nobody got it"


@pytest.mark.parametrize("quotas", [False, True])
def test_what_is_available_is_offered_and_nothing_else(quotas: bool) -> None:
    seen: set[Why] = set()
    for seed in range(25):
        world = Chances(seed)
        step = 1.0
        for _ in range(12):
            if quotas and world.chance.random() < 0.5:
                world.quota_changes()
            world.run(step >= 1.0 and not quotas)  # with quotas, what was left may be free for others later in the run
            world.comes_back()
            step = world.chance.choice([0.2, 1.0, 3.0])
            world.now += step
        seen |= world.seen
    assert seen >= {Why.AVAILABLE, Why.GPUS, Why.ALLOCATED, Why.TOO_SMALL, Why.FILTERED}
    assert (Why.QUOTA in seen) == quotas
