"""The results of `check`: findings, their rules, and the report of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from dcos_universe.schema_walk import pointer

ERROR, WARNING = "error", "warning"


class Finding(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """``file`` is relative to the checked folder (``packages/N/nginx/6/config.json``); ``path`` is the place in it."""

    file: str
    path: tuple[str | int, ...]
    rule: str
    what: str
    remedy: str

    @property
    def severity(self) -> str:
        return RULES[self.rule][0]

    @property
    def place(self) -> str:
        return f"{self.file}{pointer(self.path) if self.path else ''}"

    def json(self) -> dict[str, Any]:
        return {
            "severity": self.severity,
            "rule": self.rule,
            "file": self.file,
            "path": list(self.path),
            "what": self.what,
            "remedy": self.remedy,
        }


RULES: Mapping[str, tuple[str, str]] = {
    # Files that cannot be read.
    "link": (ERROR, "links are not followed"),
    "device": (ERROR, "files are plain files"),
    "huge": (ERROR, "files have ordinary sizes"),
    "unreadable": (ERROR, "files can be read"),
    "missing-file": (ERROR, "every revision has package.json; one of packagingVersion 2.0 has a template"),
    "forbidden-file": (ERROR, "command.json is of packagingVersion 2.0 and 3.0"),
    "ascii": (ERROR, "files are ASCII"),
    "json": (ERROR, "files are JSON"),
    "number": (ERROR, "numbers are in JSON and all readers can read them"),
    "surrogate": (ERROR, "\\u escapes make whole characters"),
    "depth": (ERROR, "objects and lists are not too deep in each other"),
    # The places of packages.
    "letter": (ERROR, "a package lies under its first letter, as a capital"),
    "name": (ERROR, "a package's folder has the package's name"),
    "revision": (ERROR, "a revision's folder is a plain number"),
    "duplicate": (ERROR, "a package lies in one place"),
    "state": (ERROR, "state.json can be read"),
    # Requirements of the format.
    "packaging-version": (ERROR, "packagingVersion is 2.0, 3.0, 4.0 or 5.0"),
    "missing-field": (ERROR, "fields that the format requires exist"),
    "unknown-field": (ERROR, "fields are those of the packaging version"),
    "type": (ERROR, "values are of the format's types"),
    "value": (ERROR, "values are among those that the format allows"),
    "url": (ERROR, "addresses are addresses"),
    "escape": (ERROR, "addresses and names do not lead out of where they begin"),
    "hash": (ERROR, "digests are SHA-256 in hexadecimal digits"),
    "image": (ERROR, "container images are image references"),
    "minimum": (ERROR, "packagingVersion 5.0 requires minDcosReleaseVersion 1.12 or more"),
    # Requirements of options and templates.
    "schema": (ERROR, "config.json is a JSON Schema of draft 4"),
    "reference": (ERROR, "a $ref leads to a place in its own file"),
    "config-type": (ERROR, "the options are an object"),
    "template": (ERROR, "the template is mustache, without partials"),
    "costly": (ERROR, "options and templates are analysed with bounded work"),
    # What packages do and should not do.
    "unknown-file": (WARNING, "files that the format does not know are in no output"),
    "repeated-key": (WARNING, "a key stands once in an object: only the last one counts"),
    "same-version": (WARNING, "two revisions do not have the same version"),
    "unknown-version": (WARNING, "upgradesFrom and downgradesTo name existing versions"),
    "time": (WARNING, "lastUpdated is seconds since 1970"),
    "own-version": (WARNING, "a version is not upgraded from or downgraded to itself"),
    "unknown-manager": (WARNING, "a manager is a package of the repository"),
    "unknown-revision": (WARNING, "state.json names existing revisions"),
    "no-type": (WARNING, "config.json says that it is an object"),
    "required-unknown": (WARNING, "what is required is a property"),
    "default": (WARNING, "defaults match their own schema"),
    "shadowed-option": (WARNING, "no option is called resource, which templates know already"),
    "undefined-option": (WARNING, "templates use existing options and resources"),
    "not-an-app": (WARNING, "a template makes an app of its defaults"),
    "empty-uri": (WARNING, "addresses are not empty"),
    "no-digest": (WARNING, "artifacts and images have digests"),
    "unused-digest": (WARNING, "digests.json names artifacts of the package"),
    "no-address": (WARNING, "website and scm are addresses"),
    "credentials": (WARNING, "addresses hold no passwords"),
}
"""Every rule: its severity, and its requirement. A test compares the table in docs/universe.md with it."""


class CountedFindings(msgspec.Struct, frozen=True, array_like=True):
    """Findings of one place, counted, in order, as MessagePack: a build decodes them only if they are errors."""

    errors: int = 0
    warnings: int = 0
    content: bytes = b""

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> CountedFindings:
        ordered = sorted(findings, key=order)
        if not ordered:
            return NOTHING
        errors = sum(finding.severity == ERROR for finding in ordered)
        return cls(errors, len(ordered) - errors, msgspec.msgpack.encode(ordered))

    def findings(self) -> list[Finding]:
        return _FINDINGS.decode(self.content) if self.content else []


NOTHING = CountedFindings()
_FINDINGS = msgspec.msgpack.Decoder(list[Finding])


def order(finding: Finding) -> tuple[list[tuple[int, int, str]], tuple[tuple[int, int, str], ...], str, str]:
    """Compares revisions as numbers: 9 before 10."""
    path = tuple((0, part, "") if isinstance(part, int) else (1, 0, part) for part in finding.path)
    return _file_order(finding.file), path, finding.rule, finding.what


def _file_order(file: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isascii() and part.isdecimal() else (1, 0, part) for part in file.split("/")]


@dataclass(frozen=True)
class Report:
    """``by_place``: the findings of each place below the checked folder, with files relative to that place.
    ``checked``: how many of the revisions were not in the cache.
    """

    by_place: tuple[tuple[str, CountedFindings], ...]
    packages: int
    revisions: int
    checked: int

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """By file and place."""
        found = [
            _placed(place, one) for place, counted_findings in self.by_place for one in counted_findings.findings()
        ]
        return tuple(sorted(found, key=order))

    @property
    def error_count(self) -> int:
        return sum(counted_findings.errors for _, counted_findings in self.by_place)

    @property
    def warning_count(self) -> int:
        return sum(counted_findings.warnings for _, counted_findings in self.by_place)

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.severity == WARNING)

    def ok(self, *, strict: bool = False) -> bool:
        return not self.error_count and not (strict and self.warning_count)

    def json(self) -> dict[str, Any]:
        return {
            "packages": self.packages,
            "revisions": self.revisions,
            "checked": self.checked,
            "errors": self.error_count,
            "warnings": self.warning_count,
            "findings": [finding.json() for finding in self.findings],
        }


def _placed(place: str, finding: Finding) -> Finding:
    file = f"{place}/{finding.file}" if place and finding.file else place or finding.file
    return finding if file == finding.file else msgspec.structs.replace(finding, file=file)
