"""Checks a framework's info, roles and TaskInfos. Pure; the texts are Mesos'. Every function returns the reason for a
refusal, or ``None``.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Container, Sequence

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.resources import MAX_SCALAR, Resources, fixed, role_error
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import CommandInfo, Environment
from dcos_runtime.wire.containers import ContainerInfo
from dcos_runtime.wire.internal import WITH_EXECUTORS, WITH_GROUPS
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import CheckInfo, ExecutorInfo, HealthCheck, TaskInfo

_NAME_MAX = 255
_NO_ID = re.compile(r"[/\\\x00-\x1f\x7f]")
MIN_EXECUTOR_CPUS = 10
MIN_EXECUTOR_MEMORY = 32_000
"""Of the executor of a task group: thousandths of a processor, and of a megabyte."""
_MAX_SECONDS = 9223372036.0  # an int64 of nanoseconds


def identifier(text: str) -> str | None:
    if not text:
        return "ID must not be empty"
    if len(text.encode(errors="surrogatepass")) > _NAME_MAX:
        return f"ID must not be greater than {_NAME_MAX} characters"
    if text in (".", ".."):
        return f"'{text}' is disallowed"
    if _NO_ID.search(text):
        return f"'{text}' contains invalid characters"
    return None


# --- frameworks ------------------------------------------------------------------------------------------------------


def capabilities(info: FrameworkInfo) -> frozenset[str]:
    return frozenset(capability.type.value for capability in info.capabilities if capability.type is not None)


def roles_of(info: FrameworkInfo) -> frozenset[str]:
    if "MULTI_ROLE" in capabilities(info):
        return frozenset(info.roles)
    return frozenset((info.role or "*",))


def framework(info: FrameworkInfo) -> str | None:
    return _framework_roles(info) or _framework_id(info) or _offer_filters(info) or _failover_timeout(info)


def _framework_roles(info: FrameworkInfo) -> str | None:
    if "MULTI_ROLE" in capabilities(info):
        if info.role is not None:
            return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable"
        duplicates = {name for name, times in Counter(info.roles).items() if times > 1}
        if duplicates:
            return f"'FrameworkInfo.roles' contains duplicate items: {braces(duplicates)}"
        for name in info.roles:
            if error := role_error(name):
                return f"'FrameworkInfo.roles' contains invalid role: {error}"
        return None
    if info.roles:
        return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable"
    if error := role_error("*" if info.role is None else info.role):
        return f"'FrameworkInfo.role' is not a valid role: {error}"
    return None


def _framework_id(info: FrameworkInfo) -> str | None:
    return identifier(info.id.value) if info.id is not None and info.id.value else None


def _offer_filters(info: FrameworkInfo) -> str | None:
    for filters in info.offer_filters.values():
        for quantities in filters.min_allocatable_resources.quantities if filters.min_allocatable_resources else ():
            if not quantities.quantities:
                return "Resource quantities must contain at least one quantity"
            for name, quantity in quantities.quantities.items():
                if not math.isfinite(quantity.value) or quantity.value < 0:
                    return f"Invalid resource quantity for '{name}': must be a finite number that is not negative"
                if amounts.out_of_range(quantity.value):
                    return f"Invalid resource quantity for '{name}': value is out of range, above {MAX_SCALAR}"
    return None


def _failover_timeout(info: FrameworkInfo) -> str | None:
    seconds = info.failover_timeout or 0.0
    if not math.isfinite(seconds) or not -_MAX_SECONDS <= seconds <= _MAX_SECONDS:
        return f"The framework failover_timeout ({seconds:g}) is invalid"
    return None


def not_yours(principal: str | None, info: FrameworkInfo) -> str | None:
    """For ``principal``, if that is known."""
    if principal is None or info.principal is None or info.principal == principal:
        return None
    return f"Authenticated principal '{principal}' does not match principal '{info.principal}' set in `FrameworkInfo`"


def update(old: FrameworkInfo, new: FrameworkInfo, principal: str | None = None) -> str | None:
    """A framework without a principal (subscribed before principals were required) gets the known ``principal``."""
    adopted = old.principal is None and principal is not None
    if old.principal != new.principal and not adopted:
        return "Changing framework's principal is not allowed."
    if old.user != new.user:
        return f"Updating 'FrameworkInfo.user' is unsupported; attempted to update from '{old.user}' to '{new.user}'"
    if bool(old.checkpoint) != bool(new.checkpoint):
        return (
            "Updating 'FrameworkInfo.checkpoint' is unsupported; attempted to update "
            f"from '{_bool(old.checkpoint)}' to '{_bool(new.checkpoint)}'"
        )
    return None


def suppressed_roles(roles: Container[str], suppressed: Sequence[str]) -> str | None:
    strangers = {name for name in suppressed if name not in roles}
    return f"Suppressed roles {braces(strangers)} are not contained in the set of roles" if strangers else None


def braces(items: set[str]) -> str:
    return "{ " + ", ".join(sorted(items)) + " }"


def _bool(value: bool | None) -> str:
    return "true" if value else "false"


# --- tasks -----------------------------------------------------------------------------------------------------------


def task(
    info: TaskInfo,
    *,
    agent_id: str,
    known: Container[str],
    unreachable: Container[str],
    role: str,
    asked: Resources,
    available: Resources,
    framework_id: str,
    version: int,
) -> str | None:
    """Checks one task of a LAUNCH. ``asked``: its resources and those of its executor, if that is not there yet,
    already validated. ``available``: the rest of the offers. ``version``: of the protocol that the agent speaks.
    """
    return (
        _task_itself(info, agent_id, known, unreachable)
        or _task_resources(info, role)
        or (info.command is not None and _prefixed("Task's `CommandInfo` is invalid: ", command(info.command)))
        or (info.container is not None and _prefixed("Task's `ContainerInfo` is invalid: ", container(info.container)))
        or _limits(info)
        or _executor(info, framework_id, role, version)
        or _room(info, asked, role, available)
        or None
    )


def group(
    infos: Sequence[TaskInfo],
    its: ExecutorInfo,
    *,
    agent_id: str,
    known: Container[str],
    unreachable: Container[str],
    role: str,
    asked: Resources,
    available: Resources,
    framework_id: str,
    version: int,
) -> str | None:
    """Checks a LAUNCH_GROUP, of which all is launched or nothing. ``its``: its executor. The rest is as in `task`."""
    names = [info.task_id.value for info in infos]
    twice = next((name for name, times in Counter(names).items() if times > 1), None)
    return (
        _group_executor(its, framework_id, version)
        or next((error for info in infos if (error := _in_group(info, agent_id, known, unreachable))), None)
        or (twice is not None and f"Task '{twice}' is invalid: Task has duplicate ID: {twice}")
        or _group_revocable(asked)
        or _group_room(infos, its, asked, role, available)
        or None
    )


def _in_group(info: TaskInfo, agent_id: str, known: Container[str], unreachable: Container[str]) -> str | None:
    docker = info.container is not None and info.container.type is ContainerInfo.Type.DOCKER
    error = (
        _task_itself(info, agent_id, known, unreachable)
        or ("Task uses no resources" if not info.resources else _whole_gpus(info))
        or (info.command is not None and _prefixed("Task's `CommandInfo` is invalid: ", command(info.command)))
        or _limits(info)
        or ("Docker ContainerInfo is not supported on the task" if docker else None)
    )
    return f"Task '{info.task_id.value}' is invalid: {error}" if error else None


def _group_executor(info: ExecutorInfo, framework_id: str, version: int) -> str | None:
    if info.type is None:
        return "'ExecutorInfo.type' must be set"
    if info.type is ExecutorInfo.Type.CUSTOM:
        if info.command is None:
            return "'ExecutorInfo.command' must be set for 'CUSTOM' executor"
        return "This version runs task groups with the default executor only; launch the tasks with LAUNCH"
    if info.command is not None:
        return "'ExecutorInfo.command' must not be set for 'DEFAULT' executor"
    if info.container is not None:
        if info.container.type is not ContainerInfo.Type.MESOS:
            return "'ExecutorInfo.container.type' must be 'MESOS' for 'DEFAULT' executor"
        if info.container.mesos is not None and info.container.mesos.image is not None:
            return "'ExecutorInfo.container.mesos.image' must not be set for 'DEFAULT' executor"
    if error := identifier(info.executor_id.value):
        return error
    if error := _executor_terms(info, framework_id):
        return error
    if version < WITH_GROUPS:
        return (
            f"The agent speaks version {version} of the agent protocol, and runs task groups since version"
            f" {WITH_GROUPS}; upgrade it"
        )
    return _least(info)


def _least(info: ExecutorInfo) -> str | None:
    """What the executor of a group needs at the least."""
    name, found = info.executor_id.value, amounts.parse(info.resources)
    if (cpus := found.scalar("cpus")) < MIN_EXECUTOR_CPUS:
        said = amounts.decimal(cpus) if cpus else "None"
        least = amounts.decimal(MIN_EXECUTOR_CPUS)
        return f"Executor '{name}' uses less CPUs ({said}) than the minimum required ({least})"
    if (memory := found.scalar("mem")) < MIN_EXECUTOR_MEMORY:
        said = f"{amounts.decimal(memory)}MB" if memory else "None"
        least = amounts.decimal(MIN_EXECUTOR_MEMORY)
        return f"Executor '{name}' uses less memory ({said}) than the minimum required ({least}MB)"
    return None if found.scalar("disk") else f"Executor '{name}' uses no disk"


def _group_revocable(asked: Resources) -> str | None:
    kinds: dict[str, bool] = {}
    for kind in asked.kinds():
        if kinds.setdefault(kind.name, kind.revocable) is not kind.revocable:
            return (
                "Task group and executor mix revocable and non-revocable resources: Cannot use both revocable and"
                f" non-revocable '{kind.name}' at the same time"
            )
    return None


def _group_room(
    infos: Sequence[TaskInfo], its: ExecutorInfo, asked: Resources, role: str, available: Resources
) -> str | None:
    held = [*its.resources, *(item for info in infos for item in info.resources)]
    roles = {_allocation_role(item) or role for item in held}
    other = min(roles - {role}, default=None)
    if other is None and available.contains(asked):
        return None
    return (
        f"Total resources {amounts.text(asked, other or role)} required by task group and its executor are more than"
        f" available {amounts.text(available, role)}"
    )


def _prefixed(prefix: str, error: str | None) -> str | None:
    return prefix + error if error else None


def _task_itself(info: TaskInfo, agent_id: str, known: Container[str], unreachable: Container[str]) -> str | None:
    task_id = info.task_id.value
    if error := identifier(task_id):
        return error
    if task_id in known:
        return f"Task has duplicate ID: {task_id}"
    if task_id in unreachable:
        return f"Task reuses the ID of an unreachable task: {task_id}"
    if info.agent_id.value != agent_id:
        return f"Task uses invalid agent {info.agent_id.value} while agent {agent_id} is expected"
    grace = info.kill_policy.grace_period if info.kill_policy else None
    if grace is not None and grace.nanoseconds < 0:
        return "Task's 'kill_policy.grace_period' must be non-negative"
    if info.max_completion_time is not None and info.max_completion_time.nanoseconds < 0:
        return "Task's `max_completion_time` must be non-negative"
    if info.check is not None and (error := check(info.check)):
        return f"Task uses invalid check: {error}"
    if info.health_check is not None and (error := health_check(info.health_check)):
        return f"Task uses invalid health check: {error}"
    return None


def _task_resources(info: TaskInfo, role: str) -> str | None:
    if not info.resources:
        return "Task uses no resources"
    if error := _whole_gpus(info):
        return error
    roles = sorted({_allocation_role(item) or role for item in info.resources})
    if len(roles) > 1:
        return (
            f"Invalid task resources: The resources have multiple allocation roles ('{roles[0]}' and '{roles[-1]}')"
            " but only one allocation role is allowed"
        )
    return None


def _whole_gpus(info: TaskInfo) -> str | None:
    if sum(fixed(item.scalar.value) for item in info.resources if item.name == "gpus" and item.scalar) % 1000:
        return "Task uses invalid resources: Invalid 'gpus' resource: The 'gpus' resource must be an unsigned integer"
    return None


def _allocation_role(resource: Resource) -> str | None:
    return resource.allocation_info.role if resource.allocation_info else None


def _limits(info: TaskInfo) -> str | None:
    if not info.limits:
        return None
    if set(info.limits) - {"cpus", "mem"}:
        return "Only cpus and mem may be included in a task's resource limits"
    asked = amounts.parse(info.resources)
    for name, short, long in (("cpus", "CPU", "cpu"), ("mem", "memory", "memory")):
        if name in info.limits:
            limit, request = info.limits[name].value, asked.scalar(name)
            if not request:
                return f"When a {short} limit is specified, a {short} request must also be specified"
            if math.isnan(limit) or (not math.isinf(limit) and fixed(limit) < request) or limit < 0:
                return f"The {long} limit must be greater than or equal to the {long} request"
    return None


def _executor(info: TaskInfo, framework_id: str, role: str, version: int) -> str | None:
    if (info.executor is None) == (info.command is None):
        return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present"
    return None if info.executor is None else executor(info.executor, framework_id, role, version)


def executor(info: ExecutorInfo, framework_id: str, role: str, version: int) -> str | None:
    """Checks a custom executor by itself. Its resources are validated already."""
    if info.type is ExecutorInfo.Type.DEFAULT:
        return "'ExecutorInfo.type' must be 'CUSTOM'"
    if info.command is None:
        return "'ExecutorInfo.command' must be set for 'CUSTOM' executor"
    if error := identifier(info.executor_id.value):
        return f"Executor's ID is invalid: {error}"
    if error := _executor_terms(info, framework_id):
        return error
    roles = {_allocation_role(item) or role for item in info.resources}
    if roles - {role}:
        return f"The executor's resources are allocated to {braces(roles)}, and the offers to '{role}'"
    if error := _prefixed("Executor's `CommandInfo` is invalid: ", command(info.command)):
        return error
    if info.container is not None and (error := container(info.container)):
        return f"Executor's `ContainerInfo` is invalid: {error}"
    if version < WITH_EXECUTORS:
        return (
            f"The agent speaks version {version} of the agent protocol, and runs custom executors since version"
            f" {WITH_EXECUTORS}; upgrade it"
        )
    return None


def _executor_terms(info: ExecutorInfo, framework_id: str) -> str | None:
    if info.framework_id is not None and info.framework_id.value != framework_id:
        return (
            f"ExecutorInfo has an invalid FrameworkID (Actual: {info.framework_id.value} vs Expected: {framework_id})"
        )
    grace = info.shutdown_grace_period
    if grace is not None and grace.nanoseconds < 0:
        return "ExecutorInfo's 'shutdown_grace_period' must be non-negative"
    return None


def _room(info: TaskInfo, asked: Resources, role: str, available: Resources) -> str | None:
    allocated = _allocation_role(info.resources[0]) or role
    if allocated == role and available.contains(asked):
        return None
    return (
        f"Total resources {amounts.text(asked, allocated)} required by task and its executor is more than available "
        f"{amounts.text(available, role)}"
    )


def command(info: CommandInfo) -> str | None:
    for variable in info.environment.variables if info.environment else ():
        if variable.type is Environment.Variable.Type.UNKNOWN:
            return "Environment variable of type 'UNKNOWN' is not allowed"
        if variable.type is Environment.Variable.Type.SECRET:
            if variable.secret is None:
                return f"Environment variable '{variable.name}' of type 'SECRET' must have a secret set"
            if variable.value is not None:
                return f"Environment variable '{variable.name}' of type 'SECRET' must not have a value set"
        else:
            if variable.value is None:
                return f"Environment variable '{variable.name}' of type 'VALUE' must have a value set"
            if variable.secret is not None:
                return f"Environment variable '{variable.name}' of type 'VALUE' must not have a secret set"
    return None


def container(info: ContainerInfo) -> str | None:
    if info.type is ContainerInfo.Type.DOCKER:
        if info.docker is None:
            return "DockerInfo 'docker' is not set for DOCKER typed ContainerInfo"
        if any(parameter.key == "name" for parameter in info.docker.parameters):
            return "Parameter in DockerInfo must not be 'name'"
    return None


def health_check(info: HealthCheck) -> str | None:
    kind = info.type
    if kind is None and (info.command is None) != (info.http is None):  # as clients older than `type` write it
        kind = HealthCheck.Type.COMMAND if info.command is not None else HealthCheck.Type.HTTP
    if kind is None:
        return "HealthCheck must specify 'type'"
    if kind is HealthCheck.Type.UNKNOWN:
        return "'UNKNOWN' is not a valid health check type"
    if kind is HealthCheck.Type.COMMAND:
        if info.command is None:
            return "Expecting 'command' to be set for COMMAND health check"
        if info.command.value is None:
            what = "'executable path'" if info.command.shell is False else "'shell command'"
            return f"Command health check must contain {what}"
        if error := command(info.command):
            return f"Health check's `CommandInfo` is invalid: {error}"
    elif kind is HealthCheck.Type.HTTP:
        if info.http is None:
            return "Expecting 'http' to be set for HTTP health check"
        if info.http.scheme not in (None, "http", "https"):
            return f"Unsupported HTTP health check scheme: '{info.http.scheme}'"
        if info.http.path is not None and not info.http.path.startswith("/"):
            return f"The path '{info.http.path}' of HTTP health check must start with '/'"
    elif info.tcp is None:
        return "Expecting 'tcp' to be set for TCP health check"
    for name in ("delay_seconds", "grace_period_seconds", "interval_seconds", "timeout_seconds"):
        if (getattr(info, name) or 0.0) < 0.0:
            return f"Expecting '{name}' to be non-negative"
    return None


def check(info: CheckInfo) -> str | None:
    if info.type is None:
        return "CheckInfo must specify 'type'"
    if info.type is CheckInfo.Type.UNKNOWN:
        return "'UNKNOWN' is not a valid check type"
    if info.type is CheckInfo.Type.COMMAND:
        if info.command is None:
            return "Expecting 'command' to be set for COMMAND check"
        if info.command.command.value is None:
            what = "'executable path'" if info.command.command.shell is False else "'shell command'"
            return f"Command check must contain {what}"
        if error := command(info.command.command):
            return f"Check's `CommandInfo` is invalid: {error}"
    elif info.type is CheckInfo.Type.HTTP:
        if info.http is None:
            return "Expecting 'http' to be set for HTTP check"
        if info.http.path is not None and not info.http.path.startswith("/"):
            return f"The path '{info.http.path}' of HTTP check must start with '/'"
    elif info.tcp is None:
        return "Expecting 'tcp' to be set for TCP check"
    for name in ("delay_seconds", "interval_seconds", "timeout_seconds"):
        if (getattr(info, name) or 0.0) < 0.0:
            return f"Expecting '{name}' to be non-negative"
    return None
