"""What views, metrics and tests read from the allocator."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from dcos_runtime.core.resources import Resources
from dcos_runtime.master.core.allocator.obstacles import Obstacles
from dcos_runtime.master.core.allocator.terms import Quantities, Quota


class Allocator(Obstacles):
    """The allocator of the kernel, with these reads."""

    def totals(self) -> Quantities:
        """Scalars of all agents."""
        return self._tree.totals

    def allocated_in_all(self) -> Quantities:
        """Scalars, offered or used, on all agents."""
        sums: dict[str, int] = {}
        for agent in self._rows.agents.values():
            for kind, amount in agent.allocated.scalar_amounts():
                sums[kind.name] = sums.get(kind.name, 0) + amount
        return sums

    def filters_of_roles(self) -> Mapping[str, int]:
        """The number of filters, for every role that a framework has."""
        counts = dict.fromkeys(self.known_roles(), 0)
        for slot in np.flatnonzero(self._columns.filters).tolist():
            client = self._columns.clients[slot]
            assert client is not None
            counts[client.role] += int(self._columns.filters[slot])
        return counts

    def dominant_share(self, role: str) -> float:
        """The role's dominant share, with that of the roles below it."""
        node = self._tree.nodes.get(role)
        return node.share.dominant(self._tree.totals) if node else 0.0

    def quotas(self) -> Mapping[str, Quota]:
        """The quotas, by role."""
        return self._quotas.of

    def quota_used(self, role: str, name: str) -> int:
        """The role's usage of its quota, offers among it."""
        return self._quotas.used(role, name)

    def available(self, agent_id: str) -> Resources:
        return self._rows.agents[agent_id].left()

    def allocated(self, agent_id: str) -> Resources:
        return self._rows.agents[agent_id].allocated

    def held(self, role: str) -> Quantities:
        """What the role's frameworks hold: offered or used."""
        node = self._tree.nodes.get(role)
        return dict(sorted(node.own.held.items())) if node else {}

    def known_roles(self) -> set[str]:
        return {name for name, node in self._tree.nodes.items() if node.members}
