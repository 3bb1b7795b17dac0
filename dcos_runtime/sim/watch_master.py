"""Invariants of masters, checked on their messages: nothing is allocated twice, nothing is sent too early or never,
calls are passed on, silent agents are given up, and only the leader sends.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec

from dcos_runtime.core.frozen import Reply
from dcos_runtime.core.task_states import TERMINAL
from dcos_runtime.master.core import events
from dcos_runtime.master.core.effects import Send
from dcos_runtime.sim import heard
from dcos_runtime.sim.books import Books
from dcos_runtime.sim.obligations import Violation
from dcos_runtime.sim.watch_agents import Down
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.scheduler import Call

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dcos_runtime.sim.agent import AgentProcess
    from dcos_runtime.sim.master import MasterProcess
    from dcos_runtime.sim.watched import Watched

SOON = 0.5
LATER = 3.0
OVER = frozenset(state.value for state in TERMINAL) | {"TASK_UNKNOWN"}


class _Outstanding(msgspec.Struct):
    """An open offer. ``cpus`` in thousandths."""

    agent_id: str
    stream: int
    cpus: int
    ports: tuple[tuple[int, int], ...]


class _Term:
    """What one master has received and sent since it leads."""

    def __init__(self) -> None:
        self.agents: dict[int, str] = {}
        """Stream of an agent → its process."""
        self.names: dict[str, str] = {}
        """Agent id → its process."""
        self.epochs: dict[str, int] = {}
        self.taken: dict[str, int] = {}
        """The newest message of an agent's present connection."""
        self.streams: dict[str, int] = {}
        """Agent id → its stream."""
        self.reported: dict[int, dict[tuple[str, str], str]] = {}
        """What came with a connect: stream → task → state."""
        self.frameworks: dict[int, str] = {}
        """Stream of a framework that is subscribed → its id."""
        self.known: set[str] = set()
        """Ids of frameworks that have been subscribed."""
        self.speaks: dict[str, str] = {}
        """Framework → the id of the stream that it may speak on."""
        self.superseded: dict[int, str] = {}
        """Stream that another of the same framework has taken the place of → the framework."""
        self.removed: set[str] = set()
        """Frameworks that were ended for good."""
        self.offers: dict[str, _Outstanding] = {}
        self.offered: dict[str, set[str]] = {}
        self.tasks: dict[str, dict[tuple[str, str], bool]] = {}
        """Agent id → tasks it was told to run, or told of, that have not ended."""
        self.executors: dict[str, set[tuple[str, str]]] = {}
        """Agent id → custom executors that it was told to start, or told of, and that are not gone."""
        self.brought: dict[int, set[tuple[str, str]]] = {}
        """Those that came with a connect, by stream."""
        self.killed: set[tuple[str, str]] = set()
        self.over: set[tuple[str, str]] = set()
        """Tasks that ended: reports of an agent that has died since do not count."""


class MasterLedger:
    """The observer's records of the masters, by term."""

    def __init__(self, watch: Watched) -> None:
        self._watch = watch
        self._owed = watch.obligations
        self._terms: dict[str, _Term] = {}
        self._down = msgspec.json.Decoder(Down)
        self._event = msgspec.json.Decoder(heard.Event)
        self._info = msgspec.json.Decoder(heard.Info)
        self._batch = msgspec.json.Decoder(heard.Batch)
        self._connect = msgspec.json.Decoder(heard.Connect)
        self._books = Books()
        self._launched: set[tuple[str, str]] = set()
        self.sizes: dict[str, tuple[int, tuple[int, ...]]] = {}
        """What a task takes: thousandths of a CPU, ports."""

    def term(self, master: MasterProcess) -> _Term:
        term = self._terms.get(master.name)
        if term is None:
            term = self._terms[master.name] = _Term()
        return term

    def killed(self, master: MasterProcess) -> None:
        self._terms.pop(master.name, None)

    def _owe(self, master: MasterProcess, kind: str, of: str, seconds: float, what: str) -> None:
        self._owed.owe((kind, master.name, of), master, self._watch.now, seconds, what)

    def _met(self, master: MasterProcess, kind: str, of: str = "") -> None:
        self._owed.met((kind, master.name, of))

    def _leads(self, master: MasterProcess) -> None:
        ensemble = master.ensemble
        if master.member is None or not master.member.alive or master.fence != ensemble.fence:
            raise Violation(f"{master.name} speaks as the leader, and another leads")

    # --- a step of the core, before it is carried out ---

    def stepped(self, master: MasterProcess, event: Any, effects: Sequence[Any]) -> None:
        match event:
            case events.AgentMessages():
                if _status(event.request, effects) == 200:
                    self._messages(master, self._batch.decode(event.data))
            case events.AgentConnect():
                if _status(event.request, effects) == 200:
                    self._connected(master, event.stream, self._connect.decode(event.data))
            case events.AgentGone():
                self._agent_gone(master, event.stream)
            case events.Subscribe():
                subscribed = _subscribed(event.stream, effects)
                if _status(event.request, effects) == 200 and subscribed:
                    self._subscribed(master, event.stream, subscribed, event.stream_id)
            case events.SubscriberGone():
                self._subscriber_gone(master, event.stream)
            case events.Called():
                if _status(event.request, effects) in (200, 202):
                    self._called(master, event.call, event.stream_id or "")
            case events.TeardownAsked():
                if _status(event.request, effects) == 200:
                    self._removed(master, event.framework_id)

    # --- agents ---

    def _connected(self, master: MasterProcess, stream: int, call: heard.Connect) -> None:
        term = self.term(master)
        client = master.streams.get(stream)
        term.agents[stream] = client.client if client is not None else ""
        term.brought[stream] = {(one.framework_id, one.executor_id) for one in call.executors}
        term.reported[stream] = {(one.framework_id, one.task.task_id.value): one.state for one in call.tasks}

    def sent_to_agent(self, master: MasterProcess, stream: int, data: bytes) -> None:
        self._leads(master)
        term = self.term(master)
        message = self._down.decode(data)
        kind, agent_id = message.type, message.agent_id
        if kind == "PING":
            return
        if kind == "CONNECTED":
            self._admitted(master, term, stream, message)
        elif kind == "ACKNOWLEDGE":
            self._met(master, "acknowledge", message.uuid)
        elif kind == "KILL_TASK" and message.task_id is not None:
            self._met(master, "kill", message.task_id.value)
        elif kind == "SHUTDOWN_FRAMEWORK" and message.framework_id is not None:
            self._met(master, "shutdown", f"{agent_id} {message.framework}")
        elif kind == "RUN_TASK":
            run = codec.decode(data, internal.RunTask)
            info = self._info.decode(run.task)
            key = (run.framework.id.value if run.framework.id else "", info.task_id.value)
            if run.launch_executor and info.executor is not None:
                term.executors.setdefault(agent_id, set()).add((key[0], info.executor.executor_id.value))
            term.tasks.setdefault(agent_id, {})[key] = True
            if key in self._launched:
                raise Violation(f"{master.name} launches {key} once more")
            self._launched.add(key)
            if key[0] in term.removed:
                raise Violation(f"{master.name} launches {key}, whose framework was removed")
            if not term.epochs.get(agent_id):
                raise Violation(f"{master.name} launches {key} on {agent_id}, which is not admitted")

    def _admitted(self, master: MasterProcess, term: _Term, stream: int, message: Down) -> None:
        agent_id = message.agent_id
        if not self._registered(master, agent_id):
            raise Violation(f"{master.name} admits {agent_id}, and the registry does not have it")
        if message.epoch <= term.epochs.get(agent_id, 0):
            raise Violation(f"{master.name} gives {agent_id} an epoch that is not newer")
        term.epochs[agent_id] = message.epoch
        term.taken[agent_id] = 0
        term.streams[agent_id] = stream
        term.names[agent_id] = term.agents.get(stream, "")
        self._hears(master, agent_id)
        reported = term.reported.get(stream, {})
        previous = term.tasks.get(agent_id, {})
        for key in previous:
            if key not in reported and key[0] in term.known and self._framework_there(term, key[0]):
                text = f"{agent_id} registered again without {key}, and its framework is not told"
                self._owe(master, "reconcile", key[1], LATER, text)
        for key, state in reported.items():
            if key in term.killed and state not in OVER and key not in term.over:
                text = f"{agent_id} came back with {key}, which is to be killed, and is not told so"
                self._owe(master, "kill", key[1], LATER, text)
        term.over.update(key for key, state in reported.items() if state in OVER)
        brought = term.brought.get(stream, set())
        term.executors[agent_id] = {key for key in brought if key[0] not in term.removed}
        term.tasks[agent_id] = {key: True for key in reported if key not in term.over and key[0] not in term.removed}
        for framework_id in {key[0] for key in reported} & term.removed:
            text = f"{agent_id} came back with tasks of {framework_id}, which was removed, and is not told so"
            self._owe(master, "shutdown", f"{agent_id} {framework_id}", SOON, text)

    def _framework_there(self, term: _Term, framework_id: str) -> bool:
        return framework_id in term.frameworks.values()

    def _registered(self, master: MasterProcess, agent_id: str) -> bool:
        value = master.ensemble.values.get(f"agents/{agent_id}")
        return value is not None and b"unreachable_since" not in value

    def _hears(self, master: MasterProcess, agent_id: str) -> None:
        options = self._watch.cluster.options
        seconds = options.ping_seconds * (options.pings + 2) + 5.0
        self._owe(master, "silent", agent_id, seconds, f"{agent_id} says nothing, and is not given up")

    def _messages(self, master: MasterProcess, batch: heard.Batch) -> None:
        term = self.term(master)
        agent_id = batch.agent_id
        if batch.epoch != term.epochs.get(agent_id):
            raise Violation(f"{master.name} takes messages of {agent_id} that came on an older connection")
        self._hears(master, agent_id)
        taken = term.taken.get(agent_id, 0)
        term.taken[agent_id] = max(taken, batch.messages[-1].seq if batch.messages else 0)
        for message in batch.messages:
            if message.seq <= taken:
                continue  # the response to an earlier post of it was lost, or it was sent twice
            status = message.status
            if message.type == "EXECUTOR_GONE":
                self._executor_gone(master, term, agent_id, (message.framework_id, message.executor_id))
            elif isinstance(status, heard.Status):
                key = (message.framework_id, status.task_id.value)
                if message.latest_state in OVER:
                    term.tasks.get(agent_id, {}).pop(key, None)
                    term.killed.discard(key)
                    term.over.add(key)
                if self._framework_there(term, key[0]):
                    text = f"{status.state} of {key} came, and its framework is not told"
                    self._owe(master, "forward", status.uuid, SOON, text)

    def _executor_gone(self, master: MasterProcess, term: _Term, agent_id: str, key: tuple[str, str]) -> None:
        known = term.executors.get(agent_id, set())
        if key in known:
            known.discard(key)
            if self._framework_there(term, key[0]):
                text = f"the executor {key[1]} of {agent_id} is gone, and its framework is not told"
                self._owe(master, "failure", f"{agent_id} {key[1]}", SOON, text)

    def _agent_gone(self, master: MasterProcess, stream: int) -> None:
        term = self.term(master)
        term.agents.pop(stream, None)
        term.reported.pop(stream, None)
        term.brought.pop(stream, None)
        for agent_id, one in list(term.streams.items()):
            if one == stream:
                del term.streams[agent_id]
                for offer_id in term.offered.get(agent_id, ()):
                    text = f"{agent_id} is not connected any more, and its offer {offer_id} stands"
                    self._owe(master, "offer", offer_id, SOON, text)

    def given_up(self, master: str, agent_id: str) -> None:
        """The registry holds the agent as unreachable."""
        self._owed.met(("silent", master, agent_id))
        term = self._terms.get(master)
        if term is not None:  # with its records the master forgets its obligations towards the agent
            term.killed.difference_update(term.tasks.pop(agent_id, ()))
            term.executors.pop(agent_id, None)

    # --- frameworks ---

    def _subscribed(self, master: MasterProcess, stream: int, framework_id: str, stream_id: str) -> None:
        term = self.term(master)
        if framework_id in term.removed:
            raise Violation(f"{master.name} takes {framework_id} back, which was removed")
        for number, other in list(term.frameworks.items()):
            if other == framework_id:
                self._drop_offers(master, term, number)
                del term.frameworks[number]
                term.superseded[number] = framework_id
                text = f"{framework_id} has subscribed on another stream, and its older one is not told"
                self._owe(master, "failed over", str(number), SOON, text)
        term.frameworks[stream] = framework_id
        term.known.add(framework_id)
        term.speaks[framework_id] = stream_id

    def _subscriber_gone(self, master: MasterProcess, stream: int) -> None:
        term = self.term(master)
        self._drop_offers(master, term, stream)
        term.superseded.pop(stream, None)
        framework_id = term.frameworks.pop(stream, None)
        if framework_id is not None:
            term.speaks.pop(framework_id, None)
        self._owed.forgive(master.name, frozenset({"forward", "reconcile", "failure"}))

    def _removed(self, master: MasterProcess, framework_id: str) -> None:
        """It was removed with all its tasks: their resources are free at once, as in Mesos."""
        term = self.term(master)
        for number, other in list(term.frameworks.items()):
            if other == framework_id:
                self._drop_offers(master, term, number)
                del term.frameworks[number]
        term.removed.add(framework_id)
        term.speaks.pop(framework_id, None)
        for executors in term.executors.values():
            executors.difference_update([key for key in executors if key[0] == framework_id])
        for agent_id, tasks in term.tasks.items():
            its = [key for key in tasks if key[0] == framework_id]
            for key in its:
                del tasks[key]
                term.killed.discard(key)
            if its and agent_id in term.streams:
                text = f"{framework_id} was removed, and {agent_id}, which runs something of it, is not told"
                self._owe(master, "shutdown", f"{agent_id} {framework_id}", SOON, text)

    def _called(self, master: MasterProcess, call: Call, stream_id: str) -> None:
        term = self.term(master)
        framework_id = call.framework_id.value if call.framework_id else ""
        if term.speaks.get(framework_id) != stream_id:
            raise Violation(f"{master.name} takes a call of {framework_id} that came on another stream than its own")
        if call.type is Call.Type.TEARDOWN:
            self._removed(master, framework_id)
        if call.accept is not None:
            for one in call.accept.offer_ids:
                self._drop_offer(master, term, one.value)
        elif call.decline is not None:
            for one in call.decline.offer_ids:
                self._drop_offer(master, term, one.value)
        elif call.acknowledge is not None:
            agent_id = call.acknowledge.agent_id.value
            if agent_id in term.streams:
                uuid = base64.b64encode(call.acknowledge.uuid).decode()
                task_id = call.acknowledge.task_id.value
                text = f"an update of {task_id} was acknowledged, and {agent_id} is not told"
                self._owe(master, "acknowledge", uuid, SOON, text)
        elif call.kill is not None:
            key = (framework_id, call.kill.task_id.value)
            for agent_id, tasks in term.tasks.items():
                if key in tasks:
                    term.killed.add(key)
                    if agent_id in term.streams:
                        text = f"{key} is to be killed, and {agent_id} is not told"
                        self._owe(master, "kill", key[1], SOON, text)

    def sent_to_framework(self, master: MasterProcess, stream: int, data: bytes) -> None:
        self._leads(master)
        event = self._event.decode(data)
        term = self.term(master)
        if stream in term.superseded:
            if event.type != "ERROR":
                raise Violation(f"{master.name} sends {event.type} on a stream that a newer one has replaced")
            self._met(master, "failed over", str(stream))
        if event.offers is not None:
            self._offered(master, stream, event.offers.offers)
        elif event.rescind is not None:
            self._drop_offer(master, term, event.rescind.offer_id.value)
        elif event.failure is not None and event.failure.executor_id is not None:
            agent_id = event.failure.agent_id.value if event.failure.agent_id is not None else ""
            self._met(master, "failure", f"{agent_id} {event.failure.executor_id.value}")
        elif event.update is not None:
            self._status_sent(master, term, term.frameworks.get(stream, ""), event.update.status)

    def _status_sent(self, master: MasterProcess, term: _Term, framework_id: str, status: heard.Status) -> None:
        task_id = status.task_id.value
        self._met(master, "forward", status.uuid)
        agent_id = status.agent_id.value if status.agent_id is not None else ""
        if status.reason == "REASON_AGENT_REMOVED":
            if self._registered(master, agent_id):
                raise Violation(f"{master.name} gives {agent_id} up, and the registry does not have that")
            term.tasks.pop(agent_id, None)
        if status.state in OVER:
            self._met(master, "reconcile", task_id)
            if not status.uuid and status.reason != "REASON_INVALID_OFFERS":
                self._really_over(master, (framework_id, task_id), status)

    def _really_over(self, master: MasterProcess, key: tuple[str, str], status: heard.Status) -> None:
        """Updates by the master itself are compared with what really runs."""
        containers = self._watch.running.get(key)
        if not containers or (status.state == "TASK_LOST" and not self._watch.aware(key[1])):
            return  # frameworks without TASK_UNREACHABLE get this instead
        for agent in self._watch.cluster.agents:
            if any(name in agent.host.containers for name in containers) and self._known(agent, containers):
                raise Violation(
                    f"{master.name} tells {status.state} ({status.reason}) of {key[1]}, which runs on {agent.name}"
                )

    def _known(self, agent: AgentProcess, containers: set[str]) -> bool:
        values = agent.disk.values
        return any(f"tasks/{name}" in values or f"executors/{name}" in values for name in containers)

    # --- offers ---

    def _offered(self, master: MasterProcess, stream: int, offers: Sequence[heard.Offer]) -> None:
        term = self.term(master)
        for offer in offers:
            cpus, ports = 0, []
            for resource in offer.resources:
                if resource.name == "cpus" and resource.scalar is not None:
                    cpus += round(resource.scalar.value * 1000)
                elif resource.name == "ports" and resource.ranges is not None:
                    ports += [(one.begin, one.end) for one in resource.ranges.range]
            agent_id = offer.agent_id.value
            if agent_id not in term.streams:
                raise Violation(f"{master.name} offers {offer.id.value} of {agent_id}, which is not connected")
            self._held_once(master, term, agent_id, cpus, ports)
            term.offers[offer.id.value] = _Outstanding(agent_id, stream, cpus, tuple(ports))
            term.offered.setdefault(agent_id, set()).add(offer.id.value)

    def _held_once(
        self, master: MasterProcess, term: _Term, agent_id: str, cpus: int, ports: list[tuple[int, int]]
    ) -> None:
        """Offered resources are not in another offer, and not used by a task that runs or is being launched."""
        options = self._watch.cluster.options
        standing = [term.offers[name] for name in term.offered.get(agent_id, ())]
        whole = cpus + sum(offer.cpus for offer in standing)
        taken = {port for offer in standing for begin, end in offer.ports for port in range(begin, end + 1)}
        whole += options.executor_cpus * len(term.executors.get(agent_id, ()))
        for _, task_id in term.tasks.get(agent_id, ()):
            used, on = self.sizes.get(task_id, (0, ()))
            whole += used
            taken.update(on)
        if whole > options.cpus * 1000:
            raise Violation(f"{master.name}: of {agent_id} {whole / 1000:g} CPUs are held, and it has {options.cpus:g}")
        for begin, end in ports:
            for port in range(begin, end + 1):
                if port in taken:
                    raise Violation(f"{master.name}: port {port} of {agent_id} is offered, and held by another")

    def _drop_offer(self, master: MasterProcess, term: _Term, offer_id: str) -> None:
        offer = term.offers.pop(offer_id, None)
        self._met(master, "offer", offer_id)
        if offer is not None:
            term.offered[offer.agent_id].discard(offer_id)

    def _drop_offers(self, master: MasterProcess, term: _Term, stream: int) -> None:
        for offer_id in [name for name, offer in term.offers.items() if offer.stream == stream]:
            self._drop_offer(master, term, offer_id)

    # --- all of it ---

    def scan(self) -> None:
        """Checks the leader's books."""
        for master in self._watch.cluster.masters:
            if master.leading:
                for complaint in self._books.complaints(master.core.state):
                    raise Violation(f"{master.name}: {complaint}")

    def at_rest(self) -> None:
        """The offers that the leader has sent are the ones that it has, when no message is under way."""
        self.scan()
        for master in self._watch.cluster.masters:
            if master.leading and self.term(master).offers.keys() != master.core.state.offers.keys():
                raise Violation(f"{master.name} has offers that it has not sent, or has sent others")


def _status(request: int, effects: Sequence[Any]) -> int:
    """The status of the response to the request in this step."""
    return next((one.status for one in effects if type(one) is Reply and one.request == request), 0)


def _subscribed(stream: int, effects: Sequence[Any]) -> str:
    """The framework id that the subscriber gets; empty when it was refused."""
    for effect in effects:
        if type(effect) is Send and effect.stream == stream and effect.event.subscribed is not None:
            return str(effect.event.subscribed.framework_id.value)
    return ""
