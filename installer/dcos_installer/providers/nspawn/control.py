"""Reads and switches one nspawn machine from the host: its state, its power, and the wait for its SSH."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from dcos_installer.errors import InstallerError
from dcos_installer.process import run, tail
from dcos_installer.providers.answering import SSH_PORT, SshProblem, ssh_problem
from dcos_installer.providers.base import Condition, MachineState, ProviderError
from dcos_installer.providers.nspawn import network
from dcos_installer.providers.nspawn.cgroups import ControlGroup
from dcos_installer.providers.nspawn.launch import forget_unit
from dcos_installer.providers.nspawn.machine import (
    MachineFolder,
    Moment,
    NspawnRecord,
    ProcessMark,
    Status,
    cgroup_path,
)
from dcos_installer.providers.nspawn.mounts import unmount_all

_CLEAN_UP_SECONDS = 5.0
_SUPERVISOR_SECONDS = 60.0
_LEAST_SECONDS = 30.0
_PAUSE_SECONDS = 0.05
_SAID_LINES = 30
_REBOOT_SIGNAL = signal.SIGRTMIN + 5  # systemd as init takes it for an orderly reboot


class MachineControl:
    """Controls one machine and reads its state. ``cancelled``, once set, ends every wait."""

    def __init__(
        self, folder: MachineFolder, cluster_id: str, *, boot_seconds: float, cancelled: threading.Event
    ) -> None:
        self._folder = folder
        self._default_group = cgroup_path(cluster_id, folder.name)
        self._boot_seconds = boot_seconds
        self._cancelled = cancelled

    def state(self, address: str) -> MachineState:
        """The state of the machine; ``address`` is used when the machine has no record of its own."""
        folder, record, status = self._folder, self._folder.record(), self._folder.status()
        supervised = folder.supervisor() is not None
        processes = bool(self.machine_group().pids())
        mounted = str(folder.root.resolve()) in folder.mounts()
        condition, detail = Condition.OFF, "never started" if status is None else status.reason or "its power was cut"
        if not folder.path.exists():
            condition, detail = Condition.ABSENT, ""
        elif record is None:
            condition, detail = Condition.BROKEN, "its creation was interrupted"
        elif supervised:
            condition, detail = Condition.RUNNING, "" if status is None else status.phase
        elif processes:
            condition, detail = Condition.BROKEN, "it runs, but its supervisor is gone"
        elif mounted or network.link_exists(record.host_side):
            condition, detail = Condition.BROKEN, "it is off, but its supervisor could not clean up"
        return MachineState(folder.name, condition, record.address if record is not None else address, detail)

    def power_off(self) -> None:
        """Cuts the machine's power."""
        record, status = self._folder.record(), self._folder.status()
        if record is not None:
            # The network first: a machine without power sends no more packets.
            network.unplug(record.port)
        self.sweep(keep_disk=True)
        if status is not None and status.phase != "ended":
            self._folder.write_status(Status(phase="ended", reason="its power was cut"))

    def reboot(self) -> None:
        """Restarts the machine in order, and waits for its SSH."""
        folder, record, status, leader = self._folder, self._folder.record(), self._folder.status(), self.leader()
        if record is None or status is None or leader is None:
            raise ProviderError(
                "it cannot restart, because it does not run",
                machine=folder.name,
                hint="start it",
                evidence=self.evidence(),
            )
        since = folder.moment()
        leader.kill(_REBOOT_SIGNAL)
        self._await(
            lambda: (now := folder.status()) is not None and now.boots > status.boots and now.phase == "running",
            lambda: ProviderError(
                f"it did not restart within {self._boot_seconds:.0f} s",
                machine=folder.name,
                why=f"it is {self.state('').condition}",
                hint=f"read {folder.console}; power-off and start restart it in any case",
                evidence=self.evidence(since),
            ),
        )
        self.await_ssh(record, since)

    def sweep(self, *, keep_disk: bool) -> None:
        """Ends all processes of a machine, whatever state it is in, and removes mounts, links and groups of its run."""
        folder, record = self._folder, self._folder.record()
        self._cut()
        if (supervisor := folder.supervisor()) is not None:
            supervisor.kill()
        group = self.group()
        group.kill()
        if record is not None:
            forget_unit(record)
            network.remove_link(record.host_side)
        group.remove()
        if group.path == self._default_group:
            group.remove_empty_parents()  # groups above a unit's are systemd's
        unmount_all(folder, record.unique_name if record else folder.name, keep_disk=keep_disk)
        folder.pid_file.unlink(missing_ok=True)

    def _cut(self) -> None:
        """Kills a machine's init, and with it all processes of the machine; its supervisor then cleans up, if it is
        healthy.
        """
        supervisor, leader = self._folder.supervisor(), self.leader()
        if supervisor is None or leader is None:
            return
        leader.kill()
        deadline = time.monotonic() + _CLEAN_UP_SECONDS
        while supervisor.alive() and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)

    def leader(self) -> ProcessMark | None:
        """The machine's init, as this host sees it."""
        status = self._folder.status()
        if status is None or status.nspawn_pid == 0:
            return None
        for pid in self.machine_group().pids():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                lines = Path("/proc", str(pid), "status").read_text().splitlines()
                fields = dict(line.split(":", 1) for line in lines if ":" in line)
                if int(fields["PPid"]) == status.nspawn_pid and fields["NSpid"].split()[-1] == "1":
                    return ProcessMark.of(pid)
        return None

    def group(self) -> ControlGroup:
        """The control group of the machine and its supervisor."""
        status = self._folder.status()
        return ControlGroup((status.cgroup if status is not None else "") or self._default_group)

    def machine_group(self) -> ControlGroup:
        """The control group of the machine alone: the root that it sees."""
        return ControlGroup(f"{self.group().path}/machine")

    def await_ssh(self, record: NspawnRecord, since: Moment | None = None) -> None:
        """Returns once SSH answers. Raises `ProviderError` when it does not in time, with the machine's output since
        ``since`` (None: since now), because older lines belong to other events.
        """
        folder, since, found = self._folder, since or self._folder.moment(), SshProblem()
        limit = self._left_of_boot()

        def answers() -> bool:
            # Asked too early, before its network exists, the kernel would not ask again for a second or more.
            nonlocal found
            status = folder.status()
            booted = status is not None and status.phase == "running"
            found = ssh_problem(record.address) if booted else SshProblem()
            return booted and not found.seen

        def too_late() -> ProviderError:
            what = f"SSH did not answer within {limit:.0f} s"
            log = f"its console log is {folder.console}"
            if not found.seen:  # the machine does not run
                return ProviderError(
                    what,
                    machine=folder.name,
                    why="it is not up yet",
                    hint=f"{log}; then deploy again: it resumes",
                    evidence=self.evidence(since),
                )
            return ProviderError(
                f"it runs, but {what} at {record.address}:{SSH_PORT}: {found.seen}",
                machine=folder.name,
                why=found.why,
                hint=f"cut its power and switch it on again, which sets up its network again: dcos-installer power-off"
                f" INVENTORY {folder.name}, then dcos-installer start INVENTORY {folder.name}; {log}; then deploy"
                " again: it resumes",
                evidence=self.evidence(since),
            )

        self._await(answers, too_late, limit)

    def _left_of_boot(self) -> float:
        """The seconds that SSH may still need: a machine that has long been up gets less time than one that boots."""
        try:
            up = time.time() - self._folder.status_file.stat().st_mtime
        except FileNotFoundError:
            up = 0.0
        return min(self._boot_seconds, max(_LEAST_SECONDS, self._boot_seconds - max(up, 0.0)))

    def _await(
        self, done: Callable[[], bool], too_late: Callable[[], ProviderError], seconds: float | None = None
    ) -> None:
        """Returns once ``done`` returns true; raises ``too_late()`` when that takes longer than a boot may (or
        ``seconds``).
        """
        folder, started = self._folder, time.monotonic()
        seconds = self._boot_seconds if seconds is None else seconds
        while not done():
            status, waited = folder.status(), time.monotonic() - started
            ended = status is not None and status.phase == "ended"
            alone = waited > _SUPERVISOR_SECONDS and folder.supervisor() is None
            if self._cancelled.is_set():
                raise ProviderError(
                    "not waited for any longer",
                    why="the run was interrupted",
                    machine=folder.name,
                    hint="deploy again: it resumes",
                )
            if ended or alone:
                reason = status.reason if status is not None else ""
                raise ProviderError(
                    f"it is off again: {reason}" if ended else "its supervisor is gone",
                    machine=folder.name,
                    why="" if ended else f"it is {self.state('').condition}",
                    hint=f"read {folder.console}, then deploy again: it resumes",
                    evidence=self.evidence(),
                )
            if waited > seconds:
                raise too_late()
            time.sleep(_PAUSE_SECONDS)

    def evidence(self, since: Moment | None = None) -> str:
        """The last output of the machine (since then): on its console, and in its journal as far as that is on the
        disk.
        """
        root = self._folder.root
        journal = root / "var" / "log" / "journal"
        said = ""
        # Links are not followed: the target could be this host's journal.
        if journal.resolve().is_relative_to(root.resolve()) and journal.is_dir():
            command = ["journalctl", f"--directory={journal}", "--no-pager", "--quiet", "--output=short"]
            # With both, some journalctl show the first lines since then, not the last.
            command += [f"--lines={_SAID_LINES}"] if since is None else [f"--since=@{since.time:.0f}"]
            with contextlib.suppress(InstallerError):
                read = run(command, deadline=15, what="read the machine's journal", check=False).stdout
                said = tail(read, _SAID_LINES)
        console = (
            self._folder.console_tail(_SAID_LINES) if since is None else self._folder.console_since(since, _SAID_LINES)
        )
        return "\n".join(part for part in (console, said) if part)
