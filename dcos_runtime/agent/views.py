"""What the agent shows of itself, in the shapes of Mesos' `/state`, `/containers`, `/metrics/snapshot`."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import msgspec

from dcos_runtime import __version__, build
from dcos_runtime.agent import prometheus
from dcos_runtime.agent.containers.base import Process, Usage
from dcos_runtime.agent.core import container_ids, reading
from dcos_runtime.agent.core.core import AgentCore
from dcos_runtime.agent.core.events import BadMessage
from dcos_runtime.agent.core.executor import Executor
from dcos_runtime.agent.core.history import PastTask
from dcos_runtime.agent.core.records import ContainerRecord, ExecutorKind, ExecutorRecord, Stage, TaskRecord
from dcos_runtime.agent.core.task import Task
from dcos_runtime.agent.prometheus import Shown
from dcos_runtime.agent.resources import MB, attribute_values, scalar
from dcos_runtime.agent.samples import Samples
from dcos_runtime.agent.sandbox import Sandboxes
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Now
from dcos_runtime.core.resources import EMPTY, Format, Resources, intervals
from dcos_runtime.flags.values import Ranges
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import ContainerID, FrameworkID
from dcos_runtime.wire.containers import ContainerStatus
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import ExecutorInfo, TaskInfo, TaskState, TaskStatus
from dcos_runtime.wire.withheld import check_without_secrets, without_secrets

log = logging.getLogger(__name__)

Listed = Task | PastTask
T = TypeVar("T", Task, PastTask, Listed)

VERSION = "1.11.0"
"""The version of Mesos whose interfaces these are; clients compare it, so it is dotted integers only."""

CAPABILITIES = ["MULTI_ROLE", "HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT", "AGENT_DRAINING", "TASK_RESOURCE_LIMITS"]


@dataclass(frozen=True)
class AgentViewer:
    """Shows one agent. ``usage`` and ``processes`` ask a launcher of a container: by its id and the launcher's name;
    ``fetched`` the fetcher and others for their metrics. ``unallocated``: the ports that a container listens on and was
    not offered.
    """

    core: AgentCore
    sandboxes: Sandboxes
    address: str  # ip:port
    started: Now
    flags: Mapping[str, str]
    usage: Callable[[str, str], Usage | None]
    processes: Callable[[str, str], list[Process]]
    fetched: Callable[[], Mapping[str, float]]
    samples: Samples
    unallocated: Callable[[str], Ranges]

    def state(self) -> dict[str, Any]:
        info = self.core.settings.info
        master = self.core.membership.master
        total, used = self.core.total, self._used()
        roles, used_roles = total.by_role(), used.by_role()
        return {
            "version": VERSION,
            "dcos_version": __version__,
            **build.info(),
            "start_time": self.started.wall,
            "id": self.core.agent.id or "",
            "pid": f"slave(1)@{self.address}",
            "hostname": info.hostname,
            "capabilities": CAPABILITIES,
            "resources": amounts.view([total]),
            "reserved_resources": _reserved(roles),
            "unreserved_resources": amounts.view([roles.get("*", EMPTY)]),
            "reserved_resources_full": {role: _full(part) for role, part in roles.items() if role != "*"},
            "unreserved_resources_full": _full(roles.get("*", EMPTY)),
            "reserved_resources_allocated": _reserved(used_roles),
            "unreserved_resources_allocated": amounts.view([used_roles.get("*", EMPTY)]),
            "resource_providers": [],
            "attributes": attribute_values(info.attributes),
            **({"master_hostname": master[0]} if master else {}),
            "flags": dict(self.flags),
            **self._drain(),
            "frameworks": self._frameworks(),
            "completed_frameworks": self._completed_frameworks(),
        }

    def _drain(self) -> dict[str, Any]:
        drain, since = self.core.agent.drain, self.core.agent.drain_since
        if drain is None:
            return {}
        return {"drain_config": msgspec.to_builtins(drain), "estimated_drain_start_time_seconds": since}

    def _used(self) -> Resources:
        held = [task.terms.resources for task in self.core.tasks.values() if task.stage is not Stage.ENDED]
        held += [executor.info.resources for executor in self.core.executors.values()]
        return amounts.total(map(amounts.parse, held))

    def _frameworks(self) -> list[dict[str, Any]]:
        shown = []
        for framework_id, info in self.core.frameworks.items():
            tasks = [task for task in self.core.tasks.values() if task.record.framework_id == framework_id]
            executors = [self._executor(task, stored) for task, stored in readable(_commands(tasks))]
            running = [one for one in self.core.executors.values() if one.record.framework_id == framework_id]
            executors += [self._custom(one) for one in running]
            completed = self._completed(framework_id, tasks)
            shown.append({**_framework(info), "executors": executors, "completed_executors": completed})
        return shown

    def _completed_frameworks(self) -> list[dict[str, Any]]:
        return [
            {
                **_framework(past.info or unknown(framework_id)),
                "executors": [],
                "completed_executors": self._completed(framework_id, []),
            }
            for framework_id, past in self.core.history.frameworks()
        ]

    def _completed(self, framework_id: str, living: Iterable[Task]) -> list[dict[str, Any]]:
        """The executors that are gone. ``living``: the framework's tasks; updates of some may not be acknowledged."""
        here = {one.record.container_id for one in self.core.executors.values()}
        waiting: dict[str, list[Task]] = {}
        for task in living:
            if not task.own and task.executor.container_id not in here:
                waiting.setdefault(task.executor.container_id, []).append(task)
        shown = []
        for past in self.core.history.executors(framework_id):
            tasks = list(past.tasks.values())
            if past.executor.kind is ExecutorKind.COMMAND:
                shown += [self._executor(task, stored, over=True) for task, stored in readable(tasks)]
            else:
                shown.append(self._gone(past.executor, [*tasks, *waiting.pop(past.executor.container_id, [])]))
        return shown + [self._gone(its[0].executor, its) for its in waiting.values()]

    def _custom(self, executor: Executor) -> dict[str, Any]:
        """A custom or default executor that is here, with its tasks."""
        record, info = executor.record, executor.info
        over: list[Listed] = list(self.core.history.of_executor(record.framework_id, record.container_id))
        over += [one for one in executor.tasks.values() if executor.default and one.stage is Stage.ENDED]
        launched = [one for one in executor.tasks.values() if _is_launched(one) and one not in over]
        queued = [one for one in executor.tasks.values() if one not in over and one not in launched]
        return {
            **self._of_executor(record, info.name or "", info.source or ""),
            "resources": amounts.view([amounts.parse(executor.resources())]),
            "role": _role_of(info.resources),
            **_labels(info),
            "type": record.kind.value.upper(),
            "tasks": self._shown_tasks(launched),
            "queued_tasks": self._shown_tasks(queued),
            "completed_tasks": self._shown_tasks(over),
        }

    def _gone(self, executor: ExecutorRecord, tasks: Sequence[Listed]) -> dict[str, Any]:
        """A custom or default executor that has ended, with those of its tasks that are known."""
        found = reading.executor(executor.info)
        info = None if isinstance(found, BadMessage) else found
        held = [*(info.resources if info else ()), *(one for _, task in readable(tasks) for one in task.resources)]
        return {
            **self._of_executor(executor, (info and info.name) or "", (info and info.source) or ""),
            "resources": amounts.view([]),
            "role": _role_of(held),
            **(_labels(info) if info is not None else {}),
            "tasks": [],
            "queued_tasks": [],
            "completed_tasks": self._shown_tasks(tasks),
        }

    def _of_executor(self, record: ExecutorRecord, name: str, source: str) -> dict[str, Any]:
        return {
            "id": record.executor_id,
            "name": name,
            "source": source,
            "container": record.container_id,
            "directory": self.directory(record),
        }

    def _shown_tasks(self, tasks: Iterable[Listed]) -> list[dict[str, Any]]:
        return [self._shown_task(task.record, info) for task, info in readable(tasks)]

    def _executor(self, entry: Listed, task: TaskInfo, over: bool = False) -> dict[str, Any]:
        record, stage = entry.record, entry.stage
        shown = self._shown_task(record, task)
        over = over or stage is Stage.ENDED
        waiting = stage in (Stage.INTENT, Stage.PREPARING) and not over
        return {
            "id": record.executor_id,
            "name": executor_name(task),
            "source": record.task_id,
            "container": record.container_id,
            "directory": self.directory(record),
            "resources": amounts.view([] if over else [amounts.parse(task.resources)]),  # it holds nothing
            "role": _role(task),
            **_labels(task),
            "tasks": [] if over or waiting else [shown],
            "queued_tasks": [shown] if waiting else [],
            "completed_tasks": [shown] if over else [],
        }

    def _shown_task(self, record: TaskRecord, task: TaskInfo) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "id": record.task_id,
            "name": task.name,
            "framework_id": record.framework_id,
            "executor_id": "" if task.executor is None else record.executor_id,
            "slave_id": self.core.agent.id or "",
            "state": record.state.value,
            "resources": amounts.view([amounts.parse(task.resources)]),
            "role": _role(task),
            "statuses": [_shown_status(status) for status in record.history],
        }
        shown |= _labels(task)
        if task.limits:
            shown["limits"] = {name: limit.value for name, limit in task.limits.items()}
        if task.command is not None and task.command.user is not None:
            shown["user"] = task.command.user
        if task.container is not None:
            shown["container"] = msgspec.to_builtins(without_secrets(task.container))
        if task.discovery is not None:
            shown["discovery"] = msgspec.to_builtins(task.discovery)
        if task.health_check is not None:
            shown["health_check"] = msgspec.to_builtins(check_without_secrets(task.health_check))
        return shown

    def directory(self, record: TaskRecord | ExecutorRecord) -> str:
        """The path of the sandbox; empty for a task that was refused because its ids can be in none."""
        agent_id = self.core.agent.id or "unknown"
        with contextlib.suppress(ValueError):
            return str(self.sandboxes.place(agent_id, record.framework_id, record.executor_id, record.container_id))
        return ""

    def attached(self) -> dict[str, str]:
        """`/files/debug`: the real path of the folder that each path of a sandbox leads to."""
        found: dict[str, str] = {}
        records = [one.executor for one in self.core.history.tasks()]
        records += [one.executor for one in self.core.tasks.values()]
        records += [one.record for one in self.core.executors.values()]
        for record in records:
            if directory := self.directory(record):
                latest = f"/frameworks/{record.framework_id}/executors/{record.executor_id}/runs/latest"
                found |= {latest: directory, directory: directory}
        return found

    # --- containers ---------------------------------------------------------------------------------------------------

    def containers(
        self, now: Now, with_status: bool = True, nested: bool = False, standalone: bool = False
    ) -> list[dict[str, Any]]:
        """`/containers`, and without ``with_status`` `/monitor/statistics`. Reads cgroups or /proc: off the loop.
        ``nested``: also those that are within others. ``standalone``: also those of no framework.
        """
        shown = []
        tasks = [task for task in list(self.core.tasks.values()) if task.own or (nested and task.grouped)]
        running = [task for task in tasks if task.stage is Stage.RUNNING]
        shown += [
            self._container_of(executor, now, with_status)
            for executor in list(self.core.executors.values())
            if executor.container.stage is Stage.RUNNING
        ]
        for task, info in readable(running):
            record = task.record
            entry: dict[str, Any] = {
                "executor_id": record.executor_id,
                "executor_name": executor_name(info) if task.own else "",
                "framework_id": record.framework_id,
                "source": record.task_id,
                "statistics": self._statistics(task.container, info.resources, now),
            }
            if with_status:
                entry["container_id"] = record.container_id
                status = record.status.container_status if record.status else None
                entry["status"] = msgspec.to_builtins(status) if status else {}
                if ports := self.unallocated(record.container_id):
                    entry["unallocated_ports"] = intervals.text(ports)
            shown.append(entry)
        return shown + self._launched(now, nested, standalone)

    def _launched(self, now: Now, nested: bool, standalone: bool) -> list[dict[str, Any]]:
        """Those that calls launched."""
        shown = []
        for record in list(self.core.nested.values()):
            container = record.container
            within = bool(container_ids.parent_of(container.container_id))
            hidden = (within and not nested) or (not record.framework_id and not standalone)
            if hidden or container.stage is not Stage.RUNNING:
                continue
            status = ContainerStatus(
                container_id=container_ids.message(container.container_id), executor_pid=container.pid
            )
            resources = reading.terms_of(record.task).resources
            shown.append(
                {
                    "executor_id": record.executor_id,
                    "executor_name": "",
                    "framework_id": record.framework_id,
                    "source": "",
                    "statistics": self._statistics(container, resources, now),
                    "container_id": container.container_id,
                    "status": msgspec.to_builtins(status),
                }
            )
        return shown

    def launcher_of(self, container_id: str) -> str | None:
        """The name of the launcher of a container that runs; ``None`` when there is none of that id."""
        containers = [task.container for task in _contained(self.core.tasks.values())]
        containers += [executor.container for executor in self.core.executors.values()]
        containers += [record.container for record in self.core.nested.values()]
        for container in containers:
            if container.container_id == container_id and container.stage is Stage.RUNNING:
                return container.launcher
        return None

    def _container_of(self, executor: Executor, now: Now, with_status: bool) -> dict[str, Any]:
        record, container = executor.record, executor.container
        entry: dict[str, Any] = {
            "executor_id": record.executor_id,
            "executor_name": executor.info.name or "",
            "framework_id": record.framework_id,
            "source": executor.info.source or "",
            "statistics": self._of_all(executor, now),
        }
        if with_status:
            entry["container_id"] = record.container_id
            status = ContainerStatus(container_id=ContainerID(value=container.container_id), executor_pid=container.pid)
            entry["status"] = msgspec.to_builtins(status)
        return entry

    def _of_all(self, executor: Executor, now: Now) -> dict[str, Any]:
        """What an executor's container uses, with those within it, which are beside it in control groups."""
        statistics = self._statistics(executor.container, executor.resources(), now)
        within = list(executor.tasks.values()) if executor.default else []
        for task in within:
            usage = self.usage(task.container.container_id, task.container.launcher)
            for name, value in (usage.statistics() if usage is not None else {}).items():
                statistics[name] = statistics.get(name, 0) + value
        return statistics

    def container(self, container_id: str) -> tuple[Callable[[], list[Process]], dict[str, Any]] | None:
        """Of a container that has not ended: what tells its processes, off the loop, and whose it is."""
        for executor in self.core.executors.values():
            if executor.record.container_id == container_id:
                about = {
                    "container_id": container_id,
                    "executor_id": executor.record.executor_id,
                    "framework_id": executor.record.framework_id,
                    "source": executor.info.source or "",
                }
                return partial(self.processes, container_id, executor.container.launcher), about
        for task in _contained(self.core.tasks.values()):
            record = task.record
            if record.container_id == container_id and task.stage is not Stage.ENDED:
                about = {
                    "container_id": container_id,
                    "executor_id": record.executor_id,
                    "framework_id": record.framework_id,
                    "source": record.task_id,
                }
                return partial(self.processes, container_id, task.container.launcher), about
        within = self.core.nested.get(container_id)
        if within is not None and within.container.stage is not Stage.ENDED:
            about = {
                "container_id": container_id,
                "executor_id": within.executor_id,
                "framework_id": within.framework_id,
                "source": "",
            }
            return partial(self.processes, container_id, within.container.launcher), about
        return None

    def _statistics(self, container: ContainerRecord, held: Sequence[Resource], now: Now) -> dict[str, Any]:
        statistics: dict[str, Any] = {"timestamp": now.wall, "cpus_limit": scalar(held, "cpus")}
        if memory := scalar(held, "mem"):
            statistics["mem_limit_bytes"] = int(memory * MB)
        usage = self.usage(container.container_id, container.launcher)
        if usage is not None:
            statistics.update(usage.statistics())
        return statistics

    # --- metrics ------------------------------------------------------------------------------------------------------

    def metrics(self, now: Now) -> dict[str, float]:
        info = self.core.settings.info
        offered, used = amounts.parse(info.resources), self._used()
        values: dict[str, float] = {
            "slave/uptime_secs": now.mono - self.started.mono,
            "slave/registered": float(self.core.membership.member),
            "slave/frameworks_active": float(len(self.core.frameworks)),
            "slave/executors_running": float(self._executors(Stage.RUNNING)),
            "slave/executors_registering": float(self._executors(Stage.INTENT, Stage.PREPARING, Stage.STARTING)),
            "slave/executors_terminating": float(self._executors(Stage.ENDING)),
            "slave/tasks_staging": float(self._in_stages(Stage.INTENT, Stage.PREPARING)),
            "slave/tasks_starting": float(self._in_stages(Stage.STARTING)),
            "slave/tasks_running": float(self._in_stages(Stage.RUNNING)),
        }
        for state in (
            TaskState.TASK_FINISHED,
            TaskState.TASK_FAILED,
            TaskState.TASK_KILLED,
            TaskState.TASK_LOST,
            TaskState.TASK_GONE,
            TaskState.TASK_DROPPED,
        ):
            values[f"slave/tasks_{state.value.removeprefix('TASK_').lower()}"] = float(self.core.counts.get(state, 0))
        for name in ("cpus", "mem", "disk", "gpus"):
            total, taken = (part.scalar(name) / amounts.THOUSANDTHS for part in (offered, used))
            values[f"slave/{name}_total"] = total
            values[f"slave/{name}_used"] = taken
            values[f"slave/{name}_percent"] = taken / total if total else 0.0
        return values | dict(self.fetched())

    def prometheus(self, now: Now, more: Mapping[str, float]) -> str:
        """`/metrics`: those, ``more``, and of each container that runs what its last sample says."""
        shown = []
        for task in _contained(self.core.tasks.values()):
            usage = self.samples.latest(task.container.container_id)
            if task.stage is Stage.RUNNING and usage is not None:
                shown.append(
                    Shown(
                        container_id=task.container.container_id,
                        framework_id=task.record.framework_id,
                        task_id=task.record.task_id,
                        usage=usage,
                        cpus=scalar(task.terms.resources, "cpus"),
                        memory=int(scalar(task.terms.resources, "mem") * MB),
                        unallocated=intervals.size(self.unallocated(task.container.container_id)),
                    )
                )
        return prometheus.text({**self.metrics(now), **more}, shown)

    def _in_stages(self, *stages: Stage) -> int:
        return sum(1 for task in self.core.tasks.values() if task.stage in stages)

    def _executors(self, *stages: Stage) -> int:
        """Those of command tasks, custom and default ones."""
        commands = sum(1 for task in _commands(self.core.tasks.values()) if task.stage in stages)
        return commands + sum(1 for one in self.core.executors.values() if one.container.stage in stages)


def executor_name(task: TaskInfo) -> str:
    """As Mesos names the executor of a command task."""
    command = task.command
    if command is None:
        return f"Command Executor (Task: {task.task_id.value})"
    if command.shell is not False:
        shown = "NO COMMAND" if command.value is None else f"sh -c '{_beginning(command.value)}'"
    elif command.value is None:
        shown = "NO EXECUTABLE"
    else:
        shown = f"[{_beginning(f'{command.value}, ' + ', '.join(command.arguments))}]"
    return f"Command Executor (Task: {task.task_id.value}) (Command: {shown})"


def _beginning(text: str) -> str:
    """Mesos counts bytes; unlike Mesos, this never ends within a character."""
    encoded = text.encode(errors="replace")
    return text if len(encoded) <= 15 else encoded[:12].decode(errors="ignore") + "..."


def unknown(framework_id: str) -> FrameworkInfo:
    """A framework whose checkpoint could not be read: readers need the fields, with any values."""
    return FrameworkInfo(id=FrameworkID(value=framework_id), user="", name="")


def _framework(info: FrameworkInfo) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": info.id.value if info.id else "",
        "name": info.name,
        "user": info.user,
        "failover_timeout": info.failover_timeout or 0.0,
        "checkpoint": bool(info.checkpoint),
        "hostname": info.hostname or "",
    }
    if info.principal is not None:
        shown["principal"] = info.principal
    if info.roles:
        shown["roles"] = info.roles
    else:
        shown["role"] = info.role or "*"
    return shown


def readable(tasks: Iterable[T]) -> Iterator[tuple[T, TaskInfo]]:
    """Each task with its TaskInfo. An unreadable one is left out, so that the view still shows the others."""
    for task in tasks:
        try:
            info = codec.decode(task.record.task, TaskInfo)
        except codec.DecodeError as error:
            log.error("task %r cannot be read and is left out of a view: %s", task.record.task_id, error)
            continue
        yield task, info


def _commands(tasks: Iterable[Task]) -> list[Task]:
    """Those that are command tasks: each with an executor and a container of its own."""
    return [task for task in tasks if task.own]


def _contained(tasks: Iterable[Task]) -> list[Task]:
    """Those that have a container of their own."""
    return [task for task in tasks if not task.custom]


def _is_launched(task: Task) -> bool:
    """Whether its executor has it."""
    return task.record.delivered if task.custom else task.stage not in (Stage.INTENT, Stage.PREPARING)


def _role(task: TaskInfo) -> str:
    return _role_of(task.resources)


def _role_of(resources: Sequence[Resource]) -> str:
    first = resources[0].allocation_info if resources else None
    return (first.role if first else None) or "*"


def _labels(task: TaskInfo | ExecutorInfo) -> dict[str, Any]:
    """A plain list, unlike in the messages; empty when the task has no labels."""
    return {} if task.labels is None else {"labels": msgspec.to_builtins(task.labels.labels)}


def _shown_status(status: TaskStatus) -> dict[str, Any]:
    shown: dict[str, Any] = {"state": status.state.value, "timestamp": status.timestamp or 0.0}
    if status.container_status is not None:
        shown["container_status"] = msgspec.to_builtins(status.container_status)
        shown["container_status"].pop("executor_pid", None)
    if status.labels is not None:
        shown["labels"] = msgspec.to_builtins(status.labels.labels)
    if status.healthy is not None:
        shown["healthy"] = status.healthy
    return shown


def _reserved(roles: Mapping[str, Resources]) -> dict[str, Any]:
    return {role: amounts.view([part]) for role, part in roles.items() if role != "*"}


def _full(resources: Resources) -> Any:
    return msgspec.to_builtins(amounts.wire(resources, Format.BOTH))
