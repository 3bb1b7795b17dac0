"""A package from a Marathon app: values that users may change become options, fetched files become resources."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dcos_runtime import urls
from dcos_universe.authoring.scaffold import as_json, service_options
from dcos_universe.errors import UniverseError
from dcos_universe.model import Json
from dcos_universe.parsing import parse
from dcos_universe.schema_walk import pointer

_ANSWERED = frozenset(
    {
        *("version", "versionInfo", "deployments", "lastTaskFailure", "readinessCheckResults", "taskStats"),
        *("tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy"),
    }
)
"""The init's defaults, which it adds to an app."""
_NUMBERS = {"disk": "Disk of each instance in MiB.", "gpus": "GPUs of each instance."}
_OURS = "DCOS_PACKAGE_"
_ENV = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DEEPEST = 40


@dataclass
class Conversion:
    """The files of a package, and notes about the conversion."""

    name: str
    files: dict[str, bytes]
    notes: list[str] = field(default_factory=list)


def app_of(content: bytes, where: str) -> Json:
    """The app in a file: in the form of a request to ``/v2/apps``, or of its response. Raises `UniverseError`."""
    try:
        whole = json.loads(content, parse_constant=_no_number)
        # A package must not contain what other readers cannot read: numbers without bounds, halves of characters.
        faults = parse(where, json.dumps(whole).encode("ascii"), {}, {}) if isinstance(whole, dict) else []
    except (ValueError, RecursionError) as error:
        raise UniverseError(f"{where} is no JSON", why=str(error), hint="give the definition of one app") from error
    if faults:
        place = f" at {pointer(faults[0].path)}" if faults[0].path else ""
        raise UniverseError(f"{where} cannot be taken{place}", why=faults[0].what, hint=faults[0].remedy)
    if isinstance(whole, dict) and isinstance(whole.get("app"), dict):
        whole = whole["app"]
    wrong = ""
    if not isinstance(whole, dict):
        wrong = "it is no object"
    elif "apps" in whole or "groups" in whole:
        wrong = "it is a group"
    elif "containers" in whole:
        wrong = "it is a pod"
    elif not isinstance(whole.get("id"), str) or not whole["id"].strip("/"):
        wrong = "it has no id"
    elif _depth(whole) > _DEEPEST:
        wrong = f"it goes deeper than {_DEEPEST} levels"
    if wrong:
        raise UniverseError(
            f"{where} is not the definition of an app",
            why=wrong,
            hint="give one app in the form of POST /v2/apps; `dcos marathon app show` prints one",
        )
    return {key: value for key, value in whole.items() if key not in _ANSWERED and value is not None}


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")


def _depth(value: object) -> int:
    deepest, rest = 0, [(value, 1)]
    while rest:
        one, depth = rest.pop()
        deepest = max(deepest, depth)
        if isinstance(one, dict):
            rest += [(inner, depth + 1) for inner in one.values()]
        elif isinstance(one, list):
            rest += [(inner, depth + 1) for inner in one]
    return deepest


def suggested_name(app: Json) -> str:
    """From the app's id: ``/shop/web`` -> ``shop-web``."""
    name = re.sub(r"[^a-z0-9]+", "-", app["id"].lower()).strip("-")[:63].strip("-")
    if name and not name[0].isalpha():
        name = f"app-{name}"
    return name if len(name) > 1 else f"{name}-app".lstrip("-")


def convert(app: Json, name: str, *, version: str, maintainer: str, description: str) -> Conversion:
    """Rendered without options, the package gives this very app, except for the package manager's own labels."""
    work = _Work(app)
    template = work.template()
    config = service_options(
        app["id"].strip("/"),
        cpus=_number(app, "cpus", 0.1),
        mem=_number(app, "mem", 128),
        instances=int(_number(app, "instances", 1)),
        **work.service,
    )
    if work.env:
        config["properties"]["env"] = {
            "type": "object",
            "description": "Variables of the environment.",
            "properties": work.env,
        }
    if work.texts:
        config["properties"]["app"] = {
            "type": "object",
            "description": "Texts of the app that a template cannot hold as they are.",
            "properties": work.texts,
        }
    package = {
        "packagingVersion": "4.0",
        "name": name,
        "version": version,
        "maintainer": maintainer,
        "description": description,
        "tags": [name],
        "minDcosReleaseVersion": "1.10",
        "upgradesFrom": ["*"],
        "downgradesTo": ["*"],
    }
    files = {
        "package.json": as_json(package),
        "config.json": as_json(config),
        "marathon.json.mustache": template.encode("ascii"),
    }
    if resource := work.resource():
        files["resource.json"] = as_json(resource)
    return Conversion(name, files, work.notes)


def _number(app: Json, key: str, otherwise: float) -> float:
    value = app.get(key, otherwise)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UniverseError(f"the app's {key} is no number", why=f"it is {value!r}", hint="correct the app")
    return value


class _Work:
    """One conversion: walks the app, and collects its options and resources."""

    def __init__(self, app: Json) -> None:
        self._app = app
        self.service: dict[str, Mapping[str, Any]] = {}
        self.env: dict[str, Any] = {}
        self.texts: dict[str, Any] = {}
        self.notes: list[str] = []
        self._uris: dict[str, str] = {}
        self._images: dict[str, str] = {}
        self._places: list[str] = []

    def template(self) -> str:
        made = {self._key(key): self._part(key, value) for key, value in self._app.items()}
        made = {"id": self._tag("service.name"), **{key: value for key, value in made.items() if key != "id"}}
        for key in ("cpus", "mem", "instances"):
            made[key] = self._tag(f"service.{key}", quoted=False)
        text = json.dumps(made, indent=2, ensure_ascii=True, allow_nan=False)
        for number, place in enumerate(self._places):
            text = text.replace(f'"\\u0000{number}\\u0000"', place)
        return text + "\n"

    def _tag(self, option: str, *, quoted: bool = True) -> str:
        """A placeholder for a tag until the text is made, which no text of an app can contain (`_plain`, `_key`)."""
        tag = "{{{%s}}}" % option if quoted else "{{%s}}" % option
        self._places.append(f'"{tag}"' if quoted else tag)
        return f"\0{len(self._places) - 1}\0"

    def _part(self, key: str, value: Any) -> Any:
        if key == "env" and isinstance(value, dict):
            return {self._key(name): self._variable(name, one) for name, one in value.items()}
        if key == "labels" and isinstance(value, dict):
            dropped = sorted(name for name in value if name.startswith(_OURS))
            if dropped:
                self.notes.append(f"labels that the package manager sets itself are left out: {', '.join(dropped)}")
            return {self._key(name): self._plain(one) for name, one in value.items() if name not in dropped}
        if key == "fetch" and isinstance(value, list):
            return [
                {self._key(name): self._uri(one) if name == "uri" else self._plain(one) for name, one in entry.items()}
                if isinstance(entry, dict)
                else self._plain(entry)
                for entry in value
            ]
        if key == "uris" and isinstance(value, list):
            return [self._uri(one) for one in value]
        if key == "container" and isinstance(value, dict):
            return {self._key(name): self._container(name, one) for name, one in value.items()}
        if key == "user" and isinstance(value, str) and value:
            self.service["user"] = {"type": "string", "description": "Who the tasks run as.", "default": value}
            return self._tag("service.user")
        if key in _NUMBERS and isinstance(value, int | float) and not isinstance(value, bool):
            kind = "integer" if key == "gpus" and isinstance(value, int) else "number"
            self.service[key] = {"type": kind, "description": _NUMBERS[key], "default": value, "minimum": 0}
            return self._tag(f"service.{key}", quoted=False)
        return self._plain(value)

    def _variable(self, name: str, value: Any) -> Any:
        if not isinstance(value, str):
            # A secret is named by a reference, which the app resolves.
            return self._plain(value)
        if not _ENV.fullmatch(name):
            return self._plain(value)
        self.env[name] = {"type": "string", "description": f"The variable {name}.", "default": value}
        return self._tag(f"env.{name}")

    def _container(self, key: str, value: Any) -> Any:
        if key in ("docker", "appc") and isinstance(value, dict):
            return {
                self._key(name): self._image(one) if name == "image" and key == "docker" else self._plain(one)
                for name, one in value.items()
            }
        return self._plain(value)

    def _image(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.isascii() or not value.strip():
            return self._plain(value)
        short = re.split(r"[:@]", value.rsplit("/", 1)[-1], maxsplit=1)[0]
        return self._tag(f"resource.assets.container.docker.{self._named(self._images, short, value)}")

    def _uri(self, value: Any) -> Any:
        if not isinstance(value, str):
            return self._plain(value)
        try:
            if not value.isascii():
                raise urls.BadUrl("it has characters that a URL holds in %XX only")
            urls.parse_web(value)
        except urls.BadUrl as error:
            self.notes.append(f"{value} is fetched as it stands: it cannot be a resource, {error}")
            return self._plain(value)
        last = urls.last_name(value, decoded=True) or "file"
        return self._tag(f"resource.assets.uris.{self._named(self._uris, last, value)}")

    def _named(self, kept: dict[str, str], wanted: str, value: str) -> str:
        """A name without dots, which would separate the parts of an option's path."""
        base = re.sub(r"[^a-z0-9]+", "-", wanted.lower()).strip("-") or "file"
        name, number = base, 1
        while kept.get(name, value) != value:
            number += 1
            name = f"{base}-{number}"
        kept[name] = value
        return name

    def _plain(self, value: Any) -> Any:
        """The value unchanged; a text that a template would read as tags becomes an option, because the values of
        options are never read as a template.
        """
        if isinstance(value, str) and ("{{" in value or "}}" in value or "\0" in value):
            name = f"text-{len(self.texts) + 1}"
            self.texts[name] = {"type": "string", "description": "A text of the app.", "default": value}
            return self._tag(f"app.{name}")
        if isinstance(value, dict):
            return {self._key(key): self._plain(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self._plain(one) for one in value]
        return value

    def _key(self, key: str) -> str:
        if "{{" in key or "}}" in key or "\0" in key:
            raise UniverseError(
                "the app cannot be made a package",
                why=f"its key {key!r} would be read as a tag of the template",
                hint="call it otherwise",
            )
        return key

    def resource(self) -> Json:
        assets: Json = {}
        if self._uris:
            assets["uris"] = self._uris
        if self._images:
            assets["container"] = {"docker": self._images}
        return {"assets": assets} if assets else {}
