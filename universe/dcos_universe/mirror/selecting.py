"""Which revisions a mirror is to hold: ``name`` (the newest that is offered), ``name=version``, ``name=*`` (all of the
most trusted channel). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dcos_universe.errors import UniverseError
from dcos_universe.model import Revision
from dcos_universe.states import States

EVERY = "*"


def select(revisions: Iterable[Revision], states: States, wanted: Sequence[str]) -> list[Revision]:
    """The revisions that are wanted, by name and number. Of two with one version, the higher number. The newest is one
    that is not yanked, and in the most trusted channel; a version that is named may be any.

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
            "not everything that is wanted is there",
            why="; ".join(wrong),
            hint="--package name, name=version or name=*",
        )
    return [found[key] for key in sorted(found)]
