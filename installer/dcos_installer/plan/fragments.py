"""What each role of ``roles/`` adds to a host's manifest: one pure function a role, the texts from its templates."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from dcos_installer.plan.manifest import (
    ACTIVE,
    File,
    Firewall,
    Fragment,
    Link,
    Requirement,
    Secret,
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

SECRETS = "/etc/dcos-secrets"
"""Where secrets lie on a machine."""

AUTH_SOCKET = "/run/dcos-auth/auth.sock"
"""Where dcos-auth listens; daemons that ask it are in its group."""

_GATEWAY_RUN = "/run/dcos-gateway"

CA = "etc/tls/ca.crt"
TOKEN_KEY = "etc/auth/token.pub"
"""Files of every generation: whom the machine trusts."""

_RUNTIME_READ = f"package:{RUNTIME}"


def common(spec: ClusterSpec, host: HostSpec, facts: Facts, role: RoleMaterials) -> Fragment:
    """What every machine has: the runtime, the `dcos` command, the doors, the ports that are kept for tasks."""
    ports = spec.settings.ports
    rules = role.render(
        "firewall.nft.j2",
        masters=sorted({master.address for master in spec.masters}, key=_numeric),
        members=sorted({member.address for member in spec.hosts}, key=_numeric),
        operators=[str(network) for network in operators(spec)],
        open_to_members=sorted(
            {
                ports.master,
                ports.master_agents,
                ports.agent,
                ports.agent_tls,
                ports.marathon,
                ports.marathon_tls,
                ports.zookeeper,
            },
        ),
        open_to_masters=sorted({ports.zookeeper_peer, ports.zookeeper_election}),
    )
    unit = "dcos-firewall.service"
    return Fragment(
        role="common",
        packages=(role.package(facts.target, RUNTIME),),
        files=(
            File("etc/firewall.nft", rules),
            File(CA, role.trust.ca),
            File(TOKEN_KEY, role.trust.token_key),
            unit_file(unit, role.render("dcos-firewall.service.j2", active=ACTIVE)),
        ),
        units=(Unit(unit, reads=("etc/firewall.nft",), on_change="reload"),),
        links=(Link("/usr/local/bin/dcos", f"{ACTIVE}/bin/dcos"),),
        # The kernel hands none of them out by itself: neither the ports that are offered to tasks, nor, wherever the
        # machine's own range may begin, those that tasks are kept from.
        sysctls=(Sysctl("net.ipv4.ip_local_reserved_ports", port_list(role.options["task_ports"], ports.all)),),
        requires=(
            Requirement("/usr/sbin/nft", "nftables"),
            Requirement(f"/usr/bin/python{_dotted(facts.python)}", f"python{_dotted(facts.python)}"),
        ),
        firewall=Firewall(table="dcos", rules="etc/firewall.nft", unit=unit),
    )


def zookeeper(spec: ClusterSpec, host: HostSpec, facts: Facts, role: RoleMaterials) -> Fragment:
    """A member of the cluster's ZooKeeper ensemble: one a master."""
    ports = spec.settings.ports
    numbers = {master.name: number for number, master in enumerate(spec.masters, start=1)}
    unit = "dcos-zookeeper.service"
    user = User("dcos-zookeeper", home="/var/lib/dcos/zookeeper", comment="DC/OS coordination")
    read = (
        File("etc/zookeeper/zoo.cfg", role.render("zoo.cfg.j2")),
        File("etc/zookeeper/self", role.render("self.j2", number=numbers[host.name], address=host.address)),
        File("etc/zookeeper/prepare.py", role.file("prepare.py")),
    )
    # Only a member that has no configuration of its own yet looks into this one: another master restarts nobody.
    seed = File(
        "etc/zookeeper/members",
        role.render(
            "members.j2", members=[(numbers[master.name], master.address) for master in spec.masters], ports=ports
        ),
    )
    secret = _secret("zookeeper-super", user)
    return Fragment(
        role="zookeeper",
        files=(*read, seed, unit_file(unit, role.render("dcos-zookeeper.service.j2", active=ACTIVE))),
        units=(
            Unit(
                unit,
                reads=(*(file.path for file in read), f"secret:{secret.name}"),
                probe=f"zookeeper://{host.address}:{ports.zookeeper}",
            ),
        ),
        users=(user,),
        secrets=(secret,),
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
        probe=f"https://master@{host.address}:{spec.settings.ports.master_agents}/health",
        secrets=("tls-master.pem", "zk-master", "credentials-master.json"),
    )


def marathon(spec: ClusterSpec, host: HostSpec, facts: Facts, role: RoleMaterials) -> Fragment:
    """The init."""
    return _daemon(
        spec,
        host,
        role,
        daemon="dcos-marathon",
        user=User("dcos-marathon", home="/var/lib/dcos/marathon", comment="DC/OS init"),
        probe=f"https://marathon@{host.address}:{spec.settings.ports.marathon_tls}/ping",
        secrets=("tls-marathon.pem", "zk-marathon", "credentials-marathon.json"),
    )


def auth(spec: ClusterSpec, host: HostSpec, facts: Facts, role: RoleMaterials) -> Fragment:
    """Users and tokens: dcos-auth, which the gateway and the daemons of its machine ask."""
    ports = spec.settings.ports
    user = User("dcos-auth", home="/var/lib/dcos/auth", comment="DC/OS users and tokens")
    env = File(
        "etc/dcos-auth.env",
        role.render(
            "dcos-auth.env.j2",
            active=ACTIVE,
            zk=f"file://{SECRETS}/zk-auth",
            socket=AUTH_SOCKET,
            address=host.address,
            masters=[master.address for master in spec.masters],
            cluster=spec.name,
            cluster_id=spec.cluster_id,
            token_private_key=f"{SECRETS}/token-key.pem",
            administrator=f"{SECRETS}/administrator.json",
            reserved_users=spec.settings.principals,
            ca=f"{ACTIVE}/{CA}",
            identity=f"{SECRETS}/tls-auth.pem",
            master_port=ports.master_agents,
            init_port=ports.marathon_tls,
            agent_port=ports.agent_tls,
            gateway_port=ports.gateway_https,
            # Without ZooKeeper a machine cannot hear of a token that another has revoked. One alone hears of all.
            trusted=max(10.0, spec.settings.zk_session_timeout) if len(spec.masters) == 1 else 10.0,
        ),
    )
    unit = "dcos-auth.service"
    secrets = tuple(_secret(name, user) for name in ("tls-auth.pem", "zk-auth", "token-key.pem", "administrator.json"))
    return Fragment(
        role="auth",
        files=(env, unit_file(unit, role.render("dcos-auth.service.j2", active=ACTIVE))),
        units=(
            Unit(
                unit,
                reads=(env.path, _RUNTIME_READ, CA, *(f"secret:{secret.name}" for secret in secrets)),
                probe=f"unix://{AUTH_SOCKET}",
            ),
        ),
        users=(user,),
        secrets=secrets,
    )


def gateway(spec: ClusterSpec, host: HostSpec, facts: Facts, role: RoleMaterials) -> Fragment:
    """The cluster's one door for users: nginx, with a certificate of the cluster's CA."""
    ports = spec.settings.ports
    user = User("dcos-gateway", home="/var/lib/dcos/gateway", comment="DC/OS gateway")
    secret = _secret("tls-gateway.pem", user)
    configuration = File(
        "etc/gateway/nginx.conf",
        role.render(
            "nginx.conf.j2",
            run=_GATEWAY_RUN,
            address=host.address,
            masters=[master.address for master in spec.masters],
            listen="*",
            http_port=ports.gateway_http,
            https_port=ports.gateway_https,
            master_port=ports.master_agents,
            init_port=ports.marathon_tls,
            socket=AUTH_SOCKET,
            identity=f"{SECRETS}/{secret.name}",
            ca=f"{ACTIVE}/{CA}",
        ),
    )
    limits = File(
        "etc/gateway/limits.nft",
        role.render("limits.nft.j2", http_port=ports.gateway_http, https_port=ports.gateway_https),
    )
    unit = "dcos-gateway.service"
    return Fragment(
        role="gateway",
        files=(configuration, limits, unit_file(unit, role.render(f"{unit}.j2", active=ACTIVE, run=_GATEWAY_RUN))),
        units=(
            Unit(
                unit,
                reads=(configuration.path, limits.path, CA, f"secret:{secret.name}"),
                probe=f"https://gateway@{host.address}:{ports.gateway_https}",
            ),
        ),
        users=(user,),
        secrets=(secret,),
        requires=(Requirement("/usr/sbin/nft", "nftables"), Requirement("/usr/sbin/nginx", "nginx-light")),
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
        probe=f"https://agent@{host.address}:{spec.settings.ports.agent_tls}/health",
        secrets=("tls-agent.pem", "credentials-agent.json"),
        requires=(Requirement("/usr/bin/conmon", "conmon"), Requirement("/usr/bin/tini-static", "tini"), *runtime),
    )


FRAGMENTS: Mapping[str, Callable[[ClusterSpec, HostSpec, Facts, RoleMaterials], Fragment]] = {
    "common": common,
    "zookeeper": zookeeper,
    "master": master,
    "marathon": marathon,
    "auth": auth,
    "gateway": gateway,
    "agent": agent,
}


def operators(spec: ClusterSpec) -> tuple[str, ...]:
    """Where operators come from: the networks that the inventory names, and the host's end of a private bridge."""
    networks = {str(network) for network in spec.settings.operator_networks}
    if spec.provider == "nspawn":
        networks.add(str(spec.settings.network[1]))
    return tuple(sorted(networks))


def zk_url(spec: ClusterSpec, path: str, credentials: str = "") -> str:
    """``zk://a:2181,b:2181/path`` over all masters; with ``credentials`` (``user:password``) before them."""
    port = spec.settings.ports.zookeeper
    before = f"{credentials}@" if credentials else ""
    return f"zk://{before}{','.join(f'{master.address}:{port}' for master in spec.masters)}/{path}"


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
    secrets: tuple[str, ...],
    requires: tuple[Requirement, ...] = (),
) -> Fragment:
    """A daemon of ours: flags in an environment file, secrets in files that the flags name."""
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
            masters=",".join(master.address for master in spec.masters),
            daemon_ports=port_list("", settings.ports.all),
            ca=f"{ACTIVE}/{CA}",
            token_key=f"{ACTIVE}/{TOKEN_KEY}",
            secrets=SECRETS,
            auth_socket=AUTH_SOCKET,
        ),
    )
    unit = f"{daemon}.service"
    reads = (env.path, _RUNTIME_READ, CA, TOKEN_KEY, *(f"secret:{name}" for name in secrets))
    return Fragment(
        role=role.name,
        files=(env, unit_file(unit, role.render(f"{unit}.j2", active=ACTIVE))),
        units=(Unit(unit, reads=reads, probe=probe),),
        users=(user,) if user else (),
        secrets=tuple(_secret(name, user) for name in secrets),
        requires=requires,
    )


def _secret(name: str, user: User | None) -> Secret:
    """A secret that ``user``'s daemon alone may read; root's when None."""
    owner = user.name if user else "root"
    return Secret(name, owner=owner, group=owner, mode=0o400)


def port_list(text: str, more: Iterable[int] = ()) -> str:
    """The ports in ``text`` (``31000-32000,40000``) and ``more`` as the kernel writes them: sorted and merged."""
    parts = [tuple(int(number) for number in part.split("-")) for part in text.split(",") if part.strip()]
    merged: list[list[int]] = []
    for low, high in sorted([*((part[0], part[-1]) for part in parts), *((port, port) for port in more)]):
        if merged and low <= merged[-1][1] + 1:
            merged[-1][1] = max(high, merged[-1][1])
        else:
            merged.append([low, high])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in merged)


def _dotted(tag: str) -> str:
    """``cp311`` → ``3.11``."""
    return f"{tag[2:3]}.{tag[3:]}" if tag else "3"


def _numeric(address: str) -> tuple[int, ...]:
    return tuple(int(part) for part in address.split("."))
