"""`dcos marathon app`: what the init keeps running."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import Function, only_ids, waiting
from dcos_runtime.cli.tree import CommandTree

if TYPE_CHECKING:
    from dcos_runtime.cli.marathon.client import AcceptedChange, Marathon


@click.group(cls=CommandTree)
def app() -> None:
    """Look after apps: what the init keeps running."""


def _write_options(*, force: bool = True) -> Callable[[Function], Function]:
    """The options of every command that changes an app."""

    def decorate(function: Function) -> Function:
        function = waiting("the change is carried out", default=False)(function)
        if force:
            function = click.option("--force", is_flag=True, help="Override a deployment that locks the app.")(function)
        return function

    return decorate


def _report(marathon: Marathon, change: AcceptedChange, *, wait: bool, timeout: float) -> None:
    from dcos_runtime.cli.marathon.wait import wait_for_deployment
    from dcos_runtime.cli.output import print_line

    print_line(f"Created deployment {change.deployment}")
    if wait:
        wait_for_deployment(marathon, change.deployment, timeout)


@app.command()
@click.argument("file", default="-")
@_write_options(force=False)
@pass_invocation
def add(invocation: Invocation, file: str, wait: bool, timeout: float) -> None:
    """Add the app that FILE defines in JSON (default, and -: standard input)."""
    from dcos_runtime.cli.marathon.definitions import read_definition

    definition = read_definition(file)
    marathon = invocation.marathon
    _report(marathon, marathon.add(definition), wait=wait, timeout=timeout)


@app.command("list")
@only_ids
@click.option("--json", "as_json", is_flag=True, help="Each app as the init returns it.")
@pass_invocation
def list_apps(invocation: Invocation, quiet: bool, as_json: bool) -> None:
    """List every app, how much of it runs, and what is being changed."""
    from dcos_runtime.cli import output
    from dcos_runtime.cli.marathon.definitions import app_row

    marathon = invocation.marathon
    apps = sorted(marathon.apps(), key=lambda one: str(one.get("id")))
    if as_json:
        output.print_json(apps)
    elif quiet:
        for one in apps:
            output.print_line(str(one.get("id")))
    else:
        running = {str(one.get("id")): one for one in marathon.deployments()}
        queue = marathon.queue()
        output.print_table(
            ("ID", "MEM", "CPUS", "TASKS", "HEALTH", "DEPLOYMENT", "WAITING", "CONTAINER", "CMD"),
            [app_row(one, running, queue) for one in apps],
        )


@app.command()
@click.argument("app_id", metavar="ID")
@click.option("--app-version", help="The definition as it was at this version.")
@click.option("--json", "_as_json", is_flag=True, help="It is JSON anyway, as it always was.")
@pass_invocation
def show(invocation: Invocation, app_id: str, app_version: str | None, _as_json: bool) -> None:
    """Print one app with its tasks, deployments and last failure, as JSON."""
    from dcos_runtime.cli.output import print_json

    print_json(invocation.marathon.app(app_id, app_version))


@app.command()
@click.argument("app_id", metavar="ID")
@click.argument("properties", nargs=-1, metavar="[KEY=VALUE]...")
@_write_options()
@pass_invocation
def update(
    invocation: Invocation, app_id: str, properties: tuple[str, ...], force: bool, wait: bool, timeout: float
) -> None:
    """Change an app: KEY=VALUE for each field, or else a JSON object on standard input.

    A VALUE is JSON (instances=3, 'env={"A": "1"}'); of fields that hold text it is the text itself (cmd=...).
    """
    from dcos_runtime.cli.marathon.definitions import parse_properties, read_changes

    changes = parse_properties(properties) if properties else read_changes()
    marathon = invocation.marathon
    _report(marathon, marathon.update(app_id, changes, force=force), wait=wait, timeout=timeout)


@app.command()
@click.argument("app_id", metavar="ID")
@click.argument("instances", type=click.IntRange(min=0))
@_write_options()
@pass_invocation
def scale(invocation: Invocation, app_id: str, instances: int, force: bool, wait: bool, timeout: float) -> None:
    """Run as many INSTANCES of an app; 0 stops it and keeps its definition."""
    marathon = invocation.marathon
    _report(marathon, marathon.update(app_id, {"instances": instances}, force=force), wait=wait, timeout=timeout)


@app.command()
@click.argument("app_id", metavar="ID")
@_write_options()
@pass_invocation
def restart(invocation: Invocation, app_id: str, force: bool, wait: bool, timeout: float) -> None:
    """Replace every instance of an app by a new one, as its upgrade strategy says."""
    marathon = invocation.marathon
    _report(marathon, marathon.restart(app_id, force=force), wait=wait, timeout=timeout)


@app.command()
@click.argument("app_id", metavar="ID")
@_write_options()
@pass_invocation
def remove(invocation: Invocation, app_id: str, force: bool, wait: bool, timeout: float) -> None:
    """Stop an app and forget it."""
    marathon = invocation.marathon
    _report(marathon, marathon.remove(app_id, force=force), wait=wait, timeout=timeout)
