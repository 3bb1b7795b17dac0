"""Options that several commands have, each declared once; a test looks for others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from dcos_runtime.finite import FiniteRange

Function = TypeVar("Function", bound=Callable[..., Any])


only_ids = click.option("--quiet", "-q", is_flag=True, help="Only ids.")
only_names = click.option("--quiet", "-q", is_flag=True, help="Only names.")
in_json = click.option("--json", "as_json", is_flag=True, help="As JSON.")
as_the_master_knows = click.option("--json", "as_json", is_flag=True, help="What the master knows of each, as JSON.")
as_the_package_manager_returns = click.option(
    "--json", "as_json", is_flag=True, help="As the package manager returns it."
)
one_of_several_apps = click.option(
    "--app-id", metavar="ID", help="The app that is meant, when the package made several."
)
only_app = click.option("--app", "only_app", is_flag=True, help="Only the app.")
only_plugin = click.option("--cli", "only_cli", is_flag=True, help="Only the command-line plugin.")


def asking_nothing(function: Function) -> Function:
    """The option ``--yes``."""
    return click.option("--yes", is_flag=True, help="Ask nothing.")(function)


def planned(function: Function) -> Function:
    """The option ``--plan``."""
    return click.option("--plan", is_flag=True, help="Show what would be done, and do nothing.")(function)


def waiting(until: str, *, default: bool = True, seconds: float = 600.0) -> Callable[[Function], Function]:
    """The options ``--wait`` and ``--timeout``. ``until``: what is waited for, after *Return when*."""

    def decorate(function: Function) -> Function:
        function = click.option(
            "--timeout", type=FiniteRange(min=0), default=seconds, show_default=True, help="Seconds to --wait."
        )(function)
        help_text = f"Return when {until}." + ("" if default else "  [default: no-wait]")
        return click.option("--wait/--no-wait", default=default, show_default=default, help=help_text)(function)

    return decorate
