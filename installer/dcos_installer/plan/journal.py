"""The journal of changes, started and finished: append-only JSON lines, on the disk before the next step starts."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import msgspec

from dcos_installer.errors import StateError

Kind = Literal["run", "intent", "observed", "failed", "end"]


class Record(msgspec.Struct, frozen=True, omit_defaults=True):
    """One line. A run starts with ``run`` and, unless it was interrupted, ends with ``end``.

    A change on a host has ``intent`` before it, then ``observed`` with the host's digest, or ``failed``.
    """

    kind: Kind
    time: float
    """Seconds since the epoch."""
    run: str
    phase: str = ""
    host: str = ""
    step: str = ""
    digest: str = ""
    detail: str = ""


class JournalDamaged(StateError):
    """A line before the last cannot be read. ``readable`` holds the readable records."""

    def __init__(self, what: str, readable: list[Record], **rest: Any) -> None:
        self.readable = readable
        super().__init__(what, **rest)


class Journal:
    """The journal of one cluster, for one run. Every record is on the disk when its method returns.

    Nothing is written before the first record, which only a run with the lock may write.
    """

    def __init__(self, path: Path, run: str, clock: Callable[[], float]) -> None:
        self._path = path
        self._run = run
        self._clock = clock
        self._descriptor = -1

    def __enter__(self) -> Self:
        return self

    def _open(self) -> None:
        whole = _whole_length(self._path)
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        if os.fstat(self._descriptor).st_size > whole:
            # An incomplete last line was never a record, and appending to it would damage the next one.
            os.ftruncate(self._descriptor, whole)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def begin(self, what: str) -> None:
        """The run starts; ``what`` is the command."""
        self._append("run", detail=what)

    def end(self, how: str) -> None:
        """The run ended by itself, successfully or not. A run that never started has no end."""
        if self._descriptor >= 0:
            self._append("end", detail=how)

    def intent(self, phase: str, host: str, step: str) -> None:
        self._append("intent", phase, host, step)

    def observed(self, phase: str, host: str, step: str, digest: str) -> None:
        self._append("observed", phase, host, step, digest=digest)

    def failed(self, phase: str, host: str, step: str, why: str) -> None:
        self._append("failed", phase, host, step, detail=why)

    def _append(
        self, kind: Kind, phase: str = "", host: str = "", step: str = "", *, digest: str = "", detail: str = ""
    ) -> None:
        record = Record(kind, self._clock(), self._run, phase, host, step, digest, detail)
        line = msgspec.json.encode(record) + b"\n"
        try:
            if self._descriptor < 0:
                self._open()
            written = os.write(self._descriptor, line)
            if written != len(line):
                raise OSError("only a part of the line could be written")
            os.fsync(self._descriptor)
        except OSError as error:
            raise StateError(
                f"{self._path} cannot be written",
                why=str(error),
                hint="make room on this machine's disk, then run again",
            ) from error


def read(path: Path) -> list[Record]:
    """All records, in order. An incomplete last line is left out: it was not written completely, so it never counted.

    Raises `JournalDamaged` when a line before the last cannot be read, and `StateError` when the file cannot.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StateError(f"{path} cannot be read", why=str(error), hint="check its permissions") from error
    records: list[Record] = []
    damaged: dict[int, str] = {}
    for number, line in enumerate(data[: _whole_length(path, data)].split(b"\n")[:-1], start=1):
        try:
            records.append(msgspec.json.decode(line, type=Record))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            damaged[number] = str(error)
    if damaged:
        number, why = next(iter(damaged.items()))
        raise JournalDamaged(
            f"the journal {path} is damaged in line {number}",
            records,
            why=why,
            hint="move the file away and run again: hosts are read again; the journal only shows where a run stopped",
        )
    return records


def set_aside(path: Path, now: float) -> Path:
    """Renames a damaged journal, so that a new one can start. A journal is never trusted, so nothing else is lost."""
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
    aside = path.with_name(f"{path.name}.damaged-{stamp}")
    for number in range(2, 100):
        if not aside.exists():
            break
        aside = path.with_name(f"{path.name}.damaged-{stamp}-{number}")
    path.rename(aside)
    return aside


def under_way(records: Iterable[Record]) -> list[Record]:
    """The intents of the last run that were neither observed nor failed: where it was interrupted. Empty: it ended."""
    pending: dict[tuple[str, str, str], Record] = {}
    for record in records:
        key = (record.phase, record.host, record.step)
        if record.kind in ("run", "end"):
            pending.clear()
        elif record.kind == "intent":
            pending[key] = record
        else:
            pending.pop(key, None)
    return list(pending.values())


def _whole_length(path: Path, data: bytes | None = None) -> int:
    if data is None:
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return 0
    return data.rfind(b"\n") + 1
