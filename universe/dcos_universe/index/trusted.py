"""The signed side of a repository (TUF): what its roles have signed, and the name of the attack that is refused.

The client workflow is python-tuf's own. This module adds fetching, the state on disk, and the refusals.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from tuf.api import exceptions
from tuf.api.metadata import Metadata, Root, Signed, Snapshot, TargetFile, Targets, Timestamp
from tuf.ngclient import Updater, UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface

from dcos_universe.errors import UniverseError
from dcos_universe.index import durable
from dcos_universe.index.fetching import Fetch, FetchError, TooLarge, TooSlow

METADATA, TARGETS = "metadata", "targets"
"""The folders of a tree for the metadata of its roles, and for its files under names that begin with their digest."""

TAMPERED, THRESHOLD, FROZEN, EXPIRED_ROOT = "tampered", "threshold", "frozen", "expired-root"
ROLLED_BACK, MIXED, ENDLESS, SLOW = "rolled-back", "mix-and-match", "endless", "slow"
MISSING, DENIED, FAILED, UNREACHABLE = "missing", "denied", "failed", "unreachable"

REMEDIES: Mapping[str, str] = {
    TAMPERED: "do not use it: ask its publisher, by another way, whether this is his; a mirror may be at fault",
    THRESHOLD: "ask its publisher for the metadata with all signatures; do not use it until then",
    FROZEN: "an old state is shown, or its publisher has not signed in time (dcos-universe sign), or a clock is wrong",
    EXPIRED_ROOT: "its publisher makes a new root (dcos-universe root rotate), or the clock here is wrong",
    ROLLED_BACK: "an older state is shown than was seen before: ask its publisher; a mirror may be behind",
    MIXED: "files of two states are shown together: try again, and if it stays so ask its publisher",
    ENDLESS: "do not use it: a server that sends more than was signed is broken or not its publisher's",
    SLOW: "look at the server and at the way to it; try again",
    MISSING: "have its publisher sign and publish all of it: dcos-universe sign, dcos-universe publish",
    DENIED: "give the right to read it, or have its publisher publish all of it: S3 denies what is not there, too",
    FAILED: "look at the server and its log; try again",
    UNREACHABLE: "look at the server and at the way to it; try again",
}
"""The reasons of refusals, and what to do about each."""

_CONFIG = UpdaterConfig(max_root_rotations=128, root_max_length=512 << 10, timestamp_max_length=16 << 10)


ABSENT = (403, 404, 410)
"""Responses of servers that do not have a file. S3 says 403, unless the client may list the bucket."""


def reason_of(status: int) -> str:
    """The reason of a refusal because of a response that is not 200."""
    return MISSING if status in (404, 410) else DENIED if status in (401, 403, 407) else FAILED


class RepositoryRefused(UniverseError):
    """A repository is refused. ``reason``, one of `REMEDIES`, names the attack that it is, or looks like."""

    def __init__(self, what: str, reason: str, why: str = "") -> None:
        self.reason = reason
        super().__init__(what, why=f"{reason}: {why}" if why else reason, hint=REMEDIES[reason])


def read_root(path: Path) -> bytes:
    """The root.json that a repository is verified with. It may have expired: newer ones follow from it. Raises
    `UniverseError` if it cannot be read, or is not the metadata of a TUF root that its own keys have signed.
    """
    hint = "get root.json from the publisher, by a way to be trusted; it is no key, and no other role's metadata"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UniverseError(f"{path} cannot be read", why=error.strerror or str(error), hint=hint) from error
    what = f"{path} is not the root of a repository"
    try:
        found: Metadata[Any] = Metadata.from_bytes(content)
    except (exceptions.RepositoryError, KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise UniverseError(what, why="it is not metadata of TUF in JSON", hint=hint) from error
    if not isinstance(found.signed, Root):
        raise UniverseError(what, why=f"it is metadata of the role {found.signed.type}", hint=hint)
    try:
        found.signed.verify_delegate(Root.type, found.signed_bytes, found.signatures)
    except (exceptions.RepositoryError, ValueError) as error:
        raise UniverseError(what, why=f"its own keys have not signed it: {error}", hint=hint) from error
    return content


def not_fetched(what: str, error: FetchError) -> RepositoryRefused:
    """The refusal of a repository of which a file did not come."""
    reason = ENDLESS if isinstance(error, TooLarge) else SLOW if isinstance(error, TooSlow) else UNREACHABLE
    return RepositoryRefused(what, reason, f"{error.what}: {error.why}")


class Trusted:
    """One look at a repository: its roles at one moment, verified from ``root`` on. Not for two threads.

    ``state`` holds what was seen before, which shows a rollback; the caller has an exclusive lock on it. ``now``: a
    time to compare expiry with, instead of the clock.
    """

    def __init__(self, base: str, root: bytes, state: Path, fetch: Fetch, *, now: datetime | None = None) -> None:
        self.base = base
        self._fetcher = _Fetcher(fetch)
        state.mkdir(parents=True, exist_ok=True)
        with self._named():
            self._updater = _Updater(
                str(state), f"{base}/{METADATA}/", fetcher=self._fetcher, config=_CONFIG, bootstrap=root
            )
        if now is not None:
            self._updater._trusted_set.reference_time = now

    def refresh(self) -> None:
        """Raises `RepositoryRefused`."""
        with self._named():
            self._updater.refresh()

    def find(self, name: str) -> TargetFile | None:
        """The signed length and digest of a file; None if nothing is signed for it. Raises `RepositoryRefused`."""
        with self._named():
            return self._updater.get_targetinfo(name)

    def get(self, found: TargetFile) -> bytes:
        """The content of a file that `find` has found; it is as it was signed. Raises `RepositoryRefused`."""
        folder, slash, name = found.path.rpartition("/")
        url = f"{self.base}/{TARGETS}/{folder}{slash}{found.hashes['sha256']}.{name}"
        with self._named(found.path):
            content = self._fetcher.download_bytes(url, found.length)
            found.verify_length_and_hashes(content)
        return content

    def roles(self) -> Mapping[str, Signed]:
        """The roles that were read so far, by name."""
        return {name: self._updater._trusted_set[name] for name in self._updater._trusted_set._trusted_set}

    @contextmanager
    def _named(self, file: str = "") -> Iterator[None]:
        """Turns python-tuf's errors into `RepositoryRefused`, with the name of the attack."""
        what = f"the repository at {self.base} is refused"
        self._fetcher.last = ""
        try:
            yield
        except exceptions.DownloadHTTPError as error:
            raise RepositoryRefused(what, reason_of(error.status_code), str(error)) from error
        except exceptions.RepositoryError as error:
            raise RepositoryRefused(what, *self._reason(error, file)) from error
        except FetchError as error:
            raise not_fetched(what, error) from error
        except exceptions.DownloadError as error:
            raise RepositoryRefused(what, UNREACHABLE, str(error)) from error
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
            # Something in the metadata is signed, but not understood: the repository is refused.
            raise RepositoryRefused(what, TAMPERED, f"{self._fetcher.last} is not understood: {error!r}") from error

    def _reason(self, error: Exception, file: str) -> tuple[str, str]:
        """The name of the attack, and what showed it."""
        message = str(error)
        at = file or self._fetcher.last
        role = re.sub(r"^[0-9]+\.|\.json$", "", at.rpartition("/")[2])
        match error:
            case exceptions.UnsignedMetadataError():
                found = re.search(r"([0-9]+)/([0-9]+) keys", message)
                some = found is not None and int(found[1]) > 0
                return (THRESHOLD if some else TAMPERED), message
            case exceptions.ExpiredMetadataError():
                return (EXPIRED_ROOT if "root" in message else FROZEN), message
            case exceptions.BadVersionNumberError() if role in (Root.type, Timestamp.type):
                return ROLLED_BACK, message
            case exceptions.BadVersionNumberError():
                # Metadata below the timestamp: it is either older than what was seen before, or of another state than
                # the metadata that names it.
                seen = role == Snapshot.type and not message.startswith("Expected snapshot version")
                return (ROLLED_BACK if seen else MIXED), message
            case exceptions.LengthOrHashMismatchError():
                return (MIXED if not file and self._signed(role) else TAMPERED), f"{at}: {message}"
            case _ if "missing info" in message:
                return ROLLED_BACK, message
            case _:
                return TAMPERED, f"{at}: {message}"

    def _signed(self, role: str) -> bool:
        """Whether what was fetched last is metadata that the role's keys have signed. Then it is of another state of
        this repository."""
        trusted = self._updater._trusted_set
        try:
            metadata: Metadata[Any] = Metadata.from_bytes(self._fetcher.body)
            delegator = trusted.root if role in (Snapshot.type, Targets.type) else trusted.targets
            delegator.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
        except (exceptions.RepositoryError, KeyError, ValueError):
            return False
        return True


class _Updater(Updater):
    """python-tuf's updater, which here has each file on disk before it goes on."""

    def _persist_file(self, filename: str, data: bytes) -> None:
        durable.write(Path(filename), data)


class _Fetcher(FetcherInterface):
    """Passes python-tuf's requests to a `Fetch`, which bounds each response."""

    def __init__(self, fetch: Fetch) -> None:
        self._ask = fetch
        self.last = ""
        self.body = b""

    def _fetch(self, url: str) -> Iterator[bytes]:
        yield self.download_bytes(url, _CONFIG.targets_max_length)

    def download_bytes(self, url: str, max_length: int) -> bytes:
        self.last = url
        # No cache on the way may answer with an older state.
        answer = self._ask(url, max_length, {"Cache-Control": "no-cache"})
        if len(answer.body) > max_length:
            raise TooLarge(url, max_length)
        if answer.status != 200:
            raise exceptions.DownloadHTTPError(f"{url} is answered with {answer.status}", answer.status)
        self.body = answer.body
        return answer.body
