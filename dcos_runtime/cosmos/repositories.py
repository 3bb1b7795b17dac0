"""The repositories as they are now: fetched again from time to time, and kept on disk for times when that fails. A
repository that does not answer stays as it was; one that was never fetched is left out, and the log says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import hashlib
import logging
import shutil
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from dcos_runtime.cosmos import refresher
from dcos_runtime.cosmos.core import errors
from dcos_runtime.cosmos.core.addresses import NotAllowed, parse_url
from dcos_runtime.cosmos.core.catalog import Catalog, Reading, Repository
from dcos_runtime.cosmos.refresher import Job, Outcome
from dcos_universe.errors import UniverseError
from dcos_universe.model import Json

log = logging.getLogger(__name__)

FIRST_SECONDS = 20.0
"""How long a request waits for the first look at the repositories."""
_LEFT_OUT_SHOWN = 5
_AT_ONCE = 8
"""Entries that are read before other work of the loop has its turn: some milliseconds."""
_FILES = 5
"""A whole repository may take so many times the limit for one file."""


class NotFetched(Exception):
    """A repository could not be fetched; the text says why, and ``remedy`` what can be done."""

    def __init__(self, why: str, remedy: str = "") -> None:
        super().__init__(why)
        self.remedy = remedy


@dataclass(frozen=True)
class RepositorySettings:
    """What all repositories have in common."""

    folder: Path
    """The folder for what was fetched."""
    interval: float
    job: Job
    """The job that is the same for all repositories; `url` and `folder` are set for each."""


@dataclass(frozen=True)
class RepositoryTrouble:
    """Why a repository cannot be fetched, ``since`` when (as `time.time`), and whether its packages are still
    served.
    """

    why: str
    remedy: str
    since: float
    kept: bool

    @property
    def as_json(self) -> Json:
        """The trouble as the list of repositories shows it."""
        since = datetime.fromtimestamp(self.since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        shown: Json = {"message": self.why, "since": since, "packagesKept": self.kept}
        return {**shown, "remedy": self.remedy} if self.remedy else shown


@dataclass
class _Known:
    folder: Path
    digest: str = ""
    repository: Repository | None = None
    trouble: RepositoryTrouble | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Repositories:
    """Fetches the repositories, and keeps the last that was fetched of each."""

    def __init__(self, settings: RepositorySettings) -> None:
        self._settings = settings
        self._known: dict[str, _Known] = {}
        self._listed: tuple[tuple[str, str], ...] = ()
        self._catalog = Catalog()
        self._ready = asyncio.Event()
        self._wanted = asyncio.Event()

    @property
    def now(self) -> Catalog:
        return self._catalog

    async def catalog(self) -> Catalog:
        """The catalog. At the start it waits until every repository was fetched, for a limited time."""
        if not self._ready.is_set():
            try:
                async with asyncio.timeout(FIRST_SECONDS):
                    await self._ready.wait()
            except TimeoutError:
                raise errors.service_unavailable("cosmos", "the repositories are still being read") from None
        return self._catalog

    def set(self, listed: tuple[tuple[str, str], ...]) -> None:
        """Sets the repositories, in this order."""
        self._listed = listed
        self._put_together()
        self._wanted.set()

    async def run(self) -> None:
        """Keeps the repositories up to date until it is cancelled."""
        while True:
            self._wanted.clear()
            self._forget()
            await asyncio.gather(*(self._renew(name, uri) for name, uri in self._listed))
            self._put_together()
            self._ready.set()
            try:
                async with asyncio.timeout(self._settings.interval):
                    await self._wanted.wait()
            except TimeoutError:
                pass

    async def probe(self, name: str, uri: str) -> None:
        """Checks before a repository is added that it can be fetched. Raises `CosmosError`."""
        try:
            parse_url(uri)
        except NotAllowed as error:
            if uri.partition(":")[0].lower() not in ("http", "https"):
                raise errors.unsupported_uri(uri) from None
            raise errors.uri_syntax(name, uri, str(error)) from None
        try:
            await self._fetch(name, uri)
        except NotFetched as error:
            raise errors.uri_connection(name, uri, str(error)) from error

    def refused(self) -> dict[str, tuple[str, ...]]:
        """URLs of repositories with entries that are no packages: which, and why."""
        known = ((uri, one.repository) for uri, one in self._known.items())
        return {uri: repository.left_out for uri, repository in known if repository and repository.left_out}

    def troubles(self) -> dict[str, RepositoryTrouble]:
        """URLs of repositories whose last fetch failed, and why."""
        return {uri: known.trouble for uri, known in self._known.items() if known.trouble is not None}

    # --- one of them ---

    async def _renew(self, name: str, uri: str) -> None:
        try:
            await self._fetch(name, uri)
        except NotFetched as error:
            known = self._known[uri]
            previous, kept = known.trouble, known.repository is not None
            if previous is None or previous.why != str(error):
                as_it_was = "; it is as it was when it was fetched last" if kept else ""
                log.warning("repository %s (%s) cannot be fetched: %s%s", name, uri, error, as_it_was)
            since = time.time() if previous is None else previous.since
            known.trouble = RepositoryTrouble(str(error), error.remedy, since, kept)

    async def _fetch(self, name: str, uri: str) -> None:
        known = self._known.setdefault(uri, _Known(self._settings.folder / _folder(uri)))
        async with known.lock:
            if known.repository is None:
                with contextlib.suppress(OSError):
                    signed = self._settings.job.root is not None
                    await self._take(known, name, uri, refresher.written_digest(known.folder, signed=signed))
                    self._put_together()
            digest = await self._refreshed(known, uri)
            try:
                await self._take(known, name, uri, digest)
            except OSError as error:
                raise NotFetched(f"what was fetched cannot be read: {error}") from error
            known.trouble = None

    async def _refreshed(self, known: _Known, uri: str) -> str:
        """Fetches the entries into the folder. Returns their digest."""
        return (await self._done(known, uri)).digest

    async def digests(self, uri: str, package: str) -> dict[str, str]:
        """SHA-256 by URI of a package's artifacts, for those that this repository lists. Raises `CosmosError`."""
        known = self._known.setdefault(uri, _Known(self._settings.folder / _folder(uri)))
        try:
            async with known.lock:
                return (await self._done(known, uri, package)).artifacts
        except NotFetched as error:
            raise errors.unreachable(uri, f"the digests of {package}'s artifacts cannot be fetched: {error}") from error

    async def _done(self, known: _Known, uri: str, package: str = "") -> Outcome:
        job = msgspec.structs.replace(
            self._settings.job, url=uri, folder=str(known.folder), known=known.digest, package=package
        )
        try:
            process = await asyncio.create_subprocess_exec(
                *refresher.command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        except OSError as error:  # no memory or no process is left: not for ever
            raise NotFetched(f"no process can be started that fetches it: {error.strerror or error}") from error
        try:
            async with asyncio.timeout(job.seconds * _FILES):
                out, err = await process.communicate(msgspec.json.encode(job))
        except TimeoutError:
            raise NotFetched(f"it took longer than {job.seconds * _FILES:g} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        try:
            outcome = msgspec.json.decode(out, type=Outcome)
        except msgspec.MsgspecError:
            log.error(
                "fetching %s ended with code %s: %s", uri, process.returncode, err.decode(errors="replace")[-2000:]
            )
            raise NotFetched("fetching it broke off; the log says more") from None
        if outcome.wrong:
            raise NotFetched(outcome.wrong, outcome.remedy)
        return outcome

    async def _take(self, known: _Known, name: str, uri: str, digest: str) -> None:
        """Reads the entries in the folder, if they have changed."""
        if known.repository is not None and (known.digest == digest and known.repository.name == name):
            return
        reading = Reading(name, uri)
        found = hashlib.sha256()
        for count, line in enumerate(refresher.written(known.folder)):
            found.update(line)
            try:
                reading.take(line)
            except (ValueError, UniverseError):
                break  # the digest differs
            if count % _AT_ONCE == 0:
                await asyncio.sleep(0)
        if found.hexdigest() != digest:
            raise refresher.damaged(known.folder)
        known.repository, known.digest = reading.done(), digest
        left_out = known.repository.left_out
        for text in left_out[:_LEFT_OUT_SHOWN]:
            log.warning("repository %s: an entry is refused: %s", name, text)
        if len(left_out) > _LEFT_OUT_SHOWN:
            log.warning("repository %s: and %d more entries", name, len(left_out) - _LEFT_OUT_SHOWN)

    def _forget(self) -> None:
        """Removes the folders of former repositories."""
        listed = {uri for _, uri in self._listed}
        for uri in [uri for uri in self._known if uri not in listed]:
            if not self._known[uri].lock.locked():
                del self._known[uri]
        kept = {_folder(uri) for uri in (*listed, *self._known)}
        if self._settings.folder.is_dir():
            for folder in self._settings.folder.iterdir():
                if folder.name not in kept:
                    shutil.rmtree(folder, ignore_errors=True)

    def _put_together(self) -> None:
        found = [known.repository for _, uri in self._listed if (known := self._known.get(uri)) and known.repository]
        before = self._catalog.repositories
        if len(before) != len(found) or any(one is not other for one, other in zip(before, found, strict=True)):
            self._catalog = Catalog(found)
            # The catalog stays for long, and a garbage collection that walks through it would delay every request.
            # Cyclic garbage that is frozen with it is never freed: that is little, and happens only when a repository
            # has changed.
            gc.freeze()


def _folder(uri: str) -> str:
    return hashlib.sha256(uri.encode()).hexdigest()[:32]
