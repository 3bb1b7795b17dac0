"""Container images as one OCI layout: each is copied by skopeo unchanged, verified, and added to the others."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_universe.artifacts import Digest
from dcos_universe.errors import UniverseError

PLATFORM = ("linux", "amd64")
TIMEOUT = 3600.0
_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@-]{0,400}")
_LARGEST_MANIFEST = 4 << 20


KINDS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
"""The largest manifest of an image; it is not changed, so its digest stays the same."""


OCI, DOCKER = KINDS
LISTS = ("application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json")
REFERENCE, ORIGINAL = "org.opencontainers.image.ref.name", "io.dcos.image.original"
LISTED = "io.dcos.image.listed"
"""Annotations in the layout's index: the reference of an image in OCI's form, of its manifest in its registry, and of
the list of images whose digest the reference contains.
"""


@dataclass(frozen=True)
class Image:
    """``manifest`` describes it as in its registry, by its own digest; ``converted`` in OCI's form, for tools that read
    layouts (the same if it has that form already). ``listed``: the list of images of several platforms that it was
    taken from, if its reference contains the digest of that list, because clients request it. ``blobs`` has the path of
    each of its blobs, by digest; they lie in the folder ``place``.
    """

    reference: str
    manifest: Mapping[str, Any]
    converted: Mapping[str, Any]
    blobs: Mapping[str, Path]
    place: Path
    listed: Mapping[str, Any] | None = None

    @property
    def digest(self) -> Digest:
        return Digest(str(self.manifest["digest"]).removeprefix("sha256:"), None)


def source_of(reference: str, digest: Digest | None) -> str:
    """The name of an image for skopeo: by digest if that is known, which skopeo verifies."""
    name = reference.removeprefix("docker://")
    if not _REFERENCE.fullmatch(name):
        raise UniverseError(
            f"{reference!r} names no container image",
            why="it has no form of registry/name:tag",
            hint="correct assets.container of resource.json",
        )
    if digest is None or "@" in name:
        return f"docker://{name}"
    head, slash, last = name.rpartition("/")
    return f"docker://{head}{slash}{last.partition(':')[0]}@sha256:{digest.sha256}"


def copy(
    reference: str, digest: Digest | None, folder: Path, *, plain_http: bool = False, skopeo: str = "skopeo"
) -> Image:
    """Copies the image of the platform linux/amd64; one of an earlier run is used, unless it is damaged. Raises
    `UniverseError`.
    """
    source = source_of(reference, digest)
    asked = source.partition("@")[2]
    place = folder / hashlib.sha256(source.encode()).hexdigest()
    if place.is_dir():
        with contextlib.suppress(UniverseError):
            return _verified(place, reference, asked)
        shutil.rmtree(place)
    if shutil.which(skopeo) is None:
        raise UniverseError(
            f"the image {reference} cannot be copied",
            why=f"there is no {skopeo} here",
            hint="apt-get install skopeo",
        )
    part = folder / f"{place.name}.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    _run(skopeo, source, f"dir:{part / 'own'}", reference, plain_http)
    own, _, _ = _dir(part / "own", reference)
    if own["mediaType"] == DOCKER:
        _run(skopeo, f"dir:{part / 'own'}", f"oci:{part / 'oci'}:image", reference, plain_http)
    if asked and asked != own["digest"]:
        # One image of a list was copied; a client that requests the list's digest needs the list.
        verify = f"--tls-verify={'false' if plain_http else 'true'}"
        raw = _skopeo([skopeo, "inspect", "--raw", "--retry-times", "3", verify, source], reference)
        (part / "list.json").write_bytes(raw)
    _verified(part, reference, asked)
    part.rename(place)
    return _verified(place, reference, asked)


def _run(skopeo: str, source: str, to: str, reference: str, plain_http: bool) -> None:
    system, machine = PLATFORM
    command = [skopeo, "--override-os", system, "--override-arch", machine, "--insecure-policy", "copy", "--quiet"]
    command += [
        "--retry-times",
        "3",
        f"--src-tls-verify={'false' if plain_http else 'true'}",
        source,
        to,
    ]
    _skopeo(command, reference)


def _skopeo(command: list[str], reference: str) -> bytes:
    """The output of skopeo. Raises `UniverseError`."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired as error:
        raise UniverseError(
            f"the image {reference} cannot be copied",
            why=f"skopeo has taken more than {TIMEOUT:g} seconds",
            hint=_AGAIN,
        ) from error
    if done.returncode != 0:
        last = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        raise UniverseError(
            f"the image {reference} cannot be copied",
            why=last[-1] if last else f"skopeo ended with {done.returncode}",
            hint=_AGAIN,
        )
    return done.stdout


_AGAIN = "look at its registry and its name; run this again, and it goes on"


def _verified(place: Path, reference: str, asked: str) -> Image:
    """The image that skopeo has copied, with all blobs verified."""
    try:
        own, content, blobs = _dir(place / "own", reference)
        blobs[str(own["digest"]).removeprefix("sha256:")] = content
        converted = own
        if own["mediaType"] == DOCKER:
            layout = place / "oci" / "blobs" / "sha256"
            (descriptor,) = json.loads((place / "oci" / "index.json").read_bytes())["manifests"]
            converted = {key: descriptor[key] for key in ("mediaType", "digest", "size")}
            manifest = _blob(layout, converted, reference)
            inner = json.loads(manifest.read_bytes())
            for path in (manifest, *(_blob(layout, one, reference) for one in (inner["config"], *inner["layers"]))):
                blobs.setdefault(path.name, path)
        listed = None
        if (place / "list.json").exists():
            listed, path = _list(place / "list.json", reference, asked)
            blobs[str(listed["digest"]).removeprefix("sha256:")] = path
        return Image(reference, own, converted, blobs, place, listed)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UniverseError(
            f"the image {reference} is refused", why=f"skopeo left no image: {error!r}", hint=f"remove {place}"
        ) from error


def _dir(folder: Path, reference: str) -> tuple[dict[str, Any], Path, dict[str, Path]]:
    """The descriptor of the manifest in a folder of skopeo's, its file, and the image's other blobs."""
    path = folder / "manifest.json"
    content = path.read_bytes()
    manifest = json.loads(content)
    kind = manifest.get("mediaType") or OCI
    if len(content) > _LARGEST_MANIFEST or kind not in KINDS:
        raise UniverseError(f"the image {reference} is refused", why=f"its manifest is a {kind}", hint=_OTHER)
    found = [_blob(folder, one, reference) for one in (manifest["config"], *manifest["layers"])]
    descriptor = {"mediaType": kind, "digest": f"sha256:{hashlib.sha256(content).hexdigest()}", "size": len(content)}
    return descriptor, path, {one.name: one for one in found}


_OTHER = "name an image of linux/amd64 in Docker's schema 2 or in OCI's form"


def _list(path: Path, reference: str, asked: str) -> tuple[dict[str, Any], Path]:
    """The descriptor of a list of images with the digest in the reference."""
    content = path.read_bytes()
    kind = json.loads(content).get("mediaType") or LISTS[0]
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if len(content) > _LARGEST_MANIFEST or kind not in LISTS or digest != asked:
        raise UniverseError(f"the image {reference} is refused", why=f"its list is a {kind}, {digest}", hint=_OTHER)
    return {"mediaType": kind, "digest": digest, "size": len(content)}, path


def _blob(folder: Path, descriptor: Mapping[str, Any], reference: str) -> Path:
    digest = str(descriptor["digest"])
    if not re.fullmatch("sha256:[0-9a-f]{64}", digest):
        raise UniverseError(f"the image {reference} is refused", why=f"{digest!r} is no digest", hint=_OTHER)
    path = folder / digest.removeprefix("sha256:")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != path.name or path.stat().st_size != descriptor["size"]:
        raise UniverseError(
            f"the image {reference} is refused",
            why=f"its blob {digest} has the digest {found}",
            hint=f"remove {folder}",
        )
    return path


def only(folder: Path, images: Iterable[Image]) -> None:
    """Removes everything in the folder of copies except these images."""
    wanted = {image.place for image in images}
    for path in folder.iterdir() if folder.is_dir() else ():
        if path not in wanted:
            shutil.rmtree(path)


def compose(images: Iterable[Image], out: Path) -> None:
    """Makes one layout of all of them: blobs are shared (hard links), and each image has its reference."""
    blobs = out / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    manifests = []
    system, machine = PLATFORM
    platform = {"architecture": machine, "os": system}
    for image in sorted(images, key=lambda one: one.reference):
        for digest, path in image.blobs.items():
            with contextlib.suppress(FileExistsError):
                os.link(path, blobs / digest)
        manifests.append({**image.converted, "platform": platform, "annotations": {REFERENCE: image.reference}})
        if image.manifest != image.converted:
            manifests.append({**image.manifest, "platform": platform, "annotations": {ORIGINAL: image.reference}})
        if image.listed is not None:
            manifests.append({**image.listed, "annotations": {LISTED: image.reference}})
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": manifests}
    (out / "oci-layout").write_bytes(b'{"imageLayoutVersion":"1.0.0"}')
    (out / "index.json").write_bytes(json.dumps(index, separators=(",", ":")).encode("ascii"))
