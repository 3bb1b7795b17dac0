"""The agent's durable memory: one small JSON file a task, a framework, and the agent itself, under ``work_dir/meta``.

A file is either the old one or the new one, whatever happens: written aside, flushed to the disk, renamed, and the
folder flushed. A file that cannot be read costs its own task only.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote

from dcos_runtime.agent.core.model import AgentRecord, TaskRecord
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import FrameworkInfo

log = logging.getLogger(__name__)

T = TypeVar("T")

SUFFIX = ".json"
CORRUPT = ".corrupt"


class CheckpointError(Exception):
    """The agent's own checkpoint cannot be used. The text says what to do."""


@dataclass(frozen=True)
class Remembered:
    """What was found at start. ``corrupt`` are the container ids whose task cannot be known any more."""

    agent: AgentRecord
    frameworks: tuple[FrameworkInfo, ...]
    tasks: tuple[TaskRecord, ...]
    corrupt: tuple[str, ...]


class Checkpoints:
    """Keys are those of `core.effects.Persist`: ``agent``, ``frameworks/<id>``, ``tasks/<container id>``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def prepare(self) -> None:
        """Makes the folders, readable by the agent's user only. Raises ``OSError``."""
        for name in ("tasks", "frameworks"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o700)

    def read(self) -> Remembered:
        """All checkpoints. Those that cannot be read are set aside as ``*.corrupt`` and logged.

        Raises `CheckpointError` when the agent's own cannot be read: without its id the cluster does not know us.
        """
        agent = AgentRecord()
        path = self._path("agent")
        if path.exists():
            try:
                agent = codec.decode(path.read_bytes(), AgentRecord)
            except (codec.DecodeError, OSError) as error:
                raise CheckpointError(
                    f"{path} cannot be read ({error}), so that the agent's id is not known. Restore the file, or remove"
                    f" {self.folder} to come back as a new agent; the tasks that still run are then lost."
                ) from error
        tasks: list[TaskRecord] = []
        corrupt: list[str] = []
        for name, record in self._all("tasks", TaskRecord):
            if record is None or record.container_id != name:
                corrupt.append(name)
            else:
                tasks.append(record)
        frameworks = [info for _, info in self._all("frameworks", FrameworkInfo) if info is not None]
        return Remembered(agent, tuple(frameworks), tuple(tasks), tuple(corrupt))

    def write(self, key: str, value: bytes | None) -> None:
        """Sets or removes one key durably. Raises ``OSError`` (a full disk, say); the old value then still stands."""
        path = self._path(key)
        if value is None:
            path.unlink(missing_ok=True)
        else:
            aside = path.with_name(f".{path.name}.new")
            try:
                descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
                try:
                    view = memoryview(value)
                    while view:
                        view = view[os.write(descriptor, view) :]
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
                aside.rename(path)
            except OSError:
                with contextlib.suppress(OSError):
                    aside.unlink(missing_ok=True)
                raise
        _flush(path.parent)

    def _path(self, key: str) -> Path:
        *folders, name = key.split("/", 1)
        return self.folder.joinpath(*folders, quote(name, safe="") + SUFFIX)

    def _all(self, folder: str, kind: type[T]) -> Iterator[tuple[str, T | None]]:
        for path in sorted((self.folder / folder).glob(f"[!.]*{SUFFIX}")):
            name = unquote(path.name.removesuffix(SUFFIX))
            try:
                yield name, codec.decode(path.read_bytes(), kind)
            except (codec.DecodeError, OSError, ValueError) as error:
                aside = path.with_name(path.name + CORRUPT)
                with contextlib.suppress(OSError):
                    path.rename(aside)
                log.error(
                    "the checkpoint %s cannot be read (%s); it is kept as %s, and what it told of is given up: its"
                    " container is destroyed and the master will call its task lost",
                    path,
                    error,
                    aside.name,
                )
                yield name, None


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def boot_id() -> str:
    """What tells this boot of the machine from every other."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""
