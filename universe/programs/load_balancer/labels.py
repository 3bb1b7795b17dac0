"""From apps of the init to services that are balanced: marathon-lb's labels. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

BALANCES = frozenset({"roundrobin", "leastconn", "source", "static-rr", "first", "uri", "random"})
_LABEL = re.compile(r"HAPROXY_(?:(\d{1,3})_)?([A-Z0-9_]+)", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*", re.ASCII)
# Nothing that HAProxy's own reader takes for more than itself.
_PATH = re.compile(r"/[A-Za-z0-9._~&+,=:@%/-]*", re.ASCII)
_ADDRESS = re.compile(r"[0-9A-Fa-f.:]+(/\d{1,3})?", re.ASCII)
_NUMBERS = re.compile(r"\d{1,3}(\.\d{1,3}){3}|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*", re.ASCII)
_WORD = re.compile(r"[^\s\"'\\#\x00-\x20\x7f-\uffff]+")

# What marathon-lb takes for true, and the opposites of it.
TRUE = frozenset({"true", "t", "yes", "y"})
FALSE = frozenset({"false", "f", "no", "n"})
KNOWN = frozenset(
    {
        "GROUP",
        "AUTH",
        "BACKEND_HEALTHCHECK_PORT_INDEX",
        "BACKEND_NETWORK_ALLOWED_ACL",
        "BACKEND_WEIGHT",
        "BALANCE",
        "BIND_ADDR",
        "ENABLED",
        "HTTP_BACKEND_PROXYPASS_PATH",
        "HTTP_BACKEND_REDIR",
        "HTTP_BACKEND_REVPROXY_PATH",
        "MODE",
        "PATH",
        "PORT",
        "REDIRECT_TO_HTTPS",
        "SSL_CERT",
        "STICKY",
        "USE_HSTS",
        "VHOST",
    }
)
"""What stands behind ``HAPROXY_`` or ``HAPROXY_{n}_``. The others of marathon-lb are told of, and passed over."""


@dataclass(frozen=True, order=True)
class Server:
    """Where a task answers."""

    host: str
    port: int
    check_port: int


@dataclass(frozen=True)
class Service:
    """One service port of an app. ``port`` None: it is reached by its hosts only."""

    app_id: str
    index: int
    port: int | None
    address: str = "*"
    mode: str = "tcp"
    balance: str = "roundrobin"
    hosts: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    weight: int = 0
    sticky: bool = False
    hsts: bool = False
    networks: tuple[str, ...] = ()
    check_path: str | None = None
    proxy_path: str | None = None
    reverse_path: str | None = None
    redirect: str | None = None
    tls: bool = False
    """Whether its port speaks TLS."""
    to_https: bool = False
    """Whether plain requests for its hosts are sent on to HTTPS."""
    realm: tuple[str, str, str] | None = field(default=None, repr=False)
    """Realm, user and encrypted password."""

    @property
    def name(self) -> str:
        """As marathon-lb calls the backend: ``/a/web`` on 10001 is ``a_web_10001``."""
        return re.sub(r"[^a-zA-Z0-9-]", "_", self.app_id.strip("/")) + f"_{self.port or f'i{self.index}'}"


@dataclass(frozen=True)
class Seen:
    """What is balanced, and where; ``warnings`` are told once each."""

    services: tuple[Service, ...]
    servers: Mapping[str, tuple[Server, ...]]
    warnings: tuple[str, ...]


class _Wrong(Exception):
    """A label cannot be used; the service goes on without what it says, or not at all (``fatal``)."""


def see(
    apps: Iterable[Mapping[str, Any]],
    groups: frozenset[str],
    *,
    strict: bool = False,
    tls: bool = False,
    https: bool = False,
) -> Seen:
    """Services of the groups (``*`` is any app with a label HAPROXY_GROUP or without), by app and port.

    ``strict``: only those with HAPROXY_{n}_ENABLED=true. ``tls``: there are certificates; ``https``: and a port for
    hosts over HTTPS. What asks for TLS that this balancer does not speak is not served in plain text instead.
    """
    services: list[Service] = []
    servers: dict[str, tuple[Server, ...]] = {}
    warnings: list[str] = []
    taken: dict[int, str] = {}
    for app in sorted(apps, key=lambda one: str(one.get("id"))):
        labels = {str(key): str(value) for key, value in (app.get("labels") or {}).items()}
        warnings += _unknown(app, labels)
        for index, port in enumerate(_service_ports(app)):
            if not _wanted(labels, index, groups, strict):
                continue
            service, wrong = _service(app, labels, index, port)
            service = _guarded(service, wrong, tls=tls, https=https)
            warnings += [f"{app.get('id')}: {text}" for text in wrong]
            if service.name in servers:
                warnings.append(f"{service.app_id}: another app is called {service.name} already")
                continue
            if service.port is not None and service.port in taken:
                warnings.append(f"{service.app_id}: its port {service.port} is that of {taken[service.port]} already")
                continue
            if service.port is not None:
                taken[service.port] = service.app_id
            services.append(service)
            servers[service.name] = tuple(sorted(_servers(app, labels, index)))
    return Seen(tuple(services), servers, tuple(warnings))


def _unknown(app: Mapping[str, Any], labels: Mapping[str, str]) -> list[str]:
    found = [(key, _LABEL.fullmatch(key)) for key in sorted(labels)]
    return [f"{app.get('id')}: the label {key} is not known here" for key, one in found if one and one[2] not in KNOWN]


def _wanted(labels: Mapping[str, str], index: int, groups: frozenset[str], strict: bool) -> bool:
    group = labels.get(f"HAPROXY_{index}_GROUP", labels.get("HAPROXY_GROUP"))
    enabled = labels.get(f"HAPROXY_{index}_ENABLED", "").strip().lower() or ("false" if strict else "true")
    if enabled not in TRUE:
        return False
    if "*" in groups:
        return True
    return group is not None and bool({one.strip() for one in group.split(",")} & groups)


def _mappings(app: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    """The port mappings of an app in a network of its own; ``None``: it is in the machine's."""
    networks, container = app.get("networks") or ({"mode": "host"},), app.get("container") or {}
    return None if networks[0].get("mode") == "host" else container.get("portMappings") or ()


def _service_ports(app: Mapping[str, Any]) -> list[int]:
    """0: none is given."""
    mappings = _mappings(app)
    if mappings is None:
        return [int(one.get("port") or 0) for one in app.get("portDefinitions") or ()]
    return [int(one.get("servicePort") or 0) for one in mappings]


def _service(
    app: Mapping[str, Any], labels: Mapping[str, str], index: int, service_port: int
) -> tuple[Service, list[str]]:
    wrong: list[str] = []

    def label(name: str) -> str | None:
        value = labels.get(f"HAPROXY_{index}_{name}")
        return value.strip() if value is not None and value.strip() else None

    def each(name: str, pattern: re.Pattern[str], separator: str | None) -> tuple[str, ...]:
        parts = [part.strip() for part in (label(name) or "").split(separator) if part.strip()]
        bad = [part for part in parts if not pattern.fullmatch(part)]
        wrong.extend(f"HAPROXY_{index}_{name}: {part!r} is none" for part in bad)
        return tuple(part for part in parts if part not in bad)

    def one(name: str, pattern: re.Pattern[str]) -> str | None:
        value = label(name)
        if value is not None and not pattern.fullmatch(value):
            wrong.append(f"HAPROXY_{index}_{name}: {value!r} is none")
            return None
        return value

    def truth(name: str) -> bool:
        value = (label(name) or "false").lower()
        if value not in TRUE | FALSE:
            wrong.append(f"HAPROXY_{index}_{name}: {value!r} is neither true nor false")
        return value in TRUE

    def number(name: str, otherwise: int, least: int, most: int) -> int:
        value = label(name)
        if value is None:
            return otherwise
        if not re.fullmatch(r"-?\d{1,9}", value, re.ASCII) or not least <= int(value) <= most:
            wrong.append(f"HAPROXY_{index}_{name}: {value!r} is none of {least} to {most}")
            return otherwise
        return int(value)

    hosts = each("VHOST", _HOST, ",")
    paths = tuple(path for path in each("PATH", _PATH, None)) if hosts else ()
    check = _check(app, index)
    mode = (label("MODE") or ("http" if hosts else "tcp")).lower()
    if mode not in ("http", "tcp"):
        wrong.append(f"HAPROXY_{index}_MODE: {mode!r} is neither http nor tcp")
        mode = "tcp"
    if hosts or check is not None:
        mode = "http"
    balance = label("BALANCE") or "roundrobin"
    if balance not in BALANCES:
        wrong.append(f"HAPROXY_{index}_BALANCE: {balance!r} is none of {', '.join(sorted(BALANCES))}")
        balance = "roundrobin"
    port = number("PORT", service_port, 1, 65535)
    service = Service(
        app_id=str(app.get("id")),
        index=index,
        port=port or None,
        address=one("BIND_ADDR", _ADDRESS) or "*",
        mode=mode,
        balance=balance,
        hosts=tuple(host.lower() for host in hosts),
        paths=paths,
        weight=number("BACKEND_WEIGHT", 1 if paths else 0, -(10**6), 10**6),
        sticky=truth("STICKY"),
        hsts=truth("USE_HSTS"),
        networks=each("BACKEND_NETWORK_ALLOWED_ACL", _ADDRESS, None),
        check_path=check,
        proxy_path=one("HTTP_BACKEND_PROXYPASS_PATH", _PATH),
        reverse_path=one("HTTP_BACKEND_REVPROXY_PATH", _PATH),
        redirect=one("HTTP_BACKEND_REDIR", _PATH),
        tls=label("SSL_CERT") is not None,
        to_https=truth("REDIRECT_TO_HTTPS"),
        realm=_realm(label("AUTH"), index, wrong),
    )
    return service, wrong


def _guarded(service: Service, wrong: list[str], *, tls: bool, https: bool) -> Service:
    """The service without what would go in plain text although its labels ask for TLS."""
    head = f"HAPROXY_{service.index}"
    if service.tls and service.port is not None and not tls:
        wrong.append(f"{head}_SSL_CERT: this balancer has no certificate: not balanced at the port {service.port}")
        service = replace(service, port=None)
    if service.to_https and service.hosts and not https:
        wrong.append(f"{head}_REDIRECT_TO_HTTPS: this balancer speaks no HTTPS: not balanced by its hosts")
        service = replace(service, hosts=(), paths=())
    return service


def _realm(text: str | None, index: int, wrong: list[str]) -> tuple[str, str, str] | None:
    """``realm:user:password`` as crypt(3) encrypts it. The text itself is in no message."""
    if text is None:
        return None
    realm, _, rest = text.partition(":")
    user, _, password = rest.partition(":")
    if not all(_WORD.fullmatch(part) for part in (realm, user, password)):
        wrong.append(f"HAPROXY_{index}_AUTH is not realm:user:encryptedpassword: nobody passes")
        return ("closed", "nobody", "!")
    return (realm, user, password)


def _check(app: Mapping[str, Any], index: int) -> str | None:
    """The path of the app's own health check over HTTP at this port."""
    for one in app.get("healthChecks") or ():
        protocol = str(one.get("protocol", "HTTP"))
        if protocol in ("HTTP", "MESOS_HTTP") and one.get("portIndex", 0) == index and one.get("port") is None:
            path = str(one.get("path") or "/")
            return path if _PATH.fullmatch(path.partition("?")[0]) and _WORD.fullmatch(path) else "/"
    return None


def _addresses(task: Mapping[str, Any]) -> list[str]:
    """The addresses of its network."""
    reported = [str(one.get("ipAddress")) for one in task.get("ipAddresses") or () if isinstance(one, dict)]
    return [one for one in reported if _NUMBERS.fullmatch(one)]


def _ends(app: Mapping[str, Any], task: Mapping[str, Any]) -> list[tuple[str, int] | None]:
    """Where each port of the app answers at this task: at the machine, by its name where that is all there is to know,
    or at the container's own address where the machine has no port for it. ``None``: it cannot be known.
    """
    host, ports = str(task.get("host") or ""), [int(port) for port in task.get("ports") or ()]
    mappings = _mappings(app)
    if mappings is None:
        address = next((one for one in (host, *_addresses(task)) if _NUMBERS.fullmatch(one)), host)
        return [(address, port) for port in ports]
    own, left = next(iter(_addresses(task)), None), iter(ports)
    found: list[tuple[str, int] | None] = []
    for one in mappings:
        if one.get("hostPort") is not None:
            port = next(left, None)
            found.append(None if port is None else (host, port))
        else:
            port = int(one.get("containerPort") or 0)
            found.append((own, port) if own is not None and port else None)
    return found


def _servers(app: Mapping[str, Any], labels: Mapping[str, str], index: int) -> Sequence[Server]:
    """Tasks that run, and are well where the app has health checks."""
    told = labels.get(f"HAPROXY_{index}_BACKEND_HEALTHCHECK_PORT_INDEX", "")
    check_index = int(told) if told.isascii() and told.isdecimal() else index
    checks = bool(app.get("healthChecks"))
    found = []
    for task in app.get("tasks") or ():
        ends = _ends(app, task)
        end = ends[index] if index < len(ends) else None
        if task.get("state", "TASK_RUNNING") != "TASK_RUNNING" or end is None or not _WORD.fullmatch(end[0]):
            continue
        results = task.get("healthCheckResults") or ()
        if checks and not (results and all(one and one.get("alive") for one in results)):
            continue
        check = ends[check_index] if check_index < len(ends) else None
        found.append(Server(*end, check[1] if check is not None and check[0] == end[0] else end[1]))
    return found
