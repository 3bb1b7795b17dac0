"""How the init's records are written down: a tree of run specifications, their instances, deployments on their way.

    groups/<id>               a node of the tree
    apps/<id>/<version>       a leaf: one version of an app (ids are quoted: one part of the key)
    instances/<id>            a place in a run specification, with the tasks that it has
    deployments/<id>  failures/<app id>  framework/id

Each value names its format: this init writes 3 of apps and 2 of all others, and reads those before. Format 1 named
none, had no groups, and kept an instance and its task as one. Format 2 of apps had neither networks nor commands of
health checks: an init that knows no others would run such an app on the machine's network. Values of any other format,
or under any other kind of key, were written by a newer init: they are refused by name, and the store is left as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import msgspec

from dcos_runtime.marathon.core import app as apps
from dcos_runtime.marathon.core import ids
from dcos_runtime.marathon.core.app import App
from dcos_runtime.marathon.core.app_state import Failure
from dcos_runtime.marathon.core.deployment import Action, Change, Deployment
from dcos_runtime.marathon.core.instance import Condition, Goal, Instance, Task
from dcos_runtime.wire import codec

FORMAT, APP_FORMAT = 2, 3
FRAMEWORK_KEY = "framework/id"


class UnreadableState(ValueError):
    """A stored value cannot be read. The text names the key, and what can be done."""


class Group(msgspec.Struct, kw_only=True, frozen=True):
    """A group of run specifications. The root always exists, and is not stored."""

    id: str
    dependencies: list[str] = []


class FrameworkRecord(msgspec.Struct, frozen=True):
    """The framework id at the master."""

    id: str


Record = App | Group | Instance | Deployment | Failure | FrameworkRecord


class _Format(msgspec.Struct):
    format: int = 1


class _GroupValue(msgspec.Struct):
    format: int
    group: Group


class _AppValue(msgspec.Struct):
    format: int
    app: App


class _DeploymentValue(msgspec.Struct):
    format: int
    deployment: Deployment


class _FailureValue(msgspec.Struct):
    format: int
    failure: Failure


class _FrameworkValue(msgspec.Struct):
    format: int
    framework: FrameworkRecord


class _Agent(msgspec.Struct, omit_defaults=True, gc=False):
    id: str | None = None
    hostname: str | None = None
    attributes: dict[str, str] = {}


class _Instance(msgspec.Struct, kw_only=True, omit_defaults=True, gc=False):
    """An instance of an app has one task at most; ``incarnation`` counts all of its tasks."""

    id: str
    run_spec: str
    version: str
    config_version: str
    incarnation: int
    since: float
    role: str
    goal: Goal = Goal.RUNNING
    doomed: bool = False
    agent: _Agent | None = None
    tasks: list[Task] = []


class _InstanceValue(msgspec.Struct):
    format: int
    instance: _Instance


class _FormerInstance(msgspec.Struct, kw_only=True):
    """Format 1 of an `Instance` and its `Task`."""

    id: str
    app_id: str
    version: str
    config_version: str = ""
    incarnation: int = 0
    goal: Goal = Goal.RUNNING
    condition: Condition = Condition.SCHEDULED
    since: float = 0.0
    agent_id: str | None = None
    hostname: str | None = None
    attributes: dict[str, str] = {}
    host_ports: list[int] = []
    ip_addresses: list[tuple[str, str]] = []
    role: str = "*"
    staged_at: float | None = None
    started_at: float | None = None
    doomed: bool = False


class _FormerAction(msgspec.Struct):
    action: str
    app: str


class _FormerChange(msgspec.Struct):
    app: str
    before: str | None
    after: str | None
    kill: list[str] = []


class _FormerDeployment(msgspec.Struct):
    """Format 1 of a `Deployment`."""

    id: str
    version: str
    changes: list[_FormerChange]
    steps: list[list[_FormerAction]]
    step: int = 0


# --- keys -------------------------------------------------------------------------------------------------------------


def app_key(app_id: str, version: str) -> str:
    return f"apps/{quote(app_id, safe='')}/{version}"


def group_key(group_id: str) -> str:
    return f"groups/{quote(group_id, safe='')}"


def instance_key(instance_id: str) -> str:
    return f"instances/{instance_id}"


def deployment_key(deployment_id: str) -> str:
    return f"deployments/{deployment_id}"


def failure_key(app_id: str) -> str:
    return f"failures/{quote(app_id, safe='')}"


# --- writing ----------------------------------------------------------------------------------------------------------


def app(data: bytes) -> bytes:
    """``data``: the definition as `app.encode` writes it."""
    return b'{"format":%d,"app":%b}' % (APP_FORMAT, data)


APP_OVERHEAD = len(app(b""))
"""The bytes that a stored definition takes beside the definition itself."""


def deployment(data: bytes) -> bytes:
    """``data``: the deployment as `deployment.encode` writes it."""
    return b'{"format":%d,"deployment":%b}' % (FORMAT, data)


def group(value: Group) -> bytes:
    return msgspec.json.encode(_GroupValue(FORMAT, value))


def failure(value: Failure) -> bytes:
    return msgspec.json.encode(_FailureValue(FORMAT, value))


def framework(framework_id: str) -> bytes:
    return msgspec.json.encode(_FrameworkValue(FORMAT, FrameworkRecord(framework_id)))


_encode = msgspec.json.Encoder().encode


def instance(value: Instance) -> bytes:
    return _encode(
        _InstanceValue(
            FORMAT,
            _Instance(
                id=value.id,
                run_spec=value.app_id,
                version=value.version,
                config_version=value.config_version,
                incarnation=value.incarnation,
                since=value.since,
                role=value.role,
                goal=value.goal,
                doomed=value.doomed,
                agent=_Agent(value.agent_id, value.hostname, value.attributes) if value.tasks else None,
                tasks=value.tasks,
            ),
        )
    )


def value_of(record: Record) -> bytes:
    """The record in the newest format."""
    match record:
        case App():
            return app(apps.encode(record))
        case Deployment():
            return deployment(msgspec.json.encode(record))
        case Instance():
            return instance(record)
        case Group():
            return group(record)
        case Failure():
            return failure(record)
        case FrameworkRecord():
            return framework(record.id)


# --- reading ----------------------------------------------------------------------------------------------------------


def read(key: str, value: bytes) -> tuple[Record, bool]:
    """The record, and whether it is of a former format. Raises `UnreadableState`."""
    kind = key.partition("/")[0]
    if kind not in _READERS:
        raise UnreadableState(
            f"the store's key {key!r} is of a kind that this init does not know (known are {', '.join(_READERS)}); run"
            " the init that wrote it, or one that is newer"
        )
    previous, present = _READERS[kind]
    try:
        number, newest = _format_of(kind, value), APP_FORMAT if kind == "apps" else FORMAT
        if not 1 <= number <= newest:
            raise UnreadableState(
                f"the store's key {key!r} is of format {number}, and this init reads 1 to {newest} of {kind};"
                " run the init that wrote it, or one that is newer"
            )
        if number == 1 and previous is None:
            raise codec.DecodeError(f"format 1 had no {kind}")
        return (previous if number == 1 and previous is not None else present)(value), number < newest
    except (msgspec.MsgspecError, UnicodeDecodeError, codec.DecodeError) as error:
        raise UnreadableState(f"the store's key {key!r} cannot be read: {error}") from error


def _format_of(kind: str, value: bytes) -> int:
    if kind == "framework" and not value.startswith(b"{"):
        return 1  # the bare id
    return msgspec.json.decode(value, type=_Format).format


def _former_deployment(value: bytes) -> Deployment:
    found = msgspec.json.decode(value, type=_FormerDeployment)
    return Deployment(
        id=found.id,
        version=found.version,
        changes=[Change(each.app, each.before, each.after, each.kill) for each in found.changes],
        steps=[[Action(each.action, each.app) for each in step] for step in found.steps],
        step=found.step,
    )


def _instance(value: bytes) -> Instance:
    found = msgspec.json.decode(value, type=_InstanceValue).instance
    if len(found.tasks) > 1:
        raise codec.DecodeError("an instance of an app has one task at most")
    read = Instance(
        id=found.id,
        app_id=found.run_spec,
        version=found.version,
        config_version=found.config_version,
        incarnation=found.incarnation,
        goal=found.goal,
        since=found.since,
        role=found.role,
        doomed=found.doomed,
    )
    for agent in filter(None, [found.agent]):
        read.agent_id, read.hostname, read.attributes = agent.id, agent.hostname, agent.attributes
    for task in found.tasks:
        if task.condition is Condition.SCHEDULED or task.id != ids.task(found.id, found.incarnation):
            raise codec.DecodeError("the instance's task is not that of its incarnation")
    read.tasks = found.tasks
    return read


def _former_instance(value: bytes) -> Instance:
    found = msgspec.json.decode(value, type=_FormerInstance)
    task = Task(
        id=ids.task(found.id, found.incarnation),
        condition=found.condition,
        host_ports=found.host_ports,
        ip_addresses=found.ip_addresses,
        staged_at=found.staged_at,
        started_at=found.started_at,
    )
    return Instance(
        id=found.id,
        app_id=found.app_id,
        version=found.version,
        config_version=found.config_version,
        incarnation=found.incarnation,
        goal=found.goal,
        since=found.since,
        agent_id=found.agent_id,
        hostname=found.hostname,
        attributes=found.attributes,
        role=found.role,
        doomed=found.doomed,
        tasks=[task] if found.condition is not Condition.SCHEDULED else [],
    )


_Reader = Callable[[bytes], Any]
_app = msgspec.json.Decoder(_AppValue, strict=False)
_READERS: dict[str, tuple[_Reader | None, _Reader]] = {
    "apps": (apps.decode, lambda value: _app.decode(value).app),
    "groups": (None, lambda value: msgspec.json.decode(value, type=_GroupValue).group),
    "instances": (_former_instance, _instance),
    "deployments": (_former_deployment, lambda value: msgspec.json.decode(value, type=_DeploymentValue).deployment),
    "failures": (
        lambda value: msgspec.json.decode(value, type=Failure),
        lambda value: msgspec.json.decode(value, type=_FailureValue).failure,
    ),
    "framework": (
        lambda value: FrameworkRecord(value.decode()),
        lambda value: msgspec.json.decode(value, type=_FrameworkValue).framework,
    ),
}
"""By the kind of key: the readers of format 1 and of those after it."""
