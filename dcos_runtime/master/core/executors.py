"""Custom executors: what they hold on their agents, and the words between them and their frameworks.

An executor is known from the launch of its first task until its agent says that it is gone. Its resources are held
beside those of its tasks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import Resources
from dcos_runtime.master.core.arrivals import ReportedExecutor
from dcos_runtime.master.core.records import Agent, Executor, Framework
from dcos_runtime.master.core.state import State
from dcos_runtime.wire import internal
from dcos_runtime.wire.common import AgentID, ExecutorID
from dcos_runtime.wire.scheduler import Call, Event


def add(state: State, framework: Framework, agent: Agent, executor: Executor) -> None:
    """A new one, of an accepted offer: the allocator knows the allocation already."""
    agent.executors.setdefault(framework.id, {})[executor.id] = executor
    agent.weight += executor.weight
    state.hold(framework, agent, executor.resources)


def remove(state: State, agent: Agent, executor: Executor) -> None:
    """It is gone: its resources are free."""
    its = agent.executors[executor.framework_id]
    del its[executor.id]
    if not its:
        del agent.executors[executor.framework_id]
    agent.weight -= executor.weight
    state.release(state.frameworks.get(executor.framework_id), agent, executor)


def remove_all(state: State, agent: Agent, framework_id: str | None = None) -> None:
    """Those of one framework, or all."""
    for executor in agent.all_executors():
        if framework_id in (None, executor.framework_id):
            remove(state, agent, executor)


def reported(state: State, agent: Agent, arrived: Iterable[ReportedExecutor]) -> None:
    """Takes over what an agent says of its executors when it connects: others are gone."""
    found = {(one.framework_id, one.executor_id): one for one in arrived if one.framework_id not in state.completed}
    for executor in agent.all_executors():
        if (executor.framework_id, executor.id) not in found:
            remove(state, agent, executor)
    charged: dict[tuple[str, str], list[Resources]] = defaultdict(list)
    for (framework_id, executor_id), one in found.items():
        if agent.executor(framework_id, executor_id) is not None:
            continue
        framework = state.frameworks.get(framework_id)
        role = one.role or (min(framework.roles, default="*") if framework is not None else "*")
        executor = Executor(executor_id, framework_id, agent.id, role, one.resources, one.info, len(one.info))
        agent.executors.setdefault(framework_id, {})[executor_id] = executor
        agent.weight += executor.weight
        agent.used = agent.used + one.resources
        if framework is not None:
            framework.used.add(agent.id, one.resources)
        charged[framework_id, role].append(one.resources)
    for (framework_id, role), parts in charged.items():
        state.allocator.charge(framework_id, role, agent.id, amounts.total(parts))


# --- from agents -----------------------------------------------------------------------------------------------------


def gone(state: State, agent: Agent, message: internal.ExecutorGone) -> None:
    """The agent says that the executor has ended: its framework is told."""
    state.counters["master/messages_exited_executor"] += 1
    executor = agent.executor(message.framework_id, message.executor_id)
    if executor is None:
        return
    remove(state, agent, executor)
    framework = state.frameworks.get(message.framework_id)
    if framework is not None:
        failure = Event.Failure(
            agent_id=AgentID(value=agent.id),
            executor_id=ExecutorID(value=executor.id),
            status=message.status,
        )
        state.send(framework, Event(type=Event.Type.FAILURE, failure=failure))


def said(state: State, agent: Agent, message: internal.FromExecutor) -> None:
    """Data of an executor for its framework."""
    state.counters["master/messages_executor_to_framework"] += 1
    framework = state.frameworks.get(message.framework_id)
    delivered = False
    if framework is not None:
        said = Event.Message(
            agent_id=AgentID(value=agent.id), executor_id=ExecutorID(value=message.executor_id), data=message.data
        )
        delivered = state.send(framework, Event(type=Event.Type.MESSAGE, message=said))
    state.counters[f"master/{'valid' if delivered else 'invalid'}_executor_to_framework_messages"] += 1


# --- from frameworks -------------------------------------------------------------------------------------------------


def tell(state: State, framework: Framework, call: Call.Message) -> None:
    """Data of a framework for an executor; without a word if it cannot be delivered, as in Mesos."""
    agent = state.agents.get(call.agent_id.value)
    sent = (
        agent is not None
        and agent.version >= internal.WITH_EXECUTORS
        and state.send_to_agent(
            agent,
            internal.ToExecutor,
            framework_id=framework.id,
            executor_id=call.executor_id.value,
            data=call.data,
        )
    )
    state.counters[f"master/{'valid' if sent else 'invalid'}_framework_to_executor_messages"] += 1


def shut_down(state: State, framework: Framework, call: Call.Shutdown) -> None:
    """Ends an executor, with all its tasks."""
    agent = state.agents.get(call.agent_id.value)
    if agent is not None and agent.version >= internal.WITH_EXECUTORS:
        state.send_to_agent(
            agent, internal.ShutdownExecutor, framework_id=framework.id, executor_id=call.executor_id.value
        )
