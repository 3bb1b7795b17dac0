"""Which principal a framework has, and which certificate an agent's id belongs to, as the core decides it."""

from __future__ import annotations

import json

from dcos_runtime.core.frozen import Log, Reply
from dcos_runtime.master.core import events
from dcos_runtime.wire import codec, internal
from tests.support.cores.master_core import Core, connecting

OWNERS = "Changing framework's principal is not allowed."


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
