"""Our schemas beside Universe's: where both judge alike, and where ours are stricter on purpose."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import jsonschema_rs

from dcos_universe import reading
from dcos_universe.validate import FORMS, PACKAGING, Mismatch, check_entry, check_file
from tests.support.universe.sample import EXPECTED, SAMPLE


@cache
def _schema(name: str) -> Any:
    """A validator of the sample's schema. It knows its own definitions, and nothing is fetched."""
    folder = SAMPLE / "schema"
    schema = json.loads((folder / f"{name}.json").read_bytes())
    definitions = json.loads((folder / "vX-repo-definitions.json").read_bytes())
    base = "sample:///"
    registry = jsonschema_rs.Registry([(f"{base}vX-repo-definitions.json", definitions)], draft=jsonschema_rs.Draft4)
    return jsonschema_rs.Draft4Validator(
        schema, registry=registry, base_uri=f"{base}{name}.json", validate_formats=True
    )


def ours(name: str, value: Any) -> list[Mismatch]:
    """The schema of that file in this package's version, as `check` picks it."""
    if name == "package":
        packaging = value.get("packagingVersion") if isinstance(value, dict) else None
        return check_file(f"package-{packaging if packaging in PACKAGING else '4.0'}", value)
    return check_file(name, value)


_SCHEMAS = {
    "package": "package-schema",
    "config": "config-schema",
    "command": "command-schema",
    "resource-2": "v2-resource-schema",
    "resource-3": "v3-resource-schema",
}
NAMES = tuple(_SCHEMAS)
"""Files of a package that Universe has a schema for."""

_FILES = {"package": "package.json", "config": "config.json", "command": "command.json"}


@cache
def samples(name: str) -> list[Any]:
    """The sample's decoded files of this name."""
    found = []
    for folder in sorted(reading.revisions(SAMPLE)):
        package = json.loads((folder / "package.json").read_bytes())
        old = package["packagingVersion"] == "2.0"
        if name.startswith("resource") and (name == "resource-2") != old:
            continue
        path = folder / _FILES.get(name, "resource.json")
        if path.exists():
            found.append(json.loads(path.read_bytes()))
    return found


def original(name: str) -> Any:
    """Universe's validator of the file of this name."""
    return _schema(_SCHEMAS[name])


STRICTER = {
    "version": "for 2.0 Universe takes any text; ours wants printable characters, since it becomes a label",
    "url": "Universe takes https:// without a host",
    "value": "Universe takes any text for a SHA-256",
    "resource": "Universe's schema of resource.json takes what is no object",
    "cli": "Universe looks at a command's URL only in the repository's file, where it is too late",
    "name": "in a repository's file Universe takes any name of a 2.0 package; in package.json it does not",
    "releaseVersion": "Universe leaves it out for 2.0, and readers cannot do without it",
    "pattern": "ours has to be readable by an engine that cannot run away",
    "config": "Universe takes anything for an entry's config; options are always an object",
    "command": "the same for its command",
}
"""Where our schemas refuse on purpose what Universe's accept. They accept nothing that Universe's refuse."""


def _on_purpose(mismatch: Mismatch, name: str) -> str | None:
    last = mismatch.path[-1] if mismatch.path else ""
    if mismatch.keyword == "pattern" and last in ("value", "version", "url", "name"):
        return "cli" if last == "url" and "cli" in mismatch.path else str(last)
    if mismatch.keyword == "format" and last == "url" and "cli" in mismatch.path:
        return "cli"
    if mismatch.keyword == "format" and (last == "pattern" or "anyOf" in str(mismatch)):
        return "pattern"
    if name.startswith("resource") and mismatch.path == () and mismatch.keyword == "type":
        return "resource"
    if mismatch.keyword == "type" and mismatch.path in (("config",), ("command",)):
        return str(mismatch.path[0])
    if mismatch.keyword == "required" and mismatch.missing == ("releaseVersion",):
        return "releaseVersion"
    return None


def _same_verdict(name: str, value: Any, accepted: bool, ours: list[Mismatch]) -> None:
    if accepted:
        surplus = [one for one in ours if _on_purpose(one, name) not in STRICTER]
        assert surplus == [], value
    else:
        assert ours != [], value


@cache
def entries() -> list[Any]:
    """The packages in the sample's repository, as Universe's generator wrote them."""
    found: list[Any] = json.loads((EXPECTED / "universe.json").read_bytes())["packages"]
    return found


def original_of_form(form: str) -> Any:
    """Universe's validator of a whole repository in this form (`FORMS`)."""
    assert form in FORMS
    return _schema(f"{form}-repo-schema")


def judge_file(name: str, value: Any) -> None:
    """Fails if the two judge differently and not on purpose."""
    _same_verdict(name, value, original(name).is_valid(value), ours(name, value))


def judge_entry(form: str, entry: Any) -> None:
    if not isinstance(entry, dict):
        return
    accepted = original_of_form(form).is_valid({"packages": [entry]})
    # The content of a config is judged by itself.
    _same_verdict("entry", entry, accepted, check_entry(entry, form))
