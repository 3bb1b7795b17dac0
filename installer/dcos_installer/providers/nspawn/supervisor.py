"""The process that supervises one nspawn machine: boots it, boots it again on a restart, cleans up when it is off.

Run as ``python -m dcos_installer.providers.nspawn.supervisor FOLDER``; it outlives the installer. Before the machine
starts it gets a control group of its own in every hierarchy, and a network namespace that exists as long as the
machine's processes. The supervisor itself is outside of that group, so the machine's limits do not apply to it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import IO

from dcos_installer.errors import InstallerError
from dcos_installer.providers.nspawn import network
from dcos_installer.providers.nspawn.cgroups import ControlGroup, host_hierarchies, mode_of, own_path
from dcos_installer.providers.nspawn.launch import in_unit
from dcos_installer.providers.nspawn.machine import (
    MachineFolder,
    NspawnRecord,
    ProcessMark,
    Status,
    apply_limits,
    cgroup_path,
)
from dcos_installer.providers.nspawn.mounts import STATE, unmount_all
from dcos_runtime import durable

_REBOOT_CODE = 133
"""The exit code of systemd-nspawn when the machine requested a restart."""
_POWER_OFF_SECONDS = 20.0
_LOG_BYTES = 1 << 20
_LOCK_SECONDS = 5.0
# A machine that restarts faster than this, again and again, does not come up: it is given up, not tried for ever.
_HASTY_SECONDS = 2.0
_HASTY_BOOTS = 5


class BoundedLog:
    """A log file that is renamed to ``<name>.1`` at ``limit`` bytes, so that both together stay bounded."""

    def __init__(self, path: Path, limit: int = _LOG_BYTES) -> None:
        self._path = path
        self._limit = limit
        self._file = path.open("ab", buffering=0)

    def write(self, data: bytes) -> None:
        # A full disk must not stop the machine: lines that cannot be written are dropped.
        with contextlib.suppress(OSError):
            if self._file.tell() + len(data) > self._limit and self._file.tell():
                self._file.close()
                self._path.replace(self._path.with_name(self._path.name + ".1"))
                self._file = self._path.open("ab", buffering=0)
            self._file.write(data)

    def say(self, text: str) -> None:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S%z")
        self.write(f"{stamp} supervisor: {text}\n".encode())


def nspawn_command(record: NspawnRecord, folder: MachineFolder, namespace: int) -> list[str]:
    """The command that boots the machine. ``namespace`` is the descriptor of its network namespace."""
    source = str(folder.plain).replace(":", "\\:")
    plain = [f"--bind={source}:{STATE}"] if record.plain_state else []
    return [
        "systemd-nspawn",
        "--quiet",
        "--boot",
        f"--directory={folder.root}",
        *plain,
        f"--machine={record.unique_name}",
        f"--hostname={record.name}",
        f"--uuid={record.uuid}",
        # No configuration of the host applies to the machine, and the machine writes nothing outside of its folder.
        "--settings=no",
        "--link-journal=no",
        "--resolv-conf=off",
        "--timezone=off",
        "--console=pipe",
        # Its control group is ours and exists already.
        "--register=no",
        "--keep-unit",
        f"--network-namespace-path=/proc/self/fd/{namespace}",
        "--capability=CAP_NET_ADMIN",
        # Its agent closes the daemons' ports to tasks with BPF programs; in unified cgroups device rules are some, too.
        "--system-call-filter=bpf",
    ]


def nspawn_environment(environ: dict[str, str]) -> dict[str, str]:
    """The environment of systemd-nspawn: part of the supervisor's, and the setting that opens /proc/sys/net."""
    kept = {name: value for name, value in environ.items() if name in ("PATH", "LANG")}
    return {**kept, "SYSTEMD_NSPAWN_API_VFS_WRITABLE": "network", "SYSTEMD_LOG_TARGET": "console"}


class Supervisor:
    """Supervises one machine. `run` returns when the machine is off and everything of its run is removed."""

    def __init__(self, folder: MachineFolder, record: NspawnRecord, log: BoundedLog) -> None:
        self._folder = folder
        self._record = record
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._ending = False
        self._hierarchies = host_hierarchies()
        self._group = ControlGroup(self._group_path(), self._hierarchies)
        self._status = Status(phase="starting", cgroup=self._group.path)

    def run(self) -> int:
        """Supervises the machine until it powers off. Returns 0, or 1 if it did not start."""
        self._tell(self._status)
        try:
            self._enter_own_group()
            namespace = network.make_namespace()
            network.plug_in(self._record.port, self._record.bridge, namespace)
            code = self._keep_running(namespace)
            self._tell(replace(self._status, phase="ended", exit_code=code, reason=self._reason(code), nspawn_pid=0))
        except (InstallerError, OSError) as error:
            self._log.say(f"giving up: {error}")
            self._tell(replace(self._status, phase="ended", exit_code=1, reason=str(error), nspawn_pid=0))
            code = 1
        finally:
            self._clean_up()
        return 0 if code == 0 else 1

    def end(self, number: int, frame: FrameType | None) -> None:
        """Powers the machine off in good order: the handler of SIGTERM and SIGINT."""
        self._ending = True
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()  # systemd-nspawn passes this on as the machine's orderly power-off

    def _keep_running(self, namespace: int) -> int:
        machine = ControlGroup(f"{self._group.path}/machine", self._hierarchies)
        hasty = 0
        while True:
            machine.create()
            machine.remove_below()
            apply_limits(machine, self._record)
            machine.allow_devices()
            started = time.monotonic()
            code = self._boot(machine, namespace)
            machine.kill()
            hasty = hasty + 1 if time.monotonic() - started < _HASTY_SECONDS else 0
            if code != _REBOOT_CODE or self._ending:
                return code
            if hasty >= _HASTY_BOOTS:
                raise InstallerError(
                    f"the machine restarted {hasty} times within {_HASTY_SECONDS:.0f} s each",
                    why="something in it stops it as soon as it boots",
                    hint="its console log says why",
                )
            self._log.say("the machine restarts")
            self._tell(replace(self._status, phase="rebooting", nspawn_pid=0))

    def _boot(self, machine: ControlGroup, namespace: int) -> int:
        command = nspawn_command(self._record, self._folder, namespace)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[namespace],
            preexec_fn=machine.enter,  # the supervisor has one thread: nothing can be locked half-way here
            env=nspawn_environment(dict(os.environ)),
            start_new_session=True,
        )
        if self._ending:
            self._process.terminate()
        self._tell(replace(self._status, phase="running", boots=self._status.boots + 1, nspawn_pid=self._process.pid))
        assert self._process.stdout
        self._pump(self._process, self._process.stdout, machine)
        return self._process.wait()

    def _pump(self, process: subprocess.Popen[bytes], console: IO[bytes], machine: ControlGroup) -> None:
        """Copies the machine's console to the log until the machine is off."""
        payload = ControlGroup(f"{machine.path}/payload", [one for one in self._hierarchies if one.unified])
        limited = mode_of(self._hierarchies) == "v1"  # with the controllers there, the machine's root is its own group
        descriptor = console.fileno()
        os.set_blocking(descriptor, False)
        ended = os.pidfd_open(process.pid)
        asked: float | None = None
        try:
            while True:
                ready, _, _ = select.select([descriptor, ended], [], [], 1.0 if limited else 0.1)
                if not limited and payload.exists():
                    apply_limits(machine, self._record)
                    limited = True
                if descriptor in ready:
                    with contextlib.suppress(BlockingIOError):
                        data = os.read(descriptor, 1 << 16)
                        self._log.write(data)
                        if not data:
                            return
                elif ended in ready:
                    return
                if self._ending:
                    asked = time.monotonic() if asked is None else asked
                    if time.monotonic() - asked > _POWER_OFF_SECONDS:
                        self._log.say("the machine does not power off in time: cutting its power")
                        process.kill()
        finally:
            os.close(ended)
            console.close()

    def _enter_own_group(self) -> None:
        # Leaves the installer's group, because all processes in that may be ended at any time.
        keeper = ControlGroup(f"{self._group.path}/supervisor", self._hierarchies)
        keeper.create()
        keeper.enter()
        ControlGroup(f"{self._group.path}/machine", self._hierarchies).create()
        if not in_unit():  # there systemd sets the weight
            self._group.weigh(self._record.cpu_shares)

    def _clean_up(self) -> None:
        """Removes everything that the machine's run has left. The provider removes the rest before each start."""
        for step in (
            ControlGroup(f"{self._group.path}/machine", self._hierarchies).kill,
            ControlGroup(f"{self._group.path}/machine", self._hierarchies).remove,
            lambda: network.remove_link(self._record.host_side),
            lambda: unmount_all(self._folder, self._record.unique_name, keep_disk=True),
            self._group.leave,
            self._group.remove,
        ):
            try:
                step()
            except (InstallerError, OSError) as error:
                self._log.say(f"left over: {error}")

    def _group_path(self) -> str:
        if in_unit():
            return own_path(Path("/proc/self/cgroup").read_text())
        return cgroup_path(self._record.cluster_id, self._record.name)

    def _tell(self, status: Status) -> None:
        self._status = status
        # Information for people and for the provider's wait; the machine does not depend on it (its disk may be full).
        with contextlib.suppress(OSError):
            self._folder.write_status(status)

    def _reason(self, code: int) -> str:
        if code == 0:
            return "powered off"
        if code < 0:
            return f"systemd-nspawn was killed by {signal.Signals(-code).name}"
        return f"systemd-nspawn ended with code {code}"


def _locked(path: Path) -> IO[bytes] | None:
    """The machine's lock, for as long as the file is open; None when another supervisor holds it."""
    lock = path.open("ab")
    deadline = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except BlockingIOError:
            if time.monotonic() > deadline:
                lock.close()
                return None
            time.sleep(0.05)


def main(argv: list[str]) -> int:
    folder = MachineFolder(Path(argv[1]))
    record = folder.record()
    log = BoundedLog(folder.console)
    if record is None:
        log.say(f"{folder.record_file} cannot be read: there is no machine to start")
        return 2
    lock = _locked(folder.lock_file)
    if lock is None:
        log.say("another supervisor runs this machine: nothing to do")
        return 3
    with lock:
        mark = ProcessMark.of(os.getpid())
        assert mark is not None
        durable.write(folder.pid_file, mark.dump())
        supervisor = Supervisor(folder, record, log)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, supervisor.end)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            return supervisor.run()
        finally:
            folder.pid_file.unlink(missing_ok=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
