"""An app in a network of its own, from its definition to who asks its port: init, kernel, and an agent's bridge."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.agent.network_lab import BRIDGE, MACHINE, NetworkLab, network_of_its_own, networks_work
from tests.support.daemons.agents import Agent, containers_work
from tests.support.daemons.byhand import Daemon, ask, free_port, told, wait_for

SERVER = (
    "import json, os, sys; from http.server import *\n"
    "class H(BaseHTTPRequestHandler):\n"
    " def do_GET(self):\n"
    "  self.send_response(200); self.end_headers(); self.wfile.write(json.dumps(dict(os.environ)).encode())\n"
    " def log_message(self, *a): pass\n"
    "HTTPServer(('', int(os.environ.get('LISTEN') or os.environ['PORT0'])), H).serve_forever()\n"
)


@pytest.fixture(scope="module")
def init(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, NetworkLab]]:
    """The URL of an init on a kernel with one agent that has a bridge, all in a network of the test's own."""
    if why := containers_work() or networks_work():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("networks")
    with network_of_its_own(folder) as lab:
        port = free_port()
        flags = ["--ip=127.0.0.1", f"--port={port}", f"--work_dir={folder / 'master'}", "--allocation_interval=200ms"]
        master = Daemon("master", ["dcos-master", *flags], folder / "master.log")
        agent = Agent(folder, port, "linux", "--ip=127.0.0.1", f"--bridge_network={BRIDGE}", hostname=MACHINE)
        flags = [f"--master=127.0.0.1:{port}", f"--http_port={free_port()}", f"--work_dir={folder / 'marathon'}"]
        marathon = Daemon("marathon", ["dcos-marathon", *flags], folder / "marathon.log")
        try:
            for daemon in (master, agent, marathon):
                daemon.start()
            yield marathon.url, lab
        finally:
            marathon.stop()
            agent.clean()
            master.stop()


def settled(url: str) -> dict[str, Any]:
    """The only task of the app, once its deployment is done."""

    def found() -> dict[str, Any] | None:
        tasks = told(f"{url}/v2/apps/web/tasks")["tasks"]
        return tasks[0] if len(tasks) == 1 and not told(f"{url}/v2/deployments") else None

    task: dict[str, Any] = wait_for(found, 60, "the deployment")
    return task


def environment(port: int) -> dict[str, str]:
    found: dict[str, str] = told(f"http://{MACHINE}:{port}/")
    return found


def test_an_app_on_the_bridge_is_checked_and_answers_at_its_host_port_and_can_go_to_the_machine_s_network(
    init: tuple[str, NetworkLab],
) -> None:
    url, lab = init
    checks = [{"protocol": how, "delaySeconds": 0, "intervalSeconds": 1} for how in ("HTTP", "MESOS_HTTP")]
    mapping = {"containerPort": 80, "hostPort": 0, "protocol": "tcp", "name": "web", "labels": {"VIP_0": "/web:80"}}
    app = {
        "id": "/web",
        "args": ["/usr/bin/python3", "-I", "-S", "-c", SERVER],
        "cpus": 0.1,
        "mem": 64,
        "env": {"LISTEN": "80"},
        "networks": [{"mode": "container/bridge"}],
        "container": {"type": "MESOS", "portMappings": [mapping]},
        "healthChecks": checks,
        "check": {"http": {}, "delaySeconds": 0, "intervalSeconds": 1},
        "upgradeStrategy": {"minimumHealthCapacity": 0, "maximumOverCapacity": 0},
    }
    status, answer = ask(f"{url}/v2/apps", "POST", app)
    assert status == 201, answer
    task = settled(url)
    (port,) = task["ports"]
    asked = f"{url}/v2/apps/web/tasks"
    wait_for(lambda: told(asked)["tasks"][0].get("checkResult") == {"http": {"statusCode": 200}}, 60, "a result")
    assert [result["alive"] for result in task["healthCheckResults"]] == [True, True]
    assert task["host"] == MACHINE and 31000 <= port <= 32000
    assert task["ipAddresses"][0]["ipAddress"].startswith("198.19.250.")
    seen = environment(port)
    named = {name: seen.get(name) for name in ("PORT", "PORTS", "PORT0", "PORT_80", "PORT_WEB")}
    assert named == dict.fromkeys(named, str(port)) and seen["HOST"] == MACHINE
    shown = told(f"{url}/v2/apps/web")["app"]
    (service_port,) = task["servicePorts"]
    assert shown["container"]["portMappings"] == [{**mapping, "servicePort": service_port}] and service_port >= 10000
    assert "Bad request syntax" in lab.ask(MACHINE, port, outside=True), "from outside, where HTTP is not spoken"

    change = {"networks": [{"mode": "host"}], "env": {}, "portDefinitions": [{"port": 0, "name": "web"}]}
    status, answer = ask(f"{url}/v2/apps/web", "PATCH", change)
    assert status == 200, answer
    moved = settled(url)
    assert moved["id"] != task["id"] and not moved["ipAddresses"][0]["ipAddress"].startswith("198.19.250.")
    seen = environment(moved["ports"][0])
    assert seen["PORT_WEB"] == seen["PORT0"] == str(moved["ports"][0]) and "PORT_80" not in seen
    assert "portMappings" not in json.dumps(told(f"{url}/v2/apps/web"))
    if port != moved["ports"][0]:
        assert lab.ask(MACHINE, port, outside=True, seconds=0.5) == ""
