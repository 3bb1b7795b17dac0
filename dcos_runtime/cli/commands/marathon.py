"""`dcos marathon`: the init. Its subcommands are modules of their own; what is one request each stands here."""

from __future__ import annotations

import click

from dcos_runtime.cli.app import Entry, Tree
from dcos_runtime.cli.invocation import Invocation, pass_invocation


@click.group(
    cls=Tree,
    entries={
        "app": Entry("dcos_runtime.cli.commands.marathon_app", "app", "Apps: what the init keeps running."),
        "deployment": Entry(
            "dcos_runtime.cli.commands.marathon_deployment", "deployment", "Deployments: changes under way."
        ),
        "run": Entry(
            "dcos_runtime.cli.commands.marathon_run",
            "run",
            "Run a command somewhere in the cluster, and keep it running.",
        ),
        "task": Entry("dcos_runtime.cli.commands.marathon_task", "task", "The tasks of apps."),
    },
)
def marathon() -> None:
    """Apps, deployments and one-liners."""


@marathon.command()
@click.option("--json", "_as_json", is_flag=True, help="It is JSON anyway.")
@pass_invocation
def about(invocation: Invocation, _as_json: bool) -> None:
    """What the init says of itself, as JSON."""
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
