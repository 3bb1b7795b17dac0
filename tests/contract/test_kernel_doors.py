"""Who may pass the doors of a real master and a real agent: every route, with every kind of credential there is.

Executors' tokens are missing from the tables: there are no custom executors yet, and no route for them.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.byhand import Daemon, free_port, wait_for
from tests.contract.agents import Agent, containers_work
from tests.contract.authority import Authority, basic, bearer
from tests.contract.oracle import Oracle
from tests.contract.rawclient import scalar, task

FRAMEWORK, SECRET = "spark", "open sesame"
READ, WRITE, SCHEDULER = "readonly", "readwrite", "scheduler"

MASTER = {
    "/state": READ,
    "/state-summary": READ,
    "/slaves": READ,
    "/frameworks": READ,
    "/tasks": READ,
    "/roles": READ,
    "/flags": READ,
    "/metrics/snapshot": READ,
    "/internal/agent/v1": READ,
    "/api/v1/scheduler": SCHEDULER,
    "/": READ,
    "/help": READ,
    "/nothing/there": READ,
    "/files/read?path=/etc/passwd": READ,
}
MASTER_SPELLINGS = {
    "/master/state": READ,
    "/master/state.json": READ,
    "/state.json": READ,
    "/state/": READ,
    "//state//": READ,
    "/%73tate": READ,
    "/%6d%61ster/state": READ,
    "/master%2Fstate": READ,
    "/state/health": READ,
    "/state/../health/../state": READ,
    "/state?path=/health": READ,
    "/STATE": READ,
    "/master/api/v1/scheduler/": SCHEDULER,
    "/api/v1/scheduler/health": SCHEDULER,
    "/api/v1/scheduler.json": SCHEDULER,
    "/internal/agent/v1/connect": READ,
    "/internal/agent/v1/messages": READ,
    "/internal/auth/v1/token": READ,
    "/.json": READ,
}
MASTER_OPEN = ("/health", "/version", "/redirect", "/master/health", "/version.json", "/health/", "//redirect")

AGENT = {
    "/state": READ,
    "/flags": READ,
    "/containers": READ,
    "/monitor/statistics": READ,
    "/metrics/snapshot": READ,
    "/files/browse?path=/": READ,
    "/files/read?path=/etc/passwd": READ,
    "/files/download?path=/etc/passwd": READ,
    "/": READ,
    "/api/v1": READ,
    "/api/v1/executor": READ,
    "/nothing/there": READ,
}
AGENT_SPELLINGS = {
    "/slave(1)/state": READ,
    "/slave%281%29/state": READ,
    "/slave(1)/state.json/": READ,
    "/%73lave(1)//%73tate": READ,
    "/slave(7)/files/read?path=/etc/passwd": READ,
    "/health/state": READ,
    "/slave(1)/health/../state": READ,
    "/slave(1)/slave(1)/health": READ,
    "/health%2F..%2Fstate": READ,
}
AGENT_OPEN = ("/health", "/version", "/slave(1)/health", "/slave%281%29/version", "/health/")


@dataclass
class Kernel:
    """A master and an agent with everything on."""

    own: Authority
    other: Authority
    master: Daemon
    agent: Daemon
    master_tls: int
    agent_tls: int

    @property
    def logs(self) -> str:
        return self.master.log.read_text() + self.agent.log.read_text()


@dataclass
class Answer:
    status: int
    challenge: str | None
    text: str


def port_of(daemon: Daemon) -> int:
    return int(daemon.url.rsplit(":", 1)[1])


class Client:
    """One connection, kept while the other side keeps it."""

    def __init__(self, port: int, context: ssl.SSLContext | None = None) -> None:
        self.connection = (
            http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
            if context is not None
            else http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        )

    def ask(
        self, path: str, headers: dict[str, str] | None = None, method: str = "GET", body: bytes | None = None
    ) -> Answer:
        self.connection.request(method, path, body, headers or {})
        response = self.connection.getresponse()
        text = response.read().decode(errors="replace")
        return Answer(response.status, response.getheader("WWW-Authenticate"), text)

    def close(self) -> None:
        self.connection.close()


def ask(port: int, path: str, context: ssl.SSLContext | None = None, **how: Any) -> Answer:
    client = Client(port, context)
    try:
        return client.ask(path, **how)
    finally:
        client.close()


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = tmp_path_factory.mktemp("kernel")
    own, other = Authority(folder / "own"), Authority(folder / "other")
    inside, agent_inside = free_port(), free_port()
    wanted = ["--authenticate_http_readonly", "--authenticate_http_readwrite"]
    credentials = own.credentials({FRAMEWORK: SECRET, "other": "secret of the other"})
    master = Daemon(
        "master",
        [
            *("dcos-master", f"--work_dir={folder / 'master'}", "--port=0", f"--agent_port={inside}"),
            *("--hostname=127.0.0.1", *wanted, "--authenticate_http_frameworks"),
            *(f"--credentials=file://{credentials}", *own.flags(own.identity("master"))),
        ],
        folder / "master.log",
    ).start()
    agent = Daemon(
        "agent",
        [
            *("dcos-agent", f"--work_dir={folder / 'agent'}", "--port=0", f"--tls_port={agent_inside}"),
            *("--launcher=posix", "--hostname=127.0.0.1", "--resources=cpus:2;mem:512;disk:100"),
            *(f"--master=127.0.0.1:{port_of(master)}", f"--master_tls_port={inside}", *wanted),
            *(f"--http_credentials={credentials}", *own.flags(own.identity("agent"))),
        ],
        folder / "agent.log",
    ).start()
    try:
        one = Kernel(own, other, master, agent, inside, agent_inside)
        wait_for(lambda: json.loads(good(one, "/slaves").text)["slaves"], what="the agent's registration")
        yield one
    finally:
        agent.stop()
        master.stop()


def good(kernel: Kernel, path: str, **how: Any) -> Answer:
    return ask(port_of(kernel.master), path, headers=basic(FRAMEWORK, SECRET), **how)


def doors(kernel: Kernel, which: str) -> tuple[int, dict[str, str], tuple[str, ...], str]:
    if which == "master":
        return port_of(kernel.master), {**MASTER, **MASTER_SPELLINGS}, MASTER_OPEN, "mesos-master"
    return port_of(kernel.agent), {**AGENT, **AGENT_SPELLINGS}, AGENT_OPEN, "mesos-agent"


BOTH = pytest.mark.parametrize("which", ["master", "agent"])


# --- plain ports -----------------------------------------------------------------------------------------------------


@BOTH
def test_without_credentials_nothing_but_health_version_and_redirect_answers(kernel: Kernel, which: str) -> None:
    port, closed, opened, realm = doors(kernel, which)
    for path, kind in closed.items():
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"):
            answer = ask(port, path, method=method)
            assert (answer.status, answer.challenge) == (401, f'Basic realm="{realm}-{kind}"'), (method, path, answer)
            assert answer.text == ("" if method == "HEAD" else "401 Unauthorized."), (method, path)
    for path in opened:
        assert ask(port, path).status in (200, 307), path


@BOTH
def test_every_wrong_credential_is_refused_on_every_route(kernel: Kernel, which: str) -> None:
    port, closed, opened, realm = doors(kernel, which)
    wrong = {
        "a wrong secret": basic(FRAMEWORK, "sesame"),
        "an unknown principal": basic("nobody", SECRET),
        "no secret": basic(FRAMEWORK, ""),
        "the principal as the secret": basic(FRAMEWORK, FRAMEWORK),
        "no colon": {"Authorization": "Basic c3Bhcms="},
        "what is not base64": {"Authorization": "Basic !"},
        "Basic and nothing": {"Authorization": "Basic"},
        "another scheme": {"Authorization": "Digest username=spark"},
        "nothing at all": {"Authorization": ""},
        "the user for whom a gateway speaks": {"X-Dcos-User": "admin"},
        "the cookie of a gateway": {"Cookie": f"dcos-acs-auth-cookie={kernel.own.token()}"},
        **{f"a token {what}": bearer(token) for what, token in kernel.own.bad_tokens(kernel.other).items()},
        **{
            f"a token= {what}": {"Authorization": f"token={token}"}
            for what, token in kernel.own.bad_tokens(kernel.other).items()
        },
    }
    client = Client(port)
    for path, kind in closed.items():
        for what, headers in wrong.items():
            answer = client.ask(path, headers)
            assert (answer.status, answer.challenge) == (401, f'Basic realm="{realm}-{kind}"'), (what, path, answer)
    for path in opened:
        assert client.ask(path, wrong["a wrong secret"]).status in (200, 307), path  # as the original
    client.close()


@BOTH
def test_good_credentials_open_every_route(kernel: Kernel, which: str) -> None:
    port, closed, _, _ = doors(kernel, which)
    right = [
        basic(FRAMEWORK, SECRET),
        bearer(kernel.own.token()),
        {"Authorization": f"token={kernel.own.token('alice')}"},
        {"authorization": basic(FRAMEWORK, SECRET)["Authorization"].replace("Basic", "bAsIc")},
    ]
    client = Client(port)
    for path in closed:
        for headers in right:
            assert client.ask(path, headers).status in (200, 400, 404, 405), path
    assert client.ask("/nothing/there", right[0]).status == 404
    assert client.ask("/state", right[1]).status == 200
    client.close()


def test_two_authorizations_are_one_too_many(kernel: Kernel) -> None:
    with socket.create_connection(("127.0.0.1", port_of(kernel.master)), timeout=30) as connection:
        line = f"Authorization: {basic(FRAMEWORK, SECRET)['Authorization']}\r\n"
        connection.sendall(f"GET /state HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{line}{line}\r\n".encode())
        assert connection.makefile("rb").readline().startswith(b"HTTP/1.1 40")


def test_the_body_of_somebody_unknown_is_not_asked_for(kernel: Kernel) -> None:
    request = "POST /api/v1/scheduler HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    request += "Content-Length: 1000000000\r\nExpect: 100-continue\r\n"
    lines = []
    for authorization in ("", f"Authorization: {basic(FRAMEWORK, SECRET)['Authorization']}\r\n"):
        with socket.create_connection(("127.0.0.1", port_of(kernel.master)), timeout=30) as connection:
            connection.sendall(f"{request}{authorization}\r\n".encode())
            lines.append(connection.makefile("rb").readline().split()[1])
    assert lines == [b"401", b"100"]


def test_flags_tell_of_files_and_hold_no_secret(kernel: Kernel) -> None:
    told = json.loads(good(kernel, "/flags").text)["flags"]
    assert told["credentials"].endswith("credentials.json") and not told["credentials"].startswith("file:")
    assert told["authenticate_http_readonly"] == "true"
    agent = json.loads(ask(port_of(kernel.agent), "/flags", headers=basic(FRAMEWORK, SECRET)).text)["flags"]
    assert agent["tls_port"] == str(kernel.agent_tls)
    for text in (json.dumps(told), json.dumps(agent), kernel.logs):
        assert SECRET not in text
        assert "PRIVATE KEY" not in text


# --- ports with TLS --------------------------------------------------------------------------------------------------

KINDS = ("master", "marathon", "agent", "auth", "gateway", "operator")


def test_certificates_open_what_their_kind_is_for_and_nothing_else(kernel: Kernel) -> None:
    table = {}
    for kind in KINDS:
        context = kernel.own.client(kernel.own.identity(kind))
        table[kind] = {
            "state": ask(kernel.master_tls, "/state", context).status,
            "health": ask(kernel.master_tls, "/health", context).status,
            "nothing": ask(kernel.master_tls, "/nothing", context).status,
            "connect": post(kernel.master_tls, "/internal/agent/v1/connect", {}, context).status,
            "messages": post(kernel.master_tls, "/internal/agent/v1/messages", {}, context).status,
            "token": post(kernel.master_tls, "/internal/auth/v1/token", {}, context).status,
            "agent's state": ask(kernel.agent_tls, "/state", context).status,
            "agent's health": ask(kernel.agent_tls, "/health", context).status,
        }
    api = {"state": 200, "health": 200, "nothing": 404, "connect": 403, "messages": 403, "token": 403}
    passed = {"agent's state": 200, "agent's health": 200}
    refused = {"agent's state": 403, "agent's health": 403}
    assert table == {
        "master": api | passed,
        "marathon": api | refused,
        "agent": dict.fromkeys(("state", "health", "nothing"), 403)
        | dict.fromkeys(("connect", "messages", "token"), 400)
        | refused,
        "auth": api | passed,
        "gateway": api | passed,
        "operator": api | passed,
    }


def post(port: int, path: str, value: Any, context: ssl.SSLContext | None = None, **headers: str) -> Answer:
    given = {"Content-Type": "application/json", **headers}
    return ask(port, path, context, method="POST", body=json.dumps(value).encode(), headers=given)


@BOTH
def test_who_has_no_certificate_of_the_cluster_hears_nothing(kernel: Kernel, which: str) -> None:
    port = kernel.master_tls if which == "master" else kernel.agent_tls
    strangers = {
        "none": kernel.own.client(),
        "another CA's": kernel.own.client(),
        "an expired one": kernel.own.client(kernel.own.identity("gateway", days=-1)),
    }
    strangers["another CA's"].load_cert_chain(kernel.other.identity("gateway"))
    for what, context in strangers.items():
        with pytest.raises((OSError, http.client.HTTPException)):
            pytest.fail(f"with {what}: {ask(port, '/health', context)}")
    for headers in ({}, basic(FRAMEWORK, SECRET), bearer(kernel.own.token())):
        with pytest.raises((OSError, http.client.HTTPException)):
            pytest.fail(f"without TLS: {ask(port, '/health', headers=headers)}")


def test_a_certificate_that_names_nobody_of_ours_is_good_for_nothing(kernel: Kernel) -> None:
    for uri in ("", f"dcos://{kernel.own.cluster}/king/localhost", "https://example.com/gateway"):
        context = kernel.own.client(kernel.own.identity("gateway", uri=uri))
        for port in (kernel.master_tls, kernel.agent_tls):
            answer = ask(port, "/state", context, headers=bearer(kernel.own.token()))
            assert (answer.status, answer.text) == (403, "this certificate has no business here")


def test_passwords_and_tokens_are_no_substitute_for_the_right_certificate(kernel: Kernel) -> None:
    context = kernel.own.client(kernel.own.identity("agent"))
    for headers in (basic(FRAMEWORK, SECRET), bearer(kernel.own.token()), {"X-Dcos-User": "admin"}):
        assert ask(kernel.master_tls, "/state", context, headers=headers).status == 403
        assert ask(kernel.agent_tls, "/state", context, headers=headers).status == 403


# --- frameworks ------------------------------------------------------------------------------------------------------


class Subscription:
    """A framework that only subscribes: its first event, or the refusal."""

    def __init__(self, port: int, headers: dict[str, str], context: ssl.SSLContext | None = None, **info: Any) -> None:
        self.port, self.headers, self.context = port, {"Content-Type": "application/json", **headers}, context
        self.client = Client(port, context)
        info = {"user": "root", "name": "n", "failover_timeout": 600.0, **info}
        body: dict[str, Any] = {"type": "SUBSCRIBE", "subscribe": {"framework_info": info}}
        if "id" in info:
            body["framework_id"] = info["id"]
        self.client.connection.request("POST", "/api/v1/scheduler", json.dumps(body).encode(), self.headers)
        self.response = self.client.connection.getresponse()
        self.status = self.response.status
        self.text, self.event = "", {}
        if self.status == 200:
            length = int(self.response.readline())
            self.event = json.loads(self.response.read(length))
            self.stream_id = self.response.getheader("Mesos-Stream-Id") or ""
        else:
            self.text = self.response.read().decode()

    @property
    def id(self) -> str:
        return str(self.event["subscribed"]["framework_id"]["value"])

    def call(self, kind: str, headers: dict[str, str] | None = None, **fields: Any) -> Answer:
        given = {"Content-Type": "application/json", "Mesos-Stream-Id": self.stream_id}
        body = {"type": kind, "framework_id": {"value": self.id}, **fields}
        return ask(
            self.port,
            "/api/v1/scheduler",
            self.context,
            method="POST",
            body=json.dumps(body).encode(),
            headers={**given, **(self.headers if headers is None else headers)},
        )

    def close(self) -> None:
        self.client.close()


def mismatch(principal: str, owner: str) -> str:
    return f"Authenticated principal '{principal}' does not match principal '{owner}' set in `FrameworkInfo`"


def test_a_framework_is_its_principals(kernel: Kernel) -> None:
    port, mine, others = port_of(kernel.master), basic(FRAMEWORK, SECRET), basic("other", "secret of the other")
    refused = Subscription(port, others, principal=FRAMEWORK)
    why = f"Failed to validate scheduler::Call: {mismatch('other', FRAMEWORK)}"
    assert (refused.status, refused.text) == (400, why)
    for named in ({}, {"principal": FRAMEWORK}):
        framework = Subscription(port, mine, **named)
        shown = json.loads(good(kernel, f"/frameworks?framework_id={framework.id}").text)["frameworks"]
        assert [one["principal"] for one in shown] == [FRAMEWORK]
        assert framework.call("REVIVE").status == 202
        answer = framework.call("REVIVE", others)
        assert (answer.status, answer.text) == (400, mismatch("other", FRAMEWORK))
        assert framework.call("REVIVE", {}).status == 401
        stolen = Subscription(port, others, id={"value": framework.id})
        assert stolen.event == {
            "type": "ERROR",
            "error": {"message": "Changing framework's principal is not allowed."},
        }
        assert framework.call("REVIVE").status == 202, "the owner's stream lives on"
        info = {"user": "root", "name": "n", "failover_timeout": 600.0, "id": {"value": framework.id}}
        update = framework.call("UPDATE_FRAMEWORK", update_framework={"framework_info": info | {"principal": "other"}})
        assert update.status == 400
        assert framework.call("UPDATE_FRAMEWORK", update_framework={"framework_info": info}).status == 200
        assert framework.call("TEARDOWN", others).status == 400
        assert framework.call("TEARDOWN").status == 202
        framework.close()


def test_a_users_token_and_a_gateways_word_make_the_same_principal(kernel: Kernel) -> None:
    by_token = Subscription(port_of(kernel.master), bearer(kernel.own.token("alice")))
    gateway = kernel.own.client(kernel.own.identity("gateway"))
    by_word = Subscription(kernel.master_tls, {"X-Dcos-User": "alice"}, gateway, id={"value": by_token.id})
    assert by_word.event["type"] == "SUBSCRIBED"
    assert by_word.call("TEARDOWN", {"X-Dcos-User": "bob"}).text == mismatch("bob", "alice")
    assert by_word.call("TEARDOWN", {}).text == mismatch("dcos_gateway", "alice")
    assert by_word.call("TEARDOWN").status == 202
    marathon = Subscription(kernel.master_tls, {}, kernel.own.client(kernel.own.identity("marathon")))
    shown = json.loads(good(kernel, f"/frameworks?framework_id={marathon.id}").text)["frameworks"]
    assert shown[0]["principal"] == "dcos_marathon"
    assert marathon.call("TEARDOWN").status == 202
    operator = kernel.own.client(kernel.own.identity("operator"))
    own_word = Subscription(kernel.master_tls, {"X-Dcos-User": "alice"}, operator)
    assert own_word.call("TEARDOWN", {}).status == 202, "an operator's certificate speaks for itself only"


# --- agents ----------------------------------------------------------------------------------------------------------


def connect(kernel: Kernel, context: ssl.SSLContext, hostname: str, agent_id: str | None = None) -> tuple[int, Any]:
    """A connection by the protocol alone: status, and the first message or the refusal. It is closed again."""
    client = Client(kernel.master_tls, context)
    info: dict[str, Any] = {"hostname": hostname, "port": 5051, "resources": [scalar("cpus", 1), scalar("mem", 64)]}
    if agent_id is not None:
        info["id"] = {"value": agent_id}
    body = {"version": 1, "agent": info, "software": "test", "boot_id": "b", "tasks": [], "frameworks": []}
    client.connection.request(
        "POST", "/internal/agent/v1/connect", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    response = client.connection.getresponse()
    try:
        if response.status != 200:
            return response.status, response.read().decode()
        return 200, json.loads(response.read(int(response.readline())))
    finally:
        client.close()


def test_an_agent_speaks_for_its_own_host_only(kernel: Kernel) -> None:
    own = kernel.own
    victim = own.client(own.identity("agent", host="victim.test", ip="198.18.0.7"))
    thief = own.client(own.identity("agent", host="thief.test", ip="198.18.0.8"))
    status, connected = connect(kernel, victim, "victim.test")
    assert status == 200
    victims_id = connected["agent_id"]
    status, text = connect(kernel, thief, "victim.test")
    assert status == 403 and "calls itself victim.test" in text
    status, text = connect(kernel, thief, "thief.test", victims_id)
    assert status == 403 and f"agent {victims_id} is of victim.test" in text
    real = json.loads(good(kernel, "/slaves").text)["slaves"]
    real_id = next(one["id"] for one in real if one["hostname"] == "127.0.0.1")
    status, text = connect(kernel, thief, "198.18.0.8", real_id)
    assert status == 403
    for epoch in range(3):
        batch = {"agent_id": real_id, "epoch": epoch, "messages": []}
        answer = post(kernel.master_tls, "/internal/agent/v1/messages", batch, thief)
        assert (answer.status, answer.text) == (403, f"agent {real_id} is of another host than the certificate")
    assert connect(kernel, victim, "198.18.0.7", victims_id)[0] == 200, "its address is its name, too"
    shown = {one["id"]: one for one in json.loads(good(kernel, "/slaves").text)["slaves"]}
    assert shown[victims_id]["pid"] == "slave(1)@198.18.0.7:5051", "the address is the certificate's"


def test_an_agent_says_nothing_to_what_is_no_master(tmp_path: Path) -> None:
    own = Authority(tmp_path / "own")
    other = Authority(tmp_path / "other")
    for identity in (own.identity("agent"), other.identity("master"), own.identity("master", ip="198.18.0.1")):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(identity)
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(60)
            agent = Daemon(
                "agent",
                [
                    *("dcos-agent", f"--work_dir={tmp_path / identity.name}", "--port=0", "--launcher=posix"),
                    *("--master=127.0.0.1:1", f"--master_tls_port={server.getsockname()[1]}"),
                    *(f"--tls_port={free_port()}", "--resources=cpus:1;mem:64;disk:10"),
                    *own.flags(own.identity("agent")),
                ],
                tmp_path / f"{identity.name}.log",
            ).start()
            try:
                raw, _ = server.accept()
                with raw:
                    try:
                        with context.wrap_socket(raw, server_side=True) as connection:
                            assert connection.recv(1) == b""
                    except (ssl.SSLError, ConnectionError):
                        pass  # it ended the handshake, or the connection right after
                log = agent.log
                wait_for(lambda log=log: "not connected to the master" in log.read_text(), what="the agent's complaint")
            finally:
                agent.stop()


def test_a_revoked_token_opens_no_agent_and_nobody_answering_opens_none(tmp_path: Path) -> None:
    """The agent asks the master, which asks the dcos-auth beside it: here a socket that says what it is told to."""
    own = Authority(tmp_path / "own")
    revoked = own.token("mallory")
    answering = _Answering(tmp_path / "auth.sock", revoked)
    inside = free_port()
    wanted = ["--authenticate_http_readonly", "--authenticate_http_readwrite"]
    master = Daemon(
        "master",
        [
            *("dcos-master", f"--work_dir={tmp_path / 'master'}", "--port=0", f"--agent_port={inside}"),
            *(*wanted, f"--auth_socket={tmp_path / 'auth.sock'}", *own.flags(own.identity("master"))),
        ],
        tmp_path / "master.log",
    ).start()
    agent = Daemon(
        "agent",
        [
            *("dcos-agent", f"--work_dir={tmp_path / 'agent'}", "--port=0", f"--tls_port={free_port()}"),
            *("--launcher=posix", f"--master=127.0.0.1:{port_of(master)}", f"--master_tls_port={inside}", *wanted),
            *("--hostname=localhost", "--resources=cpus:1;mem:64;disk:10", *own.flags(own.identity("agent"))),
        ],
        tmp_path / "agent.log",
    ).start()
    try:
        for daemon in (master, agent):
            port = port_of(daemon)
            assert wait_for(lambda port=port: ask(port, "/state", headers=bearer(own.token())).status == 200)
            assert ask(port, "/state", headers=bearer(revoked)).text == "the token was revoked"
        assert ask(port_of(master), "/state", headers=basic("alice", "her password")).status == 200
        assert ask(port_of(master), "/state", headers=basic("alice", "another")).status == 401
        assert ask(port_of(agent), "/state", headers=basic("alice", "her password")).status == 401
        answering.close()
        for daemon in (master, agent):
            answer = ask(port_of(daemon), "/state", headers=bearer(own.token()))
            assert answer.status == 503, answer
            assert ask(port_of(daemon), "/health").status == 200
        assert "her password" not in master.log.read_text() + agent.log.read_text()
    finally:
        agent.stop()
        master.stop()
        answering.close()


class _Answering:
    """Stands for dcos-auth on its socket: one user, one revoked token."""

    def __init__(self, path: Path, revoked: str) -> None:
        import socketserver
        import threading

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while self.rfile.readline():
                    length = 0
                    while (line := self.rfile.readline().strip()) != b"":
                        name, _, value = line.partition(b":")
                        length = int(value) if name.lower() == b"content-length" else length
                    if server.ended:
                        return
                    asked = json.loads(self.rfile.read(length))
                    good_one = asked in ({"uid": "alice", "password": "her password"},) or (
                        "token" in asked and asked["token"] != revoked
                    )
                    status = "200 OK" if good_one else "401 Unauthorized"
                    self.wfile.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True
            ended = False

        self._server = server = Server(str(path), Handler)
        self._path = path
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def close(self) -> None:
        if not self._server.ended:
            self._server.ended = True
            self._server.shutdown()
            self._server.server_close()
            self._path.unlink()


# --- what the daemons keep to themselves -----------------------------------------------------------------------------

LOOK_AROUND = """
echo "secrets: $(cat $CREDENTIALS $IDENTITY $TOKEN /etc/dcos-secrets/* 2>/dev/null | head -c 100)"
echo "processes: $(grep -l 'dcos[-]agent' /proc/[0-9]*/cmdline 2>/dev/null | wc -l)"
echo "roots: $(ls -d /proc/[0-9]*/root/$CREDENTIALS 2>/dev/null | wc -l)"
echo "environment: $(env | grep -c -i -e tls_identity -e http_credentials)"
echo "memory: $(ls /proc/[0-9]*/mem | wc -l) $(ls -d /proc/[0-9]* | wc -l)"
"""


def test_a_task_in_a_container_reaches_none_of_the_agents_secrets(tmp_path: Path) -> None:
    if why := containers_work():
        pytest.skip(why)
    own = Authority(tmp_path / "own")
    inside = free_port()
    identity = own.identity("agent")
    credentials = own.credentials({FRAMEWORK: SECRET})
    master = Daemon(
        "master",
        [
            *("dcos-master", f"--work_dir={tmp_path / 'master'}", "--port=0", f"--agent_port={inside}"),
            *own.flags(own.identity("master")),
        ],
        tmp_path / "master.log",
    ).start()
    agent = Agent(
        tmp_path,
        port_of(master),
        "linux",
        *(f"--master_tls_port={inside}", f"--tls_port={free_port()}", f"--http_credentials={credentials}"),
        *("--authenticate_http_readonly", "--authenticate_http_readwrite", *own.flags(identity)),
    )
    agent.argv = [argument.replace("--hostname=agent.test", "--hostname=localhost") for argument in agent.argv]
    try:
        agent.start()
        framework = Subscription(port_of(master), {}, capabilities=[{"type": "MULTI_ROLE"}], roles=["r"])
        offer = _first_offer(framework)
        for name, command in (
            ("look", {"value": LOOK_AROUND, "environment": _environment(credentials, identity, own.token_private_key)}),
            ("fetch", {"value": "true", "uris": [{"value": str(identity), "extract": False}]}),
        ):
            told = task(name, offer, scalar("cpus", 0.1), scalar("mem", 32), command=None)
            told["command"] = command
            for resource in told["resources"]:
                resource["allocation_info"] = {"role": "r"}
            launch = {"type": "LAUNCH", "launch": {"task_infos": [told]}}
            accept = {"offer_ids": [offer["id"]], "operations": [launch], "filters": {"refuse_seconds": 0.0}}
            assert framework.call("ACCEPT", accept=accept).status == 202
            if name == "look":
                text = wait_for(lambda: _whole(agent, framework.id, "look"), what="what the task saw")
                offer = _first_offer(framework)
        seen = dict(line.split(": ", 1) if ": " in line else (line.rstrip(":"), "") for line in text.splitlines())
        memory, processes = seen.pop("memory").split()
        assert seen == {"secrets": "", "processes": "0", "roots": "0", "environment": "0"}
        assert int(processes) < 20 and int(memory) < 20, "only what is in the container"
        refused = wait_for(lambda: _refusal(framework), what="the refusal of the fetch")
        assert "is not for tasks" in refused, refused
        framework.close()
    finally:
        agent.clean()
        master.stop()


def _environment(*paths: Path) -> dict[str, Any]:
    names = ("CREDENTIALS", "IDENTITY", "TOKEN")
    return {"variables": [{"name": name, "value": str(path)} for name, path in zip(names, paths, strict=True)]}


def _next(framework: Subscription) -> Any:
    event: Any = json.loads(framework.response.read(int(framework.response.readline())))
    return event


def _first_offer(framework: Subscription) -> Any:
    while True:
        event = _next(framework)
        if event["type"] == "OFFERS":
            return event["offers"]["offers"][0]


def _refusal(framework: Subscription) -> str | None:
    event = _next(framework)
    status = event.get("update", {}).get("status", {})
    return str(status["message"]) if status.get("state") == "TASK_FAILED" else None


def _whole(agent: Agent, framework_id: str, name: str) -> str | None:
    text = agent.text(name, framework=framework_id)
    return text if "memory: " in text else None


# --- bad manners -----------------------------------------------------------------------------------------------------


def test_noise_on_the_doors_leaves_them_open_and_the_logs_short(kernel: Kernel) -> None:
    before = len(kernel.logs)
    gateway = kernel.own.client(kernel.own.identity("gateway"))
    ports = (port_of(kernel.master), kernel.master_tls, port_of(kernel.agent), kernel.agent_tls)
    silent = [socket.create_connection(("127.0.0.1", port), timeout=30) for port in ports for _ in range(100)]
    noises = (b"GET /state HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", os.urandom(512), b"GET\r\n\r\n", b"\0" * 99)
    for noise in (*noises, b"GET / HTTP/1.1\r\nHost: a\r\n" + b"x" * 9000 + b"\r\n\r\n"):
        for port in ports:
            for _ in range(5):
                with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                    connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n" + noise)
                with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
                    connection.sendall(noise)
    for port in (kernel.master_tls, kernel.agent_tls):
        assert ask(port, "/health", gateway).status == 200
        for _ in range(20):
            with pytest.raises((OSError, http.client.HTTPException)):
                pytest.fail(str(ask(port, "/health", kernel.own.client())))
    for port in (port_of(kernel.master), port_of(kernel.agent)):
        assert ask(port, "/health").status == 200
    for connection in silent:
        connection.close()
    new = kernel.logs[before:]
    assert "Traceback" not in new, new[-3000:]
    assert len(new.splitlines()) < 20, new


def test_a_connection_that_never_shakes_hands_is_cut_off(kernel: Kernel) -> None:
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", kernel.master_tls), timeout=60) as connection:
        assert connection.recv(1) == b""
    assert time.monotonic() - started > 1.0, "a slow one has some time"


def test_flags_that_cannot_work_are_refused(tmp_path: Path) -> None:
    own = Authority(tmp_path / "own")
    for flags, code, why in (
        (["--authenticate_http_readonly"], 2, "nobody has one: give --credentials or --token_key or --auth_socket"),
        ([f"--tls_ca={own.ca}"], 2, "--tls_ca and --tls_identity go together"),
        ([f"--token_key={own.token_key}"], 2, "--token_key and --token_issuer go together"),
        (["--anonymous_reads=/state"], 2, "--anonymous_reads says nothing without"),
        ([f"--tls_ca={own.ca}", f"--tls_identity={own.token_key}"], 1, f"{own.token_key} cannot be used"),
        ([f"--tls_ca={tmp_path}/none", f"--tls_identity={own.identity('master')}"], 1, "cannot be used"),
        ([f"--credentials={own.token_private_key}"], 1, "is not of the form"),
        ([f"--credentials={tmp_path}/none"], 1, "cannot be read"),
    ):
        refused = Daemon("m", ["dcos-master", f"--work_dir={tmp_path}/m", "--port=0", *flags], tmp_path / "log")
        refused.log.write_bytes(b"")
        with pytest.raises(AssertionError, match=f"m ended with {code}"):
            refused.start()
        text = refused.log.read_text()
        assert why in text, text
        assert "Traceback" not in text and "PRIVATE" not in text, text


def test_reads_that_the_operator_opened_are_everybodys_and_only_those(tmp_path: Path) -> None:
    own = Authority(tmp_path / "own")
    master = Daemon(
        "master",
        [
            *("dcos-master", f"--work_dir={tmp_path / 'm'}", "--port=0", "--authenticate_http_readonly"),
            *("--anonymous_reads=/metrics/snapshot,/state-summary,/api/v1/scheduler", *own.flags()),
        ],
        tmp_path / "m.log",
    ).start()
    try:
        port = port_of(master)
        for path in ("/metrics/snapshot", "/master/state-summary", "/state-summary.json"):
            assert ask(port, path).status == 200
            assert ask(port, path, headers=bearer(own.token())).status == 200
            assert ask(port, path, headers=bearer(own.token(lifetime=-1.0))).status == 401
            assert ask(port, path, method="POST").status == 401
        for path in ("/state", "/metrics", "/state-summary-2", "/nothing"):
            assert ask(port, path).status == 401
    finally:
        master.stop()


# --- beside the original ---------------------------------------------------------------------------------------------


def test_refusals_are_the_originals_word_for_word(tmp_path: Path) -> None:
    own = Authority(tmp_path / "own")
    credentials = own.credentials({FRAMEWORK: SECRET, "other": "another"})
    # Guarded reads would keep the oracle's launcher itself out.
    real = Oracle(
        agents=1,
        authenticate_http_frameworks="true",
        http_framework_authenticators="basic",
        credentials=str(credentials),
    )
    ours = Daemon(
        "master",
        [
            *("dcos-master", f"--work_dir={tmp_path / 'm'}", "--port=0", "--authenticate_http_frameworks"),
            f"--credentials={credentials}",
        ],
        tmp_path / "m.log",
    ).start()
    try:
        mine, others = basic(FRAMEWORK, SECRET), basic("other", "another")
        told = []
        for port in (real.port, port_of(ours)):
            found: list[Any] = []
            for headers in ({}, basic(FRAMEWORK, "wrong"), {"Authorization": "Basic !"}, bearer("x"), others):
                for method in ("GET", "POST"):
                    answer = ask(port, "/api/v1/scheduler", headers=headers, method=method)
                    # Of a token the original says no more than of anything else.
                    text = "" if "Bearer" in headers.get("Authorization", "") else answer.text
                    found.append((answer.status, answer.challenge, text))
            pretending = Subscription(port, others, principal=FRAMEWORK)
            framework = Subscription(port, mine)
            found += [(pretending.status, pretending.text), framework.event["type"]]
            for call, headers in (("REVIVE", others), ("REVIVE", {}), ("REVIVE", mine), ("TEARDOWN", others)):
                answer = framework.call(call, headers)
                found.append((answer.status, answer.challenge, answer.text))
            wrong_stream = framework.call("REVIVE", {**others, "Mesos-Stream-Id": "wrong"})
            found.append((wrong_stream.status, wrong_stream.text))
            for info in ({}, {"principal": "other"}):
                found.append(Subscription(port, others, id={"value": framework.id}, **info).event)
            framework.close()
            after = framework.call("REVIVE", others)
            found.append((after.status, after.text))
            told.append(found)
        assert told[0] == told[1]
        assert told[0][0] == (401, 'Basic realm="mesos-master-scheduler"', "401 Unauthorized.")
    finally:
        ours.stop()
        real.stop()
