"""`dcos explain`: why a framework, a role or a task gets no offer."""

from __future__ import annotations

import urllib.parse
from typing import Any

import click

from dcos_runtime.cli.errors import USAGE, CliError
from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import in_json
from dcos_runtime.cli.tree import CommandTree
from dcos_runtime.finite import FiniteRange

_SCALARS = ("cpus", "mem", "disk", "gpus", "ports")


@click.group(cls=CommandTree)
def explain() -> None:
    """Say why a framework, a role or a task gets no offer."""


@explain.command("framework")
@click.argument("framework_id", metavar="FRAMEWORK")
@click.option("--role", metavar="NAME", help="Only in this role.")
@in_json
@pass_invocation
def framework(invocation: Invocation, framework_id: str, role: str | None, as_json: bool) -> None:
    """Say what keeps agents from being offered to FRAMEWORK, an id or a name."""
    from dcos_runtime.cli.kernel import explained

    def asked(name: str) -> str:
        return urllib.parse.urlencode({"framework": name, **({"role": role} if role is not None else {})})

    master = invocation.master
    answer = explained.read(master, asked(framework_id))
    if answer is None and (named := master.state().framework(framework_id)) is not None:
        answer = explained.read(master, asked(named.id))
    if answer is None:
        raise CliError(
            f"there is no framework {framework_id}" + (f", or not in role {role}" if role is not None else ""),
            hints=["dcos service list --inactive --completed shows all frameworks"],
        )
    explained.show(answer, explained.framework, as_json=as_json)


@explain.command("role")
@click.argument("name", metavar="ROLE")
@in_json
@pass_invocation
def role(invocation: Invocation, name: str, as_json: bool) -> None:
    """Say what keeps agents from being offered to frameworks in ROLE, whatever these can."""
    from dcos_runtime.cli.kernel import explained

    answer = explained.read(invocation.master, urllib.parse.urlencode({"role": name}))
    explained.show(answer or {}, explained.role, as_json=as_json)


@explain.command("task")
@click.option("--cpus", type=FiniteRange(min=0), help="CPUs that it wants.")
@click.option("--mem", type=FiniteRange(min=0), help="Memory, MiB.")
@click.option("--disk", type=FiniteRange(min=0), help="Disk, MiB.")
@click.option("--gpus", type=FiniteRange(min=0), help="GPUs.")
@click.option("--ports", type=click.IntRange(min=0), help="How many ports.")
@click.option("--role", metavar="NAME", help="The role of its framework.  [default: *]")
@click.option("--framework", "framework_id", metavar="ID", help="With the filters and capabilities of this framework.")
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME=VALUE",
    help="An attribute that the agent has to have, or hostname, @region, @zone; several of one name: one of these.",
)
@click.option("--closest", type=click.IntRange(0, 50), default=5, show_default=True, help="How many agents to show.")
@in_json
@pass_invocation
def task(
    invocation: Invocation,
    /,
    role: str | None,
    framework_id: str | None,
    attributes: tuple[str, ...],
    closest: int,
    as_json: bool,
    **scalars: float | None,
) -> None:
    """Say whether a task fits on an agent, and what the closest agents lack."""
    from dcos_runtime.cli.kernel import explained

    resources = {name: amount for name in _SCALARS if (amount := scalars[name]) is not None}
    if not any(resources.values()):
        raise click.UsageError("say what the task wants: --cpus 1 --mem 128")
    asked: dict[str, Any] = {"resources": resources, "closest": closest, "attributes": _attributes(attributes)}
    asked |= {name: value for name, value in (("role", role), ("framework_id", framework_id)) if value is not None}
    explained.show(explained.read_task(invocation.master, asked), explained.task, as_json=as_json)


def _attributes(given: tuple[str, ...]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not name or not equals:
            raise CliError(f"{one!r} is no attribute", hints=["--attribute rack=r1"], exit_code=USAGE)
        found.setdefault(name, []).append(value)
    return found
