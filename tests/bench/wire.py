"""What protobuf costs beside JSON: encode and decode of the same events, in turn, by processor time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Now, Persist, Persisted
from dcos_runtime.core.resources import Format
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core import encoded, events
from dcos_runtime.master.core.core import MasterCore
from dcos_runtime.master.core.effects import Send
from dcos_runtime.master.core.state import Settings
from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.cluster import AgentInfo, FrameworkInfo, MasterInfo, Offer
from dcos_runtime.wire.scheduler import Call, Event
from dcos_runtime.wire.tasks import TaskInfo
from tests.bench.figures import Bench, Measured, figure, ratio_at_most

MASTER = "6a1bb2f0-8a41-4a3a-9d1e-7b2f4a0c9e11"
ROLE = {"allocation_info": {"role": "web"}}
OFFER: dict[str, Any] = {
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
STATUS: dict[str, Any] = {
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
TASK: dict[str, Any] = {
    "name": "web",
    "task_id": {"value": "web.instance-1234._app.1"},
    "agent_id": {"value": f"{MASTER}-S17"},
    "resources": [
        {"name": "cpus", "type": "SCALAR", "scalar": {"value": 0.1}, **ROLE},
        {"name": "mem", "type": "SCALAR", "scalar": {"value": 32.0}, **ROLE},
        {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": 31007, "end": 31007}]}, **ROLE},
    ],
    "command": {
        "value": "exec ./serve --port $PORT0",
        "environment": {"variables": [{"name": f"VARIABLE_{one}", "value": f"value {one}"} for one in range(6)]},
    },
    "labels": {"labels": [{"key": "owner", "value": "web"}, {"key": "tier", "value": "front"}]},
    "discovery": {
        "visibility": "FRAMEWORK",
        "name": "web",
        "ports": {"ports": [{"number": 31007, "name": "http", "protocol": "tcp"}]},
    },
}
ROUNDS = 200


def _microseconds(do: Callable[[], Any], rounds: int) -> float:
    began = time.process_time()
    for _ in range(rounds):
        do()
    return (time.process_time() - began) / rounds * 1e6


def _in_turn(
    bench: Bench, protobufs: Callable[[], Any], jsons: Callable[[], Any], note: str, rounds: int = ROUNDS
) -> Measured:
    ours, beside = [], []
    for _ in bench.times(15):
        ours.append(_microseconds(protobufs, rounds))
        beside.append(_microseconds(jsons, rounds))
    return Measured(ours, "JSON", beside, note)


def _through_structs(bench: Bench, message: Any) -> Measured:
    kind = type(message)
    text, data = codec.encode(message), protobuf.encode(message)
    if protobuf.decode(data, kind) != message or codec.decode(text, kind) != message:
        raise AssertionError("the message does not come back")
    return _in_turn(
        bench,
        lambda: protobuf.decode(protobuf.encode(message), kind),
        lambda: codec.decode(codec.encode(message), kind),
        f"{len(data)} bytes beside {len(text)}",
    )


STRUCTS = "encode and decode through structs, by processor time, in turn"


@figure("wire.offer", "an OFFERS event with one offer in protobuf", unit="µs", how=STRUCTS, aim=ratio_at_most(4))
def offer(bench: Bench) -> Measured:
    offers = Event.Offers(offers=[codec.decode(codec.encode(OFFER), Offer)])
    return _through_structs(bench, Event(type=Event.Type.OFFERS, offers=offers))


@figure("wire.update", "an UPDATE event in protobuf", unit="µs", how=STRUCTS, aim=ratio_at_most(4))
def update(bench: Bench) -> Measured:
    return _through_structs(bench, codec.decode(codec.encode({"type": "UPDATE", "update": {"status": STATUS}}), Event))


@figure("wire.accept", "an ACCEPT call with one task in protobuf", unit="µs", how=STRUCTS, aim=ratio_at_most(4))
def accept(bench: Bench) -> Measured:
    call = {
        "type": "ACCEPT",
        "framework_id": OFFER["framework_id"],
        "accept": {
            "offer_ids": [OFFER["id"]],
            "operations": [{"type": "LAUNCH", "launch": {"task_infos": [TASK]}}],
            "filters": {"refuse_seconds": 5.0},
        },
    }
    return _through_structs(bench, codec.decode(codec.encode(call), Call))


@figure("wire.acknowledge", "an ACKNOWLEDGE call in protobuf", unit="µs", how=STRUCTS, aim=ratio_at_most(4))
def acknowledge(bench: Bench) -> Measured:
    call = {
        "type": "ACKNOWLEDGE",
        "framework_id": OFFER["framework_id"],
        "acknowledge": {key: STATUS[key] for key in ("agent_id", "task_id", "uuid")},
    }
    return _through_structs(bench, codec.decode(codec.encode(call), Call))


# --- as the master sends them ----------------------------------------------------------------------------------------

AGENTS = 20
NOW = Now(1.0, 1e9)


@figure(
    "wire.offers_sent",
    f"an OFFERS event of {AGENTS} agents in protobuf, as the master joins it",
    unit="µs",
    how="fragments of the agents are kept; ids and resources are new in each event; by processor time, in turn",
    aim=ratio_at_most(1.5),
)
def offers_sent(bench: Bench) -> Measured:
    protobuf.load(Event)
    found = codec.decode(codec.encode(OFFER), Offer)
    info = AgentInfo(hostname=found.hostname, port=5051, attributes=found.attributes)
    agents = [encoded.Fragments(f"{MASTER}-S{number}", info, "198.18.0.1") for number in range(AGENTS)]
    free = amounts.parse(found.resources)
    left = itertools.cycle([free, free - amounts.parse(codec.decode(codec.encode(TASK), TaskInfo).resources)])
    numbers = itertools.count()

    def send(form: encoded.Form) -> bytes:
        framework, resources = form.framework_id(f"{MASTER}-0001"), next(left)
        first = next(numbers) * AGENTS
        ids = form.offer_ids(f"{MASTER}-O", range(first, first + AGENTS))
        return form.event(
            [
                form.offer(offer_id, framework, agent.body(form, resources, Format.STACK, "web"))
                for offer_id, agent in zip(ids, agents, strict=True)
            ]
        )

    json, other = (encoded.FORMS[kind] for kind in (codec.CONTENT_TYPE, protobuf.CONTENT_TYPE))
    if len(protobuf.decode(send(other), Event).offers.offers) != AGENTS:
        raise AssertionError("the offers do not come back")
    note = f"{len(send(other))} bytes beside {len(send(json))}"
    return _in_turn(bench, lambda: send(other), lambda: send(json), note, rounds=20)


def _updates(accepted: str) -> tuple[MasterCore, dict[str, Any]]:
    """A master with a framework that reads ``accepted``, whose task an agent runs, and what that agent says."""
    core = MasterCore(Settings(MasterInfo(id="m", ip=1, port=1)), SeededSource(b"1"))
    core.receive(events.Recovered((), 1), NOW)
    framework = codec.decode(codec.encode({"user": "u", "name": "n", "role": "web"}), FrameworkInfo)
    call = Call(type=Call.Type.SUBSCRIBE, subscribe=Call.Subscribe(framework_info=framework))
    core.receive(events.Subscribe(1, 1, "s", call, accepted=accepted), NOW)
    (framework_id,) = core.state.frameworks
    running = {"framework_id": framework_id, "task": TASK, "state": "TASK_STAGING", "task_id": "t"}
    info = {"hostname": "agent-17", "port": 5051, "resources": OFFER["resources"]}
    connect = {"version": 1, "agent": info, "software": "x", "boot_id": "b", "tasks": [running]}
    (persist,) = [
        effect
        for effect in core.receive(events.AgentConnect(1, 2, codec.encode(connect), "198.18.0.1"), NOW)
        if isinstance(effect, Persist)
    ]
    core.receive(Persisted(persist.id), NOW)
    (agent,) = core.state.agents.values()
    update = {
        "type": "UPDATE",
        "seq": 0,
        "framework_id": framework_id,
        "status": STATUS,
        "latest_state": "TASK_RUNNING",
    }
    return core, {"agent_id": agent.id, "epoch": agent.epoch, "messages": [update]}


@figure(
    "wire.update_sent",
    "an UPDATE on its way through the master to a framework that reads protobuf",
    unit="µs",
    how="from the agent's message as bytes, through the core, to the event as bytes; by processor time, in turn",
    aim=ratio_at_most(1.5),
)
def update_sent(bench: Bench) -> Measured:
    protobuf.load(Event)

    def sender(accepted: str, encode: Callable[[Any], bytes]) -> Callable[[], None]:
        core, batch = _updates(accepted)
        before, after = codec.encode(batch).split(b'"seq":0')
        numbers = itertools.count(1)

        def send() -> None:
            data = b'%b"seq":%d%b' % (before, next(numbers), after)
            effects = core.receive(events.AgentMessages(1, data), NOW)
            (_,) = [encode(effect.event) for effect in effects if isinstance(effect, Send)]

        return send

    return _in_turn(bench, sender(protobuf.CONTENT_TYPE, protobuf.encode), sender(codec.CONTENT_TYPE, codec.encode), "")
