"""The installer's builder of images: it knows the trees that machines of this host use, and puts the runtime of this
installation into images.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from dcos_images.images import ImageBuilder
from dcos_installer.bundle.images import Runtime
from dcos_installer.providers.registry import declarations


def image_builder(note: Callable[[str], None], definitions: Path | None = None) -> ImageBuilder:
    """A builder that reports its progress to ``note``, a short sentence at a time. Raises `ImageError`."""
    return ImageBuilder(trees_in_use=trees_in_use, definitions=definitions, note=note, runtime=Runtime(note))


def trees_in_use() -> list[Path]:
    """The trees that machines of this host use, of all providers. Raises `ProviderError`."""
    return [tree for one in declarations().values() for tree in one.trees_in_use()]
