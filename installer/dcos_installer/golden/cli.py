"""The verbs of `dcos-installer image`: list, build, test, publish, diff, lock, gc. They parse, print, exit."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dcos_installer.errors import InstallerError
from dcos_installer.frame import FAILED, definitions_option, errors
from dcos_runtime.counting import counted

if TYPE_CHECKING:
    from dcos_images.images import Image, ImageBuilder

F = TypeVar("F", bound=Callable[..., Any])

_name = click.argument("name")
_json = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
_lock_file = click.option(
    "--lock",
    "lock_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The lock to build from, instead of the builder's stored one.",
)


@click.group("image")
def image() -> None:
    """Build golden images that machines are made from, try them, and keep house."""


@image.command("list")
@definitions_option
@_json
def list_images(definitions: Path | None, as_json: bool) -> None:
    """List the images that are defined, and which of them are built."""
    from dcos_images.errors import ImageError, NotMadeHereError
    from dcos_images.including import load_definition, names

    rows = []
    broken: dict[str, ImageError] = {}
    with _reporting():
        builder = _builder(definitions, quiet=True)
        for name in names(builder.definitions_folder):
            try:
                definition = load_definition(name, builder.definitions_folder)
            except ImageError as error:
                broken[name] = error
                continue
            built, elsewhere = None, ""
            try:
                built = builder.find(name)
            except NotMadeHereError as error:
                elsewhere = error.why
            rows.append(
                {
                    "name": name,
                    "description": definition.description,
                    "outputs": list(definition.outputs),
                    "built": None if built is None else str(built.folder),
                    "elsewhere": elsewhere,
                }
            )
    for name, problem in broken.items():
        click.echo(f"error: {problem}", err=True)
        rows.append(
            {"name": name, "description": "", "outputs": [], "built": None, "elsewhere": "", "broken": str(problem)}
        )
    if as_json:
        click.echo(json.dumps(rows))
    shown = [row for row in rows if row["name"] not in broken and not as_json]
    names_wide = max((len(str(row["name"])) for row in shown), default=0)
    outputs_wide = max((len(", ".join(row["outputs"] or ())) for row in shown), default=0)
    for row in shown:
        state = f"built: {row['built']}" if row["built"] else "not built"
        if row["elsewhere"]:
            state = f"not made on this host: {row['elsewhere']}"
        outputs = ", ".join(row["outputs"] or ())
        click.echo(f"{row['name']:{names_wide}}  {outputs:{outputs_wide}}  {row['description']}")
        click.echo(f"{'':{names_wide}}  {state}")
    if broken:
        sys.exit(FAILED)


@image.command()
@_name
@definitions_option
@_lock_file
@_json
def build(name: str, definitions: Path | None, lock_file: Path | None, as_json: bool) -> None:
    """Build the image NAME: unchanged parts are taken from the cache. It resumes after a failure."""
    from dcos_installer.bundle.images import ensured

    started = time.monotonic()
    with _reporting(), ensured(_builder(definitions), name, lock=lock_file) as made:
        _tell(made, as_json)
    if not as_json:
        click.echo(f"done ({time.monotonic() - started:.1f} s)")


@image.command()
@_name
@definitions_option
@_lock_file
@click.option(
    "--output", default="", help="The output to boot: qcow2, raw or netboot; by default the first that exists."
)
@click.option("--seconds", default=600.0, show_default=True, help="The longest time until it reports that it is ready.")
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("image-test"),
    show_default=True,
    help="The folder for console, screen and the tests' output if it fails.",
)
@click.option(
    "--tests",
    type=click.Path(path_type=Path),
    multiple=True,
    help="More tests to run on the machine: a file or folder for pytest with testinfra.",
)
@_json
def test(
    name: str,
    definitions: Path | None,
    lock_file: Path | None,
    output: str,
    seconds: float,
    keep: Path,
    tests: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Boot the image NAME in QEMU, and run tests on the machine with testinfra. It is built first if necessary."""
    from dcos_images.checking import check_tests
    from dcos_images.trial import boot, chosen
    from dcos_installer.bundle.images import ensured

    with _reporting():
        builder = _builder(definitions)
        definition = builder.definition(name)
        output = chosen(definition, output)
        more = [path.absolute() for path in tests]
        check_tests(more)
        with ensured(builder, name, lock=lock_file) as made:
            trial = boot(
                made, definition, output=output, deadline=seconds, keep=keep.absolute(), tests=more, note=_note
            )
    if as_json:
        result = {
            "seconds": trial.seconds,
            "accelerator": trial.accelerator,
            "lines": [list(one) for one in trial.lines],
            "tests": [{"name": one.name, "properties": dict(one.properties)} for one in trial.checks],
        }
        click.echo(json.dumps(result))
        return
    click.echo(f"{name} is ready after {trial.seconds:.0f} s ({trial.accelerator})")
    for known, value in trial.lines:
        click.echo(f"  {known.lower():11} {value}")
    for check in trial.checks:
        click.echo(f"  passed      {check.name}{''.join(f' ({name} {value})' for name, value in check.properties)}")
    click.echo(counted(len(trial.checks), "test") + " passed on the machine")


@image.command()
@_name
@click.argument("destination")
@definitions_option
@_lock_file
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    default=3,
    show_default=True,
    help="For a folder: how many earlier publications stay.",
)
@click.option("--endpoint", help="The URL of an S3 or EC2 service other than Amazon's.")
@_json
def publish(
    name: str,
    destination: str,
    definitions: Path | None,
    lock_file: Path | None,
    keep: int,
    endpoint: str | None,
    as_json: bool,
) -> None:
    """Publish the image NAME to DESTINATION. It is built first if necessary; run again, it continues.

    DESTINATION is a folder that a web server serves, s3://BUCKET/PREFIX, ec2:REGION (an AMI), or PROVIDER:PLACE where a
    provider takes images.
    """
    from dcos_installer.bundle.images import ensured
    from dcos_installer.golden.publishing import check, publish

    with _reporting():
        builder = _builder(definitions)
        check(builder.definition(name), destination, endpoint=endpoint)
        with ensured(builder, name, lock=lock_file) as made:
            result = publish(builder, name, made, destination, keep=keep, endpoint=endpoint, note=_note)
    if as_json:
        click.echo(json.dumps(result))
        return
    for key, value in result.items():
        click.echo(f"{key:10} {', '.join(value) if isinstance(value, list) else value}")


@image.command()
@click.argument("first")
@click.argument("second")
@definitions_option
@_json
def diff(first: str, second: str, definitions: Path | None, as_json: bool) -> None:
    """Show how two images differ: names of built images, or folders. Exits with 1 if they do."""
    from dcos_images.housekeeping import difference

    with _reporting():
        builder = _builder(definitions)
        with builder.in_use():
            lines = difference(*(_folder(builder, one) for one in (first, second)))
    if as_json:
        click.echo(json.dumps(lines))
    else:
        click.echo("\n".join(lines) or "they are the same")
    if lines:
        sys.exit(FAILED)


@image.command()
@_name
@definitions_option
@click.option("--fetch", is_flag=True, help="Download the packages into the store, too: then a build needs no network.")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="Write the lock to this file, too.")
def lock(name: str, definitions: Path | None, fetch: bool, to: Path | None) -> None:
    """Lock the newest packages for the image NAME: the next build uses exactly these."""
    from dcos_images.lock import check_writable, write_lock

    with _reporting():
        if to is not None:
            check_writable(to)
        builder = _builder(definitions)
        made = builder.lock(name, fetch=fetch)
        if to is not None:
            write_lock(made, to)
    size = sum(one.size for one in made.packages)
    click.echo(f"{name}: {counted(len(made.packages), 'package')}, {size >> 20} MiB, lock {made.digest()[:12]}")


@image.command()
@definitions_option
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
def gc(definitions: Path | None, dry_run: bool) -> None:
    """Remove images, steps and packages from the cache that are no longer part of an image.

    It waits for running builds; trees that machines of this host use stay.
    """
    from dcos_images.housekeeping import collect

    with _reporting():
        gone = collect(_builder(definitions), dry_run=dry_run)
    for one in gone:
        click.echo(f"{'would remove' if dry_run else 'removed'} {one.what}: {one.path} ({one.size} bytes)")
    click.echo(f"{sum(one.size for one in gone)} bytes {'would be freed' if dry_run else 'freed'}")


def _builder(definitions: Path | None, *, quiet: bool = False) -> ImageBuilder:
    from dcos_installer.providers.image_builder import image_builder

    return image_builder((lambda text: None) if quiet else _note, definitions)


def _folder(builder: ImageBuilder, named: str) -> Path:
    from dcos_images.errors import ImageError

    if "/" in named or Path(named).is_dir():
        return Path(named)
    found = builder.find(named)
    if found is None:
        raise ImageError(f"the image {named!r} is not built", hint=f"build it: dcos-installer image build {named}")
    return found.folder


def _tell(made: Image, as_json: bool) -> None:
    outputs = {
        kind: {"path": str(one.path), "sha256": one.sha256, "size": one.size} for kind, one in made.outputs.items()
    }
    if as_json:
        click.echo(json.dumps({"key": made.key, "folder": str(made.folder), "tree": made.digest, "outputs": outputs}))
        return
    if made.digest:
        click.echo(f"tree {made.tree}\n  digest {made.digest}")
    for kind, one in made.outputs.items():
        click.echo(f"{kind} {one.path} ({one.size >> 20} MiB)\n  sha256 {one.sha256}")
    click.echo(f"beside it: manifest.json, sbom.cdx.json, provenance.json; {counted(len(made.packages), 'package')}")


def _note(text: str) -> None:
    click.echo(text, err=True)


@contextmanager
def _reporting() -> Iterator[None]:
    """Reports errors of images like all others."""
    from dcos_images.errors import ImageError

    with errors():
        try:
            yield
        except ImageError as error:
            raise InstallerError(error.what, why=error.why, hint=error.hint, evidence=error.evidence) from error
