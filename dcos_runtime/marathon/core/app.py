"""An app as it is kept: every field resolved, legacy forms migrated. `definition` makes it from what a client sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec


class _Value(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    pass


class PortDefinition(_Value, frozen=True):
    """``port`` is the host port when the app requires its ports, else the service port (0 before it is assigned)."""

    port: int = 0
    protocol: str = "tcp"
    name: str | None = None
    labels: dict[str, str] = {}


class Network(_Value, frozen=True):
    """A network that the app's containers join; ``mode``: host, container (by its name), or container/bridge."""

    mode: str
    name: str | None = None
    labels: dict[str, str] = {}


class PortMapping(_Value, frozen=True):
    """A port in a container's own network. ``container_port`` 0: the host port. ``host_port`` None: none; 0: any that
    is offered. ``network_names``: the networks that the host port leads to, all if empty.
    """

    container_port: int = 0
    host_port: int | None = None
    service_port: int = 0
    protocol: str = "tcp"
    name: str | None = None
    labels: dict[str, str] = {}
    network_names: list[str] = []

    def mapped(self, host_port: int) -> PortMapping:
        return msgspec.structs.replace(self, host_port=host_port)


class TaskPort(NamedTuple):
    """A port of one task. ``host``: the one on its machine, if any; ``container``: in its own network, if it has one;
    ``asked``: the number in the definition, 0 for any.
    """

    of: PortDefinition | PortMapping
    asked: int
    host: int | None
    container: int | None

    @property
    def number(self) -> int:
        return self.host if self.host is not None else self.container or 0

    @property
    def inner(self) -> int:
        """The one that the task itself binds."""
        return self.container or self.number


class Fetch(_Value, frozen=True):
    """A file that is fetched into the sandbox."""

    uri: str
    extract: bool = True
    executable: bool = False
    cache: bool = False
    dest_path: str | None = None


class UpgradeStrategy(_Value, frozen=True):
    """Fractions of the instance count, 0 to 1."""

    maximum_over_capacity: float = 1.0
    minimum_health_capacity: float = 1.0


class UnreachableStrategy(_Value, frozen=True):
    """Seconds until an unreachable task gets a replacement, and until it is forgotten (it is killed if it returns)."""

    inactive_after_seconds: int = 0
    expunge_after_seconds: int = 0


class HealthCheck(_Value, frozen=True):
    """A health check of an app's tasks. ``command``: of the protocol COMMAND, for the shell."""

    protocol: str = "HTTP"
    command: str | None = None
    path: str | None = None
    port_index: int | None = None
    port: int | None = None
    grace_period_seconds: int = 300
    interval_seconds: int = 60
    timeout_seconds: int = 20
    delay_seconds: int = 15
    max_consecutive_failures: int = 3
    ignore_http1xx: bool = msgspec.field(default=False, name="ignoreHttp1xx")

    @property
    def by_agent(self) -> bool:
        """Whether the agent makes it; otherwise the leading init does."""
        return self.protocol == "COMMAND" or self.protocol.startswith("MESOS_")

    def inner_port(self, app: App, host_ports: Sequence[int]) -> int | None:
        """The port to ask in the network of the task's container, where its agent makes the check."""
        return app.inner_port(self.port_index or 0, host_ports) if self.port is None else self.port

    def target(self, app: App, host_ports: Sequence[int]) -> tuple[int, bool] | None:
        """The port that the init probes, and whether it is one of the task's machine; else it is one of the
        container's address.
        """
        ports = app.task_ports(host_ports)
        if self.port is None:
            index = self.port_index or 0
            return (ports[index].number, ports[index].host is not None) if index < len(ports) else None
        if app.mode == "host" or any(one.host == self.port for one in ports):
            return self.port, True
        host = next((one.host for one in ports if one.container == self.port and one.host is not None), None)
        return (self.port, False) if host is None else (host, True)


class HttpCheck(_Value, frozen=True):
    """A GET; its result is the status code."""

    port_index: int = 0
    path: str | None = None
    scheme: str = "HTTP"


class TcpCheck(_Value, frozen=True):
    """A connection; its result is whether it was made."""

    port_index: int = 0


class CheckCommand(_Value, frozen=True):
    """Of ``shell`` and ``argv`` one is given."""

    shell: str | None = None
    argv: list[str] = []


class CommandCheck(_Value, frozen=True):
    """A command in the task's container; its result is the exit code."""

    command: CheckCommand


class AppCheck(_Value, frozen=True):
    """A check that the agent makes, and whose results are only shown. It has one of ``http``, ``tcp`` and ``exec``."""

    http: HttpCheck | None = None
    tcp: TcpCheck | None = None
    exec: CommandCheck | None = None
    interval_seconds: int = 60
    timeout_seconds: int = 20
    delay_seconds: int = 15


class VersionInfo(_Value, frozen=True):
    """When the app was last scaled, and last changed otherwise."""

    last_scaling_at: str
    last_config_change_at: str


class App(_Value, frozen=True):
    """One version of an app. ``version`` is the time it was made, and its name."""

    id: str
    version: str
    version_info: VersionInfo
    cmd: str | None = None
    args: list[str] = []
    user: str | None = None
    env: dict[str, str] = {}
    instances: int = 1
    cpus: float = 1.0
    mem: float = 128.0
    disk: float = 0.0
    executor: str = ""
    container: dict[str, Any] | None = None
    constraints: list[list[str]] = []
    fetch: list[Fetch] = []
    port_definitions: list[PortDefinition] = []
    require_ports: bool = False
    networks: list[Network] = msgspec.field(default_factory=lambda: [Network(mode="host")])
    port_mappings: list[PortMapping] = []
    health_checks: list[HealthCheck] = []
    check: AppCheck | None = None
    dependencies: list[str] = []
    labels: dict[str, str] = {}
    accepted_resource_roles: list[str] | None = None
    role: str = "*"
    backoff_seconds: int = 1
    backoff_factor: float = 1.15
    max_launch_delay_seconds: int = 300
    task_kill_grace_period_seconds: int | None = None
    upgrade_strategy: UpgradeStrategy = UpgradeStrategy()
    kill_selection: str = "YOUNGEST_FIRST"
    unreachable_strategy: UnreachableStrategy | Literal["disabled"] = UnreachableStrategy()

    @property
    def config_version(self) -> str:
        """The oldest version whose instances need no restart to match this one."""
        return self.version_info.last_config_change_at

    @property
    def agent_check(self) -> int | None:
        """The index of the check that the agent makes, if there is one. Versions stored by a former init may have
        several: that is the first, and the init makes the others.
        """
        return next((index for index, check in enumerate(self.health_checks) if check.by_agent), None)

    @property
    def mode(self) -> str:
        """The mode of its networks: all have the same."""
        return self.networks[0].mode

    @property
    def ports(self) -> Sequence[PortDefinition | PortMapping]:
        return self.port_definitions if self.mode == "host" else self.port_mappings

    @property
    def service_ports(self) -> list[int]:
        return [one.port if isinstance(one, PortDefinition) else one.service_port for one in self.ports]

    @property
    def wanted_host_ports(self) -> list[int]:
        """The host ports that a task needs; 0 for any."""
        if self.mode == "host":
            return [one.port if self.require_ports else 0 for one in self.port_definitions]
        return [one.host_port for one in self.port_mappings if one.host_port is not None]

    def task_ports(self, host_ports: Sequence[int]) -> list[TaskPort]:
        """The ports of a task that was given ``host_ports``, in the order of `ports`."""
        if self.mode == "host":
            both = zip(self.port_definitions, host_ports, strict=False)  # a former version may have had others
            return [TaskPort(one, one.port, host, None) for one, host in both]
        left = iter(host_ports)
        # Who gives neither number gets one that no other of this container's ports has: its network is its own.
        taken = {*host_ports, *(one.container_port for one in self.port_mappings)}
        free = (number for number in range(_FIRST_FREE, 65536) if number not in taken)
        found = []
        for one in self.port_mappings:
            host = next(left, None) if one.host_port is not None else None
            inner = one.container_port or (host if host is not None else next(free))
            found.append(TaskPort(one, one.container_port, host, inner))
        return found

    def inner_port(self, index: int, host_ports: Sequence[int]) -> int | None:
        """The port of this index in the network of the task's container; None: it has none."""
        ports = self.task_ports(host_ports)
        return ports[index].inner if index < len(ports) else None

    def same_config(self, other: App) -> bool:
        """Whether the two differ only in the number of instances (and in their versions)."""
        return self.unversioned() == msgspec.structs.replace(other.unversioned(), instances=self.instances)

    def unversioned(self) -> App:
        return msgspec.structs.replace(
            self, version="", version_info=VersionInfo(last_scaling_at="", last_config_change_at="")
        )


_FIRST_FREE = 10_000
_OMIT_EMPTY = ("args", "constraints", "dependencies", "env", "fetch", "healthChecks")


def to_json(app: App) -> dict[str, Any]:
    """The app with exactly Marathon's keys."""
    data: dict[str, Any] = msgspec.to_builtins(app)
    for key in _OMIT_EMPTY:
        if not data[key]:
            del data[key]
    for key in ("cmd", "user", "container", "taskKillGracePeriodSeconds", "acceptedResourceRoles"):
        if data[key] is None:
            del data[key]
    for check in data.get("healthChecks", ()):
        for key in ("path", "portIndex", "port"):
            if check[key] is None:
                del check[key]
        if check["command"] is None:
            del check["command"]
        else:
            check["command"] = {"value": check["command"]}
        check["ipProtocol"] = "IPv4"
    if app.check is None:
        del data["check"]
    else:
        data["check"] = _given(data["check"])
    for item in data.get("fetch", ()):
        if item["destPath"] is None:
            del item["destPath"]
    for port in data["portDefinitions"]:
        if port["name"] is None:
            del port["name"]
        if not port["labels"]:
            del port["labels"]
    for key in ("cpus", "mem", "disk"):
        data[key] = whole(data[key])
    data["upgradeStrategy"] = {key: whole(value) for key, value in data["upgradeStrategy"].items()}
    data["gpus"] = 0
    data["networks"] = [{key: value for key, value in one.items() if value} for one in data["networks"]]
    mappings = data.pop("portMappings")
    if app.mode != "host":
        del data["portDefinitions"]
        shown = [_mapping(one) for one in mappings]
        data["container"] = {**data["container"], "portMappings": shown}
    return data


def _given(data: dict[str, Any]) -> dict[str, Any]:
    """Without what is not given, in inner objects as well."""
    left = {key: value for key, value in data.items() if value is not None and value != []}
    return {key: _given(value) if isinstance(value, dict) else value for key, value in left.items()}


def _mapping(data: dict[str, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = {"hostPort": None, "name": None, "labels": {}, "networkNames": []}
    return {key: value for key, value in data.items() if key not in empty or value != empty[key]}


def whole(value: float) -> float | int:
    """``128.0`` as ``128``, the way Marathon writes it."""
    return int(value) if abs(value) < 2**53 and value == int(value) else value


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(App, strict=False).decode
