"""All calls but SUBSCRIBE, each with its handler."""

from __future__ import annotations

from dcos_runtime.master.operator_api import agents, machines, quotas, reads, reservations, weights, writes
from dcos_runtime.master.operator_api.asked import Calls
from dcos_runtime.wire.master import Call

T = Call.Type

_OF_ROLES: Calls = {**weights.CALLS, **quotas.CALLS}
_OF_AGENTS: Calls = {**agents.CALLS, **machines.CALLS}
CALLS: Calls = {**reads.CALLS, **writes.CALLS, **reservations.CALLS, **_OF_AGENTS, **_OF_ROLES}

BARE = frozenset(
    (
        *(T.GET_HEALTH, T.GET_FLAGS, T.GET_VERSION, T.GET_LOGGING_LEVEL, T.GET_STATE, T.GET_AGENTS, T.GET_FRAMEWORKS),
        *(T.GET_EXECUTORS, T.GET_OPERATIONS, T.GET_TASKS, T.GET_ROLES, T.GET_WEIGHTS, T.GET_MASTER, T.SUBSCRIBE),
        *(T.GET_MAINTENANCE_STATUS, T.GET_MAINTENANCE_SCHEDULE, T.GET_QUOTA),
    )
)
"""Calls that need nothing but their type."""
