"""`dcos-universe check`: reports all that is wrong with a source of packages, with file, place and remedy."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from dcos_runtime import printing
from dcos_runtime.counting import counted
from dcos_universe.check import ERROR, RULES, Finding, Report, check

_COLOURS = {ERROR: "red", "warning": "yellow"}


@click.command()
@click.argument("source", default=".", type=click.Path(path_type=Path))
@click.option("--strict", is_flag=True, help="Fail on warnings, too.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option(
    "--cache",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Where results are kept for the next time; a file in the user's cache when nothing is said.",
)
@click.option("--no-cache", is_flag=True, help="Check every revision, and keep nothing.")
@click.option("--rules", is_flag=True, help="List the rules, and check nothing.")
def command(source: Path, strict: bool, as_json: bool, cache: Path | None, no_cache: bool, rules: bool) -> None:
    """Check SOURCE, a folder that holds packages/, or the folder of one revision.

    Errors are what no reader of repositories could make use of; warnings are what packages do and should not.
    The exit code is 1 when there are errors, and under --strict when there are warnings.
    """
    if rules:
        _rules()
        return
    if cache is not None and no_cache:
        raise click.UsageError("--cache and --no-cache contradict each other")
    console = Console(stderr=True)
    quiet = as_json or not console.is_terminal
    # Without a thread of its own, so that revisions can be checked by several processes.
    with Progress(console=console, transient=True, disable=quiet, auto_refresh=False) as bar:
        task = bar.add_task("checking", total=None)
        report = check(
            source,
            cache=None if no_cache else cache or default_cache(source),
            progress=lambda done, total: bar.update(
                task, completed=done, total=total, refresh=done % 20 == 0 or done == total
            ),
        )
    if as_json:
        click.echo(json.dumps(report.json() | {"ok": report.ok(strict=strict)}, indent=2))
    else:
        click.echo("".join(f"{line}\n" for line in lines(report.findings)), nl=False)
        _summary(report, strict)
    if not report.ok(strict=strict):
        sys.exit(1)


def default_cache(source: Path) -> Path | None:
    """A file for each source; None if the user has no cache."""
    try:
        home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        name = hashlib.sha256(os.fsencode(source.resolve())).hexdigest()[:16]
    except (OSError, RuntimeError):
        return None
    return home / "dcos-universe" / f"check-{name}"


def lines(findings: tuple[Finding, ...]) -> Iterator[str]:
    """The findings, file by file."""
    file = None
    for finding in findings:
        if finding.file != file:
            file = finding.file
            yield click.style(plain(file), bold=True)
        place = plain(finding.place.removeprefix(finding.file))
        severity = click.style(f"{finding.severity:7}", fg=_COLOURS[finding.severity])
        where = f"{place}: " if place else ""
        yield f"  {severity} {where}{plain(finding.what)}; {plain(finding.remedy)} [{finding.rule}]"


def plain(text: str) -> str:
    """The text without control characters for terminals: packages are not trusted."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if one.isascii() and one.isprintable() else repr(one)[1:-1] for one in text)


def _summary(report: Report, strict: bool) -> None:
    errors, warnings = len(report.errors), len(report.warnings)
    times_of = Counter(finding.rule for finding in report.findings)
    if len(report.findings) > 20:
        table = Table("rule", "times", "wants", box=None, header_style="bold")
        for rule, times in sorted(times_of.items(), key=lambda one: (RULES[one[0]][0], -one[1], one[0])):
            table.add_row(rule, str(times), RULES[rule][1], style=_COLOURS[RULES[rule][0]])
        printing.console().print(table)
    known = report.revisions - report.checked
    summary = f"{counted(report.packages, 'package')}, {counted(report.revisions, 'revision')}"
    summary += f" ({known} unchanged)" if known else ""
    verdict = f"{counted(errors, 'error')}, {counted(warnings, 'warning')}"
    click.secho(f"{summary}: {verdict}", fg=None if report.ok(strict=strict) else "red")


def _rules() -> None:
    table = Table("rule", "severity", "wants", box=None, header_style="bold")
    for rule, (severity, wants) in RULES.items():
        table.add_row(rule, severity, wants)
    printing.console().print(table)
