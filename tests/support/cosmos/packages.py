"""Packages for tests of the package manager, as a repository serves them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from dcos_runtime.cosmos.core.catalog import TAKEN, Reading, Repository

REPO = "application/vnd.dcos.universe.repo+json;charset=utf-8;version=v5"

TEMPLATE = """{
  "id": "{{service.name}}",
  "cpus": {{service.cpus}},
  "mem": {{service.mem}},
  "instances": 1,
  "cmd": "{{service.cmd}}",
  "env": {"GREETING": "{{service.greeting}}"},
  "labels": {"DCOS_PACKAGE_NAME": "another's", "OWN": "label"{{#service.framework}},
    "DCOS_PACKAGE_FRAMEWORK_NAME": "{{service.framework}}"{{/service.framework}}{{#service.commons}},
    "DCOS_COMMONS_UNINSTALL": "true", "DCOS_SERVICE_PORT_INDEX": "0"{{/service.commons}}},
  "portDefinitions": [{"port": 0, "name": "api"}]
}
"""

CONFIG: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "service": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string", "default": "hello-world"},
                "cpus": {"type": "number", "default": 0.1},
                "mem": {"type": "number", "default": 32},
                "cmd": {"type": "string", "default": "sleep 1000"},
                "greeting": {"type": "string", "default": "hello"},
                "framework": {"type": "string", "default": ""},
                "commons": {"type": "boolean", "default": False},
            },
        }
    },
}


CONTENT_HASH = [{"algo": "sha256", "value": "0" * 64}]
"""The digests of a program that is never fetched."""


def entry(name: str = "hello-world", version: str = "1.0", release: int = 0, **other: Any) -> dict[str, Any]:
    """A package of 4.0. ``template=None``: without one; ``config=None``: it takes no options."""
    template, config = other.pop("template", TEMPLATE), other.pop("config", CONFIG)
    made: dict[str, Any] = {
        "packagingVersion": "4.0",
        "name": name,
        "version": version,
        "releaseVersion": release,
        "maintainer": "tests@dcos.test",
        "description": f"{name} says hello",
        "tags": ["example"],
        "upgradesFrom": ["*"],
        "downgradesTo": ["*"],
        "postInstallNotes": "installed",
        "postUninstallNotes": "gone",
        **other,
    }
    if template is not None:
        made["marathon"] = {"v2AppMustacheTemplate": base64.b64encode(template.encode()).decode()}
    if config is not None:
        made["config"] = config
    return made


def index(*entries: Mapping[str, Any]) -> bytes:
    return json.dumps({"packages": list(entries)}).encode()


def read(name: str, uri: str, entries: Iterable[Any]) -> Repository:
    """A repository of these valid entries, as the package manager reads it."""
    reading = Reading(name, uri)
    for one in entries:
        reading.take(TAKEN + json.dumps(one).encode())
    return reading.done()
