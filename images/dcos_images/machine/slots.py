"""The two slots of the machine that this runs on: how they are, and the one that does not run, written.

Runs here and, sent as source, on machines: Python 3.9 or newer, standard library only. `main`
takes an order.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from dcos_images.machine.hidden import Hidden, hidden
from dcos_images.machine.loader import other
from dcos_images.machine.slot_disk import SlotDisk, write
from dcos_images.machine.slot_plan import NEW, Part, Update, UpdateRefused, plan

_NEW_MOUNTS = 0x00020000
"""CLONE_NEWNS of linux/sched.h."""


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
                "only machines that boot from a disk of an image are updated; create other machines again from it",
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
"""Used for reading, too: while the partition is mounted read-only, systemd cannot mount it for writing, and then marks
no slot as good.
"""


def _mount_esp(layout: Layout, folder: str) -> SlotDisk:
    esp = f"{folder}/esp"
    # What an earlier power cut left; nothing is done while it is mounted.
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
    with open(f"{KNOWN}{NEW}", "w") as file:
        file.write(f"FAILED='{' '.join(names)}'\nNETWORK={'yes' if addresses else 'no'}\n")
        file.flush()
        os.fsync(file.fileno())
    os.replace(f"{KNOWN}{NEW}", KNOWN)


def main() -> int:
    """Reads an order (a line of JSON) and what belongs to it from stdin; answers on stdout, errors on stderr."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(1))
    order = json.loads(sys.stdin.buffer.readline())
    try:
        answer = look(order) if order["do"] == "look" else receive(order, sys.stdin.buffer)
    except (OSError, UpdateRefused) as error:
        refused = error if isinstance(error, UpdateRefused) else _refused(order["do"], error)
        sys.stderr.write(json.dumps({"what": refused.what, "why": refused.why, "hint": refused.hint}) + "\n")
        return 1
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def _refused(do: str, error: OSError) -> UpdateRefused:
    """What the machine's system refused, wherever it did."""
    where = f"{error.filename}: " if error.filename else ""
    return UpdateRefused(
        f"the machine's slots cannot be {'read' if do == 'look' else 'written'}",
        f"{where}{error.strerror or error}",
        "it has to be root there, with room in /run and /var; see journalctl -k for its disk; then update again",
    )
