"""`dcos node maintenance`: which machines are meant, and what the master is asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.cli.fake_cluster import Cluster, Result

Dcos = Callable[..., Result]

OTHER = {"hostname": "Old", "ip": "198.18.0.9"}
DOWN = {"hostname": "down", "ip": "198.18.0.8"}
START = 1_700_000_000 * 10**9


def window(*machines: Any, **lasting: Any) -> dict[str, Any]:
    return {"machine_ids": list(machines), "unavailability": {"start": {"nanoseconds": START}, **lasting}}


@pytest.fixture
def planned(cluster: Cluster) -> Cluster:
    """The agents a1 and a2 in the rack r1, a3 in the zone z; two other machines are scheduled, and one of them down."""
    for number in (2, 3):
        its = {"id": f"S{number}", "hostname": f"a{number}", "pid": f"slave(1)@198.18.0.{number}:5051"}
        cluster.agents.append({**cluster.agents[0], **its})
    zone = {"fault_domain": {"region": {"name": "r"}, "zone": {"name": "z"}}}
    cluster.agents[2] |= {"attributes": {}, "domain": zone}
    cluster.expected_agents.append({"id": "X1", "hostname": "x"})
    windows = [window(OTHER, DOWN), window({"hostname": "bare"}, duration={"nanoseconds": 90 * 10**9})]
    cluster.answers["GET_MAINTENANCE_SCHEDULE"] = {"schedule": {"windows": windows}}
    answers = [{"status": one, "framework_id": {"value": "f"}} for one in ("ACCEPT", "DECLINE", "ACCEPT")]
    draining = [{"id": {**OTHER, "hostname": "old"}, "statuses": answers}, {"id": {"hostname": "bare"}}]
    cluster.answers["GET_MAINTENANCE_STATUS"] = {"status": {"draining_machines": draining, "down_machines": [DOWN]}}
    return cluster


def changes(cluster: Cluster) -> list[Any]:
    return [one for one in cluster.operated() if not one["type"].startswith("GET_")]


def test_the_list_shows_what_is_planned_and_what_frameworks_said(planned: Cluster, dcos: Dcos) -> None:
    rows = [line.split() for line in dcos("node", "maintenance").lines[1:]]
    at = "2023-11-14T22:13:20Z"
    assert rows == [
        ["Old", "198.18.0.9", "draining", at, "-", "2", "1"],
        ["down", "198.18.0.8", "down", at, "-", "-", "-"],
        ["bare", "-", "draining", at, "90", "s", "0", "0"],
    ]
    first, second, _ = dcos("node", "maintenance", "list", "--json").json()
    assert first == {
        "hostname": "Old",
        "ip": "198.18.0.9",
        "status": "DRAINING",
        "from": 1_700_000_000.0,
        "for": None,
        "accepted": 2,
        "declined": 1,
    }
    assert second["status"] == "DOWN"
    far = window({"hostname": "far"})
    far["unavailability"]["start"]["nanoseconds"] = -(2**63)
    planned.answers["GET_MAINTENANCE_SCHEDULE"] = {"schedule": {"windows": [far]}}
    assert dcos("node", "maintenance").lines[1].split()[:4] == ["far", "-", "draining", "1677-09-21T00:12:43Z"]
    planned.answers["GET_MAINTENANCE_SCHEDULE"] = {"schedule": {}}
    assert len(dcos("node", "maintenance").lines) == 1


def test_machines_are_scheduled_by_agent_and_by_rack_and_the_rest_stays(planned: Cluster, dcos: Dcos) -> None:
    result = dcos("node", "maintenance", "schedule", "a2", "--rack=r1", "--rack=z", "--in=1h", "--for=30m")
    assert result.code == 0 and result.lines[0] == "a2 (198.18.0.2) is scheduled" and len(result.lines) == 3
    (change,) = changes(planned)
    kept, bare, added = change["update_maintenance_schedule"]["schedule"]["windows"]
    assert [kept["machine_ids"], bare["machine_ids"]] == [[OTHER, DOWN], [{"hostname": "bare"}]]
    assert bare["unavailability"]["duration"] == {"nanoseconds": 90 * 10**9}
    assert [one["hostname"] for one in added["machine_ids"]] == ["a2", "a1", "a3"], "each once"
    assert added["unavailability"]["duration"] == {"nanoseconds": 1800 * 10**9}
    assert added["unavailability"]["start"]["nanoseconds"] > START + 3600 * 10**9
    planned.agents[0] |= {"hostname": "OLD", "pid": "slave(1)@198.18.0.9:1"}
    assert dcos("node", "maintenance", "schedule", "OLD", "--json").json()[0]["status"] == "DRAINING"
    windows = changes(planned)[-1]["update_maintenance_schedule"]["schedule"]["windows"]
    assert [one["machine_ids"] for one in windows] == [[DOWN], [{"hostname": "bare"}], [{**OTHER, "hostname": "OLD"}]]
    assert "duration" not in windows[-1]["unavailability"]


def test_machines_are_taken_out_down_and_up(planned: Cluster, dcos: Dcos) -> None:
    assert dcos("node", "maintenance", "cancel", "old", "bare").lines == [
        "Old (198.18.0.9) is not scheduled any more",
        "bare is not scheduled any more",
    ]
    assert changes(planned)[-1]["update_maintenance_schedule"]["schedule"]["windows"] == [window(DOWN)]
    assert dcos("node", "maintenance", "start", "--rack=z").out == "a3 (198.18.0.3) is down\n"
    machines = [{"hostname": "a3", "ip": "198.18.0.3"}]
    assert changes(planned)[-1] == {"type": "START_MAINTENANCE", "start_maintenance": {"machines": machines}}
    for words in (["--all"], ["198.18.0.8"]):
        assert dcos("node", "maintenance", "stop", *words, "--json").json() == [{**DOWN, "status": "UP"}]
        assert changes(planned)[-1] == {"type": "STOP_MAINTENANCE", "stop_maintenance": {"machines": [DOWN]}}


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["schedule"], 2, "Name agents, or give --rack."),
        (["start"], 2, "Name agents, or give --rack."),
        (["stop"], 2, "Name machines, or give --all."),
        (["stop", "down", "--all"], 2, "Name machines, or give --all."),
        (["schedule", "--rack=none"], 1, "no agent is in the rack none"),
        (["schedule", "--rack="], 1, "no agent is in the rack "),
        (["start", "x"], 1, "x (X1) is not connected to this master"),
        (["start", "nobody"], 1, "no agent matches nobody"),
        (["cancel", "a1"], 1, "no machine of the schedule is called a1"),
        (["stop", ""], 1, "no machine of the schedule is called "),
    ],
)
def test_where_no_machine_is_meant_nothing_is_done(
    planned: Cluster, dcos: Dcos, words: list[str], code: int, text: str
) -> None:
    result = dcos("node", "maintenance", *words)
    assert result.code == code and text in result.err and not changes(planned)


def test_what_the_master_refuses_is_told_in_its_words(planned: Cluster, dcos: Dcos) -> None:
    planned.refused["START_MAINTENANCE"] = 400, "Machine 'x' is not in DRAINING mode and cannot be brought down"
    result = dcos("node", "maintenance", "start", "a1")
    assert result.code == 1 and result.err.startswith("dcos: the master refuses START_MAINTENANCE: Machine 'x' is not")
    planned.answers["GET_MAINTENANCE_STATUS"] = {"status": {"down_machines": []}}
    assert "no machine is down" in dcos("node", "maintenance", "stop", "--all").err
    planned.answers["GET_MAINTENANCE_SCHEDULE"] = {"schedule": {"windows": [OTHER]}}
    assert "as a master does" in dcos("node", "maintenance").err
    del planned.answers["GET_MAINTENANCE_SCHEDULE"]
    planned.refused["GET_MAINTENANCE_SCHEDULE"] = 403, "no"
    assert "refuses GET_MAINTENANCE_SCHEDULE: no" in dcos("node", "maintenance").err
