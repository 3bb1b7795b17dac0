"""The load balancer's program beside a kernel and an init by hand, with a real HAProxy in front of real tasks."""

from __future__ import annotations

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.byhand import PATIENCE, Cluster, ask, free_port, processes_with, wait_for

PROGRAMS = Path(__file__).resolve().parents[2] / "universe/programs"


class Balanced:
    """A cluster and a balancer of the group external."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cluster = Cluster(folder / "cluster").start()
        self.health, self.http = free_port(), free_port()
        self.log = folder / "balancer.log"
        environment = {
            **os.environ,
            "PYTHONPATH": str(PROGRAMS),
            "PORT0": str(self.health),
            "HTTP_PORT": str(self.http),
            "INIT_URLS": self.cluster.marathon.url,
            "GROUPS_SERVED": "external",
            "TMPDIR": str(folder),
        }
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "load_balancer"], env=environment, stdout=output, stderr=subprocess.STDOUT
            )

    def add(self, app_id: str, port: int, text: str, instances: int = 1, **labels: str) -> None:
        command = (
            f"mkdir -p page && echo {text}-$MESOS_TASK_ID > page/index.html && "
            f"exec {sys.executable} -m http.server --bind 127.0.0.1 --directory page $PORT0"
        )
        app = {
            "id": app_id,
            "cmd": command,
            "cpus": 0.1,
            "mem": 32,
            "instances": instances,
            "labels": {"HAPROXY_GROUP": "external", **labels},
            "portDefinitions": [{"port": port}],
            "healthChecks": [
                {"path": "/", "delaySeconds": 0, "intervalSeconds": 1, "timeoutSeconds": 10, "gracePeriodSeconds": 60}
            ],
        }
        assert ask(f"{self.cluster.marathon.url}/v2/apps", "POST", app)[0] == 201

    def get(self, port: int, path: str = "/", **headers: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10 * PATIENCE)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode().strip()
        finally:
            connection.close()

    def at(self, port: int, **headers: str) -> str:
        """What is there, or an empty text."""
        try:
            status, text = self.get(port, **headers)
        except (OSError, http.client.HTTPException):
            return ""
        return text if status == 200 else ""

    def said(self) -> str:
        return self.log.read_text()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30 * PATIENCE)
        for daemon in reversed(self.cluster.daemons):
            daemon.stop()
        for pid in processes_with(f"MESOS_SANDBOX={self.folder}"):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def balanced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Balanced]:
    assert shutil.which("haproxy") or Path("/usr/sbin/haproxy").exists(), "haproxy is missing: make test installs it"
    one = Balanced(tmp_path_factory.mktemp("balanced"))
    try:
        wait_for(lambda: one.get(one.health, "/_haproxy_health_check")[0] == 200, 60, "the balancer's health")
        yield one
    finally:
        one.stop()


def test_apps_are_reached_by_port_and_by_host_and_each_task_gets_its_share(balanced: Balanced) -> None:
    port = free_port()
    balanced.add("/web", port, "web", instances=2, HAPROXY_0_VHOST="web.example.test")
    wait_for(lambda: balanced.at(port).startswith("web-"), 60, "the app at its service port")
    wait_for(lambda: len({balanced.at(port) for _ in range(8)} - {""}) == 2, 60, "both tasks")
    assert balanced.at(balanced.http, Host="web.example.test").startswith("web-")
    assert balanced.at(balanced.http, Host=f"WEB.example.test:{balanced.http}").startswith("web-")
    assert balanced.get(balanced.http, Host="other.example.test")[0] == 404
    assert "haproxy_backend_active_servers" in balanced.get(balanced.health, "/metrics")[1]


def test_tasks_come_and_go_without_a_new_process_and_without_a_lost_request(balanced: Balanced) -> None:
    port = free_port()
    balanced.add("/steered", port, "steered")
    wait_for(lambda: balanced.at(port).startswith("steered-"), 60, "the app")
    workers = balanced.said().count("New worker")
    lost: list[str] = []
    ending = threading.Event()

    def ask_on() -> None:
        while not ending.is_set():
            if not balanced.at(port):
                lost.append(balanced.said()[-500:])
            time.sleep(0.02)

    thread = threading.Thread(target=ask_on)
    thread.start()
    try:
        url = f"{balanced.cluster.marathon.url}/v2/apps//steered"
        assert ask(url, "PUT", {"instances": 2})[0] == 200
        wait_for(lambda: len({balanced.at(port) for _ in range(8)} - {""}) == 2, 60, "both tasks")
    finally:
        ending.set()
        thread.join()
    assert lost == []
    assert balanced.said().count("New worker") == workers, "two servers fit where there was one"
    (task, *_) = ask(f"{url}/tasks")[1]["tasks"]
    assert ask(f"{url}/tasks/{task['id']}?scale=true", "DELETE")[0] == 200
    wait_for(lambda: len({balanced.at(port) for _ in range(8)}) == 1 and balanced.at(port), 60, "the one that is left")
    assert task["id"] not in balanced.at(port)


def test_new_services_come_without_a_lost_request_of_others(balanced: Balanced) -> None:
    first, second = free_port(), free_port()
    balanced.add("/first", first, "first")
    wait_for(lambda: balanced.at(first).startswith("first-"), 60, "the first app")
    lost = 0
    balanced.add("/second", second, "second")
    deadline = time.monotonic() + 60 * PATIENCE
    while not balanced.at(second) and time.monotonic() < deadline:
        lost += not balanced.at(first)
    assert balanced.at(second).startswith("second-") and lost == 0
    assert ask(f"{balanced.cluster.marathon.url}/v2/apps//second", "DELETE")[0] == 200
    wait_for(lambda: not balanced.at(second), 60, "the end of the second app")
    assert balanced.at(first)


def test_what_one_app_asks_for_does_no_harm_to_others(balanced: Balanced) -> None:
    good = free_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        balanced.add("/a/taken", taken.getsockname()[1], "taken")
        balanced.add(
            "/a/evil", free_port(), "evil", HAPROXY_0_VHOST="x.test\n  bind *:1\nbackend y", HAPROXY_0_PATH="/ }"
        )
        balanced.add("/z/good", good, "good")
        wait_for(lambda: balanced.at(good).startswith("good-"), 60, "the good app")
    assert "cannot be bound on this machine" in balanced.said()
    assert "HAPROXY_0_VHOST" in balanced.said()
    assert balanced.process.poll() is None


def test_an_init_that_is_away_leaves_what_is_balanced_and_is_heard_again(balanced: Balanced) -> None:
    port, later = free_port(), free_port()
    balanced.add("/stays", port, "stays")
    wait_for(lambda: balanced.at(port).startswith("stays-"), 60, "the app")
    balanced.cluster.marathon.kill()
    wait_for(lambda: "cannot ask the init" in balanced.said() or "stream of events" in balanced.said(), 90, "its word")
    assert balanced.at(port)
    balanced.cluster.marathon.start()
    balanced.add("/later", later, "later")
    wait_for(lambda: balanced.at(later).startswith("later-"), 90, "the app that came later")


def test_the_balancer_ends_in_order_and_takes_haproxy_along(balanced: Balanced) -> None:
    balanced.process.terminate()
    assert balanced.process.wait(60 * PATIENCE) == 0, balanced.said()[-2000:]
    wait_for(lambda: not answers(balanced.health), 60, "the end of HAProxy")
    assert not list(balanced.folder.glob("load-balancer-*"))


def answers(port: int) -> Any:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
