"""Machines are switched under the cluster's lock, so that a deploy does not have them taken away."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from dcos_installer.commands import switch
from dcos_installer.errors import LockHeld
from dcos_installer.phases.acquire_lock import AcquireLock
from dcos_installer.phases.manager import run_phases
from dcos_installer.plan import lock
from dcos_installer.providers.base import Condition, Note, Results, failed, silent, well
from tests.support.installer.cheap_roots import cheap_roots
from tests.support.installer.pretended import (
    FolderRemote,
    PretendedProvider,
    deployed,
    pretend,
    spec_of,
    texts,
)

pytestmark = pytest.mark.usefixtures(cheap_roots.__name__)


def conditions(results: Results) -> dict[str, str]:
    """How the machines are that did not fail."""
    assert failed(results) == {}
    return {name: str(machine.condition) for name, machine in well(results).items()}


def test_machines_are_not_switched_while_somebody_else_works_on_the_cluster(tmp_path: Path) -> None:
    ctx = deployed(pretend(tmp_path, spec_of(tmp_path)))
    agent, master = ctx.spec.host("a2"), ctx.spec.host("m1")
    elsewhere = lock.LockHolder("r", "bob", "elsewhere", "id@elsewhere", 7, 0.0, ctx.spec.cluster_id, "deploy")
    assert lock.take(ctx.remote(master), elsewhere) is None
    for verb in ("power-off", "reboot", "start"):
        with pytest.raises(LockHeld, match=r"bob on elsewhere .* since 1970") as caught:
            switch(ctx, verb, [agent], ignore_lock=False)
        assert "--ignore-lock" in caught.value.hint
    assert ctx.provider.inspect()["a2"].condition is Condition.RUNNING
    assert conditions(switch(ctx, "power-off", [agent], ignore_lock=True)) == {"a2": "off"}
    assert ctx.provider.inspect()["a2"].condition is Condition.OFF
    assert lock.shown(ctx.remote(master)) == elsewhere


def test_a_switch_holds_the_lock_while_it_lasts_and_gives_it_back(tmp_path: Path) -> None:
    ctx = deployed(pretend(tmp_path, spec_of(tmp_path), command="power-off"))
    seen: list[str] = []

    class Watched(PretendedProvider):
        def power_off(self, names: Collection[str], note: Note = silent) -> Results:
            holder = lock.shown(ctx.remote(ctx.spec.masters[0]))
            seen.append(f"{' '.join(names)}: {holder.command if holder else 'nobody'}")
            with pytest.raises(LockHeld), lock.hold_here(ctx.state.lock, holder or ctx.holder):  # type: ignore[arg-type]  # the pretended one has it
                pytest.fail("two hold one lock")
            return super().power_off(names)

    ctx.provider = Watched(ctx.spec, ctx.machines_disk)
    assert conditions(switch(ctx, "power-off", [ctx.spec.host("a1")], ignore_lock=False)) == {"a1": "off"}
    assert lock.shown(ctx.remote(ctx.spec.masters[0])) is None
    # A first master that goes off itself could not give the record back.
    assert conditions(switch(ctx, "power-off", [ctx.spec.host("m1")], ignore_lock=False)) == {"m1": "off"}
    assert seen == ["a1: power-off", "m1: nobody"]
    assert lock.shown(ctx.remote(ctx.spec.masters[0])) is None


def test_a_switch_takes_over_from_a_run_that_died_and_passes_over_a_first_master_that_is_cut_off(
    tmp_path: Path,
) -> None:
    ctx = deployed(pretend(tmp_path, spec_of(tmp_path)))
    master = ctx.remote(ctx.spec.masters[0])
    assert isinstance(master, FolderRemote)
    died = lock.this_holder("died", ctx.spec.cluster_id, "deploy", ctx.state.lock, 0.0)
    assert lock.take(master, died) is None
    assert conditions(switch(ctx, "reboot", [ctx.spec.host("a1")], ignore_lock=False)) == {"a1": "running"}
    assert "that run has died" in texts(ctx, "note")[-1]
    assert lock.shown(master) is None
    master.reachable = False
    assert conditions(switch(ctx, "reboot", [ctx.spec.host("a1")], ignore_lock=False)) == {"a1": "running"}
    assert "m1: does not hold the lock's record" in texts(ctx, "note")[-1]


def test_while_the_first_master_is_switched_another_one_holds_the_record(tmp_path: Path) -> None:
    ctx = deployed(pretend(tmp_path, spec_of(tmp_path, masters=3), command="reboot"))
    seen: list[list[str]] = []

    class Watched(PretendedProvider):
        def reboot(self, names: Collection[str], note: Note = silent) -> Results:
            seen.append([host.name for host in ctx.spec.masters if lock.shown(ctx.remote(host))])
            return super().reboot(names)

    ctx.provider = Watched(ctx.spec, ctx.machines_disk)
    for hosts in (["m1"], ["m1", "m2"], ["a1"]):
        switch(ctx, "reboot", [ctx.spec.host(name) for name in hosts], ignore_lock=False)
    assert seen == [["m2"], ["m3"], ["m1"]]
    # And who finds the first one switched off asks the others.
    ctx.machines_disk.write("m1", condition="off")
    elsewhere = lock.LockHolder("r", "bob", "elsewhere", "id@elsewhere", 7, 0.0, ctx.spec.cluster_id, "reboot")
    assert lock.take(ctx.remote(ctx.spec.host("m2")), elsewhere) is None
    with pytest.raises(LockHeld, match="bob on elsewhere"):
        run_phases(ctx, [AcquireLock()])
    assert ctx.results.lock_records == []
