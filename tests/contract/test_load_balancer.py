"""The load balancer's program beside a kernel and an init by hand, with a real HAProxy in front of real tasks."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from load_balancer.certificates import write
from load_balancer.configuration import Settings
from load_balancer.haproxy import find
from tests.support.daemons.byhand import PATIENCE, Cluster, ask, free_port, processes_with, wait_for
from tests.support.universe.balanced import app, text_of
from tests.support.universe.pairs import pair

PROGRAMS = Path(__file__).resolve().parents[2] / "universe/programs"


class Balanced:
    """A cluster and a balancer of the group external."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cluster = Cluster(folder / "cluster").start()
        self.health, self.http, self.https = free_port(), free_port(), free_port()
        self.pairs = {host: pair(host) for host in ("one.example.test", "two.example.test")}
        pem = folder / "certificate.pem"
        pem.write_text("".join(f"{one.certificate}\n{one.key}\n" for one in self.pairs.values()))
        self.log = folder / "balancer.log"
        environment = {
            **os.environ,
            "PYTHONPATH": str(PROGRAMS),
            "PORT0": str(self.health),
            "HTTP_PORT": str(self.http),
            "HTTPS_PORT": str(self.https),
            "CERTIFICATE_FILE": str(pem),
            "INIT_URLS": self.cluster.marathon.url,
            "GROUPS_SERVED": "external",
            "TMPDIR": str(folder),
        }
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "load_balancer"], env=environment, stdout=output, stderr=subprocess.STDOUT
            )

    def add(
        self, app_id: str, port: int, text: str, instances: int = 1, command: str | None = None, **labels: str
    ) -> None:
        command = command or (
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

    def secure(self, port: int, host: str, path: str = "/", **headers: str) -> tuple[int, str, str]:
        """Status, text, and the subject of the certificate that is shown for this host."""
        context = ssl.create_default_context(cadata=self.pairs[host].certificate)
        with socket.create_connection(("127.0.0.1", port), timeout=10 * PATIENCE) as plain:
            wrapped = context.wrap_socket(plain, server_hostname=host)
            connection = http.client.HTTPConnection(host, port)
            connection.sock = wrapped
            try:
                connection.request("GET", path, headers=headers)
                answer = connection.getresponse()
                names = wrapped.getpeercert() or {}
                return answer.status, answer.read().decode().strip(), str(names["subject"])
            finally:
                connection.close()

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
            with contextlib.suppress(ProcessLookupError):
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


SAYS_HOW = """import http.server as h, os
class A(h.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write((self.headers["X-Forwarded-Proto"] or "-").encode())
h.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT0"])), A).serve_forever()
"""


def test_hosts_are_reached_over_https_with_the_certificate_of_their_name(balanced: Balanced) -> None:
    port, secured = free_port(), free_port()
    command = f"exec {sys.executable} -c '{SAYS_HOW}'"
    balanced.add("/how", port, "", command=command, HAPROXY_0_VHOST="one.example.test,two.example.test")
    balanced.add("/only", secured, "", command=command, HAPROXY_0_SSL_CERT="/etc/ssl/cert.pem")
    wait_for(lambda: balanced.at(port) == "http", 60, "the app in plain text")
    # What a client says of itself counts for nothing.
    lie = {"X-Forwarded-Proto": "https"}
    assert balanced.get(balanced.http, Host="one.example.test", **lie) == (200, "http")
    for host in balanced.pairs:
        assert balanced.secure(balanced.https, host, **{"X-Forwarded-Proto": "http"})[:2] == (200, "https")
        assert host in balanced.secure(balanced.https, host)[2]

    def at_its_port() -> bool:
        try:
            return balanced.secure(secured, "two.example.test")[:2] == (200, "https")
        except (OSError, http.client.HTTPException):
            return False

    wait_for(at_its_port, 60, "the app whose port speaks TLS")
    assert balanced.at(secured) == "", "it speaks nothing else there"


def test_plain_requests_are_sent_on_where_the_app_asks_for_it(balanced: Balanced) -> None:
    balanced.add(
        "/moved", free_port(), "moved", HAPROXY_0_VHOST="moved.example.test", HAPROXY_0_REDIRECT_TO_HTTPS="true"
    )

    def answer() -> tuple[int, str | None]:
        connection = http.client.HTTPConnection("127.0.0.1", balanced.http, timeout=10 * PATIENCE)
        try:
            connection.request("GET", "/a/b?c=1&d=//evil.test", headers={"Host": f"Moved.example.test:{balanced.http}"})
            response = connection.getresponse()
            return response.status, response.getheader("Location")
        finally:
            connection.close()

    there = f"https://moved.example.test:{balanced.https}/a/b?c=1&d=//evil.test"
    wait_for(lambda: answer() == (301, there), 60, "the way to HTTPS")


@pytest.mark.parametrize("https", [443, 9443, None])
def test_haproxy_takes_what_tls_is_asked_of_it_without_a_warning(tmp_path: Path, https: int | None) -> None:
    both = [pair("one.example.test"), pair("two.example.test")]
    files = tuple(write(tmp_path, "".join(f"{one.certificate}\n{one.key}\n" for one in both)))
    text = text_of(
        app("/shop", HAPROXY_0_VHOST="a.test", HAPROXY_0_SSL_CERT="x", HAPROXY_0_REDIRECT_TO_HTTPS="true"),
        app("/well", 10002, HAPROXY_0_VHOST="a.test,b.test", HAPROXY_0_PATH="/well", HAPROXY_0_USE_HSTS="true"),
        app("/raw", 10003, HAPROXY_0_MODE="tcp", HAPROXY_0_SSL_CERT="x", HAPROXY_0_BIND_ADDR="::1"),
        settings=Settings(str(tmp_path / "admin.sock"), 31000, 9080, https, files),
    )
    assert text.count(f" crt {files[1]}") == (2 if https is None else 3) and ("is_sent_on" in text) is (
        https is not None
    )
    made = tmp_path / "haproxy.cfg"
    made.write_text(text)

    def checked() -> tuple[int, str]:
        # -dW: a warning counts as an error.
        done = subprocess.run([find(), "-c", "-dW", "-f", str(made)], capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    assert checked()[0] == 0, checked()[1]
    Path(files[1]).write_text(both[0].certificate + "\n" + both[1].key + "\n")
    code, says = checked()
    assert code != 0 and files[1] in says, "it reads the certificates, and holds the keys to them"


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
