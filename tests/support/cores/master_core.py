"""The master's core with a registry that writes at once: frameworks subscribe and agents connect by a call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dcos_runtime.core.frozen import Now, Persist, Persisted, Reply
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core import events
from dcos_runtime.master.core.core import MasterCore
from dcos_runtime.master.core.effects import Effect, Send
from dcos_runtime.master.core.state import Settings
from dcos_runtime.wire import codec, internal
from dcos_runtime.wire.cluster import AgentInfo, MasterInfo
from dcos_runtime.wire.scheduler import Call

NOW = Now(0.0, 1000.0)


class Core:
    def __init__(self, registry: Mapping[str, bytes | None] | None = None, **settings: Any) -> None:
        self.core = MasterCore(Settings(MasterInfo(id="m", ip=0, port=5050), **settings), SeededSource(b"1"))
        self.registry: dict[str, bytes | None] = dict(registry or {})
        self.stream = 0
        self.recovered = self.feed(
            events.Recovered(tuple([(key, value) for key, value in self.registry.items() if value is not None]), 1)
        )

    def feed(self, event: events.Event) -> list[Effect]:
        """All effects of the event, with writes done."""
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
        """The framework's id, and the reason of a refusal."""
        self.stream += 1
        body = {"user": "root", "name": "n", "failover_timeout": 60.0, **info}
        if framework_id is not None:
            body["id"] = {"value": framework_id}
        framework = {"framework_id": body["id"]} if framework_id is not None else {}
        whole = {"type": "SUBSCRIBE", "subscribe": {"framework_info": body}, **framework}
        call = codec.decode(json.dumps(whole).encode(), Call)
        effects = self.feed(events.Subscribe(1, self.stream, f"s{self.stream}", call, sender))
        result = [json.loads(codec.encode(effect.event)) for effect in effects if isinstance(effect, Send)]
        found = [event["subscribed"]["framework_id"]["value"] for event in result if event["type"] == "SUBSCRIBED"]
        errors = [event["error"]["message"] for event in result if event["type"] == "ERROR"]
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
