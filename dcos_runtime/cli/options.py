"""Options that several commands have, each declared once: ``--yes``, ``--plan``, ``--wait`` with ``--timeout``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


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
            "--timeout", type=click.FloatRange(min=0), default=seconds, show_default=True, help="Seconds to --wait."
        )(function)
        told = f"Return when {until}." + ("" if default else "  [default: no-wait]")
        return click.option("--wait/--no-wait", default=default, show_default=default, help=told)(function)

    return decorate
