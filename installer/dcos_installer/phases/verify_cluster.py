"""Postflight: the cluster has a leader, its agents, its init and its gateways; a changed one also runs a real app."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from dcos_installer.errors import DeadlinePassed, InstallerError
from dcos_installer.phases.base import Context, HostsFailed
from dcos_installer.phases.evidence import unit_log, unit_logs
from dcos_installer.phases.health import (
    NotWell,
    gateway_url,
    init,
    leader,
    marathon_url,
    missing_agents,
    refused,
    silent_gateways,
    unwell_agents,
    wait_until,
)
from dcos_installer.phases.left_out import first_master
from dcos_installer.phases.postflight import check_gateway, check_host
from dcos_installer.phases.quorum import ask_quorum, damaged_members
from dcos_installer.secrets import load

if TYPE_CHECKING:
    from collections.abc import Callable

    from dcos_installer.config.model import HostSpec, Ports
    from dcos_installer.remote import Remote
    from dcos_installer.secrets.roots import Administrator

LEADER_SECONDS = 90.0
AGENTS_SECONDS = 90.0
INIT_SECONDS = 90.0
ZOOKEEPER_SECONDS = 90.0
GATEWAY_SECONDS = 60.0
APP_SECONDS = 120.0

_GATEWAY_UNITS = ("dcos-auth.service", "dcos-gateway.service")

APP_ID = "/dcos-postflight"


class VerifyCluster:
    """A run that changed nothing only asks the daemons; one that changed hosts looks at each and runs an app."""

    title = "Verify"

    def __init__(self, check: Callable[[HostSpec, Remote, Ports, tuple[str, ...]], None] = check_host) -> None:
        self._check = check

    def run(self, ctx: Context) -> None:
        leading = _await_leader(ctx)
        wait_until(
            ctx,
            "every agent is registered and well",
            lambda: _all_agents(ctx, leading),
            seconds=AGENTS_SECONDS,
            evidence=lambda: _missing_said(ctx, leading),
        )
        serving = wait_until(
            ctx,
            "an init leads",
            lambda: init(ctx.ask, ctx.spec),
            seconds=INIT_SECONDS,
            evidence=lambda: _masters_said(ctx),
        )
        wait_until(
            ctx,
            "every ZooKeeper serves",
            lambda: _all_zookeepers(ctx),
            seconds=ZOOKEEPER_SECONDS,
            evidence=lambda: _zookeepers_said(ctx),
        )
        wait_until(
            ctx,
            "every gateway answers",
            lambda: _all_gateways(ctx),
            seconds=GATEWAY_SECONDS,
            evidence=lambda: _silent_said(ctx),
        )
        ports = ctx.spec.settings.ports
        ctx.results.gateway = gateway_url(first_master(ctx), ports)
        ctx.note(
            "",
            f"{leading.name} leads, {len(ctx.spec.agents)} agents are registered, the init leads at {serving.name},"
            f" the gateway answers at {ctx.results.gateway}",
        )
        who = load(ctx.state, ctx.spec, ctx.wall(), hosts=()).administrator
        if who is None:
            raise InstallerError("there is no administrator", hint="report this: the secrets are made before")
        # A first deploy is one until its end was told, however many runs it took.
        if ctx.changes or not who.told:
            self._check_hosts(ctx)
            _check_gateways(ctx, who)
            _run_app(ctx, marathon_url(serving, ports))

    def _check_hosts(self, ctx: Context) -> None:
        ports = ctx.spec.settings.ports
        hosts = _reached(ctx, ctx.spec.hosts)
        results = ctx.everywhere(
            hosts, lambda host: self._check(host, ctx.remote(host), ports, ctx.plan.hosts[host.name].units)
        )
        failures = {name: result for name, result in results.items() if isinstance(result, BaseException)}
        if failures:
            raise HostsFailed("not every machine is as it should be", failures)
        ctx.note("", f"{len(results)} machines show what they should")


def _await_leader(ctx: Context) -> HostSpec:
    try:
        return wait_until(
            ctx,
            "a master leads",
            lambda: leader(ctx.ask, ctx.spec),
            seconds=LEADER_SECONDS,
            evidence=lambda: _masters_said(ctx),
        )
    except DeadlinePassed as error:
        quorum = ask_quorum(ctx)
        if quorum.holds:
            raise
        raise DeadlinePassed(
            error.what,
            why=quorum.problem,
            hint=f"bring dcos-zookeeper.service of {', '.join(quorum.silent)} up (its machine, its disk, its network);"
            " then run the same command again: it resumes",
            evidence=error.evidence,
        ) from error


def _all_zookeepers(ctx: Context) -> None:
    quorum = ask_quorum(ctx)
    if set(quorum.silent) - set(ctx.left_out) or not quorum.holds:
        raise NotWell(quorum.problem, why="; ".join(damaged_members(ctx, quorum)))


def _zookeepers_said(ctx: Context) -> str:
    silent = [ctx.spec.host(name) for name in ask_quorum(ctx).silent]
    logs = ctx.everywhere(silent, lambda host: unit_log(ctx, host, "dcos-zookeeper.service"))
    return "\n".join(f"{name}, dcos-zookeeper.service:\n{text}" for name, text in logs.items())


def _all_agents(ctx: Context, leading: HostSpec) -> None:
    missing = [name for name in missing_agents(ctx.ask, ctx.spec, leading) if name not in ctx.left_out]
    if missing:
        raise NotWell(f"not registered: {', '.join(missing)}")
    unwell = unwell_agents(ctx, but=ctx.left_out)
    if unwell:
        said = "\n".join(f"{name}: {why}" for name, why in unwell.items())
        raise NotWell(f"no good answer from the agent of {', '.join(unwell)}", evidence=said)


def _all_gateways(ctx: Context) -> None:
    silent = _silent_gateways(ctx)
    if silent:
        said = "\n".join(f"{name}: {why}" for name, why in silent.items())
        raise NotWell(f"no answer from the gateway of {', '.join(silent)}", evidence=said)


def _silent_gateways(ctx: Context) -> dict[str, str]:
    silent = silent_gateways(ctx.ask, ctx.spec)
    return {name: why for name, why in silent.items() if name not in ctx.left_out}


def _reached(ctx: Context, hosts: tuple[HostSpec, ...]) -> list[HostSpec]:
    return [host for host in hosts if host.name not in ctx.left_out]


def _check_gateways(ctx: Context, who: Administrator) -> None:
    """Each gateway lets the administrator in, and nobody without a token."""
    ports = ctx.spec.settings.ports
    results = ctx.everywhere(_reached(ctx, ctx.spec.masters), lambda host: check_gateway(ctx.ask, host, ports, who))
    failures = {name: result for name, result in results.items() if isinstance(result, BaseException)}
    if failures:
        raise HostsFailed("not every gateway is as it should be", failures)
    if False in results.values():
        ctx.note("", f"{refused(who.uid)}, so nobody was logged in")


def _run_app(ctx: Context, serving: str) -> None:
    """A real app, started through the init, seen running and removed again: the whole way a task goes."""
    url = f"{serving}/v2/apps"
    app = {
        "id": APP_ID,
        "cmd": "echo the cluster runs apps; exec sleep 3600",
        "instances": 1,
        "cpus": 0.01,
        "mem": 32,
    }

    def run_it() -> str:
        _remove_app(ctx, url)
        ctx.ask(url, method="POST", body=app)
        try:
            where = wait_until(
                ctx,
                f"the app {APP_ID} runs",
                lambda: _running_on(ctx, url),
                seconds=APP_SECONDS,
                evidence=lambda: _app_said(ctx, serving, url),
            )
        except BaseException:
            with contextlib.suppress(InstallerError):  # why it did not run matters more
                _remove_app(ctx, url)
            raise
        _remove_app(ctx, url)
        return where

    where = ctx.change("", "run an app and remove it", run_it)
    ctx.note("", f"an app ran on {where}, and was removed")


def _running_on(ctx: Context, url: str) -> str:
    app = ctx.ask(f"{url}{APP_ID}").get("app", {})
    for task in app.get("tasks", []):
        if task.get("state") == "TASK_RUNNING":
            return str(task.get("host", "an agent"))
    states = ", ".join(str(task.get("state")) for task in app.get("tasks", [])) or "no task yet"
    raise NotWell(f"{APP_ID}: {states}")


def _remove_app(ctx: Context, url: str) -> None:
    """Removes the app, and waits until it is gone; also what an earlier run that was cut off left behind."""
    try:
        ctx.ask(f"{url}{APP_ID}?force=true", method="DELETE")
    except NotWell as error:
        if error.status == 404:
            return
        raise

    wait_until(ctx, f"the app {APP_ID} is gone", lambda: _must_be_gone(ctx, url), seconds=APP_SECONDS, evidence=str)


def _must_be_gone(ctx: Context, url: str) -> None:
    try:
        ctx.ask(f"{url}{APP_ID}")
    except NotWell as error:
        if error.status == 404:
            return
        raise
    raise NotWell(f"{APP_ID} is still there")


def _app_said(ctx: Context, serving: str, url: str) -> str:
    """Why the app does not run, as the init tells it, and what the agent that has its task last said."""
    said = []
    hosts: set[str] = set()
    try:
        app = ctx.ask(f"{url}{APP_ID}")["app"]
        for task in app.get("tasks", []):
            said.append(f"task {task.get('id')} on {task.get('host')}: {task.get('state')}")
            hosts.add(str(task.get("host")))
        if failure := app.get("lastTaskFailure"):
            said.append(f"the last failure, on {failure.get('host')}: {failure.get('state')}: {failure.get('message')}")
            hosts.add(str(failure.get("host")))
        for item in ctx.ask(f"{serving}/v2/queue").get("queue", []):
            offers = item.get("processedOffersSummary", {})
            reasons = [reason for reason in offers.get("rejectSummaryLastOffers", []) if reason.get("declined")]
            told = ", ".join(f"{reason['reason']} {reason['declined']}/{reason['processed']}" for reason in reasons)
            said.append(f"{item.get('app', {}).get('id')} waits; offers declined: {told or 'none'}")
    except (InstallerError, KeyError) as error:
        said.append(str(error))
    for host in ctx.spec.agents:
        if host.address in hosts:
            said += [f"{host.name}, dcos-agent.service:", unit_log(ctx, host, "dcos-agent.service")]
    for host in ctx.spec.masters:
        said += [f"{host.name}, dcos-marathon.service:", unit_log(ctx, host, "dcos-marathon.service")]
    return "\n".join(said)


def _masters_said(ctx: Context) -> str:
    return _said(ctx, ctx.spec.masters)


def _silent_said(ctx: Context) -> str:
    """What the gateways that do not answer last said. They may run all the same: nginx waits for a port that is taken,
    and a stranger who holds it answers.
    """
    silent = _silent_gateways(ctx)

    def said(host: HostSpec) -> str:
        return "\n".join(f"{unit}:\n{unit_log(ctx, host, unit)}" for unit in _GATEWAY_UNITS)

    logs = ctx.everywhere([host for host in ctx.spec.masters if host.name in silent], said)
    return "\n".join([_masters_said(ctx), *(f"{name}, {text}" for name, text in logs.items())]).strip()


def _missing_said(ctx: Context, leading: HostSpec) -> str:
    try:
        missing = missing_agents(ctx.ask, ctx.spec, leading) or list(unwell_agents(ctx))
    except InstallerError:
        return _masters_said(ctx)
    return _said(ctx, tuple(ctx.spec.host(name) for name in missing[:3]))


def _said(ctx: Context, hosts: tuple[HostSpec, ...]) -> str:
    logs = ctx.everywhere(hosts, lambda host: unit_logs(ctx, host))
    return "\n".join(f"{name}:\n{text}" for name, text in logs.items() if text)
