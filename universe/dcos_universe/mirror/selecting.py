"""Which revisions a mirror is to hold: ``name`` (the newest), ``name=version``, ``name=*`` (all). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dcos_universe.errors import UniverseError
from dcos_universe.model import Revision

EVERY = "*"


def select(revisions: Iterable[Revision], wanted: Sequence[str]) -> list[Revision]:
    """The revisions that are wanted, by name and number. Of two with one version, the higher number.

    Raises `UniverseError` that names everything that is not there.
    """
    by_name: dict[str, list[Revision]] = {}
    for revision in sorted(revisions, key=lambda one: (one.name, one.release_version)):
        by_name.setdefault(revision.name, []).append(revision)
    found: dict[tuple[str, int], Revision] = {}
    wrong = []
    for one in wanted:
        name, _, version = one.partition("=")
        there = by_name.get(name, [])
        fit = there if version == EVERY else [each for each in there if version in ("", each.version)]
        if not there:
            wrong.append(f"{name} is no package of it")
        elif not fit:
            versions = list(dict.fromkeys(each.version for each in reversed(there)))
            wrong.append(f"{name} has no version {version}, but {', '.join(versions[:8])}")
        for each in fit if version == EVERY else fit[-1:]:
            found[each.name, each.release_version] = each
    if wrong:
        raise UniverseError(
            "not everything that is wanted is there",
            why="; ".join(wrong),
            hint="--package name, name=version or name=*",
        )
    return [found[key] for key in sorted(found)]
