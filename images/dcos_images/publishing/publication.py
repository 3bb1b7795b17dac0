"""The published files of an image, and their names: files that never change by their digest, few fixed names last.

Everything that a fixed name refers to exists before it, under its digest.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from dcos_images.cache import altered
from dcos_images.errors import ImageError
from dcos_images.images import Image
from dcos_images.outputs import digest_of

RECORD = "published.json"
"""The fixed name of the record: the present publication, and its files."""
_DOCUMENTS = ("manifest.json", "sbom.cdx.json", "provenance.json")
_SHORT = 16
_OWN_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*-[0-9a-f]{16,64}(\.[\w.+-]+)?(/[A-Za-z0-9][\w.+-]*)?", re.ASCII)
_DIGEST = re.compile("[0-9a-f]{64}")

Progress = Callable[[int, int], None]
"""Takes the bytes published so far, and their total."""


@dataclass(frozen=True)
class Item:
    """A file under the name ``name``, whose bytes have this sha256."""

    name: str
    source: Path
    sha256: str
    size: int


@dataclass(frozen=True)
class Publication:
    """``kept`` never changes under its names; ``fixed`` is written after it, the record last, each completely."""

    image: str
    key: str
    kept: tuple[Item, ...]
    fixed: tuple[tuple[str, bytes], ...]

    @property
    def size(self) -> int:
        return sum(item.size for item in self.kept)


def publication(name: str, image: Image) -> Publication:
    """The publication of all outputs except a tree, which is for this host alone. Each is compared with its digest
    first.

    Raises `ImageError`.
    """
    if not image.outputs:
        raise ImageError(
            f"the image {name!r} has nothing that could be published",
            why="a tree is for machines of this host",
            hint="choose an image with another output (dcos-installer image list)",
        )
    kept: list[Item] = []
    fixed: list[tuple[str, bytes]] = []
    for kind, output in image.outputs.items():
        if digest_of(output.path) != output.sha256:
            raise altered(output.path, f"its sha256 is not {output.sha256}")
        if kind == "netboot":
            folder_kept, folder_fixed = _netboot(output.path)
            kept += folder_kept
            fixed += folder_fixed
        elif output.path.is_dir():
            kept += [
                _item(path, f"{output.path.name}-{output.sha256[:_SHORT]}/{path.relative_to(output.path)}")
                for path in sorted(output.path.rglob("*"))
                if path.is_file()
            ]
        else:
            stem, dot, rest = output.path.name.partition(".")
            kept.append(
                Item(f"{stem}-{output.sha256}{dot}{rest}", output.path, output.sha256, output.path.stat().st_size)
            )
    fixed += [(one, (image.folder / one).read_bytes()) for one in _DOCUMENTS]
    record = {
        "image": name,
        "key": image.key,
        "outputs": {kind: output.sha256 for kind, output in image.outputs.items()},
        "files": {item.name: {"sha256": item.sha256, "size": item.size} for item in kept},
    }
    fixed.append((RECORD, (json.dumps(record, indent=1, sort_keys=True) + "\n").encode()))
    return Publication(name, image.key, tuple(kept), tuple(fixed))


def _item(source: Path, name: str) -> Item:
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Item(name, source, digest, source.stat().st_size)


def _netboot(folder: Path) -> tuple[list[Item], list[tuple[str, bytes]]]:
    """Kernel and initrd by their digests, as the root is already; the script names them, and it and the EFI program
    have fixed names. So a machine that boots during a publication gets parts of one version.
    """
    kept, script = [], (folder / "boot.ipxe").read_text()
    for path in sorted(folder.iterdir()):
        if path.name.startswith("root-"):
            kept.append(_item(path, path.name))
    for name, command in (("vmlinuz", "kernel vmlinuz "), ("initrd", "initrd initrd\n")):
        item = _item(folder / name, "")
        called = f"{name}-{item.sha256[:_SHORT]}"
        kept.append(Item(called, item.source, item.sha256, item.size))
        if script.count(command) != 1:
            raise ImageError(
                f"{folder / 'boot.ipxe'} cannot be published",
                why=f"it does not name {name} as the builder does",
                hint="build the image again",
            )
        # The kernel's stub knows the initrd by its original name.
        named = f"kernel {called} " if name == "vmlinuz" else f"initrd --name initrd {called}\n"
        script = script.replace(command, named)
    return kept, [("boot.efi", (folder / "boot.efi").read_bytes()), ("boot.ipxe", script.encode())]


def is_own_name(name: str) -> bool:
    """Whether a publication can have a file of this name: with a digest in it, alone or in one folder. The fixed names,
    and those of others, are none.
    """
    return _OWN_NAME.fullmatch(name) is not None


def files_of(record: bytes, where: str) -> tuple[str, ...]:
    """The names of the files in a record. Raises `ImageError` when it is none of ours: its names become paths."""
    try:
        if not record.isascii():
            raise ValueError("it has characters that ours has not")
        files = json.loads(record)["files"]
        for name, one in files.items():
            if not is_own_name(name):
                raise ValueError(f"{name!r} is not the name of a published file")
            if not _DIGEST.fullmatch(one["sha256"]) or type(one["size"]) is not int or one["size"] < 0:
                raise ValueError(f"{name!r} has no sha256 or no size")
        return tuple(files)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ImageError(
            f"{where} does not say what is published there",
            why=f"it is no record of ours: {type(error).__name__}: {error}",
            hint="see who wrote it; publish to another place, or remove it",
        ) from error
