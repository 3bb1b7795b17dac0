"""An update as it lies in an image's folder, and what is sent of it to a machine that runs `machine.slots`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_images.code import code_of, source_of
from dcos_images.errors import ImageError
from dcos_images.machine import slots
from dcos_images.machine.slot_plan import TRIES

_PACKAGE = __name__.partition(".")[0]
_PROGRAM = """\
import importlib.util, sys
class Sent:
    def find_spec(self, name, path=None, target=None):
        if name in SOURCES:
            return importlib.util.spec_from_loader(name, self, is_package=not SOURCES[name])
    def create_module(self, spec):
        return None
    def exec_module(self, module):
        exec(compile(SOURCES[module.__name__], module.__name__, "exec"), module.__dict__)
sys.meta_path.insert(0, Sent())
"""
"""Imports modules of this package from what was sent; packages have no source there."""
_FORMAT = 1
_PARTS = ("root", "kernel", "initrd")
_CHUNK = 1 << 18


def program() -> bytes:
    """What runs on the machine, sent as source: `machine.slots`, and the modules that come with it by import."""
    names = sorted(code_of(slots.__name__.partition(".")[2]))
    packages = {name.rpartition(".")[0] for name in names}
    sources = {f"{_PACKAGE}.{name}": "" if name in packages else source_of(name).decode() for name in names}
    start = f"from {slots.main.__module__} import {slots.main.__name__}\nsys.exit({slots.main.__name__}())\n"
    return f"SOURCES = { ({_PACKAGE: ''} | sources)!r}\n{_PROGRAM}{start}".encode()


@dataclass(frozen=True)
class ImageUpdate:
    """What a machine's other slot gets. ``description`` is what update.json says."""

    folder: Path
    description: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.description["name"])

    @property
    def sha256(self) -> str:
        """Of the root: what the running image is known by."""
        return str(self.description["root"]["sha256"])

    @property
    def size(self) -> int:
        """In bytes, of all that is sent."""
        return sum(int(self.description[part]["size"]) for part in _PARTS)

    def order(self, do: str, *, arguments: tuple[str, ...] = (), tries: int = TRIES) -> dict[str, Any]:
        """What the program is asked to do: ``look`` or ``write``. ``arguments`` of the kernel come to the image's."""
        sent = {key: self.description[key] for key in ("roots", "esp", *_PARTS)}
        return {"do": do, **sent, "arguments": [*self.description["arguments"], *arguments], "tries": tries}

    def stream(self) -> Iterator[bytes]:
        """What belongs to the order ``write``, in the order in which the program reads it. Raises `ImageError`."""
        for part in _PARTS:
            path = self.folder / self.description[part]["name"]
            try:
                with path.open("rb") as file:
                    while data := file.read(_CHUNK):
                        yield data
            except OSError as error:
                raise ImageError(
                    f"the update cannot be read: {path}",
                    why=error.strerror or str(error),
                    hint="build the image, or bring its folder NAME.update here again; then update again",
                ) from error


def read_update(folder: Path) -> ImageUpdate:
    """The update in a folder ``NAME.update``. Raises `ImageError`."""
    path = folder / "update.json"
    try:
        record = json.loads(path.read_text())
        if record["format"] != _FORMAT:
            raise ValueError(f"its format is {record['format']!r}, not {_FORMAT}")
        update = ImageUpdate(folder, record)
        for part in _PARTS:
            found = (folder / record[part]["name"]).stat().st_size
            if found != record[part]["size"]:
                raise ValueError(f"{record[part]['name']} has {found} bytes, not {record[part]['size']}")
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ImageError(
            f"{folder} is no update of a disk", why=str(error), hint="name an image, or its folder NAME.update"
        ) from error
    return update
