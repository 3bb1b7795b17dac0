"""HAProxy's configuration for services and their servers. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from load_balancer.labels import Server, Service
from load_balancer.steering import Slots

LEAST_SLOTS = 4
_UNNAMED = "@unnamed@"
COOKIE = "mesosphere_server_id"


@dataclass(frozen=True)
class Settings:
    """Of one balancer. ``http_port``, ``https_port`` None: no frontend for virtual hosts. ``certificates``: files that
    hold a certificate with its key each; which one a client gets, HAProxy chooses by the name that it asks for."""

    socket: str
    health_port: int
    http_port: int | None = None
    https_port: int | None = None
    certificates: tuple[str, ...] = ()
    max_connections: int = 10_000


def slots_for(servers: int, before: int = 0) -> int:
    """Places for servers in a backend: room for twice as many, so that most changes need no new configuration."""
    slots = max(LEAST_SLOTS, before)
    while slots < servers or (servers > before and slots < 2 * servers):
        slots *= 2
    return slots


def generation(text: str) -> str:
    """A name of the configuration, by which a process of HAProxy tells which one it runs."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def configuration(settings: Settings, services: Sequence[Service], slots: Mapping[str, Slots]) -> str:
    """The whole text; `generation` of everything else stands in it. Servers stand in it as well, so that new workers
    are whole from their first connection on.
    """
    body = "\n".join(_lines(settings, services, slots)) + "\n"
    return body.replace(_UNNAMED, generation(body), 1)


def _lines(settings: Settings, services: Sequence[Service], slots: Mapping[str, Slots]) -> Iterator[str]:
    yield from (
        "global",
        f"  setenv LOAD_BALANCER_GENERATION {_UNNAMED}",
        f"  stats socket {settings.socket} mode 600 level admin expose-fd listeners",
        f"  maxconn {settings.max_connections}",
        "  log stderr format raw local0 notice",
        "  hard-stop-after 60s",
        "  ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets",
        "defaults",
        "  retries 3",
        "  option redispatch",
        "  option dontlognull",
        "  timeout connect 3s",
        "  timeout client 30s",
        "  timeout server 30s",
        "  timeout tunnel 3600s",
        "  timeout http-keep-alive 10s",
        "  timeout http-request 15s",
        "  timeout queue 30s",
        "  timeout check 5s",
        "frontend health",
        f"  bind *:{settings.health_port}",
        "  mode http",
        "  monitor-uri /_haproxy_health_check",
        "  http-request use-service prometheus-exporter if { path /metrics }",
        "  http-request deny deny_status 404",
    )
    for service in services:
        if service.realm is not None:
            _, user, password = service.realm
            yield f"userlist users_{service.name}"
            yield f"  user {user} password {password}"
    if settings.http_port is not None:
        yield "frontend http_in"
        yield f"  bind *:{settings.http_port}"
        yield from _virtual_hosts(services, settings.https_port)
    if settings.https_port is not None:
        yield "frontend https_in"
        yield f"  bind *:{settings.https_port}{_tls(settings)} alpn h2,http/1.1"
        yield from _virtual_hosts(services, None)
    for service in services:
        if service.port is not None:
            yield f"frontend {service.name}"
            yield f"  bind {_bound(service.address)}:{service.port}{_tls(settings) if service.tls else ''}"
            yield f"  mode {service.mode}"
            yield f"  default_backend {service.name}"
    for service in services:
        yield from _backend(service, slots[service.name])


def _tls(settings: Settings) -> str:
    return " ssl" + "".join(f" crt {path}" for path in settings.certificates)


def _virtual_hosts(services: Sequence[Service], https: int | None) -> Iterator[str]:
    """``https``: the port to which those are sent on that want that."""
    yield "  mode http"
    hosted = [service for service in services if service.hosts]
    for service in hosted:
        yield f"  acl host_{service.name} req.hdr(host),field(1,:),lower -m str {' '.join(service.hosts)}"
        if service.paths:
            yield f"  acl path_{service.name} path_beg {' '.join(service.paths)}"
    yield "  http-request deny deny_status 404 unless " + (
        " || ".join(f"host_{service.name}" for service in hosted) or "FALSE"
    )
    # The longer path is meant where two fit.
    ordered = sorted(hosted, key=lambda one: (-one.weight, -max(map(len, one.paths), default=0), one.name))
    conditions = {one.name: f"host_{one.name}" + (f" path_{one.name}" if one.paths else "") for one in ordered}
    if https is not None:
        yield from _sent_on(ordered, conditions, https)
    for service in ordered:
        yield f"  use_backend {service.name} if {conditions[service.name]}"


def _sent_on(ordered: Sequence[Service], conditions: Mapping[str, str], https: int) -> Iterator[str]:
    """Of several services that fit, the first one decides, as with backends."""
    if not any(one.to_https for one in ordered):
        return
    port = "" if https == 443 else f":{https}"
    yield "  acl is_decided var(txn.to_https) -m found"
    yield "  acl is_sent_on var(txn.to_https) -m int 1"
    for service in ordered:
        wanted = int(service.to_https)
        yield f"  http-request set-var(txn.to_https) int({wanted}) if {conditions[service.name]} !is_decided"
    target = f"https://%[req.hdr(host),field(1,:),lower]{port}%[pathq]"
    yield f"  http-request redirect code 301 location {target} if is_sent_on"


def _backend(service: Service, slots: Slots) -> Iterator[str]:
    yield f"backend {service.name}"
    yield f"  mode {service.mode}"
    yield f"  balance {service.balance}"
    if service.networks:
        allowed = " ".join(service.networks)
        yield f"  acl network_allowed src {allowed}"
        yield ("  http-request deny" if service.mode == "http" else "  tcp-request content reject") + (
            " unless network_allowed"
        )
    if service.mode == "http":
        yield from _http(service)
    if service.check_path is not None:
        yield "  option httpchk"
        yield f"  http-check send meth GET uri {service.check_path}"
        yield "  http-check expect rstatus [23].."
    for number, server in enumerate(slots.places, 1):
        yield f"  server s{number} {_place(server)}"


def _place(server: Server | None) -> str:
    """One without a server gets its address over the runtime API."""
    checks = "check inter 3s fall 3 rise 1"
    if server is None:
        return f"127.0.0.1:1 {checks} disabled"
    return f"{_bound(server.host)}:{server.port} {checks} port {server.check_port}"


def _http(service: Service) -> Iterator[str]:
    if service.realm is not None:
        yield f"  http-request auth realm {service.realm[0]} unless {{ http_auth(users_{service.name}) }}"
    yield "  option forwardfor"
    yield "  http-request set-header X-Forwarded-Port %[dst_port]"
    yield "  http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]"
    if service.redirect is not None:
        yield f"  http-request redirect location {_target(service.redirect)} if {{ path / }}"
    if service.proxy_path is not None:
        yield f"  http-request replace-path {_pattern(service.proxy_path)}/?(.*) /\\1"
    if service.reverse_path is not None:
        # What the service says of itself, below the path by which it is reached.
        yield f"  http-response replace-header Location (https?://[^/]+)?(/.*) \\1{_target(service.reverse_path)}\\2"
    if service.hsts:
        yield "  http-response set-header Strict-Transport-Security max-age=15768000"
    if service.sticky:
        yield f"  cookie {COOKIE} insert indirect nocache httponly dynamic"
        yield f"  dynamic-cookie-key {service.name}"


def _bound(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _pattern(path: str) -> str:
    """For a regular expression as the configuration's own reader leaves it."""
    return "^" + "".join(f"\\\\{one}" if one in ".+" else one for one in path.rstrip("/"))


def _target(path: str) -> str:
    """For a format of the log's kind."""
    return path.rstrip("/").replace("%", "%%")
