"""Agents without containers: the core and the connection of `dcos-agent`, in front of a real master."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import msgspec

from dcos_runtime import running
from dcos_runtime.agent.core import effects, events
from dcos_runtime.agent.core.core import AgentCore
from dcos_runtime.agent.core.membership import MembershipState
from dcos_runtime.agent.core.model import Exit, Settings
from dcos_runtime.agent.link import MasterLink
from dcos_runtime.core.frozen import Log, Persist, Persisted, Tick
from dcos_runtime.core.runner import Runner
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.sim.behaviour import Behaviour
from dcos_runtime.sim.fleet.options import FleetOptions
from dcos_runtime.store.election import Detector
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import AgentInfo
from dcos_runtime.wire.common import CommandInfo, Value
from dcos_runtime.wire.resources import Resource

log = logging.getLogger(__name__)

MAX_POSTS = 500
"""Connections for messages, of all agents together; each has one more for its stream. A process has at most some 20,000
files on many hosts.
"""
RESTART_SECONDS = 1.0
SIGKILL = 9
_FOREVER = Behaviour(float("inf"), 0, frozenset())


class _Asked(msgspec.Struct):
    command: CommandInfo | None = None


class Agents:
    """All agents of this process. ``changed`` is called whenever one was admitted, or has lost its master."""

    def __init__(self, options: FleetOptions, detector: Detector, changed: Callable[[], None]) -> None:
        self.options, self.detector, self.changed = options, detector, changed
        self.registered = 0
        """How many are members at present."""
        self.running = 0
        """How many containers run at present."""
        self._resources = _resources(options)
        self._all: list[Agent] = []

    @property
    def unacknowledged(self) -> int:
        """How many tasks have a status that their framework has not acknowledged."""
        return sum(agent.unacknowledged for agent in self._all)

    async def run(self) -> None:
        """Starts them, ``options.rate`` a second, and keeps them alive until it is cancelled."""
        streams = aiohttp.TCPConnector(limit=0, keepalive_timeout=60.0)
        posts = aiohttp.TCPConnector(limit=min(MAX_POSTS, self.options.agents), keepalive_timeout=60.0)
        async with (
            aiohttp.ClientSession(connector=streams, auto_decompress=False) as session,
            aiohttp.ClientSession(connector=posts, auto_decompress=False) as messages,
        ):
            try:
                loop = asyncio.get_running_loop()
                began = loop.time()
                for number in range(self.options.agents):
                    agent = Agent(self, number, session, messages, self._resources)
                    self._all.append(agent)
                    agent.start()
                    if self.options.rate:
                        await asyncio.sleep(max(0.0, began + (number + 1) / self.options.rate - loop.time()))
                    elif number % 50 == 49:
                        await asyncio.sleep(0)
                await asyncio.Event().wait()
            finally:
                await asyncio.gather(*(agent.stop() for agent in self._all), return_exceptions=True)


class Agent:
    """One agent. When its core ends the process, it comes back a second later as another agent, as by systemd."""

    def __init__(
        self,
        fleet: Agents,
        number: int,
        session: aiohttp.ClientSession,
        messages: aiohttp.ClientSession,
        resources: list[Resource],
    ) -> None:
        self._fleet = fleet
        self._number = number
        self._session, self._messages = session, messages
        info = AgentInfo(hostname=f"agent{number}.sim", port=5051, resources=resources)
        self._settings = Settings(
            info=info,
            software="sim",
            boot_id="boot-1",
            ip=f"198.18.{number // 250 % 256}.{number % 250 + 1}",
            launcher="sim",
            backoff_first=fleet.options.backoff,
        )
        self._life = 0
        self._member = False
        self._alarm: asyncio.TimerHandle | None = None
        self._rings = 0.0
        self._watching: asyncio.Task[None] | None = None
        self._containers: dict[str, Behaviour] = {}
        self._running: dict[str, asyncio.TimerHandle | None] = {}

    def start(self) -> None:
        self._life += 1
        options = self._fleet.options
        seed = f"{options.seed} agent {self._number} {self._life}".encode()
        self._loop = asyncio.get_running_loop()
        self._core = AgentCore(self._settings, SeededSource(seed))
        self._runner: Runner[events.Event] = Runner(self._core, running.now, self._perform, fed=self._fed)
        self._link = MasterLink(self._fleet.detector, self._session, self._feed, messages=self._messages)
        self._feed(events.Recovered())
        self._watching = self._loop.create_task(self._link.watch(), name=f"agent {self._number} watches the leader")

    async def stop(self) -> None:
        """Its connections are closed; the master sees an agent that has died."""
        if self._watching is not None:
            self._watching.cancel()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        for container_id in list(self._running):
            self._over(container_id)
        self._containers.clear()
        await self._link.stop()

    @property
    def unacknowledged(self) -> int:
        return sum(task.head is not None for task in self._core.tasks.values())

    # --- events and time ---

    def _feed(self, event: events.Event) -> None:
        self._runner.feed(event)

    def _soon(self, event: events.Event) -> None:
        self._loop.call_soon(self._feed, event)

    def _fed(self) -> None:
        deadline = self._core.next_deadline()
        alarm = self._alarm
        if deadline is not None and (alarm is None or deadline < self._rings):
            if alarm is not None:
                alarm.cancel()
            self._rings = deadline
            self._alarm = self._loop.call_later(max(0.0, deadline - time.monotonic()), self._due)
        member = self._core.membership.at.standing is MembershipState.MEMBER
        if member is not self._member:
            self._member = member
            self._fleet.registered += 1 if member else -1
            self._fleet.changed()

    def _due(self) -> None:
        self._alarm = None
        deadline = self._core.next_deadline()
        if deadline is not None and deadline <= time.monotonic():
            self._feed(Tick())
        else:
            self._fed()

    # --- effects ---

    def _perform(self, effect: Any) -> None:
        match effect:
            case Persist():
                self._soon(Persisted(effect.id))
            case effects.SendUp():
                self._link.send(effect)
            case effects.Prepare():
                self._prepare(effect)
            case effects.Start():
                self._run(effect.container_id)
            case effects.Signal():
                self._signal(effect)
            case effects.Destroy():
                self._over(effect.container_id)
                self._containers.pop(effect.container_id, None)
                self._soon(events.Destroyed(effect.container_id))
            case effects.RunCheck():
                behaviour = self._containers.get(effect.container_id, _FOREVER)
                value = 503 if "ill" in behaviour.words else 200
                self._soon(events.Checked(effect.container_id, effect.kind, effect.number, value))
            case effects.ChangeVolumes():
                self._soon(events.VolumesChanged(effect.operation))
            case effects.OpenConnection():
                self._link.open(effect)
            case effects.Register():
                self._link.register(effect)
            case effects.CloseConnection():
                self._link.close(effect)
            case effects.EndProcess():
                log.warning("agent %d ends: %s", self._number, effect.reason)
                self._loop.create_task(self._again(), name=f"agent {self._number} comes back")
            case Log() if effect.level >= logging.WARNING:
                log.log(effect.level, "agent %d: %s", self._number, effect.text)

    async def _again(self) -> None:
        await self.stop()
        await asyncio.sleep(RESTART_SECONDS)
        self.start()

    # --- containers ---

    def _prepare(self, effect: effects.Prepare) -> None:
        container_id = effect.container_id
        if effect.executor:
            why = "Failed to launch container: simulated agents over HTTP have no executors"
            self._soon(events.LaunchFailed(container_id, why))
            return
        command = codec.decode(effect.task, _Asked).command
        behaviour = Behaviour.of(command.value or "") if command is not None else _FOREVER
        if "bad" in behaviour.words:
            self._soon(events.LaunchFailed(container_id, "Failed to launch container: no such program"))
            return
        self._containers[container_id] = behaviour
        self._soon(events.Created(container_id, 4242))

    def _run(self, container_id: str) -> None:
        behaviour = self._containers[container_id]
        self._fleet.running += 1
        self._running[container_id] = None
        if behaviour.seconds != float("inf"):
            self._end(container_id, behaviour.seconds, Exit(code=behaviour.code))
        self._soon(events.Started(container_id))

    def _signal(self, effect: effects.Signal) -> None:
        behaviour = self._containers.get(effect.container_id, _FOREVER)
        if effect.container_id in self._running and (effect.number == SIGKILL or "stubborn" not in behaviour.words):
            self._end(effect.container_id, 0.0, Exit(signal=effect.number))

    def _end(self, container_id: str, seconds: float, exit: Exit) -> None:
        handle = self._running[container_id]
        if handle is not None:
            handle.cancel()
        self._running[container_id] = self._loop.call_later(seconds, self._exited, container_id, exit)

    def _exited(self, container_id: str, exit: Exit) -> None:
        if self._over(container_id):
            self._feed(events.Exited(container_id, exit))

    def _over(self, container_id: str) -> bool:
        """Its process is gone; whether there was one."""
        if container_id not in self._running:
            return False
        handle = self._running.pop(container_id)
        if handle is not None:
            handle.cancel()
        self._fleet.running -= 1
        return True


def _resources(options: FleetOptions) -> list[Resource]:
    scalars = {"cpus": options.cpus, "mem": options.mem, "disk": 10_000.0}
    ports = Value.Ranges(range=[Value.Range(begin=31000, end=31000 + options.ports - 1)])
    return [
        *(
            Resource(name=name, type=Value.Type.SCALAR, scalar=Value.Scalar(value=value))
            for name, value in scalars.items()
        ),
        Resource(name="ports", type=Value.Type.RANGES, ranges=ports),
    ]
