"""From a client's JSON to an `App`: legacy forms migrated, defaults filled in, all problems reported at once.
Unsupported and unknown fields are refused by name. Only fields that a client has read before and sends back (such as
``tasksRunning`` and ``deployments``) are ignored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from dcos_runtime.marathon.core import checks, containers, ids, limits, networks
from dcos_runtime.marathon.core.app import (
    App,
    Fetch,
    PortDefinition,
    UnreachableStrategy,
    UpgradeStrategy,
    VersionInfo,
    to_json,
)
from dcos_runtime.marathon.core.constraints import OPERATORS, constraint_problem
from dcos_runtime.marathon.core.fields import NOT_HERE, Fields, Invalid
from dcos_runtime.wire.quoting import shown
from dcos_runtime.wire.uris import unpacked_under_uris

READ_ONLY = (
    "tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy", "deployments", "lastTaskFailure",
    "taskStats", "tasksStats", "readinessCheckResults", "version", "versionInfo",
)  # fmt: skip
MAX_INSTANCES = 100_000
"""The most instances of one app: more than such a cluster runs in all, and few enough for the memory."""
MAX_AMOUNT = 1e9
LEAST_AMOUNT = 0.001
"""The largest amount of a resource, in its own unit."""
MAX_CONSTRAINTS, MAX_PORTS, MAX_REFERENCES = 100, 1_000, 1_000
"""The most of these that an app may have; references are files to fetch, and dependencies."""
MAX_KEYS = 1_000
MAX_ENTRIES = 10_000
"""The most variables, labels or arguments."""
_UNVERSIONED = VersionInfo(last_scaling_at="", last_config_change_at="")


@dataclass(frozen=True)
class DefinitionRules:
    """Settings that depend on the init's flags: the framework's role, and the range of service ports."""

    role: str = "*"
    local_port_min: int = 10000
    local_port_max: int = 20000


def complete(data: Mapping[str, Any], app_id: str | None, rules: DefinitionRules) -> App:
    """The app of a complete definition, without a version; ``app_id`` (from the path) wins over the one inside. Raises
    `Invalid`.
    """
    if len(data) > MAX_KEYS:
        raise Invalid({"/": [f"has {len(data)} fields, and may have {MAX_KEYS}"]})
    fields = Fields(data)
    app = _read(fields, app_id, rules)
    fields.unknown()
    if not fields.problems and (problem := limits.too_large(app)):
        fields.problem("", problem)
    if fields.problems:
        raise Invalid(fields.problems)
    return app


def merged(existing: App, data: Mapping[str, Any], rules: DefinitionRules) -> App:
    """``existing`` with the fields of ``data`` replaced. Raises `Invalid`."""
    given = {key: value for key, value in data.items() if value is not None and key != "id"}
    base = to_json(existing)
    for new, old in (("ports", "portDefinitions"), ("uris", "fetch"), ("cmd", "args"), ("args", "cmd")):
        if new in given and old not in given:
            base.pop(old, None)
    _without_former_networks(base, given)
    return complete({**base, **given}, existing.id, rules)


def _without_former_networks(base: dict[str, Any], given: Mapping[str, Any]) -> None:
    """Takes out of ``base`` what belongs to networks that ``given`` replaces: the networks, and their ports."""
    container = given.get("container")
    docker = container.get("docker") if isinstance(container, dict) else None
    legacy = "ipAddress" in given or (isinstance(docker, dict) and docker.get("network") is not None)
    if not legacy and "networks" not in given:
        return
    if legacy:
        base.pop("networks", None)
    base.pop("portDefinitions", None)
    if isinstance(base.get("container"), dict):
        base["container"].pop("portMappings", None)


def with_service_ports(app: App, previous: App | None, taken: Collection[int], rules: DefinitionRules) -> App:
    """Gives every port 0 of an app that does not require its ports a service port of its own; keeps those it had.

    Raises `Invalid` when the range is used up.
    """
    given = app.service_ports
    if app.require_ports or all(given):
        return app
    candidates = [
        port
        for port in (previous.service_ports if previous else ())
        if rules.local_port_min <= port < rules.local_port_max and port not in given
    ]
    used = {*given, *taken, *candidates}
    free = (port for port in range(rules.local_port_min, rules.local_port_max) if port not in used)
    numbers = []
    for port in given:
        found = port or (candidates.pop(0) if candidates else next(free, 0))
        if found == 0:
            text = f"All ports in the range [{rules.local_port_min}-{rules.local_port_max}) are already in use"
            raise Invalid({"/portDefinitions" if app.mode == "host" else "/container/portMappings": [text]})
        numbers.append(found)
    replace = msgspec.structs.replace
    if app.mode == "host":
        definitions = [replace(one, port=port) for one, port in zip(app.port_definitions, numbers, strict=True)]
        return replace(app, port_definitions=definitions)
    mappings = [replace(one, service_port=port) for one, port in zip(app.port_mappings, numbers, strict=True)]
    return replace(app, port_mappings=mappings)


def _amount(fields: Fields, name: str, default: float) -> float:
    """The amount of a resource. Zero is allowed, as in Marathon: the agent then gives its minimum."""
    amount = fields.number(name, default, 0, MAX_AMOUNT)
    if 0 < amount < LEAST_AMOUNT:
        fields.problem(name, f"got {amount:g}, expected 0, or {LEAST_AMOUNT} or more: the kernel counts in thousandths")
    return amount


def _read(fields: Fields, app_id: str | None, rules: DefinitionRules) -> App:
    given_id = fields.text("id", least=1)
    identity = ids.absolute(app_id or given_id or "")
    for problem in ids.problems(identity):
        fields.problem("id", problem)
    fields.ignore(READ_ONLY)
    _refuse_unsupported(fields)
    labels = fields.text_map("labels", MAX_ENTRIES)
    cmd, args = fields.text("cmd", least=1), fields.texts("args", MAX_ENTRIES)
    inner = fields.object("container")
    container = containers.read(inner)
    if (cmd and args) or not (cmd or args or containers.image_of(container)):
        fields.problem("", "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.")
    if cmd is not None and len(cmd.encode()) > limits.MAX_STRING:
        fields.problem("cmd", f"has {len(cmd.encode())} bytes; Linux runs no command of more than {limits.MAX_STRING}")
    for index, arg in enumerate(args):
        if len(arg.encode()) > limits.MAX_STRING:
            text = f"has {len(arg.encode())} bytes; Linux takes no argument of more than {limits.MAX_STRING}"
            fields.problem(f"args({index})", text)
    definitions, require_ports = _ports(fields), fields.flag("requirePorts", False)
    joined, mappings = networks.read(fields, inner, definitions or ())
    hosts = joined[0].mode == "host"
    if not hosts and container is None:
        container = containers.plain()
    if definitions is None:
        definitions = [PortDefinition(name="default")] if hosts else []
    ports = definitions if hosts else mappings
    instances = _instances(fields)
    # An app may ask for the role of its top-level group.
    role = fields.one_of("role", dict.fromkeys(filter(None, (rules.role, ids.top_group(identity)))), rules.role)
    single = labels.get("MARATHON_SINGLE_INSTANCE_APP") == "true"
    if single and instances > 1:
        fields.problem("", "Single instance app may only have one instance")
    cpus, mem, disk = (
        _amount(fields, name, default) for name, default in (("cpus", 1.0), ("mem", 128.0), ("disk", 0.0))
    )
    if not (cpus or mem or disk or ports):
        fields.problem("", "an app needs some cpus, mem, disk or a port: the kernel runs no task without resources")
    return App(
        id=identity,
        version="",
        version_info=_UNVERSIONED,
        cmd=cmd,
        args=args,
        user=fields.text("user"),
        env=_environment(fields),
        instances=instances,
        cpus=cpus,
        mem=mem,
        disk=disk,
        executor=_executor(fields),
        container=container,
        constraints=fields.items("constraints", _constraint, MAX_CONSTRAINTS),
        fetch=_fetch(fields),
        port_definitions=definitions if hosts else [],
        require_ports=require_ports and hosts,  # it says nothing of mapped ports, as in Marathon
        networks=joined,
        port_mappings=mappings,
        health_checks=checks.read_health(fields, len(ports)),
        check=checks.read(fields, len(ports)),
        dependencies=[ids.absolute(dependency) for dependency in fields.texts("dependencies", MAX_REFERENCES)],
        labels=labels,
        accepted_resource_roles=_accepted_roles(fields, role),
        role=role,
        backoff_seconds=fields.integer("backoffSeconds", 1, 0, limits.MAX_SECONDS),
        backoff_factor=fields.number("backoffFactor", 1.15, 1.0),
        max_launch_delay_seconds=fields.integer("maxLaunchDelaySeconds", 300, 0, limits.MAX_SECONDS),
        task_kill_grace_period_seconds=fields.optional_integer("taskKillGracePeriodSeconds", 0, limits.MAX_SECONDS),
        upgrade_strategy=_upgrade_strategy(fields, single),
        kill_selection=fields.one_of("killSelection", ("YOUNGEST_FIRST", "OLDEST_FIRST"), "YOUNGEST_FIRST"),
        unreachable_strategy=_unreachable(fields),
    )


def _instances(fields: Fields) -> int:
    value = fields.raw("instances")
    if isinstance(value, int | float) and value > MAX_INSTANCES:
        fields.problem("instances", f"one app may have {MAX_INSTANCES} instances at most; make several apps of it")
        return 1
    return fields.integer("instances", 1, 0)


def _environment(fields: Fields) -> dict[str, str]:
    env = fields.text_map("env", MAX_ENTRIES)
    for name, value in env.items():
        size = len(name.encode()) + 1 + len(value.encode())
        if size > limits.MAX_STRING:
            text = f"has {size} bytes with its name; Linux starts no program with a variable of more than "
            fields.problem(f"env/{name}", f"{text}{limits.MAX_STRING}; fetch large contents as a file")
        if not name or "=" in name:
            fields.problem(f"env/{name}", "the name of a variable must not be empty or contain '='")
    return env


def _refuse_unsupported(fields: Fields) -> None:
    fields.refuse("gpus", (0,), f"GPUs are {NOT_HERE}")
    fields.refuse("readinessChecks", ([],), f"readiness checks are {NOT_HERE}")
    fields.refuse("secrets", ({},), f"secrets are {NOT_HERE}")
    fields.refuse("tty", (False,), f"a terminal is {NOT_HERE}")
    fields.refuse("executorResources", ({},), f"custom executors are {NOT_HERE}")
    fields.refuse("resourceLimits", ({},), f"resource limits above the request are {NOT_HERE}")
    fields.refuse("storeUrls", ([],), "gone since Marathon 0.13; use fetch")
    fields.refuse("taskRateLimit", (), "gone since Marathon 0.7; use backoffSeconds")
    fields.ignore(("residency",))  # it has no effect without persistent volumes, in Marathon, too


def _executor(fields: Fields) -> str:
    executor = fields.text("executor") or ""
    if executor not in ("", "//cmd"):
        fields.problem("executor", f"custom executors are {NOT_HERE}; leave it empty to run cmd or args")
    return executor


def _ports(fields: Fields) -> list[PortDefinition] | None:
    """The ports of the machine; ``None``: nothing is said of them."""
    legacy = fields.items("ports", _port_number, MAX_PORTS) if fields.has("ports") else None
    fields.ignore(("ports",))
    if not fields.has("portDefinitions"):
        fields.ignore(("portDefinitions",))
        if legacy is None:
            return None
        definitions = [PortDefinition(port=port) for port in legacy]
    else:
        definitions = fields.objects("portDefinitions", _port_definition, MAX_PORTS)
        if legacy and legacy != [definition.port for definition in definitions]:
            fields.problem("", "cannot specify both ports and port definitions")
    numbers = [definition.port for definition in definitions if definition.port]
    if len(set(numbers)) != len(numbers):
        fields.problem("portDefinitions", "Ports must be unique.")
    names = [definition.name for definition in definitions if definition.name]
    if len(set(names)) != len(names):
        fields.problem("portDefinitions", "Port names must be unique.")
    return definitions


def _port_number(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65535:
        raise ValueError("expected a port, 0 to 65535")
    return value


def _port_definition(fields: Fields) -> PortDefinition:
    name = fields.text("name")
    if name is not None and not networks.PORT_NAME.fullmatch(name):
        fields.problem("name", f"must fully match regular expression '^{networks.PORT_NAME.pattern}$'")
    return PortDefinition(
        port=fields.integer("port", 0, 0, 65535),
        protocol=fields.one_of("protocol", ("tcp", "udp", "udp,tcp", "tcp,udp"), "tcp").replace("tcp,udp", "udp,tcp"),
        name=name,
        labels=fields.text_map("labels", MAX_ENTRIES),
    )


def _fetch(fields: Fields) -> list[Fetch]:
    uris = fields.texts("uris", MAX_REFERENCES)
    fetch = fields.objects("fetch", _fetch_item, MAX_REFERENCES)
    if uris and fetch:
        if [item.uri for item in fetch] != uris:
            fields.problem("uris", "may not be set in conjunction with fetch")
        return fetch
    return fetch or [Fetch(uri=uri, extract=unpacked_under_uris(uri)) for uri in uris]


def _fetch_item(fields: Fields) -> Fetch:
    uri = fields.text("uri", least=1)
    if uri is None:
        fields.problem("uri", "undefined")
    dest_path = fields.text("destPath", least=1)
    if dest_path is not None and (dest_path.startswith("/") or ".." in dest_path.split("/")):
        fields.problem("destPath", "must be a relative path inside the task's folder, without '..'")
    return Fetch(
        uri=uri or "",
        extract=fields.flag("extract", True),
        executable=fields.flag("executable", False),
        cache=fields.flag("cache", False),
        dest_path=dest_path,
    )


def _constraint(value: Any, path: str) -> list[str]:
    if isinstance(value, dict):  # pods have this form; some clients send it for apps
        value = [value.get("fieldName"), value.get("operator"), value.get("value")]
    if not isinstance(value, list) or not 2 <= len(value) <= 3:
        raise ValueError("expected [field, operator] or [field, operator, value]")
    parts = [item for item in value if item is not None]
    if len(parts) == 3 and isinstance(parts[2], int) and not isinstance(parts[2], bool):
        parts[2] = str(parts[2])
    if len(parts) < 2 or not all(isinstance(part, str) for part in parts):
        raise ValueError("expected texts: [field, operator] or [field, operator, value]")
    if parts[1] not in OPERATORS:
        raise ValueError(f"operator must be one of {', '.join(OPERATORS)}")
    if problem := constraint_problem(parts):
        raise ValueError(problem)
    return parts


def _accepted_roles(fields: Fields, role: str) -> list[str] | None:
    if not fields.has("acceptedResourceRoles"):
        fields.ignore(("acceptedResourceRoles",))
        return None
    roles = fields.texts("acceptedResourceRoles")
    if not roles:
        fields.problem("acceptedResourceRoles", "must not be empty")
    if wrong := sorted(set(roles) - {"*", role}):
        allowed = "*" if role == "*" else f"* and {role}"
        text = f"{shown(', '.join(wrong))}: this app is offered resources of {allowed} only (its role, or --mesos_role)"
        fields.problem("acceptedResourceRoles", text)
    return roles


def _upgrade_strategy(fields: Fields, single: bool) -> UpgradeStrategy:
    default = UpgradeStrategy(maximum_over_capacity=0.0, minimum_health_capacity=0.0) if single else UpgradeStrategy()
    inner = fields.object("upgradeStrategy")
    if inner is None:
        return default
    strategy = UpgradeStrategy(
        maximum_over_capacity=inner.number("maximumOverCapacity", default.maximum_over_capacity, 0, 1),
        minimum_health_capacity=inner.number("minimumHealthCapacity", default.minimum_health_capacity, 0, 1),
    )
    inner.unknown()
    if single and strategy.maximum_over_capacity:
        inner.problem("maximumOverCapacity", "must be 0 for a single instance app")
    return strategy


def _unreachable(fields: Fields) -> UnreachableStrategy | Literal["disabled"]:
    value = fields.raw("unreachableStrategy")
    if value == "disabled":
        return "disabled"
    inner = fields.object("unreachableStrategy")
    if inner is None:
        return UnreachableStrategy()
    inactive = inner.integer("inactiveAfterSeconds", 0, 0, limits.MAX_SECONDS)
    strategy = UnreachableStrategy(
        inactive_after_seconds=inactive,
        expunge_after_seconds=inner.integer("expungeAfterSeconds", inactive, 0, limits.MAX_SECONDS),
    )
    inner.unknown()
    if strategy.expunge_after_seconds < strategy.inactive_after_seconds:
        inner.problem("", "inactiveAfterSeconds must be less than or equal to expungeAfterSeconds")
    return strategy
