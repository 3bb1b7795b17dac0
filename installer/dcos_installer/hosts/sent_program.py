"""A program of ours that is sent to a machine as source, with its request and data, and its answer.

It is Python with only the standard library, reads its request as a line of JSON from stdin, and reports errors on
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
    """The command that runs the program on its stdin."""
    return (host.ssh.python or "/usr/bin/python3", "-I", "-X", "utf8", "-c", _START)


class SentProgram:
    """The command's input: the program itself, its request, and a stream of data."""

    def __init__(self, program: bytes, order: dict[str, Any], stream: Iterable[bytes] = ()) -> None:
        self._program, self._order, self._stream = program, order, stream

    def parts(self) -> Iterator[bytes]:
        yield b"%d\n%s%s\n" % (len(self._program), self._program, json.dumps(self._order).encode())
        yield from self._stream


class Said:
    """The answer of the program on the machine. ``task`` names it in errors: ``its part of the copy``."""

    def __init__(self, task: str) -> None:
        self._task = task
        self._stdout, self._stderr = bytearray(), bytearray()

    def take_stdout(self, data: bytes) -> None:
        self._stdout += data
        del self._stdout[:-_MOST_SAID]  # the answer is its last line

    def take_stderr(self, data: bytes) -> None:
        if len(self._stderr) < _MOST_SAID:
            self._stderr += data

    def check(self, code: int) -> None:
        """Raises `InstallerError` when the program reported an error."""
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
            "the machine did not report what it did",
            why="its answer was lost, or its shell prints something at each login",
            hint="see that the user's shell prints nothing without a terminal; then do it again",
        )
