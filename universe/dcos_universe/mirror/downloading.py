"""Downloads artifacts into a store by digest: in parallel, each once, resumed after interruptions, stored only when
complete.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from dcos_runtime import urls
from dcos_runtime.network_errors import with_host
from dcos_universe.artifacts import Digest
from dcos_universe.errors import UniverseError, refusal
from dcos_universe.index import durable

LARGEST = 32 << 30
"""The most bytes of one artifact."""

ATTEMPTS = 4
SILENCE = 30.0
RATE, GRACE = 1024, 30.0
"""The least average rate of a download in bytes a second, and the seconds after which it counts."""

_CHUNK = 1 << 18
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})

Progress = Callable[[str, int, int | None], None]
"""Takes the URI, how many bytes of it exist, and of how many (None: not known)."""


@dataclass(frozen=True)
class Download:
    """A download, with its digest if that is known."""

    uri: str
    digest: Digest | None = None


class Broken(UniverseError):
    """One attempt has failed; the next one may not. ``fresh``: the present part must not be continued."""

    def __init__(self, uri: str, why: str, *, fresh: bool = False) -> None:
        self.fresh = fresh
        super().__init__(
            f"{uri} cannot be downloaded", why=why, hint="look at its server; run this again, it continues"
        )


class Failed(UniverseError):
    """Some downloads have failed; all others are stored. ``failures`` has each."""

    def __init__(self, failures: list[UniverseError]) -> None:
        self.failures = failures
        reasons = "; ".join(f"{one.what}: {one.why}" for one in failures[:5])
        super().__init__(
            f"{len(failures)} downloads have failed",
            why=reasons + (f"; and {len(failures) - 5} more" if len(failures) > 5 else ""),
            hint="what arrived is kept: run this again, and it continues from there",
        )


class BlobStore:
    """``blobs/<sha256>`` is complete and verified; ``parts/`` has unfinished downloads; ``uris/`` records the digest of
    each URI's content.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("blobs", "parts", "uris"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def blob(self, digest: str) -> Path:
        return self.folder / "blobs" / digest

    def part(self, uri: str) -> Path:
        return self.folder / "parts" / _key(uri)

    def have(self, wanted: Download) -> Digest | None:
        """The digest of an existing blob. It is read, and one that is damaged is removed."""
        known = wanted.digest.sha256 if wanted.digest else ""
        if not known:
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                known = str(json.loads((self.folder / "uris" / _key(wanted.uri)).read_bytes())["sha256"])
        if not re.fullmatch("[0-9a-f]{64}", known):
            return None
        blob = self.blob(known)
        try:
            with blob.open("rb") as file:
                found, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
        except FileNotFoundError:
            return None
        if found == known:
            return Digest(known, size)
        blob.unlink(missing_ok=True)
        return None

    def keep(self, uri: str, part: Path, found: Digest) -> Digest:
        """The part is complete: moves it to the blobs."""
        part.rename(self.blob(found.sha256))
        durable.sync_folder(self.folder / "blobs")
        durable.write(self.folder / "uris" / _key(uri), json.dumps({"uri": uri, **found.json}).encode())
        _validator(part).unlink(missing_ok=True)
        return found

    def only(self, found: Mapping[str, Digest]) -> None:
        """Removes everything except what belongs to these URIs."""
        digests, keys = {digest.sha256 for digest in found.values()}, {_key(uri) for uri in found}
        for name, wanted in (("blobs", digests), ("uris", keys), ("parts", keys)):
            for path in (self.folder / name).iterdir():
                if path.name.removesuffix(".json") not in wanted:
                    path.unlink()


async def download(
    wanted: Iterable[Download],
    store: BlobStore,
    *,
    jobs: int = 4,
    largest: int = LARGEST,
    progress: Progress = lambda *_: None,
    pause: float = 1.0,
) -> dict[str, Digest]:
    """Downloads all of them; returns the digests by URI. Two URIs with one digest are downloaded once. Raises `Failed`
    after all other downloads are finished.
    """
    groups: dict[str, list[Download]] = {}
    for one in wanted:
        groups.setdefault(one.digest.sha256 if one.digest else one.uri, []).append(one)
    found: dict[str, Digest] = {}
    failures: list[UniverseError] = []
    turns = asyncio.Semaphore(jobs)
    limits = aiohttp.ClientTimeout(total=None, connect=SILENCE, sock_connect=SILENCE, sock_read=SILENCE)
    connector = aiohttp.TCPConnector(limit=jobs)
    async with aiohttp.ClientSession(
        timeout=limits,
        connector=connector,
        auto_decompress=False,
        trust_env=True,
        headers={"Accept-Encoding": "identity"},
    ) as session:

        async def come(group: list[Download]) -> None:
            async with turns:
                fault: UniverseError | None = None
                for each in dict.fromkeys(group):
                    try:
                        digest = await asyncio.to_thread(store.have, each)
                        digest = digest or await _Download(session, store, each, largest, progress, pause).run()
                    except UniverseError as error:
                        fault = error
                        continue
                    except OSError as error:
                        fault = UniverseError(
                            f"{each.uri} cannot be kept", why=refusal(error), hint="look at the disk and at rights"
                        )
                        continue
                    for twin in group:
                        found[twin.uri] = digest
                        progress(twin.uri, digest.size or 0, digest.size)
                    return
                assert fault is not None
                failures.append(fault)

        async with asyncio.TaskGroup() as tasks:
            for group in groups.values():
                tasks.create_task(come(group))
    if failures:
        raise Failed(failures)
    return found


class _Download:
    def __init__(
        self,
        session: aiohttp.ClientSession,
        store: BlobStore,
        wanted: Download,
        largest: int,
        progress: Progress,
        pause: float,
    ) -> None:
        self.session = session
        self.store = store
        self.wanted = wanted
        self.largest = largest
        self.progress = progress
        self.pause = pause
        self.part = store.part(wanted.uri)

    async def run(self) -> Digest:
        try:
            urls.parse_web(self.wanted.uri)
        except urls.BadUrl as error:
            raise UniverseError(
                f"{self.wanted.uri} is not downloaded", why=str(error), hint="correct resource.json"
            ) from error
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await self._attempt()
            except Broken as error:
                if error.fresh:
                    self.part.unlink(missing_ok=True)
                if attempt == ATTEMPTS:
                    raise
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if attempt == ATTEMPTS or isinstance(error, aiohttp.InvalidURL):
                    raise Broken(self.wanted.uri, with_host(error)) from error
            await asyncio.sleep(self.pause * 2 ** (attempt - 1))
        raise AssertionError

    async def _attempt(self) -> Digest:
        begun = self._begun()
        headers = {"Range": f"bytes={begun}-", **self._if_range()} if begun else {}
        async with self.session.get(self.wanted.uri, headers=headers, max_redirects=10) as response:
            if response.status == 416 and begun:
                raise Broken(self.wanted.uri, "what is here of it is longer than it is there", fresh=True)
            if response.status in _AGAIN:
                raise Broken(self.wanted.uri, f"it is answered with {response.status}")
            if response.status not in (200, 206):
                raise UniverseError(
                    f"{self.wanted.uri} cannot be downloaded",
                    why=f"it is answered with {response.status}",
                    hint="see whether the package names it rightly",
                )
            coding = response.headers.get("Content-Encoding", "identity").strip().lower()
            if coding not in ("", "identity"):
                raise UniverseError(
                    f"{self.wanted.uri} is refused",
                    why=f"it comes packed as {coding[:40]}, which was not asked for",
                    hint="have its server give it as it is",
                )
            if response.status == 206:
                start, total = _content_range(response.headers.get("Content-Range", ""))
                if start != begun:
                    raise Broken(self.wanted.uri, "another part arrived than the requested one", fresh=True)
            else:
                begun, total = 0, response.content_length
            if self.wanted.digest is None and total is None and not response.headers.get("Transfer-Encoding"):
                raise UniverseError(
                    f"{self.wanted.uri} is refused",
                    why="its server gives neither its length nor its end, and its digest is not known",
                    hint="write its digest into digests.json beside the package",
                )
            return await self._body(response, begun, total)

    async def _body(self, response: aiohttp.ClientResponse, begun: int, total: int | None) -> Digest:
        uri, expected = self.wanted.uri, self.wanted.digest
        most = min(self.largest, expected.size if expected and expected.size is not None else self.largest)
        if total is not None and total > most:
            raise UniverseError(f"{uri} is refused", why=f"it has {total} bytes, and may have {most}", hint=_OTHER)
        digest = await asyncio.to_thread(_hashed, self.part, begun)
        began, came, size = time.monotonic(), 0, begun
        self._remember(response)
        with self.part.open("r+b" if begun else "wb") as file:
            file.truncate(begun)
            file.seek(begun)
            async for chunk in response.content.iter_chunked(_CHUNK):
                came += len(chunk)
                size += len(chunk)
                if size > most:
                    raise UniverseError(f"{uri} is refused", why=f"more than {most} bytes arrived", hint=_OTHER)
                file.write(chunk)
                digest.update(chunk)
                self.progress(uri, size, total)
                passed = time.monotonic() - began
                if passed > GRACE and came < RATE * passed:
                    raise Broken(uri, f"{came} bytes arrived in {passed:.0f} seconds")
            file.flush()
            os.fsync(file.fileno())
        if total is not None and size != total:
            raise Broken(uri, f"it broke off after {size} of {total} bytes")
        found = digest.hexdigest()
        if expected is not None and found != expected.sha256:
            if begun:
                raise Broken(uri, "the parts are not of one file", fresh=True)
            self.part.unlink(missing_ok=True)
            raise UniverseError(
                f"{uri} is not what it was",
                why=f"its digest is {found}, and {expected.sha256} is known of it",
                hint=_OTHER,
            )
        return self.store.keep(uri, self.part, Digest(found, size))

    def _begun(self) -> int:
        """The size of the present part: 0 unless it can be verified at the end that it is of the same file."""
        try:
            size = self.part.stat().st_size
        except FileNotFoundError:
            return 0
        return size if self.wanted.digest is not None or self._if_range() else 0

    def _if_range(self) -> dict[str, str]:
        try:
            remembered = json.loads(_validator(self.part).read_bytes())
            return {"If-Range": str(remembered["validator"])} if remembered["validator"] else {}
        except (OSError, ValueError, KeyError, TypeError):
            return {}

    def _remember(self, response: aiohttp.ClientResponse) -> None:
        etag = response.headers.get("ETag", "")
        validator = etag if etag and not etag.startswith("W/") else response.headers.get("Last-Modified", "")
        durable.write(_validator(self.part), json.dumps({"uri": self.wanted.uri, "validator": validator}).encode())


_OTHER = "another file lies there than the publisher named: ask him, and do not use it"


def _hashed(part: Path, size: int) -> Any:
    digest = hashlib.sha256()
    if size:
        with part.open("rb") as file:
            while size and (chunk := file.read(min(size, 1 << 20))):
                digest.update(chunk)
                size -= len(chunk)
    return digest


def _content_range(value: str) -> tuple[int, int | None]:
    found = re.fullmatch(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)", value)
    if not found:
        return -1, None
    return int(found[1]), None if found[2] == "*" else int(found[2])


def _key(uri: str) -> str:
    return hashlib.sha256(uri.encode("utf-8")).hexdigest()


def _validator(part: Path) -> Path:
    return part.with_name(f"{part.name}.json")


def by_uri(wanted: Iterable[Download]) -> list[Download]:
    """Each URI once. Raises `UniverseError` when two packages have different digests of one URI."""
    found: dict[str, Download] = {}
    for one in wanted:
        known = found.get(one.uri)
        if known is not None and known.digest and one.digest and known.digest.sha256 != one.digest.sha256:
            raise UniverseError(
                f"there are two digests of {one.uri}",
                why=f"{known.digest.sha256} and {one.digest.sha256}",
                hint="it was replaced at some time: mirror the revisions separately, or correct the older one",
            )
        if known is None or known.digest is None:
            found[one.uri] = one
    return list(found.values())
