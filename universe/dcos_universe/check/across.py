"""Checks several revisions together: versions of a package, managers, ``state.json``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dcos_universe import states
from dcos_universe.check.findings import Finding
from dcos_universe.check.revision import Facts
from dcos_universe.errors import UniverseError
from dcos_universe.reading import PACKAGE


def check_across(packages: Mapping[str, Sequence[tuple[int, str, Facts | None]]]) -> Iterator[Finding]:
    """``packages``: by name, the revisions in order, each with its folder and its known facts."""
    for name, revisions in packages.items():
        known = [(number, place, facts) for number, place, facts in revisions if facts is not None]
        yield from _versions(known)
        # A revision whose package.json cannot be read may have any version.
        if len(known) == len(revisions):
            yield from _ways(known)
        for _, place, facts in known:
            if facts.manager and facts.manager not in packages:
                what = f"there is no package {facts.manager[:80]!r}"
                path = ("manager", "packageName")
                yield Finding(f"{place}/{PACKAGE}", path, "unknown-manager", what, "add it, or name another manager")
            if facts.manager == name:
                what = "the package would manage itself"
                path = ("manager", "packageName")
                yield Finding(f"{place}/{PACKAGE}", path, "unknown-manager", what, "name another manager")


def _versions(revisions: Sequence[tuple[int, str, Facts]]) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for number, place, facts in revisions:
        if facts.version in first:
            what = f"revision {first[facts.version]} has the version {facts.version[:80]}, too"
            remedy = "give each revision a version of its own"
            yield Finding(f"{place}/{PACKAGE}", ("version",), "same-version", what, remedy)
        first.setdefault(facts.version, number)


def _ways(revisions: Sequence[tuple[int, str, Facts]]) -> Iterator[Finding]:
    there = {facts.version for _, _, facts in revisions}
    for _, place, facts in revisions:
        for key, listed in (("upgradesFrom", facts.upgrades_from), ("downgradesTo", facts.downgrades_to)):
            for at, version in enumerate(listed):
                if version == "*":
                    continue
                file, path = f"{place}/{PACKAGE}", (key, at)
                if version == facts.version:
                    yield Finding(file, path, "own-version", "it is the version itself", "take it away")
                elif version not in there:
                    what = f"no revision has the version {version[:80]!r}"
                    yield Finding(file, path, "unknown-version", what, "remove it, or add the revision")


def check_states(source: Path, packages: Mapping[str, Sequence[tuple[int, str, Facts | None]]]) -> Iterator[Finding]:
    """``source``: the folder that contains ``packages``."""
    try:
        said = states.read(source)
    except UniverseError as fault:
        remedy = fault.hint or "correct it"
        yield Finding(states.FILE, (), "state", f"{fault.what}{f': {fault.why}' if fault.why else ''}", remedy)
        return
    for name, number, _ in said:
        if not any(number == one for one, _, _ in packages.get(name, ())):
            what = f"there is no revision {number} of {name}"
            path = ("packages", name, str(number))
            yield Finding(states.FILE, path, "unknown-revision", what, "take it away")
