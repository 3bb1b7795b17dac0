"""Media types of Cosmos' API, and which one an answer has. Pure.

``application/vnd.dcos.package.<op>-request+json;charset=utf-8;version=v1``. Clients compare the response's type with
what they sent in ``Accept``, some character by character: so the client's own text is sent back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dcos_runtime.cosmos.core import errors
from dcos_runtime.wire.quoting import shown

MOST = 32
"""The most media types of one header that are considered."""
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_TYPE = re.compile(rf"\s*({_TOKEN})/({_TOKEN})\s*")
_PARAMETER = re.compile(rf"\s*;\s*(?:({_TOKEN})\s*=\s*({_TOKEN}|\"(?:[^\"\\]|\\.)*\")\s*)?")


@dataclass(frozen=True)
class Media:
    """``name`` is ``package.search-response``, ``version`` a number from 1."""

    name: str
    version: int

    def __str__(self) -> str:
        return f"application/vnd.dcos.{self.name}+json;charset=utf-8;version=v{self.version}"


@dataclass(frozen=True)
class Given:
    """One media type of a header: ``text`` without its weight."""

    kind: str
    parameters: Mapping[str, str]
    weight: float
    text: str


ERROR = Media("package.error", 1)


def parse(header: str) -> list[Given]:
    """Raises ``ValueError`` with the text that cannot be read."""
    found: list[Given] = []
    at = 0
    while at < len(header) and len(found) < MOST:
        match = _TYPE.match(header, at)
        if match is None:
            raise ValueError(f"'{shown(header[at:])}' is no media type")
        parameters: dict[str, str] = {}
        weight, end, text = 1.0, match.end(), match[0].strip()
        while (part := _PARAMETER.match(header, end)) is not None:
            end = part.end()
            if part[1] is None:
                continue
            name, value = part[1].lower(), part[2].strip('"')
            if name == "q":
                weight = _weight(value)
                continue
            parameters[name] = value.lower()
            text += part[0].rstrip()
        if end < len(header) and header[end] != ",":
            raise ValueError(f"'{shown(header[end:])}' is not expected there")
        found.append(Given(f"{match[1]}/{match[2]}".lower(), parameters, weight, text))
        at = end + 1
    return found


def _weight(text: str) -> float:
    try:
        return min(max(float(text), 0.0), 1.0)
    except ValueError:
        raise ValueError(f"q={shown(text)} is no number") from None


def _fits(given: Given, media: Media) -> bool:
    if given.kind in ("*/*", "application/*"):
        return True
    if given.kind != f"application/vnd.dcos.{media.name}+json":
        return False
    version, charset = given.parameters.get("version"), given.parameters.get("charset", "utf-8")
    return version in (None, f"v{media.version}") and charset == "utf-8"


def expect(header: str | None, media: Media) -> None:
    """Checks that a request's ``Content-Type`` is the one that this endpoint reads. Raises `CosmosError`."""
    if header is None:
        raise errors.not_present("header", "Content-Type")
    try:
        given = parse(header)
    except ValueError as error:
        raise errors.not_valid("header", "Content-Type", str(error)) from None
    if len(given) != 1 or "*" in given[0].kind or not _fits(given[0], media):
        raise errors.not_valid(
            "header", "Content-Type", f"Media type was [{shown(header, 200)}] but should be one of [{media}]"
        )


def choose(header: str | None, possible: Sequence[Media]) -> tuple[Media, str]:
    """Which of the ``possible`` types (the preferred one first) the response has, and the text to name it. Raises
    `CosmosError`.
    """
    if header is None:
        raise errors.not_present("header", "Accept")
    try:
        given = parse(header)
    except ValueError as error:
        raise errors.not_valid("header", "Accept", str(error)) from None
    best: tuple[tuple[float, bool, int], Media, str] | None = None
    for rank, media in enumerate(possible):
        for one in given:
            if one.weight <= 0 or not _fits(one, media):
                continue
            exact = "*" not in one.kind
            order = (one.weight, exact, -rank)
            if best is None or order > best[0]:
                said = one.text if exact and "version" in one.parameters else str(media)
                best = (order, media, said)
    if best is None:
        listed = ", ".join(map(str, possible))
        raise errors.not_valid(
            "header", "Accept", f"Media type was [{shown(header, 300)}] but should be one of [{listed}]"
        )
    return best[1], best[2]
