"""The ``linux`` launcher: OCI containers by crun or runc, each under a conmon that outlives the agent."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import logging
import os
import shutil
import signal
import tempfile
import time
import uuid
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

from dcos_runtime.agent import pools
from dcos_runtime.agent.container_user import ContainerUser
from dcos_runtime.agent.containers import base, children
from dcos_runtime.agent.containers.base import ContainerPlace, Lasting, LaunchError, LauncherUnusable, Usage
from dcos_runtime.agent.containers.cgroups import Cgroups
from dcos_runtime.agent.containers.networks import Networks, NetworkSettings
from dcos_runtime.agent.containers.sessions import ExecCommand, ExecSession, SessionStreams
from dcos_runtime.agent.containers.spec import SANDBOX, ContainerSpec, FirstProcess, JoinedNetwork, Limits
from dcos_runtime.agent.core.model import Exit, Facts, Found
from dcos_runtime.agent.disk.projects import Projects
from dcos_runtime.agent.disk.watcher import DiskWatcher
from dcos_runtime.agent.isolators import image, killing, listed, network
from dcos_runtime.agent.isolators.disk import DiskTools
from dcos_runtime.agent.isolators.gpus import Gpus
from dcos_runtime.agent.isolators.listening import PortWatcher
from dcos_runtime.agent.isolators.ports import PortGuard
from dcos_runtime.agent.isolators.root import RootFilesystem
from dcos_runtime.agent.launchers import bundle, evidence, joining, terminals
from dcos_runtime.agent.launchers.attending import ExecSessions
from dcos_runtime.agent.removal import remove
from dcos_runtime.agent.sandbox import open_output
from dcos_runtime.errors import Unstartable
from dcos_runtime.wire.containers import NetworkInfo

log = logging.getLogger(__name__)

COMMAND_SECONDS = 60.0
"""How long one command of the OCI runtime may take."""

CONMON_SECONDS = 3.0
"""How long conmon may take to leave the exit status after its container is gone, before it is killed."""

OOM_SECONDS = 10.0
"""If a task failed, an OOM kill up to so many seconds before its end counts as the cause."""

INIT_ROUNDS = 4000
"""How often we look, 5 ms apart, whether tini has started the command. On a busy host a small share of a processor can
take seconds to come.
"""

EXITING_SECONDS = 2.0
"""How often we look whether tini is exiting and waits for processes that the command left running."""

TINI = "tini-static"
"""tini, every container's first process. Statically linked: the task's environment may name other libraries."""

TRIAL_PROCESSES = 64
"""Processes and threads that a trial container may have."""

WAITS = "exec.fifo"
"""In the OCI runtime's folder of a container, runc's and crun's, as long as its process waits for ``start``."""

LAYOUT = "cgroups"
"""The file of a container that says which control groups it was made with."""

SIGNALLED = 128  # conmon reports a signal as a shell does


class OciLauncher:
    """Keeps a folder per container under ``folder``, the runtime's own state under ``runtime_folder`` (a tmpfs)."""

    name = "linux"

    def __init__(
        self,
        folder: Path,
        runtime_folder: Path,
        watcher: DiskWatcher,
        *,
        cgroups_root: str = "mesos",
        ports: PortGuard | None = None,
        listening: PortWatcher | None = None,
        gpus: Gpus | None = None,
        projects: Projects | None = None,
        networks: Networks | None = None,
    ) -> None:
        self.folder = folder
        self.state = runtime_folder / "oci"
        self.cgroups_root = cgroups_root
        self.ports = ports or PortGuard()
        self._listening = listening or PortWatcher()
        self.gpus = gpus or Gpus()
        self._networks = networks or Networks(NetworkSettings(runtime_folder / "networks", str(folder)))
        # Resolved: runc refuses a root folder that is reached through a link.
        self.root = RootFilesystem(folder.parent.resolve() / "root")
        self._disk = DiskTools(watcher, self.pids, self.paused, projects)
        self.use(Cgroups(False, {}))
        self.sessions = ExecSessions()
        self.runtime = ""
        self.conmon = ""
        self.tini = ""

    def use(self, cgroups: Cgroups) -> None:
        """Sets the machine's control groups, and with them what holds containers apart."""
        self.cgroups = cgroups
        self.isolators = listed.of_containers(
            cgroups=cgroups,
            root=self.root,
            ports=self.ports,
            listening=self._listening,
            gpus=self.gpus,
            networks=self._networks,
            disk=self._disk,
            machine=os.uname().machine,
        )

    # --- can it work here ---------------------------------------------------------------------------------------------

    async def prove(self) -> str:
        """Runs a trial container. Returns the chosen runtime in words. Raises `LauncherUnusable`."""
        if os.geteuid() != 0:
            raise LauncherUnusable("containers want root", hint="start the agent as root, or with --launcher=posix")
        self.use(Cgroups.read())
        if not self.cgroups.mounts:
            raise LauncherUnusable(
                "no control groups are mounted at /sys/fs/cgroup", hint="mount them, or use --launcher=posix"
            )
        if unwritable := self.cgroups.unwritable():
            places = ", ".join(str(mount) for mount in unwritable)
            raise LauncherUnusable(
                f"control groups cannot be made in {places} (read-only)",
                hint="remount them rw, or use --launcher=posix",
            )
        order = ("crun", "runc") if self.cgroups.unified else ("runc", "crun")
        self.runtime = next((path for name in order if (path := _program(name))), "")
        self.conmon = _program("conmon") or ""
        self.tini = _program(TINI) or ""
        wanted = ((order[0], self.runtime), ("conmon", self.conmon), (f"{TINI} (of the package tini)", self.tini))
        if missing := [name for name, path in wanted if not path]:
            missed = " and ".join(missing)
            raise LauncherUnusable(f"{missed} not found", hint="install them, or use --launcher=posix")
        self.gpus.check()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.gpus.resume(self.folder)
        await pools.run(pools.NETWORKS, partial(self._networks.begin, self.folder))
        self.state.mkdir(parents=True, exist_ok=True)
        self.root.prepare()
        await self.ports.begin(self.cgroups, self.cgroups_root)
        await self._trial()
        return f"OCI containers by {self.runtime} under {self.conmon}; control groups are {self.cgroups.layout}"

    def claim(self) -> None:
        """Reserves this agent's cgroup for as long as the process lives, so that no other agent of the machine uses it.

        With one cgroup for both, each would change the other's closed ports. Raises ``OSError`` when another agent has
        it.
        """
        with contextlib.suppress(PermissionError, FileNotFoundError):  # `prove` says what is wrong
            if not Cgroups.read().claim(self.cgroups_root):
                raise Unstartable(
                    f"--cgroups_root={self.cgroups_root} cannot be used",
                    why="another agent of this machine keeps its containers there",
                    hint="end it first, or give each a --cgroups_root of its own",
                )

    async def _trial(self) -> None:
        for left in self.folder.parent.glob("trial-*"):  # by an agent that was killed
            with contextlib.suppress(OSError):
                remove(left)
        container_id = f"trial-{uuid.uuid4()}"
        sandbox = Path(tempfile.mkdtemp(prefix="trial-", dir=self.folder.parent))
        for name in ("stdout", "stderr"):
            (sandbox / name).touch()
        spec = ContainerSpec(
            container_id=container_id,
            sandbox=sandbox,
            limits=Limits(cpus=0.1, cpu_quota=0.5, memory=64 << 20, processes=TRIAL_PROCESSES),
            process=FirstProcess(
                argv=("/bin/sh", "-c", "echo works"),
                environment={"PATH": base.DEFAULT_PATH},
                user=ContainerUser("root", 0, 0, (0,), "/root"),
            ),
        )
        try:
            await self.prepare(spec)
            await self.create(spec)
            await self.start(container_id)
            ended = await asyncio.wait_for(self.wait(container_id), COMMAND_SECONDS)
            said = (sandbox / "stdout").read_text()
            if ended is None or ended.code != 0 or said != "works\n":
                errors = (sandbox / "stderr").read_text().strip()
                raise LauncherUnusable(f"a trial container did not work ({ended}, it said {said + errors!r})")
        except (LaunchError, OSError, TimeoutError, ValueError) as error:
            raise LauncherUnusable(f"a trial container could not be run: {error or type(error).__name__}") from error
        finally:
            with contextlib.suppress(OSError):
                await self.destroy(container_id)
            with contextlib.suppress(OSError):
                remove(sandbox)

    def shortcomings(self) -> list[str]:
        found = [] if self._networks.settings.wanted else ["tasks share the host's network"]
        if not self.cgroups.swap_accounted:
            found.append("the kernel does not account for swap here: a task may swap beyond its memory limit")
        if self.open_ports:
            found.append(self.open_ports)
        return found

    def visible(self) -> tuple[Path, ...]:
        return tuple(Path(folder) for folder in self.root.bound())

    @property
    def open_ports(self) -> str:
        return self.ports.shortcoming

    def sandbox_inside(self, sandbox: Path) -> str:
        return SANDBOX

    # --- life of a container ------------------------------------------------------------------------------------------

    async def prepare(self, spec: ContainerSpec) -> None:
        if why := bundle.unsupported(spec):
            raise LaunchError(why)
        if spec.limits.gpus:
            await self.gpus.take(spec.container_id, spec.limits.gpus)
        await base.to_its_end(partial(self._prepare, spec))

    async def create(self, spec: ContainerSpec) -> int:
        place = self._place(spec.container_id)
        async with terminals.held(spec, place.folder, by_runtime=True) as terminal:
            return await self._create(spec, place, terminal)

    async def _create(self, spec: ContainerSpec, place: ContainerPlace, terminal: terminals.Terminal | None) -> int:
        folder = place.folder
        sync_read, sync_write = os.pipe()
        start_read, start_write = os.pipe()
        try:
            with (
                os.fdopen(open_output(spec.sandbox, "stdout"), "ab") as stdout,
                os.fdopen(open_output(spec.sandbox, "stderr"), "ab") as stderr,
            ):
                process = children.spawn(
                    *self._conmon_argv(spec.container_id, folder, terminal),
                    stdout=stdout,
                    stderr=stderr,
                    cwd=folder,  # conmon writes its oom marker into its working directory
                    env={
                        "PATH": base.DEFAULT_PATH,
                        # conmon parses its command line in the locale, which has to be UTF-8 for paths with other
                        # letters.
                        "LC_ALL": "C.UTF-8",
                        "_OCI_SYNCPIPE": str(sync_write),
                        "_OCI_STARTPIPE": str(start_read),
                    },
                    pass_fds=(sync_write, start_read),
                )
            os.close(sync_write)
            sync_write = -1
            # conmon waits for our word before it makes anything: so isolators have all its children from their
            # beginning.
            try:
                await self._isolate(place, process.pid)
            except OSError as error:
                process.kill()
                raise LaunchError(error.strerror or str(error)) from error
            except asyncio.CancelledError:
                process.kill()
                raise
            os.write(start_write, b"\0")
            line = await base.read_line(sync_read, COMMAND_SECONDS)
            await process.wait()
        except TimeoutError:
            raise LaunchError(f"conmon did not create the container within {COMMAND_SECONDS:.0f} s") from None
        finally:
            for descriptor in (sync_read, sync_write, start_read, start_write):
                if descriptor >= 0:
                    os.close(descriptor)
        answer: dict[str, Any] = json.loads(line) if line.startswith("{") else {}
        pid = int(answer.get("data", -1))
        if pid <= 0:
            raise LaunchError(f"the container could not be created: {answer.get('message') or 'conmon said nothing'}")
        try:
            self.isolators.confirm(place, pid)
        except OSError as error:
            raise LaunchError(error.strerror or str(error)) from error
        return pid

    async def _isolate(self, place: ContainerPlace, pid: int) -> None:
        await base.to_its_end(partial(self.isolators.isolate, place, pid))

    async def start(self, container_id: str) -> None:
        try:
            ran = await self._runtime("start", container_id)
        except TimeoutError:
            raise LaunchError(f"{self.runtime} did not start the container in {COMMAND_SECONDS:.0f} s") from None
        if ran.code:
            raise LaunchError(f"the container could not be started: {ran.errors.strip()}")
        await self._command_runs(container_id)

    async def signal(self, container_id: str, number: int) -> None:
        if number == signal.SIGKILL:
            await self._kill(container_id)
            return
        init = evidence.number(self.folder / container_id / "pid")
        cgroup = self._cgroup(container_id)
        await pools.run(pools.KILLS, partial(killing.send, self.cgroups, cgroup, number, init))

    async def wait(self, container_id: str) -> Exit | None:
        pid = self._conmon_pid(container_id)
        started = base.start_time(pid) if pid else None
        if pid and started:
            await self._supervised(container_id, pid, started)
        return self._exit(container_id)

    async def exec(self, container_id: str, command: ExecCommand) -> ExecSession:
        """In a cgroup of its own below the container's, by which all that it starts is found."""
        place, name = self._place(container_id), f"{joining.COMMANDS}{uuid.uuid4()}"
        folder, group = place.folder / name, f"{place.cgroup}/{name}"

        async def sweep() -> None:
            if not await pools.run(pools.KILLS, partial(killing.sweep, self.cgroups, group)):
                log.warning("processes of a command in container %s have not ended yet", container_id)
            await pools.run(pools.REMOVALS, partial(remove, folder))

        try:
            document = await pools.run(
                pools.LAUNCHES, partial(joining.join, place, name, command, self.cgroups, self.runtime, self.state)
            )
            session = await self.sessions.start(
                container_id,
                command,
                document,
                folder,
                enter=partial(self._isolate, place),
                sweep=sweep,
            )
        except FileNotFoundError as error:
            await sweep()
            raise LaunchError("the container does not run") from error
        try:
            self.isolators.confirm(place, session.pid)
        except OSError as error:
            if base.alive(session.pid, base.start_time(session.pid)):  # otherwise it has ended already
                await session.end()
                raise LaunchError(error.strerror or str(error)) from error
        return session

    async def attach(self, container_id: str) -> SessionStreams:
        return await terminals.attach(self.folder / container_id)

    async def destroy(self, container_id: str) -> None:
        folder = self.folder / container_id
        if not folder.exists() and not (self.state / container_id).exists():
            await self.isolators.cleanup(self._place(container_id))
            return
        try:
            # Before conmon's pid is known it may still be about to create the container: end it first, then delete.
            if not (folder / "pid").exists():
                await pools.run(pools.KILLS, partial(self._kill_conmon, container_id))
            await self._kill(container_id)
            await self.sessions.end(container_id)
            ran = await self._runtime("delete", "--force", container_id)
            pid = self._conmon_pid(container_id)
            started = base.start_time(pid) if pid else None
            if pid and started:
                try:
                    await asyncio.wait_for(base.process_ended(pid, started), CONMON_SECONDS)
                except TimeoutError:
                    await pools.run(pools.KILLS, partial(self._kill_conmon, container_id))
        except TimeoutError:
            raise OSError(f"{self.runtime} did not delete container {container_id} in time") from None
        if (self.state / container_id).exists():
            raise OSError(f"container {container_id} cannot be deleted yet: {ran.errors.strip()}")
        await terminals.end(folder)
        await self.isolators.cleanup(self._place(container_id))
        await pools.run(pools.REMOVALS, partial(remove, folder))

    async def inspect(self, container_id: str) -> Facts:
        """From what runtime and conmon leave in their folders: to ask the runtime would take a process a container."""
        if not (self.folder / container_id).exists():
            return Facts(Found.ABSENT)
        await self._started(container_id)
        return await pools.run(pools.READS, partial(self._inspect, container_id))

    async def _started(self, container_id: str) -> None:
        """Waits for a ``start`` that a former agent began, which goes on when that is killed. Raises ``OSError``."""
        while (self.state / container_id / WAITS).exists():
            everything = await pools.run(pools.READS, base.processes)
            starting = [process for process in everything if evidence.starts(process.pid, container_id)]
            if not starting:
                return
            try:
                await asyncio.wait_for(base.process_ended(starting[0].pid, starting[0].started), COMMAND_SECONDS)
            except TimeoutError:
                raise OSError(f"the start of container {container_id} does not end") from None

    def _inspect(self, container_id: str) -> Facts:
        folder, state = self.folder / container_id, self.state / container_id
        pid = evidence.number(folder / "pid")
        if (exit := self._exit(container_id)) is not None:
            return Facts(Found.EXITED, exit, pid)
        self._check_layout(container_id, pid)
        supervised = self._conmon_pid(container_id) is not None
        if (state / WAITS).exists():
            return Facts(Found.CREATED, pid=pid)
        if supervised and state.exists():
            return Facts(Found.RUNNING, pid=pid)
        if state.exists() and pid and evidence.is_in(pid, container_id) and base.alive(pid, base.start_time(pid)):
            return Facts(Found.ORPHANED, pid=pid)
        exit = self._exit(container_id)  # conmon may have written the status meanwhile
        return Facts(Found.ABSENT if exit is None else Found.EXITED, exit, pid)

    def listed(self) -> list[str]:
        with contextlib.suppress(FileNotFoundError):
            return sorted(entry.name for entry in self.folder.iterdir() if entry.is_dir())
        return []

    async def recover(self, container_id: str, lasting: Lasting | None) -> None:
        await pools.run(pools.KILLS, partial(self._recover, self._place(container_id), lasting))

    async def update(self, container_id: str, limits: Limits, before: Limits) -> None:
        await base.to_its_end(partial(self.isolators.update, self._place(container_id), limits, before))

    def network_of(self, container_id: str, hostname: str) -> JoinedNetwork:
        etc = self.folder / container_id / network.ETC
        return JoinedNetwork(self._networks.namespace_file(container_id), etc, hostname)

    def networks(self, container_id: str) -> tuple[NetworkInfo, ...]:
        return self._networks.infos(container_id)

    def usage(self, container_id: str) -> Usage | None:
        return self.isolators.usage(self._place(container_id), Usage())

    def layers_in_use(self) -> set[str]:
        """The names of the layers that containers have in their roots. It blocks."""
        return image.layers_in_use(self.folder)

    def pids(self, container_id: str) -> list[int]:
        return self.cgroups.pids(self._cgroup(container_id))

    def processes(self, container_id: str) -> list[base.Process]:
        """Those in its cgroup and below. The ended ones have left it, and are found by their parents."""
        everything = base.processes()
        # Asked after that: a pid that another process had before is then known by its start time.
        return base.with_descendants(everything, killing.members(self.cgroups, self._cgroup(container_id)))

    def paused(self, container_id: str) -> AbstractContextManager[bool]:
        return killing.paused(self.cgroups, self._cgroup(container_id))

    # --- pieces -------------------------------------------------------------------------------------------------------

    def _check_layout(self, container_id: str, pid: int | None) -> None:
        """A container that lives on while control groups are mounted in another way can neither be limited nor ended.
        Agents of former versions did not write down which way it was. Raises `LauncherUnusable`.
        """
        try:
            before = (self.folder / container_id / LAYOUT).read_text()
        except FileNotFoundError:
            return
        if before == self.cgroups.layout or not (self._conmon_pid(container_id) or evidence.is_in(pid, container_id)):
            return
        raise LauncherUnusable(
            f"container {container_id} runs, and this agent can neither limit nor end it",
            why=f"control groups were {before} when it was made, and are {self.cgroups.layout}",
            hint="reboot the machine, which ends it, or mount control groups as they were; the agent then starts, and"
            " reports the task",
        )

    def _prepare(self, spec: ContainerSpec) -> None:
        """Makes the container's folder: its bundle, what isolators put there, and the folder that conmon writes to."""
        place = self._place(spec.container_id)
        place.folder.mkdir(parents=True, mode=0o700)
        for name in ("bundle", "exits"):
            (place.folder / name).mkdir()
        (place.folder / LAYOUT).write_text(self.cgroups.layout)
        document = bundle.configuration(spec, place.cgroup, self.tini)
        self.isolators.prepare(spec, place, document)
        path = place.folder / "bundle" / "config.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(document))

    def _recover(self, place: ContainerPlace, lasting: Lasting | None) -> None:
        """Commands that ran in the container ended with the former agent; what they left is ended here."""
        joining.sweep_left(place, self.cgroups)
        self.isolators.recover(place, lasting)

    async def _kill(self, container_id: str) -> None:
        await pools.run(pools.KILLS, partial(killing.kill, self.cgroups, self._cgroup(container_id)))

    async def _supervised(self, container_id: str, conmon: int, started: int) -> None:
        """Waits for conmon's end. If the command ended and left thousands of processes, their cpu limit is lifted,
        because ending them under it would take minutes.
        """
        ended = asyncio.ensure_future(base.process_ended(conmon, started))
        init = evidence.number(self.folder / container_id / "pid")
        try:
            while not (await asyncio.wait([ended], timeout=EXITING_SECONDS))[0]:
                if base.exiting(init):
                    await self._kill(container_id)
            await ended
        finally:
            ended.cancel()

    async def _command_runs(self, container_id: str) -> None:
        """Waits until tini has a child, for a limited time: a signal before that would reach no task."""
        init = evidence.number(self.folder / container_id / "pid")
        started = base.start_time(init) if init else None
        for _ in range(INIT_ROUNDS):
            if not base.alive(init, started) or killing.members(self.cgroups, self._cgroup(container_id)) - {init}:
                return
            await asyncio.sleep(0.005)

    def _conmon_argv(self, container_id: str, folder: Path, terminal: terminals.Terminal | None) -> list[str]:
        return [
            self.conmon,
            *("--api-version", "1"),
            *("--cid", container_id),
            *("--cuuid", container_id),
            *("--name", container_id),
            *("--runtime", self.runtime),
            f"--runtime-arg=--root={self.state}",
            *(terminal.options if terminal is not None else ()),
            *("--bundle", str(folder / "bundle")),
            *("--container-pidfile", str(folder / "pid")),
            *("--conmon-pidfile", str(folder / "conmon.pid")),
            *("--exit-dir", str(folder / "exits")),
            *("--persist-dir", str(folder)),
            *("--socket-dir-path", str(folder)),
            *("--log-path", "passthrough"),
            *("--log-level", "error"),
            "--no-new-keyring",
        ]

    def _place(self, container_id: str) -> ContainerPlace:
        return ContainerPlace(container_id, self.folder / container_id, self._cgroup(container_id))

    def _cgroup(self, container_id: str) -> str:
        return f"/{self.cgroups_root.strip('/')}/{container_id}"

    async def _runtime(self, command: str, *arguments: str) -> base.Ran:
        argv = [self.runtime, "--root", str(self.state), command, *arguments]
        return await base.run(argv, seconds=COMMAND_SECONDS)

    def _conmon_pid(self, container_id: str) -> int | None:
        """The pid of the conmon that runs for the container."""
        pid = evidence.number(self.folder / container_id / "conmon.pid")
        return pid if pid and evidence.is_conmon(pid, container_id) else None

    def _kill_conmon(self, container_id: str) -> None:
        """Kills conmon, even if its pid file is missing, and the runtime that it runs, until they have ended: one that
        is killed may still make a cgroup. Blocks. Raises ``OSError`` when one does not end.
        """
        until = time.monotonic() + CONMON_SECONDS
        while makers := evidence.makers(container_id, Path(self.runtime).name):
            if time.monotonic() > until:
                raise OSError(errno.EBUSY, f"process {makers[0]}, which makes container {container_id}, does not end")
            for pid in makers:
                base.kill_quietly(pid, signal.SIGKILL)
            time.sleep(0.005)

    def _exit(self, container_id: str) -> Exit | None:
        folder = self.folder / container_id
        path = folder / "exits" / container_id
        code = evidence.number(path)
        if code is None:
            return None
        cgroup = self._cgroup(container_id)
        return Exit(
            code=code if code <= SIGNALLED or code > SIGNALLED + signal.NSIG else None,
            signal=code - SIGNALLED if SIGNALLED < code <= SIGNALLED + signal.NSIG else None,
            oom=self._killed_for_memory(code, folder, path, cgroup),
            memory_limit=self.cgroups.memory_limit(cgroup),
            memory_peak=self.cgroups.memory_peak(cgroup),
        )

    def _killed_for_memory(self, code: int, folder: Path, exit_path: Path, cgroup: str) -> bool:
        marker = folder / "oom"
        if code == SIGNALLED + signal.SIGKILL:
            return marker.exists() or self.cgroups.oom_kills(cgroup) > 0
        if code == 0:
            return False
        try:
            return exit_path.stat().st_mtime - marker.stat().st_mtime <= OOM_SECONDS
        except FileNotFoundError:  # it was not killed so, or the container's folder is being removed
            return False


def _program(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", "") + ":" + base.DEFAULT_PATH)
