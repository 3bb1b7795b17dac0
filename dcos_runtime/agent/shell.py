"""Carries out what the agent's core wants, and feeds it what happens. The only place that knows all the parts."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from dcos_runtime.agent import gc, pools
from dcos_runtime.agent.checkpoint import CheckpointError, Checkpoints
from dcos_runtime.agent.containers.base import Launcher, LaunchError
from dcos_runtime.agent.core.agent import AgentCore
from dcos_runtime.agent.core.effects import (
    CloseConnection,
    Destroy,
    Effect,
    EndProcess,
    Log,
    OpenConnection,
    Persist,
    Prepare,
    Retire,
    SendUp,
    Signal,
    Start,
    Watch,
)
from dcos_runtime.agent.core.model import Facts, Found, Now, Recovered
from dcos_runtime.agent.disk.usage import DEEPEST
from dcos_runtime.agent.disk.watcher import DiskWatcher, Watched
from dcos_runtime.agent.fetcher import FetchFailed
from dcos_runtime.agent.launching import Launching, UserUnknown
from dcos_runtime.agent.link import MasterLink
from dcos_runtime.daemon import Life
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.tasks import TaskInfo

log = logging.getLogger(__name__)

T = TypeVar("T")

FIRST_RETRY = 1.0
LONGEST_RETRY = 30.0


class _Container:
    """What is under way for one container: one thing at a time, and what can be cut short."""

    def __init__(self, launcher: Launcher) -> None:
        self.launcher = launcher
        self.turn = asyncio.Lock()
        self.preparing: asyncio.Task[None] | None = None
        self.watching: asyncio.Task[None] | None = None


class Shell:
    """One agent's shell. `recover` comes first, then `run` beside the listeners."""

    def __init__(
        self,
        core: AgentCore,
        checkpoints: Checkpoints,
        launchers: dict[str, Launcher],
        launching: Launching,
        disk_watch_interval: float,
        life: Life,
    ) -> None:
        self.core = core
        self.link: MasterLink | None = None
        self._checkpoints = checkpoints
        self._launchers = launchers
        self._launching = launching
        self.projects = launching.projects
        self._life = life
        self._loop = asyncio.get_running_loop()
        self.disk = DiskWatcher(disk_watch_interval, self._exceeded, self._too_deep)
        self._containers: dict[str, _Container] = {}
        self._persists: asyncio.Queue[Persist] = asyncio.Queue()
        self._wake = asyncio.Event()

    # --- start --------------------------------------------------------------------------------------------------------

    async def recover(self, strict: bool = False) -> None:
        """Reads the checkpoints, looks at every container, and lets the core decide.

        Raises ``OSError`` and `CheckpointError`, with ``strict`` for any file that cannot be read.
        """
        remembered = await asyncio.to_thread(self._checkpoints.read)
        if strict and remembered.corrupt:
            raise CheckpointError(
                f"{len(remembered.corrupt)} checkpoints under {self._checkpoints.folder} cannot be read, and --strict"
                " is given. Start without it: their tasks are then lost, all others go on."
            )
        if missing := sorted({record.launcher for record in remembered.tasks} - set(self._launchers)):
            raise CheckpointError(
                f"{self._checkpoints.folder} holds tasks of --launcher={missing[0]}; start the agent with it, or kill"
                " them first"
            )
        facts: dict[str, Facts] = {}
        for record in remembered.tasks:
            facts[record.container_id] = await self._inspect(self._launchers[record.launcher], record.container_id)
        known = {record.container_id for record in remembered.tasks}
        for launcher in self._launchers.values():
            for container_id in launcher.listed():
                if container_id not in known:
                    log.warning("container %s belongs to no task that is known; destroying it", container_id)
                    self._do(self._destroy(Destroy(container_id, launcher.name)), f"destroy {container_id}")
        if remembered.tasks:
            log.info("recovered %d tasks", len(remembered.tasks))
        recovered = Recovered(remembered.agent, remembered.frameworks, remembered.tasks, facts)
        self.feed(self.core.recover(recovered, now()))

    async def _inspect(self, launcher: Launcher, container_id: str) -> Facts:
        """What is left of a container. One that cannot be looked at is taken for one out of control, and so ended."""
        try:
            return await launcher.inspect(container_id)
        except Exception:
            log.exception("container %s cannot be looked at, and is ended", container_id)
            return Facts(Found.ORPHANED)

    async def run(self) -> None:
        """Writes checkpoints, watches disks and lets time pass. Never returns."""
        self.disk.start()
        await asyncio.gather(self._write_checkpoints(), self._let_time_pass())

    async def _let_time_pass(self) -> None:
        while True:
            self._wake.clear()
            deadline = self.core.next_deadline()
            wait = None if deadline is None else max(0.0, deadline - now().mono)
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                self.feed(self.core.tick(now()))

    # --- effects ------------------------------------------------------------------------------------------------------

    def feed(self, effects: list[Effect]) -> None:
        """Begins each effect, in order; what they lead to comes back to the core as events."""
        for effect in effects:
            match effect:
                case Persist():
                    self._persists.put_nowait(effect)
                case Prepare():
                    container = self._container(effect.container_id, self._launching.launcher)
                    container.preparing = self._do(self._prepare(effect, container), f"prepare {effect.container_id}")
                case Start():
                    self._do(self._start(effect), f"start {effect.container_id}")
                case Watch():
                    self._resume_watching(effect)
                case Signal():
                    self._do(self._signal(effect), f"signal {effect.container_id}")
                case Destroy():
                    self._do(self._destroy(effect), f"destroy {effect.container_id}")
                case Retire():
                    self._retire(effect)
                case OpenConnection() if self.link:
                    self.link.open(effect)
                case CloseConnection() if self.link:
                    self.link.close(effect)
                case SendUp() if self.link:
                    self.link.send(effect)
                case EndProcess():
                    self._do(self._end(effect), "end")
                case Log():
                    log.log(effect.level, "%s", effect.text)
        self._wake.set()

    def _do(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        return self._life.spawn(work, name)

    def _container(self, container_id: str, launcher: Launcher | None) -> _Container:
        container = self._containers.get(container_id)
        if container is None:
            container = self._containers[container_id] = _Container(launcher or self._launching.launcher)
        return container

    async def _end(self, effect: EndProcess) -> None:
        await self._persists.join()
        self._life.end(effect.code, effect.reason)

    # --- containers ---------------------------------------------------------------------------------------------------

    async def _prepare(self, effect: Prepare, container: _Container) -> None:
        container_id = effect.container_id
        async with container.turn:
            try:
                self._watch_disk(container_id, effect.framework_id, effect.task, container.launcher)
                pid = await self._launching.prepare(effect)
            except UserUnknown as error:
                self.feed(self.core.launch_failed(container_id, str(error), now(), user_unknown=True))
            except (FetchFailed, LaunchError, OSError, ValueError) as error:
                log.warning("container %s is not launched: %s", container_id, error)
                self.feed(self.core.launch_failed(container_id, f"Failed to launch container: {error}", now()))
            except Exception as error:
                log.exception("container %s could not be launched", container_id)
                text = f"Failed to launch container: {type(error).__name__}: {error}"
                self.feed(self.core.launch_failed(container_id, text, now()))
            else:
                self.feed(self.core.created(container_id, pid, now()))

    async def _start(self, effect: Start) -> None:
        container_id = effect.container_id
        container = self._container(container_id, None)
        async with container.turn:
            try:
                await container.launcher.start(container_id)
            except (LaunchError, OSError) as error:
                text = f"Failed to launch container: {error}"
                self.feed(self.core.launch_failed(container_id, text, now()))
            except Exception as error:
                log.exception("container %s could not be started", container_id)
                text = f"Failed to launch container: {type(error).__name__}: {error}"
                self.feed(self.core.launch_failed(container_id, text, now()))
            else:
                self.feed(self.core.started(container_id, now()))
                self._watch(container_id, container.launcher)

    def _watch(self, container_id: str, launcher: Launcher | None) -> None:
        container = self._container(container_id, launcher)

        async def watch() -> None:
            ended = await self._persistently(
                lambda: container.launcher.wait(container_id), f"container {container_id} cannot be watched"
            )
            if ended is None:
                self.feed(self.core.supervisor_lost(container_id, now()))
                return
            # Whom the file system refused more may have ended of it before the watcher looked.
            if ended.code != 0 and (over := await self._over_disk(container_id)) is not None:
                self._disk_exceeded(container_id, *over)
            self.feed(self.core.exited(container_id, ended, now()))

        if container.watching is None or container.watching.done():
            container.watching = self._do(watch(), f"watch {container_id}")

    async def _signal(self, effect: Signal) -> None:
        container = self._container(effect.container_id, None)
        async with container.turn:
            try:
                await container.launcher.signal(effect.container_id, effect.number)
            except OSError as error:
                log.warning("container %s could not be signalled: %s", effect.container_id, error)
            except Exception:
                log.exception("container %s could not be signalled", effect.container_id)

    async def _destroy(self, effect: Destroy) -> None:
        """Cuts short what can be, then tries until nothing is left."""
        container_id = effect.container_id
        container = self._container(container_id, self._launchers.get(effect.launcher))
        if container.preparing is not None and not container.preparing.done():
            container.preparing.cancel()
        async with container.turn:
            await self._persistently(
                lambda: container.launcher.destroy(container_id), f"container {container_id} is not gone"
            )
        if container.watching is not None:
            container.watching.cancel()
        self._containers.pop(container_id, None)
        try:
            await pools.run(pools.DISK, partial(self.disk.forget, container_id))
        except Exception:
            log.exception("the output of container %s was not held to its caps", container_id)
        if self.projects is not None:
            self.projects.forget(container_id)
        self.feed(self.core.destroyed(container_id, now()))

    def _retire(self, effect: Retire) -> None:
        try:
            sandbox = self._launching.sandboxes.path(
                effect.agent_id, effect.framework_id, effect.task_id, effect.container_id
            )
        except ValueError:  # with such a name it never had one, which was why it ended
            return
        gc.touch(sandbox)

    async def _persistently(self, work: Callable[[], Awaitable[T]], trouble: str) -> T:
        """Does ``work`` until it succeeds. Whatever one container's task brought about, the agent goes on for all the
        others: what nobody thought of is logged and tried again, too."""
        wait = FIRST_RETRY
        while True:
            try:
                return await work()
            except OSError as error:
                log.warning("%s, again in %.0f s: %s", trouble, wait, error)
            except Exception:
                log.exception("%s, again in %.0f s", trouble, wait)
            await asyncio.sleep(wait)
            wait = min(wait * 2, LONGEST_RETRY)

    async def _over_disk(self, container_id: str) -> tuple[int, int] | None:
        try:
            return await pools.run(pools.DISK, partial(self.disk.over, container_id))
        except Exception:
            log.exception("it could not be seen whether container %s took too much disk", container_id)
            return None

    # --- disk ---------------------------------------------------------------------------------------------------------

    def _watch_disk(self, container_id: str, framework_id: str, task: bytes, launcher: Launcher) -> None:
        """Raises ``ValueError``."""
        self.disk.watch(self._watched(container_id, framework_id, task, launcher))

    def _watched(self, container_id: str, framework_id: str, task: bytes, launcher: Launcher) -> Watched:
        info = codec.decode(task, TaskInfo)
        rules, projects = self._launching.disk, self.projects
        return Watched(
            container_id=container_id,
            sandbox=self._launching.sandboxes.path(
                self.core.agent.id or "", framework_id, info.task_id.value, container_id
            ),
            private=launcher.folders(container_id),
            limit=rules.limit(info),
            caps=rules.caps_of(info),
            pids=lambda: launcher.pids(container_id),
            held=lambda: launcher.held(container_id),
            known=lambda: None if projects is None else projects.used(container_id),
        )

    def _resume_watching(self, effect: Watch) -> None:
        """A container that a former agent made."""
        container_id, launcher = effect.container_id, self._launchers.get(effect.launcher)
        self._watch(container_id, launcher)
        for task in self.core.tasks.values():
            if task.record.container_id == container_id and launcher is not None:
                try:
                    watched = self._watched(container_id, task.record.framework_id, bytes(task.record.task), launcher)
                    if self.projects is not None:
                        self.projects.resume(container_id, watched.sandbox, watched.private, watched.limit)
                    self.disk.watch(watched)
                except Exception:
                    log.exception("the disk of container %s is not watched", container_id)

    def _exceeded(self, container_id: str, used: int, limit: int) -> None:
        """In the watcher's thread."""
        self._loop.call_soon_threadsafe(self._disk_exceeded, container_id, used, limit)

    def _disk_exceeded(self, container_id: str, used: int, limit: int) -> None:
        log.warning("container %s takes %d bytes of disk and may take %d; ending it", container_id, used, limit)
        self.feed(self.core.disk_exceeded(container_id, used, limit, now()))

    def _too_deep(self, container_id: str, limit: int) -> None:
        """In the watcher's thread."""
        self._loop.call_soon_threadsafe(self._disk_too_deep, container_id, limit)

    def _disk_too_deep(self, container_id: str, limit: int) -> None:
        log.warning("container %s has folders nested deeper than %d; ending it", container_id, DEEPEST)
        self.feed(self.core.disk_too_deep(container_id, DEEPEST, limit, now()))

    # --- checkpoints --------------------------------------------------------------------------------------------------

    async def _write_checkpoints(self) -> None:
        """Writes in order, off the loop. Of several values of one key that wait, only the last is written."""
        while True:
            batch = [await self._persists.get()]
            while not self._persists.empty():
                batch.append(self._persists.get_nowait())
            results = await asyncio.to_thread(self._write, batch)
            for effect in batch:
                why = results[effect.key]
                if why is None:
                    self.feed(self.core.persisted(effect.id, now()))
                else:
                    self.feed(self.core.persist_failed(effect.id, why, now()))
                self._persists.task_done()

    def _write(self, batch: list[Persist]) -> dict[str, str | None]:
        newest = {effect.key: effect.value for effect in batch}
        results: dict[str, str | None] = {}
        for effect in batch:
            if effect.key not in results:
                try:
                    self._checkpoints.write(effect.key, newest[effect.key])
                    results[effect.key] = None
                except OSError as error:
                    results[effect.key] = f"{error.strerror or error}: {self._checkpoints.folder}"
        return results

    # --- the link's listener ------------------------------------------------------------------------------------------

    def connect_message(self) -> internal.Connect:
        return self.core.connect_message()

    def master_changed(self, master: tuple[str, int] | None) -> None:
        self.feed(self.core.master_changed(master, now()))

    def opened(self, connection: int, message: internal.Connected) -> None:
        self.feed(self.core.opened(connection, message, now()))

    def received(self, connection: int, message: internal.Down) -> None:
        self.feed(self.core.received(connection, message, now()))

    def closed(self, connection: int, why: str, gone: bool = False) -> None:
        self.feed(self.core.closed(connection, why, now(), gone))


def now() -> Now:
    return Now(time.monotonic(), time.time())
