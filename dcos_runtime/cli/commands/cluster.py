"""`dcos cluster`: the clusters this user knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import in_json, only_ids
from dcos_runtime.cli.tree import CommandTree

Function = TypeVar("Function", bound=Callable[..., Any])


def login_options(function: Function) -> Function:
    """Who logs in, and how. The function gets what `login.read_credentials` takes."""
    for option in (
        click.option("--provider", metavar="ID", help="The way to log in: dcos auth list-providers lists them."),
        click.option(
            "--password",
            metavar="PASSWORD",
            help="The password itself. Everybody on this machine sees it in the list of processes: "
            "prefer --password-file.",
        ),
        click.option("--password-env", metavar="NAME", help="An environment variable that holds the password."),
        click.option("--password-file", metavar="FILE", help="A file that holds the password."),
        click.option(
            "--username", metavar="NAME", help="The user to log in as.  [default: DCOS_USERNAME, or it is asked]"
        ),
    ):
        function = option(function)
    return function


@click.group(cls=CommandTree)
def cluster() -> None:
    """Make clusters known here, and choose the one that is meant."""


@cluster.command()
@click.argument("url")
@click.option("--name", metavar="NAME", help="What to call it here.  [default: what it calls itself]")
@login_options
@click.option("--ca-certs", metavar="FILE", help="The cluster's CA certificate; none is taken from the network.")
@click.option("--no-check", is_flag=True, help="Accept the CA that the cluster hands out, without asking.")
@click.option("--insecure", is_flag=True, help="Never check that it is this cluster that answers.")
@pass_invocation
def setup(
    invocation: Invocation,
    /,
    url: str,
    name: str | None,
    ca_certs: str | None,
    no_check: bool,
    insecure: bool,
    **login: Any,
) -> None:
    """Make the cluster at URL known here, log in, and attach it.

    URL is the gateway of any master, such as https://198.18.0.11. The cluster's CA is shown, to be compared with what
    the installer showed, and kept: from then on nobody else can pretend to be the cluster. A cluster that is known
    already is brought up to date.
    """
    from dcos_runtime.cli.clusters.login import read_credentials
    from dcos_runtime.cli.clusters.setup import CaTrust, set_up
    from dcos_runtime.cli.clusters.target import environment
    from dcos_runtime.cli.output import print_line

    credentials = read_credentials(**login, environment=environment())
    made = set_up(invocation.clusters, url, CaTrust(ca_certs, no_check, insecure), credentials, name)
    print_line(f"{made.name} is set up and attached ({made.id})")


@cluster.command()
@click.argument("wanted", metavar="CLUSTER")
@pass_invocation
def attach(invocation: Invocation, wanted: str) -> None:
    """Mean CLUSTER (its name, its id, or the beginning of one) from now on."""
    invocation.clusters.attach(invocation.clusters.find(wanted))


@cluster.command("list")
@click.option("--attached", is_flag=True, help="Only the one that is attached.")
@click.option("--names", is_flag=True, help="Only names.")
@only_ids
@in_json
@pass_invocation
def list_clusters(invocation: Invocation, attached: bool, names: bool, quiet: bool, as_json: bool) -> None:
    """List the clusters known here, and whether they answer. A * follows the name of the one that is attached."""
    from dcos_runtime.cli import output

    known = [one for one in invocation.clusters.all() if one.attached or not attached]
    known.sort(key=lambda one: (one.name, one.id))
    if names or quiet:
        for one in known:
            output.print_line(one.name if names else one.id)
        return
    from dcos_runtime.cli.clusters.status import look_at

    looks = look_at(known)
    if as_json:
        output.print_json([one.as_json() for one in looks])
        return
    rows = [
        (one.cluster.name + ("*" if one.cluster.attached else ""), one.cluster.id, one.status, one.version, one.url)
        for one in looks
    ]
    output.print_table(("NAME", "ID", "STATUS", "VERSION", "URL"), rows)


@cluster.command()
@click.argument("wanted", metavar="[CLUSTER]", required=False)
@click.option("--all", "everything", is_flag=True, help="Every cluster.")
@pass_invocation
def remove(invocation: Invocation, wanted: str | None, everything: bool) -> None:
    """Forget CLUSTER (its name, its id, or the beginning of one). The cluster itself is left alone."""
    if (wanted is None) != everything:
        raise click.UsageError("name a CLUSTER, or give --all")
    clusters = invocation.clusters
    for one in clusters.all() if wanted is None else [clusters.find(wanted)]:
        clusters.remove(one)


@cluster.command()
@click.argument("wanted", metavar="CLUSTER")
@click.argument("name")
@pass_invocation
def rename(invocation: Invocation, wanted: str, name: str) -> None:
    """Call CLUSTER by another NAME here."""
    clusters = invocation.clusters
    found = clusters.find(wanted)
    if found.problem is not None:
        raise found.problem
    clusters.save(found.id, {"cluster": {"name": name}})
