"""Programs of ours that an image of a disk brings along: modules of `dcos_images.machine`, as they stand."""

from __future__ import annotations

from pathlib import Path

from dcos_images.definition import ImageDefinition, ImageFile

FOLDER = "/usr/lib/dcos/python"
"""What is run there as ``python3 -m``."""
_PACKAGE = Path(__file__).resolve().parent
_MODULES = ("__init__.py", "machine/__init__.py", "machine/networks.py", "machine/seed.py")


def program_files(definition: ImageDefinition) -> tuple[ImageFile, ...]:
    """The modules, for an image that boots by itself."""
    if not definition.bootable:
        return ()
    return tuple(
        ImageFile(f"{FOLDER}/{_PACKAGE.name}/{name}", 0o644, (_PACKAGE / name).read_bytes()) for name in _MODULES
    )
