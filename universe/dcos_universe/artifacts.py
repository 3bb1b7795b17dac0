"""The artifacts of a revision: files and images by URI, with their known digests.

``artifacts/<package>.json`` of a built tree has them for all revisions of a package (docs/universe.md); it is signed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from dcos_universe.errors import UniverseError
from dcos_universe.model import Json, Revision

FORMAT = 1
FILE = "digests.json"
"""The file beside package.json with the digests that the publisher knows. It is in no repository file."""

ASSET, CLI, ICON, SCREENSHOT, IMAGE, WHEEL = "asset", "cli", "icon", "screenshot", "image", "wheel"
_HEX = re.compile(r"[0-9a-f]{64}")
_WEB = re.compile(r"https?://", re.IGNORECASE)
_OF_DIGESTS = ("sha256", "size", "origins")
_LARGEST = 4 << 20
_HINT = 'write it again: a file with {"<uri>": "sha256:<hex>", …}'


@dataclass(frozen=True, slots=True)
class Digest:
    """SHA-256 in hex; for an image, that of its manifest. ``size`` in bytes; ``origins``: its addresses in the
    packages of the source, if a mirror has it.
    """

    sha256: str
    size: int | None = None
    origins: tuple[str, ...] = ()

    @classmethod
    def of(cls, value: object, where: str) -> Digest:
        """The digest in ``"sha256:<hex>"`` or ``{"sha256": hex, "size": n, "origins": [uri, …]}``. Raises
        `UniverseError`.
        """
        size: object = None
        origins: object = []
        if isinstance(value, dict) and set(value) <= set(_OF_DIGESTS):
            size, origins = value.get("size"), value.get("origins", [])
            value = f"sha256:{value.get('sha256')}"
        found = value.removeprefix("sha256:") if isinstance(value, str) and value.startswith("sha256:") else ""
        if (
            not _HEX.fullmatch(found)
            or isinstance(size, bool)
            or not (size is None or (isinstance(size, int) and size >= 0))
            or not isinstance(origins, list)
            or not all(isinstance(one, str) for one in origins)
        ):
            raise UniverseError(
                f"{where} is no digest",
                why=f"it is {str(value)[:90]!r}",
                hint='write "sha256:" and 64 small hex digits',
            )
        return cls(found, size, tuple(origins))

    @property
    def json(self) -> Json:
        made: Json = {"sha256": self.sha256}
        made |= {} if self.size is None else {"size": self.size}
        return made | ({"origins": list(self.origins)} if self.origins else {})


@dataclass(frozen=True, slots=True)
class Artifact:
    """``kind`` is one of those above, ``name`` its alias in resource.json (for a CLI, the platform: ``linux/x86-64``;
    for a wheel, its place in command.json), ``uri`` its address (for an image, its reference), ``digest`` None if it is
    not known.
    """

    kind: str
    name: str
    uri: str
    digest: Digest | None = None

    @property
    def json(self) -> Json:
        known: Json = {"kind": self.kind, "name": self.name, "uri": self.uri}
        return known if self.digest is None else {**known, **self.digest.json}


_FILE_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")


def file_name(revision: Revision) -> str:
    """The package's name, if a file may have it: entries of repositories are not trusted.

    Raises `UniverseError`.
    """
    if not _FILE_NAME.fullmatch(revision.name) or ".." in revision.name or revision.release_version < 0:
        raise UniverseError(
            f"{revision.name[:80]!r} (revision {revision.release_version}) names no package",
            why="a name has letters, digits and hyphens, and a revision is not below 0",
            hint="have the repository checked by its publisher: dcos-universe check",
        )
    return revision.name


def of(revision: Revision, known: Mapping[str, Digest] | None = None) -> list[Artifact]:
    """All artifacts in resource.json and command.json, in their order, without empty URIs. ``known``: digests by URI.

    Raises `UniverseError` when two sources have different digests of one.
    """
    known = known or {}
    return [
        replace(one, digest=_agreed(revision, one, known.get(one.uri)))
        for one in (*_named(revision.resource or {}), *_wheels(revision))
    ]


def _agreed(revision: Revision, one: Artifact, known: Digest | None) -> Digest | None:
    if one.digest is None or known is None:
        return one.digest or known
    if one.digest.sha256 != known.sha256:
        raise UniverseError(
            f"there are two digests of {one.uri}",
            why=f"{revision} itself has {one.digest.sha256}, {FILE} {known.sha256}",
            hint="find out which one is right, and correct the other",
        )
    return known if known.size is not None else one.digest


def _named(resource: Json) -> Iterator[Artifact]:
    assets = _object(resource.get("assets"))
    for name, uri in _object(assets.get("uris")).items():
        if uri:
            yield Artifact(ASSET, name, str(uri))
    for name, reference in _object(_object(assets.get("container")).get("docker")).items():
        if reference:
            digest = str(reference).partition("@sha256:")[2]
            yield Artifact(IMAGE, name, str(reference), Digest(digest) if _HEX.fullmatch(digest) else None)
    for system, machines in _object(_object(resource.get("cli")).get("binaries")).items():
        for machine, binary in _object(machines).items():
            uri = _object(binary).get("url")
            if uri:
                yield Artifact(CLI, f"{system}/{machine}", str(uri), _content_hash(_object(binary)))
    images = _object(resource.get("images"))
    for name, uri in images.items():
        if isinstance(uri, str) and uri:
            yield Artifact(ICON, name, uri)
    screenshots = images.get("screenshots")
    for number, uri in enumerate(screenshots if isinstance(screenshots, list) else ()):
        if uri:
            yield Artifact(SCREENSHOT, str(number), str(uri))


def wheel(text: str) -> tuple[str, str]:
    """Address and SHA-256 of a package of Python, as command.json names it in pip's form (``https://…/x.whl#sha256=…``).
    Without an address it is one of an index, or anything else; without a digest none is named.
    """
    uri, _, fragment = text.partition("#")
    if not _WEB.match(uri):
        return "", ""
    return uri, fragment.removeprefix("sha256=").lower() if fragment.startswith("sha256=") else ""


def pip(command: object) -> list[str]:
    """What command.json names."""
    listed = _object(command).get("pip")
    return [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []


def _wheels(revision: Revision) -> Iterator[Artifact]:
    for number, text in enumerate(pip(revision.entry.get("command"))):
        uri, digest = wheel(text)
        if uri:
            yield Artifact(WHEEL, str(number), uri, Digest(digest) if _HEX.fullmatch(digest) else None)


def _content_hash(binary: Json) -> Digest | None:
    for one in binary.get("contentHash") or ():
        if isinstance(one, dict) and one.get("algo") == "sha256" and _HEX.fullmatch(str(one.get("value")).lower()):
            return Digest(str(one["value"]).lower())
    return None


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def read(folder: Path) -> dict[str, Digest]:
    """The digests beside the revision in that folder, by URI; none if there is no file. Raises `UniverseError`."""
    path = folder / FILE
    try:
        if path.is_symlink() or (path.exists() and not path.is_file()):
            raise UniverseError(f"{path} cannot be read", why="it is no regular file", hint=_HINT)
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise UniverseError(f"{path} cannot be read", why=error.strerror or str(error), hint=_HINT) from error
    if len(content) > _LARGEST:
        raise UniverseError(f"{path} cannot be read", why=f"it has more than {_LARGEST} bytes", hint=_HINT)
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UniverseError(f"{path} is not understood", why=f"it is no JSON: {error}", hint=_HINT) from error
    if found == []:
        return {}  # as good as none, as in the files of the format
    if not isinstance(found, dict):
        raise UniverseError(f"{path} is not understood", why="it is no JSON object", hint=_HINT)
    return {uri: Digest.of(value, f"{path}: {uri}") for uri, value in found.items()}


def encoded(digests: Mapping[str, Digest]) -> bytes:
    """The file that `read` reads: sorted by URI, a line each."""
    content = {uri: digests[uri].json for uri in sorted(digests)}
    return (json.dumps(content, indent=1, ensure_ascii=True) + "\n").encode("ascii")


def missing(folder: Path, revision: Revision) -> list[Artifact]:
    """The artifacts of the revision in that folder without a digest: a mirror cannot check their bytes."""
    return [one for one in of(revision, read(folder)) if one.digest is None]


# --- the signed file of a package ------------------------------------------------------------------------------------


def sidecar(package: str, revisions: Iterable[tuple[Revision, str, list[Artifact], Json]]) -> bytes:
    """``artifacts/<package>.json``: of each revision version, digest of the entry, artifacts and SBOM."""
    by_revision: Json = {}
    for revision, entry, artifacts, sbom in sorted(revisions, key=lambda each: each[0].release_version):
        by_revision[str(revision.release_version)] = {
            "version": revision.version,
            "entry": entry,
            "artifacts": [one.json for one in artifacts],
            "sbom": sbom,
        }
    whole = {"format": FORMAT, "package": package, "revisions": by_revision}
    return json.dumps(whole, ensure_ascii=True, separators=(",", ":")).encode("ascii")


def entry_digest(revision: Revision) -> str:
    """SHA-256 of the revision's entry, in the form of repository files."""
    return sha256(json.dumps(revision.entry).encode("ascii")).hexdigest()


def digests_in(content: bytes) -> dict[int, dict[str, Digest]]:
    """The digests in a sidecar, by revision and URI; none if it is damaged."""
    try:
        return digests_of(json.loads(content))
    except (ValueError, KeyError, TypeError, AttributeError, UniverseError):
        return {}


def digests_of(sidecar: Json) -> dict[int, dict[str, Digest]]:
    """The same for a decoded one. Raises an error of any kind if it has another form."""
    return {int(number): dict(_digests(one)) for number, one in sidecar["revisions"].items()}


def _digests(one: Any) -> Iterator[tuple[str, Digest]]:
    for artifact in one["artifacts"]:
        if "sha256" in artifact:
            yield (
                str(artifact["uri"]),
                Digest.of({key: artifact[key] for key in _OF_DIGESTS if key in artifact}, "a sidecar"),
            )
