"""The output of commands on many machines, host by host: prefixed as it comes, grouped at each one's end, or as JSON.

Bytes are not changed. Writes with the functions that `cli` gives it.
"""

from __future__ import annotations

import base64
import json
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Any, Protocol

from dcos_installer.errors import InstallerError
from dcos_installer.hosts.fleet import HostResult

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec

Write = Callable[[bytes], None]

_IN_MEMORY = 1 << 20
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


@dataclass
class _Kept:
    file: IO[bytes] = field(default_factory=lambda: tempfile.SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115  # closed when shown
    parts: list[tuple[bool, int]] = field(default_factory=list)
    """The parts in their order: whether on stderr, and how many bytes."""


class GroupedOutput:
    """All output of a host when it has ended, byte for byte, below a line with its result."""

    def __init__(self, out: Write, err: Write) -> None:
        self._out, self._err = out, err
        self._mutex = threading.Lock()
        self._kept: dict[str, _Kept] = {}

    def said(self, host: HostSpec, data: bytes, *, stderr: bool) -> None:
        with self._mutex:
            kept = self._kept.setdefault(host.name, _Kept())
        kept.file.write(data)
        kept.parts.append((stderr, len(data)))

    def ended(self, result: HostResult) -> None:
        with self._mutex:
            kept = self._kept.pop(result.host.name, None)
        self._out(f"== {result.host.name}: {heading(result)} ==\n".encode())
        if kept is not None:
            kept.file.seek(0)
            last = {True: b"\n", False: b"\n"}
            for stderr, size in kept.parts:
                data = kept.file.read(size)
                (self._err if stderr else self._out)(data)
                last[stderr] = data[-1:]
            for stderr, end in last.items():
                if end != b"\n":
                    (self._err if stderr else self._out)(b"\n")
            kept.file.close()
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
        self._kept: dict[tuple[str, bool], bytearray] = {}

    def said(self, host: HostSpec, data: bytes, *, stderr: bool) -> None:
        with self._mutex:
            self._kept.setdefault((host.name, stderr), bytearray()).extend(data)

    def ended(self, result: HostResult) -> None:
        with self._mutex:
            stdout, stderr = (bytes(self._kept.pop((result.host.name, one), b"")) for one in (False, True))
        data: dict[str, Any] = {"state": result.state, "code": result.code, "address": result.host.address}
        data |= self._more(result.host.name) if self._more else as_text("stdout", stdout) | as_text("stderr", stderr)
        if result.error is not None:
            data["error"] = as_json(result.error)
        self._line({"kind": "host-ended", "host": result.host.name, "seconds": round(result.seconds, 3), "data": data})

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
