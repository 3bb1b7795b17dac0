"""A program in a terminal, as a person has it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

from tests.support.daemons.byhand import PATIENCE

SECONDS = 60 * PATIENCE


class Terminal:
    """``argv`` on a terminal of this size. As a context manager it kills what is left of it."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str], rows: int, columns: int) -> None:
        self._own, theirs = pty.openpty()
        self._set_size(rows, columns)
        self._process = subprocess.Popen(
            argv,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env={**environment, "TERM": "xterm"},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self._seen = b""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._own)

    def _set_size(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self._own, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows: int, columns: int) -> None:
        self._set_size(rows, columns)
        self._process.send_signal(signal.SIGWINCH)

    def type(self, text: str) -> None:
        os.write(self._own, text.encode())

    def until(self, text: bytes) -> None:
        """Waits until this is shown, behind what was waited for before."""
        deadline = time.monotonic() + SECONDS
        while text not in self._seen:
            assert self._read(deadline), f"{text!r} is not shown, only {self._seen!r}"
        self._seen = self._seen.partition(text)[2]

    def _read(self, deadline: float) -> bool:
        """Returns whether there was anything."""
        ready, _, _ = select.select([self._own], [], [], max(0.0, deadline - time.monotonic()))
        try:
            data = os.read(self._own, 1 << 16) if ready else b""
        except OSError:  # nobody has it open any more
            data = b""
        self._seen += data
        return bool(data)

    def wait(self) -> int:
        """Its exit code, when it has ended; what it still prints is read."""
        deadline = time.monotonic() + SECONDS
        while self._read(deadline):
            pass
        return self._process.wait(SECONDS)
