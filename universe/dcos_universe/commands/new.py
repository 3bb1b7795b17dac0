"""`dcos-universe new`: a first package."""

from __future__ import annotations

from pathlib import Path

import click

from dcos_universe.authoring import scaffold, sources
from dcos_universe.commands._source import description_option, maintainer_option, source_option, version_option
from dcos_universe.errors import UniverseError


@click.command()
@click.argument("name")
@source_option
@version_option
@maintainer_option
@description_option
def command(name: str, source: Path, version: str, maintainer: str, description: str | None) -> None:
    """Make the package NAME, small and whole: it passes check --strict as it is."""
    with sources.begun(source) as root:
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
