"""Three masters and three agents, faults for them, and an observer that watches them all the time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import re
import shlex
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.daemons.byhand import wait_for
from tests.support.machines.deployed import ANSWER_SECONDS, GATEWAY, INIT, MASTER, Deployed, exchange

INVENTORY = """\
[masters]
m1 ansible_host=198.18.{network}.11
m2 ansible_host=198.18.{network}.12
m3 ansible_host=198.18.{network}.13

[agents]
a1 ansible_host=198.18.{network}.21
a2 ansible_host=198.18.{network}.22
a3 ansible_host=198.18.{network}.23

[masters:vars]
dcos_mem=1280

[all:vars]
dcos_cluster_name={name}
dcos_provider=nspawn
dcos_network=198.18.{network}.0/24
dcos_cpus=2
dcos_mem=1024
dcos_disk=700
# An agent is given up after 6 × 4 seconds; one that is away while masters change, after 20.
dcos_agent_ping_timeout=4secs
dcos_max_agent_ping_timeouts=6
dcos_agent_reregister_timeout=20secs
"""

AGENT_SECONDS = 24.0
"""How long an agent may be silent before it is given up, by that inventory."""

ROUNDS = 3
"""How often all masters are asked before there is no answer."""

UNITS = {
    "masters": ("dcos-master", "dcos-marathon", "dcos-zookeeper", "dcos-auth", "dcos-gateway"),
    "agents": ("dcos-agent",),
}
"""The daemons of a machine, by its group."""

_TASKS = """
import json, os
found = {}
for pid in filter(str.isdigit, os.listdir('/proc')):
    try:
        with open(f'/proc/{pid}/environ', 'rb') as file:
            marks = [one for one in file.read().split(bytes(1)) if one.startswith(b'MESOS_TASK_ID=')]
        with open(f'/proc/{pid}/stat') as file:
            said = file.read().rpartition(')')[2].split()
    except OSError:
        continue
    if marks and said[0] != 'Z':
        found.setdefault(marks[0].decode().partition('=')[2], {})[pid] = said[19]
print(json.dumps(found))
"""


class Several(Deployed):
    """The cluster, with actions on its machines. Requests to daemons go through ``get``."""

    umask = 0o077

    @property
    def environment(self) -> dict[str, str]:
        """The environment of an operator with a long TMPDIR, another locale and own settings of Ansible."""
        temporary = self.home / ("a long name " * 12).strip()
        temporary.mkdir(parents=True, exist_ok=True)
        odd = {"TMPDIR": str(temporary), "LC_ALL": "C", "ANSIBLE_STRATEGY": "none", "ANSIBLE_STDOUT_CALLBACK": "none"}
        return {**super().environment, **odd}

    @contextlib.contextmanager
    def zookeeper_client(self) -> Iterator[Any]:
        """A client of ZooKeeper with the master's rights."""
        from kazoo.client import KazooClient

        url = self.ssh(self.masters[0], "cat /etc/dcos-secrets/zk-master")
        credentials = url.removeprefix("zk://").partition("@")[0]
        hosts = ",".join(f"{self.address(host)}:2181" for host in self.masters)
        make: Any = KazooClient
        client = make(hosts, timeout=60, auth_data=[("digest", credentials)])
        client.start(240)
        try:
            yield client
        finally:
            client.stop()
            client.close()

    def leads(self, host: str) -> bool:
        """Whether this machine's master says that it leads."""
        with contextlib.suppress(OSError):
            status, metrics = self.get(host, MASTER, "/metrics/snapshot")
            return status == 200 and metrics["master/elected"] == 1
        return False

    def leader(self) -> str | None:
        """The machine whose master leads, if exactly one does."""
        leading = [host for host in self.masters if self.leads(host)]
        return leading[0] if len(leading) == 1 else None

    def state(self) -> Any:
        """The leading master's `/state`, wherever it is. Raises ``ValueError`` while there is none."""
        return self._from_any(MASTER, "/state")

    def marathon(self, path: str) -> Any:
        """The init's answer to a GET at the first machine that has one. Raises ``ValueError``."""
        return self._from_any(INIT, path)

    def _from_any(self, port: int, path: str) -> Any:
        """The first useful answer: a standby forwards the request. A starved machine is asked again."""
        said = []
        for host in self.masters * ROUNDS:
            try:
                status, answer = self.get(host, port, path)
            except OSError as error:
                said.append(f"{host}: {error}")
                continue
            if status == 200:
                return answer
            said.append(f"{host}: {status} {answer!r:.200}")
        raise ValueError(f"GET {path}: {'; '.join(said)}")

    def init_leader(self) -> str | None:
        """The machine whose init leads, as the inits say."""
        with contextlib.suppress(ValueError):
            told = str(self.marathon("/v2/leader")["leader"]).rpartition(":")[0]
            return self.host_at(told)
        return None

    def zookeeper_mode(self, host: str) -> str:
        """``leader``, ``follower``, or empty if it does not serve."""
        said = b""
        with (
            contextlib.suppress(OSError),
            socket.create_connection((self.address(host), 2181), ANSWER_SECONDS) as connection,
        ):
            connection.settimeout(ANSWER_SECONDS)
            connection.sendall(b"srvr")
            while piece := connection.recv(4096):
                said += piece
        found = re.search(r"^Mode: (\w+)$", said.decode(), re.MULTILINE)
        return found[1] if found else ""

    def zookeeper_modes(self) -> dict[str, str]:
        return {host: self.zookeeper_mode(host) for host in self.masters}

    def zookeeper(self, mode: str) -> list[str]:
        """The machines whose ZooKeeper has that mode."""
        return [host for host, said in self.zookeeper_modes().items() if said == mode]

    # --- on machines ---

    def signal(self, host: str, unit: str, name: str) -> None:
        """Sends a signal (``KILL``, ``STOP``, ``CONT``) to a unit's main process."""
        self.ssh(host, f"systemctl kill --kill-whom=main --signal=SIG{name} {unit}")

    def main_pid(self, host: str, unit: str) -> str:
        return self.ssh(host, f"systemctl show --property=MainPID --value {unit}", check=False)

    def powered(self, host: str) -> bool:
        return self.ssh(host, "echo yes", check=False) == "yes"

    def tasks_on(self, host: str) -> dict[str, dict[str, str]]:
        """The processes of tasks there: task id -> pid -> when it started."""
        found: dict[str, dict[str, str]] = json.loads(self.ssh(host, f"python3 -c {shlex.quote(_TASKS)}"))
        return found

    def task_processes(self, hosts: Sequence[str] = ()) -> dict[str, dict[str, str]]:
        """The processes of tasks on every agent's machine that has power, each pid with its host in front."""
        found: dict[str, dict[str, str]] = {}
        for host in hosts or self.agents:
            for task, pids in self.tasks_on(host).items():
                found.setdefault(task, {}).update({f"{host}:{pid}": start for pid, start in pids.items()})
        return found

    # --- partitions ---

    def cut(self, host: str, peers: Sequence[str] = (), *, ways: Sequence[str] = ("input", "output")) -> None:
        """Drops packets between this machine and ``peers`` (all the others, if none is named)."""
        others = ", ".join(self.address(peer) for peer in peers or [name for name in self.hosts if name != host])
        rules = [
            f"add chain inet cut {way} {{ type filter hook {way} priority -10; }}\n"
            f"add rule inet cut {way} ip {'saddr' if way == 'input' else 'daddr'} {{ {others} }} drop"
            for way in ways
        ]
        text = "\n".join(["add table inet cut", "delete table inet cut", "add table inet cut", *rules])
        self.ssh(host, f"echo {shlex.quote(text)} | nft -f -")

    def heal(self, host: str) -> None:
        self.ssh(host, "nft add table inet cut; nft delete table inet cut")

    @contextlib.contextmanager
    def partition(
        self, host: str, peers: Sequence[str] = (), *, ways: Sequence[str] = ("input", "output")
    ) -> Iterator[None]:
        self.cut(host, peers, ways=ways)
        try:
            yield
        finally:
            self.heal(host)

    @contextlib.contextmanager
    def stopped(self, host: str, unit: str) -> Iterator[None]:
        """The unit's main process is suspended for a while."""
        self.signal(host, unit, "STOP")
        try:
            yield
        finally:
            self.signal(host, unit, "CONT")

    # --- health ---

    def unwell(self) -> str:
        """Why this cluster is not healthy: empty if every daemon works."""
        modes = sorted(self.zookeeper_modes().values())
        if modes != ["follower"] * (len(self.masters) - 1) + ["leader"]:
            return f"ZooKeeper: {modes}"
        leader = self.leader()
        if leader is None:
            return "not exactly one master leads"
        for host in self.masters:
            for port, path in ((MASTER, "/slaves"), (INIT, "/v2/leader"), (GATEWAY, "/health")):
                if (status := self.get(host, port, path)[0]) != 200:
                    return f"port {port} of {host} answers {status}"
        state = self.state()
        active = sorted(agent["hostname"] for agent in state["slaves"] if agent["active"])
        if active != sorted(self.address(host) for host in self.agents):
            return f"active agents: {active}"
        if not any(one["name"] == "marathon" and one["connected"] for one in state["frameworks"]):
            return "the init is not connected"
        return ""

    def well(self, seconds: float = 90) -> None:
        """Waits until the cluster is healthy."""
        last = [""]

        def whole() -> bool:
            last[0] = self.unwell()
            return not last[0]

        try:
            wait_for(whole, seconds, "the cluster's being whole")
        except AssertionError as error:
            raise AssertionError(f"{error}: {last[0]}") from None

    def journals(self, since: float) -> str:
        """The log lines of our units on all machines since that moment (as in `time.time`)."""
        said = []
        for host in self.hosts:
            with contextlib.suppress(subprocess.TimeoutExpired):
                command = f"journalctl --no-pager --output=short-precise --since=@{since:.0f} --unit='dcos-*'"
                text = self.ssh(host, command, check=False)
                said.append(f"==== {host}\n{text}")
        return "\n".join(said)


# --- never two leaders -----------------------------------------------------------------------------------------------


@dataclass
class Term:
    """One process's time as leader, seen from outside: certainly from ``first`` to ``last``."""

    name: str
    first: float
    last: float


class Observer:
    """Asks every master and every init continuously whether it leads; `check` reports when two did at once."""

    def __init__(self, cluster: Several) -> None:
        self._cluster = cluster
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._terms: dict[str, list[Term]] = {"master": [], "init": []}
        self._ended: set[tuple[str, str]] = set()
        self._threads = [
            threading.Thread(target=self._watch, args=(host, kind), daemon=True)
            for host in cluster.masters
            for kind in self._terms
        ]

    def __enter__(self) -> Observer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(240)

    def terms(self, kind: str) -> list[Term]:
        with self._lock:
            return sorted(self._terms[kind], key=lambda term: term.first)

    def check(self) -> None:
        for kind in self._terms:
            terms = self.terms(kind)
            for number, one in enumerate(terms):
                for other in terms[number + 1 :]:
                    assert other.first >= one.last or one.first >= other.last, f"two {kind}s led: {one}, {other}"

    def _watch(self, host: str, kind: str) -> None:
        connection = self._cluster.connection(host, MASTER if kind == "master" else INIT)
        while not self._over.wait(0.1):
            asked = time.monotonic()
            try:
                if kind == "master":
                    name = _master_term(*exchange(connection, "GET", "/state"))
                else:
                    name = _init_term(self._cluster.address(host), *exchange(connection, "GET", "/v2/leader"))
            except TimeoutError:
                connection.close()
                continue  # suspended or cut off: it may continue later in the same term
            except OSError:
                connection.close()
                name = None
            answered = time.monotonic()
            with self._lock:
                terms = self._terms[kind]
                if name is None:
                    self._ended.add((kind, host))
                    continue
                # A master forwards unknown requests, and its terms have names of their own. An init's term is its
                # machine's until that gives another answer.
                known = [term for term in terms if term.name == name]
                if kind == "init" and (kind, host) in self._ended:
                    known = []
                self._ended.discard((kind, host))
                if known:
                    known[-1].first = min(known[-1].first, answered)
                    known[-1].last = max(known[-1].last, asked)
                else:
                    terms.append(Term(name, answered, answered))
        connection.close()


def _master_term(status: int, answer: Any) -> str | None:
    return f"{answer['pid']} {answer['id']}" if status == 200 else None


def _init_term(address: str, status: int, answer: Any) -> str | None:
    return address if status == 200 and answer["leader"].startswith(f"{address}:") else None


# --- apps ------------------------------------------------------------------------------------------------------------


def running(cluster: Several, app: str, count: int, seconds: float = 90) -> list[dict[str, Any]]:
    """The app's running tasks once there are ``count`` of them."""

    def wanted() -> list[dict[str, Any]] | None:
        tasks = [
            task
            for task in cluster.marathon(f"/v2/apps{app}/tasks")["tasks"]
            if task["state"] == "TASK_RUNNING" and task["appId"] == app
        ]
        return tasks if len(tasks) == count else None

    found: list[dict[str, Any]] = wait_for(wanted, seconds, f"{count} running tasks of {app}")
    return found


def add(cluster: Several, app: str, **definition: Any) -> None:
    body = {"id": app, "cmd": "exec sleep 100000", "cpus": 0.1, "mem": 32, "backoffSeconds": 1, **definition}

    def added() -> bool:
        """The answer to the one that was accepted may be lost with a leader."""
        done = cluster.dcos("marathon", "app", "add", stdin=json.dumps(body))
        if done.returncode != 0 and "already exists" not in done.stderr:
            raise ValueError(done.stdout + done.stderr)
        return True

    wait_for(added, 60, f"the acceptance of {app}")


def remove(cluster: Several, app: str) -> None:
    wait_for(
        lambda: cluster.dcos("marathon", "app", "remove", "--force", app).returncode == 0, 60, f"the removal of {app}"
    )
    wait_for(
        lambda: not [task for task in cluster.marathon("/v2/tasks")["tasks"] if task["appId"] == app],
        60,
        f"the end of {app}'s tasks",
    )


# --- the cluster -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def deployed(home: Path, name: str, network: int, inventory: str = INVENTORY) -> Iterator[Several]:
    """The cluster, deployed through the command line; removed afterwards, with the remains of a killed run."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        path = home / "inventory.ini"
        path.write_text(inventory.format(name=name, network=network))
        made = Several(path, home)
        if (home / "state").exists():
            made.installer("destroy", "--yes")
            shutil.rmtree(home / "state", ignore_errors=True)
        try:
            done = made.installer("deploy")
            made.output = done.stdout
            assert done.returncode == 0, done.stdout + done.stderr
            yield made
        finally:
            gone = made.installer("destroy", "--yes")
            assert gone.returncode == 0, gone.stdout + gone.stderr
