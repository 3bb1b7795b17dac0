"""Checks a master's own state: agents, frameworks, tasks and offers against each other."""

from __future__ import annotations

from typing import Any

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import Resources
from dcos_runtime.master.core.state import State, task_info

MANY = 50_000


class Books:
    """Checks all of it. The tasks' resources are cached, because decoding them takes longest."""

    def __init__(self) -> None:
        self._taken: dict[bytes, Resources] = {}

    def complaints(self, state: State) -> list[str]:
        if len(self._taken) > MANY:
            self._taken.clear()
        return [*self._agents(state), *self._frameworks(state), *_offers(state), *_history(state)]

    def _of(self, task: Any) -> Resources:
        taken = self._taken.get(task.info)
        if taken is None:
            taken = self._taken[task.info] = amounts.parse(task_info(task).resources)  # the rest of its records
        return taken

    def _agents(self, state: State) -> list[str]:
        found: list[str] = []
        for agent in state.agents.values():
            tasks = agent.all_tasks()
            executors = agent.all_executors()
            used = [self._of(task) for task in tasks if not task.terminal]
            used += [executor.resources for executor in executors]
            offered = [state.offers[offer_id].resources for offer_id in agent.offers]
            whole = amounts.total([*used, *offered])
            if whole != state.allocator.allocated(agent.id):
                allocated = state.allocator.allocated(agent.id)
                found.append(f"of {agent.id} {whole} is used and offered, and the allocator has {allocated}")
            if not agent.total.contains(whole):
                found.append(f"more of {agent.id} is held than there is: {whole}")
            if sum(map(_ports, (*used, *offered))) != _ports(whole):
                found.append(f"a port of {agent.id} is held twice")
            if agent.used != amounts.total(used):
                found.append(
                    f"{agent.id} has {agent.used} in use by its books, and its tasks use {amounts.total(used)}"
                )
            weight = sum(task.weight for task in tasks) + sum(one.weight for one in executors)
            if agent.weight != weight or any(one.weight < len(one.info) for one in tasks):
                found.append(f"{agent.id} has {agent.weight} bytes of tasks by its books, which is wrong")
            if agent.offers and not agent.connected:
                found.append(f"{agent.id} is not connected, and has offers")
        there = {(agent.info.hostname, agent.info.port, agent.id) for agent in state.agents.values()}
        if there != {(*place, agent_id) for place, ids in state.places.items() for agent_id in ids}:
            found.append("agents are not found by their addresses")
        return found

    def _frameworks(self, state: State) -> list[str]:
        found: list[str] = []
        for framework in state.frameworks.values():
            held: dict[str, list[Resources]] = {}
            for agent in state.agents.values():
                for executor in agent.executors.get(framework.id, {}).values():
                    held.setdefault(agent.id, []).append(executor.resources)
            for task in framework.tasks.values():
                its = state.agents.get(task.agent_id)
                if its is None or its.task(framework.id, task.id) is not task:
                    found.append(f"{task.id} is a task of its framework, and none of its agent")
                if not task.terminal:
                    held.setdefault(task.agent_id, []).append(self._of(task))
            for agent_id, some in held.items():
                if framework.used.on(agent_id) != amounts.total(some):
                    found.append(f"{framework.id} uses {framework.used.on(agent_id)} of {agent_id} by its books")
            if sum(1 for part in framework.used.parts() if part) != sum(1 for some in held.values() if any(some)):
                found.append(f"{framework.id} uses something of an agent by its books, and has no task there")
            parts = [part for some in held.values() for part in some]
            sums = all(
                framework.used.scalar(name) == sum(part.scalar(name) for part in parts)
                for name in ("cpus", "mem", "disk")
            )
            if not sums or amounts.view(framework.used.parts()) != amounts.view(parts):
                found.append(f"what {framework.id} holds in all is wrong")
            if framework.offers and not framework.connected:
                found.append(f"{framework.id} is not subscribed, and has offers")
        return found


def _ports(resources: Resources) -> int:
    return sum(end - begin + 1 for begin, end in resources.intervals("ports"))


def _offers(state: State) -> list[str]:
    if set(state.offers) != {one for framework in state.frameworks.values() for one in framework.offers}:
        return ["there are offers of no framework, or frameworks have offers that are not there"]
    return [
        f"{offer.id} is not among the offers of its agent"
        for offer in state.offers.values()
        if offer.id not in state.agents[offer.agent_id].offers
    ]


def _history(state: State) -> list[str]:
    kept = [framework.completed for framework in (*state.frameworks.values(), *state.completed.values())]
    if any(history.size != sum(len(task.info) for task in history) for history in kept):
        return ["the size of a history of tasks is wrong"]
    whole = sum(history.size for history in kept)
    return [] if state.history == whole else [f"all histories have {whole} bytes, and {state.history} by the books"]
