"""Copies files to machines and from them, over the same connections as commands; `carry` does the work on both ends."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_installer.errors import InstallerError
from dcos_installer.hosts import carry

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec
    from dcos_installer.hosts.fleet import Fleet

Progress = Callable[[str, int], None]
"""Takes a host's name and how many bytes more of its copy have passed."""

_PROGRAM = Path(carry.__file__)
_START = (
    "import sys;r=sys.stdin.buffer;exec(compile(r.read(int(r.readline())),'dcos-copy','exec'),{'__name__':'__main__'})"
)
_LOCAL_BITS = 0o1777
"""Of modes, when a machine's files come here: no program of a machine gets its owner's rights here."""
_MOST_SAID = 1 << 16


@dataclass(frozen=True)
class Copied:
    """What was copied to or from one machine."""

    files: int
    bytes: int


class _Sent:
    """What the program on the machine reads: itself, its order, and a stream of files."""

    def __init__(self, order: dict[str, Any], files: Iterator[bytes], passed: Callable[[int], None]) -> None:
        self._order, self._files, self._passed = order, files, passed

    def parts(self) -> Iterator[bytes]:
        program = _PROGRAM.read_bytes()
        yield b"%d\n%s%s\n" % (len(program), program, json.dumps(self._order).encode())
        with _as_installer_error():
            for part in self._files:
                yield part
                self._passed(len(part))


def size_of(sources: Sequence[str]) -> int:
    """How many bytes go to each machine, about. Raises `InstallerError` when something cannot be read."""
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
    """Copies ``sources`` of here to ``target`` on the machine; see `carry.laid`. Raises `InstallerError`."""
    order = {"do": "receive", "target": target, "into": len(sources) > 1 or target.endswith("/")}
    stdin = _Sent(order, carry.packed(sources), lambda passed: progress(host.name, passed))
    said = _Said()
    with fleet.connected(host) as connection:
        code = fleet.run(
            host,
            connection,
            _words(host),
            stdout=said.take_stdout,
            stderr=said.take_stderr,
            stdin=stdin,
            seconds=seconds,
        )
    said.check(code)
    try:
        counted = json.loads(bytes(said.stdout).splitlines()[-1])
        return Copied(counted["files"], counted["bytes"])
    except (ValueError, LookupError, TypeError):
        raise InstallerError(
            "the machine did not say what it received",
            why="its answer was lost, or its shell prints something at each login",
            hint="see that the user's shell prints nothing without a terminal; then copy again",
        ) from None


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
    stdin = _Sent({"do": "send", "paths": list(sources)}, iter(()), lambda passed: None)
    said = _Said()
    with fleet.connected(host) as connection, _Laying(folder / host.name) as laying:

        def take(data: bytes) -> None:
            progress(host.name, len(data))
            laying.take(data)

        code = fleet.run(
            host, connection, _words(host), stdout=take, stderr=said.take_stderr, stdin=stdin, seconds=seconds
        )
        said.check(code)
        return laying.end()


class _Laying:
    """Lays down a stream that comes in parts, in a thread of its own."""

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
        with contextlib.suppress(BrokenPipeError):  # why, the thread tells
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


class _Said:
    """What the program on the machine answered."""

    def __init__(self) -> None:
        self.stdout, self._stderr = bytearray(), bytearray()

    def take_stdout(self, data: bytes) -> None:
        self.stdout += data

    def take_stderr(self, data: bytes) -> None:
        if len(self._stderr) < _MOST_SAID:
            self._stderr += data

    def check(self, code: int) -> None:
        """Raises `InstallerError` when the machine has refused."""
        if code == 0:
            return
        said = self._stderr.decode(errors="replace").strip()
        try:
            parts = json.loads(said.splitlines()[-1])
            error = InstallerError(parts["what"], why=parts["why"], hint=parts["hint"])
        except (ValueError, LookupError, TypeError):
            error = InstallerError(
                "the machine could not do its part of the copy",
                why=f"its Python ended with code {code}",
                hint="it needs python3, 3.9 or newer",
                evidence=said,
            )
        raise error


class _as_installer_error:
    """What `carry` refuses here, as an error of ours."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, carry.CopyRefused):
            raise InstallerError(error.what, why=error.why, hint=error.hint) from None


def _words(host: HostSpec) -> Sequence[str]:
    return (host.ssh.python or "/usr/bin/python3", "-I", "-X", "utf8", "-c", _START)
