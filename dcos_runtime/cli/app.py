"""The command tree of `dcos`. A subcommand's module is imported when it is called; its line in the help stands here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from dcos_runtime import __version__
from dcos_runtime.cli.invocation import Invocation, global_options

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@dataclass(frozen=True)
class LazyCommand:
    """A subcommand that is not imported yet. ``summary`` equals its own short help (a test compares them)."""

    module: str
    attribute: str
    summary: str


class Leaf(click.Command):
    """A command that also accepts the global options after its own name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["context_settings"] = SETTINGS | kwargs.get("context_settings", {})
        super().__init__(*args, **kwargs)
        self.params.extend(global_options(hidden=True))


class CommandTree(click.Group):
    """A command with subcommands, some of them not imported until called.

    Without the name of a subcommand, ``default`` is run: `dcos task --json` is `dcos task list --json`.
    """

    command_class = Leaf

    def __init__(
        self,
        *args: Any,
        entries: Mapping[str, LazyCommand] | None = None,
        default: str | None = None,
        top: bool = False,
        **kwargs: Any,
    ) -> None:
        kwargs["context_settings"] = SETTINGS | kwargs.get("context_settings", {})
        super().__init__(*args, **kwargs)
        self.entries = dict(entries or {})
        self.default = default
        self.params.extend(global_options(hidden=not top))

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*self.commands, *self.entries})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.entries.get(cmd_name)
        if entry is None:
            return super().get_command(ctx, cmd_name)
        import importlib

        command: click.Command = getattr(importlib.import_module(entry.module), entry.attribute)
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if self.default is not None:
            own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
            place = 0
            while place < len(args) and args[place].partition("=")[0] in own:
                place += 1 if "=" in args[place] else 2
            if place == len(args) or (place < len(args) and args[place].startswith("-")):
                args = [*args[:place], self.default, *args[place:]]
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The same list as click's, from the summaries: nothing is imported for a help page."""
        lines = []
        for name in self.list_commands(ctx):
            entry = self.entries.get(name)
            lines.append((name, entry.summary if entry else self.commands[name].get_short_help_str(limit=100)))
        with formatter.section("Commands"):
            formatter.write_dl(lines)


CommandTree.group_class = CommandTree


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
        "marathon": LazyCommand("dcos_runtime.cli.commands.marathon", "marathon", "Run apps, and look after them."),
        "node": LazyCommand("dcos_runtime.cli.commands.node", "node", "Show the machines of the cluster."),
        "package": LazyCommand(
            "dcos_runtime.cli.commands.package", "package", "Install software by its package, and look after it."
        ),
        "ps": LazyCommand(
            "dcos_runtime.cli.commands.task", "ps", "List what runs, where, as whom: `dcos task list` in two letters."
        ),
        "task": LazyCommand("dcos_runtime.cli.commands.task", "task", "Show tasks, and what they print."),
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
