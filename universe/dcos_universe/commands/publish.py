"""`dcos-universe publish`: publishes a built tree to the place where clients read it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.progress import Progress as Bar

from dcos_runtime.counting import counted
from dcos_universe.errors import UniverseError
from dcos_universe.publishing import directory, publication, s3
from dcos_universe.publishing.destination import Bucket, Directory, Ssh, destination
from dcos_universe.publishing.directory import Progress, Published
from dcos_universe.publishing.publication import PublishedTree
from dcos_universe.publishing.shells import Shell, ssh


class _Shown(Progress):
    """A progress bar on a terminal."""

    def __init__(self, bar: Bar) -> None:
        self._bar = bar
        self._task = bar.add_task("looking", total=None)

    def begin(self, what: str, total: int) -> None:
        self._bar.update(self._task, description=what, total=total)

    def done(self, amount: int) -> None:
        self._bar.advance(self._task, amount)


@click.command()
@click.argument("tree", type=click.Path(file_okay=False, path_type=Path))
@click.argument("place", metavar="DESTINATION")
@click.option(
    "--keep",
    type=click.IntRange(0, 1000),
    default=10,
    show_default=True,
    help="For how many publications files that never change stay, for readers that began with an older tree.",
)
@click.option(
    "--new-root",
    is_flag=True,
    help="Also replace a repository of another root. Who was given that root reads no further.",
)
@click.option("--ssh-config", type=click.Path(path_type=Path), help="ssh's -F.")
@click.option("--endpoint", metavar="URL", help="Of an S3 that is not Amazon's.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as a JSON object.")
def command(
    tree: Path,
    place: str,
    keep: int,
    new_root: bool,
    ssh_config: Path | None,
    endpoint: str | None,
    as_json: bool,
) -> None:
    """Bring TREE to DESTINATION: a directory, ssh://user@host/directory or s3://bucket/prefix.

    In a directory, current is a link to what readers get, and switched by one rename. An interrupted run can be
    repeated: it goes on. Two publishers at once are kept apart. A signed tree is verified first.
    """
    where = destination(place)
    bar = Bar(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not Console(stderr=True).is_terminal,
    )
    with bar:
        made = publication.read(tree)
        send = _sender(made, where, ssh_config, endpoint)
        done = send(keep=keep, progress=_Shown(bar), new_root=new_root)
    if as_json:
        click.echo(
            json.dumps(
                {
                    "destination": place,
                    "changed": done.changed,
                    "tree": done.tree,
                    "files": done.files,
                    "bytes": done.sent,
                    "unchanged": done.linked,
                    "read": made.read,
                }
            )
        )
    elif done.changed:
        click.echo(
            f"published {counted(done.files, 'file')} to {place} as {done.tree}: {done.files - done.linked} uploaded"
            f" ({done.sent} bytes), {done.linked} there already"
        )
    else:
        click.echo(f"{place} has this tree already ({done.tree})")


def _sender(made: PublishedTree, where: object, config: Path | None, endpoint: str | None) -> Callable[..., Published]:
    if isinstance(where, Bucket):
        return partial(s3.publish, made, s3.client(endpoint), where)
    if isinstance(where, Ssh):
        if shutil.which("ssh") is None:
            raise UniverseError(
                "nothing can be published over SSH",
                why="there is no ssh on this machine",
                hint="install it (Debian: openssh-client)",
            )
        shown = f"{where.host}:{where.path}"
        shell = Shell(where.path, ssh(where.user, where.host, where.port, config), shown)
    else:
        assert isinstance(where, Directory)
        tree = made.root.resolve()
        if where.path.resolve() == tree or tree in where.path.resolve().parents:
            raise UniverseError(
                f"the tree cannot be published to {where.path}",
                why="that lies in the tree itself",
                hint="publish to a folder outside of it",
            )
        shell = Shell(str(where.path))
    return partial(directory.publish, made, shell)
