"""Folders that stand for machines, a service manager with a memory, and manifests for them."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, cast

from dcos_installer.ansible.host import main as host_main
from dcos_installer.ansible.host.apply import apply, locked
from dcos_installer.ansible.host.machine import ACTIVE, PACKAGE_NAMES, PACKAGE_TIME, PACKAGES, Machine
from dcos_installer.ansible.host.observe import Observed, observe
from dcos_installer.ansible.host.packages import note_names
from dcos_installer.ansible.host.systemd import Noted, UnitFailed
from dcos_installer.ansible.host.work import Work, work_for
from dcos_installer.config.model import ClusterSpec, HostSpec, Role, Settings, SshSpec
from dcos_installer.plan import materials
from dcos_installer.plan.facts import Facts
from dcos_installer.plan.manifest import FORMAT, File, Link, Manifest, Package, Sysctl, Unit, User

FACTS = Facts(
    os_id="debian",
    os_version="12",
    arch="x86_64",
    libc="glibc-2.36",
    python="cp311",
    cgroups="v1",
    container_runtime="runc",
    cpus=2,
    mem_mb=2048,
)
RUNTIME = Package(
    "dcos-runtime", "0.1.0", "a" * 64, ("dcos", "dcos-agent", "dcos-auth", "dcos-marathon", "dcos-master")
)


A = "dcos-a.service"
B = "dcos-b.service"
PACKAGE = Package("dcos-runtime", "1", "1" * 64, ("dcos",))
"""The inputs of `first`."""


def a_spec(masters: int = 1, agents: int = 1, public: int = 1, **changes: Any) -> ClusterSpec:
    """A cluster on the nspawn provider: m1…, a1…, p1…."""
    hosts = [
        HostSpec(name=f"{kind}{n}", address=address, roles=frozenset({cast(Role, role)}), ssh=SshSpec(address=address))
        for kind, role, count, tens in (
            ("m", "master", masters, 1),
            ("a", "agent", agents, 2),
            ("p", "public_agent", public, 3),
        )
        for n in range(1, count + 1)
        for address in [f"198.18.0.{tens}{n}"]
    ]
    values: dict[str, Any] = {
        "name": "lab",
        "cluster_id": "0b9f8c9e-6f0d-4a6b-9c1a-5b1d2f3a4c5d",
        "provider": "nspawn",
        "hosts": tuple(hosts),
        "settings": Settings(operator_networks=(IPv4Network("198.18.0.1"),)),
        "inventory_path": Path("lab.ini"),
    }
    return ClusterSpec(**(values | changes))


def the_materials() -> materials.Materials:
    """The roles' own materials, with an invented package."""
    return materials.load().with_packages({FACTS.target: [RUNTIME]})


def a_manifest(
    files: dict[str, str] | None = None,
    units: dict[str, tuple[str, ...]] | None = None,
    packages: Iterable[Package] = (),
    **parts: Any,
) -> Manifest:
    """A small manifest: ``units`` maps names to what they read; their text and links are invented."""
    files, units = dict(files or {}), dict(units or {})
    links = list(parts.pop("links", ()))
    for unit in units:
        files.setdefault(f"units/{unit}", f"[Service]\nExecStart={unit}\n")
        links.append(Link(f"/etc/systemd/system/{unit}", f"{ACTIVE}/units/{unit}"))
    return Manifest(
        format=FORMAT,
        cluster="lab",
        host="h1",
        roles=("common",),
        packages=tuple(packages),
        files=tuple(File(path, content) for path, content in sorted(files.items())),
        units=tuple(Unit(name, reads=reads) for name, reads in units.items()),
        links=tuple(sorted(links, key=lambda link: link.path)),
        **parts,
    )


class Remembering(Noted):
    """Records which text and inputs each unit was started with, on the disk: the record outlives a killed run."""

    sick: frozenset[str] = frozenset()

    def act(self, action: str, unit: str) -> None:
        super().act(action, unit)
        self._remember(action, unit)

    def wait(self, unit: str, probe: str, deadline: float) -> None:
        if unit in self.sick and self.inputs(unit) == self.started_with().get(unit):
            raise UnitFailed(unit, f"{unit} failed", "exit status 1", "the unit's\nlast lines")

    def log(self, unit: str) -> str:
        return "the unit's\nlast lines"

    def history(self) -> list[str]:
        path = Path(self.machine.at("/history"))
        return path.read_text().splitlines() if path.exists() else []

    def started_with(self) -> dict[str, str]:
        found = {}
        for line in self.history():
            action, unit, inputs = line.split()
            if action != "stop":
                found[unit] = inputs
        return found

    def inputs(self, unit: str) -> str:
        """Digest of the inputs that the unit would read at a start now."""
        data = self.machine.read(ACTIVE + "/manifest.json") or b"{}"
        manifest = json.loads(data)
        reads = [f"units/{unit}"]
        reads += next((list(item["reads"]) for item in manifest.get("units", []) if item["name"] == unit), [])
        digest = hashlib.sha256()
        for name in reads:
            if name.startswith("package:"):
                digest.update(json.dumps([p for p in manifest["packages"] if p["name"] == name[8:]]).encode())
            elif name.startswith("secret:"):
                digest.update(self.machine.read(f"/etc/dcos-secrets/{name[7:]}") or b"-")
            else:
                digest.update(self.machine.read(f"{ACTIVE}/{name}") or b"-")
        return digest.hexdigest()[:16]

    def _remember(self, action: str, unit: str) -> None:
        with Path(self.machine.at("/history")).open("a") as file:
            file.write(f"{action} {unit} {self.inputs(unit)}\n")


class Host:
    """One folder as a machine."""

    def __init__(self, root: Path, machine: Machine | None = None, systemd: Remembering | None = None) -> None:
        self.root = root
        self.machine = machine or Machine(str(root))
        self.systemd = systemd or Remembering(self.machine)

    def path(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def bring(self, manifest: Manifest) -> None:
        """Puts the manifest's packages there, as `receive` would."""
        for package in manifest.packages:
            for program in package.programs or ("dcos",):
                file = self.path(f"{PACKAGES}/{package.folder}/bin/{program}")
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(program)
                os.utime(file, (PACKAGE_TIME, PACKAGE_TIME))
            top = self.path(f"{PACKAGES}/{package.folder}")
            (top / PACKAGE_NAMES).unlink(missing_ok=True)
            note_names(str(top))

    def observe(self, manifest: Manifest, secrets: Mapping[str, str | None] | None = None) -> Observed:
        return observe(
            self.machine, self.systemd, json.loads(manifest.encode()), dict(secrets) if secrets is not None else None
        )

    def check(self, manifest: Manifest, secrets: Mapping[str, str | None] | None = None) -> list[dict[str, str]]:
        wanted = json.loads(manifest.encode())
        return work_for(wanted, manifest.digest, self.observe(manifest, secrets)).changes

    def apply(self, manifest: Manifest, secrets: Mapping[str, str | None] | None = None) -> Work:
        wanted = json.loads(manifest.encode())
        with locked(self.machine):
            seen = self.observe(manifest, secrets)
            return apply(
                self.machine, self.systemd, wanted, manifest.encode(), manifest.digest, seen, dict(secrets or {}), 5.0
            )

    @property
    def generation(self) -> int:
        link = self.machine.link(ACTIVE)
        return int(link.rpartition("/")[2]) if link else 0


def shown(changes: Iterable[dict[str, str]]) -> list[str]:
    return [f"{change['action']} {change['kind']} {change['name']}" for change in changes]


def first() -> Manifest:
    """One of every kind of thing: the start of most hosts in these tests."""
    return a_manifest(
        {"etc/a.env": "one"},
        {A: ("etc/a.env", "package:dcos-runtime"), B: ()},
        [PACKAGE],
        links=[Link("/usr/local/bin/dcos", f"{ACTIVE}/bin/dcos")],
        users=(User("dcos-a", "/var/lib/dcos/a"),),
        sysctls=(Sysctl("net.core.x", "5"),),
    )


def installed(host: Host, manifest: Manifest) -> None:
    """`Host.bring`, then `Host.apply`."""
    host.bring(manifest)
    host.apply(manifest)


def answer(host: Host, **request: object) -> dict[str, Any]:
    """The answer of the program on the machine."""
    return host_main.answer(host.machine, request, io.BytesIO())
