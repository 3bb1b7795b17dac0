"""The installer over many hosts: what a redeploy that changes nothing costs, and one manifest beside many tasks."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from dcos_installer import secrets, sockets
from dcos_installer.ansible import runner
from dcos_installer.ansible.connection import Connection
from dcos_installer.ansible.host.packages import note_names
from dcos_installer.ansible.play import Workspace
from dcos_installer.bundle import runtime
from dcos_installer.config.model import ClusterSpec, HostSpec, Role, SshSpec
from dcos_installer.errors import InstallerError
from dcos_installer.plan import materials
from dcos_installer.plan.compose import manifest
from dcos_installer.plan.facts import Facts
from dcos_installer.plan.manifest import File, Manifest, Package
from dcos_installer.secrets import Vault
from dcos_installer.state import ClusterState
from tests.bench.figures import Bench, Measured, at_most, figure, ratio_at_least
from tests.support.installer.targets import this_machine

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
FILES = 20


def simulated(count: int) -> ClusterSpec:
    """A cluster of one master and agents, on hosts that are folders."""
    hosts = []
    for number in range(count):
        address = f"198.18.{16 + number // 250}.{1 + number % 250}"
        role: Role = "agent" if number else "master"
        hosts.append(
            HostSpec(name=f"h{number}", address=address, roles=frozenset({role}), ssh=SshSpec(address=address))
        )
    return ClusterSpec(
        name="bench",
        cluster_id="0b9f8c9e-6f0d-4a6b-9c1a-5b1d2f3a4c5d",
        provider="static",
        hosts=tuple(hosts),
        inventory_path=Path("bench.ini"),
    )


def manifests(spec: ClusterSpec, vault: Vault) -> dict[str, Manifest]:
    """As the installer's plan phase computes them, roles read anew."""
    programs = ("dcos", "dcos-agent", "dcos-auth", "dcos-marathon", "dcos-master")
    package = Package("dcos-runtime", "0.1.0", "a" * 64, programs)
    known = materials.load().with_packages({FACTS.target: (package,)}).with_trust(vault.trust)
    return {host.name: manifest(spec, host, FACTS, known) for host in spec.hosts}


def installed(bench: Bench, count: int) -> tuple[ClusterSpec, ClusterState, dict[str, Connection]]:
    """Folders that have the manifests applied, with their secrets."""
    spec, home = simulated(count), bench.place(f"hosts-{count}")
    state = ClusterState(bench.place(f"state-{count}"))
    vault = secrets.make(state, spec)
    wanted = manifests(spec, vault)
    connections = {host.name: Connection(root=str(home / host.name)) for host in spec.hosts}
    for name, one in wanted.items():
        for package in one.packages:
            unpacked = home / name / "opt/dcos/packages" / package.folder
            unpacked.mkdir(parents=True)
            note_names(str(unpacked))
    with sockets.folder() as control_dir:
        workspace = Workspace(bench.place("plays"), control_dir)
        orders = {name: runner.ApplyOrder(one, secrets=vault.made(name)) for name, one in wanted.items()}
        found = runner.apply(workspace, connections, orders)
    _all_well(found)
    return spec, state, connections


def no_op(bench: Bench, count: int, runs: int) -> Measured:
    spec, state, connections = installed(bench, count)
    samples = []
    for _ in bench.times(runs):
        started = time.perf_counter()
        with sockets.folder() as control_dir:
            workspace = Workspace(bench.place("plays"), control_dir)
            vault = secrets.load(state, spec)
            checked = runner.check(workspace, connections, manifests(spec, vault), vault.hosts)
        samples.append(time.perf_counter() - started)
        _all_well(checked)
        assert not any(found.changes for found in checked.values() if isinstance(found, runner.Checked))
    return Measured(samples, note="hosts are folders, reached by Ansible's local connection")


@figure(
    "installer.no_op_100",
    "a plan of 100 hosts that finds nothing to change",
    unit="s",
    how="roles and secrets read, 100 manifests made and held against hosts that are folders, facts included",
    aim=at_most(6),
)
def no_op_100(bench: Bench) -> Measured:
    return no_op(bench, 100, 3)


@figure(
    "installer.no_op_1000",
    "a plan of 1,000 hosts that finds nothing to change",
    unit="s",
    how="roles and secrets read, 1,000 manifests made and held against hosts that are folders, facts included",
    aim=at_most(45),
)
def no_op_1000(bench: Bench) -> Measured:
    return no_op(bench, 1000, 1)


@figure(
    "installer.tasks_by_manifest",
    f"{FILES} files by plain Ansible tasks, beside the same by one manifest",
    unit="s",
    how=f"a playbook of {FILES} copy tasks on a folder, beside one apply of a manifest with {FILES} files, in turn",
    aim=ratio_at_least(10),
)
def tasks_by_manifest(bench: Bench) -> Measured:
    tasks, whole = [], []
    for _ in bench.times(3):
        tasks.append(_by_tasks(bench.place("tasks")))
        whole.append(_by_manifest(bench, bench.place("manifest")))
    return Measured(tasks, "one manifest", whole)


def _by_tasks(home: Path) -> float:
    """The way this project does not go: a task a file, pipelined, by the same ansible-core."""
    play = ["- hosts: all", "  gather_facts: false", "  tasks:"]
    for number in range(FILES):
        play += [
            "    - ansible.builtin.copy:",
            f"        dest: {home}/etc/file-{number}",
            f"        content: text {number}",
        ]
    (home / "etc").mkdir()
    (home / "play.yml").write_text("\n".join(play) + "\n")
    (home / "hosts").write_text("h1 ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n")
    (home / "ansible.cfg").write_text("[defaults]\nhost_key_checking = true\n[connection]\npipelining = true\n")
    environment = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "ANSIBLE_CONFIG": str(home / "ansible.cfg"),
    }
    started = time.perf_counter()
    subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", home / "hosts", home / "play.yml"],
        check=True,
        capture_output=True,
        env=environment,
    )
    seconds = time.perf_counter() - started
    assert len(list((home / "etc").iterdir())) == FILES
    return seconds


def _by_manifest(bench: Bench, home: Path) -> float:
    spec = simulated(1)
    base = manifests(spec, secrets.load(ClusterState(home / "state"), spec))["h0"]
    wanted = Manifest(
        format=base.format,
        cluster=base.cluster,
        host="h1",
        roles=(),
        files=tuple(File(f"etc/file-{number:02}", f"text {number}") for number in range(FILES)),
    )
    connections = {"h1": Connection(root=str(home))}
    started = time.perf_counter()
    with sockets.folder() as control_dir:
        workspace = Workspace(bench.place("plays"), control_dir)
        found = runner.apply(workspace, connections, {"h1": runner.ApplyOrder(wanted)})
    seconds = time.perf_counter() - started
    _all_well(found)
    assert len(list((home / "opt/dcos/active/etc").iterdir())) == FILES
    return seconds


def _all_well(reported: Mapping[str, object]) -> None:
    for name, result in reported.items():
        if isinstance(result, InstallerError):
            raise AssertionError(f"{name}: {result}")


@figure(
    "installer.bundle",
    "the runtime bundle for one kind of machine, nothing cached but pip's downloads",
    unit="s",
    how="bundle.runtime.build into an empty cache",
)
def bundle(bench: Bench) -> Measured:
    samples = []
    for _ in bench.times(2):
        started = time.perf_counter()
        runtime.build(this_machine(), cache=bench.place("bundle"))
        samples.append(time.perf_counter() - started)
    return Measured(samples)
