"""The allocator: agents × clients as a matrix of who could take what is free, kept as long as it is true.

A client is a framework in one of its roles. A row of the matrix is stale when something happened to its agent; a
column is made anew when something happened to its client. Runs are coalesced: at once for a new agent or framework
and for a revive, at the next interval for resources that came back. A run looks at agents that something happened to,
and at those where a client that something happened to could take something; it is carried out in slices.
"""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import numpy as np
from numpy.typing import NDArray

from dcos_runtime.core.resources import EMPTY, Resources
from dcos_runtime.master.core.allocator.columns import PLAIN, Columns, Signature, signature
from dcos_runtime.master.core.allocator.filters import Refusals
from dcos_runtime.master.core.allocator.terms import Allocation, Options, Wants, large_enough
from dcos_runtime.master.core.allocator.tree import Client, Tree

_NEVER = float("inf")
_NAMES = ("cpus", "mem", "disk", "gpus")
_LARGEST = 2**62
_MOST_PATTERNS = 4096
_FEW_COLUMNS = 16
_ODD = np.uint64(0x9E3779B97F4A7C15)
_SHIFT = np.uint64(29)


class _Framework:
    """``resting_until``: it gets no offers before; None when it does not rest. ``clients``: by role."""

    __slots__ = ("active", "clients", "resting_until", "wants")

    def __init__(self, wants: Wants, active: bool) -> None:
        self.wants = wants
        self.active = active
        self.resting_until: float | None = None
        self.clients: dict[str, Client] = {}

    def takes(self, role: str) -> bool:
        return self.active and self.resting_until is None and role not in self.wants.suppressed


class _Agent:
    """``free`` is what `total` has and nobody was allocated; None until somebody asks."""

    __slots__ = ("allocated", "free", "id", "refusals", "row", "signature", "total")

    def __init__(self, agent_id: str, row: int, total: Resources) -> None:
        self.id = agent_id
        self.row = row
        self.total = total
        self.signature: Signature = signature(total)
        self.allocated = EMPTY
        self.free: Resources | None = None
        self.refusals: Refusals | None = None

    def left(self) -> Resources:
        free = self.free
        if free is None:
            free = self.free = self.total - self.allocated if self.allocated else self.total
        return free


class Vectors:
    """Times are monotonic seconds. ``random`` only shuffles the order of agents."""

    def __init__(self, options: Options, random: Random) -> None:
        self._options = options
        self._random = random
        self._frameworks: dict[str, _Framework] = {}
        self._clients: dict[tuple[str, str], Client] = {}
        self._agents: dict[str, _Agent] = {}
        self._columns = Columns(options.minimums)
        self._tree = Tree(options.weights)
        self._names: dict[str, int] = {name: number for number, name in enumerate(_NAMES)}
        self._by_row: list[_Agent | None] = []
        self._unused: list[int] = []
        self._rows = 16
        self._can: NDArray[np.bool_] = np.zeros((self._rows, self._columns.capacity), bool)
        self._free: NDArray[np.int64] = np.zeros((self._rows, len(_NAMES)), np.int64)
        self._some: NDArray[np.bool_] = np.zeros(self._rows, bool)
        self._has_gpus: NDArray[np.bool_] = np.zeros(self._rows, bool)
        self._active: NDArray[np.bool_] = np.zeros(self._rows, bool)
        self._dirty: NDArray[np.bool_] = np.zeros(self._rows, bool)
        self._stale: NDArray[np.bool_] = np.zeros(self._rows, bool)
        self._special: NDArray[np.bool_] = np.zeros(self._rows, bool)
        self._ends: NDArray[np.float64] = np.full(self._rows, _NEVER)
        self._tickets: NDArray[np.uint64] = np.zeros(self._rows, np.uint64)
        self._patterns: dict[tuple[object, ...], NDArray[np.bool_]] = {}
        self._next_end = _NEVER
        self._some_dirty = False
        self._rests: dict[str, float] = {}
        self._woken: set[int] = set()
        self._awake_changed = True
        self._immediate = False
        self._last_run = -_NEVER
        self._queue: NDArray[np.intp] = np.zeros(0, np.intp)
        self.runs = 0
        self.looked: list[str] = []
        """The agents that the last slice looked at, in order."""

    # --- frameworks ---

    def add_framework(self, framework_id: str, wants: Wants, active: bool) -> None:
        framework = self._frameworks[framework_id] = _Framework(wants, active)
        for role in wants.roles:
            self._join(framework_id, framework, role)
        if active:
            self._wake(framework, wants.roles)

    def update_framework(self, framework_id: str, wants: Wants) -> None:
        framework = self._frameworks[framework_id]
        before, framework.wants = framework.wants, wants
        if wants == before:
            return
        for role in before.roles & wants.roles:
            client = framework.clients[role]
            self._columns.set(client, wants)
        for role in wants.roles - before.roles:
            self._join(framework_id, framework, role)
        # Last: a role that somebody has before and after is not forgotten in between, nor are its turns.
        for role in before.roles - wants.roles:
            self._leave(framework, role)
        known = (before.gpus, before.minimums, before.revocable, before.shared)
        if known != (wants.gpus, wants.minimums, wants.revocable, wants.shared):
            self._patterns.clear()
            self._stale[:] = True
            woken = wants.roles
        else:
            woken = (wants.roles - wants.suppressed) - (before.roles - before.suppressed)
        self._awake_changed = True
        if framework.active and woken:
            self._wake(framework, woken)

    def remove_framework(self, framework_id: str) -> None:
        framework = self._frameworks.pop(framework_id)
        for role in framework.wants.roles:
            self._leave(framework, role)
        self._rests.pop(framework_id, None)

    def activate_framework(self, framework_id: str, again: float | None = None) -> None:
        """Offers are made to it at once, unless it came ``again``, at that time: then from the next interval on.

        Whoever subscribes again has to take in first that its stream is another one.
        """
        framework = self._frameworks[framework_id]
        framework.active = True
        self._awake_changed = True
        if again is None:
            framework.resting_until = None
            self._rests.pop(framework_id, None)
            self._wake(framework, framework.wants.roles)
        else:
            framework.resting_until = self._rests[framework_id] = again + self._options.interval

    def deactivate_framework(self, framework_id: str) -> None:
        """Its filters go with it."""
        framework = self._frameworks[framework_id]
        framework.active = False
        framework.resting_until = None
        self._rests.pop(framework_id, None)
        self._awake_changed = True
        for client in framework.clients.values():
            self._forget_filters(client)

    def suppress(self, framework_id: str, roles: Iterable[str]) -> None:
        """No roles: all."""
        framework = self._frameworks[framework_id]
        self._set_suppressed(framework, framework.wants.suppressed | _chosen(framework, roles))

    def revive(self, framework_id: str, roles: Iterable[str]) -> None:
        """No roles: all. Their filters are forgotten; who asks is awake."""
        framework = self._frameworks[framework_id]
        framework.resting_until = None
        self._rests.pop(framework_id, None)
        chosen = _chosen(framework, roles)
        self._set_suppressed(framework, framework.wants.suppressed - chosen)
        for role in chosen:
            self._forget_filters(framework.clients[role])
        if framework.active:
            self._wake(framework, framework.wants.roles)

    def suppressed(self, framework_id: str) -> frozenset[str]:
        return self._frameworks[framework_id].wants.suppressed

    def _set_suppressed(self, framework: _Framework, suppressed: frozenset[str]) -> None:
        wants = framework.wants
        framework.wants = Wants(wants.roles, suppressed, wants.gpus, wants.minimums, wants.revocable, wants.shared)
        self._awake_changed = True

    def _join(self, framework_id: str, framework: _Framework, role: str) -> None:
        client = framework.clients[role] = self._client(framework_id, role)
        if self._columns.take(client, framework.wants):
            self._can = np.concatenate([self._can, np.zeros_like(self._can)], axis=1)
        self._patterns.clear()
        self._tree.join(client)
        self._awake_changed = True
        self._column(client.slot)

    def _leave(self, framework: _Framework, role: str) -> None:
        client = framework.clients.pop(role)
        self._woken.discard(client.slot)
        self._columns.release(client)
        self._patterns.clear()
        self._tree.leave(client)
        self._awake_changed = True
        self._drop(client)

    def _client(self, framework_id: str, role: str) -> Client:
        client = self._clients.get((framework_id, role))
        if client is None:
            client = self._clients[framework_id, role] = Client(framework_id, role)
        return client

    def _drop(self, client: Client) -> None:
        """Who has no column and holds nothing is no more."""
        if client.slot < 0 and not client.share:
            self._clients.pop((client.framework_id, client.role), None)

    def _wake(self, framework: _Framework, roles: Iterable[str]) -> None:
        self._woken.update(framework.clients[role].slot for role in roles)
        self._immediate = True

    def _forget_filters(self, client: Client) -> None:
        if self._columns.filters[client.slot]:
            self._columns.forget_filters(client.slot)
            self._column(client.slot)

    def _column(self, slot: int) -> None:
        """Who could be offered what, but for what was refused: nothing was. A stale row is made anew anyway."""
        columns = self._columns
        minimums = columns.classes[columns.class_of[slot]]
        can = self._some.copy()
        if minimums:
            large = np.zeros(self._rows, bool)
            for minimum in minimums:
                enough = np.ones(self._rows, bool)
                for name, amount in minimum.items():
                    number = self._names.get(name)
                    if number is None:
                        self._name(name)
                        self._stale[:] = True
                        number = self._names[name]
                    enough &= self._free[:, number] >= min(amount, _LARGEST)
                large |= enough
            can &= large
        if self._options.gpus_for_gpu_frameworks_only and not columns.gpus[slot]:
            can &= ~self._has_gpus
        self._can[:, slot] = can
        self._stale |= self._special

    # --- agents ---

    def add_agent(self, agent_id: str, total: Resources, active: bool) -> None:
        """`charge` then what its tasks hold."""
        if self._unused:
            row = self._unused.pop()
        else:
            row = len(self._by_row)
            self._by_row.append(None)
            if row == self._rows:
                self._more_rows()
        agent = self._agents[agent_id] = self._by_row[row] = _Agent(agent_id, row, total)
        self._active[row] = active
        self._dirty[row] = False
        self._ends[row] = _NEVER
        self._tickets[row] = self._random.getrandbits(64)
        self._set_total(agent, total)
        self._count(total, 1)
        if active:
            self._touch(row)
            self._immediate = True

    def _more_rows(self) -> None:
        self._rows *= 2
        for name in ("_can", "_free", "_some", "_has_gpus", "_active", "_dirty", "_stale", "_special", "_tickets"):
            array = getattr(self, name)
            setattr(self, name, np.concatenate([array, np.zeros_like(array)]))
        self._ends = np.concatenate([self._ends, np.full_like(self._ends, _NEVER)])

    def _set_total(self, agent: _Agent, total: Resources) -> None:
        agent.total = total
        agent.signature = signature(total)
        agent.free = None
        self._special[agent.row] = agent.signature != PLAIN
        self._has_gpus[agent.row] = total.scalar("gpus") > 0
        self._stale[agent.row] = True

    def activate_agent(self, agent_id: str) -> None:
        row = self._agents[agent_id].row
        self._active[row] = True
        self._touch(row)
        self._immediate = True

    def deactivate_agent(self, agent_id: str) -> None:
        row = self._agents[agent_id].row
        self._active[row] = self._dirty[row] = False
        self._some_dirty = bool(self._dirty.any())

    def update_agent(self, agent_id: str, total: Resources) -> None:
        agent = self._agents[agent_id]
        if agent.total != total:
            self._count(agent.total, -1)
            self._count(total, 1)
            self._set_total(agent, total)
            self._touch(agent.row)

    def remove_agent(self, agent_id: str) -> None:
        """After all that was held there was recovered."""
        agent = self._agents.pop(agent_id)
        row = agent.row
        self._count(agent.total, -1)
        if agent.refusals is not None:
            self._ended(agent.refusals.live(self._columns.epochs))
        self._by_row[row] = None
        self._unused.append(row)
        self._active[row] = self._dirty[row] = self._some[row] = False
        self._some_dirty = bool(self._dirty.any())
        self._can[row] = False
        self._ends[row] = _NEVER

    def _count(self, total: Resources, sign: int) -> None:
        totals = self._tree.totals
        for kind, amount in total.scalar_amounts():
            totals[kind.name] = totals.get(kind.name, 0) + sign * amount
        self._tree.rebuild = True

    def _touch(self, row: int) -> None:
        if self._active[row]:
            self._dirty[row] = self._some_dirty = True

    # --- holdings ---

    def charge(self, framework_id: str, role: str, agent_id: str, resources: Resources) -> None:
        """The framework holds these already (tasks that an agent told of)."""
        agent = self._agents[agent_id]
        agent.allocated = agent.allocated + resources
        agent.free = None
        self._stale[agent.row] = True
        self._tree.add(role, self._client(framework_id, role), list(resources.quantities()))

    def recover(self, framework_id: str, role: str, agent_id: str, resources: Resources) -> None:
        """They are free again, and offered to somebody at the next interval."""
        if (agent := self._agents.get(agent_id)) is not None:
            agent.allocated = agent.allocated - resources
            agent.free = None
            self._stale[agent.row] = True
            self._touch(agent.row)
        client = self._client(framework_id, role)
        self._tree.remove(role, client, list(resources.quantities()))
        self._drop(client)

    def refuse(self, framework_id: str, role: str, agent_id: str, resources: Resources, until: float) -> None:
        """The framework does not want these, or less, of the agent before ``until``."""
        client, agent = self._clients.get((framework_id, role)), self._agents.get(agent_id)
        if client is None or client.slot < 0 or agent is None:
            return
        if agent.refusals is None:
            agent.refusals = Refusals()
        more = agent.refusals.add(client.slot, self._columns.epochs, resources, until)
        self._columns.filters[client.slot] += more
        self._stale[agent.row] = True
        if until < self._ends[agent.row]:
            self._ends[agent.row] = until
            self._next_end = min(self._next_end, until)

    def filter_count(self) -> int:
        return int(self._columns.filters.sum())

    def _ended(self, slots: NDArray[np.int32]) -> None:
        np.subtract.at(self._columns.filters, slots, 1)

    # --- running ---

    def due(self) -> float:
        """When `allocate` wants to be called, infinity for never; at once while slices are left."""
        if self._immediate or self._queue.size:
            return -_NEVER
        due = self._next_end
        if self._some_dirty:
            due = min(due, self._last_run + self._options.interval)
        return min(due, *self._rests.values()) if self._rests else due

    @property
    def slices_left(self) -> bool:
        """A run has begun and is not over."""
        return bool(self._queue.size)

    def allocate(self, now: float, budget: int | None = None) -> list[Allocation]:
        """The decisions of a slice, that looks at ``budget`` agents at most; the caller makes offers of them."""
        self.looked = []
        self._end_rests(now)
        if self._next_end <= now:
            self._expire(now)
        if not self._queue.size and not self._begin(now):
            return []
        size = self._queue.size if budget is None else max(budget, 1)
        rows, self._queue = self._queue[:size], self._queue[size:]
        self._settle()
        decisions: list[Allocation] = []
        rows = rows[self._active[rows]]
        for row in rows[self._stale[rows]].tolist():
            self._refresh(row)
        order = self._tree.order
        if order.size:
            takers = self._can[rows][:, order].any(axis=1)
            for row in rows[takers].tolist():
                agent = self._by_row[row]
                assert agent is not None
                self._allocate_agent(agent, decisions)
        self.looked = [agent.id for row in rows.tolist() if (agent := self._by_row[row]) is not None]
        return decisions

    def _begin(self, now: float) -> bool:
        """Starts a run, if it is time for one."""
        if not self._immediate and now < self._last_run + self._options.interval:
            return False
        self._immediate = False
        self._last_run = now
        self.runs += 1
        chosen = self._dirty.copy()
        if self._woken:
            self._settle()
            woken = [slot for slot in self._woken if self._awake(slot)]
            if woken:
                chosen |= self._stale
                others = np.flatnonzero(self._active & ~chosen)
                if len(woken) < _FEW_COLUMNS:
                    for slot in woken:
                        chosen[others] |= self._can[others, slot]
                elif others.size:
                    columns = np.zeros(self._columns.capacity, bool)
                    columns[woken] = True
                    chosen[others] = (self._can[others] & columns).any(axis=1)
            self._woken.clear()
        self._dirty[:] = False
        self._some_dirty = False
        rows = np.flatnonzero(chosen & self._active)
        mixed = (self._tickets[rows] ^ np.uint64(self._random.getrandbits(64))) * _ODD
        mixed = (mixed ^ (mixed >> _SHIFT)) * _ODD
        self._queue = rows[np.argsort(mixed, kind="stable")]
        return True

    def _awake(self, slot: int) -> bool:
        client = self._columns.clients[slot]
        return client is not None and self._frameworks[client.framework_id].takes(client.role)

    def _settle(self) -> None:
        if self._awake_changed:
            awake = [
                client
                for framework in self._frameworks.values()
                for role, client in framework.clients.items()
                if framework.takes(role)
            ]
            self._awake_changed = False
            self._tree.settle(awake)
        else:
            self._tree.settle()

    def _end_rests(self, now: float) -> None:
        for framework_id in [one for one, until in self._rests.items() if until <= now]:
            del self._rests[framework_id]
            framework = self._frameworks[framework_id]
            framework.resting_until = None
            self._awake_changed = True
            self._wake(framework, framework.wants.roles)

    def _expire(self, now: float) -> None:
        """Agents that a filter ended on are looked at again."""
        epochs = self._columns.epochs
        for row in np.flatnonzero(self._ends <= now).tolist():
            agent = self._by_row[row]
            assert agent is not None and agent.refusals is not None
            ended = agent.refusals.expire(now, epochs)
            self._ends[row] = agent.refusals.next_end()
            if not agent.refusals.count:
                agent.refusals = None
            if ended.size:
                self._ended(ended)
                self._stale[row] = True
                self._touch(row)
        self._next_end = float(self._ends.min())

    # --- one agent ---

    def _refresh(self, row: int) -> None:
        """Makes the row anew."""
        agent = self._by_row[row]
        assert agent is not None
        columns, free = self._columns, agent.left()
        views = columns.views(agent.signature)
        offers = views.offers(free)
        amounts = [0] * len(self._names)
        for kind, amount in free.scalar_amounts():
            number = self._names.get(kind.name)
            if number is None:
                number = self._name(kind.name)
                amounts.append(0)
            amounts[number] = min(amounts[number] + amount, _LARGEST)
        self._free[row] = amounts
        self._some[row] = bool(free)
        enough = tuple(
            tuple(bool(offer) and large_enough(offer, minimums) for minimums in columns.classes) for offer in offers
        )
        gpus = self._options.gpus_for_gpu_frameworks_only and bool(self._has_gpus[row])
        key = (agent.signature, enough, gpus)
        pattern = self._patterns.get(key)
        if pattern is None:
            if len(self._patterns) >= _MOST_PATTERNS:
                self._patterns.clear()
            pattern = self._patterns[key] = self._pattern(enough, views.ids, gpus)
        self._can[row] = pattern
        if agent.refusals is not None and offers:
            self._can[row, agent.refusals.cover(offers, views.ids, columns.epochs)] = False
        self._stale[row] = False

    def _pattern(
        self, enough: tuple[tuple[bool, ...], ...], views: NDArray[np.intp] | None, gpus: bool
    ) -> NDArray[np.bool_]:
        columns = self._columns
        if not enough:
            return np.zeros(columns.capacity, bool)
        large = np.array(enough, bool)
        pattern: NDArray[np.bool_] = large[0 if views is None else views, columns.class_of] & columns.members
        return pattern & columns.gpus if gpus else pattern

    def _name(self, name: str) -> int:
        """A column of amounts for one more name."""
        number = self._names[name] = len(self._names)
        self._free = np.concatenate([self._free, np.zeros((self._rows, 1), np.int64)], axis=1)
        return number

    def _allocate_agent(self, agent: _Agent, decisions: list[Allocation]) -> None:
        order, row = self._tree.order, agent.row
        able = self._can[row].take(order)
        place = int(able.argmax())
        views = self._columns.views(agent.signature)
        if views.ids is None:
            client = self._columns.clients[order[place]]
            assert client is not None
            (offer,) = views.offers(agent.left())
            self._give(agent, client, offer, decisions)
            self._tree.settle()
            self._can[row] = False
            self._free[row] = 0
            self._some[row] = False
            if agent.signature != PLAIN:
                self._stale[row] = True
            return
        # What is left is for those who come later, in the order as it was: who came earlier could not take more.
        order, begin = order.copy(), 0
        while able[begin:].any():
            place = begin + int(able[begin:].argmax())
            client = self._columns.clients[order[place]]
            assert client is not None
            offer = views.offers(agent.left())[views.ids[client.slot]]
            self._give(agent, client, offer, decisions)
            self._stale[row] = True
            begin = place + 1
            if not agent.left():
                break
            self._refresh(row)
            able = self._can[row].take(order)
        self._tree.settle()

    def _give(self, agent: _Agent, client: Client, offer: Resources, decisions: list[Allocation]) -> None:
        agent.allocated = agent.allocated + offer
        agent.free = None
        self._tree.gave(client, list(offer.quantities()))
        decisions.append(Allocation(client.framework_id, client.role, agent.id, offer))


def _chosen(framework: _Framework, roles: Iterable[str]) -> frozenset[str]:
    asked = frozenset(roles)
    return asked & framework.wants.roles if asked else framework.wants.roles
