"""Masters that are damaged or out of reach: named, put right, or left out, while the others carry the cluster."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Network

import pytest

from dcos_installer.providers.nspawn.network import port_for
from dcos_installer.providers.nspawn.options import network_of
from tests.support.daemons.byhand import wait_for
from tests.support.machines.several import Several

pytestmark = pytest.mark.machines

LEFT_OUT = 4

_DAMAGE = """\
systemctl stop dcos-zookeeper
for file in /var/lib/dcos/zookeeper/version-2/*; do head -c 3000 /dev/urandom > "$file"; done
systemctl start --no-block dcos-zookeeper
"""


@contextlib.contextmanager
def out_of_reach(several: Several, host: str) -> Iterator[None]:
    """Nobody reaches the machine: its cable is pulled on this host."""
    network: IPv4Network = network_of(several.spec.options)
    link = port_for(several.spec.cluster_id, host, several.address(host), network).host_side
    subprocess.run(["ip", "link", "set", "dev", link, "down"], check=True)
    try:
        yield
    finally:
        subprocess.run(["ip", "link", "set", "dev", link, "up"], check=True)


def test_whatever_the_operators_umask_machines_can_be_used_and_their_secrets_are_private(several: Several) -> None:
    for host in several.hosts:
        assert several.ssh(host, "stat -c %a / /etc /opt/dcos /var/lib/dcos /etc/dcos-secrets").split() == [
            *("755", "755", "755", "755", "711")
        ]
        assert several.ssh(host, "find /etc/dcos-secrets -type f -perm /077") == ""


_TAKEN = """\
systemctl stop dcos-zookeeper
chown root: /var/lib/dcos/zookeeper/version-2/*
chmod 600 /var/lib/dcos/zookeeper/version-2/*
systemctl start --no-block dcos-zookeeper
"""


def test_a_zookeeper_whose_files_became_roots_gets_them_back_and_keeps_its_data(several: Several) -> None:
    several.well()
    host = several.zookeeper("follower")[0]
    files = several.ssh(host, "ls -1 /var/lib/dcos/zookeeper/version-2")
    several.ssh(host, _TAKEN)
    output = [""]

    def named() -> bool:
        output[0] = several.installer("status").stdout
        return f"{host}: ZooKeeper may not use its own files" in output[0]

    wait_for(named, 180, "what is wrong, in the status")  # once it has tried to start
    assert "belongs to root, with mode 600" in output[0], output[0]
    done = several.installer("repair", host)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "their content was not changed" in done.stdout
    wait_for(lambda: several.zookeeper_mode(host) in ("follower", "leader"), 60, "its ZooKeeper")
    assert several.ssh(host, "find /var/lib/dcos/zookeeper ! -user dcos-zookeeper") == ""
    assert set(files.split()) <= set(several.ssh(host, "ls -1 /var/lib/dcos/zookeeper/version-2").split())
    assert several.ssh(host, "test ! -e /var/lib/dcos/zookeeper/damaged && echo none") == "none"


def test_a_damaged_zookeeper_is_named_and_learns_anew_from_the_others(several: Several) -> None:
    several.well()
    host = several.zookeeper("follower")[0]
    with several.zookeeper_client() as client:
        before = sorted(client.get_children("/dcos/mesos/agents"))
    several.ssh(host, _DAMAGE)
    output = [""]

    def named() -> bool:
        output[0] = several.installer("status").stdout
        return f"{host}: ZooKeeper's data is damaged" in output[0] and f" {host}\n" in output[0].replace("'", "")

    try:
        wait_for(named, 180, "the damage in the status")
    except AssertionError as error:
        several.installer("repair", host)  # the next test wants a whole cluster
        raise AssertionError(f"{error}\n{output[0]}") from None
    assert "dcos-installer repair" in output[0]
    refused = several.installer("repair", several.agents[0])
    assert refused.returncode == 1 and "is no master" in refused.stderr and "to resume" not in refused.stderr
    done = several.documented("repair", host)
    assert done.returncode == 0, done.stdout + done.stderr
    wait_for(lambda: several.zookeeper_mode(host) in ("follower", "leader"), 60, "its ZooKeeper")
    assert len(several.ssh(host, "ls -1 /var/lib/dcos/zookeeper/damaged").split()) == 1
    again = several.installer("repair", host)
    assert again.returncode == 0 and f"the ZooKeeper of {host} serves" in again.stdout
    several.well()
    with several.zookeeper_client() as client:
        assert sorted(client.get_children("/dcos/mesos/agents")) == before


def test_a_master_out_of_reach_keeps_no_agent_from_its_change(several: Several) -> None:
    several.well()
    leader = wait_for(several.leader, 60, "one that leads")
    gone = next(host for host in reversed(several.masters) if host != leader)
    agent = several.agents[-1]
    inventory = several.inventory.read_text()
    line = next(line for line in inventory.splitlines() if line.startswith(f"{agent} "))

    def attributes() -> object:
        agents = several.state()["slaves"]
        ours = [one for one in agents if one["hostname"] == several.address(agent) and one["active"]]
        return ours[0]["attributes"] if ours else None

    several.inventory.write_text(inventory.replace(line, f"{line} dcos_attributes=rack:r9"))
    try:
        with out_of_reach(several, gone):
            planned = several.installer("plan")
            assert planned.returncode == LEFT_OUT, planned.stdout + planned.stderr
            done = several.installer("deploy")
            assert done.returncode == LEFT_OUT, done.stdout + done.stderr
            assert f"{gone} could not be reached and is as before" in done.stdout
            wait_for(lambda: attributes() == {"rack": "r9"}, 60, "the agent's new attributes")
            shown = several.installer("status")
            assert shown.returncode == 1 and f"{gone} cannot be reached by SSH" in shown.stdout
    finally:
        several.inventory.write_text(inventory)
    several.well()
    back = several.installer("deploy")
    assert back.returncode == 0, back.stdout + back.stderr
    wait_for(lambda: attributes() == {}, 60, "the agent without them")
    several.well()
