"""Makes the machines that are not there, and switches on those that are off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_installer.phases.acquire_lock import take_record
from dcos_installer.phases.base import Context, HostsFailed
from dcos_installer.phases.facts_cache import deployed
from dcos_installer.phases.left_out import leave_out
from dcos_installer.providers.base import Condition, ProviderError
from dcos_installer.snapshot import remember_spec

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec


class ProvisionMachines:
    title = "Make machines"

    def run(self, ctx: Context) -> None:
        if not ctx.dry_run:
            remember_spec(ctx.state, ctx.spec)
        ctx.machines = ctx.machines or ctx.provider.inspect()
        known = {host.name for host in ctx.spec.hosts}
        for name in sorted(set(ctx.machines) - known):
            ctx.note(name, "is not in the inventory any more; it is left as it is")
        absent = [host for host in ctx.spec.hosts if not ctx.machines[host.name].exists]
        stopped = [
            host for host in ctx.spec.hosts if ctx.machines[host.name].condition in (Condition.OFF, Condition.BROKEN)
        ]
        _tell_lost(ctx, absent)
        if absent:
            with ctx.changing({host.name: "create the machine" for host in absent}) as outcome:
                if outcome is not None:
                    ctx.provider.create(absent, note=ctx.note)
                    for host in absent:
                        outcome.done(host.name)
            ctx.created |= {host.name for host in absent}
        started = ctx.everywhere(
            stopped,
            lambda host: ctx.change(host.name, "start the machine", lambda: ctx.provider.start(host.name)),
        )
        failures = {name: error for name, error in started.items() if isinstance(error, BaseException)}
        if failures:
            raise HostsFailed("not every machine could be started", failures)
        self._hold_to_shape(ctx, [host for host in ctx.spec.hosts if host not in absent])
        if ctx.dry_run:
            return
        if absent or stopped:
            ctx.machines = ctx.provider.inspect()
        take_record(ctx)

    def _hold_to_shape(self, ctx: Context, there: list[HostSpec]) -> None:
        """Machines that were there already get the limits they are declared with, and are waited for.

        They may be on their way up still, when the run that made them was cut off.
        """
        if not ctx.provider.makes_machines or not there:
            return
        steps = {host.name: f"change its limits: {what}" for host in there if (what := ctx.provider.outdated(host))}
        ctx.reshaped |= set(steps)
        if not steps:
            if not ctx.dry_run:
                self._await(ctx, there)
            return
        with ctx.changing(steps) as outcome:
            if outcome is not None:
                self._await(ctx, there)
                for name in steps:
                    outcome.done(name)

    def _await(self, ctx: Context, there: list[HostSpec]) -> None:
        there = [host for host in there if host.name not in ctx.left_out]
        try:
            ctx.provider.create(there)
        except ProviderError:
            # Which of them run and cannot be reached? Only those may be left out.
            found = ctx.everywhere(there, lambda host: ctx.remote(host).run(["true"], what="reach it", deadline=30))
            failures = {name: error for name, error in found.items() if isinstance(error, BaseException)}
            now = ctx.provider.inspect()
            if not failures or any(now[name].condition is not Condition.RUNNING for name in failures):
                raise
            leave_out(ctx, failures, "not every machine can be reached")


def _tell_lost(ctx: Context, absent: list[HostSpec]) -> None:
    """A machine that was deployed and is not there any more is made anew: with nothing of what it had stored."""
    known = deployed(ctx)
    ctx.lost = [host.name for host in absent if host.name in known]
    if told := lost_told(ctx):
        ctx.note("", told)


def lost_told(ctx: Context) -> str:
    """What is said of lost machines, before they are made anew and at a run's end; empty: there are none."""
    if not ctx.lost:
        return ""
    be, they, new = ("is", "it", "a new one is made") if len(ctx.lost) == 1 else ("are", "they", "new ones are made")
    told = f"{', '.join(ctx.lost)} of the deployed cluster {be} gone, with all that {they} had stored; {new}"
    if {host.name for host in ctx.spec.masters} <= set(ctx.lost):
        told += ": the cluster's state (apps, users, agents) is lost, it begins anew"
    return told
