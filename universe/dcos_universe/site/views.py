"""The data for the catalogue's templates: plain texts, numbers and checked links, of packages that are not trusted."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2

from dcos_runtime import urls
from dcos_universe.index.files import RELEASES, Piece, numbers
from dcos_universe.model import Json, Revision
from dcos_universe.states import States

_HUES = 12
_NEWEST = numbers(RELEASES[-1])
_DEEPEST = 12
"""Levels of options that are shown; deeper ones are shown as one."""


@dataclass(frozen=True)
class Version:
    """A revision in a package's list. ``state``: none, ``hidden``, ``yanked`` or ``deprecated``; ``reason``: why."""

    version: str
    number: int
    minimum: str
    packaging: str
    state: str
    reason: str
    upgrades_from: tuple[str, ...]


@dataclass(frozen=True)
class Option:
    """An option of a package."""

    path: str
    kind: str
    default: str
    description: str
    required: bool
    limits: str


@dataclass(frozen=True)
class Section:
    """The options of one object of the schema."""

    name: str
    description: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Asset:
    """An asset of the package; ``link`` is its address if a browser may follow it."""

    kind: str
    name: str
    address: str
    link: str | None
    digest: str


@dataclass(frozen=True)
class Card:
    """A package in the list. ``text`` is searched."""

    name: str
    initial: str
    hue: int
    version: str
    description: str
    tags: tuple[str, ...]
    selected: bool
    state: str
    revisions: int
    text: str


@dataclass(frozen=True)
class PackageView:
    """A package's page."""

    card: Card
    description: str
    maintainer: str
    links: tuple[tuple[str, str, str | None], ...]
    licenses: tuple[tuple[str, str, str | None], ...]
    before: str
    """Notes to read before it is installed."""
    notes: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    versions: tuple[Version, ...]
    sections: tuple[Section, ...]
    images: tuple[Asset, ...]
    assets: tuple[Asset, ...]
    file: str | None
    """The path of the package's own repository file in the tree, of the newest release that has it."""


def render(template: str, **values: Any) -> bytes:
    return _templates().get_template(template).render(**values).encode("utf-8", "backslashreplace")


@cache
def _templates() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def link(value: object) -> str | None:
    """The address if a person may follow it: of the web, absolute, without odd characters. None otherwise."""
    text = value if isinstance(value, str) else ""
    if not text.isascii() or any(ord(character) <= 32 or character in "\\\x7f" for character in text):
        return None
    try:
        parts = urls.parse_web(text)
    except urls.BadUrl:
        return None
    return text if parts.username is None else None


def card(name: str, pieces: Sequence[Piece], states: States) -> Card:
    return _card(name, shown(name, pieces, states), len(pieces), _state(pieces, states))


def shown(name: str, pieces: Sequence[Piece], states: States) -> Revision:
    """The revision that represents a package: the newest that a cluster can be offered, otherwise the newest."""
    offered = [piece for piece in pieces if states.yanked(name, piece.number) is None]
    visible = [piece for piece in offered if piece.minimum <= _NEWEST]
    return Revision.of(json.loads((visible or offered or list(pieces))[-1].whole))


def _state(pieces: Sequence[Piece], states: States) -> str:
    """The state that all revisions of a package have."""
    each = {_state_of(piece.name, piece.number, piece.minimum, states)[0] for piece in pieces}
    return each.pop() if len(each) == 1 else ""


def _state_of(name: str, number: int, minimum: tuple[int, ...], states: States) -> tuple[str, str]:
    if (reason := states.yanked(name, number)) is not None:
        return "yanked", reason
    if (reason := states.deprecated(name, number)) is not None:
        return "deprecated", reason
    if minimum > _NEWEST:
        return "hidden", "it requires a release of DC/OS for which there is no repository file"
    return "", ""


def _card(name: str, revision: Revision, revisions: int, state: str) -> Card:
    entry = revision.entry
    description = " ".join(_text(entry.get("description")).split())
    tags = tuple(_text(tag) for tag in _many(entry.get("tags")))
    return Card(
        name,
        name[:1].upper(),
        zlib.crc32(name.encode()) % _HUES,
        revision.version,
        description if len(description) <= 160 else description[:157].rstrip() + "…",
        tags[:4],
        entry.get("selected") is True,
        state,
        revisions,
        " ".join((name, *tags, _text(entry.get("maintainer")), description[:400])).lower(),
    )


def common_tags(cards: Sequence[Card]) -> list[str]:
    """Tags for filtering the list: those of several packages, the most frequent first."""
    count = Counter(tag for card in cards for tag in card.tags)
    return [tag for tag, times in sorted(count.items(), key=lambda item: (-item[1], item[0]))[:12] if times > 1]


def package(name: str, pieces: Sequence[Piece], states: States) -> PackageView:
    revision = shown(name, pieces, states)
    entry = revision.entry
    resource = _object(entry.get("resource"))
    every = [Revision.of(json.loads(piece.whole)) for piece in pieces]
    listed = [release for release in RELEASES if any(piece.is_in(release) for piece in pieces)]
    return PackageView(
        _card(name, revision, len(pieces), _state(pieces, states)),
        _text(entry.get("description")).strip(),
        _text(entry.get("maintainer")),
        tuple((label, text, link(text)) for label, text in _links(entry)),
        tuple(
            (_text(licence.get("name")), _text(licence.get("url")), link(licence.get("url")))
            for licence in map(_object, _many(entry.get("licenses")))
        ),
        _text(entry.get("preInstallNotes")).strip(),
        tuple(
            (label, _text(entry[key]).strip())
            for label, key in (
                ("After it was installed", "postInstallNotes"),
                ("After it was uninstalled", "postUninstallNotes"),
            )
            if entry.get(key)
        ),
        tuple(_facts(revision)),
        tuple(
            Version(
                one.version,
                one.release_version,
                one.minimum if one.minimum != "0.0" else "any",
                one.packaging_version,
                *_state_of(name, one.release_version, piece.minimum, states),
                tuple(_text(version) for version in one.upgrades_from),
            )
            for one, piece in zip(reversed(every), reversed(pieces), strict=True)
        ),
        tuple(_sections(entry.get("config"))),
        tuple(_images(resource)),
        tuple(_assets(resource)),
        f"{listed[-1]}/package/{name}.json" if listed else None,
    )


def _links(entry: Json) -> Iterator[tuple[str, str]]:
    for label, key in (("Website", "website"), ("Source", "scm")):
        if entry.get(key):
            yield label, _text(entry[key])


def _facts(revision: Revision) -> Iterator[tuple[str, str]]:
    entry = revision.entry
    yield "Revision", str(revision.release_version)
    yield "DC/OS", f"{revision.minimum} or newer" if revision.minimum != "0.0" else "any"
    yield "Packaging", revision.packaging_version
    yield "Framework", "yes" if entry.get("framework") is True else "no"
    if revision.manager is not None:
        yield "Managed by", revision.manager
    cli = _object(_object(entry.get("resource")).get("cli"))
    if cli or "command" in entry:
        platforms = sorted(_text(platform) for platform in _object(cli.get("binaries")))
        yield "Command line", ", ".join(platforms) or "pip"


def _sections(config: Any) -> Iterator[Section]:
    """The schema's objects, each with its own options, in the schema's order."""
    loose: list[Option] = []
    found: list[Section] = []

    def walk(schema: Json, path: str, depth: int) -> None:
        mine: list[Option] = []
        required = set(map(_text, _many(schema.get("required"))))
        below: list[tuple[Json, str]] = []
        for name, value in _object(schema.get("properties")).items():
            one, place = _object(value), f"{path}.{name}" if path else _text(name)
            if _object(one.get("properties")) and depth < _DEEPEST:
                below.append((one, place))
            else:
                mine.append(_option(place, one, name in required))
        if path and mine:
            found.append(Section(path, _text(schema.get("description")).strip(), tuple(mine)))
        else:
            loose.extend(mine)
        for one, place in below:
            walk(one, place, depth + 1)

    walk(_object(config), "", 0)
    if loose:
        yield Section("", "", tuple(loose))
    yield from found


def _option(path: str, schema: Json, required: bool) -> Option:
    kind = schema.get("type", "any")
    return Option(
        path,
        " or ".join(map(_text, kind)) if isinstance(kind, list) else _text(kind),
        json.dumps(schema["default"]) if "default" in schema else "",
        _text(schema.get("description")).strip(),
        required,
        "; ".join(_limits(schema)),
    )


def _limits(schema: Json) -> Iterator[str]:
    if isinstance(schema.get("enum"), list):
        yield "one of " + ", ".join(json.dumps(value) for value in schema["enum"])
    for key, words in (("minimum", "at least"), ("maximum", "at most"), ("pattern", "pattern")):
        if key in schema:
            yield f"{words} {_text(schema[key])}"


def _images(resource: Json) -> Iterator[Asset]:
    images = _object(resource.get("images"))
    for name, address in images.items():
        for number, one in enumerate(_many(address) or [address], 1):
            if _text(one):
                label = f"{name} {number}" if isinstance(address, list) else _text(name)
                yield Asset("picture", label, _text(one), link(one), "")


def _assets(resource: Json) -> Iterator[Asset]:
    assets = _object(resource.get("assets"))
    for name, image in _object(_object(assets.get("container")).get("docker")).items():
        yield Asset("container image", _text(name), _text(image), None, "")
    for name, address in _object(assets.get("uris")).items():
        yield Asset("file", _text(name), _text(address), link(address), "")
    for platform, machines in _object(_object(resource.get("cli")).get("binaries")).items():
        for machine, binary in _object(machines).items():
            one = _object(binary)
            digests = [_object(item) for item in _many(one.get("contentHash"))]
            digest = next((f"{_text(d.get('algo'))} {_text(d.get('value'))}" for d in digests), "")
            yield Asset(
                f"command line ({_text(one.get('kind'))})",
                f"{platform} {machine}",
                _text(one.get("url")),
                link(one.get("url")),
                digest,
            )


def _text(value: object) -> str:
    """The text for a page: without characters that change the direction of writing or end a line in an unusual way."""
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value)
    return "".join(character for character in text if character in "\n\t" or _plain(character))


def _plain(character: str) -> bool:
    code = ord(character)
    return code >= 32 and not (127 <= code < 160 or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069)


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
