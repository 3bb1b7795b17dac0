"""One command on one machine over a connection: its input, its output as bytes, its deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from typing import Protocol

from dcos_installer.errors import DeadlinePassed, InstallerError
from dcos_installer.hosts.connection import HostConnection, NotReached, Session
from dcos_installer.hosts.remote_command import RemoteCommand

_LINGER_SECONDS = 3.0
"""Seconds to wait for the output of an ended command while a process that it started holds it open."""
_SHOWN = 200
_MOST_SAID = 1 << 16
"""The most bytes on stderr before the start that are kept: a shell may print without end."""

Take = Callable[[bytes], None]


class ConnectionLost(InstallerError):
    """The connection was lost while the command ran: its effects until then remain."""


class Input(Protocol):
    """The input of a command."""

    def parts(self) -> Iterable[bytes]: ...


def run_on(
    connection: HostConnection,
    command: RemoteCommand,
    *,
    stdout: Take,
    stderr: Take,
    stdin: Input | None = None,
    password: str | None = None,
    seconds: float | None = None,
) -> int:
    """Runs the command to its end, and returns its exit code (128 plus the number of the signal that ended it).

    After ``seconds`` it is ended. Without ``stdin`` it has no input. The connection cannot be used again after an
    error: `NotReached` when nothing was run, `ConnectionLost`, `DeadlinePassed`, and the errors of ``stdout`` and
    ``stderr``.
    """
    return _Run(connection, connection.run(command.line), command, stdout, stderr, stdin, password, seconds).end()


class _Run:
    def __init__(
        self,
        connection: HostConnection,
        session: Session,
        command: RemoteCommand,
        stdout: Take,
        stderr: Take,
        stdin: Input | None,
        password: str | None,
        seconds: float | None,
    ) -> None:
        self._connection, self._session, self._command = connection, session, command
        self._stdout, self._stderr, self._stdin = stdout, stderr, stdin
        self._password = password
        self._seconds = seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._started = False
        self._decided = threading.Event()
        """It has started, or never will."""
        self._said = b""
        """The text on stderr before the start: from sudo, and the user's shell."""
        self._asked = 0
        self._last = time.monotonic()
        self._failed: BaseException | None = None

    def end(self) -> int:
        if self._stdin is None and self._password is None:
            self._session.end_input()
        errors = threading.Thread(target=self._guarded, args=(self._read_stderr,), daemon=True)
        errors.start()
        threading.Thread(target=self._guarded, args=(self._feed,), daemon=True).start()
        self._guarded(lambda: self._copy(self._stdout, stderr=False))
        errors.join()
        if self._failed is not None:
            raise self._failed
        code = self._session.exit_code()
        if not self._started:
            raise self._never_started(code)
        if code is None:
            raise ConnectionLost(
                "the connection was lost while the command ran",
                why=f"{self._connection.lost or 'SSH to the machine ended'}; the command is ended there, too",
                hint="see whether the machine runs, and what of the command was done",
            )
        return code

    def _guarded(self, work: Callable[[], None]) -> None:
        """The first error of any thread is the run's error, and ends the others by closing the connection."""
        try:
            work()
        except BaseException as error:
            self._failed = self._failed or error
            self._decided.set()
            self._connection.close()

    def _copy(self, take: Take, *, stderr: bool) -> None:
        ended: float | None = None
        while (data := self._session.read(stderr=stderr)) != b"":
            now = time.monotonic()
            if data:
                self._last = now
                take(data)
            elif self._session.ended:
                ended = now if ended is None else ended
                if now - max(ended, self._last) > _LINGER_SECONDS:
                    return
            if self._deadline is not None and now > self._deadline and not self._session.ended:
                raise DeadlinePassed(
                    f"the command did not end within {self._seconds:g} s",
                    why="it was ended there, and what it had started with it",
                    hint="give it longer: --timeout",
                )

    def _read_stderr(self) -> None:
        self._copy(self._take_stderr, stderr=True)
        self._decided.set()

    def _take_stderr(self, data: bytes) -> None:
        if self._started:
            self._stderr(data)
            return
        self._said = self._said[-_MOST_SAID:] + data
        before, found, rest = self._said.partition(self._command.started)
        if found:
            self._said, self._started = before, True
            self._decided.set()
            if rest:
                self._stderr(rest)
        elif self._command.prompt in self._said:
            self._answer()

    def _answer(self) -> None:
        self._said = self._said.partition(self._command.prompt)[2]
        self._asked += 1
        if self._password is None or self._asked > 1:
            raise NotReached(
                "sudo does not take the password",
                why="it asked for it again",
                hint="give the password of the user that SSH logs in as",
            )
        self._session.write(f"{self._password}\n".encode())

    def _feed(self) -> None:
        if self._stdin is None and self._password is None:
            return
        self._decided.wait()
        if self._stdin is not None and self._started:
            for part in self._stdin.parts():
                if not self._session.write(part):
                    break
        self._session.end_input()

    def _never_started(self, code: int | None) -> NotReached:
        said = self._said.decode(errors="replace").strip()[-_SHOWN:]
        if code is None:
            why = "the connection ended before"
        else:
            why = said or f"the user's shell ended with code {code}"
        if self._command.become == "root":
            hint = "see that the machine has /bin/sh, and lets root run commands"
        else:
            hint = "sudo must let the user run commands; when it wants a password, add --ask-become-password"
        return NotReached("the command could not be started as root", why=why, hint=hint)
