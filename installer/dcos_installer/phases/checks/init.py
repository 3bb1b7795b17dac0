"""The init: one of them leads. After a change, a real app is run by it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING

from dcos_installer.at_once import at_once
from dcos_installer.daemon_client import Ask, CannotAsk, NotWell
from dcos_installer.errors import InstallerError
from dcos_installer.phases.checks.base import Seen
from dcos_installer.phases.kit.evidence import logs_of, unit_log
from dcos_installer.phases.kit.health import message_with_hosts, wait_until

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec
    from dcos_installer.phases.kit.base import Context
    from dcos_installer.services import Catalog

INIT_SECONDS = 90.0
APP_SECONDS = 120.0

APP_ID = "/dcos-postflight"


def init(ask: Ask, spec: ClusterSpec, services: Catalog) -> HostSpec:
    """The host whose init leads, as the first one that answers says: a standby forwards the request.

    Raises `NotWell` when no init leads.
    """
    asked = {host.name: partial(_leader_named, ask, _url(services, host)) for host in spec.masters}
    found = at_once(asked, enough=lambda answer: _called(spec, answer) is not None)
    said = []
    for answer in found.values():
        if isinstance(answer, str) and (leading := _called(spec, answer)) is not None:
            return leading
    for name, answer in found.items():
        if isinstance(answer, NotWell):
            said.append(f"{name}: {answer.what} {answer.why}".rstrip())
        elif isinstance(answer, BaseException):
            raise answer
        else:
            said.append(f"{name}: names no master's init as the one that leads, but {answer or 'nobody'}")
    raise NotWell("no init leads", evidence="\n".join(said))


def _leader_named(ask: Ask, url: str) -> str:
    """The address of the leader, as the init reports it; empty if there is none."""
    ask(f"{url}/ping")
    answer = ask(f"{url}/v2/leader")
    return str(answer.get("leader", "")) if isinstance(answer, dict) else ""


def _called(spec: ClusterSpec, address: str) -> HostSpec | None:
    """The master with that address."""
    return next((host for host in spec.masters if address.rpartition(":")[0] in (host.address, host.name)), None)


class Init:
    """One init leads, and can run an app."""

    def unseen(self, ctx: Context) -> Seen:
        return _seen("")

    def look(self, ctx: Context) -> Seen:
        try:
            leading = init(ctx.ask, ctx.spec, ctx.services)
        except CannotAsk:
            raise
        except InstallerError as error:
            return _seen("", (message_with_hosts(error),))
        return _seen(ctx.services.url("marathon", "plain", leading.address))

    def wait(self, ctx: Context) -> str:
        return f"the init leads at {_leading(ctx).name}"

    def prove(self, ctx: Context) -> None:
        _run_app(ctx, _url(ctx.services, _leading(ctx)))

    def repairs(self, ctx: Context, hosts: Iterable[HostSpec]) -> list[str]:
        return []


def _seen(leads: str, problems: tuple[str, ...] = ()) -> Seen:
    return Seen({"init": leads}, (("init:  ", leads),), problems)


def _leading(ctx: Context) -> HostSpec:
    """Waits for the host whose init leads."""
    return wait_until(
        ctx,
        "an init leads",
        lambda: init(ctx.ask, ctx.spec, ctx.services),
        seconds=INIT_SECONDS,
        evidence=lambda: logs_of(ctx, ctx.spec.masters),
    )


def _url(services: Catalog, host: HostSpec) -> str:
    """The URL of the init's port for our own daemons, with mutual TLS."""
    return services.url("marathon", "tls", host.address)


def _run_app(ctx: Context, serving: str) -> None:
    """Runs a real app: starts it by the init, waits until it runs, and removes it."""
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
        _send(ctx, "POST", url, 409, app)
        try:
            where = wait_until(
                ctx,
                f"the app {APP_ID} runs",
                lambda: _running_on(ctx, url),
                seconds=APP_SECONDS,
                evidence=lambda: _app_said(ctx, serving, url),
            )
        except BaseException:
            with contextlib.suppress(InstallerError):  # the reason why it did not run matters more
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
    """Removes the app, and waits until it is gone; also the app of an earlier run that was interrupted."""
    _send(ctx, "DELETE", f"{url}{APP_ID}?force=true", 404)
    wait_until(ctx, f"the app {APP_ID} is gone", lambda: _must_be_gone(ctx, url), seconds=APP_SECONDS, evidence=str)


def _send(ctx: Context, method: str, url: str, done: int, body: object = None) -> None:
    """Sends a change until the init answers: on a busy host a connection may fail.

    ``done``: the status of a change that was already made, such as by an earlier request whose answer was lost.
    """

    def send() -> NotWell | None:
        try:
            ctx.ask(url, method=method, body=body)
        except NotWell as error:
            if error.status != done and (not error.status or error.status >= 500):
                raise
            return None if error.status == done else error
        return None

    refused = wait_until(ctx, f"{method} {url}", send, seconds=APP_SECONDS, evidence=str)
    if refused is not None:
        raise refused


def _must_be_gone(ctx: Context, url: str) -> None:
    try:
        ctx.ask(f"{url}{APP_ID}")
    except NotWell as error:
        if error.status == 404:
            return
        raise
    raise NotWell(f"{APP_ID} is still there")


def _app_said(ctx: Context, serving: str, url: str) -> str:
    """Why the app does not run: the init's reason, and the last log lines of the agent with its task."""
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
            why = ", ".join(f"{reason['reason']} {reason['declined']}/{reason['processed']}" for reason in reasons)
            said.append(f"{item.get('app', {}).get('id')} waits; offers declined: {why or 'none'}")
    except (InstallerError, KeyError) as error:
        said.append(str(error))
    shown = [(host, "agent") for host in ctx.spec.agents if host.address in hosts]
    shown += [(host, "marathon") for host in ctx.spec.masters]
    for host, service in shown:
        unit = ctx.services[service].unit_name
        said += [f"{host.name}, {unit}:", unit_log(ctx, host, unit)]
    return "\n".join(said)
