"""How packages look to clients: describe, list and install, each in its versions; and the labels of an app. Pure."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from dcos_runtime.cosmos.core import app_networks, errors
from dcos_runtime.cosmos.core.catalog import Catalog, Kept
from dcos_runtime.wire.uris import unpacked_under_uris
from dcos_universe.errors import UniverseError
from dcos_universe.model import Json

NAME = "DCOS_PACKAGE_NAME"
VERSION = "DCOS_PACKAGE_VERSION"
SOURCE = "DCOS_PACKAGE_SOURCE"
OPTIONS = "DCOS_PACKAGE_OPTIONS"
DEFINITION = "DCOS_PACKAGE_DEFINITION"
FRAMEWORK_NAME = "DCOS_PACKAGE_FRAMEWORK_NAME"
METADATA = "DCOS_PACKAGE_METADATA"
COMMONS_UNINSTALL = "DCOS_COMMONS_UNINSTALL"
COMMONS_API = "DCOS_COMMONS_API_VERSION"

MAX_DEFINITION = 16 * 1024 * 1024
"""The most bytes of a label's definition, unpacked."""

_PACKAGE_TYPE = "application/vnd.dcos.universe.package+json;charset=utf-8;version={}"

_DETAILS = (
    *("packagingVersion", "name", "version", "maintainer", "description", "tags", "selected", "scm", "website"),
    *("framework", "preInstallNotes", "postInstallNotes", "postUninstallNotes", "licenses"),
)
"""The fields of a package in the first version of Cosmos' API."""


# --- URLs ------------------------------------------------------------------------------------------------------------

Rewrite = Callable[[str], str]


def through(origin: str) -> Rewrite:
    """``origin`` is how the client reached us, ``https://host``: it gets artifacts there, through us."""
    return lambda url: f"{origin}/package/resource?url={quote(url, safe='')}" if url else url


def rewritten(resource: Mapping[str, Any], change: Rewrite) -> Json:
    """A ``resource`` with other URLs. What is not a URL, such as the name of an image, stays."""
    made: Json = dict(resource)
    assets = made.get("assets")
    if isinstance(assets, Mapping) and isinstance(assets.get("uris"), Mapping):
        made["assets"] = {**assets, "uris": {key: _changed(url, change) for key, url in assets["uris"].items()}}
    if isinstance(made.get("images"), Mapping):
        made["images"] = images(made["images"], change)
    if isinstance(made.get("cli"), Mapping):
        made["cli"] = _cli(made["cli"], change)
    return made


def images(given: Mapping[str, Any], change: Rewrite) -> Json:
    return {key: _changed(value, change) for key, value in given.items()}


def _cli(given: Mapping[str, Any], change: Rewrite) -> Json:
    made = dict(given)
    if isinstance(binaries := made.get("binaries"), Mapping):
        made["binaries"] = {
            platform: {
                kind: {**one, "url": _changed(one["url"], change)} if isinstance(one, Mapping) and "url" in one else one
                for kind, one in kinds.items()
            }
            if isinstance(kinds, Mapping)
            else kinds
            for platform, kinds in binaries.items()
        }
    return made


def _changed(value: Any, change: Rewrite) -> Any:
    if isinstance(value, str):
        return change(value)
    return [_changed(one, change) for one in value] if isinstance(value, list) else value


def with_urls(entry: Json, change: Rewrite) -> Json:
    resource = entry.get("resource")
    return {**entry, "resource": rewritten(resource, change)} if isinstance(resource, Mapping) else entry


# --- describe --------------------------------------------------------------------------------------------------------


def described(entry: Json, version: int) -> Json:
    """In the form of describe's ``version``. ``entry`` has the URLs for the client already."""
    if version == 3:
        return {"package": entry}
    if str(entry.get("packagingVersion")) not in ("2.0", "3.0"):
        raise errors.not_convertible()
    if version == 2:
        kept = {
            key: value for key, value in entry.items() if key not in ("releaseVersion", "upgradesFrom", "downgradesTo")
        }
        return {"selected": False, "framework": False, **kept}
    shown: Json = {"package": _details(entry)}
    for key in ("config", "command", "resource"):
        if key in entry:
            shown[key] = entry[key]
    template = (entry.get("marathon") or {}).get("v2AppMustacheTemplate")
    if template:
        shown["marathonMustache"] = base64.b64decode(template).decode(errors="replace")
    return shown


def _details(entry: Mapping[str, Any]) -> Json:
    return {key: entry[key] for key in _DETAILS if key in entry}


# --- list ------------------------------------------------------------------------------------------------------------


def installed(app: Mapping[str, Any], entry: Json, version: int) -> Json:
    """One package in the response to list. ``entry``: see `described`."""
    if version == 1:
        information: Json = {"packageDefinition": _details(entry)}
        if isinstance(resource := entry.get("resource"), Mapping):
            information["resourceDefinition"] = {key: resource[key] for key in ("assets", "images") if key in resource}
        return {"appId": app["id"], "packageInformation": information}
    labels = app.get("labels") or {}
    shown: Json = {"appId": app["id"], "package": entry}
    if SOURCE in labels:
        shown["source"] = labels[SOURCE]
    return shown


# --- labels ----------------------------------------------------------------------------------------------------------


def labels(entry: Json, source: str, options: Mapping[str, Any] | None) -> dict[str, str]:
    """The labels by which an app names its package, in Cosmos' form. They win over labels of the template."""
    metadata = {key: entry[key] for key in (*_DETAILS, "releaseVersion") if key in entry}
    return {
        NAME: str(entry["name"]),
        VERSION: str(entry["version"]),
        SOURCE: source,
        OPTIONS: encoded(dict(options or {})),
        METADATA: encoded(metadata),
        DEFINITION: encoded(_envelope(entry)),
    }


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value, separators=(",", ":")).encode()).decode()


def _envelope(entry: Json) -> Json:
    major = {"2.0": "v2", "3.0": "v3", "4.0": "v4", "5.0": "v5"}.get(str(entry.get("packagingVersion")), "v4")
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)  # gzip without a time stamp
    data = packer.compress(json.dumps(entry, separators=(",", ":")).encode()) + packer.flush()
    return {
        "metadata": {"Content-Type": _PACKAGE_TYPE.format(major), "Content-Encoding": "gzip"},
        "data": base64.b64encode(data).decode(),
    }


def stored_options(app: Mapping[str, Any]) -> Json | None:
    """The user's options from the label; None when there is no label, or it was not written by Cosmos."""
    value = _decoded((app.get("labels") or {}).get(OPTIONS))
    return value if isinstance(value, dict) else None


def _check_types(entry: Mapping[str, Any]) -> None:
    """Raises `UniverseError` for an entry of a package whose fields are not of the types that are read here."""
    for key, kind, empty in (("description", str, ""), ("tags", list, [])):
        if not isinstance(entry.get(key, empty), kind):
            raise UniverseError(f"its {key} is of another type")
    for key in ("config", "resource", "marathon", "command", "manager"):
        if not isinstance(entry.get(key, {}), Mapping):
            raise UniverseError(f"its {key} is no object")
    for key in ("upgradesFrom", "downgradesTo", "tags"):
        value = entry.get(key) or []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise UniverseError(f"its {key} is no list of strings")


def stored_entry(app: Mapping[str, Any]) -> Json | None:
    """The revision that an app was made of, from its label; None when nobody can use what is in the label, which
    anybody may write who makes apps.
    """
    envelope = _decoded((app.get("labels") or {}).get(DEFINITION))
    if not isinstance(envelope, dict) or not isinstance(envelope.get("data"), str):
        return None
    try:
        data = base64.b64decode(envelope["data"], validate=True)
        if (envelope.get("metadata") or {}).get("Content-Encoding") == "gzip":
            unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
            data = unpacker.decompress(data, MAX_DEFINITION)
            if unpacker.unconsumed_tail:
                return None
        entry = json.loads(data)
        if not isinstance(entry, dict):
            return None
        _check_types(entry)
    except (binascii.Error, ValueError, RecursionError, zlib.error, AttributeError, UniverseError):
        return None
    return entry if isinstance(entry.get("name"), str) and isinstance(entry.get("version"), str) else None


def entry_of(catalog: Catalog, app: Mapping[str, Any]) -> Json | None:
    """The revision that an app was made of: by its label, else the one that the repositories have."""
    stored = stored_entry(app)
    if stored is not None:
        return stored
    labels = app.get("labels") or {}
    name, version = labels.get(NAME), labels.get(VERSION)
    kept = catalog.find(name, version) if name and version else None
    return None if kept is None else kept.entry


def _decoded(label: object) -> Any:
    if not isinstance(label, str):
        return None
    try:
        return json.loads(base64.b64decode(label, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        return None


# --- install ---------------------------------------------------------------------------------------------------------


def install_response(kept: Kept, entry: Json, app: str | None, version: int) -> Json:
    if version == 1:
        if app is None:
            raise errors.no_template(kept.name, kept.version)
        return {"packageName": kept.name, "packageVersion": kept.version, "appId": app}
    shown: Json = {"packageName": kept.name, "packageVersion": kept.version}
    if app is not None:
        shown["appId"] = app
    if isinstance(notes := entry.get("postInstallNotes"), str):
        shown["postInstallNotes"] = notes
    if isinstance(resource := entry.get("resource"), Mapping) and isinstance(resource.get("cli"), Mapping):
        shown["cli"] = resource["cli"]
    return shown


# --- differences -----------------------------------------------------------------------------------------------------

_OURS = (DEFINITION, METADATA, OPTIONS)
_STATE = frozenset(
    {"id", "version", "versionInfo", "deployments", "lastTaskFailure", "readinessCheckResults", "taskStats"}
)
"""What the init shows of an app beside its definition, and everything that begins with ``tasks``."""
_OTHER = {"cmd": "args", "args": "cmd"}
"""Fields that are gone from a definition because it has the other one, which is compared."""
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "": {
        "instances": 1,
        "cpus": 1,
        "mem": 128,
        "networks": [{"mode": "host"}],
        "backoffSeconds": 1,
        "backoffFactor": 1.15,
        "maxLaunchDelaySeconds": 300,
        "killSelection": "YOUNGEST_FIRST",
    },
    "portDefinitions": {"protocol": "tcp"},
    "fetch": {"extract": True},
    "healthChecks": {
        "protocol": "HTTP",
        "ipProtocol": "IPv4",
        "gracePeriodSeconds": 300,
        "intervalSeconds": 60,
        "timeoutSeconds": 20,
        "delaySeconds": 15,
        "maxConsecutiveFailures": 3,
    },
    "check": {"intervalSeconds": 60, "timeoutSeconds": 20, "delaySeconds": 15, "scheme": "HTTP"},
    "container": {"type": "MESOS", "mode": "RW", "protocol": "tcp"},
    "networks": {"mode": "container"},
}
"""What the init gives a field that a definition does not name, by the field of the app that it is in; what is not here
is empty, zero or false then.
"""


def _stays(app: Mapping[str, Any], path: tuple[str, ...], name: str, after: Mapping[str, Any]) -> bool:
    """Whether a field of an app is as it is without being in ``after``, the definition that replaces it."""
    value = app[name]
    if not path:
        if name in _STATE or (name.startswith("tasks") and name != "taskKillGracePeriodSeconds"):
            return True
        if after.get(_OTHER.get(name, "")):
            return True
        if name == "role":  # an app may have the role of its top-level group; without one it has the init's
            return [value] != str(app.get("id", "")).split("/")[1:2]
        if name == "portDefinitions" and isinstance(value, list):
            return [isinstance(one, Mapping) and one.get("name") for one in value] == ["default"]
    return _is_default(path, name, value)


def _is_default(path: tuple[str, ...], name: str, value: Any) -> bool:
    """Whether the init gives this value to a field that a definition does not name."""
    if path in (("labels",), ("env",)):
        return False
    defaults = _DEFAULTS.get(path[0] if path else "", {})
    return bool(value == defaults[name]) if name in defaults else not value


_OLD_FORMS: Mapping[str, tuple[str, Callable[[Any], Json]]] = {
    "uris": ("fetch", lambda uri: {"uri": uri, "extract": unpacked_under_uris(str(uri))}),
    "ports": ("portDefinitions", lambda port: {"port": port}),
}
"""Lists of plain values: the field that the init makes of each, and the item that it makes of a value."""


def _completed(after: Mapping[str, Any]) -> Json:
    """As the init reads a definition: with the present form of old fields, and with the strategies whose defaults
    depend on other fields.
    """
    after = dict(after)
    for old, (field, item) in _OLD_FORMS.items():
        if isinstance(after.get(old), list) and not after.get(field):
            after[field] = [item(value) for value in after.pop(old)]
    after = app_networks.completed(after)
    single = (after.get("labels") or {}).get("MARATHON_SINGLE_INSTANCE_APP") == "true"
    upgrade = {"maximumOverCapacity": 0 if single else 1, "minimumHealthCapacity": 0 if single else 1}
    made = {**after, "upgradeStrategy": {**upgrade, **(after.get("upgradeStrategy") or {})}}
    unreachable = after.get("unreachableStrategy") or {}
    if isinstance(unreachable, Mapping):
        inactive = unreachable.get("inactiveAfterSeconds", 0)
        made["unreachableStrategy"] = {"inactiveAfterSeconds": 0, "expungeAfterSeconds": inactive, **unreachable}
    return made


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Json]:
    """What an update would change, place by place: ``path``, and what is there ``from`` before ``to`` after. ``before``
    as the init shows an app, ``after`` the definition that takes its place: what it does not name goes.
    """
    found: list[Json] = []
    whole = _completed(after)
    filled = ("upgradeStrategy", "unreachableStrategy")
    wanted = {name: value for name, value in whole.items() if name not in filled or name in after or name in before}
    _compare(before, wanted, (), found, apps=True)
    return found


def option_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Json]:
    """The same of a user's options: one that is gone has its default again."""
    found: list[Json] = []
    _compare(before, after, (), found, apps=False)
    return found


def stands(app: Mapping[str, Any], change: Mapping[str, Any], *, whole: bool = False) -> bool:
    """Whether the app is as ``change`` makes it: fields, or its ``whole`` definition. Our labels tell the package,
    its version and the user's options.
    """
    labels = change.get("labels") or {}
    there = app.get("labels") or {}
    changed = app if whole else {name: value for name, value in app.items() if name in change}
    return all(there.get(name) == value for name, value in labels.items()) and not changes(changed, change)


def _compare(before: Any, after: Any, path: tuple[str, ...], found: list[Json], *, apps: bool) -> None:
    """``apps``: these are apps or parts of one, not options."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        new = [name for name in after if name in before or not (apps and _is_default(path, name, after[name]))]
        gone = [name for name in before if name not in after and not (apps and _stays(before, path, name, after))]
        for name in (*new, *gone):
            if (path == ("labels",) and name in _OURS) or (path == () and name == "id"):
                continue
            _compare(before.get(name), after.get(name), (*path, str(name)), found, apps=apps)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            _compare(one, other, (*path, str(index)), found, apps=apps)
    elif before != after and not (
        path[-1:] in (("port",), ("hostPort",), ("servicePort",)) and after == 0
    ):  # any port will do
        change: Json = {"path": "/" + "/".join(path)}
        if before is not None:
            change["from"] = before
        if after is not None:
            change["to"] = after
        found.append(change)
