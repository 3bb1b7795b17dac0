"""The masters' ZooKeepers: which of them serve, and what it means for the cluster if some do not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dcos_installer.daemon_client import Ask, NotWell
from dcos_installer.errors import InstallerError
from dcos_installer.phases.checks.base import Seen
from dcos_installer.phases.checks.zookeeper_data import Fault, fault, repair_line, zookeeper
from dcos_installer.phases.kit.evidence import unit_log
from dcos_installer.phases.kit.health import mode_in, wait_until

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.phases.kit.base import Context
    from dcos_installer.services import Catalog

SERVE_SECONDS = 90.0
_ANSWER_SECONDS = 5.0
_LOOK_SECONDS = 8.0
"""A short limit, so that `status` reports damaged files however many machines cannot be reached."""
_SERVING = ("leader", "follower", "standalone")


class Alone(NotWell):
    """A ZooKeeper runs and does not serve: it does not reach a majority of them."""


@dataclass(frozen=True)
class Quorum:
    """``modes``: the mode of each serving ZooKeeper, by master; ``silent``: why the others do not serve."""

    modes: dict[str, str]
    silent: dict[str, str]

    @property
    def size(self) -> int:
        return len(self.modes) + len(self.silent)

    @property
    def needed(self) -> int:
        return self.size // 2 + 1

    @property
    def holds(self) -> bool:
        """Whether there is a majority: without one no master and no init can lead."""
        return len(self.modes) >= self.needed

    @property
    def problem(self) -> str:
        """The problem and its consequence, as one sentence; empty if all serve."""
        if not self.silent:
            return ""
        where = ", ".join(f"{name} ({why})" for name, why in self.silent.items())
        if self.size == 1:
            return f"the only ZooKeeper does not serve, so no daemon can lead: {where}"
        count = f"{len(self.modes)} of {self.size} serve"
        if not self.holds:
            return (
                f"ZooKeeper has no majority: {count}, {self.needed} must, so no daemon can lead; not served by: {where}"
            )
        spare = len(self.modes) - self.needed
        return f"a ZooKeeper does not serve: {where}; {count}, {f'{spare} more' if spare else 'no other'} may fail"


def ask_mode(ask: Ask, host: HostSpec, services: Catalog) -> str:
    """The mode of the host's ZooKeeper: ``leader`` … Raises `NotWell` with its answer if it does not serve."""
    said = str(ask(f"zookeeper://{host.address}:{services.store_port}/srvr", seconds=_ANSWER_SECONDS) or "")
    if (mode := mode_in(said)) in _SERVING:
        return mode
    if "not currently serving requests" in said:
        raise Alone("it runs, and does not reach a majority")
    raise NotWell(f"it says {' '.join(said.split())[:200] or 'nothing'}")


def faulty_members(ctx: Context, quorum: Quorum, seconds: float | None = None) -> list[str]:
    """A sentence for each ZooKeeper that cannot start from its files, with the command that repairs it. One that is not
    reached within ``seconds`` is left out.
    """
    found = _faults(ctx, [ctx.spec.host(name) for name in quorum.silent], seconds)
    return [f"{name}: {why.text}: {repair_line(ctx, name)}" for name, why in found.items()]


def _faults(ctx: Context, hosts: Iterable[HostSpec], seconds: float | None = None) -> dict[str, Fault]:
    found = ctx.everywhere(hosts, lambda host: fault(ctx, host), seconds)
    return {name: why for name, why in found.items() if isinstance(why, Fault)}


def ask_quorum(ctx: Context) -> Quorum:
    """Asks every master's ZooKeeper, all at once."""
    found = ctx.everywhere(ctx.spec.masters, lambda host: ask_mode(ctx.ask, host, ctx.services))
    modes: dict[str, str] = {}
    silent: dict[str, str] = {}
    for name, mode in found.items():
        if isinstance(mode, InstallerError):
            silent[name] = mode.why or mode.what
        elif isinstance(mode, BaseException):
            raise mode
        else:
            modes[name] = mode
    return Quorum(modes, silent)


class Coordination:
    """A majority of the masters' ZooKeepers serves: without one nobody leads."""

    def unseen(self, ctx: Context) -> Seen:
        return self._seen(ctx, Quorum({}, {}), ())

    def look(self, ctx: Context) -> Seen:
        quorum = ask_quorum(ctx)
        problems = (
            (quorum.problem, *faulty_members(ctx, quorum, _LOOK_SECONDS * ctx.patience)) if quorum.problem else ()
        )
        return self._seen(ctx, quorum, problems)

    def _seen(self, ctx: Context, quorum: Quorum, problems: tuple[str, ...]) -> Seen:
        modes = {host.name: quorum.modes.get(host.name, "") for host in ctx.spec.masters}
        serving = sum(bool(mode) for mode in modes.values())
        return Seen(
            {"zookeepers": modes}, (("zookeeper:", f"{serving} of {len(modes)} serve"),), problems, is_cause=True
        )

    def wait(self, ctx: Context) -> str:
        wait_until(
            ctx,
            "every ZooKeeper serves",
            lambda: _all_serve(ctx),
            seconds=SERVE_SECONDS,
            evidence=lambda: _silent_said(ctx),
        )
        return ""

    def prove(self, ctx: Context) -> None:
        """Nothing to do: a run that got this far has used ZooKeeper."""

    def repairs(self, ctx: Context, hosts: Iterable[HostSpec]) -> list[str]:
        found = _faults(ctx, [host for host in hosts if host.is_master])
        return [f"on {name}, {why.text}: {repair_line(ctx, name)}, then run again" for name, why in found.items()]


def _all_serve(ctx: Context) -> None:
    quorum = ask_quorum(ctx)
    if set(quorum.silent) - set(ctx.left_out) or not quorum.holds:
        raise NotWell(quorum.problem, why="; ".join(faulty_members(ctx, quorum)))


def _silent_said(ctx: Context) -> str:
    silent = [ctx.spec.host(name) for name in ask_quorum(ctx).silent]
    unit = zookeeper(ctx).unit_name
    logs = ctx.everywhere(silent, lambda host: unit_log(ctx, host, unit))
    return "\n".join(f"{name}, {unit}:\n{text}" for name, text in logs.items())
