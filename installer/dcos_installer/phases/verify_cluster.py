"""Postflight: the checks succeed, every service answers on its hosts; after a change, the cluster is used for real."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dcos_installer.daemon_client import NotWell
from dcos_installer.errors import InstallerError
from dcos_installer.phases import checks
from dcos_installer.phases.kit.base import Context, HostsFailed
from dcos_installer.phases.kit.evidence import logs_of
from dcos_installer.phases.kit.health import unwell, wait_until
from dcos_installer.phases.kit.postflight import check_host, check_metrics
from dcos_installer.secrets import load
from dcos_runtime.counting import counted

if TYPE_CHECKING:
    from collections.abc import Callable

    from dcos_installer.config.model import HostSpec
    from dcos_installer.remote import Remote
    from dcos_installer.services import Catalog, Service

HEALTH_SECONDS = 90.0
_NAMED = 3
"""Of how many hosts the logs are shown."""


class VerifyCluster:
    """A run without changes only asks the daemons; otherwise the changed hosts are checked and an app is run."""

    title = "Verify"

    def __init__(self, check: Callable[[HostSpec, Remote, Catalog, tuple[str, ...]], None] = check_host) -> None:
        self._check = check

    def run(self, ctx: Context) -> None:
        known = checks.of(ctx.services)
        parts = [check.wait(ctx) for check in known]
        for service in ctx.services.asked:
            _await(ctx, service)
        ctx.note("", ", ".join(part for part in parts if part))
        who = load(ctx.state, ctx.spec, ctx.wall(), hosts=(), services=ctx.services).administrator
        if who is None:
            raise InstallerError(
                "there is no administrator",
                why="the secrets in the operator's state have none",
                hint="report this: the secrets are made before",
                final=True,
            )
        # A first deploy may take several runs: it lasts until its end was reported.
        if ctx.changes or not who.shown:
            self._check_hosts(ctx)
            for check in known:
                check.prove(ctx)

    def _check_hosts(self, ctx: Context) -> None:
        def check(host: HostSpec) -> None:
            self._check(host, ctx.remote(host), ctx.services, ctx.plan.hosts[host.name].units)
            check_metrics(ctx.ask, host, ctx.services)

        results = ctx.everywhere([host for host in ctx.spec.hosts if host.name not in ctx.left_out], check)
        failures = {name: result for name, result in results.items() if isinstance(result, BaseException)}
        if failures:
            raise HostsFailed("not every machine passes the checks", failures)
        ctx.note("", f"the checks pass on {counted(len(results), 'machine')}")


def _await(ctx: Context, service: Service) -> None:
    def all_well() -> None:
        wrong = unwell(ctx, service, but=ctx.left_out)
        if wrong:
            said = "\n".join(f"{name}: {why}" for name, why in wrong.items())
            raise NotWell(f"no healthy answer from the {service.noun} of {', '.join(wrong)}", evidence=said)

    wait_until(
        ctx,
        f"every {service.noun} answers",
        all_well,
        seconds=HEALTH_SECONDS,
        evidence=lambda: _said(ctx, service),
    )


def _said(ctx: Context, service: Service) -> str:
    """The last log lines of the daemons that do not answer, and of all other unhealthy units on their hosts."""
    try:
        hosts = [ctx.spec.host(name) for name in list(unwell(ctx, service, but=ctx.left_out))[:_NAMED]]
    except InstallerError as error:
        return error.what
    return logs_of(ctx, hosts, {host.name: (service.unit_name,) for host in hosts})
