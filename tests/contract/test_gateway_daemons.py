"""The gateway in front of the real daemons: master, init and agent with mutual TLS, and an app that is a service."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.byhand import Daemon, free_port, processes_with, wait_for
from tests.contract import gateway as house
from tests.contract.authority import Authority
from tests.contract.gateway import Gateway, started, task_address

pytestmark = [
    pytest.mark.skipif(house.missing() is not None, reason=str(house.missing())),
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: tasks get an address of their own"),
]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    folder = tmp_path_factory.mktemp("whole")
    authority = Authority(folder / "authority")
    master_port, master_tls, init_tls, agent_tls = (free_port() for _ in range(4))
    with task_address() as host, contextlib.ExitStack() as stack:
        stack.callback(_kill_tasks, folder)
        principals = {"dcos_marathon": "hush", "dcos_agent": "hush"}
        master = Daemon(
            "master",
            [
                "dcos-master",
                "--ip=127.0.0.1",
                f"--port={master_port}",
                f"--agent_port={master_tls}",
                f"--work_dir={folder / 'master'}",
                "--authenticate_http_readonly",
                "--authenticate_http_readwrite",
                "--authenticate_http_frameworks",
                f"--credentials={authority.credentials(principals)}",
                *authority.flags(authority.identity("master")),
            ],
            folder / "master.log",
        )
        agent = Daemon(
            "agent",
            [
                "dcos-agent",
                f"--ip={host}",
                f"--port={free_port()}",
                f"--tls_port={agent_tls}",
                f"--master=127.0.0.1:{master_port}",
                f"--master_tls_port={master_tls}",
                f"--work_dir={folder / 'agent'}",
                "--launcher=posix",
                "--resources=cpus:2;mem:512;disk:512;ports:[35000-35010]",
                f"--hostname={host}",
                *authority.flags(authority.identity("agent", ip=host)),
            ],
            folder / "agent.log",
        )
        init = Daemon(
            "init",
            [
                "dcos-marathon",
                f"--master=127.0.0.1:{master_port}",
                f"--master_tls_port={master_tls}",
                f"--http_port={free_port()}",
                f"--https_port={init_tls}",
                f"--work_dir={folder / 'init'}",
                *authority.flags(authority.identity("marathon")),
            ],
            folder / "init.log",
        )
        for daemon in (master, agent, init):
            stack.callback(daemon.stop)
            daemon.start()
        made = Gateway(folder / "gateway", authority, master_port=master_tls, init_port=init_tls, agent_port=agent_tls)
        with started(made):
            yield made


def _kill_tasks(folder: Path) -> None:
    for pid in processes_with(f"MESOS_SANDBOX={folder}"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_an_app_is_started_looked_at_and_used_through_the_one_door(gateway: Gateway) -> None:
    token = gateway.token()
    agents = wait_for(lambda: gateway.get("/mesos/slaves", token).json["slaves"], 30, "the agent")
    agent_id = agents[0]["id"]
    app = {
        "id": "/web",
        "cmd": "echo hello > index.html; exec /usr/bin/python3 -m http.server $PORT0",
        "cpus": 0.1,
        "mem": 32,
        "portDefinitions": [{"port": 0}],
        "labels": {"DCOS_SERVICE_NAME": "web", "DCOS_SERVICE_SCHEME": "http", "DCOS_SERVICE_PORT_INDEX": "0"},
    }
    assert gateway.ask("POST", "/marathon/v2/apps", token, app).status == 201
    wait_for(lambda: gateway.get("/service/web/index.html", token).text == "hello\n", 60, "the service's page")
    assert gateway.get("/service/web/index.html").status == 401
    for state in ("/mesos/state", "/mesos/master/state.json", "/mesos/state-summary"):
        assert gateway.get(state, token).json["slaves"][0]["id"] == agent_id
    for door in ("agent", "slave"):
        assert gateway.get(f"/{door}/{agent_id}/state.json", token).json["id"] == agent_id
    sandbox = gateway.get(f"/agent/{agent_id}/state", token).json["frameworks"][0]["executors"][0]["directory"]
    read = gateway.get(f"/agent/{agent_id}/files/read?path={sandbox}/index.html&offset=0", token)
    assert read.json["data"] == "hello\n"
    assert gateway.get("/service/marathon/v2/info", token).json["name"] == "marathon"
    assert gateway.get("/marathon/v2/apps//web", token).json["app"]["tasksRunning"] == 1
    nodes = gateway.get("/system/health/v1/nodes", token).json["nodes"]
    assert {(node["role"], node["health"]) for node in nodes} == {("master", 0), ("agent", 0)}
    assert gateway.ask("DELETE", "/marathon/v2/apps//web", token).status == 200
