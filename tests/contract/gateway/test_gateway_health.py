"""The gateway with a real nginx and a real dcos-auth: health of machines, by daemons that prove their identity."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.daemons.authority import Authority
from tests.support.daemons.byhand import wait_for
from tests.support.daemons.gateway import Backend, echo, server_tls, started
from tests.support.daemons.gateway_backends import AGENT, Made

HEALTH = "/system/health/v1"


def test_machines_and_units_are_told_in_the_form_of_dcos(made: Made, admin: dict[str, str]) -> None:
    def get(path: str) -> Any:
        answer = made.gateway.get(f"{HEALTH}{path}", admin)
        assert answer.status == 200, (path, answer.text)
        return answer.json

    # The second agent's machine is off.
    nodes = [
        {"host_ip": "127.0.0.1", "health": 0, "role": "master"},
        {"host_ip": "127.0.0.5", "health": 0, "role": "agent_public"},
        {"host_ip": made.task_host, "health": 1, "role": "agent"},
    ]

    def is_told(path: str, wanted: Any) -> None:
        """On a busy host a daemon may take longer than it is waited for, at each look."""
        wait_for(lambda: get(path) == wanted, 60, path)

    is_told("/nodes", {"nodes": nodes})
    is_told("/nodes/127.0.0.5", nodes[1])
    wanted = {
        "dcos-master.service": 0,
        "dcos-marathon.service": 0,
        "dcos-auth.service": 0,
        "dcos-gateway.service": 0,
        "dcos-agent.service": 1,
    }
    wait_for(
        lambda: {unit["id"]: unit["health"] for unit in get("/units")["units"]} == wanted, 60, "each unit's health"
    )
    assert set(get("/units/dcos-agent.service")) == {"id", "name", "health", "description"}
    assert [unit["id"] for unit in get("/nodes/127.0.0.5/units")["units"]] == ["dcos-agent.service"]
    wait_for(lambda: get("/nodes/127.0.0.1/units/dcos-master.service")["output"] == "", 60, "no word of the master")
    is_told("/units/dcos-agent.service/nodes", {"nodes": nodes[1:]})
    off = get(f"/units/dcos-agent.service/nodes/{made.task_host}")
    assert off["health"] == 1 and "does not answer" in off["output"] and "journalctl" in off["help"]
    report = get("/report")
    assert set(report) == {"Units", "Nodes", "UpdatedTime"}
    assert report["Nodes"]["127.0.0.1"]["Leader"] is True
    assert report["Nodes"]["127.0.0.5"]["MesosID"] == AGENT
    assert {node["IP"] for node in report["Units"]["dcos-agent.service"]["Nodes"]} == {"127.0.0.5", made.task_host}
    own = get("")
    assert (own["ip"], own["node_role"]) == ("127.0.0.1", "master")
    assert made.gateway.ask("POST", f"{HEALTH}/report", admin).status == 405


def test_a_daemon_that_dies_is_unwell_within_seconds_and_well_again_when_it_is_back(
    made: Made, admin: dict[str, str]
) -> None:
    def unit(name: str) -> Any:
        return made.gateway.get(f"{HEALTH}/nodes/127.0.0.1/units/{name}", admin).json

    for name, backend in (("dcos-marathon.service", made.init), ("dcos-master.service", made.master)):
        with backend.refusing():
            wait_for(lambda name=name: unit(name)["output"] == "it answers 503", 60, f"what {name} answers")  # type: ignore[misc]  # mypy infers no lambda with a default
            assert unit(name)["health"] == 1
            assert made.gateway.get(f"{HEALTH}/nodes/127.0.0.1", admin).json["health"] == 1
            # Agents are told of without a kernel, too: they are asked themselves.
            wait_for(lambda: made.gateway.get(f"{HEALTH}/nodes/127.0.0.5", admin).json["health"] == 0, 60, "the agent")
        wait_for(lambda name=name: unit(name)["health"] == 0, 60, f"{name} being well")  # type: ignore[misc]  # mypy infers no lambda with a default


@pytest.fixture
def impostors(made: Made) -> Iterator[dict[str, Backend]]:
    """What sits at an agent's port and is not the agent of that host, by its own agent's id."""
    port, other = made.agent.port, Authority(made.folder / "others")
    found = {
        "plain": Backend(echo, None, "127.0.0.21", port),
        "another-kind": Backend(echo, server_tls(made.authority, "master", "127.0.0.22"), "127.0.0.22", port),
        "another-host": Backend(echo, server_tls(made.authority, "agent", "127.0.0.5"), "127.0.0.23", port),
        "another-cluster": Backend(echo, server_tls(other, "agent", "127.0.0.24"), "127.0.0.24", port),
    }
    made.more_agents = [
        {"id": f"{name}-S1", "pid": f"slave(1)@{backend.ip}:5051", "active": True} for name, backend in found.items()
    ]
    with ExitStack() as stack:
        stack.enter_context(started(*found.values()))
        yield found
    made.more_agents = []


def test_whoever_sits_at_an_agents_port_without_its_certificate_is_not_well_and_gets_nothing(
    made: Made, admin: dict[str, str], impostors: dict[str, Backend]
) -> None:
    for name, impostor in impostors.items():
        path = f"{HEALTH}/nodes/{impostor.ip}/units/dcos-agent.service"
        wait_for(lambda path=path: made.gateway.get(path, admin).status == 200, 60, f"{name} being known")  # type: ignore[misc]  # mypy infers no lambda with a default
        body = made.gateway.get(path, admin).json
        assert body["health"] == 1, (name, body)
        assert impostor.ip in body["output"], name
        answer = made.gateway.get(f"/agent/{name}-S1/state", admin)
        assert answer.status in (502, 503) and impostor.seen == [], name
