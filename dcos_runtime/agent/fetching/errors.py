"""What can go wrong with one URI and how that is told, in words and never as a traceback; how much may be written."""

from __future__ import annotations

import http.client
import lzma
import socket
import ssl
import tarfile
import zipfile
import zlib
from typing import IO

CHUNK = 1 << 20
MEMORY = 256 << 20
"""What the process may take: a header that asks for more memory ends the fetch, not the machine."""


class FetchError(Exception):
    """One URI could not be fetched. The text says why."""


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
    """All of ``stream``. How many bytes."""
    copied = 0
    while chunk := stream.read(CHUNK):
        budget.spend(len(chunk))
        file.write(chunk)
        copied += len(chunk)
    return copied


def describe(error: Exception) -> str:
    """Why it failed. Of an ``OSError`` the cause and the file, of others their own words, always something."""
    if isinstance(error, FetchError):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the server's certificate is not trusted: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed: {error.reason or error}"
    if isinstance(error, socket.gaierror):
        return f"the host's name cannot be resolved: {error.strerror}"
    if isinstance(error, TimeoutError):
        return "it stalled"
    if isinstance(error, http.client.RemoteDisconnected):
        return "the server closed the connection without an answer"
    if isinstance(error, http.client.IncompleteRead):
        return "the body was cut short: the connection ended before its last chunk"
    if isinstance(error, http.client.HTTPException):
        return f"the server does not answer as HTTP does ({type(error).__name__})"
    if isinstance(error, EOFError):
        return "the archive is damaged: it ends too early"
    if isinstance(error, tarfile.TarError | zipfile.BadZipFile | lzma.LZMAError | zlib.error):
        return f"the archive is damaged: {error}"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror + (f": {_text(error.filename)}" if error.filename else "")
    if isinstance(error, OSError) and error.errno is None:  # what gzip and bz2 raise
        return f"the archive is damaged: {error}"
    if isinstance(error, MemoryError):
        return f"it needs more memory than the {MEMORY >> 20} MB that a fetch may take"
    return str(error) or type(error).__name__


def _text(name: object) -> str:
    return name.decode(errors="backslashreplace") if isinstance(name, bytes) else str(name)
