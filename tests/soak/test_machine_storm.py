"""A storm over three masters and three agents, under an app that is changed all the while.

Replay one with ``DCOS_STORM_SEED=N make soak``, or a part of it with ``DCOS_STORM_REPLAY=FILE`` (the list that each run
writes and names). ``DCOS_STORM_FAULTS`` sets how many steps (200).
"""

from __future__ import annotations

import contextlib
import os
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.byhand import wait_for
from tests.support.machines import several as machines
from tests.support.machines import storm
from tests.support.machines.deployed import INIT
from tests.support.machines.inventories import tests_home
from tests.support.machines.ledger import Ledger
from tests.support.machines.several import Observer, Several
from tests.support.machines.storm import Change, Fault, Step

pytestmark = pytest.mark.soak

APP = "/storm"
CALM_SECONDS = 180.0
KEPT_VERSIONS = 20
"""How many of the latest accepted versions have to be there; the init forgets those that are older than 25."""


class Storm:
    def __init__(self, cluster: Several, observer: Observer) -> None:
        self.cluster = cluster
        self.observer = observer
        self.ledger = Ledger()
        self.history: list[str] = []
        self._chance = random.Random()

    def note(self, text: str) -> None:
        line = f"{time.strftime('%H:%M:%S')} {text}"
        self.history.append(line)
        print(line, flush=True)

    # --- faults ---

    def carry_out(self, step: Step) -> None:
        self.note(f"step {step}")
        user = threading.Thread(target=self._ask, args=(step.change,))
        with contextlib.ExitStack() as stack:
            used: set[str] = set()
            began = time.monotonic()
            lasting = 0.0
            for fault in step.faults:
                host = self._aim(fault.host, used)
                used.add(host)
                self.note(f"  {fault} at {host}")
                stack.enter_context(getattr(self, f"_{fault.kind.replace('-', '_')}")(host, fault))
                lasting = max(lasting, fault.seconds)
                if not user.ident:
                    user.start()
            time.sleep(max(0.0, began + lasting - time.monotonic()))
        user.join()

    def _aim(self, target: str, used: set[str]) -> str:
        """The machine that is meant; two faults of a step hit two machines."""
        cluster = self.cluster
        with contextlib.suppress(IndexError):
            if target == "leader":
                target = cluster.leader() or cluster.masters[0]
            elif target == "init-leader":
                target = cluster.init_leader() or cluster.masters[0]
            elif target == "zookeeper-leader":
                target = cluster.zookeeper("leader")[0]
        group = cluster.agents if target in cluster.agents else cluster.masters
        free = [host for host in group if host not in used]
        return target if target in free else free[0]

    @contextlib.contextmanager
    def _kill(self, host: str, fault: Fault) -> Iterator[None]:
        self.cluster.signal(host, fault.unit, "KILL")
        yield

    @contextlib.contextmanager
    def _pause(self, host: str, fault: Fault) -> Iterator[None]:
        with self.cluster.stopped(host, fault.unit):
            yield

    @contextlib.contextmanager
    def _restart(self, host: str, fault: Fault) -> Iterator[None]:
        self.cluster.ssh(host, f"systemctl restart {fault.unit}")
        yield

    @contextlib.contextmanager
    def _cut(self, host: str, fault: Fault) -> Iterator[None]:
        with self.cluster.partition(host):
            yield

    @contextlib.contextmanager
    def _one_way(self, host: str, fault: Fault) -> Iterator[None]:
        with self.cluster.partition(host, ways=fault.ways):
            yield

    @contextlib.contextmanager
    def _pair(self, host: str, fault: Fault) -> Iterator[None]:
        peer = fault.peer if fault.peer != host else next(name for name in self.cluster.hosts if name != host)
        with self.cluster.partition(host, [peer]):
            yield

    @contextlib.contextmanager
    def _power(self, host: str, fault: Fault) -> Iterator[None]:
        self.cluster.power_off(host)
        try:
            yield
        finally:
            self.cluster.start(host)

    @contextlib.contextmanager
    def _reboot(self, host: str, fault: Fault) -> Iterator[None]:
        self.cluster.switch_as_documented("reboot", host)
        yield

    @contextlib.contextmanager
    def _conmon(self, host: str, fault: Fault) -> Iterator[None]:
        """Nobody is left to tell how that task ends."""
        self.cluster.ssh(host, "kill -9 $(pgrep --exact --oldest conmon)", check=False)
        yield

    @contextlib.contextmanager
    def _task(self, host: str, fault: Fault) -> Iterator[None]:
        for _, pids in sorted(self.cluster.tasks_on(host).items())[:1]:
            self.cluster.ssh(host, f"kill -9 {' '.join(pids)}", check=False)
        yield

    @contextlib.contextmanager
    def _disk(self, host: str, fault: Fault) -> Iterator[None]:
        self.cluster.fill_disk(host)
        try:
            yield
        finally:
            self.cluster.free_disk(host)

    # --- a user's changes ---

    def _ask(self, change: Change) -> None:
        if not change.kind:
            return
        time.sleep(change.after)
        ledger = self.ledger
        content: tuple[int, str] | None = None
        path, body = f"/v2/apps{APP}/restart?force=true", None
        method = "POST"
        if change.kind == "put":
            ledger.turn += 1
            instances, turn = ledger.content
            # What is there already would be taken, and change nothing: no version is made of it.
            same = change.instances == instances and not change.renewed
            content = (change.instances + same, str(ledger.turn) if change.renewed else turn)
            method, path = "PUT", f"/v2/apps{APP}?force=true"
            body = {"instances": content[0], "env": {"TURN": content[1]}}
        for host in self._chance.sample(self.cluster.masters, len(self.cluster.masters)):
            try:
                status, answer = self.cluster.send(host, INIT, method, path, body, seconds=40)
            except ConnectionRefusedError:
                continue  # nobody heard it
            except OSError as error:
                ledger.doubted(content)
                self.note(f"  {method} at {host}: {type(error).__name__}: it may have been done")
                return
            if status in (200, 201):
                ledger.took(answer["version"], content)
                self.note(f"  {method} at {host}: version {answer['version']}")
                return
            self.note(f"  {method} at {host}: {status} {answer!r:.150}")
            if "there is no leader" not in str(answer):
                ledger.doubted(content)  # asking once more might change nothing, and one could not tell
                return
        self.note("  nobody took it")

    # --- what must hold ---

    def calm(self) -> None:
        """Waits until all is as wanted. Raises ``AssertionError`` with what is not."""
        wrong = ["nothing was looked at"]

        def well() -> bool:
            before = wrong[0]
            try:
                wrong[0] = self.cluster.unwell() or self.wrong()
            except (OSError, ValueError, AssertionError) as error:
                wrong[0] = f"{type(error).__name__}: {error}"
            if wrong[0] not in ("", before):
                self.history.append(f"    {wrong[0]}")
            return not wrong[0]

        began = time.monotonic()
        try:
            wait_for(well, CALM_SECONDS, "calm")
        except AssertionError:
            raise AssertionError(f"no calm within {CALM_SECONDS:.0f} s: {wrong[0]}") from None
        self.observer.check()
        self.note(f"  calm after {time.monotonic() - began:.1f} s")

    def wrong(self) -> str:
        """What is not as it should be at the moment; nothing when all is."""
        cluster, ledger = self.cluster, self.ledger
        app = cluster.marathon(f"/v2/apps{APP}")["app"]
        version, content = app["version"], (app["instances"], app["env"]["TURN"])
        if version < ledger.accepted[-1]:
            return f"a change is lost: {version} is older than {ledger.accepted[-1]}, which was accepted"
        if version != ledger.accepted[-1] and not ledger.doubtful:
            return f"nobody asked for version {version}; {ledger.accepted[-1]} was accepted last"
        if content not in ledger.possible:
            return f"the app is {content}; asked for: {ledger.possible}"
        if under_way := cluster.marathon("/v2/deployments"):
            return f"deployments: {[one['id'] for one in under_way]}"
        missing = set(ledger.accepted[-KEPT_VERSIONS:]) - set(cluster.marathon(f"/v2/apps{APP}/versions")["versions"])
        if missing:
            return f"versions that were accepted cannot be read: {sorted(missing)}"
        if fault := self._tasks_wrong(app):
            return fault
        ledger.confirmed(version, content)
        return ""

    def _tasks_wrong(self, app: dict[str, Any]) -> str:
        cluster = self.cluster
        tasks = [task for task in cluster.marathon("/v2/tasks")["tasks"] if task["appId"] == APP]
        ids = {task["id"] for task in tasks}
        if [task["state"] for task in tasks] != ["TASK_RUNNING"] * app["instances"]:
            return f"{app['instances']} are wanted; tasks: {sorted((task['id'], task['state']) for task in tasks)}"
        if len({task.rpartition("._app.")[0] for task in ids}) != len(tasks):
            return f"an instance is there twice: {sorted(ids)}"
        wanted = app["versionInfo"]["lastConfigChangeAt"]
        if old := [task["id"] for task in tasks if task["version"] < wanted]:
            return f"of an older version than {wanted}: {old}"
        at_master = {
            task["id"]: task["state"]
            for framework in cluster.state()["frameworks"]
            for task in [*framework["tasks"], *framework["unreachable_tasks"]]
            if task["state"] != "TASK_UNREACHABLE"
        }
        if at_master != dict.fromkeys(ids, "TASK_RUNNING"):
            return f"the master tells {at_master}, the init {sorted(ids)}"
        with ThreadPoolExecutor(len(cluster.agents)) as pool:
            looks = dict(zip(cluster.agents, pool.map(self._look, cluster.agents), strict=True))
        for host, (found, supervisors) in looks.items():
            here = {task["id"] for task in tasks if task["host"] == cluster.address(host)}
            if found != here:
                return f"{host} runs {sorted(found)}; it should {sorted(here)}"
            if supervisors != len(here):
                return f"{host} has {supervisors} supervisors for {len(here)} tasks"
        return ""

    def _look(self, host: str) -> tuple[set[str], int]:
        """The tasks that have processes there, and how many supervisors there are."""
        return set(self.cluster.tasks_on(host)), int(self.cluster.ssh(host, "pgrep --exact --count conmon || true"))


def _steps(cluster: Several) -> tuple[str, list[Step]]:
    if replay := os.environ.get("DCOS_STORM_REPLAY"):
        return f"replay of {replay}", storm.read(Path(replay).read_text())
    seed = int(os.environ.get("DCOS_STORM_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 31)
    count = int(os.environ.get("DCOS_STORM_FAULTS", "200"))
    return f"seed {seed}", storm.plan(seed, count, cluster.masters, cluster.agents)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Several]:
    if os.geteuid() != 0:
        pytest.skip("machines are made by root")
    with machines.deployed(tests_home("storm"), "dcos-storm", 104) as made:
        yield made


def test_a_cluster_of_several_masters_survives_a_storm_of_faults(cluster: Several) -> None:
    name, steps = _steps(cluster)
    path = cluster.home / "storm.jsonl"
    path.write_text(storm.write(steps))
    print(f"storm: {name}, {len(steps)} steps, written to {path}")
    with Observer(cluster) as observer:
        made = Storm(cluster, observer)
        _create(made)
        for step in steps:
            began = time.time()
            try:
                made.carry_out(step)
                made.calm()
            except BaseException as error:
                evidence = cluster.home / "evidence.log"
                evidence.write_text("\n".join([f"storm: {name}", *made.history, cluster.journals(began - 5)]))
                error.add_note(f"storm: {name}, step {step}; history and unit logs: {evidence}")
                error.add_note("\n".join(made.history[-30:]))
                raise


def _create(made: Storm) -> None:
    cluster, ledger = made.cluster, made.ledger
    cluster.well()
    body = {
        "id": APP,
        "cmd": "exec sleep 100000",
        "cpus": 0.1,
        "mem": 32,
        "instances": ledger.content[0],
        "env": {"TURN": ledger.content[1]},
        "backoffSeconds": 1,
        "maxLaunchDelaySeconds": 2,
    }

    def created() -> dict[str, Any] | None:
        status, answer = cluster.send(cluster.masters[0], INIT, "POST", "/v2/apps", body, 20)
        return answer if status == 201 else None

    ledger.took(wait_for(created, 60, "the app's creation")["version"], ledger.content)
    made.calm()
