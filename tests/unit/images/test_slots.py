"""The slot that does not run is written so that, wherever it is cut off, the loader starts one that is whole."""

from __future__ import annotations

import ast
import hashlib
import io
import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest

from dcos_images.code import code_of, source_of
from dcos_images.machine import slots
from dcos_images.machine.loader import ENTRIES, SLOTS, Entry, entry_text, other, read_entries, started
from dcos_images.machine.slot_disk import SlotDisk, write
from dcos_images.machine.slot_plan import Part, Step, Update, UpdateRefused, plan
from dcos_images.updates import program

ROOTS = {"a": "aaaaaaaa-0000", "b": "bbbbbbbb-0000"}
SLOT_BYTES = 1 << 16


def part(name: str, content: bytes) -> Part:
    return Part(name, len(content), hashlib.sha256(content).hexdigest())


def contents(version: str) -> tuple[bytes, bytes, bytes]:
    """Root, kernel and initrd of an image."""
    return (f"root {version} ".encode() * 3000, f"kernel {version} ".encode() * 50, f"initrd {version} ".encode() * 90)


def update_of(version: str) -> tuple[Update, bytes]:
    root, kernel, initrd = contents(version)
    update = Update(part("root.erofs", root), part("vmlinuz", kernel), part("initrd", initrd), ("quiet",), ROOTS)
    return update, root + kernel + initrd


@dataclass
class Machine:
    """A disk with an image in each slot that was written, and what the loader would start of it."""

    folder: Path
    known: dict[str, str] = field(default_factory=dict)
    """The version of each image that there is, by the SHA-256 of its root."""

    @property
    def esp(self) -> Path:
        return self.folder / "esp"

    def slot(self, name: str) -> Path:
        return self.folder / f"root-{name}"

    def made(self, version: str) -> Machine:
        """As it leaves: the slot a holds ``version``."""
        root, kernel, initrd = contents(version)
        for folder in (ENTRIES, "a", "EFI/BOOT"):
            (self.esp / folder).mkdir(parents=True)
        for name in SLOTS:
            self.slot(name).write_bytes(bytes(SLOT_BYTES))
        self.know(version)
        self.slot("a").write_bytes(root + bytes(SLOT_BYTES - len(root)))
        (self.esp / "a/vmlinuz").write_bytes(kernel)
        (self.esp / "a/initrd").write_bytes(initrd)
        text = entry_text("a", ROOTS["a"], ("quiet",), image=hashlib.sha256(root).hexdigest(), version=1)
        (self.esp / ENTRIES / "a.conf").write_text(text)
        (self.esp / ENTRIES / "windows.conf").write_text("title not ours\n")
        return self

    def know(self, version: str) -> None:
        self.known[hashlib.sha256(contents(version)[0]).hexdigest()] = version

    def entries(self) -> list[Entry]:
        return list(SlotDisk(str(self.esp), "").view("a").entries)

    def starts(self) -> tuple[str, str]:
        """Slot and version of what the loader starts, which has to be whole."""
        found = started(self.entries())
        assert found is not None, "the loader has nothing to start"
        version = self.known[found.image]
        root, kernel, initrd = contents(version)
        assert self.slot(found.slot).read_bytes()[: len(root)] == root
        assert (self.esp / found.slot / "vmlinuz").read_bytes() == kernel
        assert (self.esp / found.slot / "initrd").read_bytes() == initrd
        text = (self.esp / ENTRIES / found.name).read_text()
        assert f"root=PARTUUID={ROOTS[found.slot]}" in text and f"linux /{found.slot}/vmlinuz" in text
        return found.slot, version

    def boot(self, good: bool) -> tuple[str, str]:
        """What systemd-boot does: starts an entry and counts; what systemd-bless-boot does when all is well."""
        found = started(self.entries())
        assert found is not None
        what = self.starts()
        name = self.esp / ENTRIES / found.name
        if found.left:
            tried = self.esp / ENTRIES / f"{found.slot}+{found.left - 1}-{found.done + 1}.conf"
            name = name.rename(tried)
        if good and found.left is not None:
            name.rename(self.esp / ENTRIES / f"{found.slot}.conf")
        return what

    def update(self, running: str, version: str, disk: Callable[[str, str], SlotDisk] = SlotDisk) -> tuple[Step, ...]:
        self.know(version)
        update, stream = update_of(version)
        onto = disk(str(self.esp), str(self.slot(other(running))))
        steps = plan(onto.view(running), update)
        write(onto, steps, io.BytesIO(stream))
        return steps


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path).made("1")


def test_an_update_is_tried_found_good_and_followed_by_the_next(machine: Machine) -> None:
    machine.update("a", "2")
    assert machine.boot(good=True) == ("b", "2")
    machine.update("b", "3")
    assert machine.boot(good=True) == ("a", "3")
    machine.update("a", "4")
    assert machine.boot(good=True) == ("b", "4")
    names = sorted(path.name for path in (machine.esp / ENTRIES).iterdir())
    assert names == ["a.conf", "b.conf", "windows.conf"]


def test_a_slot_that_is_not_well_is_tried_three_times_and_then_the_old_one_runs(machine: Machine) -> None:
    machine.update("a", "2")
    assert [machine.boot(good=False) for _ in range(5)] == [("b", "2")] * 3 + [("a", "1")] * 2
    machine.update("a", "3")
    assert machine.boot(good=True) == ("b", "3")


@pytest.mark.parametrize("running", SLOTS)
def test_while_the_running_slot_is_on_trial_nothing_is_written(machine: Machine, running: str) -> None:
    machine.update("a", "2")
    if running == "b":
        machine.boot(good=False)
        with pytest.raises(UpdateRefused, match="the slot b runs and is on trial still"):
            machine.update("b", "3")
        assert machine.starts() == ("b", "2")
    else:  # it fell back: then the old one is good, and the other may be written
        for _ in range(3):
            machine.boot(good=False)
        machine.update("a", "3")
        assert machine.starts() == ("b", "3")


@pytest.mark.parametrize(
    ("lost", "what"), [("loader/entries/a.conf", "has no entry of the loader"), ("a/initrd", "the ESP lacks initrd")]
)
def test_a_slot_that_could_not_be_started_again_is_told_before_anything_is_written(
    machine: Machine, lost: str, what: str
) -> None:
    (machine.esp / lost).unlink()
    before = state_of(machine.folder)
    with pytest.raises(UpdateRefused, match=what):
        machine.update("a", "2")
    assert state_of(machine.folder) == before


def state_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# --- cut off by a kill: what was done before is there, nothing after it ---


class Killed(BaseException):
    pass


class KilledDisk(SlotDisk):
    """Ends at the step it was told to, or within it, when a part was written."""

    def __init__(self, esp: str, slot: str, at: int, within: bool) -> None:
        super().__init__(esp, slot)
        self.left, self.within = at, within

    def carry_out(self, step: Step, stream: IO[bytes]) -> None:
        if self.left == 0 and not self.within:
            raise Killed
        super().carry_out(step, stream)
        self.left -= 1

    def write(self, file: IO[bytes], data: bytes) -> None:
        if self.left == 0 and self.within:
            super().write(file, data[: len(data) // 2])
            file.flush()
            raise Killed
        super().write(file, data)


def cuts(tmp_path: Path) -> Iterator[tuple[int, bool]]:
    steps = Machine(tmp_path / "measured").made("1").update("a", "2")
    return itertools.product(range(len(steps)), (False, True))


@pytest.mark.parametrize("history", [(), ("2",), ("2", "bad")], ids=["first", "second", "after-a-bad-one"])
def test_wherever_it_is_killed_a_whole_slot_is_started_and_the_next_update_works(
    tmp_path: Path, history: tuple[str, ...]
) -> None:
    for at, within in [*cuts(tmp_path), (99, False)]:
        machine = Machine(tmp_path / f"{at}-{within}").made("1")
        running, good = "a", "1"
        if history:
            machine.update("a", "2")
            if "bad" in history:
                for _ in range(3):
                    machine.boot(good=False)
            else:
                running, good = machine.boot(good=True)
        try:
            machine.update(running, "9", partial(KilledDisk, at=at, within=within))
            done = True
        except Killed:
            done = False
        slot, version = machine.starts()
        assert (slot, version) in ((running, good), (other(running), "9"))
        assert not done or version == "9"
        if (slot, version) == (running, good):
            machine.update(running, "10")
            assert machine.boot(good=True) == (other(running), "10")


# --- cut off by the power: of what was not brought to the disk yet, anything may be there and anything may not ---


class Recorded(SlotDisk):
    """What was done between two times that everything was brought to the disk."""

    def __init__(self, esp: str, slot: str) -> None:
        super().__init__(esp, slot)
        self.stages: list[list[Step]] = [[]]
        self.stream = b""

    def carry_out(self, step: Step, stream: IO[bytes]) -> None:
        if step.do == "sync":
            self.stages.append([])
        else:
            self.stages[-1].append(step)
        super().carry_out(step, stream)


def test_whatever_the_power_leaves_of_what_was_not_synced_a_whole_slot_is_started(tmp_path: Path) -> None:
    recorded: list[Recorded] = []

    def disk(esp: str, slot: str) -> SlotDisk:
        recorded.append(Recorded(esp, slot))
        return recorded[0]

    measured = Machine(tmp_path / "measured").made("1")
    measured.update("a", "0")  # so that there is something to be removed
    measured.update("a", "2", disk)
    number = 0
    for cut, stage in enumerate(recorded[0].stages):
        for kept in itertools.chain.from_iterable(
            itertools.combinations(range(len(stage)), size) for size in range(len(stage) + 1)
        ):
            number += 1
            machine = Machine(tmp_path / str(number)).made("1")
            machine.update("a", "0")
            machine.know("2")
            update, stream = update_of("2")
            onto = SlotDisk(str(machine.esp), str(machine.slot("b")))
            taken = {"root.erofs": 0, "vmlinuz": update.root.size, "initrd": update.root.size + update.kernel.size}
            for step in itertools.chain(*recorded[0].stages[:cut], (stage[index] for index in kept)):
                start = taken[step.part.name] if step.part else 0
                try:
                    onto.carry_out(step, io.BytesIO(stream[start:]))
                except FileNotFoundError:
                    assert step.do == "rename"  # of a file that did not come to the disk
            slot, version = machine.starts()
            assert (slot, version) in (("a", "1"), ("b", "0"), ("b", "2"))
            # Once its entry was removed for good, the old content of the slot is started no more.
            assert version != "0" or cut == 0
    assert number > 30


# --- what arrives ---


class Damaging(SlotDisk):
    """A disk that takes something else than what is written."""

    def write(self, file: IO[bytes], data: bytes) -> None:
        super().write(file, data[:-1] + bytes([data[-1] ^ 1]))


def test_what_is_not_on_the_disk_as_it_was_sent_is_not_started(machine: Machine) -> None:
    with pytest.raises(UpdateRefused, match="is not what was sent when it is read back"):
        machine.update("a", "2", Damaging)
    assert machine.starts() == ("a", "1")


@pytest.mark.parametrize("share", [0, 1, 2])
def test_what_does_not_arrive_whole_is_not_started(machine: Machine, share: int) -> None:
    machine.know("2")
    update, stream = update_of("2")
    disk = SlotDisk(str(machine.esp), str(machine.slot("b")))
    cut = (0, update.root.size + 5, len(stream) - 1)[share]
    with pytest.raises(UpdateRefused, match="did not arrive completely"):
        write(disk, plan(disk.view("a"), update), io.BytesIO(stream[:cut]))
    assert machine.starts() == ("a", "1")


def test_a_root_that_does_not_fit_its_slot_is_refused(machine: Machine) -> None:
    update, stream = update_of("2")
    update = replace(update, root=replace(update.root, size=SLOT_BYTES + 1))
    disk = SlotDisk(str(machine.esp), str(machine.slot("b")))
    with pytest.raises(UpdateRefused, match=r"root\.erofs does not fit its slot"):
        write(disk, plan(disk.view("a"), update), io.BytesIO(stream))
    assert machine.starts() == ("a", "1")


def test_an_error_of_the_disk_is_told_and_nothing_comes_after_it(machine: Machine) -> None:
    class Full(SlotDisk):
        def write(self, file: IO[bytes], data: bytes) -> None:
            if data.startswith(b"kernel"):
                raise OSError(28, "No space left on device")
            super().write(file, data)

    with pytest.raises(UpdateRefused, match=r"could not write b/vmlinuz\.new") as caught:
        machine.update("a", "2", Full)
    assert "make room on the ESP" in caught.value.hint
    assert machine.starts() == ("a", "1")


# --- the loader's rules ---


def entry(name: str, version: int = 0) -> Entry:
    return read_entries({name: f"version {version}\n"})[0]


@pytest.mark.parametrize(
    ("names", "first"),
    [
        (["a.conf:1", "b+3.conf:2"], "b+3.conf"),
        (["a.conf:1", "b+1-2.conf:2"], "b+1-2.conf"),
        (["a.conf:1", "b+0-3.conf:2"], "a.conf"),
        (["a.conf:3", "b.conf:2"], "a.conf"),
        (["a.conf:9", "b.conf:10"], "b.conf"),
        (["a+0-3.conf:3", "b+0-3.conf:2"], "a+0-3.conf"),
        (["a.conf:0", "b.conf:0"], "b.conf"),
    ],
)
def test_the_loader_starts_the_newest_entry_that_has_tries_left(names: list[str], first: str) -> None:
    found = started(entry(name, int(version)) for name, version in (one.split(":") for one in names))
    assert found is not None and found.name == first


def test_entries_of_others_are_no_slots() -> None:
    texts = dict.fromkeys(("c.conf", "a.conf.new", "A.conf", "debian+3.conf", "b+x.conf", "a+2-1.conf"), "")
    assert [one.name for one in read_entries(texts)] == ["a+2-1.conf"]
    (found,) = read_entries({"b+2-1.conf": "version 7\noptions ro dcos.image=ab12 quiet\n"})
    assert (found.left, found.done, found.version, found.image, found.good) == (2, 1, 7, "ab12", False)


# --- the program that is sent ---


def test_the_program_needs_nothing_but_the_standard_library() -> None:
    """It is sent as source, and runs under the machine's own Python."""
    modules = code_of("machine.slots")
    assert {"machine.slots", "machine.slot_disk", "machine.slot_plan", "machine.loader", "machine.hidden"} < modules
    for module in modules:
        tree = ast.parse(source_of(module))
        names = {one.module or "" for one in ast.walk(tree) if isinstance(one, ast.ImportFrom)}
        names |= {name.name for one in ast.walk(tree) if isinstance(one, ast.Import) for name in one.names}
        ours = {f"dcos_images.{one}" for one in modules}
        assert {name.partition(".")[0] for name in names - ours} <= sys.stdlib_module_names


def sent(order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """What a machine without any of our modules answers."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "utf8", "-c", sys_program(program())],
        input=json.dumps(order).encode() + b"\n",
        capture_output=True,
        timeout=240,
    )
    return done.returncode, json.loads((done.stdout or done.stderr).splitlines()[-1])


def sys_program(source: bytes) -> str:
    return f"exec(compile({source!r}, 'dcos-sent', 'exec'), {{'__name__': '__main__'}})"


@pytest.mark.parametrize("do", ["look", "write"])
def test_a_machine_without_slots_is_told(do: str) -> None:
    order = {"do": do, "roots": {"a": "no-such-partition", "b": "nor-this"}, "esp": "nor-that"}
    code, told = sent(order)
    assert code == 1 and told["what"] == "the machine has no slots" and "only machines that boot" in told["hint"]


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (PermissionError(13, "Permission denied", "/proc/1/mountinfo"), "/proc/1/mountinfo: Permission denied"),
        (OSError(28, "No space left on device"), "No space left on device"),
    ],
)
@pytest.mark.parametrize(("do", "done"), [("look", "read"), ("write", "written")])
def test_whatever_the_system_refuses_is_told_and_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OSError, why: str, do: str, done: str
) -> None:
    def refused(*_: object) -> None:
        raise error

    monkeypatch.setattr(slots, "_layout", refused)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(
        sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps({"do": do, "roots": {}, "esp": ""}).encode()))
    )
    assert slots.main() == 1
    told = json.loads(capsys.readouterr().err)
    assert told["what"] == f"the machine's slots cannot be {done}" and told["why"] == why and told["hint"]
