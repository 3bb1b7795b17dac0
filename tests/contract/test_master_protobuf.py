"""The scheduler API in protobuf: the same calls, the same events, whichever content type each way has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.mesos.rawclient import (
    PROTOBUF,
    Agent,
    Master,
    MixedScheduler,
    ProtobufScheduler,
    Scheduler,
    get,
    task,
)

KINDS = [Scheduler, ProtobufScheduler, MixedScheduler]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Master]:
    master = Master(tmp_path_factory.mktemp("master") / "work", "--allocation_interval=100ms").start().leads()
    yield master
    assert master.stop() == 0, master.log.read_text()
    assert "Traceback" not in master.log.read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_a_task_goes_through_its_life_in_either_content_type(running: Master, kind: type[Scheduler]) -> None:
    agent = Agent(running.port)
    scheduler = kind(running.port, name="näme")
    try:
        assert scheduler.stream.headers["content-type"] == kind.accept_type
        assert scheduler.first["subscribed"]["heartbeat_interval_seconds"] == 15.0
        assert scheduler.stream.next() == {"type": "HEARTBEAT"}
        offer = next(one for one in scheduler.offers() if one["agent_id"]["value"] == agent.id)
        one = task("one", offer, labels={"labels": [{"key": "k", "value": "ü"}]}, data="AP8=")
        assert scheduler.accept([offer], [one]).status == 202
        run = agent.message("RUN_TASK")
        assert (run["task"]["labels"], run["task"]["data"]) == (one["labels"], "AP8=")
        for number, state in enumerate(("TASK_RUNNING", "TASK_FINISHED"), start=1):
            agent.update(run, state, number, data="c2VjcmV0")
            status = scheduler.update(acknowledge=False)
            assert (status["state"], status["data"]) == (state, "c2VjcmV0")
            scheduler.acknowledge(status)
            assert agent.message("ACKNOWLEDGE")["uuid"] == status["uuid"]
        scheduler.call("RECONCILE", tasks=[{"task_id": {"value": "nobody"}}])
        assert scheduler.update()["state"] == "TASK_LOST"
        (framework,) = [one for one in get(running.port, "/frameworks")["frameworks"] if one["id"] == scheduler.id]
        assert framework["name"] == "näme"
    finally:
        scheduler.call("TEARDOWN")
        scheduler.close()
        agent.close()


@pytest.mark.parametrize("kind", KINDS)
def test_refusals_reach_the_stream_in_its_content_type(running: Master, kind: type[Scheduler]) -> None:
    scheduler = kind(running.port, framework_id="never-torn-down", roles=["*"], role="two")
    assert (scheduler.first["type"], scheduler.stream.headers["content-type"]) == ("ERROR", kind.accept_type)
    scheduler.stream.over()
    scheduler.close()


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/x-protobuf", PROTOBUF),
        ("application/x-protobuf, application/json", "application/json"),
        ("*/*", "application/json"),
        ("application/json;q=0, application/x-protobuf", PROTOBUF),
    ],
)
def test_json_is_preferred_as_by_mesos(running: Master, accept: str, kind: str) -> None:
    class Asking(ProtobufScheduler):
        accept_type = accept

    scheduler = Asking(running.port)
    assert scheduler.stream.headers["content-type"] == kind
    assert scheduler.id
    scheduler.call("TEARDOWN")
    scheduler.close()
