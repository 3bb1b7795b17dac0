"""`dcos package upgrade`: another version of what is installed, or other options."""

from __future__ import annotations

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import asking_nothing, one_of_several_apps, planned, waiting
from dcos_runtime.cli.tree import Leaf, own_commands


@click.command(cls=Leaf)
@click.argument("name", metavar="[PACKAGE]", required=False)
@one_of_several_apps
@click.option("--package-version", metavar="VERSION", help="To this version, older ones too.  [default: the newest]")
@click.option("--options", "options_file", metavar="FILE", help="Options to change, in JSON (- is standard input).")
@click.option("--replace", is_flag=True, help="Forget the options that were chosen before.")
@click.option("--force", is_flag=True, help="Replace a deployment of the app that is not finished.")
@planned
@asking_nothing
@waiting("the change is carried out")
@click.option("--json", "as_json", is_flag=True, help="What is changed, or would be, as JSON.")
@pass_invocation
def upgrade(
    invocation: Invocation,
    name: str | None,
    app_id: str | None,
    package_version: str | None,
    options_file: str | None,
    replace: bool,
    force: bool,
    plan: bool,
    yes: bool,
    wait: bool,
    timeout: float,
    as_json: bool,
) -> None:
    """Change an installed package to another version, or its options.

    Options that were chosen before are kept, unless --replace forgets them. A command-line plugin of the package that
    is installed here comes to the same version.
    """
    from dcos_runtime.cli import output
    from dcos_runtime.cli.marathon.wait import wait_for_deployment
    from dcos_runtime.cli.packages.installation import plugin_of_upgrade
    from dcos_runtime.cli.packages.options import confirm, read_options
    from dcos_runtime.cli.packages.upgrade import Upgrade, the_app

    options = read_options(options_file)
    app = the_app(invocation.cosmos, name, app_id)
    change = Upgrade(invocation, app, package_version, options, replace=replace)
    lines = change.difference()
    plugin = plugin_of_upgrade(invocation, change.package, change.version, own_commands())
    files = plugin.files_as_json() if plugin is not None else []
    if as_json and plan:
        output.print_json({**change.as_json(), "difference": lines, **({"plugin": files} if files else {})})
        return
    tell = output.print_line if plan else output.print_note
    tell(f"{app}: {change.package} {change.now} -> {change.version}")
    for line in lines or ["the app itself stays as it is"]:
        tell(line)
    for one in files:
        tell(f"the command-line plugin comes from {one['url']}")
    if plan:
        return
    confirm("Continue?", yes=yes)
    if plugin is not None:
        plugin.agree(yes=yes)
    deployment = change.carry_out(force=force)
    output.print_note(f"Created deployment {deployment}")
    if wait:
        wait_for_deployment(invocation.marathon, deployment, timeout)
        output.print_note(f"{app} is {change.package} {change.version}")
    more = {"commands": plugin.install_plugin()} if plugin is not None else {}
    if as_json:
        output.print_json({**change.as_json(), "deployment": deployment, **more})
