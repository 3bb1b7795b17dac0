"""`dcos marathon run`: a command line becomes an app that runs somewhere."""

from __future__ import annotations

from typing import Any

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import waiting
from dcos_runtime.cli.tree import Leaf
from dcos_runtime.finite import FiniteRange


@click.command(
    cls=Leaf,
    # All words after the command's first one belong to the command, options included.
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
)
@click.argument("command", nargs=-1, required=True, metavar="CMD...")
@click.option("--name", metavar="ID", help="The app's id.  [default: a readable one is made up]")
@click.option("--cpus", type=FiniteRange(min=0), default=0.1, show_default=True, help="CPUs of an instance.")
@click.option("--mem", type=FiniteRange(min=0), default=128, show_default=True, help="Memory of an instance, MiB.")
@click.option("--disk", type=FiniteRange(min=0), default=0, show_default=True, help="Disk of an instance, MiB.")
@click.option("--instances", type=click.IntRange(min=0), default=1, show_default=True, help="How many to run.")
@click.option("--env", "-e", multiple=True, metavar="KEY=VALUE", help="An environment variable; may be repeated.")
@click.option(
    "--port",
    "-p",
    "ports",
    type=click.IntRange(0, 65535),
    multiple=True,
    metavar="N",
    help="A port on the host, 0 for any free one; it is in $PORT0, $PORT1, ... May be repeated.",
)
@click.option("--user", help="The user to run as.  [default: the init's own choice]")
@waiting("all instances run", seconds=300.0)
@click.option("--json", "as_json", is_flag=True, help="The app with its tasks, as JSON.")
@pass_invocation
def run(
    invocation: Invocation, /, command: tuple[str, ...], wait: bool, timeout: float, as_json: bool, **options: Any
) -> None:
    """Run a command somewhere in the cluster, and keep it running.

    One CMD, quoted, is a line for the shell on the agent: dcos marathon run --port 0 'python3 -m http.server $PORT0'.
    Several words are run as they are, without a shell's substitutions: dcos marathon run sleep 1000. Options stand
    before CMD.
    """
    from dcos_runtime.cli import output
    from dcos_runtime.cli.marathon.one_liner import app_of, describe
    from dcos_runtime.cli.marathon.wait import wait_until_running
    from dcos_runtime.cli.tasks import last_task

    definition = app_of(command, **options)
    marathon = invocation.marathon
    change = marathon.add(definition)
    app_id = str(change.answer.get("id") or definition["id"])
    if not as_json:
        output.print_line(f"id     {app_id}")
    if not wait:
        app = marathon.app(app_id)
    else:
        app = wait_until_running(invocation.master, marathon, app_id, change.deployment, timeout)
    if as_json:
        output.print_json(app)
        return
    ended = last_task(invocation.master.state(), app_id) if wait and not app.get("tasks") else None
    for line in describe(app, ended):
        output.print_line(line)
    if ended is not None:
        output.print_note(
            f"it has ended already ({ended.state}) and is started again, ever more slowly; "
            f"if once is enough: dcos marathon app remove {app_id}"
        )
