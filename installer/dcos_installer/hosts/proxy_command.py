"""A ProxyCommand: a program through whose stdin and stdout SSH reaches a machine, run by the shell as OpenSSH does.

paramiko's own splits the line into words without a shell, hides the program's error output, does not notice its end,
and does not wait for it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile

_GRACE_SECONDS = 2.0
_SHOWN = 300


class ProxyCommand:
    """Runs until it is closed. ``socket`` is its stdin and stdout, and is closed when the program has ended."""

    def __init__(self, line: str) -> None:
        """Raises ``OSError`` if there is no shell."""
        self._said = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as this object
        self.socket, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [os.environ.get("SHELL") or "/bin/sh", "-c", f"exec {line}"],
                    stdin=theirs.fileno(),
                    stdout=theirs.fileno(),
                    stderr=self._said,
                    start_new_session=True,
                )
        except OSError:
            self.socket.close()
            raise

    @property
    def said(self) -> str:
        """The end of its stderr up to now, as one line."""
        size = os.fstat(self._said.fileno()).st_size
        output = os.pread(self._said.fileno(), _SHOWN, max(0, size - _SHOWN))
        return " ".join(output.decode(errors="replace").split())

    def close(self) -> None:
        """Ends it with all processes that it started. Any thread may call this, and more than once."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_SECONDS)
                return
