"""Which GPUs a container has: whole ones, by their device files, that no other container has meanwhile.

Contract: Mesos' isolator gpu/nvidia, with its flag `--nvidia_gpu_devices`. Tested with device files that nothing stands
behind: unproved with real GPUs.
"""

from __future__ import annotations

import asyncio
import json
import os
import stat
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcos_runtime.agent.containers.base import ContainerPlace, LaunchError, LauncherUnusable
from dcos_runtime.agent.containers.spec import ContainerSpec, ImageRoot
from dcos_runtime.agent.isolators.base import Document, Isolator
from dcos_runtime.agent.isolators.mounts import bind

CONTROL = "nvidiactl"
SHARED = (CONTROL, "nvidia-uvm", "nvidia-uvm-tools")
"""Device files that each container with a GPU has; the first is there wherever the driver is loaded."""

HELD = "gpus"
"""The file in the container's folder that names its GPUs, by their numbers."""

WAIT_SECONDS = 60.0
"""How long a container waits for GPUs of others that have ended and are not gone yet."""

LIBRARIES = ("libcuda.so*", "libnvidia-*.so*", "libnvcuvid.so*")
PROGRAMS = ("nvidia-smi", "nvidia-debugdump")
INSIDE = "/usr/local/nvidia"
"""Where a container of an image finds the driver's libraries (``lib64``) and programs (``bin``), as by Mesos."""


@dataclass(frozen=True)
class Machine:
    """Where a machine has device files, and the driver's libraries and programs. Others than these are for tests."""

    devices: Path = Path("/dev")
    libraries: tuple[Path, ...] = (Path(f"/usr/lib/{os.uname().machine}-linux-gnu"), Path("/usr/lib64"))
    programs: tuple[Path, ...] = (Path("/usr/bin"),)


class Gpus:
    """The GPUs that the agent hands out, by their numbers: ``/dev/nvidia<number>``. Each is one container's alone."""

    def __init__(self, numbers: Sequence[int] = (), machine: Machine | None = None) -> None:
        self.numbers = tuple(numbers)
        self.machine = machine or Machine()
        self._held: dict[str, tuple[int, ...]] = {}
        self._lock = threading.Lock()

    def check(self) -> None:
        """Raises `LauncherUnusable` when a device file is missing."""
        if not self.numbers:
            return
        for name in (CONTROL, *(f"nvidia{number}" for number in self.numbers)):
            try:
                self.numbers_of(name)
            except OSError as error:
                raise LauncherUnusable(
                    f"--nvidia_gpu_devices names GPUs, and {self.machine.devices / name} is no device file",
                    why=error.strerror or str(error),
                    hint="load the driver, or name the GPUs that are there",
                ) from error

    def numbers_of(self, name: str) -> tuple[int, int]:
        """The major and minor number of a device file. Raises ``OSError``."""
        state = (self.machine.devices / name).stat()
        if not stat.S_ISCHR(state.st_mode):
            raise OSError(0, "it is another kind of file")
        return os.major(state.st_rdev), os.minor(state.st_rdev)

    def resume(self, containers: Path) -> None:
        """Containers of a former agent keep what they have. ``containers`` holds the folder of each."""
        for path in containers.glob(f"*/{HELD}"):
            try:
                numbers = tuple(int(number) for number in json.loads(path.read_text()))
            except (OSError, ValueError):  # it was being written: its container is not created
                continue
            with self._lock:
                self._held[path.parent.name] = numbers

    async def take(self, container_id: str, count: int) -> None:
        """Takes ``count`` GPUs for a container, the lowest that are free. Raises `LaunchError` when there are not so
        many after `WAIT_SECONDS`: a master gives away what a task had before its container is gone.
        """
        until = time.monotonic() + WAIT_SECONDS
        while not self._take(container_id, count):
            if time.monotonic() >= until or count > len(self.numbers):
                raise LaunchError(
                    f"{count} GPUs are asked for, and {len(self._free())} of {len(self.numbers)} are free"
                )
            await asyncio.sleep(0.1)

    def of(self, container_id: str) -> tuple[int, ...]:
        return self._held.get(container_id, ())

    def free(self, container_id: str) -> None:
        with self._lock:
            self._held.pop(container_id, None)

    def _free(self) -> list[int]:
        taken = {number for numbers in self._held.values() for number in numbers}
        return [number for number in self.numbers if number not in taken]

    def _take(self, container_id: str, count: int) -> bool:
        with self._lock:
            free = self._free()
            if len(free) < count:
                return False
            self._held[container_id] = tuple(free[:count])
            return True


class GpusIsolator(Isolator):
    """A container's GPUs. They were taken for it before (`Gpus.take`). Comes after the isolator of other devices."""

    def __init__(self, gpus: Gpus) -> None:
        self._gpus = gpus

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        numbers = self._gpus.of(place.container_id)
        if not numbers:
            return
        (place.folder / HELD).write_text(json.dumps(numbers))
        machine = self._gpus.machine
        if isinstance(spec.root, ImageRoot):
            document["mounts"] += driver(machine)
        if spec.privileged:
            return  # it has all devices of the machine
        devices = document["linux"].setdefault("devices", [])
        for name in (*(f"nvidia{number}" for number in numbers), *SHARED):
            if name in SHARED and not (machine.devices / name).exists():
                continue
            major, minor = self._gpus.numbers_of(name)
            device = {"type": "c", "major": major, "minor": minor}
            devices.append({"path": f"/dev/{name}", "fileMode": 0o666, "uid": 0, "gid": 0, **device})
            document["linux"]["resources"]["devices"].append({"allow": True, "access": "rw", **device})

    def cleanup(self, place: ContainerPlace) -> None:
        self._gpus.free(place.container_id)


def driver(machine: Machine) -> Iterator[dict[str, Any]]:
    """Mounts of the driver's libraries and programs: an image holds none, since they have to be the driver's own. A
    container without an image sees them where the machine has them.
    """
    for folders, patterns, inside in (
        (machine.libraries, LIBRARIES, "lib64"),
        (machine.programs, PROGRAMS, "bin"),
    ):
        found: dict[str, Path] = {}
        for path in (path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())):
            if any(path.match(pattern) for pattern in patterns) and path.is_file():
                found.setdefault(path.name, path.resolve())
        for name, path in found.items():
            yield bind(str(path), f"{INSIDE}/{inside}/{name}", "ro")
