"""Three masters and three agents under fault after fault: no task is touched, nothing is lost, never do two lead."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.daemons.byhand import wait_for
from tests.support.machines.deployed import INIT
from tests.support.machines.several import AGENT_SECONDS, Observer, Several, Term, add, remove, running

pytestmark = pytest.mark.machines

APP = "/steady"
INSTANCES = 6
LOCKED = 3
FROZEN_SECONDS = 30
ATTEMPTS = 10


@pytest.fixture(scope="module")
def observer(several: Several) -> Iterator[Observer]:
    several.well()
    add(several, APP, instances=INSTANCES)
    running(several, APP, INSTANCES)
    with Observer(several) as watching:
        yield watching
    remove(several, APP)


@pytest.fixture
def steady(several: Several, observer: Observer) -> Iterator[dict[str, dict[str, str]]]:
    """The processes of the app's tasks. Afterwards the cluster is whole, and never had two leaders."""
    several.well()
    for app in several.marathon("/v2/apps")["apps"]:
        if app["id"] != APP:  # a test that failed left it
            remove(several, app["id"])
    yield processes(several)
    several.well()
    observer.check()


def all_shown(several: Several, tasks: Iterable[str]) -> bool:
    """Raises ``ValueError`` while nobody leads. A new leader learns of tasks as their agents come back to it."""
    listed = several.dcos("ps")
    if listed.returncode != 0:
        raise ValueError(listed.stderr)
    return all(task in listed.stdout for task in tasks)


def processes(several: Several) -> dict[str, dict[str, str]]:
    """Once every task that runs is one the init knows, and the other way round: task id -> pid -> start time."""

    def agreed() -> dict[str, dict[str, str]] | None:
        wanted = {task["id"] for task in running(several, APP, INSTANCES)}
        found = several.task_processes()
        return found if set(found) == wanted else None

    found: dict[str, dict[str, str]] = wait_for(agreed, 60, "tasks and their processes being the same")
    return found


def registry_writes(several: Several) -> dict[str, tuple[bytes, int]]:
    """The master's registry in ZooKeeper: each entry's content, and the transaction that wrote it last."""
    with several.zookeeper_client() as client:
        found = {}
        for name in client.get_children("/dcos/mesos/agents"):
            content, stat = client.get(f"/dcos/mesos/agents/{name}")
            found[name] = (content, stat.mzxid)
        return found


def another_leads(several: Several, than: str) -> str:
    def leads() -> str | None:
        return next((host for host in several.masters if host != than and several.leads(host)), None)

    name: str = wait_for(leads, 60, f"another leading master than {than}")
    return name


def another_init_leads(several: Several, than: str) -> str:
    def leads() -> str | None:
        for host in several.masters:
            if host != than:
                status, answer = several.get(host, INIT, "/v2/leader")
                if status == 200 and answer["leader"].startswith(f"{several.address(host)}:"):
                    return host
        return None

    name: str = wait_for(leads, 60, f"another leading init than {than}")
    return name


def test_with_the_leaders_machine_off_another_leads_and_no_task_notices(
    several: Several, steady: dict[str, dict[str, str]]
) -> None:
    gone: str = wait_for(several.leader, 60, "one that leads")
    several.power_off(gone)
    try:
        another_leads(several, gone)
        wait_for(lambda: all(several.registered(several.address(agent)) for agent in several.agents), 60, "the agents")
        wait_for(lambda: several.frameworks_connected("marathon"), 60, "the init")
        wait_for(lambda: all_shown(several, steady), 60, "every task in dcos ps")
        add(several, "/meanwhile", instances=2)
        meanwhile = {task["id"] for task in running(several, "/meanwhile", 2)}
        both = steady.keys() | meanwhile
        wait_for(lambda: several.task_processes().keys() == both, 60, "the processes of all tasks, and no others")
        remove(several, "/meanwhile")
    finally:
        several.start(gone)
    several.well()
    assert processes(several) == steady


def test_with_the_leading_inits_machine_off_another_init_serves_what_was_stored(
    several: Several, steady: dict[str, dict[str, str]]
) -> None:
    gone: str = wait_for(several.init_leader, 60, "one that leads")
    before = several.marathon(f"/v2/apps{APP}")["app"]["version"]
    several.power_off(gone)
    try:
        another_init_leads(several, gone)
        # It tells that it leads before it has read all that is stored.
        stored = wait_for(lambda: several.marathon(f"/v2/apps{APP}")["app"]["version"], 60, "what was stored")
        assert stored == before
        wait_for(lambda: several.dcos("marathon", "app", "list").returncode == 0, 60, "the command's answer")
    finally:
        several.start(gone)
    several.well()
    assert processes(several) == steady


@pytest.mark.parametrize("mode", ["follower", "leader"])
def test_a_killed_zookeeper_comes_back_and_nobody_notices(
    several: Several, steady: dict[str, dict[str, str]], mode: str
) -> None:
    host = wait_for(lambda: several.zookeeper(mode), 60, f"a ZooKeeper that is a {mode}")[0]
    before = several.main_pid(host, "dcos-zookeeper")
    several.signal(host, "dcos-zookeeper", "KILL")
    wait_for(lambda: several.main_pid(host, "dcos-zookeeper") not in ("0", before), 30, "a new ZooKeeper")
    several.well()
    assert processes(several) == steady


def test_a_master_that_was_suspended_while_it_led_leads_no_more_and_writes_nothing(
    several: Several, steady: dict[str, dict[str, str]], observer: Observer
) -> None:
    frozen: str = wait_for(several.leader, 60, "one that leads")
    process = several.main_pid(frozen, "dcos-master")
    before = registry_writes(several)
    until = time.monotonic() + FROZEN_SECONDS
    with several.stopped(frozen, "dcos-master"):
        new = another_leads(several, frozen)
        wait_for(lambda: all(several.registered(several.address(agent)) for agent in several.agents), 60, "the agents")
        time.sleep(max(0.0, until - time.monotonic()))
    # Awake, it finds every agent silent for half a minute. It must not tell anybody.
    wait_for(lambda: several.main_pid(frozen, "dcos-master") not in ("0", process), 60, "its end and new start")
    several.well()
    wait_for(lambda: several.leader() == new, 60, f"{new}, leading on")
    assert registry_writes(several) == before
    assert wait_for(several.state, 60, "the master's state")["unreachable_slaves"] == 0
    observer.check()
    assert processes(several) == steady


def test_an_init_that_was_suspended_while_it_led_leads_no_more_and_starts_nothing(
    several: Several, steady: dict[str, dict[str, str]], observer: Observer
) -> None:
    frozen: str = wait_for(several.init_leader, 60, "one that leads")
    process = several.main_pid(frozen, "dcos-marathon")
    until = time.monotonic() + FROZEN_SECONDS
    with several.stopped(frozen, "dcos-marathon"):
        new = another_init_leads(several, frozen)
        add(several, "/meanwhile", instances=1)
        (meanwhile,) = running(several, "/meanwhile", 1)
        time.sleep(max(0.0, until - time.monotonic()))
    wait_for(lambda: several.main_pid(frozen, "dcos-marathon") not in ("0", process), 60, "its end and new start")
    several.well()
    wait_for(lambda: several.init_leader() == new, 60, f"{new}, leading on")
    observer.check()
    assert [task["id"] for task in running(several, "/meanwhile", 1)] == [meanwhile["id"]]
    remove(several, "/meanwhile")
    assert processes(several) == steady


@pytest.mark.parametrize("number", range(3))
def test_a_master_that_is_cut_off_and_comes_back_costs_no_task(
    several: Several, steady: dict[str, dict[str, str]], number: int
) -> None:
    host = several.masters[number]
    others = [name for name in several.masters if name != host]
    with several.partition(host):
        wait_for(lambda: several.zookeeper_mode(host) == "", 60, f"{host}'s ZooKeeper missing the others")
        wait_for(lambda: not several.leads(host), 60, f"{host}'s giving up")
        wait_for(lambda: any(several.leads(name) for name in others), 60, "a leader among the others")
        wait_for(lambda: several.frameworks_connected("marathon"), 60, "the init's connection")
        wait_for(lambda: all_shown(several, steady), 60, "every task in dcos ps")
    several.well()
    assert processes(several) == steady


@pytest.mark.parametrize("number", range(3))
def test_an_agent_that_is_cut_off_for_less_than_its_time_keeps_its_tasks(
    several: Several, steady: dict[str, dict[str, str]], number: int
) -> None:
    host = several.agents[number]
    for _ in range(ATTEMPTS):
        began = time.monotonic()
        with several.partition(host):
            time.sleep(AGENT_SECONDS / 8)  # not a wait for something: the silence itself
        lasted = time.monotonic() - began
        several.well()
        found = processes(several)
        if lasted < AGENT_SECONDS / 2:
            assert found == steady
            return
        steady = found  # it was cut off for too long to say anything
    raise AssertionError(f"{ATTEMPTS} times {host} could not be cut off for less than {AGENT_SECONDS / 2:g} s")


def test_tasks_of_an_agent_cut_off_past_its_time_run_elsewhere_and_the_old_ones_end_at_its_return(
    several: Several, steady: dict[str, dict[str, str]]
) -> None:
    host = several.agents[0]
    old = set(several.tasks_on(host))
    assert old
    with several.partition(host):

        def moved() -> bool:
            tasks = running(several, APP, INSTANCES)
            return not old & {task["id"] for task in tasks}

        wait_for(moved, 90, "replacements")
        assert set(several.tasks_on(host)) == old, "an agent that hears from nobody leaves its tasks alone"
        kept = {task: found for task, found in steady.items() if task not in old}
        assert {task: found for task, found in several.task_processes().items() if task in kept} == kept
    several.well()
    wait_for(lambda: not old & set(several.tasks_on(host)), 60, "the end of the tasks that were replaced")
    now = processes(several)
    assert not old & set(now)
    assert kept.items() <= now.items()


def test_tasks_of_an_agent_that_goes_together_with_the_leader_run_elsewhere(
    several: Several, steady: dict[str, dict[str, str]]
) -> None:
    """The new leader has never seen that agent: it waits for it, gives it up, and the init has to hear of that."""
    leader: str = wait_for(several.leader, 60, "one that leads")
    agent = several.agents[1]
    old = set(several.tasks_on(agent))
    assert old
    several.power_off(leader, agent)
    try:
        another_leads(several, leader)

        def moved() -> bool:
            return not old & {task["id"] for task in running(several, APP, INSTANCES)}

        wait_for(moved, 120, "replacements")
    finally:
        several.start(leader, agent)
    several.well()
    now = processes(several)
    assert not old & set(now)
    assert {task: found for task, found in steady.items() if task not in old}.items() <= now.items()


def test_a_master_that_agents_cannot_hear_keeps_no_agent_for_ever(
    several: Several, steady: dict[str, dict[str, str]]
) -> None:
    """Cut off from one side only: what the leader says is lost, what it is told arrives."""
    leader: str = wait_for(several.leader, 60, "one that leads")
    agent = several.agents[0]
    with several.partition(leader, [agent], ways=["output"]):
        wait_for(lambda: not several.registered(several.address(agent)), 60, "the agent's being missed")
    several.well()
    wait_for(lambda: len(processes(several)) == INSTANCES, 60, "all instances")


def test_of_two_operators_at_once_one_is_refused_and_users_lose_no_write(
    several: Several, steady: dict[str, dict[str, str]]
) -> None:
    add(several, "/contended", instances=0)
    try:
        with ThreadPoolExecutor(4) as pool:
            deploys = [pool.submit(several.installer, "deploy") for _ in range(2)]
            accepted: list[str] = []
            lock = threading.Lock()

            def user(number: int) -> None:
                asked = several.masters[number]
                for turn in range(5):
                    value = f"{number}-{turn}"
                    for _ in range(60):  # while it may be asked again: nobody leads on a busy host for a moment
                        status, answer = several.send(
                            asked, INIT, "PUT", "/v2/apps/contended?force=true", {"labels": {"by": value}}, 240
                        )
                        if status != 503:
                            break
                        time.sleep(1)
                    assert status in (200, 201), answer
                    with lock:
                        accepted.append(answer["version"])

            for done in [pool.submit(user, number) for number in range(2)]:
                done.result()
            codes = sorted(deploy.result().returncode for deploy in deploys)
            for _ in range(5):
                if codes != [0, 0]:
                    break
                deploys = [
                    pool.submit(several.installer, "deploy") for _ in range(2)
                ]  # one began after the other's end
                codes = sorted(deploy.result().returncode for deploy in deploys)
        assert codes == [0, LOCKED], [deploy.result() for deploy in deploys]
        assert len(set(accepted)) == len(accepted)
        stored = set(several.marathon("/v2/apps/contended/versions")["versions"])
        assert set(accepted) <= stored
        assert several.marathon("/v2/apps/contended")["app"]["version"] == max(accepted)
    finally:
        remove(several, "/contended")
    assert processes(several) == steady


def test_a_full_disk_on_the_leaders_machine_costs_the_cluster_nothing(
    several: Several, steady: dict[str, dict[str, str]]
) -> None:
    host: str = wait_for(several.leader, 60, "one that leads")
    several.fill_disk(host)
    try:
        # ZooKeeper has room left in the file that it writes to; a new one has none, and cannot start but in what a
        # rotated journal gives free for a moment. It cannot say so either: the journal is on that disk.
        several.signal(host, "dcos-zookeeper", "KILL")

        def stored() -> bool:
            body = {"id": "/meanwhile", "cmd": "exec sleep 100000", "cpus": 0.1, "mem": 32}
            return several.dcos("marathon", "app", "add", stdin=json.dumps(body)).returncode == 0

        wait_for(stored, 90, "the acceptance of an app")
        running(several, "/meanwhile", 1)
        several.wait_full(host)
    finally:
        several.free_disk(host)
    several.well()
    remove(several, "/meanwhile")
    assert processes(several) == steady


def test_the_observer_sees_two_leaders_when_there_are(several: Several) -> None:
    """A proof that cannot fail proves nothing: two terms that surely overlap are told, two in a row are not."""
    observer = Observer(several)
    one, two = Term("a", 1.0, 5.0), Term("b", 5.0, 9.0)
    observer._terms["master"] += [one, two]
    observer.check()
    two.first = 4.9
    with pytest.raises(AssertionError, match="two masters led"):
        observer.check()
