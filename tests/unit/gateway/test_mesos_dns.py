"""Names of what runs in a cluster, spelled as Mesos-DNS spells them."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcos_runtime.gateway import mesos_dns
from dcos_runtime.gateway.targets import Names

AGENT = "0f8fad5b-d9cb-469f-a165-70867728950e-S1"
MASTERS = ("198.18.0.11", "198.18.0.12")


def task(name: str, task_id: str = "t.1", **more: Any) -> dict[str, Any]:
    return {"id": task_id, "name": name, "slave_id": AGENT, "state": "TASK_RUNNING", **more}


def records(*tasks: dict[str, Any], framework: str = "marathon", **more: Any) -> mesos_dns.Records:
    state = {
        "leader": "master@198.18.0.12:5050",
        "slaves": [{"id": AGENT, "pid": "slave(1)@198.18.0.21:5051"}],
        "frameworks": [{"name": framework, "tasks": list(tasks), **more}],
    }
    return mesos_dns.of_cluster(mesos_dns.decode(json.dumps(state).encode()), MASTERS)


def ips(found: mesos_dns.Records, name: str) -> list[str]:
    return [record["ip"] for record in found.hosts(name)]


def test_masters_and_agents_have_names() -> None:
    found = records()
    assert found.hosts("leader.mesos") == [{"host": "leader.mesos.", "ip": "198.18.0.12"}]
    assert ips(found, "MASTER.mesos.") == list(MASTERS)
    assert (ips(found, "master0.mesos"), ips(found, "master1.mesos")) == (["198.18.0.11"], ["198.18.0.12"])
    assert ips(found, "slave.mesos") == ["198.18.0.21"]
    assert found.service("_leader._tcp.mesos") == [
        {"service": "_leader._tcp.mesos", "host": "leader.mesos.", "ip": "198.18.0.12", "port": "5050"}
    ]


def test_what_is_not_there_is_one_empty_record() -> None:
    assert records().hosts("nothing.marathon.mesos") == [{"host": "", "ip": ""}]
    assert records().service("_no._tcp.marathon.mesos") == [{"service": "", "host": "", "ip": "", "port": ""}]


def test_a_task_is_found_under_the_names_of_mesos_dns_own_documentation() -> None:
    identity = "nginx.48dccce7-90bc-11e6-ae70-70b3d5800001"
    ports = {"ports": [{"number": 7564, "protocol": "tcp", "name": "nginx"}]}
    found = records(
        task(
            "nginx",
            identity,
            resources={"cpus": 0.1, "ports": "[7564-7564]"},
            discovery={"visibility": "FRAMEWORK", "name": "nginx", "ports": ports},
        )
    )
    shown = found.enumerate()["frameworks"][0]["tasks"][0]
    assert (shown["name"], shown["id"]) == ("nginx", identity)
    assert {(record["name"], record["host"], record["rtype"]) for record in shown["records"]} == {
        ("nginx.marathon.mesos.", "198.18.0.21", "A"),
        ("nginx-jhy6r-s1.marathon.mesos.", "198.18.0.21", "A"),
        ("nginx.marathon.slave.mesos.", "198.18.0.21", "A"),
        ("nginx-jhy6r-s1.marathon.slave.mesos.", "198.18.0.21", "A"),
        ("_nginx._tcp.marathon.slave.mesos.", "nginx-jhy6r-s1.marathon.slave.mesos.:7564", "SRV"),
        ("_nginx._udp.marathon.slave.mesos.", "nginx-jhy6r-s1.marathon.slave.mesos.:7564", "SRV"),
        ("_nginx._tcp.marathon.mesos.", "nginx-jhy6r-s1.marathon.mesos.:7564", "SRV"),
        ("_nginx._nginx._tcp.marathon.mesos.", "nginx-jhy6r-s1.marathon.mesos.:7564", "SRV"),
    }
    assert found.service("_nginx._tcp.marathon.mesos.") == [
        {
            "service": "_nginx._tcp.marathon.mesos.",
            "host": "nginx-jhy6r-s1.marathon.mesos.",
            "ip": "198.18.0.21",
            "port": "7564",
        }
    ]
    zone = found.zone(7)["Records"]
    assert zone["As"]["nginx.marathon.mesos."] == ["198.18.0.21"]
    assert zone["SRVs"]["_leader._udp.mesos."] == ["leader.mesos.:5050"]


def test_an_app_in_a_group_is_called_from_the_inside_out() -> None:
    found = records(task("b.a", discovery={"name": "b.a", "ports": {"ports": []}}))
    for name in ("b-a.marathon.mesos", "b.a.marathon.mesos"):
        assert ips(found, name) == ["198.18.0.21"]


def test_any_frameworks_tasks_have_names_with_and_without_discovery() -> None:
    found = records(task("Some_Task", resources={"ports": "[100-101, 200-200]"}), framework="my.Frame/work")
    assert ips(found, "some-task.my.framework.mesos") == ["198.18.0.21"]
    for below in ("", ".slave"):
        result = found.service(f"_some-task._udp.my.framework{below}.mesos")
        assert [record["port"] for record in result] == ["100", "101", "200"]


@pytest.mark.parametrize(
    "change", [{"state": "TASK_STAGING"}, {"state": "TASK_FAILED"}, {"slave_id": "another-S9"}], ids=str
)
def test_what_does_not_run_or_is_nowhere_has_no_name(change: dict[str, Any]) -> None:
    assert ips(records({**task("web"), **change}), "web.marathon.mesos") == [""]


def test_a_framework_has_its_own_address_and_takes_nobodys_name() -> None:
    assert ips(records(framework="spark", hostname="198.18.0.9"), "spark.mesos") == ["198.18.0.9"]
    assert ips(records(framework="spark", hostname="a-name"), "spark.mesos") == [""]
    for name in ("leader", "master", "Master0", "slave"):
        assert "198.18.0.9" not in ips(records(framework=name, hostname="198.18.0.9"), f"{name}.mesos")


def discovery(of: str, *numbers: object, **more: Any) -> dict[str, Any]:
    return {"name": of, "ports": {"ports": [{"number": number, **more} for number in numbers]}}


def told(found: mesos_dns.Records) -> int:
    """How much was made: records, and signs in them."""
    zone = found.zone(1)["Records"]
    return len(json.dumps([zone, found.enumerate()]))


@pytest.mark.parametrize("ranges", ["[1-65535]", "[" + ", ".join(f"{port}-{port}" for port in range(1, 60000)) + "]"])
def test_of_one_task_so_many_ports_are_told_and_no_more(ranges: str) -> None:
    greedy = task("greedy", resources={"ports": ranges}, discovery=discovery("greedy", *range(1, 60000), name="p"))
    found = records(greedy, task("modest", "t.2", resources={"ports": "[9-9]"}))
    for name in ("_greedy._tcp.marathon.slave.mesos", "_greedy._tcp.marathon.mesos", "_p._greedy._udp.marathon.mesos"):
        assert len(found.service(name)) == 256, name
    assert [record["port"] for record in found.service("_modest._tcp.marathon.mesos")] == ["9"]


def test_of_all_tasks_together_so_many_ports_are_told_and_the_modest_lose_nothing() -> None:
    many = [
        task(f"greedy{number}", f"g.{number}", discovery=discovery(f"greedy{number}", *range(1, 300), protocol="tcp"))
        for number in range(400)
    ]
    found = records(
        *many, *(task(f"modest{number}", f"m.{number}", resources={"ports": "[9-10]"}) for number in (0, 1))
    )
    assert 400 < sum(map(len, found.services.values())) <= 32_768 + 100
    for number in (0, 1):
        assert [record["port"] for record in found.service(f"_modest{number}._tcp.marathon.mesos")] == ["9", "10"]
    assert (
        len(found.service("_greedy399._tcp.marathon.mesos")) == len(found.service("_greedy0._tcp.marathon.mesos")) > 9
    )


def test_a_port_of_a_container_s_own_network_has_no_name_as_names_lead_to_the_machine() -> None:
    def scope(value: str) -> dict[str, Any]:
        return {"labels": {"labels": [{"key": "VIP_0"}, {"key": "network-scope", "value": value}]}}

    ports = [{"number": 80, "name": "own", **scope("container")}, {"number": 31000, "name": "web", **scope("host")}]
    found = records(task("web", discovery={"name": "web", "ports": {"ports": ports}}))
    assert [record["port"] for record in found.service("_web._tcp.marathon.mesos")] == ["31000"]
    assert found.service("_own._web._tcp.marathon.mesos")[0]["port"] == ""


@pytest.mark.parametrize("number", [0, -5, 65536, 10**9, 10**30, -(10**30)])
def test_what_is_no_port_is_not_told(number: int) -> None:
    found = records(
        task("web", discovery=discovery("web", number, 80, name="http"), resources={"ports": "[0-0, 99999-99999]"})
    )
    for name in ("_web._tcp.marathon.mesos", "_http._web._tcp.marathon.mesos"):
        assert [record["port"] for record in found.service(name)] == ["80"]
    assert found.service("_web._tcp.marathon.slave.mesos")[0]["port"] == ""


_LONG = "long-name." * 5_000


@pytest.mark.parametrize(
    ("framework", "one"),
    [
        ("marathon", {"name": _LONG}),
        ("marathon", {"discovery": discovery(_LONG, *range(1, 257))}),
        ("marathon", {"discovery": discovery("web", *range(1, 257), name=_LONG, protocol="tcp")}),
        ("marathon", {"discovery": discovery("web", *range(1, 257), protocol=_LONG)}),
        (_LONG, {"discovery": discovery("web", *range(1, 257))}),
        ("x." * 200, {"discovery": discovery("web", *range(1, 257))}),
    ],
    ids=["task", "discovery", "port", "protocol", "framework", "a framework with dots"],
)
def test_no_name_is_longer_than_a_name_may_be(framework: str, one: dict[str, Any]) -> None:
    found = records(task("web", resources={"ports": "[1-256]"}) | one, task("other", "t.2"), framework=framework)
    for name in (
        *found.addresses,
        *found.services,
        *(host for targets in found.services.values() for host, _ in targets),
    ):
        assert len(name) <= 254
    # What the kernel tells as it is (its name and the framework's) is told once, not once a record.
    assert told(found) < 5_000_000


def test_a_framework_cannot_make_an_address_long() -> None:
    assert ips(records(framework="spark", hostname="fe80::1%" + "x" * 100_000), "spark.mesos") == [""]


def test_what_many_ports_times_many_addresses_would_answer_is_bounded() -> None:
    found = mesos_dns.Records()
    for number in range(1, 2001):
        found.add("h.mesos.", f"198.18.{number >> 8}.{number & 255}")
        found.add_service("_s._tcp.mesos.", "h.mesos.", number)
    assert len(found.service("_s._tcp.mesos")) == 16_384


@pytest.mark.parametrize("odd", [{"id": 7}, {"discovery": discovery("x", "80")}, {"discovery": discovery("x", 1.5)}])
def test_a_task_that_cannot_be_read_takes_nobody_elses_name(odd: dict[str, Any]) -> None:
    found = records(task("odd") | odd, task("web", "t.2"))
    assert ips(found, "web.marathon.mesos") == ["198.18.0.21"]


@pytest.mark.parametrize(
    ("name", "label"),
    [("b.a", "b-a"), ("Web_1", "web-1"), ("-x-", "x"), ("", ""), ("ümläut/x", "mlutx"), ("a" * 80, "a" * 63)],
)
def test_a_label(name: str, label: str) -> None:
    assert mesos_dns.label(name) == label


@given(st.text())
def test_every_label_is_one(name: str) -> None:
    label = mesos_dns.label(name)
    assert (
        len(label) <= 63 and not label.startswith("-") and label.strip("-.abcdefghijklmnopqrstuvwxyz0123456789") == ""
    )
    assert "." not in label


# --- the work of it ---


class _Master:
    """Tells always the same of the cluster."""

    def __init__(self, state: dict[str, Any]) -> None:
        self._data = json.dumps(state).encode()
        self.asked = 0

    async def ask(self, path: str, decode: Any, seconds: float) -> Any:
        self.asked += 1
        return decode(self._data)


async def test_names_are_made_beside_the_loop_and_the_less_often_the_longer_that_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads: set[int] = set()
    made = mesos_dns.of_cluster

    def slow(state: mesos_dns.NamesState, masters: Any) -> mesos_dns.Records:
        threads.add(threading.get_ident())
        end = time.thread_time() + 0.4
        while time.thread_time() < end:
            pass
        return made(state, masters)

    master: Any = _Master({"leader": "master@198.18.0.12:5050"})
    known = Names(master, MASTERS)
    await known.leader()
    assert known._records.seconds == 1.0  # as long as it is little
    monkeypatch.setattr(mesos_dns, "of_cluster", slow)
    known._records.seconds = 0.0
    assert await known.leader() == "198.18.0.12"
    assert threads and threading.get_ident() not in threads
    assert known._records.seconds >= 5 * 0.4
    count = master.asked
    await asyncio.gather(*(known.leader() for _ in range(100)))
    assert master.asked <= count + 1
