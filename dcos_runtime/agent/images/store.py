"""The store of container images: layers by their chain id, fetched once, shared by all images and containers.

``layers/<id>`` are layers as overlayfs takes them, ``records.json`` says which images they make, ``staging`` holds what
is under way. A layer and an image count from one rename on, when all of it is on the disk; the rest a start removes.
The folder is the agent's alone (root's, mode 0700): setuid programs of images are out of everybody's reach there.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

import msgspec

from dcos_runtime import durable
from dcos_runtime.agent import pools
from dcos_runtime.agent.claim import claim_folder
from dcos_runtime.agent.images import appc, documents
from dcos_runtime.agent.images.documents import ImageConfig, ImageDocument
from dcos_runtime.agent.images.errors import DiskFull, ImageError
from dcos_runtime.agent.images.puller import Puller
from dcos_runtime.agent.images.records import (
    VERSION,
    ImageRecord,
    ImageRecords,
    LayerRecord,
    layer_name,
    victims,
)
from dcos_runtime.agent.images.sources import AciSource, RegistrySource, Source
from dcos_runtime.agent.images.unpacker import Unpacker
from dcos_runtime.agent.removal import remove
from dcos_runtime.agent.shared_work import Holds, SharedWork

log = logging.getLogger(__name__)

FRESH_SECONDS = 60.0
"""An image stays for so long after it was fetched or asked for, whether or not a container is made of it."""
MOST_PRIVATE = 1000
"""So many images are known by the credentials that they were fetched with; by others the registry is asked again."""


@dataclass(frozen=True)
class Wanted:
    """An image as a task names it. ``name``: what it is remembered by; ``again``: the source is asked, known or not.

    ``credentials``: a `config.json` of the task's own. What was fetched with it is found again only with the same one.
    """

    name: str
    source: Source
    again: bool = False
    credentials: bytes | None = None


@dataclass(frozen=True)
class StoredImage:
    """``layers``: topmost first, all in one folder."""

    id: str
    layers: tuple[Path, ...]
    config: ImageConfig


@dataclass
class Pulls:
    """How many images were fetched, or not; how many launches found theirs there."""

    succeeded: int = 0
    failed: int = 0
    found: int = 0


@dataclass
class _Layers:
    """Layers under way or in use by a pull: one pull at a time makes a layer, and none of them goes meanwhile."""

    turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    held: Holds = field(default_factory=Holds)


class ImageStore:
    """Used in the loop's thread only. ``in_use``: the folders' names of layers that are in a container's root; it may
    block.
    """

    def __init__(
        self, folder: Path, lock: int, records: ImageRecords, puller: Puller, unpacker: Unpacker,
        in_use: Callable[[], Collection[str]],
    ) -> None:  # fmt: skip
        self.folder = folder
        self.records = records
        self.pulls = Pulls()
        self.lock = lock
        self._puller = puller
        self._unpacker = unpacker
        self._in_use = in_use
        self._layers = _Layers()
        self._leased = Holds()
        # Until nobody waits for it any more an image is leased; then those that waited lease it by themselves.
        self._pulling = SharedWork[str, str](self._leased.release)
        self._collecting = asyncio.Lock()
        self._touched = False
        self._key = os.urandom(32)
        self._private: dict[str, str] = {}

    @classmethod
    def begin(
        cls, folder: Path, puller: Puller, unpacker: Unpacker, in_use: Callable[[], Collection[str]]
    ) -> ImageStore:
        """The store in ``folder`` as a former agent left it. Raises ``OSError`` and `Unstartable`."""
        lock = claim_folder(folder, "for images", "give each agent its own --docker_store_dir")
        durable.sweep(folder)
        remove(folder / "staging")
        for name in ("staging", "layers"):
            (folder / name).mkdir(mode=0o700, exist_ok=True)
        records = _readable(folder / "records.json")
        _drop_damaged(folder, records, in_use())
        return cls(folder, lock, records, puller, unpacker, in_use)

    # --- for launches -------------------------------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def lease(self, wanted: Wanted) -> AsyncIterator[StoredImage]:
        """The image, which stays at least while the context is open. Raises `ImageError`.

        Of launches that want one image at the same time one fetches it, and the others wait. It goes on as long as
        anyone waits.
        """
        image_id = self._known(wanted)
        if image_id is None or wanted.again:
            async with self._pulling.result(self._name(wanted), partial(self._pull, wanted)) as image_id:
                self._leased.take(image_id)
        else:
            self.pulls.found += 1
            self._leased.take(image_id)
        try:
            record = self.records.images[image_id]
            self.records.images[image_id] = msgspec.structs.replace(record, used=time.time())
            self._touched = True
            yield self._stored(record)
        finally:
            self._leased.release(image_id)

    def _stored(self, record: ImageRecord) -> StoredImage:
        layers = tuple(self.folder / "layers" / layer_name(one) for one in reversed(record.chain))
        return StoredImage(record.id, layers, record.config)

    def _name(self, wanted: Wanted) -> str:
        """By what it is remembered, without anything of its credentials that could be tried out."""
        if wanted.credentials is None:
            return wanted.name
        return f"{wanted.name} {hashlib.blake2b(wanted.credentials, key=self._key).hexdigest()}"

    def _known(self, wanted: Wanted) -> str | None:
        if wanted.credentials is None:
            return self.records.names.get(wanted.name)
        found = self._private.get(self._name(wanted))
        return found if found in self.records.images else None

    def _remember(self, wanted: Wanted, image_id: str) -> None:
        if wanted.credentials is None:
            self.records.names[wanted.name] = image_id
            return
        self._private.pop(self._name(wanted), None)
        self._private[self._name(wanted)] = image_id
        while len(self._private) > MOST_PRIVATE:
            del self._private[next(iter(self._private))]

    # --- pulling ------------------------------------------------------------------------------------------------------

    async def _pull(self, wanted: Wanted) -> str:
        """Returns the id of the image, which is leased then."""
        try:
            try:
                found = await self._fetched(wanted)
            except DiskFull as error:
                if not await self.make_room(float("inf")):
                    raise
                log.warning("image %s: %s; images that are not in use went, and it is tried again", wanted.name, error)
                found = await self._fetched(wanted)
        except BaseException as error:
            self.pulls.failed += 1
            if isinstance(error, OSError | ImageError):
                raise ImageError(f"the image {wanted.name} cannot be fetched: {error}") from error
            raise
        self.pulls.succeeded += 1
        return found

    async def _fetched(self, wanted: Wanted) -> str:
        """Fetches and unpacks what is missing. Returns the image's id, and leases it."""
        folder = self.folder / "staging" / uuid.uuid4().hex
        started = time.monotonic()
        (folder / "tmp").mkdir(parents=True, mode=0o700)
        held: list[str] = []
        try:
            try:
                if isinstance(wanted.source, AciSource):
                    document = await self._aci(wanted.source, folder, held)
                else:
                    document = await self._layered(wanted, folder, held)
            finally:
                await asyncio.shield(pools.run(pools.REMOVALS, partial(remove, folder)))
            record = ImageRecord(
                id=document.id,
                chain=documents.chain_ids(document.diff_ids),
                config=document.config,
                used=time.time(),
            )
            self.records.images[record.id] = record
            self._remember(wanted, record.id)
            self._leased.take(record.id)
            try:
                await self._save()
            except BaseException:
                self._leased.release(record.id)
                raise
        finally:
            for layer in held:
                self._layers.held.release(layer)
        log.info("image %s is there after %.1f s (%s)", wanted.name, time.monotonic() - started, record.id)
        return record.id

    async def _layered(self, wanted: Wanted, folder: Path, held: list[str]) -> ImageDocument:
        source = wanted.source
        assert not isinstance(source, AciSource)
        if wanted.credentials is not None and isinstance(source, RegistrySource):
            source = replace(source, credentials=folder / "credentials.json")
            await asyncio.to_thread(durable.write, folder / "credentials.json", wanted.credentials)
        document = await self._puller.document(source, folder)
        chain = documents.chain_ids(document.diff_ids)
        self._hold(chain, held)
        if all(layer in self.records.layers for layer in chain):
            return document
        fetched = await self._puller.fetch(
            source, folder, document, lambda layer: layer in self.records.layers, self._room, wanted.name
        )
        if fetched.document.id != document.id:  # its tag went on meanwhile
            document = fetched.document
            chain = documents.chain_ids(document.diff_ids)
            self._hold(chain, held)
        place = folder.relative_to(self.folder)
        for number, (layer, blob) in enumerate(zip(chain, fetched.blobs, strict=True)):
            make = partial(self._unpacked, place, number, chain, document.diff_ids[number], blob)
            await self._once(layer, folder / f"layer-{number}", make)
        return document

    async def _unpacked(
        self, place: Path, number: int, chain: Sequence[str], diff_id: str, blob: tuple[str, str, int]
    ) -> LayerRecord:
        """Unpacks one layer of ``chain`` into ``place``, a folder of the store."""
        name, digest, length = blob
        target = place / f"layer-{number}"
        (self.folder / target).mkdir(mode=0o755)
        below = [f"/layers/{layer_name(one)}" for one in reversed(chain[:number])]
        done = await self._unpacker.layer(f"{place}/{name}", digest, length, f"/{target}", below)
        if done.diff_id != diff_id:
            raise ImageError(f"a layer is not what the image's configuration says ({diff_id})")
        if done.left_out:
            log.info("a layer of an image has %d devices, which are left out", done.left_out)
        return LayerRecord(size=done.size)

    async def _aci(self, source: AciSource, folder: Path, held: list[str]) -> ImageDocument:
        if not source.archive.is_file():
            raise ImageError(f"{source.archive} is not there")
        target = folder / "layer-0"
        target.mkdir(mode=0o755)
        done = await self._unpacker.aci(source.archive, f"/{target.relative_to(self.folder)}")
        if done.kept is None:
            raise ImageError(f"{source.archive} holds no manifest")
        document = appc.document(done.kept.encode(), source.name, done.diff_id)
        self._hold(document.diff_ids, held)

        async def unpacked() -> LayerRecord:
            return LayerRecord(size=done.size)

        await self._once(document.diff_ids[0], target, unpacked)
        return document

    def _hold(self, chain: Collection[str], held: list[str]) -> None:
        """These layers do not go while the pull lasts."""
        for layer in chain:
            self._layers.held.take(layer)
            held.append(layer)

    async def _once(self, layer: str, made: Path, make: Callable[[], Awaitable[LayerRecord]]) -> None:
        """Makes a layer unless it is there, or another pull makes it."""
        turn = self._layers.turns.get(layer)
        if turn is None:
            turn = self._layers.turns[layer] = asyncio.Lock()
        async with turn:
            if layer in self.records.layers:
                return
            if any(layer_name(known) == layer_name(layer) for known in self.records.layers):
                raise ImageError("another layer has an id with the same beginning")
            record = await make()
            place = self.folder / "layers" / layer_name(layer)
            # A container keeps one there that the records have lost. It is whole: it came there by a rename, too.
            if not place.exists():
                made.rename(place)
                durable.sync(place.parent)
            self.records.layers[layer] = record

    def _room(self, wanted: int) -> None:
        free = free_bytes(self.folder)
        if free < wanted:
            raise DiskFull(f"it takes {wanted >> 20} MiB packed, and {free >> 20} MiB are free in {self.folder}")

    async def _save(self) -> None:
        content = msgspec.json.encode(self.records)
        await asyncio.to_thread(durable.write, self.folder / "records.json", content)

    # --- making room --------------------------------------------------------------------------------------------------

    async def prune(self, excluded: Collection[str]) -> int:
        """Removes all images that nobody has, but those of ``excluded`` (names). Returns how many bytes they took."""
        return await self.make_room(float("inf"), excluded, fresh_seconds=0.0)

    async def make_room(
        self, wanted: float, excluded: Collection[str] = (), *, fresh_seconds: float = FRESH_SECONDS
    ) -> int:
        """Removes images that no container is made of, least recently used first, until ``wanted`` bytes are free of
        them. Those that were asked for within ``fresh_seconds`` stay. Returns how many bytes they took.
        """
        async with self._collecting:
            used = await pools.run(pools.READS, self._in_use)
            busy = set(self._leased)
            for image in self.records.images.values():
                if image.used > time.time() - fresh_seconds or layer_name(image.chain[-1]) in used:
                    busy.add(image.id)
            found = victims(self.records, busy, excluded, wanted)
            for image_id in found.images:
                log.info("image %s goes to make room", image_id)
                self.records.forget(image_id)
            held = set(self._layers.held)
            held |= {layer for layer in self.records.layers if layer_name(layer) in used}
            aside = []
            for layer in self.records.unneeded(held):  # without a pause: nobody may take one that is about to go
                del self.records.layers[layer]
                aside.append(self.folder / "staging" / f"gone-{uuid.uuid4().hex}")
                (self.folder / "layers" / layer_name(layer)).rename(aside[-1])
            if found.images or aside or self._touched:
                self._touched = False
                await self._save()
            for path in aside:
                await pools.run(pools.REMOVALS, partial(remove, path))
            return found.freed

    async def tidy(self, headroom: float, excluded: Collection[str]) -> None:
        """Makes room while less than ``headroom`` (a fraction) of the disk is free."""
        state = os.statvfs(self.folder)
        missing = headroom * state.f_blocks * state.f_frsize - state.f_bavail * state.f_frsize
        if missing > 0 or self._touched:
            await self.make_room(missing, excluded)

    def metrics(self) -> dict[str, float]:
        return {
            "containerizer/images/pulls_succeeded": float(self.pulls.succeeded),
            "containerizer/images/pulls_failed": float(self.pulls.failed),
            "containerizer/images/found": float(self.pulls.found),
            "containerizer/images/stored": float(len(self.records.images)),
            "containerizer/images/layers_bytes": float(sum(one.size for one in self.records.layers.values())),
        }


def free_bytes(folder: Path) -> int:
    state = os.statvfs(folder)
    return state.f_bavail * state.f_frsize


def _readable(path: Path) -> ImageRecords:
    """What was written down. What cannot be read is no loss: the images are fetched again."""
    try:
        records = msgspec.json.decode(path.read_bytes(), type=ImageRecords)
        if records.version == VERSION:
            return records
        log.warning("%s is of version %d: all images are fetched again", path, records.version)
    except FileNotFoundError:
        pass
    except msgspec.DecodeError as error:
        log.warning("%s cannot be read, all images are fetched again: %s", path, error)
    return ImageRecords()


def _drop_damaged(folder: Path, records: ImageRecords, used: Collection[str]) -> None:
    """Records and layers that the other side does not know go; layers that a container is made of stay."""
    there = {entry.name for entry in (folder / "layers").iterdir()}
    records.layers = {layer: one for layer, one in records.layers.items() if layer_name(layer) in there}
    for image in list(records.images.values()):
        if any(layer not in records.layers for layer in image.chain):
            records.forget(image.id)
    for layer in records.unneeded(()):
        del records.layers[layer]
    known = {layer_name(layer) for layer in records.layers}
    for name in there - known - set(used):
        remove(folder / "layers" / name)
