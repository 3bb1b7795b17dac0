"""Fetches one repository, in a process of its own: an index as Python objects takes much memory and time. The job comes
on stdin, the outcome goes to stdout, each as one line. The entries go to a file with one entry a line, which the daemon
reads a few at a time.
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
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from dcos_runtime import __version__, durable
from dcos_runtime.cosmos.core import mirror
from dcos_runtime.cosmos.core.addresses import Allowed
from dcos_runtime.cosmos.fetching import Downloader, DownloadError, DownloadTooLarge
from dcos_universe.errors import UniverseError
from dcos_universe.index import client as index_client
from dcos_universe.index import fetching

ENTRIES = "entries.jsonl"
"""The file in the repository's folder: the first line holds the digest and whether the repository was signed; then
comes an entry a line.
"""
_SIGNED = " signed"


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
    digest = hashlib.sha256()
    lines = []
    for entry in packages:
        line = json.dumps(entry, separators=(",", ":")).encode()
        digest.update(line + b"\n")
        lines.append(line)
    found = digest.hexdigest()
    with contextlib.suppress(OSError, StopIteration):
        if written_digest(folder, signed=signed) == found:
            return found
    folder.mkdir(parents=True, exist_ok=True)
    durable.sweep(folder)
    with durable.replaced(folder / ENTRIES) as file:
        file.write(f"{found}{_SIGNED if signed else ''}\n".encode())
        file.writelines(line + b"\n" for line in lines)
    return found


def written_digest(folder: Path, *, signed: bool) -> str:
    """The digest of the entries in the file. Raises ``OSError``, also if the entries have to be ``signed`` and are not:
    they were fetched when no root was given.
    """
    with (folder / ENTRIES).open("rb") as file:
        digest, _, more = file.readline().strip().decode().partition(" ")
    if signed and more != _SIGNED.strip():
        raise OSError(f"what lies in {folder} was not signed")
    return digest


def written(folder: Path) -> Iterator[bytes]:
    """The entries in the file, a JSON object each. Raises ``OSError``."""
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
