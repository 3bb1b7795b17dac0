"""`dcos package`: what can be installed, and what is. Its larger subcommands are modules of their own."""

from __future__ import annotations

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import as_the_package_manager_returns, only_names
from dcos_runtime.cli.tree import CommandTree, LazyCommand, own_commands


@click.group(
    cls=CommandTree,
    entries={
        "describe": LazyCommand(
            "dcos_runtime.cli.commands.package_describe", "describe", "Describe a package and its options."
        ),
        "install": LazyCommand("dcos_runtime.cli.commands.package_install", "install", "Install a package."),
        "repo": LazyCommand("dcos_runtime.cli.commands.package_repo", "repo", "Choose where packages come from."),
        "uninstall": LazyCommand(
            "dcos_runtime.cli.commands.package_uninstall", "uninstall", "Uninstall a package, with all it kept."
        ),
        "upgrade": LazyCommand(
            "dcos_runtime.cli.commands.package_upgrade",
            "upgrade",
            "Change an installed package to another version, or its options.",
        ),
    },
)
def package() -> None:
    """Install software by its package, and look after it."""


@package.command()
@click.argument("query", required=False)
@as_the_package_manager_returns
@pass_invocation
def search(invocation: Invocation, query: str | None, as_json: bool) -> None:
    """Find packages whose name, description or tags hold QUERY; without it all of them. `*` stands for anything."""
    from dcos_runtime.cli import output
    from dcos_runtime.cli.errors import CliError
    from dcos_runtime.cli.packages.shown import search_row

    found = invocation.cosmos.search(query)
    if as_json:
        output.print_json({"packages": found})
        return
    if not found:
        raise CliError(
            f"no package is found for {query!r}" if query else "no repository has a package",
            hints=["all packages: dcos package search"] if query else ["dcos package repo list, dcos package repo add"],
        )
    output.print_table(("NAME", "VERSION", "CERTIFIED", "FRAMEWORK", "DESCRIPTION"), [search_row(one) for one in found])


@package.command("list")
@click.argument("query", metavar="[PACKAGE]", required=False)
@click.option("--app-id", metavar="ID", help="Only the app with this id.")
@click.option("--cli", "only_cli", is_flag=True, help="Only command-line plugins that are installed here.")
@only_names
@click.option("--json", "as_json", is_flag=True, help="Definitions, each with its apps and its command.")
@pass_invocation
def list_packages(
    invocation: Invocation, query: str | None, app_id: str | None, only_cli: bool, quiet: bool, as_json: bool
) -> None:
    """List what is installed: apps of packages in the cluster, and command-line plugins here."""
    from dcos_runtime.cli import output
    from dcos_runtime.cli.errors import USAGE, CliError
    from dcos_runtime.cli.packages.shown import gathered, installed_row
    from dcos_runtime.cli.plugins.installed import Plugins

    if app_id is not None and (query or only_cli):
        raise CliError("--app-id goes with neither PACKAGE nor --cli", exit_code=USAGE)
    cluster = invocation.target.cluster
    plugins = Plugins(cluster.folder).all() if cluster is not None else []
    apps = [] if only_cli else invocation.cosmos.installed(app_id=app_id)
    found = gathered(apps, [] if app_id is not None else plugins, query, own_commands())
    if as_json:
        output.print_json([one.as_json() for one in found])
    elif quiet:
        for one in found:
            output.print_line(one.name)
    else:
        output.print_table(
            ("NAME", "VERSION", "CERTIFIED", "APP", "COMMAND", "DESCRIPTION"), [installed_row(one) for one in found]
        )
