"""Repairs a ZooKeeper that cannot start from its files: restores their owner, or empties it, so that it copies
everything from the others while they serve.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dcos_installer.daemon_client import NotWell
from dcos_installer.errors import InstallerError
from dcos_installer.phases.checks.coordination import Alone, Quorum, ask_mode, ask_quorum
from dcos_installer.phases.checks.zookeeper_data import KEPT_ASIDE, Fault, fault, give_back, put_aside, zookeeper
from dcos_installer.phases.kit.base import Context
from dcos_installer.phases.kit.evidence import unit_log
from dcos_installer.phases.kit.health import wait_until

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec

JOIN_SECONDS = 120.0
"""Seconds for a member to copy a snapshot of the others' data: some megabytes."""


class NotRepaired(InstallerError):
    """A ZooKeeper must not be emptied now, or there is nothing to repair."""


class RepairZooKeeper:
    """Repairs one master's ZooKeeper. The damaged data is put aside; only later damage removes it."""

    title = "Repair ZooKeeper"

    def __init__(self, host: str) -> None:
        self._host = host

    def should_run(self, ctx: Context) -> str:
        host = _master(ctx, self._host)
        mode = ask_quorum(ctx).modes.get(host.name)
        return f"the ZooKeeper of {host.name} serves ({mode})" if mode else ""

    def run(self, ctx: Context) -> None:
        host, home = _master(ctx, self._host), zookeeper(ctx).home
        ctx.remote(host).run(["true"], what="reach it", deadline=30)  # before a change is journalled
        found = fault(ctx, host)
        ctx.note(host.name, found.text if found else "its ZooKeeper does not serve")
        if found is None or found.closed:  # it may only be stopped: nothing shows that its data is damaged
            found = _given_back(ctx, host)
            if found is None:
                return
            if found.closed:
                raise NotRepaired(
                    f"the ZooKeeper of {host.name} may still not use its own files",
                    why=found.why,
                    hint=f"they belong to its user now: look at what else denies access, on {host.name}:"
                    f" namei -l {home}, getfacl {home}, lsattr -R {home}; then repair again",
                )
            ctx.note(host.name, found.text)
        _refuse_without_majority(ctx, host, ask_quorum(ctx))
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(ctx.wall()))

        def rejoin() -> str:
            put_aside(ctx, host, stamp)
            return wait_until(
                ctx,
                f"the ZooKeeper of {host.name} serves with the others",
                lambda: ask_mode(ctx.ask, host, ctx.services),
                seconds=JOIN_SECONDS,
                evidence=lambda: unit_log(ctx, host, zookeeper(ctx).unit_name),
            )

        mode = ctx.change(host.name, "move ZooKeeper's data aside and let it join the others empty", rejoin)
        ctx.note(host.name, f"its ZooKeeper serves ({mode}); what it had lies in {home}/damaged/{stamp}")


def _given_back(ctx: Context, host: HostSpec) -> Fault | None:
    """Makes its user the owner of its files: that needs no majority, and loses nothing. Returns the remaining fault."""
    since = ctx.change(host.name, "make ZooKeeper's user the owner of its files", lambda: give_back(ctx, host)) or ""
    outcome = wait_until(
        ctx,
        f"the ZooKeeper of {host.name} starts with its files",
        lambda: _started(ctx, host, since),
        seconds=JOIN_SECONDS,
        evidence=lambda: unit_log(ctx, host, zookeeper(ctx).unit_name),
    )
    if isinstance(outcome, Fault):
        return outcome
    ctx.note(
        host.name, f"its ZooKeeper {outcome}; its files belong to its user again, and their content was not changed"
    )
    return None


def _started(ctx: Context, host: HostSpec, since: str) -> str | Fault:
    """Its state, or its new fault. Raises `NotWell` as long as neither is known."""
    try:
        return f"serves ({ask_mode(ctx.ask, host, ctx.services)})"
    except Alone:
        quorum = ask_quorum(ctx)
        if len(quorum.modes) + 1 < quorum.needed:
            return f"runs, and waits for the others: {quorum.problem}"
        raise
    except NotWell:
        if (found := fault(ctx, host, since)) is not None:
            return found
        raise


def _master(ctx: Context, name: str) -> HostSpec:
    host = ctx.spec.host(name)
    if not host.is_master:
        raise NotRepaired(
            f"{name} is no master, and has no ZooKeeper",
            why="a ZooKeeper runs on each master, and nowhere else",
            hint=f"masters are {', '.join(master.name for master in ctx.spec.masters)}; dcos-installer deploy puts"
            " agents right",
            final=True,
        )
    return host


def _refuse_without_majority(ctx: Context, host: HostSpec, quorum: Quorum) -> None:
    if len(quorum.modes) >= quorum.needed:
        return
    aside = f"on {host.name}, stop {zookeeper(ctx).unit_name} and move {zookeeper(ctx).home}/version-2 away yourself"
    if quorum.size == 1:
        raise NotRepaired(
            f"the ZooKeeper of {host.name} is the only one: there is no other to copy from",
            why="emptied, it would lose the cluster's state: agents, apps, users",
            hint="put its data back from a copy of that machine's disk; without one the cluster's state is lost:"
            f" destroy and deploy again, or, to keep the machines, {aside} and deploy",
            final=True,
        )
    others = ", ".join(f"{name} ({why})" for name, why in quorum.silent.items() if name != host.name)
    raise NotRepaired(
        f"the ZooKeeper of {host.name} is not emptied now: the others hold no majority",
        why=f"{len(quorum.modes)} of {quorum.size} serve, {quorum.needed} must; also silent: {others}",
        hint="repair the other masters first: their data is then still there to copy;"
        f" damaged data is kept {KEPT_ASIDE} times at most, so nothing is tried at random",
    )
