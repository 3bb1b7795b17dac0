"""Writes the further files of a signed tree about its packages: digests of artifacts, and bills of materials."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from dcos_universe import artifacts, reading
from dcos_universe.artifacts import Digest
from dcos_universe.errors import UniverseError
from dcos_universe.model import Json, Revision
from dcos_universe.trust.staging import Staging

FOLDER, SBOMS = "artifacts", "sbom"


@dataclass
class SignedPackages:
    """The packages of a signed tree, and which of their artifacts have no digest."""

    names: list[str] = field(default_factory=list)
    revisions: int = 0
    artifacts: int = 0
    without_digest: list[str] = field(default_factory=list)

    @property
    def packages(self) -> int:
        return len(self.names)


def write(staging: Staging, known: Mapping[tuple[str, int], Mapping[str, Digest]]) -> SignedPackages:
    """Writes ``artifacts/<package>.json`` and ``sbom/<package>/<revision>.cdx.json`` of every revision in
    universe.json; digests of an earlier signing stay known. Files of revisions that no longer exist are removed.
    """
    summary = SignedPackages()
    by_package: dict[str, list[_Entry]] = {}
    for entry in _entries(staging.stage / "universe.json"):
        by_package.setdefault(entry.name, []).append(entry)
    files: set[str] = set()
    for name, entries in sorted(by_package.items()):
        summary.names.append(name)
        if _stays(staging, name, entries, known, summary, files):
            continue
        revisions = [entry.revision() for entry in entries]
        content = _package(staging, name, revisions, known, summary, files)
        staging.put(f"{FOLDER}/{name}.json", content)
    staging.retain(FOLDER, {f"{name}.json" for name in summary.names})
    staging.retain(SBOMS, files)
    return summary


def _stays(
    staging: Staging,
    name: str,
    entries: list[_Entry],
    known: Mapping[tuple[str, int], Mapping[str, Digest]],
    summary: SignedPackages,
    files: set[str],
) -> bool:
    """Whether the files of the last signing for the package are still valid; then they are kept."""
    file = f"{FOLDER}/{name}.json"
    if not staging.is_known(file):
        return False
    records = _records(_read(staging.stage / file))
    if records.keys() != {str(entry.number) for entry in entries}:
        return False
    sboms = [f"{name}/{entry.number}.cdx.json" for entry in entries]
    for entry, sbom in zip(entries, sboms, strict=True):
        record = records[str(entry.number)]
        if record.entry != entry.digest or not _says(record.artifacts, known.get((name, entry.number), {})):
            return False
        if not _holds(staging, f"{SBOMS}/{sbom}", record.sbom.sha256):
            return False
    files.update(sboms)
    for number, record in sorted((int(number), record) for number, record in records.items()):
        summary.revisions += 1
        summary.artifacts += len(record.artifacts)
        about = f"{name} {record.version} (revision {number})"
        summary.without_digest += [f"{about}: {one['uri']}" for one in record.artifacts if "sha256" not in one]
    return True


def _says(record: list[Json], known: Mapping[str, Digest]) -> bool:
    """Whether artifacts have all the digests that are known of them now, also from other artifacts with the same
    address.
    """
    digests = {one["uri"]: one["sha256"] for one in record if "sha256" in one}
    for one in record:
        digest = known.get(one["uri"])
        if "sha256" not in one and (digest is not None or one["uri"] in digests):
            return False
        if digest is not None and (digest.sha256 != one["sha256"] or digest.size not in (None, one.get("size"))):
            return False
    return True


def _package(
    staging: Staging,
    name: str,
    revisions: list[Revision],
    known: Mapping[tuple[str, int], Mapping[str, Digest]],
    summary: SignedPackages,
    files: set[str],
) -> bytes:
    before = _read(staging.stage / FOLDER / f"{name}.json")
    digests = artifacts.digests_in(before)
    records = _records(before)
    rows: list[tuple[Revision, str, list[artifacts.Artifact], Json]] = []
    for revision in revisions:
        number = revision.release_version
        # A digest stays known until the publisher gives another.
        remembered = digests.get(number, {})
        found = [
            replace(one, digest=_better(one.digest, remembered.get(one.uri)))
            for one in artifacts.of(revision, known.get((name, number)))
        ]
        summary.revisions += 1
        summary.artifacts += len(found)
        summary.without_digest += [f"{revision}: {one.uri}" for one in found if one.digest is None]
        file = f"{name}/{number}.cdx.json"
        files.add(file)
        entry = artifacts.entry_digest(revision)
        rows.append((revision, entry, found, _sbom(staging, revision, entry, found, records.get(str(number)), file)))
    return artifacts.sidecar(name, rows)


def _better(digest: Digest | None, remembered: Digest | None) -> Digest | None:
    """The present digest counts; of two of the same file, the one with its size."""
    if digest is None or (remembered is not None and remembered.sha256 == digest.sha256 and digest.size is None):
        return remembered
    return digest


def _sbom(
    staging: Staging, revision: Revision, entry: str, found: list[artifacts.Artifact], before: _Record | None, file: str
) -> Json:
    """Made again only if other code made it, or if the revision or a digest differs from the previous record."""
    path = f"{SBOMS}/{file}"
    if (
        before is not None
        and before.entry == entry
        and before.artifacts == [one.json for one in found]
        and staging.is_known(path)
        and _holds(staging, path, before.sbom.sha256)
    ):
        return {"file": path, "sha256": before.sbom.sha256}
    from dcos_universe import sbom

    content = sbom.bom(revision, found)
    staging.put(path, content)
    return {"file": path, "sha256": sha256(content).hexdigest()}


def _holds(staging: Staging, name: str, digest: str) -> bool:
    try:
        return staging.digest(name)[0] == digest
    except UniverseError:
        return False


class _Bom(msgspec.Struct, frozen=True):
    sha256: str


class _Record(msgspec.Struct, frozen=True):
    """The record of a revision in `artifacts.sidecar`."""

    version: str
    entry: str
    artifacts: list[dict[str, Any]]
    sbom: _Bom

    def __post_init__(self) -> None:
        for one in self.artifacts:
            if not (isinstance(one.get("uri"), str) and isinstance(one.get("sha256", ""), str)):
                raise ValueError("an artifact has a URI, and a digest or none")


class _Sidecar(msgspec.Struct):
    revisions: dict[str, _Record]


def _records(content: bytes) -> dict[str, _Record]:
    """The records by the number of the revision; none of a file that is damaged or has another form."""
    try:
        return msgspec.json.decode(content, type=_Sidecar).revisions
    except (ValueError, RecursionError):
        return {}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


@dataclass(frozen=True)
class _Entry:
    """An entry of a repository file, with its bytes."""

    name: str
    number: int
    content: bytes

    @property
    def digest(self) -> str:
        """Like `artifacts.entry_digest` in files that build wrote."""
        return sha256(self.content).hexdigest()

    def revision(self) -> Revision:
        revision = Revision.of(json.loads(self.content))
        artifacts.file_name(revision)
        return revision


class _Index(msgspec.Struct):
    packages: list[msgspec.Raw]


class _Named(msgspec.Struct):
    name: str
    number: int = msgspec.field(name="releaseVersion")


def _entries(path: Path) -> list[_Entry]:
    try:
        found = msgspec.json.decode(path.read_bytes(), type=_Index).packages
        named = [msgspec.json.decode(entry, type=_Named) for entry in found]
        return [_Entry(one.name, one.number, bytes(entry)) for one, entry in zip(named, found, strict=True)]
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise UniverseError(
            f"{path.name} of the tree cannot be read", why=str(error), hint="build the tree again: dcos-universe build"
        ) from error


def known_of(source: Path) -> dict[tuple[str, int], dict[str, Digest]]:
    """The digests beside the revisions of a source of packages. Raises `UniverseError`."""
    found: dict[tuple[str, int], dict[str, Digest]] = {}
    for path in sorted(reading.packages(source).glob(f"*/*/*/{artifacts.FILE}")):
        if path.parent.name.isdecimal() and path.parent.name.isascii():
            found[path.parent.parent.name, int(path.parent.name)] = artifacts.read(path.parent)
    return found
