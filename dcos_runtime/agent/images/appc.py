"""Appc images: the manifest of an ACI, as the configuration of an image of one layer. Pure.

App Container specification 0.8, *Image Manifest Schema*. Dependencies on other images are refused: Mesos' own store
looks them up by the same discovery, which has no digests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from dcos_runtime.agent.images.documents import ImageDocument, read_config
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.images.sources import AciSource

_NAME = re.compile(r"[A-Za-z0-9]+(?:[._~/-][A-Za-z0-9]+)*")
_VALUE = re.compile(r"[A-Za-z0-9._+~-]+")


class _Variable(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    value: str = ""


class _App(msgspec.Struct, frozen=True, kw_only=True):
    run: list[str] = msgspec.field(name="exec", default_factory=list)
    user: str = ""
    group: str = ""
    working_directory: str = msgspec.field(name="workingDirectory", default="")
    environment: list[_Variable] = []


class _AciManifest(msgspec.Struct, frozen=True, kw_only=True):
    kind: str = msgspec.field(name="acKind")
    name: str
    app: _App | None = None
    dependencies: list[msgspec.Raw] = []


def source_of(name: str, labels: Mapping[str, str], machine: str, prefix: str) -> AciSource:
    """Where an image is by *simple discovery*: ``{prefix}{name}-{version}-{os}-{arch}.aci``. Raises `ImageError`."""
    if not _NAME.fullmatch(name) or ".." in name:
        raise ImageError(f"{name[:300]!r} names no appc image")
    values = {"version": "latest", "os": "linux", "arch": machine} | dict(labels)
    if bad := [label for label in ("version", "os", "arch") if not _VALUE.fullmatch(values[label])]:
        raise ImageError(f"the label {bad[0]} of the appc image {name} cannot be part of its file's name")
    file = f"{name}-{values['version']}-{values['os']}-{values['arch']}.aci"
    return AciSource(Path(prefix.removeprefix("file://") + file), name)


def document(manifest: bytes, name: str, diff_id: str) -> ImageDocument:
    """The image, with ``exec`` as Entrypoint. Raises `ImageError`."""
    try:
        found = msgspec.json.decode(manifest, type=_AciManifest)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ImageError(f"the manifest of the appc image is not as the specification says: {error}") from error
    if found.kind != "ImageManifest":
        raise ImageError(f"the manifest of the appc image is of the kind {found.kind[:80]!r}")
    if found.name != name:
        raise ImageError(f"the archive holds the appc image {found.name[:80]!r}, not {name}")
    if found.dependencies:
        raise ImageError(f"the appc image {name} depends on others, which this agent does not put together")
    app = found.app or _App()
    config = {
        "Entrypoint": app.run,
        "Env": [f"{variable.name}={variable.value}" for variable in app.environment],
        "User": f"{app.user}:{app.group}" if app.group else app.user,
        "WorkingDir": app.working_directory,
    }
    whole = {"os": "linux", "config": config, "rootfs": {"type": "layers", "diff_ids": [diff_id]}}
    return read_config(json.dumps(whole, sort_keys=True).encode())
