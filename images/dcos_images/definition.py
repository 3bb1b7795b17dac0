"""The definition of an image: `ImageDefinition` and its parts."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace

from dcos_images.errors import NotMadeHereError

OUTPUTS = ("tree", "tar", "raw", "qcow2", "netboot", "update")
"""The kinds of outputs: a directory, the same as an archive, a disk, the same for QEMU, files for booting by HTTP, and
an update for the unused slot of a disk.
"""
BOOTABLE = frozenset({"raw", "qcow2", "netboot", "update"})
PARTITIONED = frozenset({"raw", "qcow2", "update"})
"""Outputs whose parts have to fit the partitions."""
USERS = "/usr/lib/sysusers.d/dcos.conf"
"""The image's users, in systemd's own form: a deploy never removes them from a machine, and a machine whose /etc is
older than they are gets them.
"""
COMPONENTS = ("main", "contrib", "non-free", "non-free-firmware")


@dataclass(frozen=True)
class Release:
    """One release of the distribution from which the image can be made, and its properties."""

    codename: str
    os_id: str
    os_version: str
    python: str
    """The tag of /usr/bin/python3: ``cp311``."""
    libc: str
    packages: tuple[str, ...] = ()
    """The packages of this release alone: in another one, a package of all releases contains them."""


@dataclass(frozen=True)
class ImageFile:
    """A regular file in the image, owned by root."""

    path: str
    mode: int
    content: bytes


@dataclass(frozen=True)
class ImageLink:
    """A symbolic link in the image; it replaces an existing file or link."""

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
    """The sizes of a disk's partitions in MiB: the ESP and each of the two root slots. The state gets the rest."""

    esp_mb: int
    root_mb: int
    state_min_mb: int

    @property
    def least_disk_mb(self) -> int:
        """The least size of a machine's disk: both slots, the least state, and the partition tables."""
        return 1 + self.esp_mb + 2 * self.root_mb + self.state_min_mb + 1


@dataclass(frozen=True)
class ImageDefinition:
    """The definition of one image. Paths are absolute within the image; ``remove`` holds glob patterns of paths."""

    name: str
    description: str
    outputs: tuple[str, ...]
    architectures: tuple[str, ...]
    """Debian's names of architectures; empty: any."""
    components: tuple[str, ...]
    """Components of the distribution, which the host's package sources must offer."""
    packages: tuple[str, ...]
    exclude: tuple[str, ...]
    """Paths of packages that are never unpacked, in the form of dpkg's ``path-exclude``."""
    releases: tuple[Release, ...]
    epoch: int
    """Seconds since 1970: no file in the image is younger than this."""
    files: tuple[ImageFile, ...]
    folders: tuple[str, ...]
    """Empty folders, as mount points."""
    links: tuple[ImageLink, ...]
    users: tuple[ImageUser, ...]
    enable: tuple[str, ...]
    """Units that are enabled, as their own [Install] says."""
    mask: tuple[str, ...]
    remove: tuple[str, ...]
    arguments: tuple[str, ...]
    """Arguments of the kernel, besides those that name the root."""
    partitions: Partitions | None
    runtime: bool
    """Whether it contains the runtime package."""

    def release(self, codename: str) -> Release:
        """The release of that name. Raises `NotMadeHereError` when the image cannot be made of it."""
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
        """The sha256 of the whole definition: equal definitions have equal digests."""
        plain = asdict(self)
        plain["files"] = [(file.path, file.mode, hashlib.sha256(file.content).hexdigest()) for file in self.files]
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
