"""`dcos ps --processes`: the processes of tasks and their threads, read from the agents and shown as trees."""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from dcos_runtime.cli import output
from dcos_runtime.cli.errors import CliError, report_all
from dcos_runtime.cli.kernel.master import Agent, Agents, ClusterState, Task
from dcos_runtime.cli.kernel.sandbox import Missing, answered, find_run
from dcos_runtime.counting import counted

INTERVAL = "500ms"
"""Over which an agent measures who uses processors."""

DEEPEST = 16
"""Deeper processes stand no further to the right: their depth is shown as a number."""

MIB = 1 << 20

_HEADERS = ("PID", "INSIDE", "USER", "STATE", "CPU", "TIME", "RSS", "PSS", "THREADS", "COMMAND")
_NO_SUCH_PATH = "404 Not Found."


class _Timed(msgspec.Struct, kw_only=True):
    name: str
    state: str
    cpus_user_time_secs: float
    cpus_system_time_secs: float
    cpus: float | None = None

    @property
    def used(self) -> tuple[str, str]:
        """The cells CPU and TIME."""
        share = "" if self.cpus is None else output.number(self.cpus)
        return share, f"{self.cpus_user_time_secs + self.cpus_system_time_secs:.2f}"


class _Thread(_Timed, kw_only=True):
    tid: int


class _Process(_Timed, kw_only=True):
    pid: int
    pid_inside: int
    ppid: int
    user: str
    mem_rss_bytes: int
    mem_pss_bytes: int | None = None
    threads: int
    command: list[str]
    command_cut: bool = False
    thread_list: list[_Thread] = []

    @property
    def said(self) -> str:
        """Its command line, or its name as ps(1) writes it where there is none."""
        if not self.command:
            return f"[{_printable(self.name)}]" + (" <defunct>" if self.state == "Z" else "")
        return " ".join(map(_printable, self.command)) + (" ..." if self.command_cut else "")


class _Answer(msgspec.Struct, kw_only=True):
    processes: list[_Process]
    processes_left_out: int = 0
    threads_left_out: int = 0


def show(agents: Agents, state: ClusterState, tasks: Sequence[Task], *, threads: bool, as_json: bool) -> None:
    """Prints the processes of each task. Those that cannot be read hide no others. Raises `CliError` for the last."""
    answers: list[Mapping[str, Any]] = []
    problems: list[CliError] = []
    for task in tasks:
        try:
            raw = _read(agents, state.agents.get(task.agent_id), task, threads)
            if as_json:
                answers.append({"task_id": task.id, "task_name": task.name, "hostname": task.host, **raw})
            else:
                _print(task, msgspec.convert(raw, _Answer), headed=len(tasks) > 1)
        except msgspec.ValidationError as error:
            problems.append(CliError(f"the agent {task.host} does not tell processes as agents do: {error}"))
        except CliError as error:
            problems.append(error)
    if as_json:
        output.print_json(answers)
    report_all(problems)


def _read(agents: Agents, agent: Agent | None, task: Task, threads: bool) -> Mapping[str, Any]:
    if agent is None:
        raise CliError(
            f"the agent of task {task.id} is not registered with the master",
            details=[f"agent {task.agent_id}"] if task.agent_id else (),
            hints=["its processes can be read when the agent is back: dcos node list"],
        )
    try:
        run = find_run(agents, agent, task)
    except Missing as error:
        raise CliError(
            f"agent {agent.hostname} does not run task {task.id}",
            hints=["one that was just launched has no processes yet: try again in some seconds"],
        ) from error
    asked = {"container_id": run.container_id, "interval": INTERVAL, "threads": "true" if threads else "false"}
    response = agents.get(agent, f"/{agent.process}/containers/processes?{urllib.parse.urlencode(asked)}")
    if response.status != 404:
        return answered(response)
    if response.text() == _NO_SUCH_PATH and not run.ended:
        raise CliError(
            f"agent {agent.hostname} cannot tell the processes of task {task.id}",
            details=["its version of dcos is older than that of this command"],
            hints=["a deploy brings the cluster to one version: dcos-installer deploy"],
        )
    raise CliError(
        f"task {task.id} has ended: it has no processes", hints=[f"what it printed: dcos task log {task.id}"]
    )


def _print(task: Task, found: _Answer, *, headed: bool) -> None:
    if headed:
        output.print_line(f"===> {task.id} <===")
    rows: list[tuple[str, ...]] = []
    for process, depth in tree(found.processes):
        memory = [_mib(process.mem_rss_bytes), "" if process.mem_pss_bytes is None else _mib(process.mem_pss_bytes)]
        who = (str(process.pid), str(process.pid_inside), process.user, process.state)
        rows.append((*who, *process.used, *memory, str(process.threads), _indented(process.said, depth)))
        for thread in process.thread_list:
            name = _indented(f"{{{_printable(thread.name)}}}", depth + 1)
            rows.append((str(thread.tid), "", "", thread.state, *thread.used, "", "", "", name))
    output.print_table(_HEADERS, rows)
    if found.processes_left_out or found.threads_left_out:
        left = (
            f"{counted(found.processes_left_out, 'process', 'processes')}, {counted(found.threads_left_out, 'thread')}"
        )
        output.print_note(f"{task.id}: more runs than an agent reports at once; not shown: {left}")


def tree(processes: Sequence[_Process]) -> Iterator[tuple[_Process, int]]:
    """Each process after its parent, with its depth. One whose parent is not among them is a root."""
    known = {process.pid for process in processes}
    children: dict[int, list[_Process]] = {}
    for process in processes:
        children.setdefault(process.ppid if process.ppid in known else 0, []).append(process)
    waiting = [(process, 0) for process in reversed(children.pop(0, []))]
    while waiting:
        process, depth = waiting.pop()
        yield process, depth
        waiting += [(child, depth + 1) for child in reversed(children.pop(process.pid, []))]


def _indented(text: str, depth: int) -> str:
    if depth == 0:
        return text
    return "  " * (min(depth, DEEPEST) - 1) + (rf"\_ {text}" if depth <= DEEPEST else rf"\_ ({depth}) {text}")


def _mib(count: int) -> str:
    return f"{count / MIB:.1f}"


def _printable(text: str) -> str:
    """Bytes that are no UTF-8 came as lone surrogates; they are shown as bytes."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
