"""A master: the real core while it leads, its streams to agents and frameworks, and its registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dcos_runtime.core.frozen import Frozen, Persist, Persisted, Reply
from dcos_runtime.master.core import events
from dcos_runtime.master.core.allocator import AllocatorSettings
from dcos_runtime.master.core.core import MasterCore
from dcos_runtime.master.core.effects import Close, Send, SendJoined, SendToAgent
from dcos_runtime.master.core.state import HEARTBEAT_SECONDS, Settings
from dcos_runtime.sim.leading import LeadingProcess
from dcos_runtime.sim.network import Stream
from dcos_runtime.sim.world import World
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import MasterInfo
from dcos_runtime.wire.scheduler import Call, Event

HEARTBEAT = codec.encode(Event(type=Event.Type.HEARTBEAT))
BUDGET = 200


class MasterProcess(LeadingProcess):
    """A process of the master in the simulated cluster."""

    kind = "master"

    core: MasterCore

    def __init__(self, cluster: World, number: int) -> None:
        super().__init__(cluster, f"master{number}", cluster.ensemble)
        self.streams: dict[int, Stream] = {}
        self.subscribers: set[int] = set()
        self._last = 0

    def came_up(self) -> None:
        self.streams.clear()
        self.subscribers.clear()
        super().came_up()

    def died(self) -> None:
        super().died()
        for stream in self.streams.values():
            stream.gone = lambda: None
            stream.close()
        self.streams.clear()
        self.subscribers.clear()

    def lead(self, values: dict[str, bytes]) -> None:
        options = self.cluster.options
        info = MasterInfo(id=f"m{self.fence}", ip=1, port=5050, pid=f"master@{self.name}:5050", hostname=self.name)
        settings = Settings(
            master=info,
            agent_ping_timeout=options.ping_seconds,
            max_agent_ping_timeouts=options.pings,
            agent_reregister_timeout=options.reregister_seconds,
            allocator=AllocatorSettings(interval=1.0),
        )
        self.install(MasterCore(settings, self.source(str(self.fence))))
        self.feed(events.Recovered(tuple(values.items()), int(self.now().wall * 1000)))
        self.later(HEARTBEAT_SECONDS, self._heartbeat)

    def resumed(self) -> None:
        super().resumed()
        self.feed(events.Resumed())

    def tick(self) -> Frozen:
        return events.BudgetedTick(BUDGET)

    # --- requests ---

    def agent_connects(self, body: bytes, stream: Stream, answer: Callable[[tuple[int, str]], None]) -> None:
        def ask() -> None:
            number = self._open(stream, framework=False)
            self._ask(lambda request: events.AgentConnect(request, number, body, "198.18.0.1"), answered)

        def answered(reply: Reply) -> None:
            answer((reply.status, reply.body.decode()))
            if reply.status != 200:
                self.later(0.0, lambda: self.do(lambda: self._agent_gone(stream)))

        self._enter(ask, answer)

    def agent_messages(self, body: bytes, answer: Callable[[tuple[int, str]], None]) -> None:
        def answered(reply: Reply) -> None:
            answer((reply.status, reply.body.decode()))

        self._enter(lambda: self._ask(lambda request: events.AgentMessages(request, body), answered), answer)

    def subscribe(self, body: bytes, stream: Stream, answer: Callable[[tuple[int, str]], None]) -> None:
        def ask() -> None:
            number = self._open(stream, framework=True)
            stream_id = f"{self.name}-{self.life}-{number}"
            call = codec.decode(body, Call)

            def answered(reply: Reply) -> None:
                answer((reply.status, stream_id if reply.status == 200 else reply.body.decode()))

            self._ask(lambda request: events.Subscribe(request, number, stream_id, call), answered)

        self._enter(ask, answer)

    def call(self, body: bytes, stream_id: str, answer: Callable[[tuple[int, str]], None]) -> None:
        def answered(reply: Reply) -> None:
            answer((reply.status, reply.body.decode()))

        def ask() -> None:
            call = codec.decode(body, Call)
            self._ask(lambda request: events.Called(request, call, stream_id), answered)

        self._enter(ask, answer)

    def tear_down(self, framework_id: str) -> None:
        """An operator ends a framework."""

        def ask() -> None:
            self._ask(lambda request: events.TeardownAsked(request, framework_id, "an operator"), lambda reply: None)

        self._enter(ask, lambda answer: None)

    def _enter(self, action: Callable[[], None], answer: Callable[[tuple[int, str]], None]) -> None:
        """Handles a request: it waits while this process is paused or its leadership suspended."""

        def act() -> None:
            if self.leading:
                self.do(action)
            else:
                answer((503, "this master does not lead"))

        self.mine(act)()

    def _ask(self, event: Callable[[int], Frozen], answered: Callable[[Reply], None]) -> None:
        self.runner.ask(event, answered)

    # --- streams ---

    def _open(self, stream: Stream, framework: bool) -> int:
        self._last += 1
        number = self._last
        self.streams[number] = stream
        if framework:
            self.subscribers.add(number)
        stream.gone = self.mine(lambda: self.do(lambda: self._gone(number)))
        return number

    def _agent_gone(self, stream: Stream) -> None:
        for number, other in list(self.streams.items()):
            if other is stream:
                self._gone(number)

    def _gone(self, number: int) -> None:
        if self.streams.pop(number, None) is None:
            return
        if number in self.subscribers:
            self.subscribers.discard(number)
            self.feed(events.SubscriberGone(number))
        else:
            self.feed(events.AgentGone(number))

    def _heartbeat(self) -> None:
        if self.lease.valid():
            for number in self.subscribers:
                self.streams[number].put(HEARTBEAT)
        self.later(HEARTBEAT_SECONDS, self._heartbeat)

    # --- effects ---

    def perform(self, effect: Any) -> None:
        watch = self.cluster.watch
        match effect:
            case SendToAgent():
                watch.masters.sent_to_agent(self, effect.stream, effect.data)
                self._put(effect.stream, effect.data)
            case SendJoined():
                watch.masters.sent_to_framework(self, effect.stream, effect.data)
                self._put(effect.stream, effect.data)
            case Send():
                data = codec.encode(effect.event)
                watch.masters.sent_to_framework(self, effect.stream, data)
                self._put(effect.stream, data)
            case Close():
                stream = self.streams.get(effect.stream)
                if stream is not None:
                    number = effect.stream
                    stream.close()
                    self.later(0.0, lambda: self.do(lambda: self._gone(number)))
            case Persist():
                self.write(dict(effect.changes), lambda: self.feed(Persisted(effect.id)))

    def _put(self, number: int, data: bytes) -> None:
        stream = self.streams.get(number)
        if stream is not None:
            stream.put(data)
