"""Brings one image into a folder of the store: its documents, checked, and the blobs of the layers that are missing."""

from __future__ import annotations

import logging
import os
import tarfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from dcos_runtime.agent import pools
from dcos_runtime.agent.images import documents
from dcos_runtime.agent.images.documents import Descriptor, ImageDocument, Manifest, digest_of
from dcos_runtime.agent.images.errors import ImageError
from dcos_runtime.agent.images.skopeo import Skopeo
from dcos_runtime.agent.images.sources import FolderSource, RegistrySource

log = logging.getLogger(__name__)


class _Platform(msgspec.Struct, frozen=True, kw_only=True):
    architecture: str = ""
    os: str = ""


class _Choice(msgspec.Struct, frozen=True, kw_only=True):
    digest: documents.Digest
    platform: _Platform | None = None


class _Served(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest, or an index of manifests for several platforms."""

    config: Descriptor | None = None
    layers: list[Descriptor] = []
    manifests: list[_Choice] | None = None


@dataclass(frozen=True)
class Fetched:
    """``blobs``: of each layer, lowest first, the name of its file below the folder, its digest and its size."""

    document: ImageDocument
    blobs: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True)
class Puller:
    """Fetches images by skopeo, and only what the store has not."""

    skopeo: Skopeo

    async def document(self, source: RegistrySource | FolderSource, folder: Path) -> ImageDocument:
        """What image it is, before anything of it is fetched. Raises `ImageError`."""
        image = await pools.run(pools.LAUNCHES, partial(_named, source, folder))
        return documents.read_config(await self.skopeo.config(image, source, folder))

    async def fetch(
        self,
        source: RegistrySource | FolderSource,
        folder: Path,
        document: ImageDocument,
        has: Callable[[str], bool],
        room: Callable[[int], None],
        shown: str,
    ) -> Fetched:
        """Fetches the image of ``document``. ``has``: whether the store has a layer, by its chain id; ``room`` is told
        the bytes to come, and raises `ImageError` if they do not fit.
        """
        image, expected = await pools.run(pools.LAUNCHES, partial(_named, source, folder)), None
        if isinstance(source, RegistrySource):
            image, manifest = await self._pinned(source, folder, document)
            if manifest is not None:
                expected = _prepare(manifest, document, folder, has)
                if expected > self.skopeo.max_bytes:
                    raise ImageError(
                        f"its layers take {expected} bytes, more than {self.skopeo.max_bytes} (--fetcher_max_size)"
                    )
                room(expected)
        log.info("image %s: fetching%s", shown, "" if expected is None else f" {expected >> 20} MiB")
        await self.skopeo.copy(image, source, folder, shown, expected)
        return await pools.run(pools.LAUNCHES, partial(_fetched, folder))

    async def _pinned(
        self, source: RegistrySource, folder: Path, document: ImageDocument
    ) -> tuple[str, Manifest | None]:
        """The image by the digest of its manifest, whatever its tag names meanwhile; and that manifest, if it is one
        whose layers can be told.
        """
        repository = f"docker://{source.host}/{source.path}"
        content = await self.skopeo.manifest(source.skopeo, source, folder)
        served = _served(content)
        if served is None or (served.manifests is None and served.config is None):
            return source.skopeo, None
        if served.manifests is None:
            return f"{repository}@{digest_of(content)}", documents.read_manifest(content)
        for choice in served.manifests:
            if choice.platform is not None and choice.platform.os not in ("", "linux"):
                continue
            content = await self.skopeo.manifest(f"{repository}@{choice.digest}", source, folder)
            one = _served(content)
            if one is not None and one.config is not None and one.config.digest == document.id:
                return f"{repository}@{choice.digest}", documents.read_manifest(content)
        return source.skopeo, None


def _served(content: bytes) -> _Served | None:
    try:
        return msgspec.json.decode(content, type=_Served)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def _prepare(manifest: Manifest, document: ImageDocument, folder: Path, has: Callable[[str], bool]) -> int:
    """Puts an empty file of the right size for every layer that the store has: skopeo does not fetch what is there.
    Returns the bytes that are to be fetched.
    """
    chain = documents.chain_ids(document.diff_ids)
    if len(chain) != len(manifest.layers):
        raise ImageError(f"the image has {len(manifest.layers)} layers, and its configuration names {len(chain)}")
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True, exist_ok=True)
    known = {layer.digest: layer for layer, chain_id in zip(manifest.layers, chain, strict=True) if has(chain_id)}
    missing = {layer.digest: layer for layer, chain_id in zip(manifest.layers, chain, strict=True) if not has(chain_id)}
    for layer in known.values():
        if layer.digest not in missing:
            with (blobs / layer.digest.removeprefix("sha256:")).open("xb") as file:
                file.truncate(layer.size)
    return sum(layer.size for layer in missing.values())


def _fetched(folder: Path) -> Fetched:
    """What is in the folder. The digests of its documents are checked; the layers', when they are unpacked."""
    manifest_at = documents.read_index(_read(folder / "layout" / "index.json"))
    manifest = documents.read_manifest(_blob(folder, manifest_at))
    document = documents.read_config(_blob(folder, manifest.config))
    if len(document.diff_ids) != len(manifest.layers):
        raise ImageError(
            f"the image has {len(manifest.layers)} layers, and its configuration names {len(document.diff_ids)}"
        )
    return Fetched(document, tuple((_name(layer), layer.digest, layer.size) for layer in manifest.layers))


def _blob(folder: Path, at: Descriptor) -> bytes:
    content = _read(folder / _name(at))
    if digest_of(content) != at.digest or len(content) != at.size:
        raise ImageError(f"a document of the image is not what its digest says ({at.digest})")
    return content


def _name(at: Descriptor) -> str:
    return f"blobs/sha256/{at.digest.removeprefix('sha256:')}"


def _read(path: Path) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        return file.read(documents.LARGEST_DOCUMENT + 1)


def _named(source: RegistrySource | FolderSource, folder: Path) -> str:
    """The image in skopeo's words. Archives go by a link: their own names have a colon, which means something there."""
    if isinstance(source, RegistrySource):
        return source.skopeo
    if source.digest:
        raise ImageError("an image of a folder has no digest of a registry; name it by its tag")
    link = folder / "source"
    if source.archive.is_file():
        _link(link, source.archive)
        kind = "oci-archive" if _holds_layout(source.archive) else "docker-archive"
        return f"{kind}:{link}"
    if (source.layout / "oci-layout").is_file():
        _link(link, source.layout)
        return f"oci:{link}:{source.tag}"
    raise ImageError(f"neither {source.archive} nor the OCI layout {source.layout} is there")


def _link(link: Path, target: Path) -> None:
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _holds_layout(archive: Path) -> bool:
    """Whether it is an archive of OCI's, not of Docker's."""
    try:
        with tarfile.open(archive) as opened:
            names = _first_names(opened)
    except (tarfile.TarError, OSError, EOFError) as error:
        why = next(iter(str(error).splitlines()), "it cannot be read").rstrip(":")
        raise ImageError(f"{archive} is no archive of an image: {why}") from error
    return "oci-layout" in names and "manifest.json" not in names


def _first_names(archive: tarfile.TarFile, most: int = 10_000) -> Sequence[str]:
    names = []
    for member in archive:
        names.append(member.name.removeprefix("./"))
        if len(names) >= most:
            break
    return names
