"""The image that an upgrade writes to machines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_images.errors import ImageError
from dcos_images.updates import read_update
from dcos_installer.bundle.images import ensured
from dcos_installer.errors import InstallerError
from dcos_installer.providers.image_builder import image_builder

if TYPE_CHECKING:
    from dcos_images.cache import Note
    from dcos_images.updates import ImageUpdate

_OUTPUT = "update"


@contextmanager
def image_update(named: str, definitions: Path | None, note: Note) -> Iterator[ImageUpdate]:
    """The update called ``named``, built where it has to be; one of the cache stays there meanwhile.

    A word with a slash is its folder.

    Raises `InstallerError`.
    """
    with ExitStack() as stack:
        yield _image_update(stack, named, definitions, note)


def _image_update(stack: ExitStack, named: str, definitions: Path | None, note: Note) -> ImageUpdate:
    try:
        if "/" in named:
            return read_update(Path(named))
        builder = image_builder(note, definitions)
        outputs = builder.definition(named).outputs
        if _OUTPUT not in outputs:
            raise ImageError(
                f"no machine's slot can be written from the image {named}",
                why=f"its outputs are {', '.join(outputs)}, and no update",
                hint="name one that has it, such as vm or rack, or add it to the outputs in its image.toml",
            )
        return read_update(stack.enter_context(ensured(builder, named)).outputs[_OUTPUT].path)
    except ImageError as error:
        raise InstallerError(error.what, why=error.why, hint=error.hint, evidence=error.evidence) from error
