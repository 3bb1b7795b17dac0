"""Applies the plan to hosts: masters without losing their quorum, agents in batches. Three phases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from dcos_installer.errors import InstallerError
from dcos_installer.phases import checks
from dcos_installer.phases.kit.base import Context, HostsFailed
from dcos_installer.phases.kit.engine import Applied
from dcos_installer.phases.kit.evidence import with_unit_logs
from dcos_installer.phases.kit.facts_cache import write_cache
from dcos_installer.phases.kit.health import what_is_wrong

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec

QUORUM_SECONDS = 60.0
"""Seconds until the masters must be a quorum again after one of them was changed."""
_PAUSE_SECONDS = 0.5
_BATCHES = 10
"""The number of batches of running agents, so that a bad change stops at the first."""


class QuorumAtRisk(InstallerError):
    """A master must not be changed now: too few of the others are healthy."""


class ConvergeCoordination:
    """Masters that never ran, all at once: a single one could not have the quorum that its daemons wait for.

    If no master ever ran, new agents start with them: nothing runs yet that they could disturb. An agent is healthy
    once it serves, with or without a master, so it does not fail because of one.
    """

    title = "Start coordination"

    def should_run(self, ctx: Context) -> str:
        return "" if _together(ctx) else "every master runs already"

    def run(self, ctx: Context) -> None:
        apply(ctx, _together(ctx), "apply its first generation")


class ConvergeMasters:
    """Masters that run, one at a time, and only while the others hold the quorum."""

    title = "Change masters"

    def should_run(self, ctx: Context) -> str:
        return "" if self._changed(ctx) else "nothing to change"

    def run(self, ctx: Context) -> None:
        for host in self._unwell_first(ctx):
            if not ctx.dry_run and _takes_part_away(ctx, host):
                hold_quorum(ctx, host)
            apply(ctx, [host], f"apply generation {ctx.plan.hosts[host.name].generation + 1}")

    def _unwell_first(self, ctx: Context) -> list[HostSpec]:
        """Unhealthy masters come first: a change does no harm there, and may make them healthy before the others need
        them.
        """
        changed = self._changed(ctx)
        if ctx.dry_run or len(changed) < 2:
            return changed
        states = ctx.everywhere(changed, lambda host: _part_of_quorum(ctx, host))
        unwell = [host for host in changed if states[host.name] != ""]
        for host in unwell:
            ctx.note(host.name, f"is not well, and is changed first: {states[host.name]}")
        return [*unwell, *(host for host in changed if host not in unwell)]

    def _changed(self, ctx: Context) -> list[HostSpec]:
        return [host for host in ctx.spec.masters if _to_change(ctx, host) and not _is_new(ctx, host)]


class ConvergeAgents:
    """New agents at once, then running agents, batch by batch."""

    title = "Change agents"

    def should_run(self, ctx: Context) -> str:
        return "" if self._changed(ctx) else "nothing to change"

    def run(self, ctx: Context) -> None:
        for batch in batches(
            [host for host in self._changed(ctx) if _is_new(ctx, host)],
            [host for host in self._changed(ctx) if not _is_new(ctx, host)],
        ):
            apply(ctx, batch, "apply its new generation")

    def _changed(self, ctx: Context) -> list[HostSpec]:
        done = {host.name for host in _together(ctx)}
        return [host for host in ctx.spec.agents if _to_change(ctx, host) and host.name not in done]


def _together(ctx: Context) -> list[HostSpec]:
    """The hosts that `ConvergeCoordination` starts, by the plan."""
    new = [host for host in ctx.spec.hosts if _to_change(ctx, host) and _is_new(ctx, host)]
    masters = [host for host in new if host.is_master]
    return new if len(masters) == len(ctx.spec.masters) else masters


def batches(new: Sequence[HostSpec], running: Sequence[HostSpec]) -> list[list[HostSpec]]:
    """New hosts together: nothing runs on them yet. Running ones in about ten batches of equal size."""
    size = max(1, -(-len(running) // _BATCHES))
    parts = [list(running[start : start + size]) for start in range(0, len(running), size)]
    return [list(new), *parts] if new else parts


def hold_quorum(ctx: Context, host: HostSpec) -> None:
    """Returns once the masters other than ``host`` hold the quorum: the one changed before may still be joining it.

    Raises `QuorumAtRisk` if they do not in time. A single master has no quorum to lose.
    """
    others = [other for other in ctx.spec.masters if other.name != host.name]
    if not others:
        return
    needed = len(ctx.spec.masters) // 2 + 1
    end = ctx.monotonic() + QUORUM_SECONDS * ctx.patience
    while True:
        states = ctx.everywhere(others, lambda other: _part_of_quorum(ctx, other))
        well = [name for name, evidence in states.items() if evidence == ""]
        if len(well) >= needed:
            return
        if ctx.monotonic() >= end:
            break
        ctx.sleep(_PAUSE_SECONDS)
    raise QuorumAtRisk(
        f"{host.name} is not changed now: only {len(well)} of the other masters are well, and {needed} must be",
        hint="bring the other masters up first; dcos-installer status shows them",
        evidence="\n".join(f"{name}: {state}" for name, state in states.items() if state != ""),
    )


def refuse_risk(ctx: Context) -> None:
    """Raises `QuorumAtRisk`, before anything is changed, if the plan cannot be carried out without the masters that are
    left out.
    """
    masters = ctx.spec.masters
    reached = len([host for host in masters if host.name not in ctx.left_out])
    if reached == len(masters) or reached - 1 >= len(masters) // 2 + 1:
        return
    hazards = [host.name for host in masters if not _is_new(ctx, host) and _takes_part_away(ctx, host)]
    if hazards:
        raise QuorumAtRisk(
            f"{', '.join(hazards)} cannot be changed while {', '.join(ctx.left_out)} cannot be reached",
            why="daemons of the quorum would be restarted there, and too few others would remain in between",
            hint="repair the machine, or the route to it, first; agents alone are changed without it",
            evidence="\n".join(f"{name}: {why}" for name, why in ctx.left_out.items()),
        )


def _takes_part_away(ctx: Context, host: HostSpec) -> bool:
    """Whether the host's change stops a service of the quorum, even for a moment."""
    units = [service.unit_name for service in ctx.services.on(host) if service.quorum]
    named = re.compile(rf"\b(?:start|restart|stop) (?:{'|'.join(map(re.escape, units))})(?!\S)")
    return bool(units) and any(named.search(change) for change in ctx.plan.hosts[host.name].changes)


def _part_of_quorum(ctx: Context, host: HostSpec) -> str:
    """Empty if all services of the quorum are healthy on the host; otherwise the problem of the first that is not."""
    parts = [service for service in ctx.services.on(host) if service.quorum]
    return next((why for service in parts if (why := what_is_wrong(ctx.ask, service, host))), "")


def apply(ctx: Context, hosts: Sequence[HostSpec], step: str) -> None:
    """Applies the plan to ``hosts``, together. Each succeeds or fails alone; raises `HostsFailed` if some failed."""
    failures: dict[str, BaseException] = {}
    with ctx.changing({host.name: step for host in hosts}) as outcome:
        if outcome is None:
            return

        def on_host(name: str, result: Applied | BaseException) -> None:
            if isinstance(result, BaseException):
                failures[name] = result
                outcome.failed(name, result)
            else:
                outcome.done(name, result.digest)
                ctx.facts[name] = msgspec.structs.replace(ctx.facts[name], generation=result.generation)

        ctx.engine.converge(ctx.spec, ctx.plan, list(hosts), on_host)
        for name in list(outcome.open):
            on_host(
                name,
                InstallerError(
                    f"{name} gave no answer",
                    why="the play ended without a result of it",
                    hint="see the full log, then run again",
                ),
            )
    write_cache(ctx)
    if failures:
        raise HostsFailed(
            f"{len(failures)} of {len(hosts)} could not be changed" if len(hosts) > 1 else f"{hosts[0].name} failed",
            {name: with_unit_logs(ctx, ctx.spec.host(name), error) for name, error in failures.items()},
            hint="; ".join(_repairs(ctx, failures)),
        )


def _repairs(ctx: Context, names: Iterable[str]) -> list[str]:
    """The checks' hints for these hosts."""
    hosts = [host for host in ctx.spec.hosts if host.name in names]
    return [line for check in checks.of(ctx.services) for line in check.repairs(ctx, hosts)]


def _to_change(ctx: Context, host: HostSpec) -> bool:
    return bool(ctx.plan.hosts[host.name].changes)


def _is_new(ctx: Context, host: HostSpec) -> bool:
    return ctx.plan.hosts[host.name].generation == 0
