"""The provider libvirt on libvirt's own test driver: real domains, networks, pools, volumes; machines are folders."""

from __future__ import annotations

import functools
import json
import os
import platform
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from dcos_images.host import this_host
from dcos_installer.config.model import ClusterSpec, HostSpec, SshSpec
from dcos_installer.machines import SshTarget
from dcos_installer.process import CommandResult
from dcos_installer.providers.answering import SshProblem
from dcos_installer.providers.base import Results
from dcos_installer.providers.libvirt import control, golden, hypervisor, preflight, provider
from dcos_installer.providers.libvirt.descriptions import reservations
from dcos_installer.providers.libvirt.domain import mark_of
from dcos_installer.providers.libvirt.hypervisor import Host, Hypervisor, LibvirtFailed, Power, SeenDomain, SeenVolume
from dcos_installer.providers.libvirt.markup import parse, text
from dcos_installer.providers.libvirt.names import ROOT, Names
from dcos_installer.providers.libvirt.provider import LibvirtProvider
from tests.support.machines.nspawn_lab import orders
from tests.support.providers.furnished import furnish

CLUSTER = "7e57fffd-0000-4000-8000-000000000000"
OTHER = "7e57fffc-0000-4000-8000-000000000000"
IMAGE_DISK = 1 << 30


class Killed(BaseException):
    """The installer was killed here, as far as its code can see: nothing catches it."""


@dataclass
class Faults:
    """The failures. ``kill_at``: the step, counted from 1, before which the installer is killed."""

    kill_at: int = 0
    steps: list[str] = field(default_factory=list)
    refuse: dict[str, str] = field(default_factory=dict)
    """By step, such as ``start dcos-7e57fffd-a1``: libvirt's message."""
    fails_once: dict[str, str] = field(default_factory=dict)
    """The same, for the next time only."""
    powers: dict[str, Power] = field(default_factory=dict)
    """By domain: its state some time after its start, until its power is cut."""

    def step(self, what: str) -> None:
        if self.kill_at and len(self.steps) + 1 >= self.kill_at:
            raise Killed(what)
        self.steps.append(what)
        if what in self.fails_once:
            raise LibvirtFailed(f"libvirt could not {what}", code=1, why=self.fails_once.pop(what), hint="wait")
        for name, why in self.refuse.items():
            if what.startswith(name):
                raise LibvirtFailed(f"libvirt could not {what}", code=1, why=why, hint="wait")


class FolderHypervisor(Hypervisor):
    """The test driver, whose machines are folders. The installer may be killed at every step that changes something."""

    def __init__(self, folder: Path, kinds: frozenset[str] | None = None, available_mb: int | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        description = folder / "node.xml"
        # With its own file, a connection shares nothing with others.
        description.write_text(f"<node><memory>{32 << 20}</memory></node>")
        super().__init__(f"test://{description}")
        self.folder = folder
        self.faults = Faults()
        self.contents: dict[tuple[str, str], bytes] = {}
        self._kind_of: dict[str, str] = {}
        self.kinds = kinds
        self.available_mb = available_mb

    def close(self) -> None:
        """It is shared by all: it is removed with the lab."""

    def root(self, domain: str) -> Path:
        return self.folder / "machines" / domain

    def host(self) -> Host:
        found = super().host()
        available = found.available_mb if self.available_mb is None else self.available_mb
        return Host(found.name, found.arch, self.kinds or found.kinds, found.cpus, found.mem_mb, available)

    def domain(self, name: str) -> SeenDomain | None:
        return self._fallen(super().domain(name))

    def domains(self) -> list[SeenDomain]:
        return [fallen for one in super().domains() if (fallen := self._fallen(one)) is not None]

    def _fallen(self, seen: SeenDomain | None) -> SeenDomain | None:
        if seen is None:
            return None
        tree = parse(seen.xml)
        tree.set("type", self._kind_of.get(seen.name, "test"))
        power = self.faults.powers.get(seen.name, seen.power) if seen.power is Power.RUNNING else seen.power
        return SeenDomain(seen.name, seen.uuid, text(tree), power, "" if power is seen.power else "as the test says")

    def define(self, xml: str) -> None:
        tree = parse(xml)
        self.faults.step(f"define domain {tree.findtext('name')}")
        self._kind_of[tree.findtext("name", "")] = tree.get("type", "")
        tree.set("type", "test")  # it has one kind of domain: the requested kind is restored when it is read back
        super().define(text(tree))

    def mark(self, name: str, xml: str) -> None:
        self.faults.step(f"mark {name}")
        super().mark(name, xml)

    def start(self, name: str) -> None:
        self.faults.step(f"start {name}")
        super().start(name)
        furnish(self.root(name), self._host_of(name))

    def cut_power(self, name: str) -> None:
        self.faults.step(f"cut {name}")
        self.faults.powers.pop(name, None)
        super().cut_power(name)

    def press_power_button(self, name: str) -> None:
        self.faults.step(f"press {name}")
        super().press_power_button(name)

    def undefine(self, name: str) -> None:
        self.faults.step(f"undefine {name}")
        super().undefine(name)

    def define_network(self, xml: str) -> None:
        self.faults.step("define network")
        super().define_network(xml)

    def start_network(self, name: str) -> None:
        self.faults.step("start network")
        super().start_network(name)

    def reserve(self, name: str, xml: str, *, previous: str = "") -> None:
        self.faults.step("reserve")
        super().reserve(name, xml, previous=previous)

    def remove_network(self, name: str) -> None:
        self.faults.step("remove network")
        super().remove_network(name)

    def define_pool(self, xml: str) -> None:
        self.faults.step("define pool")
        super().define_pool(xml)

    def start_pool(self, name: str) -> None:
        self.faults.step("start pool")
        super().start_pool(name)

    def remove_pool(self, name: str) -> None:
        self.faults.step("remove pool")
        super().remove_pool(name)

    def create_volume(self, pool: str, xml: str) -> str:
        self.faults.step("create volume")
        return super().create_volume(pool, xml)

    def delete_volume(self, pool: str, name: str) -> None:
        self.faults.step("delete volume")
        super().delete_volume(pool, name)
        self.contents.pop((pool, name), None)
        if name.endswith(f".{ROOT}"):
            # What the machine has written went with its disk. A volume is called dcos-CLUSTER-HOST.KIND.
            names = Names(name[len("dcos-") :][: len(CLUSTER)])
            shutil.rmtree(self.root(names.domain(names.host_of_volume(name))), ignore_errors=True)

    def upload(self, pool: str, name: str, size: int, read: Callable[[int], bytes]) -> None:
        self.faults.step(f"upload {name}")
        content = b"".join(iter(lambda: read(1 << 16), b""))
        assert len(content) == size and self.volume(pool, name) is not None
        self.faults.step(f"uploaded {name}")
        self.contents[pool, name] = content

    def download(self, pool: str, name: str, most: int) -> bytes:
        return self.contents.get((pool, name), b"")[-most:]

    def volumes(self, pool: str, *, fresh: bool = True) -> list[SeenVolume]:
        """A file that another process writes into, such as a console log, has grown at each look."""
        return [
            replace(one, capacity=len(self.contents[pool, one.name])) if (pool, one.name) in self.contents else one
            for one in super().volumes(pool, fresh=fresh)
        ]

    def ssh_problem(self, address: str) -> SshProblem:
        """It answers where a machine with this reserved address runs. Two clusters may use the same names."""
        reserved = {(one.host, one.address) for seen in self.networks() for one in reservations(seen.xml)}
        for seen in self.domains():
            mark = mark_of(seen.xml)
            if mark is not None and (mark.host, address) in reserved and seen.power is Power.RUNNING:
                return SshProblem()
        return SshProblem("nothing answers", "nobody is there")

    def _host_of(self, domain: str) -> str:
        seen = super().domain(domain)
        mark = mark_of(seen.xml) if seen is not None else None
        return mark.host if mark is not None else ""


class FolderSsh:
    """Replaces `Remote`: commands run in the machine's folder."""

    def __init__(self, host: HostSpec, target: SshTarget, *, patience: float, lab: Lab) -> None:
        self.host = host
        self.lab = lab

    def run(self, command: Sequence[str], *, what: str, deadline: float, stdin: str) -> CommandResult:
        root = self.lab.root(self.host.name)
        argv = [part.replace("/etc/", f"{root}/etc/") for part in command]
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, check=True)
        return CommandResult(tuple(argv), 0, done.stdout, done.stderr, 0.0)


@dataclass
class Lab:
    """A provider on its hypervisor, and a new one at each request, as in another run."""

    spec: ClusterSpec
    state_dir: Path
    hypervisor: FolderHypervisor

    @property
    def faults(self) -> Faults:
        return self.hypervisor.faults

    def provider(self, **changes: Any) -> LibvirtProvider:
        return LibvirtProvider(self.spec.model_copy(update=changes), self.state_dir)

    def root(self, host: str) -> Path:
        return self.hypervisor.root(f"dcos-{self.spec.cluster_id[:8]}-{host}")

    def run(self, host: str, command: str) -> str:
        root = self.root(host)
        environment = {"PATH": f"{root}/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(root)}
        argv = ["/bin/sh", "-c", command]
        return subprocess.run(argv, cwd=root, env=environment, capture_output=True, text=True, check=True).stdout

    def left(self) -> list[str]:
        """Everything on the hypervisor, of all owners."""
        hypervisor = self.hypervisor
        found = [f"domain {one.name}" for one in hypervisor.domains()]
        found += [f"network {one.name}" for one in hypervisor.networks()]
        for pool in hypervisor.pools():
            found += [f"pool {pool.name}", *(f"volume {one.name}" for one in hypervisor.volumes(pool.name))]
        return found


def host(name: str, address: str = "", **more: Any) -> HostSpec:
    shape: dict[str, Any] = {"cpus": 1.0, "mem_mb": 512, "disk_mb": 2048} | more
    return HostSpec(
        name=name, address=address, roles=frozenset({"agent"}), ssh=SshSpec(address=address), late=not address, **shape
    )


V1 = host("v1", "198.19.251.5")
V2 = host("v2", options={"dcos_libvirt_disks": "300,400", "dcos_libvirt_pool": "second"})


def cluster(image: Path, *hosts: HostSpec, cluster_id: str = CLUSTER, **options: str) -> ClusterSpec:
    return ClusterSpec(
        name="lab",
        cluster_id=cluster_id,
        provider="libvirt",
        hosts=hosts,
        options={"dcos_libvirt_network": "198.19.251.0/28", "dcos_libvirt_image": str(image), **options},
        inventory_path=Path("lab.ini"),
    )


def write_image(
    path: Path, disk: int = IMAGE_DISK, *, backing: int = 0, features: int = 0, manifest: bool = True
) -> Path:
    """A qcow2 file with an empty disk, and a manifest with the facts of machines that are folders."""
    header = (
        struct.pack(">4sIQIIQ", b"QFI\xfb", 3, backing, 16, 16, disk) + bytes(72 - 32) + struct.pack(">Q", features)
    )
    path.write_bytes(header + os.urandom(4096))
    if manifest:
        arch = platform.machine()
        content = {
            "name": "machine",
            "release": this_host().codename,
            "arch": {"x86_64": "amd64", "aarch64": "arm64"}.get(arch, arch),
            "outputs": {"qcow2": {"file": path.name, "sha256": sha256(path.read_bytes()).hexdigest()}},
            "packages": {"bash": "5"},
        }
        path.with_name("manifest.json").write_text(json.dumps(content))
    return path


@contextmanager
def lab(
    folder: Path, *hosts: HostSpec, kinds: frozenset[str] | None = None, available_mb: int | None = None, **options: str
) -> Iterator[Lab]:
    """A cluster of ``hosts`` for the test driver; all code that uses libvirt uses that."""
    folder.mkdir(parents=True, exist_ok=True)
    image = write_image(folder / "golden.qcow2")
    shared = FolderHypervisor(folder / "hypervisor", kinds, available_mb)
    made = Lab(cluster(image, *hosts, **options), folder / "state", shared)
    with pytest.MonkeyPatch.context() as patch:
        for module in (provider, preflight, hypervisor):
            patch.setattr(module, "Hypervisor", lambda uri: shared)
        patch.setattr(control, "ssh_problem", shared.ssh_problem)
        patch.setattr(provider, "Remote", functools.partial(FolderSsh, lab=made))
        patch.setattr(control, "_PAUSE_SECONDS", 0.01)
        patch.setattr(golden, "_PAUSE_SECONDS", 0.01)
        patch.setattr(golden, "_STILL_SECONDS", 0.0)
        patch.setattr(control, "_SSH_SECONDS", {"qemu": 60.0})
        yield made


def create(made: Lab, told: list[str] | None = None) -> Results:
    notes = told if told is not None else []
    return made.provider().create(orders(made.spec.hosts), lambda name, text: notes.append(f"{name}: {text}"))


def domains(made: Lab) -> dict[str, str]:
    """What libvirt has of machines: by name its UUID."""
    return {one.name: one.uuid for one in made.hypervisor.domains()}
