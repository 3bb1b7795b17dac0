"""`dcos marathon`: the init. Its subcommands are modules of their own; those of one request each are here."""

from __future__ import annotations

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.tree import CommandTree, LazyCommand


@click.group(
    cls=CommandTree,
    entries={
        "app": LazyCommand(
            "dcos_runtime.cli.commands.marathon_app",
            "app",
            "Look after apps: what the init keeps running.",
        ),
        "deployment": LazyCommand(
            "dcos_runtime.cli.commands.marathon_deployment",
            "deployment",
            "Look after deployments: changes under way.",
        ),
        "run": LazyCommand(
            "dcos_runtime.cli.commands.marathon_run",
            "run",
            "Run a command somewhere in the cluster, and keep it running.",
        ),
        "task": LazyCommand("dcos_runtime.cli.commands.marathon_task", "task", "Show the tasks of apps."),
    },
)
def marathon() -> None:
    """Run apps, and look after them."""


@marathon.command()
@click.option("--json", "_as_json", is_flag=True, help="It is JSON anyway.")
@pass_invocation
def about(invocation: Invocation, _as_json: bool) -> None:
    """Print what the init says of itself, as JSON."""
    from dcos_runtime.cli.output import print_json

    print_json(invocation.marathon.info())


@marathon.command()
@click.option("--json", "as_json", is_flag=True, help="The answer and who gave it, as JSON.")
@pass_invocation
def ping(invocation: Invocation, as_json: bool) -> None:
    """Ask the init whether it is there."""
    from dcos_runtime.cli import output

    init = invocation.marathon
    answer = init.ping()
    if as_json:
        output.print_json({"response": answer, "url": init.url})
    else:
        output.print_line(f'Marathon ping response: "{answer}" ({init.url})')
