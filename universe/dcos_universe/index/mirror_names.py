"""What a mirror calls artifacts and images: in the packages that it rewrites, and in what it serves. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

from dcos_runtime import urls

BLOBS = "blobs"
_CHARACTER = re.compile(r"[A-Za-z0-9._+~@-]")

_DOCKER = ("docker.io", "index.docker.io", "registry-1.docker.io")
NAME = re.compile(r"(?:[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
"""The name of a repository of images."""
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class ImageName:
    """``tag`` and ``digest`` are ``""`` if a reference has none. If there is a digest, the tag has no meaning."""

    name: str
    tag: str
    digest: str

    def at(self, registry: str) -> str:
        tag = f":{self.tag}" if self.tag else ""
        return f"{registry}/{self.name}{tag}{f'@{self.digest}' if self.digest else ''}"


def image_name(reference: str) -> ImageName:
    """The name that a reference means, without its host, as Docker reads it: ``example.com/a/b:1`` and ``a/b:1`` mean
    ``a/b``, ``nginx`` means ``library/nginx``."""
    rest, _, digest = reference.removeprefix("docker://").partition("@")
    first, slash, behind = rest.partition("/")
    # What is before the first slash is a host if it cannot be the name of a user.
    host = bool(slash) and ("." in first or ":" in first or first == "localhost")
    path = behind if host else rest
    head, slash, last = path.rpartition("/")
    last, _, tag = last.partition(":")
    path = f"{head}{slash}{last}"
    if "/" not in path and (not host or first in _DOCKER):
        path = f"library/{path}"
    return ImageName(path, tag, digest)


def image_at(registry: str, reference: str) -> str:
    """The reference by which a client pulls the image from ``registry`` (``host:port``)."""
    if reference.partition("/")[0] == registry:
        return reference
    return image_name(reference).at(registry)


def blob_name(uri: str, sha256: str) -> str:
    """The path of an artifact below a mirror's URL: its digest, and then the name at the end of its URI. The name is
    kept because its ending decides whether an agent unpacks the file, and because a task finds it under that name in
    its sandbox. It has only characters that are the same in a path and in a URL."""
    last = unquote(urls.last_name(uri))
    kept = "".join(one if _CHARACTER.fullmatch(one) else "_" for one in last)[-200:].lstrip(".")
    return f"{BLOBS}/{sha256}/{kept or 'file'}"


def blob_at(base: str, uri: str, sha256: str) -> str:
    """The artifact's URL at a mirror."""
    return f"{base.rstrip('/')}/{blob_name(uri, sha256)}"
