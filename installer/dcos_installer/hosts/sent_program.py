"""A program of ours that is sent to a machine as source, with its order and what belongs to it, and what it answers.

It is Python of the standard library alone, reads its order as a line of JSON from stdin, and tells what it refuses on
stderr, as one line of JSON with ``what``, ``why`` and ``hint``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from dcos_installer.errors import InstallerError

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec

_START = (
    "import sys;r=sys.stdin.buffer;exec(compile(r.read(int(r.readline())),'dcos-sent','exec'),{'__name__':'__main__'})"
)
_MOST_SAID = 1 << 16


def words(host: HostSpec) -> Sequence[str]:
    """The command that runs what comes on its stdin."""
    return (host.ssh.python or "/usr/bin/python3", "-I", "-X", "utf8", "-c", _START)


class SentProgram:
    """What the command reads: the program itself, its order, and a stream that belongs to it."""

    def __init__(self, program: bytes, order: dict[str, Any], stream: Iterable[bytes] = ()) -> None:
        self._program, self._order, self._stream = program, order, stream

    def parts(self) -> Iterator[bytes]:
        yield b"%d\n%s%s\n" % (len(self._program), self._program, json.dumps(self._order).encode())
        yield from self._stream


class Said:
    """What the program on the machine answered. ``task`` names it in errors: ``its part of the copy``."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._stdout, self._stderr = bytearray(), bytearray()

    def take_stdout(self, data: bytes) -> None:
        self._stdout += data

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
                f"the machine could not do {self._task}",
                why=f"its Python ended with code {code}",
                hint="it needs python3, 3.9 or newer",
                evidence=said,
            )
        raise error

    def answer(self) -> dict[str, Any]:
        """The object that it printed last. Raises `InstallerError` when there is none."""
        try:
            found = json.loads(bytes(self._stdout).splitlines()[-1])
            if isinstance(found, dict):
                return found
        except (ValueError, LookupError):
            pass
        raise InstallerError(
            "the machine did not say what it did",
            why="its answer was lost, or its shell prints something at each login",
            hint="see that the user's shell prints nothing without a terminal; then do it again",
        )
