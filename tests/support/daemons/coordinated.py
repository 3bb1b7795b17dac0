"""Masters by hand on a ZooKeeper, watched for two of them answering as the leader; a network that can be cut."""

from __future__ import annotations

import contextlib
import http.client
import json
import selectors
import socket
import threading
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

from tests.support.daemons.byhand import Daemon, ask, free_port

RECONCILE = {"type": "RECONCILE", "framework_id": {"value": "nobody"}, "reconcile": {"tasks": []}}


def master(folder: Path, name: str, hosts: str, session: str) -> Daemon:
    port = free_port()
    flags = (
        "--ip=127.0.0.1",
        f"--port={port}",
        f"--work_dir={folder / name}",
        f"--zk=zk://{hosts}/mesos",
        f"--zk_session_timeout={session}",
    )
    return Daemon(name, ("dcos-master", *flags), folder / f"{name}.log")


def leads(daemon: Daemon) -> bool:
    if daemon.process is None or daemon.process.poll() is not None:
        return False
    status, metrics = ask(f"{daemon.url}/metrics/snapshot")
    return status == 200 and bool(metrics["master/elected"])


@dataclass(frozen=True)
class Claim:
    """One answer that only a leader gives."""

    who: str
    asked: float
    answered: float
    what: str


class Watch:
    """Asks every daemon continuously whether it leads, by a read and by a call, and records each answer of a leader."""

    def __init__(self, *daemons: Daemon) -> None:
        self.claims: list[Claim] = []
        self.answers: list[tuple[str, float, int]] = []
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(daemon, what), daemon=True)
            for daemon in daemons
            for what in ("metrics", "call")
        ]

    def __enter__(self) -> Watch:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(240)

    def _ask(self, daemon: Daemon, what: str) -> None:
        while not self._over.is_set():
            asked = time.monotonic()
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError, KeyError):
                status, answer = self._once(daemon, what)
                answered = time.monotonic()
                self.answers.append((daemon.name, answered, status))
                # A leader does not know such a framework, and says so; others redirect, or say that there is no leader.
                if answer["master/elected"] == 1.0 if what == "metrics" else status in (202, 400, 403):
                    self.claims.append(Claim(daemon.name, asked, answered, what))
            time.sleep(0.02)

    def _once(self, daemon: Daemon, what: str) -> tuple[int, dict[str, float]]:
        parts = urllib.parse.urlsplit(daemon.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=240)
        try:
            if what == "metrics":
                connection.request("GET", "/metrics/snapshot")
            else:
                headers = {"Content-Type": "application/json", "Mesos-Stream-Id": "x"}
                connection.request("POST", "/api/v1/scheduler", json.dumps(RECONCILE), headers)
            answer = connection.getresponse()
            body = answer.read()
            return answer.status, json.loads(body) if what == "metrics" else {}
        finally:
            connection.close()

    def first(self, who: str) -> float:
        """When it first answered as the leader. Infinity if it never did."""
        return min((claim.answered for claim in self.claims if claim.who == who), default=float("inf"))

    def after(self, who: str, moment: float, asked: float = 0.0) -> list[Claim]:
        """The answers of ``who`` as the leader from then on, to questions since ``asked``. Those to earlier questions
        may have been true when they were sent, and late on a busy host.
        """
        claims = [claim for claim in self.claims if claim.who == who]
        return [claim for claim in claims if claim.answered > moment and claim.asked > asked]


class Link:
    """A TCP relay on loopback to ``target``, which can be cut: then nothing passes any more, without a sign to either
    side.
    """

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._target = (host, int(port))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._pairs: dict[socket.socket, socket.socket] = {}
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._cut = False
        self._passing = threading.Lock()
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def hosts(self) -> str:
        return f"127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self) -> None:
        with self._passing:  # what is on its way arrives before
            self._cut = True

    def heal(self) -> None:
        """Data that was held back while it was cut arrives now, as in TCP."""
        self._cut = False

    def close(self) -> None:
        self._over = True
        self._thread.join(240)
        for connection in (self._listener, *self._pairs):
            connection.close()

    def _run(self) -> None:
        while not self._over:
            if self._cut:
                time.sleep(0.01)
                continue
            for key, _ in self._selector.select(0.05):
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                with self._passing:
                    if self._cut:
                        break
                    if connection is self._listener:
                        self._accept()
                    else:
                        self._pass_on(connection)

    def _accept(self) -> None:
        near, _ = self._listener.accept()
        try:
            far = socket.create_connection(self._target, timeout=240)
        except OSError:
            near.close()
            return
        for one, other in ((near, far), (far, near)):
            self._pairs[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, connection: socket.socket) -> None:
        other = self._pairs.get(connection)
        if other is None:
            return
        try:
            data = connection.recv(65536)
            if data:
                other.sendall(data)
                return
        except OSError:
            pass
        for end in (connection, other):
            self._pairs.pop(end, None)
            self._selector.unregister(end)
            end.close()
