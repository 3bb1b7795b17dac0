"""`dcos-universe mirror`: a bundle of packages with all they need, for machines without internet access."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from dcos_runtime.counting import counted
from dcos_universe.commands._source import for_programs, jobs_option


@click.command()
@click.argument("source")
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--package",
    "packages",
    multiple=True,
    required=True,
    metavar="NAME[=VERSION]",
    help="A package: the newest revision that is offered, that of a version, or with =* all; may be repeated.",
)
@click.option("--url", required=True, help="Where the bundle will be served, as its clients will name it.")
@click.option(
    "--root",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A root.json: SOURCE has to be signed under it.",
)
@click.option(
    "--registry",
    default="",
    metavar="HOST[:PORT]",
    help="Images get the name of this registry; without it they keep theirs.",
)
@click.option("--no-images", is_flag=True, help="Leave container images out.")
@click.option("--require-digests", is_flag=True, help="Fetch nothing without a known digest.")
@click.option("--plain-http", is_flag=True, help="Image registries are asked without TLS.")
@jobs_option
@for_programs
def command(
    source: str,
    out: Path,
    packages: tuple[str, ...],
    url: str,
    root: Path | None,
    registry: str,
    no_images: bool,
    require_digests: bool,
    plain_http: bool,
    jobs: int,
    as_json: bool,
) -> None:
    """Bring packages of SOURCE (a folder of packages, a built tree, or a URL) with all their artifacts and images,
    and makes the tree OUT of them. It is signed, served and published like any other tree. Run again, it goes on
    where it was."""
    from dcos_universe.index.trusted import read_root
    from dcos_universe.mirror import bundle

    settings = bundle.Settings(
        url,
        registry=registry,
        jobs=jobs,
        with_images=not no_images,
        require_digests=require_digests,
        plain_http=plain_http,
    )
    with progress(not as_json and sys.stderr.isatty()) as bars:
        done = bundle.mirror(source, out, packages, settings, root=read_root(root) if root else None, progress=bars)
    if as_json:
        found = {
            "tree": str(done.out),
            "revisions": done.revisions,
            "artifacts": done.artifacts,
            "files": done.files,
            "bytes": done.bytes,
            "images": done.images,
            "outside": done.outside,
            "yanked": done.yanked,
            "read": done.read,
        }
        click.echo(json.dumps(found, indent=2))
        return
    click.echo(
        f"{done.out}: {counted(len(done.revisions), 'revision')}, {counted(done.files, 'file')}"
        f" of {counted(done.bytes, 'byte')}, {counted(done.images, 'image')}"
    )
    for one in done.yanked:
        click.echo(f"  yanked, and not offered: {one}", err=True)
    for one in done.outside:
        click.echo(f"  not in it: {one}", err=True)
    click.echo("  sign it: dcos-universe sign; serve it: dcos-universe serve")


@contextmanager
def progress(shown: bool) -> Iterator[Callable[[str, int, int | None], None]]:
    """On a terminal, a progress bar for each file; otherwise nothing."""
    if not shown:
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:
        known: dict[str, TaskID] = {}

        def show(uri: str, done: int, of: int | None) -> None:
            if uri not in known:
                known[uri] = bars.add_task(uri.rpartition("/")[2][-48:], total=of)
            bars.update(known[uri], completed=done, total=of)

        yield show
