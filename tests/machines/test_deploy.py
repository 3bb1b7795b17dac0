"""Deploying for real again: nothing changes twice, operators are kept apart, errors are reported and repaired."""

from __future__ import annotations

import pytest

from dcos_installer.plan import lock
from tests.support.daemons.byhand import wait_for
from tests.support.machines.deployed import Deployed
from tests.support.machines.deploying import applied, events

pytestmark = pytest.mark.machines

LOCKED = 3


def test_a_second_deploy_changes_nothing_and_says_so(cluster: Deployed) -> None:
    before = {name: cluster.ssh(name, _LOOK) for name in cluster.hosts}
    run_events = events(cluster, "deploy")
    assert [event for event in run_events if event["kind"].startswith("change-")] == []
    assert run_events[-1]["text"].startswith("nothing to change")
    assert {name: cluster.ssh(name, _LOOK) for name in cluster.hosts} == before


_LOOK = (
    "readlink /opt/dcos/active; ls -la --time-style=full-iso /opt/dcos/generations /opt/dcos/packages; "
    "systemctl show --property=InvocationID 'dcos-*'; find /etc/systemd/system /etc/sysctl.d -newer /opt/dcos/active"
)


def test_a_plan_of_a_deployed_cluster_is_empty(cluster: Deployed) -> None:
    assert "nothing to change" in cluster.installer("plan").stdout


def test_an_operator_on_another_host_is_waited_for_until_unlocked(cluster: Deployed) -> None:
    master = cluster.remote(cluster.masters[0])
    other = lock.LockHolder("r", "bob", "elsewhere", "id@elsewhere", 7, 0.0, cluster.spec.cluster_id, "deploy")
    assert lock.take(master, other) is None
    switched = cluster.installer("power-off", cluster.agents[0])
    assert switched.returncode == 3 and "bob on elsewhere" in switched.stderr and "--ignore-lock" in switched.stderr
    refused = cluster.installer("deploy")
    assert refused.returncode == LOCKED
    assert "bob on elsewhere (process 7, dcos-installer deploy) since 1970-01-01 00:00:00 UTC" in refused.stderr
    assert "bob on elsewhere" in cluster.installer("unlock").stdout
    assert events(cluster, "deploy")[-1]["kind"] == "run-finished"


def test_status_tells_what_is_wrong(cluster: Deployed) -> None:
    agent = cluster.agents[0]
    cluster.ssh(agent, "systemctl stop dcos-agent")
    try:
        output = cluster.installer("status")
        assert output.returncode == 1
        assert f"problem: {agent}: dcos-agent.service is inactive" in output.stdout
    finally:
        cluster.ssh(agent, "systemctl start dcos-agent")
    wait_for(lambda: cluster.registered(cluster.address(agent)), 90, "the agent's return")
    assert "all is well" in cluster.told_well()


def test_a_unit_that_was_stopped_by_hand_is_started_by_the_next_deploy(cluster: Deployed) -> None:
    agent = cluster.agents[0]
    cluster.ssh(agent, "systemctl stop dcos-agent")
    run_events = events(cluster, "deploy")
    assert applied(run_events) == {agent}
    assert cluster.registered(cluster.address(agent))


def test_the_operators_own_ansible_set_up_has_no_say(cluster: Deployed, monkeypatch: pytest.MonkeyPatch) -> None:
    configuration = cluster.home / "ansible.cfg"
    configuration.write_text("[defaults]\nremote_user=nobody\nforks=bad\n")
    misleading = {"ANSIBLE_CONFIG": str(configuration), "ANSIBLE_REMOTE_USER": "nobody", "ANSIBLE_STRATEGY": "debug"}
    environment = {**cluster.environment, **misleading}
    monkeypatch.setattr(Deployed, "environment", property(lambda self: environment))
    assert events(cluster, "deploy")[-1]["text"].startswith("nothing to change")
