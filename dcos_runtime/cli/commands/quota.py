"""`dcos quota`: what roles may use at most, and what they are guaranteed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dcos_runtime.cli.invocation import Invocation, pass_invocation
from dcos_runtime.cli.options import as_the_master_knows, only_names
from dcos_runtime.cli.tree import CommandTree
from dcos_runtime.finite import FiniteRange

if TYPE_CHECKING:
    from dcos_runtime.cli.kernel.master import RoleQuota

Function = TypeVar("Function", bound=Callable[..., Any])
_NAMES = ("cpus", "mem", "disk", "gpus")
_NOT_NEGATIVE = FiniteRange(min=0)


class MostOf(click.ParamType[float]):
    """What of a resource may be used; ``none`` is converted to a negative number: no limit."""

    name = "limit"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        return -1.0 if value == "none" else _NOT_NEGATIVE.convert(value, param, ctx)


class Guarantees(click.ParamType[dict[str, float]]):
    """``cpus:2;mem:64``, or nothing."""

    name = "amounts"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> dict[str, float]:
        found: dict[str, float] = {}
        for part in filter(None, map(str.strip, str(value).split(";"))):
            match = re.fullmatch(r"([^:\s]+)\s*:\s*([0-9.eE+-]+)", part)
            if match is None or match[1] in found:
                self.fail(f"{value!r} is not of the form 'cpus:2;mem:64', each name once.", param, ctx)
            given: Any = match[2]
            found[match[1]] = _NOT_NEGATIVE.convert(given, param, ctx)
        return found


def _amounts(function: Function) -> Function:
    """The options of `create` and `update`."""
    for option in (
        click.option("--force", is_flag=True, help="Also when the cluster has less, or the role uses more already."),
        click.option(
            "--guarantee",
            "guarantees",
            type=Guarantees(),
            metavar="AMOUNTS",
            help="What is kept free for it, such as 'cpus:2;mem:64'; '': nothing.",
        ),
        click.option("--gpu", "gpus", type=MostOf(), help="Most GPUs that it may use; none: no limit."),
        click.option("--disk", "disk", type=MostOf(), help="Most disk in MiB."),
        click.option("--mem", "mem", type=MostOf(), help="Most memory in MiB."),
        click.option("--cpu", "cpus", type=MostOf(), help="Most cpus."),
    ):
        function = option(function)
    return function


@click.group(cls=CommandTree, default="list")
def quota() -> None:
    """Limit what roles may use, and guarantee it to them.

    A role is what apps of a group belong to, or another framework. What the roles below it use counts. Reserved
    resources count, and offers do not.
    """


@quota.command("list")
@only_names
@as_the_master_knows
@pass_invocation
def list_quotas(invocation: Invocation, quiet: bool, as_json: bool) -> None:
    """List roles with a quota: used of the most cpus, memory and disk (MiB), and GPUs."""
    from dcos_runtime.cli import output

    found = invocation.master.quotas()
    if as_json:
        output.print_json([_shown(one) for one in found])
    elif quiet:
        for one in found:
            output.print_line(one.role)
    else:
        rows = [(one.role, *(_used(one, name) for name in _NAMES)) for one in found]
        output.print_table(("NAME", "CPUS", "MEM", "DISK", "GPUS"), rows)


@quota.command()
@click.argument("role")
@as_the_master_knows
@pass_invocation
def get(invocation: Invocation, role: str, as_json: bool) -> None:
    """Show what ROLE uses, is guaranteed, and may use at most."""
    from dcos_runtime.cli.kernel import quotas

    _print(quotas.wanted(invocation.master, role), as_json)


@quota.command()
@click.argument("role")
@_amounts
@as_the_master_knows
@pass_invocation
def create(
    invocation: Invocation,
    /,
    role: str,
    guarantees: dict[str, float] | None,
    force: bool,
    as_json: bool,
    **limits: float | None,
) -> None:
    """Give ROLE a quota. It need not exist yet."""
    from dcos_runtime.cli.errors import CliError
    from dcos_runtime.cli.kernel import quotas

    wanted = _after({}, limits)
    if not wanted and not guarantees:
        raise click.UsageError("Give a limit, such as --cpu 2, or a --guarantee.")
    if quotas.find(invocation.master, role) is not None:
        raise CliError(f"the role {role} has a quota", hints=["dcos quota update changes it"])
    quotas.put(invocation.master, role, guarantees or {}, wanted, force=force)
    _print(quotas.wanted(invocation.master, role), as_json)


@quota.command()
@click.argument("role")
@_amounts
@as_the_master_knows
@pass_invocation
def update(
    invocation: Invocation,
    /,
    role: str,
    guarantees: dict[str, float] | None,
    force: bool,
    as_json: bool,
    **limits: float | None,
) -> None:
    """Change the quota of ROLE. What is not named stays."""
    from dcos_runtime.cli.kernel import quotas

    before = quotas.wanted(invocation.master, role)
    wanted, guaranteed = _after(before.limit, limits), before.guarantee if guarantees is None else guarantees
    if not wanted and not any(guaranteed.values()):
        raise click.UsageError(f"Nothing would be left of it: dcos quota delete {role} removes it.")
    quotas.put(invocation.master, role, guaranteed, wanted, force=force)
    _print(quotas.wanted(invocation.master, role), as_json)


@quota.command()
@click.argument("role")
@pass_invocation
def delete(invocation: Invocation, role: str) -> None:
    """Take away the quota of ROLE. What it uses stays with it."""
    from dcos_runtime.cli.kernel import quotas
    from dcos_runtime.cli.output import print_note

    quotas.wanted(invocation.master, role)
    quotas.put(invocation.master, role, {}, {})
    print_note(f"The role {role} has no quota any more.")


def _after(before: Mapping[str, float], limits: Mapping[str, float | None]) -> dict[str, float]:
    """All limits after some were named on the command line."""
    named = {name: amount for name, amount in limits.items() if amount is not None}
    return {name: amount for name, amount in {**before, **named}.items() if amount >= 0}


def _print(one: RoleQuota, as_json: bool) -> None:
    from dcos_runtime.cli import output

    if as_json:
        output.print_json(_shown(one))
        return
    names = sorted({*one.guarantee, *one.limit})
    rows = [(name, *(_number(part.get(name)) for part in (one.consumed, one.guarantee, one.limit))) for name in names]
    output.print_table(("RESOURCE", "CONSUMED", "GUARANTEE", "LIMIT"), rows)


def _shown(one: RoleQuota) -> dict[str, Any]:
    return {"role": one.role, "guarantee": one.guarantee, "limit": one.limit, "consumed": one.consumed}


def _used(one: RoleQuota, name: str) -> str:
    return f"{_number(one.consumed.get(name)) or 0}/{_number(one.limit.get(name)) or '-'}"


def _number(value: Any) -> str:
    from dcos_runtime.cli.output import number

    return number(value) if isinstance(value, int | float) else ""
