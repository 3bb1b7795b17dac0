"""What protobuf costs beside JSON: encode and decode of the same events, in turn, by processor time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.cluster import Offer
from dcos_runtime.wire.scheduler import Event
from tests.bench.figures import Bench, Measured, figure, ratio_at_most

MASTER = "6a1bb2f0-8a41-4a3a-9d1e-7b2f4a0c9e11"
ROLE = {"allocation_info": {"role": "web"}}
OFFER = {
    "id": {"value": f"{MASTER}-O17"},
    "framework_id": {"value": f"{MASTER}-0001"},
    "agent_id": {"value": f"{MASTER}-S17"},
    "hostname": "agent-17",
    "url": {
        "scheme": "http",
        "address": {"hostname": "agent-17", "ip": "198.18.0.1", "port": 5051},
        "path": "/slave(1)",
    },
    "resources": [
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 16.0}, **ROLE},
        {"name": "mem", "type": "SCALAR", "scalar": {"value": 65536.0}, **ROLE},
        {"name": "disk", "type": "SCALAR", "scalar": {"value": 100000.0}, **ROLE},
        {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31000, "end": 32000}]}, **ROLE},
    ],
    "attributes": [{"name": "rack", "type": "TEXT", "text": {"value": "r1"}}],
    **ROLE,
}
STATUS = {
    "task_id": {"value": "web.instance-1234._app.1"},
    "state": "TASK_RUNNING",
    "source": "SOURCE_EXECUTOR",
    "agent_id": {"value": f"{MASTER}-S17"},
    "executor_id": {"value": "web.instance-1234._app.1"},
    "timestamp": 1732860000.123,
    "uuid": "MDEyMzQ1Njc4OWFiY2RlZg==",
    "healthy": True,
    "container_status": {
        "container_id": {"value": "abcdef-1234"},
        "network_infos": [{"ip_addresses": [{"ip_address": "198.18.0.1"}]}],
        "executor_pid": 1234,
    },
}
ROUNDS = 400


def _microseconds(do: Callable[[], Any]) -> float:
    began = time.process_time()
    for _ in range(ROUNDS):
        do()
    return (time.process_time() - began) / ROUNDS * 1e6


def _compare(bench: Bench, event: Event) -> Measured:
    text, data = codec.encode(event), protobuf.encode(event)
    if protobuf.decode(data, Event) != event or codec.decode(text, Event) != event:
        raise AssertionError("the event does not come back")
    ours, beside = [], []
    for _ in bench.times(9):
        ours.append(_microseconds(lambda: protobuf.decode(protobuf.encode(event), Event)))
        beside.append(_microseconds(lambda: codec.decode(codec.encode(event), Event)))
    return Measured(ours, "JSON", beside, f"{len(data)} bytes beside {len(text)}")


HOW = "encode and decode through structs, by processor time, in turn"


@figure("wire.offer", "an OFFERS event with one offer in protobuf", unit="µs", how=HOW, aim=ratio_at_most(4))
def offer(bench: Bench) -> Measured:
    offers = Event.Offers(offers=[codec.decode(codec.encode(OFFER), Offer)])
    return _compare(bench, Event(type=Event.Type.OFFERS, offers=offers))


@figure("wire.update", "an UPDATE event in protobuf", unit="µs", how=HOW, aim=ratio_at_most(4))
def update(bench: Bench) -> Measured:
    return _compare(bench, codec.decode(codec.encode({"type": "UPDATE", "update": {"status": STATUS}}), Event))
