"""A cluster of daemons started by hand on loopback, as by a new user: no installer, no root, no systemd."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

PROGRAMS = Path(sys.executable).parent
READY = re.compile(r"listening on ((?:http://|unix:)\S+)")
# Other ports than those that tests offer to tasks (from 21000 on) and those of installed daemons.
PORTS = range(11000, 20000)
HANDED_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")
_claims: list[socket.socket] = []


def free_port() -> int:
    """A free loopback port; no later call returns it, in any process of the tests."""
    low, high = map(int, HANDED_OUT.read_text().split())
    ports = [port for port in PORTS if not low <= port <= high] or PORTS
    count = len(ports)
    first = random.SystemRandom().randrange(count)
    for step in range(count):
        port = ports[(first + step) % count]
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0dcos-tests-port-{port}")  # an abstract name: it is free again when this process ends
            with socket.socket() as probe:
                probe.bind(("", port))
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return port
    raise AssertionError(f"none of the ports {PORTS[0]}-{PORTS[-1]} is free")


TASK_PORTS = range(20000, 31000)
"""Those that agents of the tests offer: below the ones that the system hands out to outgoing connections."""
SLICE = 100


def task_ports() -> str:
    """``SLICE`` ports for the tasks of one agent, as `--resources` has them: no other agent of the tests offers them
    meanwhile, in any process. Tasks of two clusters would else take each other's.
    """
    for first in random.SystemRandom().sample(TASK_PORTS[::SLICE], len(TASK_PORTS) // SLICE):
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0dcos-tests-task-ports-{first}")
        except OSError:
            claim.close()
            continue
        _claims.append(claim)
        return f"[{first}-{first + SLICE - 1}]"
    raise AssertionError(f"all of the ports {TASK_PORTS[0]}-{TASK_PORTS[-1]} are offered")


PATIENCE = float(os.environ.get("DCOS_TESTS_PATIENCE", "4"))
"""The factor of all deadlines: a machine may be emulated."""

NO_AUTHORITIES = {"SSL_CERT_FILE": os.devnull, "SSL_CERT_DIR": os.devnull}
"""Daemons of tests trust none of the host's certificate authorities. aiohttp reads them all at its import, which took a
sixth of each start's processor time.
"""


def wait_for(condition: Callable[[], Any], seconds: float = 60, what: str = "the condition") -> Any:
    """The first truthy answer of ``condition``. Raises ``AssertionError`` with the last answer or error.

    What takes long to ask (a command) is asked less often: asking must not take the processors that the answer needs.
    """
    deadline = time.monotonic() + seconds * PATIENCE
    last: Any = None
    while (asked := time.monotonic()) < deadline:
        try:
            last = condition()
            if last:
                return last
        except (OSError, http.client.HTTPException, subprocess.TimeoutExpired, ValueError, KeyError) as error:
            last = error
        time.sleep(min(max(0.1, 2 * (time.monotonic() - asked)), 2.0))
    raise AssertionError(f"{what} did not come true within {seconds * PATIENCE:.0f} s; last seen: {last!r}")


def ask(url: str, method: str = "GET", body: Any = None, seconds: float = 60) -> tuple[int, Any]:
    """One HTTP request: status and decoded JSON (or text)."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=seconds * PATIENCE)
    try:
        data = None if body is None else json.dumps(body)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        response = connection.getresponse()
        text = response.read().decode()
    finally:
        connection.close()
    try:
        return response.status, json.loads(text)
    except ValueError:
        return response.status, text


class NotNow(OSError):
    """A daemon said that it cannot answer at present. Who waits for an answer asks again."""


def told(url: str) -> Any:
    """The answer to a GET. Raises `NotNow`, also while nobody leads: a starved leader may be suspended at any time."""
    status, answer = ask(url)
    if status in (502, 503, 504):
        raise NotNow(f"{url}: {status} {answer}")
    assert status == 200, (url, status, answer)
    return answer


class Daemon:
    """One daemon and how to start it again. Output goes to ``log``."""

    def __init__(self, name: str, argv: Sequence[str], log: Path, variables: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.variables = dict(variables or {})
        self.argv = [str(PROGRAMS / argv[0]), *argv[1:]]
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> Daemon:
        """Starts it and waits for its ready line; the caller checks that it stays alive."""
        offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.argv,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **NO_AUTHORITIES, **self.variables},
                start_new_session=True,
            )

        def ready() -> str | None:
            assert self.process is not None
            ended = self.process.poll() is not None  # first, so that all output before its end is read
            text = self.log.read_bytes()[offset:].decode(errors="replace")
            found = READY.search(text)
            if ended and not found:
                raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n{text[-3000:]}")
            return found[1] if found else None

        self.url = wait_for(ready, 60, f"{self.name}'s ready line")
        return self

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """kill -9, like a crash. Its children keep running."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(60 * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()


class Cluster:
    """One master, some agents with ``--launcher=posix``, one marathon."""

    def __init__(
        self, folder: Path, agents: int = 1, resources: str = "cpus:4;mem:4096;disk:10240", **master: str
    ) -> None:
        self.folder = folder
        port = free_port()
        extra = [f"--{name}={value}" for name, value in master.items()]
        self.master = self._daemon("master", "dcos-master", f"--port={port}", *extra)
        self.agents = [
            self._daemon(
                f"agent{index}",
                "dcos-agent",
                f"--master=127.0.0.1:{port}",
                f"--port={free_port()}",
                "--launcher=posix",
                f"--resources={resources};ports:{task_ports()}",
                f"--hostname=agent{index}.test",
            )
            for index in range(agents)
        ]
        self.marathon = self._daemon(
            "marathon", "dcos-marathon", f"--master=127.0.0.1:{port}", f"--http_port={free_port()}"
        )

    def _daemon(self, name: str, program: str, *flags: str) -> Daemon:
        work = self.folder / name
        work.mkdir(parents=True)
        return Daemon(
            name,
            [program, "--ip=127.0.0.1", f"--work_dir={work}", *flags]
            if name != "marathon"
            else [program, f"--work_dir={work}", *flags],
            self.folder / f"{name}.log",
        )

    @property
    def daemons(self) -> list[Daemon]:
        return [self.master, *self.agents, self.marathon]

    def start(self) -> Cluster:
        for daemon in self.daemons:
            daemon.start()
        return self

    def environment(self) -> dict[str, str]:
        """Of a ``dcos`` that is to use this cluster."""
        return {**os.environ, "DCOS_URL": self.master.url, "DCOS_DIR": str(self.folder / "client")}

    def dcos(self, *words: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """The ``dcos`` command against this cluster."""
        return subprocess.run(
            [str(PROGRAMS / "dcos"), *words],
            capture_output=True,
            text=True,
            env=self.environment(),
            input=stdin,
            timeout=120 * PATIENCE,
        )

    def running(self, app: str) -> list[dict[str, Any]]:
        """The app's running tasks as the init returns them."""
        tasks = told(f"{self.marathon.url}/v2/apps/{app.strip('/')}/tasks")["tasks"]
        return [task for task in tasks if task["state"] == "TASK_RUNNING"]


def processes_with(*marks: str) -> list[int]:
    """Pids of processes whose environment has all of ``marks``."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                environment = (entry / "environ").read_bytes()
                if all(mark.encode() in environment for mark in marks):
                    found.append(int(entry.name))
    return found


def processes_here_with(*marks: str) -> list[int]:
    """Those of `processes_with` outside of containers and machines: another cluster may run the same app there."""
    here = Path("/proc/self/ns/pid").readlink()
    found = []
    for pid in processes_with(*marks):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/ns/pid").readlink() == here:
                found.append(pid)
    return found


@contextlib.contextmanager
def cluster(folder: Path, **options: Any) -> Iterator[Cluster]:
    """A started `Cluster`; at the end its daemons stop and all processes of its sandboxes are killed."""
    made = Cluster(folder, **options)
    try:
        yield made.start()
    finally:
        for daemon in reversed(made.daemons):
            daemon.stop()
        for pid in processes_with(f"MESOS_SANDBOX={folder}"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
