"""The golden image: a local qcow2 file, and a volume of it by its digest in each pool, below every machine's layer."""

from __future__ import annotations

import contextlib
import hashlib
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dcos_images.cache import distrust
from dcos_images.errors import ImageError
from dcos_images.including import load_definition
from dcos_installer.bundle.images import machine_of
from dcos_installer.machines import Carried
from dcos_installer.providers.base import ProviderError
from dcos_installer.providers.libvirt.descriptions import Volume, backing_of_volume
from dcos_installer.providers.libvirt.hypervisor import Hypervisor, LibvirtFailed
from dcos_installer.providers.libvirt.names import golden_digest, golden_mark, golden_volume, published_mark

_HEADER = struct.Struct(">4sIQIIQ")
_EXTERNAL_DATA = 1 << 2
_WAIT_SECONDS = 1800.0
_PAUSE_SECONDS = 1.0
_STILL_SECONDS = 30.0
"""Seconds after which an incomplete volume that does not grow counts as abandoned. (libvirt would delete one that is
being filled.)
"""


@dataclass(frozen=True)
class ImageRelease:
    """The facts of machines made from the image, by the image's manifest."""

    os_id: str
    os_version: str
    arch: str
    python: str
    libc: str
    packages: frozenset[str]
    carried: Carried


@dataclass(frozen=True)
class Golden:
    """The golden image's file."""

    path: Path
    sha256: str
    """The digest of the file."""
    bytes: int
    disk_bytes: int
    """The size of the smallest possible disk of a machine."""
    release: ImageRelease | None
    """None: there is no manifest beside it."""

    @property
    def volume(self) -> str:
        return golden_volume(self.sha256)


def read_golden(path: Path) -> Golden:
    """Reads the file, and the ``manifest.json`` beside it if that describes this file.

    Raises `ProviderError` when no machine can be made of it.
    """
    disk = disk_bytes(path)
    with _readable(path):
        manifest = _manifest(path)
        digest = "" if manifest is None else manifest.sha256
        if not digest:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        return Golden(path, digest, path.stat().st_size, disk, None if manifest is None else manifest.release)


@contextlib.contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Reports a file that cannot be read."""
    try:
        yield
    except OSError as error:
        raise ProviderError(
            f"the image {path} cannot be read",
            why=error.strerror or str(error),
            hint="build it with dcos-installer image build, or name another one with dcos_libvirt_image",
        ) from error


def disk_bytes(path: Path) -> int:
    """The size of the disk in a qcow2 file. Raises `ProviderError` when no machine can be made of it."""
    with _readable(path), path.open("rb") as file:
        head = file.read(_HEADER.size + 80)
    why = "it is no qcow2 file"
    if len(head) >= _HEADER.size and head[:4] == b"QFI\xfb":
        _, version, backing, _, _, disk = _HEADER.unpack_from(head)
        features = struct.unpack_from(">Q", head, 72)[0] if version >= 3 and len(head) >= 80 else 0
        if not backing and not features & _EXTERNAL_DATA:
            return int(disk)
        why = "it is a layer over another file, which the hypervisor does not have"
    raise ProviderError(
        f"no machine can be made from {path}", why=why, hint="name a whole qcow2 file with dcos_libvirt_image"
    )


class _Output(msgspec.Struct, frozen=True):
    file: str
    sha256: str


class _Manifest(msgspec.Struct, frozen=True):
    name: str
    """The name of the image's definition."""
    release: str
    """The codename of its distribution's release."""
    arch: str
    """Debian's name for it."""
    packages: dict[str, str]
    outputs: dict[str, _Output]
    runtime: str = ""
    users: tuple[str, ...] = ()
    links: dict[str, str] = {}


@dataclass(frozen=True)
class _Said:
    sha256: str
    release: ImageRelease | None


def _manifest(path: Path) -> _Said | None:
    """None: the manifest does not describe this file."""
    try:
        found = msgspec.json.decode(path.with_name("manifest.json").read_bytes(), type=_Manifest)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise ProviderError(
            f"the manifest of the image {path} cannot be read",
            why=str(error),
            hint="build the image again, or remove the manifest.json beside it",
        ) from error
    digest = next((one.sha256 for one in found.outputs.values() if one.file == path.name), None)
    if digest is None:
        return None
    return _Said(digest, _release(found))


def _release(manifest: _Manifest) -> ImageRelease | None:
    """The release in the image's definition; None: the definition is not known here."""
    try:
        said = load_definition(manifest.name).release(manifest.release)
    except ImageError:
        return None
    arch = machine_of(manifest.arch)
    return ImageRelease(
        said.os_id,
        said.os_version,
        arch,
        said.python,
        said.libc,
        frozenset(manifest.packages),
        Carried(manifest.runtime, frozenset(manifest.users), tuple(manifest.links.items())),
    )


def bring(hypervisor: Hypervisor, pool: str, golden: Golden, note: Callable[[str], None]) -> str:
    """Makes the golden volume complete in the pool, and returns its path there.

    It is complete when its mark is beside it, which is created last: remains of a killed run are removed, and another
    run that fills the volume is waited for.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    waiting = False
    grown, still_since = -1, time.monotonic()
    while True:
        there = {volume.name: volume.path for volume in hypervisor.volumes(pool)}
        if golden.volume in there and golden_mark(golden.sha256) in there:
            return there[golden.volume]
        seen = hypervisor.volume(pool, golden.volume)
        if (size := seen.allocation if seen is not None else 0) != grown:
            grown, still_since = size, time.monotonic()
        abandoned = time.monotonic() - still_since >= _STILL_SECONDS
        if golden.volume not in there or (abandoned and _taken_away(hypervisor, pool, golden.volume)):
            if golden_mark(golden.sha256) in there:  # without its volume: an incomplete one would count as complete
                hypervisor.delete_volume(pool, golden_mark(golden.sha256))
            if path := _made(hypervisor, pool, Volume(golden.volume, golden.disk_bytes, "qcow2", mode=0o644)):
                _upload(hypervisor, pool, golden, note)
                return path
        if time.monotonic() > deadline:
            raise ProviderError(
                f"the image is still incomplete in the storage pool {pool} after {_WAIT_SECONDS / 60:.0f} minutes",
                why=f"another run fills its volume {golden.volume}",
                hint="find out what that run waits for, or end it; then run again",
            )
        if not waiting:
            note(f"another run uploads the image into the storage pool {pool}: waiting for it")
            waiting = True
        time.sleep(_PAUSE_SECONDS)


def mark_published(hypervisor: Hypervisor, pool: str, golden: Golden) -> None:
    """From now on the volume stays, even if no machine uses it."""
    _made(hypervisor, pool, Volume(published_mark(golden.sha256), 1, "raw"))


def _made(hypervisor: Hypervisor, pool: str, volume: Volume) -> str:
    """The path of a new volume; empty: it exists, because another run created it first."""
    try:
        return hypervisor.create_volume(pool, volume.xml)
    except LibvirtFailed:
        if hypervisor.volume(pool, volume.name) is None:
            raise
        return ""


def _taken_away(hypervisor: Hypervisor, pool: str, volume: str) -> bool:
    """Whether the incomplete volume could be removed; libvirt refuses while an upload starts."""
    try:
        hypervisor.delete_volume(pool, volume)
    except LibvirtFailed as error:
        if "in use" not in error.why:
            raise
        return False
    return True


def _grows(hypervisor: Hypervisor, pool: str, volume: str) -> bool:
    before = hypervisor.volume(pool, volume)
    time.sleep(_PAUSE_SECONDS)
    after = hypervisor.volume(pool, volume)
    return before is not None and after is not None and after.allocation > before.allocation


def _upload(hypervisor: Hypervisor, pool: str, golden: Golden, note: Callable[[str], None]) -> None:
    digest, sent, reported = hashlib.sha256(), 0, 0
    note(f"uploading the image into the storage pool {pool} ({golden.bytes >> 20} MiB)")
    with golden.path.open("rb") as file:

        def read(most: int) -> bytes:
            nonlocal sent, reported
            part = file.read(most)
            digest.update(part)
            sent += len(part)
            if (tenth := sent * 10 // max(1, golden.bytes)) > reported and golden.bytes > 64 << 20:
                reported = tenth
                note(f"image: {tenth * 10} % uploaded")
            return part

        try:
            hypervisor.upload(pool, golden.volume, golden.bytes, read)
        except LibvirtFailed:
            with contextlib.suppress(ProviderError):  # an incomplete image would only fill the disk
                hypervisor.delete_volume(pool, golden.volume)
            raise
    if digest.hexdigest() != golden.sha256:
        hypervisor.delete_volume(pool, golden.volume)
        with contextlib.suppress(OSError):  # one of the cache is built anew then
            distrust(golden.path)
        raise ProviderError(
            f"the image {golden.path} is not what its manifest says",
            why=f"its SHA-256 is {digest.hexdigest()}, not {golden.sha256}",
            hint="build the image again",
        )
    hypervisor.create_volume(pool, Volume(golden_mark(golden.sha256), 1, "raw").xml)


def bring_again(hypervisor: Hypervisor, pool: str, golden: Golden, note: Callable[[str], None]) -> None:
    """After something was made that uses the golden volume: it is whole still. Before, a run that destroyed a cluster
    may have taken it away as unused (`forget_unused`). Looks for the mark alone when it is there.
    """
    if hypervisor.volume(pool, golden_mark(golden.sha256)) is None:
        bring(hypervisor, pool, golden, note)


def forget_unused(hypervisor: Hypervisor, pool: str) -> None:
    """Removes golden volumes that no machine of anybody is a layer over and nobody has published.

    Who uses one meanwhile loses nothing: the mark goes first, and then users are looked for once more; a user has his
    layer or his mark there first, and then looks for this mark (`bring_again`). So one of the two sees the other.
    """
    for digest in sorted({golden_digest(one.name) for one in hypervisor.volumes(pool)} - {""}):
        volumes = {one.name for one in hypervisor.volumes(pool)}
        if _is_used(hypervisor, pool, digest):
            continue
        whole = golden_mark(digest) in volumes
        if not whole and _grows(hypervisor, pool, golden_volume(digest)):
            continue  # another cluster brings it
        hypervisor.delete_volume(pool, golden_mark(digest))
        if _is_used(hypervisor, pool, digest):
            if whole:
                _made(hypervisor, pool, Volume(golden_mark(digest), 1, "raw"))
        elif golden_volume(digest) in volumes:
            _taken_away(hypervisor, pool, golden_volume(digest))


def _is_used(hypervisor: Hypervisor, pool: str, digest: str) -> bool:
    """Whether a machine is a layer over the golden volume, or somebody has published it."""
    volumes = hypervisor.volumes(pool)
    if published_mark(digest) in {one.name for one in volumes}:
        return True
    paths = {one.path for one in volumes if one.name == golden_volume(digest)}
    layers = (hypervisor.volume_xml(pool, one.name) for one in volumes if not golden_digest(one.name))
    return bool(paths & {backing_of_volume(xml) for xml in layers})
