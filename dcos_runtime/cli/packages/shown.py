"""Packages as lines of a table."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from dcos_runtime.cli.packages.client import Installed, Package
from dcos_runtime.cli.plugins.installed import Plugin, hidden

LONGEST = 80


@dataclass
class Present:
    """One version of a package: the apps that it made, and the commands that it brought to this command line."""

    package: Package
    name: str
    version: str
    apps: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    hidden: dict[str, str] = field(default_factory=dict)
    """Its commands that cannot be called, and the package whose command is called instead, or `DCOS`."""

    def as_json(self) -> Mapping[str, Any]:
        """As DC/OS' command shows it: the definition without its parts, ``apps`` and ``command``."""
        left_out = ("config", "marathon", "resource", "command")
        shown = {key: value for key, value in self.package.items() if key not in left_out}
        shown |= {"apps": self.apps} if self.apps else {}
        if self.commands or self.hidden:
            shown |= {"command": {"name": self.name}, "commands": self.commands}
        shown |= {"hiddenCommands": {name: by or "dcos" for name, by in self.hidden.items()}} if self.hidden else {}
        return shown


def gathered(
    apps: Sequence[Installed], plugins: Sequence[Plugin], query: str | None, own: Collection[str]
) -> list[Present]:
    """By name and version. ``query``: part of a package's name or an app's id; ``own``: names of built-in commands."""
    out_of_reach = hidden(plugins, own)
    found: dict[tuple[str, str], Present] = {}
    for one in apps:
        present = found.setdefault((one.name, one.version), Present(one.package, one.name, one.version))
        present.apps.append(one.app_id)
    for plugin in plugins:
        name, version = str(plugin.package.get("name") or plugin.name), str(plugin.package.get("version") or "")
        present = found.setdefault(
            (name, version), Present(plugin.package or {"name": name, "version": version}, name, version)
        )
        for command in plugin.commands:
            if (by := out_of_reach.get((plugin.name, command.name))) is None:
                present.commands.append(command.name)
            else:
                present.hidden[command.name] = by
    shown = [found[key] for key in sorted(found)]
    if query is None:
        return shown
    return [one for one in shown if query in one.name or any(query in app for app in one.apps)]


def search_row(package: Package) -> tuple[str, ...]:
    return (
        str(package.get("name", "")),
        str(package.get("currentVersion", "")),
        _truth(package.get("selected")),
        _truth(package.get("framework")),
        short(str(package.get("description", ""))),
    )


def installed_row(one: Present) -> tuple[str, ...]:
    return (
        one.name,
        one.version,
        _truth(one.package.get("selected")),
        ",".join(one.apps),
        ",".join([*one.commands, *(f"{name} (hidden by {by or 'dcos'})" for name, by in one.hidden.items())]),
        short(str(one.package.get("description", ""))),
    )


def repository_problem(repository: Mapping[str, Any]) -> list[str]:
    """Why the repository is not fetched, in lines; empty for one that is."""
    problem = repository.get("problem")
    if not isinstance(problem, Mapping):
        return []
    state = "its packages are as they were then" if problem.get("packagesKept") else "none of its packages are known"
    lines = [
        f"warning: {repository.get('name')} cannot be fetched since {problem.get('since')}: {state}",
        f"  {problem.get('message')}",
    ]
    return [*lines, f"  what to do: {problem['remedy']}"] if problem.get("remedy") else lines


def refused_entries(repository: Mapping[str, Any]) -> list[str]:
    """The entries of the repository that are no packages, and why, in lines; empty if all are packages."""
    refused = repository.get("refused")
    if not isinstance(refused, Mapping):
        return []
    entries = refused.get("entries")
    shown = [str(one) for one in entries] if isinstance(entries, list) else []
    count = refused.get("count")
    more = count - len(shown) if isinstance(count, int) else 0
    return [
        f"warning: {repository.get('name')} has {count} entries that are no valid packages; the others can be used",
        *(f"  {one}" for one in shown),
        *([f"  and {more} more"] if more > 0 else []),
        "  what to do: have its publisher check it: dcos-universe check",
    ]


def short(text: str) -> str:
    """The first line, shortened if it is long: a description may be a page."""
    line = text.strip().partition("\n")[0].strip()
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def _truth(value: object) -> str:
    return "true" if value is True else "false"
