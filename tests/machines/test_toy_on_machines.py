"""A service is one folder, for real: a toy is deployed to a cluster, asked through its gateway, and removed."""

from __future__ import annotations

import hashlib
import http.client
import json
import shutil
import ssl
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.daemons.byhand import wait_for
from tests.support.installer.toy_service import add_toy, toy_ports
from tests.support.machines.deployed import GATEWAY, Deployed
from tests.support.machines.deploying import applied, events

pytestmark = pytest.mark.machines

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("dcos_runtime", "images", "installer", "inventories", "roles", "universe")


@dataclass
class FromTree(Deployed):
    """The same cluster, worked on by an installer in another folder."""

    tree: Path = ROOT

    @property
    def environment(self) -> dict[str, str]:
        paths = (self.tree, self.tree / "installer", self.tree / "images", self.tree / "universe")
        return {**super().environment, "PYTHONPATH": ":".join(map(str, paths))}


@contextmanager
def with_toy(cluster: Deployed, folder: Path) -> Iterator[FromTree]:
    """An installer that has one folder more. Afterwards the cluster is as it was, whatever happened."""
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    add_toy(folder / "roles")
    try:
        yield FromTree(cluster.inventory, cluster.home, tree=folder)
    finally:
        done = cluster.installer("deploy")
        assert done.returncode == 0, done.stdout + done.stderr


def asked(cluster: Deployed, path: str, *, token: bool = True) -> tuple[int, Any]:
    """The gateway's answer to the operator's `dcos` command, or to a stranger."""
    (settings,) = (cluster.home / "client" / "clusters").glob("*/dcos.toml")
    core = tomllib.loads(settings.read_text())["core"]
    context = ssl.create_default_context(cafile=core["ssl_verify"])
    connection = http.client.HTTPSConnection(cluster.address(cluster.masters[0]), GATEWAY, timeout=240, context=context)
    try:
        connection.request("GET", path, headers={"Authorization": f"token={core['dcos_acs_token']}"} if token else {})
        response = connection.getresponse()
        text = response.read().decode()
        return response.status, json.loads(text) if text.startswith(("{", "[")) else text
    finally:
        connection.close()


def well(told: tuple[int, Any]) -> Any:
    """The unit as it is told of, if it is well: a busy host may be late with a look at it."""
    status, unit = told
    return unit if status == 200 and unit["health"] == 0 else None


def test_a_toy_is_deployed_by_one_folder_asked_through_the_gateway_and_gone_with_it(
    cluster: Deployed, tmp_path: Path
) -> None:
    master, state = cluster.masters[0], cluster.state_folder
    with with_toy(cluster, tmp_path / "tree") as toyed:
        ports = toy_ports(toyed.tree / "roles")
        planned = toyed.installer("plan")
        assert planned.returncode == 0 and "start dcos-toy.service" in planned.stdout, planned.stdout + planned.stderr
        # Agents as well: none of their tasks gets the toy's ports.
        assert applied(events(toyed, "deploy")) == set(cluster.hosts)
        word = json.loads((state.secrets / "services.json").read_text())["toy-word"]
        wanted = {"sha256": hashlib.sha256(word.encode()).hexdigest(), "user": "admin"}
        assert asked(cluster, "/toy/word") == (200, wanted)
        assert asked(cluster, "/toy/health") == (200, {"healthy": True})
        assert asked(cluster, "/toy/word", token=False)[0] == 401
        unit = wait_for(lambda: well(asked(cluster, "/system/health/v1/units/dcos-toy")), 60, "the toy's good health")
        assert unit["name"] == "DC/OS Toy"
        assert cluster.ssh(master, "ps -o user= -C python3 | grep -c dcos-toy") == "1"
        assert "nothing to change" in toyed.installer("plan").stdout

        # It dies: its gateways say so, and so does its operator.
        cluster.ssh(master, "systemctl stop dcos-toy")
        told = json.loads(toyed.installer("status", "--json").stdout)["data"]
        assert any(problem.startswith(f"the toy of {master} does not answer") for problem in told["problems"])
        assert asked(cluster, "/toy/health")[0] == 502

    # The folder is gone, and the next deploy took all of it away.
    either = "|".join(map(str, ports))
    look = "systemctl is-active dcos-toy; getent passwd dcos-toy; getent group dcos-toy;"
    look += f" ss -ltn | grep -E ':({either}) ';"
    look += " ls /etc/dcos-secrets | grep toy; ls /etc/systemd/system | grep toy; ls /opt/dcos/active/etc | grep toy;"
    look += f" nft list table inet dcos | grep -wE '{either}'; true"
    assert cluster.ssh(master, look) == "inactive"
    reserved = cluster.ssh(master, "sysctl -n net.ipv4.ip_local_reserved_ports").split(",")
    ranges = [tuple(map(int, part.split("-"))) for part in reserved]
    assert not [port for port in ports if any(one[0] <= port <= one[-1] for one in ranges)]
    assert cluster.ssh(master, "stat -c %U /var/lib/dcos/toy/started") == "root"
    assert asked(cluster, "/toy/health")[0] == 404
    assert asked(cluster, "/system/health/v1/units/dcos-toy")[0] == 404
    assert not list(state.secrets.rglob("toy.pem")) and "toy" not in (state.secrets / "services.json").read_text()
    cluster.ssh(master, "rm -r /var/lib/dcos/toy")
    assert json.loads(cluster.told_well("--json"))["data"]["problems"] == []
