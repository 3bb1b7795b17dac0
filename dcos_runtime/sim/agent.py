"""An agent: its real core, its disk, its containers, and its connection to the leading master."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Mapping
from random import Random
from typing import Any

from dcos_runtime.agent.core import events, executor_calls
from dcos_runtime.agent.core.core import AgentCore
from dcos_runtime.agent.core.effects import (
    ChangeVolumes,
    CloseConnection,
    CloseExecutor,
    Destroy,
    EndProcess,
    OpenConnection,
    Prepare,
    Register,
    RunCheck,
    SendToExecutor,
    SendUp,
    Signal,
    Start,
    StopCheck,
    WatchContainer,
)
from dcos_runtime.agent.core.executor import Executor
from dcos_runtime.agent.core.model import Settings
from dcos_runtime.core.frozen import Frozen, Persist
from dcos_runtime.sim.containers import Host
from dcos_runtime.sim.disk import Disk
from dcos_runtime.sim.executors import LATENCY, Program, Running
from dcos_runtime.sim.network import Stream
from dcos_runtime.sim.process import CoreProcess
from dcos_runtime.sim.world import World
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo, FrameworkInfo
from dcos_runtime.wire.executor import Call
from dcos_runtime.wire.resources import Resource

CONNECT_SECONDS = 10.0
POST_SECONDS = 30.0
MAX_BATCH = 200
PORT = 5050
"""As in `agent.link`."""


class AgentProcess(CoreProcess):
    """Its settings come from ``cluster.options``."""

    kind = "agent"
    core: AgentCore

    def __init__(self, cluster: World, number: int) -> None:
        super().__init__(cluster, f"agent{number}")
        self.number = number
        self.host = Host(self)
        self.disk = Disk(self, Random(f"{cluster.seed} disk {number}"))
        self.ended: EndProcess | None = None
        self._stream: Stream | None = None
        self._number = 0
        self._up: deque[SendUp] = deque()
        self._posting = False
        self._executors: dict[int, Program] = {}
        self._last_stream = 0

    @property
    def well_since(self) -> float | None:
        return None if self.disk.full else super().well_since

    def came_up(self) -> None:
        self.ended = None
        self._stream, self._posting = None, False
        self._up.clear()
        self._executors.clear()
        options = self.cluster.options
        info = AgentInfo(hostname=self.name, port=5051, resources=resources(options.cpus, options.mem, options.ports))
        settings = Settings(
            info=info,
            software="sim",
            boot_id=f"boot-{self.host.boot}",
            ip=f"198.18.{self.number // 250}.{self.number % 250 + 1}",
            launcher="sim",
            update_retry_first=options.update_retry,
            registration_timeout=options.registration,
        )
        self.install(AgentCore(settings, self.source(f"{self.name} {self.life}")))
        self.feed(self._found())
        self.cluster.ensemble.watch_leader(self)

    def _found(self) -> events.Recovered:
        values = self.disk.values
        known = {key.partition("/")[2] for key in values if key.startswith(("tasks/", "executors/"))}
        return events.Recovered(
            agent=values.get("agent"),
            frameworks=tuple(value for key, value in values.items() if key.startswith("frameworks/")),
            runs=tuple(value for key, value in values.items() if key.startswith("tasks/")),
            executors=tuple(value for key, value in values.items() if key.startswith("executors/")),
            assigned=tuple(value for key, value in values.items() if key.startswith("assigned/")),
            history=tuple(value for key, value in values.items() if key.startswith("history/")),
            resources=values.get("resources"),
            facts=self.host.facts(),
            strangers=tuple(
                (name, "sim")
                for name, container in self.host.containers.items()
                if name not in known and container.state != "absent"
            ),
        )

    def leader_is(self, identity: tuple[str, bytes] | None, host: str) -> None:
        """The election has a new result."""
        self.feed(events.MasterSeen(identity, (host, PORT) if identity is not None else None))

    def died(self) -> None:
        self.disk.writer_died()
        self.host.agent_died()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abandon()

    def wipe(self) -> None:
        """The machine is lost, with its disk."""
        self.disk.values.clear()
        self.host.reboot()
        for container in list(self.host.containers.values()):
            self.host.remove(container)
        self.cluster.watch.agents.wiped(self)

    def perform(self, effect: Any) -> None:
        match effect:
            case Persist():
                self.disk.write(effect)
            case SendUp():
                if effect.connection == self._number:
                    self._up.append(effect)
                    self._post()
            case Prepare() | Start() | Signal() | Destroy() | WatchContainer():
                self.host.ask(effect)
            case SendToExecutor():
                program = self._executors.get(effect.stream)
                if program is not None:
                    self.clock.after(LATENCY, functools.partial(program.hear, effect.stream, effect.event))
            case CloseExecutor():
                program = self._executors.pop(effect.stream, None)
                if program is not None:
                    self.clock.after(LATENCY, functools.partial(program.closed, effect.stream))
            case RunCheck():
                self.host.check(effect)
            case StopCheck():
                pass  # its result comes, or does not: the core has to look at its number
            case ChangeVolumes():
                self.later(0.01, lambda: self.feed(events.VolumesChanged(effect.operation)))
            case OpenConnection():
                self._open(effect)
            case Register():
                self._register(effect)
            case CloseConnection():
                if effect.connection == self._number:
                    self._hang_up()
            case EndProcess():
                self.ended = effect
                self.later(0.05, self._restart)

    # --- executors, as `agent.executor_api` lets them in ---

    def executor_subscribes(self, program: Program, call: Call) -> None:
        self.clock.after(LATENCY, self.mine(lambda: self._subscribed(program, call)))

    def _subscribed(self, program: Program, call: Call) -> None:
        if program.over or program.stream is not None or executor_calls.refused(call, *self._known()) is not None:
            return
        there = self.core.executors[program.framework_id, program.executor_id]
        if there.container.container_id != program.container_id:
            return  # it speaks for another one
        self._last_stream += 1
        self._executors[self._last_stream] = program
        program.answered(self._last_stream)
        self.feed(events.ExecutorSubscribed(self._last_stream, call))

    def executor_calls(self, call: Call) -> None:
        self.clock.after(LATENCY, self.mine(lambda: self._called(call)))

    def _called(self, call: Call) -> None:
        if executor_calls.invalid(call) is not None:
            raise AssertionError(f"a call of an executor is invalid: {executor_calls.invalid(call)}")
        if executor_calls.refused(call, *self._known()) is None:
            self.feed(events.ExecutorCalled(call))

    def executor_closes(self, stream: int) -> None:
        self.clock.after(LATENCY, self.mine(lambda: self._executor_closed(stream)))

    def _executor_closed(self, stream: int) -> None:
        self._executors.pop(stream, None)
        self.feed(events.ExecutorClosed(stream))

    def _known(self) -> tuple[Mapping[str, FrameworkInfo], Mapping[tuple[str, str], Executor]]:
        return self.core.frameworks, self.core.executors

    def runs(self, task: Running) -> None:
        self.cluster.watch.started(self, task)

    def runs_no_more(self, task: Running) -> None:
        self.cluster.watch.gone(self, task)

    def _restart(self) -> None:
        """systemd starts it again."""
        self.kill()
        self.clock.after(1.0, self.start)

    # --- the connection, as `agent.link` makes it ---

    def _tell(self, number: int, event: Frozen) -> None:
        if number == self._number:
            self.feed(event)

    def _hang_up(self) -> None:
        self._number = -1
        self._up.clear()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abandon()

    def _open(self, effect: OpenConnection) -> None:
        number, host = effect.connection, effect.host
        self._number = number
        self._up.clear()
        self._posting = False

        def found(answer: Any) -> None:
            if answer is True:
                self._tell(number, events.EndpointFound(number, host, PORT, (internal.VERSION,)))
            else:
                self._tell(number, events.Closed(number, str(answer)))

        self.network.call(
            self.name,
            host,
            lambda answer: answer(True if self.cluster.is_up(host) else "connection refused"),
            self.hears(found),
            self.hears(lambda why: self._tell(number, events.Closed(number, why))),
            CONNECT_SECONDS,
        )

    def _register(self, effect: Register) -> None:
        number, host = effect.connection, effect.host
        if number != self._number:
            return
        stream = self._stream = Stream(self.network, host, self.name)
        stream.on_record = self.hears(lambda data: self._tell(number, events.Received(number, data)))
        stream.ended = self.hears(lambda why: self._closed(number, why, None))

        asked = False

        def request(answer: Any) -> None:
            nonlocal asked
            master = self.cluster.master_at(host)
            if master is None:
                answer((0, "connection refused"))
            else:
                # A repeated request is another connection for the master, and nobody listens at its end.
                master.agent_connects(effect.body, stream if not asked else Stream.unheard(stream), answer)
            asked = True

        def answered(answer: tuple[int, str]) -> None:
            status, text = answer
            if status != 200:
                self._closed(number, f"the master answered {status}: {text}", status or None)

        self.network.call(
            self.name,
            host,
            request,
            self.hears(answered),
            lambda why: None,  # the core gives up by itself
            3600.0,
        )

    def _closed(self, number: int, why: str, status: int | None) -> None:
        if number == self._number:
            stream, self._stream = self._stream, None
            self._number = -1
            self._up.clear()
            if stream is not None:
                stream.abandon()
            self.feed(events.Closed(number, why, status))

    def _post(self) -> None:
        """Sends the waiting messages, in order, one post at a time."""
        if self._posting or not self._up or self._stream is None:
            return
        self._posting = True
        number, host = self._number, self._stream.server
        sent = [self._up.popleft() for _ in range(min(len(self._up), MAX_BATCH))]
        batch = internal.Batch(sent[0].agent_id, sent[0].epoch, [effect.message for effect in sent])
        body = codec.encode(batch)

        def request(answer: Any) -> None:
            master = self.cluster.master_at(host)
            if master is None:
                answer((0, "connection refused"))
            else:
                master.agent_messages(body, answer)

        def answered(answer: tuple[int, str]) -> None:
            if number != self._number:
                return
            status, text = answer
            if status != 200:
                self._closed(number, f"the master answered {status} to messages: {text}", status or None)
                return
            self._posting = False
            self._post()

        self.network.call(
            self.name,
            host,
            request,
            self.hears(answered),
            self.hears(lambda why: self._closed(number, f"messages could not be posted: {why}", None)),
            POST_SECONDS,
            swallowed=(200, ""),
        )


def resources(cpus: float, mem: float, ports: int) -> list[Resource]:
    document = [
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": cpus}, "role": "*"},
        {"name": "mem", "type": "SCALAR", "scalar": {"value": mem}, "role": "*"},
        {"name": "disk", "type": "SCALAR", "scalar": {"value": 10000.0}, "role": "*"},
        {
            "name": "ports",
            "type": "RANGES",
            "ranges": {"range": [{"begin": 31000, "end": 31000 + ports - 1}]},
            "role": "*",
        },
    ]
    return codec.decode(codec.encode(document), list[Resource])
