"""The two slots of a disk: what systemd-boot makes of them, and how the one that does not run is written.

Whatever ends it, and wherever (a kill, a power cut), the loader has a slot to start that is whole: the entry of the
slot that is written goes first and comes last, and nothing of the running slot is touched. The ESP is FAT, without a
journal: so each step is on the disk before the next one, and what is new gets its name when its bytes were read back.

Runs here and, sent as source, on machines: Python 3.9 or newer, standard library only. The rules of the loader are
systemd-boot's (Boot Loader Specification, type 1; Automatic Boot Assessment).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

SLOTS = ("a", "b")
TRIES = 3
"""How often a slot that was written is tried before the loader goes back to the other one."""
ENTRIES = "loader/entries"
_NEW = ".new"
_NAME = re.compile(r"(?P<slot>[^+]+?)(\+(?P<left>\d+)(-(?P<done>\d+))?)?\.conf")
_CHUNK = 1 << 20
_FLUSH_BUFFERS = 0x1261
"""BLKFLSBUF of linux/fs.h: what was read of a block device is forgotten."""
_NEW_MOUNTS = 0x00020000
"""CLONE_NEWNS of linux/sched.h."""


class UpdateRefused(Exception):
    """A slot cannot be written. Unless ``what`` says otherwise nothing that the loader starts was touched."""

    def __init__(self, what: str, why: str = "", hint: str = "") -> None:
        self.what, self.why, self.hint = what, why, hint
        super().__init__(what)


# --- what the loader sees ---


@dataclass(frozen=True)
class Entry:
    """One entry. ``left``: how often it may still be tried; None: it is not counted, because it was good."""

    name: str
    slot: str
    left: int | None
    done: int
    version: int
    image: str
    """The SHA-256 of the root that lies in its slot; empty: unknown."""

    @property
    def good(self) -> bool:
        return self.left is None


def read_entries(texts: Mapping[str, str]) -> list[Entry]:
    """The entries of slots among the files of loader/entries, by name and text; others' are not ours to touch."""
    found = []
    for name, text in sorted(texts.items()):
        match = _NAME.fullmatch(name)
        if match is None or match["slot"] not in SLOTS:
            continue
        fields = dict(line.strip().partition(" ")[::2] for line in text.splitlines())
        options = dict(word.partition("=")[::2] for word in fields.get("options", "").split())
        version = fields.get("version", "").strip()
        found.append(
            Entry(
                name,
                match["slot"],
                None if match["left"] is None else int(match["left"]),
                int(match["done"] or 0),
                int(version) if version.isdecimal() else 0,
                options.get("dcos.image", ""),
            )
        )
    return found


def started(entries: Iterable[Entry]) -> Entry | None:
    """The entry that systemd-boot starts: of those with tries left the newest; else the newest without."""
    ordered = sorted(entries, key=lambda one: (one.left != 0, one.version, one.slot), reverse=True)
    return ordered[0] if ordered else None


def entry_text(slot: str, root: str, arguments: Iterable[str], *, image: str, version: int) -> str:
    """How systemd-boot starts what lies in a slot. ``root``: the identity of its partition; ``image``: its SHA-256."""
    options = [f"root=PARTUUID={root}", "rootfstype=erofs", "ro", f"dcos.image={image}", *arguments]
    return (
        f"title dcos ({slot})\nsort-key dcos\nversion {version}\nlinux /{slot}/vmlinuz\ninitrd /{slot}/initrd\n"
        f"options {' '.join(options)}\n"
    )


# --- the plan: what is written in which order ---


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


def other(slot: str) -> str:
    return SLOTS[1 - SLOTS.index(slot)]


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
    steps += [Step("remove", path) for path in view.files if path.startswith(f"{entry}.") and path.endswith(_NEW)]
    steps.append(Step("sync", ENTRIES))
    steps += [Step("remove", path) for path in view.files if path.startswith(f"{slot}/")]
    steps += [Step("folder", slot), Step("sync", slot), Step("slot", part=update.root)]
    for name, part in (("vmlinuz", update.kernel), ("initrd", update.initrd)):
        steps += [
            Step("file", f"{slot}/{name}{_NEW}", part=part),
            Step("rename", f"{slot}/{name}{_NEW}", target=f"{slot}/{name}"),
        ]
    return (
        *steps,
        Step("sync", slot),
        Step("text", f"{entry}.conf{_NEW}", text=text),
        Step("sync", ENTRIES),
        Step("rename", f"{entry}.conf{_NEW}", target=f"{entry}+{update.tries}.conf"),
        Step("sync", ENTRIES),
    )


# --- carrying it out ---

_DOING = {"remove": "remove", "sync": "bring to the disk", "folder": "make", "rename": "rename"}
"""What a step does, in words; any other one writes."""


class SlotDisk:
    """The ESP, mounted at a folder, and the partition of the slot that is written: a block device, or a file."""

    def __init__(self, esp: str, slot: str) -> None:
        self._esp, self._slot = esp, slot

    def view(self, running: str) -> View:
        texts, files = {}, []
        for folder in (ENTRIES, *SLOTS):
            for path in sorted(Path(self._esp, folder).glob("*")):
                files.append(f"{folder}/{path.name}")
                if folder == ENTRIES and path.suffix == ".conf":
                    texts[path.name] = path.read_text(errors="replace")
        return View(running, tuple(read_entries(texts)), tuple(files))

    def carry_out(self, step: Step, stream: IO[bytes]) -> None:
        path = os.path.join(self._esp, step.path)
        if step.do == "remove":
            os.remove(path)
        elif step.do == "folder":
            os.makedirs(path, exist_ok=True)
        elif step.do == "rename":
            os.rename(path, os.path.join(self._esp, step.target))
        elif step.do == "sync":
            self._sync(path)
        elif step.do == "text":
            with open(path, "wb") as file:
                self.write(file, step.text.encode())
                self._keep(file)
        elif step.do == "slot":
            assert step.part is not None
            self._receive(self._slot, step.part, stream, partition=True)
        else:
            assert step.part is not None
            self._receive(path, step.part, stream, partition=False)

    def write(self, file: IO[bytes], data: bytes) -> None:
        file.write(data)

    def _keep(self, file: IO[bytes]) -> None:
        file.flush()
        os.fsync(file.fileno())

    def _sync(self, folder: str) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
            if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
                raise OSError(ctypes.get_errno(), "syncfs")
        finally:
            os.close(descriptor)

    def _receive(self, path: str, part: Part, stream: IO[bytes], *, partition: bool) -> None:
        # O_EXCL on a partition: nobody has it mounted.
        device = partition and stat.S_ISBLK(os.stat(path).st_mode)
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_EXCL if device else 0 if partition else os.O_CREAT | os.O_TRUNC)
        with open(os.open(path, flags, 0o644), "r+b", buffering=0) as file:
            if partition and os.lseek(file.fileno(), 0, os.SEEK_END) < part.size:
                room = os.lseek(file.fileno(), 0, os.SEEK_END)
                raise UpdateRefused(
                    f"{part.name} does not fit its slot",
                    f"it has {part.size} bytes, the partition {room}",
                    "build the image with the partitions that the machine's disk has",
                )
            file.seek(0)
            left = part.size
            while left:
                data = stream.read(min(_CHUNK, left))
                if not data:
                    raise UpdateRefused(
                        f"{part.name} did not arrive whole", "what sent it stopped in the middle", "update again"
                    )
                self.write(file, data)
                left -= len(data)
            self._keep(file)
            _forget(file.fileno(), device)
            file.seek(0)
            found = _digest(file, part.size)
        if found != part.sha256:
            raise UpdateRefused(
                f"{part.name} is not what was sent when it is read back",
                f"its SHA-256 is {found}, not {part.sha256}",
                "update again; when it stays so, the disk is broken",
            )


def _forget(descriptor: int, device: bool) -> None:
    """What is read next comes from the disk, not from memory."""
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    if device:
        fcntl.ioctl(descriptor, _FLUSH_BUFFERS)


def _digest(file: IO[bytes], size: int) -> str:
    digest = hashlib.sha256()
    while size:
        data = file.read(min(_CHUNK, size))
        if not data:
            break
        digest.update(data)
        size -= len(data)
    return digest.hexdigest()


def write(disk: SlotDisk, steps: Iterable[Step], stream: IO[bytes]) -> None:
    """Carries out the steps in order. Raises `UpdateRefused`; no step after a failed one is done."""
    for step in steps:
        try:
            disk.carry_out(step, stream)
        except OSError as error:
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            raise UpdateRefused(
                f"could not {_DOING.get(step.do, 'write')} {step.path or 'the slot'}",
                error.strerror or str(error),
                "make room on the ESP: only /a, /b, /EFI and /loader are the image's" if full else "see the disk",
            ) from None


# --- what a machine's own files in /etc hide ---


@dataclass(frozen=True)
class Hidden:
    """A path of /etc that the new image changes, and that stays as the machine has it."""

    path: str
    why: str


def hidden(upper: Path, old: Path, new: Path) -> list[Hidden]:
    """What the overlay's ``upper`` layer hides of what is different in ``new`` than in ``old``, two trees of /etc."""
    return sorted(_hidden(upper, old, new, ""), key=lambda one: one.path)


def _hidden(upper: Path, old: Path, new: Path, within: str) -> Iterator[Hidden]:
    for entry in os.scandir(upper):
        path = f"{within}{entry.name}"
        mine, before, after = Path(entry.path), old / entry.name, new / entry.name
        whiteout = _is_whiteout(mine)
        if entry.is_dir(follow_symlinks=False) and not _is_opaque(mine):
            if _kind(after) == _kind(before) == "folder":
                yield from _hidden(mine, before, after, f"{path}/")
            elif _kind(after) == "folder":
                yield from _hidden(mine, Path("/nonexistent"), after, f"{path}/")
            elif _kind(after) and not _same(before, after):
                yield Hidden(path, "a folder here, and no folder in the new image")
            continue
        if not _kind(after) or _same(before, after):
            continue
        if whiteout:
            yield Hidden(path, "removed here, and changed in the new image" if _kind(before) else "removed here")
        elif _same(mine, before):
            yield Hidden(path, "copied here as the old image had it")
        elif not _same(mine, after):
            yield Hidden(path, "changed here, and in the new image" if _kind(before) else "made here, and new there")


def _kind(path: Path) -> str:
    try:
        mode = path.lstat().st_mode
    except OSError:
        return ""
    names = {stat.S_IFDIR: "folder", stat.S_IFREG: "file", stat.S_IFLNK: "link"}
    return names.get(stat.S_IFMT(mode), "other")


def _same(one: Path, two: Path) -> bool:
    """Whether both are the same to whoever reads them: kind, mode, owner, content; folders with all that is in them."""
    kind = _kind(one)
    if kind != _kind(two):
        return False
    if not kind:
        return True
    left, right = one.lstat(), two.lstat()
    if kind == "link":
        return os.readlink(one) == os.readlink(two)
    if (left.st_mode, left.st_uid, left.st_gid) != (right.st_mode, right.st_uid, right.st_gid):
        return False
    if kind == "file":
        return left.st_size == right.st_size and one.read_bytes() == two.read_bytes()
    names = sorted(os.listdir(one))
    return names == sorted(os.listdir(two)) and all(_same(one / name, two / name) for name in names)


def _is_whiteout(path: Path) -> bool:
    found = path.lstat()
    return stat.S_ISCHR(found.st_mode) and found.st_rdev == 0


def _is_opaque(path: Path) -> bool:
    try:
        return os.getxattr(path, "trusted.overlay.opaque", follow_symlinks=False) == b"y"
    except OSError:
        return False


# --- on a machine ---


@dataclass(frozen=True)
class Layout:
    """Where a machine's slots are."""

    running: str
    slots: Mapping[str, str]
    esp: str


def _layout(roots: Mapping[str, str], esp: str) -> Layout:
    by_identity = "/dev/disk/by-partuuid/"
    devices = {}
    for name, identity in (*roots.items(), ("esp", esp)):
        path = by_identity + identity
        if not os.path.exists(path):
            raise UpdateRefused(
                "the machine has no slots",
                f"there is no partition {identity} ({'the ESP' if name == 'esp' else f'the slot {name}'})",
                "only machines that boot from a disk of an image are updated; make others anew from it",
            )
        devices[name] = os.path.realpath(path)
    root = os.stat("/").st_dev
    running = [name for name in roots if os.stat(devices[name]).st_rdev == root]
    if not running:
        raise UpdateRefused(
            "the machine does not run from one of its slots",
            f"/ is the device {os.major(root)}:{os.minor(root)}",
            "a machine that boots from a network gets its image from there",
        )
    disks = {os.path.dirname(os.path.realpath(f"/sys/class/block/{os.path.basename(one)}")) for one in devices.values()}
    if len(disks) != 1:
        raise UpdateRefused(
            "the slots are on more than one disk",
            "two disks of images are attached",
            "detach the one that is not meant",
        )
    return Layout(running[0], {name: devices[name] for name in roots}, devices["esp"])


def _command(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def _mounted(kind: str, device: str, where: str, options: str) -> None:
    os.makedirs(where, exist_ok=True)
    done = _command("mount", "-t", kind, "-o", options, device, where)
    if done.returncode:
        raise UpdateRefused(
            f"{device} cannot be mounted as {kind}", done.stderr.strip(), "see the machine's journal: journalctl -k"
        )


def _own_mounts() -> str:
    """From now on what is mounted is seen by this process alone, and is gone with it. A folder to mount in."""
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_MOUNTS):
        raise UpdateRefused("the machine gives no mounts of its own", os.strerror(ctypes.get_errno()), "run it as root")
    _command("mount", "--make-rprivate", "/")
    folder = tempfile.mkdtemp(prefix="dcos-slots-", dir="/run")
    _mounted("tmpfs", "slots", folder, "mode=700")
    return folder


_ESP_OPTIONS = "rw,umask=0077,noatime"
"""Also to read: while it is mounted to be read only, systemd could not mount it to write, and so find no slot good."""


def _mount_esp(layout: Layout, folder: str) -> SlotDisk:
    esp = f"{folder}/esp"
    # What an earlier power cut left; nothing is done while somebody has it mounted.
    _command("umount", "/efi")
    if not _is_mounted(layout.esp):
        _command("fsck.vfat", "-a", layout.esp)
    _mounted("vfat", layout.esp, esp, _ESP_OPTIONS)
    return SlotDisk(esp, layout.slots[other(layout.running)])


def _is_mounted(device: str) -> bool:
    found = os.stat(device).st_rdev
    number = f"{os.major(found)}:{os.minor(found)}"
    with open("/proc/1/mountinfo") as file:
        return any(line.split()[2] == number for line in file)


def look(order: Mapping[str, Any]) -> dict[str, Any]:
    """How the machine's slots are."""
    layout = _layout(order["roots"], order["esp"])
    folder = _own_mounts()
    try:
        _mounted("vfat", layout.esp, f"{folder}/esp", _ESP_OPTIONS)
        view = SlotDisk(f"{folder}/esp", "").view(layout.running)
    finally:
        _command("umount", "--recursive", folder)
        os.rmdir(folder)
    return {
        "running": layout.running,
        "entries": [asdict(one) for one in view.entries],
        "boot": Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
    }


def receive(order: Mapping[str, Any], stream: IO[bytes]) -> dict[str, Any]:
    """Writes the slot that does not run with what comes by ``stream``: root, kernel and initrd, one after another."""
    layout = _layout(order["roots"], order["esp"])
    parts = {name: Part(**order[name]) for name in ("root", "kernel", "initrd")}
    update = Update(**parts, arguments=tuple(order["arguments"]), roots=order["roots"], tries=order["tries"])
    folder = _own_mounts()
    found: list[Hidden] = []
    try:
        disk = _mount_esp(layout, folder)
        steps = plan(disk.view(layout.running), update)
        at = next(index for index, step in enumerate(steps) if step.do == "slot") + 1
        write(disk, steps[:at], stream)
        found = _hidden_in_slot(layout.slots[other(layout.running)], folder)  # which also mounts what was written
        _remember()
        write(disk, steps[at:], stream)
    finally:
        _command("umount", "--recursive", folder)
        os.rmdir(folder)
    return {"slot": other(layout.running), "hidden": [asdict(one) for one in found]}


def _hidden_in_slot(slot: str, folder: str) -> list[Hidden]:
    old, new = f"{folder}/old", f"{folder}/new"
    _mounted("erofs", slot, new, "ro")
    os.makedirs(old, exist_ok=True)
    _command("mount", "--bind", "/", old)
    try:
        return hidden(Path("/state/etc/upper"), Path(old, "etc"), Path(new, "etc"))
    finally:
        _command("umount", new)
        _command("umount", old)


KNOWN = "/var/lib/dcos-slots/before"
"""How the machine was before it starts from another slot: what its health is held to then."""


def _remember() -> None:
    failed = _command("systemctl", "list-units", "--failed", "--plain", "--no-legend", "--no-pager").stdout
    names = [line.split()[0] for line in failed.splitlines() if line.split()]
    addresses = _command("ip", "-o", "address", "show", "scope", "global").stdout.strip()
    os.makedirs(os.path.dirname(KNOWN), exist_ok=True)
    with open(f"{KNOWN}{_NEW}", "w") as file:
        file.write(f"FAILED='{' '.join(names)}'\nNETWORK={'yes' if addresses else 'no'}\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{KNOWN}{_NEW}", KNOWN)


def main() -> int:
    """Reads an order (a line of JSON) and what belongs to it from stdin; answers on stdout, errors on stderr."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    order = json.loads(sys.stdin.buffer.readline())
    try:
        answer = look(order) if order["do"] == "look" else receive(order, sys.stdin.buffer)
    except UpdateRefused as error:
        sys.stderr.write(json.dumps({"what": error.what, "why": error.why, "hint": error.hint}) + "\n")
        return 1
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
