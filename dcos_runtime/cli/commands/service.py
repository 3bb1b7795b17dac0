"""`dcos service`: the frameworks that the master knows."""

from __future__ import annotations

from typing import Any

import click

from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import as_the_master_knows, asking_nothing, in_json, only_ids
from dcos_runtime.cli.tree import CommandTree

_TASKS = ("tasks", "unreachable_tasks", "completed_tasks")


@click.group(cls=CommandTree, default="list")
def service() -> None:
    """Show frameworks, and shut them down."""


@service.command("list")
@only_ids
@as_the_master_knows
@click.option("--inactive", is_flag=True, help="Those that are not connected, too.")
@click.option("--completed", is_flag=True, help="Those that have ended, too.")
@pass_invocation
def list_services(invocation: Invocation, quiet: bool, as_json: bool, inactive: bool, completed: bool) -> None:
    """List frameworks: name, host, state, tasks, and the cpus, memory and disk (MiB) of what they run."""
    from dcos_runtime.cli import output

    raw = invocation.master.state().raw
    known = [("active" if one.get("active", True) else "inactive", one) for one in raw.get("frameworks", [])]
    known = [item for item in known if inactive or item[0] == "active"]
    known += [("completed", one) for one in raw.get("completed_frameworks", []) if completed]
    known.sort(key=lambda item: (str(item[1].get("name", "")), str(item[1].get("id", ""))))
    if as_json:
        shown = [{name: value for name, value in one.items() if name not in _TASKS} for _, one in known]
        output.print_json([{"state": state, **one} for (state, _), one in zip(known, shown, strict=True)])
    elif quiet:
        for _, one in known:
            output.print_line(str(one.get("id", "")))
    else:
        headers = ("NAME", "HOST", "STATE", "TASKS", "CPUS", "MEM", "DISK", "ROLES", "ID")
        output.print_table(headers, [_row(state, one) for state, one in known])


def _row(state: str, framework: dict[str, Any]) -> tuple[str, ...]:
    from dcos_runtime.cli.output import number

    used = framework.get("used_resources", {})
    roles = framework.get("roles") or [framework.get("role", "*")]
    return (
        str(framework.get("name", "")),
        str(framework.get("hostname", "")),
        state,
        str(len(framework.get("tasks", []))),
        *(number(float(used.get(name, 0.0))) for name in ("cpus", "mem", "disk")),
        ",".join(map(str, roles)),
        str(framework.get("id", "")),
    )


@service.command("shutdown")
@click.argument("framework_id", metavar="ID")
@asking_nothing
@in_json
@pass_invocation
def shutdown(invocation: Invocation, framework_id: str, yes: bool, as_json: bool) -> None:
    """End the framework with this id for good, with all of its tasks.

    It cannot come back under this id. A framework that an app runs is started again, as another one: remove its app or
    its package first.
    """
    from dcos_runtime.cli import output

    if not yes and not click.confirm(f"End framework {framework_id} and all of its tasks for good?", err=True):
        raise CliError("nothing was ended", hints=["--yes asks nothing"])
    response = invocation.master.operate("TEARDOWN", {"framework_id": {"value": framework_id}})
    if response.status != 200:
        raise CliError(
            f"framework {framework_id} was not ended: the master answered {response.status}:"
            f" {response.complaint() or 'nothing'}",
            hints=["dcos service list --inactive shows the ids of all frameworks"],
        )
    if as_json:
        output.print_json({"framework_id": framework_id, "state": "completed"})
    else:
        output.print_line(f"Ended framework {framework_id}")
