"""An app as it is kept: every field resolved, legacy forms migrated. `definition` makes it from what a client sent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec


class _Value(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    pass


class PortDefinition(_Value, frozen=True):
    """``port`` is the host port when the app requires its ports, else the service port (0 before it is assigned)."""

    port: int = 0
    protocol: str = "tcp"
    name: str | None = None
    labels: dict[str, str] = {}


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

    def host_port(self, host_ports: Sequence[int]) -> int | None:
        """The port to probe on the task's host, if it has one."""
        if self.port is not None:
            return self.port
        index = self.port_index or 0
        return host_ports[index] if index < len(host_ports) else None


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
    health_checks: list[HealthCheck] = []
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

    def same_config(self, other: App) -> bool:
        """Whether the two differ only in the number of instances (and in their versions)."""
        return self.unversioned() == msgspec.structs.replace(other.unversioned(), instances=self.instances)

    def unversioned(self) -> App:
        return msgspec.structs.replace(
            self, version="", version_info=VersionInfo(last_scaling_at="", last_config_change_at="")
        )


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
    data["networks"] = [{"mode": "host"}]
    return data


def whole(value: float) -> float | int:
    """``128.0`` as ``128``, the way Marathon writes it."""
    return int(value) if abs(value) < 2**53 and value == int(value) else value


encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(App, strict=False).decode
