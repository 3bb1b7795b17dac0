"""`dcos-universe verify`: whether a repository is what the holders of its root signed; warns when signatures expire
soon.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from dcos_runtime.counting import counted
from dcos_universe.commands._source import for_programs

EXPIRES_SOON = 3
"""The exit code when all is valid and something will expire soon."""


@click.command()
@click.argument("repository")
@click.option(
    "--root",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="A root.json that was got by a way to be trusted; the first one will do.",
)
@click.option(
    "--warn-days",
    default=0,
    show_default=True,
    type=click.IntRange(0, 3650),
    help=f"Exit code {EXPIRES_SOON} when signatures hold for no more than so many days.",
)
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    help="Remembers what was seen, so that a rollback is known.",
)
@for_programs
@click.pass_context
def command(
    context: click.Context, repository: str, root: Path, warn_days: int, state: Path | None, as_json: bool
) -> None:
    """Verify REPOSITORY, a built or published tree or a URL. Exit code 0: it is its publisher's; 1: it is refused, and
    why; 3: it is, and will not be for long (--warn-days)."""
    from dcos_universe.index.trusted import RepositoryRefused, read_root
    from dcos_universe.trust import verifying

    try:
        result = verifying.verify(
            repository, read_root(root), now=datetime.now(UTC), warn=timedelta(days=warn_days), state=state
        )
    except RepositoryRefused as refusal:
        if as_json:
            report = {
                "repository": repository,
                "ok": False,
                "reason": refusal.reason,
                "why": refusal.why,
                "hint": refusal.hint,
            }
            click.echo(json.dumps(report, indent=2))
            context.exit(1)
        raise
    if as_json:
        click.echo(json.dumps(result.json, indent=2))
    if result.unsigned:
        if as_json:
            context.exit(1)
        raise verifying.refused(result)
    role, when = next(iter(result.expires.items()))
    if not as_json:
        click.echo(f"{repository}: as its publisher signed it, {counted(result.files, 'file')}")
        click.echo(f"  {role} holds until {when:%Y-%m-%d %H:%M} UTC")
        if result.without_digest:
            click.echo(f"  without a digest: {counted(result.without_digest, 'artifact')}")
    if result.soon:
        click.echo(f"expires soon: {', '.join(result.soon)}: sign again, or rotate the root", err=True)
        context.exit(EXPIRES_SOON)
