"""`dcos-universe unyank`: offers a revision again."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from dcos_universe.commands._source import REVISION, change, json_option, source_option, tell


@click.command()
@click.argument("name")
@click.argument("revision", type=REVISION)
@source_option
@json_option
def command(name: str, revision: int, source: Path, as_json: bool) -> None:
    """Take back that REVISION of the package NAME was yanked."""
    tell(
        change(source, name, revision, lambda _, one: msgspec.structs.replace(one, yanked=None)),
        name,
        revision,
        as_json,
    )
