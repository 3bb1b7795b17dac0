"""Machines whose addresses are known after creation: planned without, deployed with them, made once whatever crashes.

The cloud is a folder (`tests.support.providers.late`), its machines are folders; phases and engine are real, and so
is Ansible where all that a deploy lays down is looked at.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from cryptography import x509

from dcos_installer import machine_records, recovery
from dcos_installer.ansible.connection import Connection
from dcos_installer.commands import destroy_phases, plan_phases
from dcos_installer.config.late_addresses import is_stand_in, stood_in_for, unknown
from dcos_installer.config.model import ClusterSpec
from dcos_installer.phases.acquire_lock import AcquireLock
from dcos_installer.phases.build_bundle import BuildBundle
from dcos_installer.phases.build_plan import BuildPlan
from dcos_installer.phases.converge import ConvergeAgents, ConvergeCoordination, ConvergeMasters
from dcos_installer.phases.gather_facts import GatherFacts
from dcos_installer.phases.kit.base import HostsFailed, Phase
from dcos_installer.phases.make_secrets import MakeSecrets
from dcos_installer.phases.manager import run_phases
from dcos_installer.phases.provision_machines import MasterMoved, ProvisionMachines
from dcos_installer.phases.release_lock import ReleaseLock
from dcos_installer.phases.upload_bundle import UploadBundle
from dcos_installer.phases.validate_facts import ValidateFacts
from dcos_installer.phases.write_client_config import WriteClientConfig
from dcos_installer.plan.journal import Journal
from dcos_installer.providers import registry
from dcos_installer.providers.base import Condition, failed
from dcos_installer.secrets import load as load_secrets
from dcos_installer.snapshot import impossible_changes, last_spec
from dcos_installer.spec import load_spec
from dcos_installer.state import open_state
from tests.support.installer.cheap_roots import cheap_roots
from tests.support.installer.pretended import PretendedContext, pretend, texts
from tests.support.installer.small_engine import Preflight, SmallBundle
from tests.support.installer.straight import straight
from tests.support.providers.late.cloud import Cloud
from tests.support.providers.late.provider import LateProvider

pytestmark = pytest.mark.usefixtures(cheap_roots.__name__)
without_ansible = pytest.mark.usefixtures(straight.__name__)

INVENTORY = """\
[masters]
m1
[agents]
a1 dcos_late_flavour=large
[public_agents]
p1
[all:vars]
dcos_provider=late
dcos_late_cloud={cloud}
"""
NAMES = ["m1", "a1", "p1"]


@pytest.fixture(autouse=True)
def late_is_known() -> Iterator[None]:
    registry.SEARCHED_PACKAGES.append("tests.support.providers")
    yield
    registry.SEARCHED_PACKAGES.remove("tests.support.providers")


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    path = tmp_path / "cloudy.ini"
    path.write_text(INVENTORY.format(cloud=tmp_path / "cloud"))
    return path


def described(inventory: Path) -> ClusterSpec:
    return load_spec(inventory, open_state(inventory, inventory.parent / "home").cluster_id)


def context(inventory: Path, *, dry_run: bool = False) -> PretendedContext:
    """A run that knows nothing but the inventory and what lies in the state."""
    folder, spec = inventory.parent, described(inventory)
    ctx = pretend(folder, spec, dry_run=dry_run)
    provider = LateProvider(spec, ctx.state.root)
    ctx.provider = provider
    sockets = folder / "s"
    sockets.mkdir(exist_ok=True)
    ctx.engine = SmallBundle(
        ctx.state,
        provider,
        sockets,
        connections=lambda host: Connection(root=str(provider.root(host.name))),
        cache=folder / "cache",
    )
    return ctx


def run(ctx: PretendedContext, *phases: Phase) -> PretendedContext:
    if ctx.dry_run:
        run_phases(ctx, phases)
        return ctx
    with Journal(ctx.state.journal, ctx.run_id, ctx.wall) as ctx.journal:
        run_phases(ctx, phases)
        ctx.journal.end("done")
    return ctx


def planned(inventory: Path) -> PretendedContext:
    """A plan as the command makes it, except for the `dcos` command's own settings: no daemon answers in folders."""
    phases = [phase for phase in plan_phases() if not isinstance(phase, WriteClientConfig)]
    phases = [Preflight() if isinstance(phase, ValidateFacts) else phase for phase in phases]
    return run(context(inventory, dry_run=True), *phases)


def provisioned(inventory: Path) -> PretendedContext:
    return run(context(inventory), AcquireLock(), ProvisionMachines(), ReleaseLock())


def deployed(inventory: Path) -> PretendedContext:
    return run(
        context(inventory),
        AcquireLock(),
        ProvisionMachines(),
        GatherFacts(),
        Preflight(),
        BuildBundle(),
        MakeSecrets(),
        BuildPlan(),
        UploadBundle(),
        ConvergeCoordination(),
        ConvergeMasters(),
        ConvergeAgents(),
        ReleaseLock(),
    )


def cloud_of(inventory: Path) -> Cloud:
    return Cloud(inventory.parent / "cloud")


def killed(run: Callable[[], object]) -> bool:
    """Runs in a child; whether it was killed."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            run()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def test_an_inventory_may_leave_addresses_to_the_provider(inventory: Path) -> None:
    spec = described(inventory)
    assert [(host.name, host.address, host.late) for host in spec.hosts] == [(name, "", True) for name in NAMES]
    assert spec.host("a1").options == {"dcos_late_flavour": "large"}
    assert list(spec.options) == ["dcos_late_cloud"]
    assert unknown(spec) == tuple(NAMES)
    assert all(is_stand_in(host.address) for host in stood_in_for(spec).hosts)
    assert ClusterSpec.model_validate_json(spec.model_dump_json()) == spec


def test_a_plan_says_what_is_known_after_creation_and_touches_nothing(inventory: Path) -> None:
    ctx = planned(inventory)
    would = texts(ctx, "would-change")
    assert would[:3] == [f"{name}: create the machine (its address is known after creation)" for name in NAMES]
    assert any(text.startswith(": m1, a1, p1: the addresses are known after creation") for text in texts(ctx, "note"))
    assert {event.data["manifest"] for event in ctx.said if event.kind == "plan"} == {"known after creation"}
    assert not any("0.0.0." in str(event) for event in ctx.said)
    assert not (inventory.parent / "cloud").exists() and not ctx.state.machines.exists()


def test_addresses_learned_after_creation_flow_into_everything_that_names_them(inventory: Path) -> None:
    ctx = deployed(inventory)
    cloud = cloud_of(inventory)
    addresses = {one.name: one.address for one in cloud.of(ctx.spec.cluster_id)}
    assert sorted(addresses) == sorted(NAMES) and len(set(addresses.values())) == 3
    assert {host.name: host.address for host in ctx.spec.hosts} == addresses

    assert isinstance(ctx.provider, LateProvider)
    vault = load_secrets(ctx.state, ctx.spec)
    for host in ctx.spec.hosts:
        root = ctx.provider.root(host.name)
        rules = (root / "opt/dcos/active/etc/firewall.nft").read_text()
        assert all(address in rules for address in addresses.values())
        hosts_file = (root / "etc/hosts").read_text().splitlines()
        assert all(f"{address} {name}" in hosts_file for name, address in addresses.items())
        kind = "master" if host.is_master else "agent"
        pem = vault.made(host.name)[f"tls-{kind}.pem"]
        assert (root / f"etc/dcos-secrets/tls-{kind}.pem").read_text() == pem
        names = x509.load_pem_x509_certificate(pem[pem.index("-----BEGIN CERTIFICATE") :].encode()).extensions
        found = names.get_extension_for_class(x509.SubjectAlternativeName).value
        assert found.get_values_for_type(x509.IPAddress) == [IPv4Address(host.address)]
        assert Connection(ssh=ctx.provider.ssh(host)).variables()["ansible_host"] == host.address
        assert f"{host.address} " in ctx.state.known_hosts.read_text()
        laid_down = "".join(path.read_text() for path in (root / "opt/dcos/active").glob("etc/**/*") if path.is_file())
        assert "0.0.0.1" not in laid_down.replace("10.0.0.1", "")
    assert (
        f"server.1={addresses['m1']}:"
        in (ctx.provider.root("m1") / "opt/dcos/active/etc/zookeeper/members").read_text()
    )

    kept = last_spec(ctx.state)
    assert kept is not None and {host.name: host.address for host in kept.hosts} == addresses
    assert machine_records.addresses(ctx.state) == addresses
    assert list(impossible_changes(kept, described(inventory))) == []

    again = planned(inventory)
    assert texts(again, "would-change") == []
    assert deployed(inventory).changes == 0
    assert sorted(cloud.made()) == sorted(NAMES)


@without_ansible
def test_a_new_agent_shows_as_a_change_of_every_firewall_and_disturbs_no_machine(inventory: Path) -> None:
    deployed(inventory)
    inventory.write_text(inventory.read_text().replace("[public_agents]", "a2\n[public_agents]"))
    plan = planned(inventory)
    assert texts(plan, "would-change")[0] == "a2: create the machine (its address is known after creation)"
    assert all("change file etc/firewall.nft" in plan.plan.hosts[name].changes for name in NAMES)
    grown = deployed(inventory)
    assert sorted(cloud_of(inventory).made()) == ["a1", "a2", "m1", "p1"]
    assert isinstance(grown.provider, LateProvider)
    for name in (*NAMES, "a2"):
        rules = (grown.provider.root(name) / "opt/dcos/active/etc/firewall.nft").read_text()
        assert grown.spec.host("a2").address in rules


def test_a_run_killed_at_any_step_of_the_creation_makes_no_machine_twice(tmp_path: Path) -> None:
    """Machines show up late: only the token that was recorded before tells the cloud that it was asked already."""
    deaths = 0
    for step in range(1, 20):
        folder = tmp_path / str(step)
        (folder / "cloud").mkdir(parents=True)
        inventory = folder / "cloudy.ini"
        inventory.write_text(INVENTORY.format(cloud=folder / "cloud"))
        described(inventory)
        (folder / "cloud/kill").write_text(str(step))
        if not killed(lambda at=inventory: provisioned(at)):  # type: ignore[misc]  # mypy infers no lambda with a default
            break
        deaths += 1
        ctx = provisioned(inventory)
        assert sorted(cloud_of(inventory).made()) == sorted(NAMES), f"killed at step {step}"
        assert unknown(ctx.spec) == ()
        assert {name: record.seen for name, record in machine_records.read(ctx.state).items()} == dict.fromkeys(
            sorted(NAMES), True
        )
    assert deaths == 2 * len(NAMES)


def test_a_machine_that_is_gone_is_made_anew_and_not_taken_for_the_old_one(inventory: Path) -> None:
    before = provisioned(inventory)
    token = machine_records.read(before.state)["a1"].token
    (lost,) = (one for one in cloud_of(inventory).of(before.spec.cluster_id) if one.name == "a1")
    cloud_of(inventory).remove(lost)
    after = provisioned(inventory)
    assert cloud_of(inventory).made().count("a1") == 2
    assert machine_records.read(after.state)["a1"].token != token
    assert after.spec.host("a1").address != before.spec.host("a1").address


def moved(inventory: Path, name: str, address: str) -> str:
    """Has the cloud give a machine another address. Where it was."""
    cloud = cloud_of(inventory)
    (one,) = (one for one in cloud.of(described(inventory).cluster_id) if one.name == name)
    cloud.move(one, address)
    return one.address


@without_ansible
def test_a_master_that_has_another_address_now_is_refused_before_anything_changes(inventory: Path) -> None:
    first = deployed(inventory)
    was = moved(inventory, "m1", "198.19.77.250")
    known = first.state.spec.read_bytes(), first.state.plan.read_bytes()
    for again in (planned, provisioned, deployed):
        with pytest.raises(MasterMoved) as refused:
            again(inventory)
        text = f"{refused.value.what} {refused.value.why} {refused.value.hint}"
        assert f"m1: it had the address {was}" in text and "198.19.77.250 now" in text and "ZooKeeper" in text
        assert f"give it the address {was} again" in text and "destroy" in text
        assert (first.state.spec.read_bytes(), first.state.plan.read_bytes()) == known
    moved(inventory, "m1", was)
    assert deployed(inventory).changes == 0


@without_ansible
def test_an_agent_may_move_and_so_may_masters_of_which_none_is_left(inventory: Path) -> None:
    deployed(inventory)
    moved(inventory, "a1", "198.19.77.251")
    after = deployed(inventory)
    assert after.spec.host("a1").address == "198.19.77.251" and after.changes > 0
    (lost,) = (one for one in cloud_of(inventory).of(after.spec.cluster_id) if one.name == "m1")
    cloud_of(inventory).remove(lost)
    assert deployed(inventory).spec.host("m1").address not in ("", lost.address)


def test_what_could_be_made_is_kept_when_one_machine_fails(inventory: Path) -> None:
    cloud = cloud_of(inventory)
    cloud.break_(create=["a1"])
    with pytest.raises(HostsFailed, match="not every machine could be made") as caught:
        provisioned(inventory)
    assert set(caught.value.failures) == {"a1"} and "no capacity" in caught.value.evidence
    assert sorted(machine_records.addresses(open_state(inventory, inventory.parent / "home"))) == ["m1", "p1"]
    cloud.break_()
    assert unknown(provisioned(inventory).spec) == ()
    assert sorted(cloud.made()) == sorted(NAMES)


def test_a_machine_that_gets_no_address_is_told_and_found_again(inventory: Path) -> None:
    cloud = cloud_of(inventory)
    cloud.break_(address=["p1"])
    with pytest.raises(HostsFailed) as caught:
        provisioned(inventory)
    assert set(caught.value.failures) == {"p1"} and "reports no usable address" in caught.value.evidence
    cloud.break_()
    (one,) = (one for one in cloud.of(described(inventory).cluster_id) if one.name == "p1")
    cloud.switch(one, "pending")
    assert unknown(provisioned(inventory).spec) == ()
    assert sorted(cloud.made()) == sorted(NAMES)


@without_ansible
def test_a_removal_that_stops_half_way_is_told_and_finished_by_the_next(inventory: Path) -> None:
    ctx = provisioned(inventory)
    cloud = cloud_of(inventory)
    cloud.break_(remove=["a1"])
    with pytest.raises(HostsFailed, match="not everything could be removed") as caught:
        run(context(inventory), *destroy_phases(purge=False))
    assert set(caught.value.failures) == {"a1"}
    assert [one.name for one in cloud.of(ctx.spec.cluster_id)] == ["a1"]
    assert context(inventory).provider.inspect()["a1"].condition is Condition.REMOVING
    assert list(machine_records.read(ctx.state)) == ["a1"]
    cloud.break_()
    run(context(inventory), *destroy_phases(purge=False))
    assert cloud.of(ctx.spec.cluster_id) == [] and not ctx.state.root.exists()


def test_a_machine_whose_removal_was_begun_is_removed_before_it_is_made_again(inventory: Path) -> None:
    ctx = provisioned(inventory)
    cloud = cloud_of(inventory)
    cloud.break_(remove=["a1"])
    assert set(failed(ctx.provider.destroy(["a1"]))) == {"a1"}
    assert texts(run(context(inventory, dry_run=True), ProvisionMachines()), "would-change") == [
        "a1: finish the removal of the machine"
    ]
    cloud.break_()
    assert "a1: finish the removal of the machine" in texts(provisioned(inventory), "change-finished")
    assert sorted(cloud.made()) == sorted([*NAMES, "a1"])


@without_ansible
def test_a_destroy_killed_at_any_step_is_finished_by_the_next(tmp_path: Path) -> None:
    deaths = 0
    for step in range(1, 20):
        folder = tmp_path / str(step)
        folder.mkdir()
        inventory = folder / "cloudy.ini"
        inventory.write_text(INVENTORY.format(cloud=folder / "cloud"))
        ctx = provisioned(inventory)
        (folder / "cloud/kill").write_text(str(step))
        if not killed(lambda at=inventory: run(context(at), *destroy_phases(purge=False))):  # type: ignore[misc]  # mypy infers no lambda with a default
            break
        deaths += 1
        run(context(inventory), *destroy_phases(purge=False))
        assert cloud_of(inventory).of(ctx.spec.cluster_id) == []
        assert not ctx.state.root.exists()
    assert deaths == 2 * len(NAMES)


def test_machines_are_found_when_nothing_but_the_inventory_tells_of_them(inventory: Path) -> None:
    ctx = provisioned(inventory)
    ctx.state.spec.unlink()
    left = recovery.what_is_left(ctx.state, inventory)
    assert left is not None and {host.name: host.address for host in left.hosts} == {
        host.name: host.address for host in ctx.spec.hosts
    }
    assert recovery.mismatch(ctx.state, described(inventory)) == ""
    inventory.write_text(inventory.read_text().replace("p1\n", "p2\n"))
    assert "are not those of the inventory" in recovery.mismatch(ctx.state, described(inventory))
