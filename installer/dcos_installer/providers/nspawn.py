"""Machines on this host: systemd-nspawn containers that boot, each with its own network, limits and disk.

A machine is a folder below ``/var/lib/dcos-machines/<cluster>/`` (see `nspawn_machine`): its own layer over the golden
tree, and the records that its supervisor and this provider share. All else of it (mount, control groups, network,
processes) exists only while it runs.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import signal
import socket
import threading
import time
import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from ipaddress import IPv4Interface
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_images.definition import load_definition
from dcos_images.errors import ImageError
from dcos_images.host import this_host
from dcos_images.images import Image, ensure
from dcos_installer.errors import InstallerError
from dcos_installer.process import run
from dcos_installer.providers import nspawn_network as network
from dcos_installer.providers.base import (
    Condition,
    DeclaredFacts,
    MachineState,
    Note,
    ProviderError,
    SshTarget,
    silent,
)
from dcos_installer.providers.cgroups import Group, host_hierarchies, mode_of
from dcos_installer.providers.inject import Injected, inject
from dcos_installer.providers.machine_keys import ClusterKeys
from dcos_installer.providers.nspawn_launch import forget_unit, launch
from dcos_installer.providers.nspawn_machine import (
    MachineFolder,
    MachineRecord,
    ProcessMark,
    Status,
    apply_limits,
    cgroup_path,
)
from dcos_installer.providers.nspawn_mounts import mount_disk, mount_root, unmount_all
from dcos_installer.state import ClusterState

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec

IMAGE = "machine"
MACHINES_DIR = Path("/var/lib/dcos-machines")
_TOOLS = ("ip", "mount", "nsenter", "setsid", "ssh-keygen", "systemd-nspawn", "umount")
_BOOT_SECONDS = 90.0
_CLEAN_UP_SECONDS = 5.0
_SUPERVISOR_SECONDS = 15.0
_PAUSE_SECONDS = 0.05
_SSH_PORT = 22
_REBOOT_SIGNAL = signal.SIGRTMIN + 5  # what systemd as init takes for "reboot, in good order"


class NspawnProvider:
    """Machines of one cluster as containers on this host. See `base.Provider`."""

    name = "nspawn"
    makes_machines = True

    def __init__(
        self,
        spec: ClusterSpec,
        state_dir: Path,
        *,
        machines_dir: Path = MACHINES_DIR,
        boot_seconds: float = _BOOT_SECONDS,
    ) -> None:
        self._spec = spec
        self._keys = ClusterKeys(ClusterState(state_dir))
        self._home = machines_dir / spec.cluster_id[:8]
        self._boot_seconds = boot_seconds
        self._cancelled = threading.Event()
        self._network = spec.settings.network
        self._bridge = network.bridge_for(spec.cluster_id, spec.name, self._network)

    # What is, and what will be

    def declared(self, host: HostSpec) -> DeclaredFacts | None:
        try:
            definition = load_definition(IMAGE)
            release = definition.release(this_host().codename)
        except ImageError as error:
            raise _of_image(error) from error
        cgroups = mode_of(host_hierarchies())
        return DeclaredFacts(
            os_id=release.os_id,
            os_version=release.os_version,
            arch=platform.machine(),
            python=release.python,
            libc=release.libc,
            cgroups=cgroups,
            container_runtime="crun" if cgroups == "v2" else "runc",
            cpus=host.cpus if host.cpus is not None else float(os.cpu_count() or 1),
            mem_mb=host.mem_mb if host.mem_mb is not None else _host_memory_mb(),
            os_packages=frozenset(definition.packages),
        )

    def inspect(self) -> Mapping[str, MachineState]:
        addresses = {host.name: host.address for host in self._spec.hosts}
        names = sorted({*addresses, *(folder.name for folder in self._folders())})
        return {name: self._state(self._folder(name), addresses.get(name, "")) for name in names}

    def ssh(self, host: HostSpec) -> SshTarget:
        return SshTarget(
            address=host.address,
            port=_SSH_PORT,
            user="root",
            identity_file=self._keys.identity_file,
            known_hosts_file=self._keys.known_hosts,
        )

    # Making and removing

    def create(self, hosts: Sequence[HostSpec], note: Note = silent) -> None:
        self._check(hosts)
        # Machines that are made already stay over their tree: only a new one needs the image.
        made = all(self._folder(host.name).record() is not None for host in hosts)
        image = None if made else self._image(lambda text: note("", text))
        self._keys.ensure((host.name, host.address) for host in self._spec.hosts)
        self._home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._home.mkdir(mode=0o700, exist_ok=True)
        network.ensure_bridge(self._bridge)
        if network.host_filters_bridges():
            note(
                "",
                "this host's firewall sees bridged traffic (bridge-nf-call-iptables): its rules must let machines talk",
            )
        for host in hosts:
            self._declare(host, image)
        self._tell_neighbours()
        self._each([host.name for host in hosts], lambda name: self._start(name, note))

    def destroy(self, names: Collection[str] | None = None, note: Note = silent) -> None:
        self._need_root()
        there = [folder.name for folder in self._folders()]
        gone = there if names is None else [name for name in there if name in names]
        self._each(gone, lambda name: self._destroy(name, note))
        self._keys.forget(names)
        if names is None or not self._folders():
            for link in network.links_of(self._bridge.name):
                network.remove_link(link)
            network.remove_link(self._bridge.name)
            for folder in (self._home, self._home.parent):
                with contextlib.suppress(OSError):  # not empty: other clusters' machines
                    folder.rmdir()
        else:
            self._tell_neighbours(without=frozenset(gone))

    # Switching

    def start(self, name: str) -> None:
        self._to_switch(name)
        network.ensure_bridge(self._bridge)
        self._start(name, silent)

    def power_off(self, name: str) -> None:
        record = self._to_switch(name)
        # The cable first: a machine without power does not say goodbye to anybody.
        network.unplug(_port(record))
        folder = self._folder(name)
        status = folder.status()
        self._sweep(folder, keep_disk=True)
        if status is not None and status.phase != "ended":
            folder.write_status(Status(phase="ended", reason="its power was cut"))

    def reboot(self, name: str) -> None:
        folder, record = self._folder(name), self._to_switch(name)
        status = folder.status()
        leader = self._leader(folder)
        if status is None or leader is None:
            raise ProviderError(
                "it cannot restart, because it does not run",
                machine=name,
                hint="start it",
                evidence=self._evidence(folder),
            )
        leader.kill(_REBOOT_SIGNAL)
        self._await(
            folder,
            f"it did not restart within {self._boot_seconds:.0f} s",
            lambda: (now := folder.status()) is not None and now.boots > status.boots and now.phase == "running",
        )
        self._await_ssh(folder, record)

    # One machine

    def _declare(self, host: HostSpec, image: Image | None) -> None:
        """Writes down what the machine is. What was decided when it was made stays: its tree, its address, its disk."""
        folder = self._folder(host.name)
        known = folder.record()
        if known is not None:
            tree, key = known.tree, known.image_key
        else:
            assert image is not None
            tree, key = str(image.tree), image.key
        port = network.port_for(self._spec.cluster_id, host.name, host.address, self._network)
        record = MachineRecord(
            cluster_id=self._spec.cluster_id,
            name=host.name,
            unique_name=f"dcos-{self._spec.cluster_id[:8]}-{host.name}",
            uuid=uuid.uuid5(uuid.UUID(self._spec.cluster_id), host.name).hex,
            address=host.address,
            prefix_length=self._network.prefixlen,
            mac=port.mac,
            host_side=port.host_side,
            bridge=self._bridge.name,
            tree=tree,
            image_key=key,
            cpus=host.cpus,
            mem_mb=host.mem_mb,
            disk_mb=host.disk_mb,
        )
        if known is not None:
            for what, was, wanted in (
                ("address", f"{known.address}/{known.prefix_length}", f"{record.address}/{record.prefix_length}"),
                ("cluster", known.cluster_id, record.cluster_id),
                ("disk_mb", known.disk_mb, record.disk_mb),
            ):
                if was != wanted:
                    raise ProviderError(
                        f"its {what} cannot change from {was} to {wanted}",
                        machine=host.name,
                        why="that is decided when a machine is made",
                        hint="put the old value back into the inventory, or remove the machine first",
                    )
        if known != record:
            folder.path.mkdir(mode=0o700, exist_ok=True)
            folder.write_record(record)
            if known is not None and (group := self._machine_group(folder)).exists():
                self._each([host.name], lambda name: apply_limits(group, record))

    def _start(self, name: str, note: Note) -> None:
        folder, record = self._folder(name), self._record(name)
        started = time.monotonic()
        if self._state(folder, record.address).condition is not Condition.RUNNING:
            self._sweep(folder, keep_disk=True)
            if not Path(record.tree).is_dir():
                raise ProviderError(
                    "the tree it was made over is gone",
                    machine=name,
                    why=f"there is no {record.tree}",
                    hint="remove the machine and deploy again; clear the image cache only when no machine is left",
                )
            note(name, "starting")
            mount_disk(folder, record)
            mount_root(folder, record)
            inject(folder.root, self._files(record))
            folder.status_file.unlink(missing_ok=True)
            launch(folder, record)
        self._await_ssh(folder, record)
        note(name, f"answers after {time.monotonic() - started:.1f} s")

    def _files(self, record: MachineRecord) -> list[Injected]:
        return [
            Injected("/etc/hostname", f"{record.name}\n".encode()),
            Injected("/etc/machine-id", f"{record.uuid}\n".encode(), mode=0o444),
            Injected("/etc/hosts", hosts_file(self._members()).encode()),
            *self._keys.files_for(record.name),
        ]

    def _destroy(self, name: str, note: Note) -> None:
        folder = self._folder(name)
        self._sweep(folder, keep_disk=False)
        if left := folder.mounts():
            raise ProviderError("its file system is still mounted", machine=name, hint=f"unmount {' '.join(left)}")
        shutil.rmtree(folder.path)
        note(name, "removed")

    def _sweep(self, folder: MachineFolder, *, keep_disk: bool) -> None:
        """Ends all of a machine that runs, whatever state it is in, and takes down what running had put up."""
        record = folder.record()
        self._cut(folder)
        if (supervisor := folder.supervisor()) is not None:
            supervisor.kill()
        group = self._group(folder)
        group.kill()
        if record is not None:
            forget_unit(record)
            network.remove_link(record.host_side)
        group.remove()
        if group.path == cgroup_path(self._spec.cluster_id, folder.name):
            group.remove_empty_parents()
        unmount_all(folder, record.unique_name if record else folder.name, keep_disk=keep_disk)
        folder.pid_file.unlink(missing_ok=True)

    def _cut(self, folder: MachineFolder) -> None:
        """Kills a machine's init, and with it all in the machine; its supervisor then cleans up, when it is well."""
        supervisor, leader = folder.supervisor(), self._leader(folder)
        if supervisor is None or leader is None:
            return
        leader.kill()
        deadline = time.monotonic() + _CLEAN_UP_SECONDS
        while supervisor.alive() and time.monotonic() < deadline:
            time.sleep(_PAUSE_SECONDS)

    def _state(self, folder: MachineFolder, address: str) -> MachineState:
        record, status = folder.record(), folder.status()
        supervised = folder.supervisor() is not None
        processes = bool(self._machine_group(folder).pids())
        mounted = str(folder.root.resolve()) in folder.mounts()
        condition, detail = Condition.OFF, "never started" if status is None else status.reason or "its power was cut"
        if not folder.path.exists():
            condition, detail = Condition.ABSENT, ""
        elif record is None:
            condition, detail = Condition.BROKEN, "its making was cut short"
        elif supervised:
            condition, detail = Condition.RUNNING, "" if status is None else status.phase
        elif processes:
            condition, detail = Condition.BROKEN, "it runs, but its supervisor is gone"
        elif mounted or network.link_exists(record.host_side):
            condition, detail = Condition.BROKEN, "it is off, but its supervisor could not clean up"
        return MachineState(folder.name, condition, record.address if record is not None else address, detail)

    def _leader(self, folder: MachineFolder) -> ProcessMark | None:
        """The machine's init, as this host sees it."""
        status = folder.status()
        if status is None or status.nspawn_pid == 0:
            return None
        for pid in self._machine_group(folder).pids():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                lines = Path("/proc", str(pid), "status").read_text().splitlines()
                fields = dict(line.split(":", 1) for line in lines if ":" in line)
                if int(fields["PPid"]) == status.nspawn_pid and fields["NSpid"].split()[-1] == "1":
                    return ProcessMark.of(pid)
        return None

    def _group(self, folder: MachineFolder) -> Group:
        """The control group of the machine and its supervisor."""
        status = folder.status()
        path = status.cgroup if status is not None and status.cgroup else ""
        return Group(path or cgroup_path(self._spec.cluster_id, folder.name))

    def _machine_group(self, folder: MachineFolder) -> Group:
        return Group(f"{self._group(folder).path}/machine")

    # Waiting

    def _await_ssh(self, folder: MachineFolder, record: MachineRecord) -> None:
        def answers() -> bool:
            # Asked too early, before its network is there, the kernel would not ask again for a second or more.
            status = folder.status()
            return status is not None and status.phase == "running" and _says_ssh(record.address, _SSH_PORT)

        self._await(folder, f"SSH did not answer within {self._boot_seconds:.0f} s", answers)

    def _await(self, folder: MachineFolder, what: str, done: Callable[[], bool]) -> None:
        started = time.monotonic()
        while not done():
            status, waited = folder.status(), time.monotonic() - started
            ended = status is not None and status.phase == "ended"
            alone = waited > _SUPERVISOR_SECONDS and folder.supervisor() is None
            if self._cancelled.is_set():
                raise ProviderError("not waited for any longer", machine=folder.name, hint="deploy again: it resumes")
            if ended or alone or waited > self._boot_seconds:
                reason = status.reason if status is not None else ""
                raise ProviderError(
                    f"it is off again: {reason}" if ended else "its supervisor is gone" if alone else what,
                    machine=folder.name,
                    why="" if ended else f"it is {self._state(folder, '').condition}",
                    hint=f"read {folder.console}, then deploy again: it resumes",
                    evidence=self._evidence(folder),
                )
            time.sleep(_PAUSE_SECONDS)

    def _evidence(self, folder: MachineFolder) -> str:
        """The last the machine said: on its console, and in its journal as far as it got to disk."""
        journal = folder.root / "var" / "log" / "journal"
        said = ""
        if journal.resolve().is_relative_to(folder.root.resolve()) and journal.is_dir():
            with contextlib.suppress(InstallerError):
                command = [
                    "journalctl",
                    f"--directory={journal}",
                    "--no-pager",
                    "--quiet",
                    "--lines=15",
                    "--output=short",
                ]
                said = run(command, deadline=15, what="read the machine's journal", check=False).stdout
        return "\n".join(part for part in (folder.console_tail(15), said) if part)

    # The cluster

    def _image(self, note: Callable[[str], None]) -> Image:
        try:
            return ensure(IMAGE, note=note)
        except ImageError as error:
            raise _of_image(error) from error

    def _members(self) -> dict[str, str]:
        return {host.name: host.address for host in self._spec.hosts}

    def _tell_neighbours(self, without: frozenset[str] = frozenset()) -> None:
        """Machines that run already learn the members' names as they are now."""
        members = {name: address for name, address in self._members().items() if name not in without}
        content = hosts_file(members).encode()
        running = [folder.name for folder in self._folders() if str(folder.root.resolve()) in folder.mounts()]
        self._each(running, lambda name: inject(self._folder(name).root, [Injected("/etc/hosts", content)]))

    def _need_root(self) -> None:
        if os.geteuid() != 0:
            raise ProviderError(
                "machines on this host are made, switched and removed by root",
                why=f"this runs as user {os.geteuid()}",
                hint="run the same command as root",
            )

    def _check(self, hosts: Sequence[HostSpec]) -> None:
        self._need_root()
        problems = network.address_problems(self._network, self._members())
        missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
        if missing:
            problems.append(f"these commands are missing: {', '.join(missing)}")
        for host in hosts:
            if not _fit_name(host.name):
                problems.append(f"{host.name!r} cannot be a machine's name: letters, digits, - and ., 50 at most")
        if problems:
            raise ProviderError(
                "machines cannot be made on this host",
                why="; ".join(problems),
                hint="install what is missing with make setup; correct the inventory",
            )

    def _each(self, names: Sequence[str], work: Callable[[str], None]) -> None:
        """Does the work for all machines at once; those that can be finished are, before a failure is told."""
        if not names:
            return
        with ThreadPoolExecutor(max_workers=min(len(names), 16), thread_name_prefix="machine") as pool:
            futures = {name: pool.submit(work, name) for name in names}
            try:
                wait(futures.values())
            except BaseException:  # Ctrl-C: nobody waits for machines any more
                self._cancelled.set()
                raise
        failed = {name: error for name, future in futures.items() if (error := future.exception()) is not None}
        if not failed:
            return
        first, error = next(iter(failed.items()))
        others = ", ".join(name for name in failed if name != first)
        also = f"; it failed on {others} too" if others else ""
        if isinstance(error, InstallerError):
            raise ProviderError(
                error.what.removeprefix(f"{first}: "),
                machine=first,
                why=error.why + also,
                hint=error.hint,
                evidence=error.evidence,
            ) from error
        if isinstance(error, OSError):
            raise ProviderError(
                "it cannot be set up on this host",
                machine=first,
                why=f"{error}{also}",
                hint="put that right, and try again",
            ) from error
        raise error

    def _folder(self, name: str) -> MachineFolder:
        return MachineFolder(self._home / name)

    def _folders(self) -> list[MachineFolder]:
        try:
            if not self._home.is_dir():
                return []
        except PermissionError:
            self._need_root()
            raise
        return [MachineFolder(path) for path in sorted(self._home.iterdir()) if path.is_dir()]

    def _to_switch(self, name: str) -> MachineRecord:
        self._need_root()
        return self._record(name)

    def _record(self, name: str) -> MachineRecord:
        record = self._folder(name).record()
        if record is None:
            raise ProviderError("there is no such machine", machine=name, hint="deploy makes it")
        return record


def hosts_file(members: Mapping[str, str]) -> str:
    """``/etc/hosts`` of every machine of a cluster."""
    lines = ["127.0.0.1 localhost", "::1 localhost"]
    lines += [f"{address} {name}" for name, address in sorted(members.items())]
    return "\n".join(lines) + "\n"


def _port(record: MachineRecord) -> network.Port:
    return network.Port(record.host_side, record.mac, IPv4Interface(f"{record.address}/{record.prefix_length}"))


def _says_ssh(address: str, port: int) -> bool:
    try:
        with socket.create_connection((address, port), timeout=1.0) as connection:
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


def _fit_name(name: str) -> bool:
    return 0 < len(name) <= 50 and name[0].isalnum() and all(c.isascii() and (c.isalnum() or c in "-.") for c in name)


def _host_memory_mb() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20


def _of_image(error: ImageError) -> ProviderError:
    return ProviderError(error.what, why=error.why, hint=error.hint, evidence=error.evidence)
