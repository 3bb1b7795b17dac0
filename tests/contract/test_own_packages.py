"""Every package of our own, installed, used, changed and removed with the `dcos` command: by hand, without network."""

from __future__ import annotations

import base64
import http.client
import io
import json
import socket
import ssl
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest

from dcos_universe.data import data_root
from dcos_universe.reading import read, revisions
from tests.support.cosmos.cluster import packaged
from tests.support.cosmos.shell import Shell
from tests.support.daemons.byhand import PATIENCE, PROGRAMS, ask, free_port, wait_for
from tests.support.documented import all_fences
from tests.support.universe.pairs import pair


def get(port: int, path: str = "/", method: str = "GET", body: Any = None, **headers: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30 * PATIENCE)
    try:
        data = None if body is None else json.dumps(body)
        connection.request(method, path, data, headers | ({"Content-Type": "application/json"} if data else {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def says(shell: Shell, app: str, text: object) -> None:
    """A task runs as soon as its command does: its program listens a little later."""
    wait_for(lambda: get(shell.port(app))[1].strip() == text, 60, f"{text} as the page of {app}")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    ours = [read(folder).entry for folder in sorted(revisions(data_root()))]
    with packaged(tmp_path_factory.mktemp("own"), *ours) as here:
        yield Shell(here)


def test_hello_world_is_installed_upgraded_taken_back_and_removed(shell: Shell) -> None:
    options = {"greeting": 'good "day" \\ {{x}} $(id)', "service": {"name": "greeter"}}
    found = shell.dcos("package", "install", "hello-world", "--package-version=1.0.0", "--yes", options=options)
    assert "/greeter runs" in found and "/service/NAME/" in found
    says(shell, "greeter", options["greeting"])
    plan = shell.dcos("package", "upgrade", "hello-world", "--plan")
    assert "hello-world 1.0.0 -> 1.1.0" in plan and '+ /env/INTERVAL: "10"' in plan
    assert "1.1.0" in shell.dcos("package", "upgrade", "hello-world", "--yes")
    says(shell, "greeter", options["greeting"])  # what was chosen is kept
    assert shell.app("greeter")["env"]["INTERVAL"] == "10"
    assert "1.1.0" in shell.dcos("package", "list", "hello-world")
    shell.dcos("package", "upgrade", "hello-world", "--package-version=1.0.0", "--yes")
    assert "INTERVAL" not in shell.app("greeter")["env"]
    assert "nothing of it is left" in shell.dcos("package", "uninstall", "hello-world", "--yes")
    shell.gone("greeter")


def test_static_server_serves_a_page_and_an_archive(shell: Shell) -> None:
    shell.dcos("package", "install", "static-server", "--yes")
    wait_for(lambda: "It works." in get(shell.port("static-server"))[1], 60, "its page")
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in (("site/index.html", b"from the archive"), ("site/deep/page.txt", b"deep")):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    shell.here.served.files["/site.tar.gz"] = out.getvalue()
    chosen = {"content": {"uri": f"{shell.here.served.url}/site.tar.gz"}}
    shell.dcos("package", "upgrade", "static-server", "--yes", options=chosen)
    wait_for(lambda: get(shell.port("static-server"))[1] == "from the archive", 60, "the archive's page")
    assert get(shell.port("static-server"), "/deep/page.txt")[1] == "deep"
    assert get(shell.port("static-server"), "/stdout")[0] == 404, "the sandbox itself is not served"
    shell.dcos("package", "uninstall", "static-server", "--yes")
    shell.gone("static-server")


def test_marathon_runs_apps_of_its_own_for_who_knows_its_secret(shell: Shell) -> None:
    master = shell.here.cluster.master.url
    options = {
        "mesos": {"master": master.removeprefix("http://")},
        "marathon": {"program": str(PROGRAMS / "dcos-marathon")},
    }
    shell.dcos("package", "install", "marathon", "--yes", options=options)
    port = shell.port("marathon-user")
    wait_for(lambda: get(port, "/v2/apps")[0] == 401, 60, "an init that wants to know who asks")
    (known,) = json.loads(shell.dcos("task", "log", "marathon-user", "api-credentials.json"))["credentials"]
    basic = base64.b64encode(f"{known['principal']}:{known['secret']}".encode()).decode()
    app = {"id": "/inner", "cmd": "exec sleep 1000", "cpus": 0.1, "mem": 32}
    add = lambda: get(port, "/v2/apps", "POST", app, Authorization=f"Basic {basic}")[0]  # noqa: E731
    wait_for(lambda: add() in (201, 409), 60, "an app of its own")

    def runs() -> bool:
        inner = json.loads(get(port, "/v2/apps/inner", Authorization=f"Basic {basic}")[1])["app"]
        return bool(inner["tasksRunning"] == 1)

    wait_for(runs, 60, "an app of the second init")
    assert "inner" in shell.dcos("ps")

    def frameworks() -> list[str]:
        return [one["id"] for one in ask(f"{master}/state")[1]["frameworks"] if one["name"] == "marathon-user"]

    (first,) = frameworks()
    shell.dcos("package", "upgrade", "marathon", "--yes", options={"service": {"mem": 300}})
    # What it knew is lost with its sandbox, so the framework before has gone, with its apps.
    wait_for(
        lambda: len(frameworks()) == 1 and first not in frameworks(), 60, "the framework of the new instance alone"
    )
    wait_for(lambda: "inner" not in shell.dcos("ps"), 60, "the end of the former one's apps")
    shell.dcos("package", "uninstall", "marathon", "--yes")
    shell.gone("marathon-user")
    wait_for(lambda: frameworks() == [], 60, "the end of the second init's framework and its apps")
    assert "inner" not in shell.dcos("ps")


def test_load_balancer_leads_to_an_app_that_asks_for_it(shell: Shell) -> None:
    port = free_port()
    secure = free_port()
    own = pair("page.example.test")
    shell.here.served.files["/own.pem"] = f"{own.certificate}\n{own.key}\n".encode()
    certificate = f"{shell.here.served.url}/own.pem"
    balancer = {"http-port": port, "https-port": secure, "certificate-uri": certificate}
    options = {"init": {"urls": shell.here.cluster.marathon.url}, "balancer": balancer}
    shell.dcos("package", "install", "load-balancer", "--yes", options=options)
    page = {"balanced": {"group": "external", "hosts": "page.example.test"}, "content": {"index": "balanced"}}
    shell.dcos("package", "install", "static-server", "--yes", options=page)
    wait_for(lambda: get(port, Host="page.example.test")[1].strip() == "balanced", 60, "the page behind the balancer")
    context = ssl.create_default_context(cadata=own.certificate)
    with socket.create_connection(("127.0.0.1", secure), timeout=30 * PATIENCE) as plain:
        connection = http.client.HTTPConnection("page.example.test", secure)
        connection.sock = context.wrap_socket(plain, server_hostname="page.example.test")
        connection.request("GET", "/")
        assert connection.getresponse().read().strip() == b"balanced"
        connection.close()
    other = free_port()
    shell.dcos("package", "upgrade", "load-balancer", "--yes", options={"balancer": {"http-port": other}})
    wait_for(lambda: get(other, Host="page.example.test")[1].strip() == "balanced", 60, "the page at the other port")
    for name in ("load-balancer", "static-server"):
        shell.dcos("package", "uninstall", name, "--yes")
        shell.gone(name)


def test_the_commands_of_the_page_do_what_it_says(shell: Shell) -> None:
    fences = [one.text for one in all_fences() if one.document == "docs/cli.md" and "dcos package" in one.text]
    assert len(fences) == 2
    shell.here.served.files["/again/repo"] = shell.here.served.files["/repo"]
    for text in fences:
        shell.script(text.replace("https://198.18.0.11/repo", f"{shell.here.served.url}/again/repo"))
