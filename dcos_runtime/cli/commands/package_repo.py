"""`dcos package repo`: where packages come from."""

from __future__ import annotations

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import as_the_package_manager_returns, only_names
from dcos_runtime.cli.tree import CommandTree


@click.group(cls=CommandTree, default="list")
def repo() -> None:
    """Choose where packages come from."""


@repo.command("list")
@only_names
@as_the_package_manager_returns
@pass_invocation
def list_repositories(invocation: Invocation, quiet: bool, as_json: bool) -> None:
    """List the repositories in the order in which they are looked into; of one that is not fetched, or
    has invalid entries, why."""
    from dcos_runtime.cli import output
    from dcos_runtime.cli.packages.shown import refused_entries, repository_problem

    found = invocation.cosmos.repositories()
    if as_json:
        output.print_json({"repositories": found})
        return
    for one in found:
        output.print_line(str(one.get("name")) if quiet else f"{one.get('name')}: {one.get('uri')}")
    for one in found:
        for line in (*repository_problem(one), *refused_entries(one)):
            output.print_note(line)


@repo.command()
@click.argument("name")
@click.argument("url")
@click.option("--index", type=click.IntRange(min=0), help="Its place: 0 is looked into first.  [default: the last]")
@pass_invocation
def add(invocation: Invocation, name: str, url: str, index: int | None) -> None:
    """Add a repository of packages. The cluster's masters ask for it, not this machine."""
    from dcos_runtime.cli.output import print_note

    invocation.cosmos.add_repository(name, url, index)
    print_note(f"Added repository {name}: {url}")


@repo.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@pass_invocation
def remove(invocation: Invocation, names: tuple[str, ...]) -> None:
    """Forget repositories. What was installed from them stays."""
    from dcos_runtime.cli.output import print_note

    for name in names:
        invocation.cosmos.delete_repository(name)
        print_note(f"Removed repository {name}")


@repo.command("import")
@click.argument("file")
@pass_invocation
def import_repositories(invocation: Invocation, file: str) -> None:
    """Add the repositories that FILE lists, as `dcos package repo list --json` prints them (- is standard input)."""
    from dcos_runtime.cli.errors import CliError
    from dcos_runtime.cli.marathon.definitions import read_object
    from dcos_runtime.cli.output import print_note

    listed = read_object(file, "the repositories", "dcos package repo add NAME URL", 'such as {"repositories": []}')
    ones = listed.get("repositories")
    if not isinstance(ones, list) or not ones:
        raise CliError(f"{file} lists no repositories", hints=["dcos package repo list --json writes such a list"])
    failed = []
    for index, one in enumerate(ones):
        name, uri = (one.get("name"), one.get("uri")) if isinstance(one, dict) else (None, None)
        if not isinstance(name, str) or not isinstance(uri, str):
            failed.append(f"entry {index}: it has no name or no uri")
            continue
        try:
            invocation.cosmos.add_repository(name, uri, index)
            print_note(f"Added repo '{name}' ({uri}) at index {index}")
        except CliError as error:
            failed.append(f"{name}: {error}")
    if failed:
        raise CliError(f"{len(failed)} of {len(ones)} repositories were not added", details=failed)
