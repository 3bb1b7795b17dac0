"""Agents × clients: whether a client could take an agent's free resources; a cache. A row is stale when its agent has
changed; a column is computed again when its client has changed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dcos_runtime.core.resources import Resources
from dcos_runtime.master.core.allocator.columns import Columns
from dcos_runtime.master.core.allocator.rows import LARGEST, AgentRow, Rows
from dcos_runtime.master.core.allocator.terms import Quantities, offerable

_MOST_PATTERNS = 4096
_ROWS_AT_ONCE = 1024
_FEW_COLUMNS = 16
"""Computing a row costs about as much as so many columns of one agent."""


class Matrix:
    """``can``: for a row whose resources are offered, whether clients could take them if they came back. Refusals
    count, the order of clients does not.
    """

    def __init__(self, rows: Rows, columns: Columns) -> None:
        self._rows = rows
        self._columns = columns
        self._patterns: dict[tuple[object, ...], NDArray[np.bool_]] = {}
        self.can: NDArray[np.bool_] = np.zeros((rows.capacity, columns.capacity), bool)

    # --- its size ---

    def grow(self) -> None:
        """To the capacity of rows and columns, if it is less."""
        height, width = self.can.shape
        if height == self._rows.capacity and width == self._columns.capacity:
            return
        larger = np.zeros((self._rows.capacity, self._columns.capacity), bool)
        larger[:height, :width] = self.can
        self.can = larger
        self._patterns.clear()

    def forget_patterns(self) -> None:
        self._patterns.clear()

    # --- asking it ---

    def takers(self, rows: NDArray[np.intp], columns: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """For each row, whether one of the columns could take it."""
        wide = self.can.view(np.uint64)  # eight clients at once
        mask = columns.view(np.uint64)
        parts = [
            (wide[rows[begin : begin + _ROWS_AT_ONCE]] & mask).any(axis=1)
            for begin in range(0, len(rows), _ROWS_AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, bool)

    def only_takers(self, rows: NDArray[np.intp], columns: NDArray[np.bool_]) -> list[int]:
        """For each row, the only column that could take it; -1: several could."""
        able = self.can[rows] & columns
        first = able.argmax(axis=1)
        every = np.arange(len(rows))
        only = able[every, first]
        able[every, first] = False
        only &= ~able.view(np.uint64).any(axis=1)
        found: list[int] = np.where(only, first, -1).tolist()
        return found

    # --- making it ---

    def make_columns(self, slots: Sequence[int]) -> None:
        """Computes the columns of clients that have refused nothing. If there are many, all rows become stale instead,
        and are computed in the slices of a run.
        """
        if len(slots) > _FEW_COLUMNS:
            self._rows.stale[:] = True
        else:
            for slot in slots:
                self._column(slot)

    def clear_columns(self, slots: Sequence[int]) -> None:
        """These columns have no client any more."""
        if len(slots) > _FEW_COLUMNS:
            kept = np.ones(self._columns.capacity, bool)
            kept[slots] = False
            self.can &= kept
        else:
            for slot in slots:
                self.can[:, slot] = False

    def _column(self, slot: int) -> None:
        """Computes on which agents the client could be offered something. A stale row is computed again anyway."""
        rows, columns = self._rows, self._columns
        can = rows.some.copy()
        minimums = columns.minimums(slot)
        if minimums:
            can &= self._enough(rows.amounts, minimums)
        if not columns.gpus[slot]:
            can &= ~rows.scarce
        self.can[:, slot] = can
        rows.stale |= rows.special

    def know_names(self, slots: Sequence[int]) -> None:
        """Adds the names of resources in the clients' minimums. No agent has any of a new name."""
        for number in {int(self._columns.class_of[slot]) for slot in slots}:
            for minimum in self._columns.classes[number]:
                for name in minimum:
                    self._rows.name(name)

    def _enough(self, amounts: NDArray[np.int64], minimums: Sequence[Quantities]) -> NDArray[np.bool_]:
        large = np.zeros(len(amounts), bool)
        for minimum in minimums:
            enough = np.ones(len(amounts), bool)
            for name, amount in minimum.items():
                enough &= amounts[:, self._rows.names[name]] >= min(amount, LARGEST)
            large |= enough
        return large

    def refresh(self, chosen: NDArray[np.intp]) -> None:
        """Computes these rows again."""
        special = self._rows.special[chosen]
        plain = chosen[~special]
        if plain.size:
            self._refresh_plain(plain)
        for row in chosen[special].tolist():
            self.refresh_special(self._rows.at(row))

    def _refresh_plain(self, chosen: NDArray[np.intp]) -> None:
        """The same for rows whose resources every client sees."""
        rows, columns = self._rows, self._columns
        agents = [rows.at(row) for row in chosen.tolist()]
        written = [rows.written(agent) for agent in agents]
        width = len(rows.names)
        amounts = np.array([[*line, *[0] * (width - len(line))] for line in written], np.int64)
        some = np.array([bool(agent.lendable()) for agent in agents], bool)
        rows.amounts[chosen] = amounts
        rows.some[chosen] = some
        classes = [some & self._enough(amounts, minimums) if minimums else some for minimums in columns.classes]
        if classes:
            each = np.stack(classes, axis=1) if len(classes) > 1 else classes[0][:, None]
            can = (each[:, columns.class_of] if len(classes) > 1 else each) & columns.members
            if (scarce := rows.scarce[chosen]).any():
                can[scarce] &= columns.gpus
            self.can[chosen] = can
        else:
            self.can[chosen] = False
        for agent in agents:
            if agent.refusals is not None and (free := agent.lendable()):
                self.can[agent.row, agent.refusals.cover((free,), None, columns.epochs)] = False
        rows.stale[chosen] = False

    def refresh_special(self, agent: AgentRow) -> None:
        rows, columns, row = self._rows, self._columns, agent.row
        free = agent.lendable()
        views = columns.views(agent.signature)
        offers = views.offers(free)
        written = rows.written(agent)
        rows.amounts[row] = written + [0] * (len(rows.names) - len(written))
        rows.some[row] = bool(free)
        enough = tuple(tuple(offerable(offer, minimums) for minimums in columns.classes) for offer in offers)
        scarce = bool(rows.scarce[row])
        key = (agent.signature, enough, scarce)
        pattern = self._patterns.get(key)
        if pattern is None:
            if len(self._patterns) >= _MOST_PATTERNS:
                self._patterns.clear()
            pattern = self._patterns[key] = self._pattern(enough, views.ids, scarce)
        self.can[row] = pattern
        if agent.refusals is not None and offers:
            self.can[row, agent.refusals.cover(offers, views.ids, columns.epochs)] = False
        rows.stale[row] = False

    def _pattern(
        self, enough: tuple[tuple[bool, ...], ...], views: NDArray[np.intp] | None, scarce: bool
    ) -> NDArray[np.bool_]:
        columns = self._columns
        if not enough:
            return np.zeros(columns.capacity, bool)
        large = np.array(enough, bool)
        pattern: NDArray[np.bool_] = large[0 if views is None else views, columns.class_of] & columns.members
        return pattern & columns.gpus if scarce else pattern

    def refused(self, agent: AgentRow, slot: int, resources: Resources) -> None:
        """The client refused these resources of the agent."""
        rows = self._rows
        if rows.special[agent.row]:
            rows.stale[agent.row] = True
        elif not rows.stale[agent.row]:
            free = agent.lendable()
            if resources is free or resources.contains(free):
                self.can[agent.row, slot] = False
