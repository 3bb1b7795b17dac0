"""Several masters with TLS, each on an address of its own on loopback, and a ZooKeeper."""

from __future__ import annotations

import http.client
import json
import signal
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.daemons.authority import Authority
from tests.support.daemons.byhand import Daemon, free_port
from tests.support.daemons.zookeeper_server import ZooKeeperServer


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


class Masters:
    def __init__(self, folder: Path) -> None:
        self.own = Authority(folder / "own")
        self.port, self.public = free_port(), free_port()
        self.zookeeper = ZooKeeperServer(folder / "zookeeper")
        self.daemons: dict[str, Daemon] = {}
        self.gateway = self.own.client(self.own.identity("gateway"))
        self.folder = folder

    def start(self, ip: str, *flags: str) -> None:
        self.daemons[ip] = Daemon(
            f"master-{ip}",
            [
                *("dcos-master", f"--work_dir={self.folder / ip}", f"--ip={ip}", f"--hostname={ip}"),
                *(f"--port={self.public}", f"--tls_port={self.port}", "--authenticate_http_readonly"),
                *(f"--zk=zk://{self.zookeeper.hosts}/mesos", "--zk_session_timeout=10secs", *flags),
                *("--authenticate_http_frameworks", *self.own.flags(self.own.identity("master", host=ip, ip=ip))),
            ],
            self.folder / f"{ip}.log",
        ).start()

    def connection(self, ip: str, context: ssl.SSLContext | None = None) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(ip, self.port, timeout=240, context=context or self.gateway)

    def ask(
        self,
        ip: str,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        context: ssl.SSLContext | None = None,
    ) -> Answer:
        connection = self.connection(ip, context)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def call(self, ip: str, stream_id: str, value: Any, user: str = "alice") -> Answer:
        headers = {"Content-Type": "application/json", "Mesos-Stream-Id": stream_id, "X-Dcos-User": user}
        return self.ask(ip, "/api/v1/scheduler", "POST", json.dumps(value).encode(), headers)

    def stop(self) -> None:
        for daemon in self.daemons.values():
            if daemon.process is not None and daemon.process.poll() is None:
                daemon.send(signal.SIGCONT)
            daemon.stop()
        self.zookeeper.kill()
