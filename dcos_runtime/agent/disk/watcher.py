"""Watches what tasks use of the disk, in a thread of its own that takes a bounded share of one processor.

A round of a container: its output files are cut to their caps, then its bytes are counted, or read where the file
system counts them (`projects`). Rounds of many containers advance side by side, a few hundred entries at a time, so a
task with a million files delays nobody else's. After a step the thread sleeps until it has used no more than `SHARE` of
the time; the next round begins ``interval`` after the last one's end. A long round hurries when the disk is filling
meanwhile: the container that is being counted may be filling it. A round during which names changed may have missed
something: a smaller result is not trusted, and another round begins at once. If names change in all of `MOVING_ROUNDS`,
the container's processes are paused for a short count.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from dcos_runtime.agent.disk import logs
from dcos_runtime.agent.disk.usage import DiskUsage, counting, counting_deleted

log = logging.getLogger(__name__)

SHARE = 0.05
HURRIED_SHARE = 0.5
FILLING = 256 << 20
"""A round hurries when so much less is free than when it began."""

LONGEST_PAUSE = 1.0

MOVING_ROUNDS = 2
PAUSED_SECONDS = 0.5
PAUSED_SECONDS_FILLING = 5.0
"""How long a container may be paused for a count, and how long when the disk has been filling since its last count."""

PAUSED_SHARE = 0.02
PAUSED_SHARE_FILLING = 0.2
"""The share of all time for which a container may be paused."""


@dataclass(frozen=True)
class Watched:
    """A container. ``limit``: bytes of disk, ``None``: not limited. ``private`` are its folders without the sandbox.
    ``pids`` lists its processes, ``paused`` pauses them and yields whether that worked. ``known``: the bytes that the
    file system has counted for it, ``None``: it does not count. ``apart``: folders in the sandbox that are others'.
    ``volume``: where the container sees one of its volumes, which is held to a limit of its own; ``sandbox`` is then
    the volume's folder.
    """

    container_id: str
    sandbox: Path
    private: tuple[Path, ...]
    limit: int | None
    caps: dict[str, int]
    pids: Callable[[], list[int]]
    paused: Callable[[], AbstractContextManager[bool]] = lambda: contextlib.nullcontext(False)
    known: Callable[[], int | None] = lambda: None
    apart: frozenset[str] = frozenset()
    volume: str = ""


@dataclass
class _Entry:
    watched: Watched
    due: float
    round: Iterator[None] | None = None
    count: DiskUsage = field(default_factory=DiskUsage)
    used: int | None = None
    reported: bool = False
    free: int = 0
    looked: float = 0.0
    hurried: bool = False
    moving: int = 0
    free_then: int = 0
    pause_due: float = 0.0


class DiskWatcher:
    """``exceeded`` is called in the watcher's thread, once a container or volume: id, bytes used, limit, the volume if
    it is one. ``too_deep`` is called instead if its folders are nested too deeply to be counted: id, limit.
    """

    def __init__(
        self,
        interval: float,
        exceeded: Callable[[str, int, int, str], None],
        too_deep: Callable[[str, int], None] = lambda *_: None,
    ) -> None:
        self.interval = interval
        self._exceeded = exceeded
        self._too_deep = too_deep
        self._entries: dict[str, dict[str, _Entry]] = {}
        """By container, then by volume; its own folders are the volume ``""``."""
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._ended = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="disk watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def watch(self, watched: Watched) -> None:
        with self._changed:
            entries = self._entries.setdefault(watched.container_id, {})
            entries[watched.volume] = _Entry(watched, time.monotonic())
            self._changed.notify_all()

    def change(self, container_id: str, limit: int | None, caps: dict[str, int]) -> None:
        """Holds a container to another limit and other caps from its next step on."""
        with self._changed:
            entry = self._own(container_id)
            if entry is not None:
                entry.watched = replace(entry.watched, limit=limit, caps=caps)

    def forget(self, container_id: str) -> None:
        """The container is gone: its output is cut to the caps a last time, because the sandbox is kept for a while."""
        with self._lock:
            entry = self._own(container_id)
            self._entries.pop(container_id, None)
        if entry is not None:
            logs.enforce(entry.watched.sandbox, entry.watched.caps)

    def used(self, container_id: str) -> tuple[int, int | None] | None:
        """Bytes used and the limit, as of the last whole count."""
        entry = self._own(container_id)
        return None if entry is None or entry.used is None else (entry.used, entry.watched.limit)

    def over(self, container_id: str) -> tuple[int, int] | None:
        """Bytes used and the limit, if the file system's count exceeds the limit now, whether reported before or
        not.
        """
        entry = self._own(container_id)
        limit = None if entry is None else entry.watched.limit
        if entry is None or limit is None:
            return None
        known = entry.watched.known()
        if known is None or known <= limit:
            return None
        entry.reported = True
        return known, limit

    def _own(self, container_id: str) -> _Entry | None:
        return self._entries.get(container_id, {}).get("")

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while (entry := self._next()) is not None:
            began = time.thread_time()
            try:
                self._advance(entry)
            except Exception:  # a fault in one sandbox must not end the watching of others
                log.exception("the disk of container %s could not be counted", entry.watched.container_id)
                entry.round, entry.due = None, time.monotonic() + self.interval
            share = HURRIED_SHARE if entry.hurried else SHARE
            self._pause((time.thread_time() - began) * (1 / share - 1))

    def _next(self) -> _Entry | None:
        """Waits for the next step: that of the round that waits longest. ``None``: the watcher ends."""
        with self._changed:
            while not self._ended:
                everything = (entry for entries in self._entries.values() for entry in entries.values())
                entry = min(everything, key=lambda entry: entry.due, default=None)
                wait = None if entry is None else entry.due - time.monotonic()
                if entry is not None and wait is not None and wait <= 0:
                    return entry
                self._changed.wait(wait)
            return None

    def _advance(self, entry: _Entry) -> None:
        if entry.round is None:
            entry.count = DiskUsage(apart=entry.watched.apart)
            entry.free, entry.looked, entry.hurried = free_bytes(entry.watched.sandbox), time.monotonic(), False
            entry.round = self._round(entry.watched, entry.count)
        elif time.monotonic() - entry.looked > self.interval:
            entry.looked = time.monotonic()
            entry.hurried = entry.hurried or entry.free - free_bytes(entry.watched.sandbox) > FILLING
        try:
            next(entry.round)
        except StopIteration:
            entry.round = None
            self._conclude_round(entry)
        self._judge(entry, entry.count)
        # Back into the queue: after all rounds under way, or an interval later.
        again = entry.round is not None or 0 < entry.moving < MOVING_ROUNDS
        entry.due = time.monotonic() + (0.0 if again else self.interval)

    def _conclude_round(self, entry: _Entry) -> None:
        """A round has ended: decides whether its result is trusted."""
        if not entry.count.moved:
            entry.used, entry.moving, entry.free_then = entry.count.used, 0, entry.free
            return
        entry.used = max(entry.used or 0, entry.count.used)
        entry.moving += 1
        if entry.watched.limit is None or entry.reported or time.monotonic() < entry.pause_due:
            return
        filling = entry.free_then - free_bytes(entry.watched.sandbox) > FILLING
        if filling or entry.moving >= MOVING_ROUNDS:
            self._count_paused(entry, filling)

    def _count_paused(self, entry: _Entry, filling: bool) -> None:
        """Counts while the container is paused, without pauses and for a limited time."""
        began = time.monotonic()
        until = began + (PAUSED_SECONDS_FILLING if filling else PAUSED_SECONDS)
        count = DiskUsage(apart=entry.watched.apart)
        with entry.watched.paused() as paused:
            if paused:
                for _ in _counting_all(entry.watched, count):
                    if time.monotonic() > until:
                        break
                else:
                    entry.used, entry.moving = count.used, 0
                    entry.free_then = free_bytes(entry.watched.sandbox)
        ended = time.monotonic()
        entry.pause_due = ended + (ended - began) / (PAUSED_SHARE_FILLING if filling else PAUSED_SHARE)
        self._judge(entry, count)

    def _judge(self, entry: _Entry, count: DiskUsage) -> None:
        """Reports a container that is over its limit by the count so far, or that cannot be counted."""
        limit = entry.watched.limit
        if limit is None or entry.reported:
            return
        if count.used > limit:
            entry.reported = True
            self._exceeded(entry.watched.container_id, count.used, limit, entry.watched.volume)
        elif count.too_deep:
            entry.reported = True
            self._too_deep(entry.watched.container_id, limit)

    def _round(self, watched: Watched, count: DiskUsage) -> Iterator[None]:
        logs.enforce(watched.sandbox, watched.caps)
        if (known := watched.known()) is not None:
            count.used = known
            return
        capped = time.monotonic()
        for _ in counting((watched.sandbox, *watched.private), count):
            yield
            if time.monotonic() - capped > self.interval:  # a long round
                logs.enforce(watched.sandbox, watched.caps)
                capped = time.monotonic()
        yield from _counting_deleted(watched, count)

    def _pause(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._ended, min(seconds, LONGEST_PAUSE))


def _counting_all(watched: Watched, count: DiskUsage) -> Iterator[None]:
    yield from counting((watched.sandbox, *watched.private), count)
    yield from _counting_deleted(watched, count)


def _counting_deleted(watched: Watched, count: DiskUsage) -> Iterator[None]:
    pids: list[int] = []
    with contextlib.suppress(OSError):
        pids = watched.pids()
    yield from counting_deleted(pids, count)


def free_bytes(folder: Path) -> int:
    """Free bytes on the file system of ``folder``; 0 if the folder does not exist yet."""
    try:
        state = os.statvfs(folder)
    except OSError:
        return 0
    return state.f_bavail * state.f_frsize
