"""Where an image comes from, by its reference and the agent's flags: a registry, or a folder of archives. Pure.

A source is what skopeo calls an image name (skopeo(1), *IMAGE NAMES*).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.images.reference import Reference
from dcos_runtime.flags.image_registries import parts

_OWN_LIBRARY = re.compile(r"(?:.*\.)?docker\.io(?::[0-9]+)?")
"""Registries that keep images without a slash under ``library/``."""


@dataclass(frozen=True)
class RegistrySource:
    """An image of a registry (OCI distribution specification). ``plain``: by HTTP, without TLS. ``credentials``: a file
    in the form of Docker's ``config.json``, instead of the agent's.
    """

    host: str
    path: str
    tag: str
    digest: str
    plain: bool = False
    credentials: Path | None = None

    @property
    def skopeo(self) -> str:
        return f"docker://{self.host}/{self.path}" + (f"@{self.digest}" if self.digest else f":{self.tag}")


@dataclass(frozen=True)
class FolderSource:
    """An image of a folder on this machine: ``NAME:TAG.tar``, an archive of Docker's or of OCI's, or the OCI layout
    ``NAME``, in which ``tag`` is looked up.
    """

    archive: Path
    layout: Path
    tag: str
    digest: str


@dataclass(frozen=True)
class AciSource:
    """An appc image: an archive on this machine, whose manifest has this ``name``."""

    archive: Path
    name: str


Source = RegistrySource | FolderSource | AciSource


@dataclass(frozen=True)
class Registry:
    """``--docker_registry``: a host (with a path in front of its names), or a folder of archives."""

    host: str = ""
    prefix: str = ""
    plain: bool = False
    folder: Path | None = None

    @classmethod
    def read(cls, text: str) -> Registry:
        """Raises ``ValueError``."""
        scheme, host, path = parts(text)
        return cls(host=host, prefix=path, plain=scheme == "http") if host else cls(folder=Path(path))

    def text(self) -> str:
        if self.folder is not None:
            return str(self.folder)
        return f"{'http' if self.plain else 'https'}://{self.host}" + (f"/{self.prefix}" if self.prefix else "")


def source_of(reference: Reference, registry: Registry | None) -> Source:
    """Raises `ImageError`."""
    host = reference.host
    if not host:
        if registry is None:
            raise ImageError(
                f"{reference} names no registry, and this agent has none for such images (--docker_registry); write"
                " host/name:tag"
            )
        if registry.folder is not None:
            name = registry.folder / reference.path
            archive = name.with_name(f"{name.name}:{reference.tag}.tar")
            return FolderSource(archive, name, reference.tag, reference.digest)
        path = f"{registry.prefix}/{reference.path}" if registry.prefix else reference.path
        host = registry.host
    else:
        path = reference.path
    if "/" not in path and _OWN_LIBRARY.fullmatch(host):
        path = f"library/{path}"
    plain = registry is not None and registry.plain and registry.host == host
    return RegistrySource(host, path, reference.tag, reference.digest, plain)
