"""The licences of packages, as their publishers state them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dcos_universe.model import Revision


@dataclass(frozen=True)
class Stated:
    """``licences``: names, each with an address to read it; empty if the package states none."""

    name: str
    version: str
    revision: int
    licences: tuple[tuple[str, str], ...]


def stated(revisions: Iterable[Revision], *, every: bool) -> Iterator[Stated]:
    """The licences of every revision, or of the newest of each package, by name and number."""
    found = sorted(revisions, key=lambda one: (one.name, one.release_version))
    for number, one in enumerate(found):
        if not every and number + 1 < len(found) and found[number + 1].name == one.name:
            continue
        listed = one.entry.get("licenses")
        pairs = [
            (str(entry.get("name", "")), str(entry.get("url", "")))
            for entry in (listed if isinstance(listed, list) else [])
            if isinstance(entry, dict)
        ]
        yield Stated(one.name, one.version, one.release_version, tuple(pairs))
