"""Asks the cluster's own mirror which artifacts of a package it has, and at which URLs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from dcos_runtime.cosmos.core import errors, mirror
from dcos_runtime.cosmos.fetching import Downloader, DownloadError
from dcos_universe.index import mirror_names
from dcos_universe.model import Json
from dcos_universe.render import loads

LARGEST = 16 * 1024 * 1024
SECONDS = 10.0
KEPT_SECONDS = 60.0


class Mirror:
    """``base``: URL of a mirror (``dcos-universe mirror``, served); ``registry``: ``host:port`` of a registry of
    images.
    """

    def __init__(self, base: str | None, registry: str | None, fetcher: Downloader) -> None:
        self._base, self._registry, self._fetcher = base, registry, fetcher
        self._kept: dict[str, tuple[float, dict[str, str]]] = {}

    async def place(self, source: str, package: str, given: Mapping[str, Any]) -> None:
        """Does nothing: a mirror has its files already."""

    async def resource(self, source: str, package: str, given: Mapping[str, Any]) -> Json:
        """Raises `CosmosError` for assets that the mirror does not have, or when it does not answer."""
        known = await self.digests(package)
        try:
            return mirror.resource(given, self._base, self._registry, known)
        except mirror.NotMirrored as error:
            raise errors.not_mirrored(error.what, str(error)) from None

    async def url(self, package: str, uri: str) -> str:
        """The URL at which an artifact is fetched. Raises `CosmosError`."""
        if self._base is None:
            return uri
        known = await self.digests(package)
        if uri not in known:
            raise errors.not_mirrored(uri, str(mirror.NotMirrored(uri)))
        return mirror_names.blob_at(self._base, uri, known[uri])

    async def digests(self, package: str) -> dict[str, str]:
        if self._base is None:
            return {}
        kept = self._kept.get(package)
        if kept is not None and time.monotonic() - kept[0] < KEPT_SECONDS:
            return kept[1]
        url = f"{self._base.rstrip('/')}/artifacts/{quote(package, safe='')}.json"
        try:
            answer = await self._fetcher.get(url, most=LARGEST, seconds=SECONDS)
            if answer.status not in (200, 404):
                raise DownloadError(f"it answers with status {answer.status}")
            found = mirror.digests(loads(answer.body)) if answer.status == 200 else {}
        except (DownloadError, ValueError) as error:
            raise errors.unreachable(url, str(error)) from error
        self._kept[package] = (time.monotonic(), found)
        return found
