"""The host's own package sources: which of them an image is built from, and which are left out, and why.

Reads apt's one-line and deb822 files. An image is made of the distribution alone: suites of the host's release, its
updates and its security fixes. Other sources of the host (vendors' repositories) are named, not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dcos_images.errors import ImageError
from dcos_images.process import shown

_POCKETS = ("", "-updates", "-security")
_COMPONENTS = ("main", "contrib", "non-free", "non-free-firmware")
_ONE_LINE = re.compile(r"(?P<type>deb|deb-src)\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<rest>\S.*)")


@dataclass(frozen=True)
class Source:
    """One package source. ``signed_by`` is a keyring's path, or a key as armoured text, or empty (apt's own keys)."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str

    def deb822(self) -> str:
        """As a stanza of a .sources file."""
        lines = ["Types: deb", f"URIs: {self.uri}", f"Suites: {self.suite}"]
        if self.components:
            lines.append(f"Components: {' '.join(self.components)}")
        if "\n" in self.signed_by:
            block = "\n".join(f" {line or '.'}" for line in self.signed_by.strip().splitlines())
            lines.append(f"Signed-By:\n{block}")
        elif self.signed_by:
            lines.append(f"Signed-By: {self.signed_by}")
        return "\n".join(lines) + "\n"


@dataclass(frozen=True)
class HostSources:
    """The sources for images, and a sentence for each source of the host that is left out."""

    used: tuple[Source, ...]
    ignored: tuple[str, ...]

    def deb822(self) -> str:
        """A .sources file."""
        return "\n".join(source.deb822() for source in self.used)


def read_sources(codename: str, apt_dir: Path = Path("/etc/apt")) -> HostSources:
    """The host's Debian sources for the release ``codename``, each once, in a stable order.

    Raises `ImageError` when a file cannot be read as apt would, or when the release itself is not among them.
    """
    used: dict[tuple[str, str], Source] = {}
    ignored: list[str] = []
    for path in _files(apt_dir):
        parse = _parse_deb822 if path.suffix == ".sources" else _parse_one_line
        for source in parse(path):
            if reason := _left_out(source, codename):
                ignored.append(f"{shown(source.uri)} {source.suite}: {reason} ({path.name})")
                continue
            known = used.get((source.uri, source.suite))
            if known is not None:
                components = tuple(sorted({*known.components, *source.components}))
                source = Source(source.uri, source.suite, components, known.signed_by or source.signed_by)
            used[source.uri, source.suite] = source
    if not any(suite == codename for _, suite in used):
        listed = "; ".join(ignored) or "it has none"
        raise ImageError(
            f"the host has no package source for {codename}",
            why=f"looked in {apt_dir}: {listed}",
            hint=f"give the host a source with the suite {codename} and the component main, and run apt-get update",
        )
    return HostSources(used=tuple(used[key] for key in sorted(used)), ignored=tuple(sorted(set(ignored))))


def offered_components(sources: HostSources, codename: str) -> set[str]:
    """The components of the release itself in the sources."""
    return {component for source in sources.used if source.suite == codename for component in source.components}


def _files(apt_dir: Path) -> Iterator[Path]:
    if (apt_dir / "sources.list").is_file():
        yield apt_dir / "sources.list"
    folder = apt_dir / "sources.list.d"
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if path.suffix in (".list", ".sources"))


def _left_out(source: Source, codename: str) -> str:
    """Why an image is not built from ``source``; empty if it is."""
    if source.suite.endswith("/"):
        return "a flat repository, not the distribution"
    if source.suite not in [f"{codename}{pocket}" for pocket in _POCKETS]:
        return f"not a suite of {codename}"
    if not set(source.components) & set(_COMPONENTS):
        return "it has none of the distribution's components"
    if source.uri.split(":", 1)[0] not in ("http", "https", "mirror", "file", "copy", "mirror+http", "mirror+https"):
        return "it is not reached by a method that can be used unattended"
    return ""


def _parse_one_line(path: Path) -> Iterator[Source]:
    for number, raw in enumerate(path.read_text().splitlines(), start=1):
        line = raw.split("#", 1)[0].strip()
        if not line:
            continue
        match = _ONE_LINE.fullmatch(line)
        words = match["rest"].split() if match else []
        if match is None or len(words) < 2:
            raise ImageError(
                f"{path}, line {number} cannot be read", why=shown(raw.strip()), hint="apt-get update names the same"
            )
        if match["type"] == "deb":
            options = _options(match["options"] or "")
            yield Source(words[0].rstrip("/"), words[1], tuple(sorted(words[2:])), options.get("signed-by", ""))


def _options(text: str) -> dict[str, str]:
    pairs = (word.split("=", 1) for word in text.split() if "=" in word)
    return {key.lower().rstrip("+-"): value for key, value in pairs}


def _parse_deb822(path: Path) -> Iterator[Source]:
    for stanza in _stanzas(path):
        if "deb" not in stanza.get("types", "").split() or stanza.get("enabled", "yes").strip().lower() in (
            "no",
            "false",
            "0",
            "off",
            "without",
            "disable",
        ):
            continue
        components = tuple(sorted(stanza.get("components", "").split()))
        signed_by = _unfold_key(stanza.get("signed-by", ""))
        for uri in stanza.get("uris", "").split():
            for suite in stanza.get("suites", "").split():
                yield Source(uri.rstrip("/"), suite, components, signed_by)


def _stanzas(path: Path) -> Iterator[dict[str, str]]:
    stanza: dict[str, str] = {}
    field = ""
    for number, line in enumerate([*path.read_text().splitlines(), ""], start=1):
        if line.startswith("#"):
            continue
        if not line.strip():
            if stanza:
                yield stanza
            stanza, field = {}, ""
        elif line[0] in " \t":
            if not field:
                raise ImageError(
                    f"{path}, line {number} cannot be read",
                    why="it continues a field, but no field precedes it",
                    hint="apt-get update names the same",
                )
            stanza[field] += "\n" + line.strip()
        elif ":" in line:
            field, value = line.split(":", 1)
            field = field.strip().lower()
            stanza[field] = value.strip()
        else:
            raise ImageError(
                f"{path}, line {number} is not a field", why=shown(line), hint="apt-get update names the same"
            )


def _unfold_key(value: str) -> str:
    """A keyring's path unchanged; an embedded key with its blank lines restored."""
    if "\n" not in value:
        return value.strip()
    return "\n".join("" if line == "." else line for line in value.strip().splitlines()) + "\n"
