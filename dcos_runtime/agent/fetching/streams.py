"""Reads compressed streams: exactly to their end, in bounded memory, whatever their headers ask for."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
from collections.abc import Callable
from typing import IO, TYPE_CHECKING, Any

from dcos_runtime.agent.fetching.errors import CHUNK, FetchError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MEMORY = 160 << 20
"""What unpacking one stream may take. xz -9 wants 65 MiB; a dictionary may ask for 4 GiB."""

_XZ = b"\xfd7zXZ\0"
_MEMORY_LIMIT = "Memory usage limit exceeded"
_LZMA2 = 0x21
_LARGEST = 40


def unpacked(packed: IO[bytes], ending: str) -> IO[bytes]:
    """What is in a file of one compressed stream, whose name has this ``ending``."""
    if ending == ".gz":
        return gzip.GzipFile(fileobj=packed)  # type: ignore[return-value]  # a file in all that is used of it
    if ending == ".bz2":
        return io.BufferedReader(_Unpacked(packed, bz2.BZ2Decompressor))
    return io.BufferedReader(_Unpacked(packed, lambda: lzma.LZMADecompressor(memlimit=MEMORY)))


def tar_inside(packed: IO[bytes]) -> IO[bytes]:
    """The tar in a file, with any compression, which is recognized by the file's first bytes."""
    head = os.pread(packed.fileno(), 6, 0)
    if head.startswith(b"\x1f\x8b"):
        return unpacked(packed, ".gz")
    if head.startswith(b"BZh"):
        return unpacked(packed, ".bz2")
    if head == _XZ or head.startswith(b"\x5d\0\0"):
        return unpacked(packed, ".xz")
    return packed


class _Unpacked(io.RawIOBase):
    """All streams of a file, one after another. Zeros between and after them are padding, anything else is damage."""

    def __init__(self, packed: IO[bytes], start: Callable[[], Any]) -> None:
        self._packed = packed
        self._start = start
        self._stream = start()
        self._rest = b""
        self._first = True
        self._began = False
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence != os.SEEK_SET or offset < self._position:
            raise io.UnsupportedOperation("what is compressed is read in its order")
        while self._position < offset and self._read(min(CHUNK, offset - self._position)):
            pass
        return self._position

    def readinto(self, buffer: WriteableBuffer) -> int:
        view = memoryview(buffer).cast("B")
        data = self._read(len(view))
        view[: len(data)] = data
        return len(data)

    def _read(self, most: int) -> bytes:
        while True:
            if self._stream.eof and not self._next():
                return b""
            if self._stream.needs_input and not self._rest:
                self._rest = self._packed.read(CHUNK)
                if not self._rest:
                    raise EOFError if self._first or self._began else _behind()
            try:
                data: bytes = self._stream.decompress(self._rest, most)
            except (OSError, lzma.LZMAError) as error:
                if str(error) == _MEMORY_LIMIT:
                    raise _too_much(os.pread(self._packed.fileno(), 64, 0) if self._first else b"") from error
                if self._first or self._began:
                    raise
                raise _behind() from error
            self._rest = b""
            if data:
                self._began = True
                self._position += len(data)
                return data

    def _next(self) -> bool:
        """Begins the next stream of the file. Returns whether there is one."""
        rest = self._stream.unused_data.lstrip(b"\0")
        while not rest:
            more = self._packed.read(CHUNK)
            if not more:
                return False
            rest = more.lstrip(b"\0")
        self._stream, self._rest = self._start(), rest
        self._first = self._began = False
        return True


def _behind() -> FetchError:
    return FetchError("the archive is damaged: there is something behind its end")


def _too_much(head: bytes) -> FetchError:
    wanted = dictionary(head)
    needs = "more memory" if wanted is None else f"{(wanted >> 20) + 1} MiB of memory"
    return FetchError(
        f"the archive needs {needs} to unpack, more than the {MEMORY >> 20} MiB that a fetch may take; pack it with a"
        " smaller dictionary (xz -9 is well below)"
    )


def dictionary(head: bytes) -> int | None:
    """The size of the dictionary that the first block of an .xz or .lzma asks for; ``None`` when it cannot be read."""
    try:
        if not head.startswith(_XZ):
            return int.from_bytes(head[1:5], "little") if head.startswith(b"\x5d\0\0") else None
        flags, at = head[13], 14
        for present in (0x40, 0x80):
            if flags & present:
                _, at = _number(head, at)
        for _ in range((flags & 3) + 1):
            name, at = _number(head, at)
            size, at = _number(head, at)
            if name == _LZMA2:
                bits = head[at]
                return 0xFFFFFFFF if bits >= _LARGEST else (2 | bits & 1) << (bits // 2 + 11)
            at += size
    except IndexError:
        pass
    return None


def _number(head: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where the next thing is."""
    value = shift = 0
    while True:
        value |= (head[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not head[at - 1] & 0x80:
            return value, at
