"""`dcos auth`: logging in to the cluster, and out."""

from __future__ import annotations

from typing import Any

import click

from dcos_runtime.cli.commands.cluster import login_options
from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import in_json
from dcos_runtime.cli.tree import CommandTree


@click.group(cls=CommandTree)
def auth() -> None:
    """Log in to the cluster, and out."""


@auth.command()
@login_options
@pass_invocation
def login(invocation: Invocation, /, **options: Any) -> None:
    """Log in to the attached cluster with a name and a password."""
    from dcos_runtime.cli.clusters.account import log_in_again
    from dcos_runtime.cli.clusters.login import read_credentials
    from dcos_runtime.cli.clusters.target import environment

    log_in_again(invocation.clusters, invocation.target, read_credentials(**options, environment=environment()))


@auth.command()
@pass_invocation
def logout(invocation: Invocation) -> None:
    """Log out of the attached cluster: the token is revoked, and forgotten here."""
    from dcos_runtime.cli.clusters.account import log_out

    log_out(invocation.clusters, invocation.target)


@auth.command("list-providers")
@click.argument("url", metavar="[URL]", required=False)
@in_json
@pass_invocation
def list_providers(invocation: Invocation, url: str | None, as_json: bool) -> None:
    """List the ways to log in to the attached cluster, or to the one at URL."""
    from dcos_runtime.cli import output
    from dcos_runtime.cli.clusters.account import providers
    from dcos_runtime.cli.clusters.target import environment, find_target

    found = providers(find_target(url, environment()) if url is not None else invocation.target)
    if as_json:
        output.print_json([{"id": one.id, "type": one.type, "description": one.description} for one in found])
    else:
        output.print_table(
            ("PROVIDER ID", "AUTHENTICATION TYPE", "DESCRIPTION"),
            [(one.id, one.type, one.description) for one in found],
        )
