"""What a machine should look like: Manifest, the fragments it is merged from, and the pure function that makes it.

A manifest is one frozen value with one canonical form (JSON) and one digest (sha256 of that). `dcos_host` applies it on
the machine; nothing there is derived that is not spelled out here.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from dcos_installer.errors import InstallerError

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec
    from dcos_installer.plan.facts import Facts
    from dcos_installer.plan.materials import Materials

FORMAT = 1
"""Of the manifest's JSON; `dcos_host` refuses another."""

ACTIVE = "/opt/dcos/active"
"""What every link outside /opt/dcos leads into."""

_UNIT_NAME = re.compile(r"dcos-[a-z0-9-]+\.service")
_USER_NAME = re.compile(r"dcos-[a-z0-9-]{1,26}")
_FILE_PATH = re.compile(r"(?:etc|units)/[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_SECRET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}")
_PROBE = re.compile(r"(?:https://[a-z]+@[0-9.]+:\d+(?:/\S+)?|zookeeper://[0-9.]+:\d+|unix:///\S+)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LINK_ROOTS = ("/etc/systemd/system/", "/etc/sysctl.d/", "/usr/local/bin/")
"""Where links may be laid; everything else of the machine is not ours."""


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A content-addressed package in /opt/dcos/packages. ``programs`` get links in the generation's ``bin/``."""

    name: str
    version: str
    sha256: str
    """Of the normalised tar."""
    programs: tuple[str, ...] = ()

    @property
    def folder(self) -> str:
        return f"{self.name}--{self.version}-{self.sha256[:12]}"


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text file in the generation; ``path`` is relative to it and lies in ``etc/`` or ``units/``."""

    path: str
    content: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"


class Unit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A systemd unit that runs. Its text is the file ``units/<name>`` of the generation.

    ``reads`` names what it takes in when it starts: paths of files, ``package:NAME``, ``secret:NAME``. When one of them
    changes, ``on_change`` (restart or reload) happens to it; when its own text does, it is restarted. ``probe``
    (``https://KIND@HOST:PORT/PATH``, asked with mutual TLS; ``https://KIND@HOST:PORT``, whose certificate alone counts;
    ``zookeeper://HOST:PORT``, ``unix:///SOCKET``) answers when it is well. Nothing is asked where anybody may answer.
    """

    name: str
    reads: tuple[str, ...] = ()
    on_change: str = "restart"
    probe: str = ""


class User(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A system user with a group of the same name, without a shell."""

    name: str
    home: str
    comment: str = ""


class Sysctl(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    key: str
    value: str


class Link(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A symbolic link outside /opt/dcos, always into the active generation."""

    path: str
    target: str


class Secret(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file in /etc/dcos-secrets. Its content travels beside the manifest, never in it."""

    name: str
    owner: str = "root"
    group: str = "root"
    mode: int = 0o600


class Requirement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file of the operating system that must be there, and the Debian package that brings it."""

    path: str
    package: str


class Firewall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The nftables table (``inet``) that file ``rules`` of the generation replaces, loaded by ``unit``."""

    table: str
    rules: str
    unit: str


class Fragment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one role adds to a host. ``units`` come with their text and the target that wants them."""

    role: str
    packages: tuple[Package, ...] = ()
    files: tuple[File, ...] = ()
    units: tuple[Unit, ...] = ()
    users: tuple[User, ...] = ()
    sysctls: tuple[Sysctl, ...] = ()
    links: tuple[Link, ...] = ()
    secrets: tuple[Secret, ...] = ()
    requires: tuple[Requirement, ...] = ()
    firewall: Firewall | None = None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of what we lay down on one host. ``units`` are in the order in which they start."""

    format: int
    cluster: str
    """The cluster's id."""
    host: str
    roles: tuple[str, ...]
    packages: tuple[Package, ...] = ()
    files: tuple[File, ...] = ()
    units: tuple[Unit, ...] = ()
    users: tuple[User, ...] = ()
    sysctls: tuple[Sysctl, ...] = ()
    links: tuple[Link, ...] = ()
    secrets: tuple[Secret, ...] = ()
    requires: tuple[Requirement, ...] = ()
    firewall: Firewall | None = None

    def encode(self) -> bytes:
        """The canonical form: equal manifests have equal bytes."""
        return msgspec.json.encode(self)

    @property
    def digest(self) -> str:
        """sha256 of the canonical form, in hex."""
        return hashlib.sha256(self.encode()).hexdigest()


class ManifestConflict(InstallerError):
    """Two roles want different things of one host."""


class ManifestInvalid(InstallerError):
    """A fragment asks for something that no manifest may hold. A fault in a role."""


def decode(data: bytes) -> Manifest:
    """The manifest of `Manifest.encode`. Raises ``msgspec.ValidationError``."""
    return msgspec.json.decode(data, type=Manifest)


def fragment(role: str, spec: ClusterSpec, host: HostSpec, facts: Facts, materials: Materials) -> Fragment:
    """What ``role`` adds to ``host``. Pure; raises ``KeyError`` for a role that does not exist."""
    from dcos_installer.plan.fragments import FRAGMENTS

    return FRAGMENTS[role](spec, host, facts, materials.role(role))


def roles_of(host: HostSpec) -> tuple[str, ...]:
    """The roles of ``roles/`` that a host of the inventory gets, in the order in which their units start."""
    masters = ("zookeeper", "master", "marathon", "auth", "gateway") if host.is_master else ()
    agents = ("agent",) if host.is_agent else ()
    return ("common", *masters, *agents)


def manifest(spec: ClusterSpec, host: HostSpec, facts: Facts, materials: Materials) -> Manifest:
    """What ``host`` should look like. Pure: the same arguments give the same bytes."""
    return merge(spec, host, [fragment(role, spec, host, facts, materials) for role in roles_of(host)])


_T = TypeVar("_T")


def merge(spec: ClusterSpec, host: HostSpec, fragments: Sequence[Fragment]) -> Manifest:
    """One manifest out of the roles' fragments, which may repeat each other but not differ.

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
                        f"{host.name}: the roles {role} and {piece.role} want different things of {what} {name}",
                        why=f"{role}: {_shown(known)}; {piece.role}: {_shown(item)}",
                        hint="let one role own it, or make both say the same",
                    )
        return tuple(item for _, item in found.values())

    firewalls = {piece.firewall: piece.role for piece in fragments if piece.firewall}
    if len(firewalls) > 1:
        raise ManifestConflict(
            f"{host.name}: the roles {' and '.join(firewalls.values())} each bring a firewall",
            hint="one role owns the doors",
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
        raise ManifestInvalid(f"{host.name}: the roles make no valid manifest", why="; ".join(problems))
    return merged


def unit_file(name: str, content: str) -> File:
    """The text of a unit."""
    return File(path=f"units/{name}", content=content)


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
