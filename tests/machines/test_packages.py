"""Every package of our own on machines that reach nothing but each other: installed, used, upgraded and removed."""

from __future__ import annotations

import http.client
import json
import secrets
import shlex
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dcos_universe.data import data_root
from tests.support.daemons.byhand import wait_for
from tests.support.machines.deployed import Deployed

pytestmark = pytest.mark.machines

NEXT = "99.0.0"


def done(cluster: Deployed, *words: str, options: Any = None) -> str:
    """What `dcos` prints of which nothing may fail."""
    given = ["--options=-"] if options is not None else []
    result = cluster.dcos(*words, *given, stdin=None if options is None else json.dumps(options))
    assert result.returncode == 0, f"{words}: {result.stdout}{result.stderr}"
    return result.stdout + result.stderr


@pytest.fixture(scope="module")
def shop(cluster: Deployed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The cluster, with our own packages published to its first master, which serves them to the package manager."""
    folder, master = tmp_path_factory.mktemp("packages"), cluster.masters[0]
    ssh = folder / "ssh.config"
    ssh.write_text(cluster.documented("ssh-config").stdout)
    universe("build", str(with_next_versions(folder / "source")), str(folder / "tree"))
    place = f"ssh://root@{cluster.address(master)}/var/lib/dcos/repository"
    universe("publish", "--ssh-config", str(ssh), str(folder / "tree"), place)
    done(cluster, "package", "repo", "add", "own", f"http://{cluster.address(master)}:7075/repo")
    try:
        yield cluster
    finally:
        cluster.dcos("package", "repo", "remove", "own")
        cluster.ssh(master, "rm -rf /var/lib/dcos/repository/*", check=False)


def with_next_versions(source: Path) -> Path:
    """Our own packages, those of one revision with a second one to upgrade to."""
    shutil.copytree(data_root() / "packages", source / "packages")
    for home in (source / "packages").glob("?/*"):
        revisions = [one for one in home.iterdir() if one.name.isdecimal()]
        if len(revisions) == 1:
            later = shutil.copytree(revisions[0], home / str(int(revisions[0].name) + 1))
            package = json.loads((later / "package.json").read_text())
            package |= {"version": NEXT, "upgradesFrom": ["*"], "downgradesTo": ["*"]}
            (later / "package.json").write_text(json.dumps(package))
    return source


def upgraded(cluster: Deployed, name: str) -> None:
    """Upgrades the package, and returns when its app is of the new version and no deployment is under way."""
    done(cluster, "package", "upgrade", name, "--yes")
    wait_for(lambda: json.loads(done(cluster, "marathon", "deployment", "list", "--json")) == [], 120, "its deployment")
    assert NEXT in done(cluster, "package", "list")


def test_each_package_has_its_test() -> None:
    names = {path.name for path in (data_root() / "packages").glob("?/*")}
    assert names == {"hello-world", "load-balancer", "marathon", "static-server"}, "and here is a test of each"


def universe(*words: str) -> None:
    program = Path(sys.executable).with_name("dcos-universe")
    result = subprocess.run([program, *words], capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, f"{words}: {result.stdout}{result.stderr}"


@pytest.fixture(scope="module")
def principal(shop: Deployed) -> Iterator[dict[str, str]]:
    """A user of the cluster, for what asks kernel and init."""
    password = secrets.token_urlsafe(18)
    assert through_gateway(shop, "/acs/api/v1/users/packages", "PUT", {"password": password})[0] == 201
    try:
        yield {"principal": "packages", "secret": password}
    finally:
        through_gateway(shop, "/acs/api/v1/users/packages", "DELETE")


def through_gateway(cluster: Deployed, path: str, method: str = "GET", body: Any = None) -> tuple[int, str]:
    token = done(cluster, "config", "show", "core.dcos_acs_token").strip()
    trusted = ssl.create_default_context(cafile=done(cluster, "config", "show", "core.ssl_verify").strip())
    connection = http.client.HTTPSConnection(cluster.address(cluster.masters[0]), 443, timeout=240, context=trusted)
    try:
        headers = {"Authorization": f"token={token}", "Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_a_package_is_installed_upgraded_and_removed(shop: Deployed) -> None:
    done(shop, "package", "install", "hello-world", "--package-version=1.0.0", "--yes", options={"greeting": "moin"})
    wait_for(lambda: through_gateway(shop, "/service/hello-world/") == (200, "moin\n"), 60, "its page")
    done(shop, "package", "upgrade", "hello-world", "--yes")
    wait_for(
        lambda: through_gateway(shop, "/service/hello-world/") == (200, "moin\n"), 60, "its page after the upgrade"
    )
    assert "1.1.0" in done(shop, "package", "list")
    done(shop, "package", "uninstall", "hello-world", "--yes")
    assert "hello-world" not in done(shop, "package", "list") + done(shop, "marathon", "app", "list")


def test_a_load_balancer_leads_to_a_static_server(shop: Deployed, principal: dict[str, str]) -> None:
    first = "--package-version=1.0.0"
    done(shop, "package", "install", "load-balancer", first, "--yes", options={"init": principal})
    page = {"balanced": {"group": "external", "hosts": "page.example.test"}, "content": {"index": "balanced"}}
    done(shop, "package", "install", "static-server", first, "--yes", options=page)

    def asked() -> str:
        (task,) = json.loads(done(shop, "marathon", "app", "show", "load-balancer"))["tasks"]
        request = f"'http://{task['host']}:9080/', headers=dict(Host='page.example.test')"
        script = shlex.quote(f"import urllib.request as u; print(u.urlopen(u.Request({request}), timeout=60).read())")
        return shop.ssh(shop.masters[0], f"python3 -c {script}", check=False)

    wait_for(lambda: "balanced" in asked(), 90, "the page behind the balancer")
    for name in ("static-server", "load-balancer"):
        upgraded(shop, name)
        wait_for(lambda: "balanced" in asked(), 90, "the page after an upgrade")
    for name in ("static-server", "load-balancer"):
        done(shop, "package", "uninstall", name, "--yes")
    assert "HAPROXY" not in done(shop, "marathon", "app", "list", "--json")


def test_a_second_init_runs_apps_on_the_first(shop: Deployed, principal: dict[str, str]) -> None:
    # Without a ZooKeeper of its own the upgraded one is another framework, and the former ends by its timeout.
    options = {"mesos": principal, "marathon": {"failover-timeout": 1}}
    done(shop, "package", "install", "marathon", "--package-version=1.0.0", "--yes", options=options)
    wait_for(lambda: shop.frameworks_connected("marathon-user"), 60, "the second init's framework")
    (known,) = json.loads(done(shop, "task", "log", "marathon-user", "api-credentials.json"))["credentials"]
    assert known["principal"] == "admin"
    assert through_gateway(shop, "/service/marathon-user/ping")[0] == 200
    assert through_gateway(shop, "/service/marathon-user/v2/apps")[0] == 401, "the cluster's token is not its own"
    upgraded(shop, "marathon")
    wait_for(lambda: shop.frameworks_connected("marathon-user"), 60, "the upgraded init's framework")
    wait_for(lambda: through_gateway(shop, "/service/marathon-user/ping")[0] == 200, 60, "the upgraded init")
    done(shop, "package", "uninstall", "marathon", "--yes")
    wait_for(lambda: not shop.frameworks_connected("marathon-user"), 60, "the end of its framework")
