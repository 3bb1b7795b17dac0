"""Two package managers on a real ZooKeeper; tests kill the leading one while it works."""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import threading
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from kazoo.client import KazooClient

from dcos_runtime.cosmos.core import shown
from tests.support.cosmos.client import Answer, Client
from tests.support.cosmos.cluster import cosmos
from tests.support.cosmos.packages import TEMPLATE, entry
from tests.support.cosmos.schedulers import taken_down
from tests.support.cosmos.served import Served
from tests.support.daemons.byhand import Cluster, Daemon, NotNow, ask, cluster, told, wait_for
from tests.support.daemons.guarded import Subscription
from tests.support.daemons.zookeeper_server import ZooKeeperServer

SESSION = "10secs"
ABSENT = "absent"
RELEASES = ("1.0", "2.0")


def _release(version: str) -> dict[str, Any]:
    template = TEMPLATE.replace('"env": {', f'"env": {{"RELEASE": "{version}", ')
    assert template != TEMPLATE
    return entry(version=version, release=RELEASES.index(version), template=template)


class Pair:
    def __init__(self, made: Cluster, served: Served, zookeeper: ZooKeeperServer) -> None:
        self.cluster = made
        self.zookeeper = zookeeper
        self.daemons = [
            cosmos(
                made,
                f"--repositories=Tests={served.repo}",
                "--allowed_networks=127.0.0.0/8",
                f"--zk=zk://{zookeeper.hosts}/cosmos",
                f"--zk_session_timeout={SESSION}",
                name=f"cosmos{number}",
            )
            for number in range(2)
        ]
        self.nodes = KazooClient(zookeeper.hosts)
        self.nodes.start(60)

    def start(self) -> Pair:
        for daemon in self.daemons:
            daemon.start()
        self.leader()
        return self

    def stop(self) -> None:
        for daemon in self.daemons:
            daemon.stop()
        self.nodes.stop()
        self.nodes.close()

    def leader(self) -> Daemon:
        """Waits until there is one. Raises ``AssertionError``."""
        found: Daemon = wait_for(
            lambda: next((one for one in self.daemons if self.measured(one)), None), 120, "a leader"
        )
        return found

    def measured(self, daemon: Daemon) -> Mapping[str, float]:
        """The metrics of the leader; empty for the standby."""
        if daemon.process is None or daemon.process.poll() is not None:
            return {}
        with contextlib.suppress(OSError, http.client.HTTPException):
            status, told = ask(f"{daemon.url}/metrics/snapshot")
            if status == 200 and told["cosmos/elected"]:
                found: Mapping[str, float] = told
                return found
        return {}

    def idle(self) -> bool:
        """Whether the leader has no work left."""
        told = self.measured(self.leader())
        return bool(told) and not told["cosmos/uninstalls"]

    # --- the parts of a service ---

    def frameworks(self) -> list[str]:
        return [one["name"] for one in told(f"{self.cluster.master.url}/frameworks")["frameworks"]]

    def app(self, name: str) -> dict[str, Any] | None:
        status, shown = ask(f"{self.cluster.marathon.url}/v2/apps/{name}")
        if status in (502, 503):
            raise NotNow(f"{name}: {status} {shown}")
        assert status in (200, 404), shown
        return shown["app"] if status == 200 else None

    def node(self, name: str) -> str:
        return f"/dcos-service-fw-{name}"

    def register(self, name: str, before: Subscription | None = None) -> Subscription:
        """The framework of this service, on the host of its task, and its state in ZooKeeper. ``before``: its
        scheduler's connection, which ends with the task that an update replaces.
        """
        port = urllib.parse.urlsplit(self.cluster.master.url).port
        assert port is not None
        (task,) = told(f"{self.cluster.marathon.url}/v2/apps/{name}/tasks")["tasks"]
        again = {} if before is None else {"id": {"value": before.id}}
        info = {"name": f"fw-{name}", "hostname": task["host"], "failover_timeout": 3600.0, **again}
        held = Subscription(port, {}, suppressed_roles=["*"], **info)
        assert held.status == 200, held.text
        if before is None:
            self.nodes.create(f"{self.node(name)}/Tasks/t", b"state", makepath=True)
        else:
            before.close()
        wait_for(lambda: f"fw-{name}" in self.frameworks(), 60, "the framework")
        return held


@contextlib.contextmanager
def pair(folder: Path) -> Iterator[Pair]:
    zookeeper = ZooKeeperServer(folder / "zookeeper")
    zookeeper.start()
    served = Served(*map(_release, RELEASES))
    try:
        with cluster(folder) as made:
            one = Pair(made, served, zookeeper)
            try:
                yield one.start()
            finally:
                one.stop()
    finally:
        served.close()
        zookeeper.kill()


class Storm:
    """Installs, changes and uninstalls services, and kills the leader meanwhile; after each step the service must be
    consistent.
    """

    def __init__(self, made: Pair, seed: int) -> None:
        self.made = made
        self.chance = random.Random(seed)
        self.stands: dict[str, str] = {}
        self.took = {"install": 0.3, "update": 0.3, "uninstall": 0.5, "take down": 4.0}
        self.held: dict[str, Subscription] = {}
        self.told: list[str] = []
        """A line for each kill."""

    def options(self, name: str) -> dict[str, Any]:
        service: dict[str, Any] = {"name": name, "framework": f"fw-{name}", "greeting": f'"{name}" says {{{{{{x}}}}}}'}
        if name.startswith("commons"):
            service |= {"commons": True, "mem": 64, "cmd": taken_down(at_once=True)}
        return {"service": service}

    def run(self, *names: str) -> None:
        """Each service through its life: installed, changed, uninstalled, with a kill in each step."""
        for name in names:
            self.stands.setdefault(name, ABSENT)
            while self.stands[name] == ABSENT:
                self.kill_amid("install", name)
            self.kill_amid("update", name)
            while self.stands[name] != ABSENT:
                self.kill_amid("uninstall", name)

    def kill_amid(self, what: str, name: str) -> None:
        made, before = self.made, self.stands[name]
        target = {
            "install": RELEASES[0],
            "update": RELEASES[1 - RELEASES.index(before)] if before in RELEASES else "",
            "uninstall": ABSENT,
        }[what]
        leader = made.leader()
        through = self.chance.choice(made.daemons)
        kind = "take down" if what == "uninstall" and name.startswith("commons") else what
        moment = self.chance.random() * self.took[kind]
        answers: list[Answer] = []
        took = 0.0

        def ask_it() -> None:
            nonlocal took
            began = time.monotonic()
            self._ask(Client(through.url), what, name, target, answers)
            took = time.monotonic() - began

        asking = threading.Thread(target=ask_it)
        asking.start()
        time.sleep(moment)
        leader.kill()
        asking.join(300)
        assert not asking.is_alive()
        line = (
            f"{what} of {name} ({before}), asked of {'the leader' if through is leader else 'the other'}, killed after"
            f" {moment:.3f} s: {answers[0].status if answers else 'no answer'}"
        )
        self.told.append(line)
        now = wait_for(lambda: self._whole(name, fresh=what == "install"), 180, f"a whole state after: {line}")
        leader.start()
        assert now in (before, target), line
        if answers and answers[0].status == 200:
            self.took[kind] = min(max(self.took[kind], took), 5.0)
            assert now == target, line
        elif answers:
            # The error says that the result is not known, or that the work is under way; nothing else.
            assert answers[0].status in (409, 502, 503), answers
        if now == ABSENT:
            if name in self.held:
                self.held.pop(name).close()
        elif what != "uninstall":
            self.held[name] = made.register(name, self.held.get(name))
        self.stands[name] = now

    def _ask(self, client: Client, what: str, name: str, target: str, answers: list[Answer]) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if what == "install":
                answers.append(client.install("hello-world", packageVersion=target, options=self.options(name)))
            elif what == "update":
                body = {"appId": f"/{name}", "packageVersion": target, "replace": False}
                answers.append(client.service("update", body))
            else:
                answers.append(client.uninstall("hello-world", appId=f"/{name}"))

    def _whole(self, name: str, *, fresh: bool) -> str:
        """The installed version, or `ABSENT`; None while there is only a part of it, or work under way."""
        made = self.made
        if not made.idle() or ask(f"{made.cluster.marathon.url}/v2/deployments")[1] != []:
            return ""
        app = made.app(name)
        others = (f"fw-{name}" in made.frameworks(), made.nodes.exists(made.node(name)) is not None)
        if app is None:
            return ABSENT if others == (False, False) else ""
        version: str = app["labels"][shown.VERSION]
        stored = shown.stored_entry(app)
        same = (
            app["env"]["RELEASE"] == version
            and stored == _release(version)
            and shown.stored_options(app) == self.options(name)
            and app["env"]["GREETING"] == self.options(name)["service"]["greeting"]
            and "SDK_UNINSTALL" not in app["env"]
        )
        return version if same and others == (not fresh, not fresh) else ""


def seed() -> int:
    """The seed of a storm; ``DCOS_STORM_SEED`` repeats one."""
    return int(os.environ.get("DCOS_STORM_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
