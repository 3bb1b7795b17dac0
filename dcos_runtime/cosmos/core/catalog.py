"""The packages of all repositories together: lookup, search, and which version may follow which. Pure.

If several repositories have a package in the same version, that of the first counts. Each revision is kept as a text of
its own: a repository as Python objects would take five times the memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from dcos_runtime.cosmos.core import errors
from dcos_universe.model import Json, Revision

MAX_QUERY = 1000
_SEPARATORS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Kept:
    """One revision of a repository."""

    name: str
    version: str
    release: int
    source: str
    """The repository's URL."""
    text: bytes
    """The entry, as JSON."""
    ways_up: tuple[str, ...]
    ways_down: tuple[str, ...]
    manager: str | None

    @property
    def entry(self) -> Json:
        try:
            entry: Json = msgspec.json.decode(self.text)
        except msgspec.MsgspecError:  # lone surrogates, which other programs write into JSON
            entry = json.loads(self.text)
        return entry

    @property
    def revision(self) -> Revision:
        return Revision(self.entry)

    def may_follow(self, version: str) -> bool:
        """Whether the revision declares that it may replace ``version``."""
        return "*" in self.ways_up or version in self.ways_up


@dataclass(frozen=True)
class Repository:
    """What one repository holds. `Reading` makes it."""

    name: str
    uri: str
    packages: tuple[Kept, ...]
    urls: frozenset[str]
    left_out: tuple[str, ...] = ()
    """Invalid entries, with the reason: they are left out."""


TAKEN, REFUSED = b"+", b"-"
"""What a line begins with that holds an entry of a repository, or the reason why one is left out."""


class Reading:
    """Reads a repository line by line, as the refresher has written it: with its verdict on each entry."""

    def __init__(self, name: str, uri: str) -> None:
        self._name, self._uri = name, uri
        self._kept: list[Kept] = []
        self._urls: set[str] = set()
        self._left_out: list[str] = []

    def take(self, line: bytes) -> None:
        """``line``: `TAKEN` and a valid entry, or `REFUSED` and a text that says which entry is refused and why; both
        in JSON. Raises ``ValueError``.
        """
        value = json.loads(line[1:])
        if line.startswith(REFUSED):
            self._left_out.append(str(value))
            return
        self._kept.append(_kept(value, self._uri, line[1:].strip()))
        self._urls.update(urls_of(value.get("resource")))

    def done(self) -> Repository:
        return Repository(self._name, self._uri, tuple(self._kept), frozenset(self._urls), tuple(self._left_out))


def _kept(entry: Mapping[str, Any], uri: str, text: bytes) -> Kept:
    revision = Revision.of(entry)
    ways_up, ways_down = revision.upgrades_from, revision.downgrades_to
    return Kept(
        revision.name, revision.version, revision.release_version, uri, text, ways_up, ways_down, revision.manager
    )


def urls_of(resource: Any) -> Iterator[str]:
    """Every URL of a ``resource.json`` that clients fetch through us."""
    if not isinstance(resource, Mapping):
        return
    assets = resource.get("assets")
    if isinstance(assets, Mapping) and isinstance(uris := assets.get("uris"), Mapping):
        yield from (value for value in uris.values() if isinstance(value, str) and value)
    images = resource.get("images")
    if isinstance(images, Mapping):
        for value in images.values():
            if isinstance(value, str) and value:
                yield value
            elif isinstance(value, list):
                yield from (one for one in value if isinstance(one, str) and one)
    cli = resource.get("cli")
    binaries = cli.get("binaries") if isinstance(cli, Mapping) else None
    for platform in binaries.values() if isinstance(binaries, Mapping) else ():
        for binary in platform.values() if isinstance(platform, Mapping) else ():
            if isinstance(binary, Mapping) and isinstance(url := binary.get("url"), str) and url:
                yield url


@dataclass(slots=True)
class _Found:
    """A package as a search shows it, and the words by which it is found."""

    newest: Kept
    versions: dict[str, int] = field(default_factory=dict)
    result: Json = field(default_factory=dict)
    name: str = ""
    tags: tuple[str, ...] = ()
    description: str = ""


class Catalog:
    """All packages; an earlier one of ``repositories`` takes precedence over a later one."""

    def __init__(self, repositories: Sequence[Repository] = ()) -> None:
        self.repositories = tuple(repositories)
        self._packages: dict[str, list[Kept]] = {}
        seen: set[tuple[str, str]] = set()
        for repository in self.repositories:
            for kept in sorted(repository.packages, key=lambda one: (one.name, -one.release)):
                if (kept.name, kept.version) not in seen:
                    seen.add((kept.name, kept.version))
                    self._packages.setdefault(kept.name, []).append(kept)
        self._searched = {name: _searched(several) for name, several in sorted(self._packages.items())}

    def __len__(self) -> int:
        return sum(map(len, self._packages.values()))

    def names_url(self, url: str) -> bool:
        """Whether any package of the catalog names this URL."""
        return any(url in repository.urls for repository in self.repositories)

    def package_of_url(self, url: str) -> str:
        """A package that names this URL; empty when none does."""
        quoted = json.dumps(url)[1:-1].encode()
        for several in self._packages.values():
            for kept in several:
                if quoted in kept.text and url in urls_of(kept.entry.get("resource")):
                    return kept.name
        return ""

    # --- looking up ---

    def package(self, name: str, version: str | None = None) -> Kept:
        """The package's newest revision in the first repository that has the package, or the one of ``version``. Raises
        `CosmosError`.
        """
        several = self.versions(name)
        if version is None:
            return several[0]
        for kept in several:
            if kept.version == version:
                return kept
        raise errors.version_not_found(name, version)

    def versions(self, name: str) -> Sequence[Kept]:
        """All revisions of a package, the newest first. Raises `CosmosError` when there is none."""
        several = self._packages.get(name)
        if not several:
            raise errors.package_not_found(name)
        return several

    def find(self, name: str, version: str) -> Kept | None:
        return next((kept for kept in self._packages.get(name, ()) if kept.version == version), None)

    def upgrades(self, name: str, version: str) -> list[str]:
        """Versions that declare that they may replace ``version``, the newest first."""
        return [
            one.version for one in self._packages.get(name, ()) if one.version != version and one.may_follow(version)
        ]

    def downgrades(self, entry: Mapping[str, Any]) -> list[str]:
        """Versions that the revision of ``entry`` may go back to."""
        ways = [str(one) for one in entry.get("downgradesTo") or ()]
        found = self._packages.get(str(entry.get("name")), ())
        return [
            one.version for one in found if one.version != entry.get("version") and ("*" in ways or one.version in ways)
        ]

    # --- searching ---

    def search(self, query: str | None) -> list[Json]:
        """As Cosmos answers: ``*`` in ``query`` stands for any text; without one the query may stand anywhere in a
        word. Results that Cosmos would not order are ordered by how well they match: the name, its beginning, a tag,
        and then all others.
        """
        query = (query or "").strip()
        if not query:
            return [found.result for found in self._by_selection(self._searched.values())]
        if len(query) > MAX_QUERY:
            raise errors.not_valid("body", "query", f"it is longer than {MAX_QUERY} characters")
        wanted = query.lower()
        if "*" in query:
            pieces = wanted.split("*")
            hits = [found for found in self._searched.values() if any(_matches(pieces, text) for text in _texts(found))]
            return [found.result for found in self._by_selection(hits)]
        scored = [(score, found) for found in self._searched.values() if (score := _score(wanted, found)) > 0]
        scored.sort(key=lambda one: (-one[0], not one[1].result.get("selected", False), one[1].name))
        return [found.result for _, found in scored]

    @staticmethod
    def _by_selection(hits: Iterable[_Found]) -> list[_Found]:
        return sorted(hits, key=lambda found: (not found.result.get("selected", False), found.name))


def _searched(several: Sequence[Kept]) -> _Found:
    newest = several[0]
    entry = newest.entry
    versions: dict[str, int] = {}
    for kept in several:
        versions[kept.version] = max(kept.release, versions.get(kept.version, kept.release))
    result: Json = {
        "name": newest.name,
        "currentVersion": newest.version,
        "versions": {version: str(release) for version, release in versions.items()},
        "description": entry.get("description", ""),
        "framework": entry.get("framework") is True,
        "tags": entry.get("tags") or [],
    }
    if isinstance(entry.get("selected"), bool):
        result["selected"] = entry["selected"]
    images = (entry.get("resource") or {}).get("images")
    if isinstance(images, Mapping) and images:
        result["images"] = dict(images)
    tags = tuple(tag.lower() for tag in result["tags"])
    return _Found(newest, versions, result, newest.name.lower(), tags, str(result["description"]).lower())


def _texts(found: _Found) -> Iterator[str]:
    yield found.name
    yield found.description
    yield from found.tags


def _matches(pieces: Sequence[str], text: str) -> bool:
    """Whether the pieces come one after the other with any text between. Not by a regular expression, which could take
    for ever.
    """
    first, *middle = pieces
    last = middle.pop() if middle else ""
    if not text.startswith(first) or len(text) < len(first) + len(last) or not text.endswith(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        place = text.find(piece, at, end)
        if place < 0:
            return False
        at = place + len(piece)
    return True


def _score(wanted: str, found: _Found) -> int:
    if found.name == wanted:
        return 100
    if found.name.startswith(wanted):
        return 80
    if wanted in _SEPARATORS.split(found.name):
        return 70
    if wanted in found.name:
        return 60
    if wanted in found.tags:
        return 50
    if any(wanted in tag for tag in found.tags):
        return 40
    return 20 if wanted in found.description else 0
