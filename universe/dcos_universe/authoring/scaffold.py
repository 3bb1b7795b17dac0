"""A first package: small, complete, and without findings of `check`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_TEMPLATE = """\
{
  "id": "{{service.name}}",
  "cmd": "{{{service.command}}}",
  "cpus": {{service.cpus}},
  "mem": {{service.mem}},
  "instances": {{service.instances}},
  "portDefinitions": [{"port": 0, "name": "http", "protocol": "tcp"}],
  "healthChecks": [
    {
      "protocol": "MESOS_HTTP",
      "path": "/",
      "portIndex": 0,
      "gracePeriodSeconds": 30,
      "intervalSeconds": 10,
      "timeoutSeconds": 5,
      "maxConsecutiveFailures": 3
    }
  ],
  "labels": {
    "DCOS_SERVICE_NAME": "{{service.name}}",
    "DCOS_SERVICE_SCHEME": "http",
    "DCOS_SERVICE_PORT_INDEX": "0"
  }
}
"""


def files(name: str, version: str, maintainer: str, description: str) -> Mapping[str, bytes]:
    """The files of a new package: a web server, to be replaced by the package's own service."""
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
        "licenses": [{"name": "Apache License Version 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}],
        "postInstallNotes": f"{name} is being installed.",
        "postUninstallNotes": f"{name} has been uninstalled.",
    }
    config = service_options(name) | {}
    config["properties"]["service"]["properties"]["command"] = {
        "type": "string",
        "description": "What each instance runs.",
        "default": "exec python3 -m http.server $PORT0",
    }
    return {
        "package.json": as_json(package),
        "config.json": as_json(config),
        "marathon.json.mustache": _TEMPLATE.encode("ascii"),
    }


def service_options(
    name: str, *, cpus: float = 0.1, mem: float = 128, instances: int = 1, **more: Mapping[str, Any]
) -> dict[str, Any]:
    """The schema of the options of every package: its name, and its resources."""
    properties: dict[str, Any] = {
        "name": {"type": "string", "description": "What this installation is called.", "default": name},
        "cpus": {"type": "number", "description": "Processors of each instance.", "default": cpus, "minimum": 0},
        "mem": {"type": "number", "description": "Memory of each instance in MiB.", "default": mem, "minimum": 0},
        "instances": {"type": "integer", "description": "How many instances run.", "default": instances, "minimum": 0},
        **more,
    }
    return {
        "type": "object",
        "properties": {
            "service": {
                "type": "object",
                "description": "The service and its resources.",
                "properties": properties,
                "required": ["name", "cpus", "mem", "instances"],
            }
        },
        "required": ["service"],
    }


def as_json(value: object) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=True, allow_nan=False) + "\n").encode("ascii")
