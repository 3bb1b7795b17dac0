"""Old revisions that a repository does not need: a plan, which is then carried out unchanged."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dcos_universe import reading, states
from dcos_universe.authoring import sources
from dcos_universe.authoring.sources import Key
from dcos_universe.errors import UniverseError
from dcos_universe.index import durable
from dcos_universe.index.files import RELEASES, numbers
from dcos_universe.model import Revision
from dcos_universe.states import States


@dataclass(frozen=True)
class Plan:
    """``gone``: each revision to remove, with the reason; ``kept``: each old one that stays, with the reason."""

    gone: Mapping[Key, str]
    kept: Mapping[Key, str]

    @property
    def digest(self) -> str:
        """The digest of the revisions to remove: it shows that the plan that was printed is the one carried out."""
        return hashlib.sha256("".join(f"{key}\n" for key in sorted(self.gone)).encode()).hexdigest()[:12]


def plan(revisions: Mapping[Key, Revision], said: States, keep: int) -> Plan:
    """For each package, keeps the ``keep`` newest revisions that each release of DC/OS may install, in each channel,
    and those from which one of them can be upgraded, as it says itself. The others are to be removed.
    """
    gone: dict[Key, str] = {}
    kept: dict[Key, str] = {}
    for name in sorted({key.name for key in revisions}):
        own = sorted((key for key in revisions if key.name == name), key=lambda key: -key.revision)
        newest: set[Key] = set()
        for release in RELEASES:
            for channel in said.channels:
                offered = [
                    key
                    for key in own
                    if numbers(revisions[key].minimum) <= numbers(release)
                    and said.yanked(key.name, key.revision) is None
                    and said.in_channel(key.name, key.revision, channel)
                ]
                newest |= set(offered[:keep])
        # A revision that no release may install is hidden on purpose; only its age counts.
        hidden = [key for key in own if all(numbers(revisions[key].minimum) > numbers(one) for one in RELEASES)]
        newest |= set(hidden[:keep])
        named = {version for key in newest for version in revisions[key].upgrades_from if version != "*"}
        for key in own:
            if key in newest:
                continue
            if revisions[key].version in named and said.yanked(key.name, key.revision) is None:
                kept[key] = "a newer revision names it as one to upgrade from"
            elif (reason := said.yanked(key.name, key.revision)) is not None:
                gone[key] = f"yanked: {reason}"
            else:
                gone[key] = f"older than the {keep} newest of every release"
    return Plan(gone, kept)


def planned(source: Path, keep: int) -> Plan:
    root = sources.root_of(source)
    return plan({key: reading.read(sources.folder(root, key)) for key in sources.keys(root)}, states.read(root), keep)


def carry_out(source: Path, keep: int, shown: str) -> Plan:
    """Carries out the plan that was shown. Raises `UniverseError` if it would be another one now."""
    root = sources.root_of(source)
    with states.alone(root):
        made = planned(source, keep)
        if made.digest != shown:
            raise UniverseError(
                "this plan is not carried out",
                why="the packages have changed since it was made",
                hint="look at the new plan, and do that one",
            )
        said = states.read(root)
        sources.remove(root, sorted(made.gone))
        left = said.without((key.name, key.revision) for key in made.gone)
        if left.encoded() != said.encoded():
            durable.write(root / states.FILE, left.encoded())
    return made
