"""Texts for the mismatches with a schema of the format, with remedies."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from typing import Any

from dcos_universe.check.findings import Finding
from dcos_universe.reading import PACKAGE
from dcos_universe.validate import Mismatch

_SINCE = {
    "minDcosReleaseVersion": "3.0",
    "hasKnownIssues": "3.0",
    "lastUpdated": "3.0",
    "upgradesFrom": "4.0",
    "downgradesTo": "4.0",
    "manager": "5.0",
}
_ELSEWHERE = {
    "releaseVersion": "the name of the folder says it",
    "resource": "it belongs into resource.json",
    "config": "it belongs into config.json",
    "command": "it belongs into command.json",
    "marathon": "the template belongs into marathon.json.mustache",
}


_PATTERNS = {
    "name": "small letters, digits and dashes; a letter first, no dash at the end, two characters at least",
    "packageName": "small letters, digits and dashes; a letter first, no dash at the end, two characters at least",
    "version": "letters, digits, dots and dashes",
    "minPackageVersion": "letters, digits, dots and dashes",
    "minDcosReleaseVersion": "numbers with dots between them, as in 1.13",
    "url": "an address that begins with http:// or https:// and a host",
    "value": "the 64 hexadecimal digits of SHA-256",
}


def findings_of(file: str, one: Mismatch, packaging: str | None = None) -> Iterator[Finding]:
    """A mismatch as findings: one for each field that is missing or unwanted."""
    last = one.path[-1] if one.path else ""
    for key in one.missing:
        yield Finding(file, (*one.path, key), "missing-field", f"there is no {key}", f"add {key}")
    for key in one.unwanted:
        what, remedy = f"there is no field {key!r} in this format", "take it away"
        if one.path == () and key in _SINCE:
            what = f"{key} came with packagingVersion {_SINCE[key]}, and this is {packaging or 'another'}"
            remedy = f"use packagingVersion {_SINCE[key]}, or take it away"
        elif one.path == () and key in _ELSEWHERE and file == PACKAGE:
            remedy = _ELSEWHERE[key]
        yield Finding(file, (*one.path, key), "unknown-field", what, remedy)
    if one.missing or one.unwanted:
        return
    if one.keyword == "cost":
        yield Finding(file, one.path, "costly", one.message, "make it smaller")
    elif one.keyword == "type":
        yield Finding(file, one.path, "type", one.message, "give it the type that the format requires")
    elif "url" in (last, one.keyword) or (one.keyword == "format" and last == "url"):
        yield Finding(file, one.path, "url", one.message, f"write {_PATTERNS['url']}")
    elif last == "value" and one.keyword == "pattern":
        yield Finding(file, one.path, "hash", one.message, f"write {_PATTERNS['value']}")
    elif one.keyword == "pattern" and "tags" in one.path:
        yield Finding(file, one.path, "value", one.message, "a tag is one word without spaces")
    elif one.keyword == "pattern" and str(last) in _PATTERNS:
        yield Finding(file, one.path, "value", one.message, f"allowed are {_PATTERNS[str(last)]}")
    else:
        yield Finding(file, one.path, "value", one.message, "use a value that the format allows")


_BRIEF = reprlib.Repr()
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxother = 2, 60, 60


def said(value: Any) -> str:
    """A short text for a value of any size."""
    text = _BRIEF.repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
