"""Recordings as files: ``--record=DIR`` keeps a ring of segments there, for ``python -m dcos_runtime.replay``."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path
from typing import BinaryIO

log = logging.getLogger(__name__)

SUFFIX = ".recording"

KEPT = 2
"""Segments of former processes that stay."""


class Files:
    """The segments of one process. Of what former ones left the newest stays: why they ended may be in there.

    A disk that is full ends the recording, and nothing else.
    """

    def __init__(self, folder: Path, name: str) -> None:
        """Raises ``OSError``."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder, self._name = folder, name
        self._file: BinaryIO | None = None
        self._over = False
        self._prefix = f"{name}-{os.getpid()}-"
        former = sorted(folder.glob(f"{name}-*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
        for path in former[:-KEPT]:
            path.unlink()

    def open(self, number: int) -> None:
        if self._over:
            return
        try:
            self.close()
            descriptor = os.open(self._path(number), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            self._file = os.fdopen(descriptor, "wb", buffering=0)
        except OSError as error:
            self.end(str(error))

    def write(self, data: bytes) -> None:
        if self._over or self._file is None:
            return
        try:
            view = memoryview(data)
            while view:
                view = view[self._file.write(view) :]
        except OSError as error:
            self.end(str(error))

    def remove(self, number: int) -> None:
        with contextlib.suppress(OSError):
            self._path(number).unlink(missing_ok=True)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _path(self, number: int) -> Path:
        return self._folder / f"{self._prefix}{number:06d}{SUFFIX}"

    def end(self, why: str) -> None:
        """The recording is over; the daemon goes on."""
        self._over = True
        log.error("the recording in %s ends here, until the next start: %s", self._folder, why)
        with contextlib.suppress(OSError):
            self.close()
