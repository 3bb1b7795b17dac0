"""The master's core and an agent's, both real, with all that can be lost between them; and one framework."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

from dcos_runtime.agent.core import effects as agent_effects
from dcos_runtime.agent.core import events as agent_events
from dcos_runtime.agent.core.core import AgentCore
from dcos_runtime.agent.core.model import Settings as AgentSettings
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Now, Persist, Persisted, PersistFailed, Reply, Tick
from dcos_runtime.core.resources import Resources
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core import effects, events
from dcos_runtime.master.core.core import MasterCore
from dcos_runtime.master.core.state import Settings
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo, MasterInfo
from dcos_runtime.wire.resources import Resource
from dcos_runtime.wire.scheduler import Call

MASTER = ("198.18.0.1", 5050)
CAPABILITIES = ("MULTI_ROLE", "RESERVATION_REFINEMENT", "SHARED_RESOURCES", "PARTITION_AWARE")
MOUNT = {"source": {"type": "MOUNT", "mount": {"root": "/mnt/one"}}}


def scalar(name: str, value: float, **more: Any) -> dict[str, Any]:
    return {"name": name, "type": "SCALAR", "scalar": {"value": value}, **more}


OFFERED = [scalar("cpus", 4), scalar("mem", 1024), scalar("disk", 1000), scalar("disk", 500, disk=MOUNT)]


class Pair:
    """``by_itself``: messages and writes are carried out at once; otherwise by `deliver` and `write`."""

    def __init__(self, by_itself: bool = True, **framework: Any) -> None:
        self.by_itself = by_itself
        self.mono = 100.0
        self.lives = 0
        self.registry: dict[str, bytes | None] = {}
        self.disk: dict[str, bytes] = {}
        self.folders: list[str] = []
        self.down: deque[tuple[int, bytes]] = deque()
        self.up: deque[agent_effects.SendUp] = deque()
        self.writes: deque[Persist] = deque()
        self.changes: deque[agent_effects.ChangeVolumes] = deque()
        self.containers: deque[Any] = deque()
        self.statuses: list[Any] = []
        self.updates: list[Any] = []
        self.offers: dict[str, Any] = {}
        self.framework_id: str | None = None
        self.acknowledges = True
        self.volume_trouble: str | None = None
        self.connection = 0
        self.replied = ""  # the text of the master's latest answer
        self.info = {"user": "root", "name": "one", "roles": ["dev"], "principal": "p", "failover_timeout": 1e6}
        self.info |= {"capabilities": [{"type": name} for name in CAPABILITIES], **framework}
        self.start_master()
        self.start_agent()
        self.subscribe()
        if by_itself:
            self.settle()

    @property
    def now(self) -> Now:
        return Now(self.mono, 1000.0 + self.mono)

    # --- processes ----------------------------------------------------------------------------------------------------

    def start_master(self) -> None:
        self.lives += 1
        self.down.clear()
        self.offers.clear()
        self.stream = 0
        self.master = MasterCore(Settings(MasterInfo(id=f"m{self.lives}", ip=0, port=5050)), self._source())
        entries = tuple((key, value) for key, value in self.registry.items() if value is not None)
        self.tell(events.Recovered(entries, self.lives * 10**6))

    def start_agent(self) -> None:
        self.lives += 1
        self.up.clear()
        self.writes.clear()
        self.changes.clear()
        self.containers.clear()
        resources = [codec.decode(json.dumps(one).encode(), Resource) for one in OFFERED]
        info = AgentInfo(hostname="a", port=5051, resources=resources)
        settings = AgentSettings(info=info, software="1", boot_id="b", ip="198.18.0.2", launcher="test")
        self.agent = AgentCore(settings, self._source())
        found = {key: value for key, value in self.disk.items() if "/" in key}
        self.say(
            agent_events.Recovered(
                self.disk.get("agent"),
                frameworks=tuple(value for key, value in found.items() if key.startswith("frameworks/")),
                runs=tuple(value for key, value in found.items() if key.startswith("tasks/")),
                resources=self.disk.get("resources"),
            )
        )
        self.say(agent_events.MasterSeen((f"leader {self.lives}", b""), MASTER))

    def _source(self) -> SeededSource:
        return SeededSource(str(self.lives).encode())

    def subscribe(self) -> None:
        self.stream = 1 + 1000 * self.lives
        body: dict[str, Any] = {"type": "SUBSCRIBE", "subscribe": {"framework_info": self.info}}
        if self.framework_id is not None:
            self.info["id"] = body["framework_id"] = {"value": self.framework_id}
        call = codec.decode(json.dumps(body).encode(), Call)
        self.offers.clear()
        self.lives += 1
        self.stream = 1000 * self.lives
        self.tell(events.Subscribe(1, self.stream, "s", call, "p"))

    def break_off(self) -> None:
        """The connection between the two is lost, with all that is on it."""
        self.down.clear()
        self.up.clear()
        self.tell(events.AgentGone(self.connection))
        self.say(agent_events.Closed(self.agent.membership.at.connection, "test"))

    # --- events and effects -------------------------------------------------------------------------------------------

    def tell(self, event: events.Event) -> int:
        """The status with which the master answers, if it does."""
        answered = 0
        for effect in self.master.receive(event, self.now):
            match effect:
                case Persist():
                    self.registry.update(effect.changes)
                    answered = self.tell(Persisted(effect.id)) or answered
                case effects.SendToAgent():
                    self.down.append((effect.stream, effect.data))
                case effects.Send():
                    self._heard(json.loads(codec.encode(effect.event)))
                case effects.SendJoined():
                    self._heard(json.loads(effect.data))
                case Reply():
                    answered, self.replied = effect.status, effect.body.decode()
        return answered

    def say(self, event: agent_events.Event) -> None:
        for effect in self.agent.receive(event, self.now):
            match effect:
                case Persist():
                    self.writes.append(effect)
                case agent_effects.SendUp():
                    self.up.append(effect)
                case agent_effects.ChangeVolumes():
                    self.changes.append(effect)
                case agent_effects.OpenConnection():
                    self.say(agent_events.EndpointFound(effect.connection, *MASTER, internal.SPOKEN))
                case agent_effects.Register():
                    self.lives += 1
                    self.connection, self._number = self.lives, effect.connection
                    self.down.clear()
                    self.up.clear()
                    self.tell(events.AgentConnect(1, self.connection, effect.body, "198.18.0.2"))
                case agent_effects.Prepare():
                    self.containers.append(agent_events.Created(effect.container_id, 1))
                case agent_effects.Start():
                    self.containers.append(agent_events.Started(effect.container_id))
                case agent_effects.Destroy():
                    self.containers.append(agent_events.Destroyed(effect.container_id))

    def _heard(self, event: Any) -> None:
        if event["type"] == "SUBSCRIBED":
            self.framework_id = event["subscribed"]["framework_id"]["value"]
        elif event["type"] == "OFFERS":
            self.offers |= {offer["id"]["value"]: offer for offer in event["offers"]["offers"]}
        elif event["type"] == "RESCIND":
            self.offers.pop(event["rescind"]["offer_id"]["value"], None)
        elif event["type"] == "UPDATE":
            self.updates.append(event["update"]["status"])
        elif event["type"] == "UPDATE_OPERATION_STATUS":
            self.statuses.append(event["update_operation_status"]["status"])

    # --- what happens between -----------------------------------------------------------------------------------------

    def deliver_down(self) -> None:
        if self.down:
            stream, data = self.down.popleft()
            if stream == self.connection:
                self.say(agent_events.Received(self._number, data))

    def deliver_up(self) -> None:
        if self.up:
            one = self.up.popleft()
            body = codec.encode(internal.Batch(agent_id=one.agent_id, epoch=one.epoch, messages=[one.message]))
            if self.tell(events.AgentMessages(1, body)) != 200:
                self.break_off()

    def write(self, fails: bool = False) -> None:
        if self.writes:
            effect = self.writes.popleft()
            if fails:
                self.say(PersistFailed(effect.id, "full"))
                return
            for key, value in effect.changes:
                if value is None:
                    self.disk.pop(key, None)
                else:
                    self.disk[key] = value
            self.say(Persisted(effect.id))

    def change(self) -> None:
        """The folders of volumes."""
        if self.changes:
            effect = self.changes.popleft()
            made, removed = (
                [one["disk"]["persistence"]["id"] for one in json.loads(data)] for data in (effect.made, effect.removed)
            )
            if self.volume_trouble is None:
                self.folders = [one for one in self.folders if one not in {*made, *removed}] + made
            self.say(agent_events.VolumesChanged(effect.operation, self.volume_trouble))

    def acknowledge(self) -> None:
        for status in self.statuses:
            if "uuid" in status and not status.get("acknowledged"):
                status["acknowledged"] = True
                names = {"agent_id": status["agent_id"], "operation_id": status["operation_id"]}
                self.call("ACKNOWLEDGE_OPERATION_STATUS", uuid=status["uuid"]["value"], **names)

    def pass_time(self, seconds: float) -> None:
        self.mono += seconds
        self.say(Tick())
        self.tell(events.BudgetedTick())

    def settle(self) -> None:
        """Until nothing is under way."""
        for _ in range(60):
            for _ in range(200):
                if not (self.down or self.up or self.writes or self.changes or self.containers):
                    break
                self.deliver_down()
                self.deliver_up()
                self.write()
                self.change()
                if self.containers:
                    self.say(self.containers.popleft())
            if self.acknowledges:
                self.acknowledge()
            self.pass_time(1.0)

    # --- the framework ------------------------------------------------------------------------------------------------

    def call(self, kind: str, **fields: Any) -> int:
        body: dict[str, Any] = {"type": kind, "framework_id": {"value": self.framework_id}}
        if fields:
            body[kind.lower()] = fields
        call = codec.decode(json.dumps(body).encode(), Call)
        status = self.tell(events.Called(1, call, "s", "p"))
        if self.by_itself and kind == "ACCEPT":
            self.settle()
        return status

    def accept(self, *operations: dict[str, Any]) -> list[Any]:
        """On all offers. The statuses of operations that came of it."""
        offer_ids = [{"value": offer_id} for offer_id in self.offers]
        self.offers.clear()
        before = len(self.statuses)
        self.call("ACCEPT", offer_ids=offer_ids, operations=list(operations), filters={"refuse_seconds": 0.0})
        return self.statuses[before:]

    # --- what is -----------------------------------------------------------------------------------------------------

    @property
    def total(self) -> Resources:
        """As the master knows it."""
        (agent,) = self.master.state.agents.values()
        return agent.total

    def shown(self) -> set[str]:
        return set(amounts.text(self.total).split("; "))
