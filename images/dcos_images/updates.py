"""An update as it lies in an image's folder, and what is sent of it to a machine that runs `machine.slots`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_images.errors import ImageError
from dcos_images.machine import slots

PROGRAM = Path(slots.__file__)
"""What runs on the machine, sent as source."""
_FORMAT = 1
_PARTS = ("root", "kernel", "initrd")
_CHUNK = 1 << 18


@dataclass(frozen=True)
class ImageUpdate:
    """What a machine's other slot gets. ``told`` is what update.json says."""

    folder: Path
    told: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.told["name"])

    @property
    def sha256(self) -> str:
        """Of the root: what the running image is known by."""
        return str(self.told["root"]["sha256"])

    @property
    def size(self) -> int:
        """In bytes, of all that is sent."""
        return sum(int(self.told[part]["size"]) for part in _PARTS)

    def order(self, do: str, *, arguments: tuple[str, ...] = (), tries: int = slots.TRIES) -> dict[str, Any]:
        """What the program is asked to do: ``look`` or ``write``. ``arguments`` of the kernel come to the image's."""
        sent = {key: self.told[key] for key in ("roots", "esp", *_PARTS)}
        return {"do": do, **sent, "arguments": [*self.told["arguments"], *arguments], "tries": tries}

    def stream(self) -> Iterator[bytes]:
        """What belongs to the order ``write``, in the order in which the program reads it."""
        for part in _PARTS:
            with (self.folder / self.told[part]["name"]).open("rb") as file:
                while data := file.read(_CHUNK):
                    yield data


def read_update(folder: Path) -> ImageUpdate:
    """The update in a folder ``NAME.update``. Raises `ImageError`."""
    path = folder / "update.json"
    try:
        told = json.loads(path.read_text())
        if told["format"] != _FORMAT:
            raise ValueError(f"its format is {told['format']!r}, not {_FORMAT}")
        update = ImageUpdate(folder, told)
        for part in _PARTS:
            found = (folder / told[part]["name"]).stat().st_size
            if found != told[part]["size"]:
                raise ValueError(f"{told[part]['name']} has {found} bytes, not {told[part]['size']}")
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ImageError(
            f"{folder} is no update of a disk", why=str(error), hint="name an image, or its folder NAME.update"
        ) from error
    return update
