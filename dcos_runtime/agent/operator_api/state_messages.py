"""What the agent shows of itself in the messages of its operator API."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from dcos_runtime import operating
from dcos_runtime.agent.core import container_ids
from dcos_runtime.agent.core.core import AgentCore
from dcos_runtime.agent.core.records import NestedRecord, Stage
from dcos_runtime.agent.files import group_name, user_name
from dcos_runtime.agent.operator_api.commands import RunningCommand
from dcos_runtime.agent.views import VERSION, Listed, executor_name, readable, unknown
from dcos_runtime.wire import tasks as wire
from dcos_runtime.wire.agent import Response
from dcos_runtime.wire.common import AgentID, ExecutorID, FrameworkID, TaskID, TimeInfo
from dcos_runtime.wire.containers import ContainerStatus
from dcos_runtime.wire.operators import FileInfo
from dcos_runtime.wire.statistics import ResourceStatistics
from dcos_runtime.wire.tasks import ExecutorInfo, TaskInfo, TaskState
from dcos_runtime.wire.withheld import check_without_secrets, without_secrets

_Shown = Response.GetContainers.Container


def version() -> Response.GetVersion:
    return Response.GetVersion(version_info=operating.version(VERSION))


def flags(given: Mapping[str, str]) -> Response.GetFlags:
    return Response.GetFlags(flags=operating.flags(given))


def metrics(values: Mapping[str, float]) -> Response.GetMetrics:
    return Response.GetMetrics(metrics=operating.metrics(values))


def files(entries: Iterable[tuple[str, os.stat_result]]) -> Response.ListFiles:
    return Response.ListFiles(
        file_infos=[
            FileInfo(
                path=path,
                nlink=state.st_nlink,
                size=state.st_size,
                mtime=TimeInfo(nanoseconds=int(state.st_mtime) * 1_000_000_000),
                mode=state.st_mode,
                uid=user_name(state),
                gid=group_name(state),
            )
            for path, state in entries
        ]
    )


def agent(core: AgentCore) -> Response.GetAgent:
    info, since = core.settings.info, core.agent.drain_since
    return Response.GetAgent(
        agent_info=replace(info, id=AgentID(value=core.agent.id)) if core.agent.id else info,
        drain_config=core.agent.drain,
        estimated_drain_start_time=TimeInfo(nanoseconds=int(since) * 10**9) if since is not None else None,
    )


def state(core: AgentCore) -> Response.GetState:
    return Response.GetState(get_tasks=tasks(core), get_executors=executors(core), get_frameworks=frameworks(core))


def frameworks(core: AgentCore) -> Response.GetFrameworks:
    return Response.GetFrameworks(
        frameworks=[Response.GetFrameworks.Framework(framework_info=info) for info in core.frameworks.values()],
        completed_frameworks=[
            Response.GetFrameworks.Framework(framework_info=past.info or unknown(framework_id))
            for framework_id, past in core.history.frameworks()
        ],
    )


def executors(core: AgentCore) -> Response.GetExecutors:
    return Response.GetExecutors(
        executors=[
            *(_executor(entry, info) for entry, info in readable(core.tasks.values()) if entry.own),
            *(_custom(executor.info) for executor in core.executors.values()),
        ],
        completed_executors=[
            *(_executor(entry, info) for entry, info in readable(core.history.tasks()) if entry.own),
            *map(_custom, core.history.customs()),
        ],
    )


def _custom(info: ExecutorInfo) -> Response.GetExecutors.Executor:
    """Without its command, whose variables may be secrets, its data, and secrets of its container."""
    container = without_secrets(info.container) if info.container is not None else None
    return Response.GetExecutors.Executor(executor_info=replace(info, command=None, data=None, container=container))


def _executor(entry: Listed, info: TaskInfo) -> Response.GetExecutors.Executor:
    record = entry.record
    return Response.GetExecutors.Executor(
        executor_info=ExecutorInfo(
            executor_id=ExecutorID(value=record.executor_id),
            framework_id=FrameworkID(value=record.framework_id),
            name=executor_name(info),
            source=record.task_id,
        )
    )


def tasks(core: AgentCore) -> Response.GetTasks:
    """Those that wait for their container are *queued*; those whose end was not acknowledged yet are *terminated*."""
    queued: list[wire.Task] = []
    launched: list[wire.Task] = []
    terminated: list[wire.Task] = []
    for entry, info in readable(core.tasks.values()):
        stage = entry.stage
        waiting = stage in (Stage.INTENT, Stage.PREPARING)
        place = queued if waiting else terminated if stage is Stage.ENDED else launched
        place.append(_task(core, entry, info))
    return Response.GetTasks(
        queued_tasks=queued,
        launched_tasks=launched,
        terminated_tasks=terminated,
        completed_tasks=[_task(core, entry, info) for entry, info in readable(core.history.tasks())],
    )


def _task(core: AgentCore, entry: Listed, info: TaskInfo) -> wire.Task:
    record = entry.record
    return wire.Task(
        name=info.name,
        executor_id=ExecutorID(value=record.executor_id) if not entry.own else None,
        task_id=TaskID(value=record.task_id),
        framework_id=FrameworkID(value=record.framework_id),
        agent_id=AgentID(value=core.agent.id or ""),
        state=record.state,
        resources=info.resources,
        statuses=list(record.history),
        status_update_state=record.status.state if record.status else None,
        status_update_uuid=record.status.uuid if record.status else None,
        labels=info.labels,
        discovery=info.discovery,
        container=without_secrets(info.container) if info.container is not None else None,
        health_check=check_without_secrets(info.health_check) if info.health_check is not None else None,
        kill_policy=info.kill_policy,
        user=info.command.user if info.command else None,
        limits=info.limits,
    )


def termination(record: NestedRecord | None) -> dict[str, Any]:
    """How a nested container ended, beside its exit status, as fields of the answer of a wait."""
    if record is None or not (record.reason or record.message):
        return {}
    failed = TaskState.TASK_FAILED if record.reason is not None else None
    return {"state": failed, "reason": record.reason, "message": record.message, "limitation": record.limitation}


def _owner(shown: Mapping[str, Any]) -> dict[str, Any]:
    """A standalone container has none."""
    if not shown["framework_id"]:
        return {}
    return {
        "framework_id": FrameworkID(value=shown["framework_id"]),
        "executor_id": ExecutorID(value=shown["executor_id"]),
        "executor_name": shown["executor_name"],
    }


def containers(shown: Iterable[Mapping[str, Any]], commands: Iterable[RunningCommand]) -> Response.GetContainers:
    """``shown``: as in `/containers`."""
    return Response.GetContainers(
        containers=[
            *(
                _Shown(
                    **_owner(one),
                    container_id=container_ids.message(one["container_id"]),
                    container_status=msgspec.convert(one["status"], ContainerStatus) if one["status"] else None,
                    resource_statistics=msgspec.convert(one["statistics"], ResourceStatistics),
                )
                for one in shown
            ),
            *(
                _Shown(
                    container_id=command.container_id,
                    container_status=ContainerStatus(
                        container_id=command.container_id, executor_pid=command.session.pid
                    ),
                )
                for command in commands
            ),
        ]
    )
