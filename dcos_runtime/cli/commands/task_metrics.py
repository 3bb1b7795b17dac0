"""`dcos task metrics`: what the containers of tasks use."""

from __future__ import annotations

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import Function, in_json
from dcos_runtime.cli.tree import CommandTree


@click.group(cls=CommandTree)
def metrics() -> None:
    """Show what the containers of tasks use."""


def _of_tasks(function: Function) -> Function:
    return click.argument("pattern", metavar="TASK")(in_json(function))


@metrics.command("summary")
@_of_tasks
@pass_invocation
def summary(invocation: Invocation, pattern: str, as_json: bool) -> None:
    """Show processors, memory and disk (MiB) that a task uses, of those that it may use.

    TASK is as in dcos task list; each task that matches and runs has its line. CPU is the number of processors in use
    over half a second.
    """
    from dcos_runtime.cli.kernel.metrics import show_summary
    from dcos_runtime.cli.tasks import select_running

    state = invocation.master.state()
    show_summary(invocation.agents, state, select_running(state, pattern), as_json=as_json)


@metrics.command("details")
@_of_tasks
@pass_invocation
def details(invocation: Invocation, pattern: str, as_json: bool) -> None:
    """Show all figures of a task's container, by the names that the agent gives them.

    TASK is as in dcos task list; of several that match, each one's stand under its id.
    """
    from dcos_runtime.cli.kernel.metrics import show_details
    from dcos_runtime.cli.tasks import select_running

    state = invocation.master.state()
    show_details(invocation.agents, state, select_running(state, pattern), as_json=as_json)
