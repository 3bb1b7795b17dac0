"""`dcos config`: the settings of a known cluster, which plugins of packages read as well."""

from __future__ import annotations

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.tree import CommandTree


@click.group(cls=CommandTree)
def config() -> None:
    """Show and change settings of the cluster: where it is, who is asked, what plugins want."""


@config.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="An object of settings, as JSON.")
@pass_invocation
def show(invocation: Invocation, name: str | None, as_json: bool) -> None:
    """Print the value of NAME, such as core.dcos_url; without it all settings, the token hidden."""
    from dcos_runtime.cli.clusters.settings import HIDDEN, settings
    from dcos_runtime.cli.errors import CliError
    from dcos_runtime.cli.output import print_json, print_line

    values = settings(invocation.target)
    if name is None:
        shown = {key: "********" if key in HIDDEN else values[key] for key in sorted(values)}
        if as_json:
            print_json(shown)
            return
        for key, value in shown.items():
            print_line(f"{key} {value}")
    elif name in values:
        print_json({name: values[name]}) if as_json else print_line(values[name])
    else:
        raise CliError(f"there is no setting {name!r}", hints=["those that are set: dcos config show"])


@config.command("set")
@click.argument("name")
@click.argument("value")
@pass_invocation
def set_(invocation: Invocation, name: str, value: str) -> None:
    """Set NAME of the cluster to VALUE."""
    from dcos_runtime.cli.clusters.settings import change

    change(invocation.clusters, invocation.target, name, value)


@config.command()
@click.argument("name")
@pass_invocation
def unset(invocation: Invocation, name: str) -> None:
    """Take NAME away from the settings of the cluster."""
    from dcos_runtime.cli.clusters.settings import change

    change(invocation.clusters, invocation.target, name, None)
