"""The init as a process, on a real Apache Mesos and on our own kernel: apps start, heal, change, and outlive it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.byhand import (
    Daemon,
    ask,
    free_port,
    processes_here_with,
    processes_with,
    task_ports,
    told,
    wait_for,
)
from tests.support.mesos.oracle import Oracle

SLEEP = "exec sleep 100000"
SECRET = "correct-horse-battery"


class Made:
    """One kernel and one init on it."""

    def __init__(self, folder: Path, kind: str) -> None:
        self.folder = folder
        self.run = f"{os.getpid()}-{folder.name}"
        self.oracle: Oracle | None = None
        self.daemons: list[Daemon] = []
        if kind == "oracle":
            self.oracle = Oracle(agents=2, allocation_interval="200ms")
            master = self.oracle.url
        else:
            master = self._own_kernel()
        self.marathon = Daemon(
            "marathon",
            [
                "dcos-marathon",
                f"--master={master}",
                f"--http_port={free_port()}",
                f"--work_dir={folder / 'marathon'}",
                "--kill_retry_timeout=2000",
                f"--record={folder / 'recordings'}",
            ],
            folder / "marathon.log",
        ).start()
        self.url = self.marathon.url
        wait_for(lambda: "frameworkId" in self.get("/v2/info"), 60, "an init that is registered")

    def _own_kernel(self) -> str:
        port = free_port()
        flags = ["--ip=127.0.0.1", f"--port={port}", f"--work_dir={self.folder / 'master'}"]
        self.daemons.append(Daemon("master", ["dcos-master", *flags], self.folder / "master.log").start())
        for number in (0, 1):
            flags = [
                "--ip=127.0.0.1",
                f"--port={free_port()}",
                f"--master=127.0.0.1:{port}",
                f"--work_dir={self.folder / f'agent{number}'}",
                "--launcher=posix",
                f"--resources=cpus:4;mem:4096;disk:10240;ports:{task_ports()}",
            ]
            log = self.folder / f"agent{number}.log"
            self.daemons.append(Daemon(f"agent{number}", ["dcos-agent", *flags], log).start())
        # Apps are spread over the agents that there are.
        wait_for(lambda: len(told(f"http://127.0.0.1:{port}/slaves")["slaves"]) == 2, 60, "both agents")
        return f"127.0.0.1:{port}"

    @property
    def agents_check(self) -> bool:
        """Whether agents make health checks: the executor of the real Mesos is a stand-in here, which does not."""
        return self.oracle is None

    def get(self, path: str) -> Any:
        return told(self.url + path)

    def put(self, path: str, body: Any, method: str = "PUT") -> Any:
        status, answer = ask(self.url + path, method, body)
        assert status in (200, 201), (path, status, answer)
        return answer

    def create(self, app: dict[str, Any]) -> None:
        env = {**app.get("env", {}), "RUN_OF_TESTS": self.run, "PASSWORD": SECRET}
        self.put("/v2/apps", {"cpus": 0.1, "mem": 32, "cmd": SLEEP, **app, "env": env}, "POST")

    def running(self, app: str) -> list[dict[str, Any]]:
        return [task for task in self.get(f"/v2/apps{app}/tasks")["tasks"] if task["state"] == "TASK_RUNNING"]

    def tasks_when(self, app: str, count: int) -> list[dict[str, Any]]:
        """The app's tasks once exactly so many run and no deployment is under way."""

        def settled() -> list[dict[str, Any]] | None:
            tasks = self.running(app)
            done = not [one for one in self.get("/v2/deployments") if app in one["affectedApps"]]
            return (tasks or [{}]) if done and len(tasks) == count else None

        found: list[dict[str, Any]] = wait_for(settled, 60, f"{count} tasks of {app}")
        return found

    @property
    def master(self) -> str:
        url: str = self.get("/v2/info")["marathon_config"]["mesos_leader_ui_url"]
        return url.rstrip("/")

    def kernel(self, path: str) -> Any:
        """A read of the master."""
        return told(self.master + path)

    def processes(self, app: str) -> list[int]:
        """The app's, and no other run's of these tests."""
        return processes_here_with(f"MARATHON_APP_ID={app}", f"RUN_OF_TESTS={self.run}")

    def pids(self, task: dict[str, Any]) -> list[int]:
        return processes_with(f"MESOS_TASK_ID={task['id']}")

    def kill(self, task: dict[str, Any]) -> None:
        """All its processes, as a system without memory does. With the first, others may end by themselves."""
        for pid in wait_for(lambda: self.pids(task), 60, f"the processes of {task['id']}"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def end(self) -> None:
        for app in self.get("/v2/apps")["apps"]:
            ask(f"{self.url}/v2/apps{app['id']}?force=true", "DELETE")
        try:
            wait_for(lambda: not self.get("/v2/tasks")["tasks"], 60, "an end of all tasks")
        finally:
            self.marathon.stop()
            for daemon in reversed(self.daemons):
                daemon.stop()
            if self.oracle is not None:
                self.oracle.stop()


@pytest.fixture(
    scope="module", params=[pytest.param("oracle", marks=pytest.mark.oracle, id="apache-mesos"), pytest.param("own")]
)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    one = Made(tmp_path_factory.mktemp("init"), request.param)
    yield one
    one.end()
    assert "Traceback" not in one.marathon.log.read_text()
    _runs_again_without_secrets(one.folder / "recordings")


def _runs_again_without_secrets(folder: Path) -> None:
    """Whatever the tests did to it: both cores of the init, of this life and of those that were killed."""
    found = sorted(folder.iterdir())
    assert {path.name.partition("-")[0] for path in found} == {"framework", "marathon"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in found)
    assert any(b"PASSWORD" in path.read_bytes() for path in found)
    assert not any(SECRET.encode() in path.read_bytes() for path in found)
    replay = [sys.executable, "-m", "dcos_runtime.replay", *map(str, found)]
    done = subprocess.run(replay, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("the effects are the same") == len(found) >= 4


COLOUR_CHECK = {"protocol": "COMMAND", "command": {"value": 'test "$COLOUR" = blue'}, "delaySeconds": 0}


def test_an_app_of_three_instances_answers_on_its_ports_with_marathon_environment(made: Made) -> None:
    program = (
        "import json, os; from http.server import *\n"
        "class H(BaseHTTPRequestHandler):\n"
        " def do_GET(s): s.send_response(200); s.end_headers(); s.wfile.write(json.dumps(dict(os.environ)).encode())\n"
        " def log_message(s, *a): pass\n"
        "HTTPServer(('127.0.0.1', int(os.environ['PORT0'])), H).serve_forever()\n"
    )
    made.create({
        "id": "/team/web",
        "cmd": 'exec python3 -c "$PROGRAM"',
        "env": {"PROGRAM": program, "COLOUR": "blue"},
        "instances": 3,
        "portDefinitions": [{"port": 0, "name": "http"}, {"port": 0}],
        "labels": {"owner": "me", "long": "x" * 600},
        "healthChecks": [
            {"protocol": "HTTP", "path": "/", "intervalSeconds": 1, "gracePeriodSeconds": 60},
            *([COLOUR_CHECK] if made.agents_check else []),
        ],
    })  # fmt: skip
    tasks = made.tasks_when("/team/web", 3)
    for task in tasks:
        with urllib.request.urlopen(f"http://127.0.0.1:{task['ports'][0]}/", timeout=240) as answer:
            environ = json.load(answer)
        assert task["id"].startswith("team_web.instance-") and task["id"].endswith("._app.1")
        assert environ["PORT"] == environ["PORT0"] == environ["PORT_HTTP"] == str(task["ports"][0])
        assert environ["PORTS"] == ",".join(map(str, task["ports"]))
        assert environ[f"PORT_{task['servicePorts'][1]}"] == environ["PORT1"] == str(task["ports"][1])
        assert environ["HOST"] == task["host"] and environ["COLOUR"] == "blue"
        assert environ["MARATHON_APP_ID"] == "/team/web" and environ["MARATHON_APP_VERSION"] == task["version"]
        assert environ["MARATHON_APP_LABEL_OWNER"] == "me" and environ["MARATHON_APP_LABELS"] == "OWNER"
        assert float(environ["MARATHON_APP_RESOURCE_CPUS"]) == 0.1 and "MARATHON_APP_LABEL_LONG" not in environ
        assert environ["MESOS_TASK_ID"] == task["id"] and environ["MESOS_SANDBOX"]
    assert len({task["slaveId"] for task in tasks}) == 2, "not spread over the agents"
    app = made.get("/v2/apps/team/web")["app"]
    assert (app["tasksHealthy"], app["tasksRunning"]) == (3, 3), "the deployment ended before all were healthy"


def test_a_task_killed_by_the_system_is_replaced_in_its_place(made: Made) -> None:
    made.create({"id": "/fragile", "instances": 2})
    before = made.tasks_when("/fragile", 2)
    made.kill(before[0])
    wait_for(lambda: before[0]["id"] not in {task["id"] for task in made.running("/fragile")}, 60, "the loss")
    after = made.tasks_when("/fragile", 2)
    assert {task["id"] for task in after} == {before[1]["id"], before[0]["id"].removesuffix(".1") + ".2"}
    failure = made.get("/v2/apps/fragile")["app"]["lastTaskFailure"]
    assert (failure["taskId"], failure["state"]) == (before[0]["id"], "TASK_FAILED")


def test_the_init_killed_and_started_again_neither_loses_nor_doubles_a_task(made: Made) -> None:
    made.create({"id": "/steady", "instances": 3})
    before = made.tasks_when("/steady", 3)

    def alike() -> list[int] | None:
        found = [made.pids(task) for task in before]
        return [pid for each in found for pid in each] if len({len(each) for each in found}) == 1 else None

    pids = wait_for(alike, 60, "as many processes of each")
    made.marathon.kill()
    made.kill(before[0])  # what happens meanwhile is found out afterwards
    made.marathon.start()
    wait_for(lambda: before[0]["id"] not in {task["id"] for task in made.running("/steady")}, 60, "news of the loss")
    after = made.tasks_when("/steady", 3)
    assert {task["id"] for task in before[1:]} < {task["id"] for task in after}
    kept = sorted(pid for task in before[1:] for pid in made.pids(task))
    assert kept and set(kept) < set(pids)
    wait_for(lambda: len(made.processes("/steady")) == len(pids), 60, "as many processes as before")


def test_the_init_killed_during_a_deployment_finishes_it(made: Made) -> None:
    made.create({"id": "/moving", "instances": 4, "upgradeStrategy": {"minimumHealthCapacity": 0.5}})
    made.tasks_when("/moving", 4)
    answer = made.put("/v2/apps/moving", {"cmd": "exec sleep 200000"})
    made.marathon.kill()
    made.marathon.start()
    listed = {one["id"] for one in made.get("/v2/deployments")}
    tasks = made.tasks_when("/moving", 4)
    assert {task["version"] for task in tasks} == {answer["version"]}
    assert not listed or answer["deploymentId"] in listed
    wait_for(lambda: len(made.processes("/moving")) == 4 * len(made.pids(tasks[0])), 60, "no orphans")


def test_an_upgrade_keeps_as_many_running_as_its_strategy_says(made: Made) -> None:
    made.create({
        "id": "/rolling",
        "instances": 4,
        "upgradeStrategy": {"minimumHealthCapacity": 0.75, "maximumOverCapacity": 0.25},
    })  # fmt: skip
    made.tasks_when("/rolling", 4)
    version = made.put("/v2/apps/rolling", {"env": {"A": "1"}})["version"]
    seen: list[int] = []

    def upgraded() -> bool:
        tasks = made.get("/v2/apps/rolling/tasks")["tasks"]
        seen.append(len([task for task in tasks if task["state"] == "TASK_RUNNING"]))
        assert len(tasks) <= 5
        return not made.get("/v2/deployments") and {task["version"] for task in tasks} == {version}

    wait_for(upgraded, 60, "the upgrade")
    assert min(seen) >= 3
    assert len(made.tasks_when("/rolling", 4)) == 4


def test_scaling_down_ends_the_youngest_and_removing_ends_all(made: Made) -> None:
    made.create({"id": "/shrinking", "instances": 1})
    first = made.tasks_when("/shrinking", 1)
    made.put("/v2/apps//shrinking/", {"instances": 3})
    made.tasks_when("/shrinking", 3)
    made.put("/v2/apps/shrinking", {"instances": 1})
    assert made.tasks_when("/shrinking", 1) == first
    status, _ = ask(made.url + "/v2/apps/shrinking", "DELETE")
    assert status == 200 and ask(made.url + "/v2/apps/shrinking")[0] == 404
    wait_for(lambda: not made.processes("/shrinking"), 60, "an end of its processes")
    wait_for(lambda: not made.get("/v2/deployments"), 60, "an end of the deployment")


def test_killing_tasks_through_the_api_replaces_them_or_scales_down(made: Made) -> None:
    made.create({"id": "/killed", "instances": 3})
    tasks = made.tasks_when("/killed", 3)
    _, answer = ask(f"{made.url}/v2/apps/killed/tasks/{tasks[0]['id']}", "DELETE")
    assert answer["task"]["id"] == tasks[0]["id"]
    wait_for(lambda: tasks[0]["id"] not in {task["id"] for task in made.running("/killed")}, 60, "its end")
    made.tasks_when("/killed", 3)
    victim = made.running("/killed")[0]["id"]
    made.put("/v2/tasks/delete?scale=True", {"ids": [victim]}, "POST")
    left = made.tasks_when("/killed", 2)
    assert victim not in {task["id"] for task in left}
    assert made.get("/v2/apps/killed")["app"]["instances"] == 2


def test_a_task_that_fails_at_once_is_tried_again_ever_more_slowly_and_says_why(made: Made) -> None:
    made.create({"id": "/broken", "cmd": "exit 7", "backoffSeconds": 1, "backoffFactor": 1.5})

    def delayed() -> Any:
        items = [item for item in made.get("/v2/queue")["queue"] if item["app"]["id"] == "/broken"]
        return [item for item in items if item["delay"]["timeLeftSeconds"] > 1] or None

    item = wait_for(delayed, 60, "a growing delay")[0]
    assert item["count"] == 1 and item["delay"]["overdue"] is False
    failure = made.get("/v2/apps/broken?embed=apps.lastTaskFailure")["app"]["lastTaskFailure"]
    assert failure["state"] == "TASK_FAILED" and "7" in failure["message"]
    assert ask(f"{made.url}/v2/apps/broken", "DELETE")[0] == 200


def test_an_app_too_big_for_the_cluster_says_so_in_the_queue(made: Made) -> None:
    made.create({"id": "/huge", "cpus": 1000})

    def rejected() -> Any:
        items = [item for item in made.get("/v2/queue?embed=lastUnusedOffers")["queue"] if item["app"]["id"] == "/huge"]
        return items if items and items[0]["processedOffersSummary"]["processedOffersCount"] else None

    item = wait_for(rejected, 60, "an offer held against it")[0]
    reasons = {step["reason"]: step["declined"] for step in item["processedOffersSummary"]["rejectSummaryLastOffers"]}
    assert reasons["InsufficientCpus"] >= 1 and reasons["UnfulfilledRole"] == 0
    assert item["lastUnusedOffers"][0]["reason"] == ["InsufficientCpus"]
    assert ask(f"{made.url}/v2/apps/huge", "DELETE")[0] == 200


def test_a_task_that_fails_its_health_checks_is_killed_and_replaced(made: Made) -> None:
    few = {"gracePeriodSeconds": 0, "intervalSeconds": 1, "maxConsecutiveFailures": 2, "delaySeconds": 0}
    by = {"/sick": "TCP", **({"/sick-here": "MESOS_TCP"} if made.agents_check else {})}
    for app, protocol in by.items():
        made.create({"id": app, "healthChecks": [{"protocol": protocol, **few}]})

    def replaced(app: str) -> bool:
        return any(task["id"].endswith("._app.2") for task in made.running(app))

    for app in by:
        wait_for(partial(replaced, app), 60, "a second task")
        assert ask(f"{made.url}/v2/apps{app}", "DELETE")[0] == 200


def test_the_event_stream_tells_of_a_deployment_from_its_beginning_to_its_end(made: Made) -> None:
    request = urllib.request.Request(made.url + "/v2/events", headers={"Accept": "text/event-stream"})
    stream = urllib.request.urlopen(request, timeout=240)
    events: list[dict[str, Any]] = []

    def read() -> None:
        for line in stream:
            if line.startswith(b"data: "):
                events.append(json.loads(line[6:]))

    threading.Thread(target=read, daemon=True).start()
    wait_for(lambda: events and events[0]["eventType"] == "event_stream_attached", 60, "the stream")
    made.create({"id": "/told", "instances": 1})

    def of_ours(*kinds: str) -> list[dict[str, Any]]:
        return [event for event in events if event["eventType"] in kinds and '"/told"' in json.dumps(event)]

    wait_for(lambda: of_ours("deployment_success"), 60, "the deployment's end")
    deployment = of_ours("deployment_info", "deployment_step_success", "deployment_success")
    assert [event["eventType"] for event in deployment] == [
        "deployment_info",
        "deployment_step_success",
        "deployment_info",
        "deployment_step_success",
        "deployment_success",
    ]
    assert of_ours("api_post_event")[0]["appDefinition"]["id"] == "/told"
    states = [event["taskStatus"] for event in of_ours("status_update_event")]
    assert states[-1] == "TASK_RUNNING"
    assert all("timestamp" in event for event in events)
    assert {event["condition"] for event in of_ours("instance_changed_event")} >= {"Running"}


def test_a_framework_that_an_operator_removes_comes_back_as_another_with_all_its_apps(made: Made) -> None:
    made.create({"id": "/phoenix", "instances": 2})
    before = made.tasks_when("/phoenix", 2)
    framework = made.get("/v2/info")["frameworkId"]
    request = urllib.request.Request(f"{made.master}/master/teardown", data=f"frameworkId={framework}".encode())
    with urllib.request.urlopen(request, timeout=240) as answer:
        assert answer.status == 200
    wait_for(lambda: made.get("/v2/info").get("frameworkId", framework) != framework, 60, "a new framework id")
    after = wait_for(lambda: (found := made.running("/phoenix")) and len(found) == 2 and found, 60, "its tasks again")
    assert not {task["id"] for task in before} & {task["id"] for task in after}


def test_an_app_with_the_role_of_its_top_level_group_runs_on_offers_of_that_role(made: Made) -> None:
    status, answer = ask(f"{made.url}/v2/apps", "POST", {"id": "/dev/a", "cmd": SLEEP, "role": "other"})
    assert status == 422 and "dev" in str(answer)
    made.create({"id": "/dev/app", "role": "dev", "instances": 2})
    tasks = made.tasks_when("/dev/app", 2)
    assert {task["role"] for task in tasks} == {"dev"}
    made.create({"id": "/dev/plain"})
    assert [task["role"] for task in made.tasks_when("/dev/plain", 1)] == ["*"]
    roles = {role["name"]: role["resources"].get("cpus", 0) for role in made.kernel("/roles")["roles"]}
    assert roles["dev"] == pytest.approx(0.2) and roles["*"] >= 0.1
    made.marathon.kill()
    made.marathon.start()
    made.url = made.marathon.url
    made.put("/v2/apps/dev/app", {"instances": 3})
    made.tasks_when("/dev/app", 3)
    made.put("/v2/apps/dev/app", {}, "DELETE")
    made.put("/v2/apps/dev/plain", {}, "DELETE")
    (framework,) = made.kernel("/frameworks")["frameworks"]
    wait_for(
        lambda: made.kernel("/frameworks")["frameworks"][0]["roles"] == ["*"],
        60,
        f"a framework without the role that nothing has any more: {framework['roles']}",
    )
