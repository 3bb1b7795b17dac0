"""The ``posix`` launcher: plain processes, each under a small supervisor of ours. Isolates nothing, needs no root."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from dcos_runtime.agent import pools
from dcos_runtime.agent.checkpoint import boot_id
from dcos_runtime.agent.containers import base, children
from dcos_runtime.agent.containers.base import ContainerPlace, Lasting, LaunchError, Process, Usage
from dcos_runtime.agent.containers.sessions import ExecCommand, ExecSession, SessionStreams
from dcos_runtime.agent.containers.spec import ContainerSpec, HostNetwork, HostRoot, JoinedNetwork, Limits
from dcos_runtime.agent.core.model import Exit, Facts, Found
from dcos_runtime.agent.disk.watcher import DiskWatcher
from dcos_runtime.agent.isolators import listed
from dcos_runtime.agent.isolators.disk import DiskTools
from dcos_runtime.agent.isolators.listening import PortWatcher
from dcos_runtime.agent.launchers import supervisor, terminals
from dcos_runtime.agent.launchers.attending import ExecSessions
from dcos_runtime.agent.launchers.terminals import Terminal
from dcos_runtime.agent.removal import remove
from dcos_runtime.wire.containers import NetworkInfo

CREATE_SECONDS = 30.0
DESTROY_ROUNDS = 50
ENDING_SECONDS = 0.3
_PAUSED_MARK = "held"
"""The file of a container whose processes the agent stopped. Earlier agents left it by this name, so it stays."""
HOLD_ROUNDS = 20
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
SEEN_SECONDS = 3.0


class PosixLauncher:
    """Keeps a folder per container under ``folder``: its specification, its supervisor, its exit status."""

    name = "posix"

    def __init__(self, folder: Path, watcher: DiskWatcher, listening: PortWatcher | None = None) -> None:
        self.folder = folder
        tools = DiskTools(watcher, self.pids, self.paused)
        self.isolators = listed.of_processes(tools, listening or PortWatcher())
        self.sessions = ExecSessions()
        self._boot = boot_id()
        self._go: dict[str, int] = {}
        self._seen: tuple[float, list[Process]] = (float("-inf"), [])

    def shortcomings(self) -> list[str]:
        root = os.geteuid() == 0
        return [
            "tasks see the host's files, processes and network",
            "cpu and memory limits are not enforced: a task may use more than it was given",
            self.open_ports,
            "tasks may kill or read each other when they run as the same user"
            if root
            else f"all tasks run as user {os.geteuid()}, and so may read and kill each other and this agent",
        ]

    def visible(self) -> tuple[Path, ...]:
        return (Path("/"),)

    @property
    def open_ports(self) -> str:
        return "ports: not enforced: a task may bind those of the cluster's daemons, also while these are dead"

    def sandbox_inside(self, sandbox: Path) -> str:
        return str(sandbox)

    def network_of(self, container_id: str, hostname: str) -> JoinedNetwork:
        raise LaunchError("plain processes have no networks of their own; use --launcher=linux")

    async def prepare(self, spec: ContainerSpec) -> None:
        if spec.root != HostRoot() or spec.mounts or spec.network != HostNetwork():
            raise LaunchError("plain processes have no root, mounts or network of their own; use --launcher=linux")
        if spec.shared:
            raise LaunchError("plain processes have no namespaces to share; use --launcher=linux")
        if spec.limits.gpus:
            raise LaunchError("plain processes cannot be held to GPUs of their own; use --launcher=linux")
        await base.to_its_end(partial(self._prepare, spec))

    async def create(self, spec: ContainerSpec) -> int:
        folder = self.folder / spec.container_id
        async with terminals.held(spec, folder, by_runtime=False) as terminal:
            return await self._create(spec.container_id, folder, terminal)

    async def _create(self, container_id: str, folder: Path, terminal: Terminal | None) -> int:
        path = folder / "spec.json"
        own = [terminal.path] if terminal is not None and terminal.path is not None else []
        go_read, go_write = os.pipe()
        sync_read, sync_write = os.pipe()
        try:
            with (folder / "supervisor.log").open("wb") as errors:
                started = children.spawn(
                    sys.executable,
                    *("-I", "-S", supervisor.__file__, str(path), str(go_read), str(sync_write), *own),
                    stdout=errors,
                    stderr=errors,
                    env={"PATH": base.DEFAULT_PATH},
                    pass_fds=(go_read, sync_write),
                    start_new_session=False,  # it makes one itself
                )
            os.close(sync_write)
            sync_write = -1
            line = await base.read_line(sync_read, CREATE_SECONDS)
            await started.wait()
            if not line:
                said = (folder / "supervisor.log").read_text(errors="replace").strip()[-500:]
                raise LaunchError(f"the task's supervisor did not start: {said or 'it said nothing'}")
        except TimeoutError:
            os.close(go_write)
            raise LaunchError(f"the task's supervisor did not start within {CREATE_SECONDS:.0f} s") from None
        except BaseException:
            os.close(go_write)
            raise
        finally:
            for descriptor in (go_read, sync_read, sync_write):
                if descriptor >= 0:
                    os.close(descriptor)
        self._go[container_id] = go_write
        return int(json.loads(line)["pid"])

    async def start(self, container_id: str) -> None:
        descriptor = self._go.pop(container_id, None)
        if descriptor is None:
            raise LaunchError("the container was not created by this agent")
        try:
            os.write(descriptor, b"g")
        except OSError as error:
            raise LaunchError(f"the task's process ended before it was started: {error}") from error
        finally:
            os.close(descriptor)

    async def signal(self, container_id: str, number: int) -> None:
        await pools.run(pools.KILLS, partial(self._signal, container_id, self._state(container_id), number))

    async def wait(self, container_id: str) -> Exit | None:
        state = self._state(container_id)
        who = state.get("supervisor")
        if who is not None:
            await base.process_ended(who["pid"], who["started"])
        return self._exit(container_id)

    async def exec(self, container_id: str, command: ExecCommand) -> ExecSession:
        state = self._state(container_id)
        who, task = state.get("supervisor"), state.get("task")
        if not (who and task and base.alive(who["pid"], who["started"]) and base.alive(task["pid"], task["started"])):
            raise LaunchError("the container does not run")
        folder = self.folder / container_id
        spec = _load(folder / "spec.json")
        document = {
            "program": command.argv[0],
            "argv": list(command.argv),
            "environment": {**spec["environment"], **command.environment},
            "cwd": spec["cwd"],
            "user": spec["user"],
            "rlimits": spec.get("rlimits"),
        }
        own = folder / f"exec-{uuid.uuid4()}"

        async def sweep() -> None:
            """Their attendant has killed them: it is their parent."""
            await pools.run(pools.REMOVALS, partial(remove, own))

        return await self.sessions.start(container_id, command, document, own, enter=None, sweep=sweep)

    async def attach(self, container_id: str) -> SessionStreams:
        return await terminals.attach(self.folder / container_id)

    async def destroy(self, container_id: str) -> None:
        await self.sessions.end(container_id)
        descriptor = self._go.pop(container_id, None)
        if descriptor is not None:
            os.close(descriptor)
        folder = self.folder / container_id
        if not folder.exists():
            await self.isolators.cleanup(self._place(container_id))
            return
        state = self._state(container_id)
        for _ in range(DESTROY_ROUNDS):
            left = await pools.run(pools.KILLS, partial(self._signal, container_id, state, signal.SIGKILL))
            who = state.get("supervisor")
            if not left and not (who and base.alive(who["pid"], who["started"])):
                break
            await asyncio.sleep(0.05)
            if who is None:
                state = self._state(container_id)
                continue
            with contextlib.suppress(TimeoutError):  # the supervisor does the same, and is closer to them
                await asyncio.wait_for(base.process_ended(who["pid"], who["started"]), ENDING_SECONDS)
        else:
            raise OSError(f"{left} processes of container {container_id} do not end")
        await terminals.end(folder)
        await self.isolators.cleanup(self._place(container_id))
        await pools.run(pools.REMOVALS, partial(remove, folder))

    async def inspect(self, container_id: str) -> Facts:
        if not (self.folder / container_id).exists():
            return Facts(Found.ABSENT)
        state = self._state(container_id)
        task, who = state.get("task"), state.get("supervisor")
        if (exit := self._exit(container_id)) is not None:
            return Facts(Found.EXITED, exit, task["pid"] if task else None)
        if task is None or who is None:
            return Facts(Found.ABSENT)
        if base.alive(who["pid"], who["started"]):
            return Facts(Found.RUNNING, pid=task["pid"])
        return Facts(Found.ORPHANED if self._processes(container_id, state) else Found.ABSENT, pid=task["pid"])

    async def recover(self, container_id: str, lasting: Lasting | None) -> None:
        if who := self._state(container_id).get("supervisor"):
            await pools.run(pools.KILLS, partial(self._let_go, container_id, who))
        await pools.run(pools.LAUNCHES, partial(self.isolators.recover, self._place(container_id), lasting))

    async def update(self, container_id: str, limits: Limits, before: Limits) -> None:
        await base.to_its_end(partial(self.isolators.update, self._place(container_id), limits, before))

    def listed(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return sorted(entry.name for entry in self.folder.iterdir() if entry.is_dir())
        return []

    def networks(self, container_id: str) -> tuple[NetworkInfo, ...]:
        return ()

    def usage(self, container_id: str) -> Usage | None:
        found = self._processes(container_id, self._state(container_id), thorough=False)
        if not found:
            return None
        rss = sum(process.rss_pages for process in found) * PAGE
        known = Usage(
            cpus_user_time_secs=sum(process.user_ticks for process in found) / TICKS,
            cpus_system_time_secs=sum(process.system_ticks for process in found) / TICKS,
            mem_rss_bytes=rss,
            mem_total_bytes=rss,
            processes=len(found),
        )
        return self.isolators.usage(self._place(container_id), known)

    def pids(self, container_id: str) -> list[int]:
        """Remembered for some seconds: it is called often, for every container, and listing all processes is
        expensive.
        """
        if time.monotonic() - self._seen[0] > SEEN_SECONDS:
            self._seen = (time.monotonic(), base.processes())
        who = self._state(container_id).get("supervisor")
        if who is None or not base.alive(who["pid"], who["started"]):
            return []
        return [process.pid for process in self._below(container_id, who, self._seen[1])]

    def processes(self, container_id: str) -> list[Process]:
        who = self._state(container_id).get("supervisor")
        if who is None or not base.alive(who["pid"], who["started"]):
            return []
        return self._below(container_id, who, base.processes())

    def _below(self, container_id: str, who: dict[str, Any], everything: list[Process]) -> list[Process]:
        """Those of ``everything`` that come from the supervisor, or from a command that runs beside the first one."""
        roots = {who["pid"], *(session.attendant for session in self.sessions.of(container_id))}
        return [process for process in base.with_descendants(everything, roots) if process.pid not in roots]

    @contextlib.contextmanager
    def paused(self, container_id: str) -> Iterator[bool]:
        """Stops the processes with SIGSTOP, except those that were stopped before. A mark on the disk survives if the
        agent ends in between.
        """
        who = self._state(container_id).get("supervisor")
        if who is None or not base.alive(who["pid"], who["started"]):
            yield False
            return
        mark = self.folder / container_id / _PAUSED_MARK
        before = {process.pid for process in base.processes() if process.state in ("T", "t")}
        stopped: set[int] = set()
        try:
            mark.touch()
            for _ in range(HOLD_ROUNDS):
                new = supervisor.signal_descendants(who["pid"], signal.SIGSTOP, stopped | before)
                stopped |= new
                if not new:
                    break
            yield bool(stopped) and not new
        finally:
            for pid in stopped:
                supervisor.send(pid, signal.SIGCONT)
            mark.unlink(missing_ok=True)

    def _place(self, container_id: str) -> ContainerPlace:
        return ContainerPlace(container_id, self.folder / container_id)

    def _prepare(self, spec: ContainerSpec) -> None:
        """Makes the container's folder, with what its supervisor is told."""
        place = self._place(spec.container_id)
        folder = place.folder
        folder.mkdir(parents=True, mode=0o700)
        process, user = spec.process, spec.process.user
        document: dict[str, Any] = {
            "program": process.program or process.argv[0],
            "argv": list(process.argv),
            "environment": process.environment,
            "cwd": str(spec.sandbox),
            "stdout": str(spec.sandbox / "stdout"),
            "stderr": str(spec.sandbox / "stderr"),
            "user": {"uid": user.uid, "gid": user.gid, "groups": list(user.groups)} if os.geteuid() == 0 else None,
            "state": str(folder / "state.json"),
            "exit": str(folder / "exit.json"),
            "boot": self._boot,
        }
        self.isolators.prepare(spec, place, document)
        path = folder / "spec.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(document))

    def _let_go(self, container_id: str, who: dict[str, Any]) -> None:
        """The former agent may have ended while the container was paused."""
        mark = self.folder / container_id / _PAUSED_MARK
        if mark.exists():
            supervisor.signal_descendants(who["pid"], signal.SIGCONT, set())
            mark.unlink(missing_ok=True)

    def _state(self, container_id: str) -> dict[str, Any]:
        """The process that runs the container. None when it was started before the machine's last boot: its pid is
        another process's now.
        """
        state = _load(self.folder / container_id / "state.json")
        return state if state.get("boot") == self._boot else {}

    def _exit(self, container_id: str) -> Exit | None:
        status = _load(self.folder / container_id / "exit.json").get("status")
        if status is None:
            return None
        if os.WIFSIGNALED(status):
            return Exit(signal=os.WTERMSIG(status))
        return Exit(code=os.waitstatus_to_exitcode(status))

    def _signal(self, container_id: str, state: dict[str, Any], number: int) -> int:
        """Signals every process of the container, SIGKILL so that none escapes. Returns how many. Blocks."""
        task, who = state.get("task"), state.get("supervisor")
        if task is None or who is None:
            return 0
        if base.alive(who["pid"], who["started"]):
            if number == signal.SIGKILL:
                # The supervisor continues if this agent is killed meanwhile, or gets no processor.
                supervisor.send(who["pid"], supervisor.NOW)
                with supervisor.thread_first():
                    return supervisor.stop_and_kill(who["pid"])
            done = supervisor.signal_descendants(who["pid"], number, set())
            return len(done | supervisor.signal_descendants(who["pid"], number, done))  # with those forked since
        if number == signal.SIGKILL:
            for process in self._processes(container_id, state):
                supervisor.send(process.pid, signal.SIGSTOP)
        return sum(supervisor.send(process.pid, number) for process in self._processes(container_id, state))

    def _processes(self, container_id: str, state: dict[str, Any], thorough: bool = True) -> list[Process]:
        """The container's processes that run: the supervisor's descendants, or, once that is gone, what is left of the
        task's session and whatever else has the container's sandbox in its environment."""
        task, who = state.get("task"), state.get("supervisor")
        if task is None or who is None:
            return []
        everything = [process for process in base.processes() if process.state not in ("Z", "X")]
        if base.alive(who["pid"], who["started"]):
            return self._below(container_id, who, everything)
        if not thorough:
            return []
        roots = {process.pid for process in everything if process.session == task["pid"]}
        mark = _load(self.folder / container_id / "spec.json").get("environment", {}).get("MESOS_SANDBOX")
        if mark:
            roots |= {
                process.pid for process in everything if _has_in_environment(process.pid, f"MESOS_SANDBOX={mark}")
            }
        return [process for process in everything if process.pid in roots]


def _has_in_environment(pid: int, entry: str) -> bool:
    try:
        return entry.encode() in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False


def _load(path: Path) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = json.loads(path.read_text())
        return loaded
    except (OSError, ValueError):
        return {}
