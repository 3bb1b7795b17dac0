"""Large answers of the operator API, made in pieces: what the codecs would write of the whole message."""

from __future__ import annotations

from typing import Any

import pytest

from dcos_runtime.call_bodies import JSON, PROTOBUF
from dcos_runtime.master.operator_api.large import LargeMessage, Listed, pieces
from dcos_runtime.wire import codec, protobuf
from dcos_runtime.wire.cluster import AgentInfo, FrameworkInfo
from dcos_runtime.wire.common import AgentID, ExecutorID
from dcos_runtime.wire.master import Event, Response
from dcos_runtime.wire.tasks import ExecutorInfo


def executor(name: str) -> Response.GetExecutors.Executor:
    info = ExecutorInfo(executor_id=ExecutorID(value=name))
    return Response.GetExecutors.Executor(executor_info=info, agent_id=AgentID(value="a"))


def known(name: str) -> Response.GetFrameworks.Framework:
    info = FrameworkInfo(user="u", name=name)
    return Response.GetFrameworks.Framework(framework_info=info, active=True, connected=False, recovered=True)


EXECUTORS = [executor(f"e{number}") for number in range(300)]
FRAMEWORKS = [known("Ümlaut"), known('"\\')]
AGENTS = [AgentInfo(hostname="h", id=AgentID(value="x"))]


def listed(records: list[Any]) -> Listed:
    return Listed(records, lambda one: one)


STATE = {
    "get_executors": LargeMessage(Response.GetExecutors, {"executors": listed(EXECUTORS)}),
    "get_frameworks": LargeMessage(Response.GetFrameworks, {"frameworks": listed(FRAMEWORKS)}),
    "get_agents": LargeMessage(Response.GetAgents, {"recovered_agents": listed(AGENTS)}),
}
SUBSCRIBED = {"get_state": LargeMessage(Response.GetState, STATE), "heartbeat_interval_seconds": 15.0}
WHOLE = LargeMessage(Event, {"type": Event.Type.SUBSCRIBED, "subscribed": LargeMessage(Event.Subscribed, SUBSCRIBED)})
PLAIN = Event(
    type=Event.Type.SUBSCRIBED,
    subscribed=Event.Subscribed(
        get_state=Response.GetState(
            get_executors=Response.GetExecutors(executors=EXECUTORS),
            get_frameworks=Response.GetFrameworks(frameworks=FRAMEWORKS),
            get_agents=Response.GetAgents(recovered_agents=AGENTS),
        ),
        heartbeat_interval_seconds=15.0,
    ),
)


def test_joined_pieces_are_what_the_codecs_write() -> None:
    assert b"".join(pieces(WHOLE, JSON)) == codec.encode(PLAIN)
    assert b"".join(pieces(WHOLE, PROTOBUF)) == protobuf.encode(PLAIN)


def test_lists_that_are_empty_are_there_as_in_mesos() -> None:
    empty = LargeMessage(Response.GetTasks, {"tasks": listed([]), "completed_tasks": listed([])})
    whole = LargeMessage(Response, {"type": Response.Type.GET_TASKS, "get_tasks": empty})
    assert b"".join(pieces(whole, JSON)) == b'{"type":"GET_TASKS","get_tasks":{"tasks":[],"completed_tasks":[]}}'
    message = Response(type=Response.Type.GET_TASKS, get_tasks=Response.GetTasks())
    assert b"".join(pieces(whole, PROTOBUF)) == protobuf.encode(message)
    assert b"".join(pieces(LargeMessage(Response.GetTasks, {}), JSON)) == b"{}"


@pytest.mark.parametrize("kind", [JSON, PROTOBUF])
def test_what_cannot_be_shown_is_left_out_and_told(kind: str, caplog: pytest.LogCaptureFixture) -> None:
    def view(name: str) -> Any:
        if name == "bad":
            raise ValueError("unreadable")
        return executor(name)

    whole = LargeMessage(Response.GetExecutors, {"executors": Listed(["bad", "one", "bad", "two", "bad"], view)})
    data = b"".join(pieces(whole, kind))
    decode = codec.decode if kind == JSON else protobuf.decode
    assert decode(data, Response.GetExecutors) == Response.GetExecutors(executors=[executor("one"), executor("two")])
    assert caplog.text.count("unreadable") == 3
