"""The steps of a plan, carried out on an ESP and the partition of a slot.

Runs here and, sent as source, on machines: Python 3.9 or newer, standard library only.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import IO

from dcos_images.machine.loader import ENTRIES, SLOTS, read_entries
from dcos_images.machine.slot_plan import Part, Step, UpdateRefused, View

_CHUNK = 1 << 20
_FLUSH_BUFFERS = 0x1261
"""BLKFLSBUF of linux/fs.h: what was read of a block device is forgotten."""
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
                        f"{part.name} did not arrive completely", "its sender stopped in the middle", "update again"
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
