"""Copies files to and from machines, over the same connections as commands; `carry` does the work on both ends."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_installer.errors import InstallerError
from dcos_installer.hosts import carry
from dcos_installer.hosts.sent_program import Said, SentProgram, words

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.hosts.fleet import Fleet

Progress = Callable[[str, int], None]
"""Takes a host's name and how many further bytes of its copy were sent or received."""

_PROGRAM = Path(carry.__file__)
_TASK = "its part of the copy"
_LOCAL_BITS = 0o1777
"""The mode bits of files that are copied from machines: no setuid or setgid program comes here."""


@dataclass(frozen=True)
class Copied:
    """The result of a copy to or from one machine."""

    files: int
    bytes: int


class _Sending:
    """The stream of a copy, part by part; reports its progress.

    When a file cannot be read, the stream is cut off: the machine removes what it has received and ends. `check`
    reports the reason after that.
    """

    def __init__(self, files: Iterator[bytes], passed: Callable[[int], None]) -> None:
        self._files, self._passed = files, passed
        self._refused: carry.CopyRefused | None = None

    def __iter__(self) -> Iterator[bytes]:
        try:
            for part in self._files:
                yield part
                self._passed(len(part))
        except carry.CopyRefused as error:
            self._refused = error

    def check(self) -> None:
        """Raises `InstallerError` when a file could not be read."""
        if self._refused is not None:
            with _as_installer_error():
                raise self._refused


def size_of(sources: Sequence[str]) -> int:
    """How many bytes go to each machine, approximately. Raises `InstallerError` when something cannot be read."""
    with _as_installer_error():
        return carry.size_of(sources)


def copy_to(
    fleet: Fleet,
    host: HostSpec,
    sources: Sequence[str],
    target: str,
    *,
    seconds: float | None = None,
    progress: Progress = lambda host, passed: None,
) -> Copied:
    """Copies the local ``sources`` to ``target`` on the machine; see `carry.laid`. Raises `InstallerError`."""
    order = {"do": "receive", "target": target, "into": len(sources) > 1 or target.endswith("/")}
    sending = _Sending(carry.packed(sources), lambda passed: progress(host.name, passed))
    said = Said(_TASK)
    with fleet.connected(host) as connection:
        code = fleet.run(
            host,
            connection,
            words(host),
            stdout=said.take_stdout,
            stderr=said.take_stderr,
            stdin=SentProgram(_PROGRAM.read_bytes(), order, sending),
            seconds=seconds,
        )
    sending.check()
    said.check(code)
    counted = said.answer()
    return Copied(counted["files"], counted["bytes"])


def copy_from(
    fleet: Fleet,
    host: HostSpec,
    sources: Sequence[str],
    folder: Path,
    *,
    seconds: float | None = None,
    progress: Progress = lambda host, passed: None,
) -> Copied:
    """Copies ``sources`` of the machine to ``folder``/<host>/ here. Raises `InstallerError`."""
    stdin = SentProgram(_PROGRAM.read_bytes(), {"do": "send", "paths": list(sources)})
    said = Said(_TASK)
    with fleet.connected(host) as connection, _Laying(folder / host.name) as laying:

        def take(data: bytes) -> None:
            progress(host.name, len(data))
            laying.take(data)

        code = fleet.run(
            host, connection, words(host), stdout=take, stderr=said.take_stderr, stdin=stdin, seconds=seconds
        )
        said.check(code)
        return laying.end()


class _Laying:
    """Unpacks a stream that comes in parts, in a thread of its own."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._reader, self._writer = (os.fdopen(end, mode) for end, mode in zip(os.pipe(), ("rb", "wb"), strict=True))
        self._thread = threading.Thread(target=self._lay, daemon=True)
        self._copied: Copied | None = None
        self._failed: BaseException | None = None

    def __enter__(self) -> _Laying:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._finish()

    def take(self, data: bytes) -> None:
        try:
            self._writer.write(data)
        except (BrokenPipeError, ValueError):
            self._finish()
            self._raise()

    def end(self) -> Copied:
        self._finish()
        self._raise()
        assert self._copied is not None
        return self._copied

    def _finish(self) -> None:
        with contextlib.suppress(BrokenPipeError):  # the thread has the reason
            self._writer.close()
        self._thread.join()

    def _raise(self) -> None:
        if self._failed is not None:
            with _as_installer_error():
                raise self._failed

    def _lay(self) -> None:
        try:
            with self._reader:
                counted = carry.laid(self._reader, str(self._target), into=True, bits=_LOCAL_BITS)
            self._copied = Copied(counted["files"], counted["bytes"])
        except BaseException as error:
            self._failed = error


class _as_installer_error:
    """Turns errors of `carry` into ours."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, carry.CopyRefused):
            raise InstallerError(error.what, why=error.why, hint=error.hint) from None
