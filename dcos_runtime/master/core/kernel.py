"""The kernel: takes events and the time, returns effects; reads no clock, socket or file.

Streams are numbers that the shell gives to connections, never twice. After every call the shell carries out
`take_effects` in order, and calls `tick` at `next_deadline`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from random import Random

from dcos_runtime.core.frozen import Now
from dcos_runtime.master import validate
from dcos_runtime.master.core import agents, frameworks, offers, tasks
from dcos_runtime.master.core.effects import ACCEPTED, Answer, Effect
from dcos_runtime.master.core.records import Framework
from dcos_runtime.master.core.state import Config, State
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import OperationState, OperationStatus
from dcos_runtime.wire.scheduler import Call, Event

_COUNTED = {
    Call.Type.REVIVE: "revive_offers",
    Call.Type.SUPPRESS: "suppress_offers",
    Call.Type.REQUEST: "resource_request",
    Call.Type.MESSAGE: "framework_to_executor",
    Call.Type.RECONCILE_OPERATIONS: "reconcile_operations",
}
"""Under which name the original counts a call, where nothing else here does."""


class MasterCore:
    """The leading master's decisions. ``registry`` is what was stored; ``epoch`` exceeds any earlier master's."""

    def __init__(self, config: Config, registry: Mapping[str, bytes], random: Random, epoch: int, now: Now) -> None:
        self.state = State(config, random, epoch, now)
        agents.load(self.state, registry, now)

    def take_effects(self) -> list[Effect]:
        """What there is to be done since the last time, in order."""
        return self.state.take_effects()

    # --- time and the registry ---

    def next_deadline(self) -> float:
        """Monotonic seconds; infinity when nothing is waited for."""
        return min(self.state.next_alarm(), self.state.allocator.due())

    def tick(self, now: Now) -> None:
        self.ring(now)
        self.allocate(now)

    def ring(self, now: Now) -> None:
        """The first half of a tick: what was put off until now."""
        self.state.ring(now)

    def allocate(self, now: Now, budget: int | None = None) -> None:
        """The second half: offers, if it is time for them, of ``budget`` agents at most. It is due until all is done.

        ``None``: of all agents, however long that takes.
        """
        offers.allocate(self.state, now, budget)

    def resumed(self, now: Now) -> None:
        """This master neither sent nor heard anything for a while; in ``now.mono`` no time has passed."""
        agents.resumed(self.state)

    def persisted(self, number: int, now: Now) -> None:
        self.state.persisted(number, now)

    # --- frameworks ---

    def subscribe(
        self,
        call: Call.Subscribe,
        stream: int,
        stream_id: str,
        now: Now,
        principal: str | None = None,
        accepted: str = codec.CONTENT_TYPE,
    ) -> str | None:
        """The validated SUBSCRIBE of ``stream``, whose ``Mesos-Stream-Id`` is ``stream_id``; why it was refused, if.

        ``principal``: who sends it, where that is known. ``accepted``: the content type of its events.
        """
        return frameworks.subscribe(self.state, call, stream, stream_id, now, principal, accepted)

    def subscriber_gone(self, stream: int, now: Now) -> None:
        frameworks.disconnected(self.state, stream, now)

    def call(self, call: Call, stream_id: str | None, now: Now, principal: str | None = None) -> Answer:
        """Any validated call but SUBSCRIBE, with the ``Mesos-Stream-Id`` it came with."""
        framework = self.state.frameworks.get(call.framework_id.value if call.framework_id else "")
        if framework is None:
            return Answer(400, "Framework cannot be found")
        if error := validate.not_yours(principal, framework.info):
            return Answer(400, error)
        if not framework.connected:
            return Answer(403, "Framework is not subscribed")
        if stream_id is None:
            return Answer(400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header")
        if stream_id != framework.stream_id:
            return Answer(
                400,
                f"The stream ID '{stream_id}' included in this request didn't match the stream ID currently "
                f"associated with framework ID {framework.id}",
            )
        assert call.type is not None
        self.state.counters[f"master/calls/{call.type.value.lower()}"] += 1
        if call.type in _COUNTED:
            self.state.counters[f"master/messages_{_COUNTED[call.type]}"] += 1
        if call.type is Call.Type.MESSAGE:  # there is no executor that could get it
            self.state.counters["master/invalid_framework_to_executor_messages"] += 1
        return self._call(framework, call, now, principal)

    def teardown(self, framework_id: str, now: Now) -> bool:
        """Ends a framework on an operator's behalf, whosever it is. False: there is none."""
        framework = self.state.frameworks.get(framework_id)
        if framework is None:
            return False
        frameworks.remove(self.state, framework, now)
        return True

    def _call(self, framework: Framework, call: Call, now: Now, principal: str | None) -> Answer:
        state = self.state
        match call:
            case Call(type=Call.Type.ACCEPT, accept=Call.Accept() as accept):
                offers.accept(state, framework, accept, now)
            case Call(type=Call.Type.DECLINE, decline=Call.Decline() as decline):
                offers.decline(state, framework, decline, now)
            case Call(type=Call.Type.ACKNOWLEDGE, acknowledge=Call.Acknowledge() as acknowledge):
                tasks.acknowledge(state, framework, acknowledge)
            case Call(type=Call.Type.KILL, kill=Call.Kill() as kill):
                tasks.kill(state, framework, kill, now)
            case Call(type=Call.Type.RECONCILE, reconcile=Call.Reconcile() as reconcile):
                tasks.reconcile(state, framework, reconcile, now)
            case Call(type=Call.Type.REVIVE):
                state.allocator.revive(framework.id, call.revive.roles if call.revive else ())
            case Call(type=Call.Type.SUPPRESS):
                state.allocator.suppress(framework.id, call.suppress.roles if call.suppress else ())
            case Call(type=Call.Type.TEARDOWN):
                frameworks.remove(state, framework, now)
            case Call(type=Call.Type.UPDATE_FRAMEWORK, update_framework=Call.UpdateFramework() as update):
                return frameworks.update(state, framework, update, principal)
            case Call(type=Call.Type.RECONCILE_OPERATIONS, reconcile_operations=Call.ReconcileOperations() as asked):
                self._reconcile_operations(framework, asked)
            case _:
                # MESSAGE and SHUTDOWN are for custom executors, REQUEST is a hint, inverse offers are never made:
                # there is nothing these could do here, and the original answers them so, too.
                pass
        return ACCEPTED

    def _reconcile_operations(self, framework: Framework, call: Call.ReconcileOperations) -> None:
        for asked in call.operations:
            agent_id = asked.agent_id.value if asked.agent_id else None
            outcome = OperationState.OPERATION_UNKNOWN
            if agent_id is None:
                text = "Operation is unknown and no 'agent_id' was provided"
            elif agent_id in self.state.recovering:
                outcome = OperationState.OPERATION_RECOVERING
                text = "Agent is recovered but has not re-registered"
            elif agent_id in self.state.agents:
                text = "Operation is unknown"
            elif agent_id in self.state.unreachable:
                outcome, text = OperationState.OPERATION_UNREACHABLE, "Agent is unreachable"
            else:
                text = "Both operation and agent are unknown"
            status = OperationStatus(
                operation_id=asked.operation_id,
                state=outcome,
                message=f"Reconciliation: {text}",
                agent_id=asked.agent_id,
                resource_provider_id=asked.resource_provider_id,
            )
            told = Event.UpdateOperationStatus(status=status)
            self.state.send(framework, Event(type=Event.Type.UPDATE_OPERATION_STATUS, update_operation_status=told))

    # --- agents ---

    def agent_connect(
        self, call: internal.Connect, stream: int, address: str, now: Now, names: Collection[str] | None = None
    ) -> Answer:
        """200: what is for the agent goes to ``stream`` from here on. ``address``: the IP it comes from.

        ``names``: what its certificate lets it call itself; None without one.
        """
        return agents.connect(self.state, call, stream, address, now, names)

    def agent_messages(
        self, batch: internal.Batch, now: Now, names: Collection[str] | None = None
    ) -> Answer | internal.Taken:
        return agents.messages(self.state, batch, now, names)

    def agent_gone(self, stream: int) -> None:
        agents.disconnected(self.state, stream)
