"""A framework of a `master_world.World`, which follows the protocol."""

from __future__ import annotations

import json
from typing import Any

from dcos_runtime.core.frozen import Reply
from dcos_runtime.master.core import events
from dcos_runtime.wire import codec
from dcos_runtime.wire.cluster import FrameworkInfo
from dcos_runtime.wire.common import FrameworkID
from dcos_runtime.wire.scheduler import Call


class WorldFramework:
    def __init__(self, world: Any, name: str, aware: bool) -> None:
        self.world = world
        self.name = name
        self.aware = aware
        self.id: str | None = None
        self.stream: int | None = None
        self.stream_id = ""
        self.removed = False
        self.offers: dict[str, Any] = {}
        self.inverse: dict[str, Any] = {}
        self.launched: dict[str, str] = {}  # task -> agent
        self.told: dict[str, str] = {}
        self.unacknowledged: list[Any] = []
        self.killed: set[str] = set()  # during the time of this master

    def subscribe(self) -> None:
        self.disconnect()
        capability = FrameworkInfo.Capability(type=FrameworkInfo.Capability.Type.PARTITION_AWARE)
        info = FrameworkInfo(
            user="u",
            name=self.name,
            failover_timeout=1e6,
            id=FrameworkID(value=self.id) if self.id is not None else None,
            capabilities=[capability] if self.aware else [],
        )
        stream = next(self.world.numbers)
        self.stream, self.stream_id = stream, f"stream-{stream}"
        self.world.streams[stream] = self
        call = codec.decode(codec.encode(Call.Subscribe(framework_info=info)), Call.Subscribe)
        error = self.world.subscribe(call, stream, self.stream_id)
        assert error is None, error

    def disconnect(self) -> None:
        self.offers.clear()
        self.inverse.clear()
        if self.stream is not None:
            stream, self.stream = self.stream, None
            self.world.streams.pop(stream, None)
            self.world.feed(events.SubscriberGone(stream))

    def receive(self, event: Any) -> None:
        kind = event["type"]
        if kind == "SUBSCRIBED":
            assert self.id in (None, event["subscribed"]["framework_id"]["value"])
            self.id = event["subscribed"]["framework_id"]["value"]
        elif kind == "OFFERS":
            for offer in event["offers"]["offers"]:
                assert offer["id"]["value"] not in self.offers
                self.offers[offer["id"]["value"]] = offer
        elif kind == "RESCIND":
            del self.offers[event["rescind"]["offer_id"]["value"]]
        elif kind == "INVERSE_OFFERS":
            for offer in event["inverse_offers"]["inverse_offers"]:
                assert offer["id"]["value"] not in self.inverse
                self.inverse[offer["id"]["value"]] = offer
        elif kind == "RESCIND_INVERSE_OFFER":
            del self.inverse[event["rescind_inverse_offer"]["inverse_offer_id"]["value"]]
        elif kind == "UPDATE":
            status = event["update"]["status"]
            self.told[status["task_id"]["value"]] = status["state"]
            if "uuid" in status:
                self.unacknowledged.append(status)

    def acknowledge(self) -> None:
        statuses, self.unacknowledged = self.unacknowledged, []
        for status in statuses:
            self.call("ACKNOWLEDGE", agent_id=status["agent_id"], task_id=status["task_id"], uuid=status["uuid"])

    def call(self, kind: str, **fields: Any) -> Reply | None:
        if self.stream is None:
            return None
        body = {"type": kind, "framework_id": {"value": self.id}, **({kind.lower(): fields} if fields else {})}
        call = codec.decode(json.dumps(body).encode(), Call)
        answer: Reply = self.world.call(call, self.stream_id)
        assert answer.status == 202, answer
        return answer

    def launch(self, offer_ids: list[str], sizes: list[tuple[float, int]], executor: str = "") -> None:
        """Tasks of (cpus, ports) each; what does not fit is refused by the kernel. ``executor``: they are its tasks."""
        offers = [self.offers.pop(offer_id) for offer_id in offer_ids]
        tasks = []
        free = [
            port
            for offer in offers
            for item in offer["resources"]
            if item["name"] == "ports"
            for interval in item["ranges"]["range"]
            for port in range(interval["begin"], interval["end"] + 1)
        ]
        for cpus, ports in sizes:
            task_id = f"t{next(self.world.numbers)}"
            taken, free = free[:ports], free[ports:]
            resources: list[Any] = [{"name": "cpus", "type": "SCALAR", "scalar": {"value": cpus}}]
            if taken:
                intervals = [{"begin": port, "end": port} for port in taken]
                resources.append({"name": "ports", "type": "RANGES", "ranges": {"range": intervals}})
            self.launched[task_id] = offers[0]["agent_id"]["value"]
            what: Any = {"command": {"value": "x"}}
            if executor:
                cpus_of_it = {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.3}}
                what = {"executor": {"executor_id": {"value": executor}, **what, "resources": [cpus_of_it]}}
            head = {"name": task_id, "task_id": {"value": task_id}, "agent_id": offers[0]["agent_id"]}
            tasks.append({**head, "resources": resources, **what})
        self.call(
            "ACCEPT",
            offer_ids=[offer["id"] for offer in offers],
            operations=[{"type": "LAUNCH", "launch": {"task_infos": tasks}}],
            filters={"refuse_seconds": 1.0},
        )

    def kill(self, task_id: str) -> None:
        assert self.id is not None
        if self.call("KILL", task_id={"value": task_id}) and task_id in self.world.core.state.frameworks[self.id].tasks:
            self.killed.add(task_id)

    def decline(self, offer_id: str, seconds: float) -> None:
        offer = self.offers.pop(offer_id)
        self.call("DECLINE", offer_ids=[offer["id"]], filters={"refuse_seconds": seconds})
