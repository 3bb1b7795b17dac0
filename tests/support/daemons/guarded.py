"""A real master and a real agent that require credentials at every port, and clients of them."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_runtime.shipped_services import callers
from tests.support.daemons.authority import Authority, basic
from tests.support.daemons.byhand import Daemon, free_port, wait_for

FRAMEWORK, SECRET = "spark", "open sesame"


@dataclass
class Kernel:
    """A master and an agent with all authentication on."""

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
            http.client.HTTPSConnection("127.0.0.1", port, timeout=240, context=context)
            if context is not None
            else http.client.HTTPConnection("127.0.0.1", port, timeout=240)
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


def post(port: int, path: str, value: Any, context: ssl.SSLContext | None = None, **headers: str) -> Answer:
    given = {"Content-Type": "application/json", **headers}
    return ask(port, path, context, method="POST", body=json.dumps(value).encode(), headers=given)


@contextlib.contextmanager
def guarded(folder: Path) -> Iterator[Kernel]:
    """A master and an agent on loopback with a guard."""
    own, other = Authority(folder / "own"), Authority(folder / "other")
    inside, agent_inside = free_port(), free_port()
    wanted = ["--authenticate_http_readonly", "--authenticate_http_readwrite"]
    credentials = own.credentials({FRAMEWORK: SECRET, "other": "secret of the other"})
    master = Daemon(
        "master",
        [
            *("dcos-master", f"--work_dir={folder / 'master'}", "--port=0", f"--tls_port={inside}"),
            *(
                "--hostname=127.0.0.1",
                *wanted,
                "--authenticate_http_frameworks",
                f"--tls_clients={','.join((*callers('master'), 'named'))}",
            ),
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


class Subscription:
    """A framework that only subscribes: its first event, or the refusal. ``suppressed_roles``: it wants no offers."""

    def __init__(self, port: int, headers: dict[str, str], context: ssl.SSLContext | None = None, **info: Any) -> None:
        self.port, self.headers, self.context = port, {"Content-Type": "application/json", **headers}, context
        self.client = Client(port, context)
        suppressed = info.pop("suppressed_roles", [])
        info = {"user": "root", "name": "n", "failover_timeout": 600.0, **info}
        subscribe = {"framework_info": info, "suppressed_roles": suppressed}
        body: dict[str, Any] = {"type": "SUBSCRIBE", "subscribe": subscribe}
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
