"""Whose a framework is, and whose an agent's id is, as the core decides it."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from dcos_runtime.core.frozen import Now
from dcos_runtime.master.core.effects import Answer, Persist, Send
from dcos_runtime.master.core.kernel import MasterCore
from dcos_runtime.master.core.state import Config
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo, MasterInfo
from dcos_runtime.wire.scheduler import Call

NOW = Now(0.0, 1000.0)
OWNERS = "Changing framework's principal is not allowed."


class Core:
    def __init__(self, registry: dict[str, bytes] | None = None) -> None:
        self.core = MasterCore(Config(MasterInfo(id="m", ip=0, port=5050)), registry or {}, Random(1), 1, NOW)
        self.registry: dict[str, bytes | None] = dict(registry or {})
        self.stream = 0

    def effects(self) -> list[Any]:
        sent = []
        while effects := self.core.take_effects():
            for effect in effects:
                sent.append(effect)
                if isinstance(effect, Persist):
                    self.registry.update(effect.changes)
                    self.core.persisted(effect.id, NOW)
        return sent

    def subscribe(self, sender: str | None, framework_id: str | None = None, **info: Any) -> tuple[str, str | None]:
        """The id, and why it was refused."""
        self.stream += 1
        body = {"user": "root", "name": "n", "failover_timeout": 60.0, **info}
        if framework_id is not None:
            body["id"] = {"value": framework_id}
        call = codec.decode(json.dumps({"framework_info": body}).encode(), Call.Subscribe)
        error = self.core.subscribe(call, self.stream, f"s{self.stream}", NOW, sender)
        events = [json.loads(codec.encode(effect.event)) for effect in self.effects() if isinstance(effect, Send)]
        found = [event["subscribed"]["framework_id"]["value"] for event in events if event["type"] == "SUBSCRIBED"]
        return (found[0] if found else ""), error

    def call(self, framework_id: str, principal: str | None, stream: int) -> Answer:
        call = codec.decode(json.dumps({"type": "REVIVE", "framework_id": {"value": framework_id}}).encode(), Call)
        return self.core.call(call, f"s{stream}", NOW, principal)

    def owner(self, framework_id: str) -> str | None:
        return self.core.state.frameworks[framework_id].info.principal

    def connect(self, hostname: str, names: set[str] | None, agent_id: str | None = None) -> Answer:
        self.stream += 1
        body: dict[str, Any] = {"hostname": hostname, "port": 1, "resources": []}
        if agent_id is not None:
            body["id"] = {"value": agent_id}
        info = codec.decode(json.dumps(body).encode(), AgentInfo)
        call = internal.Connect(internal.VERSION, info, "test", "boot", [], [])
        answer = self.core.agent_connect(call, self.stream, "127.0.0.1", NOW, names)
        self.effects()
        return answer


def test_a_framework_that_names_no_principal_gets_its_subscribers() -> None:
    core = Core()
    framework_id, error = core.subscribe("alice")
    assert (error, core.owner(framework_id)) == (None, "alice")
    assert core.call(framework_id, "alice", 1).status == 202
    answer = core.call(framework_id, "bob", 1)
    assert answer == Answer(
        400, "Authenticated principal 'bob' does not match principal 'alice' set in `FrameworkInfo`"
    )
    assert core.call("nothing", "bob", 1).text == "Framework cannot be found"


def test_a_framework_from_before_principals_becomes_the_first_ones_that_is_known() -> None:
    core = Core()
    framework_id, _ = core.subscribe(None)
    assert core.owner(framework_id) is None
    assert core.subscribe(None, framework_id, principal="alice")[1] == OWNERS, "nobody said who that is"
    assert core.subscribe("alice", framework_id) == (framework_id, None)
    assert core.owner(framework_id) == "alice"
    assert core.subscribe("bob", framework_id)[1] == OWNERS
    assert core.subscribe(None, framework_id)[1] == OWNERS


def test_an_agent_calls_itself_what_its_certificate_does() -> None:
    core = Core()
    assert core.connect("a1", None).status == 200, "without certificates anybody may be anybody"
    assert core.connect("a1", {"a2", "198.18.0.2"}).status == 403
    assert core.connect("a2", {"a2", "198.18.0.2"}).status == 200
    assert core.connect("198.18.0.2", {"a2", "198.18.0.2"}).status == 200


def test_an_agents_id_is_its_hosts_while_it_is_known_in_whatever_way() -> None:
    names, thief = {"a1", "198.18.0.1"}, {"a2", "198.18.0.2"}
    core = Core()
    assert core.connect("a1", names).status == 200
    (agent_id,) = core.core.state.agents
    assert core.connect("a2", thief, agent_id).status == 403
    batch = internal.Batch(agent_id, 0, [])
    refused = core.core.agent_messages(batch, NOW, thief)
    assert isinstance(refused, Answer) and refused.status == 403
    epoch = core.core.state.agents[agent_id].epoch
    taken = core.core.agent_messages(internal.Batch(agent_id, epoch, []), NOW, names)
    assert isinstance(taken, internal.Taken)

    stored = {key: value for key, value in core.registry.items() if value is not None}
    recovering = Core(stored)
    assert agent_id in recovering.core.state.recovering
    assert recovering.connect("a2", thief, agent_id).status == 403
    assert recovering.connect("a1", names, agent_id).status == 200

    entry = json.loads(stored[f"agents/{agent_id}"]) | {"unreachable_since": 1.0}
    unreachable = Core({f"agents/{agent_id}": json.dumps(entry).encode()})
    assert agent_id in unreachable.core.state.unreachable
    assert unreachable.connect("a2", thief, agent_id).status == 403
    assert unreachable.connect("a1", names, agent_id).status == 200


def test_no_agent_pushes_a_silent_one_of_another_host_aside() -> None:
    core = Core()
    assert core.connect("a1", {"a1"}).status == 200
    (agent_id,) = core.core.state.agents
    core.core.agent_gone(core.stream)
    assert core.connect("a1", {"a2"}).status == 403
    assert list(core.core.state.agents) == [agent_id]
    assert core.core.state.agents[agent_id].id not in core.core.state.leaving


def test_an_agent_that_the_registry_cannot_take_is_refused_and_changes_nothing() -> None:
    core = Core()
    text = {"name": "size", "type": "TEXT", "text": {"value": "x" * 1_000_000}}
    body = {"hostname": "large", "port": 1, "resources": [], "attributes": [text]}
    info = codec.decode(json.dumps(body).encode(), AgentInfo)
    call = internal.Connect(internal.VERSION, info, "test", "boot", [], [])
    answer = core.core.agent_connect(call, 77, "127.0.0.1", NOW, None)
    assert answer.status == 400 and "262144" in answer.text and "attributes" in answer.text
    assert not core.core.take_effects() and not core.core.state.agents and not core.core.state.agent_streams
    assert core.connect("small", None).status == 200
