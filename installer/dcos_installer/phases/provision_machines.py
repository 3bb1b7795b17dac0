"""Creates missing machines, switches on those that are off, and gets their addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_installer import machine_records
from dcos_installer.config.late_addresses import KNOWN_LATER, learned, stood_in_for, unknown
from dcos_installer.config.variables import host_address
from dcos_installer.phases.acquire_lock import take_record
from dcos_installer.phases.kit.base import Context, HostsFailed
from dcos_installer.phases.kit.facts_cache import deployed
from dcos_installer.phases.kit.left_out import leave_out
from dcos_installer.providers.base import Condition, ProviderError, Results, failed, well
from dcos_installer.snapshot import SnapshotDamaged, last_spec, remember_spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dcos_installer.config.model import ClusterSpec, HostSpec


class MasterMoved(ProviderError):
    """The provider has given a deployed master another address."""


class ProvisionMachines:
    """The phase that makes machines."""

    title = "Make machines"

    def run(self, ctx: Context) -> None:
        before = _deployed_at(ctx)
        if not ctx.machines:
            ctx.look_at_machines()
        _refuse_moved(ctx, before)
        if not ctx.dry_run:
            # A lost machine keeps its address until the address of its successor is known.
            remember_spec(ctx.state, learned(ctx.spec, {**before, **_addresses(ctx.spec)}))
        known = {host.name for host in ctx.spec.hosts}
        for name in sorted(set(ctx.machines) - known):
            ctx.note(name, "is not in the inventory any more; it is left as it is")
        self._finish_removals(ctx)
        absent = [host for host in ctx.spec.hosts if not ctx.machines[host.name].exists]
        stopped = [
            host for host in ctx.spec.hosts if ctx.machines[host.name].condition in (Condition.OFF, Condition.BROKEN)
        ]
        _tell_lost(ctx, absent)
        self._create(ctx, absent)
        self._start(ctx, stopped)
        there = [host for host in ctx.spec.hosts if host.name not in {one.name for one in absent}]
        self._hold_to_shape(ctx, there)
        if ctx.dry_run:
            _stand_in(ctx)
            return
        if absent or stopped:
            ctx.look_at_machines()
        _refuse_unknown(ctx)
        _refuse_moved(ctx, before)
        remember_spec(ctx.state, ctx.spec)
        if absent:
            _refuse_failed(ctx.provider.introduce(ctx.spec), "not every machine could be given the others' names")
        take_record(ctx)

    def _finish_removals(self, ctx: Context) -> None:
        """Finishes removals that an interrupted run started: until then these machines cannot be created again."""
        leaving = [host.name for host in ctx.spec.hosts if ctx.machines[host.name].condition is Condition.REMOVING]
        if not leaving:
            return
        results: Results = {}
        with ctx.changing(dict.fromkeys(leaving, "finish the removal of the machine")) as outcome:
            if outcome is not None:
                results = ctx.provider.destroy(leaving, ctx.note)
                machine_records.forget(ctx.state, well(results))
                outcome.report(results)
        _refuse_failed(results, "not every started removal of a machine could be finished")
        if not ctx.dry_run:
            ctx.look_at_machines()

    def _create(self, ctx: Context, absent: list[HostSpec]) -> None:
        if not absent:
            return
        steps = {host.name: _creation(ctx, host) for host in absent}
        results: Results = {}
        with ctx.changing(steps) as outcome:
            if outcome is not None:
                orders = machine_records.orders(ctx.state, absent, absent=steps)
                results = _with_addresses(ctx.provider.create(orders, note=ctx.note))
                self._took(ctx, results)
                outcome.report(results)
        _refuse_failed(results, "not every machine could be made")
        ctx.created |= set(steps)

    def _start(self, ctx: Context, stopped: list[HostSpec]) -> None:
        if not stopped:
            return
        results: Results = {}
        with ctx.changing({host.name: "start the machine" for host in stopped}) as outcome:
            if outcome is not None:
                results = ctx.provider.start([host.name for host in stopped], ctx.note)
                self._took(ctx, results)
                outcome.report(results)
        _refuse_failed(results, "not every machine could be started")

    def _hold_to_shape(self, ctx: Context, there: list[HostSpec]) -> None:
        """Existing machines get their declared limits, and are waited for.

        They may still be booting, when the run that created them was interrupted.
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
        results = _with_addresses(ctx.provider.create(machine_records.orders(ctx.state, there)))
        self._took(ctx, results)
        failures = failed(results)
        if not failures:
            return
        # Machines that run and cannot be reached: only those may be left out.
        silent = ctx.everywhere(
            [host for host in there if host.name in failures],
            lambda host: ctx.remote(host).run(["true"], what="reach it", deadline=30),
        )
        unreached = {name: error for name, error in silent.items() if isinstance(error, BaseException)}
        now = ctx.look_at_machines()
        if len(unreached) < len(failures) or any(now[name].condition is not Condition.RUNNING for name in unreached):
            raise HostsFailed("not every machine runs", failures)
        leave_out(ctx, unreached, "not every machine can be reached")

    def _took(self, ctx: Context, results: Results) -> None:
        """Takes over the machines' states, whatever happens next."""
        ctx.learn(well(results))
        machine_records.saw(ctx.state, well(results))


def _creation(ctx: Context, host: HostSpec) -> str:
    expected = ctx.provider.expected(host)
    return "create the machine" if expected.address else f"create the machine (its address is {KNOWN_LATER})"


def _with_addresses(results: Results) -> Results:
    """The same results; a machine without an address that others can reach counts as failed."""
    checked = dict(results)
    for name, machine in well(results).items():
        try:
            host_address(machine.address)
        except ValueError as error:
            checked[name] = ProviderError(
                "its provider created it and reports no usable address",
                machine=name,
                why=f"it reports {machine.address or 'nothing'}; expected: {error}",
                hint="see that its network gives it an address, then run again: it is found, and not made again",
            )
    return checked


def _refuse_failed(results: Results, what: str) -> None:
    if failures := failed(results):
        raise HostsFailed(what, failures)


def _stand_in(ctx: Context) -> None:
    """In a dry run: lists the hosts whose address is not known yet, and continues with placeholders."""
    names = unknown(ctx.spec)
    if not names:
        return
    be = "address is" if len(names) == 1 else "addresses are"
    ctx.note(
        "",
        f"{', '.join(names)}: the {be} {KNOWN_LATER}; certificates, firewalls and settings that name"
        f" {'it' if len(names) == 1 else 'them'} are planned as changes",
    )
    ctx.spec = stood_in_for(ctx.spec)


def _refuse_unknown(ctx: Context) -> None:
    if names := unknown(ctx.spec):
        raise ProviderError(
            f"the address of {', '.join(names)} is not known",
            why="the provider reported none, and the inventory has none",
            hint="see that the machines run and that their network gives them addresses, then run again",
        )


def _addresses(spec: ClusterSpec) -> dict[str, str]:
    return {host.name: host.address for host in spec.hosts if host.address}


def _deployed_at(ctx: Context) -> dict[str, str]:
    """The addresses of the deployed hosts at their last deploy."""
    try:
        spec = last_spec(ctx.state)
    except SnapshotDamaged:
        return {}
    carrying = deployed(ctx)
    return {name: at for name, at in (_addresses(spec) if spec else {}).items() if name in carrying}


def _refuse_moved(ctx: Context, before: Mapping[str, str]) -> None:
    """Raises `MasterMoved` when a deployed master has another address now.

    Masters are known to each other's ZooKeepers by their addresses, in a list that the ensemble keeps itself. If all
    masters are created again, so is their ensemble, and the former addresses do not matter any more.
    """
    masters = ctx.spec.masters
    if {host.name for host in masters} <= set(ctx.lost):
        return
    for host in masters:
        was = before.get(host.name, "")
        if was and host.address and host.address != was:
            raise MasterMoved(
                f"it had the address {was} when it was deployed, and has {host.address} now",
                why="the masters' ZooKeepers know each other by address, and keep that list themselves: the"
                f" others would always look for {host.name} at {was}",
                hint=f"have its provider give it the address {was} again, and deploy then; or remove the cluster"
                " with destroy, and deploy it again",
                machine=host.name,
            )


def _tell_lost(ctx: Context, absent: list[HostSpec]) -> None:
    """Reports deployed machines that no longer exist and are created again, without their stored data."""
    known = deployed(ctx)
    ctx.lost = [host.name for host in absent if host.name in known]
    if text := lost_message(ctx):
        ctx.note("", text)


def lost_message(ctx: Context) -> str:
    """The message about lost machines, before they are created again and at a run's end; empty: there are none."""
    if not ctx.lost:
        return ""
    be, they, new = ("is", "it", "a new one is made") if len(ctx.lost) == 1 else ("are", "they", "new ones are made")
    text = f"{', '.join(ctx.lost)} of the deployed cluster {be} gone, with all that {they} had stored; {new}"
    if {host.name for host in ctx.spec.masters} <= set(ctx.lost):
        text += ": the cluster's state (apps, users, agents) is lost, it starts empty"
    return text
