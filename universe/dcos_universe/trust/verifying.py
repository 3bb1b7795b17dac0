"""`verify`: whether a repository is what the holders of its root signed, file by file, and how long that is valid."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from tuf.api.metadata import TargetFile, Targets

from dcos_universe.errors import UniverseError
from dcos_universe.index import durable
from dcos_universe.index.client import folder_and_index
from dcos_universe.index.fetching import Fetch, fetch
from dcos_universe.index.trusted import MISSING, TAMPERED, TARGETS, RepositoryRefused, Trusted
from dcos_universe.layout import tree_in
from dcos_universe.model import Json
from dcos_universe.trust import contents
from dcos_universe.trust.sidecars import FOLDER, SBOMS
from dcos_universe.trust.vouching import Vouching


@dataclass
class Verified:
    """The result of a verification. ``expires``: by role, when its signatures expire, soonest first; ``soon``: those
    that do within the requested time. ``unsigned``: files of a tree that differ from the signed ones, a sentence each.
    """

    where: str
    versions: dict[str, int]
    expires: dict[str, datetime]
    soon: list[str] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)
    files: int = 0
    without_digest: int = 0

    @property
    def json(self) -> Json:
        return {
            "repository": self.where,
            "ok": not self.unsigned,
            "versions": self.versions,
            "expires": {role: f"{when:%Y-%m-%dT%H:%M:%SZ}" for role, when in self.expires.items()},
            "expiresSoon": self.soon,
            "unsigned": self.unsigned,
            "files": self.files,
            "artifactsWithoutDigest": self.without_digest,
        }


def verify(
    where: str,
    root: bytes,
    *,
    now: datetime,
    warn: timedelta = timedelta(0),
    state: Path | None = None,
    ask: Fetch = fetch,
    digests: contents.Contents | None = None,
) -> Verified:
    """``where``: a tree, or a place that one was published to (a folder: every file of it is read), or a URL (its
    signed files are): that of the repository's folder, of its ``…/repo`` or of one of its files, as for `Client`.
    ``state`` stores what was seen, by which a rollback is recognized the next time. ``digests``: those of all files of
    a tree, from a caller who knows them: then only metadata and the lists of artifacts are read. Raises
    `RepositoryRefused`, and `UniverseError`.
    """
    tree = None if "://" in where else tree_in(Path(where))
    if tree is not None and not tree.is_dir():
        raise UniverseError(
            f"there is no tree at {where}",
            why="that is no folder",
            hint="name a built tree, or the URL of a repository",
        )
    base = folder_and_index(where)[0] if tree is None else tree.absolute().as_uri()
    with _state(state) as folder:
        trusted = Trusted(base, root, folder, ask, now=now)
        trusted.refresh()
        found = trusted.find(contents.FILE)
        if found is None:
            raise RepositoryRefused(f"the repository at {where} is refused", MISSING, f"{contents.FILE} is not signed")
        files = contents.decoded(trusted.get(found))
        result = Verified(where, {}, {}, files=len(files))
        for package in sorted(name for name in files if name.startswith(f"{FOLDER}/")):
            target = trusted.find(package)
            if target is None:
                raise RepositoryRefused(f"the repository at {where} is refused", MISSING, f"{package} is not signed")
            if tree is None:
                result.without_digest += _unknown(trusted.get(target))
        _roles(trusted, result, now, warn)
        if tree is not None:
            there = contents.OnDisk(tree) if digests is None else digests
            vouching = Vouching(tree, root, trusted.roles())
            result.unsigned = [
                *contents.differences(there, files),
                *contents.damaged(files),
                *vouching.faults,
                *_hashed(there, trusted, vouching.targets),
                *_sidecars(tree, there, files, result),
            ]
    return result


@contextmanager
def _state(folder: Path | None) -> Iterator[Path]:
    if folder is None:
        with tempfile.TemporaryDirectory() as made:
            yield Path(made)
        return
    folder.mkdir(parents=True, exist_ok=True)
    with durable.alone(folder, "the state of a repository,"):
        yield folder / "metadata"


def _roles(trusted: Trusted, result: Verified, now: datetime, warn: timedelta) -> None:
    roles = trusted.roles()
    order = sorted(roles, key=lambda name: (roles[name].expires, name))
    result.expires = {name: roles[name].expires.replace(tzinfo=UTC) for name in order}
    result.versions = {name: roles[name].version for name in sorted(roles)}
    result.soon = [name for name, when in result.expires.items() if when - now <= warn]


def _hashed(there: contents.Contents, trusted: Trusted, all_targets: list[Targets]) -> Iterator[str]:
    """The files under names with their digest, for clients with a root. Those of earlier snapshots may be gone."""
    present = _by_name(one for one in trusted.roles().values() if isinstance(one, Targets))
    every = _by_name(all_targets) | present
    for name in sorted(present.keys() - there.keys()):
        yield f"{name} is missing"
    for name in sorted(one for one in there if one.startswith(f"{TARGETS}/")):
        if name not in every:
            yield f"{name} is vouched for by no signature"
        elif there[name] != (every[name].hashes["sha256"], every[name].length):
            yield f"{name} is not what was signed"


def _by_name(roles: Iterable[Targets]) -> dict[str, TargetFile]:
    return {f"{TARGETS}/{target.get_prefixed_paths()[0]}": target for role in roles for target in role.targets.values()}


def _sidecars(tree: Path, there: contents.Contents, files: contents.Contents, result: Verified) -> Iterator[str]:
    """Checks that bills of materials agree with the packages' signed files."""
    for name in sorted(one for one in files if one.startswith(f"{FOLDER}/") and one in there):
        content = (tree / name).read_bytes()
        if sha256(content).hexdigest() != files[name][0]:
            continue
        result.without_digest += _unknown(content)
        for one in json.loads(content)["revisions"].values():
            sbom = str(one["sbom"]["file"])
            if not sbom.startswith(f"{SBOMS}/") or sbom not in there:
                yield f"{sbom} is missing"
            elif there[sbom][0] != one["sbom"]["sha256"]:
                yield f"{sbom} is not what {name} says"


def _unknown(content: bytes) -> int:
    """How many artifacts in a package's file have no digest."""
    revisions = json.loads(content)["revisions"].values()
    return sum("sha256" not in artifact for one in revisions for artifact in one["artifacts"])


def refused(result: Verified) -> RepositoryRefused:
    """The refusal of a tree with files that differ from the signed ones."""
    shown = "; ".join(result.unsigned[:5])
    more = f" and {len(result.unsigned) - 5} more" if len(result.unsigned) > 5 else ""
    return RepositoryRefused(f"the tree at {result.where} is refused", TAMPERED, f"{shown}{more}")
