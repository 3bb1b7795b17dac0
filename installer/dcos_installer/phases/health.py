"""What is asked of daemons to learn how they are, and waiting for it: with a deadline and the last answer."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, TypeVar

from dcos_installer.daemon_client import Ask, CannotAsk, NotWell
from dcos_installer.errors import DeadlinePassed, InstallerError

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec, Ports
    from dcos_installer.phases.base import Context

T = TypeVar("T")

_PAUSE_SECONDS = 0.2


def wait_until(ctx: Context, what: str, probe: Callable[[], T], *, seconds: float, evidence: Callable[[], str]) -> T:
    """Calls ``probe`` until it raises nothing. Raises `DeadlinePassed` with its last complaint and ``evidence()``."""
    end = ctx.monotonic() + seconds
    while True:
        try:
            return probe()
        except CannotAsk:
            raise  # waiting mends nothing here
        except InstallerError as error:
            last = error
        if ctx.monotonic() >= end:
            shown = "\n".join(part for part in (last.evidence, evidence()) if part)
            raise DeadlinePassed(
                f"{what}: not within {seconds:.0f} s",
                why="; ".join(part for part in (last.what, last.why) if part),
                hint="look at the last lines below, mend it, then run the same command again: it resumes",
                evidence=shown,
            )
        ctx.sleep(_PAUSE_SECONDS)


def master_url(host: HostSpec, ports: Ports) -> str:
    """The master's door for our own, with mutual TLS."""
    return f"https://{host.address}:{ports.master_agents}"


def marathon_url(host: HostSpec, ports: Ports) -> str:
    """The init's door for our own, with mutual TLS."""
    return f"https://{host.address}:{ports.marathon_tls}"


def agent_url(host: HostSpec, ports: Ports) -> str:
    """The agent's door for our own, with mutual TLS."""
    return f"https://{host.address}:{ports.agent_tls}"


def gateway_url(host: HostSpec, ports: Ports) -> str:
    """The door for users on a master."""
    port = "" if ports.gateway_https == 443 else f":{ports.gateway_https}"
    return f"https://{host.address}{port}"


def master_is_well(ask: Ask, host: HostSpec, ports: Ports) -> str:
    """Empty when the host's master answers and its ZooKeeper is in the quorum; else what they said instead."""
    try:
        ask(f"{master_url(host, ports)}/health")
        said = str(ask(f"zookeeper://{host.address}:{ports.zookeeper}/srvr"))
    except InstallerError as error:
        return "; ".join(part for part in (error.what, error.why) if part)
    if "\nMode: " not in said:
        return f"its ZooKeeper does not serve: {' '.join(said.split())[:200] or 'it says nothing'}"
    return ""


def leader(ask: Ask, spec: ClusterSpec) -> HostSpec:
    """The master that leads. Raises `NotWell` when none does."""
    ports, said = spec.settings.ports, []
    for host in spec.masters:
        try:
            metrics = ask(f"{master_url(host, ports)}/metrics/snapshot")
        except NotWell as error:
            said.append(f"{host.name}: {error.what} {error.why}".rstrip())
            continue
        if isinstance(metrics, dict) and metrics.get("master/elected") == 1:
            return host
        said.append(f"{host.name}: answers, and does not lead")
    raise NotWell("no master leads", evidence="\n".join(said))


def missing_agents(ask: Ask, spec: ClusterSpec, leading: HostSpec) -> list[str]:
    """Names of the agents that the leading master does not count as active. Raises `NotWell`."""
    answer = ask(f"{master_url(leading, spec.settings.ports)}/slaves")
    agents = answer.get("slaves", []) if isinstance(answer, dict) else []
    active: set[str] = set()
    for agent in agents:
        if agent.get("active"):
            active |= {str(agent.get("hostname", "")), str(agent.get("pid", "")).rpartition("@")[2].rpartition(":")[0]}
    return [host.name for host in spec.agents if not {host.name, host.address} & active]


def unwell_agents(ctx: Context, but: Collection[str] = ()) -> dict[str, str]:
    """The hosts whose agent does not answer as it should, with why: one without its port says who has it.

    All but those are asked, at once.
    """

    def why(host: HostSpec) -> str:
        try:
            ctx.ask(f"{agent_url(host, ctx.spec.settings.ports)}/health")
        except NotWell as error:
            return "; ".join(part for part in (error.what, error.why, error.evidence) if part)
        return ""

    said = ctx.everywhere([host for host in ctx.spec.agents if host.name not in but], why)
    for result in said.values():
        if isinstance(result, BaseException):
            raise result
    return {name: str(result) for name, result in said.items() if result}


def init(ask: Ask, spec: ClusterSpec) -> HostSpec:
    """The host whose init leads, as the first that answers tells: one that does not lead passes the question on.

    Raises `NotWell` when no init leads.
    """
    said = []
    for host in spec.masters:
        url = marathon_url(host, spec.settings.ports)
        try:
            ask(f"{url}/ping")
            answer = ask(f"{url}/v2/leader")
        except NotWell as error:
            said.append(f"{host.name}: {error.what} {error.why}".rstrip())
            continue
        told = str(answer.get("leader", "")) if isinstance(answer, dict) else ""
        for leading in spec.masters:
            if told.rpartition(":")[0] in (leading.address, leading.name):
                return leading
        said.append(f"{host.name}: names no master's init as the one that leads, but {told or 'nobody'}")
    raise NotWell("no init leads", evidence="\n".join(said))


def silent_gateways(ask: Ask, spec: ClusterSpec) -> dict[str, str]:
    """The hosts whose gateway does not answer as it should, each with why."""
    said = {}
    for host in spec.masters:
        try:
            ask(f"{gateway_url(host, spec.settings.ports)}/health")
        except NotWell as error:
            said[host.name] = "; ".join(part for part in (error.what, error.why, error.evidence) if part)
    return said


def login(ask: Ask, gateway: str, uid: str, password: str) -> str:
    """A token of that user. Raises `NotWell`, with status 401 when the password is another one by now."""
    answer = ask(f"{gateway}/acs/api/v1/auth/login", method="POST", body={"uid": uid, "password": password})
    token = answer.get("token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token:
        raise NotWell(f"the login at {gateway} gave no token")
    return token


def refused(uid: str) -> str:
    """What a login that is answered with 401 means, once the password was told: the gateway does not say which."""
    return f"{uid} was removed, or has another password than the one that was made"


def token_lives(ask: Ask, spec: ClusterSpec, token: str) -> bool:
    """Whether a gateway takes the token. Where none answers nobody can tell, and it is taken for alive."""
    for host in spec.masters:
        url = f"{gateway_url(host, spec.settings.ports)}/pkgpanda/active.buildinfo.full.json"
        try:
            ask(url, headers={"Authorization": f"token={token}"})
            return True
        except CannotAsk:
            return True
        except NotWell as error:
            if error.status == 401:
                return False
    return True
