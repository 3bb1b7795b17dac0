"""The kernel: one master leads, and the agents are registered with it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from dcos_installer.at_once import at_once
from dcos_installer.daemon_client import Ask, CannotAsk, NotWell
from dcos_installer.errors import DeadlinePassed, InstallerError
from dcos_installer.phases.checks.base import Seen
from dcos_installer.phases.checks.coordination import ask_quorum
from dcos_installer.phases.kit.evidence import logs_of
from dcos_installer.phases.kit.health import message_with_hosts, wait_until
from dcos_runtime.counting import counted

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec
    from dcos_installer.phases.kit.base import Context
    from dcos_installer.services import Catalog

LEADER_SECONDS = 90.0
AGENTS_SECONDS = 90.0
_NAMED = 3
"""Of how many hosts the logs are shown."""


def leader(ask: Ask, spec: ClusterSpec, services: Catalog) -> HostSpec:
    """The leading master. Raises `NotWell` when none leads."""
    said = []
    asked = {host.name: partial(ask, f"{_url(services, host)}/metrics/snapshot") for host in spec.masters}
    found = at_once(asked, enough=_leads)
    for name, metrics in found.items():
        if not isinstance(metrics, BaseException) and _leads(metrics):
            return spec.host(name)
    for name, metrics in found.items():
        if isinstance(metrics, NotWell):
            said.append(f"{name}: {metrics.what} {metrics.why}".rstrip())
        elif isinstance(metrics, BaseException):
            raise metrics
        else:
            said.append(f"{name}: answers, and does not lead")
    raise NotWell("no master leads", evidence="\n".join(said))


def _leads(metrics: Any) -> bool:
    return isinstance(metrics, dict) and metrics.get("master/elected") == 1


def missing_agents(ask: Ask, spec: ClusterSpec, services: Catalog, leading: HostSpec) -> list[str]:
    """Names of the agents that the leading master does not count as active. Raises `NotWell`."""
    answer = ask(f"{_url(services, leading)}/slaves")
    agents = answer.get("slaves", []) if isinstance(answer, dict) else []
    active: set[str] = set()
    for agent in agents:
        if agent.get("active"):
            active |= {str(agent.get("hostname", "")), str(agent.get("pid", "")).rpartition("@")[2].rpartition(":")[0]}
    return [host.name for host in spec.agents if not {host.name, host.address} & active]


class Kernel:
    """One master leads, and every agent is registered with it."""

    def unseen(self, ctx: Context) -> Seen:
        return _seen("")

    def look(self, ctx: Context) -> Seen:
        try:
            leading = leader(ctx.ask, ctx.spec, ctx.services)
            missing = missing_agents(ctx.ask, ctx.spec, ctx.services, leading)
        except CannotAsk:
            raise
        except InstallerError as error:
            # Without a leader the agents are not known: one problem is enough.
            return _seen("", (message_with_hosts(error),), frozenset(host.name for host in ctx.spec.agents))
        problems = tuple(f"{name} is not registered with the master" for name in missing)
        return _seen(ctx.services.url("master", "plain", leading.address), problems, frozenset(missing))

    def wait(self, ctx: Context) -> str:
        leading = self._await_leader(ctx)
        registered = wait_until(
            ctx,
            "every agent is registered",
            lambda: _all_registered(ctx, leading),
            seconds=AGENTS_SECONDS,
            evidence=lambda: _missing_said(ctx, leading),
        )
        return f"{leading.name} leads, {_of_all(registered, len(ctx.spec.agents))} registered"

    def prove(self, ctx: Context) -> None:
        """Nothing to do: the check of the init runs an app."""

    def repairs(self, ctx: Context, hosts: Iterable[HostSpec]) -> list[str]:
        return []

    def _await_leader(self, ctx: Context) -> HostSpec:
        try:
            return wait_until(
                ctx,
                "a master leads",
                lambda: leader(ctx.ask, ctx.spec, ctx.services),
                seconds=LEADER_SECONDS,
                evidence=lambda: logs_of(ctx, ctx.spec.masters),
            )
        except DeadlinePassed as error:
            quorum = ask_quorum(ctx)
            if quorum.holds:
                raise
            raise DeadlinePassed(
                error.what,
                why=quorum.problem,
                hint=f"bring {ctx.services['zookeeper'].unit_name} of {', '.join(quorum.silent)} up (its machine, its"
                " disk, its network); then run the same command again: it resumes",
                evidence=error.evidence,
            ) from error


def _seen(leads: str, problems: tuple[str, ...] = (), known: frozenset[str] = frozenset()) -> Seen:
    return Seen({"leader": leads}, (("leader:", leads),), problems, known=known)


def _all_registered(ctx: Context, leading: HostSpec) -> int:
    """How many agents are registered; some of those that are left out may be. Raises `NotWell` for any other."""
    missing = missing_agents(ctx.ask, ctx.spec, ctx.services, leading)
    if waited := [name for name in missing if name not in ctx.left_out]:
        raise NotWell(f"not registered: {', '.join(waited)}")
    return len(ctx.spec.agents) - len(missing)


def _of_all(registered: int, agents: int) -> str:
    return counted(agents, "agent") if registered == agents else f"{registered} of {counted(agents, 'agent')}"


def _missing_said(ctx: Context, leading: HostSpec) -> str:
    try:
        missing = missing_agents(ctx.ask, ctx.spec, ctx.services, leading)
    except InstallerError:
        return logs_of(ctx, ctx.spec.masters)
    return logs_of(ctx, [ctx.spec.host(name) for name in missing[:_NAMED]])


def _url(services: Catalog, host: HostSpec) -> str:
    """The URL of the master's port for our own daemons, with mutual TLS."""
    return services.url("master", "tls", host.address)
