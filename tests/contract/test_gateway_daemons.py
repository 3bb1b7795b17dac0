"""The gateway in front of the real daemons: master, init and agent with mutual TLS, and an app that is a service."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.daemons import gateway as house
from tests.support.daemons.authority import Authority, basic
from tests.support.daemons.byhand import Daemon, free_port, processes_with, task_ports, wait_for
from tests.support.daemons.gateway import PASSWORD, Backend, Gateway, echo, started, task_address
from tests.support.daemons.guarded import Subscription

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: tasks get an address of their own"),
]


OTHER_MASTER = "198.19.253.254"
"""Of a master that is away."""


@dataclass(frozen=True)
class Whole:
    """``host`` is an address of this machine that services may have, ``master_port`` the master's plain one."""

    gateway: Gateway
    host: str
    master_port: int


@pytest.fixture(scope="module")
def gateway(whole: Whole) -> Gateway:
    return whole.gateway


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    folder = tmp_path_factory.mktemp("whole")
    authority = Authority(folder / "authority")
    master_port, master_tls, init_tls, agent_tls = (free_port() for _ in range(4))
    with task_address() as host, contextlib.ExitStack() as stack:
        stack.callback(_kill_tasks, folder)
        principals = {"spark": "hush"}
        master = Daemon(
            "master",
            [
                "dcos-master",
                "--ip=127.0.0.1",
                f"--port={master_port}",
                f"--tls_port={master_tls}",
                f"--work_dir={folder / 'master'}",
                "--authenticate_http_readonly",
                "--authenticate_http_readwrite",
                "--authenticate_http_frameworks",
                f"--credentials={authority.credentials(principals)}",
                f"--auth_socket={folder / 'gateway' / 'auth.sock'}",
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
                f"--resources=cpus:2;mem:512;disk:512;ports:{task_ports()}",
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
                f"--tls_port={init_tls}",
                f"--work_dir={folder / 'init'}",
                *authority.flags(authority.identity("marathon")),
            ],
            folder / "init.log",
        )
        for daemon in (master, agent, init):
            stack.callback(daemon.stop)
            daemon.start()
        made = Gateway(
            folder / "gateway",
            authority,
            master_port=master_tls,
            init_port=init_tls,
            agent_port=agent_tls,
            masters=("127.0.0.1", OTHER_MASTER),
        )
        with started(made):
            yield Whole(made, host, master_port)


@pytest.fixture(scope="module")
def token(gateway: Gateway) -> dict[str, str]:
    return gateway.token()


def _kill_tasks(folder: Path) -> None:
    for pid in processes_with(f"MESOS_SANDBOX={folder}"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def test_an_app_is_started_looked_at_and_used_through_the_gateway(gateway: Gateway, token: dict[str, str]) -> None:
    agents = wait_for(lambda: gateway.get("/mesos/slaves", token).json["slaves"], 60, "the agent")
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
    for path in ("agent", "slave"):
        assert gateway.get(f"/{path}/{agent_id}/state.json", token).json["id"] == agent_id
    sandbox = gateway.get(f"/agent/{agent_id}/state", token).json["frameworks"][0]["executors"][0]["directory"]
    read = gateway.get(f"/agent/{agent_id}/files/read?path={sandbox}/index.html&offset=0", token)
    assert read.json["data"] == "hello\n"
    assert gateway.get("/service/marathon/v2/info", token).json["name"] == "marathon"
    assert gateway.get("/marathon/v2/apps//web", token).json["app"]["tasksRunning"] == 1

    def health() -> set[tuple[str, int]]:
        nodes = gateway.get("/system/health/v1/nodes", token).json["nodes"]
        return {(node["role"], node["health"]) for node in nodes}

    wanted = {("master", 0), ("master", 1), ("agent", 0)}
    wait_for(lambda: health() == wanted, 60, "the health of all")  # on a busy host one may answer too late at first
    assert gateway.ask("DELETE", "/marathon/v2/apps//web", token).status == 200


def test_a_framework_is_torn_down_by_a_user_and_not_by_another_sites_page(whole: Whole, token: dict[str, str]) -> None:
    gateway = whole.gateway
    framework = Subscription(whole.master_port, basic("spark", "hush"), name="goes", failover_timeout=600.0)

    def torn(headers: dict[str, str]) -> int:
        form = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        return int(gateway.ask("POST", "/mesos/teardown", form, f"frameworkId={framework.id}".encode()).status)

    def is_there() -> bool:
        return framework.id in {one["id"] for one in gateway.get("/mesos/frameworks", token).json["frameworks"]}

    with contextlib.closing(framework):
        assert torn({}) == 401
        cookie = {"Cookie": f"dcos-acs-auth-cookie={token['Authorization'].removeprefix('token=')}"}
        assert torn({**cookie, "Origin": "https://elsewhere.example"}) == 401
        assert is_there()
        own = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site", **basic("admin", PASSWORD)}
        body = f"frameworkId={framework.id}"
        connection = http.client.HTTPConnection("127.0.0.1", whole.master_port, timeout=240)
        connection.request("POST", "/teardown", body, own)
        assert connection.getresponse().status == 403, "nor at the master's own port"
        connection.close()
        assert is_there()
        assert torn(token) == 200
        assert not is_there()


# --- passwords at the master's own port ---


def test_a_flood_of_wrong_passwords_keeps_out_neither_right_ones_from_elsewhere_nor_tokens(
    whole: Whole, token: dict[str, str]
) -> None:
    over = threading.Event()
    refused: list[tuple[int, str | None]] = []

    def flood(number: int) -> None:
        for guess in itertools.count():
            if over.is_set():
                return
            with contextlib.suppress(OSError, http.client.HTTPException):
                refused.append(_state(whole, "127.0.0.1", basic("admin", f"wrong {number} {guess}")))
            over.wait(0.05)

    threads = [threading.Thread(target=flood, args=(number,), daemon=True) for number in range(20)]
    for thread in threads:
        thread.start()
    try:
        wait_for(lambda: {401, 429} <= {status for status, _ in refused}, 60, "guesses that are wrong, and too many")
        assert _known(whole, "127.0.0.2", basic("admin", PASSWORD)) == 200
        for address in ("127.0.0.1", "127.0.0.2"):
            assert _known(whole, address, {"Authorization": f"token={whole.gateway.authority.token()}"}) == 200
    finally:
        over.set()
        for thread in threads:
            thread.join(240)
    # On a busy host the gateway may be late with its word on one of them: it is kept out, too.
    assert {status for status, _ in refused} - {503} == {401, 429}
    assert all(int(after or "0") > 0 for status, after in refused if status == 429)


def _known(whole: Whole, address: str, headers: dict[str, str]) -> int:
    """The status once the master was told who asks."""
    status: int = wait_for(lambda: (found := _state(whole, address, headers)[0]) != 503 and found, 60, "who asks")
    return status


def _state(whole: Whole, address: str, headers: dict[str, str]) -> tuple[int, str | None]:
    """Status and Retry-After of the master's plain port, asked from ``address``."""
    connection = http.client.HTTPConnection("127.0.0.1", whole.master_port, timeout=240, source_address=(address, 0))
    try:
        connection.request("GET", "/state-summary", headers=headers)
        response = connection.getresponse()
        return response.status, response.getheader("Retry-After")
    finally:
        connection.close()


# --- frameworks' own pages ---


@pytest.fixture
def subscribed(whole: Whole) -> Iterator[Callable[[str, str], None]]:
    """Frameworks of the real master, with a name and a ``webui_url`` each, for as long as the test takes."""
    with contextlib.ExitStack() as stack:

        def subscribe(name: str, url: str) -> None:
            framework = Subscription(whole.master_port, basic("spark", "hush"), name=name, webui_url=url)
            assert framework.status == 200, framework.text
            stack.callback(framework.close)
            stack.callback(framework.call, "TEARDOWN")

        yield subscribe


def test_a_framework_is_found_at_its_own_page(
    whole: Whole, token: dict[str, str], subscribed: Callable[[str, str], None]
) -> None:
    page = Backend(echo, ip=whole.host)
    with started(page):
        subscribed("chronos", f"http://{whole.host}:{page.port}/ignored")
        answer = wait_for(lambda: _answered(whole, "/service/chronos/x?y", token, 200), 60, "the framework's page")
        assert answer.json["target"] == "/x?y"
        assert not {"authorization", "cookie", "x-dcos-user"} & {name for name, _ in page.last["headers"]}


def test_a_service_that_does_not_exist_is_404(whole: Whole, token: dict[str, str]) -> None:
    answer = whole.gateway.get("/service/nothing-of-the-kind/", token)
    assert answer.status == 404
    assert "there is no service nothing-of-the-kind" in answer.json["description"]


def test_no_frameworks_page_leads_to_what_is_ours(
    whole: Whole, token: dict[str, str], subscribed: Callable[[str, str], None]
) -> None:
    urls = {
        "loopback": (f"http://127.0.0.1:{whole.master_port}", "own machine"),
        "other-loopback": ("http://127.3.4.5", "own machine"),
        "loopback-by-name": ("http://localhost:80", "own machine"),
        "loopback-in-six": ("http://[::1]:80", "own machine"),
        "mapped-loopback": ("http://[::ffff:127.0.0.1]:80", "own machine"),
        "loopback-as-number": ("http://2130706433:80", "own machine"),
        "unspecified": ("http://0.0.0.0:80", "own machine"),
        "unspecified-in-six": ("http://[::]:80", "own machine"),
        "link-local": ("http://169.254.169.254/latest", "not one of a machine"),
        "link-local-in-six": ("http://[fe80::1]:80", "not one of a machine"),
        "multicast": ("http://224.0.0.1:80", "not one of a machine"),
        "broadcast": ("http://255.255.255.255:80", "not one of a machine"),
        "master": (f"http://{OTHER_MASTER}:5050", "masters run no services"),
        "ssh": (f"http://{whole.host}:22", "do not use the port 22"),
        "agent": (f"http://{whole.host}:5051", "do not use the port 5051"),
        "agent-tls": (f"https://{whole.host}:5052", "do not use the port 5052"),
        "other-scheme": (f"ftp://{whole.host}:21", "not an http or https address"),
        "with-a-user": (f"http://a:b@{whole.host}:21", "not an http or https address"),
    }
    for name, (url, _) in urls.items():
        subscribed(name, url)
    for name, (_, words) in urls.items():
        wait_for(lambda name=name: whole.gateway.get(f"/service/{name}/", token).status != 404, 60, f"{name} is known")  # type: ignore[misc]  # mypy infers no lambda with a default
        answer = whole.gateway.get(f"/service/{name}/", token)
        assert answer.status in (502, 503), name
        assert words in answer.json["description"], name


def _answered(whole: Whole, path: str, token: dict[str, str], status: int) -> house.Answer | None:
    answer = whole.gateway.get(path, token)
    return answer if answer.status == status else None
