"""`dcos-universe sign`: adds signatures, digests of artifacts and bills of materials to a built tree."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from dcos_runtime.counting import counted
from dcos_universe.commands._keys import passphrase_option, private_keys
from dcos_universe.commands._source import for_programs


@click.command()
@click.argument("tree", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--root",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that dcos-universe root init made.",
)
@click.option(
    "--key",
    "files",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A private key of an online role.",
)
@passphrase_option
@click.option(
    "--digests",
    "source",
    type=click.Path(file_okay=False, path_type=Path),
    help="A folder with packages/: the digests.json beside its revisions are taken over.",
)
@click.option("--require-digests", is_flag=True, help="Sign only when the digest of every artifact is known.")
@click.option(
    "--timestamp-days", default=7, show_default=True, type=click.IntRange(1, 90), help="How long the timestamp holds."
)
@click.option("--all", "again", is_flag=True, help="Read every file, also those that look as at the last signing.")
@for_programs
def command(
    tree: Path,
    folder: Path,
    files: tuple[Path, ...],
    passphrase_file: Path | None,
    source: Path | None,
    require_digests: bool,
    timestamp_days: int,
    again: bool,
    as_json: bool,
) -> None:
    """Sign the built TREE, in one switch. What has not changed and holds long enough stays; to be run again every
    few days, also when nothing has changed: by the timestamp clients know that what they see is of today."""
    from dcos_universe.trust import sidecars, signing
    from dcos_universe.trust.ceremony import TIMESTAMP, Ceremony

    known = None if source is None else sidecars.known_of(source)
    signed = signing.sign(
        tree,
        Ceremony(folder),
        private_keys(files, passphrase_file),
        now=datetime.now(UTC),
        known=known,
        validity={TIMESTAMP: timedelta(days=timestamp_days)},
        require_digests=require_digests,
        again=again,
    )
    if as_json:
        result = {
            "tree": str(tree),
            "renewed": signed.renewed,
            "packages": signed.packages,
            "revisions": signed.revisions,
            "artifacts": signed.artifacts,
            "read": signed.read,
            "withoutDigest": signed.without_digest,
            "expires": {role: f"{when:%Y-%m-%dT%H:%M:%SZ}" for role, when in sorted(signed.expires.items())},
        }
        click.echo(json.dumps(result, indent=2))
        return
    what = ", ".join(signed.renewed) if signed.renewed else "nothing had to be renewed"
    click.echo(f"{tree}: {what}")
    click.echo(
        f"  {counted(signed.packages, 'package')}, {counted(signed.revisions, 'revision')},"
        f" {counted(signed.artifacts, 'artifact')}"
    )
    if signed.without_digest:
        click.echo(
            f"  without a digest: {counted(len(signed.without_digest), 'artifact')}:"
            " dcos-universe digests SOURCE finds them"
        )
    soonest = min(signed.expires.items(), key=lambda each: each[1])
    click.echo(f"  {soonest[0]} holds until {soonest[1]:%Y-%m-%d %H:%M} UTC: sign again before")
