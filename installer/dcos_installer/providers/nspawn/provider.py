"""Machines on this host: systemd-nspawn containers that boot, each with its own network, limits and disk.

A machine is a folder below ``/var/lib/dcos-machines/<cluster>/`` (see `machine`): its own layer over the golden tree,
and the records that its supervisor and this provider share. Everything else of it (mount, control groups, network,
processes) exists only while it runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shutil
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from dcos_images.cache import tree_is_altered
from dcos_images.errors import ImageError
from dcos_images.host import this_host
from dcos_images.images import Image
from dcos_images.including import load_definition
from dcos_installer.bundle.images import carried, ensured
from dcos_installer.errors import InstallerError
from dcos_installer.machines import DeclaredFacts, SshTarget
from dcos_installer.providers.answering import SSH_PORT
from dcos_installer.providers.base import (
    Condition,
    Expected,
    MachineFile,
    MachineState,
    Note,
    Order,
    ProviderError,
    Results,
    failed,
    silent,
    well,
)
from dcos_installer.providers.image_builder import image_builder
from dcos_installer.providers.machine_keys import ClusterKeys, hosts_file
from dcos_installer.providers.nspawn import disk, network
from dcos_installer.providers.nspawn.cgroups import host_hierarchies, mode_of
from dcos_installer.providers.nspawn.control import MachineControl
from dcos_installer.providers.nspawn.inject import inject
from dcos_installer.providers.nspawn.launch import booted_by_systemd, launch
from dcos_installer.providers.nspawn.machine import (
    MachineFolder,
    NspawnRecord,
    apply_limits,
    shares,
)
from dcos_installer.providers.nspawn.mounts import mount_disk, mount_root
from dcos_installer.providers.nspawn.options import network_of
from dcos_installer.providers.nspawn.remains import MACHINES_DIR, home_of
from dcos_installer.providers.results import results_of
from dcos_installer.state import ClusterState
from dcos_runtime import durable

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec

IMAGE = "machine"
_TOOLS = ("ip", "losetup", "mkfs.ext4", "mount", "nft", "nsenter", "setsid", "ssh-keygen", "systemd-nspawn", "umount")
_BOOT_SECONDS = 240.0
_NAME_BYTES = 64


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
        self._home = home_of(spec.cluster_id, machines_dir)
        self._boot_seconds = boot_seconds
        self._cancelled = threading.Event()
        self._bridge_lock = threading.Lock()
        self._tree_lock = threading.Lock()
        self._altered: dict[str, bool] = {}
        self._network = network_of(spec.options)
        self._bridge = network.bridge_for(spec.cluster_id, spec.name, self._network)

    # The present and the future state

    def expected(self, host: HostSpec) -> Expected:
        return Expected(host.name, host.roles, host.address, self._declared(host))

    def _declared(self, host: HostSpec) -> DeclaredFacts:
        try:
            codename = this_host().codename
            definition = load_definition(IMAGE).for_release(codename)
            release = definition.release(codename)
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
            carried=carried(definition),
        )

    def inspect(self) -> Mapping[str, MachineState]:
        addresses = {host.name: host.address for host in self._spec.hosts}
        names = sorted({*addresses, *(folder.name for folder in self._folders())})
        return {name: self._control(name).state(addresses.get(name, "")) for name in names}

    def ssh(self, host: HostSpec) -> SshTarget:
        return SshTarget(
            address=host.address,
            port=SSH_PORT,
            user="root",
            identity_file=self._keys.identity_file,
            known_hosts_file=self._keys.known_hosts,
        )

    # Creation and removal

    def outdated(self, host: HostSpec) -> str:
        known = self._folder(host.name).record()
        if known is None:
            return ""
        limits = (("cpus", known.cpus, host.cpus), ("mem_mb", known.mem_mb, host.mem_mb))
        return ", ".join(f"{what} from {was} to {wanted}" for what, was, wanted in limits if was != wanted)

    def create(self, orders: Sequence[Order], note: Note = silent) -> Results:
        hosts = {order.host.name: order.host for order in orders}
        self._check(list(hosts.values()))
        # Existing machines stay over their tree: only a new one needs the image.
        made = all(self._folder(name).record() is not None for name in hosts)
        with nullcontext(None) if made else self._image(lambda text: note("", text)) as image:
            return self._make(hosts, image, note)

    def _make(self, hosts: Mapping[str, HostSpec], image: Image | None, note: Note) -> Results:
        self._keys.ensure((host.name, host.address) for host in self._spec.hosts)
        durable.private_folder(self._home)
        self._ensure_bridge()
        if chains := network.bridged_traffic_dropped():
            note(
                "",
                f"this host's firewall drops packets between machines: {', '.join(chains)}; allow their bridge",
            )
        disk_mb = self._default_disk(list(hosts.values()), note)
        untold = failed(self.introduce(self._spec))
        for name in set(untold) - set(hosts):
            note(name, untold[name].what)

        def make(name: str) -> None:
            if name in untold:
                raise untold[name]
            self._declare(hosts[name], image, disk_mb)
            self._start(name, note)

        return self._each(hosts, make)

    def introduce(self, spec: ClusterSpec) -> Results:
        return self._tell_names({host.name: host.address for host in spec.hosts})

    def destroy(self, names: Collection[str] | None = None, note: Note = silent) -> Results:
        self._need_root()
        there = [folder.name for folder in self._folders()]
        results = dict(
            self._each(
                there if names is None else [name for name in there if name in names],
                lambda name: self._destroy(name, note),
            )
        )
        gone = set(well(results))
        self._keys.forget(None if names is None and not failed(results) else gone)
        if self._folders():
            left = {name: address for name, address in self._members().items() if name not in gone}
            for name, error in failed(self._tell_names(left)).items():
                note(name, error.what)
            return results
        try:
            for link in network.links_of(self._bridge.name):
                network.remove_link(link)
            network.remove_link(self._bridge.name)
        except InstallerError as error:
            results[""] = ProviderError(error.what, why=error.why, hint=error.hint, evidence=error.evidence)
            return results
        for folder in (self._home, self._home.parent):
            with contextlib.suppress(OSError):  # not empty: other clusters' machines
                folder.rmdir()
        return results

    # Switching

    def start(self, names: Collection[str], note: Note = silent) -> Results:
        self._need_root()
        known = self._members()
        torn = [name for name in names if name in known and self._is_torn(name)]
        results: dict[str, MachineState | ProviderError] = {}
        if torn:  # their creation was interrupted before their record was written
            results.update(self.create([Order(self._spec.host(name), "") for name in torn], note))

        def start(name: str) -> None:
            self._record(name)
            self._ensure_bridge()
            self._start(name, note)

        results.update(self._each([name for name in names if name not in torn], start))
        return results

    def power_off(self, names: Collection[str], note: Note = silent) -> Results:
        return self._switch(names, MachineControl.power_off)

    def reboot(self, names: Collection[str], note: Note = silent) -> Results:
        return self._switch(names, MachineControl.reboot)

    def _switch(self, names: Collection[str], work: Callable[[MachineControl], None]) -> Results:
        self._need_root()

        def switch(name: str) -> None:
            self._record(name)
            work(self._control(name))

        return self._each(names, switch)

    def _is_torn(self, name: str) -> bool:
        folder = self._folder(name)
        return folder.path.is_dir() and folder.record() is None

    # One machine

    def _new(self, hosts: Sequence[HostSpec]) -> list[HostSpec]:
        return [host for host in hosts if self._folder(host.name).record() is None]

    def _default_disk(self, hosts: Sequence[HostSpec], note: Note) -> int | None:
        """The disk in MiB of a new machine without one in the inventory; None: it cannot be limited here."""
        new = self._new(hosts)
        without = [host for host in new if host.disk_mb is None]
        if not without:
            return None
        if not disk.loop_devices():
            note("", "this host has no loop devices: machines may fill its disk; set dcos_resources=disk:… for agents")
            return None
        asked = [host.disk_mb for host in new if host.disk_mb is not None]
        return disk.default_mb(disk.room(self._home.parent).left_mb, asked, len(without))

    def _declare(self, host: HostSpec, image: Image | None, disk_mb: int | None) -> None:
        """Writes the machine's record; a running machine gets its new shape at once."""
        folder = self._folder(host.name)
        known = folder.record()
        if known is not None:
            record = replace(known, cpus=host.cpus, mem_mb=host.mem_mb, cpu_shares=shares(host))
        else:
            assert image is not None
            record = self._new_record(host, image, disk_mb)
        if known != record:
            folder.path.mkdir(mode=0o700, exist_ok=True)
            folder.write_record(record)
            if (group := self._control(host.name).machine_group()).exists():
                apply_limits(group, record)
                if not booted_by_systemd():
                    self._control(host.name).group().weigh(record.cpu_shares)

    def _new_record(self, host: HostSpec, image: Image, disk_mb: int | None) -> NspawnRecord:
        port = network.port_for(self._spec.cluster_id, host.name, host.address, self._network)
        return NspawnRecord(
            cluster_id=self._spec.cluster_id,
            name=host.name,
            unique_name=unique_name(self._spec.cluster_id, host.name),
            uuid=uuid.uuid5(uuid.UUID(self._spec.cluster_id), host.name).hex,
            address=host.address,
            prefix_length=self._network.prefixlen,
            mac=port.mac,
            host_side=port.host_side,
            bridge=self._bridge.name,
            tree=str(image.tree),
            image_key=image.key,
            cpus=host.cpus,
            mem_mb=host.mem_mb,
            cpu_shares=shares(host),
            disk_mb=disk_mb if host.disk_mb is None else host.disk_mb,
            plain_state=True,
        )

    def _changed(self, host: HostSpec) -> list[str]:
        """The values that are fixed at the machine's creation, and differ from the requested ones now."""
        known = self._folder(host.name).record()
        if known is None:
            return []
        decided = (
            ("address", f"{known.address}/{known.prefix_length}", f"{host.address}/{self._network.prefixlen}"),
            ("cluster", known.cluster_id, self._spec.cluster_id),
            ("disk_mb", known.disk_mb, known.disk_mb if host.disk_mb is None else host.disk_mb),
        )
        return [
            f"{host.name}: its {what} cannot change from {was} to {wanted}, remove the machine first"
            for what, was, wanted in decided
            if was != wanted
        ]

    def _start(self, name: str, note: Note) -> None:
        folder, record, control = self._folder(name), self._record(name), self._control(name)
        started, since = time.monotonic(), folder.moment()
        if control.state(record.address).condition is not Condition.RUNNING:
            control.sweep(keep_disk=True)
            if not Path(record.tree).is_dir():
                raise ProviderError(
                    "the tree that it was made over is missing",
                    machine=name,
                    why=f"there is no {record.tree}",
                    hint="remove the machine and deploy again; clear the image cache only when there are no machines",
                )
            if self._is_altered(record.tree):
                note(
                    name,
                    f"the tree that it was made over was altered after it was built ({record.tree}): it may differ from"
                    " what was tested; destroy the clusters on this host and deploy again to be sure",
                )
            note(name, "starting")
            mount_disk(folder, record)
            mount_root(folder, record)
            inject(folder.root, self._files(record))
            folder.status_file.unlink(missing_ok=True)
            launch(folder, record)
        control.await_ssh(record, since)
        note(name, f"answers after {time.monotonic() - started:.1f} s")

    def _is_altered(self, tree: str) -> bool:
        """`tree_is_altered`, for each tree once: all machines of a cluster are usually over the same."""
        with self._tree_lock:
            if tree not in self._altered:
                self._altered[tree] = tree_is_altered(Path(tree))
            return self._altered[tree]

    def _files(self, record: NspawnRecord) -> list[MachineFile]:
        return [
            MachineFile("/etc/hostname", f"{record.name}\n".encode()),
            MachineFile("/etc/machine-id", f"{record.uuid}\n".encode(), mode=0o444),
            MachineFile("/etc/hosts", hosts_file(self._members()).encode()),
            *self._keys.files_for(record.name),
        ]

    def _destroy(self, name: str, note: Note) -> None:
        folder = self._folder(name)
        self._control(name).sweep(keep_disk=False)
        if left := folder.mounts():
            raise ProviderError(
                "its file system is still mounted",
                why="a process uses it",
                machine=name,
                hint=f"unmount {' '.join(left)}",
            )
        shutil.rmtree(folder.path)
        note(name, "removed")

    # The cluster

    @contextmanager
    def _image(self, note: Callable[[str], None]) -> Iterator[Image]:
        """The image stays in the cache until the machines made over it have records, which name it."""
        try:
            with ensured(image_builder(note), IMAGE) as image:
                yield image
        except ImageError as error:
            raise _of_image(error) from error

    def _members(self) -> dict[str, str]:
        return {host.name: host.address for host in self._spec.hosts}

    def _tell_names(self, members: Mapping[str, str]) -> Results:
        """Gives the running machines the members' present names."""
        content = hosts_file(members).encode()
        running = [folder.name for folder in self._folders() if str(folder.root.resolve()) in folder.mounts()]
        return self._each(running, lambda name: inject(self._folder(name).root, [MachineFile("/etc/hosts", content)]))

    def _need_root(self) -> None:
        if os.geteuid() != 0:
            raise ProviderError(
                "machines on this host are made, switched and removed by root",
                why=f"this runs as user {os.geteuid()}",
                hint="run the same command as root",
            )

    def _check(self, hosts: Sequence[HostSpec]) -> None:
        self._need_root()
        if missing := [tool for tool in _TOOLS if shutil.which(tool) is None]:
            raise ProviderError(
                "machines cannot be made on this host",
                why=f"these commands are missing: {', '.join(missing)}",
                hint="install what is missing with make setup",
            )
        problems = network.address_problems(self._network, self._members())
        for host in hosts:
            problems += self._changed(host)
        if problems:
            raise ProviderError(
                "machines cannot be made as the inventory says", why="; ".join(problems), hint="correct the inventory"
            )
        disk.refuse_without_room(self._home.parent, {host.name: host.disk_mb for host in self._new(hosts)})
        network.refuse_taken(self._bridge)

    def _each(self, names: Collection[str], work: Callable[[str], None]) -> Results:
        """Does the work for all machines at once; returns each machine's state afterwards, or why it failed."""
        addresses = self._members()
        return results_of(
            names, work, lambda name: self._control(name).state(addresses.get(name, "")), self._cancelled.set
        )

    def _folder(self, name: str) -> MachineFolder:
        return MachineFolder(self._home / name)

    def _control(self, name: str) -> MachineControl:
        return MachineControl(
            self._folder(name), self._spec.cluster_id, boot_seconds=self._boot_seconds, cancelled=self._cancelled
        )

    def _folders(self) -> list[MachineFolder]:
        try:
            if not self._home.is_dir():
                return []
        except PermissionError:
            self._need_root()
            raise
        return [MachineFolder(path) for path in sorted(self._home.iterdir()) if path.is_dir()]

    def _ensure_bridge(self) -> None:
        with self._bridge_lock:  # several machines may be started at once
            network.ensure_bridge(self._bridge)
            for record in filter(None, (folder.record() for folder in self._folders())):
                network.guard(record.port)  # of running ones: this host's rules may have been flushed

    def _record(self, name: str) -> NspawnRecord:
        record = self._folder(name).record()
        if record is None:
            raise ProviderError(
                "there is no such machine",
                why="this cluster has no machine of that name on this host",
                machine=name,
                hint="deploy makes it",
            )
        return record


def unique_name(cluster_id: str, name: str) -> str:
    """A machine's name among all machines of this host, at most 64 characters; a long one ends with a digest.

    systemd-nspawn accepts no longer names. A host's own name has 63 at most (`dcos_installer.spec`).
    """
    prefix = f"dcos-{cluster_id[:8]}-"
    if len(prefix) + len(name) > _NAME_BYTES:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        name = f"{name[: _NAME_BYTES - len(prefix) - len(digest) - 1].rstrip('-.')}-{digest}"
    return prefix + name


def _host_memory_mb() -> int:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") >> 20


def _of_image(error: ImageError) -> ProviderError:
    return ProviderError(error.what, why=error.why, hint=error.hint, evidence=error.evidence)
