"""`dcos marathon deployment`: changes under way."""

from __future__ import annotations

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import only_ids
from dcos_runtime.cli.tree import CommandTree
from dcos_runtime.finite import FiniteRange


@click.group(cls=CommandTree)
def deployment() -> None:
    """Look after deployments: changes under way."""


@deployment.command("list")
@click.argument("app_id", metavar="[APP]", required=False)
@only_ids
@click.option("--json", "as_json", is_flag=True, help="Each deployment as the init returns it.")
@pass_invocation
def list_deployments(invocation: Invocation, app_id: str | None, quiet: bool, as_json: bool) -> None:
    """List deployments that are not finished; of one APP only, when it is given."""
    from dcos_runtime.cli import output
    from dcos_runtime.cli.marathon.client import app_path
    from dcos_runtime.cli.marathon.wait import actions, progress

    running = invocation.marathon.deployments()
    if app_id is not None:
        running = [one for one in running if app_path(app_id) in one.get("affectedApps", [])]
    if as_json:
        output.print_json(running)
    elif quiet:
        for one in running:
            output.print_line(str(one.get("id")))
    else:
        output.print_table(
            ("APP", "ACTION", "PROGRESS", "ID"),
            [
                (",".join(one.get("affectedApps", [])), actions(one), progress(one), str(one.get("id")))
                for one in running
            ],
        )


@deployment.command()
@click.argument("deployment_id", metavar="ID")
@click.option("--force", is_flag=True, help="Only end it: nothing is undone.")
@pass_invocation
def stop(invocation: Invocation, deployment_id: str, force: bool) -> None:
    """End a deployment and undo what it did, by a deployment of its own."""
    from dcos_runtime.cli.output import print_line

    change = invocation.marathon.stop_deployment(deployment_id, force=force)
    print_line(f"Created deployment {change.deployment}" if change else f"Stopped deployment {deployment_id}")


@deployment.command()
@click.argument("deployment_id", metavar="ID")
@click.option("--interval", type=FiniteRange(min=0.1), default=1.0, show_default=True, help="Seconds between looks.")
@click.option("--max-count", type=click.IntRange(min=1), help="Give up after so many looks.")
@pass_invocation
def watch(invocation: Invocation, deployment_id: str, interval: float, max_count: int | None) -> None:
    """Wait until a deployment is finished, and tell its progress."""
    from dcos_runtime.cli.marathon.wait import watch_deployment

    watch_deployment(invocation.marathon, deployment_id, interval, max_count)
