"""Whose a framework is, and whose an agent's id is, as the core decides it."""

from __future__ import annotations

import json
from typing import Any

from dcos_runtime.core.frozen import Log, Now, Persist, Persisted, Reply
from dcos_runtime.core.seeds import Source
from dcos_runtime.master.core import events
from dcos_runtime.master.core.effects import Effect, Send
from dcos_runtime.master.core.kernel import MasterCore
from dcos_runtime.master.core.state import Config
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo, MasterInfo
from dcos_runtime.wire.scheduler import Call

NOW = Now(0.0, 1000.0)
OWNERS = "Changing framework's principal is not allowed."


class Core:
    def __init__(self, registry: dict[str, bytes] | None = None) -> None:
        self.core = MasterCore(Config(MasterInfo(id="m", ip=0, port=5050)), Source(b"1"))
        self.registry: dict[str, bytes | None] = dict(registry or {})
        self.stream = 0
        self.feed(events.Recovered(tuple((registry or {}).items()), 1))

    def feed(self, event: events.Event) -> list[Effect]:
        """All that comes of it, writes done."""
        done = []
        effects = self.core.receive(event, NOW)
        while effects:
            effect = effects.pop(0)
            done.append(effect)
            if isinstance(effect, Persist):
                self.registry.update(effect.changes)
                effects += self.core.receive(Persisted(effect.id), NOW)
        return done

    def ask(self, event: events.Event) -> Reply:
        (reply,) = [effect for effect in self.feed(event) if isinstance(effect, Reply)]
        return reply

    def subscribe(self, sender: str | None, framework_id: str | None = None, **info: Any) -> tuple[str, str | None]:
        """The id, and why it was refused."""
        self.stream += 1
        body = {"user": "root", "name": "n", "failover_timeout": 60.0, **info}
        if framework_id is not None:
            body["id"] = {"value": framework_id}
        framework = {"framework_id": body["id"]} if framework_id is not None else {}
        whole = {"type": "SUBSCRIBE", "subscribe": {"framework_info": body}, **framework}
        call = codec.decode(json.dumps(whole).encode(), Call)
        effects = self.feed(events.Subscribe(1, self.stream, f"s{self.stream}", call, sender))
        told = [json.loads(codec.encode(effect.event)) for effect in effects if isinstance(effect, Send)]
        found = [event["subscribed"]["framework_id"]["value"] for event in told if event["type"] == "SUBSCRIBED"]
        errors = [event["error"]["message"] for event in told if event["type"] == "ERROR"]
        if not found:
            return "", errors[0]
        return found[0], None

    def call(self, framework_id: str, principal: str | None, stream: int) -> Reply:
        call = codec.decode(json.dumps({"type": "REVIVE", "framework_id": {"value": framework_id}}).encode(), Call)
        return self.ask(events.Called(1, call, f"s{stream}", principal))

    def owner(self, framework_id: str) -> str | None:
        return self.core.state.frameworks[framework_id].info.principal

    def connect(self, hostname: str, names: set[str] | None, agent_id: str | None = None) -> Reply:
        self.stream += 1
        body: dict[str, Any] = {"hostname": hostname, "port": 1, "resources": []}
        if agent_id is not None:
            body["id"] = {"value": agent_id}
        return self.ask(connecting(body, self.stream, names))


def connecting(body: Any, stream: int, names: set[str] | None) -> events.AgentConnect:
    info = codec.decode(json.dumps(body).encode(), AgentInfo)
    data = codec.encode(internal.Connect(internal.VERSION, info, "test", "boot", [], []))
    return events.AgentConnect(1, stream, data, "127.0.0.1", None if names is None else tuple(sorted(names)))


def test_a_framework_that_names_no_principal_gets_its_subscribers() -> None:
    core = Core()
    framework_id, error = core.subscribe("alice")
    assert (error, core.owner(framework_id)) == (None, "alice")
    assert core.call(framework_id, "alice", 1).status == 202
    answer = core.call(framework_id, "bob", 1)
    assert answer.status == 400
    assert answer.body == b"Authenticated principal 'bob' does not match principal 'alice' set in `FrameworkInfo`"
    assert core.call("nothing", "bob", 1).body == b"Framework cannot be found"


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
    post = events.AgentMessages(1, codec.encode(internal.Batch(agent_id, 0, [])), tuple(thief))
    assert core.ask(post).status == 403
    epoch = core.core.state.agents[agent_id].epoch
    post = events.AgentMessages(1, codec.encode(internal.Batch(agent_id, epoch, [])), tuple(names))
    answer = core.ask(post)
    assert answer.status == 200 and codec.decode(answer.body, internal.Taken) == internal.Taken(seq=0)

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
    core.feed(events.AgentGone(core.stream))
    assert core.connect("a1", {"a2"}).status == 403
    assert list(core.core.state.agents) == [agent_id]
    assert core.core.state.agents[agent_id].id not in core.core.state.leaving


def test_an_agent_that_the_registry_cannot_take_is_refused_and_changes_nothing() -> None:
    core = Core()
    text = {"name": "size", "type": "TEXT", "text": {"value": "x" * 1_000_000}}
    body = {"hostname": "large", "port": 1, "resources": [], "attributes": [text]}
    log, answer = core.feed(connecting(body, 77, None))
    assert isinstance(log, Log) and isinstance(answer, Reply)
    assert answer.status == 400 and b"262144" in answer.body and b"attributes" in answer.body
    assert not core.core.state.agents and not core.core.state.agent_streams
    assert core.connect("small", None).status == 200
