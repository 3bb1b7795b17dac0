"""A pretended cluster in a folder: provider, engine, machines and daemons that record what was done to them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from dcos_installer.commands import deploy_phases
from dcos_installer.config.model import ClusterSpec, HostSpec, Role, SshSpec
from dcos_installer.daemon_client import NotWell
from dcos_installer.errors import InstallerError
from dcos_installer.events import Event
from dcos_installer.machines import Carried, DeclaredFacts, SshTarget
from dcos_installer.phases.kit.base import Context, Phase
from dcos_installer.phases.kit.engine import Applied, Bundle, HostChanges, OnHost, Planned
from dcos_installer.phases.manager import run_phases
from dcos_installer.phases.verify_cluster import VerifyCluster
from dcos_installer.plan.facts import Facts, Target
from dcos_installer.plan.journal import Journal
from dcos_installer.plan.lock import RECORD_PATH
from dcos_installer.process import CommandResult, run
from dcos_installer.providers.base import Condition, Expected, MachineState, Note, Order, Results, silent
from dcos_installer.remote import Remote, SshFailed
from dcos_installer.secrets.vault import mark_shown
from dcos_installer.state import ClusterState, open_state

WANTED = "the-manifest"


def spec_of(folder: Path, masters: int = 1, agents: int = 2, **changes: Any) -> ClusterSpec:
    hosts = [
        HostSpec(
            name=f"{role[0]}{number}",
            address=f"198.18.{tens}.{number}",
            roles=frozenset({cast(Role, role)}),
            ssh=SshSpec(address=f"198.18.{tens}.{number}"),
            cpus=1,
            mem_mb=1024,
        )
        for role, count, tens in (("master", masters, 1), ("agent", agents, 2))
        for number in range(1, count + 1)
    ]
    values: dict[str, Any] = {
        "name": "lab",
        "cluster_id": open_state(folder / "lab.ini", folder / "home").cluster_id,
        "provider": "nspawn",
        "hosts": tuple(hosts),
        "inventory_path": folder / "lab.ini",
    }
    return ClusterSpec(**(values | changes))


def facts_of(host: HostSpec, **changes: Any) -> Facts:
    values: dict[str, Any] = {
        "os_id": "debian",
        "os_version": "12",
        "arch": "x86_64",
        "libc": "glibc-2.36",
        "python": "cp311",
        "pythons": ("python3.11",),
        "cgroups": "v1",
        "container_runtime": "runc",
        "cpus": host.cpus or 1,
        "mem_mb": host.mem_mb or 1024,
        "disk_free_mb": 5000,
        "machine_id": f"id-{host.name}",
        "addresses": (host.address,),
    }
    return Facts(**(values | changes))


class Machines:
    """The machines' disks: one JSON file for each machine. Kills this process at the given step."""

    def __init__(self, folder: Path, kill_at: int = 0) -> None:
        self.folder = folder
        self.kill_at = kill_at
        self.steps = 0
        folder.mkdir(exist_ok=True)

    def read(self, name: str) -> dict[str, Any] | None:
        path = self.folder / name
        return json.loads(path.read_text()) if path.exists() else None

    def write(self, name: str, **content: Any) -> None:
        """One effect on a machine. A kill before it and one after it are two steps."""
        self._maybe_die()
        new = self.folder / f".{name}"
        new.write_text(json.dumps((self.read(name) or {}) | content))
        new.replace(self.folder / name)
        self._maybe_die()

    def remove(self, name: str) -> None:
        self._maybe_die()
        (self.folder / name).unlink(missing_ok=True)
        self._maybe_die()

    def all(self) -> dict[str, dict[str, Any]]:
        names = sorted(path.name for path in self.folder.iterdir() if path.name[0] != ".")
        return {name: self.read(name) or {} for name in names}

    def _maybe_die(self) -> None:
        self.steps += 1
        if self.steps == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)


class PretendedProvider:
    name = "nspawn"
    makes_machines = True

    def __init__(self, spec: ClusterSpec, machines: Machines) -> None:
        self.spec = spec
        self.machines = machines

    def expected(self, host: HostSpec) -> Expected:
        facts = facts_of(host)
        declared = DeclaredFacts(
            facts.os_id, facts.os_version, facts.arch, facts.python, facts.libc, facts.cgroups, "runc", 1, 1024
        )
        return Expected(host.name, host.roles, host.address, declared)

    def inspect(self) -> Mapping[str, MachineState]:
        return self._states(host.name for host in self.spec.hosts)

    def _states(self, names: Iterable[str]) -> dict[str, MachineState]:
        return {name: self._state(name) for name in names}

    def _state(self, name: str) -> MachineState:
        machine = self.machines.read(name)
        condition = Condition.ABSENT if machine is None else Condition(machine.get("condition", "running"))
        return MachineState(name, condition, self.spec.host(name).address)

    def outdated(self, host: HostSpec) -> str:
        machine = self.machines.read(host.name)
        was = (machine or {}).get("cpus", host.cpus)
        return "" if was == host.cpus else f"cpus from {was} to {host.cpus}"

    def create(self, orders: Sequence[Order], note: Note = silent) -> Results:
        for host in (order.host for order in orders):
            if self.machines.read(host.name) is not None:
                if self.outdated(host):
                    self.machines.write(host.name, cpus=host.cpus)
                continue
            self.machines.write(host.name, condition="running", cpus=host.cpus, generation=0, packages=[], manifest="")
        return self._states(order.host.name for order in orders)

    def introduce(self, spec: ClusterSpec) -> Results:
        return {}

    def start(self, names: Collection[str], note: Note = silent) -> Results:
        for name in names:
            self.machines.write(name, condition="running")
        return self._states(names)

    def power_off(self, names: Collection[str], note: Note = silent) -> Results:
        for name in names:
            self.machines.write(name, condition="off")
        return self._states(names)

    def reboot(self, names: Collection[str], note: Note = silent) -> Results:
        return self.start(names)

    def destroy(self, names: Collection[str] | None = None, note: Note = silent) -> Results:
        hosts = [host.name for host in self.spec.hosts]
        for name in hosts:
            self.machines.remove(name)
        return self._states(hosts)

    def ssh(self, host: HostSpec) -> SshTarget:
        return SshTarget(host.address, 22, "root", None, None)


class PretendedEngine:
    """Plans and converges by the machines' files. ``failing`` maps a host to the reason of its failure."""

    def __init__(self, machines: Machines, failing: Mapping[str, str] | None = None) -> None:
        self.machines = machines
        self.failing = dict(failing or {})
        self.patience = 1.0
        self.asked: list[str] = []
        self.together: list[list[str]] = []
        self.facts: dict[str, dict[str, Any]] = {}

    def gather(self, spec: ClusterSpec, hosts: Sequence[HostSpec]) -> Mapping[str, Facts | BaseException]:
        self.asked += [host.name for host in hosts]
        return {host.name: self._facts(host) for host in hosts}

    def _facts(self, host: HostSpec) -> Facts:
        machine = self.machines.read(host.name) or {}
        cpus = machine.get("cpus", host.cpus)
        return facts_of(host, cpus=cpus, generation=machine.get("generation", 0), **self.facts.get(host.name, {}))

    def bundle(self, spec: ClusterSpec, targets: Collection[Target], note: Callable[[str], None]) -> Bundle:
        return {}

    def plan(
        self, spec: ClusterSpec, facts: Mapping[str, Facts], bundle: Bundle, absent: Mapping[str, Carried]
    ) -> tuple[Planned, Mapping[str, BaseException]]:
        hosts = {}
        for host in spec.hosts:
            machine = self.machines.read(host.name) if host.name not in absent else None
            current = (machine or {}).get("manifest", "")
            hosts[host.name] = HostChanges(
                host.name,
                changes=()
                if current == WANTED
                else ("files: 3 new", f"start dcos-{'master' if host.is_master else 'agent'}.service"),
                seen=current,
                facts="" if host.name in absent else self._facts(host).digest,
                generation=(machine or {}).get("generation", 0),
                manifest=WANTED,
                units=("dcos-agent.service",),
            )
        return Planned(hosts), {}

    def upload(
        self, spec: ClusterSpec, plan: Planned, bundle: Bundle, hosts: Sequence[HostSpec], on_host: OnHost
    ) -> None:
        for host in hosts:
            if host.name in self.failing and "upload" in self.failing[host.name]:
                on_host(host.name, InstallerError(f"{host.name}: {self.failing[host.name]}"))
                continue
            self.machines.write(host.name, packages=["runtime"])
            on_host(host.name, Applied(True, "packages"))

    def missing_packages(self, plan: Planned, host: str) -> Sequence[str]:
        machine = self.machines.read(host) or {}
        return [] if "runtime" in machine.get("packages", []) else ["runtime"]

    def converge(self, spec: ClusterSpec, plan: Planned, hosts: Sequence[HostSpec], on_host: OnHost) -> None:
        self.together.append([host.name for host in hosts])
        for host in hosts:
            if host.name in self.failing:
                on_host(host.name, InstallerError(self.failing[host.name], evidence="cp: No space left on device"))
                continue
            machine = self.machines.read(host.name)
            assert machine is not None and machine["condition"] == "running" and "runtime" in machine["packages"]
            assert machine["manifest"] == plan.hosts[host.name].seen
            generation = machine["generation"] + 1
            self.machines.write(host.name, manifest=WANTED, generation=generation)
            on_host(host.name, Applied(True, WANTED, generation))

    def remove(self, spec: ClusterSpec, hosts: Sequence[HostSpec], purge: bool, on_host: OnHost) -> None:
        for host in hosts:
            self.machines.write(host.name, manifest="", generation=0)
            on_host(host.name, Applied(True, ""))


class FolderRemote(Remote):
    """A machine whose commands run here, with paths below a folder. ``reachable`` may be switched off."""

    def __init__(self, host: HostSpec, folder: Path) -> None:
        super().__init__(host, SshTarget(host.address, 22, "root", None, None))
        self.folder = folder
        self.reachable = True
        self.commands: list[list[str]] = []

    def run(
        self, command: Sequence[str], *, what: str, deadline: float = 60, stdin: str | bytes = b"", check: bool = True
    ) -> CommandResult:
        if not self.reachable:
            raise SshFailed(self.host.name, f"{self.host.name} cannot be reached", hint="switch it on")
        self.commands.append(list(command))
        mapped = [str(self.folder / part[1:]) if part.startswith(RECORD_PATH) else part for part in command]
        return run(mapped, deadline=deadline, what=what, stdin=stdin, check=check)


class PretendedContext(Context):
    """A context whose machines are folders; the daemons answer by the machines' files."""

    machines_disk: Machines
    said: list[Event]

    def remote(self, host: HostSpec) -> Remote:
        return self._folder_remote(host)

    def commands(self, name: str) -> list[list[str]]:
        """The commands that were run on a host."""
        return self._folder_remote(self.spec.host(name)).commands

    def _folder_remote(self, host: HostSpec) -> FolderRemote:
        known = self._remotes.setdefault(host.name, FolderRemote(host, self.state.root.parent / "remote" / host.name))
        assert isinstance(known, FolderRemote)
        return known


def pretend(
    folder: Path, spec: ClusterSpec, *, kill_at: int = 0, dry_run: bool = False, **changes: Any
) -> PretendedContext:
    """A context for one run on the pretended cluster in ``folder``."""
    machines = Machines(folder / "machines", kill_at)
    said: list[Event] = []
    clock = Clock()
    values: dict[str, Any] = {
        "spec": spec,
        "state": ClusterState(open_state(spec.inventory_path, folder / "home").root),
        "provider": PretendedProvider(spec, machines),
        "engine": PretendedEngine(machines),
        "sink": said.append,
        "run_id": "run",
        "dry_run": dry_run,
        "client_dir": folder / "dcos",
        "monotonic": clock.monotonic,
        "sleep": clock.sleep,
        "ask": Daemons(spec, machines),
    }
    ctx = PretendedContext(**(values | changes))
    ctx.machines_disk, ctx.said = machines, said
    return ctx


class Clock:
    """Time that passes only during a sleep: deadlines come without waiting."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Daemons:
    """The HTTP responses of masters and init: well as long as their machines have the manifest and run."""

    def __init__(self, spec: ClusterSpec, machines: Machines) -> None:
        self.spec = spec
        self.machines = machines
        self.app: dict[str, Any] | None = None
        self.token = "a-token"
        """The only token that the gateway accepts."""
        self.password: str | None = None
        """The administrator's password; None: the one that was made."""
        self.logins: list[str] = []
        self.leading_init = ""
        """The address of the leading init; empty: the first master's."""
        self.joining: set[str] = set()
        """Masters whose ZooKeeper is not in the quorum."""
        self.silent: set[str] = set()
        """Masters whose ZooKeeper does not run."""
        self.robbed: dict[str, str] = {}
        """Agents that have not all of their ports, and what they say of it."""
        self.tasks: dict[str, list[str]] = {}
        """The names of what runs, by agent."""

    def well(self, host: HostSpec) -> bool:
        machine = self.machines.read(host.name) or {}
        return bool(machine.get("condition") == "running" and machine.get("manifest") == WANTED)

    def __call__(
        self,
        url: str,
        *,
        method: str = "GET",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        seconds: float = 1,
    ) -> Any:
        scheme, _, rest = url.partition("://")
        place, _, path = rest.partition("/")
        address, _, port = place.partition(":")
        host = next(host for host in self.spec.hosts if host.address == address)
        if not self.well(host):
            raise NotWell(f"{method} {url} was not answered", why="connection refused")
        if scheme == "zookeeper":
            assert (port, path) == ("2181", "srvr")
            if host.name in self.silent:
                raise NotWell(f"{url} was not answered", why="connection refused")
            if host.name in self.joining:
                return "This ZooKeeper instance is not currently serving requests\n"
            return "Zookeeper version: 3.8\nMode: follower\n"
        if port == "5052":
            assert scheme == "https" and path in ("health", "metrics/snapshot", "state") and host.is_agent, url
            if path == "state":
                tasks = [{"id": f"{name}.1", "name": name} for name in self.tasks.get(host.name, [])]
                return {"frameworks": [{"executors": [{"tasks": [task], "queued_tasks": []} for task in tasks]}]}
            if host.name in self.robbed:
                raise NotWell(f"{method} {url} was answered with 503", status=503, evidence=self.robbed[host.name])
            return {} if path == "metrics/snapshot" else None
        assert (scheme, port) in {("http", ""), *(("https", one) for one in ("", "5049", "7071", "7076", "8443"))}, url
        if port in ("", "80"):
            return self._gateway(scheme, f"{method} /{path}", body, dict(headers or {}))
        match method, path.partition("?")[0]:
            case "GET", "metrics/snapshot":
                return {"master/elected": 1.0 if host is self.spec.masters[0] else 0.0}
            case "GET", "slaves":
                agents = [{"hostname": agent.address, "active": True} for agent in self.spec.agents if self.well(agent)]
                return {"slaves": agents}
            case "GET", "state-summary":
                return {"frameworks": [{"TASK_RUNNING": sum(len(names) for names in self.tasks.values())}]}
            case "GET", "health" | "ping":
                return None
            case "GET", "v2/leader":
                return {"leader": f"{self.leading_init or self.spec.masters[0].address}:8080"}
            case "POST", "v2/apps":
                self.app = dict(body)
                return body
            case "GET", "v2/apps/dcos-postflight" if self.app:
                return {"app": {"tasks": [{"state": "TASK_RUNNING", "host": self.spec.agents[0].address}]}}
            case "DELETE", "v2/apps/dcos-postflight" if self.app:
                self.app = None
                return {}
        raise NotWell(f"{method} {url} was answered with 404", status=404)

    def _gateway(self, scheme: str, asked: str, body: Any, headers: dict[str, str]) -> Any:
        def answer(status: int) -> None:
            raise NotWell(f"{asked} was answered with {status}", status=status)

        if scheme == "http":
            return answer(308)
        if asked == "GET /health":
            return {"healthy": True}
        if asked == "POST /acs/api/v1/auth/login":
            self.logins.append(body["uid"])
            if self.password is not None and body["password"] != self.password:
                return answer(401)
            return {"token": self.token}
        return {} if headers.get("Authorization") == f"token={self.token}" else answer(401)


def phases_of(made: list[Phase]) -> list[Phase]:
    """The command's phases, without asking hosts that are only files for their units."""
    return [VerifyCluster(lambda *_: None) if isinstance(phase, VerifyCluster) else phase for phase in made]


def deployed(ctx: PretendedContext) -> PretendedContext:
    """The context after a whole deploy."""
    with Journal(ctx.state.journal, ctx.run_id, ctx.wall) as ctx.journal:
        run_phases(ctx, phases_of(deploy_phases()))
        ctx.journal.end("done")
    mark_shown(ctx.state)  # as the command line does at the end
    return ctx


def texts(ctx: PretendedContext, kind: str) -> list[str]:
    """The texts of the events of this kind."""
    return [f"{event.host}: {event.text}" for event in ctx.said if event.kind == kind]
