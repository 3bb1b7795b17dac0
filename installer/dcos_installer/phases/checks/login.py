"""The gateways: each answers, accepts the administrator's login, and refuses requests without a token."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from dcos_installer.at_once import at_once
from dcos_installer.daemon_client import Ask, CannotAsk, NotWell
from dcos_installer.errors import InstallerError
from dcos_installer.phases.checks.base import Seen
from dcos_installer.phases.kit.base import HostsFailed
from dcos_installer.phases.kit.evidence import logs_of
from dcos_installer.phases.kit.health import wait_until
from dcos_installer.phases.kit.left_out import first_master
from dcos_installer.phases.kit.postflight import PostflightFailed
from dcos_installer.secrets import load

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec
    from dcos_installer.phases.kit.base import Context
    from dcos_installer.secrets.roots import Administrator
    from dcos_installer.services import Catalog

GATEWAY_SECONDS = 60.0


def units(services: Catalog) -> tuple[str, ...]:
    """The units to look at when a gateway does not answer: its own, and that of the users."""
    return tuple(services[name].unit_name for name in ("auth", "gateway"))


def gateway_url(host: HostSpec, services: Catalog) -> str:
    """The URL of a master's gateway."""
    return services.url("gateway", "https", host.address)


def silent_gateways(ask: Ask, spec: ClusterSpec, services: Catalog) -> dict[str, str]:
    """The hosts whose gateway does not answer properly, each with the reason."""
    said = {}
    found = at_once({host.name: partial(ask, f"{gateway_url(host, services)}/health") for host in spec.masters})
    for name, answer in found.items():
        if isinstance(answer, NotWell):
            said[name] = "; ".join(part for part in (answer.what, answer.why, answer.evidence) if part)
        elif isinstance(answer, BaseException):
            raise answer
    return said


def login(ask: Ask, gateway: str, uid: str, password: str) -> str:
    """A token of that user. Raises `NotWell`, with status 401 when the password was changed."""
    answer = ask(f"{gateway}/acs/api/v1/auth/login", method="POST", body={"uid": uid, "password": password})
    token = answer.get("token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token:
        raise NotWell(f"the login at {gateway} gave no token")
    return token


def refused(uid: str) -> str:
    """The meaning of a login that is answered with 401, after the password was shown: the gateway does not give the
    reason.
    """
    return f"{uid} was removed, or has another password than the one that was made"


def token_lives(ask: Ask, spec: ClusterSpec, services: Catalog, token: str) -> bool:
    """Whether a gateway accepts the token. If no gateway answers, the token counts as accepted."""
    for host in spec.masters:
        url = f"{gateway_url(host, services)}/pkgpanda/active.buildinfo.full.json"
        try:
            ask(url, headers={"Authorization": f"token={token}"})
            return True
        except CannotAsk:
            return True
        except NotWell as error:
            if error.status == 401:
                return False
    return True


class Login:
    """Every gateway answers; after a change each is used as by a user."""

    def unseen(self, ctx: Context) -> Seen:
        return _seen(())

    def look(self, ctx: Context) -> Seen:
        silent = silent_gateways(ctx.ask, ctx.spec, ctx.services)
        problems = tuple(f"the gateway of {name} does not answer as it should: {why}" for name, why in silent.items())
        answering = [host for host in ctx.spec.masters if host.name not in silent]
        return _seen(tuple(gateway_url(host, ctx.services) for host in answering), problems)

    def wait(self, ctx: Context) -> str:
        wait_until(
            ctx,
            "every gateway answers",
            lambda: _all_answer(ctx),
            seconds=GATEWAY_SECONDS,
            evidence=lambda: _silent_said(ctx),
        )
        ctx.results.gateway = gateway_url(first_master(ctx), ctx.services)
        return f"the gateway answers at {ctx.results.gateway}"

    def prove(self, ctx: Context) -> None:
        who = load(ctx.state, ctx.spec, ctx.wall(), hosts=(), services=ctx.services).administrator
        if who is None:
            raise InstallerError(
                "there is no administrator",
                why="the secrets in the operator's state have none",
                hint="report this: the secrets are made before",
                final=True,
            )
        hosts = [host for host in ctx.spec.masters if host.name not in ctx.left_out]
        results = ctx.everywhere(hosts, lambda host: check_gateway(ctx.ask, host, ctx.services, who))
        failures = {name: result for name, result in results.items() if isinstance(result, BaseException)}
        if failures:
            raise HostsFailed("not every gateway works", failures)
        if False in results.values():
            ctx.note("", f"{refused(who.uid)}, so there was no login")

    def repairs(self, ctx: Context, hosts: Iterable[HostSpec]) -> list[str]:
        return []


def _seen(gateways: tuple[str, ...], problems: tuple[str, ...] = ()) -> Seen:
    return Seen({"gateways": gateways}, (("gateway:", ", ".join(gateways)),), problems)


def _all_answer(ctx: Context) -> None:
    silent = _silent(ctx)
    if silent:
        said = "\n".join(f"{name}: {why}" for name, why in silent.items())
        raise NotWell(f"no answer from the gateway of {', '.join(silent)}", evidence=said)


def _silent(ctx: Context) -> dict[str, str]:
    silent = silent_gateways(ctx.ask, ctx.spec, ctx.services)
    return {name: why for name, why in silent.items() if name not in ctx.left_out}


def _silent_said(ctx: Context) -> str:
    """The last log lines of the gateways that do not answer. They may run all the same: nginx waits for a port that
    another process holds.
    """
    return logs_of(ctx, ctx.spec.masters, dict.fromkeys(_silent(ctx), units(ctx.services)))


def check_gateway(ask: Ask, host: HostSpec, services: Catalog, who: Administrator) -> bool:
    """Raises `PostflightFailed` unless the host's gateway works, with a certificate of the cluster's CA.

    Returns whether the administrator could log in: after the password was shown, it may have been changed.
    """
    wrong, url = [], gateway_url(host, services)
    plain = f"{services.url('gateway', 'http', host.address)}/mesos/state"

    def status(url: str, **more: Any) -> int:
        try:
            ask(url, **more)
        except NotWell as error:
            if not error.status:
                raise
            return error.status
        return 200

    token = ""
    try:
        for path, wanted in (("/health", 200), ("/mesos/state-summary", 401), ("/marathon/v2/apps", 401)):
            if (found := status(url + path)) != wanted:
                wrong.append(f"{url}{path} answers {found} without a token, not {wanted}")
        if (found := status(plain)) != 308:
            wrong.append(f"{plain} answers {found}, and does not lead to HTTPS")
        try:
            token = login(ask, url, who.uid, who.password)
        except NotWell as error:
            if error.status != 401 or not who.shown:
                raise
        if token:
            for path in ("/mesos/state-summary", "/marathon/v2/info"):
                if (found := status(url + path, headers={"Authorization": f"token={token}"})) != 200:
                    wrong.append(f"{url}{path} answers {found} with a token of {who.uid}")
    except NotWell as error:
        wrong.append("; ".join(part for part in (error.what, error.why) if part))
    if wrong:
        raise PostflightFailed(
            f"the gateway of {host.name} does not work",
            hint=f"look at {' and '.join(units(services))} with: dcos-installer ssh INVENTORY {host.name}",
            evidence="\n".join(wrong),
        )
    return bool(token)
