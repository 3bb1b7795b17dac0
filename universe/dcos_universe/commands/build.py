"""`dcos-universe build`: makes the tree that is served or published."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from dcos_runtime.counting import counted
from dcos_universe.building.builder import BuildRefused, Built, Progress, build

_SHOWN = 20
"""The findings shown for a refused source; `check` shows all."""


@click.command("build")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--channel", metavar="NAME", help="Of what is in this channel (default: in the most trusted one).")
@click.option("--strict", is_flag=True, help="Refuse warnings of the check, too.")
@click.option("--title", default="Packages", show_default=True, metavar="TEXT", help="What the catalogue is called.")
@click.option("--no-site", is_flag=True, help="Without the catalogue in HTML.")
@click.option("--no-twins", is_flag=True, help="Without compressed twins of the files.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document: what was made, or why not.")
def command(
    source: Path,
    out: Path,
    channel: str | None,
    strict: bool,
    title: str,
    no_site: bool,
    no_twins: bool,
    as_json: bool,
) -> None:
    """Check the packages in SOURCE and make the repository's tree of them in OUT.

    SOURCE is the folder that holds packages/. OUT is replaced by one rename when all of it is made; until then,
    and when anything fails, it is as it was. What did not change since the last build is not made again.
    """
    try:
        made = build(
            source,
            out,
            channel=channel,
            with_site=not no_site,
            with_twins=not no_twins,
            strict=strict,
            title=title,
            progress=None if as_json or not sys.stderr.isatty() else _bar(),
        )
    except BuildRefused as refused:
        findings = [*refused.report.errors, *(refused.report.warnings if strict else ())]
        if as_json:
            click.echo(
                json.dumps({"built": False, "error": refused.what, "findings": [one.json() for one in findings]})
            )
            sys.exit(1)
        for finding in findings[:_SHOWN]:
            click.echo(f"{finding.place}: {finding.what}; {finding.remedy}", err=True)
        if len(findings) > _SHOWN:
            click.echo(f"… and {len(findings) - _SHOWN} more", err=True)
        raise
    click.echo(json.dumps(_as_json(made)) if as_json else _words(made))


def _as_json(made: Built) -> dict[str, Any]:
    result = asdict(made)
    return {"built": True, **result, "out": str(made.out), "seconds": {k: round(v, 4) for k, v in made.seconds.items()}}


def _words(made: Built) -> str:
    total = sum(made.seconds.values())
    parts = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in made.seconds.items())
    warnings = f", {counted(made.warnings, 'warning')} (dcos-universe check lists them)" if made.warnings else ""
    return (
        f"{made.out}: {counted(made.revisions, 'revision')} of {counted(made.packages, 'package')}"
        f" in channel {made.channel}{warnings}\n"
        f"{counted(made.written, 'file')} written, {made.kept} as they were, {counted(made.steps, 'step')} of deltas;"
        f" {total:.2f} s ({parts})"
    )


def _bar() -> Progress:
    """One line on the terminal with the stage and its progress."""

    def tell(stage: str, done: int, of: int) -> None:
        if of and done < of and done % 50:
            return
        how = f" {done}/{of}" if of else ""
        click.echo(f"\r\033[K{stage}{how}" if stage != "clearing" else "\r\033[K", nl=False, err=True)

    return tell
