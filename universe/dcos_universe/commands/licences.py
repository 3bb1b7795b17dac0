"""`dcos-universe licences`: the licences of packages."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.table import Table

from dcos_runtime import printing
from dcos_runtime.counting import counted
from dcos_universe import reading
from dcos_universe.authoring import licences, sources
from dcos_universe.commands._source import json_option, source_option


@click.command()
@click.option("--all", "every", is_flag=True, help="Of every revision, not of the newest only.")
@source_option
@json_option
def command(every: bool, source: Path, as_json: bool) -> None:
    """Report the licences that packages state, and which state none."""
    root = sources.root_of(source)
    found = list(licences.stated((reading.read(path) for path in reading.revisions(root)), every=every))
    if as_json:
        result = [
            {
                "name": one.name,
                "version": one.version,
                "revision": one.revision,
                "licences": [{"name": name, "url": url} for name, url in one.licences],
            }
            for one in found
        ]
        click.echo(json.dumps(result))
        return
    table = Table("PACKAGE", "VERSION", "REVISION", "LICENCE", "URL", box=None, pad_edge=False)
    for one in found:
        for name, url in one.licences or (("none stated", ""),):
            table.add_row(one.name, one.version, str(one.revision), name, url)
    printing.console().print(table)
    without = sum(not one.licences for one in found)
    click.echo(f"{counted(len(found), 'package')}, without a licence: {without}")
