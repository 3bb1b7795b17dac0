"""What each file of a repository holds: made from revisions by the rules of Universe's generator. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

from dcos_universe.errors import UniverseError
from dcos_universe.model import Json, Revision

RELEASES = ("1.8", "1.9", "1.10", "1.11", "1.12", "1.13", "2.0")
"""The releases of DC/OS for which repository files are made, oldest first."""

UNIVERSE = "universe"
EMPTY = "repo-empty-v3"
LEGACY = frozenset({"1.8", "1.9"})
"""Releases whose package manager reads v3 only, and needs the quotes in the texts of options escaped once more."""

_TYPE = "application/vnd.dcos.universe.repo+json;charset=utf-8;version={}"
NUMBERS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){0,9}")
"""A release of DC/OS."""
_BARE_QUOTE = re.compile(r'([^\\])"')
OPENING, BETWEEN, CLOSING = b'{"packages": [', b", ", b"]}"
"""The bytes before, between and after the entries of a repository file."""


def index_name(release: str | None) -> str:
    """The name of a release's repository file, such as ``repo-up-to-1.13``. None: ``universe``, which has every
    revision.
    """
    return UNIVERSE if release is None else f"repo-up-to-{release}"


INDEXES: dict[str, str | None] = {index_name(release): release for release in (None, *RELEASES)}
"""The repository files that hold packages: name -> the release that it is for."""


def media_version(release: str | None) -> str:
    """The form of a release's file: ``v3``, ``v4`` or ``v5``. Raises `UniverseError` for an unknown release."""
    if release is None:
        return "v5"
    if release not in RELEASES:
        raise UniverseError(
            f"no repository file is made for DC/OS {release}",
            why=f"the releases are {', '.join(RELEASES)}",
            hint="ask for the newest release that is not newer than the cluster's",
        )
    if numbers(release) <= (1, 9):
        return "v3"
    return "v4" if numbers(release) <= (1, 11) else "v5"


def content_type(release: str | None) -> str:
    """The content type of the file for that release, and of its packages' files. None: that of ``universe.json``."""
    return _TYPE.format(media_version(release))


def numbers(version: str) -> tuple[int, ...]:
    """A release as numbers, to be compared part by part: 1.10 > 1.9, and 1.9.0 > 1.9. Raises `UniverseError`."""
    if not NUMBERS.fullmatch(version):
        raise UniverseError(
            f"{version!r} is no release of DC/OS",
            why="a release is numbers with dots between them",
            hint="write it as 1.13 or 2.0.1",
        )
    return tuple(int(part) for part in version.split("."))


_JSON = json.JSONEncoder(allow_nan=False)


def encode(value: Any) -> bytes:
    """JSON in the form of repository files: ASCII, with blanks after commas and colons. Raises `UniverseError`."""
    try:
        return _JSON.encode(value).encode("ascii")
    except (ValueError, TypeError, RecursionError) as fault:
        raise UniverseError(
            "a value of a package cannot be written as JSON", why=str(fault), hint="dcos-universe check names it"
        ) from fault


def legacy(entry: Json) -> Json:
    """The entry in the form for DC/OS 1.8 and 1.9. Its unchanged parts are the same objects as in the given one."""
    made = dict(entry)
    if "config" in made:
        made["config"] = _legacy_config(made["config"])
    return _legacy_head(made)


def _legacy_config(config: Any) -> Any:
    if isinstance(config, dict) and isinstance(config.get("properties"), dict):
        return {**config, "properties": _escaped(config["properties"])}
    return config


def _legacy_head(made: Json) -> Json:
    if made["packagingVersion"] not in ("2.0", "3.0"):
        made.pop("upgradesFrom", None)
        made.pop("downgradesTo", None)
        made["packagingVersion"] = "3.0"
    return made


def _escaped(properties: Json) -> Json:
    made = {}
    for name, given in properties.items():
        made[name] = given
        if not isinstance(given, dict):
            continue
        value = made[name] = dict(given)
        if isinstance(value.get("description"), str):
            value["description"] = _escape(value["description"])
        if value.get("type") == "string" and isinstance(value.get("default"), str):
            value["default"] = _escape(value["default"])
        elif value.get("type") == "object" and isinstance(value.get("properties"), dict):
            value["properties"] = _escaped(value["properties"])
    return made


def _escape(text: str) -> str:
    """As Universe's generator does it: each match takes the character before a quote, too. So a quote at the start, and
    every second one of adjacent quotes, are not escaped.
    """
    return _BARE_QUOTE.sub(r'\1\\"', text) if '"' in text else text


class EntryEncoder:
    """Encodes entries, one revision after the other. If a revision has the same options (the same object) as the one
    before, they are not encoded again."""

    def __init__(self) -> None:
        self._config: Any = None
        self._plain = self._old = b""

    def entry(self, entry: Json) -> bytes:
        """As `encode`. Raises `UniverseError`."""
        config = entry.get("config")
        if not isinstance(config, dict):
            return encode(entry)
        self._turn(config)
        self._plain = self._plain or encode(config)
        return _inserted(entry, self._plain)

    def legacy(self, entry: Json) -> bytes:
        """`encode` of what `legacy` makes of the entry. Raises `UniverseError`."""
        config = entry.get("config")
        if not isinstance(config, dict):
            return encode(legacy(entry))
        self._turn(config)
        self._old = self._old or encode(_legacy_config(config))
        return _inserted(_legacy_head(dict(entry)), self._old)

    def _turn(self, config: Json) -> None:
        if config is not self._config:
            self._config, self._plain, self._old = config, b"", b""


def _inserted(entry: Json, config: bytes) -> bytes:
    """The encoded entry, with these bytes as its config."""
    before: Json = {}
    after: Json = {}
    here = before
    for key, value in entry.items():
        if key == "config":
            here = after
        else:
            here[key] = value
    parts = [b'"config": ' + config]
    if before:
        parts.insert(0, encode(before)[1:-1])
    if after:
        parts.append(encode(after)[1:-1])
    return b"{" + b", ".join(parts) + b"}"


@dataclass(frozen=True, slots=True)
class Piece:
    """A revision as the bytes that repository files are joined from: its entry in `UNIVERSE` (``whole``), in files of
    releases (``new``), and in those below 1.10 (``old``). None: it is in none of these files.
    """

    name: str
    number: int
    minimum: tuple[int, ...]
    whole: bytes
    new: bytes | None
    old: bytes | None
    whole_digest: str
    new_digest: str = ""
    old_digest: str = ""

    @classmethod
    def of(cls, revision: Revision, *, offered: Json | None, encoder: EntryEncoder | None = None) -> Piece:
        """``offered`` is the entry for the files of releases: usually the revision's own; None for a yanked one.
        To use one ``encoder`` for many revisions saves time.

        Raises `UniverseError` if the revision's minimum demands a file whose form cannot hold it.
        """
        minimum = numbers(revision.minimum)
        refuse_in_old_files(revision, minimum)
        encoder = encoder or EntryEncoder()
        whole = encoder.entry(revision.entry)
        made = cls(
            revision.name, revision.release_version, minimum, whole, None, None, sha256(whole).hexdigest(), "", ""
        )
        if offered is None:
            return made
        same = offered is revision.entry
        new = whole if same else encoder.entry(offered)
        old = encoder.legacy(offered) if minimum <= (1, 9) else None
        return replace(
            made,
            new=new,
            old=old,
            new_digest=made.whole_digest if same else sha256(new).hexdigest(),
            old_digest=sha256(old).hexdigest() if old is not None else "",
        )

    def is_in(self, release: str | None) -> bool:
        return release is None or (self.new is not None and self.minimum <= COMPARED[release])

    def bytes_in(self, release: str | None) -> bytes:
        """The revision's entry in the file for that release. It must be in that file."""
        found = self.whole if release is None else self.old if release in LEGACY else self.new
        assert found is not None
        return found


COMPARED = {release: numbers(release) for release in RELEASES}
"""Release -> its numbers, which are compared with a revision's minimum."""


def refuse_in_old_files(revision: Revision, minimum: tuple[int, ...]) -> None:
    kept = "manager" in revision.entry and minimum <= (1, 9)
    newer = revision.packaging_version == "5.0" and minimum <= (1, 11)
    if kept or newer:
        what = "manager" if kept else "packagingVersion 5.0"
        last = "1.9" if kept else "1.11"
        raise UniverseError(
            f"{revision} cannot be in repo-up-to-{last}.json, which its minDcosReleaseVersion asks for",
            why=f"that file's form ({media_version(last)}) has no {what}",
            hint="set minDcosReleaseVersion to 1.12 or newer in its package.json",
        )


def joined(entries: Iterable[bytes]) -> bytes:
    """A repository file made of encoded entries."""
    return b"".join((OPENING, BETWEEN.join(entries), CLOSING))
