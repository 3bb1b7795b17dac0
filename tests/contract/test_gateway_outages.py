"""What the gateway says when something behind it is away, and two dcos-auth that share their users in ZooKeeper."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.authority import Authority
from tests.support.daemons.byhand import free_port, wait_for
from tests.support.daemons.gateway import PASSWORD, Answer, Backend, Gateway, echo, server_tls, started
from tests.support.daemons.zookeeper_server import ZooKeeperServer

USERS = "/acs/api/v1/users"


@pytest.fixture(scope="class")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("outages") / "authority")


@pytest.fixture(scope="class")
def other(authority: Authority) -> Iterator[Backend]:
    """The other master, at 127.0.0.2."""
    backend = Backend(echo, server_tls(authority, "master", "127.0.0.2"), "127.0.0.2", free_port())
    with started(backend):
        yield backend


@pytest.fixture(scope="class")
def gateway(authority: Authority, other: Backend) -> Iterator[Gateway]:
    gateway = Gateway(
        authority.folder.parent / "gateway",
        authority,
        master_port=other.port,
        init_port=free_port(),
        masters=("127.0.0.1", "127.0.0.2"),
    )
    with started(gateway):
        yield gateway


@pytest.fixture(scope="class")
def zookeeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZooKeeperServer]:
    server = ZooKeeperServer(tmp_path_factory.mktemp("shared") / "zookeeper")
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="class")
def pair(zookeeper: ZooKeeperServer) -> Iterator[tuple[Gateway, Gateway]]:
    folder = zookeeper.folder.parent
    authority = Authority(folder / "authority")
    zk = folder / "zk-auth"
    zk.write_text(f"zk://dcos:hush@{zookeeper.hosts}/dcos/auth\n")
    one, two = (
        Gateway(folder / name, authority, master_port=free_port(), init_port=free_port(), zk=f"file://{zk}")
        for name in ("one", "two")
    )
    # Both at once, so that they race for making the administrator.
    one.start_auth()
    two.start_auth()
    try:
        one.start_nginx()
        two.start_nginx()
        yield one, two
    finally:
        one.stop()
        two.stop()


class TestOneGateway:
    """Two masters, of which the gateway's own is sometimes away; no init at all."""

    def test_another_master_answers_when_the_own_one_is_away(
        self, gateway: Gateway, authority: Authority, other: Backend
    ) -> None:
        token = _signed(gateway)

        def other_is_asked(name: str) -> bool:
            return gateway.get(f"/mesos/{name}", token).status == 200 and bool(other.last["target"] == f"/{name}")

        wait_for(lambda: other_is_asked("a"), 60, "the other master's answer")
        own = Backend(echo, server_tls(authority, "master"), "127.0.0.1", other.port)
        with started(own):

            def own_is_asked() -> bool:
                return gateway.get("/mesos/b", token).status == 200 and own.last["target"] == "/b"

            wait_for(lambda: own.seen and own_is_asked(), 60, "the own master's answer")

            def the_other_is_not() -> bool:
                count = other.count
                return gateway.get("/mesos/c", token).status == 200 and other.count == count

            wait_for(the_other_is_not, 60, "an answer without the other")  # a starved one may answer too late once
        wait_for(lambda: other_is_asked("d"), 60, "the other master's answer again")

    def test_a_daemon_that_is_not_what_it_should_be_is_asked_nothing(
        self, gateway: Gateway, authority: Authority, other: Backend
    ) -> None:
        """An agent, or another cluster's master, where the own master should be."""
        token = _signed(gateway)
        stranger = Authority(authority.folder.parent / "stranger")
        for tls in (server_tls(authority, "agent"), server_tls(stranger, "master")):
            false = Backend(echo, tls, "127.0.0.1", other.port)
            with started(false):
                time.sleep(2.5)  # until nginx and dcos-auth tried the own one again
                wait_for(lambda: gateway.get("/mesos/e", token).status == 200, 60, "the other master's answer")
                assert not false.seen

    def test_a_daemon_that_is_paused_keeps_nobody_waiting(
        self, gateway: Gateway, authority: Authority, other: Backend
    ) -> None:
        token = gateway.token()
        own = Backend(echo, server_tls(authority, "master"), "127.0.0.1", other.port)
        with started(own):

            def asked(backend: Backend) -> bool:
                return gateway.get("/mesos/own", token).status == 200 and backend.last["target"] == "/own"

            wait_for(lambda: own.seen and asked(own), 60, "the own master's answer")
            gateway.news()
            with own.paused():
                wait_for(lambda: "the master of this host does not answer" in gateway.news(), 60, "dcos-auth's notice")
                wait_for(lambda: asked(other), 60, "the other master's answer")
            wait_for(lambda: asked(own), 60, "the own master's answer again")

    def test_who_does_not_answer_is_named(self, gateway: Gateway) -> None:
        token = _signed(gateway)
        answer = gateway.get("/marathon/v2/apps", token)
        assert (answer.status, answer.json["description"]) == (502, "the init does not answer")
        answer = gateway.get("/service/web/", token)
        assert answer.status == 503
        assert "the init does not answer" in answer.json["description"]
        answer = gateway.get("/agent/x-S1/state", token)
        assert answer.status in (404, 503)

    def test_without_dcos_auth_nobody_is_let_in(self, gateway: Gateway, other: Backend) -> None:
        token = _signed(gateway)
        gateway.stop_auth()
        count = other.count
        for path in ("/mesos/a", "/marathon/a", "/agent/x/a", USERS, "/health", "/nothing"):
            answer = gateway.get(path, token)
            assert answer.status == 503, path
            assert "dcos-auth on 127.0.0.1 does not answer" in answer.json["description"]
        assert other.count == count
        gateway.start_auth()
        wait_for(lambda: gateway.get("/mesos/a", token).status == 200, 60, "dcos-auth's return")  # tokens live on

    def test_guessing_from_one_address_is_slowed_down_by_nginx(self, gateway: Gateway) -> None:
        over = threading.Event()
        statuses: list[int] = []

        def guess() -> None:
            body = {"uid": "guess", "password": "wrong"}
            while not over.is_set():
                statuses.append(gateway.ask("POST", "/acs/api/v1/auth/login", body=body).status)

        threads = [threading.Thread(target=guess, daemon=True) for _ in range(20)]
        for thread in threads:
            thread.start()
        try:  # until there are more than nginx lets through: a slow host takes its time
            wait_for(lambda: {401, 429} <= set(statuses), 60, "guesses that are refused and turned away")
        finally:
            over.set()
            for thread in threads:
                thread.join(240)
        # On a host without time to spare dcos-auth may be too slow for one that was let through to it.
        assert set(statuses) <= {401, 429, 503}

    def test_daemons_on_the_socket_ask_for_passwords_and_tokens(self, gateway: Gateway) -> None:
        wait_for(lambda: self._verify(gateway, {"uid": "admin", "password": PASSWORD}) == 200, 60, "the right password")
        good = gateway.authority.token()
        assert self._verify(gateway, {"token": good}) == 200
        for body in (
            {"uid": "admin", "password": "wrong"},
            {"uid": "nobody", "password": PASSWORD},
            {"token": good[:-9]},
            {"token": gateway.authority.token("nobody")},
        ):
            assert self._verify(gateway, body) == 401, body
        malformed: Any
        for malformed in ({"uid": "admin"}, {}, [], {"token": 1}):
            assert self._verify(gateway, malformed) == 400, malformed

    def test_whoever_reaches_the_sockets_is_nobody_without_a_token(self, gateway: Gateway) -> None:
        headers = {"X-Dcos-User": "admin"}
        assert _over(gateway.socket, "GET", f"/gateway{USERS}", headers=headers)[0] == 401
        questions = gateway.socket.with_name(gateway.socket.name + ".nginx")
        asked = {"X-Dcos-Uri": "/mesos/a", "X-Dcos-Route": "mesos", **headers}
        assert _over(questions, "GET", "/", headers=asked)[0] == 401
        for path in (gateway.socket, questions):
            assert path.stat().st_mode & 0o777 == 0o660

    def test_a_flood_of_logins_does_not_stop_those_who_are_in(self, gateway: Gateway) -> None:
        token = _signed(gateway)
        over = threading.Event()
        statuses: list[int] = []

        def flood(number: int) -> None:
            while not over.is_set():
                body = {"uid": f"guess{number}", "password": "wrong"}
                with contextlib.suppress(OSError, http.client.HTTPException):  # the end of it all
                    statuses.append(self._verify(gateway, body))
                over.wait(0.05)

        threads = [threading.Thread(target=flood, args=(number,), daemon=True) for number in range(80)]
        for thread in threads:
            thread.start()
        try:
            wait_for(lambda: 429 in statuses and 401 in statuses, 60, "guesses that are refused and turned away")
            for _ in range(50):
                assert _known(gateway, "/mesos/a", token).status == 200
            assert set(statuses) == {401, 429}
        finally:
            over.set()  # nobody waits for those that still stand in line

    def test_its_metrics_on_the_socket_say_how_long_its_loop_stood_still(self, gateway: Gateway) -> None:
        status, text = _over(gateway.socket, "GET", "/internal/metrics/snapshot")
        shown = json.loads(text)
        assert status == 200 and shown["loop/stalls_ms/count"] >= shown["loop/stalls_ms/le_20"] > 0
        assert _over(gateway.socket, "POST", "/internal/metrics/snapshot", b"{}")[0] == 404

    def _verify(self, gateway: Gateway, body: Any) -> int:
        return _over(gateway.socket, "POST", "/internal/verify", json.dumps(body).encode())[0]


class TestTwoGateways:
    """Two masters' gateways with the users of one ZooKeeper, under credentials."""

    @pytest.fixture(autouse=True)
    def only_the_administrator(self, pair: tuple[Gateway, Gateway]) -> None:
        """Each test begins with that one user, known to both, whatever the one before it left."""
        one = pair[0]

        def who_is_there() -> list[str]:
            return [uid for uid in ("admin", "bob", "carol", "eve") if one.get(USERS, _signed(one, uid)).status == 200]

        wait_for(who_is_there, 60, "a user")
        there = who_is_there()
        if "admin" not in there:
            status = _changed(one, "PUT", f"{USERS}/admin", _signed(one, there[0]), {"password": PASSWORD})
            assert status in (201, 409)
        for uid in [uid for uid in there if uid != "admin"]:
            assert _changed(one, "DELETE", f"{USERS}/{uid}", _signed(one)) in (204, 404)
        for gateway in pair:
            _until_users(gateway, _signed(one), ["admin"])

    def test_both_serve_the_same_users_and_tokens(self, pair: tuple[Gateway, Gateway]) -> None:
        one, two = pair
        token = one.token()
        assert [user["uid"] for user in _known(two, USERS, token).json["array"]] == ["admin"]
        assert _changed(one, "PUT", f"{USERS}/eve", token, {"password": "something long"}) == 201
        wait_for(lambda: two.get(f"{USERS}/eve", token).status == 200, 60, "the new user at the other gateway")
        eve = two.token("eve", "something long")
        assert _known(one, USERS, eve).status == 200
        assert two.ask("PUT", f"{USERS}/eve", token, {"password": "something long"}).status in (409, 503)
        assert _known(two, "/acs/api/v1/auth/logout", eve).status == 200
        assert _known(two, USERS, eve).status == 401
        wait_for(lambda: one.get(USERS, eve).status == 401, 60, "the logout at the other gateway")
        again = one.token("eve", "something long")
        assert _changed(two, "DELETE", f"{USERS}/eve", token) == 204
        assert _known(two, USERS, again).status == 401
        wait_for(lambda: one.get(USERS, again).status == 401, 60, "the removal at the other gateway")

    def test_nobody_without_credentials_reads_a_hash(
        self, pair: tuple[Gateway, Gateway], zookeeper: ZooKeeperServer
    ) -> None:
        from kazoo.client import KazooClient
        from kazoo.exceptions import NoAuthError

        client = KazooClient(hosts=zookeeper.hosts, timeout=60)
        client.start(240)
        try:
            for look in (
                lambda: client.get("/dcos/auth/users/admin"),
                lambda: client.get_children("/dcos/auth/users"),
                lambda: client.get_children("/dcos/auth/revoked"),
                lambda: client.create("/dcos/auth/users/mallory", b"{}"),
                lambda: client.delete("/dcos/auth/initialized"),
            ):
                with pytest.raises(NoAuthError):
                    client.retry(look)  # type: ignore[misc]  # kazoo declares it as None, and sets it later
        finally:
            client.stop()
            client.close()

    def test_of_two_that_remove_the_last_two_users_one_fails(self, pair: tuple[Gateway, Gateway]) -> None:
        one, two = pair
        token = one.token()
        assert _changed(one, "PUT", f"{USERS}/bob", token, {"password": "something long"}) == 201
        wait_for(lambda: two.get(f"{USERS}/bob", token).status == 200, 60, "bob at the other gateway")
        bob = two.token("bob", "something long")
        statuses: list[int] = []
        threads = [
            threading.Thread(
                target=lambda g=g, uid=uid, t=t: statuses.append(g.ask("DELETE", f"{USERS}/{uid}", t).status)
            )
            for g, uid, t in ((one, "admin", token), (two, "bob", bob))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(240)
        # Somebody who was removed while asking is not known any more.
        assert sorted(statuses) in ([204, 401], [204, 409]), statuses
        left = bob if _known(one, USERS, bob).status == 200 else token
        names = [user["uid"] for user in _known(one, USERS, left).json["array"]]
        assert len(names) == 1
        if names == ["bob"]:
            _until_users(two, left, names)
            assert _changed(two, "PUT", f"{USERS}/admin", left, {"password": PASSWORD}) == 201
            wait_for(lambda: one.get(f"{USERS}/admin", left).status == 200, 60, "the administrator again")
            assert _changed(one, "DELETE", f"{USERS}/bob", one.token()) == 204
        else:
            assert names == ["admin"]

    def test_a_removed_administrator_does_not_come_back_with_a_restart(self, pair: tuple[Gateway, Gateway]) -> None:
        one, two = pair
        token = one.token()
        assert _changed(one, "PUT", f"{USERS}/carol", token, {"password": "something long"}) == 201
        carol = one.token("carol", "something long")
        assert _changed(one, "DELETE", f"{USERS}/admin", carol) == 204
        wait_for(lambda: two.get(USERS, token).status == 401, 60, "the removal at the other gateway")
        two.stop_auth()
        two.start_auth()
        wait_for(lambda: two.get(USERS, carol).status == 200, 60, "the users at the other gateway")
        assert [user["uid"] for user in _known(two, USERS, carol).json["array"]] == ["carol"]
        assert _known(two, USERS, token).status == 401
        assert _changed(two, "PUT", f"{USERS}/admin", carol, {"password": PASSWORD}) == 201
        wait_for(lambda: one.get(f"{USERS}/admin", carol).status == 200, 60, "the administrator again")
        assert _changed(one, "DELETE", f"{USERS}/carol", one.token()) == 204

    def test_without_zookeeper_tokens_are_good_for_a_while_only(
        self, pair: tuple[Gateway, Gateway], zookeeper: ZooKeeperServer
    ) -> None:
        one, two = pair
        token = one.token()
        assert zookeeper.process is not None

        def good_without() -> bool:
            """Whether one that was just confirmed is good while ZooKeeper says nothing, if there is time to ask."""
            assert zookeeper.process is not None
            zookeeper.process.send_signal(signal.SIGCONT)
            wait_for(lambda: one.get(USERS, token).status == 200, 60, "the users")
            zookeeper.process.send_signal(signal.SIGSTOP)
            return one.get(USERS, token).status == 200

        try:
            wait_for(good_without, 60, "a token that is good without ZooKeeper")
            answer = one.ask("PUT", f"{USERS}/dave", token, {"password": "something long"})
            assert answer.status == 503
            for gateway in (one, two):
                wait_for(lambda gateway=gateway: gateway.get(USERS, token).status == 503, 60, "the end of trust")  # type: ignore[misc]  # mypy infers no lambda with a default
                assert gateway.get("/health").status == 503
                assert gateway.get("/mesos/x", token).status == 503
        finally:
            zookeeper.process.send_signal(signal.SIGCONT)
        for gateway in (one, two):
            wait_for(lambda gateway=gateway: gateway.get(USERS, token).status == 200, 60, "the users again")  # type: ignore[misc]  # mypy infers no lambda with a default


def _known(gateway: Gateway, path: str, token: dict[str, str], method: str = "GET", body: Any = None) -> Answer:
    """The answer of a gateway that knows the users: while a busy ZooKeeper says nothing for long, it knows nobody."""
    answers: list[Answer] = []

    def knows() -> bool:
        answers.append(gateway.ask(method, path, token, body))
        return answers[-1].status != 503

    wait_for(knows, 60, f"a gateway that knows the users, for {method} {path}")
    return answers[-1]


def _changed(gateway: Gateway, method: str, path: str, token: dict[str, str], body: Any = None) -> int:
    """The status of a change, asked for again while nobody is known. Done already is no refusal."""
    done, refused = {"PUT": (201, 409), "DELETE": (204, 404)}[method]
    status: int = gateway.ask(method, path, token, body).status
    if status != 503:
        return status
    status = _known(gateway, path, token, method, body).status
    return done if status == refused else status


def _until_users(gateway: Gateway, token: dict[str, str], names: list[str]) -> None:
    """Another gateway's change is known here after a while."""

    def known() -> bool:
        answer = gateway.get(USERS, token)
        return answer.status == 200 and [user["uid"] for user in answer.json["array"]] == names

    wait_for(known, 60, f"the users {names}")


def _signed(gateway: Gateway, uid: str = "admin") -> dict[str, str]:
    """A token that nobody had to log in for: other tests' wrong guesses may have put this address into a line."""
    return {"Authorization": f"token={gateway.authority.token(uid)}"}


def _over(
    path: Path, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> tuple[int, str]:
    """One request on a UNIX socket."""
    connection = http.client.HTTPConnection("dcos-auth", timeout=240)
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(240)
    connection.sock.connect(str(path))
    try:
        connection.request(method, target, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()
