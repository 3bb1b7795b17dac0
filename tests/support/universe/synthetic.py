"""A source of packages from a seed: as many revisions as Universe had, with files of the same kinds and sizes."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REVISIONS = 1200
PACKAGES = 185


def _split(*lines: str) -> list[str]:
    return [word for line in lines for word in line.split()]


_WORDS = _split(
    "agent allows amount before broker cache client cluster commit compaction configuration connection data default",
    "deploy directory disk disable during each enable endpoint executor failure file framework group handler health",
    "host interval journal kernel keep leader limit list local maximum memory message metrics minimum mount network",
    "node number offer option overlay partition path per placement plan port process queue quorum rack replica request",
    "restart role scheduler secret security service session size source state stop storage stream table task thread",
    "time timeout token topic traffic user value version virtual volume when worker write zone",
)
_FIRST = _split(
    "amber brisk cedar delta ember frost glade heron iris jade karst lumen maple north onyx pearl quartz raven slate"
)
_SECOND = _split(
    "base beam cast dns edge flow gate hub kit lake mesh node pipe queue reg search store table vault watch"
)
_MINIMA = (*("1.8",) * 3, *("1.9",) * 3, *("1.10",) * 3, *("1.11",) * 2, "1.12", "1.13", "2.0", "999")


@dataclass(frozen=True)
class _Kind:
    """The properties that stay the same in all revisions of a package."""

    name: str
    generation: str
    sections: tuple[tuple[str, tuple[tuple[str, Any], ...]], ...]
    lines: int
    first: int


def write(root: Path, *, revisions: int = REVISIONS, packages: int = PACKAGES, seed: int = 1) -> list[Path]:
    """Writes ``packages/`` there; returns the sorted folders of revisions. One seed gives the same bytes."""
    folders = []
    for name, number, files in content(packages, revisions, seed):
        folder = root / "packages" / name[0].upper() / name / str(number)
        folder.mkdir(parents=True)
        for file, data in files.items():
            (folder / file).write_bytes(data)
        folders.append(folder)
    return sorted(folders, key=lambda folder: (folder.parent.name, int(folder.name)))


def content(packages: int, revisions: int, seed: int) -> Iterator[tuple[str, int, dict[str, bytes]]]:
    """Each revision's name, number and files."""
    rng = random.Random(seed)
    names = [f"{first}-{second}" for first in _FIRST for second in _SECOND]
    rng.shuffle(names)
    kinds = [_kind(rng, name) for name in sorted(names[:packages])]
    # As in Universe: a few packages have most of the revisions.
    shares = [1 / (place + 3) for place in range(packages)]
    rng.shuffle(shares)
    counts = [1 + int((revisions - packages) * share / sum(shares)) for share in shares]
    counts[counts.index(max(counts))] += revisions - sum(counts)
    for kind, count in zip(kinds, counts, strict=True):
        number = kind.first
        for place in range(count):
            yield kind.name, number, _files(rng, kind, place, number)
            number += rng.choice((1, 1, 1, 2, 10, 100))


def _kind(rng: random.Random, name: str) -> _Kind:
    generation = rng.choices(("2.0", "3.0", "4.0", "5.0"), (2, 3, 9, 1))[0]
    sections = []
    for section in ("service", *rng.sample(_WORDS, rng.choice((1, 2, 3, 3, 4, 6)))):
        count = 4 if section == "service" else rng.choice((4, 8, 10, 14, 20, 30))
        options = tuple((option, _option(rng)) for option in rng.sample(_WORDS, count))
        sections.append((section, options))
    return _Kind(name, generation, tuple(sections), rng.choice((20, 60, 90, 130)), rng.choice((0, 0, 0, 1, 3)))


def _option(rng: random.Random) -> dict[str, Any]:
    kind = rng.choice(("string", "string", "integer", "number", "boolean"))
    default: Any = {
        "string": rng.choice(("", _sentence(rng, 2), '[["hostname", "UNIQUE"]]', "/var/lib/data", "512m")),
        "integer": rng.randrange(1, 65536),
        "number": rng.choice((0.1, 0.5, 1, 2.0, 1024)),
        "boolean": rng.random() < 0.5,
    }[kind]
    return {"description": _sentence(rng, rng.randrange(8, 30)).capitalize() + ".", "type": kind, "default": default}


def _sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choice(_WORDS) for _ in range(words))


def _digest(*of: object) -> str:
    return hashlib.sha256(repr(of).encode()).hexdigest()


def _files(rng: random.Random, kind: _Kind, place: int, number: int) -> dict[str, bytes]:
    version = f"{1 + place // 10}.{place % 10}.{rng.randrange(10)}-{rng.randrange(2, 6)}.{rng.randrange(10)}.0"
    files = {
        "package.json": _json(_package(rng, kind, version)),
        "config.json": _json(_config(rng, kind, place)),
        "resource.json": _json(_resource(kind, version, number)),
        "marathon.json.mustache": _template(kind).encode(),
    }
    if kind.generation == "2.0":
        files["command.json"] = _json({"pip": [f"https://downloads.example.org/{kind.name}/{version}/cli.whl"]})
    return files


def _package(rng: random.Random, kind: _Kind, version: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "packagingVersion": kind.generation,
        "name": kind.name,
        "version": version,
        "scm": f"https://git.example.org/{kind.name}.git",
        "website": f"https://docs.example.org/{kind.name}/",
        "maintainer": "support@example.org",
        "description": f"{kind.name}: {_sentence(rng, 20)}.",
        "selected": _digest(kind.name)[0] == "0",
        "framework": True,
        "tags": [*kind.name.split("-"), rng.choice(("database", "stream", "example", "proxy", "monitoring"))],
        "preInstallNotes": _sentence(rng, 30).capitalize() + ".",
        "postInstallNotes": f"{kind.name} is being installed!\n\n\tDocumentation: https://docs.example.org/{kind.name}/",
        "postUninstallNotes": _sentence(rng, 25).capitalize() + ".",
        "licenses": [{"name": "Apache License Version 2.0", "url": "https://git.example.org/LICENSE"}],
    }
    if kind.generation == "5.0":
        made["minDcosReleaseVersion"] = rng.choice(("1.12", "1.13"))
        made["manager"] = {"packageName": "manager", "minPackageVersion": "1.0.0"}
    elif kind.generation != "2.0":
        made["minDcosReleaseVersion"] = rng.choice(_MINIMA)
    if kind.generation in ("4.0", "5.0"):
        made |= {"upgradesFrom": ["*"], "downgradesTo": ["*"]}
    return made


def _config(rng: random.Random, kind: _Kind, place: int) -> dict[str, Any]:
    properties = {}
    for section, options in kind.sections:
        own = dict(options)
        if section == "service":
            own["name"] = {"description": "The name of the service.", "type": "string", "default": kind.name}
        # A package changes little from one revision to the next.
        for added in range(place // 4):
            own[f"added_{added}"] = {
                "description": f"Came with revision {added * 4}.",
                "type": "integer",
                "default": added,
            }
        properties[section] = {
            "type": "object",
            "description": f"Options of the {section}.",
            "properties": own,
            "required": [next(iter(own))],
        }
    return {"type": "object", "properties": properties}


def _resource(kind: _Kind, version: str, number: int) -> dict[str, Any]:
    base = f"https://downloads.example.org/{kind.name}/assets/{version}"
    made: dict[str, Any] = {
        "assets": {
            "uris": {
                name: f"{base}/{name}" for name in ("bootstrap-zip", "scheduler-zip", "executor-zip", "jre-tar-gz")
            },
            "container": {"docker": {"server": f"example/{kind.name}:{version}"}},
        },
        "images": {
            f"icon-{size}": f"https://downloads.example.org/{kind.name}-{size}.png"
            for size in ("small", "medium", "large")
        },
    }
    if kind.generation != "2.0":
        made["cli"] = {
            "binaries": {
                platform: {
                    "x86-64": {
                        "contentHash": [{"algo": "sha256", "value": _digest(kind.name, number, platform)}],
                        "kind": "executable",
                        "url": f"{base}/cli-{platform}",
                    }
                }
                for platform in ("darwin", "linux", "windows")
            }
        }
    return made


def _template(kind: _Kind) -> str:
    named = [
        (f"{section}_{option}".upper(), f"{section}.{option}")
        for section, options in kind.sections
        for option, _ in options
    ]
    lines = [f'    "{name}": "{{{{{path}}}}}"' for name, path in named]
    lines += [
        f'    "PLAIN_{number}": "{_digest(kind.name, number)[:40]}"'
        for number in range(max(0, kind.lines - len(lines)))
    ]
    environment = ",\n".join(lines)
    return f"""{{
  "id": "{{{{service.name}}}}",
  "cpus": 0.5,
  "mem": 1024,
  "instances": 1,
  "cmd": "export JAVA_HOME=$(ls -d $MESOS_SANDBOX/jdk*/jre/); ./bootstrap && ./scheduler/bin/{kind.name}",
  "labels": {{
    "DCOS_COMMONS_UNINSTALL": "true",
    "DCOS_PACKAGE_FRAMEWORK_NAME": "{{{{service.name}}}}"
  }},
  "env": {{
{environment}
  }},
  "fetch": [
    {{"uri": "{{{{resource.assets.uris.bootstrap-zip}}}}"}}
  ],
  "upgradeStrategy": {{"minimumHealthCapacity": 0, "maximumOverCapacity": 0}}
}}
"""


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
