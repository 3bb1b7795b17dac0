"""Which project of the file system's quota each container has: assigned, found again after a restart, freed. The
folders store it: a sandbox carries its project for as long as it is kept. So an id is in use while a sandbox carries
it, or while the file system counts anything for it. A container without a quota, or whose quota is lost later, has no
project: its files are counted instead.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dcos_runtime.agent.disk.quota import ProjectQuota, prove
from dcos_runtime.agent.sandbox import runs_below

log = logging.getLogger(__name__)

HEADROOM = 1 << 20
"""The kernel's limit is larger than the task's by so much: a task whose write is refused is over its own limit, and is
ended.
"""


@dataclass(frozen=True)
class _Held:
    project: int
    limit: int | None


class Projects:
    """Ids from ``first`` to ``last`` for the containers whose sandboxes are under ``root``. Thread-safe."""

    def __init__(self, quota: ProjectQuota, first: int, last: int, root: Path) -> None:
        self._quota = quota
        self._first, self._last = first, last
        self._root = root
        self._lock = threading.Lock()
        self._carried: dict[Path, int] = {}
        self._held: dict[str, _Held] = {}
        self._next = first

    def begin(self, work_dir: Path) -> None:
        """Finds the ids in use, then tries whether quotas work here. Raises `quota.QuotaUnusable`, and ``OSError`` when
        no id is free.
        """
        for run in runs_below(self._root):
            with contextlib.suppress(OSError):
                if not run.is_symlink() and (project := self._quota.project_of(run)):
                    self._carried[run] = project
        prove(work_dir, self._quota, self._free())

    def give(self, container_id: str, sandbox: Path, limit: int | None) -> None:
        """Assigns a project to a new sandbox. Logs when none can be assigned."""
        with self._lock:
            try:
                project = self._free()
                self._carried[sandbox] = project
                self._quota.set_limit(project, _hard(limit))
                self._quota.mark(sandbox, project)
            except OSError as error:
                self._give_up(container_id, error, self._carried.get(sandbox))
            else:
                self._held[container_id] = _Held(project, limit)

    def extend(self, container_id: str, folders: Sequence[Path]) -> None:
        """Adds further folders of the container, before anything runs in it."""
        with self._lock:
            held = self._held.get(container_id)
            if held is None:
                return
            try:
                for folder in folders:
                    self._quota.mark(folder, held.project)
            except OSError as error:
                self._give_up(container_id, error, held.project)

    def resume(self, container_id: str, sandbox: Path, folders: Sequence[Path], limit: int | None) -> None:
        """Finds the project of a former agent's container: the one that all its folders carry, and no other sandbox."""
        with self._lock:
            project = self._carried.get(sandbox, 0)
            if not self._first <= project <= self._last or list(self._carried.values()).count(project) != 1:
                return
            try:
                if any(self._quota.project_of(folder) != project for folder in folders):
                    raise OSError(errno.EINVAL, "not all of its folders carry its project")
                self._quota.set_limit(project, _hard(limit))
            except OSError as error:
                self._give_up(container_id, error, None)
            else:
                self._held[container_id] = _Held(project, limit)

    def change(self, container_id: str, limit: int | None) -> None:
        """Gives a container another limit. Raises ``OSError``, and the former one stays."""
        with self._lock:
            held = self._held.get(container_id)
            if held is not None:
                self._quota.set_limit(held.project, _hard(limit))
                self._held[container_id] = _Held(held.project, limit)

    def used(self, container_id: str) -> int | None:
        """Bytes that the container takes; ``None``: unknown, so they have to be counted."""
        held = self._held.get(container_id)
        if held is None:
            return None
        try:
            used = self._quota.usage(held.project)
            if held.limit is not None and used > held.limit:
                self._quota.free_preallocated(held.project)
                used = self._quota.usage(held.project)
            return used
        except OSError as error:
            with self._lock:
                self._give_up(container_id, error, None)
            return None

    def forget(self, container_id: str) -> None:
        """The container is gone. Its id stays in use, and its limit in force, until the sandbox is removed."""
        with self._lock:
            self._held.pop(container_id, None)

    def tidy(self) -> None:
        """Frees the ids of sandboxes that were removed."""
        with self._lock:
            held = {held.project for held in self._held.values()}
            for sandbox, project in list(self._carried.items()):
                if project not in held and not sandbox.exists():
                    del self._carried[sandbox]
                    if self._first <= project <= self._last:
                        with contextlib.suppress(OSError):  # it is set anew when the id is assigned again
                            self._quota.set_limit(project, None)

    def _free(self) -> int:
        """The next id that no sandbox carries and for which nothing is counted. Raises ``OSError``."""
        taken = set(self._carried.values())
        count = self._last - self._first + 1
        for _ in range(count):
            project = self._next
            self._next = project + 1 if project < self._last else self._first
            if project not in taken and not self._quota.usage(project):
                return project
        raise OSError(
            errno.ENOSPC, f"all {count} projects from {self._first} to {self._last} are taken; widen --disk_projects"
        )

    def _give_up(self, container_id: str, why: OSError, lifted: int | None) -> None:
        """The container's files are counted from now on. ``lifted``: a project that does not hold all of them, whose
        limit is removed.
        """
        self._held.pop(container_id, None)
        log.warning(
            "container %s has no quota of the file system, its files are counted: %s", container_id, why.strerror or why
        )
        if lifted is not None:
            with contextlib.suppress(OSError):
                self._quota.set_limit(lifted, None)


def _hard(limit: int | None) -> int | None:
    return None if limit is None else limit + HEADROOM
