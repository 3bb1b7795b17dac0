"""A valid package before it is written; and packages with one error each."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME, NUMBER = "demo", 3
FOLDER = f"packages/D/{NAME}/{NUMBER}"
SHA = "0123456789abcdef" * 4


@dataclass
class Source:
    """A package before it is written: its documents, or the bytes of a file."""

    package: dict[str, Any]
    config: Any
    resource: Any
    template: str
    command: Any = None
    files: dict[str, bytes] = field(default_factory=dict)
    """Files written in place of documents, or beside them."""
    after: Callable[[Path], None] | None = None
    """A last change of the root."""

    def write(self, root: Path, folder: str = FOLDER) -> Path:
        place = root / folder
        place.mkdir(parents=True)
        documents = {
            "package.json": self.package,
            "config.json": self.config,
            "resource.json": self.resource,
            "command.json": self.command,
        }
        for name, document in documents.items():
            if document is not None:
                (place / name).write_text(json.dumps(document, indent=2))
        if self.template:
            (place / "marathon.json.mustache").write_text(self.template)
        for name, data in self.files.items():
            (place / name).write_bytes(data)
        if self.after is not None:
            self.after(root)
        return place


def good(packaging: str = "4.0") -> Source:
    """A package without findings."""
    package: dict[str, Any] = {
        "packagingVersion": packaging,
        "name": NAME,
        "version": "1.0.0",
        "scm": "https://git.example.org/demo.git",
        "website": "https://demo.example.org/",
        "maintainer": "someone@example.org",
        "description": "A demo.",
        "framework": False,
        "preInstallNotes": "Needs a cpu.",
        "postInstallNotes": "Is there.",
        "postUninstallNotes": "Is gone.",
        "selected": False,
        "tags": ["demo", "web-server"],
        "licenses": [{"name": "Apache", "url": "https://www.apache.org/licenses/LICENSE-2.0"}],
    }
    program = {
        "x86-64": {
            "kind": "executable",
            "url": "https://files.example.org/demo-cli",
            "contentHash": [{"algo": "sha256", "value": SHA}],
        }
    }
    resource: dict[str, Any] = {
        "assets": {
            "uris": {"archive": "https://files.example.org/demo.tar.gz"},
            "container": {"docker": {"server": f"example/demo:1.0@sha256:{SHA}"}},
        },
        "images": {
            "icon-small": "https://files.example.org/small.png",
            "screenshots": ["https://files.example.org/screen.png"],
        },
    }
    command = None
    if packaging == "2.0":
        command = {"pip": [f"https://files.example.org/demo-1.0-py2.py3-none-any.whl#sha256={SHA}"]}
    else:
        package |= {"minDcosReleaseVersion": "1.12", "hasKnownIssues": False, "lastUpdated": 1500000000}
        resource["cli"] = {"binaries": {"linux": program, "darwin": copy.deepcopy(program)}}
    if packaging in ("4.0", "5.0"):
        package |= {"upgradesFrom": ["*"], "downgradesTo": ["*"]}
    config = {
        "type": "object",
        "properties": {
            "service": {
                "type": "object",
                "description": "The service.",
                "properties": {
                    "name": {"type": "string", "default": "demo", "pattern": "^[a-z-]+$"},
                    "cpus": {"type": "number", "default": 0.5, "minimum": 0.1},
                    "count": {"type": "integer", "default": 1},
                    "words": {"type": "array", "items": {"type": "string"}, "default": ["a", "b"]},
                    "secret": {"type": "string"},
                },
                "required": ["name", "secret"],
            }
        },
    }
    template = """{
  "id": "{{service.name}}",
  "cpus": {{service.cpus}},
  "mem": 32,
  "instances": {{service.count}},
  "cmd": "./demo {{service.secret}}",
{{#service.count}}
  "acceptedResourceRoles": {{service.words}},
{{/service.count}}
{{! a comment }}
  "container": {"type": "MESOS", "docker": {"image": "{{resource.assets.container.docker.server}}"}},
  "fetch": [{"uri": "{{resource.assets.uris.archive}}"}]
}
"""
    digests = {"https://files.example.org/demo.tar.gz": f"sha256:{SHA}"}
    files = {"digests.json": json.dumps(digests).encode()}
    return Source(package, config, resource, template, command, files)


@dataclass(frozen=True)
class Broken:
    """``file`` is relative to the root; ``path`` leads to the place in it."""

    case: str
    source: Source
    rule: str
    file: str
    path: tuple[str | int, ...] = ()

    def __str__(self) -> str:
        return self.case


def changed(packaging: str, **fields: Any) -> Source:
    source = good(packaging)
    source.package |= fields
    return source


def without(packaging: str, name: str) -> Source:
    source = good(packaging)
    del source.package[name]
    return source


def write(path: Path, text: str) -> None:
    path.write_text(text)
