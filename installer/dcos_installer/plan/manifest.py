"""The desired state of a machine, as values: Manifest, its parts, and the fragments that roles add to it.

A manifest is one frozen value with one canonical form (JSON) and one digest (sha256 of that). `dcos_host` applies it on
the machine, and derives nothing that is not in it. `merge` makes one from fragments, `compose` from a host.
"""

from __future__ import annotations

import hashlib

import msgspec

from dcos_installer.errors import InstallerError

FORMAT = 1
"""The format of the manifest's JSON; `dcos_host` refuses another."""

ACTIVE = "/opt/dcos/active"
"""Every link outside /opt/dcos leads into this folder."""


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A content-addressed package in /opt/dcos/packages. ``programs`` get links in the generation's ``bin/``."""

    name: str
    version: str
    sha256: str
    """The digest of the normalised tar."""
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

    ``reads`` names what it reads at its start: paths of files, ``package:NAME``, ``secret:NAME``. When one of them
    changes, the unit gets ``on_change`` (restart or reload); when its own text changes, it is restarted. ``probe``
    (``https://KIND@HOST:PORT/PATH``, with mutual TLS; ``https://KIND@HOST:PORT``, for which only the certificate
    counts; ``zookeeper://HOST:PORT``, ``unix:///SOCKET``) answers when the unit is healthy. A probe never uses a port
    at which any process could answer.
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
    """A kernel setting."""

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
    """The parts of a host's manifest that one role adds. ``units`` have their text and the target that wants them."""

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
    """Everything that we put on one host. ``units`` are in the order in which they start."""

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
    """Two roles want different values for the same thing of one host."""


class ManifestInvalid(InstallerError):
    """A fragment has a part that no manifest may hold: an error in a role."""


def unit_file(name: str, content: str) -> File:
    """The text of a unit, as a file of the generation."""
    return File(path=f"units/{name}", content=content)
