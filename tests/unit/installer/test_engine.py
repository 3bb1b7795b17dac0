"""The phases with the real engine: Ansible, the roles' manifests and a small bundle, on hosts that are folders.

Where a test deploys again and again to see what comes of something else, the hosts are asked without Ansible.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dcos_installer.ansible.connection import Connection
from dcos_installer.bundle import runtime
from dcos_installer.phases.build_bundle import BuildBundle
from dcos_installer.phases.build_plan import BuildPlan
from dcos_installer.phases.converge import ConvergeAgents, ConvergeCoordination, ConvergeMasters
from dcos_installer.phases.gather_facts import GatherFacts
from dcos_installer.phases.kit.base import HostsFailed, Phase
from dcos_installer.phases.make_secrets import MakeSecrets
from dcos_installer.phases.manager import run_phases
from dcos_installer.phases.remove_hosts import RemoveHosts
from dcos_installer.phases.upload_bundle import UploadBundle
from dcos_installer.plan import plan as plans
from dcos_installer.plan.journal import Journal, read
from tests.support.installer.pretended import PretendedContext, pretend, spec_of
from tests.support.installer.small_engine import Preflight, SmallBundle
from tests.support.installer.straight import straight

without_ansible = pytest.mark.usefixtures(straight.__name__)


def _context(tmp_path: Path, **changes: Any) -> PretendedContext:
    # Folders have this machine's shape and addresses, whatever the inventory might say of them.
    spec = spec_of(tmp_path)
    bare = tuple(host.model_copy(update={"cpus": None, "mem_mb": None}) for host in spec.hosts)
    ctx = pretend(tmp_path, spec.model_copy(update={"hosts": bare}), **changes)
    hosts, sockets = tmp_path / "hosts", tmp_path / "s"
    sockets.mkdir(exist_ok=True)
    ctx.provider.makes_machines = False
    ctx.engine = SmallBundle(
        ctx.state,
        ctx.provider,
        sockets,
        connections=lambda host: Connection(root=str(hosts / host.name)),
        cache=tmp_path / "cache",
    )
    ctx.machines = ctx.provider.inspect()
    return ctx


def _run(ctx: PretendedContext) -> PretendedContext:
    phases: list[Phase] = [GatherFacts(), Preflight(), BuildBundle(), MakeSecrets(), BuildPlan(), UploadBundle()]
    phases += [ConvergeCoordination(), ConvergeMasters(), ConvergeAgents()]
    with Journal(ctx.state.journal, "r", ctx.wall) as ctx.journal:
        run_phases(ctx, phases)
    return ctx


def test_a_deploy_on_folders_lays_down_what_was_planned_and_a_second_nothing(tmp_path: Path) -> None:
    first = _run(_context(tmp_path))
    assert first.changes == 1 + 2 * len(first.spec.hosts)
    saved = msgspec.json.decode(first.state.plan.read_bytes(), type=plans.Plan)
    assert {name: host.manifest.digest for name, host in saved.hosts.items()} == {
        name: host.manifest for name, host in first.plan.hosts.items()
    }
    for host in first.spec.hosts:
        active = tmp_path / "hosts" / host.name / "opt/dcos/active"
        assert active.readlink() == Path("generations/1")
        assert saved.hosts[host.name].manifest.encode() == (active / "manifest.json").read_bytes().rstrip(b"\n")
    observed = {
        record.host: record.digest for record in read(first.state.journal) if record.kind == "observed" and record.host
    }
    assert set(observed) == {"m1", "a1", "a2"} and all(observed.values())

    second = _run(_context(tmp_path))
    assert (second.changes, second.plan.changed) == (0, ())
    assert [event.phase for event in second.said if event.kind == "phase-skipped"] == [
        "Make secrets",
        "Upload the bundle",
        "Start coordination",
        "Change masters",
        "Change agents",
    ]


@without_ansible
def test_packages_that_are_gone_from_one_host_are_planned_brought_and_mended_there_only(tmp_path: Path) -> None:
    _run(_context(tmp_path))
    packages = tmp_path / "hosts" / "a1" / "opt/dcos/packages"
    shutil.rmtree(packages)
    mending = _run(_context(tmp_path))
    assert mending.plan.changed == ("a1",)
    planned = mending.plan.hosts["a1"].changes
    assert planned[0] == f"mend package {runtime.NAME} (missing on the host: uploaded again)"
    assert f"restart dcos-agent.service (package:{runtime.NAME} changed)" in planned
    assert [path.name.partition("--")[0] for path in packages.iterdir()] == [runtime.NAME]
    again = _run(_context(tmp_path))
    assert (again.changes, again.plan.changed) == (0, ())


def test_a_host_that_changed_after_the_plan_is_left_alone(tmp_path: Path) -> None:
    ctx = _context(tmp_path)
    run_phases(ctx, [GatherFacts(), Preflight(), BuildBundle(), MakeSecrets(), BuildPlan(), UploadBundle()])
    stray = tmp_path / "hosts" / "a1" / "etc/systemd/system/dcos-agent.service"
    stray.parent.mkdir(parents=True)
    stray.symlink_to("/somewhere/else")
    with pytest.raises(HostsFailed) as caught:
        run_phases(ctx, [ConvergeCoordination()])
    assert set(caught.value.failures) == {"a1"}
    assert "has changed since the plan was made" in caught.value.evidence
    assert stray.readlink() == Path("/somewhere/else")
    assert (tmp_path / "hosts" / "a2" / "opt/dcos/active").is_symlink()


@without_ansible
def test_existing_hosts_are_cleared_of_everything_but_their_state(tmp_path: Path) -> None:
    ctx = _run(_context(tmp_path))
    kept = tmp_path / "hosts" / "a1" / "var/lib/dcos/agent/tasks"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text("what ran here")
    run_phases(ctx, [RemoveHosts()])
    for host in ctx.spec.hosts:
        assert not (tmp_path / "hosts" / host.name / "opt/dcos/active").exists()
    assert kept.read_text() == "what ran here"
    run_phases(ctx, [RemoveHosts(purge=True)])
    assert not kept.exists()
