"""Gathers the machines' facts: from the last run's cache where that will be checked, otherwise from the machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from dcos_installer.errors import InstallerError
from dcos_installer.phases.kit.base import Context
from dcos_installer.phases.kit.facts_cache import read_cache
from dcos_installer.phases.kit.left_out import leave_out
from dcos_installer.plan.facts import Facts, assumed
from dcos_installer.providers.base import Condition

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec


class GatherFacts:
    """Facts of every host. Cached facts are used as they are: the plan asks each host for the digest of its facts, and
    `BuildPlan` reads them again if they differ.
    """

    title = "Gather facts"

    def run(self, ctx: Context) -> None:
        there = [host for host in ctx.spec.hosts if is_there(ctx, host)]
        for host in ctx.spec.hosts:
            if host not in there:
                ctx.facts[host.name] = _declared(ctx, host)
        cached = read_cache(ctx) if not ctx.created else {}
        for host in there:
            # For a host without a generation all facts count, also its free disk: it is asked again.
            if (
                host.name in cached
                and cached[host.name].generation > 0
                and host.name not in ctx.reshaped - set(ctx.left_out)
            ):
                ctx.facts[host.name] = cached[host.name]
        missing = [host for host in there if host.name not in ctx.facts]
        if missing:
            gather(ctx, missing)
        if not ctx.dry_run:
            for name in ctx.created:
                _hold_against_declared(ctx, ctx.spec.host(name))


def is_there(ctx: Context, host: HostSpec) -> bool:
    """Whether the host can be asked. In a dry run some machines do not exist yet, or are off."""
    return not ctx.dry_run or ctx.machines[host.name].condition in (Condition.RUNNING, Condition.UNKNOWN)


def gather(ctx: Context, hosts: Sequence[HostSpec]) -> None:
    """Reads the facts of ``hosts`` from them. Raises `HostsFailed`."""
    found = ctx.engine.gather(ctx.spec, hosts)
    failures = {name: facts for name, facts in found.items() if isinstance(facts, BaseException)}
    if failures:
        leave_out(ctx, failures, "not every machine's facts could be read")
        known = read_cache(ctx)
        ctx.facts.update({name: known[name] for name in failures})
    ctx.facts.update({name: facts for name, facts in found.items() if not isinstance(facts, BaseException)})


def _declared(ctx: Context, host: HostSpec) -> Facts:
    expected = ctx.provider.expected(host)
    if expected.facts is None:
        raise InstallerError(
            f"{host.name} cannot be asked, and its provider does not say what it will be",
            why="the machine is off, or cannot be reached",
            hint="switch the machine on, then run again",
        )
    return assumed(expected.facts)


def _hold_against_declared(ctx: Context, host: HostSpec) -> None:
    """A new machine must match its provider's declaration, for which the plan was made."""
    declared = ctx.provider.expected(host).facts
    if declared is None:
        return
    expected, real = assumed(declared).planned, ctx.facts[host.name].planned
    differing = [
        f"{key}: {real[key] or 'none'} instead of {expected[key]}" for key in expected if real[key] != expected[key]
    ]
    if differing:
        raise InstallerError(
            f"{host.name} is not the machine that its provider declared",
            why="; ".join(differing),
            hint="build the machine tree again, or report this: the provider and its image disagree",
        )
