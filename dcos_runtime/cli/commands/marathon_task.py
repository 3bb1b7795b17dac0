"""`dcos marathon task`: tasks as the init knows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import only_ids
from dcos_runtime.cli.tree import CommandTree


@click.group(cls=CommandTree)
def task() -> None:
    """Show the tasks of apps."""


@task.command("list")
@click.argument("app_id", metavar="[APP]", required=False)
@only_ids
@click.option("--json", "as_json", is_flag=True, help="Each task as the init returns it.")
@pass_invocation
def list_tasks(invocation: Invocation, app_id: str | None, quiet: bool, as_json: bool) -> None:
    """List tasks of every app, or of one APP, with their hosts and ports."""
    from dcos_runtime.cli import output

    tasks = sorted(invocation.marathon.tasks(app_id), key=lambda one: (str(one.get("appId")), str(one.get("id"))))
    if as_json:
        output.print_json(tasks)
    elif quiet:
        for one in tasks:
            output.print_line(str(one.get("id")))
    else:
        output.print_table(("APP", "HEALTHY", "STARTED", "STATE", "HOST", "PORTS", "ID"), [_row(one) for one in tasks])


def _row(task: Mapping[str, Any]) -> tuple[str, ...]:
    healthy = all(
        check.get("alive", False) for check in task.get("healthCheckResults") or [] if isinstance(check, dict)
    )
    return (
        str(task.get("appId", "")),
        str(healthy).lower(),
        str(task.get("startedAt") or ""),
        str(task.get("state") or ""),
        str(task.get("host") or ""),
        ",".join(str(port) for port in task.get("ports") or []),
        str(task.get("id", "")),
    )
