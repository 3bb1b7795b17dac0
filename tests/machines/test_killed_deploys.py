"""Deploys that are killed, refused or out of room: each is resumed from, and destroyed the cluster leaves nothing."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest

from dcos_installer.plan import journal, lock
from tests.support.daemons.byhand import wait_for
from tests.support.installer.journals import cut_off
from tests.support.machines.deployed import Deployed
from tests.support.machines.deploying import (
    applied,
    destroy,
    events,
    operators_processes,
    running,
    traces,
    undeployed,
)

pytestmark = pytest.mark.machines

LOCKED = 3
INTERRUPTED = 130

SMALL = """\
[masters]
m1 ansible_host=198.18.243.11 dcos_mem=1536

[agents]
a1 ansible_host=198.18.243.21
a2 ansible_host=198.18.243.22 dcos_disk=600

[all:vars]
dcos_cluster_name=small
dcos_network=198.18.243.0/24
dcos_cpus=2
dcos_mem=768
dcos_disk=2048
"""


@pytest.fixture(scope="module")
def small() -> Iterator[Deployed]:
    """A cluster that is not deployed yet: a master and two agents, one of them with a small disk."""
    with undeployed("small", SMALL) as made:
        yield made


# The tests of this part build on each other: the cluster comes to be through all the ways in which a run can end.


def test_two_deploys_at_once_and_the_second_is_told_who_holds_the_lock(small: Deployed) -> None:
    with running(small, "deploy") as first:
        first.until("phase-started", phase="Make machines")
        second = small.installer("deploy")
        assert second.returncode == LOCKED
        assert f"(process {first.process.pid}, dcos-installer deploy) since 2" in second.stderr
        assert "unlock" in second.stderr
        first.until("change-finished", "create the machine")
        first.kill()


def test_a_deploy_killed_while_it_makes_machines_is_resumed(small: Deployed) -> None:
    assert cut_off(journal.read(small.state_folder.journal))
    with running(small, "deploy") as run:
        run.until("phase-started", phase="Gather facts")
        run.kill()
    assert {small.provider.inspect()[name].condition for name in small.hosts} == {"running"}


def test_what_a_machines_image_no_longer_holds_whole_is_uploaded_and_a_kill_leaves_no_half_of_it(
    small: Deployed,
) -> None:
    small.ssh("a1", "touch /usr/lib/dcos/packages/*/bin/dcos")
    with running(small, "deploy") as run:
        begun = run.until("change-started", "upload")
        assert begun["host"] == "a1"
        run.kill()
    assert small.ssh("m1", "ls /opt/dcos/packages 2>/dev/null", check=False) == ""


def test_a_host_without_python_stops_the_deploy_by_name_and_harms_nobody(small: Deployed) -> None:
    small.ssh("a1", "mkdir /root/kept && mv /usr/bin/python3* /root/kept")
    try:
        failed = small.installer("deploy")
        assert failed.returncode == 1
        assert "a1" in failed.stderr and "python3" in failed.stderr
        assert "to resume: dcos-installer deploy" in failed.stderr
        assert small.ssh("m1", "ls /opt/dcos/generations 2>/dev/null", check=False) == ""
    finally:
        small.ssh("a1", "mv /root/kept/python3* /usr/bin && rmdir /root/kept")


def test_ctrl_c_ends_a_run_tidily_and_says_how_to_resume(small: Deployed) -> None:
    with running(small, "deploy") as run:
        run.until("change-started", "apply its first generation")
        run.process.send_signal(signal.SIGINT)
        _, said = run.process.communicate(timeout=1200)
    assert run.process.returncode == INTERRUPTED
    assert "interrupted" in said and "to resume: dcos-installer deploy" in said
    assert lock.shown(small.remote("m1")) is None
    # What Ansible had started for this run is gone with it; the machines themselves go on.
    wait_for(lambda: not operators_processes(small), 60, "the end of the operator's processes")


def test_a_deploy_killed_while_it_changes_hosts_tells_the_next_where(small: Deployed) -> None:
    small.ssh("a1", "rm -rf /opt/dcos")  # whatever the interrupted run still brought there
    with running(small, "deploy") as run:
        begun = run.until("change-started", " generation")
        run.kill()
    cut = journal.under_way(journal.read(small.state_folder.journal))
    assert (begun["phase"], begun["text"]) in {(record.phase, record.step) for record in cut}


def test_a_deploy_after_all_these_kills_ends_well_and_gives_the_lock_back(small: Deployed) -> None:
    told = events(small, "deploy")
    where = ("was interrupted in 'Start coordination'", "was interrupted in 'Change agents'")
    assert any(one in event.get("text", "") for event in told for one in where)
    assert told[-1]["kind"] == "run-finished"
    wait_for(lambda: all(small.registered(small.address(name)) for name in small.agents), 60, "the agents")
    assert lock.shown(small.remote("m1")) is None
    assert not cut_off(journal.read(small.state_folder.journal))
    status = json.loads(small.told_well("--json"))["data"]
    assert status["problems"] == []
    assert {host["generation"] for host in status["hosts"]} == {"1"}


def test_a_full_disk_on_one_machine_fails_there_alone_and_is_resumed_from(small: Deployed) -> None:
    text = small.inventory.read_text()
    added = small.dcos("marathon", "app", "add", stdin=json.dumps({"id": "/kept", "cmd": "sleep 10000", "cpus": 0.1}))
    assert added.returncode == 0, added.stderr

    def running() -> list[str]:
        tasks = small.marathon("/v2/apps/kept/tasks")["tasks"]
        return [task["id"] for task in tasks if task["state"] == "TASK_RUNNING"]

    before = wait_for(running, 60, "the app")
    small.fill_disk("a2")
    small.inventory.write_text(text + "\n[agents:vars]\ndcos_attributes=disk:ssd\n")
    try:
        failed = small.installer("deploy")
        assert failed.returncode == 1
        assert "a2: no space left" in failed.stderr
        assert "a1:" not in failed.stderr
        generations = {name: small.ssh(name, "basename $(readlink /opt/dcos/active)") for name in small.agents}
        assert generations == {"a1": "2", "a2": "1"}
        wait_for(lambda: all(small.registered(small.address(name)) for name in small.agents), 60, "the agents")
        assert wait_for(running, 60, "the app") == before
    finally:
        small.free_disk("a2")
    told = events(small, "deploy")
    assert applied(told) == {"a2"}
    agents = {agent["hostname"]: agent["attributes"] for agent in small.master("/slaves")["slaves"]}
    assert {attributes.get("disk") for attributes in agents.values()} == {"ssd"}
    assert running() == before


def test_a_change_that_no_deploy_can_make_is_refused_before_anything_is_done(small: Deployed) -> None:
    text = small.inventory.read_text()
    small.inventory.write_text(text.replace("a1 ansible_host=198.18.243.21\n", ""))
    try:
        refused = small.installer("deploy")
        assert refused.returncode == 1
        assert "a1 belongs to it, and is not in the inventory any more" in refused.stderr
    finally:
        small.inventory.write_text(text)


def test_destroy_leaves_this_host_as_it_was(small: Deployed) -> None:
    short_id = small.state_folder.cluster_id[:8]
    before = traces(short_id)
    assert all(before.values()), before
    destroy(small)
    assert {kind: found for kind, found in traces(short_id).items() if found} == {}
    assert "nothing to destroy" in destroy(small)
    assert [path.name for path in (small.home / "state" / "dcos").iterdir()] == ["by-inventory"]
    assert list((small.home / "client" / "clusters").iterdir()) == []
