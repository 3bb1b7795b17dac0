"""Principals in the kernel: of frameworks, of agents, of the master; and which secrets no response holds."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.agent.clusters import skip_without
from tests.support.daemons.agents import Agent
from tests.support.daemons.authority import Authority, basic, bearer
from tests.support.daemons.byhand import Daemon, free_port, wait_for
from tests.support.daemons.guarded import (
    FRAMEWORK,
    SECRET,
    Client,
    Kernel,
    Subscription,
    ask,
    good,
    guarded,
    port_of,
    post,
)
from tests.support.mesos.oracle import Oracle
from tests.support.mesos.rawclient import scalar, task


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with guarded(tmp_path_factory.mktemp("kernel")) as one:
        yield one


# --- frameworks ------------------------------------------------------------------------------------------------------


def mismatch(principal: str, owner: str) -> str:
    return f"Authenticated principal '{principal}' does not match principal '{owner}' set in `FrameworkInfo`"


def test_a_framework_is_its_principals(kernel: Kernel) -> None:
    port, mine, others = port_of(kernel.master), basic(FRAMEWORK, SECRET), basic("other", "secret of the other")
    refused = Subscription(port, others, principal=FRAMEWORK)
    why = f"Failed to validate scheduler::Call: {mismatch('other', FRAMEWORK)}"
    assert (refused.status, refused.text) == (400, why)
    namings: list[dict[str, Any]] = [{}, {"principal": FRAMEWORK}]
    for named in namings:
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


def test_nobody_takes_a_daemons_name(kernel: Kernel) -> None:
    own, context = kernel.own, {kind: kernel.own.client(kernel.own.identity(kind)) for kind in ("gateway", "master")}
    for name in ("dcos_marathon", "DCOS_marathon"):
        for port in (kernel.master, kernel.agent):
            answer = ask(port_of(port), "/state", headers=bearer(own.token(name)))
            assert answer.status == 401, name
        said = {"X-Dcos-User": name}
        assert ask(kernel.master_tls, "/state", context["gateway"], headers=said).status == 403, name
        assert ask(kernel.master_tls, "/state", context["master"], headers=said).status == 200, "a standby passes on"


# --- agents ----------------------------------------------------------------------------------------------------------


def connect(
    kernel: Kernel, context: ssl.SSLContext, hostname: str, agent_id: str | None = None, **more: Any
) -> tuple[int, Any]:
    """A connection by the protocol alone: status, and the first message or the refusal. It is closed again."""
    client = Client(kernel.master_tls, context)
    info: dict[str, Any] = {"hostname": hostname, "port": 5051, "resources": [scalar("cpus", 1), scalar("mem", 64)]}
    if agent_id is not None:
        info["id"] = {"value": agent_id}
    body = {"version": 1, "agent": info, "software": "test", "boot_id": "b", "tasks": [], "frameworks": []}
    body |= more
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


def test_agents_and_masters_agree_on_a_version_in_their_first_words_over_tls(kernel: Kernel) -> None:
    """There is no question before: one of the former version tells one, one of a coming version tells two."""
    context = kernel.own.client(kernel.own.identity("agent", host="versions.test", ip="198.18.0.9"))
    former = connect(kernel, context, "versions.test")
    assert former[0] == 200 and former[1]["version"] == 1
    for versions, agreed in ([1, 2], 2), ([3, 4], 4), ([4, 5], 4):
        status, told = connect(kernel, context, "versions.test", version=versions[0], versions=versions)
        assert (status, told["version"]) == (200, agreed)
    before = json.loads(good(kernel, "/slaves").text)["slaves"]
    status, text = connect(kernel, context, "versions.test", version=5, versions=[5, 6], agent="of another form")
    assert status == 400 and text == (
        "this agent speaks versions 5 and 6 of the agent protocol, this master versions 1, 2, 3 and 4; "
        "upgrade this master"
    )
    assert len(json.loads(good(kernel, "/slaves").text)["slaves"]) == len(before)


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
            server.settimeout(240)
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
                wait_for(lambda log=log: "not connected to the master" in log.read_text(), what="the agent's complaint")  # type: ignore[misc]  # mypy infers no lambda with a default
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
            *("dcos-master", f"--work_dir={tmp_path / 'master'}", "--port=0", f"--tls_port={inside}"),
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
            assert wait_for(lambda port=port: ask(port, "/state", headers=bearer(own.token())).status == 200)  # type: ignore[misc]  # mypy infers no lambda with a default
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
                    good_one = asked == {"uid": "alice", "password": "her password", "address": "127.0.0.1"} or (
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
    skip_without("linux")
    own = Authority(tmp_path / "own")
    inside = free_port()
    identity = own.identity("agent")
    credentials = own.credentials({FRAMEWORK: SECRET})
    master = Daemon(
        "master",
        [
            *("dcos-master", f"--work_dir={tmp_path / 'master'}", "--port=0", f"--tls_port={inside}"),
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


# --- beside a real Mesos ------------------------------------------------------------------------------------------


def test_refusals_are_mesos_word_for_word(tmp_path: Path) -> None:
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
                    # For a token Mesos has no other response than for any unknown credential.
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
            infos: list[dict[str, Any]] = [{}, {"principal": "other"}]
            for info in infos:
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
