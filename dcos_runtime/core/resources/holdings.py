"""All that a framework or role holds, by agent: port 31000 of one agent is not port 31000 of another."""

from __future__ import annotations

from collections.abc import Iterator

from dcos_runtime.core.resources.value import EMPTY, Resources


class Holdings:
    """Changed in place by its core; sums of scalars are kept, too."""

    __slots__ = ("_by_agent", "_scalars")

    def __init__(self) -> None:
        self._by_agent: dict[str, Resources] = {}
        self._scalars: dict[str, int] = {}

    def __bool__(self) -> bool:
        return bool(self._by_agent)

    def __repr__(self) -> str:
        return f"Holdings({self._by_agent!r})"

    def add(self, agent_id: str, resources: Resources) -> None:
        if resources:
            self._set(agent_id, self.on(agent_id) + resources)

    def remove(self, agent_id: str, resources: Resources) -> None:
        """Removes resources. Those that are not held are ignored."""
        if agent_id in self._by_agent:
            self._set(agent_id, self._by_agent[agent_id] - resources)

    def _set(self, agent_id: str, resources: Resources) -> None:
        before = self._by_agent.pop(agent_id, EMPTY)
        if resources:
            self._by_agent[agent_id] = resources
        sums = self._scalars
        for kind, amount in resources.scalar_amounts():
            sums[kind.name] = sums.get(kind.name, 0) + amount
        for kind, amount in before.scalar_amounts():
            if left := sums[kind.name] - amount:
                sums[kind.name] = left
            else:
                del sums[kind.name]

    def on(self, agent_id: str) -> Resources:
        return self._by_agent.get(agent_id, EMPTY)

    def parts(self) -> Iterator[Resources]:
        """Agent by agent; for `text.view`."""
        return iter(self._by_agent.values())

    def scalar(self, name: str) -> int:
        """In thousandths, of all agents."""
        return self._scalars.get(name, 0)

    def scalars(self) -> dict[str, int]:
        """In thousandths, of all agents, by name."""
        return dict(self._scalars)
