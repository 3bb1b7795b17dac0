"""What the store knows of its images, in one file; and which of them go to make room. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import msgspec

from dcos_runtime.agent.images.documents import ImageConfig

VERSION = 1


class LayerRecord(msgspec.Struct, frozen=True, kw_only=True):
    """``size``: bytes of its files."""

    size: int


class ImageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """``chain``: the ids of its layers, lowest first. ``used``: when a container was last made of it, seconds since
    1970.
    """

    id: str
    chain: tuple[str, ...]
    config: ImageConfig
    used: float


class ImageRecords(msgspec.Struct, kw_only=True):
    """``names``: image ids by what they were asked for as."""

    version: int = VERSION
    names: dict[str, str] = {}
    images: dict[str, ImageRecord] = {}
    layers: dict[str, LayerRecord] = {}

    def forget(self, image_id: str) -> None:
        self.images.pop(image_id, None)
        self.names = {name: known for name, known in self.names.items() if known != image_id}

    def unneeded(self, held: Collection[str]) -> list[str]:
        """Layers that no image has, and nobody holds."""
        needed = {layer for image in self.images.values() for layer in image.chain} | set(held)
        return [layer for layer in self.layers if layer not in needed]


def layer_name(chain_id: str) -> str:
    """The folder of a layer: short, since one mount(2) names up to 127 of them in a page. The whole id is kept in
    `ImageRecords`, and a layer under another id of the same beginning is refused.
    """
    return chain_id.removeprefix("sha256:")[:24]


@dataclass(frozen=True)
class Victims:
    """Images to be removed, least recently used first, and how many bytes that gives."""

    images: list[str] = field(default_factory=list)
    freed: int = 0


def victims(records: ImageRecords, busy: Collection[str], excluded: Collection[str], wanted: float) -> Victims:
    """Which images go so that ``wanted`` bytes come free, or all that can. Those of ``busy`` (ids) and ``excluded``
    (names) stay. Bytes of a layer count when the last image that has it goes.
    """
    users: dict[str, int] = {}
    for image in records.images.values():
        for layer in image.chain:
            users[layer] = users.get(layer, 0) + 1
    kept = set(busy) | {image_id for name, image_id in records.names.items() if name in set(excluded)}
    gone, freed = [], 0
    for image in sorted(records.images.values(), key=lambda one: (one.used, one.id)):
        if freed >= wanted:
            break
        if image.id in kept:
            continue
        gone.append(image.id)
        for layer in image.chain:
            users[layer] -= 1
            if users[layer] == 0:
                freed += size_of(records.layers, layer)
    return Victims(gone, freed)


def size_of(layers: Mapping[str, LayerRecord], layer: str) -> int:
    return layers[layer].size if layer in layers else 0
