"""Values of other types are read in messages up to one size, by everybody who reads messages of others."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import dcos_runtime
from dcos_runtime.agent.core import events, reading
from dcos_runtime.core import resources as amounts
from dcos_runtime.core.frozen import Log
from dcos_runtime.framework.core.stream import EventStream
from dcos_runtime.master import scheduler_api
from dcos_runtime.wire import codec, recordio
from dcos_runtime.wire.tasks import KillPolicy
from tests.support.cores.agent_world import World as AgentWorld
from tests.support.cores.master_world import World as MasterWorld
from tests.support.mesos.calls import CONNECTS

MOST = codec.MAX_LENIENT
OF_ITS_TYPE = f"in a body of more than {MOST} bytes each value has to be of its field's type: "
WRONG, RIGHT = '"5"', "5"


def padded(document: dict[str, Any], size: int, number: str = RIGHT) -> bytes:
    """The document in so many bytes, of which most is passed over. ``number`` stands where ``NUMBER`` does."""
    text = json.dumps({**document, "passed_over": ""}).replace('"NUMBER"', number)
    return f'{text[:-2]}{"x" * (size - len(text))}"}}'.encode()


def refused(read: Callable[[], object]) -> str:
    with pytest.raises(codec.DecodeError) as raised:
        read()
    return str(raised.value)


POLICY = {"grace_period": {"nanoseconds": "NUMBER"}}


def test_values_of_other_types_are_taken_in_so_many_bytes_and_no_more() -> None:
    """To read them anew takes ten times as long, in which a master serves nobody."""
    assert len(padded(POLICY, MOST, WRONG)) == MOST
    for data in (padded(POLICY, MOST, WRONG), padded(POLICY, MOST + 1)):
        policy = codec.decode(data, KillPolicy)
        assert policy.grace_period is not None and policy.grace_period.nanoseconds == 5
    lengthy = padded(POLICY, MOST + 1, WRONG)
    assert refused(lambda: codec.decode(lengthy, KillPolicy)).startswith(f"{OF_ITS_TYPE}Expected `int`, got `str` - at")
    assert "Failed to parse body into JSON" in refused(lambda: codec.decode(lengthy[:-1] + b"]", KillPolicy))
    missing = lengthy.replace(b"nanoseconds", b"nanosecomds")
    assert refused(lambda: codec.decode(missing, KillPolicy)).startswith("Object missing required field `nanoseconds`")


def test_a_part_is_read_as_the_message_that_it_is_of() -> None:
    """Else a message of many parts would be read anew part by part."""
    small = b'{"grace_period":{"nanoseconds":"5"}}'
    assert codec.decode(small, KillPolicy).grace_period is not None
    assert refused(lambda: codec.decode(small, KillPolicy, strict=True)).startswith(OF_ITS_TYPE)
    cpus = b'[{"name":"cpus","type":"SCALAR","scalar":{"value":"1"}}]'
    assert amounts.read(cpus).resources.scalar("cpus") == 1000
    assert refused(lambda: amounts.read(cpus, strict=True)).startswith(OF_ITS_TYPE)


# --- everybody who reads ----------------------------------------------------------------------------------------------


def scheduler_call(size: int, number: str) -> str:
    call = {"type": "DECLINE", "decline": {"filters": {"refuse_seconds": "NUMBER"}, "offer_ids": []}}
    try:
        assert scheduler_api.decode(padded(call, size, number)).decline is not None
    except codec.DecodeError as error:
        return str(error).removeprefix("Failed to convert JSON into Call protobuf: ")
    return ""


def connect_of_an_agent(size: int, number: str, document: dict[str, Any] | None = None) -> str:
    changed = {**CONNECTS[1], "agent": {**CONNECTS[1]["agent"], "port": "NUMBER"}}
    reply = MasterWorld(agents=0, frameworks=0).connect(padded(document or changed, size, number), 7)
    return "" if reply.status == 200 else reply.body.decode()


def first_words_of_an_agent_of_another_version(size: int, number: str) -> str:
    """The versions are looked for once more where nothing else could be read."""
    text = connect_of_an_agent(size, number, {"version": "NUMBER", "tasks": 7})
    return "" if "speaks version 5" in text else text


def resources_of_tasks(size: int, number: str) -> str:
    ports = {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": "NUMBER", "end": 31000}]}}
    text = connect_of_an_agent(size, number, {**CONNECTS[1], "asked": [[ports]]})
    return text.removeprefix("resources of tasks cannot be read: ")


def tasks_of_the_former_version(size: int, number: str) -> str:
    (task,) = CONNECTS[0]["tasks"]
    ports = {"name": "ports", "type": "RANGES", "ranges": {"range": [{"begin": "NUMBER", "end": 31000}]}}
    info = {**task["task"], "resources": [ports]}
    text = connect_of_an_agent(size, number, {**CONNECTS[0], "tasks": [{**task, "task": info}]})
    return text.removeprefix("a task of framework f cannot be read: ")


def statuses_of_the_former_version(size: int, number: str) -> str:
    (task,) = CONNECTS[0]["tasks"]
    status = {**task["status"], "timestamp": "NUMBER"}
    text = connect_of_an_agent(size, number, {**CONNECTS[0], "tasks": [{**task, "status": status}]})
    return text.removeprefix("a task of framework f cannot be read: ")


def messages_of_an_agent(size: int, number: str) -> str:
    world = MasterWorld(agents=0, frameworks=0)
    assert world.connect(json.dumps(CONNECTS[1]).encode(), 7).status == 200
    while world.write():
        pass
    (agent,) = world.core.state.agents.values()
    batch = {"agent_id": agent.id, "epoch": agent.epoch, "messages": [{"type": "PONG", "seq": "NUMBER"}]}
    reply = world.post(padded(batch, size, number.replace("5", "1")))
    return "" if reply.status == 200 else reply.body.decode()


def message_to_an_agent(size: int, number: str) -> str:
    world = AgentWorld()
    world.connect()
    assert world.connection is not None
    ping = {"type": "PING", "agent_id": world.core.agent.id, "epoch": "NUMBER", "seq": world.down_seq + 1}
    world.feed(events.Received(world.connection, padded(ping, size, number)))
    if world.connection is not None:
        return ""
    ((_, _, text),) = [effect.text.partition(OF_ITS_TYPE) for effect in world.history[-1][2] if isinstance(effect, Log)]
    return OF_ITS_TYPE + text


def task_for_an_agent(size: int, number: str) -> str:
    """A part: its own size counts, for there is one in a message."""
    task = {"task_id": {"value": "t"}, "kill_policy": {"grace_period": {"nanoseconds": "NUMBER"}}}
    found = reading.task(padded(task, size, number))
    if isinstance(found, events.BadTask):
        return found.why
    assert found.kill_policy is not None
    return ""


def event_for_a_framework(size: int, number: str) -> str:
    subscribed = {"framework_id": {"value": "f"}, "heartbeat_interval_seconds": "NUMBER"}
    event = padded({"type": "SUBSCRIBED", "subscribed": subscribed}, size, number)
    complaints: list[str] = []
    found = EventStream(0.0).feed(recordio.encode(event), 1.0, complaints.append)
    assert len(found) + len(complaints) == 1
    return complaints[0].partition("(")[2] if complaints else ""


READERS = [
    scheduler_call,
    connect_of_an_agent,
    first_words_of_an_agent_of_another_version,
    resources_of_tasks,
    tasks_of_the_former_version,
    statuses_of_the_former_version,
    messages_of_an_agent,
    message_to_an_agent,
    task_for_an_agent,
    event_for_a_framework,
]


@pytest.mark.parametrize("reader", READERS, ids=lambda reader: reader.__name__)
def test_whoever_reads_keeps_to_the_bound(reader: Callable[[int, str], str]) -> None:
    """Each of these messages would be read anew if it were a byte shorter."""
    assert reader(MOST, WRONG) == reader(MOST + 1, RIGHT) == ""
    assert reader(MOST + 1, WRONG).startswith(OF_ITS_TYPE)


def test_nobody_reads_leniently_but_the_codec() -> None:
    """So the bound holds for readers that are still to be written."""
    package = Path(dcos_runtime.__file__).parent
    readers = [path for path in package.rglob("*.py") if b"dcos_runtime.wire.leniency" in path.read_bytes()]
    assert readers == [package / "wire/codec.py"]
