"""The package manager's errors as text that a user can act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dcos_runtime.cli.connection.http import NotJson, Response
from dcos_runtime.cli.errors import CliError

_HINTS: Mapping[str, Sequence[str]] = {
    "PackageNotFound": ["which there are: dcos package search"],
    "VersionNotFound": ["which there are: dcos package describe NAME --package-versions"],
    "PackageAlreadyInstalled": [
        "a second one needs an id of its own: --app-id=ID",
        "to change the one that is there: dcos package upgrade",
    ],
    "AppIdTaken": ["take another id: --app-id=ID", "what is there: dcos marathon app list"],
    "ServiceAlreadyStarted": ["look at it: dcos package list"],
    "PackageNotInstalled": ["what is installed: dcos package list"],
    "UninstallNonExistentAppForPackage": ["what is installed: dcos package list"],
    "AmbiguousAppId": ["say which one: --app-id=ID", "or mean all of them: --all"],
    "MultipleFrameworkIds": ["end those that are not meant first: dcos package list, dcos ps"],
    "JsonSchemaMismatch": ["what it takes: dcos package describe NAME --config"],
    "BadVersionUpdate": ["what it may become: dcos package describe NAME --package-versions"],
    "RepositoryAlreadyPresent": ["which are known: dcos package repo list"],
    "RepositoryNotPresent": ["which are known: dcos package repo list"],
    "RepositoryUriSyntax": ["write the whole address: https://HOST/PATH"],
    "RepositoryUriConnection": ["can the masters reach it? they ask for it, not this machine"],
    "IndexNotFound": ["how many there are: dcos package repo list"],
    "AppLocked": [
        "to replace that deployment by this change: dcos package upgrade --force",
        "or wait until it is finished: dcos marathon deployment list",
    ],
    "ConcurrentAccess": ["wait until that is done: dcos package list, dcos marathon deployment list"],
    "AppBeingRemoved": ["wait until it is gone: dcos marathon deployment list", "or take another id: --app-id=ID"],
    "MarathonBadResponse": ["what the init says: dcos marathon app list, dcos marathon deployment list"],
    "MarathonBadGateway": ["does the init answer? dcos marathon ping"],
}


def refusal(response: Response) -> CliError | None:
    """The error in the body, or None if it is not an error of the package manager."""
    try:
        body = response.json()
    except NotJson:
        return None
    if not isinstance(body, dict) or not isinstance(body.get("type"), str) or "message" not in body:
        return None
    kind = body["type"]
    data = body.get("data")
    return refused(kind, str(body["message"]) or kind, _details(kind, data if isinstance(data, dict) else {}))


def refused(kind: str, message: str, details: Sequence[str] = ()) -> CliError:
    """The error of this kind of the package manager's, with the hints that belong to it."""
    hints = _HINTS.get(kind, [f"the package manager calls this {kind}"])
    return CliError(message, details=details, hints=hints)


def _details(kind: str, data: Mapping[str, Any]) -> list[str]:
    if kind == "JsonSchemaMismatch":
        return [_mismatch(one) for one in data.get("errors") or () if isinstance(one, dict)]
    lines = []
    for key, value in data.items():
        if isinstance(value, (str, int, float)) and not isinstance(value, bool):
            lines.append(f"{key}: {value}")
        elif isinstance(value, list) and value and all(isinstance(one, (str, int)) for one in value):
            lines.append(f"{key}: {', '.join(map(str, value))}")
        elif isinstance(value, list):
            # A refusal by the init: [{"path": "/cpus", "errors": [...]}].
            lines += [f"{one.get('path', '/')}: {_texts(one.get('errors'))}" for one in value if isinstance(one, dict)]
    return lines


def _mismatch(one: Mapping[str, Any]) -> str:
    instance = one.get("instance")
    where = instance.get("pointer") if isinstance(instance, dict) else one.get("path")
    text = str(one.get("message") or one.get("keyword") or "does not fit")
    unwanted = one.get("unwanted")
    if isinstance(unwanted, list) and unwanted and not any(str(name) in text for name in unwanted):
        text += f" ({', '.join(map(str, unwanted))})"
    return f"{where or '/'}: {text}"


def _texts(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
