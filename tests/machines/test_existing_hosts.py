"""Hosts that are there already: deployed to over the operator's own SSH, and left as they were found."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.machines.deployed import DEADLINE, PROGRAMS, Deployed
from tests.support.machines.deploying import events
from tests.support.machines.nspawn_lab import Lab, cluster, done, lab, needs_machines, orders

pytestmark = [pytest.mark.machines, needs_machines]

INVENTORY = """\
[masters]
m1 ansible_host=198.18.244.11

[agents]
a1 ansible_host=198.18.244.12

[all:vars]
dcos_provider=static
dcos_operator_networks=198.18.244.1
ansible_ssh_private_key_file={key}
"""

_LOOK = """
find /etc /usr/local /opt /var/lib ! -path '/var/lib/systemd/*' ! -path '/etc/*-' -printf '%p %y %l %u %m\\n' | sort
nft list tables
cut -d: -f1 /etc/passwd
systemctl list-unit-files --no-legend 'dcos-*'
"""
"""Besides: useradd's own backups (/etc/passwd-), and kernel settings, which the next boot takes back."""


class KnownToSsh(Deployed):
    """An operator whose system-wide known_hosts names the hosts: in a view of /etc/ssh that only the command has."""

    def run(
        self, program: str, *words: str, stdin: str | None = None, timeout: float = DEADLINE
    ) -> subprocess.CompletedProcess[str]:
        view = 'mount --bind "$1" /etc/ssh && shift && exec "$@"'
        argv = [
            "unshare",
            "--mount",
            "sh",
            "-c",
            view,
            "-",
            str(self.home / "etc-ssh"),
            str(PROGRAMS / program),
            *words,
        ]
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=timeout, env=self.environment, stdin=subprocess.DEVNULL
        )


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """Two machines that were not made by a deploy."""
    with lab(cluster(244, "m1", "a1"), tmp_path_factory.mktemp("lab")) as made:
        done(made.provider.create(orders(made.spec.hosts)))
        yield made


@pytest.fixture(scope="module")
def existing(machines: Lab, tmp_path_factory: pytest.TempPathFactory) -> KnownToSsh:
    home = tmp_path_factory.mktemp("operator")
    target = machines.provider.ssh(machines.spec.host("m1"))
    shutil.copytree("/etc/ssh", home / "etc-ssh")
    inventory = home / "existing.ini"
    inventory.write_text(INVENTORY.format(key=target.identity_file))
    return KnownToSsh(inventory, home)


# These tests build on each other: one cluster from its first deploy to its end.


def test_a_host_whose_key_is_unknown_is_not_talked_to(existing: KnownToSsh) -> None:
    refused = existing.installer("deploy")
    assert refused.returncode == 1
    assert "m1 cannot be reached by SSH at 198.18.244.11" in refused.stderr
    assert "check it, then put it into known_hosts" in refused.stderr


def test_existing_hosts_become_a_cluster_and_then_what_they_were(existing: KnownToSsh, machines: Lab) -> None:
    known = machines.provider.ssh(machines.spec.host("m1")).known_hosts_file
    assert known is not None
    (existing.home / "etc-ssh" / "ssh_known_hosts").write_text(Path(known).read_text())
    for name in ("m1", "a1"):  # what they do by the day (apt's lists, old files) is not of this test
        machines.ssh(name, "systemctl stop '*.timer'")
    before = {name: machines.ssh(name, _LOOK).stdout for name in ("m1", "a1")}
    assert events(existing, "deploy")[-1]["kind"] == "run-finished"
    assert events(existing, "deploy")[-1]["text"].startswith("nothing to change")
    status = existing.told_well()
    assert "all is well" in status and status.count("reachable") == 2
    refused = existing.installer("reboot", "a1")
    assert refused.returncode == 1 and "switch it by its own means" in refused.stderr

    destroyed = existing.installer("destroy", "--yes", "--purge")
    assert destroyed.returncode == 0, destroyed.stderr
    after = {name: machines.ssh(name, _LOOK).stdout for name in ("m1", "a1")}
    for name in before:
        assert set(after[name].splitlines()) ^ set(before[name].splitlines()) == set()
    assert existing.installer("destroy", "--yes").stdout == "nothing to destroy\n"


def test_destroy_keeps_the_state_of_existing_hosts_unless_purged(existing: KnownToSsh, machines: Lab) -> None:
    events(existing, "deploy")
    cluster_id = existing.state_folder.cluster_id
    destroyed = existing.installer("destroy", "--yes")
    assert destroyed.returncode == 0, destroyed.stderr
    assert (
        machines.ssh("m1", "ls /var/lib/dcos/zookeeper /var/lib/dcos/master; ls /opt/dcos", check=False).returncode != 0
    )
    assert "zookeeper" in machines.ssh("m1", "ls /var/lib/dcos").stdout
    assert "agent" in machines.ssh("a1", "ls /var/lib/dcos").stdout
    assert not (existing.home / "client" / "clusters" / cluster_id).exists()
