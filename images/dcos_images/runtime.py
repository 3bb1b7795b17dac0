"""The runtime package in an image. The builder's caller provides it: nothing here depends on how it is made.

It is in the image as a seed, which machines copy with its times: no generation of a machine leads into its image.
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
"""Its place in an image: a folder for each package."""


@dataclass(frozen=True)
class RuntimePackage:
    """One package, ready to be unpacked. ``unpack`` makes its folder at a new path, always with the same content."""

    folder: str
    """Its folder's name, with version and digest."""
    sha256: str
    """The digest of its whole content."""
    form: str
    """Another value if the same package is unpacked differently."""
    unpack: Callable[[Path], None]

    def inputs(self) -> str:
        """The inputs of the package's part of an image."""
        return json.dumps([self.folder, self.sha256, self.form])


class RuntimeSource(Protocol):
    """The source of runtimes, by release and Debian's name of the architecture."""

    def find(self, release: Release, arch: str) -> RuntimePackage | None:
        """The package, if it is made already. Does not build."""

    def ensure(self, release: Release, arch: str) -> RuntimePackage:
        """The package, which is made if necessary."""


def unpack_runtime(package: RuntimePackage, folder: Path) -> None:
    """Makes the package's folder in ``folder``."""
    package.unpack(folder / package.folder)
