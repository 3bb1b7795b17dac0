"""The allocator's inputs: frameworks and agents that are added, changed and removed, and resources that are held, given
back, refused. A client is a framework in one of its roles. Runs are coalesced: at once for a new agent or framework and
for a revive, at the next interval for resources that came back. A run considers agents that have changed, and agents
whose resources a changed client could take; see `runs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dcos_runtime.core.resources import Resources
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core.allocator.columns import PLAIN, Columns
from dcos_runtime.master.core.allocator.filters import Refusals
from dcos_runtime.master.core.allocator.matrix import Matrix
from dcos_runtime.master.core.allocator.quota import Quotas
from dcos_runtime.master.core.allocator.rows import NEVER, Rows
from dcos_runtime.master.core.allocator.terms import AllocatorSettings, Quota, Wants, apart
from dcos_runtime.master.core.allocator.tree import RoleFramework, RoleTree


class FrameworkRow:
    """``resting_until``: it gets no offers before that; None: it may get offers now. ``clients``: by role."""

    __slots__ = ("active", "clients", "resting_until", "wants")

    def __init__(self, wants: Wants, active: bool) -> None:
        self.wants = wants
        self.active = active
        self.resting_until: float | None = None
        self.clients: dict[str, RoleFramework] = {}

    def takes(self, role: str) -> bool:
        return self.active and self.resting_until is None and role not in self.wants.suppressed


class Vectors:
    """Times are monotonic seconds. ``source`` only shuffles the order of agents."""

    def __init__(self, settings: AllocatorSettings, source: SeededSource) -> None:
        self._settings = settings
        self._source = source
        self._frameworks: dict[str, FrameworkRow] = {}
        self._clients: dict[tuple[str, str], RoleFramework] = {}
        self._columns = Columns(settings.minimums)
        self._rows = Rows(settings.gpus_for_gpu_frameworks_only)
        self._matrix = Matrix(self._rows, self._columns)
        self._tree = RoleTree(settings.weights)
        self._quotas = Quotas(self._tree)
        self._next_end = NEVER
        self._some_dirty = False
        self._more_room = False  # for a role that a quota may have limited
        self._rests: dict[str, float] = {}
        self._woken: set[int] = set()
        self._awake_changed = True
        self._immediate = False
        self._last_run = self._now = -NEVER
        self._queue: NDArray[np.intp] = np.zeros(0, np.intp)
        self.runs = 0

    # --- frameworks ---

    def add_framework(self, framework_id: str, wants: Wants, active: bool) -> None:
        framework = self._frameworks[framework_id] = FrameworkRow(wants, active)
        self._join(framework_id, framework, sorted(wants.roles))
        if active:
            self._wake(framework, wants.roles)

    def update_framework(self, framework_id: str, wants: Wants) -> None:
        framework = self._frameworks[framework_id]
        before, framework.wants = framework.wants, wants
        if wants == before:
            return
        for role in sorted(before.roles & wants.roles):
            client = framework.clients[role]
            self._columns.set(client, wants)
            self._matrix.know_names([client.slot])
        self._join(framework_id, framework, sorted(wants.roles - before.roles))
        # Last, so that a role that has a framework before and after is not forgotten in between.
        self._leave(framework, sorted(before.roles - wants.roles))
        if replace(before, roles=wants.roles, suppressed=wants.suppressed) != wants:
            self._matrix.forget_patterns()
            self._rows.stale[:] = True
            woken = wants.roles
        else:
            woken = (wants.roles - wants.suppressed) - (before.roles - before.suppressed)
        self._awake_changed = True
        if framework.active and woken:
            self._wake(framework, woken)

    def remove_framework(self, framework_id: str) -> None:
        framework = self._frameworks.pop(framework_id)
        self._leave(framework, sorted(framework.wants.roles))
        self._rests.pop(framework_id, None)

    def activate_framework(self, framework_id: str, again: float | None = None) -> None:
        """It gets offers at once; or, when it subscribed ``again`` at that time, from the next interval on: it first
        has to notice its new stream.
        """
        framework = self._frameworks[framework_id]
        framework.active = True
        self._awake_changed = True
        if again is None:
            framework.resting_until = None
            self._rests.pop(framework_id, None)
            self._wake(framework, framework.wants.roles)
        else:
            framework.resting_until = self._rests[framework_id] = again + self._settings.interval

    def deactivate_framework(self, framework_id: str) -> None:
        """Its filters go with it."""
        framework = self._frameworks[framework_id]
        framework.active = False
        framework.resting_until = None
        self._rests.pop(framework_id, None)
        self._awake_changed = True
        self._forget_filters(framework.clients.values())

    def suppress(self, framework_id: str, roles: Iterable[str]) -> None:
        """Without roles: all of them."""
        framework = self._frameworks[framework_id]
        self._set_suppressed(framework, framework.wants.suppressed | _chosen(framework, roles))

    def revive(self, framework_id: str, roles: Iterable[str]) -> None:
        """Without roles: all of them. Their filters are forgotten, and suppressed roles get offers again."""
        framework = self._frameworks[framework_id]
        framework.resting_until = None
        self._rests.pop(framework_id, None)
        chosen = _chosen(framework, roles)
        self._set_suppressed(framework, framework.wants.suppressed - chosen)
        self._forget_filters(framework.clients[role] for role in sorted(chosen))
        if framework.active:
            self._wake(framework, framework.wants.roles)

    def suppressed(self, framework_id: str) -> frozenset[str]:
        return self._frameworks[framework_id].wants.suppressed

    def _set_suppressed(self, framework: FrameworkRow, suppressed: frozenset[str]) -> None:
        wants = framework.wants
        framework.wants = replace(wants, suppressed=suppressed)
        self._awake_changed = True

    def _join(self, framework_id: str, framework: FrameworkRow, roles: Sequence[str]) -> None:
        if not roles:
            return
        slots = []
        for role in roles:
            client = framework.clients[role] = self._client(framework_id, role)
            self._columns.take(client, framework.wants)
            slots.append(client.slot)
            self._tree.join(client)
        self._awake_changed = True
        self._matrix.grow()
        self._matrix.forget_patterns()
        self._matrix.know_names(slots)
        self._matrix.make_columns(slots)

    def _leave(self, framework: FrameworkRow, roles: Sequence[str]) -> None:
        if not roles:
            return
        leaving = [framework.clients.pop(role) for role in roles]
        self._matrix.clear_columns([client.slot for client in leaving])
        for client in leaving:
            self._woken.discard(client.slot)
            self._columns.release(client)
            self._tree.leave(client)
            self._drop(client)
        self._awake_changed = True
        self._matrix.forget_patterns()

    def _client(self, framework_id: str, role: str) -> RoleFramework:
        client = self._clients.get((framework_id, role))
        if client is None:
            client = self._clients[framework_id, role] = RoleFramework(framework_id, role)
        return client

    def _drop(self, client: RoleFramework) -> None:
        """Removes a client that has no column and holds nothing."""
        if client.slot < 0 and not client.share:
            self._clients.pop((client.framework_id, client.role), None)

    def _wake(self, framework: FrameworkRow, roles: Iterable[str]) -> None:
        self._woken.update(framework.clients[role].slot for role in roles)
        self._immediate = True

    def _forget_filters(self, clients: Iterable[RoleFramework]) -> None:
        slots = [client.slot for client in clients if self._columns.filters[client.slot]]
        for slot in slots:
            self._columns.forget_filters(slot)
        self._matrix.make_columns(slots)

    # --- agents ---

    def add_agent(self, agent_id: str, total: Resources, active: bool) -> None:
        """Adds an agent. Its tasks' resources are added by `charge` afterwards."""
        agent = self._rows.take(agent_id, total, active, self._source.bits(64))
        self._matrix.grow()
        self._count(total, 1)
        if active:
            self._touch(agent.row)
            self._immediate = True

    def activate_agent(self, agent_id: str) -> None:
        row = self._rows.agents[agent_id].row
        self._rows.active[row] = True
        self._touch(row)
        self._immediate = True

    def deactivate_agent(self, agent_id: str) -> None:
        row = self._rows.agents[agent_id].row
        self._rows.active[row] = self._rows.dirty[row] = False

    def update_agent(self, agent_id: str, total: Resources) -> None:
        agent = self._rows.agents[agent_id]
        if agent.total != total:
            self._count(agent.total, -1)
            self._count(total, 1)
            agent.set_total(total)
            self._rows.total_changed(agent)
            self._touch(agent.row)

    def convert(self, agent_id: str, consumed: Resources, converted: Resources, holder: tuple[str, str] | None) -> None:
        """Resources of an agent, out of its total, became others. ``holder``: the framework, in a role, that holds
        them; None: they are free.
        """
        agent = self._rows.agents[agent_id]
        self._count(consumed, -1)
        self._count(converted, 1)
        agent.convert(consumed, converted, holder is not None)
        self._rows.total_changed(agent)
        self._touch(agent.row)
        if holder is not None:
            client = self._client(*holder)
            self._tree.remove(client, list(consumed.quantities()), apart(consumed))
            self._tree.add(client, list(converted.quantities()), apart(converted))

    def remove_agent(self, agent_id: str) -> None:
        """Removes an agent. All of its resources have to be recovered before."""
        agent = self._rows.agents[agent_id]
        self._count(agent.total, -1)
        if agent.refusals is not None:
            self._columns.unfiltered(agent.refusals.live(self._columns.epochs).tolist())
        self._rows.release(agent)
        self._matrix.can[agent.row] = False

    def _count(self, total: Resources, sign: int) -> None:
        totals = self._tree.totals
        for kind, amount in total.scalar_amounts():
            totals[kind.name] = totals.get(kind.name, 0) + sign * amount
        self._tree.rebuild = True
        self._quotas.count(total, sign)
        self._more_room = True

    def _touch(self, row: int) -> None:
        if self._rows.active[row]:
            self._rows.dirty[row] = self._some_dirty = True

    # --- holdings ---

    def charge(self, framework_id: str, role: str, agent_id: str, resources: Resources) -> None:
        """The framework holds these resources already (by tasks that an agent reported)."""
        agent = self._rows.agents[agent_id]
        agent.take(resources)
        self._rows.changed(agent)
        client = self._client(framework_id, role)
        if agent.signature == PLAIN:
            self._tree.add(client, list(resources.quantities()))
        else:
            self._tree.add(client, list(resources.quantities()), apart(resources))
        self._more_room = True

    def recover(self, framework_id: str, role: str, agent_id: str, resources: Resources) -> None:
        """The resources are free again, and offered at the next interval."""
        client = self._client(framework_id, role)
        agent = self._rows.agents.get(agent_id)
        if agent is None:
            self._tree.remove(client, list(resources.quantities()), apart(resources))
        elif agent.lent is not None and (agent.lent is resources or agent.lent == resources):
            agent.lent = None
            self._rows.lent[agent.row] = False
            self._touch(agent.row)
            self._tree.remove(client, agent.lendable_amounts())
        else:
            agent.free(resources)
            self._rows.changed(agent)
            self._touch(agent.row)
            self._tree.remove(client, list(resources.quantities()), apart(resources))
        self._more_room = True
        if client.slot < 0:
            self._drop(client)

    def refuse(self, framework_id: str, role: str, agent_id: str, resources: Resources, until: float) -> None:
        """The framework does not want these, or less, of the agent before ``until``."""
        client, agent = self._clients.get((framework_id, role)), self._rows.agents.get(agent_id)
        if client is None or client.slot < 0 or agent is None:
            return
        columns, rows = self._columns, self._rows
        if rows.ends[agent.row] <= self._now:  # a filter that ended does not count towards the limit
            self._expire(np.array([agent.row]), self._now)
        if agent.refusals is None:
            agent.refusals = Refusals()
        more, over_limit = agent.refusals.add(client.slot, columns.epochs, resources, until)
        columns.filters[client.slot] += more
        self._matrix.refused(agent, client.slot, resources)
        if over_limit:  # the client may get again what only that filter kept from it
            rows.stale[agent.row] = True
            self._touch(agent.row)
        if until < rows.ends[agent.row]:
            rows.ends[agent.row] = until
            self._next_end = min(self._next_end, until)

    def _expire(self, chosen: NDArray[np.intp], now: float) -> None:
        """Removes the filters of these agents that have ended, and marks the agents to be looked at again."""
        rows, columns = self._rows, self._columns
        for row in chosen.tolist():
            agent = rows.at(row)
            assert agent.refusals is not None
            ended = agent.refusals.expire(now, columns.epochs)
            rows.ends[row] = agent.refusals.next_end()
            if not agent.refusals.count:
                agent.refusals = None
            if ended:
                columns.unfiltered(ended)
                rows.stale[row] = True
                self._touch(row)

    # --- roles ---

    def set_weights(self, weights: Mapping[str, float]) -> None:
        """All weights of roles; they count from the next run on."""
        self._tree.weights = dict(weights)
        self._tree.rebuild = True

    def set_quotas(self, quotas: Mapping[str, Quota]) -> None:
        """Sets quotas of roles; empty ones are removed. They count from the next interval on; allocated resources stay
        allocated. Raises ``ValueError`` when they contradict those of the roles' parents and children.
        """
        self._quotas.set(quotas)
        self._more_room = True
        if not self._quotas:
            return
        # Resources may have been left only because of the former quota.
        self._rows.held_back |= self._rows.active


def _chosen(framework: FrameworkRow, roles: Iterable[str]) -> frozenset[str]:
    asked = frozenset(roles)
    return asked & framework.wants.roles if asked else framework.wants.roles


__all__ = ["FrameworkRow", "Vectors"]
