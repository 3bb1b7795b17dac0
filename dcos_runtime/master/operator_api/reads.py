"""Calls that change nothing: what the master is, what it knows of agents, frameworks and tasks."""

from __future__ import annotations

from functools import partial

from dcos_runtime import operating
from dcos_runtime.core.resources import THOUSANDTHS
from dcos_runtime.master.core import operations, shown
from dcos_runtime.master.core.state import State
from dcos_runtime.master.operator_api.asked import Answer, Calls, OperatorCall
from dcos_runtime.master.operator_api.large import LargeMessage, Listed
from dcos_runtime.operating import NotPossible
from dcos_runtime.wire.common import FrameworkID, Value
from dcos_runtime.wire.master import Call, Response
from dcos_runtime.wire.operators import Role
from dcos_runtime.wire.resources import Resource

_T = Response.Type


# --- the master ------------------------------------------------------------------------------------------------------


async def _health(asked: OperatorCall) -> Answer:
    return Response(type=_T.GET_HEALTH, get_health=Response.GetHealth(healthy=True))


async def _flags(asked: OperatorCall) -> Answer:
    flags = operating.flags(asked.position.flags)
    return Response(type=_T.GET_FLAGS, get_flags=Response.GetFlags(flags=flags))


async def _version(asked: OperatorCall) -> Answer:
    version = operating.version(shown.VERSION)
    return Response(type=_T.GET_VERSION, get_version=Response.GetVersion(version_info=version))


async def _metrics(asked: OperatorCall) -> Answer:
    """At once: nothing is waited for, whatever timeout the call names."""
    metrics = operating.metrics(asked.position.measured())
    return Response(type=_T.GET_METRICS, get_metrics=Response.GetMetrics(metrics=metrics))


async def _logging_level(asked: OperatorCall) -> Answer:
    level = Response.GetLoggingLevel(level=asked.position.level.now)
    return Response(type=_T.GET_LOGGING_LEVEL, get_logging_level=level)


async def _set_logging_level(asked: OperatorCall) -> Answer:
    wanted = asked.wants(Call.SetLoggingLevel)
    asked.position.level.set(wanted.level, wanted.duration.nanoseconds / 1e9)
    return 200


async def _master(asked: OperatorCall) -> Answer:
    found = Response.GetMaster(
        master_info=asked.state.settings.master,
        start_time=asked.state.started_at,
        elected_time=asked.shell.elected_at,
    )
    return Response(type=_T.GET_MASTER, get_master=found)


async def _no_file(asked: OperatorCall) -> Answer:
    """A master shows no files: it logs to stderr. A Mesos without ``--log_dir`` has none either."""
    raise NotPossible(404, "")


# --- what it knows ---------------------------------------------------------------------------------------------------


def tasks_of(state: State) -> LargeMessage:
    known, gone = list(state.frameworks.values()), list(state.completed.values())
    tasks = [task for framework in known for task in framework.tasks.values()]
    unreachable = [task for framework in known for task in framework.unreachable.values()]
    completed = [task for framework in (*known, *gone) for task in framework.completed]
    fields = {"tasks": tasks, "unreachable_tasks": unreachable, "completed_tasks": completed}
    return LargeMessage(Response.GetTasks, {name: Listed(found, shown.task) for name, found in fields.items()})


def executors_of(state: State) -> LargeMessage:
    found = [executor for agent in state.agents.values() for executor in agent.all_executors()]
    return LargeMessage(Response.GetExecutors, {"executors": Listed(found, shown.executor)})


def frameworks_of(state: State) -> LargeMessage:
    view = partial(shown.framework, state)
    fields = {
        "frameworks": Listed(list(state.frameworks.values()), view),
        "completed_frameworks": Listed(list(state.completed.values()), view),
    }
    return LargeMessage(Response.GetFrameworks, fields)


def agents_of(state: State) -> LargeMessage:
    recovered = [shown.known_agent(agent_id, absent.info) for agent_id, absent in state.recovering.items()]
    fields = {
        "agents": Listed(list(state.agents.values()), partial(shown.agent, state)),
        "recovered_agents": Listed(recovered, lambda info: info),
    }
    return LargeMessage(Response.GetAgents, fields)


def state_of(state: State) -> LargeMessage:
    fields = {
        "get_tasks": tasks_of(state),
        "get_executors": executors_of(state),
        "get_frameworks": frameworks_of(state),
        "get_agents": agents_of(state),
    }
    return LargeMessage(Response.GetState, fields)


async def _tasks(asked: OperatorCall) -> Answer:
    return LargeMessage(Response, {"type": _T.GET_TASKS, "get_tasks": tasks_of(asked.state)})


async def _executors(asked: OperatorCall) -> Answer:
    return LargeMessage(Response, {"type": _T.GET_EXECUTORS, "get_executors": executors_of(asked.state)})


async def _frameworks(asked: OperatorCall) -> Answer:
    return LargeMessage(Response, {"type": _T.GET_FRAMEWORKS, "get_frameworks": frameworks_of(asked.state)})


async def _agents(asked: OperatorCall) -> Answer:
    return LargeMessage(Response, {"type": _T.GET_AGENTS, "get_agents": agents_of(asked.state)})


async def _state(asked: OperatorCall) -> Answer:
    return LargeMessage(Response, {"type": _T.GET_STATE, "get_state": state_of(asked.state)})


async def _operations(asked: OperatorCall) -> Answer:
    known = [one for agent in asked.state.agents.values() for one in agent.operations.values()]
    fields = {"operations": Listed(known, operations.shown)} if known else {}  # Mesos leaves an empty list out here
    found = LargeMessage(Response.GetOperations, fields)
    return LargeMessage(Response, {"type": _T.GET_OPERATIONS, "get_operations": found})


# --- roles -----------------------------------------------------------------------------------------------------------


async def _roles(asked: OperatorCall) -> Answer:
    """With what tasks and offers of each role hold; only the scalars of that are told."""
    scalars = {kind.name for agent in asked.state.agents.values() for kind, _ in agent.total.scalar_amounts()}
    roles = [
        Role(
            name=one.name,
            weight=one.weight,
            frameworks=[FrameworkID(value=framework_id) for framework_id in one.frameworks],
            resources=[_scalar(name, held) for name, held in sorted(one.held.items()) if held and name in scalars],
        )
        for one in asked.position.viewer().known_roles()
    ]
    return Response(type=_T.GET_ROLES, get_roles=Response.GetRoles(roles=roles))


def _scalar(name: str, thousandths: int) -> Resource:
    return Resource(name=name, type=Value.Type.SCALAR, scalar=Value.Scalar(value=thousandths / THOUSANDTHS))


CALLS: Calls = {
    Call.Type.GET_HEALTH: _health,
    Call.Type.GET_FLAGS: _flags,
    Call.Type.GET_VERSION: _version,
    Call.Type.GET_METRICS: _metrics,
    Call.Type.GET_LOGGING_LEVEL: _logging_level,
    Call.Type.SET_LOGGING_LEVEL: _set_logging_level,
    Call.Type.LIST_FILES: _no_file,
    Call.Type.READ_FILE: _no_file,
    Call.Type.GET_STATE: _state,
    Call.Type.GET_AGENTS: _agents,
    Call.Type.GET_FRAMEWORKS: _frameworks,
    Call.Type.GET_EXECUTORS: _executors,
    Call.Type.GET_OPERATIONS: _operations,
    Call.Type.GET_TASKS: _tasks,
    Call.Type.GET_ROLES: _roles,
    Call.Type.GET_MASTER: _master,
}
