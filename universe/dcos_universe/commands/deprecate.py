"""`dcos-universe deprecate`: a revision stays, with a note that it should not be installed any more."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from dcos_universe import states
from dcos_universe.commands._source import REVISION, change, json_option, source_option, tell


@click.command()
@click.argument("name")
@click.argument("revision", type=REVISION)
@click.option("--reason", help="Why, and what to take instead, in one line; it is shown before an installation.")
@click.option("--undo", is_flag=True, help="Take it back.")
@source_option
@json_option
def command(name: str, revision: int, reason: str | None, undo: bool, source: Path, as_json: bool) -> None:
    """Deprecate REVISION of the package NAME: clients of every age show the reason before they install it."""
    if undo == (reason is not None):
        raise click.UsageError("give --reason, or --undo")
    said = None if reason is None else states.checked_reason(reason)
    done = change(source, name, revision, lambda _, one: msgspec.structs.replace(one, deprecated=said))
    tell(done, name, revision, as_json)
