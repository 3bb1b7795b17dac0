"""Common parts of the verbs about packages: the source, the revision, and the output of its state."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from dcos_universe import states
from dcos_universe.authoring import sources
from dcos_universe.states import RevisionState, States

F = TypeVar("F", bound=Callable[..., Any])

REVISION = click.IntRange(0, 2**63 - 1)


def source_option(command: F) -> F:
    return click.option(
        "--source",
        type=click.Path(path_type=Path),
        default=Path(),
        help="The folder with packages/ (the current one).",
    )(command)


version_option = click.option("--version", default="0.1.0", show_default=True, help="As users see it.")
maintainer_option = click.option(
    "--maintainer", default="nobody@example.com", show_default=True, help="Who is asked about it."
)
description_option = click.option("--description", help="One sentence.")
jobs_option = click.option(
    "--jobs", default=4, show_default=True, type=click.IntRange(1, 64), help="Downloads at once."
)
for_programs = click.option("--json", "as_json", is_flag=True, help="For programs.")


def json_option(command: F) -> F:
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def change(source: Path, name: str, revision: int, changed: Callable[[States, RevisionState], RevisionState]) -> States:
    """Changes the state of one existing revision. Raises `UniverseError`."""
    root = sources.root_of(source)
    key = sources.existing(root, name, revision)
    return states.change(
        root, lambda said: said.changed(key.name, key.revision, changed(said, said.of(name, revision)))
    )


def tell(said: States, name: str, revision: int, as_json: bool) -> None:
    state = said.of(name, revision)
    channel = said.channel(name, revision)
    if as_json:
        result = {"yanked": state.yanked, "deprecated": state.deprecated, "channel": channel}
        click.echo(json.dumps({"name": name, "revision": revision, **result}))
        return
    words = [
        f"yanked: {state.yanked}" if state.yanked else "",
        f"deprecated: {state.deprecated}" if state.deprecated else "",
    ]
    click.echo("; ".join([f"{name} (revision {revision}): channel {channel}", *filter(None, words)]))
    click.echo("Clients see it after the next build, sign and publish.")
