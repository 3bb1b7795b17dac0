"""The errors of fetching one URI, in words and never as a traceback; and how much may be written."""

from __future__ import annotations

import http.client
import lzma
import re
import socket
import ssl
import tarfile
import zipfile
import zlib
from collections.abc import Iterable
from typing import IO

from dcos_runtime.network_errors import cause
from dcos_runtime.wire import uris

SHORTEST_SECRET = 4
CHUNK = 1 << 20
LONGEST_PIECE = 120
"""The most characters that a message quotes of one name or target: those in an archive may have any length."""
LONGEST_REASON = 2000
"""The most characters of a whole reason."""
MEMORY = 256 << 20
"""The most memory of the process: a header that asks for more ends the fetch and does not harm the machine."""


class FetchError(Exception):
    """One URI could not be fetched. The text says why."""


class CacheError(FetchError):
    """The cache cannot take it, whatever its source would give. ``full``: the cache's disk is."""

    def __init__(self, why: str, full: bool = False) -> None:
        super().__init__(why)
        self.full = full


class QuotingError(FetchError):
    """The message quotes the server."""

    def __init__(self, before: str, quoted: str, after: str = "") -> None:
        shown = "".join(letter if letter.isprintable() else "?" for letter in quoted[:LONGEST_REASON])
        super().__init__(f"{before}{shown}{after}")
        self._parts = before, quoted, after

    def without(self, secrets: Iterable[str]) -> str:
        """If the server's text holds a secret, even a short one, all of it is left out: blanking single letters would
        reveal them.
        """
        before, quoted, after = self._parts
        if any(secret.lower() in quoted.lower() for secret in secrets if secret):
            return f"{before}{uris.HIDDEN}{after}"
        return str(self)


class Budget:
    """How many bytes may still be written, over all URIs and all that comes out of archives."""

    def __init__(self, limit: int, rule: str) -> None:
        self.limit = self.left = limit
        self.rule = rule

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise FetchError(f"more than {self.limit} bytes in all; {self.rule}")


def copy(stream: IO[bytes], file: IO[bytes], budget: Budget) -> int:
    """Copies all of ``stream``. Returns the number of bytes."""
    copied = 0
    while chunk := stream.read(CHUNK):
        budget.spend(len(chunk))
        file.write(chunk)
        copied += len(chunk)
    return copied


def piece(text: object) -> str:
    """A foreign name as it may stand in a message: on one line, and shortened in the middle if it is long."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in _text(text))
    return bounded(shown, LONGEST_PIECE)


def bounded(text: str, most: int) -> str:
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}…{text[-half:]}"


def describe(error: Exception) -> str:
    """Why it failed: for an ``OSError`` the cause and the file, for other errors their text; never empty."""
    if isinstance(error, FetchError):
        return str(error)
    if isinstance(error, TimeoutError):
        return "it stalled"
    if isinstance(error, http.client.IncompleteRead):
        return "the body is incomplete: the connection ended before its last chunk"
    if isinstance(error, ssl.SSLError | socket.gaierror | http.client.HTTPException | ConnectionError):
        return cause(error)
    if isinstance(error, EOFError):
        return "the archive is damaged: it ends too early"
    if isinstance(error, tarfile.TarError | zipfile.BadZipFile | lzma.LZMAError | zlib.error):
        return f"the archive is damaged: {piece(error)}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror + (f": {piece(error.filename)}" if error.filename else "")
    if isinstance(error, OSError) and error.errno is None:  # what gzip and bz2 raise
        return f"the archive is damaged: {error}"
    if isinstance(error, MemoryError):
        return f"it needs more memory than the {MEMORY >> 20} MiB that a fetch may take"
    return str(error) or type(error).__name__


def _text(name: object) -> str:
    return name.decode(errors="backslashreplace") if isinstance(name, bytes) else str(name)


def without(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:  # a shorter one would blank letters of our own text: see QuotingError
            text = re.sub(re.escape(secret), uris.HIDDEN, text, flags=re.IGNORECASE)
    return text
