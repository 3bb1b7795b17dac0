"""`/metrics/snapshot`, with Mesos' names. A counter exists from the start with the value 0, so that dashboards find its
name. Metrics of things that do not exist here (operations, executors, a replicated log) are left out; docs/kernel.md
lists them.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Now
from dcos_runtime.daemon import machine
from dcos_runtime.master.core.state import State
from dcos_runtime.master.measures import Measures, Queues
from dcos_runtime.stalls import Stalls
from dcos_runtime.wire.tasks import TaskState

if TYPE_CHECKING:
    from dcos_runtime.master.shell import MasterShell

_LIVING = (TaskState.TASK_STAGING, TaskState.TASK_STARTING, TaskState.TASK_RUNNING, TaskState.TASK_KILLING)
_MESSAGES = (
    *(
        "decline_offers",
        "executor_to_framework",
        "exited_executor",
        "framework_to_executor",
        "kill_task",
        "launch_tasks",
        "reconcile_operations",
    ),
    *("reconcile_tasks", "register_framework", "register_slave", "reregister_framework", "reregister_slave"),
    "unregister_slave",
    *("resource_request", "revive_offers", "status_update", "status_update_acknowledgement", "suppress_offers"),
)
_COUNTED = (
    *(f"messages_{name}" for name in _MESSAGES),
    *(f"tasks_{name}" for name in ("finished", "failed", "killed", "lost", "error", "dropped")),
    *("tasks_gone", "tasks_gone_by_operator", "dropped_messages"),
    *(f"{kind}_status_update{suffix}" for kind in ("valid", "invalid") for suffix in ("s", "_acknowledgements")),
    *(f"{kind}_framework_to_executor_messages" for kind in ("valid", "invalid")),
    *(f"{kind}_executor_to_framework_messages" for kind in ("valid", "invalid")),
    *("slave_registrations", "slave_reregistrations", "recovery_slave_removals", "slave_removals"),
    *(f"slave_removals/reason_{name}" for name in ("registered", "unhealthy", "unregistered")),
    *(f"slave_unreachable_{name}" for name in ("scheduled", "completed", "canceled")),
)
_SCALARS = ("cpus", "mem", "disk", "gpus")


def metrics(shell: MasterShell | None, queues: Queues, stalls: Stalls, started_at: float, now: Now) -> dict[str, float]:
    """A standby master reports itself only."""
    shown = {
        "master/elected": 1.0 if shell is not None else 0.0,
        "master/uptime_secs": now.wall - started_at,
        "master/event_queue_http_requests": float(len(queues.requests)),
        "master/event_queue_messages": float(len(queues.messages)),
        "master/http_cache_hits": float(queues.shared),
        **stalls.shown(),
        **system(),
    }
    if shell is not None:
        shown |= _kernel(shell.state, now) | _allocator(shell.state, now) | _measured(shell.measures, now)
        shown["registrar/queued_operations"] = float(shell.state.unwritten())
    return dict(sorted(shown.items()))


def _kernel(state: State, now: Now) -> dict[str, float]:
    agents = state.agents.values()
    connected = sum(1 for agent in agents if agent.connected)
    offered = sum(1 for agent in agents if state.active(agent))
    active = sum(1 for framework in state.frameworks.values() if framework.connected)
    shown = {f"master/{name}": 0.0 for name in _COUNTED}
    for name in _SCALARS:
        whole = sum(agent.total.scalar(name) for agent in agents) / amounts.THOUSANDTHS
        part = sum(agent.used.scalar(name) for agent in agents) / amounts.THOUSANDTHS
        shown |= _gauges(f"master/{name}", whole, part)
        shown |= _gauges(f"master/{name}_revocable", 0.0, 0.0)  # these do not exist here
    states = Counter(task.state for agent in agents for tasks in agent.tasks.values() for task in tasks.values())
    shown |= {f"master/tasks_{living.value.removeprefix('TASK_').lower()}": float(states[living]) for living in _LIVING}
    shown |= {
        "master/tasks_unreachable": float(sum(len(framework.unreachable) for framework in state.frameworks.values())),
        "master/slaves_active": float(offered),
        "master/slaves_inactive": float(len(agents) - offered),
        "master/slaves_connected": float(connected),
        "master/slaves_disconnected": float(len(agents) - connected),
        "master/slaves_unreachable": float(len(state.unreachable)),
        "master/frameworks_active": float(active),
        "master/frameworks_connected": float(active),
        "master/frameworks_inactive": float(len(state.frameworks) - active),
        "master/frameworks_disconnected": float(len(state.frameworks) - active),
        "master/operator_event_stream_subscribers": float(len(state.watchers)),
        "master/outstanding_offers": float(len(state.offers)),
        "master/event_queue_dispatches": float(state.timers.overdue(now.mono)),
    }
    shown.update({name: float(count) for name, count in state.counters.items()})
    return shown


def _gauges(name: str, whole: float, part: float) -> dict[str, float]:
    return {f"{name}_total": whole, f"{name}_used": part, f"{name}_percent": part / whole if whole else 0.0}


def _allocator(state: State, now: Now) -> dict[str, float]:
    allocator = state.allocator
    waiting = float(allocator.due() <= now.mono)
    shown = {
        "allocator/event_queue_dispatches": waiting,
        "allocator/mesos/event_queue_dispatches": waiting,
        "allocator/mesos/allocation_runs": float(allocator.runs),
    }
    held, totals = allocator.allocated_in_all(), allocator.totals()
    for name in ("cpus", "mem", "disk"):
        shown[f"allocator/mesos/resources/{name}/total"] = totals.get(name, 0) / amounts.THOUSANDTHS
        shown[f"allocator/mesos/resources/{name}/offered_or_allocated"] = held.get(name, 0) / amounts.THOUSANDTHS
    for role, count in allocator.filters_of_roles().items():
        shown[f"allocator/mesos/offer_filters/roles/{role}/active"] = float(count)
        shown[f"allocator/mesos/roles/{role}/shares/dominant"] = allocator.dominant_share(role)
    return shown


def _measured(measures: Measures, now: Now) -> dict[str, float]:
    return {
        "registrar/state_fetch_ms": measures.fetch_ms,
        "registrar/registry_size_bytes": float(sum(measures.registry.values())),
        **measures.store.shown("registrar/state_store_ms", now.mono),
        **measures.allocation.shown("allocator/mesos/allocation_run_ms", now.mono),
        **measures.allocation_latency.shown("allocator/mesos/allocation_run_latency_ms", now.mono),
    }


def system() -> dict[str, float]:
    """Metrics of the machine."""
    return {f"system/{name.removeprefix('avg_')}": float(value) for name, value in machine().items()}
