"""A container's processes and threads, from /proc, for `/containers/processes` (ours; Mesos has no such call).

Tasks run on meanwhile: a process that ends is left out. Names and command lines are the task's to choose, and any
bytes. An environment is never read.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pwd
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from dcos_runtime.agent import pools
from dcos_runtime.agent.containers.base import Process

MOST_PROCESSES = 2000
MOST_THREADS = 4000
"""Of all processes of an answer together."""

MOST_COMMAND = 4096
"""Bytes of one command line."""

MOST_COMMANDS = 1 << 20
"""Bytes of all command lines of an answer."""

MOST_INTERVAL = 1.0
"""Seconds between two readings."""

READ_SECONDS = 2.0
"""After so long a reading goes on to no further process or thread."""

SHARED_SECONDS = 0.5
"""How long memory may be divided among those who share it: the kernel looks at each page of a process for that."""

LOOK_SECONDS = 4.0
"""How long a reader is waited for. The memory of a process may be on a file system that does not answer."""

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

_UID = re.compile(rb"^Uid:\s+\d+\s+(\d+)", re.MULTILINE)
_INSIDE = re.compile(rb"^NSpid:.*?(\d+)$", re.MULTILINE)
_SHARED = re.compile(rb"^Pss:\s+(\d+) kB", re.MULTILINE)


class TooSlow(Exception):
    """The container's processes could not be read in time."""


@dataclass(frozen=True)
class Stat:
    """What /proc/<pid>/stat says: names as bytes, times in clock ticks, ``started`` since boot."""

    name: bytes
    state: str
    user_ticks: int
    system_ticks: int
    threads: int
    started: int


@dataclass(frozen=True)
class FirstReading:
    """A first reading, against which a later one is held. ``processes`` and ``threads`` map an id and its start time to
    the clock ticks used, and when that was, in monotonic seconds.
    """

    processes: dict[tuple[int, int], tuple[int, float]] = field(default_factory=dict)
    threads: dict[tuple[int, int], tuple[int, float]] = field(default_factory=dict)


async def answer(
    members: Callable[[], list[Process]], about: Mapping[str, Any], *, threads: bool, interval: float
) -> bytes:
    """The answer to `/containers/processes` as ASCII JSON (docs/agent.md lists its fields). Raises `TooSlow`.

    ``members`` returns the container's processes; ``about`` holds the other fields. The share of a processor that each
    uses is measured over ``interval`` seconds; with 0 it is not. All but the waiting is off the loop.
    """
    try:
        before = FirstReading()
        if interval:
            before = await asyncio.wait_for(pools.run(pools.LOOKS, partial(_first, members, threads)), LOOK_SECONDS)
            await asyncio.sleep(interval)
        look = partial(_look, members, about, before, threads)
        return await asyncio.wait_for(pools.run(pools.LOOKS, look), LOOK_SECONDS)
    except TimeoutError as error:
        raise TooSlow(f"The processes could not be read within {LOOK_SECONDS:.0f} seconds") from error


def _first(members: Callable[[], list[Process]], threads: bool) -> FirstReading:
    reading = FirstReading()
    began = time.monotonic()
    found = _oldest(members())
    for process in found:
        reading.processes[process.pid, process.started] = (process.user_ticks + process.system_ticks, began)
    if threads:
        for process in found:
            with contextlib.suppress(OSError), _opened(process.pid) as folder:
                for tid, stat in _threads(folder, MOST_THREADS - len(reading.threads), began + READ_SECONDS):
                    ticks = stat.user_ticks + stat.system_ticks
                    reading.threads[tid, stat.started] = (ticks, time.monotonic())
    return reading


def _look(members: Callable[[], list[Process]], about: Mapping[str, Any], before: FirstReading, threads: bool) -> bytes:
    began = time.monotonic()
    everything = members()
    look = _Look(before, threads, began)
    written: list[str] = []
    left_out = max(0, len(everything) - MOST_PROCESSES)
    for process in _oldest(everything):
        if time.monotonic() > look.until:
            left_out += 1
            continue
        with contextlib.suppress(OSError):
            shown = look.process(process)
            if shown is not None:
                # One by one: the interpreter's lock is held while one is encoded.
                written.append(json.dumps(shown, separators=(",", ":")))
    head = {
        **about,
        "timestamp": time.time(),
        "processes_left_out": left_out,
        "threads_left_out": look.threads_left_out,
    }
    return f'{json.dumps(head, separators=(",", ":"))[:-1]},"processes":[{",".join(written)}]}}'.encode("ascii")


def _oldest(members: list[Process]) -> list[Process]:
    """As many as are shown. The oldest: parents before children."""
    return sorted(members, key=lambda process: (process.started, process.pid))[:MOST_PROCESSES]


class _Look:
    """One reading, and what is left of its bounds."""

    def __init__(self, before: FirstReading, threads: bool, began: float) -> None:
        self.until = began + READ_SECONDS
        self.threads_left_out = 0
        self._before = before
        self._began = began
        self._with_threads = threads
        self._threads = MOST_THREADS
        self._commands = MOST_COMMANDS
        self._shared_until = began + SHARED_SECONDS
        self._booted = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
        self._users: dict[int, str] = {}

    def process(self, process: Process) -> dict[str, Any] | None:
        """None when its pid has become another process's. Raises ``OSError`` when it has ended and is gone."""
        with _opened(process.pid) as folder:
            stat = parse(_read(folder, "stat"))
            if stat.started != process.started:
                return None
            status = _read(folder, "status")
            uid = int(_number(_UID, status) or 0)
            command, cut = self._command(folder)
            ticks = process.user_ticks + process.system_ticks
            earlier = self._before.processes.get((process.pid, process.started))
            shown = {
                "pid": process.pid,
                "pid_inside": int(_number(_INSIDE, status) or process.pid),
                "ppid": process.parent,
                "uid": uid,
                "user": self._user(uid),
                "state": stat.state,
                "start_time": round(self._booted + process.started / TICKS, 2),
                "cpus_user_time_secs": process.user_ticks / TICKS,
                "cpus_system_time_secs": process.system_ticks / TICKS,
                "cpus": _share(ticks, self._began, earlier),
                "mem_rss_bytes": process.rss_pages * PAGE,
                "mem_pss_bytes": self._shared(folder),
                "name": _text(stat.name),
                "command": command,
                "command_cut": cut,
                "threads": stat.threads,
            }
            if self._with_threads:
                shown["thread_list"] = self._listed(folder, stat.threads)
            return shown

    def _user(self, uid: int) -> str:
        if uid not in self._users:
            try:
                self._users[uid] = pwd.getpwuid(uid).pw_name
            except KeyError:
                self._users[uid] = str(uid)
        return self._users[uid]

    def _command(self, folder: int) -> tuple[list[str], bool]:
        """The command line, and whether it is longer. Those that have ended have none."""
        most = min(MOST_COMMAND, self._commands)
        data = _read(folder, "cmdline", most + 1)
        cut, data = len(data) > most, data[:most]
        self._commands -= len(data)
        # A program that names itself anew leaves zeros behind its name.
        data = data.rstrip(b"\0")
        return [_text(part) for part in data.split(b"\0")] if data else [], cut

    def _shared(self, folder: int) -> int | None:
        if time.monotonic() > self._shared_until:
            return None
        try:
            found = _number(_SHARED, _read(folder, "smaps_rollup"))
        except OSError:  # an agent that is not root may not look at other users' processes; what ended has no memory
            return None
        return int(found) * 1024 if found else None

    def _listed(self, folder: int, count: int) -> list[dict[str, Any]]:
        listed = []
        for tid, stat in _threads(folder, self._threads, self.until):
            ticks = stat.user_ticks + stat.system_ticks
            earlier = self._before.threads.get((tid, stat.started))
            listed.append(
                {
                    "tid": tid,
                    "name": _text(stat.name),
                    "state": stat.state,
                    "cpus_user_time_secs": stat.user_ticks / TICKS,
                    "cpus_system_time_secs": stat.system_ticks / TICKS,
                    "cpus": _share(ticks, time.monotonic(), earlier),
                }
            )
        self._threads -= len(listed)
        self.threads_left_out += max(0, count - len(listed))
        return listed


def parse(data: bytes) -> Stat:
    """A line of /proc/<pid>/stat. The name stands in parentheses and may hold any. Raises ``OSError`` when the process
    ended before anything was read.
    """
    first, last = data.find(b"("), data.rfind(b")")
    fields = data[last + 2 :].split()
    if first < 0 or len(fields) < 20:
        raise ProcessLookupError
    user, system, threads, started = (int(fields[index]) for index in (11, 12, 17, 19))
    return Stat(data[first + 1 : last], fields[0].decode(), user, system, threads, started)


def _share(ticks: int, now: float, earlier: tuple[int, float] | None) -> float | None:
    """Which share of a processor was used since. None where it was not there at the first reading."""
    if earlier is None or now <= earlier[1]:
        return None
    return round(max(0, ticks - earlier[0]) / TICKS / (now - earlier[1]), 3)


def _threads(folder: int, most: int, until: float) -> Iterator[tuple[int, Stat]]:
    """The first threads of the process whose folder is open."""
    tasks = os.open("task", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
    try:
        with os.scandir(tasks) as entries:
            tids = sorted(int(entry.name) for entry in entries)
        for tid in tids[: max(0, most)]:
            if time.monotonic() > until:
                return
            with contextlib.suppress(OSError):
                yield tid, parse(_read(tasks, f"{tid}/stat"))
    finally:
        os.close(tasks)


@contextlib.contextmanager
def _opened(pid: int) -> Iterator[int]:
    """The process's folder: it leads to no other process once this one has ended."""
    folder = os.open(f"/proc/{pid}", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield folder
    finally:
        os.close(folder)


def _read(folder: int, name: str, most: int = 1 << 20) -> bytes:
    opened = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder)
    try:
        data = b""
        while len(data) < most and (more := os.read(opened, min(most - len(data), 1 << 16))):
            data += more
        return data
    finally:
        os.close(opened)


def _number(pattern: re.Pattern[bytes], data: bytes) -> str | None:
    match = pattern.search(data)
    return match[1].decode() if match else None


def _text(data: bytes) -> str:
    """Bytes that are not UTF-8 become lone surrogates, as in `/files/read`."""
    return data.decode("utf-8", "surrogateescape")
