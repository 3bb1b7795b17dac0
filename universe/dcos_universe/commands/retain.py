"""`dcos-universe retain`: removes old revisions, after printing which."""

from __future__ import annotations

import json
from pathlib import Path

import click

from dcos_runtime.counting import counted
from dcos_universe.authoring import retention
from dcos_universe.commands._source import json_option, source_option


@click.command()
@click.option(
    "--revisions",
    type=click.IntRange(1, 100_000),
    required=True,
    help="How many of each package stay for each release of DC/OS, in each channel.",
)
@click.option("--do", "plan", metavar="PLAN", help="Do the plan of this name, as it was printed.")
@source_option
@json_option
def command(revisions: int, plan: str | None, source: Path, as_json: bool) -> None:
    """Print which revisions are old, and with --do take them away.

    Those that a newer one names as one to upgrade from stay. A revision that is gone here is gone from universe.json
    with the next build.
    """
    made = retention.planned(source, revisions) if plan is None else retention.carry_out(source, revisions, plan)
    if as_json:
        result = {
            "plan": made.digest,
            "done": plan is not None,
            "gone": [{"name": key.name, "revision": key.revision, "why": why} for key, why in made.gone.items()],
            "kept": [{"name": key.name, "revision": key.revision, "why": why} for key, why in made.kept.items()],
        }
        click.echo(json.dumps(result))
        return
    for key, why in made.kept.items():
        click.echo(f"keep   {key}: {why}")
    for key, why in made.gone.items():
        click.echo(f"{'gone  ' if plan else 'remove'} {key}: {why}")
    if plan is not None:
        click.echo(f"gone: {counted(len(made.gone), 'revision')}")
    elif made.gone:
        click.echo(
            f"{counted(len(made.gone), 'revision')} would be removed:"
            f" dcos-universe retain --revisions {revisions} --do {made.digest}"
        )
    else:
        click.echo("nothing is old enough to go")
