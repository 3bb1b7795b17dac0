"""The command tree of `dcos`. A subcommand's module is imported when it is called; its line in the help stands here."""

from __future__ import annotations

import click

from dcos_runtime import __version__
from dcos_runtime.cli.invocation import Invocation
from dcos_runtime.cli.tree import CommandTree, LazyCommand


class Top(CommandTree):
    """`dcos` itself: its own commands, then those that packages of the cluster have brought."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = super().get_command(ctx, cmd_name)
        if found is not None:
            return found
        from dcos_runtime.cli.commands.plugin import plugin_command

        return plugin_command(ctx.ensure_object(Invocation), cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_commands(ctx, formatter)
        from dcos_runtime.cli.commands.plugin import plugin_lines

        if lines := plugin_lines(ctx.ensure_object(Invocation), own=set(self.list_commands(ctx))):
            with formatter.section("Commands of this cluster's packages"):
                formatter.write_dl(lines)


@click.group(
    cls=Top,
    top=True,
    context_settings={"obj": None},
    entries={
        "auth": LazyCommand("dcos_runtime.cli.commands.auth", "auth", "Log in to the cluster, and out."),
        "cluster": LazyCommand(
            "dcos_runtime.cli.commands.cluster",
            "cluster",
            "Make clusters known here, and choose the one that is meant.",
        ),
        "config": LazyCommand(
            "dcos_runtime.cli.commands.config",
            "config",
            "Show and change settings of the cluster: where it is, who is asked, what plugins want.",
        ),
        "explain": LazyCommand(
            "dcos_runtime.cli.commands.explain", "explain", "Say why a framework, a role or a task gets no offer."
        ),
        "marathon": LazyCommand("dcos_runtime.cli.commands.marathon", "marathon", "Run apps, and look after them."),
        "node": LazyCommand(
            "dcos_runtime.cli.commands.node", "node", "Show the machines of the cluster, and take agents out of it."
        ),
        "package": LazyCommand(
            "dcos_runtime.cli.commands.package", "package", "Install software by its package, and look after it."
        ),
        "ps": LazyCommand(
            "dcos_runtime.cli.commands.task", "ps", "List what runs, where, as whom, or the processes of a task."
        ),
        "quota": LazyCommand(
            "dcos_runtime.cli.commands.quota", "quota", "Limit what roles may use, and guarantee it to them."
        ),
        "service": LazyCommand("dcos_runtime.cli.commands.service", "service", "Show frameworks, and shut them down."),
        "task": LazyCommand(
            "dcos_runtime.cli.commands.task", "task", "Show tasks and what they print, and run commands in them."
        ),
    },
    epilog='Completion for your shell: eval "$(_DCOS_COMPLETE=bash_source dcos)" (or zsh_source, fish_source).',
)
@click.version_option(__version__, prog_name="dcos", message="%(prog)s %(version)s")
@click.pass_context
def dcos(context: click.Context) -> None:
    """Use a cluster as one computer.

    The cluster is the one attached in DCOS_DIR (default ~/.dcos), unless DCOS_CLUSTER, DCOS_URL or --url names another.
    """
    context.ensure_object(Invocation)
