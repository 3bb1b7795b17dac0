"""What the nspawn provider keeps of one machine on this host: its folder, its records, its processes.

Shared by the provider and the machine's supervisor, which is a process of its own; so this module is small and quick
to import, and both sides meet only in these files:

``machine.json``    what the machine is, written by the provider before each start
``status.json``     how it does, written by the supervisor
``supervisor.pid``  who the supervisor is, as long as it lives
``console.log``     what the machine and its supervisor said (and ``console.log.1``, what they said before)
``disk.img``        its disk, a sparse file of fixed size
``disk/``           where that is mounted: the machine's own layer, what it changed over the golden tree, and its
                    /var/lib/dcos
``root/``           where its file system is mounted while it runs
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from ipaddress import IPv4Interface
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcos_installer.providers.nspawn.cgroups import ControlGroup
from dcos_installer.providers.nspawn.network import MachinePort
from dcos_runtime import durable

if TYPE_CHECKING:
    from dcos_installer.config.model import HostSpec

SHARES, MASTER_SHARES = 1024, 8192
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class NspawnRecord:
    """What a machine is. ``tree`` is the golden tree that it was made over, and does not change."""

    cluster_id: str
    name: str
    unique_name: str
    """Its name among all machines of this host."""
    uuid: str
    address: str
    prefix_length: int
    mac: str
    host_side: str
    bridge: str
    tree: str
    image_key: str
    cpus: float | None
    mem_mb: int | None
    disk_mb: int | None
    cpu_shares: int = SHARES
    """Its share of processor time when the host has too little, beside others and the host's own processes."""
    plain_state: bool = False
    """Whether its /var/lib/dcos is a folder of its disk, without a layer below: no overlay can be written to in an
    overlay, and containers of images have one. Machines of earlier versions have none.
    """

    @property
    def port(self) -> MachinePort:
        return MachinePort(self.host_side, self.mac, IPv4Interface(f"{self.address}/{self.prefix_length}"))

    def dump(self) -> str:
        return json.dumps(asdict(self), indent=1, sort_keys=True) + "\n"

    @staticmethod
    def load(text: str) -> NspawnRecord:
        return NspawnRecord(**json.loads(text))


@dataclass(frozen=True)
class Status:
    """The status of a machine, by its supervisor. ``boots`` counts its starts since the supervisor's own."""

    phase: str
    """``starting``, ``running``, ``rebooting`` or ``ended``."""
    cgroup: str = ""
    boots: int = 0
    nspawn_pid: int = 0
    exit_code: int | None = None
    reason: str = ""


@dataclass(frozen=True)
class ProcessMark:
    """One process, distinct from any later one with the same id."""

    pid: int
    start_time: int
    boot_id: str

    @staticmethod
    def of(pid: int) -> ProcessMark | None:
        """The process that has this id now; None if there is none, or only a zombie."""
        try:
            fields = Path("/proc", str(pid), "stat").read_text().rsplit(")", 1)[1].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        if fields[0] in ("Z", "X"):
            return None
        return ProcessMark(pid, int(fields[19]), _BOOT_ID.read_text().strip())

    def alive(self) -> bool:
        return ProcessMark.of(self.pid) == self

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Signals this process and never another one, even if its id is reused."""
        try:
            descriptor = os.pidfd_open(self.pid)
        except ProcessLookupError:
            return
        try:
            if self.alive():
                with contextlib.suppress(ProcessLookupError):
                    signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)

    def dump(self) -> str:
        return f"{self.pid} {self.start_time} {self.boot_id}\n"

    @staticmethod
    def load(text: str) -> ProcessMark | None:
        words = text.split()
        if len(words) != 3:
            return None
        return ProcessMark(int(words[0]), int(words[1]), words[2])


@dataclass(frozen=True)
class Moment:
    """A time in a machine's output: the clock, and the size of its console log then."""

    time: float
    inode: int = 0
    offset: int = 0


@dataclass(frozen=True)
class MachineFolder:
    """The folder of one machine, ``<machines>/<cluster>/<name>``; any file in it may be missing."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def record_file(self) -> Path:
        return self.path / "machine.json"

    @property
    def status_file(self) -> Path:
        return self.path / "status.json"

    @property
    def pid_file(self) -> Path:
        return self.path / "supervisor.pid"

    @property
    def lock_file(self) -> Path:
        return self.path / "supervisor.lock"

    @property
    def console(self) -> Path:
        return self.path / "console.log"

    @property
    def disk(self) -> Path:
        return self.path / "disk"

    @property
    def disk_image(self) -> Path:
        return self.path / "disk.img"

    @property
    def upper(self) -> Path:
        return self.disk / "upper"

    @property
    def work(self) -> Path:
        return self.disk / "work"

    @property
    def plain(self) -> Path:
        """The machine's /var/lib/dcos, if its record says so."""
        return self.disk / "plain"

    @property
    def root(self) -> Path:
        return self.path / "root"

    def record(self) -> NspawnRecord | None:
        """The machine's record; None if it does not exist, or its creation was interrupted."""
        try:
            return NspawnRecord.load(self.record_file.read_text())
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write_record(self, record: NspawnRecord) -> None:
        durable.write(self.record_file, record.dump())

    def status(self) -> Status | None:
        """The status that the supervisor last wrote; None if there is none."""
        try:
            found: dict[str, Any] = json.loads(self.status_file.read_text())
            return Status(**found)
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def write_status(self, status: Status) -> None:
        durable.write(self.status_file, json.dumps(asdict(status), sort_keys=True) + "\n")

    def supervisor(self) -> ProcessMark | None:
        """The supervisor, if it lives."""
        try:
            mark = ProcessMark.load(self.pid_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        return mark if mark is not None and mark.alive() else None

    def console_tail(self, lines: int = 25) -> str:
        """The last output of the machine and its supervisor."""
        with contextlib.suppress(FileNotFoundError):
            return "\n".join(self.console.read_text(errors="replace").rstrip().splitlines()[-lines:])
        return ""

    def moment(self) -> Moment:
        """The present moment, to tell later output from earlier."""
        with contextlib.suppress(FileNotFoundError):
            found = self.console.stat()
            return Moment(time.time(), found.st_ino, found.st_size)
        return Moment(time.time())

    def console_since(self, moment: Moment, lines: int = 25) -> str:
        """The last output after ``moment``; empty if there is none."""
        with contextlib.suppress(FileNotFoundError), self.console.open("rb") as console:
            # A new log file holds nothing older.
            if os.fstat(console.fileno()).st_ino == moment.inode:
                console.seek(moment.offset)
            return "\n".join(console.read().decode(errors="replace").rstrip().splitlines()[-lines:])
        return ""

    def mounts(self) -> list[str]:
        """The mount points within the folder, innermost first."""
        return [where for where in reversed(list(mount_points())) if Path(where).is_relative_to(self.path.resolve())]


def mount_points() -> Iterator[str]:
    """The mount points of this host, in the order of mounting."""
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        yield line.split(" ")[4].encode().decode("unicode_escape")


def cgroup_path(cluster_id: str, name: str) -> str:
    """The control group of a machine if the host does not run systemd: those of its supervisor and of its own are below
    it.
    """
    return f"/dcos-machines/{cluster_id[:8]}/{name}"


def shares(host: HostSpec) -> int:
    """A master has to renew its lease in time, so it gets more than agents and their tasks."""
    return MASTER_SHARES if host.is_master else SHARES


def apply_limits(machine: ControlGroup, record: NspawnRecord) -> None:
    """Limits a machine to its declared shape.

    In the unified hierarchy systemd-nspawn boots the machine in a group ``payload`` below the machine's own. That is
    the root that the machine sees, so it has the limits too, for processes that read them there.
    """
    machine.limit(record.cpus, record.mem_mb)
    payload = ControlGroup(f"{machine.path}/payload", [one for one in machine.hierarchies if one.unified])
    if payload.exists():
        payload.limit(record.cpus, record.mem_mb)
