"""`dcos package install`: an app in the cluster, and the command-line plugin here."""

from __future__ import annotations

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import asking_nothing, only_app, only_plugin, planned, waiting
from dcos_runtime.cli.tree import Leaf, own_commands


@click.command(cls=Leaf)
@click.argument("name", metavar="PACKAGE")
@click.option("--options", "options_file", metavar="FILE", help="The options, as a JSON object (- is standard input).")
@click.option("--package-version", metavar="VERSION", help="This version.  [default: the newest]")
@click.option("--app-id", metavar="ID", help="The id of the app.  [default: as the package says]")
@only_app
@only_plugin
@planned
@asking_nothing
@waiting("the app runs and is healthy")
@click.option("--json", "as_json", is_flag=True, help="What was installed, or would be, as JSON.")
@pass_invocation
def install(
    invocation: Invocation,
    name: str,
    options_file: str | None,
    package_version: str | None,
    app_id: str | None,
    only_app: bool,
    only_cli: bool,
    plan: bool,
    yes: bool,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Install a package.

    Its app comes to the cluster, and its command-line plugin to the `dcos` of this machine, for this cluster only.
    """
    from dcos_runtime.cli.errors import USAGE, CliError
    from dcos_runtime.cli.packages.installation import Installation
    from dcos_runtime.cli.packages.options import confirm, read_options

    if only_app and only_cli:
        raise CliError("--app and --cli together mean neither: leave both out to install both", exit_code=USAGE)
    if only_cli and (options_file is not None or app_id is not None):
        raise CliError("--options and --app-id are of the app, and --cli leaves it out", exit_code=USAGE)
    options = read_options(options_file)
    package = invocation.cosmos.describe(name, package_version)
    installation = Installation(
        invocation, package, options, app_id, own_commands(), app=not only_cli, cli=not only_app
    )
    of_app = [word for word, given in (("--options", options_file), ("--app-id", app_id)) if given is not None]
    installation.check(only_cli=only_cli, only_app=only_app, of_app=of_app)
    if plan:
        installation.tell_plan(as_json=as_json)
        return
    installation.tell_before()
    confirm("Continue installing?", yes=yes)
    installation.agree(yes=yes)
    installation.carry_out(wait=wait, timeout=timeout, as_json=as_json)
