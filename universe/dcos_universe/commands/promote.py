"""`dcos-universe promote`: moves a revision to the next channel."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from dcos_universe.commands._source import REVISION, change, json_option, source_option, tell
from dcos_universe.errors import UniverseError
from dcos_universe.states import RevisionState, States


@click.command()
@click.argument("name")
@click.argument("revision", type=REVISION)
@click.option("--to", "channel", metavar="CHANNEL", help="The next more trusted one when missing.")
@click.option("--back", is_flag=True, help="CHANNEL is a less trusted one: for a revision that is yet to be tried.")
@source_option
@json_option
def command(name: str, revision: int, channel: str | None, back: bool, source: Path, as_json: bool) -> None:
    """Promote REVISION of the package NAME to a more trusted channel.

    A new revision is in the most trusted one (stable); --to candidate --back takes it to where it is tried first. Each
    channel is a tree of its own: build --channel.
    """
    if back and channel is None:
        raise click.UsageError("--back needs --to")

    def moved(said: States, one: RevisionState) -> RevisionState:
        channels = said.channels
        now = channels.index(said.channel(name, revision))
        wanted = min(now + 1, len(channels) - 1) if channel is None else channels.index(said.known(channel))
        if wanted < now and not back:
            raise UniverseError(
                f"{name} (revision {revision}) is not promoted to {channels[wanted]}",
                why=f"it is in {channels[now]}, which is trusted more",
                hint="say --back if clients of the more trusted channel are to lose it",
            )
        top = wanted == len(channels) - 1
        return msgspec.structs.replace(one, channel=None if top else channels[wanted])

    tell(change(source, name, revision, moved), name, revision, as_json)
