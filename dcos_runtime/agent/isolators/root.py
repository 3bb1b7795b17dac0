"""The image-less root: a skeleton of mount points, an allowlist of the host's folders, a filtered copy of /etc."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from dcos_runtime.agent.containers.base import ContainerPlace
from dcos_runtime.agent.containers.spec import ContainerSpec, HostRoot
from dcos_runtime.agent.isolators.base import Document, Isolator
from dcos_runtime.agent.isolators.mounts import bind, mounted
from dcos_runtime.agent.removal import remove

BOUND = ("usr", "bin", "sbin", "lib", "lib32", "lib64", "libx32", "opt")
"""Folders of the host's root that a task sees, read-only. A symbolic link (merged /usr) is a link inside, too."""

ETC = (
    "alternatives",
    "bash.bashrc",
    "ca-certificates",
    "ca-certificates.conf",
    "debian_version",
    "environment.d",
    "fonts",
    "gai.conf",
    "group",
    "host.conf",
    "hostname",
    "hosts",
    "inputrc",
    "issue",
    "java",
    "java-11-openjdk",
    "java-17-openjdk",
    "java-21-openjdk",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "locale.alias",
    "locale.conf",
    "localtime",
    "magic",
    "magic.mime",
    "mime.types",
    "networks",
    "nsswitch.conf",
    "os-release",
    "passwd",
    "profile",
    "profile.d",
    "protocols",
    "python3",
    "python3.11",
    "python3.12",
    "python3.13",
    "resolv.conf",
    "rpc",
    "services",
    "shells",
    "ssl/certs",
    "ssl/openssl.cnf",
    "terminfo",
    "timezone",
)
"""What a task sees of /etc: what programs need to start, to resolve names and to verify certificates; no keys, no
shadow, no state of the host.
"""

_FOLLOWED = frozenset({"resolv.conf", "hosts", "hostname"})  # links into /run, which is not there inside
_TRIES = 10
"""How often /etc is copied again, when an entry vanished meanwhile."""

_MOUNT_POINTS = ("dev", "etc", "home", "mnt/mesos/sandbox", "proc", "root", "run", "srv", "sys", "tmp", "var")


MASKED = (
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/scsi",
    "/proc/sched_debug",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
)
READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


class RootIsolator(Isolator):
    """What a container sees of the machine's files, with an empty /run; and, like one of an image (`image`), of the
    kernel's: /proc, /dev, /sys.
    """

    def __init__(self, root: RootFilesystem) -> None:
        self._root = root

    def prepare(self, spec: ContainerSpec, place: ContainerPlace, document: Document) -> None:
        etc = self._root.lend_etc(place.folder.parent, place.folder.name)
        kernel = "rw" if spec.privileged else "ro"
        document["mounts"] += [
            mounted("/proc", "proc", "nosuid", "noexec", "nodev"),
            mounted("/dev", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
            mounted("/dev/pts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"),
            mounted("/dev/shm", "tmpfs", "nosuid", "noexec", "nodev", "mode=1777", f"size={spec.limits.shared_memory}"),
            mounted("/dev/mqueue", "mqueue", "nosuid", "noexec", "nodev"),
            mounted("/sys", "sysfs", "nosuid", "noexec", "nodev", kernel),
            mounted("/sys/fs/cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", kernel),
        ]
        if isinstance(spec.root, HostRoot):
            document["root"] = {"path": str(self._root.skeleton), "readonly": True}
            document["mounts"] += [
                mounted("/run", "tmpfs", "nosuid", "nodev", "mode=755", "size=65536k"),
                *(bind(path, path, "ro") for path in self._root.bound()),
                bind(str(etc), "/etc", "ro", "noexec"),
            ]
        document["linux"]["maskedPaths"] = [] if spec.privileged else list(MASKED)
        document["linux"]["readonlyPaths"] = [] if spec.privileged else list(READ_ONLY)

    def cleanup(self, place: ContainerPlace) -> None:
        """A snapshot of /etc that nobody links to is removed when another container is made."""
        (place.folder / "etc").unlink(missing_ok=True)


class RootFilesystem:
    """The skeleton under ``folder/rootfs`` and snapshots of /etc under ``folder/etc``. ``host`` is for tests."""

    def __init__(self, folder: Path, host: Path = Path("/")) -> None:
        self.skeleton = folder / "rootfs"
        self.snapshots = folder / "etc"
        self.host = host
        self._lock = threading.Lock()
        self._latest = float("-inf"), Path()
        """When /etc was looked at last (monotonic), and the snapshot of that."""

    def prepare(self) -> None:
        """Makes the skeleton. Raises ``OSError``."""
        self.snapshots.mkdir(parents=True, exist_ok=True)
        for name in _MOUNT_POINTS:
            (self.skeleton / name).mkdir(parents=True, exist_ok=True)
        for name in BOUND:
            source, target = self.host / name, self.skeleton / name
            if source.is_symlink():
                if not target.is_symlink() or target.readlink() != source.readlink():
                    _clear(target)
                    target.symlink_to(source.readlink())
            elif source.is_dir():
                if target.is_symlink():
                    target.unlink()
                target.mkdir(exist_ok=True)
            else:
                _clear(target)
        for folder in (self.skeleton, *self.skeleton.rglob("*")):  # all users' tasks have to get in
            if not folder.is_symlink():
                folder.chmod(0o755)

    def bound(self) -> list[str]:
        """The folders to bind read-only, absolute."""
        return [f"/{name}" for name in BOUND if (self.host / name).is_dir() and not (self.host / name).is_symlink()]

    def lend_etc(self, containers: Path, container: str) -> Path:
        """A snapshot of the filtered /etc as it is now, which ``containers/container/etc`` links to from here on; the
        same one as long as /etc does not change. Removes the snapshots that no container links to. Raises ``OSError``.
        """
        asked = time.monotonic()
        with self._lock:
            began, snapshot = self._latest
            if began < asked or not snapshot.is_dir():  # otherwise it was looked at while this one waited
                began, snapshot = self._latest = time.monotonic(), self._looked_at()
            (containers / container / "etc").symlink_to(snapshot)
            if unused := [kept for kept in self.snapshots.iterdir() if kept.name != snapshot.name]:
                used = set()
                for entry in containers.iterdir():
                    with contextlib.suppress(OSError):  # the container's folder is being removed, or made
                        used.add((entry / "etc").readlink().name)
                for kept in unused:
                    if kept.name not in used:
                        _clear(kept)
        return snapshot

    def _looked_at(self) -> Path:
        for _ in range(_TRIES - 1):
            with contextlib.suppress(FileNotFoundError, shutil.Error):
                return self._snapshot()
        return self._snapshot()

    def _snapshot(self) -> Path:
        digest = hashlib.sha256()
        for name in ETC:
            for path, state in _within(self.host / "etc" / name, followed=name in _FOLLOWED):
                entry = f"{path}\0{state.st_mode}\0{state.st_size}\0{state.st_mtime_ns}\0"
                digest.update(os.fsencode(entry))
        snapshot = self.snapshots / digest.hexdigest()[:16]
        if not snapshot.exists():
            aside = self.snapshots / f".{snapshot.name}"
            _clear(aside)
            self._copy(aside)
            aside.chmod(0o755)
            aside.rename(snapshot)
        return snapshot

    def _copy(self, target: Path) -> None:
        target.mkdir(mode=0o755)
        for name in ETC:
            source, copy = self.host / "etc" / name, target / name
            if not os.path.lexists(source):
                continue
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.parent.chmod(0o755)
            if source.is_symlink() and name not in _FOLLOWED:
                copy.symlink_to(source.readlink())
            elif source.is_dir():
                shutil.copytree(source, copy, symlinks=True, ignore=_only_for_everyone)
            else:
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(source, copy)
                    copy.chmod(0o644)
        for name in _FOLLOWED:  # where containers in networks of their own have files of their own
            (target / name).touch(mode=0o644)
        mtab = target / "mtab"
        mtab.symlink_to("/proc/self/mounts")


def _within(path: Path, *, followed: bool) -> Iterator[tuple[str, os.stat_result]]:
    """The path and, for a folder, all that is in it, each with its state; empty when it does not exist. A link to
    nothing is no part of it, unless in a folder.
    """
    if not path.exists():
        return
    state = path.stat() if followed else path.lstat()
    yield str(path), state
    if stat.S_ISDIR(state.st_mode):
        yield from _below(str(path))


def _below(folder: str) -> Iterator[tuple[str, os.stat_result]]:
    """Some thousand entries for a launch: without ``Path``, which took most of a launch's processor time."""
    with os.scandir(folder) as listed:
        entries = sorted(listed, key=lambda entry: entry.name)
    for entry in entries:
        yield entry.path, entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            yield from _below(entry.path)


def _only_for_everyone(folder: str, names: list[str]) -> list[str]:
    """What copytree leaves out: files that not everybody may read, devices and sockets."""
    left_out = []
    for name in names:
        path = Path(folder) / name
        if path.is_symlink():
            continue
        if not (path.is_dir() or path.is_file()) or not path.stat().st_mode & 0o004:
            left_out.append(name)
    return left_out


def _clear(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        remove(path)
