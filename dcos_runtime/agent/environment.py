"""The environment of a task: its image's variables, the operator's, Mesos', the task's own — later ones win. Pure."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.containers.base import DEFAULT_PATH
from dcos_runtime.flags.values import duration_text
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import Environment
from dcos_runtime.wire.tasks import TaskInfo

BACKOFF_MAX = "2secs"
"""The longest that an executor waits before it subscribes again, as Mesos tells it."""


def no_token(framework_id: str, executor_id: str, container_id: str) -> str | None:
    """Executors do not authenticate."""
    return None


@dataclass(frozen=True)
class Origin:
    """The agent's part of every task's environment. Times are seconds."""

    agent_id: str
    endpoint: str  # ip:port
    ip: str
    kill_grace: float
    recovery_timeout: float
    operator: dict[str, str]
    token: Callable[[str, str, str], str | None] = no_token
    """Makes the token with which an executor authenticates, if it has to: of its framework, id and container."""


def environment(
    origin: Origin,
    framework_id: str,
    framework: FrameworkInfo | None,
    task: TaskInfo,
    container_id: str,
    directory: str,
    inside: str,
    user: ContainerUser,
    image: Mapping[str, str] = MappingProxyType({}),
    *,
    executor: bool = False,
    alone: bool = False,
    within: str = "",
    apart: bool = False,
) -> dict[str, str]:
    """``directory`` is the sandbox on the host, ``inside`` as the task sees it. ``image``: its image's variables.
    ``executor``: ``task`` stands for a custom executor. ``alone``: it is in a network of its own, where it has other
    addresses than the agent. ``within``: the id of the default executor whose task it is. ``apart``:
    it is no task, but a container that a call launches within one of that executor, or within none: then
    ``framework_id`` is empty.

    Raises ``ValueError`` for a secret that cannot be a variable's value.
    """
    task_id = task.task_id.value
    found = {
        "PATH": DEFAULT_PATH,
        "HOME": inside,
        "USER": user.name,
        **image,
        "LIBPROCESS_IP": "0.0.0.0" if alone else origin.ip,
        **origin.operator,
        "MESOS_FRAMEWORK_ID": framework_id,
        "MESOS_EXECUTOR_ID": within or task_id,
        "MESOS_TASK_ID": task_id,
        "MESOS_CONTAINER_ID": container_id,
        "MESOS_DIRECTORY": directory,
        "MESOS_SANDBOX": inside,
        "MESOS_SLAVE_ID": origin.agent_id,
        "MESOS_AGENT_ENDPOINT": origin.endpoint,
        "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": duration_text(origin.kill_grace),
    }
    if apart:
        del found["MESOS_TASK_ID"]
    if not framework_id:
        del found["MESOS_FRAMEWORK_ID"], found["MESOS_EXECUTOR_ID"]
    if executor:
        del found["MESOS_TASK_ID"]
        found["MESOS_SLAVE_PID"] = f"slave(1)@{origin.endpoint}"
        if (token := origin.token(framework_id, task_id, container_id)) is not None:
            found["MESOS_EXECUTOR_AUTHENTICATION_TOKEN"] = token
    if framework is not None and framework.checkpoint:
        # A client reads any text, even "0", as yes: so it is set only when true.
        found["MESOS_CHECKPOINT"] = "1"
        found["MESOS_RECOVERY_TIMEOUT"] = duration_text(origin.recovery_timeout)
        if executor:
            found["MESOS_SUBSCRIPTION_BACKOFF_MAX"] = BACKOFF_MAX
    role = next((r.allocation_info.role for r in task.resources if r.allocation_info and r.allocation_info.role), None)
    if role is not None:
        found["MESOS_ALLOCATION_ROLE"] = role
    if task.command is not None and task.command.environment is not None:
        found.update({variable.name: variable_value(variable) for variable in task.command.environment.variables})
    return found


def variable_value(variable: Environment.Variable) -> str:
    """Also of one whose value is a secret that came with it. Raises ``ValueError``."""
    if variable.type is not Environment.Variable.Type.SECRET:
        return variable.value or ""
    content = variable.secret.value.data if variable.secret is not None and variable.secret.value is not None else b""
    if b"\0" in content:
        raise ValueError(f"the secret of the environment variable {variable.name} holds a NUL character")
    return os.fsdecode(content)
