"""Selects the revisions of a mirror: ``name`` (the newest that is offered), ``name=version``, ``name=*`` (all of the
most trusted channel). Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dcos_universe.errors import UniverseError
from dcos_universe.model import Revision
from dcos_universe.states import States

EVERY = "*"


def select(revisions: Iterable[Revision], states: States, wanted: Sequence[str]) -> list[Revision]:
    """The wanted revisions, by name and number. Of two with one version, the higher number. The newest must not be
    yanked, and must be in the most trusted channel; a named version may be any.

    Raises `UniverseError` that names everything that does not exist.
    """
    by_name: dict[str, list[Revision]] = {}
    for revision in sorted(revisions, key=lambda one: (one.name, one.release_version)):
        by_name.setdefault(revision.name, []).append(revision)
    found: dict[tuple[str, int], Revision] = {}
    wrong = []
    for one in wanted:
        name, _, version = one.partition("=")
        there = by_name.get(name, [])
        trusted = [each for each in there if states.in_channel(each.name, each.release_version, states.channels[-1])]
        if version == EVERY:
            fit = trusted
        elif version:
            fit = [each for each in there if each.version == version]
        else:
            fit = [each for each in trusted if states.yanked(each.name, each.release_version) is None]
        if not there:
            wrong.append(f"{name} is no package of it")
        elif not fit and version in ("", EVERY):
            wrong.append(f"{name} has no revision that is offered: name a version to take one that is not")
        elif not fit:
            versions = list(dict.fromkeys(each.version for each in reversed(there)))
            wrong.append(f"{name} has no version {version}, but {', '.join(versions[:8])}")
        for each in fit if version == EVERY else fit[-1:]:
            found[each.name, each.release_version] = each
    if wrong:
        raise UniverseError(
            "some of the requested packages do not exist",
            why="; ".join(wrong),
            hint="--package name, name=version or name=*",
        )
    return [found[key] for key in sorted(found)]
