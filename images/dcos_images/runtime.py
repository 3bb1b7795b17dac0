"""The runtime package that an image carries. Whoever builds hands it in: nothing here knows how it is made.

It lies in the image as a seed, for machines to copy with its times: no generation of a machine leads into its image.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from dcos_images.definition import Release

SEEDS = "/usr/lib/dcos/packages"
"""Where an image holds it: a folder a package."""


@dataclass(frozen=True)
class RuntimePackage:
    """One package, ready to be laid down. ``unpack`` makes its folder at a path where nothing is, always the same."""

    folder: str
    """Its name among packages, with version and digest."""
    sha256: str
    """Of all that is in it."""
    form: str
    """Another one where the same package is unpacked otherwise."""
    unpack: Callable[[Path], None]

    def told(self) -> str:
        """What the package's part of an image is made of."""
        return json.dumps([self.folder, self.sha256, self.form])


class RuntimeSource(Protocol):
    """Where the runtime comes from, by the release and Debian's word for the architecture that it is for."""

    def find(self, release: Release, arch: str) -> RuntimePackage | None:
        """The package, when it is made already. Asks nobody."""

    def ensure(self, release: Release, arch: str) -> RuntimePackage:
        """The package, made now when it is not there."""


def unpack_runtime(package: RuntimePackage, folder: Path) -> None:
    """Makes the package's folder in ``folder``."""
    package.unpack(folder / package.folder)
