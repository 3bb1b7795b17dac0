"""Commands that packages of the cluster have brought: `dcos NAME …` runs the plugin instead of `dcos`."""

from __future__ import annotations

import os

import click

from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.invocation import Invocation


def plugin_command(invocation: Invocation, name: str) -> click.Command | None:
    """Run the command that a plugin of the cluster has under this name; every word after it is its own."""
    if not _is_any_installed():
        return None
    from dcos_runtime.cli.clusters.target import environment
    from dcos_runtime.cli.plugins.installed import Plugins

    try:
        target = invocation.target
    except CliError:
        return None
    having = Plugins(target.cluster.folder).having(name) if target.cluster is not None else []
    if not having:
        return None
    (plugin, found), *others = having

    @click.command(
        name,
        help=found.description,
        add_help_option=False,
        context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False, "help_option_names": []},
    )
    @click.argument("words", nargs=-1, type=click.UNPROCESSED)
    def call(words: tuple[str, ...]) -> None:
        from dcos_runtime.cli.plugins.running import run

        if others:
            from dcos_runtime.cli.output import print_note

            packages = ", ".join(other.name for other, _ in others)
            print_note(f"warning: dcos {name} is the command of {plugin.name}; of that name is one of {packages}, too")
        run(found, words, target, environment())

    return call


def plugin_lines(invocation: Invocation, own: set[str]) -> list[tuple[str, str]]:
    """Name and description of each command for the help page, except those that cannot be called. ``own``: the names of
    built-in commands.
    """
    if not _is_any_installed():
        return []
    from dcos_runtime.cli.plugins.installed import Plugins, hidden

    try:
        cluster = invocation.target.cluster
    except CliError:
        return []
    plugins = Plugins(cluster.folder).all() if cluster is not None else []
    out_of_reach = hidden(plugins, own)
    return sorted(
        (one.name, one.description)
        for plugin in plugins
        for one in plugin.commands
        if (plugin.name, one.name) not in out_of_reach
    )


def _is_any_installed() -> bool:
    """Whether any cluster that is known here has plugins: most have none, and a help page is to come at once."""
    clusters = os.path.join(os.environ.get("DCOS_DIR") or os.path.expanduser("~/.dcos"), "clusters")  # noqa: PTH118, PTH111  # pathlib alone takes longer
    try:
        with os.scandir(clusters) as folders:
            return any(os.path.isdir(os.path.join(folder.path, "subcommands")) for folder in folders)  # noqa: PTH118, PTH112
    except OSError:
        return False
