"""`dcos-universe new`: a package to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from dcos_universe.authoring import scaffold, sources
from dcos_universe.commands._source import source_option
from dcos_universe.errors import UniverseError


@click.command()
@click.argument("name")
@source_option
@click.option("--version", default="0.1.0", show_default=True, help="As users see it.")
@click.option("--maintainer", default="nobody@example.com", show_default=True, help="Who is asked about it.")
@click.option("--description", help="One sentence.")
def command(name: str, source: Path, version: str, maintainer: str, description: str | None) -> None:
    """Make the package NAME, small and whole: it passes check --strict as it is."""
    root = sources.begun(source)
    sources.checked_name(name)
    if any(key.name == name for key in sources.keys(root)):
        raise UniverseError(
            f"the package {name} is not made",
            why=f"there is one already in {root}",
            hint="copy its newest revision to the next number, and change that",
        )
    files = scaffold.files(name, sources.checked_version(version), maintainer, description or f"What {name} does.")
    key = sources.add(root, name, files)
    click.echo(f"made {sources.folder(root, key)}: {', '.join(sorted(files))}")
