"""`dcos-universe convert`: a package from a Marathon app."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dcos_universe.authoring import conversion, sources
from dcos_universe.commands._source import description_option, maintainer_option, source_option, version_option
from dcos_universe.errors import UniverseError, unreadable

_LARGEST = 1 << 20


@click.command()
@click.argument("app", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path))
@source_option
@click.option("--name", help="Of the package; made from the app's id when missing.")
@version_option
@maintainer_option
@description_option
def command(app: Path, source: Path, name: str | None, version: str, maintainer: str, description: str | None) -> None:
    """Make a package of the Marathon app in the file APP (- for standard input): its next revision, if it is there.

    Name, resources, instances, user and environment become options; images and what is fetched over HTTP become
    resources. Installed without options it is the same app.
    """
    try:
        content = sys.stdin.buffer.read(_LARGEST + 1) if str(app) == "-" else _read(app)
    except OSError as error:
        raise unreadable(app, error) from error
    if len(content) > _LARGEST:
        raise UniverseError(f"{app} cannot be read", why=f"it has more than {_LARGEST} bytes", hint="give one app")
    found = conversion.app_of(content, str(app))
    with sources.begun(source) as root:
        made = conversion.convert(
            found,
            sources.checked_name(name or conversion.suggested_name(found)),
            version=sources.checked_version(version),
            maintainer=maintainer,
            description=description or f"The app {found['id']}.",
        )
        key = sources.add(root, made.name, made.files)
    place = sources.folder(root, key)
    click.echo(f"made {place}: {', '.join(sorted(made.files))}")
    for note in made.notes:
        click.echo(f"note: {note}")
    click.echo(f"See what must be corrected: dcos-universe check {root}")


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_LARGEST + 1)
