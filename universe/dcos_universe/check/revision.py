"""Checks one revision by itself: its files, then the content of each, then all of them together."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from dcos_runtime import urls
from dcos_universe.check.findings import Finding
from dcos_universe.check.options import check_config
from dcos_universe.check.resources import check_digests, check_resource
from dcos_universe.check.templates import check_template
from dcos_universe.check.wording import findings_of, said
from dcos_universe.index.files import NUMBERS, numbers
from dcos_universe.model import Json, is_time
from dcos_universe.parsing import repeated_keys
from dcos_universe.reading import COMMAND, CONFIG, DIGESTS, PACKAGE, RESOURCE, TEMPLATE, Loaded, gather, load
from dcos_universe.schema_walk import Place
from dcos_universe.validate import PACKAGING, check_file

FIRST_OF_5 = (1, 12)
"""The first release whose repository files may contain packagingVersion 5.0."""


class Facts(msgspec.Struct, frozen=True, array_like=True):
    """The facts of a revision for the rules about several revisions."""

    version: str
    upgrades_from: tuple[str, ...] = ()
    downgrades_to: tuple[str, ...] = ()
    manager: str = ""


class Checked(msgspec.Struct, frozen=True, array_like=True):
    """``findings``: their files are relative to the revision's folder. ``facts`` is None if package.json cannot be
    used.
    """

    findings: tuple[Finding, ...]
    facts: Facts | None


def check_revision(folder: Path) -> Checked:
    """Checks a revision's folder. Its content never raises an error."""
    return check_loaded(load(gather(folder)))


def check_loaded(loaded: Loaded) -> Checked:
    """The same for files that were read."""
    folder = loaded.folder
    found = [Finding(fault.file, fault.path, fault.rule, fault.what, fault.remedy) for fault in loaded.faults]
    found.extend(_of_files(loaded))
    package = loaded.documents.get(PACKAGE)
    packaging = package.get("packagingVersion") if isinstance(package, dict) else None
    known = packaging if isinstance(packaging, str) and packaging in PACKAGING else None
    if isinstance(package, dict):
        found.extend(_package(package, known, folder.parent.name))
    read = {fault.file for fault in loaded.faults}
    found.extend(_presence(loaded, known, read))
    if (command := loaded.documents.get(COMMAND)) is not None and known not in ("4.0", "5.0"):
        for one in check_file("command", command):
            found.extend(findings_of(COMMAND, one))
    resource = loaded.documents.get(RESOURCE)
    if resource is not None:
        found.extend(check_resource(resource, known or PACKAGING[-1]))
    found.extend(check_digests(loaded.documents.get(DIGESTS), resource, loaded.documents.get(COMMAND)))
    config = loaded.documents.get(CONFIG)
    usable = CONFIG not in read
    if config is not None:
        wrong, usable = _configs.of(config)
        found.extend(wrong)
    if loaded.template and TEMPLATE not in read:
        readable = not read & {CONFIG, RESOURCE}
        found.extend(check_template(loaded.template, _object(config), _object(resource), usable, readable=readable))
    return Checked(tuple(_shortened(found)), _facts(package))


MAX_TOLD = 500
"""How many findings of one rule in one file are reported one by one."""
_LONG = 500
"""Characters of a finding's text, and of one part of its place."""


def _shortened(found: list[Finding]) -> list[Finding]:
    """The findings in order, shortened: the report of a package stays small whatever its files contain."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for one in sorted(found):
        kinds.setdefault((one.file, one.rule), []).append(one)
    short = [_short(one) for kind in kinds.values() for one in kind[:MAX_TOLD]]
    for (file, rule), kind in kinds.items():
        if len(kind) > MAX_TOLD:
            short.append(Finding(file, (), rule, f"and so it is in {len(kind) - MAX_TOLD} more places", kind[0].remedy))
    return sorted(short)


def _short(one: Finding) -> Finding:
    if len(one.what) <= _LONG and all(isinstance(part, int) or len(part) <= _LONG for part in one.path):
        return one
    path = tuple(part if isinstance(part, int) else _cut(part) for part in one.path)
    return msgspec.structs.replace(one, path=path, what=_cut(one.what))


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 3]}..."


def _of_files(loaded: Loaded) -> Iterator[Finding]:
    for name in loaded.unknown:
        yield Finding(
            name, (), "unknown-file", "the format does not know this file", "take it away, or keep it elsewhere"
        )
    for name, text in loaded.texts.items():
        for path, key in _repeated(name, text, loaded.documents[name]):
            what = f"the key {key!r} occurs more than once, and only the last one counts"
            yield Finding(name, (*path, key), "repeated-key", what, "keep one of them")


_last: dict[str, tuple[str, list[tuple[Place, str]]]] = {}


def _repeated(name: str, text: str, document: Any) -> list[tuple[Place, str]]:
    last = _last.get(name)
    if last is None or last[0] is not text:
        last = _last[name] = text, repeated_keys(text, document)
    return last[1]


class _Configs:
    """Remembers the last config: revisions of a package often have the same options as the one before."""

    def __init__(self) -> None:
        self._config: Any = None
        self._found: tuple[list[Finding], bool] = ([], True)

    def of(self, config: Any) -> tuple[list[Finding], bool]:
        """``config``: as it was loaded; equal bytes are the same object then."""
        if config is not self._config:
            self._found = check_config(config)
            self._config = config
        return self._found


_configs = _Configs()


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}


def _presence(loaded: Loaded, packaging: str | None, unread: set[str]) -> Iterator[Finding]:
    if packaging == "2.0" and not loaded.template and TEMPLATE not in unread and "" not in unread:
        what = "a package of packagingVersion 2.0 has a template, and this one has none"
        yield Finding(TEMPLATE, (), "missing-file", what, "write the template, or use packagingVersion 3.0")
    if packaging in ("4.0", "5.0") and (COMMAND in loaded.documents or COMMAND in unread):
        what = f"a package of packagingVersion {packaging} has no command.json"
        yield Finding(COMMAND, (), "forbidden-file", what, "list the command line's programs in resource.json, as cli")


# --- package.json ----------------------------------------------------------------------------------------------------


def _package(package: Json, packaging: str | None, folder: str) -> Iterator[Finding]:
    if packaging is None:
        value = package.get("packagingVersion")
        what = "it has no packagingVersion" if value is None else f"packagingVersion is {said(value)}"
        remedy = f"use one of {', '.join(PACKAGING)}"
        yield Finding(PACKAGE, ("packagingVersion",), "packaging-version", what, remedy)
    mismatches = check_file(f"package-{packaging or PACKAGING[-1]}", package)
    for one in mismatches:
        if packaging is None and (one.path == ("packagingVersion",) or one.missing == ("packagingVersion",)):
            continue
        yield from findings_of(PACKAGE, one, packaging)
    name = package.get("name")
    if isinstance(name, str) and name != folder and not any(one.path == ("name",) for one in mismatches):
        what = f"name is {said(name)}, and the folder is that of {folder!r}"
        yield Finding(PACKAGE, ("name",), "name", what, "give both the same name")
    if packaging == "5.0":
        yield from _minimum(package)
    updated = package.get("lastUpdated")
    if isinstance(updated, int | float) and not is_time(updated):
        what = f"{said(updated)} is no time in seconds since 1970"
        yield Finding(PACKAGE, ("lastUpdated",), "time", what, "write seconds, not milliseconds, or take it away")
    manager = package.get("manager")
    if isinstance(manager, dict):
        for key in sorted(manager.keys() - {"packageName", "minPackageVersion"}):
            what = f"a manager has no {key!r}"
            yield Finding(PACKAGE, ("manager", key), "unknown-field", what, "take it away")
    for key in ("website", "scm"):
        if isinstance(address := package.get(key), str):
            yield from _address(key, address)


_CLONED = re.compile(r"[\w.-]+@[\w.-]+:[!-~]+", re.ASCII)
"""An address in the form of scp, as `git clone` takes it: ``git@github.com:owner/name.git``."""


def _address(key: str, address: str) -> Iterator[Finding]:
    host = address.partition("://")[2].partition("/")[0]
    if ":" in host.rpartition("@")[0]:
        yield Finding(PACKAGE, (key,), "credentials", "the address holds a password", "take it out")
    elif why := _no_address(key, address):
        remedy = "write https://HOST/PATH, or take the key away"
        yield Finding(PACKAGE, (key,), "no-address", f"{said(address)} is no address: {why}", remedy)


@lru_cache(1024)
def _no_address(key: str, address: str) -> str:
    """Why nobody can open this website, or take the sources from there; empty if somebody can."""
    try:
        if key == "website":
            urls.parse_web(address)
        elif not _CLONED.fullmatch(address) and not urls.parse(address).hostname:
            return "it names no host"
    except urls.BadUrl as error:
        return str(error)
    return ""


def _minimum(package: Json) -> Iterator[Finding]:
    minimum = package.get("minDcosReleaseVersion", "0.0")
    if not isinstance(minimum, str) or not NUMBERS.fullmatch(minimum):
        return
    if numbers(minimum) < FIRST_OF_5:
        first = ".".join(str(part) for part in FIRST_OF_5)
        what = (
            f"minDcosReleaseVersion is {minimum}, and repository files below {first} cannot hold packagingVersion 5.0"
        )
        if "minDcosReleaseVersion" not in package:
            what = f"packagingVersion 5.0 requires a minDcosReleaseVersion of {first} or more"
        yield Finding(PACKAGE, ("minDcosReleaseVersion",), "minimum", what, f"say {first} or more, or use 4.0")


def _facts(package: Any) -> Facts | None:
    if not isinstance(package, dict) or not isinstance(package.get("version"), str):
        return None

    def texts(key: str) -> tuple[str, ...]:
        value = package.get(key)
        return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()

    manager = package.get("manager")
    named = manager.get("packageName") if isinstance(manager, dict) else None
    return Facts(
        package["version"], texts("upgradesFrom"), texts("downgradesTo"), named if isinstance(named, str) else ""
    )
