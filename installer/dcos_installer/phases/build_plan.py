"""Compares every host with its manifest: the plan lists the changes, host by host. Changes nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dcos_installer.config.late_addresses import KNOWN_LATER, unknown
from dcos_installer.errors import InstallerError
from dcos_installer.machines import Carried
from dcos_installer.phases.build_bundle import BuildBundle
from dcos_installer.phases.converge import refuse_risk
from dcos_installer.phases.gather_facts import gather, is_there
from dcos_installer.phases.kit.base import Context, HostsFailed
from dcos_installer.phases.kit.engine import HostChanges, Planned
from dcos_installer.phases.kit.facts_cache import deployed, read_cache, write_cache
from dcos_installer.phases.kit.left_out import leave_out
from dcos_installer.phases.validate_facts import ValidateFacts
from dcos_installer.providers.base import Condition

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec

_NAMED = 8
"""How many hosts with the same changes are named; events name all."""


class BuildPlan:
    """The plan that is shown and then executed. Facts that turn out to be stale are read again, once."""

    title = "Plan"

    def run(self, ctx: Context) -> None:
        planned = ctx.plan = _fresh_plan(ctx)
        if not ctx.dry_run and read_cache(ctx) != ctx.facts:
            write_cache(ctx)
        later = bool(unknown(ctx.spec))
        for host in planned.hosts.values():
            ctx.tell(
                "plan",
                host.host,
                "; ".join(host.changes) if host.changes else "nothing to change",
                changes=list(host.changes),
                diff=host.diff,
                generation=host.generation,
                manifest=KNOWN_LATER if later else host.manifest,
            )
        for text, names in _by_change(planned).items():
            ctx.tell("note", "", f"{_listed(names)}: {text}")
        _refuse(ctx)


def refuse_early(ctx: Context) -> None:
    """Raises what `BuildPlan` would raise, before anything is changed, including the operator's own files.

    Secrets may still be missing: the plan is that of a dry run.
    """
    ctx.plan = _fresh_plan(ctx)
    _refuse(ctx)


def _fresh_plan(ctx: Context) -> Planned:
    planned = _plan(ctx)
    stale = [name for name, host in planned.hosts.items() if host.facts and host.facts != ctx.facts[name].digest]
    if not stale:
        return planned
    for name in stale:
        ctx.note(name, "has changed since the last run: its facts are read again")
    gather(ctx, [ctx.spec.host(name) for name in stale])
    ValidateFacts().run(ctx)
    BuildBundle().run(ctx)
    return _plan(ctx)


def _refuse(ctx: Context) -> None:
    refuse_risk(ctx)
    refusing = {
        host.host: InstallerError(
            "the plan cannot be applied",
            hint="correct what is listed there, then run again",
            evidence="\n".join(host.problems),
        )
        for host in ctx.plan.hosts.values()
        if host.problems
    }
    if refusing:
        raise HostsFailed("not every machine can get its manifest", refusing, hint="correct that, then run again")


def _by_change(planned: Planned) -> dict[str, list[str]]:
    """The hosts by their changes: a plan of a thousand hosts is readable only in this form."""
    shared: dict[str, list[str]] = {}
    for name, host in planned.hosts.items():
        if host.changes:
            shared.setdefault("; ".join(host.changes), []).append(name)
    return shared


def _listed(names: list[str]) -> str:
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:_NAMED])} and {len(names) - _NAMED} more"


def _plan(ctx: Context) -> Planned:
    absent = {host.name: _carried(ctx, host) for host in ctx.spec.hosts if not is_there(ctx, host)}
    planned, failures = ctx.engine.plan(ctx.spec, ctx.facts, ctx.bundle, absent)
    failures = {name: error for name, error in failures.items() if name not in ctx.left_out}
    if failures:
        leave_out(ctx, failures, "not every machine's state could be read")
    # Of a host that is left out, only the facts of the last run are known.
    as_before = {name: HostChanges(name, (), generation=ctx.facts[name].generation) for name in ctx.left_out}
    planned = replace(planned, hosts={**planned.hosts, **as_before})
    missing = {host.name for host in ctx.spec.hosts} - set(planned.hosts)
    if missing:
        raise InstallerError(
            f"the plan has no part for {', '.join(sorted(missing))}",
            why="every host of the inventory must have a part in it",
            hint="report this: the plan is incomplete",
            final=True,
        )
    return _without_guesses(ctx, planned, set(absent))


def _carried(ctx: Context, host: HostSpec) -> Carried:
    declared = ctx.provider.expected(host).facts
    return Carried() if declared is None else declared.carried


def _without_guesses(ctx: Context, planned: Planned, absent: set[str]) -> Planned:
    """A machine that was deployed and is off is not known: the plan only says that it will be started."""
    off = {name for name in absent & deployed(ctx) if ctx.machines[name].condition is Condition.OFF}
    for name in sorted(off):
        ctx.note(name, "is switched off: what it needs besides a start is not known until it runs")
    hosts = {name: replace(host, changes=(), diff="") if name in off else host for name, host in planned.hosts.items()}
    return replace(planned, hosts=hosts)
