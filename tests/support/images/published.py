"""Images of a few files, for publishing: nothing is built, and every digest is correct."""

from __future__ import annotations

import json
import os
from pathlib import Path

from dcos_images.definition import Release
from dcos_images.images import Image, Output
from dcos_images.outputs import digest_of
from dcos_images.publishing.snapshot import BLOCK

RELEASE = Release("bookworm", "debian", "12", "cp311", "glibc-2.36")


def an_image(folder: Path, mark: str, outputs: dict[str, Path]) -> Image:
    """An image with its documents; another ``mark`` makes another image."""
    for name in ("manifest.json", "sbom.cdx.json", "provenance.json"):
        (folder / name).write_text(json.dumps({"of": mark}))
    made = {kind: Output(path, digest_of(path), 1) for kind, path in outputs.items()}
    key = (mark.encode().hex() * 32)[:32]
    return Image(key, folder, "", RELEASE, "amd64", {}, made)


def a_disk(folder: Path, mark: str, blocks: int = 40) -> Image:
    """``ec2``: a sparse raw disk of which every third block has data, the last one in part."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "ec2.raw"
    with path.open("wb") as file:
        file.truncate(blocks * BLOCK + 1000)
        for number in range(0, blocks, 3):
            file.seek(number * BLOCK)
            file.write(f"{mark} {number} ".encode() * 100)
        file.seek(blocks * BLOCK)
        file.write(mark.encode())
        file.seek(BLOCK)
        file.write(bytes(BLOCK))  # zeros that were written
    return an_image(folder, mark, {"raw": path})


def a_netboot(folder: Path, mark: str) -> Image:
    netboot = folder / "rack.netboot"
    netboot.mkdir(parents=True)
    root = f"root-{mark.encode().hex():0>64}.erofs"
    (netboot / root).write_bytes(os.urandom(3000))
    (netboot / "vmlinuz").write_text(f"kernel of {mark}")
    (netboot / "initrd").write_text(f"initrd of {mark}")
    (netboot / "boot.efi").write_text(f"program of {mark}")
    script = "#!ipxe\nkernel vmlinuz initrd=initrd boot=dcos dcos.root=${cwduri}" + root + "\ninitrd initrd\nboot\n"
    (netboot / "boot.ipxe").write_text(script)
    return an_image(folder, mark, {"netboot": netboot})


def no_progress(done: int, total: int) -> None:
    """The `Progress` of a caller that wants none."""
