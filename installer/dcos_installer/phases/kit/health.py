"""The health of daemons: requests, and waits for it with a deadline and the last answer."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from dcos_installer.at_once import at_once
from dcos_installer.daemon_client import Ask, CannotAsk, NotWell
from dcos_installer.errors import DeadlinePassed, InstallerError
from dcos_installer.services.catalog import runs_on
from dcos_installer.services.descriptor import FourLetter, Https

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.phases.kit.base import Context
    from dcos_installer.services import Service

T = TypeVar("T")

_PAUSE_SECONDS = 0.2


def wait_until(ctx: Context, what: str, probe: Callable[[], T], *, seconds: float, evidence: Callable[[], str]) -> T:
    """Calls ``probe`` until it raises nothing. Raises `DeadlinePassed` with its last error and ``evidence()``.

    ``seconds`` are those of usual machines.
    """
    seconds *= ctx.patience
    end = ctx.monotonic() + seconds
    while True:
        try:
            return probe()
        except CannotAsk:
            raise  # waiting does not help here
        except InstallerError as error:
            last = error
        if ctx.monotonic() >= end:
            shown = "\n".join(part for part in (last.evidence, evidence()) if part)
            raise DeadlinePassed(
                f"{what}: not within {seconds:.0f} s",
                why="; ".join(part for part in (last.what, last.why) if part),
                hint="look at the last lines below, correct the cause, then run the same command again: it resumes",
                evidence=shown,
            )
        ctx.sleep(_PAUSE_SECONDS)


def message_with_hosts(error: InstallerError) -> str:
    """The error, and the answer of each host that was asked, as one sentence."""
    return f"{error.what} ({'; '.join(error.evidence.splitlines())})" if error.evidence else error.what


def mode_in(srvr: str) -> str:
    """The mode of a ZooKeeper in its answer to ``srvr``; empty if it does not serve."""
    return next((line.removeprefix("Mode: ").strip() for line in srvr.splitlines() if line.startswith("Mode: ")), "")


def what_is_wrong(ask: Ask, service: Service, host: HostSpec) -> str:
    """Why the service is unhealthy on that host, by its descriptor; empty if it is healthy. Raises `CannotAsk`."""
    match service.health:
        case Https() as asked:
            return _https(ask, service, host, asked)
        case FourLetter() as asked:
            try:
                said = str(ask(f"zookeeper://{host.address}:{service.ports[asked.port].number}/srvr") or "")
            except NotWell as error:
                return "; ".join(part for part in (error.what, error.why) if part)
            shown = " ".join(said.split())[:200] or "it says nothing"
            return "" if mode_in(said) else f"its {service.noun} does not serve: {shown}"
    return ""


def _https(ask: Ask, service: Service, host: HostSpec, asked: Https) -> str:
    number = service.ports[asked.port].number
    try:
        ask(f"https://{host.address}{'' if number == 443 else f':{number}'}{asked.path}")
    except CannotAsk:
        raise
    except NotWell as error:
        if error.status in asked.well:
            return ""
        return "; ".join(part for part in (error.what, error.why, error.evidence) if part)
    return ""


def unwell_anywhere(ctx: Context, seconds: float) -> dict[tuple[str, str], str | BaseException]:
    """Why each service is unhealthy on each of its hosts, empty if it is healthy. All are asked at once.

    The keys are the service's name in sentences, and the host.
    """
    return at_once(
        {
            (service.noun, host.name): partial(what_is_wrong, ctx.ask, service, host)
            for service in ctx.services.asked
            for host in ctx.spec.hosts
            if runs_on(service, host)
        },
        seconds,
    )


def unwell(ctx: Context, service: Service, but: Collection[str] = ()) -> dict[str, str]:
    """The hosts on which the service does not answer properly, with the reason. All except those in ``but`` are asked,
    at once.
    """
    hosts = [host for host in ctx.spec.hosts if runs_on(service, host) and host.name not in but]
    said = ctx.everywhere(hosts, lambda host: what_is_wrong(ctx.ask, service, host))
    for result in said.values():
        if isinstance(result, BaseException):
            raise result
    return {name: str(result) for name, result in said.items() if result}
