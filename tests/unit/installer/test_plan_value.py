"""Plans as values: shown, and assumed for machines that are yet to be made."""

from __future__ import annotations

from dcos_installer.ansible.assumed import assumed
from dcos_installer.machines import Carried
from dcos_installer.plan.compose import manifest
from dcos_installer.plan.plan import Change, HostPlan, Plan, summary
from tests.support.installer.folder_hosts import FACTS, a_manifest, a_spec, the_materials


def a_plan() -> Plan:
    spec = a_spec()
    made = manifest(spec, spec.host("a1"), FACTS, the_materials())
    restart = Change("unit", "dcos-agent.service", "restart", "etc/dcos-agent.env changed")
    return Plan(
        cluster=spec.cluster_id,
        hosts={
            "a1": HostPlan(
                manifest=made,
                changes=(Change("file", "etc/dcos-agent.env", "change"), restart),
                digest="d",
                generation=3,
            ),
            "a2": HostPlan(manifest=made, changes=(restart,), problems=("/usr/bin/java is missing",), digest="d"),
            "m1": HostPlan(manifest=made, digest="d", generation=1),
            "p1": assumed(manifest(spec, spec.host("p1"), FACTS, the_materials()), Carried()),
        },
    )


def test_a_plan_is_shown_host_by_host() -> None:
    shown = {name: list(summary(host.changes)) for name, host in a_plan().hosts.items()}
    assert shown["a1"] == [
        "change file etc/dcos-agent.env",
        "restart dcos-agent.service (etc/dcos-agent.env changed)",
    ]
    assert shown["a2"] == ["restart dcos-agent.service (etc/dcos-agent.env changed)"]
    assert shown["m1"] == []
    assert a_plan().changed == ("a1", "a2", "p1")


def test_for_a_new_machine_files_and_links_are_counted_unless_asked_for() -> None:
    changes = a_plan().hosts["p1"].changes
    short, long = list(summary(changes)), list(summary(changes, every_change=True))
    assert "start dcos-agent.service" in short
    assert any(line.startswith("add ") and line.endswith(" links") for line in short)
    assert "add file etc/dcos-agent.env" in long
    assert len(long) == len(changes)


def test_a_machine_yet_to_be_made_lacks_every_package() -> None:
    plan = a_plan().hosts["p1"]
    assert plan.absent
    assert plan.missing_packages == (plan.manifest.packages[0].folder,)


def test_an_empty_manifest_changes_nothing_but_the_generation() -> None:
    assert [str(change) for change in assumed(a_manifest(), Carried()).changes] == [
        "change manifest h1 (first generation)"
    ]
