"""A revision whose artifacts are at the mirror instead of at its publisher, and the files it is built from. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from dcos_universe.artifacts import IMAGE, Artifact, pip, wheel
from dcos_universe.model import Json, Revision

IMAGES = "images"
_PARTS = ("releaseVersion", "resource", "marathon", "config", "command")
_URL = re.compile(r"https?://[^\s\"'\\{}<>]+")
_IMAGE = re.compile(r'"image"\s*:\s*"([^"{}]+)"')


def rewritten(
    revision: Revision, place: Callable[[str], str], image: Callable[[str], str], packed: Callable[[str], str]
) -> Revision:
    """The revision with every URI of resource.json changed by ``place``, every image by ``image``, and every address of
    command.json, without its digest, by ``packed``.
    """
    entry = dict(revision.entry)
    if revision.resource is not None:
        entry["resource"] = _changed(revision.resource, place, image)
    if listed := pip(entry.get("command")):
        entry["command"] = {"pip": [packed(uri) if (uri := wheel(one)[0]) else one for one in listed]}
    return Revision(entry)


def _changed(resource: Json, place: Callable[[str], str], image: Callable[[str], str]) -> Json:
    made: Json = json.loads(json.dumps(resource))
    assets = made.get("assets") or {}
    if assets.get("uris"):
        assets["uris"] = {name: place(uri) if uri else uri for name, uri in assets["uris"].items()}
    docker = (assets.get("container") or {}).get("docker")
    if docker:
        assets["container"]["docker"] = {name: image(one) if one else one for name, one in docker.items()}
    for machines in ((made.get("cli") or {}).get("binaries") or {}).values():
        for binary in machines.values():
            if isinstance(binary, dict) and binary.get("url"):
                binary["url"] = place(binary["url"])
    images: dict[str, Any] = made.get("images") or {}
    for name, uri in images.items():
        if isinstance(uri, str) and uri:
            images[name] = place(uri)
        elif name == "screenshots" and isinstance(uri, list):
            images[name] = [place(one) if one else one for one in uri]
    return made


def outside(revision: Revision, artifacts: list[Artifact]) -> Iterator[str]:
    """What the template fetches besides resource.json, as far as its text shows, and what command.json takes from an
    index of Python: a mirror does not have it.
    """
    template = (revision.template or b"").decode("utf-8", "replace")
    known = {one.uri for one in artifacts}
    for uri in dict.fromkeys(_URL.findall(template)):
        if uri not in known:
            yield f"{revision}: its template names {uri}"
    for reference in dict.fromkeys(_IMAGE.findall(template)):
        if reference not in {one.uri for one in artifacts if one.kind == IMAGE}:
            yield f"{revision}: its template names the image {reference}"
    for one in pip(revision.entry.get("command")):
        if not wheel(one)[0]:
            yield f"{revision}: its command.json names {one}"


def files(revision: Revision) -> dict[str, bytes]:
    """The files of the revision's folder, by name: `build` makes the same entry from them."""
    entry = revision.entry
    made = {"package.json": _bytes({key: value for key, value in entry.items() if key not in _PARTS})}
    for part in ("config", "resource", "command"):
        if entry.get(part):
            made[f"{part}.json"] = _bytes(entry[part])
    template = revision.template
    if template:
        made["marathon.json.mustache"] = template
    return made


def _bytes(value: Any) -> bytes:
    return (json.dumps(value, indent=2, ensure_ascii=True) + "\n").encode("ascii")
