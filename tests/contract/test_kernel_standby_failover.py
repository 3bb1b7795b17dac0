"""Three masters: what is in flight at one that does not lead while the leader is paused, as one that is off would be.

The tests go on from each other: the first of ``MACHINES`` leads, then the second, the third; then ZooKeeper is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from dcos_runtime.store.zookeeper import ZooKeeperSession, parse_url
from dcos_runtime.store.zookeeper_store import ZooKeeperStore
from tests.support.daemons.byhand import wait_for
from tests.support.daemons.secure_masters import Masters
from tests.support.mesos.rawclient import chunks, record

MACHINES = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
FIRST, SECOND, THIRD = MACHINES
REGISTRY = "/dcos/mesos"
FORM = {"Content-Type": "application/json", "X-Dcos-User": "alice"}
TEARDOWN = json.dumps({"type": "TEARDOWN", "framework_id": {"value": "none"}}).encode()


@pytest.fixture(scope="module")
def masters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Masters]:
    one = Masters(tmp_path_factory.mktemp("masters"))
    try:
        one.zookeeper.launch()
        one.zookeeper.wait()
        for ip in MACHINES:  # they lead one after another
            one.start(ip)
            all_led_by(one, FIRST, ip)
        yield one
    finally:
        one.stop()


def led_by(masters: Masters, ip: str) -> str | None:
    """Who answers what ``ip`` is asked. Afterwards it has an idle connection to the leader."""
    answer = masters.ask(ip, "/state")
    return json.loads(answer.body)["hostname"] if answer.status == 200 else None


def in_flight(masters: Masters, ip: str, method: str = "GET") -> http.client.HTTPSConnection:
    """A connection over which ``ip`` was asked; it is passed on over the idle connection, so the leader gets it."""
    connection = masters.connection(ip)
    if method == "GET":
        connection.request("GET", "/state")
    else:
        connection.request("POST", "/api/v1/scheduler", TEARDOWN, {**FORM, "Mesos-Stream-Id": "s"})
    return connection


def told(connection: http.client.HTTPSConnection) -> tuple[int, str]:
    with contextlib.closing(connection):
        response = connection.getresponse()
        return response.status, response.read().decode()


def read_through(masters: Masters, ip: str, reading: http.client.HTTPSConnection) -> str:
    """Who answers what is in flight at ``ip``. On a busy host the next leader may come too late for it: then it is told
    to ask again, and does.
    """
    for _ in range(60):
        status, text = told(reading)
        if status != 503:
            break
        assert text == "No leader elected; ask again"
        reading = in_flight(masters, ip)
    assert status == 200, (status, text)
    hostname: str = json.loads(text)["hostname"]
    return hostname


def all_led_by(masters: Masters, leader: str, *ips: str) -> None:
    for ip in ips:
        wait_for(lambda ip=ip: led_by(masters, ip) == leader, what=f"an answer by {ip}")  # type: ignore[misc]  # mypy infers no lambda with a default


def test_the_next_leader_answers_what_the_former_one_left_and_changes_are_told_that_it_is_not_known(
    masters: Masters,
) -> None:
    streaming = masters.connection(THIRD)
    subscribe = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "root", "name": "watching"}}}
    streaming.request("POST", "/api/v1/scheduler", json.dumps(subscribe).encode(), FORM)
    stream = streaming.getresponse()
    assert stream.fp is not None
    records = chunks(stream.fp)
    assert record(next(records))["type"] == "SUBSCRIBED"
    all_led_by(masters, FIRST, SECOND, THIRD)

    masters.daemons[FIRST].send(signal.SIGSTOP)
    reading, changing = in_flight(masters, THIRD), in_flight(masters, SECOND, "POST")
    status, text = told(changing)
    assert (status, text) == (
        503,
        f"The master at {FIRST}:{masters.port} does not lead any more; whether it did what was asked is not known",
    )
    assert read_through(masters, THIRD, reading) == SECOND
    with pytest.raises((http.client.HTTPException, OSError, ValueError)):
        while next(records, None) is not None:
            pass
        raise http.client.IncompleteRead(b"")  # a stream that ends is cut, too
    stream.close()
    streaming.close()


def test_a_master_that_is_elected_answers_itself_what_it_had_passed_on(masters: Masters) -> None:
    all_led_by(masters, SECOND, THIRD)
    masters.daemons[SECOND].send(signal.SIGSTOP)
    assert read_through(masters, THIRD, in_flight(masters, THIRD)) == THIRD
    for ip in (FIRST, SECOND):  # they were overtaken, and end
        process = masters.daemons[ip].process
        assert process is not None
        masters.daemons[ip].send(signal.SIGCONT)
        assert process.wait(240) == 1
        masters.start(ip)
        all_led_by(masters, THIRD, ip)


KEPT = {"info": {"hostname": "former", "port": 5051, "id": {"value": "former-S1"}}}
"""What a master of version 1 wrote of an agent: it told no version."""


async def as_the_former_version_wrote(hosts: str) -> None:
    """A master of the former version takes the registry over, and is gone."""
    session = ZooKeeperSession(parse_url(f"zk://{hosts}/mesos"), 10.0)
    session.start()
    try:
        store = ZooKeeperStore(session, REGISTRY)
        await store.take_over("former")
        await store.load()
        await store.write({"agents/former-S1": json.dumps(KEPT).encode()})
    finally:
        await session.close()


async def kept(hosts: str) -> dict[str, bytes]:
    session = ZooKeeperSession(parse_url(f"zk://{hosts}/mesos"), 10.0)
    session.start()
    try:
        return await ZooKeeperStore(session, REGISTRY).load()
    finally:
        await session.close()


def test_a_registry_of_the_former_version_is_upgraded_by_who_leads_next(masters: Masters) -> None:
    hosts = masters.zookeeper.hosts
    asyncio.run(as_the_former_version_wrote(hosts))
    process = masters.daemons[THIRD].process
    assert process is not None and process.wait(240) == 1, "it was overtaken"
    masters.start(THIRD)
    for ip in MACHINES:
        wait_for(lambda ip=ip: led_by(masters, ip) in (FIRST, SECOND), what=f"an answer by {ip}")  # type: ignore[misc]  # mypy infers no lambda with a default
    recovered = wait_for(
        lambda: json.loads(masters.ask(FIRST, "/slaves").body)["recovered_slaves"], what="the agents of the registry"
    )
    assert [one["id"] for one in recovered] == ["former-S1"]

    def upgraded() -> bool:
        entry: Any = json.loads(asyncio.run(kept(hosts))["agents/former-S1"])
        return bool(entry == {**KEPT, "version": 2})

    wait_for(upgraded, what="the entry in its present version")


def test_without_zookeeper_nothing_waits_for_a_leader_that_says_nothing(masters: Masters) -> None:
    leader = wait_for(lambda: led_by(masters, FIRST), what="a leader")
    one, other = (ip for ip in MACHINES if ip != leader)
    all_led_by(masters, leader, one, other)
    masters.daemons[leader].send(signal.SIGSTOP)
    reading, changing = in_flight(masters, one), in_flight(masters, other, "POST")
    masters.zookeeper.kill()
    status, text = told(changing)
    assert status == 503 and text.endswith("whether it did what was asked is not known")
    assert told(reading) == (503, "No leader elected; ask again")
    assert masters.ask(one, "/state").body == b"No leader elected"
