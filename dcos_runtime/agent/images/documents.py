"""The documents of an image (OCI image specification 1.0, Docker's schema 2 in the same words). Pure.

They come from strangers: whatever is not as the specification says is refused, and sizes are bounded.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, TypeVar

import msgspec

from dcos_runtime.agent.images.errors import ImageError

MOST_LAYERS = 127
"""With more, one mount(2) could not name them."""
LARGEST_DOCUMENT = 4 << 20

T = TypeVar("T")

Digest = Annotated[str, msgspec.Meta(pattern="^sha256:[0-9a-f]{64}$")]
Size = Annotated[int, msgspec.Meta(ge=0, le=1 << 50)]


class Descriptor(msgspec.Struct, frozen=True, kw_only=True):
    """A blob that a document names: its digest, its size in bytes, what it is."""

    digest: Digest
    size: Size
    media_type: str = msgspec.field(name="mediaType", default="")


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What an image is made of: its configuration, and its packed layers, lowest first."""

    config: Descriptor
    layers: list[Descriptor]


class ImageConfig(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={"entrypoint": "Entrypoint", "cmd": "Cmd", "env": "Env", "user": "User", "working_dir": "WorkingDir"},
):
    """What an image says of how it is run; ``null`` as absent."""

    entrypoint: list[str] | None = None
    cmd: list[str] | None = None
    env: list[str] | None = None
    user: str | None = None
    working_dir: str | None = None


class _RootFs(msgspec.Struct, frozen=True, kw_only=True):
    diff_ids: list[Digest]
    type: str = "layers"


class _Document(msgspec.Struct, frozen=True, kw_only=True):
    rootfs: _RootFs
    architecture: str = ""
    os: str = ""
    config: ImageConfig | None = None


class ImageDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``diff_ids``: digests of the unpacked layers, lowest first."""

    id: str
    config: ImageConfig
    diff_ids: tuple[str, ...]


class _Index(msgspec.Struct, frozen=True, kw_only=True):
    manifests: list[Descriptor]


def digest_of(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def read_index(content: bytes) -> Descriptor:
    """The one manifest that the ``index.json`` of a layout names. Raises `ImageError`."""
    found = _read(content, _Index, "index").manifests
    if len(found) != 1:
        raise ImageError(f"the index of the fetched image names {len(found)} manifests instead of one")
    return found[0]


def read_manifest(content: bytes) -> Manifest:
    """Raises `ImageError`."""
    found = _read(content, Manifest, "manifest")
    if not found.layers:
        raise ImageError("the image has no layers")
    if len(found.layers) > MOST_LAYERS:
        raise ImageError(f"the image has {len(found.layers)} layers, and this agent runs images of up to {MOST_LAYERS}")
    return found


def read_config(content: bytes) -> ImageDocument:
    """Raises `ImageError`."""
    found = _read(content, _Document, "configuration")
    if found.rootfs.type != "layers":
        raise ImageError(f"the image's root file system is {found.rootfs.type[:40]!r}, not made of layers")
    if found.os not in ("", "linux"):
        raise ImageError(f"the image is for {found.os[:40]!r}, and this machine runs Linux")
    config = found.config or ImageConfig()
    for text in (*(config.entrypoint or ()), *(config.cmd or ()), *(config.env or ()), config.working_dir or ""):
        if "\0" in text:
            raise ImageError("the image's configuration holds a NUL character")
    if config.working_dir and not config.working_dir.startswith("/"):
        raise ImageError(f"the image's working directory {config.working_dir[:80]!r} is not absolute")
    return ImageDocument(id=digest_of(content), config=config, diff_ids=tuple(found.rootfs.diff_ids))


def chain_ids(diff_ids: tuple[str, ...]) -> tuple[str, ...]:
    """The layers' ids, lowest first. Each stands for its layer and all below it (OCI image specification, *Layer
    ChainID*).
    """
    found: list[str] = []
    for diff_id in diff_ids:
        found.append(digest_of(f"{found[-1]} {diff_id}".encode()) if found else diff_id)
    return tuple(found)


def _read(content: bytes, kind: type[T], what: str) -> T:
    if len(content) > LARGEST_DOCUMENT:
        raise ImageError(f"the image's {what} has more than {LARGEST_DOCUMENT >> 20} MiB")
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ImageError(f"the image's {what} is not as the specification says: {error}") from error
