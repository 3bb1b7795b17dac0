"""Asks daemons over HTTP how they are, and waits for it: with a deadline and the last answer, never a bare timeout."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from dcos_installer.errors import DeadlinePassed, InstallerError
from dcos_runtime.tls import identity_of

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec, Ports
    from dcos_installer.phases.base import Context

T = TypeVar("T")
Ask = Callable[..., Any]
"""`Asker`, or what stands for it."""

_ANSWER_SECONDS = 10.0
_PAUSE_SECONDS = 0.2


class NotWell(InstallerError):
    """A daemon did not answer, or not as it should. ``status`` is the HTTP status, 0 without an answer."""

    def __init__(self, what: str, *, status: int = 0, **rest: str) -> None:
        self.status = status
        super().__init__(what, **rest)


class CannotAsk(InstallerError):
    """Nobody can be asked at all: what the operator shows, or trusts, cannot be used. The cluster may be well."""


class Asker:
    """Asks over TLS as the cluster's operator: the other side must be of the cluster's CA and have the address asked.

    ``folder`` is the operator's ``secrets/``; it is looked into when the first question comes. At a port of ``kinds``
    the other side must be that kind of daemon, too.
    """

    def __init__(self, folder: Path, kinds: Mapping[int, str] | None = None) -> None:
        self._folder = folder
        self._kinds = kinds or {}
        self._version: tuple[int, ...] = ()
        self._openers: dict[str, urllib.request.OpenerDirector] = {}

    def __call__(
        self,
        url: str,
        *,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = _ANSWER_SECONDS,
    ) -> Any:
        """What ``url`` answers: its JSON, its text when it is none, None when it is empty. Raises `NotWell`.

        Raises `CannotAsk` before anything is sent. Redirects are not followed. What is sent is in no message.
        ``zookeeper://HOST:PORT/WORD`` asks ZooKeeper.
        """
        if url.startswith("zookeeper://"):
            return _zookeeper(url, seconds)
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, method=method, headers={"Accept": "application/json"})
        if data is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with self._opener(url).open(request, timeout=seconds) as response:
                text = response.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")[:500]
            raise NotWell(f"{method} {url} was answered with {error.code}", status=error.code, evidence=said) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise NotWell(f"{method} {url} was not answered", why=str(reason)) from None
        try:
            return json.loads(text) if text.strip() else None
        except ValueError:
            return text

    def _opener(self, url: str) -> urllib.request.OpenerDirector:
        ca, identity = self._folder / "ca.crt", self._folder / "operator.pem"
        kind = self._kinds.get(urllib.parse.urlsplit(url).port or 443, "") if url.startswith("https:") else ""
        try:
            version = tuple(path.stat().st_mtime_ns for path in (ca, identity))
            if self._version != version:
                self._version, self._openers = version, {}
            if kind not in self._openers:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                context.minimum_version = ssl.TLSVersion.TLSv1_2
                if kind:
                    # Instances of a class made here, as the handshake knows nothing of the context's owner.
                    context.sslsocket_class = type("Connection", (_Connection,), {"kind": kind})
                _load(ca, lambda: context.load_verify_locations(cafile=ca))
                _load(identity, lambda: context.load_cert_chain(identity))
                self._openers[kind] = _opener(context)
            return self._openers[kind]
        except OSError as error:
            raise _cannot_ask(Path(error.filename or self._folder), error) from None


class _Connection(ssl.SSLSocket):
    """Takes the handshake for failed when another kind of daemon is at the other end."""

    kind: ClassVar[str]

    def do_handshake(self, block: bool = False) -> None:
        super().do_handshake(block)
        found = identity_of(self.getpeercert())
        if found is None or found.kind != self.kind:
            raise ssl.SSLCertVerificationError(
                1, f"the other side is {f'the {found}' if found else 'no daemon of this cluster'}, not a {self.kind}"
            )


def _load(path: Path, into: Callable[[], None]) -> None:
    try:
        into()
    except OSError as error:  # what TLS finds wrong with a file does not name it
        raise _cannot_ask(path, error) from None


def _cannot_ask(path: Path, error: OSError) -> CannotAsk:
    # A CA is made once: with its key there, this certificate was there, too.
    lost = path.name == "ca.crt" and path.with_name("ca.key").exists()
    return CannotAsk(
        f"the cluster cannot be asked: {path} cannot be used: {error.strerror or error}",
        hint=f"put {path.name} back from a backup" if lost else "dcos-installer deploy makes it",
    )


def _zookeeper(url: str, seconds: float) -> str:
    """ZooKeeper's answer to one of its four-letter words."""
    place, _, word = url.removeprefix("zookeeper://").partition("/")
    host, _, port = place.rpartition(":")
    try:
        with socket.create_connection((host, int(port)), timeout=seconds) as connection:
            connection.sendall(word.encode())
            return connection.makefile("rb").read().decode(errors="replace")
    except OSError as error:
        raise NotWell(f"{url} was not answered", why=error.strerror or str(error)) from None


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Whoever is asked answers himself: a redirect elsewhere would take our credentials along."""

    def redirect_request(self, *arguments: Any, **more: Any) -> None:
        return None


def _opener(context: ssl.SSLContext) -> urllib.request.OpenerDirector:
    # Machines are reached directly: a proxy of the operator's environment has no say.
    return urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context), _NoRedirects()
    )


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
