"""Several masters on loopback addresses of their own: the port for our own daemons answers on each of them."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import signal
import time
from collections.abc import Iterator

import pytest

from tests.support.daemons.authority import bearer
from tests.support.daemons.byhand import wait_for
from tests.support.daemons.secure_masters import Answer, Masters
from tests.support.mesos.rawclient import chunks, record

ADDRESSES = ("127.0.0.1", "127.0.0.2")


@pytest.fixture(scope="module")
def masters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Masters]:
    one = Masters(tmp_path_factory.mktemp("masters"))
    try:
        one.zookeeper.launch()
        one.zookeeper.wait()
        for ip in ADDRESSES:  # the first leads
            one.start(ip)
            wait_for(lambda ip=ip: one.ask(ip, "/state").status == 200, what=f"an answer by {ip}")  # type: ignore[misc]  # mypy infers no lambda with a default
        yield one
    finally:
        one.stop()


LEADER, STANDBY = ADDRESSES


def plain(masters: Masters, ip: str, path: str, headers: dict[str, str] | None = None) -> Answer:
    connection = http.client.HTTPConnection(ip, masters.public, timeout=240)
    try:
        connection.request("GET", path, headers=headers or {})
        response = connection.getresponse()
        return Answer(response.status, response.headers, response.read())
    finally:
        connection.close()


def test_the_public_port_redirects_who_may_pass_and_nobody_else(masters: Masters) -> None:
    assert plain(masters, STANDBY, "/state").status == 401
    answer = plain(masters, STANDBY, "/state?x=1", bearer(masters.own.token()))
    assert (answer.status, answer.headers["Location"]) == (307, f"//{LEADER}:{masters.public}/state?x=1")
    assert plain(masters, STANDBY, "/redirect").status == 307
    assert plain(masters, STANDBY, "/health").status == 200


def test_a_standby_answers_as_the_leader_does(masters: Masters) -> None:
    for path in ("/state", "/state-summary?jsonp=f", "/master/slaves", "/tasks?limit=1&offset=0", "/nothing%2Fthere"):
        told = [masters.ask(ip, path, headers={"Accept-Encoding": "gzip"}) for ip in ADDRESSES]
        assert [(one.status, one.headers["Content-Type"], len(one.body)) for one in told[:1]] == [
            (one.status, one.headers["Content-Type"], len(one.body)) for one in told[1:]
        ], path
    packed = masters.ask(STANDBY, "/state", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body))["leader"] == f"master@{LEADER}:{masters.public}"
    assert masters.ask(STANDBY, "/state", method="HEAD").status == 200
    assert json.loads(masters.ask(STANDBY, "/flags").body)["flags"]["ip"] == STANDBY, "its own are its own"


def test_refusals_come_from_the_leader_word_by_word(masters: Masters) -> None:
    told = {}
    for ip in ADDRESSES:
        got = masters.ask(ip, "/api/v1/scheduler")
        bad = masters.ask(ip, "/api/v1/scheduler", "POST", b"{", {"Content-Type": "application/json"})
        none = masters.ask(ip, "/api/v1/scheduler", "POST", b"{}", {"Content-Type": "text/plain"})
        told[ip] = [(one.status, one.headers["Allow"], one.body) for one in (got, bad, none)]
    assert told[LEADER] == told[STANDBY]
    assert [one[0] for one in told[STANDBY]] == [405, 400, 415]


def test_a_subscription_through_a_standby_is_the_users_and_comes_a_record_a_chunk(masters: Masters) -> None:
    body = {"type": "SUBSCRIBE", "subscribe": {"framework_info": {"user": "root", "name": "n" * 3000}}}
    connection = masters.connection(STANDBY)
    headers = {"Content-Type": "application/json", "X-Dcos-User": "alice"}
    connection.request("POST", "/api/v1/scheduler", json.dumps(body).encode(), headers)
    response = connection.getresponse()
    assert response.status == 200
    assert response.fp is not None
    incoming = chunks(response.fp)
    first, second = record(next(incoming)), record(next(incoming))
    assert [first["type"], second["type"]] == ["SUBSCRIBED", "HEARTBEAT"]
    framework_id = first["subscribed"]["framework_id"]["value"]
    shown = json.loads(masters.ask(LEADER, f"/frameworks?framework_id={framework_id}").body)["frameworks"]
    assert [(one["principal"], one["active"]) for one in shown] == [("alice", True)]
    stream_id = response.headers["Mesos-Stream-Id"]
    revive = {"type": "REVIVE", "framework_id": {"value": framework_id}}
    assert [masters.call(ip, stream_id, revive).status for ip in ADDRESSES] == [202, 202]
    assert [masters.call(ip, stream_id, revive, "bob").status for ip in ADDRESSES] == [400, 400]
    # A certificate without a user stays what it is, and does not become the master's that passes it on.
    for ip in ADDRESSES:
        alone = masters.ask(
            ip,
            "/api/v1/scheduler",
            "POST",
            json.dumps(revive).encode(),
            {"Content-Type": "application/json", "Mesos-Stream-Id": stream_id},
        )
        assert b"Authenticated principal 'dcos_gateway' does not match principal 'alice'" in alone.body
    connection.close()
    response.close()
    wait_for(
        lambda: (
            framework_id
            not in [
                one["id"] for one in json.loads(masters.ask(LEADER, "/frameworks").body)["frameworks"] if one["active"]
            ]
        ),
        what="the leader's notice that the client is gone",
    )


def test_large_bodies_go_through(masters: Masters) -> None:
    body = {"type": "TEARDOWN", "framework_id": {"value": "none"}, "padding": "x" * (8 << 20)}
    answer = masters.call(STANDBY, "s", body)
    assert (answer.status, answer.body) == (400, b"Framework cannot be found")


def test_nothing_is_passed_on_twice(masters: Masters) -> None:
    answer = masters.ask(STANDBY, "/state", headers={"X-Dcos-Passed-On": "1"})
    assert (answer.status, answer.body) == (503, b"No leader elected")


def test_agents_are_not_passed_on(masters: Masters) -> None:
    context = masters.own.client(masters.own.identity("agent"))
    answer = masters.ask(STANDBY, "/internal/agent/v1/connect", "POST", b"{}", context=context)
    assert (answer.status, answer.body) == (503, b"this master does not lead")
    assert masters.ask(STANDBY, "/state", context=context).status == 403


def test_what_waits_for_a_paused_leader_ends_when_another_leads(masters: Masters) -> None:
    leader = masters.daemons[LEADER]
    assert masters.ask(STANDBY, "/state").status == 200, "the connection to the leader is there"
    leader.send(signal.SIGSTOP)
    try:
        with contextlib.suppress(http.client.HTTPException, ConnectionError):
            answer = masters.ask(STANDBY, "/state")
            assert answer.status != 200 or json.loads(answer.body)["hostname"] == STANDBY
        wait_for(lambda: masters.ask(STANDBY, "/state").status == 200, what="the other's leadership")
    finally:
        leader.send(signal.SIGCONT)
    assert leader.process is not None
    assert leader.process.wait(240) == 1, "it was overtaken"
    masters.start(LEADER)
    wait_for(lambda: masters.ask(LEADER, "/state").status == 200, what="an answer by the one that is back")
    masters.daemons[STANDBY].stop()
    wait_for(lambda: _leads(masters, LEADER), what="the first one's leadership")
    masters.start(STANDBY)
    wait_for(lambda: masters.ask(STANDBY, "/state").status == 200, what="an answer by the second one")


def _leads(masters: Masters, ip: str) -> bool:
    answer = masters.ask(ip, "/state")
    return answer.status == 200 and json.loads(answer.body)["hostname"] == ip


def test_a_leader_that_dies_is_told_of_and_another_takes_over(masters: Masters) -> None:
    """The last one: it ends the leader."""
    leader = masters.daemons[LEADER]
    leader.kill()
    gone = masters.ask(STANDBY, "/state")
    if gone.status == 200:
        assert json.loads(gone.body)["hostname"] == STANDBY
    else:  # the election took long
        assert gone.status in (502, 503) and gone.body.endswith(b"; ask again"), gone.body
    wait_for(lambda: masters.ask(STANDBY, "/state").status == 200, what="the other's leadership")
    masters.start(LEADER)
    wait_for(lambda: masters.ask(LEADER, "/state").status == 200, what="an answer by the one that is back")
    state = json.loads(masters.ask(LEADER, "/state").body)
    assert state["leader"] == f"master@{STANDBY}:{masters.public}"
    masters.zookeeper.kill()
    deadline = time.monotonic() + 240
    while masters.ask(LEADER, "/state").status == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert masters.ask(LEADER, "/health").status == 200
