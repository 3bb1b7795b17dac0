"""Installs wheels into an environment of their own, without pip: nothing is built, no index is asked, nothing is
fetched.
"""

from __future__ import annotations

import base64
import configparser
import csv
import email.parser
import hashlib
import re
import sys
import sysconfig
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_runtime.cli.errors import CliError
from dcos_runtime.cli.plugins.archives import members, read

if TYPE_CHECKING:
    from packaging.requirements import Requirement

_NAME = re.compile(
    r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-(?P<build>[0-9][^-]*))?-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl"
)
_ENTRY = re.compile(r"\s*([A-Za-z_][\w.]*)\s*:\s*([A-Za-z_][\w.]*)\s*(?:\[.*\])?\s*", re.ASCII)
_SCRIPT_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)

_SCRIPT = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
{body}"""
_CALL = """import sys
from {module} import {first}
sys.exit({function}())
"""


class Wheel:
    """One wheel, checked against its own metadata. Raises `CliError` when they differ."""

    def __init__(self, file: str, content: bytes) -> None:
        self.file = file
        name = _NAME.fullmatch(file)
        if name is None:
            raise CliError(f"{file!r} is not the name of a wheel")
        self._archive, self._members = members(content, file)
        self._check_fit(name)
        infos = [one.partition("/")[0] for one in self._members if one.partition("/")[0].endswith(".dist-info")]
        if len(set(infos)) != 1:
            raise CliError(f"{file} is not a wheel: it has {len(set(infos))} folders .dist-info")
        self._info = infos[0]
        self._data = self._info.removesuffix(".dist-info") + ".data"
        version = email.parser.Parser().parsestr(self._text("WHEEL")).get("Wheel-Version", "")
        if not version.startswith("1."):
            raise CliError(f"{file} is of the wheel format {version or 'without a version'}; only 1.x is known")
        self._digests = self._record()
        self.metadata = email.parser.Parser().parsestr(self._text("METADATA"))

    @property
    def name(self) -> str:
        return normalized(self.metadata.get("Name", ""))

    @property
    def version(self) -> str:
        return str(self.metadata.get("Version", ""))

    def needs(self, extra: str = "") -> list[Requirement]:
        """What it requires in this environment, with that extra of it. Raises `CliError`."""
        from packaging.requirements import InvalidRequirement, Requirement

        wanted = []
        for text in self.metadata.get_all("Requires-Dist") or ():
            try:
                one = Requirement(text)
            except InvalidRequirement as error:
                raise CliError(f"{self.file}: its requirement {text!r} cannot be read") from error
            if one.marker is None or one.marker.evaluate({"extra": extra}):
                wanted.append(one)
        return wanted

    def lay_down(self, environment: Path, site: Path, python: Path) -> None:
        """Installs it into the environment; scripts begin with ``python``, the later path of the interpreter."""
        for name, member in self._members.items():
            top, _, rest = name.partition("/")
            if name.endswith((f"{self._info}/RECORD.jws", f"{self._info}/RECORD.p7s")):
                continue
            if top != self._data:
                self._write(site / name, name, member)
                continue
            scheme, _, inner = rest.partition("/")
            if scheme in ("purelib", "platlib"):
                self._write(site / inner, name, member)
            elif scheme == "scripts" and _SCRIPT_NAME.fullmatch(inner):
                self._write_script(environment / "bin" / inner, name, member, python)
            elif scheme == "data" and not inner.startswith("bin/"):
                self._write(environment / inner, name, member)
        for script, (module, function) in self._console_scripts().items():
            body = _CALL.format(module=module, first=function.partition(".")[0], function=function)
            path = environment / "bin" / script
            path.write_text(_SCRIPT.format(python=python, body=body), encoding="utf-8")
            path.chmod(0o755)

    def _write(self, path: Path, name: str, member: zipfile.ZipInfo) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            raise CliError(f"{self.file} would overwrite {name}, which another part of the plugin has")
        path.write_bytes(self._content(name, member))
        path.chmod(0o755 if (member.external_attr >> 16) & 0o111 else 0o644)

    def _write_script(self, path: Path, name: str, member: zipfile.ZipInfo, python: Path) -> None:
        content = self._content(name, member)
        if content.startswith(b"#!python"):
            body = content.partition(b"\n")[2].decode("utf-8", "surrogateescape")
            content = _SCRIPT.format(python=python, body=body).encode("utf-8", "surrogateescape")
        path.write_bytes(content)
        path.chmod(0o755)

    def _content(self, name: str, member: zipfile.ZipInfo) -> bytes:
        content = b"".join(read(self._archive, member, self.file))
        if name != f"{self._info}/RECORD" and _encoded(content) != self._digests.get(name):
            raise CliError(f"{self.file}: {name} is not the file that its RECORD names")
        return content

    def _text(self, name: str) -> str:
        member = self._members.get(f"{self._info}/{name}")
        if member is None:
            raise CliError(f"{self.file} is not a wheel: {self._info}/{name} is missing")
        return b"".join(read(self._archive, member, self.file)).decode("utf-8", "replace")

    def _record(self) -> Mapping[str, str]:
        digests = {}
        for row in csv.reader(self._text("RECORD").splitlines()):
            if len(row) >= 2 and row[1].startswith("sha256="):
                digests[row[0]] = row[1].removeprefix("sha256=")
        return digests

    def _console_scripts(self) -> dict[str, tuple[str, str]]:
        if f"{self._info}/entry_points.txt" not in self._members:
            return {}
        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
        parser.optionxform = str  # type: ignore[assignment, method-assign]  # as configparser says to do it
        try:
            parser.read_string(self._text("entry_points.txt"))
        except configparser.Error as error:
            raise CliError(f"{self.file}: its entry_points.txt cannot be read: {error}") from error
        found = {}
        for name, target in parser.items("console_scripts") if parser.has_section("console_scripts") else ():
            entry = _ENTRY.fullmatch(target)
            if entry is None or not _SCRIPT_NAME.fullmatch(name):
                raise CliError(f"{self.file}: its script {name} = {target} is not valid")
            found[name] = (entry[1], entry[2])
        return found

    def _check_fit(self, name: re.Match[str]) -> None:
        major, minor = sys.version_info[:2]
        pythons = {f"py{major}", *(f"py{major}{one}" for one in range(minor + 1)), f"cp{major}{minor}"}
        stable = {f"cp{major}{one}" for one in range(2, minor + 1)}
        abis = set(name["abi"].split("."))
        tags = set(name["python"].split("."))
        fits = (tags & pythons and abis & {"none", f"cp{major}{minor}"}) or (tags & stable and "abi3" in abis)
        machine = sysconfig.get_platform().rpartition("-")[2].replace(".", "_")
        platforms = name["platform"].split(".")
        if not fits or not any(
            one == "any" or (one.startswith(_system()) and one.endswith(machine)) for one in platforms
        ):
            raise CliError(
                f"{self.file} is not made for this machine",
                details=[f"this is Python {major}.{minor} on {sysconfig.get_platform()}"],
            )


def _system() -> tuple[str, ...]:
    return ("macosx",) if sys.platform == "darwin" else ("linux", "manylinux")


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _missing(wheels: Sequence[Wheel]) -> list[str]:
    """What these wheels require, as they write it, and none of them is. Raises `CliError`."""
    from packaging.version import InvalidVersion

    by_name = {wheel.name: wheel for wheel in wheels}
    missing: set[str] = set()
    waiting = [(name, "") for name in by_name]
    seen = set(waiting)
    while waiting:
        name, extra = waiting.pop()
        for one in by_name[name].needs(extra):
            found = by_name.get(normalized(one.name))
            try:
                fits = found is not None and one.specifier.contains(found.version, prereleases=True)
            except InvalidVersion as error:
                raise CliError(f"{found.file if found else name}: its version cannot be read: {error}") from error
            if found is None or not fits:
                missing.add(f"{one.name}{one.specifier}")
                continue
            further = {(found.name, normalized(each)) for each in one.extras} - seen
            seen |= further
            waiting += further
    return sorted(missing)


def build(environment: Path, home: Path, wheels: Sequence[tuple[str, bytes]]) -> None:
    """An environment with these wheels at ``environment``, which will be moved to ``home``. Raises `CliError`."""
    import venv

    opened = [Wheel(file, content) for file, content in wheels]
    if missing := _missing(opened):
        raise CliError(
            f"the plugin needs {', '.join(missing)}, which the package does not bring",
            details=["no index is asked: a package lists the wheels of everything that its plugin needs"],
        )
    venv.EnvBuilder(with_pip=False, symlinks=True).create(environment)
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    site = environment / "lib" / version / "site-packages"
    for name in ("activate", "activate.csh", "activate.fish", "Activate.ps1"):
        # They hold the path at which the environment was made.
        (environment / "bin" / name).unlink(missing_ok=True)
    for wheel in opened:
        wheel.lay_down(environment, site, home / "bin" / "python3")
