"""What an image should be: `ImageDefinition`, and what it is made of."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from dcos_images.errors import NotMadeHereError

OUTPUTS = ("tree", "tar", "raw", "qcow2", "netboot", "update")
"""What can come out: a directory, the same as an archive, a disk, the same for QEMU, what machines boot by HTTP, and
what the other slot of a disk that is in use gets."""
BOOTABLE = frozenset({"raw", "qcow2", "netboot", "update"})
COMPONENTS = ("main", "contrib", "non-free", "non-free-firmware")


@dataclass(frozen=True)
class Release:
    """One release of the distribution that the image can be made of, and what it brings along."""

    codename: str
    os_id: str
    os_version: str
    python: str
    """The tag of /usr/bin/python3: ``cp311``."""
    libc: str
    packages: tuple[str, ...] = ()
    """What this release alone wants: another one has it in a package that all want."""


@dataclass(frozen=True)
class ImageFile:
    """A regular file laid down in the image, owned by root."""

    path: str
    mode: int
    content: bytes


@dataclass(frozen=True)
class ImageLink:
    """A symbolic link laid down in the image; it replaces what is there."""

    path: str
    target: str


@dataclass(frozen=True)
class ImageUser:
    """A system user that cannot log in, with a group of its name and number."""

    name: str
    uid: int
    comment: str
    home: str


@dataclass(frozen=True)
class Partitions:
    """The sizes of a disk's partitions in MB: the ESP and each of the two root slots. The state takes what is left."""

    esp_mb: int
    root_mb: int
    state_min_mb: int

    @property
    def least_disk_mb(self) -> int:
        """What the disk of a machine has to have: both slots, the least state, and the partition tables."""
        return 1 + self.esp_mb + 2 * self.root_mb + self.state_min_mb + 1


@dataclass(frozen=True)
class ImageDefinition:
    """One image, as asked for. Paths are absolute within the image; ``remove`` holds glob patterns of such paths."""

    name: str
    description: str
    outputs: tuple[str, ...]
    architectures: tuple[str, ...]
    """Debian's words for them; empty: any."""
    components: tuple[str, ...]
    """Of the distribution, which the host's package sources have to offer."""
    packages: tuple[str, ...]
    exclude: tuple[str, ...]
    """Paths of packages that are never unpacked, as dpkg's ``path-exclude`` takes them."""
    releases: tuple[Release, ...]
    epoch: int
    """Seconds since 1970: no file in the image is younger than this."""
    files: tuple[ImageFile, ...]
    folders: tuple[str, ...]
    """Empty folders, where something is mounted later."""
    links: tuple[ImageLink, ...]
    users: tuple[ImageUser, ...]
    enable: tuple[str, ...]
    """Units that start by themselves, as their own [Install] says."""
    mask: tuple[str, ...]
    remove: tuple[str, ...]
    arguments: tuple[str, ...]
    """The kernel's, besides those that name the root."""
    partitions: Partitions | None
    runtime: bool
    """Whether it carries the runtime package."""

    def release(self, codename: str) -> Release:
        """The release of that name. Raises `NotMadeHereError` when the image is not made of it."""
        for release in self.releases:
            if release.codename == codename:
                return release
        known = ", ".join(release.codename for release in self.releases)
        raise NotMadeHereError(
            f"the image {self.name!r} cannot be made of the release {codename!r}",
            why=f"its definition knows: {known}",
            hint="build on a host that runs one of these",
        )

    def for_release(self, codename: str) -> ImageDefinition:
        """The image of that release alone, with its packages. Raises `NotMadeHereError`."""
        release = self.release(codename)
        packages = tuple(dict.fromkeys((*self.packages, *release.packages)))
        return replace(self, packages=packages, releases=(replace(release, packages=()),))

    @property
    def bootable(self) -> bool:
        """Whether it has a kernel and an initrd of its own."""
        return not BOOTABLE.isdisjoint(self.outputs)

    def digest(self) -> str:
        """The sha256 of everything that is asked for: equal definitions have equal digests."""
        plain = asdict(self)
        plain["files"] = [(file.path, file.mode, hashlib.sha256(file.content).hexdigest()) for file in self.files]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
