"""`dcos task metrics`: what the containers of tasks use, as their agents measure it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dcos_runtime.cli import output
from dcos_runtime.cli.connection.http import NotJson
from dcos_runtime.cli.errors import CliError, report_all
from dcos_runtime.cli.kernel.master import Agent, Agents, ClusterState, Task
from dcos_runtime.cli.kernel.sandbox import Missing, find_run

INTERVAL_SECONDS = 0.5
"""Between the two looks that tell how many processors are in use."""

MIB = 1 << 20

_CONTAINERS = {"type": "GET_CONTAINERS", "get_containers": {"show_nested": True}}
_CPU = ("cpus_user_time_secs", "cpus_system_time_secs")

Statistics = Mapping[str, Any]


class _Containers:
    """What agents tell of their containers, each asked once."""

    def __init__(self, agents: Agents) -> None:
        self._agents = agents
        self._known: dict[str, Mapping[str, Statistics]] = {}

    def statistics(self, agent: Agent, container_id: str) -> Statistics | None:
        """None: the agent knows no such container. Raises `CliError`."""
        if agent.id not in self._known:
            self._known[agent.id] = self._ask(agent)
        return self._known[agent.id].get(container_id)

    def _ask(self, agent: Agent) -> Mapping[str, Statistics]:
        response = self._agents.call(agent, _CONTAINERS)
        if response.status != 200:
            said = response.complaint() or "nothing"
            raise CliError(f"{response.url} answered {response.status}: {said}")
        try:
            containers = response.json()["get_containers"].get("containers", [])
            return {_id(one["container_id"]): one.get("resource_statistics", {}) for one in containers}
        except (NotJson, KeyError, TypeError, AttributeError) as error:
            raise CliError(f"{response.url} does not tell of containers as agents do: {error}") from error


def _id(container_id: Any) -> str:
    """With those of the containers that it is in before it, as an agent's paths have it."""
    parts = []
    while container_id:
        parts.append(str(container_id["value"]))
        container_id = container_id.get("parent")
    return ".".join(reversed(parts))


def show_summary(agents: Agents, state: ClusterState, tasks: Sequence[Task], *, as_json: bool) -> None:
    """One line a task. Those that cannot be read hide no others. Raises `CliError` for the last."""
    runs, problems = _runs(agents, state, tasks)
    first = _looked(agents, runs, problems)
    time.sleep(INTERVAL_SECONDS if first else 0.0)
    rows, answers = [], []
    for task, now in _looked(agents, [run for run in runs if run[0].id in first], problems).items():
        cpus = _used(first[task], now)
        used = {
            "cpus": cpus,
            "cpus_limit": now.get("cpus_limit"),
            "mem_bytes": now.get("mem_total_bytes", now.get("mem_rss_bytes")),
            **{name: now.get(name) for name in ("mem_limit_bytes", "disk_used_bytes", "disk_limit_bytes")},
        }
        answers.append({"task_id": task, **{name: value for name, value in used.items() if value is not None}})
        rows.append(
            (
                _of(used["cpus"], used["cpus_limit"], output.number),
                _of(used["mem_bytes"], used["mem_limit_bytes"], _mib),
                _of(used["disk_used_bytes"], used["disk_limit_bytes"], _mib),
                task,
            )
        )
    if as_json:
        output.print_json(answers)
    elif rows:
        output.print_table(("CPU", "MEM", "DISK", "ID"), rows)
    report_all(problems)


def show_details(agents: Agents, state: ClusterState, tasks: Sequence[Task], *, as_json: bool) -> None:
    """All figures of each task. Those that cannot be read hide no others. Raises `CliError` for the last."""
    runs, problems = _runs(agents, state, tasks)
    found = _looked(agents, runs, problems)
    if as_json:
        hosts = {task.id: task.host for task in tasks}
        output.print_json([{"task_id": task, "hostname": hosts[task], **figures} for task, figures in found.items()])
    else:
        for task, figures in found.items():
            if len(found) > 1:
                output.print_line(f"===> {task} <===")
            output.print_table(("NAME", "VALUE"), [(name, _figure(value)) for name, value in sorted(figures.items())])
    report_all(problems)


_Run = tuple[Task, Agent, str]


def _runs(agents: Agents, state: ClusterState, tasks: Sequence[Task]) -> tuple[list[_Run], list[CliError]]:
    """The tasks with their agents and the ids of their containers."""
    runs: list[_Run] = []
    problems: list[CliError] = []
    for task in tasks:
        agent = state.agents.get(task.agent_id)
        if agent is None:
            hint = "it can be asked when the agent is back: dcos node list"
            problems.append(CliError(f"the agent of task {task.id} is not registered with the master", hints=[hint]))
            continue
        try:
            runs.append((task, agent, find_run(agents, agent, task).container_id))
        except Missing:
            problems.append(_not_there(agent, task))
        except CliError as error:
            problems.append(error)
    return runs, problems


def _looked(agents: Agents, runs: Sequence[_Run], problems: list[CliError]) -> dict[str, Statistics]:
    """The figures by task; what cannot be read is added to the problems."""
    containers, found = _Containers(agents), {}
    for task, agent, container_id in runs:
        try:
            figures = containers.statistics(agent, container_id)
        except CliError as error:
            problems.append(error)
            continue
        if figures is None:
            problems.append(_not_there(agent, task))
        else:
            found[task.id] = figures
    return found


def _not_there(agent: Agent, task: Task) -> CliError:
    hint = "one that was just launched has no container yet: try again in some seconds"
    return CliError(f"agent {agent.hostname} does not run task {task.id}", hints=[hint])


def _used(first: Statistics, then: Statistics) -> float | None:
    """Processors in use between two looks."""
    seconds = then.get("timestamp", 0.0) - first.get("timestamp", 0.0)
    if seconds <= 0 or not all(name in look for name in _CPU for look in (first, then)):
        return None
    spent: float = sum(then[name] - first[name] for name in _CPU)
    share: float = spent / seconds
    return max(share, 0.0)


def _of(used: float | None, limit: float | None, shown: Callable[[float], str]) -> str:
    known = output.NOTHING if used is None else shown(used)
    return known if limit is None else f"{known}/{shown(limit)}"


def _mib(count: float) -> str:
    return output.number(round(count / MIB, 1))


def _figure(value: Any) -> str:
    return output.number(value) if isinstance(value, float) else str(value)
