"""The sources of a mirror's packages: a folder of packages, a built tree, or a repository behind a URL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dcos_universe import artifacts, reading, states
from dcos_universe.artifacts import Digest
from dcos_universe.errors import UniverseError
from dcos_universe.index.client import Client, folder_and_index
from dcos_universe.index.files import COMPARED, RELEASES, UNIVERSE, index_name, numbers
from dcos_universe.index.trusted import MISSING, RepositoryRefused
from dcos_universe.layout import tree_in
from dcos_universe.model import Revision
from dcos_universe.states import RevisionState, States, noted_reason

WITHDRAWN = "its publisher has withdrawn it"


@dataclass(frozen=True)
class Source:
    """``states``: which revisions are yanked, and, as far as the source says, deprecated and in which channel.
    ``known`` returns the known digests of a revision by URI.
    """

    revisions: list[Revision]
    states: States
    known: Callable[[Revision], Mapping[str, Digest]]


def read(where: str, *, root: bytes | None, state: Path) -> Source:
    """``root``: everything that it does not verify is refused. Raises `UniverseError`."""
    if "://" not in where:
        where = str(tree_in(Path(where)))
    if "://" not in where and not (Path(where) / "universe.json").is_file():
        try:
            return _packages(reading.packages(Path(where)).parent)
        except UniverseError as fault:
            raise UniverseError(
                f"{where} is no source of packages",
                why=fault.why or str(fault),
                hint="name a folder of packages, a built tree or the URL of a repository",
            ) from fault
    client = Client(where if "://" in where else Path(where), root=root, state=state / "all", index=UNIVERSE)
    revisions = [Revision.of(entry) for entry in client.refresh()["packages"]]
    counted = Counter((one.name, one.release_version) for one in revisions)
    if twice := [f"revision {number} of {name}" for (name, number), times in counted.items() if times > 1]:
        raise UniverseError(
            f"{where} is not mirrored",
            why=f"{twice[0]} is in it twice",
            hint="have its publisher check it: dcos-universe check",
        )
    said = _said(where, revisions, root=root, state=state / "offered")
    by_package: dict[str, dict[int, dict[str, Digest]]] = {}

    def known(revision: Revision) -> Mapping[str, Digest]:
        if revision.name not in by_package:
            found = client.artifacts(revision.name)
            by_package[revision.name] = {} if found is None else artifacts.digests_of(found)
        return by_package[revision.name].get(revision.release_version, {})

    return Source(revisions, said, known)


def _said(where: str, revisions: list[Revision], *, root: bytes | None, state: Path) -> States:
    """The states of these revisions of ``universe.json`` in the newest release's file: a revision that it does not
    offer although that release may have it is withdrawn, and one is deprecated if its notes say so. The file is
    requested after ``revisions`` were: a revision withdrawn meanwhile counts as withdrawn.
    """
    newest = RELEASES[-1]
    at: str | Path = Path(where)
    if "://" in where:
        folder, named = folder_and_index(where)
        at = folder if named == UNIVERSE else where
    try:
        found = Client(at, root=root, state=state, index=index_name(newest), release=newest).refresh()["packages"]
    except RepositoryRefused as refusal:
        if refusal.reason != MISSING:
            raise
        return States()
    offered = {(one.name, one.release_version): one for one in map(Revision.of, found)}
    said = {}
    for one in revisions:
        key = one.name, one.release_version
        if key in offered:
            reason = noted_reason(offered[key], one)
            if reason is not None:
                said[key] = RevisionState(deprecated=reason)
        elif _fits(one, newest):
            said[key] = RevisionState(yanked=WITHDRAWN)
    return States(said)


def _fits(revision: Revision, release: str) -> bool:
    try:
        return numbers(str(revision.entry.get("minDcosReleaseVersion", "0.0"))) <= COMPARED[release]
    except UniverseError:
        return False


def _packages(folder: Path) -> Source:
    folders = {}
    revisions = []
    for path in reading.revisions(folder):
        revision = reading.read(path)
        revisions.append(revision)
        folders[revision.name, revision.release_version] = path
    said = states.read(folder)
    return Source(revisions, said, lambda one: artifacts.read(folders[one.name, one.release_version]))
