"""The form of ``service.yml``: a service's data for firewall, gateway, health, status, certificates and playbook.

docs/services.md explains every key, with an example.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Hosts = Literal["all", "masters", "agents"]
"""The hosts of the inventory on which a service runs: all, [masters], [agents] and [public_agents]."""
OpenTo = Literal["everybody", "members", "masters", "nobody"]
"""Who may connect to a port: all; members of the cluster and operators; masters; only the machine itself."""

CheckedBy = Literal["kernel", "init", "coordination", "login"]
"""The names of checks across hosts. Each has a class in `phases.checks`, which is not imported to read descriptors; a
test compares the two.
"""

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$", max_length=21)]
"""A name of a service. With ``dcos-`` before it, it is that of a user: 26 characters at most."""
Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=32)]
Capability = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$", max_length=64)]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\n]+$")]
HttpPath = Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]*$", max_length=200)]
RoutePath = Annotated[str, Field(pattern=r"^(?:/[A-Za-z0-9._~-]+){1,3}$", max_length=100)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ServicePort(_Part):
    """One TCP port."""

    number: int = Field(ge=1, le=65535)
    open_to: OpenTo
    tls: bool = False
    """The daemon uses the certificate of the service's kind there."""
    every_address: bool = False
    """Listens on every address of the host, not on the one that members know."""
    leader_only: bool = False
    """Of all hosts with the service, only that of the leading member listens there."""
    usual_holder: Text | None = None
    """What often uses this port already, and how it is stopped, for the hint of preflight."""


class ServiceUser(_Part):
    """The system user ``dcos-<name>`` that the unit runs as."""

    comment: Text


class ServiceFile(_Part):
    """A file of the generation, from a template or copied unchanged."""

    path: str = Field(pattern=r"^etc/[A-Za-z0-9][A-Za-z0-9._/-]*$")
    template: str | None = None
    """In the role's ``templates/``; if neither is named: the path's last part with ``.j2``."""
    copy_of: str | None = None
    """In the role's ``files/``."""
    restarts: bool = True
    """The unit reads it at its start: a change restarts (or reloads) it."""

    @property
    def source(self) -> str:
        """The template's name; empty for a copy."""
        return "" if self.copy_of else self.template or f"{self.path.rpartition('/')[2]}.j2"

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.template and self.copy_of:
            raise ValueError("a file has a template or is a copy_of another, not both")
        return self


class Certificate(_Part):
    """``tls-<kind>.pem``: key and certificate of the service's kind on its host."""

    kind: Literal["certificate"]


class Store(_Part):
    """``zk-<name>``: the URL of the service's folder in ZooKeeper, with the password."""

    kind: Literal["store"]
    path: str = Field(pattern=r"^[a-z0-9-]+(?:/[a-z0-9-]+)*$")


class Principals(_Part):
    """``credentials-<name>.json``: the frameworks and tools of ``dcos_principals`` with their secrets."""

    kind: Literal["principals"]


class Root(_Part):
    """One of the secrets that the whole cluster depends on."""

    kind: Literal["store-super-user", "token-key", "administrator"]


class Random(_Part):
    """A secret of the service itself: 192 random bits, created once for the whole cluster."""

    kind: Literal["random"]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")


Secret = Annotated[Certificate | Store | Principals | Root | Random, Field(discriminator="kind")]


class ServiceRequirement(_Part):
    """A file of the operating system, and the Debian package that contains it. ``path`` is a template."""

    path: Text
    package: Text
    unless: Literal["container_runtime"] | None = None
    """A fact of the host that makes it unnecessary."""


class ServiceSysctl(_Part):
    """A kernel setting. ``value`` is a template."""

    key: str = Field(pattern=r"^[a-z0-9_]+(?:\.[a-z0-9_]+)+$")
    value: Text


class ServiceFirewall(_Part):
    """The nftables table that the unit loads from the file ``rules`` of the generation."""

    table: Word
    rules: str


class Https(_Part):
    """A request to a port with mutual TLS: the answer must come from the service's kind on that very host."""

    ask: Literal["https"]
    port: Word
    path: HttpPath
    well: tuple[int, ...] = (200,)
    """Statuses of a healthy service."""
    start: Literal["answer", "certificate"] = "answer"
    """What a start waits for: a good answer, or only the service's certificate at the port."""
    listed: bool = False
    """It must be connected to the leading master as well."""


class FourLetter(_Part):
    """A request to ZooKeeper: ``ruok`` at a start, ``srvr`` for its mode later."""

    ask: Literal["srvr"]
    port: Word


class Socket(_Part):
    """A connection to a UNIX socket, made on the machine; from elsewhere, ``through`` reports its health on a page of
    its own.
    """

    ask: Literal["socket"]
    socket: str = Field(pattern=r"^/run/\S+$")
    through: Name


Health = Annotated[Https | FourLetter | Socket, Field(discriminator="ask")]


class Route(_Part):
    """Paths of the gateway that lead to this service."""

    paths: tuple[RoutePath, ...] = Field(min_length=1)
    port: Word
    leads_to: Literal["leader", "machine"] = "leader"
    """``leader``: the request goes to any host's daemon, which forwards it to the leader; ``machine``: the second part
    of the path names an agent, and the request goes to that machine's daemon.
    """
    name: Word | None = None
    """The name of the route between nginx and dcos-auth; the service's name when None."""
    body_mb: int = Field(default=1, ge=1, le=65536)
    """The largest body of a request, in MiB."""
    silence_seconds: int | None = Field(default=45, ge=1)
    """Seconds of silence after which a stream is closed; None: a day."""


class Metrics(_Part):
    """The URL of the service's metrics, as one JSON object, at a port of its own."""

    port: Word
    path: HttpPath


class Service(_Part):
    """One service. ``name`` is its role's folder."""

    name: Name
    title: Text
    """The name in lists: ``DC/OS Master``."""
    description: Text
    noun: Text
    """The name in sentences, without an article: ``master``."""
    hosts: Hosts
    after: tuple[Name, ...] = ()
    """Services that start before it on the same host."""
    calls: tuple[Name, ...] = ()
    """Services whose API it uses with its own certificate: they accept its kind."""
    passes_on: bool = False
    """It forwards users' requests to every service with a route: it calls all of those, and names the user to them."""
    asks_health: bool = False
    """It asks every service with a health check by HTTPS: it calls all of those."""
    joins: tuple[Name, ...] = ()
    """Services whose user's group its unit joins, to use their sockets on the same host."""
    capabilities: tuple[Capability, ...] = ()
    """The capabilities of a cluster with this service, as ``/capabilities`` of the gateway lists them."""
    unit: str | None = Field(default=None, pattern=r"^dcos-[a-z0-9-]+\.service$")
    """``dcos-<name>.service`` when None."""
    on_change: Literal["restart", "reload"] = "restart"
    user: ServiceUser | None = None
    """None: root."""
    program: str | None = Field(default=None, pattern=r"^dcos_(?:runtime|universe)(?:\.[a-z_]+)+$")
    """The module whose ``main()`` the program ``dcos-<name>`` of the runtime package runs."""
    package: bool = False
    """This service needs the runtime package."""
    tls: str | None = Field(default=None, pattern=r"^[a-z]{1,32}$")
    """The kind in its certificate."""
    trusts: tuple[Literal["ca", "tokens"], ...] = ()
    """The keys that it verifies others with: the cluster's CA, the public key of tokens."""
    ports: dict[Word, ServicePort] = {}
    reserved_ports: tuple[int, ...] = ()
    """Ports of services that do not exist yet: no task gets them."""
    secrets: tuple[Secret, ...] = ()
    files: tuple[ServiceFile, ...] = ()
    links: dict[str, str] = {}
    """Links outside /opt/dcos, each to a path in the active generation."""
    sysctls: tuple[ServiceSysctl, ...] = ()
    requires: tuple[ServiceRequirement, ...] = ()
    firewall: ServiceFirewall | None = None
    health: Health | None = None
    checked_by: CheckedBy | None = None
    """The module of `phases.checks` that checks it as a whole; None: each host is checked by itself (``health``)."""
    quorum: bool = False
    """The masters' quorum depends on it: it is stopped on only one master at a time."""
    route: Route | None = None
    """Its paths at the gateway."""
    metrics: Metrics | None = None

    @property
    def unit_name(self) -> str:
        return self.unit or f"dcos-{self.name}.service"

    @property
    def user_name(self) -> str:
        return f"dcos-{self.name}" if self.user else "root"

    @property
    def home(self) -> str:
        """The folder of its state on a machine."""
        return f"/var/lib/{self.state_directory}"

    @property
    def state_directory(self) -> str:
        """The same, as a unit's ``StateDirectory=``."""
        return f"dcos/{self.name}"

    def secret_name(self, secret: Certificate | Store | Principals | Root | Random) -> str:
        """The secret's file in /etc/dcos-secrets."""
        match secret:
            case Certificate():
                return f"tls-{self.tls}.pem"
            case Store():
                return f"zk-{self.name}"
            case Principals():
                return f"credentials-{self.name}.json"
            case Random():
                return secret.name
            case Root():
                return _ROOTS[secret.kind]

    @property
    def secret_names(self) -> tuple[str, ...]:
        return tuple(self.secret_name(secret) for secret in self.secrets)


_ROOTS = {
    "store-super-user": "zookeeper-super",
    "token-key": "token-key.pem",
    "administrator": "administrator.json",
}
"""The paths on machines of the secrets that the whole cluster depends on."""
