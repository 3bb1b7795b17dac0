"""`dcos package uninstall`: the app with all that it kept, and the command-line plugin here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import asking_nothing, one_of_several_apps, only_app, only_plugin
from dcos_runtime.cli.tree import Leaf
from dcos_runtime.counting import counted


@click.command(cls=Leaf)
@click.argument("name", metavar="PACKAGE")
@one_of_several_apps
@click.option("--all", "everything", is_flag=True, help="Every app of the package.")
@only_app
@only_plugin
@asking_nothing
@click.option("--json", "as_json", is_flag=True, help="What was uninstalled, as JSON.")
@pass_invocation
def uninstall(
    invocation: Invocation,
    name: str,
    app_id: str | None,
    everything: bool,
    only_app: bool,
    only_cli: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Uninstall a package, with all it kept.

    The command-line plugin goes along when no other app of the package is left.
    """
    from dcos_runtime.cli import output
    from dcos_runtime.cli.errors import USAGE, CliError
    from dcos_runtime.cli.packages.options import confirm_by_name
    from dcos_runtime.cli.plugins.installed import Plugins
    from dcos_runtime.cli.plugins.installing import plugins_of

    if only_cli and (only_app or app_id is not None or everything):
        raise CliError("--cli goes with none of --app, --app-id and --all", exit_code=USAGE)
    if everything and app_id is not None:
        raise CliError("--all means every app, and --app-id one of them", exit_code=USAGE)
    cluster = invocation.target.cluster
    plugins = plugins_of(invocation.target) if only_cli else Plugins(cluster.folder) if cluster is not None else None
    has_plugin = plugins is not None and not only_app and plugins.find(name) is not None
    installed = [] if only_cli else invocation.cosmos.installed(name=name)
    results: list[Mapping[str, Any]] = []
    if installed:
        which = app_id or name
        if not yes:
            what = f"all {counted(len(installed), 'app')} of {name}" if everything else which
            output.print_note(
                f"WARNING: This action cannot be undone. This will uninstall {what} with all data it kept."
            )
        expected = f"uninstall all {name}" if everything else which
        confirm_by_name(f"Please type {expected!r} to confirm", expected, yes=yes)
        results = invocation.cosmos.uninstall(name, app_id, everything=everything)
        _tell(results)
    elif not only_cli and (not has_plugin or app_id is not None):
        raise CliError(f"{name} is not installed", hints=["what is: dcos package list"])
    removed = plugins is not None and (has_plugin or only_cli) and len(results) == len(installed)
    if plugins is not None and removed:
        plugins.remove(name)
        output.print_note(f"Uninstalled the command-line plugin of {name}")
    if as_json:
        output.print_json({"results": results, **({"plugin": name} if removed else {})})


def _tell(results: Sequence[Mapping[str, Any]]) -> None:
    from dcos_runtime.cli import output

    for one in results:
        where = f" ({one['appId']})" if one.get("appId") else ""
        word = "Uninstalling" if one.get("underWay") else "Uninstalled"
        output.print_note(f"{word} package [{one.get('packageName')}] version [{one.get('packageVersion')}]{where}")
        if one.get("underWay"):
            output.print_note(
                "its scheduler takes the service down; until that is done, dcos package list shows the app"
            )
        for left in one.get("notFreed") or ():
            output.print_note(f"warning: not freed is {left}")
        for line in str(one.get("postUninstallNotes") or "").strip().splitlines():
            output.print_note(line)
