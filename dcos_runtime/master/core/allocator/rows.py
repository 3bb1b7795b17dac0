"""The agents' side of the matrix: one row for each agent, in arrays, and what each has free."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dcos_runtime.core.resources import EMPTY, Resources
from dcos_runtime.master.core.allocator.columns import PLAIN, Signature, signature
from dcos_runtime.master.core.allocator.filters import Refusals

NEVER = float("inf")
LARGEST = 2**62
_NAMES = ("cpus", "mem", "disk", "gpus")
_ARRAYS = ("amounts", "some", "scarce", "active", "dirty", "stale", "special", "lent", "held_back", "tickets")

Amounts = list[tuple[str, int]]


class AgentRow:
    """``lent``: an offer of all free resources. It is kept apart from ``allocated``, because most offers come back
    unchanged: then the cached row is valid again.
    """

    __slots__ = ("_amounts", "_free", "base", "id", "lent", "refusals", "row", "signature", "total")

    def __init__(self, agent_id: str, row: int, total: Resources) -> None:
        self.id = agent_id
        self.row = row
        self.total = total
        self.signature: Signature = signature(total)
        self.base = EMPTY
        self.lent: Resources | None = None
        self.refusals: Refusals | None = None
        self._free: Resources | None = None
        self._amounts: Amounts | None = None

    @property
    def allocated(self) -> Resources:
        return self.base if self.lent is None else self.base + self.lent

    def left(self) -> Resources:
        """The resources that are not allocated."""
        return self.lendable() if self.lent is None else EMPTY

    def lendable(self) -> Resources:
        """The resources that are not allocated, or only ``lent``."""
        free = self._free
        if free is None:
            free = self._free = self.total - self.base if self.base else self.total
        return free

    def lendable_amounts(self) -> Amounts:
        """The amounts of `lendable` by name."""
        amounts = self._amounts
        if amounts is None:
            amounts = self._amounts = list(self.lendable().quantities())
        return amounts

    def set_total(self, total: Resources) -> None:
        self.total = total
        self.signature = signature(total)
        self.reclaim_lent()

    def convert(self, consumed: Resources, converted: Resources, held: bool) -> None:
        """The consumed resources became others; ``held``: they are allocated."""
        self.set_total(self.total - consumed + converted)
        if held:
            self.base = self.base - consumed + converted

    def reclaim_lent(self) -> None:
        """Counts lent resources as allocated, and computes the free ones again."""
        if self.lent is not None:
            self.base = self.base + self.lent
            self.lent = None
        self._free = self._amounts = None

    def take(self, resources: Resources) -> None:
        self.reclaim_lent()
        self.base = self.base + resources

    def free(self, resources: Resources) -> None:
        self.reclaim_lent()
        self.base = self.base - resources


class Rows:
    """``amounts``: what is `lendable`, by the index of a name in ``names``. ``some``: whether that is anything.
    ``stale``: the row of the matrix has to be computed again. ``special``: some clients see only a part of the agent's
    resources. ``scarce``: it has gpus, which keep away clients that do not know them. ``held_back``: a quota kept a
    client from free resources.
    """

    def __init__(self, gpus_apart: bool) -> None:
        self._gpus_apart = gpus_apart
        self.agents: dict[str, AgentRow] = {}
        self.names: dict[str, int] = {name: number for number, name in enumerate(_NAMES)}
        self.by_row: list[AgentRow | None] = []
        self.capacity = 16
        self.amounts: NDArray[np.int64] = np.zeros((self.capacity, len(_NAMES)), np.int64)
        self.some: NDArray[np.bool_] = np.zeros(self.capacity, bool)
        self.scarce: NDArray[np.bool_] = np.zeros(self.capacity, bool)
        self.active: NDArray[np.bool_] = np.zeros(self.capacity, bool)
        self.dirty: NDArray[np.bool_] = np.zeros(self.capacity, bool)
        self.stale: NDArray[np.bool_] = np.zeros(self.capacity, bool)
        self.special: NDArray[np.bool_] = np.zeros(self.capacity, bool)
        self.lent: NDArray[np.bool_] = np.zeros(self.capacity, bool)
        self.held_back: NDArray[np.bool_] = np.zeros(self.capacity, bool)
        self.ends: NDArray[np.float64] = np.full(self.capacity, NEVER)  # when the first refusal ends
        self.tickets: NDArray[np.uint64] = np.zeros(self.capacity, np.uint64)
        self._unused: list[int] = []

    def at(self, row: int) -> AgentRow:
        agent = self.by_row[row]
        assert agent is not None
        return agent

    def take(self, agent_id: str, total: Resources, active: bool, ticket: int) -> AgentRow:
        """Gives the agent a row. The matrix then has to grow to the height `capacity`."""
        if self._unused:
            row = self._unused.pop()
        else:
            row = len(self.by_row)
            self.by_row.append(None)
            if row == self.capacity:
                self.capacity *= 2
                for name in _ARRAYS:
                    array = getattr(self, name)
                    setattr(self, name, np.concatenate([array, np.zeros_like(array)]))
                self.ends = np.concatenate([self.ends, np.full_like(self.ends, NEVER)])
        agent = self.agents[agent_id] = self.by_row[row] = AgentRow(agent_id, row, total)
        self.active[row] = active
        self.tickets[row] = ticket
        self.total_changed(agent)
        return agent

    def total_changed(self, agent: AgentRow) -> None:
        self.special[agent.row] = agent.signature != PLAIN
        self.scarce[agent.row] = self._gpus_apart and agent.total.scalar("gpus") > 0
        self.changed(agent)

    def changed(self, agent: AgentRow) -> None:
        """The agent's free resources have changed."""
        self.stale[agent.row] = True
        self.lent[agent.row] = False

    def release(self, agent: AgentRow) -> None:
        row = agent.row
        del self.agents[agent.id]
        self.by_row[row] = None
        self._unused.append(row)
        for array in (self.active, self.dirty, self.some, self.stale, self.lent, self.special, self.held_back):
            array[row] = False
        self.ends[row] = NEVER

    def name(self, name: str) -> int:
        """The index of the name. A new name gets one; no agent has any of it yet."""
        number = self.names.get(name)
        if number is None:
            number = self.names[name] = len(self.names)
            self.amounts = np.concatenate([self.amounts, np.zeros((self.capacity, 1), np.int64)], axis=1)
        return number

    def written(self, agent: AgentRow) -> list[int]:
        """The scalars of `lendable`, by index."""
        amounts = [0] * len(self.names)
        for kind, amount in agent.lendable().scalar_amounts():
            number = self.names.get(kind.name)
            if number is None:
                number = self.name(kind.name)
                amounts += [0] * (len(self.names) - len(amounts))
            amounts[number] = min(amounts[number] + amount, LARGEST)
        return amounts
