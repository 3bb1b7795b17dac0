"""All calls but SUBSCRIBE, each with its handler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

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

VIEWS = ("view_frameworks", "view_tasks", "view_executors", "view_roles")

NEEDED: Mapping[Call.Type, Sequence[str]] = {
    **dict.fromkeys((T.GET_STATE, T.SUBSCRIBE), VIEWS),
    T.GET_FRAMEWORKS: ("view_frameworks",),
    T.GET_TASKS: ("view_frameworks", "view_tasks"),
    T.GET_EXECUTORS: ("view_frameworks", "view_executors"),
    **dict.fromkeys((T.GET_AGENTS, T.GET_OPERATIONS, T.GET_ROLES), ("view_roles",)),
    T.GET_FLAGS: ("view_flags",),
    T.SET_LOGGING_LEVEL: ("set_log_level",),
    T.MARK_AGENT_GONE: ("mark_agents_gone",),
    T.DRAIN_AGENT: ("drain_agents",),
    T.DEACTIVATE_AGENT: ("deactivate_agents",),
    T.REACTIVATE_AGENT: ("reactivate_agents",),
    T.GET_MAINTENANCE_SCHEDULE: ("get_maintenance_schedules",),
    T.UPDATE_MAINTENANCE_SCHEDULE: ("update_maintenance_schedules",),
    T.GET_MAINTENANCE_STATUS: ("get_maintenance_statuses",),
    T.START_MAINTENANCE: ("start_maintenances",),
    T.STOP_MAINTENANCE: ("stop_maintenances",),
}
"""What a call's sender has to be allowed of all that there is (`--acls`). Calls about single roles, frameworks and
resources are held to the ACLs by the core.
"""
