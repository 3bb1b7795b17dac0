"""A package revision in all modules here: its object in a repository file."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from dcos_universe.errors import UniverseError

Json: TypeAlias = "dict[str, Any]"
"""A JSON object; keys in the order of the file, in which user interfaces show options."""


LATEST = 253_402_214_400
"""Seconds from 1970 to the last day of the year 9999, which calendars of programs end with."""


def is_time(value: object) -> bool:
    """Whether ``lastUpdated`` may be this: a number of seconds since 1970, as in Mesosphere's Universe."""
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < LATEST


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a package. ``entry`` is its object in a repository file (Universe's v3 to v5): the keys of
    ``package.json`` in their order, then ``releaseVersion``, ``resource``, ``marathon``, ``config``, ``command``, each
    only if it exists and is not empty. It is shared: copy it before you change anything.
    """

    entry: Json

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Revision:
        """The revision with this entry. Raises `UniverseError` when the four fields that identify a revision are
        missing or of another type.
        """
        if not isinstance(entry, Mapping):
            raise UniverseError(
                "an entry of a repository is no object",
                why=f"it is {_short(entry)}",
                hint="have the repository checked by its publisher: dcos-universe check",
            )
        for key, kind in (("packagingVersion", str), ("name", str), ("version", str), ("releaseVersion", int)):
            value = entry.get(key)
            if not isinstance(value, kind) or isinstance(value, bool):
                raise UniverseError(
                    f"an entry of a repository has no {key} that names it",
                    why=f"{key} is {_short(value)}, not {'a number' if kind is int else 'a string'}",
                    hint="have the repository checked by its publisher: dcos-universe check",
                )
        return cls(dict(entry))

    @property
    def packaging_version(self) -> str:
        """``2.0`` to ``5.0``."""
        return str(self.entry["packagingVersion"])

    @property
    def name(self) -> str:
        return str(self.entry["name"])

    @property
    def version(self) -> str:
        """Its publisher's text: two revisions may have the same, and versions are not ordered by it."""
        return str(self.entry["version"])

    @property
    def release_version(self) -> int:
        """The number of the revision; the highest of those that a cluster may have is the newest."""
        return int(self.entry["releaseVersion"])

    @property
    def minimum(self) -> str:
        """The least DC/OS release that it needs; ``0.0`` if it names none."""
        return str(self.entry.get("minDcosReleaseVersion") or "0.0")

    @property
    def template(self) -> bytes | None:
        """The mustache template of its app, or None. Raises `UniverseError` when it is not base64."""
        text = (self.entry.get("marathon") or {}).get("v2AppMustacheTemplate")
        if not text:
            return None
        try:
            return base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError, TypeError) as fault:
            raise UniverseError(
                f"the template of {self} cannot be read",
                why=f"v2AppMustacheTemplate is not base64: {fault}",
                hint="have its publisher check it",
            ) from fault

    @property
    def config(self) -> Json | None:
        """The JSON Schema of its options."""
        return self.entry.get("config")

    @property
    def resource(self) -> Json | None:
        return self.entry.get("resource")

    @property
    def upgrades_from(self) -> tuple[str, ...]:
        """Versions that it may replace; ``*`` is any."""
        return tuple(self.entry.get("upgradesFrom") or ())

    @property
    def downgrades_to(self) -> tuple[str, ...]:
        return tuple(self.entry.get("downgradesTo") or ())

    @property
    def manager(self) -> str | None:
        """The package that installs and changes this one instead of Cosmos (packagingVersion 5.0)."""
        manager = self.entry.get("manager")
        return None if manager is None else str(manager.get("packageName"))

    @property
    def updated(self) -> int | None:
        """``lastUpdated``, whole seconds since 1970; None if it is missing or no such time."""
        value = self.entry.get("lastUpdated")
        return int(value) if value is not None and is_time(value) else None

    def __str__(self) -> str:
        return f"{self.name} {self.version} (revision {self.release_version})"


def _short(value: object) -> str:
    text = "missing" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
