"""Hosts out of reach: a deploy of what does not concern them goes on and says so; what would risk a quorum does not."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dcos_installer.commands import _outcome, deploy_phases, plan_phases
from dcos_installer.config.model import ClusterSpec
from dcos_installer.errors import InstallerError
from dcos_installer.machines import Carried
from dcos_installer.phases import converge
from dcos_installer.phases.checks.kernel import Kernel
from dcos_installer.phases.converge import QuorumAtRisk
from dcos_installer.phases.kit.base import HostsFailed
from dcos_installer.phases.kit.engine import Planned
from dcos_installer.phases.kit.left_out import NoMajority
from dcos_installer.phases.manager import run_phases
from dcos_installer.plan.facts import Facts
from dcos_installer.remote import SshFailed
from tests.support.installer.cheap_roots import cheap_roots
from tests.support.installer.pretended import (
    FolderRemote,
    Machines,
    PretendedContext,
    PretendedEngine,
    deployed,
    phases_of,
    pretend,
    spec_of,
    texts,
)

pytestmark = pytest.mark.usefixtures(cheap_roots.__name__)


class OutOfReach(PretendedEngine):
    """Asks hosts as SSH would: some cannot be reached. ``concerned``: whose manifest is another one now."""

    def __init__(self, machines: Machines, gone: Collection[str], concerned: Collection[str]) -> None:
        super().__init__(machines)
        self.gone, self.concerned = set(gone), set(concerned)

    def plan(
        self, spec: ClusterSpec, facts: Mapping[str, Facts], bundle: Any, absent: Mapping[str, Carried]
    ) -> tuple[Planned, Mapping[str, BaseException]]:
        for name in self.concerned - self.gone:
            if (self.machines.read(name) or {}).get("manifest") != "":
                self.machines.write(name, manifest="", generation=1)
        planned, _ = super().plan(spec, facts, bundle, absent)
        failures = {name: SshFailed(name, f"{name} cannot be reached by SSH", why="no route") for name in self.gone}
        return Planned({name: host for name, host in planned.hosts.items() if name not in self.gone}), failures


def again(tmp_path: Path, gone: Collection[str], concerned: Collection[str], **more: Any) -> PretendedContext:
    """The next run on a deployed cluster of three masters and two agents."""
    spec = spec_of(tmp_path, masters=3, agents=2)
    deployed(pretend(tmp_path, spec))
    ctx = pretend(tmp_path, spec, **more)
    ctx.engine = OutOfReach(ctx.machines_disk, gone, concerned)
    for name in gone:
        remote = ctx.remote(spec.host(name))
        assert isinstance(remote, FolderRemote)
        remote.reachable = False
    return ctx


@pytest.mark.parametrize("gone", [["m1"], ["m3"], ["m3", "a2"], ["a2"]])
def test_what_does_not_concern_a_host_out_of_reach_is_deployed_without_it(tmp_path: Path, gone: list[str]) -> None:
    ctx = again(tmp_path, gone, ["a1"])
    run_phases(ctx, phases_of(deploy_phases()))
    assert isinstance(ctx.engine, OutOfReach)
    assert ctx.engine.together == [["a1"]]
    assert sorted(ctx.left_out) == sorted(gone)
    said = "\n".join(texts(ctx, "note"))
    assert all(f"{name}: is left out, as it is: {name} cannot be reached" in said for name in gone)
    assert f"; but {', '.join(sorted(gone))} could not be reached and " in _outcome(ctx)
    assert "m1 leads, 2 agents registered" in said


def test_the_agents_that_are_told_to_be_registered_are_those_that_are(tmp_path: Path) -> None:
    ctx = again(tmp_path, ["a2"], [])
    ctx.machines_disk.write("a2", condition="off")
    ctx.left_out["a2"] = "no route"
    assert Kernel().wait(ctx) == "m1 leads, 1 of 2 agents registered"
    ctx.left_out.clear()
    with pytest.raises(InstallerError, match="every agent is registered"):
        Kernel().wait(ctx)


def test_a_plan_leaves_out_the_same_hosts_and_changes_nothing(tmp_path: Path) -> None:
    ctx = again(tmp_path, ["m2"], ["a1"], dry_run=True)
    run_phases(ctx, plan_phases())
    assert list(ctx.left_out) == ["m2"]
    assert [name for name, host in ctx.plan.hosts.items() if host.changes] == ["a1"]
    assert "m2 could not be reached and is as before" in _outcome(ctx)


def test_without_a_majority_of_masters_in_reach_nothing_is_changed(tmp_path: Path) -> None:
    ctx = again(tmp_path, ["m2", "m3"], ["a1"])
    with pytest.raises(NoMajority, match="m2, m3 cannot be reached: 2 of 3 masters must be"):
        run_phases(ctx, phases_of(deploy_phases()))
    assert isinstance(ctx.engine, OutOfReach)
    assert ctx.engine.together == []


def test_masters_are_not_restarted_while_the_quorum_hangs_on_one_out_of_reach(tmp_path: Path) -> None:
    ctx = again(tmp_path, ["m3"], ["m2", "a1"])
    with pytest.raises(QuorumAtRisk, match="m2 cannot be changed while m3 cannot be reached"):
        run_phases(ctx, phases_of(deploy_phases()))
    assert isinstance(ctx.engine, OutOfReach)
    assert ctx.engine.together == [], "it is refused before anything is changed"


def of(tmp_path: Path, *principals: str, masters: int = 3) -> ClusterSpec:
    spec = spec_of(tmp_path, masters=masters, agents=2)
    return spec.model_copy(update={"settings": spec.settings.model_copy(update={"principals": principals})})


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Refuses(OutOfReach):
    """Its plan says that a machine cannot take its manifest."""

    def plan(
        self, spec: ClusterSpec, facts: Mapping[str, Facts], bundle: Any, absent: Mapping[str, Carried]
    ) -> tuple[Planned, Mapping[str, BaseException]]:
        planned, failures = super().plan(spec, facts, bundle, absent)
        hosts = {**planned.hosts, "a1": replace(planned.hosts["a1"], problems=("no room",))}
        return replace(planned, hosts=hosts), failures


@pytest.mark.parametrize(
    ("gone", "engine", "new", "refusal"),
    [
        (["m3"], OutOfReach, 0, QuorumAtRisk),
        (["m2", "m3"], OutOfReach, 0, NoMajority),
        ([], Refuses, 0, HostsFailed),
        (["a3"], OutOfReach, 1, HostsFailed),
    ],
)
def test_nothing_is_written_or_deleted_before_a_refusal(
    tmp_path: Path, gone: list[str], engine: type[OutOfReach], new: int, refusal: type[Exception]
) -> None:
    first = deployed(pretend(tmp_path, of(tmp_path, "flink", "spark")))
    before = files(first.state.secrets)
    assert b"flink" in before["principals.json"]
    spec = of(tmp_path, "spark", "jenkins")
    if new:
        more = spec_of(tmp_path, masters=3, agents=3)
        spec = spec.model_copy(update={"hosts": more.hosts})
    ctx = pretend(tmp_path, spec)
    ctx.engine = engine(ctx.machines_disk, gone, ["m2", "a1"])
    with pytest.raises(refusal):
        run_phases(ctx, phases_of(deploy_phases()))
    assert files(first.state.secrets) == before
    assert not any("secret" in text for text in texts(ctx, "change-finished"))
    assert ctx.engine.together == []
    # Once everything can be reached, it is done.
    ctx = pretend(tmp_path, spec)
    ctx.engine = OutOfReach(ctx.machines_disk, [], ["m2", "a1"])
    run_phases(ctx, phases_of(deploy_phases()))
    after = files(ctx.state.secrets)["principals.json"]
    assert b"flink" not in after and b"jenkins" in after


def test_a_host_that_never_carried_anything_cannot_be_left_out(tmp_path: Path) -> None:
    spec = spec_of(tmp_path, masters=3, agents=2)
    ctx = pretend(tmp_path, spec)
    ctx.engine = OutOfReach(ctx.machines_disk, ["a2"], [])
    with pytest.raises(HostsFailed, match="not every machine's state could be read"):
        run_phases(ctx, phases_of(deploy_phases()))


def test_masters_that_are_not_well_are_changed_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx = again(tmp_path, [], ["m1", "m2"])
    assert isinstance(ctx.engine, OutOfReach)
    engine = ctx.engine
    monkeypatch.setattr(
        converge,
        "_part_of_quorum",
        lambda ctx, host: "its master is down" if host.name == "m2" and not engine.together else "",
    )
    phases = phases_of(deploy_phases())
    last = next(number for number, phase in enumerate(phases) if isinstance(phase, converge.ConvergeMasters))
    run_phases(ctx, phases[: last + 1])
    assert engine.together == [["m2"], ["m1"]]
    assert "m2: is not well, and is changed first: its master is down" in texts(ctx, "note")
