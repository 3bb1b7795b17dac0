"""Checks an entry of a repository file by the rules for the folder that it is made of: what `check` refuses, no package
manager and no mirror takes.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dcos_universe.check.findings import ERROR, Finding
from dcos_universe.check.revision import check_loaded
from dcos_universe.check.wording import findings_of, said
from dcos_universe.model import Json
from dcos_universe.parsing import Fault
from dcos_universe.reading import (
    COMMAND,
    CONFIG,
    MAX_BYTES,
    MAX_RELEASE,
    PACKAGE,
    RESERVED,
    RESOURCE,
    TEMPLATE,
    Files,
    load,
)
from dcos_universe.schema_walk import Place, pointer
from dcos_universe.validate import check_entry

_PLACES: Mapping[str, Place] = {
    PACKAGE: (),
    CONFIG: ("config",),
    RESOURCE: ("resource",),
    COMMAND: ("command",),
    TEMPLATE: ("marathon", "v2AppMustacheTemplate"),
}
_TOLD = 3


def errors_of(entry: Any) -> list[Finding]:
    """All errors of an entry, of any type; their paths are those in the entry, and their files are empty."""
    if not isinstance(entry, dict):
        return [Finding("", (), "type", f"it is {said(entry)}, not an object", "put an object there")]
    number = entry.get("releaseVersion")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_RELEASE:
        what = f"{said(number)} is no number of a revision"
        return [Finding("", ("releaseVersion",), "revision", what, "a revision is 0, 1, 2, …")]
    name = entry.get("name")
    files = Files(Path("packages", name if isinstance(name, str) and name else "-", str(number)))
    files.content = dict(_content(entry, files.faults))
    loaded = load(files)
    faults = [Finding(one.file, one.path, one.rule, one.what, one.remedy) for one in loaded.faults]
    if not faults:
        faults = [found for one in check_entry(entry) for found in findings_of("", one, entry.get("packagingVersion"))]
    if not faults:
        faults = [one for one in check_loaded(loaded).findings if one.severity == ERROR]
    return [msgspec.structs.replace(one, file="", path=(*_PLACES.get(one.file, ()), *one.path)) for one in faults]


def why_not(entry: Any) -> str:
    """What is wrong with an entry, the first places of it; empty if nothing is."""
    found = errors_of(entry)
    more = f"; and {len(found) - _TOLD} more" if len(found) > _TOLD else ""
    return "; ".join(f"{pointer(one.path)}: {one.what}" for one in found[:_TOLD]) + more


def _content(entry: Json, faults: list[Fault]) -> Iterator[tuple[str, bytes]]:
    """The files that the entry is made of."""
    documents: dict[str, Any] = {PACKAGE: {key: value for key, value in entry.items() if key not in RESERVED}}
    for file in (CONFIG, RESOURCE, COMMAND):
        (key,) = _PLACES[file]
        if key in entry:
            documents[file] = entry[str(key)]
    for file, document in documents.items():
        try:
            data = json.dumps(document, separators=(",", ":")).encode()
        except (ValueError, TypeError, RecursionError) as fault:
            faults.append(Fault("json", file, (), f"it cannot be written as JSON: {fault}", "make it simpler"))
            continue
        if len(data) > MAX_BYTES:
            what = f"it has {len(data)} bytes; {MAX_BYTES} are allowed"
            faults.append(Fault("huge", file, (), what, "make it smaller"))
        else:
            yield file, data
    marathon = entry.get("marathon")
    template = marathon.get("v2AppMustacheTemplate") if isinstance(marathon, dict) else None
    if isinstance(template, str):
        try:
            yield TEMPLATE, base64.b64decode(template, validate=True)
        except (binascii.Error, ValueError) as fault:
            faults.append(Fault("template", TEMPLATE, (), f"it is not base64: {fault}", "encode the template"))
