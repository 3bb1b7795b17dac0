"""`dcos-universe digests`: finds unknown digests of artifacts, and writes them beside packages."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import click

from dcos_runtime.counting import counted
from dcos_universe.commands._source import jobs_option
from dcos_universe.errors import UniverseError


@click.command()
@click.argument("source", type=click.Path(file_okay=False, path_type=Path))
@click.option("--package", "packages", multiple=True, metavar="NAME", help="Only of this package; may be repeated.")
@jobs_option
@click.option("--missing", is_flag=True, help="Only list the missing ones; exit code 1 if there are some.")
@click.pass_context
def command(context: click.Context, source: Path, packages: tuple[str, ...], jobs: int, missing: bool) -> None:
    """Download what the packages of SOURCE (the folder that holds packages/) name and nobody knows the digest of,
    and writes it into digests.json beside each revision. What is written there is trusted from then on: look at it.
    Images are left out."""
    from dcos_universe import artifacts, reading
    from dcos_universe.commands.mirror import progress
    from dcos_universe.index import durable
    from dcos_universe.mirror import downloading

    wanted: dict[Path, list[artifacts.Artifact]] = {}
    for folder in reading.revisions(source):
        if packages and folder.parent.name not in packages:
            continue
        unknown = artifacts.missing(folder, reading.read(folder))
        if unknown:
            wanted[folder] = unknown
    if missing:
        for folder, unknown in wanted.items():
            for one in unknown:
                click.echo(f"{folder.relative_to(source)}: {one.kind} {one.name}: {one.uri}")
        context.exit(1 if wanted else 0)
    files = {one.uri for unknown in wanted.values() for one in unknown if one.kind != artifacts.IMAGE}
    with tempfile.TemporaryDirectory(prefix="digests-") as work, progress(sys.stderr.isatty()) as bars:
        every = [downloading.Download(uri) for uri in sorted(files)]
        failed: UniverseError | None = None
        store = downloading.BlobStore(Path(work))
        try:
            found = asyncio.run(downloading.download(every, store, jobs=jobs, progress=bars))
        except downloading.Failed as error:
            failed = error
            found = {one.uri: digest for one in every if (digest := store.have(one)) is not None}
    written = 0
    for folder, unknown in wanted.items():
        new = {one.uri: found[one.uri] for one in unknown if one.uri in found}
        if new:
            durable.write(folder / artifacts.FILE, artifacts.encoded({**artifacts.read(folder), **new}))
            written += len(new)
    click.echo(f"{source}: {counted(written, 'digest')} written, of {counted(len(found), 'file')}")
    if failed is not None:
        raise failed
