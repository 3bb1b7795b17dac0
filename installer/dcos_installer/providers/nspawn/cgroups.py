"""A control group of its own in every hierarchy of the host: v1 controllers, named ones, and the unified one.

Paths are relative to the hierarchies' mount points, and the same in each: a process whose group is ``/a/b`` everywhere
has, in a cgroup namespace of its own, a private root everywhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dcos_installer.errors import InstallerError

_CPU_PERIOD_US = 100_000
_CREATE_ATTEMPTS = 5
_REMOVE_SECONDS = 30.0
_KILL_SECONDS = 60.0
_PAUSE_SECONDS = 0.02
_MOUNT_ESCAPES = {"\\040": " ", "\\011": "\t", "\\012": "\n", "\\134": "\\"}

# The device nodes for root in a machine: it may create any (an OCI runtime requires that), and use harmless ones.
MACHINE_DEVICES = (
    "c *:* m",
    "b *:* m",
    "c 1:3 rwm",  # null
    "c 1:5 rwm",  # zero
    "c 1:7 rwm",  # full
    "c 1:8 rwm",  # random
    "c 1:9 rwm",  # urandom
    "c 5:0 rwm",  # tty
    "c 5:1 rwm",  # console
    "c 5:2 rwm",  # ptmx
    "c 136:* rwm",  # pseudo-terminals
    "c 10:200 rwm",  # net/tun
)


@dataclass(frozen=True)
class Hierarchy:
    """One mounted hierarchy. ``controllers`` is empty for the unified one, ``name=…`` for one without controllers."""

    mount: Path
    controllers: frozenset[str]

    @property
    def unified(self) -> bool:
        return not self.controllers


def parse_hierarchies(mountinfo: str) -> tuple[Hierarchy, ...]:
    """The hierarchies in ``/proc/self/mountinfo``, each once."""
    found: dict[frozenset[str], Hierarchy] = {}
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        if kind not in ("cgroup", "cgroup2"):
            continue
        controllers = frozenset[str]() if kind == "cgroup2" else _controllers(options)
        if kind == "cgroup2" or controllers:
            found.setdefault(controllers, Hierarchy(Path(_unescape(before.split(" ")[4])), controllers))
    return tuple(sorted(found.values(), key=lambda hierarchy: str(hierarchy.mount)))


def _controllers(options: str) -> frozenset[str]:
    plain = {"rw", "ro", "xattr", "clone_children", "noprefix", "all", "none", "cpuset_v2_mode"}
    return frozenset(
        option for option in options.split(",") if option not in plain and not option.startswith("release_agent=")
    )


def _unescape(path: str) -> str:
    for escape, character in _MOUNT_ESCAPES.items():
        path = path.replace(escape, character)
    return path


def host_hierarchies() -> tuple[Hierarchy, ...]:
    """The hierarchies of this host. Raises `InstallerError` when it has none."""
    found = parse_hierarchies(Path("/proc/self/mountinfo").read_text())
    if not found:
        raise InstallerError(
            "this host has no control groups mounted",
            why="control groups isolate machines, and limit their cpus and memory",
            hint="mount them, or use a host whose init does",
        )
    return found


def mode_of(hierarchies: Iterable[Hierarchy]) -> str:
    """``v2`` when all controllers are in the unified hierarchy, else ``v1``."""
    return "v2" if all(hierarchy.unified for hierarchy in hierarchies) else "v1"


def own_path(proc_cgroup: str) -> str:
    """The path of this process's group in systemd's hierarchy, from ``/proc/self/cgroup``."""
    lines = [line.split(":", 2) for line in proc_cgroup.splitlines()]
    for wanted in ("name=systemd", ""):
        for _, controllers, path in lines:
            if controllers == wanted:
                return path
    return "/"


class ControlGroup:
    """The control group at one path in every hierarchy. It need not exist; every method can be called again."""

    def __init__(self, path: str, hierarchies: Sequence[Hierarchy] | None = None) -> None:
        self.path = "/" + path.strip("/")
        if self.path == "/" or ".." in self.path.split("/"):
            raise ValueError(f"{path!r} is not a control group of our own")
        self.hierarchies = tuple(host_hierarchies() if hierarchies is None else hierarchies)

    def folders(self) -> Iterator[tuple[Hierarchy, Path]]:
        """The group's folder in each hierarchy, whether it exists or not."""
        for hierarchy in self.hierarchies:
            yield hierarchy, hierarchy.mount / self.path.lstrip("/")

    def exists(self) -> bool:
        return any(folder.is_dir() for _, folder in self.folders())

    def create(self) -> None:
        """Creates the group, and those above it, ready to take processes."""
        for attempt in range(_CREATE_ATTEMPTS):
            try:
                self._create()
            except OSError as error:
                # No such folder; or one of its files was open already; or it was there, and gone when it was looked at.
                gone = error.errno in (errno.ENOENT, errno.ENODEV, errno.EEXIST)
                if not gone or attempt == _CREATE_ATTEMPTS - 1:
                    raise  # else: another cluster's last machine just removed the groups above
            else:
                return

    def _create(self) -> None:
        for hierarchy, folder in self.folders():
            for level in reversed([folder, *folder.parents]):
                if level == hierarchy.mount or not level.is_relative_to(hierarchy.mount):
                    continue
                if hierarchy.unified:
                    _hand_down(level.parent)
                level.mkdir(exist_ok=True)
                if "cpuset" in hierarchy.controllers:
                    _inherit_cpuset(level)

    def limit(self, cpus: float | None, mem_mb: int | None) -> None:
        """Limits the group to so many processors and so much memory (swap included); None: no limit."""
        quota = None if cpus is None else max(1000, round(cpus * _CPU_PERIOD_US))
        memory = None if mem_mb is None else mem_mb << 20
        for hierarchy, folder in self.folders():
            if "cpu" in hierarchy.controllers:
                (folder / "cpu.cfs_period_us").write_text(str(_CPU_PERIOD_US))
                (folder / "cpu.cfs_quota_us").write_text(str(-1 if quota is None else quota))
            if "memory" in hierarchy.controllers:
                _limit_memory_v1(folder, -1 if memory is None else memory)
            if hierarchy.unified:
                _write_if_there(folder / "cpu.max", f"{'max' if quota is None else quota} {_CPU_PERIOD_US}")
                _write_if_there(folder / "memory.max", "max" if memory is None else str(memory))
                _write_if_there(folder / "memory.swap.max", "max" if memory is None else "0")

    def weigh(self, shares: int) -> None:
        """Sets the share of processor time that the group gets when there is too little: a process outside of all
        groups has 1024.

        A group above it has the sum of its children's weights, so that each counts as if there were none above it.
        """
        for hierarchy, folder in self.folders():
            if "cpu" in hierarchy.controllers:
                name, factor = "cpu.shares", 1.0
            elif hierarchy.unified:
                name, factor = "cpu.weight", 100 / 1024
            else:
                continue
            _write_if_there(folder / name, str(_bounded(shares * factor, name)))
            for level in folder.parents:
                if level == hierarchy.mount or not level.is_relative_to(hierarchy.mount):
                    break
                weights = [_number(child / name) for child in _children(level)]
                _write_if_there(level / name, str(_bounded(sum(weights), name)))

    def allow_devices(self, allowed: Iterable[str] = MACHINE_DEVICES) -> None:
        """If devices are a v1 controller, denies all others. (In v2 this needs a BPF program: systemd's, if any.)"""
        for hierarchy, folder in self.folders():
            if "devices" in hierarchy.controllers:
                _deny_all_devices(folder)
                for rule in allowed:
                    (folder / "devices.allow").write_text(rule)

    def enter(self) -> None:
        """Moves the calling process into the group in every hierarchy. Safe between fork and exec."""
        for _, folder in self.folders():
            descriptor = os.open(folder / "cgroup.procs", os.O_WRONLY)
            os.write(descriptor, b"0")
            os.close(descriptor)

    def leave(self) -> None:
        """Moves the calling process to the hierarchies' roots, so that the group can be removed."""
        for hierarchy in self.hierarchies:
            with contextlib.suppress(OSError):
                (hierarchy.mount / "cgroup.procs").write_text("0")

    def pids(self) -> frozenset[int]:
        """Every process in the group or below it, in any hierarchy."""
        found: set[int] = set()
        for _, folder in self.folders():
            for level, _, _ in os.walk(folder):
                with contextlib.suppress(FileNotFoundError, OSError):
                    found.update(int(line) for line in Path(level, "cgroup.procs").read_text().split())
        # A process of another pid namespace, seen from inside one, reads as 0.
        return frozenset(found - {0})

    def kill(self) -> None:
        """Kills all processes in the group at once; returns when none is left. Raises `InstallerError` otherwise."""
        for hierarchy, folder in self.folders():
            if hierarchy.unified:
                _write_if_there(folder / "cgroup.kill", "1")  # atomic: nothing can fork away from it
        if not _until(self._kill_once, _KILL_SECONDS):
            left = sorted(self.pids())
            raise InstallerError(
                f"processes of the control group {self.path} cannot be killed",
                why=f"still there after {_KILL_SECONDS:.0f} s: {left}",
                hint="they wait in the kernel, for a disk most likely: look at the host's kernel log, then try again",
            )

    def _kill_once(self) -> bool:
        pids = self.pids()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not pids

    def remove(self) -> None:
        """Removes the group and all below it, in every hierarchy. It must contain no processes."""
        for _, folder in self.folders():
            self._remove_tree(folder)

    def remove_below(self) -> None:
        """Removes all groups below this one, and keeps it."""
        for _, folder in self.folders():
            for child in _children(folder):
                self._remove_tree(child)

    def remove_empty_parents(self) -> None:
        """Removes the groups above this one that are empty, up to the hierarchies' roots."""
        for hierarchy, folder in self.folders():
            for level in folder.parents:
                if level == hierarchy.mount or not level.is_relative_to(hierarchy.mount):
                    break
                try:
                    level.rmdir()
                except FileNotFoundError:
                    continue
                except OSError:
                    break

    def _remove_tree(self, folder: Path) -> None:
        for level, _, _ in os.walk(folder, topdown=False):
            path = Path(level)
            # The kernel releases a group a moment after its last process ended.
            if not _until(lambda path=path: _rmdir(path), _REMOVE_SECONDS):  # type: ignore[misc]  # mypy infers no lambda with a default
                raise InstallerError(
                    f"the control group {path} cannot be removed",
                    why="it is still in use",
                    hint=f"see which processes are in {path}/cgroup.procs, end them, and try again",
                )


def _hand_down(folder: Path) -> None:
    """Lets the children of a unified group use all its controllers."""
    wanted = (folder / "cgroup.controllers").read_text().split()
    enabled = (folder / "cgroup.subtree_control").read_text().split()
    for controller in wanted:
        if controller not in enabled:
            # One that cannot be shared (a v1 hierarchy holds it, processes prevent it) must not cost the others.
            with contextlib.suppress(OSError):
                (folder / "cgroup.subtree_control").write_text(f"+{controller}")


def _inherit_cpuset(folder: Path) -> None:
    # A new cpuset is empty, and takes no process until its processors and memory nodes are set.
    for name in ("cpuset.cpus", "cpuset.mems"):
        if not (folder / name).read_text().strip():
            (folder / name).write_text((folder.parent / name).read_text())


def _limit_memory_v1(folder: Path, limit: int) -> None:
    # Memory alone may never have a higher limit than memory with swap: so the order of writes depends on the change.
    both = [folder / "memory.limit_in_bytes", folder / "memory.memsw.limit_in_bytes"]
    there = [path for path in both if path.exists()]
    try:
        for path in there:
            path.write_text(str(limit))
    except OSError:
        for path in reversed(there):
            path.write_text(str(limit))


def _deny_all_devices(folder: Path) -> None:
    # Refused (EINVAL) while a group below counts: the kernel releases a removed one a moment later.
    deadline = time.monotonic() + _REMOVE_SECONDS
    while True:
        try:
            (folder / "devices.deny").write_text("a")
        except OSError as error:
            if error.errno != errno.EINVAL or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _write_if_there(path: Path, text: str) -> None:
    if path.exists():
        try:
            path.write_text(text)
        except OSError:
            if path.exists():
                raise  # else: its group has been removed meanwhile


def _bounded(weight: float, name: str) -> int:
    least, most = (2, 262144) if name == "cpu.shares" else (1, 10000)
    return min(most, max(least, round(weight)))


def _number(path: Path) -> int:
    """Zero if it no longer exists."""
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text())
    return 0


def _children(folder: Path) -> list[Path]:
    with contextlib.suppress(FileNotFoundError):
        return [path for path in folder.iterdir() if path.is_dir()]
    return []


def _rmdir(path: Path) -> bool:
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _until(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE_SECONDS)
    return True
