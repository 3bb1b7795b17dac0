"""A master beside agents of the former version of their protocol, and above a registry of the former version."""

from __future__ import annotations

import json

import pytest

from dcos_runtime.core.frozen import Now, Persist, Reply
from dcos_runtime.core.seeds import SeededSource
from dcos_runtime.master.core import events, registry
from dcos_runtime.master.core.core import MasterCore
from dcos_runtime.master.core.effects import SendToAgent
from dcos_runtime.master.core.state import Settings
from dcos_runtime.wire.cluster import MasterInfo
from tests.support.cores.master_core import Core

CONNECT = (
    b'{"version":1,"agent":{"hostname":"h","port":5051,"resources":[]%b},"software":"0.1","boot_id":"b","tasks":[{'
    b'"framework_id":"f","task":{"name":"n","task_id":{"value":"t"},"agent_id":{"value":"s"},"resources":[]},'
    b'"state":"TASK_RUNNING","status":null,"unacknowledged":null}],"frameworks":[]}'
)
"""What an agent of version 1 said first."""

KEPT = b'{"info":{"hostname":"h","port":5051,"id":{"value":"s1"}}}'
AWAY = b'{"info":{"hostname":"g","port":5051,"id":{"value":"s2"}},"unreachable_since":12.5}'
"""What a master of version 1 wrote."""


def connect(core: Core, data: bytes) -> tuple[int, str, list[dict[str, object]]]:
    """The answer's status and text, and what the agent is told."""
    core.stream += 1
    effects = core.feed(events.AgentConnect(1, core.stream, data, "127.0.0.1"))
    found = [json.loads(effect.data) for effect in effects if isinstance(effect, SendToAgent)]
    (reply,) = [effect for effect in effects if isinstance(effect, Reply)]
    return reply.status, reply.body.decode(), found


def test_an_agent_of_the_former_version_is_a_member_with_all_its_tasks() -> None:
    core = Core()
    status, _, found = connect(core, CONNECT % b"")
    assert status == 200 and [message["type"] for message in found] == ["CONNECTED", "PING"]
    assert found[0]["version"] == 1
    (agent,) = core.core.state.agents.values()
    assert [task.id for task in agent.all_tasks()] == ["t"]
    upgraded = CONNECT.replace(b'"version":1', b'"version":1,"versions":[1,2]') % (
        b',"id":{"value":"%b"}' % agent.id.encode()
    )
    status, _, found = connect(core, upgraded)
    assert status == 200 and found[0]["version"] == 2
    assert [task.id for task in agent.all_tasks()] == ["t"], "it goes on"


def test_an_agent_of_another_version_is_refused_by_name_and_changes_nothing() -> None:
    core = Core()
    status, text, found = connect(core, b'{"version":5,"versions":[5,6],"agent":"of another form"}')
    assert status == 400 and not found and not core.core.state.agents and not core.registry
    assert text == (
        "this agent speaks versions 5 and 6 of the agent protocol, this master versions 1, 2, 3 and 4; "
        "upgrade this master"
    )


def test_a_former_registry_is_read_and_written_anew() -> None:
    core = Core({"agents/s1": KEPT, "agents/s2": AWAY, "other": b"left alone"})
    state = core.core.state
    assert list(state.recovering) == ["s1"] and state.unreachable["s2"].since == 12.5
    for name, former in (("s1", KEPT), ("s2", AWAY)):
        value = core.registry[f"agents/{name}"]
        assert value is not None and json.loads(value) == {**json.loads(former), "version": 2}
        assert registry.read(name, value)[1] is None, "once is enough"
    again = Core({key: value for key, value in core.registry.items() if value is not None})
    assert list(again.core.state.recovering) == ["s1"] and not again.core.state.unwritten()


def test_a_registry_of_another_version_is_left_alone() -> None:
    core = MasterCore(Settings(MasterInfo(id="m", ip=0, port=5050)), SeededSource(b"1"))
    entries = (("agents/s1", KEPT), ("agents/s3", b'{"version":4,"agent":"of another form"}'))
    with pytest.raises(registry.UnknownRegistryVersion) as refused:
        core.receive(events.Recovered(entries, 1), Now(0.0, 0.0))
    assert str(refused.value) == (
        "the registry's entry agents/s3 is of version 4, and this master reads 1, 2 and 3; nothing was changed; run the"
        " version that wrote it, or one that is newer"
    )
    assert not [effect for effect in core.take_effects() if isinstance(effect, Persist)]
