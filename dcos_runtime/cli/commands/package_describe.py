"""`dcos package describe`: what a package is, and what it takes."""

from __future__ import annotations

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.tree import Leaf


@click.command(cls=Leaf)
@click.argument("name", metavar="PACKAGE")
@click.option("--app", "only_app", is_flag=True, help="The template of its app.")
@click.option("--cli", "only_cli", is_flag=True, help="What its command-line plugin is made of.")
@click.option("--config", "only_config", is_flag=True, help="The JSON Schema of its options.")
@click.option("--render", is_flag=True, help="With --app: the app as it would be installed.")
@click.option("--options", "options_file", metavar="FILE", help="With --app: options in JSON (- is standard input).")
@click.option("--app-id", metavar="ID", help="With --app: the app's id.")
@click.option("--package-version", metavar="VERSION", help="Of this version.  [default: the newest]")
@click.option("--package-versions", "all_versions", is_flag=True, help="Only its versions, the newest first.")
@click.option("--json", "_as_json", is_flag=True, help="The output is JSON anyway, except the template.")
@pass_invocation
def describe(
    invocation: Invocation,
    name: str,
    only_app: bool,
    only_cli: bool,
    only_config: bool,
    render: bool,
    options_file: str | None,
    app_id: str | None,
    package_version: str | None,
    all_versions: bool,
    _as_json: bool,
) -> None:
    """Describe a package and its options."""
    from dcos_runtime.cli.output import print_json, print_line
    from dcos_runtime.cli.packages.options import read_options
    from dcos_runtime.cli.packages.template import template

    cosmos = invocation.cosmos
    if all_versions:
        print_json(list(cosmos.versions(name)))
        return
    if only_app and (render or options_file is not None or app_id is not None):
        print_json(cosmos.render(name, package_version, read_options(options_file), app_id))
        return
    package = cosmos.describe(name, package_version)
    if only_app:
        for line in template(package).splitlines():
            print_line(line)
    elif only_cli:
        print_json((package.get("resource") or {}).get("cli") or package.get("command") or {})
    elif only_config:
        print_json(package.get("config") or {})
    else:
        print_json({"package": package})
