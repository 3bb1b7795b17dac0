"""Carries out the effects of the agent's core, and feeds it events. The only module that knows all the parts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from dcos_runtime.agent import gc, pools
from dcos_runtime.agent.checker import Checker
from dcos_runtime.agent.checkpoint import CheckpointError, Checkpoints
from dcos_runtime.agent.containers.base import Lasting, Launcher, LaunchError, LauncherUnusable, Usage
from dcos_runtime.agent.core import container_ids, events, statuses, stored
from dcos_runtime.agent.core.alterations import taken_away
from dcos_runtime.agent.core.core import AgentCore
from dcos_runtime.agent.core.effects import (
    ChangeVolumes,
    CloseConnection,
    CloseExecutor,
    Destroy,
    Effect,
    EndProcess,
    NestedChanged,
    OpenConnection,
    Prepare,
    Register,
    Resize,
    Retire,
    RunCheck,
    SendToExecutor,
    SendUp,
    Signal,
    Start,
    StopCheck,
    WatchContainer,
)
from dcos_runtime.agent.core.model import Facts, Found
from dcos_runtime.agent.core.records import Stage
from dcos_runtime.agent.disk.projects import Projects
from dcos_runtime.agent.disk.usage import DEEPEST
from dcos_runtime.agent.disk.watcher import DiskWatcher
from dcos_runtime.agent.executor_streams import ExecutorStreams
from dcos_runtime.agent.fetcher import FetchFailed
from dcos_runtime.agent.isolators.listening import PortWatcher
from dcos_runtime.agent.launching import Launching, TaskUserUnknown
from dcos_runtime.agent.link import MasterLink
from dcos_runtime.agent.nested import NestedContainers
from dcos_runtime.agent.removal import remove
from dcos_runtime.agent.samples import Samples
from dcos_runtime.agent.sandbox import open_output
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Log, Persist, Persisted, PersistFailed
from dcos_runtime.core.recorder import Recorder
from dcos_runtime.core.resources import conversions
from dcos_runtime.core.runner import Runner
from dcos_runtime.daemon import Life
from dcos_runtime.flags.values import Ranges
from dcos_runtime.running import Ticking, now
from dcos_runtime.wire import codec
from dcos_runtime.wire.tasks import TaskInfo

log = logging.getLogger(__name__)

T = TypeVar("T")

POWER_OFF_GRACE = 45.0
POWER_OFF_ENDED = 60.0
POWER_OFF_REPORTED = 15.0
POWER_OFF_LOOK = 0.05
"""When the machine is shut down: the longest grace of a task, the time for all tasks to end, the time for that to be
acknowledged, and how often this is looked at, in seconds. The unit has a longer TimeoutStopSec than the two together.
"""

HISTORY_SYNC = 5.0
"""How often the history is brought to the disk, in seconds."""

FIRST_RETRY = 1.0
LONGEST_RETRY = 30.0


class _Container:
    """What is under way for one container: one step at a time, and what can be cancelled."""

    def __init__(self, launcher: Launcher) -> None:
        self.launcher = launcher
        self.turn = asyncio.Lock()
        self.preparing: asyncio.Task[None] | None = None
        self.watching: asyncio.Task[None] | None = None


class AgentShell:
    """One agent's shell. `recover` comes first, then `run` beside the listeners."""

    def __init__(
        self,
        core: AgentCore,
        checkpoints: Checkpoints,
        launchers: dict[str, Launcher],
        launching: Launching,
        disk: DiskWatcher,
        projects: Projects | None,
        listening: PortWatcher,
        samples: Samples,
        life: Life,
        recorder: Recorder | None = None,
    ) -> None:
        self.core = core
        self._runner: Runner[events.Event] = Runner(core, now, self._perform, recorder)
        self._recorder = recorder
        self._ticking: Ticking[events.Event] = Ticking(core, self._runner)
        self.feed = self._runner.feed
        self.link: MasterLink | None = None
        self._checkpoints = checkpoints
        self._launchers = launchers
        self._launching = launching
        self.images = launching.images
        self._life = life
        self._loop = asyncio.get_running_loop()
        self.disk = disk
        self.projects = projects
        self.listening = listening
        self.samples = samples
        self._containers: dict[str, _Container] = {}
        self._checker = Checker(self.feed, core.task_in, launchers, self._do, self._errors_of)
        self._persists: asyncio.Queue[Persist] = asyncio.Queue()
        self.executors = ExecutorStreams()
        self.nested = NestedContainers(core, self.feed, self._remove_sandbox)

    # --- start --------------------------------------------------------------------------------------------------------

    async def recover(self, strict: bool = False, lasting: bool = True) -> None:
        """Reads the checkpoints, looks at every container, and lets the core decide. ``lasting``: tasks go on.

        Raises ``OSError`` and `CheckpointError`, with ``strict`` for any file that cannot be read.
        """
        remembered = await asyncio.to_thread(self._checkpoints.read)
        if strict and remembered.corrupt:
            raise CheckpointError(
                f"{len(remembered.corrupt)} checkpoints under {self._checkpoints.folder} cannot be read, and --strict"
                " is given. Start without it: their tasks are then lost, all others go on."
            )
        if missing := sorted({container.launcher for container in remembered.containers} - set(self._launchers)):
            raise CheckpointError(
                f"{self._checkpoints.folder} holds tasks of --launcher={missing[0]}; start the agent with it, or kill"
                " them first"
            )
        facts: dict[str, Facts] = {}
        for container in remembered.containers:
            container_id = container.container_id
            facts[container_id] = await self._inspect(self._launchers[container.launcher], container_id)
        before, running = remembered.agent.info, sum(1 for one in facts.values() if one.found is Found.RUNNING)
        if lasting and running and before is not None and (less := taken_away(before, self.core.settings.info)):
            raise CheckpointError(
                "the agent offers less, or says other things of itself, than when its tasks were launched",
                why=f"{'; '.join(less)}; {running} of its tasks run",
                hint="give back what is missing (--resources, --attributes, --domain), or end the tasks, by their"
                " frameworks or with one start with --recover=cleanup",
            )
        self._check_kept(remembered.stored_resources)
        known = {container.container_id for container in remembered.containers}
        strangers = [
            (container_id, launcher.name)
            for launcher in self._launchers.values()
            for container_id in launcher.listed()
            if container_id not in known
        ]
        self.feed(
            events.Recovered(
                remembered.stored_agent,
                remembered.stored_frameworks,
                remembered.stored_runs,
                tuple(facts.items()),
                tuple(strangers),
                remembered.stored_executors,
                remembered.stored_assigned,
                remembered.stored_history,
                remembered.stored_resources,
                remembered.stored_nested,
            )
        )

    def _check_kept(self, value: bytes | None) -> None:
        """Raises `CheckpointError` when the agent does not offer any more what is reserved here."""
        kept = amounts.parse(stored.read_reserved(value).resources) if value is not None else amounts.EMPTY
        offered = amounts.parse(self.core.settings.info.resources)
        if conversions.applied(offered, kept) is None:
            raise CheckpointError(
                "the agent offers less than what is reserved on it",
                why=f"it offers {amounts.text(offered)}, and these are reserved or volumes: {amounts.text(kept)}",
                hint="give back what is missing (--resources); to give the reservations up, start as it was, destroy"
                " the volumes and unreserve them",
            )

    async def _inspect(self, launcher: Launcher, container_id: str) -> Facts:
        """What is left of a container. A container that cannot be inspected counts as orphaned, and is ended. Raises
        `LauncherUnusable` when this launcher cannot go on with one that runs.
        """
        try:
            return await launcher.inspect(container_id)
        except LauncherUnusable:
            raise
        except Exception:
            log.exception("container %s cannot be looked at, and is ended", container_id)
            return Facts(Found.ORPHANED)

    async def run(self) -> None:
        """Writes checkpoints, watches disks, samples what containers use and lets time pass. Never returns."""
        self.disk.start()
        sampling = self.samples.run(self._running, self.usage)
        await asyncio.gather(self._write_checkpoints(), self._sync_history(), self._ticking.run(), sampling)

    async def power_off(self) -> None:
        """The machine is being shut down: ends all tasks, and waits until that is reported, within bounds."""
        self.feed(events.PowerOff(POWER_OFF_GRACE))

        def ended() -> bool:
            return all(task.stage is Stage.ENDED for task in self.core.tasks.values())

        for reached, seconds in ((ended, POWER_OFF_ENDED), (lambda: not self.core.tasks, POWER_OFF_REPORTED)):
            for _ in range(round(seconds / POWER_OFF_LOOK)):
                if reached():
                    break
                await asyncio.sleep(POWER_OFF_LOOK)
        if self.core.tasks:
            log.warning("%d tasks have not ended, or their end is not acknowledged", len(self.core.tasks))

    def stop_recording(self) -> None:
        if self._recorder is not None:
            self._recorder.flush()

    # --- effects ------------------------------------------------------------------------------------------------------

    def _perform(self, effect: Effect) -> None:
        """Begins an effect; what it leads to comes back to the core as an event."""
        match effect:
            case Persist():
                self._persists.put_nowait(effect)
            case Prepare():
                container = self._container(effect.container_id, self._launching.launcher)
                container.preparing = self._do(self._prepare(effect, container), f"prepare {effect.container_id}")
            case Resize():
                self._do(self._resize(effect), f"resize {effect.container_id}")
            case SendToExecutor():
                self.executors.send(effect.stream, effect.event)
            case CloseExecutor():
                self.executors.close(effect.stream)
            case Start():
                self._do(self._start(effect), f"start {effect.container_id}")
            case WatchContainer():
                self._watch(effect.container_id, self._launchers.get(effect.launcher))
                self._do(self._recover(effect), f"recover {effect.container_id}")
            case Signal():
                self._do(self.signal(effect.container_id, effect.number), f"signal {effect.container_id}")
            case RunCheck():
                self._checker.begin(effect)
            case StopCheck():
                self._checker.stop(effect)
            case Destroy():
                self._do(self._destroy(effect), f"destroy {effect.container_id}")
            case Retire():
                self._retire(effect)
            case NestedChanged():
                self.nested.changed(effect.container_id)
            case ChangeVolumes():
                self._do(self._change_volumes(effect), f"volumes of operation {effect.operation}")
            case OpenConnection() if self.link:
                self.link.open(effect)
            case Register() if self.link:
                self.link.register(effect)
            case CloseConnection() if self.link:
                self.link.close(effect)
            case SendUp() if self.link:
                self.link.send(effect)
            case EndProcess():
                self._do(self._end(effect), "end")
            case Log():
                log.log(effect.level, "%s", effect.text)

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
                info = codec.decode(effect.task, TaskInfo)
                pid = await self._launching.prepare(effect, info)
            except TaskUserUnknown as error:
                self.feed(events.LaunchFailed(container_id, str(error), user_unknown=True))
            except (FetchFailed, LaunchError, OSError, ValueError) as error:
                log.warning("container %s is not launched: %s", container_id, error)
                self.feed(events.LaunchFailed(container_id, f"Failed to launch container: {error}"))
            except Exception as error:
                log.exception("container %s could not be launched", container_id)
                text = f"Failed to launch container: {type(error).__name__}: {error}"
                self.feed(events.LaunchFailed(container_id, text))
            else:
                self.feed(events.Created(container_id, pid, container.launcher.networks(container_id)))

    async def _start(self, effect: Start) -> None:
        container_id = effect.container_id
        container = self._container(container_id, None)
        async with container.turn:
            try:
                await container.launcher.start(container_id)
            except (LaunchError, OSError) as error:
                text = f"Failed to launch container: {error}"
                self.feed(events.LaunchFailed(container_id, text))
            except Exception as error:
                log.exception("container %s could not be started", container_id)
                text = f"Failed to launch container: {type(error).__name__}: {error}"
                self.feed(events.LaunchFailed(container_id, text))
            else:
                self.feed(events.Started(container_id))
                self._watch(container_id, container.launcher)

    def _watch(self, container_id: str, launcher: Launcher | None) -> None:
        container = self._container(container_id, launcher)

        async def watch() -> None:
            ended = await self._persistently(
                lambda: container.launcher.wait(container_id), f"container {container_id} cannot be watched"
            )
            if ended is None:
                self.feed(events.SupervisorLost(container_id))
                return
            # A task whose write the quota refused may have ended before the watcher looked.
            if ended.code != 0 and (over := await self._over_disk(container_id)) is not None:
                self._disk_exceeded(container_id, *over)
            self.feed(events.Exited(container_id, ended))

        if container.watching is None or container.watching.done():
            container.watching = self._do(watch(), f"watch {container_id}")

    async def _resize(self, effect: Resize) -> None:
        """Changes the limits of a running container. It keeps the former ones when that does not work."""
        container_id = effect.container_id
        container = self._container(container_id, None)
        async with container.turn:
            try:
                before, after = (codec.decode(task, TaskInfo) for task in (effect.before, effect.task))
                limits = self._launching.limits(after), self._launching.limits(before)
                await container.launcher.update(container_id, *limits)
            except Exception:
                log.exception("the limits of container %s could not be changed", container_id)

    async def _recover(self, effect: WatchContainer) -> None:
        """Takes up a running container that a former agent made."""
        container = self._container(effect.container_id, None)
        async with container.turn:
            try:
                await container.launcher.recover(effect.container_id, self._lasting(effect))
            except Exception:
                log.exception("container %s could not be taken up as a whole", effect.container_id)

    def _lasting(self, effect: WatchContainer) -> Lasting | None:
        try:
            task = codec.decode(effect.task, TaskInfo)
            return self._launching.lasting(effect, task)
        except (ValueError, LaunchError) as error:
            log.warning("the task of container %s cannot be read: %s", effect.container_id, error)
            return None

    async def signal(self, container_id: str, number: int) -> None:
        """Signals the processes of a container, in its turn."""
        container = self._container(container_id, None)
        async with container.turn:
            try:
                await container.launcher.signal(container_id, number)
            except OSError as error:
                log.warning("container %s could not be signalled: %s", container_id, error)
            except Exception:
                log.exception("container %s could not be signalled", container_id)

    async def _destroy(self, effect: Destroy) -> None:
        """Cancels what can be cancelled, then tries until nothing is left."""
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
        self.feed(events.Destroyed(container_id))

    def _errors_of(self, container_id: str) -> int | None:
        """The ``stderr`` of a task, to append to; ``None``: something else is in its place, or it is gone."""
        owner = self.core.owner_of(container_ids.root_of(container_id))
        try:
            if owner is None:
                return None
            sandbox = self._launching.sandboxes.place(self.core.agent.id or "", *owner, container_id)
            return open_output(sandbox, "stderr")
        except (OSError, ValueError) as error:
            log.warning("what a check of container %s writes is dropped: %s", container_id, error)
            return None

    def _retire(self, effect: Retire) -> None:
        try:
            sandbox = self._launching.sandboxes.path(
                effect.agent_id, effect.framework_id, effect.task_id, effect.container_id
            )
        except ValueError:  # with such an id it never had a container, which is why it ended
            return
        gc.touch(sandbox)

    async def _remove_sandbox(self, framework_id: str, executor_id: str, container_id: str) -> None:
        """What cannot be removed is collected later."""
        agent_id = self.core.agent.id or ""
        try:
            sandbox = self._launching.sandboxes.path(agent_id, framework_id, executor_id, container_id)
            await pools.run(pools.REMOVALS, partial(remove, sandbox))
        except (OSError, ValueError) as error:
            log.warning("the sandbox of container %s is left: %s", container_id, error)

    async def _persistently(self, work: Callable[[], Awaitable[T]], trouble: str) -> T:
        """Repeats ``work`` until it succeeds. The agent goes on for all other containers, whatever goes wrong with
        one: unexpected errors are logged, and the work is tried again.
        """
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

    def usage(self, container_id: str, launcher: str) -> Usage | None:
        """What a container uses now; ``None`` when it is gone. Blocks."""
        return self._launchers[launcher].usage(container_id) if launcher in self._launchers else None

    def _running(self) -> list[tuple[str, str]]:
        containers = [task.container for task in self.core.tasks.values() if not task.custom]
        containers += [executor.container for executor in self.core.executors.values()]
        containers += [record.container for record in self.core.nested.values()]
        return [(one.container_id, one.launcher) for one in containers if one.stage is Stage.RUNNING]

    async def _change_volumes(self, effect: ChangeVolumes) -> None:
        volumes, why = self._launching.volumes, None
        try:
            await pools.run(pools.REMOVALS, partial(volumes.change, effect.made, effect.removed))
        except (LaunchError, OSError, ValueError) as error:
            why = f"The folder of a volume could not be changed: {error}"
        except Exception as error:
            log.exception("the folders of volumes could not be changed")
            why = f"The folder of a volume could not be changed: {type(error).__name__}: {error}"
        self.feed(events.VolumesChanged(effect.operation, why))

    # --- disk ---------------------------------------------------------------------------------------------------------

    def exceeded(self, container_id: str, used: int, limit: int, volume: str) -> None:
        """In the watcher's thread."""
        self._loop.call_soon_threadsafe(self._disk_exceeded, container_id, used, limit, volume)

    def _disk_exceeded(self, container_id: str, used: int, limit: int, volume: str = "") -> None:
        where = f"the volume at {volume}" if volume else "disk"
        log.warning("container %s takes %d bytes of %s and may take %d; ending it", container_id, used, where, limit)
        self.feed(events.DiskExceeded(container_id, used, limit, volume))

    def too_deep(self, container_id: str, limit: int) -> None:
        """In the watcher's thread."""
        self._loop.call_soon_threadsafe(self._disk_too_deep, container_id, limit)

    def _disk_too_deep(self, container_id: str, limit: int) -> None:
        log.warning("container %s has folders nested deeper than %d; ending it", container_id, DEEPEST)
        self.feed(events.DiskTooDeep(container_id, DEEPEST, limit))

    # --- ports --------------------------------------------------------------------------------------------------------

    def listens(self, container_id: str, ports: Ranges) -> None:
        """In a thread: the ports that a container listens on and was not offered are now these."""
        self._loop.call_soon_threadsafe(self._listens, container_id, ports)

    def _listens(self, container_id: str, ports: Ranges) -> None:
        if not ports:
            log.info("container %s listens on no port any more that it was not offered", container_id)
            return
        log.warning("%s", statuses.ports_text(container_id, ports))
        if self.listening.enforced:
            self.feed(events.PortsUnallocated(container_id, ports))

    # --- checkpoints --------------------------------------------------------------------------------------------------

    async def _write_checkpoints(self) -> None:
        """Writes in order, off the loop. Of several values of one key that wait, only the last is written."""
        while True:
            batch = [await self._persists.get()]
            while not self._persists.empty():
                batch.append(self._persists.get_nowait())
            results = await asyncio.to_thread(self._write, batch)
            for effect in batch:
                why = next((found for key, _ in effect.changes if (found := results[key]) is not None), None)
                if why is None:
                    self.feed(Persisted(effect.id))
                else:
                    self.feed(PersistFailed(effect.id, why))
                self._persists.task_done()

    async def _sync_history(self) -> None:
        """Brings to the disk what was noted of tasks that are over. No launch waits for that."""
        while True:
            await asyncio.sleep(HISTORY_SYNC)
            try:
                await asyncio.to_thread(self._checkpoints.sync_history)
            except OSError as error:
                log.warning("the history of tasks could not be brought to the disk: %s", error)

    def _write(self, batch: list[Persist]) -> dict[str, str | None]:
        newest = {key: value for effect in batch for key, value in effect.changes}
        results: dict[str, str | None] = {}
        for key in dict.fromkeys(key for effect in batch for key, _ in effect.changes):
            try:
                self._checkpoints.write(key, newest[key])
                results[key] = None
            except OSError as error:
                results[key] = f"{error.strerror or error}: {self._checkpoints.folder}"
        return results
