"""The fetch process's side of the agent's cache: it writes and reads open files that the agent gives it, by descriptor.

What is written has the size that was announced and reserved, and its SHA-256 is reported; what is read has both, or it
is not used.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

from dcos_runtime.agent.fetching.errors import CHUNK, Budget, CacheError
from dcos_runtime.agent.fetching.sources import SourceRules, save

DAMAGED = 3
"""Exit status: entries of the cache are not what was written."""
_FULL = (errno.ENOSPC, errno.EDQUOT)


class CacheReport:
    """The lines on stdout: ``{"size": bytes}``, after which the agent permits the download; then ``{"digest": hex}``.
    Instead of either ``{"failed": why, "ours": whether it is the cache's failure, "full": whether its disk is}``.
    """

    def __init__(self, leave: threading.Event) -> None:
        self._leave = leave

    def size(self, size: int) -> None:
        """Waits for leave; this process ends when the agent does."""
        self._tell(size=size)
        self._leave.wait()

    def digest(self, digest: str) -> None:
        self._tell(digest=digest)

    def failed(self, why: str, error: Exception) -> None:
        ours = isinstance(error, CacheError)
        self._tell(failed=why, ours=ours, full=isinstance(error, CacheError) and error.full)

    def _tell(self, **fields: object) -> None:
        sys.stdout.write(json.dumps(fields) + "\n")
        sys.stdout.flush()


class _Entry:
    """The file of a new entry: takes exactly the bytes that were announced."""

    def __init__(self, descriptor: int, reserved: Callable[[int], None]) -> None:
        self._descriptor = descriptor
        self._reserved = reserved
        self._left = 0
        self._digest = hashlib.sha256()

    def announced(self, size: int | None) -> None:
        if size is None:
            raise CacheError("its size is not known before it is downloaded")
        if size == 0:
            raise CacheError("it is empty")  # as Mesos: a length of 0 is no length
        self._reserved(size)
        self._left = size
        try:
            os.posix_fallocate(self._descriptor, 0, size)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise _failed(error) from error

    def write(self, data: bytes) -> int:
        self._left -= len(data)
        if self._left < 0:
            raise CacheError("it is longer than announced")
        self._digest.update(data)
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except OSError as error:
                raise _failed(error) from error
        return len(data)

    def finish(self) -> str:
        if self._left:
            raise CacheError("it is shorter than announced")
        try:
            os.close(self._descriptor)  # some file systems tell only then
        except OSError as error:
            raise _failed(error) from error
        return self._digest.hexdigest()


def _failed(error: OSError) -> CacheError:
    return CacheError(f"its file cannot be written: {error.strerror}", error.errno in _FULL)


def into_cache(value: str, descriptor: int, rules: SourceRules, reserved: Callable[[int], None]) -> str:
    """Downloads what ``value`` names; ``reserved`` returns when its size is reserved. Returns the SHA-256, hex."""
    entry = _Entry(descriptor, reserved)
    save(value, entry, rules, Budget(sys.maxsize, ""), entry.announced)  # type: ignore[arg-type]  # a file in all that is used of it
    return entry.finish()


def damaged(uris: Sequence[Mapping[str, Any]]) -> list[int]:
    """The numbers of the URIs whose entries cannot be read, or are not what was written."""
    return [number for number, uri in enumerate(uris) if uri["cached"] is not None and not _whole(uri["cached"])]


def _whole(held: Mapping[str, Any]) -> bool:
    digest, at = hashlib.sha256(), 0
    try:
        while chunk := os.pread(held["descriptor"], CHUNK, at):
            digest.update(chunk)
            at += len(chunk)
    except OSError:
        return False
    return (at, digest.hexdigest()) == (held["size"], held["digest"])


def opened(held: Mapping[str, Any]) -> IO[bytes]:
    return os.fdopen(held["descriptor"], "rb")
