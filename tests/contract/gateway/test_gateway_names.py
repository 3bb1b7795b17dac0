"""The gateway with a real nginx and a real dcos-auth: names in the cluster, from what the kernel knows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.daemons.byhand import wait_for
from tests.support.daemons.gateway_backends import AGENT, Made

DNS = "/mesos_dns/v1"


@pytest.fixture
def web(made: Made) -> Iterator[str]:
    """Where the app /shop/web is."""
    former = made.state
    made.state = {
        "leader": "master@127.0.0.1:5050",
        "slaves": [{"id": AGENT, "pid": "slave(1)@127.0.0.5:5051"}],
        "frameworks": [
            {
                "name": "marathon",
                "tasks": [
                    {
                        "id": "shop_web.1",
                        "name": "web.shop",
                        "slave_id": AGENT,
                        "state": "TASK_RUNNING",
                        "resources": {"cpus": 0.1, "ports": "[31005-31005]"},
                        "discovery": {"name": "web.shop", "ports": {"ports": [{"number": 31005, "protocol": "tcp"}]}},
                    }
                ],
            }
        ],
    }
    yield "127.0.0.5"
    made.state = former


def test_names_of_masters_and_tasks_are_told(made: Made, admin: dict[str, str], web: str) -> None:
    get = made.gateway.get
    for name in ("master.mesos", "leader.mesos", "LEADER.mesos.", "leader.mesos/", "master%30.mesos"):
        (record,) = get(f"{DNS}/hosts/{name}", admin).json
        assert record["ip"] == "127.0.0.1", name
    host = f"{DNS}/hosts/web-shop.marathon.mesos"
    wait_for(lambda: get(host, admin).json == [{"host": "web-shop.marathon.mesos.", "ip": web}], 60, "the app's name")
    (record,) = get(f"{DNS}/services/_web-shop._tcp.marathon.mesos", admin).json
    assert (record["ip"], record["port"], record["service"]) == (web, "31005", "_web-shop._tcp.marathon.mesos")
    assert get(f"{DNS}/hosts/nobody.marathon.mesos", admin).json == [{"host": "", "ip": ""}]
    assert get(f"{DNS}/enumerate", admin).json["frameworks"][0]["tasks"][0]["id"] == "shop_web.1"
    assert get(f"{DNS}/axfr", admin).json["Records"]["As"]["leader.mesos."] == ["127.0.0.1"]
    assert get(f"{DNS}/version", admin).json["Service"] == "Mesos-DNS"
    assert get(f"{DNS}/config", admin).json["Domain"] == "mesos"


def test_the_kernel_is_asked_once_a_second_for_all_clients(made: Made, admin: dict[str, str]) -> None:
    def asked() -> int:
        return sum(seen["target"] == "/state" for seen in made.master.seen)

    made.master.seen.clear()
    began = time.monotonic()
    count = 0
    with ThreadPoolExecutor(8) as pool:
        while asked() < 3 or count <= time.monotonic() - began + 2:  # more than one a second, however slow the host
            assert time.monotonic() < began + 240
            answers = list(pool.map(lambda _: made.gateway.get(f"{DNS}/hosts/leader.mesos", admin), range(16)))
            assert all(answer.status == 200 for answer in answers)
            count += len(answers)
    assert asked() <= time.monotonic() - began + 2


def test_masters_have_names_while_nobody_leads_and_nothing_stale_is_told(made: Made, admin: dict[str, str]) -> None:
    wait_for(lambda: made.gateway.get(f"{DNS}/hosts/leader.mesos", admin).status == 200, 60, "the leader being known")
    with made.master.refusing():
        answer = wait_for(
            lambda: (found := made.gateway.get(f"{DNS}/hosts/leader.mesos", admin)).status != 200 and found,
            60,
            "the leader being unknown",
        )
        assert (answer.status, "No leader elected" in answer.text or "503" in answer.text) == (502, True)
        assert made.gateway.get(f"{DNS}/hosts/master.mesos", admin).json[0]["ip"] == "127.0.0.1"
    wait_for(lambda: made.gateway.get(f"{DNS}/hosts/leader.mesos", admin).status == 200, 60, "the leader being known")
