"""A pretended master that uses the agent protocol, and real agents beside it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from dcos_runtime.wire import codec, internal, recordio
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import FrameworkID, TaskID
from dcos_runtime.wire.tasks import TaskStatus
from tests.support.daemons.byhand import PATIENCE, Daemon, ask, wait_for

WAIT = 60.0 * PATIENCE
FRAMEWORK = "framework-1"
TERMINAL = ("FINISHED", "FAILED", "KILLED", "ERROR", "LOST", "DROPPED", "GONE")


class PretendedMaster:
    """Admits every agent; runs in a thread of its own. ``acknowledging`` False leaves updates unanswered.

    ``spoken``: its versions of the protocol. One of version 1 says what masters of that version said. ``port``: one of
    `free_port`, where another one is to follow on it; by default any.
    """

    def __init__(self, spoken: Sequence[int] = internal.SPOKEN, port: int = 0) -> None:
        self.spoken = list(spoken)
        self.port = port
        self.connects: list[internal.Connect] = []
        self.updates: list[TaskStatus] = []
        self.gone: list[str] = []
        self.acknowledging = True
        self.dismissing = False
        self.ids: dict[str, str] = {}
        self.connected: dict[str, asyncio.Queue[bytes | None]] = {}
        self._changed = threading.Condition()
        self._epoch = 0
        self._down: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(WAIT)

    # --- the protocol ---

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)

        async def begin() -> None:
            application = web.Application(client_max_size=1 << 26)
            application.router.add_get(internal.PATH, self._endpoint)
            application.router.add_post(f"{internal.PATH}/connect", self._connect)
            application.router.add_post(f"{internal.PATH}/messages", self._messages)
            self._runner = web.AppRunner(application, handler_cancellation=True, shutdown_timeout=0.1)
            await self._runner.setup()
            await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
            self.port = int(self._runner.addresses[0][1])

        self._loop.run_until_complete(begin())
        ready.set()
        self._loop.run_forever()

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(WAIT)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT)

    async def _endpoint(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=codec.encode(internal.Endpoint(port=self.port, versions=self.spoken)))

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        call = codec.decode(await request.read(), internal.Connect)
        if self.dismissing:
            return web.Response(status=410, text="removed by an operator")
        agent_id = call.agent.id.value if call.agent.id else f"agent-{len(self.ids) + 1}"
        self.ids[call.agent.hostname] = agent_id
        self._epoch += 1
        epoch = self._epoch
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.connected[agent_id] = queue
        self._down[agent_id] = 1
        connected: dict[str, Any] = {"type": "CONNECTED", "agent_id": agent_id, "epoch": epoch, "seq": 1}
        connected |= {"master_id": "pretended", "ping_seconds": 60.0}
        if self.spoken != [1]:
            connected["version"] = internal.VERSION
        await response.write(recordio.encode(json.dumps(connected).encode()))
        with self._changed:
            self.connects.append(call)
            self._changed.notify_all()
        try:
            while (record := await queue.get()) is not None:
                await response.write(recordio.encode(record))
        finally:
            if self.connected.get(agent_id) is queue:
                del self.connected[agent_id]
        return response

    async def _messages(self, request: web.Request) -> web.StreamResponse:
        batch = codec.decode(await request.read(), internal.Batch)
        if batch.epoch != self._epoch and len(self.ids) == 1:
            return web.Response(status=409, text="stale epoch")
        for message in batch.messages:
            if isinstance(message, internal.Update):
                with self._changed:
                    if message.status.uuid not in [known.uuid for known in self.updates]:
                        self.updates.append(message.status)
                    self._changed.notify_all()
                if self.acknowledging:
                    self._acknowledge(batch.agent_id, message.framework_id, message.status)
            elif isinstance(message, internal.TaskGone):
                with self._changed:
                    self.gone.append(message.task_id)
                    self._changed.notify_all()
        return web.Response(body=codec.encode(internal.Taken(seq=batch.messages[-1].seq)))

    def _acknowledge(self, agent_id: str, framework_id: str, status: TaskStatus) -> None:
        assert status.uuid is not None
        self._tell(
            agent_id,
            internal.Acknowledge,
            framework_id=FrameworkID(value=framework_id),
            task_id=status.task_id,
            uuid=status.uuid,
        )

    def _tell(self, agent_id: str, kind: type[Any], **fields: Any) -> None:
        """Only in the loop's thread."""
        if agent_id not in self.connected:
            return  # lost with its connection
        self._down[agent_id] += 1
        message = kind(agent_id=agent_id, epoch=self._epoch, seq=self._down[agent_id], **fields)
        self.connected[agent_id].put_nowait(codec.encode(message))

    # --- for tests ---

    def tell(self, agent_id: str, kind: type[Any], **fields: Any) -> None:
        """Like a real master, it sends nothing on a lost connection: it waits for the agent's next one."""
        self.until(lambda: agent_id in self.connected, f"a connection of {agent_id}")
        self._loop.call_soon_threadsafe(lambda: self._tell(agent_id, kind, **fields))

    def until_sent(self) -> None:
        """Until all that it was told to tell is on its way, or was lost with a connection."""
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0), self._loop).result(WAIT)

    def until(self, condition: Callable[[], Any], what: str, seconds: float = WAIT) -> Any:
        deadline = time.monotonic() + seconds
        with self._changed:
            while not (found := condition()):
                left = deadline - time.monotonic()
                result = [(u.task_id.value, u.state.value, *([u.message] if u.message else [])) for u in self.updates]
                assert left > 0, f"{what} did not come; updates, the latest first: {result[::-1]}"
                self._changed.wait(min(left, 0.5))
        return found

    def run(self, agent_id: str, task_id: str, command: Any = "true", user: str = "root", **extra: Any) -> None:
        """Launches a task; ``command`` is a shell command or a whole CommandInfo, ``None`` with an ``executor``."""
        mem = extra.pop("mem", 64.0)
        cpus = extra.pop("cpus", 0.1)
        task = {
            "name": task_id,
            "task_id": {"value": task_id},
            "agent_id": {"value": agent_id},
            **({"command": {"value": command} if isinstance(command, str) else command} if command else {}),
            "resources": [
                {"name": name, "type": "SCALAR", "scalar": {"value": value}, "allocation_info": {"role": "*"}}
                for name, value in (("cpus", cpus), ("mem", mem))
            ],
            **extra,
        }
        new = "executor" in task
        self.tell(agent_id, internal.RunTask, framework=_framework(user), task=task, launch_executor=new)

    def run_group(self, agent_id: str, tasks: list[dict[str, Any]], user: str = "root") -> None:
        """Launches a task group, with its executor. ``tasks``: TaskInfos."""
        self.tell(agent_id, internal.RunGroup, framework=_framework(user), tasks=tasks, launch_executor=True)

    def kill(self, agent_id: str, task_id: str, grace_seconds: float | None = None) -> None:
        policy = None if grace_seconds is None else {"grace_period": {"nanoseconds": int(grace_seconds * 1e9)}}
        self.tell(
            agent_id,
            internal.KillTask,
            framework_id=FrameworkID(value=FRAMEWORK),
            task_id=TaskID(value=task_id),
            kill_policy=policy,
        )

    def states(self, task_id: str) -> list[str]:
        return [status.state.value.removeprefix("TASK_") for status in self.updates if status.task_id.value == task_id]

    def status(self, task_id: str, *states: str) -> TaskStatus:
        """Waits for an update of the task with one of ``states`` (none given: any terminal one)."""
        wanted = states or TERMINAL

        def found() -> TaskStatus | None:
            for status in self.updates:
                if status.task_id.value == task_id and status.state.value.removeprefix("TASK_") in wanted:
                    return status
            return None

        result: TaskStatus = self.until(found, f"{task_id} {'/'.join(wanted)}")
        return result

    def until_gone(self, task_id: str) -> None:
        self.until(lambda: task_id in self.gone, f"the end of {task_id}")


def _framework(user: str) -> FrameworkInfo:
    killing = FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type.TASK_KILLING_STATE)
    return FrameworkInfo(user=user, name="pretended", id=FrameworkID(value=FRAMEWORK), capabilities=[killing])


class Agent(Daemon):
    """A dcos-agent in a folder of its own, of a `PretendedMaster` or a real one."""

    def __init__(
        self, folder: Path, master_port: int, launcher: str, *flags: str, name: str = "agent", hostname: str = ""
    ) -> None:
        self.work_dir = folder / name
        self.launcher = launcher
        self.cgroups_root = f"dcos-test-{os.getpid()}-{folder.name}-{name}"
        argv = [
            "dcos-agent",
            f"--master=127.0.0.1:{master_port}",
            "--port=0",
            f"--work_dir={self.work_dir}",
            f"--launcher={launcher}",
            f"--hostname={hostname or f'{name}.test'}",
            f"--cgroups_root={self.cgroups_root}",
            "--resources=cpus:4;mem:4096;disk:10240;ports:[31000-32000]",
            *flags,
        ]
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(name, argv, folder / f"{name}.log")

    def get(self, path: str) -> tuple[int, Any]:
        return ask(f"{self.url}{path}")

    def sandbox(self, task_id: str, framework: str = FRAMEWORK) -> Path:
        found = list(self.work_dir.glob(f"slaves/*/frameworks/{framework}/executors/{task_id}/runs/latest"))
        if len(found) != 1:
            raise FileNotFoundError(f"{len(found)} sandboxes of {task_id}")
        return found[0].resolve()

    def text(self, task_id: str, name: str = "stdout", framework: str = FRAMEWORK) -> str:
        return (self.sandbox(task_id, framework) / name).read_text()

    def pids(self, mark: str) -> list[int]:
        """Processes of this agent's tasks with ``mark`` in their command line."""
        return pids_of(mark, self.work_dir)

    def restart(self) -> None:
        self.kill()
        self.start()

    def clean(self) -> None:
        """Ends the agent, then everything that it may have left: processes, containers, cgroups."""
        self.stop()
        mark = f"{self.work_dir}/"
        for pid in pids_of(mark):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        state = self.work_dir / "run" / "oci"
        if state.exists():
            for container in state.iterdir():
                subprocess.run(["runc", "--root", state, "delete", "--force", container.name], capture_output=True)
        for mount in reversed(mounts_below(self.work_dir)):
            subprocess.run(["umount", mount], check=False)
        remove_cgroups(self.cgroups_root)


def pids_of(mark: str, inside: Path | None = None) -> list[int]:
    """Processes with ``mark`` in their command line or environment, without our own."""
    own = b"MESOS_DIRECTORY=" + os.fsencode(f"{inside}/") if inside else b""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            environment = (entry / "environ").read_bytes()
            if own in environment and mark.encode() in (entry / "cmdline").read_bytes() + b"\0" + environment:
                found.append(int(entry.name))
    return found


def mounts_below(folder: Path) -> list[str]:
    """The mount points below a folder, outermost first."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    places = [line.split()[4].encode().decode("unicode_escape") for line in lines]
    return [place for place in places if place.startswith(f"{folder.resolve()}/")]


def cgroups_of(root: str) -> list[Path]:
    """All cgroups under ``root`` in every hierarchy, the deepest first."""
    places = [Path("/sys/fs/cgroup"), *(path for path in Path("/sys/fs/cgroup").iterdir() if path.is_dir())]
    found = [folder for place in places if (folder := place / root).is_dir()]
    inside = [Path(path) for folder in found for path, _, _ in os.walk(folder)]  # groups may be removed meanwhile
    return sorted({*found, *inside}, key=lambda path: -len(path.parts))


def cgroup_file(container: str, *names: str) -> Path:
    """The file of the first of these names in a cgroup of this container, in any hierarchy."""
    folders = [Path(path) for path, _, _ in os.walk("/sys/fs/cgroup") if Path(path).name == container]
    return next(folder / name for name in names for folder in folders if (folder / name).exists())


def cpu_limits(container: str) -> dict[str, str]:
    """The processor settings of its cgroup, in either layout of this machine's control groups: joint, or separate."""
    first = cgroup_file(container, "cpu.max", "cpu.cfs_quota_us")
    names = ("cpu.max", "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares")
    return {name: file.read_text().strip() for name in names if (file := first.with_name(name)).exists()}


def remove_cgroups(root: str) -> None:
    def removed() -> bool:
        for path in cgroups_of(root):
            with contextlib.suppress(OSError):
                path.rmdir()
        return not cgroups_of(root)

    wait_for(removed, 60, f"the removal of the cgroups {root}")


def containers_work() -> str | None:
    """Why the linux launcher cannot be tested here, or ``None``."""
    if os.geteuid() != 0:
        return "containers want root"
    missing = [name for name in ("conmon", "tini-static") if not shutil.which(name)]
    if not shutil.which("runc") and not shutil.which("crun"):
        missing.append("runc")
    return f"{', '.join(missing)} not installed" if missing else None


@contextlib.contextmanager
def pretended_cluster(folder: Path, launcher: str, *flags: str) -> Iterator[tuple[PretendedMaster, Agent]]:
    """A pretended master and one registered agent; everything of them is removed afterwards."""
    master = PretendedMaster()
    agent = Agent(folder, master.port, launcher, *flags)
    try:
        agent.start()
        master.until(lambda: master.connects, "the agent")
        # A sent message may not have arrived: tests stop the agent, or fill its disk, right after this.
        wait_for(lambda: (agent.work_dir / "meta" / "agent.json").exists(), WAIT, "the agent's memory of its id")
        yield master, agent
    finally:
        agent.clean()
        master.close()


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())
