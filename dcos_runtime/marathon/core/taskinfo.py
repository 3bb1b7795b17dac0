"""From an instance and its offer to the TaskInfo that is launched: command, environment, resources, discovery."""

from __future__ import annotations

import re
from collections.abc import Sequence

from dcos_runtime.marathon.core import containers, ids
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.limits import MAX_SECONDS, MAX_STRING, MAX_TASK, size_of
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import (
    AgentID,
    CommandInfo,
    DurationInfo,
    Environment,
    Label,
    Labels,
    TaskID,
)
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.tasks import CheckInfo, DiscoveryInfo, HealthCheck, KillPolicy, Port, Ports, TaskInfo

MAX_VARIABLE = 512
"""Labels whose name or value is this long or longer stay out of the environment, as in Marathon."""
_LABEL_PREFIX = "MARATHON_APP_LABEL_"


def build(
    app: App, task_id: str, agent_id: str, hostname: str, host_ports: Sequence[int], resources: list[Resource]
) -> TaskInfo:
    grace = app.task_kill_grace_period_seconds
    if grace is not None:
        grace = min(grace, MAX_SECONDS)  # an amount that an earlier version stored may be too large for a message
    return TaskInfo(
        name=ids.hostname(app.id),
        task_id=TaskID(value=task_id),
        agent_id=AgentID(value=agent_id),
        resources=resources,
        command=_command(app, task_id, hostname, host_ports),
        container=containers.info(app, host_ports),
        health_check=_health_check(app, host_ports),
        check=_check(app, host_ports),
        kill_policy=None if grace is None else KillPolicy(grace_period=DurationInfo(nanoseconds=grace * 10**9)),
        labels=_labels(app.labels),
        discovery=_discovery(app, host_ports),
    )


_MOST_GROWTH = 25
"""The most by which a definition grows in its TaskInfo: a short label is in it three times, each with longer keys."""


def most(app: App) -> int:
    """Bytes that the TaskInfo of this definition has at most, without what a launch adds."""
    return min(size_of(app) * _MOST_GROWTH, MAX_TASK)


def too_large(app: App) -> str | None:
    """Why the kernel would refuse the TaskInfo of this definition; ``None`` if it would accept it."""
    if most(app) < MAX_TASK:
        return None
    size = len(codec.encode(build(app, "", "", "", [65535] * len(app.wanted_host_ports), [])))
    if size <= MAX_TASK:
        return None
    return (
        f"the TaskInfo made of this definition has {size} bytes, and may have {MAX_TASK}: each label is in it again as "
        "a variable, and each port as a variable and in the discovery"
    )


def environment(app: App, task_id: str, hostname: str, host_ports: Sequence[int]) -> dict[str, str]:
    """The app's own variables win over ports and host, and these win over the variables that describe the app."""
    variables = {
        "MESOS_TASK_ID": task_id,
        "MARATHON_APP_ID": app.id,
        "MARATHON_APP_VERSION": app.version,
        "MARATHON_APP_RESOURCE_CPUS": str(app.cpus),
        "MARATHON_APP_RESOURCE_MEM": str(app.mem),
        "MARATHON_APP_RESOURCE_DISK": str(app.disk),
        "MARATHON_APP_RESOURCE_GPUS": "0",
    }
    if (image := containers.image_of(app.container)) is not None:
        variables["MARATHON_APP_DOCKER_IMAGE"] = image
    variables.update(_label_variables(app.labels))
    variables.update(_port_variables(app, host_ports))
    variables["HOST"] = hostname
    variables.update(app.env)
    return variables


def _command(app: App, task_id: str, hostname: str, host_ports: Sequence[int]) -> CommandInfo:
    variables = environment(app, task_id, hostname, host_ports)
    image = containers.image_of(app.container)  # what the image names is run with the arguments
    return CommandInfo(
        shell=app.cmd is not None,
        value=app.cmd if app.cmd is not None or image is not None else app.args[0],
        arguments=list(app.args),
        environment=Environment(
            variables=[Environment.Variable(name=name, value=value) for name, value in sorted(variables.items())]
        ),
        uris=[
            CommandInfo.URI(
                value=item.uri,
                extract=item.extract,
                executable=item.executable,
                cache=item.cache,
                output_file=item.dest_path,
            )
            for item in app.fetch
        ],
        user=app.user,
    )


NEVER = 2**32 - 1
"""So many failures in a row never happen. The agent knows no health check that does not kill."""


def _health_check(app: App, host_ports: Sequence[int]) -> HealthCheck | None:
    """The one that the agent makes."""
    if app.agent_check is None:
        return None
    check = app.health_checks[app.agent_check]
    kind = check.protocol.removeprefix("MESOS_")
    port = check.inner_port(app, host_ports) or 0
    return HealthCheck(
        type=HealthCheck.Type("HTTP" if kind == "HTTPS" else kind),
        command=CommandInfo(value=check.command) if check.command is not None else None,
        http=HealthCheck.HTTPCheckInfo(scheme=kind.lower(), port=port, path=check.path or "/")
        if kind in ("HTTP", "HTTPS")
        else None,
        tcp=HealthCheck.TCPCheckInfo(port=port) if kind == "TCP" else None,
        delay_seconds=float(check.delay_seconds),
        interval_seconds=float(max(1, check.interval_seconds)),
        timeout_seconds=float(check.timeout_seconds),
        grace_period_seconds=float(check.grace_period_seconds),
        consecutive_failures=min(check.max_consecutive_failures or NEVER, NEVER),
    )


def _check(app: App, host_ports: Sequence[int]) -> CheckInfo | None:
    check = app.check
    if check is None:
        return None
    http, tcp, command = check.http, check.tcp, check.exec.command if check.exec is not None else None
    return CheckInfo(
        type=CheckInfo.Type.HTTP if http else CheckInfo.Type.TCP if tcp else CheckInfo.Type.COMMAND,
        http=CheckInfo.Http(port=app.inner_port(http.port_index, host_ports) or 0, path=http.path or "/")
        if http
        else None,
        tcp=CheckInfo.Tcp(port=app.inner_port(tcp.port_index, host_ports) or 0) if tcp else None,
        command=CheckInfo.Command(
            command=CommandInfo(value=command.shell)
            if command.shell is not None
            else CommandInfo(shell=False, value=command.argv[0], arguments=list(command.argv))
        )
        if command
        else None,
        delay_seconds=float(check.delay_seconds),
        interval_seconds=float(max(1, check.interval_seconds)),
        timeout_seconds=float(check.timeout_seconds),
    )


def _port_variables(app: App, host_ports: Sequence[int]) -> dict[str, str]:
    """The host ports; where a mapping has none, the container's (Marathon's ``EnvironmentHelper.portsEnv``)."""
    ports = app.task_ports(host_ports)
    if not ports:
        return {}
    variables = {"PORT": str(ports[0].number), "PORTS": ",".join(str(one.number) for one in ports)}
    for index, one in enumerate(ports):
        variables[f"PORT{index}"] = str(one.number)
        variables[f"PORT_{one.asked or one.number}"] = str(one.number)
        if one.of.name:
            variables[f"PORT_{one.of.name.upper()}"] = str(one.number)
    return variables


def _label_variables(labels: dict[str, str]) -> dict[str, str]:
    short = {
        re.sub(r"[^a-zA-Z0-9_]+", "_", name).upper(): value
        for name, value in labels.items()
        if len(name) < MAX_VARIABLE - len(_LABEL_PREFIX) and len(value) < MAX_VARIABLE
    }
    names = " ".join(short)
    listed = {"MARATHON_APP_LABELS": names} if len(names) < MAX_STRING - len("MARATHON_APP_LABELS=") else {}
    return {**listed, **{_LABEL_PREFIX + name: value for name, value in short.items()}}


def _discovery(app: App, host_ports: Sequence[int]) -> DiscoveryInfo:
    ports = []
    for one in app.task_ports(host_ports):
        for protocol in one.of.protocol.split(","):
            labels = {**one.of.labels, "network-scope": "host" if one.host is not None else "container"}
            ports.append(Port(number=one.number, name=one.of.name, protocol=protocol, labels=_labels(labels)))
    return DiscoveryInfo(
        visibility=DiscoveryInfo.Visibility.FRAMEWORK, name=ids.hostname(app.id), ports=Ports(ports=ports)
    )


def _labels(labels: dict[str, str]) -> Labels | None:
    if not labels:
        return None
    return Labels(labels=[Label(key=key, value=value) for key, value in labels.items()])
