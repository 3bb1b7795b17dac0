"""Converts apps between a user's input (files, KEY=VALUE) and the init's API."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dcos_runtime.cli.errors import USAGE, CliError
from dcos_runtime.cli.output import number

# Fields whose value is text: `cmd=123` means the text "123".
_TEXT_FIELDS = frozenset({"id", "cmd", "user", "role", "executor", "killSelection"})
DEEPEST = 200
"""Levels of JSON that a file may have: far more than any app's, and few enough for every reader and writer of it."""
_SUCH_AS = 'such as {"id": "/web", "cmd": "..."}'
_ACTIONS = {
    "ResolveArtifacts": "artifacts",
    "ScaleApplication": "scale",
    "StartApplication": "start",
    "StopApplication": "stop",
    "RestartApplication": "restart",
    "ScalePod": "scale",
    "StartPod": "start",
    "StopPod": "stop",
    "RestartPod": "restart",
    "KillAllOldTasksOf": "kill-tasks",
}


def read_definition(file: str) -> Mapping[str, Any]:
    """The JSON object in a file, or on standard input for ``-``. Raises `CliError`."""
    return read_object(file, "an app definition", "dcos marathon app add FILE", _SUCH_AS)


def read_object(file: str, what: str, other_way: str, such_as: str) -> Mapping[str, Any]:
    """``what``, a JSON object in a file, or on standard input for ``-``. Raises `CliError`."""
    if file == "-":
        return _object(_stdin(what, other_way), "standard input", such_as)
    try:
        return _object(Path(file).read_bytes(), file, such_as)
    except OSError as error:
        raise CliError(
            f"cannot read {file}: {error.strerror}", hints=[f"give a file with {what} in JSON, or -"]
        ) from error


def read_changes() -> Mapping[str, Any]:
    """The JSON object on standard input that holds the fields to change. Raises `CliError`."""
    return _object(_stdin("the fields to change", "dcos marathon app update ID KEY=VALUE..."), "standard input")


def _stdin(what: str, other_way: str) -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise CliError(
            f"{what} must come in JSON on standard input, which is a terminal here",
            hints=[f"redirect a file into it, or use: {other_way}"],
            exit_code=USAGE,
        )
    return sys.stdin.buffer.read()


def _object(data: bytes, where: str, such_as: str = _SUCH_AS) -> Mapping[str, Any]:
    if not data.strip():
        raise CliError(f"{where} is empty: a JSON object is wanted")
    try:
        value = json.loads(data)
    except ValueError as error:
        raise CliError(f"{where} is not JSON: {error}") from error
    except RecursionError as error:
        raise _too_deep(where) from error
    if _is_deeper(value, DEEPEST):
        raise _too_deep(where)
    if not isinstance(value, dict):
        raise CliError(f"{where} holds a JSON {_kind(value)}: an object is wanted", hints=[such_as])
    return value


def _too_deep(where: str) -> CliError:
    return CliError(f"{where} goes deeper than {DEEPEST} levels", hints=["no app and no package needs so many"])


def _is_deeper(value: Any, levels: int) -> bool:
    inner = [value]
    for _ in range(levels + 1):
        inner = [
            one
            for outer in inner
            for one in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
        ]
        if not inner:
            return False
    return True


def _kind(value: Any) -> str:
    return {list: "array", str: "string", bool: "boolean", type(None): "null"}.get(type(value), "number")


def parse_properties(properties: Sequence[str]) -> dict[str, Any]:
    """``instances=3 cmd=...`` as fields. Raises `CliError` (usage) that names every wrong one."""
    fields: dict[str, Any] = {}
    wrong = []
    for text in properties:
        key, equals, value = text.partition("=")
        if not equals or not key:
            wrong.append(f"{text}: not of the form KEY=VALUE")
        elif key in fields:
            wrong.append(f"{text}: {key} is given twice")
        elif key in _TEXT_FIELDS:
            fields[key] = value
        else:
            try:
                fields[key] = json.loads(value)
            except ValueError as error:
                # A bare word is text, as in DC/OS' own command; broken brackets or quotes are a mistake.
                if value[:1] in ("{", "[", '"'):
                    wrong.append(f"{text}: the value is not JSON: {error}")
                fields[key] = value
            except RecursionError:
                wrong.append(f"{key}: the value goes deeper than {DEEPEST} levels")
            else:
                if _is_deeper(fields[key], DEEPEST):
                    wrong.append(f"{key}: the value goes deeper than {DEEPEST} levels")
    if wrong:
        raise CliError("these properties cannot be used", details=wrong, exit_code=USAGE)
    return fields


def app_row(
    app: Mapping[str, Any], running: Mapping[str, Mapping[str, Any]], queue: Mapping[str, Mapping[str, Any]]
) -> tuple[str, ...]:
    """An app's line in `app list`; ``running`` are the deployments by id, ``queue`` what waits by app id."""
    tasks = int(app.get("tasksRunning", 0))
    return (
        str(app.get("id", "")),
        number(float(app.get("mem", 0))),
        number(float(app.get("cpus", 0))),
        f"{tasks}/{app.get('instances', 0)}",
        f"{app.get('tasksHealthy', 0)}/{tasks}" if app.get("healthChecks") else "",
        _actions(app, running),
        _waiting(queue.get(str(app.get("id")))),
        str((app.get("container") or {}).get("type", "MESOS")).lower(),
        app.get("cmd") or " ".join(app.get("args") or ()),
    )


def _actions(app: Mapping[str, Any], running: Mapping[str, Mapping[str, Any]]) -> str:
    actions = [
        action_name(action)
        for one in app.get("deployments", [])
        for action in running.get(str(one.get("id")), {}).get("currentActions", [])
        if action.get("app") == app.get("id")
    ]
    # Between two steps a deployment has no current action; the app is locked all the same.
    return ",".join(actions) if actions else "waiting" if app.get("deployments") else ""


def _waiting(item: Mapping[str, Any] | None) -> str:
    """What an app's next instance waits for: ``offer``, or the end of a backoff."""
    if item is None:
        return ""
    seconds = (item.get("delay") or {}).get("timeLeftSeconds", 0)
    return f"backoff:{seconds}s" if seconds else "offer"


def action_name(action: Mapping[str, Any]) -> str:
    kind = str(action.get("action", ""))
    return _ACTIONS.get(kind, kind)
