"""The output of commands on many machines, host by host: prefixed as it comes, grouped at each one's end, or as JSON.

Bytes are not changed. Writes with the functions that `cli` gives it.
"""

from __future__ import annotations

import base64
import json
import struct
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any, Protocol

from dcos_installer.errors import InstallerError
from dcos_installer.hosts.fleet import HostResult
from dcos_runtime.counting import counted

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec

Write = Callable[[bytes], None]

_IN_MEMORY = 1 << 20
MOST_GROUPED = 64 << 20
"""The most bytes of a host's output that wait, on the disk, for its end."""
MOST_IN_JSON = 8 << 20
"""The most bytes of each of a host's stdout and stderr in JSON: a line is made in memory."""
_PART = struct.Struct("?Q")
_LONGEST_LINE = 1 << 16
"""A longer line is written in parts, each with the host's name before it."""


class HostOutput(Protocol):
    """Takes the commands' output, from any thread, and the results of hosts, from one."""

    def said(self, host: HostSpec, data: bytes, *, stderr: bool) -> None: ...

    def ended(self, result: HostResult) -> None: ...


class PrefixedOutput:
    """Whole lines as they come, with the host's name before them; failures on stderr."""

    def __init__(self, hosts: Sequence[HostSpec], out: Write, err: Write) -> None:
        self._width = max((len(host.name) for host in hosts), default=0) + 1
        self._out, self._err = out, err
        self._mutex = threading.Lock()
        self._rests: dict[tuple[str, bool], bytes] = {}

    def said(self, host: HostSpec, data: bytes, *, stderr: bool) -> None:
        key = (host.name, stderr)
        with self._mutex:
            *lines, rest = (self._rests.pop(key, b"") + data).split(b"\n")
            while len(rest) > _LONGEST_LINE:
                lines.append(rest[:_LONGEST_LINE])
                rest = rest[_LONGEST_LINE:]
            self._rests[key] = rest
            self._write(host.name, lines, stderr)

    def ended(self, result: HostResult) -> None:
        name = result.host.name
        with self._mutex:
            for stderr in (False, True):
                if rest := self._rests.pop((name, stderr), b""):
                    self._write(name, [rest], stderr)
            if text := problem(result):
                self._write(name, text.encode(errors="replace").split(b"\n"), True)

    def _write(self, name: str, lines: Sequence[bytes], stderr: bool) -> None:
        prefix = f"{name}:".ljust(self._width + 1).encode()
        if lines:
            (self._err if stderr else self._out)(b"".join(prefix + line + b"\n" for line in lines))


class _Kept:
    """The first ``most`` bytes of a host's output, in a file without a name; more is counted, and left out."""

    def __init__(self, host: str, most: int) -> None:
        self._host, self._most = host, most
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115  # closed when shown
        self._size = 0
        self.left_out = 0
        self.mutex = threading.Lock()
        """For two threads, of stdout and stderr, that add to one."""

    def add(self, data: bytes, *, stderr: bool = False) -> None:
        """Raises `InstallerError` when there is no space to store it."""
        kept = data[: self._most - self._size]
        self._size += len(kept)
        self.left_out += len(data) - len(kept)
        if not kept:
            return
        try:
            self._file.write(_PART.pack(stderr, len(kept)) + kept)
        except OSError as error:
            raise InstallerError(
                f"the output of {self._host} cannot be stored until it has ended",
                why=f"{tempfile.gettempdir()}: {error.strerror}",
                hint="make room there; or see the output as it comes, without --grouped and --json",
            ) from error

    def parts(self) -> Iterator[tuple[bool, bytes]]:
        """The parts in their order, each with whether it was on stderr. They are gone then."""
        with self._file:
            self._file.seek(0)
            while head := self._file.read(_PART.size):
                stderr, size = _PART.unpack(head)
                yield stderr, self._file.read(size)


class GroupedOutput:
    """All output of a host when it has ended, byte for byte, below a line with its result. Of a host that said more
    than `MOST_GROUPED` bytes, the first ones, and how many were left out.
    """

    def __init__(self, out: Write, err: Write) -> None:
        self._out, self._err = out, err
        self._mutex = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def said(self, host: HostSpec, data: bytes, *, stderr: bool) -> None:
        with self._mutex:
            kept = self._kept.get(host.name) or self._kept.setdefault(host.name, _Kept(host.name, MOST_GROUPED))
        with kept.mutex:
            kept.add(data, stderr=stderr)

    def ended(self, result: HostResult) -> None:
        with self._mutex:
            kept = self._kept.pop(result.host.name, None)
        self._out(f"== {result.host.name}: {heading(result)} ==\n".encode())
        if kept is not None:
            last = {True: b"\n", False: b"\n"}
            for stderr, data in kept.parts():
                (self._err if stderr else self._out)(data)
                last[stderr] = data[-1:]
            for stderr, end in last.items():
                if end != b"\n":
                    (self._err if stderr else self._out)(b"\n")
            if kept.left_out:
                text = f"{result.host.name}: {counted(kept.left_out, 'further byte')} left out: see them as they come,"
                self._err(f"{text} without --grouped\n".encode())
        if result.error is not None:
            self._err(f"{result.error}\n".encode(errors="replace"))


class JsonOutput:
    """One JSON object a line: each host as it ends, and a summary as the last line. docs/hosts.md has the fields.

    ``more`` returns a host's fields of this verb alone, in place of ``stdout`` and ``stderr``.
    """

    def __init__(self, out: Write, more: Callable[[str], dict[str, Any]] | None = None) -> None:
        self._out = out
        self._more = more
        self._mutex = threading.Lock()
        self._kept: dict[tuple[str, bool], _Kept] = {}

    def said(self, host: HostSpec, data: bytes, *, stderr: bool) -> None:
        if self._more is not None:
            return
        with self._mutex:
            key = (host.name, stderr)
            kept = self._kept.get(key) or self._kept.setdefault(key, _Kept(host.name, MOST_IN_JSON))
        kept.add(data)

    def ended(self, result: HostResult) -> None:
        data: dict[str, Any] = {"state": result.state, "code": result.code, "address": result.host.address}
        data |= self._more(result.host.name) if self._more else self._texts(result.host.name)
        if result.error is not None:
            data["error"] = as_json(result.error)
        self._line({"kind": "host-ended", "host": result.host.name, "seconds": round(result.seconds, 3), "data": data})

    def _texts(self, host: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, stderr in (("stdout", False), ("stderr", True)):
            with self._mutex:
                kept = self._kept.pop((host, stderr), None)
            if kept is None:
                found[name] = ""
                continue
            data, left_out = b"".join(part for _, part in kept.parts()), kept.left_out
            if left_out:
                whole = _without_half_a_character(data)
                left_out += len(data) - len(whole)
                data = whole
                found[f"{name}_left_out"] = left_out
            found |= as_text(name, data)
        return found

    def all_ended(self, results: Sequence[HostResult]) -> None:
        """The last line."""
        names: dict[str, list[str]] = {}
        for result in results:
            names.setdefault(result.state, []).append(result.host.name)
        self._line({"kind": "hosts-ended", "data": names})

    def _line(self, fields: dict[str, Any]) -> None:
        self._out(json.dumps({"time": time.time(), **fields}, ensure_ascii=False).encode() + b"\n")


def as_json(error: InstallerError) -> dict[str, str]:
    """The parts of the error that are not empty."""
    parts = {"what": error.what, "why": error.why, "hint": error.hint, "evidence": error.evidence}
    return {key: text for key, text in parts.items() if text}


def heading(result: HostResult) -> str:
    """How a host ended, in a few words."""
    state = f"code {result.code}" if result.code is not None else result.state
    return f"{state}, {result.seconds:.1f} s"


def problem(result: HostResult) -> str:
    """The problem of a host, for display; empty if there is none."""
    if result.error is not None:
        return str(result.error)
    return f"ended with code {result.code}" if result.code else ""


def as_text(name: str, data: bytes) -> dict[str, str]:
    """A field of JSON: text if it is UTF-8, base64 otherwise."""
    try:
        return {name: data.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(data).decode()}


def _without_half_a_character(data: bytes) -> bytes:
    """Bytes that were cut off, without the part of a character at their end: so text stays text."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and error.end == len(data):
            return data[: error.start]
    return data
