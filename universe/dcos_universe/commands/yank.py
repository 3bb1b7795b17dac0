"""`dcos-universe yank`: withdraws a revision, so that no client is offered it any more."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from dcos_universe import states
from dcos_universe.commands._source import REVISION, change, json_option, source_option, tell


@click.command()
@click.argument("name")
@click.argument("revision", type=REVISION)
@click.option("--reason", required=True, help="Why, in one line; it is published.")
@source_option
@json_option
def command(name: str, revision: int, reason: str, source: Path, as_json: bool) -> None:
    """Withdraw REVISION of the package NAME: it is in no repo-up-to-* after the next build. universe.json keeps it, so
    that what is known of installed ones stays known."""
    said = states.checked_reason(reason)
    tell(
        change(source, name, revision, lambda _, one: msgspec.structs.replace(one, yanked=said)),
        name,
        revision,
        as_json,
    )
