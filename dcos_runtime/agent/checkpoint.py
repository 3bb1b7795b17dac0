"""The agent's durable memory: a small JSON file an executor, a framework, and the agent itself, in ``work_dir/meta``;
and one file for all that is over (`history_log`).

A crash leaves either the old file or the new one (`durable`). A file that cannot be read costs its own task only.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote

from dcos_runtime import durable
from dcos_runtime.agent.core import stored
from dcos_runtime.agent.core.history import KEY
from dcos_runtime.agent.core.records import AgentRecord, ContainerRecord
from dcos_runtime.agent.core.stored import Nested, Run, StoredExecutor, UnknownRunVersion
from dcos_runtime.agent.history_log import HistoryLog
from dcos_runtime.errors import Explained
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import FrameworkInfo

log = logging.getLogger(__name__)

T = TypeVar("T")

FOLDERS = ("tasks", "frameworks", "executors", "assigned", "nested")
SUFFIX = ".json"
CORRUPT = ".corrupt"
HISTORY = "history.log"


class CheckpointError(Explained):
    """The agent's own checkpoint cannot be used. The text says what to do."""

    usual_hint = "restore the checkpoints, or start in another --work_dir"


@dataclass(frozen=True)
class Remembered:
    """The checkpoints found at start, each value as it was read and as it is stored (the core reads the latter).
    ``corrupt`` are the container ids whose checkpoint is unreadable, and `HISTORY` when a part of that is.
    """

    agent: AgentRecord
    frameworks: tuple[FrameworkInfo, ...]
    runs: tuple[Run, ...]
    corrupt: tuple[str, ...]
    stored_agent: bytes | None
    stored_frameworks: tuple[bytes, ...]
    stored_runs: tuple[bytes, ...]
    executors: tuple[StoredExecutor, ...] = ()
    stored_executors: tuple[bytes, ...] = ()
    stored_assigned: tuple[bytes, ...] = ()
    stored_history: tuple[bytes, ...] = ()
    stored_resources: bytes | None = None
    nested: tuple[Nested, ...] = ()
    stored_nested: tuple[bytes, ...] = ()

    @property
    def containers(self) -> tuple[ContainerRecord, ...]:
        """Of tasks and of custom executors, and those that calls launched."""
        within = (one.nested.container for one in self.nested)
        return (*(run.container for run in self.runs), *(custom.container for custom in self.executors), *within)


class Checkpoints:
    """Keys are those of `core.effects.Persist`: ``agent``, ``frameworks/<id>``, ``tasks/<container id>``,
    ``executors/<container id>``, ``assigned/<handle>``, ``nested/<container id>``, ``resources``; ``history/<any>`` are
    lines of one file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._history = HistoryLog(folder / HISTORY)

    def prepare(self) -> None:
        """Makes the folders, readable by the agent's user only. Raises ``OSError``."""
        for folder in (self.folder / name for name in FOLDERS):
            folder.mkdir(parents=True, exist_ok=True)
            durable.sweep(folder)
        durable.sweep(self.folder)
        self.folder.chmod(0o700)

    def read(self) -> Remembered:
        """Reads all checkpoints. Unreadable ones are renamed to ``*.corrupt`` and logged.

        Raises `CheckpointError` when the agent's own cannot be read: without its id the cluster does not know us. Also
        when one has a version that is not known. It is then left as it is, for the agent that wrote it.
        """
        agent, own = self._one("agent", stored.read_agent, "the agent's id is not known")
        _, resources = self._one("resources", stored.read_reserved, "it is not known what is reserved here")
        runs: list[tuple[Run, bytes]] = []
        corrupt: list[str] = []
        for name, value, run in self._all("tasks", stored.read_run):
            if run is None or run.container.container_id != name:
                corrupt.append(name)
            else:
                runs.append((run, value))
        executors: list[tuple[StoredExecutor, bytes]] = []
        for name, value, executor in self._all("executors", stored.read_executor):
            if executor is None or executor.container.container_id != name:
                corrupt.append(name)
            else:
                executors.append((executor, value))
        assigned: list[bytes] = []
        for name, value, task in self._all("assigned", stored.read_assigned):
            if task is None or task.task.handle != name:
                corrupt.append(name)
            else:
                assigned.append(value)
        nested: list[tuple[Nested, bytes]] = []
        for name, value, one in self._all("nested", stored.read_nested):
            if one is None or one.nested.container.container_id != name:
                corrupt.append(name)
            else:
                nested.append((one, value))
        past, unreadable = self._past()
        corrupt += [HISTORY] * bool(unreadable)
        frameworks = [(info, value) for _, value, info in self._all("frameworks", stored.read_framework) if info]
        return Remembered(
            agent or AgentRecord(),
            tuple(info for info, _ in frameworks),
            tuple(run for run, _ in runs),
            tuple(corrupt),
            own,
            tuple(value for _, value in frameworks),
            tuple(value for _, value in runs),
            tuple(custom for custom, _ in executors),
            tuple(value for _, value in executors),
            tuple(assigned),
            tuple(past),
            resources,
            tuple(one for one, _ in nested),
            tuple(value for _, value in nested),
        )

    def _past(self) -> tuple[list[bytes], int]:
        try:
            return self._history.read(lambda value: _read(self._history.path, value, stored.read_past))
        except OSError as error:
            log.error("%s cannot be read; what is over is forgotten: %s", self._history.path, error)
            return [], 1

    def _one(self, key: str, read: Callable[[bytes], T], so: str) -> tuple[T | None, bytes | None]:
        """A value of the agent itself, and as it is stored. Raises `CheckpointError`."""
        path = self._path(key)
        if not path.exists():
            return None, None
        try:
            value = path.read_bytes()
            return _read(path, value, read), value
        except (codec.DecodeError, OSError) as error:
            raise CheckpointError(
                f"{path} cannot be read ({error}), so that {so}. Restore the file, or remove"
                f" {self.folder} to come back as a new agent; the tasks that still run are then lost."
            ) from error

    def write(self, key: str, value: bytes | None) -> None:
        """Sets or removes one key durably. Raises ``OSError`` (a full disk, for example); the old value is kept
        then. What is over is on the disk after `sync_history` only, and survives this process before.
        """
        if key.startswith(KEY):
            self._history.write(key, value)
            return
        path = self._path(key)
        if value is None:
            path.unlink(missing_ok=True)
            durable.sync(path.parent)
        else:
            durable.write(path, value)

    def sync_history(self) -> None:
        """Raises ``OSError``."""
        self._history.sync()

    def _path(self, key: str) -> Path:
        *folders, name = key.split("/", 1)
        return self.folder.joinpath(*folders, quote(name, safe="") + SUFFIX)

    def _all(self, folder: str, read: Callable[[bytes], T]) -> Iterator[tuple[str, bytes, T | None]]:
        for path in sorted((self.folder / folder).glob(f"[!.]*{SUFFIX}")):
            name = unquote(path.name.removesuffix(SUFFIX))
            try:
                value = path.read_bytes()
                yield name, value, _read(path, value, read)
            except (codec.DecodeError, OSError, ValueError) as error:
                aside = path.with_name(path.name + CORRUPT)
                with contextlib.suppress(OSError):
                    path.rename(aside)
                log.error(
                    "the checkpoint %s cannot be read (%s); it is kept as %s, and its contents are given up: its"
                    " container is destroyed and the master will call its task lost",
                    path,
                    error,
                    aside.name,
                )
                yield name, b"", None


def _read(path: Path, value: bytes, read: Callable[[bytes], T]) -> T:
    try:
        return read(value)
    except UnknownRunVersion as error:
        raise CheckpointError(f"{path} is left as it is: {error}") from error


def boot_id() -> str:
    """An id of this boot of the machine."""
    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""
