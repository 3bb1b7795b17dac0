"""Mesos' v0 reads, `/state` and related paths, which third-party tools use.

Each view is a generator of JSON pieces: it is built in short steps, and the kernel works in between. So every record is
consistent in itself, and the lists are those of the moment when the view was started. A record that cannot be shown is
left out and logged, so that the others are still shown.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from dcos_runtime import __version__, build
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import EMPTY, Resources, intervals, lineage
from dcos_runtime.master.core.allocator import Quota
from dcos_runtime.master.core.records import AbsentAgent, Agent, Executor, Framework, Task
from dcos_runtime.master.core.shown import VERSION, by_role, capabilities, whole_resources
from dcos_runtime.master.core.state import State, task_info
from dcos_runtime.master.core.tasks import newest
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import AgentInfo, MasterInfo
from dcos_runtime.wire.common import Attribute, Value
from dcos_runtime.wire.tasks import ExecutorInfo, TaskStatus
from dcos_runtime.wire.withheld import check_without_secrets, without_secrets

log = logging.getLogger(__name__)

_SUMMARY_STATES = (
    "TASK_STAGING",
    "TASK_STARTING",
    "TASK_RUNNING",
    "TASK_KILLING",
    "TASK_FINISHED",
    "TASK_KILLED",
    "TASK_FAILED",
    "TASK_LOST",
    "TASK_ERROR",
    "TASK_UNREACHABLE",
)

Pieces = Iterator[bytes]
T = TypeVar("T")


@dataclass(frozen=True)
class RoleView:
    """A role that is known, with quantities in thousandths: ``held`` by tasks and offers, ``offered`` of that;
    ``reserved`` on agents, ``idle`` of that, which no task uses and which still counts towards a quota.
    """

    name: str
    weight: float
    quota: Quota
    held: Counter[str]
    offered: Counter[str]
    reserved: Counter[str]
    idle: Counter[str]
    frameworks: Sequence[str]


class MasterViewer:
    """Shows one leader's state. ``flags`` are shown as they are; None: they are left out."""

    def __init__(self, state: State, elected_at: float, flags: Mapping[str, str] | None, cluster: str | None) -> None:
        self._state = state
        self._elected_at = elected_at
        self._flags = flags
        self._cluster = cluster

    # --- /state ---

    def state(self) -> Pieces:
        state = self._state
        master = state.settings.master
        active = sum(1 for agent in state.agents.values() if state.active(agent))
        head: dict[str, Any] = {
            "version": VERSION,
            "dcos_version": __version__,
            **build.info(),
            "start_time": state.started_at,
            "elected_time": self._elected_at,
            "id": master.id,
            "pid": master.pid,
            "hostname": master.hostname,
            "capabilities": [item.type.value for item in master.capabilities if item.type is not None],
            "activated_slaves": float(active),
            "deactivated_slaves": float(len(state.agents) - active),
            "unreachable_slaves": float(len(state.unreachable)),
            "leader": master.pid,
            "leader_info": leader_info(master),
            **({"cluster": self._cluster} if self._cluster is not None else {}),
            **({"flags": self._flags} if self._flags is not None else {}),
        }
        yield from _object(
            head,
            {
                "slaves": self._agents(),
                "recovered_slaves": _array(list(state.recovering.items()), _absent),
                "frameworks": self._frameworks(state.frameworks.values()),
                "completed_frameworks": self._frameworks(state.completed.values()),
                "orphan_tasks": iter((b"[]",)),
                "unregistered_frameworks": iter((b"[]",)),
            },
        )

    def _frameworks(self, frameworks: Iterable[Framework]) -> Pieces:
        yield b"["
        comma = b""
        for framework in list(frameworks):
            pieces = self._framework(framework)
            try:
                first = next(pieces)  # everything except the framework's tasks
            except Exception as error:
                _left_out(framework, error)
                continue
            yield comma + first
            yield from pieces
            comma = b","
        yield b"]"

    def _framework(self, framework: Framework) -> Pieces:
        info, offered = framework.info, self._state.offered(framework.offers)
        multi_role = "MULTI_ROLE" in framework.capabilities
        head: dict[str, Any] = {
            **self._framework_summary(framework),
            "user": info.user,
            "failover_timeout": float(info.failover_timeout or 0.0),
            "checkpoint": bool(info.checkpoint),
            "registered_time": framework.registered_at,
            "unregistered_time": framework.unregistered_at,
            **({"principal": info.principal} if info.principal is not None else {}),
            "resources": amounts.view((*framework.used.parts(), *offered)),
            **(
                {"reregistered_time": framework.reregistered_at}
                if framework.reregistered_at != framework.registered_at
                else {}
            ),
            **({"roles": info.roles} if multi_role else {"role": info.role or "*"}),
            "offers": [self._offer(framework, offer_id) for offer_id in sorted(framework.offers)],
            "executors": [
                executor_view(executor)
                for agent in self._state.agents.values()
                for executor in agent.executors.get(framework.id, {}).values()
            ],
            "offer_constraints": {},
            **({"labels": info.labels.labels} if info.labels is not None else {}),
        }
        yield from _object(
            head,
            {
                "tasks": _array(list(framework.tasks.values()), task_view),
                "unreachable_tasks": _array(list(framework.unreachable.values()), task_view),
                "completed_tasks": _array(list(framework.completed), task_view),
            },
        )

    def _framework_summary(self, framework: Framework) -> dict[str, Any]:
        return {
            "id": framework.id,
            "name": framework.info.name,
            "used_resources": amounts.view(framework.used.parts()),
            "offered_resources": amounts.view(self._state.offered(framework.offers)),
            "capabilities": sorted(framework.capabilities),
            "hostname": framework.info.hostname or "",
            "webui_url": framework.info.webui_url or "",
            "active": framework.connected,
            "connected": framework.connected,
            "recovered": framework.recovered,
        }

    def _offer(self, framework: Framework, offer_id: str) -> dict[str, Any]:
        offer = self._state.offers[offer_id]
        return {
            "id": offer.id,
            "framework_id": framework.id,
            "allocation_info": {"role": offer.role},
            "slave_id": offer.agent_id,
            "resources": amounts.view([offer.resources]),
        }

    # --- agents ---

    def _agents(self) -> Pieces:
        return _array(list(self._state.agents.values()), self._agent)

    def _agent(self, agent: Agent) -> dict[str, Any]:
        roles = agent.total.by_role()
        return {
            **_agent_info(agent.id, agent.info),
            "pid": f"slave(1)@{agent.address}:{agent.info.port or 5051}",
            "registered_time": agent.registered_at,
            **({"reregistered_time": agent.reregistered_at} if agent.reregistered_at is not None else {}),
            "resources": amounts.view([agent.total]),
            "used_resources": amounts.view([agent.used]),
            "offered_resources": amounts.view(self._state.offered(agent.offers)),
            "reserved_resources": {role: amounts.view([reserved]) for role, reserved in roles.items() if role != "*"},
            "unreserved_resources": amounts.view([roles.get("*", EMPTY)]),
            "active": self._state.active(agent),
            "deactivated": agent.id in self._state.deactivated,
            "version": VERSION,
            "capabilities": capabilities(agent),
            **self._drain(agent),
        }

    def _drain(self, agent: Agent) -> dict[str, Any]:
        draining = self._state.draining.get(agent.id)
        if draining is None:
            return {}
        return {"drain_info": draining.info, "estimated_drain_start_time_seconds": draining.since}

    def _full_agent(self, agent: Agent) -> dict[str, Any]:
        roles = agent.total.by_role()
        return {
            **self._agent(agent),
            "reserved_resources_full": {role: whole_resources(roles[role]) for role in sorted(roles) if role != "*"},
            "unreserved_resources_full": whole_resources(roles.get("*", EMPTY)),
            "used_resources_full": by_role(
                [(executor.role, executor.resources) for executor in agent.all_executors()]
                + [(task.role, task.resources) for task in agent.all_tasks() if not task.terminal]
            ),
            "offered_resources_full": by_role(
                (self._state.offers[offer_id].role, self._state.offers[offer_id].resources) for offer_id in agent.offers
            ),
        }

    def slaves(self, agent_id: str | None = None) -> Pieces:
        agents = [agent for agent in self._state.agents.values() if agent_id in (None, agent.id)]
        recovering = [item for item in self._state.recovering.items() if agent_id in (None, item[0])]
        yield from _object(
            {}, {"slaves": _array(agents, self._full_agent), "recovered_slaves": _array(recovering, _absent)}
        )

    # --- the others ---

    def frameworks(self, framework_id: str | None = None) -> Pieces:
        def chosen(some: Iterable[Framework]) -> Iterable[Framework]:
            return [framework for framework in some if framework_id in (None, framework.id)]

        yield from _object(
            {},
            {
                "frameworks": self._frameworks(chosen(self._state.frameworks.values())),
                "completed_frameworks": self._frameworks(chosen(self._state.completed.values())),
                "unregistered_frameworks": iter((b"[]",)),
            },
        )

    def tasks(self, query: Mapping[str, str]) -> Pieces:
        framework_id, task_id = query.get("framework_id"), query.get("task_id")
        found = [
            task
            for framework in [*self._state.frameworks.values(), *self._state.completed.values()]
            if framework_id in (None, framework.id)
            for task in [*framework.tasks.values(), *framework.unreachable.values(), *framework.completed]
            if task_id in (None, task.id)
        ]
        found.sort(key=_changed_at, reverse=query.get("order") != "asc")
        offset, limit = _number(query.get("offset"), 0), _number(query.get("limit"), 100)
        yield from _object({}, {"tasks": _array(found[offset : offset + limit], task_view)})

    def state_summary(self) -> Pieces:
        of_agent: dict[str, Counter[str]] = {}
        of_framework: dict[str, Counter[str]] = {}
        frameworks_on: dict[str, set[str]] = {}
        agents_of: dict[str, set[str]] = {}
        for framework in self._state.frameworks.values():
            for task in [*framework.tasks.values(), *framework.unreachable.values(), *framework.completed]:
                of_agent.setdefault(task.agent_id, Counter())[task.state.value] += 1
                of_framework.setdefault(framework.id, Counter())[task.state.value] += 1
                frameworks_on.setdefault(task.agent_id, set()).add(framework.id)
                agents_of.setdefault(framework.id, set()).add(task.agent_id)

        def summary(counts: Counter[str] | None) -> dict[str, int]:
            return {name: counts[name] if counts else 0 for name in _SUMMARY_STATES}

        def agent(one: Agent) -> dict[str, Any]:
            ids = sorted(frameworks_on.get(one.id, ()))
            return {**self._agent(one), **summary(of_agent.get(one.id)), "framework_ids": ids}

        def framework_view(one: Framework) -> dict[str, Any]:
            ids = sorted(agents_of.get(one.id, ()))
            return {**self._framework_summary(one), **summary(of_framework.get(one.id)), "slave_ids": ids}

        head = {"hostname": self._state.settings.master.hostname}
        if self._cluster is not None:
            head["cluster"] = self._cluster
        yield from _object(
            head,
            {
                "slaves": _array(list(self._state.agents.values()), agent),
                "frameworks": _array(list(self._state.frameworks.values()), framework_view),
            },
        )

    def known_roles(self) -> list[RoleView]:
        """In the order of their names."""
        offered: dict[str, Counter[str]] = {}
        members: dict[str, list[str]] = {}
        for framework in self._state.frameworks.values():
            for name in framework.roles:
                members.setdefault(name, []).append(framework.id)
        allocator, weights = self._state.allocator, self._state.weights
        held_in: dict[str, Counter[str]] = {}
        names: set[str] = set()
        quotas = allocator.quotas()
        for name in allocator.known_roles() | weights.keys() | quotas.keys():
            held = allocator.held(name)
            line = lineage(name)
            names.update(line)
            for above in line if held else ():  # a role includes the roles below it
                held_in.setdefault(above, Counter()).update(held)
        for offer in self._state.offers.values():
            for above in lineage(offer.role):
                _count(offered.setdefault(above, Counter()), offer.resources)

        reserved: dict[str, Counter[str]] = {}
        idle: dict[str, Counter[str]] = {}
        for agent in self._state.agents.values():
            for name, part in agent.total.by_role().items():
                for above in lineage(name) if name != "*" else ():
                    names.add(above)
                    _count(reserved.setdefault(above, Counter()), part)
                    _count(idle.setdefault(above, Counter()), part - agent.used)
        nothing: Counter[str] = Counter()
        return [
            RoleView(
                name,
                float(weights.get(name, 1.0)),
                quotas.get(name, _NO_QUOTA),
                held_in.get(name, nothing),
                offered.get(name, nothing),
                reserved.get(name, nothing),
                idle.get(name, nothing),
                sorted(members.get(name, ())),
            )
            for name in sorted(names)
        ]

    def roles(self) -> Pieces:
        def role(one: RoleView) -> dict[str, Any]:
            used = Counter({kind: amount - one.offered[kind] for kind, amount in one.held.items()})
            consumed = _plain(used + one.idle)
            return {
                "name": one.name,
                "weight": one.weight,
                "quota": {
                    "role": one.name,
                    "guarantee": _amounts(one.quota.guarantees),
                    "limit": _amounts(one.quota.limits),
                    "consumed": consumed,
                },
                "resources": _plain(one.held),
                "allocated": _plain(used),
                "offered": _plain(one.offered),
                "reserved": _plain(one.reserved),
                "frameworks": one.frameworks,
            }

        yield from _object({}, {"roles": _array(self.known_roles(), role)})


def _count(sums: Counter[str], resources: Resources) -> None:
    for name, amount in resources.quantities():
        sums[name] += amount


def _plain(quantities: Mapping[str, int]) -> dict[str, float]:
    return {kind: quantities[kind] / amounts.THOUSANDTHS for kind in sorted(quantities) if quantities[kind]}


def _amounts(quantities: Mapping[str, int]) -> dict[str, float]:
    """A limit may be 0."""
    return {kind: amount / amounts.THOUSANDTHS for kind, amount in sorted(quantities.items())}


_NO_QUOTA = Quota()


# --- pieces ----------------------------------------------------------------------------------------------------------


def _object(head: Mapping[str, Any], parts: Mapping[str, Pieces]) -> Pieces:
    """An object: ``head`` at once, then each part by its name, piece by piece."""
    opening = codec.encode(head)[:-1]
    for name, pieces in parts.items():
        yield b'%b%b"%b":' % (opening, b"" if opening.endswith(b"{") else b",", name.encode())
        opening = b""
        yield from pieces
    yield b"}"


def _array(items: Iterable[T], view: Callable[[T], Any]) -> Pieces:
    yield b"["
    comma = b""
    for item in items:
        try:
            shown = codec.encode(view(item))
        except Exception as error:
            _left_out(item, error)
            continue
        yield comma + shown
        comma = b","
    yield b"]"


def _left_out(item: object, error: Exception) -> None:
    name = getattr(item, "id", item if isinstance(item, str) else "")
    log.error("%s %r cannot be shown and is left out of a view: %r", type(item).__name__.lower(), name, error)


def _absent(item: tuple[str, AbsentAgent]) -> dict[str, Any]:
    return _agent_info(item[0], item[1].info)


def _agent_info(agent_id: str, info: AgentInfo) -> dict[str, Any]:
    return {
        "id": agent_id,
        "hostname": info.hostname,
        "port": info.port or 5051,
        "attributes": {attribute.name: _attribute(attribute) for attribute in info.attributes},
        **({"domain": info.domain} if info.domain is not None else {}),
    }


def _attribute(attribute: Attribute) -> Any:
    if attribute.type is Value.Type.SCALAR and attribute.scalar is not None:
        return attribute.scalar.value
    if attribute.type is Value.Type.RANGES and attribute.ranges is not None:
        return intervals.text((item.begin, item.end) for item in attribute.ranges.range)
    if attribute.type is Value.Type.SET and attribute.set is not None:
        return "{" + ", ".join(attribute.set.item) + "}"
    return attribute.text.value if attribute.text is not None else ""


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else default


def _changed_at(task: Task) -> float:
    status = newest(task.statuses)
    return status.timestamp or 0.0 if status is not None else 0.0  # it is unreadable, and the task's view says so


def task_view(task: Task) -> dict[str, Any]:
    info = task_info(task)
    view: dict[str, Any] = {
        "id": task.id,
        "name": info.name,
        "framework_id": task.framework_id,
        "executor_id": task.executor_id,  # empty for a command task; its agent shows the executor under the task's id
        "slave_id": task.agent_id,
        "state": task.state.value,
        "resources": amounts.view([amounts.parse(info.resources)]),
        "role": task.role,
        "statuses": [_status_view(codec.decode(status, TaskStatus)) for status in task.statuses],
    }
    if info.limits:
        view["limits"] = {name: scalar.value for name, scalar in info.limits.items()}
    if info.command is not None and info.command.user is not None:
        view["user"] = info.command.user
    if info.labels is not None:
        view["labels"] = info.labels.labels
    if info.container is not None:
        view["container"] = without_secrets(info.container)
    if info.discovery is not None:
        view["discovery"] = info.discovery
    if info.health_check is not None:
        view["health_check"] = check_without_secrets(info.health_check)
    return view


def executor_view(executor: Executor) -> dict[str, Any]:
    info = codec.decode(executor.info, ExecutorInfo)
    view: dict[str, Any] = {
        "executor_id": executor.id,
        "name": info.name or "",
        "framework_id": executor.framework_id,
        "slave_id": executor.agent_id,
        "resources": amounts.view([executor.resources]),
        "role": executor.role,
        "source": info.source or "",
        "type": "CUSTOM",
    }
    if info.container is not None:
        view["container"] = without_secrets(info.container)
    if info.labels is not None:
        view["labels"] = info.labels.labels
    return view


def _status_view(status: TaskStatus) -> dict[str, Any]:
    view: dict[str, Any] = {"state": status.state.value, "timestamp": status.timestamp or 0.0}
    if status.labels is not None:
        view["labels"] = status.labels.labels
    if status.container_status is not None:
        view["container_status"] = msgspec.structs.replace(status.container_status, executor_pid=None)
    if status.healthy is not None:
        view["healthy"] = status.healthy
    return view


def leader_info(master: MasterInfo) -> dict[str, Any]:
    return {"id": master.id, "pid": master.pid, "port": master.port, "hostname": master.hostname}
