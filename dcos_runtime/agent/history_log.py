"""A file that is appended to: values by key, of which the newest counts. For what may be lost in a power failure.

A line is the CRC-32 of the rest, the key, and the value, or none when the key was removed. What was appended survives
the process at once, and the machine once `sync` has returned: appending waits for no disk. The file is rewritten
when more than half of it no longer counts.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, unquote

from dcos_runtime import durable

log = logging.getLogger(__name__)

CORRUPT = ".corrupt"

WORTH_IT = 1 << 20
"""The file is not rewritten for fewer bytes that no longer count."""


class HistoryLog:
    """One process writes it; `write` and `sync` may be called in different threads. Values hold no line break."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None
        self._held = threading.Lock()  # while the descriptor is taken or replaced
        self._places: dict[str, tuple[int, int]] = {}  # offset and length of each line that counts, the oldest first
        self._used = self._end = 0
        self._worth = WORTH_IT
        self._torn = self._unsynced = False

    def read(self, check: Callable[[bytes], object]) -> tuple[list[bytes], int]:
        """The values, the oldest first, and how many lines could not be read. A last line that is not whole was being
        written when its writer died: it is dropped. With any other line that is damaged, or a value for which ``check``
        raises ``ValueError``, the file is kept as ``*.corrupt``, and the rest goes on. Raises ``OSError``.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return [], 0
        found: dict[str, bytes] = {}
        lines = content.split(b"\n")
        self._torn = bool(lines.pop())
        bad, offset = 0, 0
        for line in lines:
            place = offset, len(line) + 1
            offset += len(line) + 1
            key, value = _parsed(line)
            try:
                if value:
                    check(value)
            except ValueError as error:
                log.error("the record %s in %s cannot be read: %s", key, self.path, error)
                key = None
            if key is None:
                bad += bool(line)
                continue
            if (before := self._places.pop(key, None)) is not None:
                self._used -= before[1]
                del found[key]
            if value:
                self._places[key], found[key] = place, value
                self._used += place[1]
        self._end = len(content)
        if bad:
            self._keep_aside(bad)
        if bad or self._torn:
            self._rewrite()
        return list(found.values()), bad

    def write(self, key: str, value: bytes | None) -> None:
        """Appends. Raises ``OSError``, and what was there before is there as it was."""
        line = _line(key, value)
        descriptor = self._open()
        offset = self._end + self._torn
        content = memoryview(b"\n" + line if self._torn else line)
        try:
            while content:
                content = content[os.write(descriptor, content) :]
        except OSError:
            try:
                os.ftruncate(descriptor, self._end)
            except OSError:
                self._torn, self._end = True, os.fstat(descriptor).st_size
            raise
        self._end, self._torn, self._unsynced = offset + len(line), False, True
        if (before := self._places.pop(key, None)) is not None:
            self._used -= before[1]
        if value is not None:
            self._places[key] = offset, len(line)
            self._used += len(line)
        if self._end - self._used > max(self._worth, self._used):
            self._rewrite()

    def sync(self) -> None:
        """Waits until all that was appended is on the disk. Raises ``OSError``."""
        with self._held:
            if self._descriptor is None or not self._unsynced:
                return
            descriptor, self._unsynced = os.dup(self._descriptor), False
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    def close(self) -> None:
        with self._held:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _open(self) -> int:
        with self._held:
            if self._descriptor is None:
                flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
                self._descriptor = os.open(self.path, flags, 0o600)
                self._end = os.fstat(self._descriptor).st_size
            return self._descriptor

    def _keep_aside(self, bad: int) -> None:
        aside = self.path.with_name(self.path.name + CORRUPT)
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
            os.link(self.path, aside)
        log.error("%d lines of %s cannot be read; it is kept as %s, and they are given up", bad, self.path, aside.name)

    def _rewrite(self) -> None:
        """Writes the lines that count to a new file, which takes the place of this one. Where that is not possible,
        this one is appended to, and it is tried again when it has grown.
        """
        places: dict[str, tuple[int, int]] = {}
        end = 0
        try:
            descriptor = self._open()
            with durable.replaced(self.path, lasting=False) as file:
                for key, (offset, length) in self._places.items():
                    file.write(os.pread(descriptor, length, offset))
                    places[key] = end, length
                    end += length
        except OSError as error:
            log.warning("%s could not be rewritten: %s", self.path, error)
            self._worth = 2 * max(self._worth, self._end - self._used)
            return
        self.close()
        self._places, self._used, self._end = places, end, end
        self._worth, self._torn, self._unsynced = WORTH_IT, False, True
        self._open()


def _line(key: str, value: bytes | None) -> bytes:
    rest = quote(key, safe="/").encode() + b" " + (value or b"")
    return b"%08x %b\n" % (zlib.crc32(rest), rest)


def _parsed(line: bytes) -> tuple[str | None, bytes]:
    """Key and value; no key when the line is damaged."""
    checksum, _, rest = line.partition(b" ")
    key, space, value = rest.partition(b" ")
    if not space or checksum != b"%08x" % zlib.crc32(rest):
        return None, b""
    return unquote(key.decode(errors="replace")), value
