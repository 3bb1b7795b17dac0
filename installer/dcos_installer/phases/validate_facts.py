"""Preflight: whether the machines can run the cluster. Reports every problem of every host, before anything changes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dcos_installer.errors import InstallerError
from dcos_installer.phases.gather_facts import is_there
from dcos_installer.phases.kit.base import Context

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec
    from dcos_installer.plan.facts import Facts
    from dcos_installer.services import Catalog

ARCHITECTURES = ("x86_64", "aarch64")
LEAST_DISK_MB = 300
"""Free space on the file system of /opt/dcos: two generations and the packages they need."""

_MEMORY_SLACK = 0.9
"""A machine shows a little less memory than it was sold with: firmware and kernel use some."""


class PreflightFailed(InstallerError):
    """Some machines cannot run the cluster. ``problems`` holds (host, what, remedy)."""

    evidence_title = "problems:"

    def __init__(self, problems: list[tuple[str, str, str]]) -> None:
        self.problems = tuple(problems)
        hosts = len({host for host, _, _ in problems})
        super().__init__(
            f"{hosts} machine{'s' * (hosts > 1)} cannot run the cluster as {'they are' if hosts > 1 else 'it is'}",
            hint="correct what is listed, then run again; nothing was changed on the machines",
            evidence="\n".join(f"{host}: {what} ({remedy})" for host, what, remedy in problems),
        )


class ValidateFacts:
    """The phase that checks machines before anything is changed."""

    title = "Check machines"

    def run(self, ctx: Context) -> None:
        problems = [
            (host.name, what, remedy)
            for host in ctx.spec.hosts
            for what, remedy in (
                *host_problems(host, ctx.facts[host.name], real=_is_real(ctx, host)),
                *taken_ports(host, ctx.facts[host.name], ctx.services),
            )
        ]
        problems += list(cluster_problems(ctx.spec, ctx.facts))
        if problems:
            raise PreflightFailed(problems)


def _is_real(ctx: Context, host: HostSpec) -> bool:
    return is_there(ctx, host) and not (ctx.dry_run and host.name in ctx.reshaped)


def host_problems(host: HostSpec, facts: Facts, *, real: bool = True) -> Iterator[tuple[str, str]]:
    """The problems of one machine, each with its remedy. ``real`` is False if it does not exist yet. Pure."""
    if not facts.python:
        found = f"; it has {', '.join(facts.pythons)}" if facts.pythons else ""
        yield f"there is no Python 3.11 or newer in /usr/bin{found}", "install python3 3.11 or newer"
    if facts.arch not in ARCHITECTURES:
        yield f"its processor is {facts.arch}", f"use a machine with {' or '.join(ARCHITECTURES)}"
    if not facts.libc.startswith("glibc"):
        yield f"its C library is {facts.libc}", "use an operating system with glibc, such as Debian 12"
    if facts.init != "systemd":
        yield f"its process 1 is {facts.init}", "use an operating system that systemd starts"
    if host.is_agent and not facts.container_runtime:
        yield (
            f"no container runtime works there (cgroups {facts.cgroups})",
            "install runc, or crun with unified cgroups",
        )
    if not real:
        return
    if facts.generation == 0 and facts.disk_free_mb < LEAST_DISK_MB:
        yield f"{facts.disk_free_mb} MiB are free for /opt/dcos", f"make room: at least {LEAST_DISK_MB} MiB"
    if facts.addresses and host.address not in facts.addresses:
        yield (
            f"it does not have the address {host.address} (it has {', '.join(facts.addresses)})",
            "correct ansible_host or dcos_address in the inventory",
        )
    if host.cpus is not None and facts.cpus < host.cpus - 0.01:
        yield f"it has {facts.cpus:g} processors, the inventory says {host.cpus:g}", "correct dcos_cpus"
    if host.mem_mb is not None and facts.mem_mb < host.mem_mb * _MEMORY_SLACK:
        yield f"it has {facts.mem_mb} MiB of memory, the inventory says {host.mem_mb}", "correct dcos_mem"


def taken_ports(host: HostSpec, facts: Facts, services: Catalog) -> Iterator[tuple[str, str]]:
    """Ports of ours on which other processes listen, on a host where nothing of ours is deployed yet. Pure."""
    taken = {address: set[int]() for address in ("*", host.address)}
    somewhere: set[int] = set()
    for entry in facts.listening if facts.generation == 0 else ():
        address, _, listening = entry.rpartition(":")
        somewhere.add(int(listening))
        taken.setdefault(address, set()).add(int(listening))
    wanted = {port.number: (service, port) for service in services.on(host) for port in service.ports.values()}
    for number, (service, port) in sorted(wanted.items()):
        if number in (somewhere if port.every_address else taken["*"] | taken[host.address]):
            hint = f" ({port.usual_holder})" if port.usual_holder else ""
            yield (
                f"port {number} is taken by something else, and the {service.noun} of the cluster needs it",
                f"find it with: ss -ltnp 'sport = :{number}', and stop it{hint}",
            )


def cluster_problems(spec: ClusterSpec, facts: Mapping[str, Facts]) -> Iterator[tuple[str, str, str]]:
    """The problems that several machines have together. Pure."""
    by_id: dict[str, list[str]] = defaultdict(list)
    for host in spec.hosts:
        if machine_id := facts[host.name].machine_id:
            by_id[machine_id].append(host.name)
    for names in by_id.values():
        for name in names[1:]:
            yield (
                name,
                f"it has the machine id of {names[0]}: one is a copy of the other, or both are one machine",
                "remove /etc/machine-id there and run systemd-machine-id-setup, or correct the inventory",
            )
