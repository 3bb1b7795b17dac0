"""Merges the roles' fragments into one manifest: equal parts become one, contradictions are refused."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from dcos_installer.plan.manifest import (
    ACTIVE,
    FORMAT,
    File,
    Fragment,
    Link,
    Manifest,
    ManifestConflict,
    ManifestInvalid,
    Sysctl,
    Unit,
)

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec

_UNIT_NAME = re.compile(r"dcos-[a-z0-9-]+\.service")
_USER_NAME = re.compile(r"dcos-[a-z0-9-]{1,26}")
_FILE_PATH = re.compile(r"(?:etc|units)/[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_SECRET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_PROBE = re.compile(r"(?:https://[a-z]+@[0-9.]+:\d+(?:/\S+)?|zookeeper://[0-9.]+:\d+|unix:///\S+)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LINK_ROOTS = ("/etc/systemd/system/", "/etc/sysctl.d/", "/usr/local/bin/")
"""The folders in which links may be made. All other folders of the machine are not ours."""

_T = TypeVar("_T")


def merge(spec: ClusterSpec, host: HostSpec, fragments: Sequence[Fragment]) -> Manifest:
    """One manifest from the roles' fragments, which may repeat each other but not differ.

    Raises `ManifestConflict` naming both roles, and `ManifestInvalid`.
    """

    def gathered(part: str, key: str, what: str) -> tuple[Any, ...]:
        found: dict[str, tuple[str, Any]] = {}
        for piece in fragments:
            for item in getattr(piece, part):
                name = getattr(item, key)
                role, known = found.setdefault(name, (piece.role, item))
                if known != item:
                    raise ManifestConflict(
                        f"{host.name}: the roles {role} and {piece.role} have different values for {what} {name}",
                        why=f"{role}: {_shown(known)}; {piece.role}: {_shown(item)}",
                        hint="let one role have it, or give both the same value",
                    )
        return tuple(item for _, item in found.values())

    firewalls = {piece.firewall: piece.role for piece in fragments if piece.firewall}
    if len(firewalls) > 1:
        raise ManifestConflict(
            f"{host.name}: the roles {' and '.join(firewalls.values())} each bring a firewall",
            why="one table has all open ports of a host",
            hint="let one role have the firewall",
        )
    sysctls = gathered("sysctls", "key", "the kernel setting")
    files = [*gathered("files", "path", "the file"), *_sysctl_file(sysctls)]
    units = gathered("units", "name", "the unit")
    links = [*gathered("links", "path", "the link"), *_unit_links(units, files), *_sysctl_link(sysctls)]
    merged = Manifest(
        format=FORMAT,
        cluster=spec.cluster_id,
        host=host.name,
        roles=tuple(piece.role for piece in fragments),
        packages=_sorted(gathered("packages", "name", "the package"), "name"),
        files=_sorted(files, "path"),
        units=units,
        users=_sorted(gathered("users", "name", "the user"), "name"),
        sysctls=_sorted(sysctls, "key"),
        links=_sorted(links, "path"),
        secrets=_sorted(gathered("secrets", "name", "the secret"), "name"),
        requires=_sorted(gathered("requires", "path", "the file of the operating system"), "path"),
        firewall=next(iter(firewalls), None),
    )
    problems = list(_problems(merged))
    if problems:
        raise ManifestInvalid(
            f"{host.name}: the roles make no valid manifest",
            hint="report this: it is a fault in a role",
            final=True,
            why="; ".join(problems),
        )
    return merged


def _sysctl_file(sysctls: Sequence[Sysctl]) -> list[File]:
    if not sysctls:
        return []
    lines = sorted(f"{item.key} = {item.value}\n" for item in sysctls)
    return [File(path="etc/sysctl.conf", content="".join(lines))]


def _sysctl_link(sysctls: Sequence[Sysctl]) -> list[Link]:
    return [Link(path="/etc/sysctl.d/60-dcos.conf", target=f"{ACTIVE}/etc/sysctl.conf")] if sysctls else []


def _unit_links(units: Sequence[Unit], files: Sequence[File]) -> list[Link]:
    texts = {file.path: file.content for file in files}
    links = []
    for unit in units:
        target = f"{ACTIVE}/units/{unit.name}"
        links.append(Link(path=f"/etc/systemd/system/{unit.name}", target=target))
        for wanted in re.findall(r"^WantedBy=(\S+)$", texts.get(f"units/{unit.name}", ""), re.MULTILINE):
            links.append(Link(path=f"/etc/systemd/system/{wanted}.wants/{unit.name}", target=target))
    return links


def _problems(manifest: Manifest) -> Iterable[str]:
    paths = {file.path for file in manifest.files}
    known = paths | {f"package:{item.name}" for item in manifest.packages}
    known |= {f"secret:{item.name}" for item in manifest.secrets}
    for file in manifest.files:
        if not _FILE_PATH.fullmatch(file.path):
            yield f"file {file.path}: paths are relative and lie in etc/ or units/"
    for path in paths:
        if any(other != path and other.startswith(path + "/") for other in paths):
            yield f"file {path}: another file lies below it"
    for unit in manifest.units:
        if not _UNIT_NAME.fullmatch(unit.name):
            yield f"unit {unit.name}: our units are named dcos-….service"
        if f"units/{unit.name}" not in paths:
            yield f"unit {unit.name}: no fragment brings its text"
        if not _PROBE.fullmatch(unit.probe):
            yield f"unit {unit.name}: {unit.probe} is no probe that only the daemon itself can answer"
        if unit.on_change not in ("restart", "reload"):
            yield f"unit {unit.name}: on_change is restart or reload, not {unit.on_change}"
        for name in unit.reads:
            if name not in known:
                yield f"unit {unit.name}: reads {name}, which is not in the manifest"
    for link in manifest.links:
        if not link.path.startswith(_LINK_ROOTS) or posixpath.normpath(link.path) != link.path:
            yield f"link {link.path}: links are laid below {', '.join(_LINK_ROOTS)} only"
        if not link.target.startswith(f"{ACTIVE}/") or posixpath.normpath(link.target) != link.target:
            yield f"link {link.path}: leads to {link.target}, not into {ACTIVE}"
    for user in manifest.users:
        if not _USER_NAME.fullmatch(user.name):
            yield f"user {user.name}: our users are named dcos-…"
    for secret in manifest.secrets:
        if not _SECRET_NAME.fullmatch(secret.name):
            yield f"secret {secret.name}: names are small letters, digits, hyphens and dots"
        if secret.mode & 0o077:
            yield f"secret {secret.name}: mode {secret.mode:04o} would let others read it"
    for package in manifest.packages:
        if not _SHA256.fullmatch(package.sha256):
            yield f"package {package.name}: {package.sha256} is not a sha256"
    if manifest.firewall and manifest.firewall.rules not in paths:
        yield f"firewall: no fragment brings {manifest.firewall.rules}"


def _sorted(items: Iterable[_T], key: str) -> tuple[_T, ...]:
    return tuple(sorted(items, key=lambda item: str(getattr(item, key))))


def _shown(item: Any) -> str:
    text = msgspec.json.encode(item).decode()
    return text if len(text) <= 200 else text[:200] + "…"
