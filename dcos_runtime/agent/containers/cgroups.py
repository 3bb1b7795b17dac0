"""The machine's control groups as a launcher needs them: their version, their place, their files,
their removal.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path

from dcos_runtime.agent.containers.base import kill_quietly


@dataclass(frozen=True)
class Cgroups:
    """Where each controller is mounted: one folder for all when ``unified``."""

    unified: bool
    mounts: dict[str, Path]

    @classmethod
    def read(cls, mountinfo: str | None = None) -> Cgroups:
        """From /proc/self/mountinfo, or its text."""
        text = Path("/proc/self/mountinfo").read_text() if mountinfo is None else mountinfo
        mounts: dict[str, Path] = {}
        unified = False
        for line in text.splitlines():
            fields = line.split(" ")
            kind, where = fields[fields.index("-") + 1], fields[4]
            if kind == "cgroup2" and where == "/sys/fs/cgroup":
                unified = True
                mounts = {"": Path(where)}
            elif kind == "cgroup2" and not unified:
                # Version 2 beside version 1: it limits nothing, but holds processes.
                mounts["unified"] = Path(where)
            elif kind == "cgroup" and not unified:
                for option in fields[-1].split(","):
                    mounts.setdefault(option, Path(where))
        return cls(unified, mounts)

    @property
    def layout(self) -> str:
        """In words."""
        return "unified" if self.unified else "divided (version 1)"

    def folder(self, controller: str, path: str) -> Path | None:
        """The folder of the cgroup ``path`` in the hierarchy of ``controller``."""
        mount = self.mounts.get("" if self.unified else controller)
        return None if mount is None else mount / path.lstrip("/")

    def unwritable(self) -> list[Path]:
        """The mounts in which we cannot make cgroups."""
        names = ("",) if self.unified else ("cpu", "memory", "pids", "devices", "freezer")
        return [mount for name in names if (mount := self.mounts.get(name)) and not os.access(mount, os.W_OK)]

    @property
    def swap_accounted(self) -> bool:
        """Whether a limit of memory and swap together can be set."""
        if self.unified:
            return Path("/sys/fs/cgroup/cgroup.controllers").exists() and _any_swap_file(self.mounts[""])
        memory = self.mounts.get("memory")
        return memory is not None and (memory / "memory.memsw.limit_in_bytes").exists()

    def memory_limit(self, path: str) -> int | None:
        text = self.text("memory", path, "memory.max" if self.unified else "memory.limit_in_bytes")
        return int(text) if text and text != "max" else None

    def memory_peak(self, path: str) -> int | None:
        text = self.text("memory", path, "memory.peak" if self.unified else "memory.max_usage_in_bytes")
        return int(text) if text else None

    def oom_kills(self, path: str) -> int:
        text = self.text("memory", path, "memory.events" if self.unified else "memory.oom_control")
        match = re.search(r"^oom_kill ([0-9]+)", text, re.MULTILINE)
        return int(match[1]) if match else 0

    def pids(self, path: str) -> list[int]:
        """The processes in the cgroup ``path`` and below."""
        folder = self.folder("memory", path)
        found: list[int] = []
        for place in tree(folder) if folder is not None and folder.is_dir() else ():
            with contextlib.suppress(OSError):
                found += [int(pid) for pid in (place / "cgroup.procs").read_text().split()]
        return found

    def make_below(self, path: str, name: str) -> str:
        """Makes the cgroup ``name`` below ``path``, in every hierarchy that has ``path``, and returns its path. Nothing
        there limits more than ``path`` does. Raises ``OSError``, also when ``path`` is in none.
        """
        found = [folder for mount in set(self.mounts.values()) if (folder := mount / path.lstrip("/")).is_dir()]
        if not found:
            raise FileNotFoundError(errno.ENOENT, "no such cgroup", path)
        for folder in found:
            (folder / name).mkdir()
            for file in ("cpuset.cpus", "cpuset.mems"):
                # Version 1 lets no process into a cgroup with no processors. In version 2 an empty file means all.
                if not self.unified and (folder / file).exists():
                    (folder / name / file).write_text((folder / file).read_text())
        return f"{path}/{name}"

    def claim(self, path: str) -> bool:
        """Makes the cgroup ``path`` if it is missing, and reserves it for this process as long as it lives. Returns
        False when another process has it. Raises ``OSError``.
        """
        folder = self.folder("pids", path)
        if folder is None:
            return True
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        return True  # the descriptor stays open: its lock is the claim

    def clear(self, path: str) -> bool:
        """Kills the processes in the cgroup ``path`` and removes the cgroup, in every hierarchy. False when a part is
        left.
        """
        folders = [folder for mount in set(self.mounts.values()) if (folder := mount / path.lstrip("/")).is_dir()]
        for folder in folders:
            for place in reversed(tree(folder)):
                with contextlib.suppress(OSError):
                    for pid in (place / "cgroup.procs").read_text().split():
                        kill_quietly(int(pid), signal.SIGKILL)
                    place.rmdir()
        return not any(folder.exists() for folder in folders)

    def text(self, controller: str, path: str, name: str) -> str:
        """What a file of the cgroup ``path`` holds; empty when it cannot be read."""
        folder = self.folder(controller, path)
        try:
            return (folder / name).read_text().strip() if folder else ""
        except OSError:
            return ""

    def write(self, controller: str, path: str, name: str, text: str) -> None:
        """Into a file of the cgroup ``path``. Raises ``OSError``."""
        folder = self.folder(controller, path)
        if folder is None:
            raise FileNotFoundError(errno.ENOENT, f"no control groups of {controller} are mounted", name)
        with (folder / name).open("r+") as file:  # does not create it
            file.write(text)


def tree(folder: Path) -> list[Path]:
    """A cgroup and those below it, each after its parent. Without recursion, since they may be nested deeply."""
    found = [folder]
    for place in found:  # the list grows during the loop
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            found += sorted(Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False))
    return found


def _any_swap_file(mount: Path) -> bool:
    """memory.swap.max exists in every cgroup except the root."""
    return any((entry / "memory.swap.max").exists() for entry in [mount, *mount.iterdir()] if entry.is_dir())


def pairs(text: str) -> dict[str, int]:
    """Lines of a name and a number."""
    found = {}
    for line in text.splitlines():
        name, _, value = line.partition(" ")
        if value.strip().isdigit():
            found[name] = int(value)
    return found
