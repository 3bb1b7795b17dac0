"""`dcos task log`: writes the files of one or several tasks to stdout, and follows them."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from dcos_runtime.cli.connection.patience import Patience
from dcos_runtime.cli.errors import CliError, report_all
from dcos_runtime.cli.kernel.master import Agent, Agents, ClusterState, Master, Task
from dcos_runtime.cli.kernel.sandbox import File, Missing, find_run
from dcos_runtime.cli.kernel.writers import JsonWriter, PlainWriter, Writer

POLL_SECONDS = 0.5
# Whether a task has ended is asked only after some rounds without new output: /state costs more than a read.
QUIET_ROUNDS = 4


@dataclass
class _Stream:
    """One task's file. ``file`` is None until its sandbox is known; ``problem`` is why it is ``done`` too early."""

    task: Task
    agent: Agent | None
    file: File | None = None
    quiet_rounds: int = 0
    # An agent that restarts keeps its tasks and their files, so --follow waits for it.
    patience: Patience = field(default_factory=Patience)
    done: bool = False
    problem: CliError | None = None

    def fail(self, problem: CliError) -> None:
        self.done = True
        self.problem = problem


class Logs:
    """The outputs of some tasks as one. Call `print_end`, perhaps `follow`, then `finish`."""

    def __init__(
        self,
        master: Master,
        agents: Agents,
        state: ClusterState,
        tasks: Sequence[Task],
        name: str,
        *,
        as_json: bool = False,
    ) -> None:
        self._master = master
        self._agents = agents
        self._name = name
        self._writer: Writer = JsonWriter(name) if as_json else PlainWriter(headers=len(tasks) > 1)
        self._streams = [_Stream(task, state.agents.get(task.agent_id)) for task in tasks]

    def print_end(self, lines: int, *, follow: bool) -> None:
        """The last lines of each file. With ``follow``, a sandbox that is not there yet may still come."""
        for stream in self._streams:
            try:
                file = self._open(stream)
                self._writer.write(stream.task, [file.tail(lines)])
            except Missing as error:
                if not follow or stream.task.ended:
                    stream.fail(error)
            except CliError as error:
                stream.fail(error)

    def follow(self) -> None:
        """Writes what is appended, until every task has ended."""
        while not all(stream.done for stream in self._streams):
            time.sleep(POLL_SECONDS)
            for stream in self._streams:
                if not stream.done:
                    self._round(stream)

    def finish(self) -> None:
        """Reports what could not be read. Raises `CliError` when there was any."""
        self._writer.finish()
        report_all([stream.problem for stream in self._streams if stream.problem])

    def _open(self, stream: _Stream) -> File:
        if stream.agent is None:
            raise CliError(
                f"the agent of task {stream.task.id} is not registered with the master",
                details=[f"agent {stream.task.agent_id}"] if stream.task.agent_id else (),
                hints=["a sandbox stays on its machine, and can be read when the agent is back: dcos node list"],
            )
        run = find_run(self._agents, stream.agent, stream.task)
        stream.file = File(self._agents, stream.agent, f"{run.directory}/{self._name}")
        return stream.file

    def _round(self, stream: _Stream) -> None:
        try:
            stream.patience.ask(lambda: self._look(stream))
        except CliError as error:
            stream.fail(error)

    def _look(self, stream: _Stream) -> None:
        try:
            self._copy_or_ask(stream)
        except Missing:
            if self._ended(stream):
                self._finish(stream)

    def _copy_or_ask(self, stream: _Stream) -> None:
        file = stream.file or self._open(stream)
        if self._writer.write(stream.task, file.appended()):
            stream.quiet_rounds = 0
            return
        stream.quiet_rounds += 1
        if stream.quiet_rounds >= QUIET_ROUNDS:
            stream.quiet_rounds = 0
            if self._ended(stream):
                self._finish(stream)

    def _finish(self, stream: _Stream) -> None:
        """Prints what came between the last look and the end; a sandbox may have appeared, and its task ended, in
        between.
        """
        try:
            file = stream.file or self._open(stream)
            self._writer.write(stream.task, file.appended())
            stream.done = True
        except Missing as error:
            stream.fail(error)

    def _ended(self, stream: _Stream) -> bool:
        """The agent knows first. The master knows tasks that never got a sandbox."""
        try:
            if stream.agent is not None:
                return find_run(self._agents, stream.agent, stream.task).ended
        except Missing:
            pass
        return all(task.id != stream.task.id or task.ended for task in self._master.state().tasks())
