"""Runs of the allocator: which agents are considered, in slices, and which client gets their free resources. After a
run no client can take what is left, except clients that a quota limits; their agents are considered again when the
quota may have more room.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dcos_runtime.core.resources import Resources
from dcos_runtime.master.core.allocator.columns import Views
from dcos_runtime.master.core.allocator.rows import NEVER, AgentRow
from dcos_runtime.master.core.allocator.terms import Allocation, apart
from dcos_runtime.master.core.allocator.tree import RoleFramework
from dcos_runtime.master.core.allocator.vector import Vectors

_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


class Runs(Vectors):
    """`allocate` when `due` says so."""

    def due(self) -> float:
        """When `allocate` has to be called: at once while slices are left; infinity for never."""
        if self._immediate or self._queue.size:
            return -NEVER
        due = self._next_end
        if self._some_dirty or (self._more_room and self._rows.held_back.any()):
            due = min(due, self._last_run + self._settings.interval)
        return min(due, *self._rests.values()) if self._rests else due

    @property
    def slices_left(self) -> bool:
        """A run has begun and is not over."""
        return bool(self._queue.size)

    def allocate(self, now: float, budget: int | None = None) -> list[Allocation]:
        """The decisions of one slice of at most ``budget`` agents; the caller makes offers of them."""
        self._now = now
        self._end_rests(now)
        if not self._queue.size:
            if self._next_end <= now and not self._expire_some(now, budget):
                return []
            if not self._begin(now):
                return []
        size = self._queue.size if budget is None else max(budget, 1)
        rows, self._queue = self._queue[:size], self._queue[size:]
        self._sort_clients()
        if self._next_end <= now:
            self._expire(rows[self._rows.ends[rows] <= now], now)
        return self._decide(rows[self._rows.active[rows]])

    def _decide(self, rows: NDArray[np.intp]) -> list[Allocation]:
        matrix, columns, all_rows = self._matrix, self._columns, self._rows
        decisions: list[Allocation] = []
        all_rows.held_back[rows] = False
        rows = rows[~all_rows.lent[rows]]
        stale = rows[all_rows.stale[rows]]
        if stale.size:
            matrix.refresh(stale)
        tree = self._tree
        if not tree.placed.size:
            return decisions
        awake = np.zeros(columns.capacity, bool)
        awake[tree.placed] = True
        lent: list[int] = []
        quotas = bool(self._quotas)
        wanted = self._quotas.wanted() if quotas else frozenset()
        rows = rows[matrix.takers(rows, awake)]
        by_row = all_rows.by_row
        for row, slot in zip(rows.tolist(), matrix.only_takers(rows, awake), strict=True):
            agent = by_row[row]
            assert agent is not None
            if quotas or all_rows.special[row]:
                self._share_out(agent, awake, decisions)
                continue
            if slot < 0:
                slot = tree.first()
                if not matrix.can[row, slot]:
                    order = tree.order
                    slot = int(order[matrix.can[row].take(order).argmax()])
            client = columns.clients[slot]
            assert client is not None
            agent.lent = offer = agent.lendable()
            lent.append(row)
            tree.gave(client, agent.lendable_amounts())
            decisions.append(Allocation(client.framework_id, client.role, agent.id, offer))
        all_rows.lent[lent] = True
        if wanted and wanted - self._quotas.wanted():
            self._more_room = True
        return decisions

    # --- which agents ---

    def _begin(self, now: float) -> bool:
        """Starts a run if one is due."""
        if not self._immediate and now < self._last_run + self._settings.interval:
            return False
        self._immediate = False
        self._last_run = now
        self.runs += 1
        rows = self._rows
        chosen = rows.dirty.copy()
        if self._more_room:
            chosen |= rows.held_back
            self._more_room = False
        if self._woken:
            self._sort_clients()
            columns = np.zeros(self._columns.capacity, bool)
            columns[[slot for slot in self._woken if self._awake(slot)]] = True
            if columns.any():
                chosen |= rows.stale
                others = np.flatnonzero(rows.active & ~chosen & ~rows.lent)
                chosen[others] = self._matrix.takers(others, columns)
            self._woken.clear()
        rows.dirty[:] = False
        self._some_dirty = False
        found = np.flatnonzero(chosen & rows.active)
        # Each agent has a random number of its own: the order of some agents does not depend on which others take part.
        mixed = (rows.tickets[found] ^ np.uint64(self._source.bits(64))) * _ODD
        mixed = (mixed ^ (mixed >> _SHIFT)) * _ODD
        self._queue = found[np.argsort(mixed, kind="stable")]
        return True

    def _awake(self, slot: int) -> bool:
        client = self._columns.clients[slot]
        return client is not None and self._frameworks[client.framework_id].takes(client.role)

    def _sort_clients(self) -> None:
        if self._awake_changed:
            awake = [
                client
                for framework in self._frameworks.values()
                for role, client in framework.clients.items()
                if framework.takes(role)
            ]
            self._awake_changed = False
            self._tree.sort_clients(awake)
        else:
            self._tree.sort_clients()

    def _end_rests(self, now: float) -> None:
        for framework_id in [one for one, until in self._rests.items() if until <= now]:
            del self._rests[framework_id]
            framework = self._frameworks[framework_id]
            framework.resting_until = None
            self._awake_changed = True
            self._wake(framework, framework.wants.roles)

    def _expire_some(self, now: float, budget: int | None) -> bool:
        """Marks agents on which a filter ended, ``budget`` of them in one slice. Returns whether all are done."""
        ended = np.flatnonzero(self._rows.ends <= now)
        size = ended.size if budget is None else max(budget, 1)
        self._expire(ended[:size], now)
        if ended.size > size:
            return False
        self._next_end = float(self._rows.ends.min())
        return True

    # --- one agent ---

    def _share_out(self, agent: AgentRow, awake: NDArray[np.bool_], decisions: list[Allocation]) -> None:
        """Shares out an agent's free resources: first to clients whose guarantees they fill, then to all. Each time in
        the order before the first decision: an earlier client could not take more of what it left.
        """
        if self._quotas:
            self._pass_on(agent, True, decisions)
        self._pass_on(agent, False, decisions)
        rows = self._rows
        if self._quotas and agent.lent is None:
            rows.held_back[agent.row] = bool((self._matrix.can[agent.row] & awake).any())

    def _pass_on(self, agent: AgentRow, guarantees: bool, decisions: list[Allocation]) -> None:
        matrix, columns, row = self._matrix, self._columns, agent.row
        order = self._tree.order.copy()  # decisions change it in place
        views = columns.views(agent.signature)
        begin = 0
        while begin < len(order) and agent.left():
            able = matrix.can[row].take(order[begin:])
            place = int(able.argmax())
            if not able[place]:
                return
            begin += place + 1
            client = columns.clients[order[begin - 1]]
            assert client is not None
            offer = self._offer(agent, views, client, guarantees)
            if offer is None:
                continue
            self._give(agent, client, offer, decisions)
            if agent.lent is None:
                matrix.refresh_special(agent)

    def _offer(self, agent: AgentRow, views: Views, client: RoleFramework, guarantees: bool) -> Resources | None:
        """The part that the client gets of all that it sees; None for nothing."""
        offer = views.offers(agent.left())[0 if views.ids is None else views.ids[client.slot]]
        room = self._quotas.room(client.role) if self._quotas else None
        if room is None:
            return None if guarantees else offer
        if guarantees and not room.furthers(offer):
            return None
        part = room.part(offer, self._columns.minimums(client.slot))
        refusals = agent.refusals
        if part is None or part is offer or refusals is None:
            return part
        return None if refusals.covering(client.slot, self._columns.epochs, part) else part

    def _give(self, agent: AgentRow, client: RoleFramework, offer: Resources, decisions: list[Allocation]) -> None:
        rows = self._rows
        if rows.special[agent.row] or offer is not agent.left():
            agent.take(offer)
            rows.changed(agent)
            self._tree.gave(client, list(offer.quantities()), apart(offer))
        else:
            agent.lent = offer
            rows.lent[agent.row] = True
            self._tree.gave(client, agent.lendable_amounts())
        decisions.append(Allocation(client.framework_id, client.role, agent.id, offer))
