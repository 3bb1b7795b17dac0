"""What `dcos_runtime.replay` and ``--record`` need to know of the init's core."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from dcos_runtime.core.frozen import Persist, Reply
from dcos_runtime.core.pseudonyms import Pseudonyms
from dcos_runtime.core.recorder import Hiders, veiled
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.marathon.core import containers
from dcos_runtime.marathon.core import snapshot as snapshots
from dcos_runtime.marathon.core.app import App, AppCheck
from dcos_runtime.marathon.core.core import InitCore
from dcos_runtime.marathon.core.effects import Effect, Probe, Publish, Send, publish
from dcos_runtime.marathon.core.events import (
    CallRefused,
    CreateApp,
    Event,
    Heard,
    KillListed,
    Recovered,
    UpdateApp,
    UpdateApps,
)
from dcos_runtime.marathon.core.outbox import Decided
from dcos_runtime.marathon.core.requests import not_json
from dcos_runtime.marathon.core.snapshot import AppSnapshot
from dcos_runtime.marathon.core.timing import Changes, Writing
from dcos_runtime.wire import codec
from dcos_runtime.wire.common import CommandInfo, Environment
from dcos_runtime.wire.scheduler import Call
from dcos_runtime.wire.scheduler import Event as SchedulerEvent
from dcos_runtime.wire.tasks import CheckInfo, TaskInfo

NAME = "marathon"
EVENT = Event
EFFECT = Effect


@dataclass(frozen=True)
class _Every:
    """An object with any keys."""

    shape: str


_TEXT, _NUMBER, _WALKED = "text", "number", "walked"
_SECONDS = ("gracePeriodSeconds", "intervalSeconds", "timeoutSeconds", "delaySeconds")
_SHAPES: Mapping[str, Any] = {
    **dict.fromkeys(("cmd", "args", "env", "uris"), _WALKED),
    **dict.fromkeys(("id", "user", "executor", "role", "killSelection", "version"), _TEXT),
    **dict.fromkeys(("instances", "cpus", "mem", "disk", "requirePorts", "backoffSeconds", "backoffFactor"), _NUMBER),
    **dict.fromkeys(("maxLaunchDelaySeconds", "taskKillGracePeriodSeconds"), _NUMBER),
    "container": _Every(_WALKED),
    "labels": _Every(_TEXT),
    "constraints": [[_TEXT]],
    "dependencies": [_TEXT],
    "acceptedResourceRoles": [_TEXT],
    "ports": [_NUMBER],
    "portDefinitions": [{"port": _NUMBER, "protocol": _TEXT, "name": _TEXT, "labels": _Every(_TEXT)}],
    "networks": [{"mode": _TEXT, "name": _TEXT, "labels": _Every(_TEXT)}],
    "fetch": [{"uri": _WALKED, "destPath": _TEXT, **dict.fromkeys(("extract", "executable", "cache"), _NUMBER)}],
    "healthChecks": [
        {
            "path": _WALKED,
            "command": {"value": _WALKED},
            **dict.fromkeys(("protocol", "ipProtocol"), _TEXT),
            **dict.fromkeys((*_SECONDS, "port", "portIndex", "maxConsecutiveFailures", "ignoreHttp1xx"), _NUMBER),
        }
    ],
    "check": {
        **dict.fromkeys(("intervalSeconds", "timeoutSeconds", "delaySeconds"), _NUMBER),
        "http": {"portIndex": _NUMBER, "path": _WALKED, "scheme": _TEXT},
        "tcp": {"portIndex": _NUMBER},
        "exec": {"command": {"shell": _WALKED, "argv": _WALKED}},
    },
    "upgradeStrategy": dict.fromkeys(("maximumOverCapacity", "minimumHealthCapacity"), _NUMBER),
    "unreachableStrategy": dict.fromkeys(("inactiveAfterSeconds", "expungeAfterSeconds"), _NUMBER),
    "ipAddress": {
        "networkName": _TEXT,
        "labels": _Every(_TEXT),
        "groups": [_TEXT],
        "discovery": {"ports": [{"number": _NUMBER, "name": _TEXT, "protocol": _TEXT}]},
    },
    "versionInfo": {},
}
"""What stands where in a definition. Texts that stand elsewhere are hidden: the init refuses or ignores them."""
_MAPPINGS = [
    {
        **dict.fromkeys(("containerPort", "hostPort", "servicePort"), _NUMBER),
        **dict.fromkeys(("protocol", "name"), _TEXT),
        "labels": _Every(_TEXT),
        "networkNames": [_TEXT],
    }
]
_CONTAINER: Mapping[str, Any] = {
    "type": _TEXT,
    "docker": {"image": _TEXT, "network": _TEXT, "parameters": [{"key": _TEXT}], "portMappings": _MAPPINGS},
    "portMappings": _MAPPINGS,
    "volumes": [{"containerPath": _TEXT, "hostPath": _TEXT, "mode": _TEXT}],
}
"""The same of a container: all that is not named here is hidden, the values of parameters as well."""
_PUBLISHED = (b'"plan"', b'"appDefinition"', b'"healthCheck"')
_Defining = TypeVar("_Defining", CreateApp, UpdateApp, UpdateApps)
_TOLD = (b'"cmd"', b'"env"', b'"args"', b'"fetch"', b'"healthChecks"', b'"check"', b'"container"')


def restored(seed: bytes, snapshot: bytes) -> InitCore:
    """A core that continues from ``snapshot``. Raises `msgspec.DecodeError`."""
    found = snapshots.decode(snapshot)
    core = InitCore(found.settings, SeededSource.restored(seed, found.source))
    snapshots.fill(core, found)
    return core


class Veil:
    """Clients' definitions may hold secrets: in commands, arguments, variables and URIs. Everything else is recorded as
    it is.
    """

    def __init__(self, key: bytes) -> None:
        self._names = Pseudonyms(key)
        self._unreadable: dict[int, bytes] = {}
        self.events: Hiders = {
            Heard: lambda event: Heard(self._heard(event.event)),
            CreateApp: self._definitions,
            UpdateApp: self._definitions,
            UpdateApps: self._definitions,
            KillListed: self._listed,
            Recovered: self._recovered,
            CallRefused: self._refused,
        }
        self.effects: Hiders = {
            Persist: lambda effect: Persist(effect.id, self._changes(effect.changes)),
            Send: lambda effect: Send(self._call(effect.call, effect.given), effect.given),
            Publish: self._published,
            Probe: self._probe,
            Reply: self._reply,
        }

    def _definitions(self, event: _Defining) -> _Defining:
        return msgspec.structs.replace(event, body=self._body(event.request, event.body, self._asked))

    def _listed(self, event: KillListed) -> KillListed:
        return msgspec.structs.replace(event, body=self._body(event.request, event.body, self._walk))

    def _recovered(self, event: Recovered) -> Recovered:
        return Recovered(tuple((key, self._value(key, value)) for key, value in event.values))

    def _refused(self, event: CallRefused) -> CallRefused:
        return msgspec.structs.replace(event, call=self._call(event.call, None))

    def _published(self, effect: Publish) -> Publish:
        if any(name in effect.fields for name in _PUBLISHED):
            return publish(effect.kind, effect.wall, self._walk(msgspec.json.decode(effect.fields)))
        return effect

    def _probe(self, effect: Probe) -> Probe:
        return msgspec.structs.replace(effect, path=self._names.path(effect.path))

    def snapshot(self, snapshot: bytes) -> bytes:
        found = snapshots.decode(snapshot)
        found.apps = [self._kept(kept) for kept in found.apps]
        found.writes = [
            (number, Writing(tuple(map(self._changes, writing.parts)), tuple(veiled(writing.effects, self.effects))))
            for number, writing in found.writes
        ]
        found.closed = [self._decided(decided) for decided in found.closed]
        found.open = self._decided(found.open)
        return snapshots.encode(found)

    # --- the store ----------------------------------------------------------------------------------------------------

    def _decided(self, decided: Decided) -> Decided:
        changes = dict(self._changes(tuple(decided.changes.items())))
        return msgspec.structs.replace(decided, changes=changes, effects=veiled(decided.effects, self.effects))

    def _changes(self, changes: Changes) -> Changes:
        return tuple((key, None if value is None else self._value(key, value)) for key, value in changes)

    def _value(self, key: str, value: bytes) -> bytes:
        """A stored value, in either format."""
        if not key.startswith("apps/"):
            return value
        try:
            return msgspec.json.encode(self._walk(msgspec.json.decode(value)))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return b"?" * len(value)

    def _kept(self, kept: AppSnapshot) -> AppSnapshot:
        kept.versions = [self._app(definition) for definition in kept.versions]
        return kept

    def _app(self, definition: App) -> App:
        return msgspec.structs.replace(
            definition,
            cmd=None if definition.cmd is None else self._names.of(definition.cmd),
            args=[self._names.of(arg) for arg in definition.args],
            container=None if definition.container is None else self._shaped(definition.container, _CONTAINER),
            env={name: self._names.of(value) for name, value in definition.env.items()},
            fetch=[msgspec.structs.replace(item, uri=self._names.uri(item.uri)) for item in definition.fetch],
            health_checks=[
                msgspec.structs.replace(
                    check,
                    path=None if check.path is None else self._names.path(check.path),
                    command=None if check.command is None else self._names.of(check.command),
                )
                for check in definition.health_checks
            ],
            check=None
            if definition.check is None
            else msgspec.convert(self._app_check(msgspec.to_builtins(definition.check)), AppCheck),
        )

    # --- clients ------------------------------------------------------------------------------------------------------

    def _body(self, request: int, body: bytes, walk: Callable[[Any], Any]) -> bytes:
        try:
            return msgspec.json.encode(walk(msgspec.json.decode(body)))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):  # as `requests` reads it
            self._unreadable[request] = hidden = b"?" * len(body)
            return hidden

    def _reply(self, reply: Reply) -> Reply:
        """The reply with pseudonyms. A reply that quotes an unreadable body is made again from the body's
        replacement.
        """
        body = self._unreadable.pop(reply.request, None)
        if body is not None:
            return not_json(reply.request, body)
        if any(key in reply.body for key in _TOLD):
            return msgspec.structs.replace(reply, body=codec.encode(self._walk(msgspec.json.decode(reply.body))))
        return reply

    def _asked(self, value: Any) -> Any:
        """Definitions as clients send them, or a list of them, or anything."""
        if isinstance(value, list):
            return [self._asked(item) for item in value]
        return self._walk(self._shaped(value, _SHAPES))

    def _shaped(self, value: Any, shape: Any) -> Any:
        """The value with the texts hidden that do not stand where ``shape`` says; `_walk` hides those that do."""
        if shape == _WALKED or value == "disabled":
            return value
        if isinstance(shape, list) and isinstance(value, list):
            return [self._shaped(item, shape[0]) for item in value]
        if isinstance(shape, list) and shape == [_TEXT] and isinstance(value, dict):  # a constraint
            return self._shaped(value, dict.fromkeys(("fieldName", "operator", "value"), _TEXT))
        if isinstance(shape, _Every) and isinstance(value, dict):
            return {key: self._shaped(item, shape.shape) for key, item in value.items()}
        if isinstance(shape, Mapping) and isinstance(value, dict):
            return {
                key: self._shaped(item, shape[key]) if key in shape else self._texts(item)
                for key, item in value.items()
            }
        return value if shape == _TEXT and isinstance(value, str) else self._texts(value)

    def _texts(self, value: Any) -> Any:
        """Numbers stay, because the core checks whether an amount is zero."""
        if isinstance(value, str):
            return self._names.of(value)
        if isinstance(value, list):
            return [self._texts(item) for item in value]
        return {key: self._texts(item) for key, item in value.items()} if isinstance(value, dict) else value

    def _walk(self, value: Any) -> Any:
        """Definitions, and values that contain definitions, in the form of `/v2`."""
        if isinstance(value, list):
            return [self._walk(item) for item in value]
        if not isinstance(value, dict):
            return value
        hidden: dict[str, Any] = {}
        for key, item in value.items():
            if key in ("cmd", "args", "env"):
                hidden[key] = self._all(item, self._names.of)
            elif key == "uris":
                hidden[key] = self._all(item, self._names.uri)
            elif key == "container" and isinstance(item, dict):
                hidden[key] = self._shaped(item, _CONTAINER)
            elif key == "check":
                hidden[key] = self._app_check(item)
            elif key == "healthCheck":
                hidden[key] = self._check(item)
            elif key == "healthChecks" and isinstance(item, list):
                hidden[key] = [self._check(each) for each in item]
            elif key == "fetch" and isinstance(item, list):
                hidden[key] = [
                    {**each, "uri": self._all(each["uri"], self._names.uri)}
                    if isinstance(each, dict) and "uri" in each
                    else each
                    for each in item
                ]
            else:
                hidden[key] = item if key == "labels" else self._walk(item)
        return hidden

    def _check(self, value: Any) -> Any:
        hidden = self._walk(value)
        if isinstance(hidden, dict) and isinstance(hidden.get("path"), str):
            hidden["path"] = self._names.path(hidden["path"])
        if isinstance(hidden, dict) and "command" in hidden:  # a text where it is stored
            hidden["command"] = self._all(hidden["command"], self._names.of)
        return hidden

    def _app_check(self, value: Any) -> Any:
        hidden = self._walk(value)
        if not isinstance(hidden, dict):
            return hidden
        if isinstance(http := hidden.get("http"), dict) and isinstance(http.get("path"), str):
            hidden["http"] = {**http, "path": self._names.path(http["path"])}
        if "exec" in hidden:
            hidden["exec"] = self._all(hidden["exec"], self._names.of)
        return hidden

    def _all(self, value: Any, of: Callable[[str], str]) -> Any:
        """Numbers may be secrets, too; only their type matters, because they stand where texts should."""
        if isinstance(value, str):
            return of(value)
        if isinstance(value, list):
            return [self._all(item, of) for item in value]
        if isinstance(value, dict):
            return {key: self._all(item, of) for key, item in value.items()}
        return value if value is None or isinstance(value, bool) else 0

    # --- the master ---------------------------------------------------------------------------------------------------

    def _heard(self, event: SchedulerEvent) -> SchedulerEvent:
        if event.update is None or not event.update.status.data:
            return event
        status = event.update.status
        data = self._names.of((status.data or b"").decode("latin-1")).encode("latin-1", "replace")
        return msgspec.structs.replace(
            event, update=SchedulerEvent.Update(status=msgspec.structs.replace(status, data=data))
        )

    def _call(self, call: Call, given: tuple[tuple[str, ...], ...] | None) -> Call:
        """``given`` None: every variable may come from the app."""
        if call.accept is None:
            return call
        names = iter(given) if given is not None else None
        operations = []
        for operation in call.accept.operations:
            if operation.launch is not None:
                infos = [
                    self._task(info, None if names is None else next(names)) for info in operation.launch.task_infos
                ]
                launch = msgspec.structs.replace(operation.launch, task_infos=infos)
                operation = msgspec.structs.replace(operation, launch=launch)
            operations.append(operation)
        return msgspec.structs.replace(call, accept=msgspec.structs.replace(call.accept, operations=operations))

    def _task(self, info: TaskInfo, given: tuple[str, ...] | None) -> TaskInfo:
        command = info.command
        if command is None:
            return info
        own = None if given is None else frozenset(given)
        variables = [
            Environment.Variable(name=each.name, value=self._names.of(each.value or ""))
            if own is None or each.name in own
            else each
            for each in (command.environment.variables if command.environment is not None else ())
        ]
        hidden: CommandInfo = msgspec.structs.replace(
            command,
            value=None if command.value is None else self._names.of(command.value),
            arguments=[self._names.of(arg) for arg in command.arguments],
            environment=Environment(variables=variables),
            uris=[msgspec.structs.replace(uri, value=self._names.uri(uri.value)) for uri in command.uris],
        )
        check = info.health_check
        if check is not None and check.http is not None and check.http.path is not None:
            http = msgspec.structs.replace(check.http, path=self._names.path(check.http.path))
            check = msgspec.structs.replace(check, http=http)
        if check is not None and check.command is not None and check.command.value is not None:
            of_check = msgspec.structs.replace(check.command, value=self._names.of(check.command.value))
            check = msgspec.structs.replace(check, command=of_check)
        own_check = None if info.check is None else self._made_check(info.check)
        container = None if info.container is None else containers.with_texts(info.container, self._names.of)
        return msgspec.structs.replace(info, command=hidden, container=container, health_check=check, check=own_check)

    def _made_check(self, check: CheckInfo) -> CheckInfo:
        http, command = check.http, check.command
        if http is not None and http.path is not None:
            http = msgspec.structs.replace(http, path=self._names.path(http.path))
        if command is not None:
            value = None if command.command.value is None else self._names.of(command.command.value)
            arguments = [self._names.of(argument) for argument in command.command.arguments]
            command = CheckInfo.Command(
                command=msgspec.structs.replace(command.command, value=value, arguments=arguments)
            )
        return msgspec.structs.replace(check, http=http, command=command)
