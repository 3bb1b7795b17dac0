"""In which order the slot of a disk that does not run is written.

Whatever ends it, and wherever (a kill, a power cut), the loader has a slot to start that is whole: the entry of the
slot that is written goes first and comes last, and nothing of the running slot is touched. The ESP is FAT, without a
journal: so each step is on the disk before the next one, and what is new gets its name when its bytes were read back.

Runs here and, sent as source, on machines: Python 3.9 or newer, standard library only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dcos_images.machine.loader import ENTRIES, Entry, entry_text, other, started

TRIES = 3
"""How often a slot that was written is tried before the loader goes back to the other one."""
NEW = ".new"
"""How a name ends while its file is not whole."""


class UpdateRefused(Exception):
    """A slot cannot be written. Unless ``what`` says otherwise nothing that the loader starts was touched."""

    def __init__(self, what: str, why: str = "", hint: str = "") -> None:
        self.what, self.why, self.hint = what, why, hint
        super().__init__(what)


@dataclass(frozen=True)
class Part:
    """One of the files of an update."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Step:
    """``do`` is one of remove, sync, slot, folder, file, text, rename; ``path`` is below the ESP, empty for slot."""

    do: str
    path: str = ""
    part: Part | None = None
    text: str = ""
    target: str = ""


@dataclass(frozen=True)
class View:
    """What is on the ESP, and what runs."""

    running: str
    entries: tuple[Entry, ...]
    files: tuple[str, ...]
    """Below the ESP, of the slots' folders and of the entries' folder."""


@dataclass(frozen=True)
class Update:
    """An image as it comes to a machine. ``roots``: the identity of each slot's partition."""

    root: Part
    kernel: Part
    initrd: Part
    arguments: tuple[str, ...]
    roots: Mapping[str, str]
    tries: int = TRIES


def plan(view: View, update: Update) -> tuple[Step, ...]:
    """The steps that write the slot that does not run. Raises `UpdateRefused` when there would be no way back."""
    meanwhile = started(one for one in view.entries if one.slot == view.running)
    if meanwhile is None or not meanwhile.good:
        tried = "is on trial still" if meanwhile else "has no entry of the loader"
        raise UpdateRefused(
            f"the slot {view.running} runs and {tried}",
            "while another is written, it is the only one that can be started",
            "wait until the machine is well: systemctl status boot-complete.target systemd-bless-boot.service",
        )
    lacking = [name for name in ("vmlinuz", "initrd") if f"{view.running}/{name}" not in view.files]
    if lacking:
        raise UpdateRefused(
            f"the ESP lacks {' and '.join(lacking)} of the slot {view.running}",
            "that slot runs, and could not be started again",
            "put them back from the image, then update",
        )
    slot = other(view.running)
    version = 1 + max(one.version for one in view.entries)
    text = entry_text(slot, update.roots[slot], update.arguments, image=update.root.sha256, version=version)
    entry = f"{ENTRIES}/{slot}"
    steps = [Step("remove", f"{ENTRIES}/{one.name}") for one in view.entries if one.slot == slot]
    steps += [Step("remove", path) for path in view.files if path.startswith(f"{entry}.") and path.endswith(NEW)]
    steps.append(Step("sync", ENTRIES))
    steps += [Step("remove", path) for path in view.files if path.startswith(f"{slot}/")]
    steps += [Step("folder", slot), Step("sync", slot), Step("slot", part=update.root)]
    for name, part in (("vmlinuz", update.kernel), ("initrd", update.initrd)):
        steps += [
            Step("file", f"{slot}/{name}{NEW}", part=part),
            Step("rename", f"{slot}/{name}{NEW}", target=f"{slot}/{name}"),
        ]
    return (
        *steps,
        Step("sync", slot),
        Step("text", f"{entry}.conf{NEW}", text=text),
        Step("sync", ENTRIES),
        Step("rename", f"{entry}.conf{NEW}", target=f"{entry}+{update.tries}.conf"),
        Step("sync", ENTRIES),
    )
