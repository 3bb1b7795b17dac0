"""`dcos task` and `dcos ps`: what runs where, of which processes, what it prints; and commands in tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import Function, as_the_master_knows, only_ids
from dcos_runtime.cli.tree import CommandTree, LazyCommand, Leaf

if TYPE_CHECKING:
    from dcos_runtime.cli.kernel.master import Agent, Task


@click.group(
    cls=CommandTree,
    default="list",
    entries={
        "metrics": LazyCommand(
            "dcos_runtime.cli.commands.task_metrics", "metrics", "Show what the containers of tasks use."
        ),
    },
)
def task() -> None:
    """Show tasks and what they print, and run commands in them."""


def _listing(function: Function) -> Function:
    """What is listed, and how."""
    for declare in (
        as_the_master_knows,
        only_ids,
        click.option("--completed", is_flag=True, help="Only tasks that have ended."),
        click.option("--all", "everything", is_flag=True, help="Tasks that have ended too."),
        click.argument("pattern", metavar="[TASK]", required=False),
    ):
        function = declare(function)
    return function


def _list(
    invocation: Invocation, pattern: str | None, everything: bool, completed: bool, quiet: bool, as_json: bool
) -> None:
    from dcos_runtime.cli import output
    from dcos_runtime.cli.tasks import matching

    if everything and completed:
        raise click.UsageError("--all and --completed exclude each other")
    found = invocation.master.state().tasks(active=not completed, completed=everything or completed)
    if pattern is not None:
        found = matching(found, pattern)
    if as_json:
        output.print_json([{**one.raw, "user": one.user, "hostname": one.host or None} for one in found])
    elif quiet:
        for one in found:
            output.print_line(one.id)
    else:
        output.print_table(
            ("NAME", "HOST", "USER", "STATE", "ID", "CPUS", "MEM"),
            [
                (one.name, one.host, one.user, one.state, one.id, output.number(one.cpus), output.number(one.mem))
                for one in found
            ],
        )


@task.command("list")
@_listing
@pass_invocation
def list_tasks(
    invocation: Invocation, pattern: str | None, everything: bool, completed: bool, quiet: bool, as_json: bool
) -> None:
    """List what runs, where, as whom, with the cpus and the memory (MiB) it asked for.

    TASK limits the list to ids that contain it; it may be a pattern with * and ?, or an app's id such as /web.
    """
    _list(invocation, pattern, everything, completed, quiet, as_json)


@click.command(cls=Leaf)
@_listing
@click.option("--processes", is_flag=True, help="The processes of TASK, as a tree.")
@click.option("--threads", is_flag=True, help="The processes of TASK with their threads.")
@pass_invocation
def ps(
    invocation: Invocation,
    pattern: str | None,
    everything: bool,
    completed: bool,
    quiet: bool,
    as_json: bool,
    processes: bool,
    threads: bool,
) -> None:
    """List what runs, where, as whom, or the processes of a task.

    TASK limits the list to ids that contain it; it may be a pattern with * and ?, or an app's id such as /web.

    With --processes or --threads: PID is a process's number on its host, INSIDE in its container; RSS and PSS are MiB
    of memory, PSS what is its own and its part of what it shares; CPU is the number of processors in use, TIME
    processor time so far in seconds; STATE is a letter as in ps(1).
    """
    if not processes and not threads:
        _list(invocation, pattern, everything, completed, quiet, as_json)
        return
    from dcos_runtime.cli.kernel.processes import show
    from dcos_runtime.cli.tasks import select_running

    if pattern is None:
        raise click.UsageError("--processes and --threads need a TASK; '*' means every one")
    if everything or completed or quiet:
        raise click.UsageError("--processes and --threads exclude --all, --completed and --quiet")
    state = invocation.master.state()
    chosen = select_running(state, pattern)
    show(invocation.agents, state, chosen, threads=threads, as_json=as_json)


@task.command("log")
@click.argument("pattern", metavar="TASK")
@click.argument("file", default="stdout")
@click.option("--follow", "-f", is_flag=True, help="Go on printing what is appended, until the task ends.")
@click.option(
    "--lines", "-n", type=int, default=10, show_default=True, help="How many of the last lines to begin with."
)
@click.option("--all", "everything", is_flag=True, help="Of matching tasks that have ended too.")
@click.option("--completed", is_flag=True, help="Only of matching tasks that have ended.")
@click.option("--json", "as_json", is_flag=True, help="Each line as a JSON object on a line of its own.")
@pass_invocation
def log(
    invocation: Invocation,
    pattern: str,
    file: str,
    follow: bool,
    lines: int,
    everything: bool,
    completed: bool,
    as_json: bool,
) -> None:
    """Print what a task wrote: FILE of its sandbox, stdout when not given.

    TASK is a task's id, a part of it, a pattern with * and ?, or an app's id such as /web. When several match, each
    one's lines stand under its id. When only tasks that have ended match, the last of them is meant.
    """
    from dcos_runtime.cli.kernel.logs import Logs
    from dcos_runtime.cli.tasks import select_for_log

    if everything and completed:
        raise click.UsageError("--all and --completed exclude each other")
    state = invocation.master.state()
    chosen = select_for_log(state, pattern, everything=everything, completed=completed)
    logs = Logs(invocation.master, invocation.agents, state, chosen, file, as_json=as_json)
    logs.print_end(abs(lines), follow=follow)
    if follow:
        logs.follow()
    logs.finish()


@task.command("exec", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("--interactive", "-i", is_flag=True, help="Pass our standard input on to the command.")
@click.option("--tty", "-t", is_flag=True, help="Give the command a terminal, of the size of ours.")
@click.argument("pattern", metavar="TASK")
@click.argument("command", metavar="CMD...", nargs=-1, required=True, type=click.UNPROCESSED)
@pass_invocation
def execute(invocation: Invocation, interactive: bool, tty: bool, pattern: str, command: tuple[str, ...]) -> None:
    """Run a command in the container of a task that runs, as the task's user, and print what it prints.

    TASK is a task's id, a part of it, a pattern with * and ?, or an app's id such as /web; one running task has to
    match. The exit code is the command's; 128 and more: a signal ended it. The command ends with this one, and so does
    all that it has started. A shell in a task: dcos task exec -it TASK sh
    """
    from dcos_runtime.cli.kernel.remote_command import RemoteCommand

    agent, chosen, container_id = _container_of(invocation, pattern)
    remote = RemoteCommand(invocation.agents, agent, chosen, container_id, interactive=interactive, terminal=tty)
    raise click.exceptions.Exit(remote.run(command))


@task.command("attach")
@click.option("--no-stdin", is_flag=True, help="Do not pass our standard input on to the task.")
@click.argument("pattern", metavar="TASK")
@pass_invocation
def attach(invocation: Invocation, no_stdin: bool, pattern: str) -> None:
    """Attach to the terminal of a task that was launched with one: print what it prints, and pass on what is typed.

    TASK is a task's id, a part of it, a pattern with * and ?, or an app's id such as /web; one running task has to
    match. It ends with the task; Ctrl-P Ctrl-Q detaches from the task, which goes on.
    """
    from dcos_runtime.cli.kernel.remote_command import RemoteTask

    agent, chosen, container_id = _container_of(invocation, pattern)
    RemoteTask(invocation.agents, agent, chosen, container_id, interactive=not no_stdin).run()


def _container_of(invocation: Invocation, pattern: str) -> tuple[Agent, Task, str]:
    """The one running task that matches, its agent, and the id of its container. Raises `CliError`."""
    from dcos_runtime.cli.kernel.sandbox import Missing, find_run
    from dcos_runtime.cli.tasks import select_one_running

    state = invocation.master.state()
    chosen = select_one_running(state, pattern)
    agent = state.agents.get(chosen.agent_id)
    if agent is None:
        raise CliError(
            f"the agent of task {chosen.id} is not registered with the master",
            hints=["it can be reached when the agent is back: dcos node list"],
        )
    try:
        run = find_run(invocation.agents, agent, chosen)
    except Missing as error:
        raise CliError(
            f"agent {agent.hostname} does not run task {chosen.id}",
            hints=["one that was just launched has no container yet: try again in some seconds"],
        ) from error
    return agent, chosen, run.container_id
