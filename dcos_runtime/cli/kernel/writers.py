"""Writes the bytes of tasks' files to stdout: as they are, or each line as JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Protocol

from dcos_runtime.cli.kernel.master import Task
from dcos_runtime.cli.output import clean


class Writer(Protocol):
    """Writes pieces of tasks' files to stdout."""

    def write(self, task: Task, pieces: Iterable[bytes]) -> bool:
        """Writes. Returns whether there was anything to write."""
        ...

    def finish(self) -> None:
        """Nothing more will come."""
        ...


class PlainWriter:
    """Bytes as they are; with several tasks, each one's under its id."""

    def __init__(self, *, headers: bool) -> None:
        self._headers = headers
        self._current: str | None = None
        self._at_line_start = True

    def write(self, task: Task, pieces: Iterable[bytes]) -> bool:
        wrote = False
        for piece in pieces:
            if not piece:
                continue
            self._header(task)
            sys.stdout.buffer.write(piece)
            self._at_line_start = piece.endswith(b"\n")
            wrote = True
        sys.stdout.buffer.flush()
        return wrote

    def finish(self) -> None:
        """All is written."""

    def _header(self, task: Task) -> None:
        if not self._headers or self._current == task.id:
            return
        self._current = task.id
        newline = "" if self._at_line_start else "\n"
        sys.stdout.buffer.write(f"{newline}===> {clean(task.id)} <===\n".encode())


class JsonWriter:
    """Each line of a file as a JSON object on a line of its own, so that a program can read along. A line is written
    when it is complete, or at the end. Bytes that are not UTF-8 become U+FFFD.
    """

    def __init__(self, file: str) -> None:
        self._file = file
        self._begun: dict[str, tuple[Task, bytes]] = {}

    def write(self, task: Task, pieces: Iterable[bytes]) -> bool:
        wrote = False
        for piece in pieces:
            wrote = wrote or bool(piece)
            _, before = self._begun.pop(task.id, (task, b""))
            *lines, rest = (before + piece).split(b"\n")
            for line in lines:
                self._print(task, line)
            if rest:
                self._begun[task.id] = (task, rest)
        sys.stdout.flush()
        return wrote

    def finish(self) -> None:
        for task, line in self._begun.values():
            self._print(task, line)
        self._begun.clear()
        sys.stdout.flush()

    def _print(self, task: Task, line: bytes) -> None:
        fields = {
            "task_id": task.id,
            "hostname": task.host or None,
            "file": self._file,
            "line": line.decode("utf-8", "replace"),
        }
        print(json.dumps(fields))
