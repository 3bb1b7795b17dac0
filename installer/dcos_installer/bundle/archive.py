"""Packages as archives: one normalised tar, named by its digest, stored compressed in the operator's cache.

The digest is that of the tar, not of the compressed file: it does not depend on the compression.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import tarfile
from pathlib import Path

import msgspec

from dcos_installer.errors import InstallerError
from dcos_installer.plan.facts import Target
from dcos_installer.plan.manifest import Package
from dcos_installer.surroundings import can_be_made, home
from dcos_runtime import durable

_COMPRESSION = 6


class BundleError(InstallerError):
    """A package cannot be built or read."""


class Built(msgspec.Struct, frozen=True):
    """A package in the operator's cache. ``archive`` is a gzip of the tar whose digest names it."""

    package: Package
    target: Target
    archive: str
    archive_sha256: str
    size: int
    """The size of ``archive``, in bytes."""
    unpacked: int
    """The size of the tar, in bytes."""
    compiled: bool
    """Whether it contains bytecode; without it daemons start more slowly."""

    @property
    def folder(self) -> str:
        return self.package.folder


def cache_home() -> Path:
    """``$XDG_CACHE_HOME/dcos/bundle``; a relative value is ignored, as the XDG specification asks."""
    configured = os.environ.get("XDG_CACHE_HOME", "")
    if configured.startswith("/"):
        return can_be_made(Path(configured) / "dcos" / "bundle", "from XDG_CACHE_HOME")
    return can_be_made(home(os.environ, "XDG_CACHE_HOME") / ".cache" / "dcos" / "bundle", "from HOME")


def pack(tree: Path) -> bytes:
    """A reproducible tar of ``tree``: sorted, owner 0, time 0.

    Holds files and folders only; modes are 0755 for folders and executables, 0644 otherwise.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path in sorted(tree.rglob("*"), key=lambda path: path.relative_to(tree).parts):
            found = path.lstat()
            member = tarfile.TarInfo(path.relative_to(tree).as_posix())
            if stat.S_ISDIR(found.st_mode):
                member.type, member.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(member)
            elif stat.S_ISREG(found.st_mode):
                member.mode = 0o755 if found.st_mode & stat.S_IXUSR else 0o644
                member.size = found.st_size
                with path.open("rb") as file:
                    archive.addfile(member, file)
            else:
                raise BundleError(
                    f"{path} is neither file nor folder",
                    why="a link, a socket or a device means something on one machine only",
                    hint="a package holds nothing else",
                )
    return buffer.getvalue()


def keep(
    home: Path,
    inputs: str,
    tar: bytes,
    *,
    name: str,
    version: str,
    programs: tuple[str, ...],
    target: Target,
    compiled: bool,
) -> Built:
    """Puts a package into the cache under the digest of its ``inputs``, in one step."""
    digest = hashlib.sha256(tar).hexdigest()
    package = Package(name=name, version=version, sha256=digest, programs=programs)
    archive = home / f"{package.folder}.tar.gz"
    data = gzip.compress(tar, _COMPRESSION, mtime=0)
    home.mkdir(parents=True, exist_ok=True)
    durable.write(archive, data, lasting=False)  # who reads it compares its digest
    built = Built(
        package,
        target,
        str(archive),
        hashlib.sha256(data).hexdigest(),
        size=len(data),
        unpacked=len(tar),
        compiled=compiled,
    )
    durable.write(home / f"{inputs}.json", msgspec.json.encode(built), lasting=False)
    return built


def kept(home: Path, inputs: str) -> Built | None:
    """The package that `keep` stored for ``inputs``; None when there is none, or only a damaged one."""
    try:
        built = msgspec.json.decode((home / f"{inputs}.json").read_bytes(), type=Built)
        # The content is not verified: each deploy and plan calls this, and unpacking takes a second of a processor.
        with Path(built.archive).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, msgspec.DecodeError):
        return None
    return built if digest == built.archive_sha256 else None
