"""Asks daemons over HTTP how they are, and waits for it: with a deadline and the last answer, never a bare timeout."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from dcos_installer.errors import DeadlinePassed, InstallerError

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec, Ports
    from dcos_installer.phases.base import Context

T = TypeVar("T")
Ask = Callable[..., Any]
"""`ask`, or what stands for it."""

# Machines are reached directly: a proxy of the operator's environment has no say.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_ANSWER_SECONDS = 10.0
_PAUSE_SECONDS = 0.2


class NotWell(InstallerError):
    """A daemon did not answer, or not as it should. ``status`` is the HTTP status, 0 without an answer."""

    def __init__(self, what: str, *, status: int = 0, **rest: str) -> None:
        self.status = status
        super().__init__(what, **rest)


def ask(url: str, *, method: str = "GET", body: Any = None, seconds: float = _ANSWER_SECONDS) -> Any:
    """What ``url`` answers: its JSON, its text when it is none, None when it is empty. Raises `NotWell`."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, method=method, headers={"Accept": "application/json"})
    if data is not None:
        request.add_header("Content-Type", "application/json")
    try:
        with _opener.open(request, timeout=seconds) as response:
            text = response.read().decode(errors="replace")
    except urllib.error.HTTPError as error:
        said = error.read().decode(errors="replace")[:500]
        raise NotWell(f"{method} {url} was answered with {error.code}", status=error.code, evidence=said) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise NotWell(f"{method} {url} was not answered", why=str(reason)) from error
    try:
        return json.loads(text) if text.strip() else None
    except ValueError:
        return text


def wait_until(ctx: Context, what: str, probe: Callable[[], T], *, seconds: float, evidence: Callable[[], str]) -> T:
    """Calls ``probe`` until it raises nothing. Raises `DeadlinePassed` with its last complaint and ``evidence()``."""
    end = ctx.monotonic() + seconds
    while True:
        try:
            return probe()
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
    return f"http://{host.address}:{ports.master}"


def marathon_url(host: HostSpec, ports: Ports) -> str:
    return f"http://{host.address}:{ports.marathon}"


def master_is_well(ask: Ask, host: HostSpec, ports: Ports) -> str:
    """Empty when the host's master answers; else what it said instead."""
    try:
        ask(f"{master_url(host, ports)}/health")
    except InstallerError as error:
        return "; ".join(part for part in (error.what, error.why) if part)
    return ""


def leader_url(ask: Ask, spec: ClusterSpec) -> str:
    """The address of the master that leads. Raises `NotWell` when none does."""
    ports, said = spec.settings.ports, []
    for host in spec.masters:
        url = master_url(host, ports)
        try:
            metrics = ask(f"{url}/metrics/snapshot")
        except NotWell as error:
            said.append(f"{host.name}: {error.what} {error.why}".rstrip())
            continue
        if isinstance(metrics, dict) and metrics.get("master/elected") == 1:
            return url
        said.append(f"{host.name}: answers, and does not lead")
    raise NotWell("no master leads", evidence="\n".join(said))


def missing_agents(ask: Ask, spec: ClusterSpec, leader: str) -> list[str]:
    """Names of the agents that the leading master does not count as active. Raises `NotWell`."""
    answer = ask(f"{leader}/slaves")
    agents = answer.get("slaves", []) if isinstance(answer, dict) else []
    active: set[str] = set()
    for agent in agents:
        if agent.get("active"):
            active |= {str(agent.get("hostname", "")), str(agent.get("pid", "")).rpartition("@")[2].rpartition(":")[0]}
    return [host.name for host in spec.agents if not {host.name, host.address} & active]


def init_url(ask: Ask, spec: ClusterSpec) -> str:
    """The address of an init that answers and knows its leader. Raises `NotWell`."""
    said = []
    for host in spec.masters:
        url = marathon_url(host, spec.settings.ports)
        try:
            ask(f"{url}/ping")
            ask(f"{url}/v2/leader")
            return url
        except NotWell as error:
            said.append(f"{host.name}: {error.what} {error.why}".rstrip())
    raise NotWell("no init answers", evidence="\n".join(said))
