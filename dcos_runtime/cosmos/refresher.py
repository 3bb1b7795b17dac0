"""Fetches one repository, in a process of its own: an index as Python objects takes much memory and time. The job comes
on stdin, the outcome goes to stdout, each as one line. The entries go to a file with one entry a line, which the daemon
reads a few at a time. Each is held to the rules of `dcos-universe check`: an invalid one is refused by itself.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ipaddress
import json
import os
import ssl
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Set
from pathlib import Path
from typing import Any

import msgspec

from dcos_runtime import __version__, durable
from dcos_runtime.cosmos.core import mirror
from dcos_runtime.cosmos.core.addresses import Allowed
from dcos_runtime.cosmos.core.catalog import REFUSED, TAKEN
from dcos_runtime.cosmos.fetching import Downloader, DownloadError, DownloadTooLarge
from dcos_runtime.wire.quoting import shown
from dcos_universe.check.cache import checker
from dcos_universe.check.entry import why_not
from dcos_universe.errors import UniverseError
from dcos_universe.index import client as index_client
from dcos_universe.index import fetching

ENTRIES = "entries.jsonl"
"""The file in the repository's folder: a line with its digest and what it was made of (`_Made`), and then one for each
entry: `TAKEN` and the entry, or `REFUSED` and the reason, each as JSON.
"""


class _Made(msgspec.Struct, frozen=True, array_like=True):
    """``digest`` of the lines; ``of``: that of the entries as they came; ``rules``: those that they were held to."""

    digest: str
    of: str
    rules: str
    signed: bool


class Job(msgspec.Struct, frozen=True):
    """``folder`` is the repository's own; ``known``: the digest of the entries that the daemon has."""

    url: str
    folder: str
    release: str
    seconds: float
    largest: int
    root: str | None = None
    """Path of TUF's root metadata."""
    ca: str | None = None
    networks: tuple[str, ...] = ()
    cluster: tuple[str, ...] = ()
    ports: tuple[tuple[int, int], ...] = ()
    known: str = ""
    package: str = ""
    """Only the digests of this package's artifacts are wanted."""

    def allowed(self) -> Allowed:
        return Allowed([ipaddress.ip_network(one) for one in self.networks], frozenset(self.cluster), self.ports)


class Outcome(msgspec.Struct, frozen=True):
    """``digest`` of the entries; or what went ``wrong``, and the remedy."""

    digest: str = ""
    wrong: str = ""
    remedy: str = ""
    artifacts: dict[str, str] = {}
    """SHA-256 by URI."""


def context(ca: str | None) -> ssl.SSLContext:
    """Trusts the authorities that this machine trusts, and the cluster's own. Raises ``OSError``."""
    made = ssl.create_default_context()
    if ca is not None:
        made.load_verify_locations(cafile=ca)
    return made


class _Loop:
    """An event loop in a thread of its own, for code that blocks."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


class _Fetch:
    def __init__(self, job: Job, loop: _Loop, fetcher: Downloader) -> None:
        self._job, self._loop, self._fetcher = job, loop, fetcher

    def __call__(self, url: str, max_length: int, headers: Mapping[str, str] = {}) -> fetching.FetchedResponse:
        job = self._job
        agent = {"User-Agent": f"cosmos/{__version__} dcos/{job.release}"}
        most = min(max_length, job.largest)
        try:
            work = self._fetcher.get(url, most=most, seconds=job.seconds, headers={**headers, **agent})
            answer = self._loop.run(work)
        except DownloadTooLarge as error:
            raise fetching.TooLarge(url, most) from error
        except DownloadError as error:
            raise fetching.Unreachable(url, str(error)) from error
        lowered = {name.lower(): value for name, value in answer.headers.items()}
        return fetching.FetchedResponse(answer.status, lowered, answer.body)


def refresh(job: Job) -> Outcome:
    folder = Path(job.folder)
    try:
        root = Path(job.root).read_bytes() if job.root is not None else None
        loop = _Loop()
        fetcher = Downloader(job.allowed(), context(job.ca))
        fetch = _Fetch(job, loop, fetcher)
        client = index_client.Client(job.url, root=root, state=folder / "state", release=job.release, fetch=fetch)
        if job.package:
            return Outcome(artifacts=mirror.digests(client.artifacts(job.package) or {}))
        index = client.refresh()
        packages = index.get("packages")
        if not isinstance(packages, list):
            raise UniverseError(
                f"what {job.url} serves is no repository",
                why="it has no list of packages",
                hint="see that the URL is one of a repository, and that the repository is published completely",
            )
        return Outcome(_write(folder, packages, signed=job.root is not None))
    except UniverseError as error:
        return Outcome(wrong=f"{error.what}: {error.why}" if error.why else error.what, remedy=error.hint)
    except (OSError, ValueError, RecursionError) as error:
        return Outcome(wrong=str(error) or type(error).__name__)


def _write(folder: Path, packages: list[Any], *, signed: bool) -> str:
    """Writes the entries, each with the verdict on it, unless these are there. Returns the digest of the lines."""
    came = hashlib.sha256()
    for entry in packages:
        came.update(_line(entry))
    of, rules = came.hexdigest(), checker()
    taken: set[bytes] = set()
    with contextlib.suppress(OSError):
        before = _made(folder)
        if (before.of, before.rules, before.signed) == (of, rules, signed):
            return before.digest
        if before.rules == rules:
            taken = {hashlib.sha256(line).digest() for line in written(folder) if line.startswith(TAKEN)}
    digest = hashlib.sha256()
    lines = []
    for line in judged(packages, taken):
        digest.update(line)
        lines.append(line)
    made = _Made(digest.hexdigest(), of, rules, signed)
    folder.mkdir(parents=True, exist_ok=True)
    durable.sweep(folder)
    with durable.replaced(folder / ENTRIES) as file:
        file.write(msgspec.json.encode(made) + b"\n")
        file.writelines(lines)
    return made.digest


def judged(packages: Iterable[Any], taken: Set[bytes] = frozenset()) -> Iterator[bytes]:
    """A line of the file for each entry. ``taken``: SHA-256 of lines with entries that are known to be valid."""
    seen: set[tuple[str, int]] = set()
    for place, entry in enumerate(packages):
        line = TAKEN + _line(entry)
        why = "" if hashlib.sha256(line).digest() in taken else why_not(entry)
        if not why:
            key = entry["name"], entry["releaseVersion"]
            why = "/releaseVersion: an entry before it has the same name and number" if key in seen else ""
            seen.add(key)
        yield REFUSED + _line(f"/packages/{place}{_named(entry)}: {why}") if why else line


def _line(value: Any) -> bytes:
    """JSON; for values beyond JSON, a text that stands for them."""
    try:
        return json.dumps(value, separators=(",", ":")).encode() + b"\n"
    except (ValueError, RecursionError):
        return b"?\n"


def _named(entry: Any) -> str:
    """The name and version that an invalid entry shows, if they are texts."""
    texts = [entry.get(key) for key in ("name", "version")] if isinstance(entry, dict) else []
    named = " ".join(shown(text, 60) for text in texts if isinstance(text, str) and text)
    return f" ({named})" if named else ""


def _made(folder: Path) -> _Made:
    """The first line of the file. Raises ``OSError``."""
    with (folder / ENTRIES).open("rb") as file:
        try:
            return msgspec.json.decode(file.readline(), type=_Made)
        except msgspec.MsgspecError as error:
            raise OSError(f"{folder / ENTRIES} is of another version") from error


def written_digest(folder: Path, *, signed: bool) -> str:
    """The digest of the lines in the file. Raises ``OSError``, also if the entries have to be ``signed`` and are not:
    they were fetched when no root was given.
    """
    made = _made(folder)
    if signed and not made.signed:
        raise OSError(f"what lies in {folder} was not signed")
    return made.digest


def damaged(folder: Path) -> OSError:
    """Removes the file, so that the next refresh writes it again. Returns the error for it. Raises ``OSError``."""
    (folder / ENTRIES).unlink(missing_ok=True)
    return OSError(f"{folder / ENTRIES} was damaged; it is fetched again")


def written(folder: Path) -> Iterator[bytes]:
    """The lines after the first. Raises ``OSError``."""
    with (folder / ENTRIES).open("rb") as file:
        file.readline()
        yield from file


_WORK = """
import os, sys
os.nice(10)
try:
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
except OSError:
    pass
sys.path[:] = sys.argv[1].split(":")
from dcos_runtime.cosmos.refresher import main
main()
"""
"""A lower priority than the daemon has, set before the first import, which takes more than half of the time."""


def command() -> list[str]:
    """The command line that starts this module in a process of its own, with the same import path."""
    return [sys.executable, "-B", "-S", "-E", "-c", _WORK, ":".join(sys.path)]


def main() -> None:
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    sys.stdout.buffer.write(msgspec.json.encode(refresh(job)))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
