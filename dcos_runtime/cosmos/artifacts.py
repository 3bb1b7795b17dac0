"""Stores of artifacts: at install what a package names is put where the whole cluster reaches it, and fetched there.

`ArtifactStore` is what a kind of store has to do, and `STORES` lists the kinds by the name that ``--artifact_store``
gives them: a file system of the cluster's own is one more.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import hashlib
import logging
import os
import re
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from dcos_runtime import urls
from dcos_runtime.cosmos.core import errors
from dcos_runtime.cosmos.fetching import Downloader, DownloadError, endless
from dcos_runtime.flags.cosmos import ArtifactPlace
from dcos_universe.index.durable import sync_folder
from dcos_universe.model import Json

log = logging.getLogger(__name__)

SECONDS = 3600.0
_BEGUN = ".part"
_CHUNK = 1024 * 1024
_AS_IT_IS = {"Accept-Encoding": "identity"}
_NAME = re.compile(r"(?!\.)[A-Za-z0-9%._+~=@,-]{1,200}", re.ASCII)

Digests = Callable[[str, str], Awaitable[Mapping[str, str]]]
"""Given a repository's URL and a package: the SHA-256 of each URI for which the repository has one. Raises
`CosmosError`.
"""


class WrongContent(Exception):
    """The content that came has another digest than the one expected."""


class NotStored(Exception):
    """The store does not accept the file. The text says why."""


class ArtifactStore(Protocol):
    """Keeps files by a key and a name, complete and for ever. Its methods raise ``OSError``."""

    def url(self, key: str, name: str) -> str:
        """The URL at which agents fetch the file once it is stored."""
        ...

    async def has(self, key: str, name: str) -> bool: ...

    async def put(self, key: str, name: str, content: AsyncIterator[bytes]) -> None:
        """Readers see the whole file or none. Nothing is stored when ``content`` raises."""
        ...


class FolderStore:
    """A folder that every master and agent has at the same path, or that is served at ``base``."""

    def __init__(self, place: str, base: str | None) -> None:
        self._root = Path(place)
        self._base = base.rstrip("/") if base is not None else self._root.as_uri()

    def url(self, key: str, name: str) -> str:
        return f"{self._base}/{key}/{name}"

    async def has(self, key: str, name: str) -> bool:
        return await asyncio.to_thread((self._root / key / name).is_file)

    async def put(self, key: str, name: str, content: AsyncIterator[bytes]) -> None:
        await asyncio.to_thread(self._clear_up)
        descriptor, beside = await asyncio.to_thread(tempfile.mkstemp, _BEGUN, ".", self._root)
        try:
            with os.fdopen(descriptor, "wb") as file:
                async for piece in content:
                    await asyncio.to_thread(file.write, piece)
                await asyncio.to_thread(_finish, file)
            await asyncio.to_thread(self._lay_down, Path(beside), key, name)
        finally:
            with contextlib.suppress(FileNotFoundError):
                await asyncio.to_thread(os.unlink, beside)

    def _clear_up(self) -> None:
        """Removes unfinished files of processes that were killed, here or on another master: no write takes that
        long.
        """
        for begun in self._root.glob(f".*{_BEGUN}"):
            with contextlib.suppress(OSError):
                if begun.stat().st_mtime < time.time() - 2 * SECONDS:
                    begun.unlink()

    def _lay_down(self, beside: Path, key: str, name: str) -> None:
        home = self._root / key
        if not home.is_dir():
            home.mkdir(mode=0o755, exist_ok=True)
            sync_folder(self._root)
        beside.replace(home / name)
        sync_folder(home)


def _finish(file: Any) -> None:
    file.flush()
    os.fchmod(file.fileno(), 0o644)
    os.fsync(file.fileno())


STORES: Mapping[str, Callable[[str, str | None], ArtifactStore]] = {"folder": FolderStore}


def store_of(given: ArtifactPlace, base: str | None) -> ArtifactStore:
    return STORES[given.kind](given.place, base)


class Artifacts:
    """The assets of packages in a store: by digest where the repository has one, else by URI."""

    def __init__(self, store: ArtifactStore, fetcher: Downloader, largest: int, digests: Digests) -> None:
        self._store, self._fetcher, self._largest, self._digests = store, fetcher, largest, digests
        self._placing: dict[str, asyncio.Task[None]] = {}

    async def resource(self, source: str, package: str, given: Mapping[str, Any]) -> Json:
        """A ``resource`` whose assets have URLs in the store, stored already or not. Raises `CosmosError`."""
        uris = _uris(given)
        if not uris:
            return dict(given)
        known = await self._digests(source, package)
        there = {label: self._store.url(*_place(uri, known.get(uri))) for label, uri in uris.items()}
        assets = given["assets"]
        return {**given, "assets": {**assets, "uris": {**assets["uris"], **there}}}

    async def place(self, source: str, package: str, given: Mapping[str, Any]) -> None:
        """Stores those of these assets that are not stored yet. Raises `CosmosError`. A request that ends before does
        not end the transfer of an asset: one that takes longer than a request may would otherwise never come.
        """
        uris = _uris(given)
        if not uris:
            return
        known = await self._digests(source, package)
        for uri in dict.fromkeys(uris.values()):
            digest = known.get(uri)
            key, name = _place(uri, digest)
            task = self._placing.get(key)
            if task is None:
                task = self._placing[key] = asyncio.create_task(self._stored(uri, digest, key, name))
                task.add_done_callback(functools.partial(self._ended, key))
            try:
                await asyncio.shield(task)
            except DownloadError as error:
                raise (errors.forbidden if error.refused else errors.unreachable)(uri, str(error)) from error
            except WrongContent as error:
                raise errors.wrong_artifact(uri, str(error)) from error
            except NotStored as error:
                raise errors.not_stored(uri, str(error)) from error
            except TimeoutError:
                raise errors.unreachable(uri, f"it took longer than {SECONDS:g} s") from None
            except OSError as error:
                raise errors.not_stored(uri, error.strerror or str(error)) from error

    def _ended(self, key: str, task: asyncio.Task[None]) -> None:
        del self._placing[key]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.info("an artifact is not in the store: %s", error)

    async def _stored(self, uri: str, digest: str | None, key: str, name: str) -> None:
        if not await self._store.has(key, name):
            await self._bring(uri, digest, key, name)

    async def _bring(self, uri: str, digest: str | None, key: str, name: str) -> None:
        async with asyncio.timeout(SECONDS), self._fetcher.opened(uri, headers=_AS_IT_IS) as upstream:
            if upstream.status != 200:
                raise DownloadError(f"it answers with status {upstream.status}")
            coding = upstream.headers.get("Content-Encoding", "identity").lower()
            if coding != "identity":
                raise DownloadError(f"it comes packed as {coding[:40]}, which was not asked for")
            if digest is None and endless(upstream):
                raise DownloadError(
                    "its server reports neither its length nor its end, and the repository has no digest of it"
                )
            pieces = upstream.content.iter_chunked(_CHUNK)
            try:
                await self._store.put(key, name, self._checked(pieces, upstream.content_length, digest))
            except aiohttp.ClientError:
                raise
            except OSError as error:
                raise NotStored(error.strerror or str(error) or type(error).__name__) from error

    async def _checked(
        self, pieces: AsyncIterator[bytes], length: int | None, digest: str | None
    ) -> AsyncIterator[bytes]:
        hashed, taken = hashlib.sha256(), 0
        async for piece in pieces:
            taken += len(piece)
            if taken > self._largest:
                raise WrongContent(f"it is larger than {self._largest} bytes")
            hashed.update(piece)
            yield piece
        if length is not None and taken != length:
            raise WrongContent(f"it broke off after {taken} of {length} bytes")
        if digest is not None and hashed.hexdigest() != digest:
            raise WrongContent(f"its SHA-256 is {hashed.hexdigest()}, and the repository says {digest}")


def _uris(given: Mapping[str, Any]) -> dict[str, str]:
    assets = given.get("assets")
    uris = assets.get("uris") if isinstance(assets, Mapping) else None
    found = uris if isinstance(uris, Mapping) else {}
    return {label: uri for label, uri in found.items() if isinstance(uri, str) and uri}


def _place(uri: str, digest: str | None) -> tuple[str, str]:
    """The key and the name. The name is that of the URI: agents name the file, and choose how to unpack it, by that."""
    last = urls.last_name(uri)
    name = last if _NAME.fullmatch(last) else "artifact"
    return digest or "uri-" + hashlib.sha256(uri.encode()).hexdigest(), name
