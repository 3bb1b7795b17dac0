"""Whatever bytes the files of a package have, `check` ends with findings: tried briefly, and in soak for longer."""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from dcos_universe import artifacts, reading
from dcos_universe.check import Report, check
from dcos_universe.check.entry import errors_of
from dcos_universe.errors import UniverseError
from dcos_universe.index.files import Piece
from dcos_universe.model import Revision
from dcos_universe.sbom import bom
from tests.support.universe.mutations import JUNK, mutated
from tests.support.universe.sources import FOLDER, good

NAMES = (*reading.FILES, reading.DIGESTS)

_TAGS = st.sampled_from(
    ["{{", "}}", "{{{", "}}}", "{{#a}}", "{{/a}}", "{{^service}}", "{{/service}}", "{{service.name}}", "{{>x}}",
     "{{!x}}", "{{=<% %>=}}", "<%", "%>", "{{&resource}}", "{{.}}", "\n", "\r\n",
     '"', "\\", "{", "}", ",", ":", " ", "x", "\x00",
     "{{#asJson}}", "{{/asJson}}", "{{#service.words}}", "{{/service.words}}", "é"]
)  # fmt: skip

JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | JUNK,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def contents(draw: st.DrawFn) -> dict[str, bytes]:
    """The files of a valid package, of which some have other content."""
    source = good(draw(st.sampled_from(["2.0", "3.0", "4.0", "5.0"])))
    documents: dict[str, Any] = {
        "package.json": source.package,
        "config.json": source.config,
        "resource.json": source.resource,
        "command.json": source.command,
    }
    files = {name: json.dumps(document).encode() for name, document in documents.items() if document is not None}
    files |= {reading.TEMPLATE: source.template.encode(), **source.files}
    for name in draw(st.sets(st.sampled_from(NAMES), min_size=1, max_size=3)):
        how = draw(st.sampled_from(["bytes", "json", "mutated", "mutated", "cut", "tags", "spliced"]))
        before = files.get(name, b"{}")
        if how == "bytes":
            files[name] = draw(st.binary(max_size=200))
        elif how == "json":
            files[name] = json.dumps(draw(JSON)).encode()
        elif how == "mutated" and documents.get(name) is not None:
            value = documents[name]
            for _ in range(draw(st.integers(1, 4))):
                value = mutated(value, draw)
            files[name] = json.dumps(value).encode()
        elif how == "cut":
            files[name] = before[: draw(st.integers(0, len(before)))]
        elif how == "tags":
            files[name] = "".join(draw(st.lists(_TAGS, max_size=30))).encode()
        else:
            at = draw(st.integers(0, len(before)))
            piece = draw(st.binary(max_size=8) | _TAGS.map(str.encode))
            files[name] = before[:at] + piece + before[at + draw(st.integers(0, 8)) :]
    return files


def try_out(files: dict[str, bytes]) -> Report:
    """`check` and `read` of these files: findings or an error of ours, never another; and both agree."""
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        place = root / FOLDER
        place.mkdir(parents=True)
        for file, data in files.items():
            (place / file).write_bytes(data)
        report = check(root)
        json.dumps(report.json(), allow_nan=False)
        for finding in report.findings:
            assert finding.what and finding.remedy, finding
            assert re.fullmatch(r"[ -~]*", finding.file), finding
            assert len(finding.what) < 2000, finding
        try:
            revision = reading.read(place)
        except UniverseError as refused:
            assert report.errors, refused
        else:
            json.dumps(revision.entry, allow_nan=False)
            wrong = errors_of(revision.entry)
            if not report.errors:
                assert wrong == []
                _make(revision, place)
            elif all(_IN_ENTRIES.get(one.file.rpartition("/")[2]) in revision.entry for one in report.errors):
                assert wrong, report.errors
        return report


_IN_ENTRIES = {
    reading.PACKAGE: "packagingVersion",
    reading.CONFIG: "config",
    reading.RESOURCE: "resource",
    reading.COMMAND: "command",
    reading.TEMPLATE: "marathon",
}
"""The files of which all is in the entry of a repository file, unless they are empty, and a key of the entry then."""


def _make(revision: Revision, place: Path) -> None:
    """What `build` and `sign` make of a revision that `check` passes: they refuse nothing of it."""
    Piece.of(revision, offered=revision.entry)
    bom(revision, artifacts.of(revision, artifacts.read(place)))
    assert artifacts.file_name(revision) == revision.name
