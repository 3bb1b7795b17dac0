"""References to container images, as Docker's and OCI's distribution specification write them. Pure.

``[HOST[:PORT]/]PATH[:TAG][@DIGEST]``: the part before the first slash is a host only with a dot or a colon in it, or
as ``localhost``. Without tag and digest the tag is ``latest``; with both, the digest counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.flags.image_registries import good_host

LATEST = "latest"
LONGEST = 255
"""Characters of a repository's name, its host included."""
LONGEST_SHOWN = 300

_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_HEX_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Reference:
    """``host`` is empty where the reference names none."""

    host: str
    path: str
    tag: str
    digest: str = ""

    @property
    def repository(self) -> str:
        return f"{self.host}/{self.path}" if self.host else self.path

    def __str__(self) -> str:
        return f"{self.repository}@{self.digest}" if self.digest else f"{self.repository}:{self.tag}"


def parse(text: str) -> Reference:
    """Raises `ImageError`."""
    shown = repr(text[:LONGEST_SHOWN])
    if _HEX_ID.fullmatch(text):
        raise ImageError(f"{shown} is the id of an image, not its name: name it by its repository")
    rest, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise ImageError(
            f"{shown} has no digest behind its @: that is sha256: and 64 hexadecimal digits, in lower case"
        )
    first, slash, behind = rest.partition("/")
    named = bool(slash) and ("." in first or ":" in first or first == "localhost")
    host, path = (first, behind) if named else ("", rest)
    if host and not good_host(host):
        raise ImageError(f"{shown} names no registry that could be: {host[:LONGEST_SHOWN]!r}")
    path, colon, tag = path.partition(":")
    if colon and not _TAG.fullmatch(tag):
        raise ImageError(f"{shown} has no tag behind its colon: letters, digits, _ . - and at most 128 of them")
    if not _PATH.fullmatch(path):
        why = "; names of images are in lower case" if path != path.lower() else ""
        raise ImageError(f"{shown} names no image{why}")
    found = Reference(host, path, tag or LATEST, digest)
    if len(found.repository) > LONGEST:
        raise ImageError(f"{shown} names an image by more than {LONGEST} characters")
    return found
