"""The stdin of this process, for many readers: each gets all of it, whenever it starts."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from typing import BinaryIO

_PART = 1 << 16


class SharedInput:
    """Stored in a file without a name, so that hosts that start late miss nothing."""

    def __init__(self, stream: BinaryIO) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as this object
        self._size = 0
        self._whole = False
        self._failed: OSError | None = None
        self._grown = threading.Condition()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def parts(self) -> Iterator[bytes]:
        """All of it, as it comes. Raises ``OSError`` when there is no space to store it."""
        offset = 0
        while True:
            with self._grown:
                while self._size == offset and not self._whole:
                    self._grown.wait()
                if self._failed is not None:
                    raise self._failed
                if self._size == offset:
                    return
            part = os.pread(self._file.fileno(), _PART, offset)
            offset += len(part)
            yield part

    def _read(self, stream: BinaryIO) -> None:
        try:
            while part := os.read(stream.fileno(), _PART):
                os.pwrite(self._file.fileno(), part, self._size)
                with self._grown:
                    self._size += len(part)
                    self._grown.notify_all()
        except OSError as error:
            self._failed = error
        with self._grown:
            self._whole = True
            self._grown.notify_all()
