"""What each role of ``roles/`` adds to a host's manifest: one pure function a role, the texts from its templates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dcos_installer.plan.manifest import (
    ACTIVE,
    File,
    Firewall,
    Fragment,
    Link,
    Requirement,
    Sysctl,
    Unit,
    User,
    unit_file,
)

if TYPE_CHECKING:
    from dcos_installer.config.model import ClusterSpec, HostSpec
    from dcos_installer.plan.facts import Facts
    from dcos_installer.plan.materials import RoleMaterials

RUNTIME = "dcos-runtime"
"""The package that holds the daemons and the `dcos` command."""

_RUNTIME_READ = f"package:{RUNTIME}"


def common(spec: ClusterSpec, host: HostSpec, facts: Facts, role: RoleMaterials) -> Fragment:
    """What every machine has: the runtime, the `dcos` command, the doors, the ports that are kept for tasks."""
    ports = spec.settings.ports
    rules = role.render(
        "firewall.nft.j2",
        members=sorted({member.address for member in spec.hosts}, key=_numeric),
        operators=[str(network) for network in operators(spec)],
        open_to_operators=sorted(
            {ports.master, ports.master_agents, ports.agent, ports.marathon, ports.zookeeper},
        ),
        members_only=sorted({ports.zookeeper_peer, ports.zookeeper_election}),
    )
    unit = "dcos-firewall.service"
    return Fragment(
        role="common",
        packages=(role.package(facts.target, RUNTIME),),
        files=(
            File("etc/firewall.nft", rules),
            unit_file(unit, role.render("dcos-firewall.service.j2", active=ACTIVE)),
        ),
        units=(Unit(unit, reads=("etc/firewall.nft",), on_change="reload"),),
        links=(Link("/usr/local/bin/dcos", f"{ACTIVE}/bin/dcos"),),
        sysctls=(Sysctl("net.ipv4.ip_local_reserved_ports", role.options["task_ports"]),),
        requires=(
            Requirement("/usr/sbin/nft", "nftables"),
            Requirement(f"/usr/bin/python{_dotted(facts.python)}", f"python{_dotted(facts.python)}"),
        ),
        firewall=Firewall(table="dcos", rules="etc/firewall.nft", unit=unit),
    )


def zookeeper(spec: ClusterSpec, host: HostSpec, facts: Facts, role: RoleMaterials) -> Fragment:
    """A member of the cluster's ZooKeeper ensemble: one a master."""
    ports = spec.settings.ports
    members = {master.name: (number, master.address) for number, master in enumerate(spec.masters, start=1)}
    number, _ = members[host.name]
    unit = "dcos-zookeeper.service"
    files = [
        File(
            "etc/zookeeper/zoo.cfg",
            role.render("zoo.cfg.j2", address=host.address, ports=ports, members=sorted(members.values())),
        ),
        File("etc/zookeeper/myid", f"{number}\n"),
    ]
    reads = tuple(file.path for file in files)
    return Fragment(
        role="zookeeper",
        files=(*files, unit_file(unit, role.render("dcos-zookeeper.service.j2", active=ACTIVE))),
        units=(Unit(unit, reads=reads, probe=f"zookeeper://{host.address}:{ports.zookeeper}"),),
        users=(User("dcos-zookeeper", home="/var/lib/dcos/zookeeper", comment="DC/OS coordination"),),
        requires=(
            Requirement("/usr/bin/java", "openjdk-17-jre-headless"),
            Requirement("/usr/share/java/slf4j-simple.jar", "libslf4j-java"),
            Requirement("/usr/share/java/zookeeper.jar", "libzookeeper-java"),
        ),
    )


def master(spec: ClusterSpec, host: HostSpec, facts: Facts, role: RoleMaterials) -> Fragment:
    """The kernel's master."""
    return _daemon(
        spec,
        host,
        role,
        daemon="dcos-master",
        user=User("dcos-master", home="/var/lib/dcos/master", comment="DC/OS kernel master"),
        probe=f"http://{host.address}:{spec.settings.ports.master}/health",
    )


def marathon(spec: ClusterSpec, host: HostSpec, facts: Facts, role: RoleMaterials) -> Fragment:
    """The init."""
    return _daemon(
        spec,
        host,
        role,
        daemon="dcos-marathon",
        user=User("dcos-marathon", home="/var/lib/dcos/marathon", comment="DC/OS init"),
        probe=f"http://{host.address}:{spec.settings.ports.marathon}/ping",
    )


def agent(spec: ClusterSpec, host: HostSpec, facts: Facts, role: RoleMaterials) -> Fragment:
    """The kernel's agent, private or public."""
    # The facts have found a runtime where there is one, wherever it lies; where there is none, the host is told.
    runtime = () if facts.container_runtime else (Requirement("/usr/sbin/runc", "runc"),)
    return _daemon(
        spec,
        host,
        role,
        daemon="dcos-agent",
        user=None,
        probe=f"http://{host.address}:{spec.settings.ports.agent}/health",
        requires=(Requirement("/usr/bin/conmon", "conmon"), *runtime),
    )


FRAGMENTS: Mapping[str, Callable[[ClusterSpec, HostSpec, Facts, RoleMaterials], Fragment]] = {
    "common": common,
    "zookeeper": zookeeper,
    "master": master,
    "marathon": marathon,
    "agent": agent,
}


def operators(spec: ClusterSpec) -> tuple[str, ...]:
    """Where operators come from: the networks that the inventory names, and the host's end of a private bridge."""
    networks = {str(network) for network in spec.settings.operator_networks}
    if spec.provider == "nspawn":
        networks.add(str(spec.settings.network[1]))
    return tuple(sorted(networks))


def zk_url(spec: ClusterSpec, path: str) -> str:
    """``zk://a:2181,b:2181/path`` over all masters."""
    port = spec.settings.ports.zookeeper
    return f"zk://{','.join(f'{master.address}:{port}' for master in spec.masters)}/{path}"


def attributes(host: HostSpec) -> str:
    """The agent's attributes, as Mesos' ``--attributes``; a public agent says so as DC/OS' do."""
    known = dict(host.attributes)
    if "public_agent" in host.roles:
        known.setdefault("public_ip", "true")
    return ";".join(f"{name}:{value}" for name, value in sorted(known.items()))


def _daemon(
    spec: ClusterSpec,
    host: HostSpec,
    role: RoleMaterials,
    *,
    daemon: str,
    user: User | None,
    probe: str,
    requires: tuple[Requirement, ...] = (),
) -> Fragment:
    settings = spec.settings
    env = File(
        f"etc/{daemon}.env",
        role.render(
            f"{daemon}.env.j2",
            spec=spec,
            host=host,
            settings=settings,
            ports=settings.ports,
            attributes=attributes(host),
            mesos=zk_url(spec, "mesos"),
            zk=lambda path: zk_url(spec, path),
        ),
    )
    unit = f"{daemon}.service"
    return Fragment(
        role=role.name,
        files=(env, unit_file(unit, role.render(f"{unit}.j2", active=ACTIVE))),
        units=(Unit(unit, reads=(env.path, _RUNTIME_READ), probe=probe),),
        users=(user,) if user else (),
        requires=requires,
    )


def _dotted(tag: str) -> str:
    """``cp311`` → ``3.11``."""
    return f"{tag[2:3]}.{tag[3:]}" if tag else "3"


def _numeric(address: str) -> tuple[int, ...]:
    return tuple(int(part) for part in address.split("."))
