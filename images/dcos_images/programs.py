"""Our programs in an image of a disk: modules of `dcos_images.machine`, unchanged."""

from __future__ import annotations

from pathlib import Path

from dcos_images.definition import ImageDefinition, ImageFile

FOLDER = "/usr/lib/dcos/python"
"""The modules that are run there with ``python3 -m``."""
_PACKAGE = Path(__file__).resolve().parent
_MODULES = ("__init__.py", "machine/__init__.py", "machine/networks.py", "machine/seed.py")


def program_files(definition: ImageDefinition) -> tuple[ImageFile, ...]:
    """The modules, for an image that boots by itself."""
    if not definition.bootable:
        return ()
    return tuple(
        ImageFile(f"{FOLDER}/{_PACKAGE.name}/{name}", 0o644, (_PACKAGE / name).read_bytes()) for name in _MODULES
    )
