"""What a request asks for: release, content type, encoding, range, and whether the client has the file. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate, parsedate_to_datetime
from functools import lru_cache
from urllib.parse import unquote_to_bytes

NEWEST = "2.0"
"""The release that is taken for a client that names no known one."""

REPOSITORY_TYPE = "application/vnd.dcos.universe.repo+json"
VERSIONS = ("v5", "v4", "v3")
"""The versions of the repository's format, in the order in which they are preferred if a client accepts several."""

_RELEASE = re.compile(r"(?:^|[^\w.-])dcos/(\d{1,9}(?:\.\d{1,9})*)", re.ASCII)
_PARAMETER = re.compile(r'\s*([\w-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s;,"]*)\s*', re.ASCII)
_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII | re.IGNORECASE)
_TAG = re.compile(r'\s*(W/)?("[\x21\x23-\x7e\x80-\xff]*")\s*(?:,|$)')


class NotAcceptable(Exception):
    """The repository has no form that the client's ``Accept`` allows."""


@lru_cache(512)
def release(user_agent: str, known: tuple[str, ...]) -> str:
    """The release in ``known`` that a User-Agent names: 1.13 for ``cosmos/x dcos/1.13.4``; else `NEWEST`."""
    found = _RELEASE.search(user_agent)
    if found:
        parts = found[1].split(".")
        for length in range(len(parts), 0, -1):
            if (name := ".".join(parts[:length])) in known:
                return name
    return NEWEST


@lru_cache(512)
def repository_type(accept: str | None, own: str) -> str:
    """The content type of a repository file for a client with this ``Accept``: the newest version of the format that it
    names, or the file's ``own`` if it names none and accepts any. Raises `NotAcceptable`."""
    if accept is None or not accept.strip():
        return own
    versions: set[str] = set()
    open_to_all = False
    for media, parameters in _media_ranges(accept):
        if _quality(parameters) <= 0:
            continue
        if media == REPOSITORY_TYPE and "version" in parameters:
            versions.add(parameters["version"].lower())
        elif media in (REPOSITORY_TYPE, "application/json", "application/*", "*/*"):
            open_to_all = True
    for version in VERSIONS:
        if version in versions:
            return f"{REPOSITORY_TYPE};charset=utf-8;version={version}"
    if open_to_all:
        return own
    raise NotAcceptable(f"there is {', '.join(VERSIONS)} of {REPOSITORY_TYPE}, and the request accepts none of them")


@lru_cache(512)
def accepts(accept: str, media_type: str) -> bool:
    """Whether a client that sends this ``Accept`` takes the type."""
    some = f"{media_type.partition('/')[0]}/*"
    return any(
        media in (media_type.lower(), some, "*/*") and _quality(parameters) > 0
        for media, parameters in _media_ranges(accept)
    )


@lru_cache(512)
def encodings(accept_encoding: str | None) -> tuple[str, ...]:
    """Which of ``zstd`` and ``gzip`` the client takes, the preferred one first. It takes an uncompressed file in any
    case."""
    if not accept_encoding:
        return ()
    if len(accept_encoding) > 2000:
        return ()
    qualities: dict[str, float] = {}
    for coding, parameters in _media_ranges(accept_encoding):
        qualities["gzip" if coding == "x-gzip" else coding] = _quality(parameters)
    others = qualities.get("*", 0.0)
    plain = qualities.get("identity", 0.0)
    found = [(qualities.get(coding, others if coding == "gzip" else 0.0), coding) for coding in ("zstd", "gzip")]
    wanted = [pair for pair in found if pair[0] > 0 and pair[0] >= plain]
    return tuple(coding for _, coding in sorted(wanted, key=lambda pair: -pair[0]))


def _media_ranges(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for part in _split(text, ","):
        name, *rest = _split(part, ";")
        parameters = {}
        for one in rest:
            if found := _PARAMETER.fullmatch(one):
                value = found[2]
                parameters[found[1].lower()] = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        yield name.strip().lower(), parameters


def _split(text: str, at: str) -> list[str]:
    """Splits at the character where it is not within quotes."""
    if '"' not in text:
        return text.split(at)
    parts, quoted, start, position = [], False, 0, 0
    while position < len(text):
        character = text[position]
        if character == '"':
            quoted = not quoted
        elif character == "\\" and quoted:
            position += 1
        elif character == at and not quoted:
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]


def _quality(parameters: Mapping[str, str]) -> float:
    """The ``q`` of a range; 1 without one. One that is no number counts as 1, too: the client means what it lists."""
    found = re.fullmatch(r"[01](?:\.\d{0,6})?", parameters.get("q", "1"), re.ASCII)
    return float(found[0]) if found else 1.0


def segments(raw_path: str) -> tuple[str, ...] | None:
    """The names on the path to a file of the tree. None for a path that cannot lead to one: with ``..``, hidden names,
    bytes beyond ASCII, and everything else that no file of a repository has."""
    path = raw_path.partition("?")[0].partition("#")[0]
    if not path.startswith("/") or len(path) > 2000:
        return None
    if "%" in path:
        try:
            path = unquote_to_bytes(path).decode("ascii")
        except UnicodeDecodeError:
            return None
    parts = path[1:].split("/")
    if parts[-1] == "":
        parts[-1] = "index.html"
    for part in parts:
        if not part or part.startswith(".") or len(part) > 255 or not part.isascii() or not part.isprintable():
            return None
        if "\\" in part:
            return None
    return tuple(parts)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes ``first`` to ``last`` of a file, both included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        return self.last - self.first + 1


class Unsatisfiable(Exception):
    """The range begins beyond the end."""


def span(header: str | None, size: int) -> Span | None:
    """The part of a file of this size that a ``Range`` asks for. None: the whole file, also if the header has several
    ranges or is no range. Raises `Unsatisfiable`."""
    if header is None or not (found := _RANGE.fullmatch(header.strip())):
        return None
    first, last = found[1], found[2]
    if not first and not last:
        return None
    if not first:
        if int(last) == 0:
            raise Unsatisfiable
        return Span(max(0, size - int(last)), size - 1) if size else None
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise Unsatisfiable
    return Span(int(first), min(int(last), size - 1) if last else size - 1)


@lru_cache(2048)
def http_date(seconds: int) -> str:
    return formatdate(seconds, usegmt=True)


def unchanged(headers: Mapping[str, str], tag: str, modified: str | None) -> bool:
    """Whether the client has this very file already (304). A date counts only if it is exactly the file's: when a
    repository went back to an older state, its files are older than those that clients have, but they are others."""
    listed = headers.get("If-None-Match")
    if listed is not None:
        return _names(listed, tag, weak=True)
    since = headers.get("If-Modified-Since")
    return since is not None and _same_date(since, modified)


def failed(headers: Mapping[str, str], tag: str, modified: str | None) -> bool:
    """Whether the request is for a different state of the file only (412)."""
    listed = headers.get("If-Match")
    if listed is not None:
        return not _names(listed, tag, weak=False)
    since = headers.get("If-Unmodified-Since")
    return since is not None and modified is not None and not _same_date(since, modified)


def goes_on(headers: Mapping[str, str], tag: str, modified: str | None) -> bool:
    """Whether the range continues what the client already has of this very file (``If-Range``)."""
    condition = headers.get("If-Range")
    if condition is None:
        return True
    condition = condition.strip()
    if condition.startswith(('"', "W/")):
        return condition == tag
    return _same_date(condition, modified)


def _names(listed: str, tag: str, *, weak: bool) -> bool:
    if listed.strip() == "*":
        return True
    if len(listed) > 8000:
        return False
    return any(found[2] == tag and (weak or not found[1]) for found in _TAG.finditer(listed))


def _same_date(text: str, modified: str | None) -> bool:
    if modified is None:
        return False
    if text.strip() == modified:
        return True
    try:
        return parsedate_to_datetime(text) == parsedate_to_datetime(modified)
    except (TypeError, ValueError, OverflowError):
        return False
