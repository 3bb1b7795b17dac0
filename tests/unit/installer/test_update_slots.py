"""`upgrade --image`: every slot is written before a machine restarts, one after another, and the first that falls back
ends it. Pretended machines have two slots, and are well with some images.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dcos_images.errors import ImageError
from dcos_images.machine.hidden import Hidden
from dcos_images.machine.loader import Entry
from dcos_images.updates import ImageUpdate, read_update
from dcos_installer.config.model import HostSpec
from dcos_installer.errors import DeadlinePassed, InstallerError, LockHeld
from dcos_installer.golden import updates
from dcos_installer.golden.updates import image_update
from dcos_installer.hosts import slots
from dcos_installer.hosts.slots import SlotState
from dcos_installer.phases import update_slots
from dcos_installer.phases.acquire_lock import AcquireLock
from dcos_installer.phases.kit.base import HostsFailed, StepFailed
from dcos_installer.phases.kit.left_out import NoMajority
from dcos_installer.phases.manager import run_phases
from dcos_installer.phases.release_lock import ReleaseLock
from dcos_installer.phases.update_slots import FindImage, StartFromSlots, Upgrade, WriteSlots
from dcos_installer.plan import lock
from dcos_installer.state import ClusterState
from tests.support.installer.cheap_roots import cheap_roots
from tests.support.installer.pretended import (
    Daemons,
    FolderRemote,
    PretendedContext,
    deployed,
    pretend,
    spec_of,
    texts,
)

pytestmark = pytest.mark.usefixtures(cheap_roots.__name__)

OLD, NEW = "0" * 64, "1" * 64


def update_folder(folder: Path, **changes: Any) -> Path:
    """An update as an image's folder has it."""
    folder.mkdir()
    found: dict[str, Any] = {
        "format": 1,
        "name": "vm",
        "arguments": ["quiet"],
        "roots": {"a": "x", "b": "y"},
        "esp": "z",
    }
    for part, content in (("root", b"root" * 1000), ("kernel", b"kernel"), ("initrd", b"initrd")):
        (folder / part).write_bytes(content)
        found[part] = {"name": part, "sha256": NEW, "size": len(content)}
    (folder / "update.json").write_text(json.dumps(found | changes))
    return folder


@dataclass
class Machine:
    """What one pretended machine does with the image in its other slot."""

    running: str = "a"
    entries: dict[str, Entry] = field(default_factory=lambda: {"a": Entry("a.conf", "a", None, 0, 1, OLD)})
    boots: int = 0
    outlook: str = "well"
    """``well``, ``falls back``, ``hangs``."""
    silent: int = 0
    """How many looks more it does not answer."""
    trial: int = 0


class Fleet:
    """All machines, as the phases see them, and what was done in which order."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, ctx: PretendedContext) -> None:
        self.machines = {host.name: Machine() for host in ctx.spec.hosts}
        self.done: list[str] = []
        self.hidden: list[Hidden] = []
        self.held: list[str] = []
        """While which machine restarts, which masters have the lock's record."""
        self.meanwhile: Callable[[HostSpec], None] = lambda host: None
        self.refused: dict[str, str] = {}
        monkeypatch.setattr(slots, "look", lambda fleet, host, update: self.look(host))
        monkeypatch.setattr(slots, "write", lambda fleet, host, update, passed: self.write(host, update, passed))
        monkeypatch.setattr(update_slots, "restart", lambda ctx, host: self.restart(ctx, host))

    def look(self, host: HostSpec) -> SlotState:
        machine = self.machines[host.name]
        if host.name in self.refused:
            raise InstallerError(self.refused[host.name], hint="make it anew")
        if machine.silent:
            machine.silent -= 1
            raise InstallerError("the machine was not connected to")
        if machine.trial:
            machine.trial -= 1
            if machine.trial == 0 and machine.outlook == "well":
                self._set(machine, machine.running, None)
            elif machine.trial == 0 and machine.outlook == "falls back":
                self._set(machine, machine.running, 0, 3)
                machine.running = "a" if machine.running == "b" else "b"
                machine.boots += 3
        return SlotState(machine.running, tuple(machine.entries.values()), str(machine.boots))

    def _set(self, machine: Machine, slot: str, left: int | None, done: int = 0) -> None:
        old = machine.entries[slot]
        machine.entries[slot] = Entry(old.name, slot, left, done, old.version, old.image)

    def write(self, host: HostSpec, update: ImageUpdate, passed: Callable[[int], None]) -> tuple[str, list[Hidden]]:
        machine = self.machines[host.name]
        self.done.append(f"write {host.name}")
        if machine.outlook == "breaks":
            raise InstallerError("root.erofs is not what was sent when it is read back", hint="update again")
        for part in update.stream():
            passed(len(part))
        slot = "b" if machine.running == "a" else "a"
        machine.entries[slot] = Entry(f"{slot}+3.conf", slot, 3, 0, 2, update.sha256)
        return slot, self.hidden

    def restart(self, ctx: Any, host: HostSpec) -> None:
        machine = self.machines[host.name]
        held = [one.name for one in ctx.spec.masters if lock.shown(ctx.remote(one))]
        self.done.append(f"restart {host.name}")
        self.held.append(f"{host.name}: {' '.join(held)}")
        self.meanwhile(host)
        machine.running = "b" if machine.running == "a" else "a"
        machine.boots, machine.silent, machine.trial = machine.boots + 1, 3, 3
        self._set(machine, machine.running, 2, 1)


def upgrading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, masters: int = 1, agents: int = 2
) -> tuple[PretendedContext, Fleet, Upgrade]:
    ctx = deployed(pretend(tmp_path, spec_of(tmp_path, masters=masters, agents=agents), command="upgrade"))
    update = read_update(update_folder(tmp_path / "vm.update"))
    return ctx, Fleet(monkeypatch, ctx), Upgrade(list(ctx.spec.hosts), lambda note: nullcontext(update), seconds=600.0)


def run(ctx: PretendedContext, upgrade: Upgrade) -> None:
    run_phases(ctx, [AcquireLock(), FindImage(upgrade), WriteSlots(upgrade), StartFromSlots(upgrade), ReleaseLock()])


def test_all_slots_are_written_before_machines_restart_one_after_another_masters_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, fleet, upgrade = upgrading(tmp_path, monkeypatch, masters=3)
    fleet.hidden = [Hidden("ssh/sshd_config", "changed here, and in the new image")]
    upgrade.hosts = list(reversed(ctx.spec.hosts))
    run(ctx, upgrade)
    assert sorted(fleet.done[:5]) == ["write a1", "write a2", "write m1", "write m2", "write m3"]
    assert fleet.done[5:] == ["restart m3", "restart m2", "restart m1", "restart a2", "restart a1"]
    # Nobody could ask the first master while it restarts: so the next one says who is at work.
    assert fleet.held == ["m3: m1 m2", "m2: m1 m2", "m1: m1 m2", "a2: m1 m2", "a1: m1 m2"]
    notes = texts(ctx, "note")
    hides = "/etc/ssh/sshd_config hides what the image has: changed here, and in the new image"
    assert f"a1: {hides}" in notes and "a1: is well with the image vm" in notes
    assert [lock.shown(ctx.remote(master)) for master in ctx.spec.masters] == [None, None, None]
    again = Upgrade(list(ctx.spec.hosts), upgrade.image, seconds=600.0)
    fleet.done.clear()
    run(ctx, again)
    assert fleet.done == []


@pytest.mark.parametrize("masters", [1, 3])
def test_another_operator_is_refused_while_the_first_master_restarts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, masters: int
) -> None:
    ctx, fleet, upgrade = upgrading(tmp_path, monkeypatch, masters=masters)
    other = pretend(tmp_path, ctx.spec, state=ClusterState(tmp_path / "other"), run_id="another")
    other._remotes = ctx._remotes
    other.state.root.mkdir()
    other.state.facts.write_bytes(ctx.state.facts.read_bytes())
    refused: list[InstallerError] = []

    def meanwhile(host: HostSpec) -> None:
        first = ctx.remote(ctx.spec.masters[0])
        assert isinstance(first, FolderRemote)
        for phase in (AcquireLock(), AcquireLock(tolerant=True)):
            first.reachable = host.name != "m1"
            other.left_out.clear()
            if masters == 1 and not first.reachable:
                continue
            with pytest.raises(LockHeld) as caught:
                run_phases(other, [phase])
            refused.append(caught.value)
        if masters == 1 and host.name == "m1":
            with pytest.raises(NoMajority):  # there is nobody else to ask, and so nothing is changed
                run_phases(other, [AcquireLock()])
        first.reachable = True

    fleet.meanwhile = meanwhile
    run(ctx, upgrade)
    assert len(refused) == 2 * (masters + 2 if masters == 3 else 2)
    assert [lock.shown(ctx.remote(master)) for master in ctx.spec.masters] == [None] * masters


def test_a_record_that_somebody_took_while_the_machine_restarted_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, fleet, upgrade = upgrading(tmp_path, monkeypatch)
    elsewhere = lock.LockHolder("r", "bob", "elsewhere", "id@elsewhere", 7, 0.0, ctx.spec.cluster_id, "deploy")

    def meanwhile(host: HostSpec) -> None:  # unlock, then a deploy
        first = ctx.remote(ctx.spec.masters[0])
        lock.remove(first)
        lock.take(first, elsewhere)

    fleet.meanwhile = meanwhile
    with pytest.raises(LockHeld, match="bob on elsewhere"):
        run(ctx, upgrade)
    assert [one for one in fleet.done if "restart" in one] == ["restart m1"]
    assert lock.shown(ctx.remote(ctx.spec.masters[0])) == elsewhere


def test_the_tasks_that_a_restart_ends_are_told_and_the_next_agent_waits_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, fleet, upgrade = upgrading(tmp_path, monkeypatch)
    daemons = ctx.ask
    assert isinstance(daemons, Daemons)
    daemons.tasks = {"a1": ["web", "web", "db"]}
    restarted: list[str] = []

    def meanwhile(host: HostSpec) -> None:
        restarted.append(f"{host.name}: {sum(len(names) for names in daemons.tasks.values())}")
        if host.name == "a1":
            daemons.tasks = {"a2": ["web", "web"]}  # what Marathon had room for

    fleet.meanwhile = meanwhile
    run(ctx, upgrade)
    notes = texts(ctx, "note")
    found = "a1: its restart ends 3 tasks: db, web (2 times); frameworks, such as Marathon, start them again"
    assert found in notes and "a2: runs no task" in notes
    gone_on = ": 2 of 3 tasks run again after 120 s; the others have ended, or find no room: going on"
    assert notes.index(found) < notes.index(gone_on) < notes.index("a1: is well with the image vm")
    assert restarted == ["m1: 3", "a1: 3", "a2: 2"]


def test_an_agent_that_does_not_register_again_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx, fleet, upgrade = upgrading(tmp_path, monkeypatch)
    fleet.meanwhile = lambda host: ctx.machines_disk.write("a1", manifest="") if host.name == "a1" else None
    with pytest.raises(DeadlinePassed, match="the agent of a1 is registered again: not within 180 s"):
        run(ctx, upgrade)
    assert fleet.done[-1] == "restart a1"


def test_the_first_machine_that_falls_back_ends_it_and_the_others_stay_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, fleet, upgrade = upgrading(tmp_path, monkeypatch)
    fleet.machines["a1"].outlook = "falls back"
    with pytest.raises(StepFailed, match="a1 went back to its slot a: it was not well with the image") as caught:
        run(ctx, upgrade)
    assert "the other slot was tried 3 times" in caught.value.why
    assert [one for one in fleet.done if "restart" in one] == ["restart m1", "restart a1"]
    assert lock.shown(ctx.remote(ctx.spec.masters[0])) is None
    # Mended, the same command writes that one slot again and goes on.
    fleet.machines["a1"].outlook = "well"
    fleet.done.clear()
    run(ctx, Upgrade(list(ctx.spec.hosts), upgrade.image, seconds=600.0))
    assert fleet.done == ["write a1", "restart a1", "restart a2"]


def test_a_machine_that_neither_comes_up_nor_goes_back_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx, fleet, upgrade = upgrading(tmp_path, monkeypatch)
    fleet.machines["m1"].silent = 0
    monkeypatch.setattr(update_slots, "restart", lambda ctx, host: fleet.refused.update({host.name: "no answer"}))
    with pytest.raises(StepFailed, match="m1 is neither well with its new slot nor back on the old one in 600 s"):
        run(ctx, upgrade)


def test_a_run_that_was_cut_off_while_a_machine_was_on_trial_waits_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, fleet, upgrade = upgrading(tmp_path, monkeypatch)
    for machine in fleet.machines.values():
        machine.running = "b"
        machine.entries["b"] = Entry("b+2-1.conf", "b", 2, 1, 2, NEW)
        machine.trial = 4
    run(ctx, upgrade)
    assert fleet.done == []
    assert [one for one in texts(ctx, "note") if one.endswith("is well with the image vm")] == [
        f"{name}: is well with the image vm" for name in ("m1", "a1", "a2")
    ]


def test_a_slot_that_holds_the_image_already_is_not_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, fleet, upgrade = upgrading(tmp_path, monkeypatch, agents=1)
    fleet.machines["m1"].entries["b"] = Entry("b+3.conf", "b", 3, 0, 2, NEW)
    run(ctx, upgrade)
    assert fleet.done == ["write a1", "restart m1", "restart a1"]


def test_a_machine_without_slots_keeps_all_from_being_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx, fleet, upgrade = upgrading(tmp_path, monkeypatch)
    fleet.refused["a2"] = "the machine has no slots"
    with pytest.raises(HostsFailed, match="not every machine can be updated: nothing was changed") as caught:
        run(ctx, upgrade)
    assert "a2: the machine has no slots" in caught.value.evidence and fleet.done == []


def test_when_one_slot_cannot_be_written_no_machine_restarts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx, fleet, upgrade = upgrading(tmp_path, monkeypatch)
    fleet.machines["a2"].outlook = "breaks"
    with pytest.raises(HostsFailed, match="not every slot was written; no machine was restarted"):
        run(ctx, upgrade)
    assert sorted(fleet.done) == ["write a1", "write a2", "write m1"]


def test_a_master_restarts_only_while_every_zookeeper_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ctx, fleet, upgrade = upgrading(tmp_path, monkeypatch, masters=3)
    ctx.ask.silent = {"m2"}  # type: ignore[attr-defined]  # the pretended daemons
    with pytest.raises(InstallerError, match="every master's ZooKeeper serves: not within"):
        run(ctx, upgrade)
    assert not [one for one in fleet.done if "restart" in one]


@pytest.mark.parametrize(
    ("changes", "why"),
    [({"format": 2}, "its format is 2"), ({"root": {"name": "root", "sha256": NEW, "size": 1}}, "4000 bytes, not 1")],
)
def test_what_is_no_update_is_refused(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ImageError, match="is no update of a disk") as caught:
        read_update(update_folder(tmp_path / "vm.update", **changes))
    assert why in caught.value.why


def test_an_image_that_has_no_update_is_refused_before_it_is_built() -> None:
    with pytest.raises(InstallerError, match="no machine's slot can be written from the image machine"):
        image_update("machine", None, lambda text: None).__enter__()
    with pytest.raises(InstallerError, match="nowhere is no update of a disk"):
        image_update("./nowhere", None, lambda text: None).__enter__()


def test_an_update_that_is_taken_away_while_it_is_sent_is_told(tmp_path: Path) -> None:
    update = read_update(update_folder(tmp_path / "vm.update"))
    (tmp_path / "vm.update/initrd").unlink()
    with pytest.raises(ImageError, match=r"the update cannot be read: .*/vm\.update/initrd") as caught:
        list(update.stream())
    assert caught.value.why == "No such file or directory"


def test_an_image_of_the_cache_stays_there_until_the_slots_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ctx, fleet, _ = upgrading(tmp_path, monkeypatch)
    kept, seen = KeptBuilder(tmp_path / "vm.update"), []
    monkeypatch.setattr(updates, "image_builder", lambda note, definitions: kept)
    plain = fleet.write

    def write(host: HostSpec, update: ImageUpdate, passed: Callable[[int], None]) -> tuple[str, list[Hidden]]:
        seen.append(f"write: {kept.users}")
        return plain(host, update, passed)

    monkeypatch.setattr(fleet, "write", write)
    fleet.meanwhile = lambda host: seen.append(f"restart: {kept.users}")
    run(ctx, Upgrade(list(ctx.spec.hosts), lambda note: image_update("vm", None, note), seconds=600.0))
    assert seen == ["write: 1"] * 3 + ["restart: 0"] * 3
    fleet.refused["a1"] = "the machine has no slots"
    with pytest.raises(HostsFailed):
        run(ctx, Upgrade(list(ctx.spec.hosts), lambda note: image_update("vm", None, note), seconds=600.0))
    assert kept.users == 0


@dataclass
class KeptBuilder:
    """A builder with one image, which may only be looked for while somebody holds the cache."""

    folder: Path
    users: int = 0

    @contextmanager
    def in_use(self) -> Iterator[None]:
        self.users += 1
        try:
            yield
        finally:
            self.users -= 1

    def definition(self, name: str) -> SimpleNamespace:
        return SimpleNamespace(outputs=("update",))

    def find(self, name: str) -> SimpleNamespace:
        assert self.users
        return SimpleNamespace(outputs={"update": SimpleNamespace(path=self.folder)})
