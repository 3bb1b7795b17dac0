"""Commands whose subcommands are imported when they are called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click

from dcos_runtime.cli.invocation import global_options

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


def own_commands() -> set[str]:
    """The names of the built-in commands of the program that runs; commands of packages have no effect under these."""
    context = click.get_current_context()
    top = context.find_root().command
    return set(top.list_commands(context)) if isinstance(top, click.Group) else set()
