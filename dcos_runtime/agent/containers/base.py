"""The interface of launchers, and what they share: a container's usage, processes, subprocesses."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from dcos_runtime.agent import pools
from dcos_runtime.agent.containers import children
from dcos_runtime.agent.containers.sessions import ExecCommand, ExecSession, SessionStreams
from dcos_runtime.agent.containers.spec import ContainerSpec, JoinedNetwork, Limits, VolumeMount
from dcos_runtime.agent.core.model import Exit, Facts
from dcos_runtime.errors import Explained
from dcos_runtime.wire.containers import NetworkInfo

T = TypeVar("T")

PF_EXITING = 0x4
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class LaunchError(Exception):
    """A container could not be made or started. The text is for the framework's author."""


class LauncherUnusable(Explained):
    """This launcher cannot work on this machine. The text says what is missing and what to do."""

    usual_hint = "correct that, or start with --launcher=posix: tasks are then plain processes"


@dataclass(frozen=True)
class ContainerPlace:
    """Where a container is: ``folder`` is its own, below its launcher's; ``cgroup`` is its path below each mount of
    control groups, empty for plain processes.
    """

    container_id: str
    folder: Path
    cgroup: str = ""


@dataclass(frozen=True)
class Lasting:
    """What is known of a container as long as it lives, also by an agent that did not make it. ``host_network``: it is
    in the machine's network. ``holds`` is as in `ContainerSpec`, and ``volumes`` are those that have a size.
    """

    sandbox: Path
    limits: Limits
    host_network: bool = True
    holds: bool = False
    volumes: tuple[VolumeMount, ...] = ()


@dataclass(frozen=True)
class Pressure:
    """For how many seconds so far ``some`` of a container's processes, or all of them (``full``), waited for a
    processor, for memory, for the disk.
    """

    cpu_some_secs: float
    memory_some_secs: float
    memory_full_secs: float
    io_some_secs: float
    io_full_secs: float


@dataclass(frozen=True)
class Usage:
    """What a container uses now: seconds of cpu time so far, bytes, counts. All but ``pressure`` have the names of
    Mesos' ResourceStatistics.
    """

    cpus_user_time_secs: float = 0.0
    cpus_system_time_secs: float = 0.0
    mem_rss_bytes: int = 0
    mem_total_bytes: int = 0
    mem_anon_bytes: int | None = None
    mem_file_bytes: int | None = None
    mem_cache_bytes: int | None = None
    mem_mapped_file_bytes: int | None = None
    mem_swap_bytes: int | None = None
    mem_unevictable_bytes: int | None = None
    processes: int = 0
    cpus_nr_periods: int | None = None
    cpus_nr_throttled: int | None = None
    cpus_throttled_time_secs: float | None = None
    disk_used_bytes: int | None = None
    disk_limit_bytes: int | None = None
    pressure: Pressure | None = None

    def statistics(self) -> dict[str, float]:
        """What is known, as fields of Mesos' ResourceStatistics."""
        return {name: value for name, value in vars(self).items() if value is not None and name != "pressure"}


class Launcher(Protocol):
    """Makes, starts, signals and destroys containers, each by its id.

    A container is supervised by a process that outlives the agent and leaves its exit status on disk. Methods of one
    container are not called at the same time, except `wait` and `usage`.
    """

    name: str

    def shortcomings(self) -> list[str]:
        """What this launcher cannot isolate or enforce, a sentence each; logged at start."""
        ...

    def visible(self) -> tuple[Path, ...]:
        """The folders of the machine that every task sees."""
        ...

    @property
    def open_ports(self) -> str:
        """Why tasks can bind the ports of the cluster's daemons; empty if they cannot."""
        ...

    def sandbox_inside(self, sandbox: Path) -> str:
        """The sandbox's path as the task sees it."""
        ...

    def network_of(self, container_id: str, hostname: str) -> JoinedNetwork:
        """The network of a container of that name, which is not the machine's, for another to join. Raises
        `LaunchError`.
        """
        ...

    async def prepare(self, spec: ContainerSpec) -> None:
        """Makes what the container needs. Its sandbox is there, and nothing has been fetched into it. What a failure
        leaves is undone, and `destroy` removes the rest. Raises `LaunchError`, also for what this launcher does not do,
        and ``OSError``.
        """
        ...

    async def create(self, spec: ContainerSpec) -> int:
        """Makes the container that was prepared; its process waits for `start`. Returns its pid. Raises `LaunchError`,
        ``OSError``.
        """
        ...

    async def start(self, container_id: str) -> None:
        """Starts the waiting process. Raises `LaunchError`."""
        ...

    async def signal(self, container_id: str, number: int) -> None:
        """Sends a signal to every process of the container except tini. SIGKILL goes to all, so that none escapes."""
        ...

    async def wait(self, container_id: str) -> Exit | None:
        """Waits for the container's process, and returns how it ended; ``None`` when its supervisor left no status."""
        ...

    async def exec(self, container_id: str, command: ExecCommand) -> ExecSession:
        """Starts a process in a running container, which ends at the latest with the container and with this agent.
        Raises `LaunchError` when it cannot be started, and ``OSError``.
        """
        ...

    async def attach(self, container_id: str) -> SessionStreams:
        """Streams to and from the terminal of a container; it prints to all who read. Raises `LaunchError` when it has
        no terminal, or none any more.
        """
        ...

    async def destroy(self, container_id: str) -> None:
        """Kills the container's processes and removes the rest. Does nothing for an unknown one. Raises `OSError` when
        a part cannot be removed yet: call it again.
        """
        ...

    async def inspect(self, container_id: str) -> Facts:
        """What is left of a container that a former agent made. Raises `LauncherUnusable` when it runs, and this
        launcher cannot go on with it.
        """
        ...

    async def recover(self, container_id: str, lasting: Lasting | None) -> None:
        """Takes up a container of a former agent that was found running. ``lasting``: ``None`` when its task cannot be
        read. Raises ``OSError``.
        """
        ...

    async def update(self, container_id: str, limits: Limits, before: Limits) -> None:
        """Holds a running container to other limits than those of ``before``, which stay when that fails. Raises
        ``OSError``.
        """
        ...

    def listed(self) -> list[str]:
        """The ids of all containers of which anything is left."""
        ...

    def networks(self, container_id: str) -> tuple[NetworkInfo, ...]:
        """The networks of its own that a container has joined, with its addresses; empty: it is in the machine's."""
        ...

    def usage(self, container_id: str) -> Usage | None: ...

    def processes(self, container_id: str) -> list[Process]:
        """Every process of the container, also those that have ended and that no parent has waited for."""
        ...


# --- processes --------------------------------------------------------------------------------------------------------


def start_time(pid: int) -> int | None:
    """When the process was started, in clock ticks since boot. Together with the pid it identifies a process
    uniquely.
    """
    fields = _stat(pid)
    return int(fields[19]) if fields else None


def alive(pid: int | None, started: int | None) -> bool:
    """Whether the process with this pid and start time still runs; a zombie does not."""
    if pid is None or started is None:
        return False
    fields = _stat(pid)
    return bool(fields) and int(fields[19]) == started and fields[0] not in ("Z", "X")


def exiting(pid: int | None) -> bool:
    """Whether the process is exiting. The first one of a pid namespace exits when all others in it have ended."""
    fields = _stat(pid) if pid is not None else []
    return bool(fields) and bool(int(fields[6]) & PF_EXITING)


def _stat(pid: int) -> list[str]:
    """The fields of /proc/<pid>/stat from the state on; empty when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return []
    return text[text.rindex(")") + 2 :].split()


@dataclass(frozen=True)
class Process:
    """A process in a container, as ``/proc`` describes it."""

    pid: int
    parent: int
    session: int
    state: str
    user_ticks: int
    system_ticks: int
    started: int  # in clock ticks since boot
    rss_pages: int


def processes() -> list[Process]:
    """All processes of the machine that can be seen."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            numbers = [int(fields[index]) for index in (1, 3, 11, 12, 19, 21)]
            parent, session, user, system, started, rss = numbers
            found.append(Process(int(entry.name), parent, session, fields[0], user, system, started, rss))
    return found


def with_descendants(everything: list[Process], roots: Set[int]) -> list[Process]:
    """The processes ``roots`` among ``everything``, and all their descendants."""
    by_parent: dict[int, list[int]] = {}
    for process in everything:
        by_parent.setdefault(process.parent, []).append(process.pid)
    found, waiting = set(roots), list(roots)
    while waiting:
        new = [pid for pid in by_parent.get(waiting.pop(), ()) if pid not in found]
        found.update(new)
        waiting += new
    return [process for process in everything if process.pid in found]


async def process_ended(pid: int, started: int) -> None:
    """Waits until the process with this pid and start time has ended, whether or not it is our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        # The pid may have gone to another process before we opened it.
        if not alive(pid, started):
            return
        loop = asyncio.get_running_loop()
        ended = loop.create_future()

        def readable() -> None:
            if not ended.done():
                ended.set_result(None)

        loop.add_reader(descriptor, readable)
        try:
            await ended
        finally:
            loop.remove_reader(descriptor)
    finally:
        os.close(descriptor)


def kill_quietly(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


async def to_its_end(work: Callable[[], T]) -> T:
    """Runs a step of a launch in a thread. If the caller is cancelled, it still waits until the step is over."""
    running = asyncio.ensure_future(pools.run(pools.LAUNCHES, work))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


# --- subprocesses -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ran:
    """How a helper program ended, and the end of its output."""

    code: int
    output: str
    errors: str


async def run(argv: Sequence[str], *, seconds: float, environment: dict[str, str] | None = None) -> Ran:
    """Runs a helper program (an argv list, never a shell) to its end.

    After ``seconds`` it is killed, and ``TimeoutError`` raised.
    """
    process = children.spawn(
        *argv,
        stdout=children.PIPE,
        stderr=children.PIPE,
        env=environment or {"PATH": DEFAULT_PATH},
    )
    try:
        output, errors = await asyncio.wait_for(process.communicate(), seconds)
    except (TimeoutError, asyncio.CancelledError):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        raise
    return Ran(await process.wait(), output.decode(errors="replace"), errors.decode(errors="replace")[-4000:])


async def read_line(descriptor: int, seconds: float) -> str:
    """The first line from a pipe, or the text before the pipe was closed. Raises ``TimeoutError``."""
    os.set_blocking(descriptor, False)
    loop = asyncio.get_running_loop()
    data = bytearray()
    done = loop.create_future()

    def readable() -> None:
        try:
            chunk = os.read(descriptor, 4096)
        except BlockingIOError:
            return
        data.extend(chunk)
        if (not chunk or b"\n" in chunk) and not done.done():
            done.set_result(None)

    loop.add_reader(descriptor, readable)
    try:
        await asyncio.wait_for(done, seconds)
    finally:
        loop.remove_reader(descriptor)
    return data.partition(b"\n")[0].decode(errors="replace")
