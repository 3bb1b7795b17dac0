"""A small image that boots: the kernel, initrd, disk, accounts and units of the shipped ones, and few packages."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from dcos_images.data import definitions_dir
from dcos_images.definition import Release
from dcos_images.images import ImageBuilder
from dcos_images.runtime import RuntimePackage
from tests.support.images.workshop import no_trees

_DEFINITIONS = Path(__file__).parent / "definitions"
NAME = "boots"


class _FewFiles:
    """A runtime of one program."""

    def find(self, release: Release, arch: str) -> RuntimePackage | None:
        return self.ensure(release, arch)

    def ensure(self, release: Release, arch: str) -> RuntimePackage:
        def unpack(home: Path) -> None:
            (home / "bin").mkdir(parents=True)
            program = home / "bin/dcos"
            program.write_text("#!/bin/sh\necho 1\n")
            program.chmod(0o755)
            os.utime(program, (7, 7))

        return RuntimePackage("runtime--1", "1" * 64, "form", unpack)


def small_machine(folder: Path, output: str = "qcow2") -> ImageBuilder:
    """A builder of the image `NAME`, with that output, whose definitions and cache are in ``folder``."""
    definitions = folder / "definitions"
    shutil.copytree(_DEFINITIONS / NAME, definitions / NAME)
    shutil.copytree(definitions_dir() / "shared", definitions / "shared")
    path = definitions / NAME / "image.toml"
    path.write_text(path.read_text().replace('outputs = ["qcow2"]', f'outputs = ["{output}"]'))
    return ImageBuilder(
        trees_in_use=no_trees, cache=folder / "cache", definitions=definitions, runtime=_FewFiles(), note=print
    )
