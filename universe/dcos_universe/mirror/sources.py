"""Where a mirror takes its packages from: a folder of packages, a built tree, or a repository behind a URL."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dcos_universe import artifacts, reading
from dcos_universe.artifacts import Digest
from dcos_universe.errors import UniverseError
from dcos_universe.index.client import Client
from dcos_universe.model import Revision


@dataclass(frozen=True)
class Source:
    """``known`` gives the digests by URI that are known of a revision."""

    revisions: list[Revision]
    known: Callable[[Revision], Mapping[str, Digest]]


def read(where: str, *, root: bytes | None, state: Path) -> Source:
    """``root``: what is not signed under it is refused. Raises `UniverseError`."""
    if "://" not in where:
        folder = Path(where)
        if (folder / "packages").is_dir():
            return _packages(folder)
        if not (folder / "universe.json").is_file():
            raise UniverseError(
                f"{where} is no source of packages",
                why="it holds neither packages/ nor universe.json",
                hint="name a folder of packages, a built tree or the URL of a repository",
            )
    client = Client(where if "://" in where else Path(where), root=root, state=state, index="universe")
    revisions = [Revision.of(entry) for entry in client.refresh()["packages"]]
    told: dict[str, dict[int, dict[str, Digest]]] = {}

    def known(revision: Revision) -> Mapping[str, Digest]:
        if revision.name not in told:
            found = client.artifacts(revision.name)
            told[revision.name] = {} if found is None else artifacts.told_of(found)
        return told[revision.name].get(revision.release_version, {})

    return Source(revisions, known)


def _packages(folder: Path) -> Source:
    folders = {}
    revisions = []
    for path in reading.revisions(folder):
        revision = reading.read(path)
        revisions.append(revision)
        folders[revision.name, revision.release_version] = path
    return Source(revisions, lambda one: artifacts.read(folders[one.name, one.release_version]))
